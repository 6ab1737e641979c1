package discord

import (
	"strconv"
	"sync"
	"time"
)

// ages tells how old things were when Bob was told of them. An ID of Discord's says
// when it was made, by Discord's clock; how far that is from ours is seen from what
// comes quickest. Its zero value is ready. It is safe for concurrent use.
type ages struct {
	mu    sync.Mutex
	first time.Time     // when something came first; its monotonic clock cannot be set
	ahead time.Duration // by how much Discord's clock is ahead of the time since first, at least
	known bool
}

// of returns how old what has an ID is now, or less: never more. 0 if its ID tells no
// time.
func (a *ages) of(id string, now time.Time) time.Duration {
	n, err := strconv.ParseUint(id, 10, 64)
	if n >>= 22; err != nil || n == 0 {
		return 0
	}
	made := time.Duration(n) * time.Millisecond // of 42 bits
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.first.IsZero() {
		a.first = now
	}
	since := now.Sub(a.first)
	if ahead := made - since; !a.known || ahead > a.ahead {
		a.ahead, a.known = ahead, true
	}
	return since + a.ahead - made
}
