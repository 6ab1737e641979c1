package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/bot/web"
	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/schedule"
	"github.com/askbob/bob/llm"
)

const (
	previewed = 5  // slots to come that are shown
	shownRuns = 10 // past slots that are shown
)

func (p *process) scheduleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "schedule", Short: "Keep jobs that run again and again, or once later",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(p.scheduleAddCommand(), p.scheduleListCommand(), p.scheduleShowCommand(),
		p.scheduleChangeCommand(verbPause, "Leave out a schedule's runs until it is resumed"),
		p.scheduleChangeCommand("resume", "Let a paused schedule go on"), p.scheduleRemoveCommand())
	return cmd
}

// scheduleOptions are the flags of `bob schedule add`.
type scheduleOptions struct {
	files       []string
	zone        string
	missed      string
	overlap     string
	budget      string
	monthBudget string
	priority    string
	model       string
	approve     string
	json        bool
	server      string
}

func (p *process) scheduleAddCommand() *cobra.Command {
	o := scheduleOptions{}
	cmd := &cobra.Command{
		Use:   `add [-f FILE]... "when" "request"`,
		Short: "Add a schedule; bob serve runs it",
		Example: `  bob schedule add "every Monday at 9" "Summarise last week's sales" -f sales.csv --tz Europe/Berlin
  bob schedule add "0 18 * * 1-5" "What happened today?" --budget 0.50 --budget-month 10
  bob schedule add "tomorrow at 10" "Remind me of the tax return"`,
		RunE: func(cmd *cobra.Command, args []string) error { return p.addSchedule(cmd.Context(), o, args) },
	}
	f := cmd.Flags()
	f.StringArrayVarP(&o.files, "file", "f", nil, "give this file to each run, as it is now; may be given several times")
	f.StringVar(&o.zone, "tz", "", "time zone, such as Europe/Berlin (default schedules.time_zone)")
	f.StringVar(&o.missed, "missed", "", "what becomes of runs at which Bob was not running: skip, or once (the last one runs late) (default skip; once for what comes but once)")
	f.StringVar(&o.overlap, "overlap", "", "what becomes of a run while the one before goes on: skip, or queue (it waits) (default skip)")
	f.StringVar(&o.budget, "budget", "", "US dollars that each run may cost (default jobs.budget)")
	f.StringVar(&o.monthBudget, "budget-month", "", "US dollars that all runs of a calendar month may cost (default no limit)")
	f.StringVar(&o.priority, "priority", "", "low, medium, high or urgent")
	f.StringVar(&o.model, "model", "", "use this model and no other")
	f.StringVar(&o.approve, "approve", "auto", "auto, or ask before each run's plan runs")
	f.BoolVar(&o.json, "json", false, "print JSON")
	scheduleServerFlag(cmd, &o.server)
	return cmd
}

func (p *process) addSchedule(ctx context.Context, o scheduleOptions, args []string) error {
	if o.approve != "auto" && o.approve != "ask" {
		return fmt.Errorf("--approve is auto or ask, not %q", o.approve)
	}
	files, err := readFiles(o.files)
	if err != nil {
		return err
	}
	d, err := o.draft(args)
	if err != nil {
		return err
	}
	for _, f := range files {
		d.Files = append(d.Files, web.File(f))
	}
	return p.changingSchedules(ctx, o.server, func(b scheduleBook) error {
		s, err := b.AddSchedule(ctx, d)
		if err != nil {
			return err
		}
		return p.showSchedule(s, o.json)
	})
}

