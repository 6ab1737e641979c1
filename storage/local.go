package storage

import (
	"container/heap"
	"context"
	"errors"
	"slices"
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

// Local is the jobs.Dispatcher of a single process: ready nodes in memory and a
// goroutine for each node in hand. Priority decides first. Jobs of the same priority
// take turns by start-time fair queueing (Goyal and others, 1996): a job's next turn
// is one after its last, but not before the one that is on now, so that a large job
// cannot starve a small one. Within a job, what became ready last goes first: a tree
// is worked on branch by branch, few of its nodes wait at a time, and first results
// come early. What does not fit a job's window stays in the store and is fetched when
// there is room.
type Local struct {
	cfg   LocalConfig
	wake  chan struct{}
	hurry chan struct{} // closed when a stop is to wait no longer
	once  sync.Once     // closes hurry
	hands sync.WaitGroup

	mu       sync.Mutex
	hand     func(jobs.Ready) // claims a node and works on it; nil: none are handed out
	line     line             // jobs with nodes to hand out now
	later    laterHeap        // nodes to hand out at their time
	seen     time.Time        // the clock, when it was last looked at
	turn     int64            // that is on now
	seq      int64            // of the last that took a place in the line
	busy     int              // nodes in hand
	claiming int              // of those, claims that are not answered yet
	windows  map[jobs.JobID]*window
	running  map[jobs.Fence]inHand // by what was said to be ready
}

var _ jobs.Dispatcher = (*Local)(nil)

// inHand is a node that is being worked on. The next claim of it may begin before
// the last one's goroutine is over.
type inHand struct {
	cancel context.CancelCauseFunc
	again  *jobs.Ready // it was said to be ready once more: its claim may be refused before that
}

// claimsAtOnce bounds the claims that wait for the store. A node is chosen when the
// store can take its claim, not before: then what has become ready meanwhile, deeper in
// the same branch, goes first, and is often made, worked on and done in one
// transaction.
const claimsAtOnce = 16

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
		windows: map[jobs.JobID]*window{}, running: map[jobs.Fence]inHand{},
	}
}

// Announce takes nodes that became ready.
func (l *Local) Announce(ready []jobs.Ready) {
	if len(ready) == 0 {
		return
	}
	l.mu.Lock()
	l.take(ready)
	l.mu.Unlock()
	l.start()
}

// take sorts nodes in, the first of each job to be its next. The caller holds the
// lock.
func (l *Local) take(ready []jobs.Ready) {
	marks := map[*window]int{}
	for _, r := range ready {
		w := l.window(r)
		if w == nil {
			continue
		}
		if _, ok := marks[w]; !ok {
			marks[w] = len(w.idle)
		}
		if r.Node == 0 {
			w.miss(0)
			l.knock()
			continue
		}
		l.push(w, r)
	}
	for w, mark := range marks {
		slices.Reverse(w.idle[mark:])
	}
}

// Prioritize gives a job's waiting nodes another rank.
func (l *Local) Prioritize(job jobs.JobID, rank int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w := l.windows[job]; w != nil {
		w.rank = rank
		heap.Init(&l.line)
	}
}

func (l *Local) knock() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// window is that of r's job; nil: the job is not ours.
func (l *Local) window(r jobs.Ready) *window {
	if l.cfg.Only != nil && !l.cfg.Only(r.Job) {
		return nil
	}
	w := l.windows[r.Job]
	if w == nil {
		w = &window{job: r.Job, rank: r.Rank, held: map[jobs.NodeID]int64{}, place: nowhere}
		l.windows[r.Job] = w
	}
	return w
}

// push keeps a node, or leaves it to the store if its job's window is full.
func (l *Local) push(w *window, r jobs.Ready) {
	if epoch, ok := w.held[r.Node]; ok && epoch >= r.Epoch {
		if hand, ok := l.running[r.Fence]; ok && epoch == r.Epoch {
			hand.again = &r
			l.running[r.Fence] = hand
		}
		return // said twice
	}
	if w.waiting() >= l.cfg.Window {
		w.miss(r.Node)
		return
	}
	w.held[r.Node] = r.Epoch
	now := l.cfg.Now()
	l.turnedBack(now)
	if r.NotBefore.After(now) {
		w.later++
		heap.Push(&l.later, r)
		l.knock()
		return
	}
	l.ready(w, r)
}

// ready makes a node its job's next.
func (l *Local) ready(w *window, r jobs.Ready) {
	w.idle = append(w.idle, r)
	l.queue(w)
}

// queue gives a job with nodes to hand out its place in the line.
func (l *Local) queue(w *window) {
	if w.place != nowhere {
		return
	}
	l.seq++
	w.turn, w.seq = max(l.turn, w.turn), l.seq
	heap.Push(&l.line, w)
}

