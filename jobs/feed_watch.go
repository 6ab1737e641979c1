package jobs

import (
	"context"
	"sync"
)

// Watch collects which jobs changed, whichever they are. What a slow reader has not
// asked for yet is kept as a set: it misses no job, and delays nobody. It is safe for
// concurrent use.
type Watch struct {
	feed *Feed

	mu      sync.Mutex
	set     map[JobID]struct{}
	changed []JobID // the same, in the order of their first change
	knock   chan struct{}
}

// Watch begins to collect. The caller must Stop it.
func (f *Feed) Watch() *Watch {
	w := &Watch{feed: f, set: map[JobID]struct{}{}, knock: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watches == nil {
		f.watches = map[*Watch]struct{}{}
	}
	f.watches[w] = struct{}{}
	return w
}

// Next waits until something changed, and returns all jobs that did since it last
// returned, each once and in the order of their first change. The empty ID among them
// says that something of a schedule is to be said. Its error is that of ctx; what
// changed is kept then. After Stop it returns what was left, and then waits for ctx.
func (w *Watch) Next(ctx context.Context) ([]JobID, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if list := w.take(); len(list) > 0 {
			return list, nil
		}
		select {
		case <-w.knock:
		case <-ctx.Done():
		}
	}
}

// Stop ends the collecting. It may be called twice.
func (w *Watch) Stop() {
	w.feed.mu.Lock()
	defer w.feed.mu.Unlock()
	delete(w.feed.watches, w)
}

func (w *Watch) take() []JobID {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.changed
	w.changed = nil
	clear(w.set)
	return list
}

func (w *Watch) add(jobs []JobID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, job := range jobs {
		if _, known := w.set[job]; known {
			continue
		}
		w.set[job] = struct{}{}
		w.changed = append(w.changed, job)
	}
	if len(w.changed) == 0 {
		return
	}
	select {
	case w.knock <- struct{}{}:
	default:
	}
}
