// Package run carries out planned nodes: it claims what the dispatcher hands it,
// lets the node be planned, worked on or combined, and records what came of it.
// It knows when to try again and when to give up; it does not know how plans are
// made, how results are combined, what a tool does or how rows are kept.
package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/askbob/bob/jobs"
)

// Hands do the work of a claimed node. Their contexts end when the node's time is
// up, when it is cancelled or when the process stops; then whatever they return is
// dropped.
type Hands interface {
	Plan(ctx context.Context, n *jobs.Node) (jobs.Plan, error)
	Work(ctx context.Context, n *jobs.Node) (string, error)
	Combine(ctx context.Context, n *jobs.Node) (string, error)
	// Gather is the combining that cannot fail for want of a model.
	Gather(ctx context.Context, n *jobs.Node) (string, error)
}

// Store is what a Runner needs of a jobs.Store.
type Store interface {
	jobs.Writer
	jobs.Source

	// Entrust makes a change, and may return before it is durable: nobody but the
	// store may know what follows from it before one that was made by Apply afterwards,
	// or a read of the store. It is for what workers say of their nodes. A store that
	// then cannot make it durable makes no more changes.
	Entrust(ctx context.Context, c jobs.Change) (jobs.Outcome, error)
	Overdue(ctx context.Context, now time.Time) ([]jobs.JobID, error)
	Silent(ctx context.Context, since time.Time) ([]jobs.JobID, error)
	Unanswered(ctx context.Context, now time.Time) ([]jobs.JobID, error)
	Refilled(ctx context.Context, now time.Time) ([]jobs.JobID, error)
}

// Forecaster says what a plan will come to.
type Forecaster interface {
	Forecast(ctx context.Context, n *jobs.Node, p jobs.Plan) (jobs.Forecast, error)
}

// Config configures a Runner. Store, Dispatcher, Hands, Log, Now and Worker are
// required.
type Config struct {
	Store      Store
	Dispatcher jobs.Dispatcher
	Hands      Hands
	Log        *slog.Logger
	Now        func() time.Time
	Worker     string     // names this process; new at every start
	Forecaster Forecaster // nil: nothing is foretold

	Attempts    int           // of a node, before it fails; default 3
	NodeTimeout time.Duration // of one attempt; default 10m
	// FirstWait bounds the pause after a first failed attempt, and doubles with each
	// until it reaches LongestWait. Pauses are drawn at random below that bound. A
	// provider that names a wait gets it instead. Default 1s and 1m.
	FirstWait   time.Duration
	LongestWait time.Duration
	QuietAfter  time.Duration // how long nothing may happen in a job before people are told; 0: they are not
	// AnswerWithin is how long a node waits for an answer, until it goes on with what
	// it assumes; 0: for ever.
	AnswerWithin time.Duration
}

// Runner works on nodes until it is told to stop.
type Runner struct {
	cfg Config

	mu    sync.Mutex
	fatal error // why nothing can be recorded any more
	halt  context.CancelFunc
}

// New returns a Runner for cfg.
func New(cfg Config) (*Runner, error) {
	if cfg.Store == nil || cfg.Dispatcher == nil || cfg.Hands == nil || cfg.Log == nil || cfg.Now == nil || cfg.Worker == "" {
		return nil, errors.New("run: Store, Dispatcher, Hands, Log, Now and Worker are required")
	}
	if cfg.Attempts == 0 {
		cfg.Attempts = 3
	}
	if cfg.NodeTimeout == 0 {
		cfg.NodeTimeout = 10 * time.Minute
	}
	if cfg.FirstWait == 0 {
		cfg.FirstWait = firstWait
	}
	if cfg.LongestWait == 0 {
		cfg.LongestWait = longestWait
	}
	if cfg.FirstWait < 0 || cfg.LongestWait < cfg.FirstWait {
		return nil, fmt.Errorf("run: FirstWait is %s and LongestWait %s: the first must be positive, and the longest no less", cfg.FirstWait, cfg.LongestWait)
	}
	return &Runner{cfg: cfg}, nil
}

// Run works until ctx is done, then hands back what could not be finished. It
// returns nil after a requested stop, and the store's error if nothing can be
// recorded any more, such as jobs.ErrDiskFull.
func (r *Runner) Run(ctx context.Context) error {
	ctx, r.halt = context.WithCancel(ctx)
	defer r.halt()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.watch(ctx) })
	g.Go(func() error { return r.cfg.Dispatcher.Run(ctx, r.cfg.Store, r.claim) })
	err := g.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.fatal, err)
}