// Interrupt ends the contexts of the work on claims.
func (l *Local) Interrupt(claims []jobs.Fence, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range claims {
		f.Epoch-- // a claim's is one more than what was ready had
		if hand, ok := l.running[f]; ok {
			hand.cancel(cause)
		}
	}
}

// Hurry ends the grace time of a stop, also of one that is yet to come.
func (l *Local) Hurry() { l.once.Do(func() { close(l.hurry) }) }

// Run hands ready nodes to claim, at most Workers at once, until ctx is done.
// Those in hand have the grace time to end by themselves; then their contexts end
// with jobs.ErrStopped, and it waits for them.
func (l *Local) Run(ctx context.Context, source jobs.Source, claim jobs.ClaimFunc) error {
	waiting, err := source.Waiting(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil
	case err != nil:
		return err
	}
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	l.mu.Lock()
	l.take(waiting)
	l.hand = func(r jobs.Ready) { l.handle(work, claim, r) }
	l.mu.Unlock()
	defer l.letGo(cancel)
	for ctx.Err() == nil {
		if err := l.refill(ctx, source); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		l.start()
		if err := l.sleep(ctx); err != nil {
			return nil
		}
	}
	return nil
}

// letGo hands nothing out any more and waits for the nodes in hand, no longer than
// the grace time before it tells them to stop.
func (l *Local) letGo(stop context.CancelCauseFunc) {
	l.mu.Lock()
	l.hand = nil
	l.mu.Unlock()
	defer stop(jobs.ErrStopped)
	if l.cfg.Grace == 0 {
		stop(jobs.ErrStopped)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		l.hands.Wait()
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

// refill fetches from the store for jobs whose window has room. What it finds has
// waited longer than what was announced since, and goes after that.
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
		w = l.window(jobs.Ready{Job: job, Rank: w.rank}) // it may have been forgotten meanwhile
		newer := w.idle
		w.idle = nil
		l.take(list)
		w.idle = append(w.idle, newer...)
		if len(list) == limit {
			w.miss(list[limit-1].Node + 1)
		}
		l.forget(w)
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
		if w.more && w.waiting() <= l.cfg.Window/2 {
			list = append(list, job)
		}
	}
	return list
}

// start lets hands begin with what is due.
func (l *Local) start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		r, ok := l.next()
		if !ok {
			return
		}
		hand := l.hand
		l.hands.Go(func() {
			for ; ok; r, ok = l.another(r) {
				hand(r)
			}
		})
	}
}

// handle claims a node and works on it.
func (l *Local) handle(ctx context.Context, claim jobs.ClaimFunc, r jobs.Ready) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l.mu.Lock()
	l.running[r.Fence] = inHand{cancel: cancel}
	l.mu.Unlock()
	work := claim(ctx, r)
	l.mu.Lock()
	l.claiming--
	l.mu.Unlock()
	if work == nil {
		return
	}
	l.start()
	work()
}

// another lets go of a node and takes the next.
func (l *Local) another(r jobs.Ready) (jobs.Ready, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release(r)
	return l.next()
}

// next takes the node that is due first, if it can be handed out. The caller holds
// the lock.
func (l *Local) next() (jobs.Ready, bool) {
	if l.hand == nil || l.busy >= l.cfg.Workers || l.claiming >= claimsAtOnce {
		return jobs.Ready{}, false
	}
	now := l.cfg.Now()
	l.turnedBack(now)
	for len(l.later) > 0 && !l.later[0].NotBefore.After(now) {
		r, _ := heap.Pop(&l.later).(jobs.Ready)
		w := l.windows[r.Job]
		w.later--
		l.ready(w, r)
	}
	if len(l.line) == 0 {
		return jobs.Ready{}, false
	}
	w := l.line[0]
	l.turn = max(l.turn, w.turn)
	w.turn++
	w.busy++
	l.busy++
	l.claiming++
	r := pop(&w.idle)
	if len(w.idle) == 0 {
		heap.Pop(&l.line)
	} else {
		heap.Fix(&l.line, 0)
	}
	return r, true
}

// release forgets a node that was worked on. The caller holds the lock.
func (l *Local) release(r jobs.Ready) {
	hand := l.running[r.Fence]
	delete(l.running, r.Fence)
	w := l.windows[r.Job]
	w.busy--
	l.busy--
	if w.held[r.Node] == r.Epoch {
		delete(w.held, r.Node)
	}
	if hand.again != nil {
		l.push(w, *hand.again)
	}
	l.forget(w)
}

// forget drops the window of a job of which nothing is left here, and wakes Run if
// the store has more of it.
func (l *Local) forget(w *window) {
	switch {
	case w.more && w.waiting() <= l.cfg.Window/2:
		l.knock()
	case w.waiting() == 0 && w.busy == 0 && !w.more:
		delete(l.windows, w.job)
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
