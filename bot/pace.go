package bot

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// stopGrace is how long a call that is under way may take after a stop.
const stopGrace = 5 * time.Second

// maxPaces is how many places are remembered before those that are at rest are
// dropped.
const maxPaces = 4096

// paces bounds how often something goes to each of many places. It is safe for
// concurrent use.
type paces struct {
	limit rate.Limit
	burst int

	mu sync.Mutex
	by map[string]*rate.Limiter
}

func newPaces(limit rate.Limit, burst int) *paces {
	return &paces{limit: limit, burst: burst, by: map[string]*rate.Limiter{}}
}

func (p *paces) of(place string, now time.Time) *rate.Limiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.by[place]
	if l != nil {
		return l
	}
	if len(p.by) >= maxPaces {
		for name, l := range p.by {
			if l.TokensAt(now) >= float64(p.burst) {
				delete(p.by, name)
			}
		}
	}
	l = rate.NewLimiter(p.limit, p.burst)
	p.by[place] = l
	return l
}

// until returns how long from now nothing may go to a place; 0: it may at once.
func (p *paces) until(place string, now time.Time) time.Duration {
	lacks := 1 - p.of(place, now).TokensAt(now)
	if lacks <= 0 {
		return 0
	}
	return time.Duration(lacks/float64(p.limit)*float64(time.Second)) + time.Millisecond
}

// take counts something that goes to a place now, whether it may or not.
func (p *paces) take(place string, now time.Time) { p.of(place, now).ReserveN(now, 1) }

// wait waits until something may go to a place, and counts it.
func (p *paces) wait(ctx context.Context, place string, now time.Time) error {
	return pause(ctx, p.of(place, now).ReserveN(now, 1).DelayFrom(now))
}

// pause waits for d, or returns ctx's error.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// outlive returns a context that goes on for stopGrace after ctx, so that what is under
// way is seen to its end, but never for longer than limit.
func outlive(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(stopGrace, cancel)
		context.AfterFunc(longer, func() { timer.Stop() })
	})
	return longer, func() {
		stop()
		cancel()
	}
}
