package storage_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

const draftJob jobs.JobID = "job_00000001"

// draft is a job whose plan waits for approval.
type draft struct {
	*till

	clock *clock
	cfg   storage.Config
}

// newDraft lets p wait for approval, foretold to cost at most a dollar.
func newDraft(t *testing.T, p jobs.Plan) *draft {
	t.Helper()
	c := &clock{now: start1970()}
	d := &draft{clock: c, cfg: storage.Config{Now: c.Now, Path: filepath.Join(t.TempDir(), "bob.db")}}
	d.till = newTill(t, d.cfg)
	root := d.submit(jobs.NewJob{ID: draftJob, Budget: -1, Private: true, Approval: jobs.Approval{Mode: jobs.ApproveAlways}})
	d.plans(root, p, 1_000_000_000)
	return d
}

// plans records p as what the root is planned as.
func (d *draft) plans(root *jobs.Node, p jobs.Plan, high jobs.Money) {
	d.t.Helper()
	f := &jobs.Forecast{CostLow: high / 2, CostHigh: high, TimeLow: time.Second, TimeHigh: time.Minute, Steps: len(p.Steps)}
	if high < 0 {
		f = nil
	}
	if step := p.OneStep(); step != nil {
		d.must(jobs.Become{Fence: root.Fence(), Title: p.Title, Step: *step, Forecast: f})
		return
	}
	d.must(jobs.Expand{Fence: root.Fence(), Plan: p, Forecast: f})
}

func (d *draft) rewrite(revision int, wish string, cheaper bool) error {
	d.t.Helper()
	return d.apply(jobs.Rewrite{Job: draftJob, Revision: revision, Wish: wish, Cheaper: cheaper, By: jobs.Actor{User: "ann", Surface: "test"}}).Err
}

func (d *draft) ctx() context.Context { return context.Background() }

func (d *draft) sound(t *testing.T) {
	t.Helper()
	faults, err := d.store.Faults(t.Context())
	if err != nil || len(faults) > 0 {
		t.Errorf("%v %v", faults, err)
	}
}

func (d *draft) plan() jobs.Plan {
	d.t.Helper()
	p, _, err := d.store.Plan(d.ctx(), draftJob)
	if err != nil {
		d.t.Fatalf("plan: %v", err)
	}
	return p
}

// Before the plan is approved its first step waits for no other, nor does any: none can
// begin.
func TestApprove_isWhatTheStepsOfAPlanWaitFor(t *testing.T) {
	t.Parallel()
	d := newDraft(t, twoBranches())
	reasons := func() (top, all []jobs.Reason) {
		t.Helper()
		list, _, err := d.store.Top(d.ctx(), draftJob)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			top = append(top, s.Reason)
		}
		for _, n := range d.report(draftJob).Nodes {
			if n.Status == jobs.StatusQueued {
				all = append(all, n.Reason)
			}
		}
		return top, all
	}
	top, all := reasons()
	if len(top) != 2 || len(all) < 4 {
		t.Fatalf("%v, %v: not all wait", top, all)
	}
	for _, r := range append(top, all...) {
		if r != jobs.ReasonApproval {
			t.Errorf("a step waits for %q", r)
		}
	}
	d.must(jobs.Approve{Job: draftJob, Revision: 1})
	if _, all = reasons(); slices.Contains(all, jobs.ReasonApproval) || !slices.Contains(all, "") {
		t.Errorf("once it is approved, the steps wait for %q", all)
	}
}

func onePlan() jobs.Plan {
	return jobs.Plan{Title: "one", Steps: []jobs.Step{{
		Key: "1", Type: jobs.TypeTask, Title: "one", Prompt: "do all of it", Tools: []string{"files"}, Needs: jobs.Requirements{MaxPriceCents: 7, PrivateOnly: true},
		Estimate: time.Minute,
	}}}
}

func told(err error, part string) bool {
	user, ok := errors.AsType[*jobs.UserError](err)
	return ok && strings.Contains(user.Message, part)
}

