package storage

import (
	"container/heap"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/askbob/bob/jobs"
)

// LocalConfig configures a Local. Workers is required.
type LocalConfig struct {
	Workers int // nodes worked on at once
	// Window bounds the ready nodes of one job that are kept in memory; the rest
	// stays in the store until there is room. 0: 8,192, a few MB.
	Window int
	// Only restricts it to one job; nil: all jobs.
	Only func(jobs.JobID) bool
	// Grace is how long a stop waits for the nodes in hand before it ends their
	// contexts; 0: not at all.
	Grace time.Duration
	Now   func() time.Time
}

// Local is the jobs.Dispatcher of a single process: a heap of ready nodes and a
// goroutine for each node in hand. Priority decides first. Jobs of the same
// priority take turns by start-time fair queueing (Goyal and others, 1996): a
// node's turn is one after the last of its own job, but not before the one that is
// on now, so that a large job cannot starve a small one. What does not fit a job's
// window stays in the store and is fetched when there is room.
type Local struct {
	cfg   LocalConfig
	wake  chan struct{}
	hurry chan struct{} // closed when a stop is to wait no longer
	once  sync.Once     // closes hurry

	mu      sync.Mutex
	queue   readyHeap // to hand out now
	later   laterHeap // to hand out at their time
	seen    time.Time // the clock, when it was last looked at
	turn    int64     // that is on now
	seq     int64     // of the last node queued
	windows map[jobs.JobID]*window
	running map[jobs.NodeID]inHand
}

var _ jobs.Dispatcher = (*Local)(nil)

// window is what Local knows of one job.
type window struct {
	turn int64                 // of its last node
	held map[jobs.NodeID]int64 // queued here or in hand: the newest epoch of each
	idle int                   // queued here
	busy int                   // in hand
	more bool                  // the store has, or may have, ready nodes that are not held
	from jobs.NodeID           // the first of those
}

// miss notes that the store has, or may have, a ready node that is not held.
func (w *window) miss(id jobs.NodeID) {
	if !w.more || id < w.from {
		w.from = id
	}
	w.more = true
}

// room is how many nodes to read so that a window of that size is filled: what is
// held already is read too.
func (w *window) room(size int) int {
	n := size - w.idle
	for id := range w.held {
		n += count(id >= w.from)
	}
	return n
}

// inHand is a node that is being worked on. The next claim of it may begin before
// the last one's goroutine is over.
type inHand struct {
	epoch  int64
	cancel context.CancelCauseFunc
	again  *jobs.Ready // it was said to be ready once more: its claim may be refused before that
}

// defaultWindow is large enough to ask the store seldom.
const defaultWindow = 8192

// NewLocal returns a Local. It panics if Workers is not positive, which is a
// mistake of the program, not of its input.
func NewLocal(cfg LocalConfig) *Local {
	if cfg.Workers < 1 || cfg.Now == nil {
		panic("storage: Local needs Workers and Now")
	}
	if cfg.Window == 0 {
		cfg.Window = defaultWindow
	}
	return &Local{
		cfg: cfg, wake: make(chan struct{}, 1), hurry: make(chan struct{}),
		windows: map[jobs.JobID]*window{}, running: map[jobs.NodeID]inHand{},
	}
}

// Committed takes nodes that became ready.
func (l *Local) Committed(ready []jobs.Ready) {
	if len(ready) == 0 {
		return
	}
	l.mu.Lock()
	for _, r := range ready {
		if r.Node == 0 {
			l.expect(r)
			continue
		}
		l.push(r)
	}
	l.mu.Unlock()
	l.knock()
}

// Prioritize gives a job's waiting nodes another rank.
func (l *Local) Prioritize(job jobs.JobID, rank int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, list := range [][]queued{l.queue, l.later} {
		for i := range list {
			if list[i].Job == job {
				list[i].Rank = rank
			}
		}
	}
	heap.Init(&l.queue)
}

