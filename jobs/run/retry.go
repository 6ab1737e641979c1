package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

const (
	// firstWait and longestWait frame the pauses between attempts where Config does
	// not.
	firstWait   = time.Second
	longestWait = time.Minute
	// maxTries bounds the claims of a node whose attempts do not count: a
	// provider that limits for ever must not keep a job open for ever. Waiting for
	// limits of our own is not bounded: there, others make progress.
	maxTries = 60
)

// reasoned is an error that knows the reason it gives a node.
type reasoned interface {
	error
	Reason() jobs.Reason
}

// outcome turns an error of a node's work into a change; nil: nothing is to be
// recorded, because the node was taken away.
func (r *Runner) outcome(ctx context.Context, n *jobs.Node, err error) jobs.Change {
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
		return r.broke(ctx, n, err)
	}
	if q, ok := errors.AsType[*question](err); ok {
		return r.asks(n, *q)
	}
	if d, ok := errors.AsType[*doubt](err); ok {
		return r.doubts(n, d)
	}
	api := llm.AsAPIError(err)
	if c := r.heldBack(ctx, n, api, err); c != nil {
		r.log(n).Debug("node held back", "err", err)
		return c
	}
	r.log(n).Warn("node did not succeed", "err", err)
	if api != nil {
		return r.afterAPIError(ctx, n, api)
	}
	if e, ok := errors.AsType[reasoned](err); ok {
		return r.failed(ctx, n, e.Reason(), jobs.UserMessage(err))
	}
	if _, ok := errors.AsType[*jobs.UserError](err); ok {
		return r.failed(ctx, n, jobs.ReasonModel, jobs.UserMessage(err))
	}
	return r.again(ctx, n, jobs.ReasonInternal, jobs.UserMessage(err), 0)
}

// heldBack is what becomes of a node whose call we did not send, because a provider
// takes none now; nil: that is not it. e is what err holds.
func (r *Runner) heldBack(ctx context.Context, n *jobs.Node, e *llm.APIError, err error) jobs.Change {
	if e == nil || !e.Held || e.RetryAfter <= 0 {
		return nil
	}
	c := jobs.Retry{Fence: n.Fence(), Uncounted: true, NotBefore: r.cfg.Now().Add(e.RetryAfter)}
	switch e.Kind {
	case llm.KindRateLimited:
		_, begun := errors.AsType[midway](err)
		c.Reason, c.Waited = jobs.ReasonRateLimit, !begun
		c.Error = fmt.Sprintf("Waits for its turn at %s: %s.", e.Provider, e.Message)
	case llm.KindUnavailable:
		if n.Tries >= maxTries {
			return r.failed(ctx, n, jobs.ReasonRetryAt, "The model's provider "+e.Provider+" did not come back.")
		}
		c.Reason, c.Error = jobs.ReasonRetryAt, fmt.Sprintf("The provider %s does not answer: %s.", e.Provider, e.Message)
	default:
		return nil // a person must act; waiting does not help
	}
	return c
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
		return r.failed(ctx, n, jobs.ReasonModel, "The step does not fit the context of "+cmp.Or(e.Model, "its model")+": use a model with a larger one.")
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
	for n := 1; n < attempt && limit < r.cfg.LongestWait; n++ {
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
