package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// costOptions are the flags of `bob cost`.
type costOptions struct {
	by, since, until string
	json, csv        bool
}

func (p *process) costCommand() *cobra.Command {
	var o costOptions
	cmd := &cobra.Command{
		Use: "cost", Short: "Add up what the jobs of the data directory cost", Args: cobra.NoArgs,
		Long: `Add up the ledger of all calls to models: what was settled, what was lost (calls
whose end nobody saw, at the most they can have cost) and what is reserved for
calls under way. A call counts for the day on which it was sent; days begin in
jobs.budget_time_zone.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.cost(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.by, "by", string(jobs.CostByDay), "day, user, channel, model or job")
	f.StringVar(&o.since, "since", "", "first day, such as 2026-01-31")
	f.StringVar(&o.until, "until", "", "last day, which counts")
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.BoolVar(&o.csv, "csv", false, "print CSV")
	cmd.MarkFlagsMutuallyExclusive("json", "csv")
	return cmd
}

func (p *process) cost(ctx context.Context, o costOptions) error {
	cfg, err := loadConfig(p.config, p.env, p.environ)
	if err != nil {
		return err
	}
	q, err := o.query(cfg.Jobs.zone())
	if err != nil {
		return err
	}
	return p.reading(ctx, func(s *storage.Store) error {
		lines, err := s.Costs(ctx, q)
		switch {
		case err != nil:
			return err
		case o.json:
			return printJSON(p.stdout, costReport(o, q, lines))
		case o.csv:
			return printCSV(p.stdout, q.By, lines)
		}
		_, err = fmt.Fprint(p.stdout, terminal.Costs(q.By, lines))
		return err
	})
}

// query reads the flags.
func (o costOptions) query(zone *time.Location) (jobs.CostQuery, error) {
	by, err := jobs.ParseCostGroup(o.by)
	if err != nil {
		return jobs.CostQuery{}, fmt.Errorf("--by: %w", err)
	}
	q := jobs.CostQuery{By: by, Zone: zone}
	if q.Since, err = parseDay(o.since, zone); err != nil {
		return q, fmt.Errorf("--since: %w", err)
	}
	if q.Until, err = parseDay(o.until, zone); err != nil {
		return q, fmt.Errorf("--until: %w", err)
	}
	if !q.Until.IsZero() {
		q.Until = q.Until.AddDate(0, 0, 1)
		if q.Until.Before(q.Since) || q.Until.Equal(q.Since) {
			return q, errors.New("--until is before --since: swap them")
		}
	}
	return q, nil
}

// parseDay returns the zero time for an empty text.
func parseDay(text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil || day.Year() < 1970 {
		return time.Time{}, fmt.Errorf("%q is no day: write it as 2026-01-31", text)
	}
	return day, nil
}

// costsJSON is what `bob cost --json` prints.
type costsJSON struct {
	By    jobs.CostGroup `json:"by"`
	Since string         `json:"since"`
	Until string         `json:"until"`
	Zone  string         `json:"time_zone"`
	Lines []costJSON     `json:"lines"`
	Total costJSON       `json:"total"`
}

type costJSON struct {
	Key      string      `json:"key"`
	Title    string      `json:"title,omitempty"`
	Spent    string      `json:"spent_usd"`
	Settled  string      `json:"settled_usd"`
	Lost     string      `json:"lost_usd"`
	Reserved string      `json:"reserved_usd"`
	Tokens   jobs.Tokens `json:"tokens"`
	Calls    int         `json:"calls"`
	Unpriced int         `json:"unpriced_calls"`
}

func costReport(o costOptions, q jobs.CostQuery, lines []jobs.CostLine) costsJSON {
	report := costsJSON{By: q.By, Since: o.since, Until: o.until, Zone: q.Zone.String(), Lines: []costJSON{}}
	total := jobs.CostLine{Key: "total"}
	for i := range lines {
		total.Add(&lines[i])
		report.Lines = append(report.Lines, costOf(&lines[i]))
	}
	report.Total = costOf(&total)
	return report
}

func costOf(l *jobs.CostLine) costJSON {
	return costJSON{
		Key: l.Key, Title: l.Title, Spent: l.Spent().String(), Settled: l.Settled.String(), Lost: l.Lost.String(),
		Reserved: l.Reserved.String(), Tokens: l.Tokens, Calls: l.Calls, Unpriced: l.Unpriced,
	}
}

// printCSV prints a row per group and no total: whoever reads it adds up.
func printCSV(w io.Writer, by jobs.CostGroup, lines []jobs.CostLine) error {
	out := csv.NewWriter(w)
	rows := [][]string{{
		string(by), "title", "spent_usd", "settled_usd", "lost_usd", "reserved_usd",
		"input", "cache_read", "cache_write", "output", "calls", "unpriced_calls",
	}}
	for i := range lines {
		l := costOf(&lines[i])
		row := []string{l.Key, l.Title, l.Spent, l.Settled, l.Lost, l.Reserved}
		for _, n := range []int64{l.Tokens.Input, l.Tokens.CacheRead, l.Tokens.CacheWrite, l.Tokens.Output, int64(l.Calls), int64(l.Unpriced)} {
			row = append(row, strconv.FormatInt(n, 10))
		}
		rows = append(rows, row)
	}
	return out.WriteAll(rows)
}
