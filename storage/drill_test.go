package storage_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// What the fault drill found, reduced.

// asking starts an engine with a job whose plan waits for approval.
func asking(t *testing.T, h *hands) (*engine, jobs.JobID) {
	t.Helper()
	e := start(t, filepath.Join(t.TempDir(), "bob.db"), 3, h)
	t.Cleanup(func() { _ = e.stop() })
	out, err := e.store.Apply(t.Context(), jobs.Submit{Job: jobs.NewJob{
		ID: "job_00000001", Title: "t", Request: "r", Priority: jobs.PriorityMedium, Budget: -1, Approval: jobs.Approval{Mode: jobs.ApproveAlways}, Weight: time.Second,
	}})
	if err != nil || out[0].Err != nil {
		t.Fatal(err, out)
	}
	e.when(t, out[0].Job, func(r *jobs.Report) bool { return r.Status == jobs.StatusAwaitingApproval })
	return e, out[0].Job
}

// TestCommand_retry_startsNothingThatWaitsForApproval: a person cancels a step of a
// plan and takes that back, before anybody agreed to the plan. Paused or not, the
// plan still waits for its yes, and then all of it runs.
func TestCommand_retry_startsNothingThatWaitsForApproval(t *testing.T) {
	t.Parallel()
	for name, paused := range map[string]bool{"waiting": false, "paused": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &hands{plans: map[string]jobs.Plan{"": seedPlan()}}
			e, job := asking(t, h)
			must := func(verb jobs.Verb, path string) {
				t.Helper()
				if err := e.do(job, verb, path); err != nil {
					t.Fatalf("%s %q: %v", verb, path, err)
				}
			}
			if paused {
				must(jobs.VerbPause, "")
			}
			must(jobs.VerbCancel, "2.3")
			must(jobs.VerbRetry, "")
			if paused {
				must(jobs.VerbResume, "")
			}
			r := e.when(t, job, func(*jobs.Report) bool { return true })
			if r.Status != jobs.StatusAwaitingApproval || h.started() > 0 {
				t.Fatalf("the job is %s and %d steps started before anybody agreed", r.Status, h.started())
			}
			out, err := e.store.Apply(t.Context(), jobs.Approve{Job: job, Revision: r.PlanRevision})
			if err != nil || out[0].Err != nil {
				t.Fatal(err, out)
			}
			if r := e.end(t, job); r.Status != jobs.StatusCompleted || r.Summary.Completed != 9 {
				t.Errorf("got %s with %d done, want completed and 9", r.Status, r.Summary.Completed)
			}
			noFaults(t, e)
		})
	}
}

// TestCommand_retry_keepsAPausedBranchWaitingForWhatItDependsOn: the branch was
// paused before it could begin, and a step of it ended.
func TestCommand_retry_keepsAPausedBranchWaitingForWhatItDependsOn(t *testing.T) {
	t.Parallel()
	h := &hands{plans: map[string]jobs.Plan{"": seedPlan()}, gate: make(chan struct{})}
	e := start(t, filepath.Join(t.TempDir(), "bob.db"), 3, h)
	t.Cleanup(func() { _ = e.stop() })
	job := e.submit(t, -1)
	e.when(t, job, running(1)) // 1.1.1
	for _, c := range []struct {
		verb jobs.Verb
		path string
	}{{jobs.VerbPause, "2"}, {jobs.VerbCancel, "2.1"}, {jobs.VerbRetry, "2"}, {jobs.VerbResume, "2"}} {
		if err := e.do(job, c.verb, c.path); err != nil {
			t.Fatalf("%s %q: %v", c.verb, c.path, err)
		}
	}
	r := e.when(t, job, func(*jobs.Report) bool { return true })
	if got := node(r, "2"); got.Status != jobs.StatusQueued || got.Reason != jobs.ReasonDependency {
		t.Errorf("step 2 is %s (%s), want queued and waiting for step 1", got.Status, got.Reason)
	}
	close(h.gate)
	if r := e.end(t, job); r.Status != jobs.StatusCompleted || r.Summary.Completed != 9 {
		t.Errorf("got %s with %d done, want completed and 9", r.Status, r.Summary.Completed)
	}
	noFaults(t, e)
}

