package discord

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// globalRate is what is asked of Discord per second, over all routes but those of
	// interactions, and globalBurst how much of it at once. Discord takes 50 in any second.
	globalRate  = 40
	globalBurst = 8
	// maxInvalid is how many refused requests within invalidWindow are risked: at
	// 10,000 Discord bans the whole address.
	maxInvalid    = 5_000
	invalidWindow = 10 * time.Minute
	// maxRoutes bounds how many routes are remembered; those that are free again go first.
	maxRoutes = 4_096
)

// limits keeps requests within Discord's rate limits, as its answers tell them. It is
// safe for concurrent use.
type limits struct {
	global *rate.Limiter

	mu      sync.Mutex
	routes  map[string]*allowance
	until   time.Time // all requests wait
	invalid int       // refused since the window began
	window  time.Time
}

// allowance is what is left of a route until its reset.
type allowance struct {
	left   int
	reset  time.Time
	period float64 // when Discord's clock says that the reset is, in seconds; 0: it does not
	flying int     // requests that are under way
}

func newLimits() *limits {
	return &limits{global: rate.NewLimiter(globalRate, globalBurst), routes: map[string]*allowance{}}
}

// take waits for a request's turn. A turn that is too far off is an *apiError with
// the time to wait.
func (l *limits) take(ctx context.Context, route string, open bool) error {
	for d := l.next(route, time.Now()); d > 0; d = l.next(route, time.Now()) {
		if d > patience {
			return &apiError{status: http.StatusTooManyRequests, after: d, message: "bob waits for discord's rate limit"}
		}
		if wait(ctx, d); ctx.Err() != nil {
			return fmt.Errorf("%w: %w", errBefore, context.Cause(ctx))
		}
	}
	if open {
		return nil
	}
	// Last, so that those who waited for the same moment do not all go at once then.
	if err := l.global.Wait(ctx); err != nil {
		l.done(route)
		return fmt.Errorf("%w: %w", errBefore, err)
	}
	return nil
}

// done notes that a request that had its turn is over.
func (l *limits) done(route string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a := l.routes[route]; a != nil && a.flying > 0 {
		a.flying--
	}
}

// next returns how long a request must wait, and takes its turn if it need not.
func (l *limits) next(route string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.window) > invalidWindow {
		l.window, l.invalid = now, 0
	}
	if l.invalid >= maxInvalid {
		return max(l.window.Add(invalidWindow).Sub(now), patience+1)
	}
	if d := l.until.Sub(now); d > 0 {
		return d
	}
	a := l.routes[route]
	switch {
	case a == nil:
		l.set(route, &allowance{flying: 1}, now)
		return 0
	case a.reset.After(now) && a.left <= 0:
		return a.reset.Sub(now)
	}
	a.left--
	a.flying++
	return 0
}

// learn reads an answer's headers.
func (l *limits) learn(route string, status int, h http.Header) {
	l.mu.Lock()
	defer l.mu.Unlock()
	shared := h.Get("X-RateLimit-Scope") == "shared"
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusTooManyRequests && !shared:
		l.invalid++
	}
	left, err := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	after, err2 := strconv.ParseFloat(h.Get("X-RateLimit-Reset-After"), 64)
	if err != nil || err2 != nil {
		return
	}
	now := time.Now()
	period, _ := strconv.ParseFloat(h.Get("X-RateLimit-Reset"), 64) // without it, each answer is of a period of its own
	a := &allowance{left: left, reset: now.Add(seconds(after)), period: period}
	if old := l.routes[route]; old != nil {
		a.follow(old)
	}
	l.set(route, a, now)
}

// follow takes into account what was known of a route before. Answers overtake each
// other, and what is under way is not counted in them.
func (a *allowance) follow(old *allowance) {
	a.flying = old.flying
	switch {
	case a.period == 0 || old.period == 0 || a.period > old.period+samePeriod:
		a.left -= max(0, a.flying-1) // without the one that is answered
	case a.period < old.period-samePeriod: // an answer of the period before
		a.left, a.reset, a.period = old.left, old.reset, old.period
	default:
		a.left = min(a.left, old.left)
	}
}

// samePeriod is how far two tellings of one reset may be apart, in seconds.
const samePeriod = 0.1

// block remembers a 429: of one route, or of all.
func (l *limits) block(h http.Header, e *apiError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.global || h.Get("X-RateLimit-Global") != "" {
		l.until = time.Now().Add(e.after)
	}
}

// set keeps a route's allowance. The lock is held.
func (l *limits) set(route string, a *allowance, now time.Time) {
	if _, known := l.routes[route]; !known && len(l.routes) >= maxRoutes {
		for old, b := range l.routes {
			if !b.reset.After(now) && b.flying == 0 {
				delete(l.routes, old)
			}
		}
		if len(l.routes) >= maxRoutes {
			return
		}
	}
	l.routes[route] = a
}

// seconds is a time that Discord tells; a day at most, and never negative.
func seconds(f float64) time.Duration {
	const day = 24 * 60 * 60
	if !(f > 0) {
		return 0
	}
	return time.Duration(min(f, day) * float64(time.Second))
}

// dialed marks an error that came before anything was sent.
func dialed(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return fmt.Errorf("%w: %w", errBefore, err)
	}
	return err
}
