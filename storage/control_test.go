package storage_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/askbob/bob/jobs"
)

type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// noFaults checks the counters of a store in which nothing is at work.
func noFaults(tb reporter, e *engine) {
	tb.Helper()
	faults, err := e.store.Faults(context.Background())
	if err != nil {
		tb.Fatalf("faults: %v", err)
	}
	for _, f := range faults {
		tb.Errorf("%s", f)
	}
}

// do carries out a command and returns what the person is told.
func (e *engine) do(job jobs.JobID, verb jobs.Verb, path string) error {
	out, err := e.store.Apply(context.Background(), jobs.Command{
		Job: job, Path: path, Verb: verb, By: jobs.Actor{User: "ann", Surface: "test"}, Priority: jobs.PriorityHigh,
	})
	if err != nil {
		return err
	}
	return out[0].Err
}

// when waits until the job's report is as ok wants it.
func (e *engine) when(tb fataler, job jobs.JobID, ok func(r *jobs.Report) bool) *jobs.Report {
	tb.Helper()
	knock, stop := e.feed.Subscribe(job)
	defer stop()
	for {
		r, err := e.store.Report(context.Background(), job, true)
		if err != nil {
			tb.Fatalf("report: %v", err)
		}
		if ok(r) {
			return r
		}
		select {
		case <-knock:
		case <-e.over:
			tb.Fatalf("the engine gave up: %v", e.stop())
		}
	}
}

func node(r *jobs.Report, path string) jobs.NodeReport {
	i := slices.IndexFunc(r.Nodes, func(n jobs.NodeReport) bool { return n.Path == path })
	if i < 0 {
		return jobs.NodeReport{}
	}
	return r.Nodes[i]
}

func running(n int) func(r *jobs.Report) bool {
	return func(r *jobs.Report) bool { return r.Summary.Running == n }
}

func (h *hands) started() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.order)
}

func TestCommand_pause_letsNothingStartAndResumeGoesOn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bob.db")
	h := &hands{plans: map[string]jobs.Plan{"": flatPlan(6)}, gate: make(chan struct{})}
	e := start(t, path, 2, h)
	job := e.submit(t, -1)
	e.when(t, job, running(2))
	if err := e.do(job, jobs.VerbPause, ""); err != nil {
		t.Fatal(err)
	}
	if r := e.when(t, job, running(2)); r.Status == jobs.StatusPaused || r.Desired != jobs.DesiredPause {
		t.Errorf("got %s, wish %s while two steps run, want a job that is about to pause", r.Status, r.Desired)
	}
	h.gate <- struct{}{}
	h.gate <- struct{}{}
	r := e.when(t, job, func(r *jobs.Report) bool { return r.Status == jobs.StatusPaused })
	if r.Summary.Completed != 2 || h.started() != 2 {
		t.Errorf("%d completed, %d started, want 2 and 2", r.Summary.Completed, h.started())
	}
	if err := e.stop(); err != nil {
		t.Fatal(err)
	}

	h = &hands{plans: h.plans}
	e = start(t, path, 2, h)
	if err := e.do(job, jobs.VerbPause, ""); err != nil {
		t.Errorf("pausing what is paused: %v", err)
	}
	if err := e.do(job, jobs.VerbResume, ""); err != nil {
		t.Fatal(err)
	}
	r = e.end(t, job)
	noFaults(t, e)
	if err := e.stop(); err != nil {
		t.Fatal(err)
	}
	if r.Status != jobs.StatusCompleted || h.started() != 4 {
		t.Errorf("got %s after %d more steps, want completed after 4", r.Status, h.started())
	}
}

// flatPlan has n steps that do not depend on each other.
func flatPlan(n int) jobs.Plan {
	p := jobs.Plan{Title: "flat"}
	for i := range n {
		key := fmt.Sprint(i + 1)
		p.Steps = append(p.Steps, jobs.Step{Key: key, Type: jobs.TypeTask, Title: key, Prompt: key})
	}
	return p
}