func (l *Local) knock() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// push puts a node on a heap, or leaves it to the store if its job's window is
// full. The caller holds the lock.
func (l *Local) push(r jobs.Ready) {
	if l.cfg.Only != nil && !l.cfg.Only(r.Job) {
		return
	}
	w := l.windows[r.Job]
	if w == nil {
		w = &window{held: map[jobs.NodeID]int64{}}
		l.windows[r.Job] = w
	}
	if epoch, ok := w.held[r.Node]; ok && epoch >= r.Epoch {
		if hand := l.running[r.Node]; hand.epoch == r.Epoch && hand.cancel != nil {
			hand.again = &r
			l.running[r.Node] = hand
		}
		return // said twice
	}
	if w.more || w.idle >= l.cfg.Window {
		w.miss(r.Node)
		return
	}
	l.hold(w, r)
}

func (l *Local) hold(w *window, r jobs.Ready) {
	w.held[r.Node] = r.Epoch
	w.idle++
	l.seq++
	w.turn = max(l.turn, w.turn+1)
	item := queued{Ready: r, turn: w.turn, seq: l.seq}
	now := l.cfg.Now()
	l.turnedBack(now)
	if r.NotBefore.After(now) {
		heap.Push(&l.later, item)
		return
	}
	heap.Push(&l.queue, item)
}

// Interrupt ends the contexts of running nodes.
func (l *Local) Interrupt(nodes []jobs.NodeID, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range nodes {
		if hand, ok := l.running[id]; ok {
			hand.cancel(cause)
		}
	}
}

// Hurry ends the grace time of a stop, also of one that is yet to come.
func (l *Local) Hurry() { l.once.Do(func() { close(l.hurry) }) }

// Run hands ready nodes to handle, at most Workers at once, until ctx is done.
// Those in hand have the grace time to end by themselves; then their contexts end
// with jobs.ErrStopped, and it waits for them.
func (l *Local) Run(ctx context.Context, source jobs.Source, handle func(context.Context, jobs.Ready)) error {
	waiting, err := source.Waiting(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil
	case err != nil:
		return err
	}
	l.mu.Lock()
	for _, r := range waiting {
		l.expect(r)
	}
	l.mu.Unlock()

	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	var hands sync.WaitGroup
	slots := make(chan struct{}, l.cfg.Workers)
	defer l.letGo(&hands, cancel)
	for ctx.Err() == nil {
		if err := l.refill(ctx, source); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		l.start(work, slots, &hands, handle)
		if err := l.sleep(ctx); err != nil {
			return nil
		}
	}
	return nil
}

// letGo waits for the nodes in hand, and no longer than the grace time before it
// tells them to stop.
func (l *Local) letGo(hands *sync.WaitGroup, stop context.CancelCauseFunc) {
	defer stop(jobs.ErrStopped)
	if l.cfg.Grace == 0 {
		stop(jobs.ErrStopped)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		hands.Wait()
	}()
	grace := time.NewTimer(l.cfg.Grace)
	defer grace.Stop()
	select {
	case <-over:
		return
	case <-grace.C:
	case <-l.hurry:
	}
	stop(jobs.ErrStopped)
	<-over
}

// expect marks a job as one that the store has more of.
func (l *Local) expect(r jobs.Ready) {
	if l.cfg.Only != nil && !l.cfg.Only(r.Job) {
		return
	}
	w := l.windows[r.Job]
	if w == nil {
		w = &window{held: map[jobs.NodeID]int64{}}
		l.windows[r.Job] = w
	}
	w.miss(0)
}

// refill fetches from the store for jobs whose window has room.
func (l *Local) refill(ctx context.Context, source jobs.Source) error {
	for _, job := range l.hungry() {
		l.mu.Lock()
		w := l.windows[job]
		from, limit := w.from, w.room(l.cfg.Window)
		w.more = false // what becomes ready from here on says so itself
		l.mu.Unlock()
		list, err := source.Ready(ctx, job, from, limit)
		if err != nil {
			return err
		}
		l.mu.Lock()
		for _, r := range list {
			l.push(r)
		}
		if len(list) == limit {
			w.miss(list[limit-1].Node + 1)
		}
		l.mu.Unlock()
	}
	return nil
}

// hungry lists the jobs that the store has more of and whose window is half empty.
func (l *Local) hungry() []jobs.JobID {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []jobs.JobID
	for job, w := range l.windows {
		if w.more && w.idle <= l.cfg.Window/2 {
			list = append(list, job)
		}
	}
	return list
}

