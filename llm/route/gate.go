package route

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	"github.com/askbob/bob/llm"
)

const (
	// maxFailures of a provider in a row close it: one or two are nothing.
	maxFailures = 5
	// failurePause is how long a provider that fails is left alone, before one call
	// may try whether it is back.
	failurePause = 30 * time.Second
	// probePause is when to look again while that one call is out.
	probePause = 5 * time.Second
	// accountPause is for what a person must mend: a key, a permission, an account.
	accountPause = 2 * time.Minute
	// patience is how long a call may wait here, holding its worker.
	patience = 50 * time.Millisecond
)

// gate is the way in to one provider. It holds back what may not be sent now, and
// learns from what was. It is safe for concurrent use.
type gate struct {
	provider Provider
	log      *slog.Logger
	requests *rate.Limiter // nil: no limit
	tokens   *rate.Limiter // nil: no limit

	mu      sync.Mutex
	line    line
	closed  map[string]closure // by model; empty: the whole provider
	breaker *gobreaker.TwoStepCircuitBreaker[any]
	opensAt time.Time // of an open breaker
}

// closure is a time in which a provider or a model of it takes no calls.
type closure struct {
	until time.Time
	why   llm.APIError
}

// requestBurst is the part of a minute's requests that may come at once.
const requestBurst = 12

func newGate(p Provider, log *slog.Logger) *gate {
	g := &gate{provider: p, log: log.With("provider", p.Name), closed: map[string]closure{}, line: newLine(p.MaxConcurrent)}
	if n := p.RequestsPerMinute; n > 0 {
		g.requests = rate.NewLimiter(perMinute(n), max(1, n/requestBurst))
	}
	if n := p.TokensPerMinute; n > 0 {
		g.tokens = rate.NewLimiter(perMinute(n), n) // one request may be as large as a minute's worth
	}
	g.breaker = gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
		Timeout:      failurePause,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= maxFailures },
		IsSuccessful: func(err error) bool { return !down(err) },
		IsExcluded:   func(err error) bool { return errors.Is(err, errUnknown) },
		// Called with g.mu held: all calls of the breaker are made so.
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				g.opensAt = time.Now().Add(failurePause)
				g.log.Warn("provider fails and is left alone", "for", failurePause)
			}
		},
	})
	return g
}

func perMinute(n int) rate.Limit { return rate.Limit(float64(n) / 60) }

// errUnknown is the outcome of a call that says nothing of the provider.
var errUnknown = errors.New("nothing is known of the provider")

// pass is a call that was let in. It must be given back by leave.
type pass struct {
	gate   *gate
	model  string
	begun  time.Time
	tokens int // reserved
	done   func(error)
}

// enter lets a call in, or says why it is held back and for how long. Tokens is the
// most that it may use.
func (g *gate) enter(ctx context.Context, model, caller string, tokens int64) (*pass, *llm.APIError) {
	n := g.clamp(tokens)
	g.mu.Lock()
	now := time.Now()
	if e := g.shut(model, caller, n, now); e != nil {
		g.mu.Unlock()
		return nil, e
	}
	wait, why := g.due(caller, n, now)
	if wait > patience {
		wait = g.line.promise(caller, n, now, wait)
		g.mu.Unlock()
		return nil, g.held(model, llm.KindRateLimited, wait, why)
	}
	done, err := g.breaker.Allow()
	if err != nil { // half open, and the one call that may try is out
		g.mu.Unlock()
		return nil, g.held(model, llm.KindUnavailable, jittered(probePause), "it failed often and is being tried again")
	}
	p := &pass{gate: g, model: model, begun: now.Add(wait), tokens: n, done: done}
	g.line.enter(p, caller)
	if g.requests != nil {
		g.requests.ReserveN(now, 1)
	}
	if g.tokens != nil {
		g.tokens.ReserveN(now, n)
	}
	g.mu.Unlock()
	if err := sleep(ctx, wait); err != nil {
		p.leave(llm.Usage{}, errUnsent)
		e := g.held(model, llm.KindUnavailable, 0, "nobody waits for it any more")
		e.Err = err
		return nil, e
	}
	return p, nil
}

