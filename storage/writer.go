package storage

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/askbob/bob/jobs"
)

// maxBatch bounds the changes of one transaction, to about 40 ms on two cores: who
// waits for the first waits for the last. The more, the more nodes are made, worked on
// and done in one.
const maxBatch = 2048

// errClosed says that the writer no longer takes changes.
var errClosed = errors.New("the store is closed")

// writer is the one writer of a process. It puts all changes that wait into one
// transaction, commits, and answers each: that is what makes durable changes
// cheap.
type writer struct {
	store *Store
	ops   chan *op
	quit  chan struct{} // closed when Run is over

	link   *link
	nextID int64                // of nodes: this process alone makes them
	states map[int64]*nodeState // open nodes as the last commit left them
	ready  map[int64]int64      // epochs of nodes that may be claimed, as the last commit left them
	broken error                // why no more changes are taken
	sweeps []*sweep             // trees that are being ended piece by piece
	putOff putOff               // of the unit at work

	mu     sync.Mutex // guards what follows
	stats  Stats
	making chan struct{} // closed when the changes that are being made now are durable; nil: none are made
}

// Stats counts what the writer did since the store was opened.
type Stats struct {
	Commits int64
	Changes int64
	Rows    int64 // that were written
	Stale   int64 // changes dropped by the fence
}

// op is what one Apply waits for.
type op struct {
	changes  []jobs.Change
	outcomes []jobs.Outcome
	err      error
	done     chan struct{}
	trusted  bool // it is to be answered before its commit
	answered bool // before its commit
}

func newWriter(ctx context.Context, s *Store) (*writer, error) {
	w := &writer{
		store: s, states: map[int64]*nodeState{}, ready: map[int64]int64{},
		ops: make(chan *op, maxBatch), quit: make(chan struct{}),
	}
	err := s.writes.WithContext(ctx).Raw("SELECT coalesce(max(id), 0) + 1 FROM nodes").Scan(&w.nextID).Error
	if err != nil {
		return nil, err
	}
	if w.link, err = newLink(ctx, s.writes); err != nil {
		return nil, err
	}
	return w, nil
}

// Apply makes the changes durable, together with others that wait.
func (s *Store) Apply(ctx context.Context, changes ...jobs.Change) ([]jobs.Outcome, error) {
	return s.hand(ctx, &op{changes: changes})
}

// Entrust makes a change and returns before it is durable. That is safe because nobody
// sees what follows from it until it is: other changes come to the same writer, and so
// with it or after it, workers' reads wait for it (settled), and people's reads and the
// feed know of commits only. It spares a slot's wait for the disk, and lets a node that
// is made, claimed and done in one transaction be written once. Only a process that has
// the database for itself may do so.
func (s *Store) Entrust(ctx context.Context, c jobs.Change) (jobs.Outcome, error) {
	out, err := s.hand(ctx, &op{changes: []jobs.Change{c}, trusted: true})
	if err != nil {
		return jobs.Outcome{}, err
	}
	return out[0], nil
}

// hand gives an op to the writer and waits for its answer.
func (s *Store) hand(ctx context.Context, o *op) (_ []jobs.Outcome, err error) {
	if s.writer == nil {
		return nil, errClosed
	}
	if o.changes, err = s.spill(ctx, o.changes); err != nil {
		return nil, err
	}
	o.done = make(chan struct{})
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
		if s.writer.sweepOn(ctx) {
			continue
		}
		select {
		case o := <-s.writer.ops:
			if s.writer.broken != nil {
				s.writer.answer(o, s.writer.broken)
				continue
			}
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
	defer w.begin()()
	batch, err := w.commit(ctx, first)
	if err != nil && len(batch) > 1 && !errors.Is(translate(err), jobs.ErrDiskFull) {
		// One bad change must not fail the others.
		for _, o := range batch {
			w.answer(o, w.commitAlone(ctx, o))
		}
		return
	}
	for _, o := range batch {
		w.answer(o, err)
	}
}

// begin says that changes are being made, until the function that it returns is
// called.
func (w *writer) begin() (end func()) {
	making := make(chan struct{})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.making = making
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.making = nil
		close(making)
	}
}

