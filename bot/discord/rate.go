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
	// globalRate is what Discord allows a bot per second, over all routes but those of
	// interactions.
	globalRate = 50
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
	left  int
	reset time.Time
}

func newLimits() *limits {
	return &limits{global: rate.NewLimiter(globalRate, globalRate), routes: map[string]*allowance{}}
}

// take waits for a request's turn. A turn that is too far off is an *apiError with
// the time to wait.
func (l *limits) take(ctx context.Context, route string, open bool) error {
	if !open {
		if err := l.global.Wait(ctx); err != nil {
			return fmt.Errorf("%w: %w", errBefore, err)
		}
	}
	for {
		d := l.next(route, time.Now())
		switch {
		case d <= 0:
			return nil
		case d > patience:
			return &apiError{status: http.StatusTooManyRequests, after: d, message: "bob waits for discord's rate limit"}
		}
		if wait(ctx, d); ctx.Err() != nil {
			return fmt.Errorf("%w: %w", errBefore, context.Cause(ctx))
		}
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
	case a == nil || !a.reset.After(now):
		return 0
	case a.left <= 0:
		return a.reset.Sub(now)
	}
	a.left--
	return 0
}

// learn reads an answer's headers.
func (l *limits) learn(route string, resp *http.Response) {
	l.mu.Lock()
	defer l.mu.Unlock()
	shared := resp.Header.Get("X-RateLimit-Scope") == "shared"
	switch {
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden,
		resp.StatusCode == http.StatusTooManyRequests && !shared:
		l.invalid++
	}
	left, err := strconv.Atoi(resp.Header.Get("X-RateLimit-Remaining"))
	after, err2 := strconv.ParseFloat(resp.Header.Get("X-RateLimit-Reset-After"), 64)
	if err != nil || err2 != nil {
		return
	}
	l.set(route, &allowance{left: left, reset: time.Now().Add(seconds(after))})
}

// block remembers a 429: of one route, or of all.
func (l *limits) block(resp *http.Response, e *apiError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.global || resp.Header.Get("X-RateLimit-Global") != "" {
		l.until = time.Now().Add(e.after)
	}
}

// set keeps a route's allowance. The lock is held.
func (l *limits) set(route string, a *allowance) {
	if len(l.routes) >= maxRoutes {
		now := time.Now()
		for old, b := range l.routes {
			if !b.reset.After(now) {
				delete(l.routes, old)
			}
		}
	}
	if len(l.routes) < maxRoutes {
		l.routes[route] = a
	}
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
