package bottest

import (
	"context"

	"github.com/askbob/bob/jobs"
)

// Watch tells one reader which jobs changed.
type Watch struct {
	s       *Store
	changed []jobs.JobID
	knock   chan struct{}
}

// Watch returns a Watch that tells of all changes from now on.
func (s *Store) Watch() *Watch {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &Watch{s: s, knock: make(chan struct{}, 1)}
	s.watches = append(s.watches, w)
	return w
}

// Next waits for changes and returns the jobs that changed since it was last called.
func (w *Watch) Next(ctx context.Context) ([]jobs.JobID, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-w.knock:
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	list := w.changed
	w.changed = nil
	return list, nil
}
