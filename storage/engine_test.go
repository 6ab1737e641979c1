package storage_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/run"
	"github.com/askbob/bob/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hands are a run.Hands whose plans and outcomes are given, and who remember what
// they were asked to do.
type hands struct {
	plans  map[string]jobs.Plan // by title of the planned node; the root's by ""
	fail   map[string]bool      // titles of leaves that fail for good
	once   map[string]bool      // titles of leaves that fail the first time only
	gate   chan struct{}        // if not nil, every leaf takes one before it ends
	delay  time.Duration
	second *jobs.Plan // of what is planned anew; nil: nothing is
	fickle bool       // every second time no plan comes of the root

	mu      sync.Mutex
	store   *storage.Store
	running map[jobs.NodeID]bool
	order   []string // titles of leaves in the order of their starts
	done    map[string]bool
	faults  []string
	planned int // times of the root
}

// permanent is an error after which no attempt is worth making.
type permanent struct{}

func (permanent) Error() string       { return "it does not work" }
func (permanent) Reason() jobs.Reason { return jobs.ReasonModel }

func (h *hands) Plan(_ context.Context, n *jobs.Node) (jobs.Plan, error) {
	key := n.Title
	if n.Parent == 0 {
		key = ""
		h.mu.Lock()
		h.planned++
		none := h.fickle && h.planned%2 == 0
		h.mu.Unlock()
		if none {
			return jobs.Plan{}, permanent{}
		}
	}
	p, ok := h.plans[key]
	if !ok && h.second != nil && strings.HasSuffix(key, " (2)") {
		return *h.second, nil
	}
	if !ok {
		return jobs.Plan{}, permanent{}
	}
	return p, nil
}

func (h *hands) Work(ctx context.Context, n *jobs.Node) (string, error) {
	h.mu.Lock()
	if h.running[n.ID] {
		h.faults = append(h.faults, fmt.Sprintf("node %d runs twice at once", n.ID))
	}
	h.running[n.ID] = true
	h.order = append(h.order, n.Title)
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		delete(h.running, n.ID)
		h.mu.Unlock()
	}()
	if h.delay > 0 {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(h.delay):
		}
	}
	if h.gate != nil {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-h.gate:
		}
	}
	h.mu.Lock()
	first := h.once[n.Title]
	delete(h.once, n.Title)
	h.mu.Unlock()
	if first || h.fail[n.Title] {
		return "", permanent{}
	}
	h.mu.Lock()
	h.done[n.Title] = true
	h.mu.Unlock()
	return "result of " + n.Title, nil
}

func (h *hands) Combine(ctx context.Context, n *jobs.Node) (string, error) { return h.Gather(ctx, n) }

func (h *hands) Gather(ctx context.Context, n *jobs.Node) (string, error) {
	b, err := h.store.Brief(ctx, n)
	text := ""
	for _, r := range b.Results {
		text += r.Text + "\n"
	}
	return text, err
}

// engine is a store, its dispatcher and a runner.
type engine struct {
	store *storage.Store
	feed  *jobs.Feed
	over  chan struct{} // closed when the runner ends, also by itself; nil: there is none
	stop  func() error
}

