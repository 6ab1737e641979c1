package bot

import (
	"context"
	"errors"
	"slices"

	"github.com/askbob/bob/jobs"
)

// spent names the buttons beside a click that do nothing any more, as things stand
// after it; nil: there are none, or it cannot be known now. A job's card is left alone:
// it is made anew when its job changes.
func (c *Conversation) spent(ctx context.Context, k Click) *Spent {
	job := k.Button.Job
	if k.At == "" || job == "" || len(k.Beside) == 0 {
		return nil
	}
	posted, err := c.cfg.Places.Posted(ctx, job)
	if err != nil && !errors.Is(err, jobs.ErrNotFound) || posted.Card == k.At {
		return nil
	}
	r, err := c.cfg.Jobs.Status(ctx, job)
	gone := errors.Is(err, jobs.ErrNotFound)
	if err != nil && !gone {
		return nil
	}
	var out Spent
	for _, b := range k.Beside {
		if b.Job == job && (gone || !applies(b, r)) {
			out.Values = append(out.Values, b.Value())
		}
	}
	if out.Values == nil {
		return nil
	}
	return &out
}

// applies reports whether a button of a job may still do something.
func applies(b Button, r *jobs.Report) bool {
	switch b.Action {
	case ActApprove, ActReject, ActEdit, ActCheaper:
		n, ok := revisionOf(b.Arg)
		// While another plan is made, this one may come back.
		open := r.Status == jobs.StatusAwaitingApproval || r.Status == jobs.StatusPlanning || r.Status == jobs.StatusPaused
		return ok && n == r.PlanRevision && open
	case ActAnswer:
		return !r.Status.Final() && slices.ContainsFunc(r.Waiting, func(w jobs.Wait) bool {
			return isQuestion(w) && (b.Arg == "" || w.Path == b.Arg)
		})
	case ActAdd, ActFinish:
		return !r.Status.Final() && r.Cost.Shortage != nil
	case ActPause, ActResume, ActCancel, ActSkip, ActMute:
		return !r.Status.Final()
	case ActRetry:
		return r.Status.Final() && r.Status != jobs.StatusCompleted
	default:
		return true
	}
}
