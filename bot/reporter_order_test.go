package bot_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// TestReporter_newsGoesBeforeTheTimeThatPassed has more cards that are looked at than may
// be edited: on one of them a step was done, on the others the clock went on.
func TestReporter_newsGoesBeforeTheTimeThatPassed(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		const cards = 60
		for i := range cards {
			d.card(jobs.JobID(fmt.Sprintf("job_%02d", i)), channel("C1"))
		}
		d.report(func(c *bot.ReporterConfig) { c.EditsPerMinute = 20 })
		d.after(10 * time.Minute)
		for done := 4; done < 8; done++ {
			d.step("job_30", done)
			d.after(10 * time.Second)
			if c := d.shown("job_30"); !slices.Contains(c.Facts, fmt.Sprintf("%d of 9 done, 1 failed", done)) {
				t.Errorf("ten seconds after a step the card says %q", c.Facts)
			}
		}
	})
}

// TestReporter_theOldestNewsGoesFirst has all cards change at once, one after the other.
func TestReporter_theOldestNewsGoesFirst(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		const cards = 40
		id := func(i int) jobs.JobID { return jobs.JobID(fmt.Sprintf("job_%02d", cards-i)) }
		for i := range cards {
			d.card(id(i), channel("C1"))
		}
		d.report(func(c *bot.ReporterConfig) { c.EditsPerMinute = 20 })
		d.after(5 * time.Minute)
		n := len(d.edits())
		for i := range 10 {
			d.step(id(i), 5)
			d.after(400 * time.Millisecond)
		}
		d.after(time.Minute)
		var order []jobs.JobID
		for _, e := range d.edits()[n:] {
			if slices.Contains(e.Post.Card.Facts, "5 of 9 done, 1 failed") && !slices.Contains(order, e.Post.Card.Job) {
				order = append(order, e.Post.Card.Job)
			}
		}
		var want []jobs.JobID
		for i := range 10 {
			want = append(want, id(i))
		}
		if !slices.Equal(order, want) {
			t.Errorf("the news went up in the order %v, want %v", order, want)
		}
	})
}

// counting counts the reports that are read.
type counting struct {
	bot.Reports

	n *atomic.Int64
}

func (c counting) Report(ctx context.Context, id jobs.JobID, whole bool) (*jobs.Report, error) {
	c.n.Add(1)
	return c.Reports.Report(ctx, id, whole)
}

// TestReporter_readsNoReportBeforeTheCardIsUp has a swarm of new jobs, whose cards go up
// later.
func TestReporter_readsNoReportBeforeTheCardIsUp(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		var read atomic.Int64
		d.report(func(c *bot.ReporterConfig) { c.Reports = counting{d.store, &read} })
		for i := range 300 {
			d.add(jobs.JobID(fmt.Sprintf("job_%03d", i)), channel("C1"))
		}
		for range 10 {
			d.after(10 * time.Second)
			d.step("job_007", 5)
		}
		if got := read.Load(); got != 0 {
			t.Errorf("%d reports were read for cards that are not up", got)
		}
		up, err := d.front.Post(t.Context(), bot.Post{Key: "x", Place: channel("C1"), Card: &bot.Card{State: "queued"}})
		if err != nil {
			t.Fatal(err)
		}
		d.put("job_007", up)
		d.after(5 * time.Second)
		if c := d.shown("job_007"); !slices.Contains(c.Facts, "5 of 9 done, 1 failed") || read.Load() != 1 {
			t.Errorf("once it is up the card says %q, after %d reports", c.Facts, read.Load())
		}
	})
}

func TestReporter_aCardThatWasJustPutUpIsNotEdited(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		board *bot.Board
		over  bool
		want  int
	}{
		"open":                 {board: bot.NewBoard()},
		"at its end":           {board: bot.NewBoard(), over: true, want: 1}, // which is recorded as shown
		"put up by a stranger": {want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atDesk(t, func(d *desk) {
				d.report(func(c *bot.ReporterConfig) { c.Board = test.board })
				d.deliver(func(c *bot.DeliveryConfig) { c.Board = test.board })
				d.after(time.Second) // the Reporter has listed what is up
				d.add("job_a", channel("C1"))
				d.store.Change("job_a", func(r *jobs.Report) { r.Status, r.Current = jobs.StatusPaused, "" })
				if test.over {
					d.over("job_a", jobs.StatusCompleted)
				}
				d.store.Tell("job_a", jobs.NoticeAck, "Job submitted")
				d.after(time.Minute)
				if got := len(d.edits()); got != test.want || d.store.ShownEnd("job_a").IsZero() == test.over {
					t.Errorf("%d edits, want %d; the end that is shown is %s", got, test.want, d.store.ShownEnd("job_a"))
				}
				d.step("job_a", 8)
				d.after(5 * time.Second)
				if got := len(d.edits()); !test.over && got != test.want+1 {
					t.Errorf("%d edits after a step, want %d", got, test.want+1)
				}
			})
		})
	}
}
