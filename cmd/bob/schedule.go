package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/schedule"
	"github.com/askbob/bob/jobs/tool"
	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/storage"
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
		p.scheduleChangeCommand("pause", "Leave out a schedule's runs until it is resumed", func(ctx context.Context, k *schedule.Keeper, id jobs.ScheduleID) (string, error) {
			return "is paused", k.Pause(ctx, id)
		}),
		p.scheduleChangeCommand("resume", "Let a paused schedule go on", func(ctx context.Context, k *schedule.Keeper, id jobs.ScheduleID) (string, error) {
			next, err := k.Resume(ctx, id)
			return "goes on " + next.Format("Monday 2 January 2006 15:04 MST"), err
		}),
		p.scheduleChangeCommand("remove", "Forget a schedule; its jobs stay", func(ctx context.Context, k *schedule.Keeper, id jobs.ScheduleID) (string, error) {
			return "is removed", k.Remove(ctx, id)
		}))
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
	return p.keeping(ctx, func(h *house, k *schedule.Keeper) error {
		d, err := h.draft(k, o, args)
		if err != nil {
			return err
		}
		d.Files = files
		s, err := k.Add(ctx, d)
		if err != nil {
			return err
		}
		return p.showSchedule(s, nil, o.json)
	})
}

// draft is the schedule that the command line asks for.
func (h *house) draft(k *schedule.Keeper, o scheduleOptions, args []string) (schedule.Draft, error) {
	d := schedule.Draft{
		Zone: o.zone, Priority: jobs.Priority(o.priority), Model: o.model, MonthBudget: -1, Ask: o.approve == "ask",
		Missed: jobs.MissedPolicy(o.missed), Overlap: jobs.OverlapPolicy(o.overlap),
	}
	var err error
	if len(args) == 2 && strings.Contains(args[0], " ") {
		d.Words, d.Request = args[0], args[1]
	} else if d.Words, d.Request, err = k.Split(strings.Join(args, " "), d.Zone); err != nil {
		return d, err
	}
	if d.Budget = h.cfg.Jobs.Budget; o.budget != "" {
		if d.Budget, err = llm.ParseMoney(o.budget); err != nil {
			return d, fmt.Errorf("--budget: %w", err)
		}
	}
	if o.monthBudget != "" {
		if d.MonthBudget, err = llm.ParseMoney(o.monthBudget); err != nil {
			return d, fmt.Errorf("--budget-month: %w", err)
		}
	}
	return d, h.models.check(o.model, false)
}

// keeping runs fn with a keeper that may change schedules.
func (p *process) keeping(ctx context.Context, fn func(h *house, k *schedule.Keeper) error) (err error) {
	h, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	k, err := h.keeper()
	if err != nil {
		return err
	}
	return h.writing(ctx, func() error { return fn(h, k) })
}

// keeper makes what keeps schedules and does the housekeeping. Its Run does both.
func (h *house) keeper() (*schedule.Keeper, error) {
	zone, err := schedule.Zone(h.cfg.Schedules.TimeZone)
	if err != nil {
		return nil, err
	}
	cfg := schedule.Config{Store: h.store, Jobs: h.service, Log: h.log, Now: time.Now, Zone: zone}
	if age := time.Duration(h.cfg.Retention.Jobs); age > 0 {
		cfg.Chores = append(cfg.Chores, schedule.Retention(h.store, age, time.Now))
	}
	return schedule.New(cfg)
}

// reader makes a keeper of a store that is only read.
func reader(s *storage.Store) (*schedule.Keeper, error) {
	service, err := jobs.NewService(jobs.ServiceConfig{Store: s, Inspector: &tool.Inspector{}, Now: time.Now})
	if err != nil {
		return nil, err
	}
	return schedule.New(schedule.Config{Store: s, Jobs: service, Log: slog.New(slog.DiscardHandler), Now: time.Now})
}

func (p *process) scheduleListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the schedules, those due next first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.reading(cmd.Context(), func(s *storage.Store) error {
				k, err := reader(s)
				if err != nil {
					return err
				}
				list, err := k.List(cmd.Context())
				if err != nil {
					return err
				}
				reports := make([]jobs.ScheduleReport, 0, len(list))
				for _, s := range list {
					reports = append(reports, jobs.NewScheduleReport(s, nil))
				}
				if asJSON {
					return printJSON(p.stdout, reports)
				}
				_, err = fmt.Fprint(p.stdout, terminal.Schedules(reports))
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (p *process) scheduleShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show a schedule, its next and its last runs", Args: oneSchedule,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.reading(cmd.Context(), func(s *storage.Store) error {
				k, err := reader(s)
				if err != nil {
					return err
				}
				found, runs, err := k.Show(cmd.Context(), jobs.ScheduleID(args[0]), shownRuns)
				if err != nil {
					return err
				}
				return p.showSchedule(found, runs, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func oneSchedule(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("schedule %s takes one schedule ID: bob schedule list names them", cmd.Name())
	}
	return nil
}

// showSchedule prints a schedule and, while it is active, when it is due.
func (p *process) showSchedule(s jobs.Schedule, runs []jobs.ScheduleRun, asJSON bool) error {
	report := jobs.NewScheduleReport(s, runs)
	if asJSON {
		return printJSON(p.stdout, report)
	}
	var next []time.Time
	if s.State == jobs.ScheduleActive && !s.Slots.Next.IsZero() {
		times, err := schedule.Of(s)
		if err != nil {
			return err
		}
		next = append([]time.Time{*report.Next}, times.Preview(s.Slots.Next, previewed-1)...)
	}
	_, err := fmt.Fprint(p.stdout, terminal.Schedule(report, next))
	return err
}

// scheduleChangeCommand is a command that changes one schedule and says how it is
// then.
func (p *process) scheduleChangeCommand(name, short string, change func(context.Context, *schedule.Keeper, jobs.ScheduleID) (string, error)) *cobra.Command {
	return &cobra.Command{
		Use: name + " ID", Short: short, Args: oneSchedule,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.keeping(cmd.Context(), func(_ *house, k *schedule.Keeper) error {
				id := jobs.ScheduleID(args[0])
				outcome, err := change(cmd.Context(), k, id)
				if err == nil {
					_, err = fmt.Fprintln(p.stdout, "Schedule", id, outcome)
				}
				return err
			})
		},
	}
}