// give up: the process cannot go on, and Run says why.
func (r *Runner) giveUp(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fatal == nil {
		r.fatal = err
	}
	r.halt()
}

// recordLimit is how long recording an outcome may take after a stop signal.
const recordLimit = 30 * time.Second

// outlasting is a context that goes on when ctx ends, but not for ever.
func outlasting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
}

// record keeps what came of a node, even if ctx ends meanwhile, but does not wait for
// ever.
func (r *Runner) record(ctx context.Context, c jobs.Change) error {
	ctx, cancel := outlasting(ctx)
	defer cancel()
	out, err := r.cfg.Store.Entrust(ctx, c)
	if err != nil {
		return err
	}
	return out.Err
}

// claim takes a node that the dispatcher says is ready.
func (r *Runner) claim(ctx context.Context, ready jobs.Ready) (work func()) {
	out, err := r.cfg.Store.Entrust(context.WithoutCancel(ctx), jobs.Claim{Fence: ready.Fence, Worker: r.cfg.Worker, Known: ready.Known})
	switch {
	case err != nil:
		r.giveUp(fmt.Errorf("claim node %d: %w", ready.Node, err))
		return nil
	case out.Err != nil:
		return nil // another was faster, or it is no longer wanted
	}
	return func() { r.handle(ctx, out.Node) }
}

// handle works on a claimed node and records what came of it.
func (r *Runner) handle(ctx context.Context, n *jobs.Node) {
	change := r.work(ctx, n)
	if change == nil {
		return
	}
	switch err := r.record(ctx, change); {
	case errors.Is(err, jobs.ErrStale):
		r.log(n).Debug("outcome dropped", "reason", "the node moved on")
	case err != nil:
		r.giveUp(fmt.Errorf("record node %d: %w", n.ID, err))
	case r.cfg.Log.Enabled(ctx, slog.LevelDebug):
		r.log(n).Debug("node recorded", "change", fmt.Sprintf("%T", change))
	}
}

// log names a node in what is logged of it.
func (r *Runner) log(n *jobs.Node) *slog.Logger {
	return r.cfg.Log.With("job", n.Job, "node", n.ID, "path", n.Path, "phase", n.Phase, "attempt", n.Attempt)
}

// work does what the node's phase asks for and turns what came of it into a
// change; nil: nothing is to be recorded.
func (r *Runner) work(ctx context.Context, n *jobs.Node) (change jobs.Change) {
	defer func() {
		if p := recover(); p != nil {
			r.log(n).Error("node panicked", "panic", p)
			change = r.failed(ctx, n, jobs.ReasonInternal, jobs.UserMessage(fmt.Errorf("panic: %v", p)))
		}
	}()
	limited, cancel := context.WithTimeoutCause(ctx, r.cfg.NodeTimeout, jobs.ErrNodeTimeout)
	defer cancel()
	var err error
	switch n.Phase {
	case jobs.PhasePlan:
		change, err = r.plan(limited, n)
	case jobs.PhaseCombine:
		change, err = r.combine(limited, n)
	default:
		change, err = r.leaf(limited, n)
	}
	if err == nil {
		return change
	}
	return r.outcome(limited, n, err)
}

func (r *Runner) plan(ctx context.Context, n *jobs.Node) (jobs.Change, error) {
	p, err := r.cfg.Hands.Plan(ctx, n)
	if err != nil {
		return nil, err
	}
	if len(p.Questions) > 0 {
		return r.asks(n, question{text: list(p.Questions)}), nil
	}
	f := r.forecast(ctx, n, p)
	if step := p.OneStep(); step != nil {
		return jobs.Become{Fence: n.Fence(), Title: p.Title, Step: *step, Forecast: f}, nil
	}
	return jobs.Expand{Fence: n.Fence(), Plan: p, Forecast: f}, nil
}

func (r *Runner) leaf(ctx context.Context, n *jobs.Node) (jobs.Change, error) {
	text, err := r.cfg.Hands.Work(ctx, n)
	if err != nil {
		return nil, err
	}
	return jobs.Finish{Node: n, Status: jobs.StatusCompleted, Result: text}, nil
}

func (r *Runner) combine(ctx context.Context, n *jobs.Node) (jobs.Change, error) {
	text, err := r.cfg.Hands.Combine(ctx, n)
	if err != nil {
		return nil, err
	}
	return jobs.Finish{Node: n, Status: n.Verdict, Result: text}, nil
}

func list(questions []string) string {
	text := ""
	for i, q := range questions {
		if i > 0 {
			text += "\n"
		}
		text += "- " + q
	}
	return text
}