func TestRewrite_makesAnotherPlanThatWaitsForApproval(t *testing.T) {
	t.Parallel()
	d := newDraft(t, twoBranches())
	before := d.plan()
	if err := d.rewrite(2, "shorter", false); !told(err, "newest revision is 1") {
		t.Errorf("an unknown revision: %v", err)
	}
	if err := d.rewrite(1, "shorter", false); err != nil {
		t.Fatal(err)
	}
	r := d.report(draftJob)
	want := &jobs.RewriteReport{Revision: 1, State: jobs.RewriteOpen, Wish: "shorter", Before: r.Rewrite.Before}
	if diff := cmp.Diff(want, r.Rewrite); diff != "" || r.Rewrite.Before == nil || r.Rewrite.Before.Steps != 6 {
		t.Errorf("the report says %+v\n%s", r.Rewrite, diff)
	}
	if r.Status != jobs.StatusPlanning || len(r.Nodes) != 1 || r.PlanRevision != 1 {
		t.Errorf("got %s, %d nodes, revision %d; want planning, the root alone, 1", r.Status, len(r.Nodes), r.PlanRevision)
	}
	if err := d.rewrite(1, "shorter", false); err != nil {
		t.Errorf("a double click: %v", err)
	}
	_, _, err := d.store.Plan(d.ctx(), draftJob)
	for what, err := range map[string]error{
		"yes": d.apply(jobs.Approve{Job: draftJob, Revision: 1}).Err, "an edit": err,
		"a revision": d.apply(jobs.Revise{Job: draftJob, Revision: 1, Plan: before}).Err, "another wish": d.rewrite(1, "longer", false),
	} {
		if !told(err, "is being changed") {
			t.Errorf("%s while the plan is being changed: %v", what, err)
		}
	}
	root := d.claim(draftJob, "")
	b, err := d.store.Brief(d.ctx(), root)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&jobs.Rewriting{Plan: before, Wish: "shorter", Cost: "$1.00"}, b.Rewriting); diff != "" {
		t.Errorf("the planner is told (-want +got):\n%s", diff)
	}
	if root.Attempt != 1 || !root.Needs.PrivateOnly {
		t.Errorf("attempt %d, needs %+v", root.Attempt, root.Needs)
	}
	d.plans(root, flatPlan(3), 60)
	r = d.report(draftJob)
	if r.Status != jobs.StatusAwaitingApproval || r.PlanRevision != 2 || r.Summary.Total != 3 || r.Rewrite.State != jobs.RewriteDone || r.Forecast.Steps != 3 {
		t.Errorf("got %s, revision %d, %+v, %+v, %+v", r.Status, r.PlanRevision, r.Summary, r.Rewrite, r.Forecast)
	}
	if err := d.apply(jobs.Approve{Job: draftJob, Revision: 1}).Err; !told(err, "newest revision is 2") {
		t.Errorf("a yes to the old plan: %v", err)
	}
	if err := d.rewrite(1, "shorter", false); !told(err, "newest revision is 2") {
		t.Errorf("a very late second click: %v", err)
	}
	if got := d.notices(draftJob, jobs.NoticeApproval); len(got) != 1 || !strings.HasPrefix(got[0], "The changed plan waits") {
		t.Errorf("people are told %q", got)
	}
	d.must(jobs.Approve{Job: draftJob, Revision: 2})
	leaf := d.claim(draftJob, "2")
	if b, err = d.store.Brief(d.ctx(), leaf); err != nil || len(b.Messages) != 1 || b.Messages[0].Text != "shorter" || b.Messages[0].User != "ann" {
		t.Errorf("a step is told %+v, %v; want the wish", b.Messages, err)
	}
	d.must(jobs.Finish{Node: leaf, Status: jobs.StatusCompleted, Result: "x"})
	d.sound(t)
}

