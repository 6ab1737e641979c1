package storage_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// clock is a clock that is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// till is a store of which the money is looked at, without a runner.
type till struct {
	t     fataler
	store *storage.Store
	stop  func() error
}

// openTill opens a store that is closed by stop.
func openTill(t fataler, cfg storage.Config) *till {
	t.Helper()
	cfg.Log = slog.New(slog.DiscardHandler)
	store, err := storage.Open(context.Background(), cfg)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var g errgroup.Group
	g.Go(func() error { return store.Run(ctx) })
	return &till{t: t, store: store, stop: sync.OnceValue(func() error {
		cancel()
		return errors.Join(g.Wait(), store.Close())
	})}
}

func newTill(t *testing.T, cfg storage.Config) *till {
	t.Helper()
	if cfg.Path == "" {
		cfg.Path = filepath.Join(t.TempDir(), "bob.db")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	k := openTill(t, cfg)
	t.Cleanup(func() {
		if err := k.stop(); err != nil {
			t.Error(err)
		}
	})
	return k
}

func (k *till) apply(c jobs.Change) jobs.Outcome {
	k.t.Helper()
	out, err := k.store.Apply(context.Background(), c)
	if err != nil {
		k.t.Fatalf("%T: %v", c, err)
	}
	return out[0]
}

// must applies a change that is not refused.
func (k *till) must(c jobs.Change) jobs.Outcome {
	k.t.Helper()
	out := k.apply(c)
	if out.Err != nil {
		k.t.Fatalf("%T: %v", c, out.Err)
	}
	return out
}

// submit makes a job and returns its claimed root.
func (k *till) submit(j jobs.NewJob) *jobs.Node {
	k.t.Helper()
	j.Title, j.Request, j.Priority, j.Weight = string(j.ID), "do it", jobs.PriorityMedium, time.Second
	k.must(jobs.Submit{Job: j})
	return k.claim(j.ID, "")
}

// claim claims the ready node of a job at path.
func (k *till) claim(job jobs.JobID, path string) *jobs.Node {
	k.t.Helper()
	ready, err := k.store.Ready(context.Background(), job, 0, 1000)
	if err != nil {
		k.t.Fatalf("ready: %v", err)
	}
	for _, r := range ready {
		if r.Known.Path == path {
			return k.must(jobs.Claim{Fence: r.Fence, Worker: "test"}).Node
		}
	}
	k.t.Fatalf("%s %q is not ready", job, path)
	return nil
}

func (k *till) reserve(n *jobs.Node, amount jobs.Money) jobs.Outcome {
	k.t.Helper()
	return k.apply(jobs.Reserve{Fence: n.Fence(), Job: n.Job, Purpose: "turn", Estimate: worst(amount)})
}

func (k *till) settle(call int64, cost jobs.Money) {
	k.t.Helper()
	k.must(jobs.Settle{Call: call, Status: jobs.CallOK, Cost: jobs.Cost{Amount: cost, Known: true}, Provider: "p", Model: "m"})
}

func (k *till) report(job jobs.JobID) *jobs.Report {
	k.t.Helper()
	r, err := k.store.Report(context.Background(), job, true)
	if err != nil {
		k.t.Fatalf("report: %v", err)
	}
	return r
}

func nodeAt(r *jobs.Report, path string) jobs.NodeReport {
	for _, n := range r.Nodes {
		if n.Path == path {
			return n
		}
	}
	return jobs.NodeReport{}
}

func (k *till) notices(job jobs.JobID, kind jobs.NoticeKind) []string {
	k.t.Helper()
	list, err := k.store.Notices(context.Background(), job)
	if err != nil {
		k.t.Fatalf("notices: %v", err)
	}
	var texts []string
	for _, n := range list {
		if n.Kind == kind {
			texts = append(texts, n.Text)
		}
	}
	return texts
}

// twoBranches is a plan of two branches of two leaves each.
func twoBranches() jobs.Plan {
	var p jobs.Plan
	for _, key := range []string{"1", "1.1", "1.2", "2", "2.1", "2.2"} {
		s := jobs.Step{Key: key, Type: jobs.TypeTask, Title: key, Prompt: key}
		if parent, _, ok := strings.Cut(key, "."); ok {
			s.Parent = parent
		} else {
			s.Type = jobs.TypePlan
		}
		p.Steps = append(p.Steps, s)
	}
	return p
}

func money(m jobs.Money) *jobs.Money { return &m }

// short returns the purses that a refusal names.
func short(t fataler, err error) *jobs.ShortError {
	t.Helper()
	e, ok := errors.AsType[*jobs.ShortError](err)
	if !ok || !errors.Is(err, jobs.ErrBudget) {
		t.Fatalf("got %v, want a shortage", err)
	}
	return e
}

func TestStore_Reserve_asksEveryPurseAboveTheCall(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 31, 22, 30, 0, 0, time.UTC) // Berlin: half past midnight, the first of April
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{now: now}
	k := newTill(t, storage.Config{Now: c.Now, PerUserDay: money(100), PerWorkspaceMonth: money(150), Zone: zone})
	first := k.submit(jobs.NewJob{ID: "job_1", User: "ann", Workspace: "w", Budget: 70})
	second := k.submit(jobs.NewJob{ID: "job_2", User: "ann", Workspace: "w", Budget: -1})
	third := k.submit(jobs.NewJob{ID: "job_3", User: "bea", Workspace: "w", Budget: -1})
	other := k.submit(jobs.NewJob{ID: "job_4", User: "cid", Workspace: "v", Budget: -1})

	kinds := func(err error) (list []jobs.PurseKind) {
		for _, p := range short(t, err).Purses {
			list = append(list, p.Kind)
		}
		return list
	}
	if diff := cmp.Diff([]jobs.PurseKind{jobs.PurseJob, jobs.PurseUserDay, jobs.PurseWorkspaceMonth}, kinds(k.reserve(first, 200).Err)); diff != "" {
		t.Error(diff)
	}
	held := k.reserve(first, 60)
	if held.Err != nil {
		t.Fatal(held.Err)
	}
	e := short(t, k.reserve(second, 41).Err)
	want := jobs.Purse{
		Kind: jobs.PurseUserDay, Budget: 100, Reserved: 60, Ends: time.Date(2026, 4, 2, 0, 0, 0, 0, zone),
	}
	if diff := cmp.Diff([]jobs.Purse{want}, e.Purses); diff != "" {
		t.Error(diff)
	}
	k.settle(held.Call, 20)
	if out := k.reserve(second, 80); out.Err != nil {
		t.Errorf("20 spent of the day's 100, 80 more: %v", out.Err)
	}
	e = short(t, k.reserve(third, 51).Err)
	want = jobs.Purse{
		Kind: jobs.PurseWorkspaceMonth, Budget: 150, Spent: 20, Reserved: 80, Ends: time.Date(2026, 5, 1, 0, 0, 0, 0, zone),
	}
	if diff := cmp.Diff([]jobs.Purse{want}, e.Purses); diff != "" {
		t.Error(diff)
	}
	if out := k.reserve(other, 100); out.Err != nil {
		t.Errorf("another person in another workspace: %v", out.Err)
	}
	c.set(now.Add(24 * time.Hour))
	if out := k.reserve(second, 50); out.Err != nil {
		t.Errorf("the next day: %v", out.Err)
	}
}

