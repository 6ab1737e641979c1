package discord

import "sync"

// turns lets what is said in one channel be heard in the order in which it was said.
// It is safe for concurrent use.
type turns struct {
	mu   sync.Mutex
	last map[string]chan struct{} // closed when the newest of a channel was heard
}

// take returns what is closed when it is one's turn, and what ends the turn.
func (t *turns) take(channel string) (before <-chan struct{}, done func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	prior, own := t.last[channel], make(chan struct{})
	if prior == nil {
		prior = make(chan struct{})
		close(prior)
	}
	t.last[channel] = own
	return prior, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		close(own)
		if t.last[channel] == own {
			delete(t.last, channel)
		}
	}
}