func TestRewrite_saysPlainlyWhetherItIsCheaper(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		high jobs.Money
		want string
	}{
		"cheaper":      {600_000_000, "It is foretold to cost up to $0.60, the plan before up to $1.00."},
		"dearer":       {1_010_000_000, "It is not cheaper: it is foretold to cost up to $1.01, the plan before up to $1.00."},
		"as dear":      {1_000_000_000, "It is not cheaper: both plans are foretold to cost up to $1.00."},
		"nobody knows": {-1, "Whether it is cheaper cannot be foretold: compare the steps."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDraft(t, twoBranches())
			if err := d.rewrite(1, "cheaper", true); err != nil {
				t.Fatal(err)
			}
			root := d.claim(draftJob, "")
			d.plans(root, flatPlan(2), tt.high)
			r := d.report(draftJob)
			if r.Rewrite.Note != tt.want || !r.Rewrite.Cheaper {
				t.Errorf("got %+v, want the note %q", r.Rewrite, tt.want)
			}
			if got := d.notices(draftJob, jobs.NoticeApproval); len(got) != 1 || !strings.HasSuffix(got[0], tt.want) {
				t.Errorf("people are told %q, want %q", got, tt.want)
			}
			d.must(jobs.Approve{Job: draftJob, Revision: 2})
			if b, err := d.store.Brief(d.ctx(), d.claim(draftJob, "1")); err != nil || len(b.Messages) != 0 {
				t.Errorf("a step is told %+v, %v; want no word of the money", b.Messages, err)
			}
		})
	}
}

