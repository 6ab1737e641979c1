package drill

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// trial is one run: a database, a model, a child that works, and what is done to it.
type trial struct {
	*scenario

	argv   []string
	path   string
	tally  *tally
	server *server

	child   *process
	watch   *sampler
	lives   int
	starved bool          // the child's disk has little room, or none
	offset  time.Duration // of the child's clock
	samples int
	gaveUp  int
	found   []Violation
	asks    sync.WaitGroup

	mu    sync.Mutex
	acked map[string]map[string]bool // key -> ids
	ids   []jobs.JobID               // acknowledged, in that order
}

// newTrial prepares a run of a seed in dir. The caller must end it.
func newTrial(ctx context.Context, argv []string, dir string, seed uint64, t *tally) (*trial, error) {
	srv, err := listen(ctx, seed, t)
	if err != nil {
		return nil, err
	}
	return &trial{
		scenario: drawScenario(seed), argv: argv, path: filepath.Join(dir, "bob.db"), tally: t, server: srv,
		acked: map[string]map[string]bool{},
	}, nil
}

// play does all that the seed says, and leaves the database to be looked at.
func (r *trial) play(ctx context.Context) error {
	for _, phase := range []func(context.Context) error{r.storm, r.calm, r.after} {
		if err := phase(ctx); err != nil {
			return fmt.Errorf("seed %d: %w", r.seed, err)
		}
	}
	return nil
}

// end ends what an error left running, and the model.
func (r *trial) end() error {
	if r.child != nil && !r.child.gone() {
		r.child.kill()
	}
	if r.watch != nil {
		r.watch.close()
	}
	r.asks.Wait()
	return r.server.close()
}

// storm does the acts of the scenario while the jobs come in and run.
func (r *trial) storm(ctx context.Context) error {
	if err := r.begin(ctx, 0); err != nil {
		return err
	}
	for i, a := range r.acts {
		if i%3 == 0 && i/3 < len(r.work) {
			r.submit(r.work[i/3])
		}
		if err := wait(ctx, a.after); err != nil {
			return err
		}
		if err := r.alive(ctx); err != nil {
			return err
		}
		if err := r.do(ctx, a.what); err != nil {
			return err
		}
	}
	return nil
}

// begin starts a child on the database, which may grow by room pages; 0: freely.
func (r *trial) begin(ctx context.Context, room int) error {
	if err := r.launch(ctx, room); err != nil {
		return err
	}
	select {
	case <-r.child.ready:
	case <-r.child.over: // it found the disk full
		return nil
	case <-time.After(stopPatience):
		return fmt.Errorf("a process did not open its database within %s", stopPatience)
	}
	var err error
	r.watch, err = sample(ctx, r.path)
	return err
}

func (r *trial) launch(ctx context.Context, room int) (err error) {
	r.lives++
	r.starved = room > 0
	r.child, err = start(ctx, r.argv, setup{
		Path: r.path, URL: r.server.url, Life: r.lives, Room: room, Files: room > 0 && r.rng.IntN(2) == 0, Offset: r.offset, Timeout: r.timeout,
	})
	return err
}

// lost lets go of a child that has ended, and keeps what is known of it.
func (r *trial) lost() {
	if r.watch != nil {
		r.found = append(r.found, r.watch.close()...)
		r.samples += r.watch.samples
		r.watch = nil
	}
	if r.child.claim > 0 && r.lives > 1 {
		r.tally.restart(r.child.claim)
	}
	switch end := r.child.ended(); end.News {
	case newsFull:
		r.tally.fault(FaultFull)
	case newsFailed:
		r.gaveUp++
		r.found = append(r.found, Violation{Kind: KindGaveUp, Job: fmt.Sprintf("process %d", r.lives), Detail: end.Error})
	}
}

// maxGivenUp is how often an engine may give up for another reason than a full disk
// before the drill does.
const maxGivenUp = 3

// alive starts the child anew if it gave up, with room to grow.
func (r *trial) alive(ctx context.Context) error {
	if !r.child.gone() {
		return nil
	}
	r.lost()
	if r.gaveUp > maxGivenUp {
		return fmt.Errorf("the engine gave up %d times: %s", r.gaveUp, r.child.ended().Error)
	}
	return r.begin(ctx, 0)
}