func TestStore_Reserve_refusesUnpricedCallsUnderAnyLimit(t *testing.T) {
	t.Parallel()
	unpriced := jobs.Estimate{Provider: "p", Model: "m"}
	for name, cfg := range map[string]storage.Config{
		"a person's":    {PerUserDay: money(5)},
		"a workspace's": {PerWorkspaceMonth: money(5)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newTill(t, cfg)
			n := k.submit(jobs.NewJob{ID: "job_1", Budget: -1})
			got := k.apply(jobs.Reserve{Fence: n.Fence(), Job: n.Job, Estimate: unpriced}).Err
			if _, ok := errors.AsType[*jobs.UserError](got); !ok {
				t.Errorf("got %v, want a UserError", got)
			}
		})
	}
	k := newTill(t, storage.Config{})
	n := k.submit(jobs.NewJob{ID: "job_1", Budget: -1})
	call := k.must(jobs.Reserve{Fence: n.Fence(), Job: n.Job, Estimate: unpriced}).Call
	k.must(jobs.Settle{Call: call, Status: jobs.CallOK})
	if got := k.report("job_1").Cost.Unpriced; got != 1 {
		t.Errorf("%d unpriced calls, want 1", got)
	}
}

func TestStore_Settle_booksInFullWhatCostMoreThanReserved(t *testing.T) {
	t.Parallel()
	k := newTill(t, storage.Config{})
	n := k.submit(jobs.NewJob{ID: "job_1", Budget: 100})
	k.settle(k.reserve(n, 60).Call, 90)
	r := k.report("job_1")
	if r.Cost.USD != "0.000000090" || r.Cost.Exceeded != 1 {
		t.Errorf("got %+v, want 90 spent and one call that exceeded", r.Cost)
	}
	if e := short(t, k.reserve(n, 11).Err); e.Purses[0].Spent != 90 {
		t.Errorf("the next reservation saw %+v", e.Purses)
	}
}

