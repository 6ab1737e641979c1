package storage_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// finish completes a claimed leaf or combine step.
func (k *till) finish(n *jobs.Node, status jobs.Status) {
	k.t.Helper()
	k.must(jobs.Finish{Node: n, Status: status, Result: "result of " + n.Title})
}

func statuses(r *jobs.Report) map[string]jobs.Status {
	got := map[string]jobs.Status{}
	for _, n := range r.Nodes {
		got[n.Path] = n.Status
	}
	return got
}

func TestStore_FinishNow_endsWithWhatThereIs(t *testing.T) {
	t.Parallel()
	k := newTill(t, storage.Config{})
	root := k.submit(jobs.NewJob{ID: "job_1", Budget: 100})
	plan := twoBranches()
	plan.Steps[5].DependsOn = []string{"2.1"}
	k.must(jobs.Expand{Fence: root.Fence(), Plan: plan})
	k.finish(k.claim("job_1", "1.1"), jobs.StatusCompleted)
	running := k.claim("job_1", "1.2")
	open := k.reserve(running, 10)
	k.park(k.claim("job_1", "2.1"), 200)

	k.must(jobs.FinishNow{Job: "job_1"})
	want := map[string]jobs.Status{
		"": jobs.StatusWaitingForChildren, "1": jobs.StatusQueued, "1.1": jobs.StatusCompleted, "1.2": jobs.StatusSkipped,
		"2": jobs.StatusSkipped, "2.1": jobs.StatusSkipped, "2.2": jobs.StatusSkipped,
	}
	r := k.report("job_1")
	if diff := cmp.Diff(want, statuses(r)); diff != "" {
		t.Error(diff)
	}
	reasons := map[string]jobs.Reason{"1.2": jobs.ReasonNotNeeded, "2.1": jobs.ReasonBudget, "2.2": jobs.ReasonNotNeeded}
	for path, why := range reasons {
		if got := nodeAt(r, path).Reason; got != why {
			t.Errorf("%s is skipped for %s, want %s", path, got, why)
		}
	}
	k.settle(open.Call, 4) // what was under way is booked all the same
	k.finish(k.claim("job_1", "1"), jobs.StatusPartial)
	last := k.claim("job_1", "")
	if last.Verdict != jobs.StatusPartial {
		t.Errorf("the root is to become %s, want partial", last.Verdict)
	}
	k.finish(last, last.Verdict)
	r = k.report("job_1")
	if r.Status != jobs.StatusPartial || r.Cost.USD != "0.000000004" || r.Cost.Reserved != "0.000000000" || r.Summary.Skipped != 3 {
		t.Errorf("got %s, %+v, %+v", r.Status, r.Cost, r.Summary)
	}
	if _, ok := errors.AsType[*jobs.UserError](k.apply(jobs.FinishNow{Job: "job_1"}).Err); !ok {
		t.Error("a job that is over was finished again")
	}
}

func TestStore_FinishNow_withNothingDoneFails(t *testing.T) {
	t.Parallel()
	tests := map[string]func(k *till, root *jobs.Node){
		"while it is planned": func(*till, *jobs.Node) {},
		"short of money for the plan": func(k *till, root *jobs.Node) {
			k.park(root, 200)
		},
		"before the first leaf": func(k *till, root *jobs.Node) {
			k.must(jobs.Expand{Fence: root.Fence(), Plan: twoBranches()})
		},
		"while it is one step": func(k *till, root *jobs.Node) {
			k.must(jobs.Become{Fence: root.Fence(), Step: jobs.Step{Key: "1", Type: jobs.TypeTask, Prompt: "x"}})
			k.claim("job_1", "")
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newTill(t, storage.Config{})
			prepare(k, k.submit(jobs.NewJob{ID: "job_1", Budget: 100}))
			k.must(jobs.FinishNow{Job: "job_1"})
			if r := k.report("job_1"); r.Status != jobs.StatusFailed || r.Error == "" {
				t.Errorf("got %s %q, want failed and why", r.Status, r.Error)
			}
		})
	}
}

// A combine step that waits for money, or is about to, must not wait any more once
// people said that they want what there is.
func TestStore_FinishNow_wakesCombineStepsThatWaitForMoney(t *testing.T) {
	t.Parallel()
	k := newTill(t, storage.Config{})
	root := k.submit(jobs.NewJob{ID: "job_1", Budget: 100})
	k.must(jobs.Expand{Fence: root.Fence(), Plan: twoBranches()})
	for _, path := range []string{"1.1", "1.2", "2.1", "2.2"} {
		k.finish(k.claim("job_1", path), jobs.StatusCompleted)
	}
	k.park(k.claim("job_1", "1"), 200)
	second := k.claim("job_1", "2")
	k.must(jobs.FinishNow{Job: "job_1"})
	k.park(second, 200)

	for _, path := range []string{"1", "2"} {
		n := k.claim("job_1", path)
		if _, err := k.store.Brief(t.Context(), n); err != nil || !n.Finishing {
			t.Errorf("the worker of %s is not told to finish: %v", path, err)
		}
	}
	if got := k.notices("job_1", jobs.NoticeBudget); len(got) != 0 {
		t.Errorf("%d questions about money are to be said, want none: it was answered, and nothing is asked again", len(got))
	}
}

func TestStore_Expire_wakesCombineStepsThatWaitForMoney(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	k := newTill(t, storage.Config{Now: c.Now})
	root := k.submit(jobs.NewJob{ID: "job_1", Budget: 100, Timeout: time.Hour})
	k.must(jobs.Expand{Fence: root.Fence(), Plan: twoBranches()})
	k.finish(k.claim("job_1", "1.1"), jobs.StatusCompleted)
	k.finish(k.claim("job_1", "1.2"), jobs.StatusCompleted)
	k.park(k.claim("job_1", "1"), 200)
	c.set(c.Now().Add(2 * time.Hour))
	k.must(jobs.Expire{Job: "job_1"})
	b, err := k.store.Brief(t.Context(), k.claim("job_1", "1"))
	if err != nil || !b.Deadline {
		t.Errorf("the branch is not combined without a model: %+v %v", b, err)
	}
}