func TestCommand_pauseOfAPart_letsTheRestGoOn(t *testing.T) {
	t.Parallel()
	h := &hands{plans: map[string]jobs.Plan{"": {Title: "two", Steps: []jobs.Step{
		{Key: "1", Type: jobs.TypePlan, Title: "1"},
		{Key: "a", Parent: "1", Type: jobs.TypeTask, Title: "a", Prompt: "x"},
		{Key: "b", Parent: "1", Type: jobs.TypeTask, Title: "b", Prompt: "x", DependsOn: []string{"a"}},
		{Key: "c", Type: jobs.TypeTask, Title: "c", Prompt: "x"},
		{Key: "d", Type: jobs.TypeTask, Title: "d", Prompt: "x", DependsOn: []string{"c"}},
	}}}, gate: make(chan struct{})}
	e := start(t, filepath.Join(t.TempDir(), "bob.db"), 2, h)
	defer func() { _ = e.stop() }()
	job := e.submit(t, -1)
	e.when(t, job, running(2)) // a and c
	if err := e.do(job, jobs.VerbPause, "1"); err != nil {
		t.Fatal(err)
	}
	for range 3 { // a, c and d
		h.gate <- struct{}{}
	}
	r := e.when(t, job, func(r *jobs.Report) bool {
		return node(r, "3").Status.Final() && node(r, "1").Status == jobs.StatusPaused
	})
	if got := node(r, "1.2"); got.Status != jobs.StatusQueued || h.started() != 3 {
		t.Errorf("step 1.2 is %s and %d steps started, want queued and 3", got.Status, h.started())
	}
	var user *jobs.UserError
	if err := e.do(job, jobs.VerbResume, "1.2"); !errors.As(err, &user) {
		t.Errorf("resume below a paused branch: %v, want to be told to resume the branch", err)
	}
	close(h.gate)
	if err := e.do(job, jobs.VerbResume, "1"); err != nil {
		t.Fatal(err)
	}
	if r := e.end(t, job); r.Status != jobs.StatusCompleted {
		t.Errorf("got %s, want completed", r.Status)
	}
	noFaults(t, e)
}

func TestCommand_retry_runsWhatFailedAndWhatWasSkippedForItAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	h := &hands{plans: map[string]jobs.Plan{"": seedPlan()}, once: map[string]bool{"1.2.2": true}}
	e := start(t, filepath.Join(t.TempDir(), "bob.db"), 3, h)
	defer func() { _ = e.stop() }()
	job := e.submit(t, -1)
	if r := e.end(t, job); r.Status != jobs.StatusPartial || node(r, "1.2.3").Status != jobs.StatusSkipped {
		t.Fatalf("got %s with 1.2.3 %s, want partial and skipped", r.Status, node(r, "1.2.3").Status)
	}
	kept := node(e.when(t, job, func(*jobs.Report) bool { return true }), "1.1.1").CompletedAt
	if err := e.do(job, jobs.VerbRetry, ""); err != nil {
		t.Fatal(err)
	}
	r := e.end(t, job)
	if r.Status != jobs.StatusCompleted || r.Summary.Completed != 9 {
		t.Errorf("got %s with %d done, want completed and 9", r.Status, r.Summary.Completed)
	}
	if got := node(r, "1.1.1"); !got.CompletedAt.Equal(*kept) {
		t.Error("a step that had succeeded ran again")
	}
	if runs := strings.Count(strings.Join(h.order, " "), "2.1"); runs < 2 {
		t.Errorf("what depends on the retried part ran %d times, want twice: %v", runs, h.order)
	}
	notices, err := e.store.Notices(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	var ends int
	for _, n := range notices {
		ends += strings.Count(string(n.Kind), string(jobs.NoticeCompletion))
	}
	if ends != 2 {
		t.Errorf("the end was told %d times, want once for each", ends)
	}
	noFaults(t, e)
}