func TestStore_Settle_ofAnUnknownCostKeepsTheWorstCase(t *testing.T) {
	t.Parallel()
	k := newTill(t, storage.Config{})
	n := k.submit(jobs.NewJob{ID: "job_1", Budget: 100})
	k.must(jobs.Settle{Call: k.reserve(n, 60).Call, Status: jobs.CallError})
	r := k.report("job_1")
	if r.Cost.USD != "0.000000060" || r.Cost.Unpriced != 1 || r.Cost.Reserved != "0.000000000" {
		t.Errorf("got %+v, want 60 spent, nothing reserved, one call without a price", r.Cost)
	}
}

// A late answer to a call that was given up says what it really cost.
func TestStore_Settle_refundsALostCall(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bob.db")
	k := newTill(t, storage.Config{Path: path})
	n := k.submit(jobs.NewJob{ID: "job_1", Budget: 100})
	call := k.reserve(n, 60).Call
	if err := k.stop(); err != nil {
		t.Fatal(err)
	}
	k = newTill(t, storage.Config{Path: path})
	if got := k.report("job_1").Cost.USD; got != "0.000000060" {
		t.Errorf("the lost call is booked with %s, want its worst case", got)
	}
	lines, err := k.store.Costs(t.Context(), jobs.CostQuery{By: jobs.CostByJob})
	if err != nil || len(lines) != 1 || lines[0].Lost != 60 || lines[0].Settled != 0 {
		t.Errorf("got %+v %v, want 60 lost", lines, err)
	}
	k.settle(call, 7)
	r := k.report("job_1")
	if r.Cost.USD != "0.000000007" || nodeAt(r, "").CostUSD != "0.000000007" {
		t.Errorf("got %s, %s at the root; want 7 once the answer is known", r.Cost.USD, nodeAt(r, "").CostUSD)
	}
	n = k.claim("job_1", "")
	if out := k.reserve(n, 93); out.Err != nil {
		t.Errorf("7 spent of 100, 93 more: %v", out.Err)
	}
}

func TestStore_SetBudget_boundsABranchWithWhatItSpentBefore(t *testing.T) {
	t.Parallel()
	k := newTill(t, storage.Config{})
	root := k.submit(jobs.NewJob{ID: "job_1", Budget: 1000})
	k.must(jobs.Expand{Fence: root.Fence(), Plan: twoBranches()})
	a, b, c := k.claim("job_1", "1.1"), k.claim("job_1", "1.2"), k.claim("job_1", "2.1")
	k.settle(k.reserve(a, 40).Call, 30)
	open := k.reserve(a, 20)
	if open.Err != nil {
		t.Fatal(open.Err)
	}
	if err := k.apply(jobs.SetBudget{Job: "job_1", Path: "1", Budget: 49}).Err; err == nil {
		t.Error("a budget below what is spent and reserved was taken")
	}
	k.must(jobs.SetBudget{Job: "job_1", Path: "1", Budget: 60})
	e := short(t, k.reserve(b, 11).Err)
	if want := []jobs.Purse{{Kind: jobs.PurseBranch, Path: "1", Budget: 60, Spent: 30, Reserved: 20}}; !cmp.Equal(want, e.Purses) {
		t.Error(cmp.Diff(want, e.Purses))
	}
	if out := k.reserve(c, 500); out.Err != nil {
		t.Errorf("the other branch: %v", out.Err)
	}
	k.settle(open.Call, 0) // reserved before the branch had a purse
	if out := k.reserve(b, 30); out.Err != nil {
		t.Errorf("30 spent of 60, 30 more: %v", out.Err)
	}
	if err := k.apply(jobs.SetBudget{Job: "job_1", Path: "7", Budget: 60}).Err; !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("a step that is not there: %v, want ErrNotFound", err)
	}
}

