package run

import (
	"context"
	"errors"
	"time"

	"github.com/askbob/bob/jobs"
)

// broke says what becomes of a node whose next call the purses do not cover. Where
// the money is only held by calls under way it waits for their end; else a person
// is asked. That holds for a combine step too: an answer in one piece is what the
// job is for, and no step is left that could be had instead. Only where a person
// said to finish with what there is, it does without a model.
func (r *Runner) broke(ctx context.Context, n *jobs.Node, err error) jobs.Change {
	if n.Phase == jobs.PhaseCombine && n.Finishing {
		return r.gathered(ctx, n, jobs.ReasonBudget, "There was no money left to make one answer of the results.")
	}
	short, ok := errors.AsType[*jobs.ShortError](err)
	if !ok {
		return jobs.Park{Fence: n.Fence(), Reason: jobs.ReasonBudget, Question: "The budget does not cover the next step of \"" + n.Title + "\"."}
	}
	if short.Passing() && n.Tries < maxTries {
		return jobs.Retry{
			Fence: n.Fence(), Reason: jobs.ReasonBudget, Uncounted: true,
			Error: "Waits for the money that other steps have reserved.", NotBefore: r.cfg.Now().Add(min(r.backoff(n.Tries), longestPassing)),
		}
	}
	return jobs.Park{Fence: n.Fence(), Reason: jobs.ReasonBudget, Question: short.Error(), Shortage: short.Shortage()}
}

// longestPassing bounds the pauses of a node that waits for the end of other calls:
// they take seconds, seldom minutes.
const longestPassing = 10 * time.Second

// forecast returns what a plan will come to; nil where nobody foretells. A plan
// does not fail for want of a forecast: policies ask a person then.
func (r *Runner) forecast(ctx context.Context, n *jobs.Node, p jobs.Plan) *jobs.Forecast {
	if r.cfg.Forecaster == nil || n.Parent != 0 {
		return nil
	}
	f, err := r.cfg.Forecaster.Forecast(ctx, n, p)
	if err != nil {
		r.cfg.Log.Warn("plan not foretold", "job", n.Job, "err", err)
		return nil
	}
	return &f
}