func TestCommand_rerun_takesTheNewPromptAndRunsDependantsAgain(t *testing.T) {
	t.Parallel()
	h := &hands{plans: map[string]jobs.Plan{"": seedPlan()}}
	e := start(t, filepath.Join(t.TempDir(), "bob.db"), 2, h)
	defer func() { _ = e.stop() }()
	job := e.submit(t, -1)
	e.end(t, job)
	before := h.started()
	out, err := e.store.Apply(t.Context(), jobs.Command{Job: job, Path: "2.2", Verb: jobs.VerbRerun, Prompt: "make it shorter"})
	if err != nil || out[0].Err != nil {
		t.Fatal(err, out[0].Err)
	}
	r := e.end(t, job)
	if again := h.order[before:]; !slices.Equal(again, []string{"2.2", "2.3"}) {
		t.Errorf("ran again: %v, want 2.2 and 2.3", again)
	}
	if r.Status != jobs.StatusCompleted || node(r, "2.2").Prompt != "make it shorter" {
		t.Errorf("got %s and prompt %q", r.Status, node(r, "2.2").Prompt)
	}
	noFaults(t, e)
}

func TestCommand_skip_endsAStepAndWhatDependsOnIt(t *testing.T) {
	t.Parallel()
	h := &hands{plans: map[string]jobs.Plan{"": seedPlan()}, gate: make(chan struct{})}
	e := start(t, filepath.Join(t.TempDir(), "bob.db"), 2, h)
	defer func() { _ = e.stop() }()
	job := e.submit(t, -1)
	e.when(t, job, running(1))
	if err := e.do(job, jobs.VerbSkip, "2.2"); err != nil {
		t.Fatal(err)
	}
	close(h.gate)
	r := e.end(t, job)
	if r.Status != jobs.StatusPartial || node(r, "2.2").Reason != jobs.ReasonUser || node(r, "2.3").Reason != jobs.ReasonDependencyFailed {
		t.Errorf("got %s, 2.2 %s, 2.3 %s", r.Status, node(r, "2.2").Reason, node(r, "2.3").Reason)
	}
	noFaults(t, e)
}

func TestCommand_cancelOfALargeTree_isDurableAtOnceAndEndsAfterARestart(t *testing.T) {
	t.Parallel()
	const size = 5000
	path := filepath.Join(t.TempDir(), "bob.db")
	h := &hands{plans: map[string]jobs.Plan{"": flatPlan(size)}, gate: make(chan struct{})}
	e := start(t, path, 4, h)
	job := e.submit(t, -1)
	e.when(t, job, running(4))
	if err := e.do(job, jobs.VerbCancel, ""); err != nil {
		t.Fatal(err)
	}
	before := h.started()
	if err := e.stop(); err != nil { // perhaps in the middle
		t.Fatal(err)
	}
	if h.started() != before {
		t.Errorf("%d steps started after the job was cancelled", h.started()-before)
	}
	again := &hands{plans: h.plans}
	e = start(t, path, 4, again)
	defer func() { _ = e.stop() }()
	r := e.end(t, job)
	if r.Status != jobs.StatusCancelled || r.Summary.Cancelled != size || again.started() != 0 {
		t.Errorf("got %s with %d cancelled and %d started, want cancelled, %d, 0", r.Status, r.Summary.Cancelled, again.started(), size)
	}
	noFaults(t, e)
}

func TestCommand_isAnsweredClearlyWhereItMakesNoSense(t *testing.T) {
	t.Parallel()
	h := &hands{plans: map[string]jobs.Plan{"": flatPlan(2)}}
	e := start(t, filepath.Join(t.TempDir(), "bob.db"), 1, h)
	defer func() { _ = e.stop() }()
	job := e.submit(t, -1)
	e.end(t, job)
	for _, verb := range []jobs.Verb{jobs.VerbPause, jobs.VerbResume, jobs.VerbCancel, jobs.VerbSkip, jobs.VerbRetry, jobs.VerbPriority} {
		var user *jobs.UserError
		if err := e.do(job, verb, ""); !errors.As(err, &user) {
			t.Errorf("%s of a job that is over: %v, want a sentence for people", verb, err)
		}
	}
	for _, path := range []string{"9", "1.1", "x", "1.", "0"} {
		if err := e.do(job, jobs.VerbRerun, path); !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("step %q: %v, want not found", path, err)
		}
	}
	if err := e.do("job_unknown0", jobs.VerbCancel, ""); !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("unknown job: %v, want not found", err)
	}
	noFaults(t, e)
}