// park parks a claimed node for want of money, as a runner does.
func (k *till) park(n *jobs.Node, amount jobs.Money) {
	k.t.Helper()
	e := short(k.t, k.reserve(n, amount).Err)
	k.must(jobs.Park{Fence: n.Fence(), Reason: jobs.ReasonBudget, Question: e.Error(), Shortage: e.Shortage()})
}

func TestStore_Park_asksForMoneyOncePerJob(t *testing.T) {
	t.Parallel()
	k := newTill(t, storage.Config{})
	root := k.submit(jobs.NewJob{ID: "job_1", Budget: 100})
	k.must(jobs.Expand{Fence: root.Fence(), Plan: twoBranches()})
	k.must(jobs.SetBudget{Job: "job_1", Path: "2", Budget: 50})
	k.park(k.claim("job_1", "1.1"), 110)
	k.park(k.claim("job_1", "1.2"), 130)
	k.park(k.claim("job_1", "2.1"), 120)
	if got := k.notices("job_1", jobs.NoticeBudget); len(got) != 1 || !strings.Contains(got[0], "Add $1.00, finish with what there is, or stop?") {
		t.Errorf("got %q, want one question with its answers", got)
	}
	s := k.report("job_1").Cost.Shortage
	if s == nil || s.Purse != jobs.PurseJob || s.Missing != "0.000000070" || s.Add != "1.000000000" || s.Until != nil {
		t.Errorf("got %+v, want the largest shortage", s)
	}
	k.must(jobs.AddBudget{Job: "job_1", Amount: 5})
	if got := k.notices("job_1", jobs.NoticeBudget); len(got) != 0 {
		t.Errorf("got %q, want no question that was answered", got)
	}
	r := k.report("job_1")
	if r.Cost.Shortage != nil || r.Cost.Budget != "0.000000105" || nodeAt(r, "1.1").Status != jobs.StatusQueued {
		t.Errorf("got %+v, %s; want more money and the node queued", r.Cost, nodeAt(r, "1.1").Status)
	}
	if out := k.reserve(k.claim("job_1", "2.1"), 55); out.Err != nil {
		t.Errorf("the branch that waited got no money: %v", out.Err)
	}
	k.park(k.claim("job_1", "1.1"), 110)
	if got := k.notices("job_1", jobs.NoticeBudget); len(got) != 1 {
		t.Errorf("%d questions, want another one for a second shortage", len(got))
	}
}

func TestStore_Refilled_findsJobsWhoseDayIsOver(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Date(2026, 3, 31, 22, 0, 0, 0, time.UTC)}
	k := newTill(t, storage.Config{Now: c.Now, PerUserDay: money(10)})
	n := k.submit(jobs.NewJob{ID: "job_1", Budget: -1})
	k.park(n, 11)
	s := k.report("job_1").Cost.Shortage
	midnight := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	if s == nil || s.Add != "" || s.Until == nil || !s.Until.Equal(midnight) {
		t.Fatalf("got %+v, want one that adding does not help, until midnight", s)
	}
	for when, want := range map[time.Time]int{midnight.Add(-time.Second): 0, midnight: 1} {
		if got, err := k.store.Refilled(t.Context(), when); err != nil || len(got) != want {
			t.Errorf("at %s: %v %v, want %d jobs", when, got, err, want)
		}
	}
	k.must(jobs.Unpark{Job: "job_1", Reason: jobs.ReasonBudget})
	if got, err := k.store.Refilled(t.Context(), midnight); err != nil || len(got) != 0 {
		t.Errorf("after it went on: %v %v", got, err)
	}
}