// sleep waits for a moment, or for the end of ctx.
func sleep(ctx context.Context, wait time.Duration) error {
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// clamp bounds what is reserved: what is larger than a minute's worth would never
// be let in.
func (g *gate) clamp(tokens int64) int {
	n := max(tokens, 0)
	if limit := int64(g.provider.TokensPerMinute); limit > 0 {
		n = min(n, limit)
	}
	return int(n)
}

// shut says whether the provider or the model takes no calls at all.
func (g *gate) shut(model, caller string, n int, now time.Time) *llm.APIError {
	for _, scope := range []string{"", model} {
		c, ok := g.closed[scope]
		switch left := c.until.Sub(now); {
		case !ok:
		case left <= 0:
			delete(g.closed, scope)
		case c.why.Kind == llm.KindRateLimited:
			// Those who wait do not come back all at once.
			wait, _ := g.due(caller, n, now)
			return g.held(model, llm.KindRateLimited, g.line.promise(caller, n, now, left+wait), "it asked to wait")
		default:
			e := c.why
			e.Model, e.Held, e.RetryAfter, e.Usage, e.Cost = model, true, left, llm.Usage{Known: true}, llm.Cost{Known: true}
			return &e
		}
	}
	if g.breaker.State() == gobreaker.StateOpen {
		return g.held(model, llm.KindUnavailable, jittered(g.opensAt.Sub(now)), "it failed often and is left alone for a while")
	}
	return nil
}

// due returns how long a call must wait for its turn, and which limit makes it so;
// 0: none.
func (g *gate) due(caller string, n int, now time.Time) (time.Duration, string) {
	wait, why := time.Duration(0), ""
	longer := func(d time.Duration, text string, limit int) {
		if d > wait {
			wait, why = d, fmt.Sprintf("at most %d %s", limit, text)
		}
	}
	ahead, tokens, blocking, blocked := g.line.ahead(caller, now)
	if g.provider.MaxConcurrent > 0 {
		longer(g.line.wait(ahead, blocking, now), "calls at once (max_concurrent)", g.provider.MaxConcurrent)
	}
	if g.requests != nil {
		longer(shortage(g.requests, now, ahead, blocking, 1), "calls a minute (requests_per_minute)", g.provider.RequestsPerMinute)
	}
	if g.tokens != nil {
		longer(shortage(g.tokens, now, tokens, blocked, n), "tokens a minute (tokens_per_minute)", g.provider.TokensPerMinute)
	}
	return wait, why
}

// shortage returns how long it takes until a bucket has what a call needs behind
// all that are ahead of it; 0 if it has enough for the call and for those ahead that
// are about to come.
func shortage(bucket *rate.Limiter, now time.Time, ahead, blocking, need int) time.Duration {
	has := bucket.TokensAt(now)
	if has >= float64(min(blocking+need, bucket.Burst())) {
		return 0
	}
	return time.Duration((float64(ahead+need) - has) / float64(bucket.Limit()) * float64(time.Second))
}

func (g *gate) held(model string, kind llm.Kind, wait time.Duration, why string) *llm.APIError {
	return &llm.APIError{
		Provider: g.provider.Name, Model: model, Kind: kind, RetryAfter: wait, Message: why, Held: true,
		Usage: llm.Usage{Known: true}, Cost: llm.Cost{Known: true},
	}
}

// mostJitter bounds what is added to a long wait.
const mostJitter = 10 * time.Second

// jittered adds up to a fifth, so that those who wait do not come back together.
func jittered(d time.Duration) time.Duration {
	d = max(d, time.Millisecond)
	return d + rand.N(min(d/5, mostJitter)) //nolint:gosec // jitter is no secret
}

// forget gives up a caller's place in the line.
func (g *gate) forget(caller string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.line.drop(caller)
}
