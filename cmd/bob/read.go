package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/result"
	"github.com/askbob/bob/storage"
)

// listed is how many jobs `bob jobs` shows at most.
const listed = 100

// reading runs fn on the data directory, beside a process that may work with it.
func (p *process) reading(ctx context.Context, fn func(s *storage.Store) error) (err error) {
	cfg, err := loadConfig(p.config, p.env, p.environ)
	if err != nil {
		return err
	}
	s, err := storage.OpenReader(ctx, storage.Config{Path: cfg.Database.File(p.data), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return fn(s)
}

func (p *process) jobsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "jobs", Short: "List the jobs of the data directory, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.reading(cmd.Context(), func(s *storage.Store) error {
				list, err := s.List(cmd.Context(), listed)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(p.stdout, list)
				}
				_, err = fmt.Fprint(p.stdout, terminal.Table(list, time.Now()))
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (p *process) statusCommand() *cobra.Command {
	return p.jobCommand("status", "Say how far a job is", func(r *jobs.Report) string {
		return terminal.Detail(r, time.Now())
	})
}

func (p *process) resultsCommand() *cobra.Command {
	return p.jobCommand("results", "Show what a job and each of its steps came to", func(r *jobs.Report) string {
		text := result.Format(r)
		if r.Result != "" {
			text += "\n\n## Answer\n\n" + r.Result
		}
		return terminal.Clean(text) + "\n"
	})
}

// jobCommand is a command that shows one job.
func (p *process) jobCommand(name, short string, show func(*jobs.Report) string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: name + " ID", Short: short,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%s takes one job ID: bob jobs lists them", name)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.reading(cmd.Context(), func(s *storage.Store) error {
				r, err := s.Report(cmd.Context(), jobs.JobID(args[0]), true)
				switch {
				case err != nil:
					return noSuchJob(jobs.JobID(args[0]), err)
				case asJSON:
					return printJSON(p.stdout, r)
				}
				_, err = fmt.Fprint(p.stdout, show(r))
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
