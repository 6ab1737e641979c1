package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

func (p *process) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Check configuration, database, models, Slack and Discord", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.doctor(cmd.Context()) },
	}
}

// doctor prints a line for everything that Bob needs, and exits with 1 if something
// is not well.
func (p *process) doctor(ctx context.Context) error {
	found, err := p.examine(ctx)
	if err != nil {
		return err
	}
	for _, f := range found {
		mark := "✓"
		if !f.OK {
			mark = "✗"
			p.code = exitBroken
		}
		if _, err := fmt.Fprintf(p.stdout, "%s %s: %s\n", mark, f.Name, f.Text); err != nil {
			return err
		}
	}
	return nil
}

// examine finds out how Bob is. What it cannot go on without is an error.
func (p *process) examine(ctx context.Context) ([]bot.Finding, error) {
	cfg, err := loadConfig(p.config, p.env, p.environ)
	if err != nil {
		return nil, err
	}
	found := []bot.Finding{{Name: "configuration", OK: true, Text: "it can be read"}}
	h, err := p.open(ctx)
	if errors.Is(err, storage.ErrInUse) {
		found = append(found, bot.Finding{Name: "database", OK: true, Text: "in use by a running Bob: stop it to have the rest checked"})
		return found, nil
	}
	if fault, ok := errors.AsType[*jobs.UserError](err); ok {
		return append(found, bot.Finding{Name: "database", Text: fault.Message}), nil
	}
	if err != nil {
		return nil, err
	}
	found = append(found, bot.Finding{Name: "database", OK: true, Text: cfg.Database.File(p.data)}, h.modelsFound())
	found = append(found, h.surfacesFound(ctx)...)
	return found, h.close()
}

func (h *house) modelsFound() bot.Finding {
	f := bot.Finding{Name: "models", OK: true}
	if h.models.onlyDemo() {
		f.Text = "only the built-in demo model, which works by rules: set OPENAI_API_KEY or another key for a real one"
		return f
	}
	names := make([]string, 0, len(h.cfg.LLM.Models))
	for _, m := range h.cfg.LLM.Models {
		names = append(names, m.Provider+"/"+m.Model)
	}
	f.Text = strings.Join(names, ", ")
	return f
}

// surfacesFound asks the front ends that are turned on.
func (h *house) surfacesFound(ctx context.Context) []bot.Finding {
	var found []bot.Finding
	off := func(name string) {
		found = append(found, bot.Finding{Name: name, OK: true, Text: "off: there is no token (bob manifest " + name + " says how to begin)"})
	}
	if !h.cfg.Slack.on() {
		off("slack")
	}
	if !h.cfg.Discord.on() {
		off("discord")
	}
	list, _, err := h.surfaces()
	if err != nil {
		return append(found, bot.Finding{Name: "front ends", Text: jobs.UserMessage(err)})
	}
	for _, f := range list {
		found = append(found, f.Check(ctx)...)
	}
	return found
}
