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

// reports are where jobs are read: the data directory, or a bob serve.
type reports interface {
	List(ctx context.Context, limit int) ([]jobs.Report, error)
	Report(ctx context.Context, id jobs.JobID, whole bool) (*jobs.Report, error)
}

// looking runs fn on the server that is named, or else on the data directory.
func (p *process) looking(ctx context.Context, server string, fn func(s reports) error) error {
	if server == "" {
		return p.reading(ctx, func(s *storage.Store) error { return fn(s) })
	}
	c, err := p.client(server)
	if err != nil {
		return err
	}
	return fn(c)
}

func (p *process) jobsCommand() *cobra.Command {
	var (
		asJSON bool
		server string
	)
	cmd := &cobra.Command{
		Use: "jobs", Short: "List the jobs, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.looking(cmd.Context(), server, func(s reports) error {
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
	cmd.Flags().StringVar(&server, "server", "", "URL of a bob serve to ask instead of reading the data directory")
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
	var (
		asJSON bool
		server string
	)
	cmd := &cobra.Command{
		Use: name + " ID", Short: short,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%s takes one job ID: bob jobs lists them", name)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.looking(cmd.Context(), server, func(s reports) error {
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
	cmd.Flags().StringVar(&server, "server", "", "URL of a bob serve to ask instead of reading the data directory")
	return cmd
}
