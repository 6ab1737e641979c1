package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/askbob/bob/jobs"
)

// maxBatch bounds the changes of one transaction: beyond it a commit no longer
// gets cheaper per change, and the first ones wait for the last.
const maxBatch = 1024

// errClosed says that the writer no longer takes changes.
var errClosed = errors.New("the store is closed")

// writer is the one writer of a process. It puts all changes that wait into one
// transaction, commits, and answers each: that is what makes durable changes
// cheap.
type writer struct {
	store *Store
	ops   chan *op
	quit  chan struct{} // closed when Run is over

	pool   *sql.DB
	stmts  map[string]*sql.Stmt // prepared on the writer's connection
	wanted map[string]bool      // used, and to be prepared when no transaction holds the connection
	nextID int64                // of nodes: this process alone makes them

	mu    sync.Mutex // guards stats
	stats Stats
}

// Stats counts what the writer did since the store was opened.
type Stats struct {
	Commits int64
	Changes int64
	Writes  int64 // statements that wrote
	Stale   int64 // changes dropped by the fence
}

// op is what one Apply waits for.
type op struct {
	changes  []jobs.Change
	outcomes []jobs.Outcome
	err      error
	done     chan struct{}
}

func newWriter(ctx context.Context, s *Store) (*writer, error) {
	pool, err := s.writes.DB()
	if err != nil {
		return nil, err
	}
	w := &writer{
		store: s, pool: pool, stmts: map[string]*sql.Stmt{}, wanted: map[string]bool{},
		ops: make(chan *op, maxBatch), quit: make(chan struct{}),
	}
	err = s.writes.WithContext(ctx).Raw("SELECT coalesce(max(id), 0) + 1 FROM nodes").Scan(&w.nextID).Error
	return w, err
}

func (w *writer) close() error {
	var errs []error
	for _, stmt := range w.stmts {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}

// Apply makes the changes durable, together with others that wait.
func (s *Store) Apply(ctx context.Context, changes ...jobs.Change) ([]jobs.Outcome, error) {
	if s.writer == nil {
		return nil, errClosed
	}
	changes, err := s.spill(ctx, changes)
	if err != nil {
		return nil, err
	}
	o := &op{changes: changes, done: make(chan struct{})}
	select {
	case s.writer.ops <- o:
	case <-s.writer.quit:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	// Once handed over the change may be made, so its outcome is waited for.
	select {
	case <-o.done:
		return o.outcomes, o.err
	case <-s.writer.quit:
		return nil, errClosed
	}
}

// Run makes changes until ctx is done, and then those that were handed over
// before. It always returns nil: failures go to those who wait for a change.
func (s *Store) Run(ctx context.Context) error {
	defer close(s.writer.quit)
	for {
		select {
		case o := <-s.writer.ops:
			s.writer.work(ctx, o)
		case <-ctx.Done():
			s.writer.drain(ctx)
			return nil
		}
	}
}

func (w *writer) drain(ctx context.Context) {
	for {
		select {
		case o := <-w.ops:
			w.work(ctx, o)
		default:
			return
		}
	}
}

// work makes first, and whatever else waits, in one transaction.
func (w *writer) work(ctx context.Context, first *op) {
	// A stop must not tear the transaction that records it.
	ctx = context.WithoutCancel(ctx)
	batch := []*op{first}
	for n := len(first.changes); n < maxBatch; {
		select {
		case o := <-w.ops:
			batch = append(batch, o)
			n += len(o.changes)
			continue
		default:
		}
		break
	}
	err := w.commit(ctx, batch)
	if err != nil && len(batch) > 1 && !errors.Is(translate(err), jobs.ErrDiskFull) {
		// One bad change must not fail the others.
		for _, o := range batch {
			o.err = translate(w.commit(ctx, []*op{o}))
			close(o.done)
		}
		return
	}
	for _, o := range batch {
		o.err = translate(err)
		close(o.done)
	}
}

func (w *writer) commit(ctx context.Context, batch []*op) error {
	var u *unit
	err := w.store.stdTx(ctx, func(tx *sql.Tx) error {
		u = newUnit(ctx, w, tx)
		for _, o := range batch {
			o.outcomes = make([]jobs.Outcome, len(o.changes))
			for i, c := range o.changes {
				if err := u.apply(c, &o.outcomes[i]); err != nil {
					return fmt.Errorf("%T: %w", c, err)
				}
			}
		}
		return u.finish()
	})
	if err != nil {
		return err
	}
	w.prepare(ctx)
	w.count(batch, u.writes)
	if d := w.store.cfg.Dispatcher; d != nil {
		d.Committed(u.ready)
		if len(u.interrupted) > 0 {
			d.Interrupt(u.interrupted, jobs.ErrCancelled)
		}
	}
	if f := w.store.cfg.Feed; f != nil {
		f.Publish(u.jobOrder...)
	}
	return nil
}

// prepared returns the statement for text as prepared on the connection, or, the
// first time, on the transaction alone.
func (w *writer) prepared(ctx context.Context, tx *sql.Tx, text string) (*sql.Stmt, error) {
	if s, ok := w.stmts[text]; ok {
		return tx.StmtContext(ctx, s), nil
	}
	w.wanted[text] = true
	s, err := tx.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", text, err)
	}
	return s, nil
}

// prepare keeps the statements that were used for later transactions. One that
// cannot be prepared now is tried again when it is next used.
func (w *writer) prepare(ctx context.Context) {
	for text := range w.wanted {
		if s, err := w.pool.PrepareContext(ctx, text); err == nil { //nolint:sqlclosecheck // closed by close
			w.stmts[text] = s
		}
	}
	clear(w.wanted)
}

func (w *writer) count(batch []*op, writes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats.Commits++
	w.stats.Writes += writes
	for _, o := range batch {
		w.stats.Changes += int64(len(o.changes))
		for _, out := range o.outcomes {
			if errors.Is(out.Err, jobs.ErrStale) {
				w.stats.Stale++
			}
		}
	}
}

// Stats returns what the writer did since Open.
func (s *Store) Stats() Stats {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return s.writer.stats
}
