package run

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// maxTries bounds the claims of a node whose attempts do not count: a provider
// that limits for ever must not keep a job open for ever.
const maxTries = 60

// reasoned is an error that knows the reason it gives a node.
type reasoned interface {
	error
	Reason() jobs.Reason
}

// outcome turns an error of a node's work into a change; nil: nothing is to be
// recorded, because the node was taken away.
func (r *Runner) outcome(ctx context.Context, n *jobs.Node, err error, log *slog.Logger) jobs.Change {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, jobs.ErrCancelled), errors.Is(err, jobs.ErrStale):
		return nil
	case errors.Is(cause, jobs.ErrStopped):
		return jobs.Retry{Fence: n.Fence(), Reason: jobs.ReasonStopped, Uncounted: true}
	case errors.Is(cause, jobs.ErrNodeTimeout):
		return r.again(ctx, n, jobs.ReasonTimeout, "The step took too long.", 0)
	case errors.Is(err, jobs.ErrDiskFull):
		r.giveUp(err)
		return nil
	case errors.Is(err, jobs.ErrPaused):
		return jobs.Retry{Fence: n.Fence(), Reason: jobs.ReasonUser, Uncounted: true}
	case errors.Is(err, jobs.ErrBudget):
		return r.broke(n)
	}
	log.Warn("node did not succeed", "err", err)
	if e := llm.AsAPIError(err); e != nil {
		return r.afterAPIError(ctx, n, e)
	}
	if e, ok := errors.AsType[reasoned](err); ok {
		return r.failed(ctx, n, e.Reason(), jobs.UserMessage(err))
	}
	if _, ok := errors.AsType[*jobs.UserError](err); ok {
		return r.failed(ctx, n, jobs.ReasonModel, jobs.UserMessage(err))
	}
	return r.again(ctx, n, jobs.ReasonInternal, jobs.UserMessage(err), 0)
}

// broke parks a node that the budget does not cover. A combine step needs no
// money to hand over what there is.
func (r *Runner) broke(n *jobs.Node) jobs.Change {
	return jobs.Park{Fence: n.Fence(), Reason: jobs.ReasonBudget, Question: "The budget does not cover the next step of \"" + n.Title + "\"."}
}

func (r *Runner) afterAPIError(ctx context.Context, n *jobs.Node, e *llm.APIError) jobs.Change {
	switch e.Kind {
	case llm.KindRateLimited:
		if n.Tries >= maxTries {
			return r.failed(ctx, n, jobs.ReasonRateLimit, "The model's provider kept refusing for too many requests.")
		}
		wait := e.RetryAfter
		if wait <= 0 {
			wait = r.backoff(n.Tries)
		}
		return jobs.Retry{
			Fence: n.Fence(), Reason: jobs.ReasonRateLimit, Uncounted: true,
			Error: "The model's provider asked to wait.", NotBefore: r.cfg.Now().Add(wait),
		}
	case llm.KindUnavailable:
		return r.again(ctx, n, jobs.ReasonRetryAt, "The model's provider did not answer.", e.RetryAfter)
	case llm.KindBroken:
		return r.again(ctx, n, jobs.ReasonRetryAt, "The model's answer could not be used.", e.RetryAfter)
	case llm.KindTruncated:
		return r.again(ctx, n, jobs.ReasonTruncated, "The model's answer was cut off at its length limit.", 0)
	case llm.KindRefused:
		return r.failed(ctx, n, jobs.ReasonContentPolicy, "The model's provider refused the content.")
	case llm.KindAuth:
		return r.failed(ctx, n, jobs.ReasonModel, "The provider "+e.Provider+" refused the key: check its api_key.")
	case llm.KindQuota:
		return r.failed(ctx, n, jobs.ReasonModel, "The account at "+e.Provider+" has no quota left: top it up or configure another provider.")
	case llm.KindNotFound:
		return r.failed(ctx, n, jobs.ReasonModel, "The provider "+e.Provider+" has no model "+e.Model+": check llm.models.")
	case llm.KindTooLong:
		return r.failed(ctx, n, jobs.ReasonModel, "The step does not fit the context of "+e.Model+": use a model with a larger one.")
	case llm.KindUnpriced:
		return r.failed(ctx, n, jobs.ReasonUnpriced, "Nobody knows what "+e.Model+" costs: give its price under llm.models.")
	case llm.KindInvalid:
	}
	return r.failed(ctx, n, jobs.ReasonModel, "The model's provider refused the request.")
}

// again lets a node be tried once more, unless its attempts are used up.
func (r *Runner) again(ctx context.Context, n *jobs.Node, why jobs.Reason, msg string, wait time.Duration) jobs.Change {
	if n.Attempt >= r.cfg.Attempts {
		return r.failed(ctx, n, why, msg)
	}
	if wait <= 0 {
		wait = r.backoff(n.Attempt)
	}
	return jobs.Retry{Fence: n.Fence(), Reason: jobs.ReasonRetryAt, Error: msg, NotBefore: r.cfg.Now().Add(wait)}
}

// backoff is exponential with full jitter, so that nodes that failed together do
// not come back together.
func (r *Runner) backoff(attempt int) time.Duration {
	limit := r.cfg.FirstWait
	for range attempt - 1 {
		if limit >= r.cfg.LongestWait {
			break
		}
		limit *= 2
	}
	limit = min(limit, r.cfg.LongestWait)
	return time.Duration(rand.Int64N(int64(limit)) + 1) //nolint:gosec // jitter is no secret
}

// failed ends a node. What its children came to is not lost with a branch: it
// hands them over as they are.
func (r *Runner) failed(ctx context.Context, n *jobs.Node, why jobs.Reason, msg string) jobs.Change {
	if n.Phase == jobs.PhaseCombine {
		return r.gathered(ctx, n, why, msg)
	}
	return jobs.Finish{Node: n, Status: jobs.StatusFailed, Reason: why, Error: msg}
}

func (r *Runner) gathered(ctx context.Context, n *jobs.Node, why jobs.Reason, msg string) jobs.Change {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	text, err := r.cfg.Hands.Gather(ctx, n)
	if err != nil {
		r.cfg.Log.Error("results not gathered", "node", n.ID, "err", err)
		return jobs.Finish{Node: n, Status: jobs.StatusFailed, Reason: why, Error: msg}
	}
	return jobs.Finish{Node: n, Status: jobs.StatusPartial, Reason: why, Error: msg, Result: text}
}
