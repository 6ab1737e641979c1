package bot

import (
	"context"
	"time"
)

// lookGap is the least time between two looks at the store: knocks come in swarms.
const lookGap = 100 * time.Millisecond

// turns is the loop of those who look at the store and have others carry out what they
// find: it looks again when something knocked, when the time that a look named is over,
// or when a work of theirs ended.
type turns[E any] struct {
	knocks <-chan struct{}
	ended  <-chan E
	look   func(ctx context.Context) time.Duration // returns when to look again
	back   func(E)                                 // takes back a work that ended
}

// run looks until ctx is done. Look and back are called by one goroutine.
func (t turns[E]) run(ctx context.Context) {
	for ctx.Err() == nil {
		timer := time.NewTimer(t.look(ctx))
		select {
		case <-ctx.Done():
		case <-t.knocks:
		case <-timer.C:
		case e := <-t.ended:
			t.back(e)
		}
		timer.Stop()
		t.rest(ctx)
	}
}

// rest waits for lookGap and takes back what ends meanwhile: what happens within a
// moment is one look.
func (t turns[E]) rest(ctx context.Context) {
	timer := time.NewTimer(lookGap)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-t.ended:
			t.back(e)
		case <-timer.C:
			return
		}
	}
}