// TestCommand_resume_judgesABranchWhoseStepsEndedMeanwhile: the branch was paused
// before it could begin, and all of its steps were skipped then. There is nothing to
// wait for when it is its turn.
func TestCommand_resume_judgesABranchWhoseStepsEndedMeanwhile(t *testing.T) {
	t.Parallel()
	h := &hands{plans: map[string]jobs.Plan{"": seedPlan()}, gate: make(chan struct{})}
	e := start(t, filepath.Join(t.TempDir(), "bob.db"), 3, h)
	t.Cleanup(func() { _ = e.stop() })
	job := e.submit(t, -1)
	e.when(t, job, running(1)) // 1.1.1
	for _, c := range []struct {
		verb jobs.Verb
		path string
	}{{jobs.VerbPause, "2"}, {jobs.VerbSkip, "2.1"}, {jobs.VerbResume, "2"}} { // 2.2 and 2.3 depend on 2.1
		if err := e.do(job, c.verb, c.path); err != nil {
			t.Fatalf("%s %q: %v", c.verb, c.path, err)
		}
	}
	close(h.gate)
	if r := e.end(t, job); r.Status != jobs.StatusPartial || r.Summary.Completed != 6 {
		t.Errorf("got %s with %d done, want partial and 6", r.Status, r.Summary.Completed)
	}
	noFaults(t, e)
}

// TestClaim_isTheDispatchersToTime: a transaction begins a moment before the
// dispatcher finds that a node's time has come, and so for the writer it has not.
// A claim that is refused for that is never made again.
func TestClaim_isTheDispatchersToTime(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	store, apply := alone(t, begin)
	root := apply(jobs.Submit{Job: jobs.NewJob{ID: "job_00000001", Title: "t", Request: "r", Priority: jobs.PriorityMedium, Budget: -1}}).Node
	n := apply(jobs.Claim{Fence: root.Fence(), Worker: "w"}).Node
	apply(jobs.Retry{Fence: n.Fence(), Reason: jobs.ReasonRetryAt, NotBefore: begin.Add(time.Millisecond)})
	list, err := store.Ready(t.Context(), "job_00000001", 0, 1)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	apply(jobs.Claim{Fence: list[0].Fence, Worker: "w", Known: list[0].Known})
}

// alone opens a store that nobody works with, whose clock stands still, and returns
// it with a function that makes a change which must be granted.
func alone(t *testing.T, now time.Time) (*storage.Store, func(c jobs.Change) jobs.Outcome) {
	t.Helper()
	return timed(t, func() time.Time { return now })
}

// timed is alone with any clock.
func timed(t *testing.T, now func() time.Time) (*storage.Store, func(c jobs.Change) jobs.Outcome) {
	t.Helper()
	store, err := storage.Open(t.Context(), storage.Config{
		Path: filepath.Join(t.TempDir(), "bob.db"), Log: slog.New(slog.DiscardHandler), Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var g errgroup.Group
	g.Go(func() error { return store.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store, func(c jobs.Change) jobs.Outcome {
		t.Helper()
		out, err := store.Apply(t.Context(), c)
		if err != nil || out[0].Err != nil {
			t.Fatalf("%T: %v, %+v", c, err, out)
		}
		return out[0]
	}
}

// TestSkip_endsAStepThatIsBeingPlanned: by a person, or because a quorum needs it no
// more. It was a transition that could not happen, and ended the whole engine.
func TestSkip_endsAStepThatIsBeingPlanned(t *testing.T) {
	t.Parallel()
	for _, quorum := range []bool{false, true} {
		store, apply := alone(t, time.Now())
		root := apply(jobs.Submit{Job: jobs.NewJob{ID: "job_00000001", Title: "t", Request: "r", Priority: jobs.PriorityMedium, Budget: -1}}).Node
		root = apply(jobs.Claim{Fence: root.Fence(), Worker: "w"}).Node
		apply(jobs.Expand{Fence: root.Fence(), Plan: jobs.Plan{Title: "t", Steps: []jobs.Step{
			{Key: "b", Type: jobs.TypePlan, Title: "b", OnFailure: "quorum:1"},
			{Key: "leaf", Parent: "b", Type: jobs.TypeTask, Title: "leaf", Prompt: "x"},
			{Key: "later", Parent: "b", Type: jobs.TypeSubplan, Title: "later", Prompt: "x", Later: true},
		}}})
		list, err := store.Ready(t.Context(), "job_00000001", 0, 9)
		if err != nil || len(list) != 2 {
			t.Fatal(list, err)
		}
		leaf := apply(jobs.Claim{Fence: list[0].Fence, Worker: "w", Known: list[0].Known}).Node
		apply(jobs.Claim{Fence: list[1].Fence, Worker: "w", Known: list[1].Known})
		if quorum {
			apply(jobs.Finish{Node: leaf, Status: jobs.StatusCompleted, Result: "enough"})
		} else {
			apply(jobs.Command{Job: "job_00000001", Path: "1.2", Verb: jobs.VerbSkip})
		}
		r, err := store.Report(t.Context(), "job_00000001", true)
		if err != nil {
			t.Fatal(err)
		}
		if got := node(r, "1.2").Status; got != jobs.StatusSkipped {
			t.Errorf("quorum %v: the step is %s, want skipped", quorum, got)
		}
	}
}