// settled waits until the changes that are being made now are durable, or have failed:
// who was told of one before that reads no rows of before it.
func (s *Store) settled(ctx context.Context) error {
	if s.writer == nil {
		return nil
	}
	s.writer.mu.Lock()
	making := s.writer.making
	s.writer.mu.Unlock()
	if making == nil {
		return nil
	}
	select {
	case <-making:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// answer tells the one who waits for o what became of it. If a change was answered
// before and cannot be recorded, a worker does what no row speaks of: the writer takes
// no more changes, and the process must start anew.
func (w *writer) answer(o *op, err error) {
	if o.answered {
		if err != nil {
			w.broken = err
		}
		return
	}
	o.err = translate(err)
	close(o.done)
}

// commit makes first, and whatever else comes while it does, in one transaction.
// It returns what it took.
func (w *writer) commit(ctx context.Context, first *op) ([]*op, error) {
	batch := []*op{first}
	err := w.transact(ctx, func(u *unit) error {
		for next, n := 0, 0; next < len(batch); {
			for ; next < len(batch); next++ {
				if err := w.make(u, batch[next]); err != nil {
					return err
				}
				n += len(batch[next].changes)
			}
			w.announce(u)
			batch = w.gather(batch, maxBatch-n)
		}
		return nil
	})
	return batch, err
}

// announce tells the dispatcher what became ready: those nodes may be claimed by
// changes of the same transaction.
func (w *writer) announce(u *unit) {
	if d := w.store.cfg.Dispatcher; d != nil {
		d.Announce(u.ready)
	}
	u.ready = u.ready[:0]
}

// commitAlone makes one op's changes in a transaction of their own.
func (w *writer) commitAlone(ctx context.Context, o *op) error {
	return w.transact(ctx, func(u *unit) error { return w.make(u, o) })
}

// gather adds the changes that wait to batch, about limit of them. It lets others
// run before it concludes that nothing waits: whoever was answered by the last
// commit, or was granted a claim by this one, comes back at once.
func (w *writer) gather(batch []*op, limit int) []*op {
	yielded := 0
	for limit > 0 {
		select {
		case o := <-w.ops:
			batch, limit, yielded = append(batch, o), limit-len(o.changes), 0
			continue
		default:
		}
		if yielded == yields {
			break
		}
		runtime.Gosched()
		yielded++
	}
	return batch
}

// yields is how often others are let run before nothing is taken to wait.
const yields = 4

// make applies an op's changes to u. One that is entrusted to the writer is answered
// at once.
func (w *writer) make(u *unit, o *op) error {
	u.now = ms(w.store.cfg.Now()) // the unit may have begun before the change was wished for
	outcomes := make([]jobs.Outcome, len(o.changes))
	for i, c := range o.changes {
		if err := u.apply(c, &outcomes[i]); err != nil {
			return fmt.Errorf("%T: %w", c, err)
		}
	}
	if o.answered {
		return nil // this is the second try
	}
	o.outcomes = outcomes
	if o.trusted {
		o.answered = true
		close(o.done)
	}
	return nil
}

// transact runs fn in a transaction and tells of what it did.
func (w *writer) transact(ctx context.Context, fn func(u *unit) error) error {
	var u *unit
	err := w.link.tx(ctx, func() error {
		u = newUnit(ctx, w)
		if err := fn(u); err != nil {
			return err
		}
		return u.finish()
	})
	if err != nil {
		w.forget()
		return err
	}
	w.remember(u.nodes)
	w.count(u)
	w.sweeps = append(w.sweeps, u.sweeps...)
	w.announce(u)
	if d := w.store.cfg.Dispatcher; d != nil {
		for _, r := range u.ranks {
			d.Prioritize(r.Job, r.Rank)
		}
		if len(u.interrupted) > 0 {
			d.Interrupt(u.interrupted, jobs.ErrCancelled)
		}
	}
	if f := w.store.cfg.Feed; f != nil {
		f.Publish(u.jobOrder...)
	}
	return nil
}

// maxStates bounds what is remembered, at about 600 bytes each.
const maxStates = 1 << 14

// maxReady bounds the nodes that are known to be ready, at about 40 bytes each: those
// beyond are read when they are claimed.
const maxReady = 1 << 17

// isReady remembers that a node may be claimed.
func (w *writer) isReady(id, epoch int64) {
	if len(w.ready) < maxReady {
		w.ready[id] = epoch
	}
}

// forget drops what was remembered: it was changed and the rows were not.
func (w *writer) forget() {
	clear(w.states)
	clear(w.ready)
}

// remember keeps the open nodes of a committed unit for the next one: the branches
// above busy leaves would be read again by every transaction. Only this writer
// changes rows of nodes, so they stay true.
func (w *writer) remember(nodes map[int64]*nodeState) {
	if len(w.states)+len(nodes) > maxStates {
		clear(w.states)
	}
	for id, s := range nodes {
		if s.status.Final() {
			delete(w.states, id)
			continue
		}
		w.states[id] = s
	}
}

func (w *writer) count(u *unit) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stats.Commits++
	w.stats.Rows += u.rows
	w.stats.Changes += u.changes
	w.stats.Stale += u.stale
}

// Stats returns what the writer did since Open.
func (s *Store) Stats() Stats {
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	return s.writer.stats
}