// start hands out what is due while there are slots.
func (l *Local) start(work context.Context, slots chan struct{}, hands *sync.WaitGroup, handle func(context.Context, jobs.Ready)) {
	for {
		select {
		case slots <- struct{}{}:
		default:
			return
		}
		r, ok := l.next()
		if !ok {
			<-slots
			return
		}
		ctx, cancel := context.WithCancelCause(work)
		l.mu.Lock()
		l.running[r.Node] = inHand{epoch: r.Epoch, cancel: cancel}
		l.mu.Unlock()
		hands.Go(func() {
			defer cancel(nil)
			handle(ctx, r)
			l.release(r)
			<-slots
			l.knock()
		})
	}
}

// next takes the node that is due first.
func (l *Local) next() (jobs.Ready, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Now()
	l.turnedBack(now)
	for len(l.later) > 0 && !l.later[0].NotBefore.After(now) {
		item, _ := heap.Pop(&l.later).(queued)
		heap.Push(&l.queue, item)
	}
	if len(l.queue) == 0 {
		return jobs.Ready{}, false
	}
	item, _ := heap.Pop(&l.queue).(queued)
	l.turn = max(l.turn, item.turn)
	w := l.windows[item.Job]
	w.idle--
	w.busy++
	return item.Ready, true
}

// release forgets a node that was worked on, and its job with the last one.
func (l *Local) release(r jobs.Ready) {
	l.mu.Lock()
	defer l.mu.Unlock()
	hand := l.running[r.Node]
	w := l.windows[r.Job]
	w.busy--
	if w.held[r.Node] == r.Epoch {
		delete(w.held, r.Node)
	}
	if hand.epoch == r.Epoch {
		delete(l.running, r.Node)
		if hand.again != nil {
			l.push(*hand.again)
		}
	}
	if w.idle == 0 && w.busy == 0 && !w.more {
		delete(l.windows, r.Job)
	}
}

// sleep waits until something may have changed.
func (l *Local) sleep(ctx context.Context) error {
	timer := time.NewTimer(l.untilLater())
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return errors.New("stopped")
	case <-l.wake:
	case <-timer.C:
	}
	return nil
}

// idleSleep bounds how long nobody looks: nothing should need it.
const idleSleep = time.Minute

func (l *Local) untilLater() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Now()
	l.turnedBack(now)
	if len(l.later) == 0 {
		return idleSleep
	}
	return min(idleSleep, max(0, l.later[0].NotBefore.Sub(now)))
}

// queued is a Ready with its place in the line.
type queued struct {
	jobs.Ready

	turn int64
	seq  int64
}

// readyHeap is ordered by priority, then by turn, then by age.
type readyHeap []queued

func (h readyHeap) Len() int { return len(h) }
func (h readyHeap) Less(i, j int) bool {
	switch {
	case h[i].Rank != h[j].Rank:
		return h[i].Rank > h[j].Rank
	case h[i].turn != h[j].turn:
		return h[i].turn < h[j].turn
	}
	return h[i].seq < h[j].seq
}
func (h readyHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push appends an item; only container/heap calls it.
func (h *readyHeap) Push(x any) { *h = append(*h, x.(queued)) } //nolint:forcetypeassert // only heap calls it

// Pop takes the last item; only container/heap calls it.
func (h *readyHeap) Pop() any { return pop((*[]queued)(h)) }

// laterHeap is ordered by time.
type laterHeap []queued

func (h laterHeap) Len() int           { return len(h) }
func (h laterHeap) Less(i, j int) bool { return h[i].NotBefore.Before(h[j].NotBefore) }
func (h laterHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push appends an item; only container/heap calls it.
func (h *laterHeap) Push(x any) { *h = append(*h, x.(queued)) } //nolint:forcetypeassert // only heap calls it

// Pop takes the last item; only container/heap calls it.
func (h *laterHeap) Pop() any { return pop((*[]queued)(h)) }

func pop(list *[]queued) queued {
	last := (*list)[len(*list)-1]
	*list = (*list)[:len(*list)-1]
	return last
}
