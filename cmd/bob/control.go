package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/askbob/bob/bot/web"
	"github.com/askbob/bob/jobs"
)

// controlOptions are the flags of the commands that act on a job.
type controlOptions struct {
	server   string
	json     bool
	prompt   string
	revision int

	drop, prompts, move, depends, add []string
}

// controlCommands act on a job of a running bob serve.
func (p *process) controlCommands() []*cobra.Command {
	return []*cobra.Command{
		p.placeCommand(jobs.VerbPause, "Start nothing more of a job, or of the part at PATH"),
		p.placeCommand(jobs.VerbResume, "Go on with what was paused"),
		p.placeCommand(jobs.VerbCancel, "End all that is open of a job, or of the part at PATH"),
		p.placeCommand(jobs.VerbSkip, "End the part at PATH without a result"),
		p.againCommand(jobs.VerbRetry, "Run again what did not succeed"),
		p.againCommand(jobs.VerbRerun, "Run all of it again, and what depends on it"),
		p.priorityCommand(), p.approveCommand(), p.editCommand(), p.replanCommand(), p.messageCommand(),
	}
}

// controlCommand is a command that sends body to the API's route of that name.
func (p *process) controlCommand(name, args, short string, from, to int, o *controlOptions, body func(c *client, cmd *cobra.Command, args []string) (any, error)) *cobra.Command {
	cmd := &cobra.Command{
		Use: name + " " + args, Short: short,
		Args: func(_ *cobra.Command, given []string) error {
			if len(given) < from || len(given) > to {
				return fmt.Errorf("usage: bob %s %s", name, args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := p.client(o.server)
			if err != nil {
				return err
			}
			b, err := body(c, cmd, given)
			if err != nil {
				return err
			}
			report, err := c.command(cmd.Context(), jobs.JobID(given[0]), name, b)
			if err != nil {
				return err
			}
			return p.tell(report, o.json)
		},
	}
	serverFlag(cmd, &o.server)
	cmd.Flags().BoolVar(&o.json, "json", false, "print the job's report as JSON")
	return cmd
}

func (p *process) messageCommand() *cobra.Command {
	o := &controlOptions{}
	path := ""
	cmd := p.controlCommand("message", "ID TEXT", "Answer what a job asks, or tell it what to take into account", 2, 2, o,
		func(_ *client, _ *cobra.Command, args []string) (any, error) {
			return web.Message{Path: path, Text: args[1]}, nil
		})
	cmd.Flags().StringVar(&path, "step", "", "the step that is spoken to, such as 1.2 (default the whole job)")
	return cmd
}

// tell says how a job is after a command.
func (p *process) tell(r *jobs.Report, asJSON bool) error {
	if asJSON {
		return printJSON(p.stdout, r)
	}
	text := fmt.Sprintf("Job %s is %s", r.ID, strings.ReplaceAll(string(r.Status), "_", " "))
	if r.Desired != jobs.DesiredRun && !r.Status.Final() && r.Status != jobs.StatusPaused {
		text += fmt.Sprintf(" (%s is on its way)", r.Desired)
	}
	_, err := fmt.Fprintf(p.stdout, "%s.\n", text)
	return err
}

// part is the optional second argument.
func part(args []string) string {
	if len(args) < 2 {
		return ""
	}
	return args[1]
}

func (p *process) placeCommand(verb jobs.Verb, short string) *cobra.Command {
	return p.controlCommand(string(verb), "ID [PATH]", short, 1, 2, &controlOptions{}, func(_ *client, _ *cobra.Command, args []string) (any, error) {
		return web.Place{Path: part(args)}, nil
	})
}

func (p *process) againCommand(verb jobs.Verb, short string) *cobra.Command {
	o := &controlOptions{}
	cmd := p.controlCommand(string(verb), "ID [PATH]", short, 1, 2, o, func(_ *client, _ *cobra.Command, args []string) (any, error) {
		return web.Again{Path: part(args), Prompt: o.prompt}, nil
	})
	cmd.Flags().StringVar(&o.prompt, "prompt", "", "what the step at PATH is to do instead")
	return cmd
}

func (p *process) priorityCommand() *cobra.Command {
	return p.controlCommand("priority", "ID low|medium|high|urgent", "Set a job's priority", 2, 2, &controlOptions{},
		func(_ *client, _ *cobra.Command, args []string) (any, error) {
			return web.Urgency{Priority: jobs.Priority(args[1])}, nil
		})
}

func (p *process) approveCommand() *cobra.Command {
	o := &controlOptions{}
	cmd := p.controlCommand("approve", "ID", "Let a job's plan run", 1, 1, o, func(c *client, cmd *cobra.Command, args []string) (any, error) {
		if o.revision != 0 {
			return web.Approval{Revision: o.revision}, nil
		}
		revision, err := c.revision(cmd, jobs.JobID(args[0]))
		return web.Approval{Revision: revision}, err
	})
	cmd.Flags().IntVar(&o.revision, "revision", 0, "of the plan that was read (default: the newest)")
	return cmd
}

// revision is that of the plan with which a job waits for approval.
func (c *client) revision(cmd *cobra.Command, id jobs.JobID) (int, error) {
	r, err := c.Report(cmd.Context(), id, false)
	switch {
	case err != nil:
		return 0, noSuchJob(id, err)
	case r.Rewrite != nil && r.Rewrite.State == jobs.RewriteOpen && !r.Status.Final():
		return 0, jobs.BeingChanged(id)
	case r.Status != jobs.StatusAwaitingApproval:
		return 0, &jobs.UserError{Message: fmt.Sprintf("Job %s does not wait for approval.", id)}
	}
	return r.PlanRevision, nil
}

func (p *process) replanCommand() *cobra.Command {
	o := &controlOptions{}
	cheaper := false
	cmd := p.controlCommand("replan", "ID [WISH]", "Have a plan that waits for approval made anew: --cheaper, or as WISH says", 1, 2, o,
		func(c *client, cmd *cobra.Command, args []string) (any, error) {
			wish := part(args)
			if cheaper == (strings.TrimSpace(wish) != "") {
				return nil, fmt.Errorf("give --cheaper, or say in words what is to be different: bob replan ID \"no slides, a report\"")
			}
			var err error
			if o.revision == 0 {
				o.revision, err = c.revision(cmd, jobs.JobID(args[0]))
			}
			return web.Replan{Revision: o.revision, Wish: wish, Cheaper: cheaper}, err
		})
	cmd.Flags().BoolVar(&cheaper, "cheaper", false, "at less cost: fewer steps, smaller models, nothing optional")
	cmd.Flags().IntVar(&o.revision, "revision", 0, "of the plan that was read (default: the newest)")
	return cmd
}

func (p *process) editCommand() *cobra.Command {
	o := &controlOptions{}
	cmd := p.controlCommand("edit", "ID --revision N [edits]", "Change a plan that waits for approval", 1, 1, o, func(*client, *cobra.Command, []string) (any, error) {
		if o.revision < 1 {
			return nil, fmt.Errorf("--revision is missing: bob status --json shows the plan_revision")
		}
		edits, err := o.edits()
		return web.Edits{Revision: o.revision, Edits: edits}, err
	})
	cmd.Example = `  bob edit job_7k3f9q2x --revision 1 --drop 2.1 --prompt "1.2=Compare regions only"`
	f := cmd.Flags()
	f.IntVar(&o.revision, "revision", 0, "of the plan that was read")
	f.StringArrayVar(&o.drop, "drop", nil, "PATH: leave the step out, and all below it")
	f.StringArrayVar(&o.prompts, "prompt", nil, "PATH=TEXT: what the step is to do")
	f.StringArrayVar(&o.move, "move", nil, "PATH=BEFORE: put the step before another of its branch; PATH= puts it last")
	f.StringArrayVar(&o.depends, "depends", nil, "PATH=PATH,PATH: what the step waits for; PATH= for nothing")
	f.StringArrayVar(&o.add, "add", nil, "BRANCH=TITLE: TEXT: a new task under a branch; =TITLE: TEXT at the top")
	return cmd
}

// edits turns the flags into edits, in the order of their kinds.
func (o *controlOptions) edits() ([]jobs.Edit, error) {
	var list []jobs.Edit
	for _, path := range o.drop {
		list = append(list, jobs.Edit{Op: jobs.EditDrop, Path: path})
	}
	for _, kind := range []struct {
		flag   string
		values []string
		edit   func(path, value string) (jobs.Edit, bool)
	}{
		{"prompt", o.prompts, func(path, text string) (jobs.Edit, bool) {
			return jobs.Edit{Op: jobs.EditPrompt, Path: path, Prompt: text}, path != "" && text != ""
		}},
		{"move", o.move, func(path, before string) (jobs.Edit, bool) {
			return jobs.Edit{Op: jobs.EditMove, Path: path, Before: before}, path != ""
		}},
		{"depends", o.depends, func(path, on string) (jobs.Edit, bool) {
			return jobs.Edit{Op: jobs.EditDepends, Path: path, DependsOn: fields(on)}, path != ""
		}},
		{"add", o.add, func(branch, text string) (jobs.Edit, bool) {
			title, prompt, ok := strings.Cut(text, ":")
			return jobs.Edit{Op: jobs.EditAdd, Path: branch, Title: strings.TrimSpace(title), Prompt: strings.TrimSpace(prompt)}, ok
		}},
	} {
		for _, value := range kind.values {
			path, rest, ok := strings.Cut(value, "=")
			edit, good := kind.edit(path, rest)
			if !ok || !good {
				return nil, fmt.Errorf("--%s %q is not understood: see bob edit --help", kind.flag, jobs.Shorten(value, 60))
			}
			list = append(list, edit)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("there is nothing to change: give --drop, --prompt, --move, --depends or --add")
	}
	return list, nil
}

func fields(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}