func start(tb fataler, path string, workers int, h *hands) *engine {
	tb.Helper()
	log := slog.New(slog.DiscardHandler)
	e := &engine{feed: &jobs.Feed{}, over: make(chan struct{})}
	local := storage.NewLocal(storage.LocalConfig{Workers: workers, Window: 8, Now: time.Now})
	store, err := storage.Open(context.Background(), storage.Config{Path: path, Log: log, Now: time.Now, Dispatcher: local, Feed: e.feed, Replan: h.second != nil})
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	h.store, h.running, h.done = store, map[jobs.NodeID]bool{}, map[string]bool{}
	r, err := run.New(run.Config{Store: store, Dispatcher: local, Hands: h, Log: log, Now: time.Now, Worker: "test"})
	if err != nil {
		tb.Fatalf("new runner: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	storeCtx, stopStore := context.WithCancel(context.Background())
	var g errgroup.Group
	g.Go(func() error { return store.Run(storeCtx) })
	g.Go(func() error {
		defer close(e.over)
		defer stopStore()
		return r.Run(ctx)
	})
	e.store = store
	e.stop = sync.OnceValue(func() error {
		cancel()
		return errors.Join(g.Wait(), store.Close())
	})
	return e
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// startIdle starts a store without a runner: what is ready stays ready.
func startIdle(t *testing.T, path string, h *hands) *engine {
	t.Helper()
	store, err := storage.Open(t.Context(), storage.Config{Path: path, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	h.store = store
	ctx, cancel := context.WithCancel(context.Background())
	var g errgroup.Group
	g.Go(func() error { return store.Run(ctx) })
	e := &engine{store: store, feed: &jobs.Feed{}, stop: sync.OnceValue(func() error {
		cancel()
		return errors.Join(g.Wait(), store.Close())
	})}
	t.Cleanup(func() {
		if err := e.stop(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func (e *engine) submit(tb fataler, budget jobs.Money) jobs.JobID {
	tb.Helper()
	out, err := e.store.Apply(context.Background(), jobs.Submit{Job: jobs.NewJob{
		ID: "job_00000001", Key: "message 1", Title: "test", Request: "do it", Priority: jobs.PriorityMedium, Budget: budget, Weight: time.Second,
	}})
	if err != nil || out[0].Err != nil {
		tb.Fatalf("submit: %v %v", err, out)
	}
	return out[0].Job
}

// silence is how long nothing happens in a job that is stuck: a loaded machine takes
// its time, but something happens.
const silence = time.Minute

// end waits until the job is final.
func (e *engine) end(tb fataler, job jobs.JobID) *jobs.Report {
	tb.Helper()
	knock, stop := e.feed.Subscribe(job)
	defer stop()
	for {
		r, err := e.store.Report(context.Background(), job, false)
		if err == nil && r.Status.Final() {
			r, err = e.store.Report(context.Background(), job, true)
		}
		if err != nil {
			tb.Fatalf("report: %v", err)
		}
		if r.Status.Final() {
			return r
		}
		select {
		case <-knock:
		case <-e.over:
			tb.Fatalf("the engine gave up: %v", e.stop())
		case <-time.After(silence):
			tb.Fatalf("the job is stuck: %+v", r)
		}
	}
}

// seedPlan is the example tree of the design that Bob was made from.
func seedPlan() jobs.Plan {
	step := func(key, parent string, typ jobs.Type, deps ...string) jobs.Step {
		return jobs.Step{Key: key, Parent: parent, Type: typ, Title: key, Prompt: key, DependsOn: deps}
	}
	return jobs.Plan{Title: "Sales Analysis & Presentation", Steps: []jobs.Step{
		step("1", "", jobs.TypePlan),
		step("1.1", "1", jobs.TypeSubplan),
		step("1.1.1", "1.1", jobs.TypeTask),
		step("1.1.2", "1.1", jobs.TypeTask, "1.1.1"),
		step("1.2", "1", jobs.TypeSubplan, "1.1"),
		step("1.2.1", "1.2", jobs.TypeTask),
		step("1.2.2", "1.2", jobs.TypeTask),
		step("1.2.3", "1.2", jobs.TypeTask, "1.2.1", "1.2.2"),
		step("1.3", "1", jobs.TypeSubplan, "1.2"),
		step("1.3.1", "1.3", jobs.TypeTask),
		step("2", "", jobs.TypePlan, "1"),
		step("2.1", "2", jobs.TypeTask),
		step("2.2", "2", jobs.TypeTask, "2.1"),
		step("2.3", "2", jobs.TypeTask, "2.2"),
	}}
}

func TestEngine_finishesTheSeedsTreeWithAnyNumberOfWorkers(t *testing.T) {
	t.Parallel()
	for workers := 1; workers <= 3; workers++ {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			t.Parallel()
			h := &hands{plans: map[string]jobs.Plan{"": seedPlan()}}
			e := start(t, filepath.Join(t.TempDir(), "bob.db"), workers, h)
			r := e.end(t, e.submit(t, -1))
			if err := e.stop(); err != nil {
				t.Fatal(err)
			}
			if r.Status != jobs.StatusCompleted || r.Summary.Completed != 9 || r.Progress != 100 {
				t.Errorf("got %s, %d done, %v%%; want completed, 9, 100", r.Status, r.Summary.Completed, r.Progress)
			}
			if r.Title != "Sales Analysis & Presentation" {
				t.Errorf("title %q is not the plan's", r.Title)
			}
			checkOrder(t, h.order, seedPlan())
		})
	}
}

// checkOrder checks that no leaf started before what it depends on.
func checkOrder(tb interface {
	Errorf(format string, args ...any)
}, order []string, p jobs.Plan,
) {
	at := map[string]int{}
	for i, title := range order {
		at[title] = i
	}
	deps := map[string][]string{}
	parent := map[string]string{}
	for _, s := range p.Steps {
		deps[s.Key], parent[s.Key] = s.DependsOn, s.Parent
	}
	for title, i := range at {
		for key := title; key != ""; key = parent[key] {
			for _, on := range deps[key] {
				if j, ok := at[on]; ok && j > i {
					tb.Errorf("%s started before %s, which it depends on", title, on)
				}
			}
		}
	}
}

func TestEngine_keepsItsInvariantsOnRandomTrees(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		path := filepath.Join(dir, fmt.Sprintf("%d.db", n))
		h := &hands{plans: map[string]jobs.Plan{}, fail: map[string]bool{}}
		h.plans[""] = randomPlan(t, h)
		e := start(t, path, rapid.IntRange(1, 4).Draw(t, "workers"), h)
		r := e.end(t, e.submit(t, -1))
		noFaults(t, e)
		if err := e.stop(); err != nil {
			t.Fatalf("stop: %v", err)
		}
		for _, fault := range h.faults {
			t.Errorf("%s", fault)
		}
		checkReport(t, r)
		checkOrder(t, h.order, h.plans[""])
		_ = os.Remove(path)
	})
}

// randomPlan draws a tree with dependencies between earlier and later siblings,
// policies, optional and failing steps.
func randomPlan(t *rapid.T, h *hands) jobs.Plan {
	var p jobs.Plan
	var grow func(parent string, depth int)
	grow = func(parent string, depth int) {
		size := rapid.IntRange(1, 4).Draw(t, "size")
		for i := range size {
			s := jobs.Step{Key: fmt.Sprintf("%s/%d", parent, i), Parent: parent, Type: jobs.TypeTask, Prompt: "x"}
			s.Title = s.Key
			s.Optional = rapid.IntRange(0, 4).Draw(t, "optional") == 0
			for j := range i {
				if rapid.IntRange(0, 2).Draw(t, "dep") == 0 {
					s.DependsOn = append(s.DependsOn, fmt.Sprintf("%s/%d", parent, j))
				}
			}
			branch := depth < 3 && rapid.IntRange(0, 2).Draw(t, "branch") == 0
			if branch {
				s.Type = jobs.TypeSubplan
				s.OnFailure = rapid.SampledFrom([]jobs.OnFailure{"", jobs.OnFailureFailFast, "quorum:1"}).Draw(t, "policy")
			}
			h.fail[s.Key] = !branch && rapid.IntRange(0, 4).Draw(t, "fails") == 0
			p.Steps = append(p.Steps, s)
			if branch {
				grow(s.Key, depth+1)
			}
		}
	}
	grow("", 0)
	return p
}

// checkReport checks what must hold of every final job.
func checkReport(t *rapid.T, r *jobs.Report) {
	kids := map[jobs.NodeID]*jobs.Children{}
	leaves := jobs.Summary{}
	for _, n := range r.Nodes {
		if !n.Status.Final() {
			t.Errorf("%s is %s in a final job", n.Path, n.Status)
		}
		if n.Parent != nil {
			if kids[*n.Parent] == nil {
				kids[*n.Parent] = &jobs.Children{}
			}
			kids[*n.Parent].Add(n.Status, n.Optional)
		}
	}
	for _, n := range r.Nodes {
		c := kids[n.ID]
		if c == nil {
			leaves.Total++
			if n.Status == jobs.StatusCompleted {
				leaves.Completed++
			}
			if n.Attempts > 1 {
				t.Errorf("leaf %s ran %d times", n.Path, n.Attempts)
			}
			continue
		}
		if n.Status == jobs.StatusCompleted && (c.OptionalBad > 0 || c.Failed+c.Cancelled > 0) {
			if _, quorum := jobs.OnFailure("quorum:1").Quorum(); !quorum || c.Good() == 0 {
				t.Errorf("%s is completed over %+v", n.Path, *c)
			}
		}
		if n.Status.Good() && c.Good()+c.OptionalGood == 0 {
			t.Errorf("%s is %s over no good child: %+v", n.Path, n.Status, *c)
		}
	}
	if r.Summary.Total != leaves.Total || r.Summary.Completed != leaves.Completed || r.Summary.Running != 0 || r.Summary.Queued != 0 {
		t.Errorf("summary %+v, counted %+v", r.Summary, leaves)
	}
}

func TestEngine_goesOnAfterAStopWithoutRepeatingFinishedLeaves(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bob.db")
	h := &hands{plans: map[string]jobs.Plan{"": seedPlan()}, delay: 10 * time.Millisecond}
	e := start(t, path, 2, h)
	job := e.submit(t, -1)
	knock, unsubscribe := e.feed.Subscribe(job)
	for {
		<-knock
		r, err := e.store.Report(t.Context(), job, false)
		if err != nil {
			t.Fatal(err)
		}
		if r.Summary.Completed >= 3 {
			break
		}
	}
	unsubscribe()
	if err := e.stop(); err != nil {
		t.Fatal(err)
	}
	before := h.done

	again := &hands{plans: h.plans}
	e = start(t, path, 2, again)
	r := e.end(t, job)
	if err := e.stop(); err != nil {
		t.Fatal(err)
	}
	if r.Status != jobs.StatusCompleted {
		t.Errorf("got %s (%s), want completed", r.Status, r.Reason)
	}
	for _, title := range again.order {
		if before[title] && done(r, title) > 1 {
			t.Errorf("%s was finished and ran again", title)
		}
	}
}

func done(r *jobs.Report, title string) int {
	for _, n := range r.Nodes {
		if n.Title == title {
			return n.Attempts
		}
	}
	return 0
}

func TestStore_Submit_ofTheSameKeyReturnsTheSameJob(t *testing.T) {
	t.Parallel()
	e := start(t, filepath.Join(t.TempDir(), "bob.db"), 1, &hands{})
	defer func() { _ = e.stop() }()
	first := e.submit(t, -1)
	out, err := e.store.Apply(t.Context(), jobs.Submit{Job: jobs.NewJob{ID: "job_00000002", Key: "message 1", Title: "x", Request: "x", Priority: jobs.PriorityLow}})
	if err != nil || out[0].Job != first {
		t.Errorf("got %v %v, want %s", out, err, first)
	}
}

func TestOpen_refusesASecondProcessAndNamesTheHolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bob.db")
	e := start(t, path, 1, &hands{})
	defer func() { _ = e.stop() }()
	_, err := storage.Open(t.Context(), storage.Config{Path: path, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	want := fmt.Sprintf("process %d", os.Getpid())
	if _, ok := errors.AsType[*jobs.UserError](err); !ok || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want a UserError that names %s", err, want)
	}
}
