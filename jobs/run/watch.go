package run

import (
	"context"
	"time"

	"github.com/askbob/bob/jobs"
)

// watchEvery bounds how late the end of a job's time is noticed.
const watchEvery = time.Second

// silentEvery is how often silent jobs are looked for, in ticks of watchEvery.
const silentEvery = 10

// watch ends jobs whose time is up, lets those go on that waited long enough for an
// answer or for the money of another day, and tells of those in which nothing
// happens.
func (r *Runner) watch(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		r.each(ctx, r.cfg.Store.Overdue, "job's time is up", func(id jobs.JobID) jobs.Change { return jobs.Expire{Job: id} })
		r.each(ctx, r.cfg.Store.Unanswered, "nobody answered", func(id jobs.JobID) jobs.Change { return jobs.Assume{Job: id} })
		r.each(ctx, r.cfg.Store.Refilled, "job's purse begins anew", func(id jobs.JobID) jobs.Change {
			return jobs.Unpark{Job: id, Reason: jobs.ReasonBudget}
		})
		if r.cfg.QuietAfter > 0 && n%silentEvery == 0 {
			r.each(ctx, r.silent, "nothing happens in it", func(id jobs.JobID) jobs.Change { return jobs.Quiet{Job: id} })
		}
	}
}

func (r *Runner) silent(ctx context.Context, now time.Time) ([]jobs.JobID, error) {
	return r.cfg.Store.Silent(ctx, now.Add(-r.cfg.QuietAfter))
}

// each makes a change to every job that due lists.
func (r *Runner) each(
	ctx context.Context, due func(context.Context, time.Time) ([]jobs.JobID, error), what string, change func(jobs.JobID) jobs.Change,
) {
	list, err := due(ctx, r.cfg.Now())
	if err != nil {
		if ctx.Err() == nil {
			r.cfg.Log.Warn("due jobs not read", "what", what, "err", err)
		}
		return
	}
	for _, id := range list {
		r.cfg.Log.Info("job moved on", "why", what, "job", id)
		if err := r.apply(ctx, change(id)); err != nil {
			r.cfg.Log.Error("due job not changed", "what", what, "job", id, "err", err)
		}
	}
}

// apply makes what is due durable, as record does.
func (r *Runner) apply(ctx context.Context, c jobs.Change) error {
	ctx, cancel := outlasting(ctx)
	defer cancel()
	out, err := r.cfg.Store.Apply(ctx, c)
	if err != nil {
		return err
	}
	return out[0].Err
}