func TestCommands_atRandomInstantsLeaveTheTreeSound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		path := filepath.Join(dir, fmt.Sprintf("%d.db", n))
		h := &hands{plans: map[string]jobs.Plan{}, fail: map[string]bool{}, once: map[string]bool{}}
		h.plans[""] = randomPlan(t, h)
		for _, s := range h.plans[""].Steps {
			if h.fail[s.Key] && rapid.Bool().Draw(t, "once") {
				delete(h.fail, s.Key)
				h.once[s.Key] = true
			}
		}
		if rapid.Bool().Draw(t, "replan") {
			h.second = randomSecond(t, h)
		}
		h.fickle = rapid.Bool().Draw(t, "fickle")
		e := start(t, path, rapid.IntRange(1, 4).Draw(t, "workers"), h)
		policy := jobs.Approval{Mode: rapid.SampledFrom([]jobs.ApprovalMode{jobs.ApproveNever, jobs.ApproveAlways}).Draw(t, "approval")}
		job := e.submitAsking(t, policy)
		command(t, e, job)
		r := e.settled(t, job)
		noFaults(t, e)
		if err := e.stop(); err != nil {
			t.Fatalf("stop: %v", err)
		}
		for _, fault := range h.faults {
			t.Errorf("%s", fault)
		}
		if r.Summary.Running != 0 || r.Summary.Queued != 0 {
			t.Errorf("a final job has %+v", r.Summary)
		}
		_ = os.Remove(path)
	})
}

// command uses random verbs on random nodes while the job runs, and after.
func command(t *rapid.T, e *engine, job jobs.JobID) {
	knock, stop := e.feed.Subscribe(job)
	defer stop()
	for range rapid.IntRange(1, 8).Draw(t, "commands") {
		for range rapid.IntRange(0, 3).Draw(t, "wait") {
			select {
			case <-knock:
			default:
			}
		}
		r, err := e.store.Report(context.Background(), job, true)
		if err != nil {
			t.Fatalf("report: %v", err)
		}
		path := rapid.SampledFrom(r.Nodes).Draw(t, "node").Path
		verb := rapid.SampledFrom(append(jobs.Verbs(), "approve", "rewrite", "rewrite", "revise")).Draw(t, "verb")
		var user *jobs.UserError
		if err := e.doOrDecide(job, verb, path, r.PlanRevision); err != nil && !errors.As(err, &user) {
			t.Fatalf("%s %q: %v", verb, path, err)
		}
	}
}

// settled resumes what was paused, agrees to the plan, and waits for the job's end.
func (e *engine) settled(t *rapid.T, job jobs.JobID) *jobs.Report {
	var user *jobs.UserError
	if err := e.do(job, jobs.VerbResume, ""); err != nil && !errors.As(err, &user) {
		t.Fatalf("resume: %v", err)
	}
	r := e.when(t, job, func(r *jobs.Report) bool { return r.Status.Final() || r.Status == jobs.StatusAwaitingApproval })
	for r.Status == jobs.StatusAwaitingApproval {
		if err := e.doOrDecide(job, "approve", "", r.PlanRevision); err != nil && !errors.As(err, &user) {
			t.Fatalf("approve: %v", err)
		}
		r = e.when(t, job, func(*jobs.Report) bool { return true })
	}
	return e.end(t, job)
}

