package run

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
)

// due is a Store with one overdue job, one that nobody answered, and one whose purse
// begins anew.
type due struct {
	Store

	changes []jobs.Change
}

func (d *due) Overdue(context.Context, time.Time) ([]jobs.JobID, error) {
	return []jobs.JobID{"late"}, nil
}

func (d *due) Refilled(context.Context, time.Time) ([]jobs.JobID, error) {
	return []jobs.JobID{"rich"}, nil
}

func (d *due) Unanswered(context.Context, time.Time) ([]jobs.JobID, error) {
	return []jobs.JobID{"asking"}, nil
}

func (d *due) Apply(_ context.Context, changes ...jobs.Change) ([]jobs.Outcome, error) {
	d.changes = append(d.changes, changes...)
	return make([]jobs.Outcome, len(changes)), nil
}

func TestRunner_watch_endsJobsInTimeAndLetsOthersGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &due{}
		r := &Runner{cfg: Config{Store: store, Log: slog.New(slog.DiscardHandler), Now: time.Now}}
		ctx, cancel := context.WithTimeout(t.Context(), watchEvery+watchEvery/2)
		defer cancel()
		if err := r.watch(ctx); err != nil {
			t.Fatal(err)
		}
		want := []jobs.Change{jobs.Expire{Job: "late"}, jobs.Assume{Job: "asking"}, jobs.Unpark{Job: "rich", Reason: jobs.ReasonBudget}}
		if diff := cmp.Diff(want, store.changes); diff != "" {
			t.Error(diff)
		}
	})
}