// draft is the schedule that the command line asks for.
func (o scheduleOptions) draft(args []string) (web.ScheduleDraft, error) {
	d := web.ScheduleDraft{
		Request: strings.Join(args, " "), TimeZone: o.zone, Priority: o.priority, Model: o.model, Ask: o.approve == "ask",
		Missed: o.missed, Overlap: o.overlap,
	}
	if len(args) == 2 && strings.Contains(args[0], " ") {
		d.When, d.Request = args[0], args[1]
	}
	for _, amount := range []struct {
		flag, text string
		of         **web.Dollars
	}{{"--budget", o.budget, &d.Budget}, {"--budget-month", o.monthBudget, &d.MonthBudget}} {
		if amount.text == "" {
			continue
		}
		money, err := llm.ParseMoney(amount.text)
		if err != nil {
			return d, fmt.Errorf("%s: %w", amount.flag, err)
		}
		*amount.of = (*web.Dollars)(&money)
	}
	return d, nil
}

func (p *process) scheduleListCommand() *cobra.Command {
	var (
		asJSON bool
		server string
	)
	cmd := &cobra.Command{
		Use: "list", Short: "List the schedules, those due next first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := p.schedules(cmd.Context(), server)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(p.stdout, list)
			}
			_, err = fmt.Fprint(p.stdout, terminal.Schedules(list))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&server, "server", "", "URL of a bob serve to ask instead of reading the data directory")
	return cmd
}

func (p *process) scheduleShowCommand() *cobra.Command {
	var (
		asJSON bool
		server string
	)
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show a schedule, its next and its last runs", Args: oneSchedule,
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := p.schedule(cmd.Context(), server, jobs.ScheduleID(args[0]))
			if err != nil {
				return err
			}
			return p.showSchedule(found, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&server, "server", "", "URL of a bob serve to ask instead of reading the data directory")
	return cmd
}

func oneSchedule(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("schedule %s takes one schedule ID: bob schedule list names them", cmd.Name())
	}
	return nil
}

// showSchedule prints a schedule and, while it is active, when it is due.
func (p *process) showSchedule(s jobs.ScheduleReport, asJSON bool) error {
	if asJSON {
		return printJSON(p.stdout, s)
	}
	var next []time.Time
	if s.Status == jobs.ScheduleActive && s.Next != nil {
		times, err := schedule.Of(jobs.Schedule{ID: s.ID, Spec: s.Spec, Zone: s.TimeZone, Created: s.CreatedAt})
		if err != nil {
			return err
		}
		next = append([]time.Time{*s.Next}, times.Preview(*s.Next, previewed-1)...)
	}
	_, err := fmt.Fprint(p.stdout, terminal.Schedule(s, next))
	return err
}

// verbPause stops a schedule; the other verb lets it go on.
const verbPause = "pause"

// scheduleChangeCommand is a command that pauses or resumes a schedule and says how
// it is then.
func (p *process) scheduleChangeCommand(verb, short string) *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use: verb + " ID", Short: short, Args: oneSchedule,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.changingSchedules(cmd.Context(), server, func(b scheduleBook) error {
				s, err := b.ChangeSchedule(cmd.Context(), jobs.ScheduleID(args[0]), verb)
				if err != nil {
					return err
				}
				outcome := "is " + string(s.Status)
				if s.Status == jobs.ScheduleActive && s.Next != nil {
					outcome = "goes on " + s.Next.Format("Monday 2 January 2006 15:04 MST")
				}
				_, err = fmt.Fprintln(p.stdout, "Schedule", s.ID, terminal.Clean(outcome))
				return err
			})
		},
	}
	scheduleServerFlag(cmd, &server)
	return cmd
}

func (p *process) scheduleRemoveCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use: "remove ID", Short: "Forget a schedule; its jobs stay", Args: oneSchedule,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.changingSchedules(cmd.Context(), server, func(b scheduleBook) error {
				err := b.RemoveSchedule(cmd.Context(), jobs.ScheduleID(args[0]))
				if err == nil {
					_, err = fmt.Fprintln(p.stdout, "Schedule", args[0], "is removed")
				}
				return err
			})
		},
	}
	scheduleServerFlag(cmd, &server)
	return cmd
}

func scheduleServerFlag(cmd *cobra.Command, server *string) {
	cmd.Flags().StringVar(server, "server", "", "URL of the bob serve to ask (default: the data directory, or the one that works with it)")
}