func TestRewrite_thatComesToNothingLeavesThePlanAsItWas(t *testing.T) {
	t.Parallel()
	for plan, p := range map[string]jobs.Plan{"a tree": twoBranches(), "one step": onePlan()} {
		for what, end := range map[string]struct {
			change func(root *jobs.Node) jobs.Change
			note   string
		}{
			"no plan came of it": {func(root *jobs.Node) jobs.Change {
				return jobs.Finish{Node: root, Status: jobs.StatusFailed, Reason: jobs.ReasonPlanInvalid, Error: "Say it in other words."}
			}, "Say it in other words."},
			"there is no money": {func(root *jobs.Node) jobs.Change {
				return jobs.Park{Fence: root.Fence(), Reason: jobs.ReasonBudget, Question: "The budget is $1.00.", Shortage: &jobs.Shortage{Question: "q"}}
			}, "The budget is $1.00."},
		} {
			t.Run(plan+", "+what, func(t *testing.T) {
				t.Parallel()
				d := newDraft(t, p)
				before, was := d.plan(), d.report(draftJob)
				if err := d.rewrite(1, "cheaper", true); err != nil {
					t.Fatal(err)
				}
				root := d.claim(draftJob, "")
				d.must(end.change(root))
				r := d.report(draftJob)
				if r.Status != jobs.StatusAwaitingApproval || r.Reason != jobs.ReasonApproval || r.PlanRevision != 1 || r.Cost.Shortage != nil {
					t.Errorf("got %s (%s), revision %d, short of %+v", r.Status, r.Reason, r.PlanRevision, r.Cost.Shortage)
				}
				if r.Rewrite.State != jobs.RewriteFailed || r.Rewrite.Note != "The plan could not be changed. "+end.note {
					t.Errorf("got %+v", r.Rewrite)
				}
				if diff := cmp.Diff(before, d.plan()); diff != "" {
					t.Errorf("the plan is another (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(was.Forecast, r.Forecast); diff != "" || r.Title != was.Title || r.Summary != was.Summary {
					t.Errorf("title %q, %+v, forecast %s", r.Title, r.Summary, diff)
				}
				if got := d.notices(draftJob, jobs.NoticeApproval); len(got) != 1 || got[0] != r.Rewrite.Note+" It waits for your approval as it was." {
					t.Errorf("people are told %q", got)
				}
				d.sound(t)
				if err := d.rewrite(1, "cheaper", true); err != nil { // and once more
					t.Fatal(err)
				}
				d.must(end.change(d.claim(draftJob, "")))
				d.must(jobs.Approve{Job: draftJob, Revision: 1})
				path := "1.1"
				if plan == "one step" {
					path = ""
				}
				leaf := d.claim(draftJob, path)
				if _, err := d.store.Brief(d.ctx(), leaf); err != nil || leaf.Prompt != p.Steps[min(1, len(p.Steps)-1)].Prompt || leaf.Attempt != 1 {
					t.Errorf("the step is told %q in attempt %d, %v", leaf.Prompt, leaf.Attempt, err)
				}
			})
		}
	}
}

func TestRewrite_goesOnAfterACrash(t *testing.T) {
	t.Parallel()
	d := newDraft(t, twoBranches())
	before := d.plan()
	if err := d.rewrite(1, "shorter", false); err != nil {
		t.Fatal(err)
	}
	late := d.claim(draftJob, "")
	if err := d.stop(); err != nil {
		t.Fatal(err)
	}
	d.till = newTill(t, d.cfg)
	if err := d.apply(jobs.Expand{Fence: late.Fence(), Plan: flatPlan(9)}).Err; !errors.Is(err, jobs.ErrStale) {
		t.Errorf("a plan of the dead process: %v", err)
	}
	root := d.claim(draftJob, "")
	b, err := d.store.Brief(d.ctx(), root)
	if err != nil || b.Rewriting == nil || b.Rewriting.Wish != "shorter" || !cmp.Equal(b.Rewriting.Plan, before) {
		t.Fatalf("the planner is told %+v, %v", b.Rewriting, err)
	}
	d.plans(root, onePlan(), 10)
	d.must(jobs.Approve{Job: draftJob, Revision: 2})
	d.must(jobs.Finish{Node: d.claim(draftJob, ""), Status: jobs.StatusCompleted, Result: "all of it"})
	if r := d.report(draftJob); r.Status != jobs.StatusCompleted || r.Result != "all of it" {
		t.Errorf("got %s: %q", r.Status, r.Result)
	}
	d.sound(t)
}

func TestRewrite_canBePausedCancelledAndRetried(t *testing.T) {
	t.Parallel()
	d := newDraft(t, twoBranches())
	verb := func(v jobs.Verb) error { return d.apply(jobs.Command{Job: draftJob, Verb: v}).Err }
	d.must(jobs.Command{Job: draftJob, Path: "1.2", Verb: jobs.VerbSkip})
	d.must(jobs.Command{Job: draftJob, Verb: jobs.VerbPause})
	if err := d.rewrite(1, "x", false); !told(err, "does not wait for approval") {
		t.Errorf("of a paused job: %v", err)
	}
	d.must(jobs.Command{Job: draftJob, Verb: jobs.VerbResume})
	if err := d.rewrite(1, "x", false); err != nil {
		t.Fatal(err)
	}
	for _, v := range []jobs.Verb{jobs.VerbPause, jobs.VerbResume, jobs.VerbCancel} {
		if err := verb(v); err != nil {
			t.Fatalf("%s: %v", v, err)
		}
	}
	if r := d.report(draftJob); r.Status != jobs.StatusCancelled {
		t.Errorf("got %s", r.Status)
	}
	if err := d.rewrite(1, "x", false); !told(err, "does not wait for approval") {
		t.Errorf("of a cancelled job: %v", err)
	}
	d.sound(t)
	if err := verb(jobs.VerbRetry); err != nil {
		t.Fatal(err)
	}
	root := d.claim(draftJob, "")
	if b, err := d.store.Brief(d.ctx(), root); err != nil || b.Rewriting == nil {
		t.Errorf("the change does not go on: %+v %v", b.Rewriting, err)
	}
	d.plans(root, flatPlan(2), 10)
	if r := d.report(draftJob); r.Status != jobs.StatusAwaitingApproval || r.PlanRevision != 2 {
		t.Errorf("got %s, revision %d", r.Status, r.PlanRevision)
	}
	d.sound(t)
}