// do does one act.
func (r *trial) do(ctx context.Context, f Fault) error {
	switch f {
	case FaultKill:
		r.child.kill()
		r.lost()
		r.tally.fault(f)
		return r.begin(ctx, 0)
	case FaultKillBoot:
		return r.killBoot(ctx)
	case FaultFull:
		return r.full(ctx)
	case FaultClock:
		return r.jump(ctx)
	case FaultDuplicate, FaultEarly:
		r.resubmit(f)
	default:
		return r.control(ctx, f)
	}
	return nil
}

// killBoot kills a child, and its successor while that opens the database.
func (r *trial) killBoot(ctx context.Context) error {
	r.child.kill()
	r.lost()
	if err := r.launch(ctx, 0); err != nil {
		return err
	}
	select {
	case <-r.child.ready: // too late: an ordinary kill
		r.tally.fault(FaultKill)
	case <-time.After(time.Duration(10+r.rng.IntN(60)) * time.Millisecond):
		r.tally.fault(FaultKillBoot)
	}
	r.child.kill()
	r.lost()
	return r.begin(ctx, 0)
}

// full lets the child go on where the database may grow by a few pages only. Whether
// it finds the disk full is counted when it ends.
func (r *trial) full(ctx context.Context) error {
	err := r.child.stop()
	r.lost()
	if err := errors.Join(err, r.begin(ctx, 1+r.rng.IntN(4))); err != nil {
		return err
	}
	r.submit(r.work[r.rng.IntN(len(r.work))]) // it has something to write
	select {
	case <-r.child.over:
	case <-time.After(fullPatience):
	}
	return nil
}

// fullPatience is how long a child may go on before its disk is full.
const fullPatience = 400 * time.Millisecond

// jump moves the child's clock by an hour.
func (r *trial) jump(context.Context) error {
	by := time.Hour
	if r.offset > 0 {
		by = -by
	}
	r.offset += by
	r.tally.fault(FaultClock)
	r.ask(order{Jump: by})
	return nil
}

// ask gives an order and does not wait.
func (r *trial) ask(o order) {
	child := r.child
	r.asks.Go(func() { _, _ = child.ask(o) }) // whether it was done is seen in the rows
}

// submit hands a job in and notes the acknowledgement.
func (r *trial) submit(w submission) {
	child := r.child
	r.asks.Go(func() { r.acknowledge(child, w) })
}

func (r *trial) acknowledge(child *process, w submission) {
	got, err := child.ask(order{Submit: &w})
	if err != nil || got.Error != "" {
		return // nobody was told that there is a job; it will be sent again
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.acked[w.Key] == nil {
		r.acked[w.Key] = map[string]bool{}
		r.ids = append(r.ids, got.Job)
	}
	r.acked[w.Key][string(got.Job)] = true
}

// resubmit sends what was sent before, twice at once, or speaks of a job that does
// not exist yet.
func (r *trial) resubmit(f Fault) {
	r.tally.fault(f)
	if f == FaultEarly {
		c := r.command(target{job: "job_notthere"})
		r.ask(order{Command: &c})
		r.ask(order{Approve: &approval{Job: "job_notthere", Revision: 1}})
		return
	}
	w := r.work[r.rng.IntN(len(r.work))]
	r.submit(w)
	r.submit(w)
}

// control lets people interfere: once, repeatedly, or several at once.
func (r *trial) control(ctx context.Context, f Fault) error {
	list, err := r.targets(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	at := list[r.rng.IntN(len(list))]
	r.tally.fault(f)
	c := r.command(at)
	r.ask(order{Command: &c})
	switch f {
	case FaultRepeat:
		r.ask(order{Command: &c})
		r.ask(order{Command: &c})
	case FaultRace:
		for range 3 {
			other := r.command(at)
			r.ask(order{Command: &other})
		}
		r.ask(order{Approve: &approval{Job: at.job, Revision: r.rng.IntN(3)}})
		r.ask(order{Budget: &raise{Job: at.job, Budget: 30 * llm.Dollar}})
	default:
	}
	return nil
}

// targets lists the nodes of the open jobs, or of all if none is open.
func (r *trial) targets(ctx context.Context) (list []target, err error) {
	db, err := openRows(r.path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = query(ctx, db, `SELECT n.job_id, n.path FROM nodes n JOIN jobs j ON j.id = n.job_id
		WHERE j.final = (SELECT min(final) FROM jobs) ORDER BY n.id`, func(scan func(...any) error) error {
		var t target
		err := scan(&t.job, &t.path)
		list = append(list, t)
		return err
	})
	if err != nil && r.child.gone() {
		return nil, nil // it ended before there were tables
	}
	return list, err
}
