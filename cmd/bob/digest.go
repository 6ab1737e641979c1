package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/schedule"
	"github.com/askbob/bob/storage"
)

func (p *process) digestCommand() *cobra.Command {
	var (
		asJSON      bool
		day, server string
	)
	cmd := &cobra.Command{
		Use: "digest", Short: "Say what happened in the last day, what waits and what is due", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := p.digest(cmd.Context(), server, day)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(p.stdout, d)
			}
			_, err = fmt.Fprint(p.stdout, terminal.Digest(d))
			return err
		},
	}
	cmd.Flags().StringVar(&day, "day", "", "such as 2026-01-31, in schedules.time_zone (default the last 24 hours)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&server, "server", "", "URL of a bob serve to ask instead of reading the data directory")
	return cmd
}

// digest asks the server that is named, or else reads the data directory.
func (p *process) digest(ctx context.Context, server, day string) (d jobs.Digest, err error) {
	cfg, err := loadConfig(p.config, p.env, p.environ)
	if err != nil {
		return d, err
	}
	zone, err := schedule.Zone(cfg.Schedules.TimeZone)
	if err != nil {
		return d, err
	}
	q, err := jobs.DayQuery(day, time.Now(), zone)
	if err != nil {
		return d, err
	}
	if server != "" {
		c, err := p.client(server)
		if err != nil {
			return d, err
		}
		return c.digest(ctx, day, zone)
	}
	err = p.reading(ctx, func(s *storage.Store) error {
		d, err = s.Digest(ctx, q)
		return err
	})
	return d, err
}

// digest asks the server for a day's digest, whose times are shown in zone. The day
// is one of the server's zone.
func (c *client) digest(ctx context.Context, day string, zone *time.Location) (d jobs.Digest, err error) {
	r, err := c.request(ctx, http.MethodGet, "", nil, "digest")
	if err != nil {
		return d, err
	}
	if day != "" {
		r.URL.RawQuery = url.Values{"day": {day}}.Encode()
	}
	if err := c.ask(r, &d); err != nil {
		return d, err
	}
	d.From, d.Until = d.From.In(zone), d.Until.In(zone)
	for i := range d.Due.Schedules {
		d.Due.Schedules[i].Next = d.Due.Schedules[i].Next.In(zone)
	}
	return d, nil
}

func (c NotifyConfig) check() []error {
	if _, err := c.digest(); err != nil {
		return []error{fmt.Errorf("notify.digest: %w", err)}
	}
	return nil
}

// digest is when the day's digest is told; nil: it is not.
func (c NotifyConfig) digest() (*schedule.DayTime, error) {
	if c.Digest == "" {
		return nil, nil //nolint:nilnil // none is what was asked for
	}
	at, err := schedule.ParseDayTime(c.Digest)
	return &at, err
}

// chores is the housekeeping that comes round by the clock of a zone.
func (h *house) chores(zone *time.Location) ([]schedule.Chore, error) {
	var list []schedule.Chore
	if age := time.Duration(h.cfg.Retention.Jobs); age > 0 {
		list = append(list, schedule.Retention(h.store, age, time.Now))
	}
	at, err := h.cfg.Notify.digest()
	if at != nil {
		list = append(list, schedule.Digest(h.store, *at, zone, time.Now))
	}
	return list, err
}