func TestStore_Ready_leavesOutWhatIsPaused(t *testing.T) {
	t.Parallel()
	h := &hands{plans: map[string]jobs.Plan{"": {Title: "two", Steps: []jobs.Step{
		{Key: "1", Type: jobs.TypePlan, Title: "1"},
		{Key: "a", Parent: "1", Type: jobs.TypeTask, Title: "a", Prompt: "x"},
		{Key: "b", Type: jobs.TypeTask, Title: "b", Prompt: "x"},
		{Key: "c", Type: jobs.TypeTask, Title: "c", Prompt: "x"},
	}}}, gate: make(chan struct{})}
	e := start(t, filepath.Join(t.TempDir(), "bob.db"), 1, h)
	defer func() { _ = e.stop() }()
	job := e.submit(t, -1)
	e.when(t, job, running(1)) // a, b and c are left or at work
	ready := func() int {
		list, err := e.store.Ready(t.Context(), job, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	before := ready()
	if err := e.do(job, jobs.VerbPause, "2"); err != nil {
		t.Fatal(err)
	}
	if got := ready(); got >= before && before == 2 && node(e.when(t, job, running(1)), "2").Status == jobs.StatusPaused {
		t.Errorf("%d nodes are handed out, want fewer than %d: step 2 is paused", got, before)
	}
	if err := e.do(job, jobs.VerbPause, ""); err != nil {
		t.Fatal(err)
	}
	if got := ready(); got != 0 {
		t.Errorf("%d nodes of a paused job are handed out, want none", got)
	}
	if err := e.do(job, jobs.VerbResume, ""); err != nil {
		t.Fatal(err)
	}
	close(h.gate)
	if r := e.end(t, job); r.Status != jobs.StatusCompleted {
		t.Errorf("got %s, want completed", r.Status)
	}
}

func TestRevise_replacesThePlanAndRefusesOldRevisions(t *testing.T) {
	t.Parallel()
	h := &hands{plans: map[string]jobs.Plan{"": seedPlan()}}
	e := start(t, filepath.Join(t.TempDir(), "bob.db"), 2, h)
	defer func() { _ = e.stop() }()
	out, err := e.store.Apply(t.Context(), jobs.Submit{Job: jobs.NewJob{ID: "job_00000009", Title: "t", Request: "r", Priority: jobs.PriorityMedium, Budget: -1, Approval: jobs.Approval{Mode: jobs.ApproveAlways}}})
	if err != nil {
		t.Fatal(err)
	}
	job := out[0].Job
	e.when(t, job, func(r *jobs.Report) bool { return r.Status == jobs.StatusAwaitingApproval })
	plan, revision, err := e.store.Plan(t.Context(), job)
	if err != nil || len(plan.Steps) != 14 || revision != 1 {
		t.Fatalf("got %d steps of revision %d (%v), want 14 of 1", len(plan.Steps), revision, err)
	}
	edited, err := plan.Edited([]jobs.Edit{
		{Op: jobs.EditDrop, Path: "1.2"},
		{Op: jobs.EditPrompt, Path: "2.1", Prompt: "new"},
		{Op: jobs.EditAdd, Path: "2", Prompt: "more", Title: "extra", DependsOn: []string{"2.3"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	apply := func(c jobs.Change) error {
		out, err := e.store.Apply(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return out[0].Err
	}
	if err := apply(jobs.Revise{Job: job, Revision: 1, Plan: edited}); err != nil {
		t.Fatal(err)
	}
	var user *jobs.UserError
	if err := apply(jobs.Approve{Job: job, Revision: 1}); !errors.As(err, &user) || !strings.Contains(err.Error(), "newest revision is 2") {
		t.Errorf("approving the old plan: %v, want to be told of revision 2", err)
	}
	if err := apply(jobs.Revise{Job: job, Revision: 1, Plan: edited}); !errors.As(err, &user) {
		t.Errorf("editing the old plan: %v, want a refusal", err)
	}
	if h.started() != 0 {
		t.Errorf("%d steps ran before a yes", h.started())
	}
	if err := apply(jobs.Approve{Job: job, Revision: 2}); err != nil {
		t.Fatal(err)
	}
	r := e.end(t, job)
	if r.Status != jobs.StatusCompleted || r.Summary.Total != 7 || h.order[len(h.order)-1] != "extra" {
		t.Errorf("got %s, %d steps, in the order %v; want completed, 7, extra last", r.Status, r.Summary.Total, h.order)
	}
	if err := apply(jobs.Approve{Job: job, Revision: 2}); !errors.As(err, &user) {
		t.Errorf("approving twice: %v, want a refusal", err)
	}
	noFaults(t, e)
}
