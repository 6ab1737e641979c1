package storage_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// randomSecond draws what a branch is planned as when its first plan failed, and lets
// more steps of the first one fail.
func randomSecond(t *rapid.T, h *hands) *jobs.Plan {
	for _, s := range h.plans[""].Steps {
		if s.Type == jobs.TypeTask && rapid.Bool().Draw(t, "fails too") {
			h.fail[s.Key] = true
		}
	}
	p := &jobs.Plan{}
	for _, key := range []string{"second/0", "second/1"}[:rapid.IntRange(1, 2).Draw(t, "second")] {
		p.Steps = append(p.Steps, jobs.Step{Key: key, Type: jobs.TypeTask, Title: key, Prompt: key})
		h.fail[key] = rapid.Bool().Draw(t, "second fails")
	}
	return p
}

func step(key, parent string, typ jobs.Type, on ...string) jobs.Step {
	return jobs.Step{Key: key, Parent: parent, Type: typ, Title: key, Prompt: "do " + key, DependsOn: on}
}

// lame is a plan whose branch a fails, with what depends on it.
func lame() jobs.Plan {
	return jobs.Plan{Steps: []jobs.Step{
		step("a", "", jobs.TypeSubplan), step("a1", "a", jobs.TypeTask), step("a2", "a", jobs.TypeSubplan), step("a21", "a2", jobs.TypeTask),
		step("a3", "a", jobs.TypeTask, "a1"), step("b", "", jobs.TypeTask, "a"),
	}}
}

func limping(second ...jobs.Step) *hands {
	return &hands{
		plans: map[string]jobs.Plan{"": lame()}, fail: map[string]bool{"a1": true, "a21": true}, second: &jobs.Plan{Steps: second},
	}
}

func TestReplan_givesABranchThatFailedAnotherPlan(t *testing.T) {
	t.Parallel()
	h := limping(step("x", "", jobs.TypeTask), step("y", "", jobs.TypeTask, "x"))
	// The branch inside fails first and is planned anew itself.
	h.fail["a2 (2)"] = true
	h.plans["a2 (2)"] = jobs.Plan{Steps: []jobs.Step{step("a1", "", jobs.TypeTask)}}
	e := start(t, filepath.Join(t.TempDir(), "bob.db"), 2, h)
	r := e.end(t, e.submit(t, -1))
	noFaults(t, e)
	if r.Status != jobs.StatusCompleted || !strings.Contains(r.Result, "result of b") {
		t.Errorf("got %s: %s", r.Status, r.Result)
	}
	for path, want := range map[string]jobs.Status{
		"1": jobs.StatusCompleted, "1.1": jobs.StatusSkipped, "1.2": jobs.StatusSkipped, "1.2.1": jobs.StatusSkipped,
		"1.2.2": jobs.StatusSkipped, "1.3": jobs.StatusSkipped, "1.4": jobs.StatusCompleted, "1.4.2": jobs.StatusCompleted, "2": jobs.StatusCompleted,
	} {
		n := node(r, path)
		if n.Status != want || (want == jobs.StatusSkipped) != (n.Reason == jobs.ReasonReplanned) {
			t.Errorf("step %s is %s (%s), want %s", path, n.Status, n.Reason, want)
		}
	}
	if n := node(r, "1.1"); n.Attempts == 0 || n.Error == "" {
		t.Errorf("the receipt of what failed is lost: %+v", n)
	}
	if result := node(r, "1").Result; !strings.Contains(result, "result of y") || strings.Contains(result, "does not work") {
		t.Errorf("the branch came to %q", result)
	}
	if err := e.stop(); err != nil {
		t.Error(err)
	}
}

func TestReplan_happensOnceAndRetryRunsTheNewSteps(t *testing.T) {
	t.Parallel()
	h := limping(step("x", "", jobs.TypeTask), step("y", "", jobs.TypeTask))
	h.fail["x"], h.fail["y"] = true, true
	e := start(t, filepath.Join(t.TempDir(), "bob.db"), 2, h)
	job := e.submit(t, -1)
	r := e.end(t, job)
	noFaults(t, e)
	if r.Status != jobs.StatusFailed || node(r, "1").Status != jobs.StatusFailed || node(r, "1.4").Status != jobs.StatusFailed {
		t.Errorf("got %s, branch %s, second plan %s", r.Status, node(r, "1").Status, node(r, "1.4").Status)
	}
	planned := 0
	for _, n := range r.Nodes {
		planned += len(n.Title) - len(strings.TrimSuffix(n.Title, " (2)"))
	}
	if planned != 2*len(" (2)") { // a2 and a
		t.Errorf("planned anew: %v", r.Nodes)
	}
	h.mu.Lock()
	h.fail["x"], h.fail["y"], h.order = false, false, nil
	h.mu.Unlock()
	if err := e.do(job, jobs.VerbRetry, ""); err != nil {
		t.Fatal(err)
	}
	r = e.end(t, job)
	noFaults(t, e)
	h.mu.Lock()
	slices.Sort(h.order)
	if r.Status != jobs.StatusCompleted || !slices.Equal(h.order, []string{"b", "x", "y"}) {
		t.Errorf("got %s after %v ran; what was set aside stays so", r.Status, h.order)
	}
	h.fail = map[string]bool{}
	h.mu.Unlock()
	if err := e.do(job, jobs.VerbRerun, "1.1"); err != nil { // named, it counts again
		t.Fatal(err)
	}
	if r = e.end(t, job); node(r, "1.1").Status != jobs.StatusCompleted || node(r, "1.1").Reason != "" {
		t.Errorf("step 1.1 is %s (%s)", node(r, "1.1").Status, node(r, "1.1").Reason)
	}
	noFaults(t, e)
	if err := e.stop(); err != nil {
		t.Error(err)
	}
}

func TestReplan_isLeftAlone(t *testing.T) {
	t.Parallel()
	plan := jobs.Plan{Steps: []jobs.Step{step("a", "", jobs.TypeSubplan), step("a1", "a", jobs.TypeTask), step("a2", "a", jobs.TypeTask), step("b", "", jobs.TypeTask)}}
	tests := map[string]struct {
		off    bool
		budget jobs.Money
		before func(q *inquiry)
		want   bool
	}{
		"":                  {budget: -1, want: true},
		"switched off":      {budget: -1, off: true},
		"without money":     {budget: 0},
		"with some":         {budget: 1, want: true},
		"without time":      {budget: -1, before: func(q *inquiry) { q.clock.set(start1970().Add(2 * time.Hour)) }},
		"skipped by people": {budget: -1, before: func(q *inquiry) { q.must(jobs.Command{Job: q.job, Path: "1.1", Verb: jobs.VerbSkip}) }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{now: start1970()}
			q := &inquiry{till: newTill(t, storage.Config{Now: c.Now, Replan: !tt.off}), clock: c, job: "job_00000001"}
			root := q.submit(jobs.NewJob{ID: q.job, Budget: tt.budget, Timeout: time.Hour})
			q.must(jobs.Expand{Fence: root.Fence(), Plan: plan})
			if tt.before != nil {
				tt.before(q)
			}
			if name == "skipped by people" {
				q.must(jobs.Command{Job: q.job, Path: "1.2", Verb: jobs.VerbSkip})
			} else {
				for _, path := range []string{"1.1", "1.2"} {
					q.must(jobs.Finish{Node: q.claim(q.job, path), Status: jobs.StatusFailed, Reason: jobs.ReasonModel, Error: "no " + path})
				}
			}
			r := q.report(q.job)
			if got := len(r.Nodes) == 6; got != tt.want || (nodeAt(r, "1").Status == jobs.StatusFailed) == tt.want {
				t.Errorf("planned anew: %t, %s; want %t", got, nodeAt(r, "1").Status, tt.want)
			}
			q.sound(t)
			if !tt.want {
				return
			}
			b, err := q.store.Brief(t.Context(), q.claim(q.job, "1.3"))
			if err != nil || len(b.Failures) != 2 || b.Failures[0].Error != "no 1.1" || b.Failures[0].Text != "do a1" {
				t.Errorf("the planner is told %+v, %v", b.Failures, err)
			}
			if got := q.notices(q.job, jobs.NoticeReplanned); len(got) != 1 || !strings.Contains(got[0], "planned anew") {
				t.Errorf("people are told %q", got)
			}
		})
	}
}

// nested has a branch in a branch, which depends on the step before it.
func nested() jobs.Plan {
	return jobs.Plan{Steps: []jobs.Step{
		step("a", "", jobs.TypeTask), step("b", "", jobs.TypeSubplan, "a"), step("b1", "b", jobs.TypeSubplan), step("b11", "b1", jobs.TypeTask),
		step("c", "", jobs.TypeTask),
	}}
}

// What people skip is a failure of the branch around it, and so of the one around that;
// no step of either was tried.
func TestReplan_isNotMadeOfWhatPeopleSkipped(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		approval jobs.ApprovalMode
		begin    func(q *inquiry) // what comes before the skip
	}{
		"before the plan is approved":        {approval: jobs.ApproveAlways},
		"before what the branch depends on":  {},
		"after the branch was free to begin": {begin: func(q *inquiry) { q.finish(q.claim(q.job, "1"), jobs.StatusCompleted) }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{now: start1970()}
			q := &inquiry{till: newTill(t, storage.Config{Now: c.Now, Replan: true}), clock: c, job: "job_00000001"}
			root := q.submit(jobs.NewJob{ID: q.job, Budget: -1, Approval: jobs.Approval{Mode: tt.approval}})
			q.must(jobs.Expand{Fence: root.Fence(), Plan: nested()})
			if tt.begin != nil {
				tt.begin(q)
			}
			q.must(jobs.Command{Job: q.job, Path: "2.1.1", Verb: jobs.VerbSkip})
			r := q.report(q.job)
			if n := nodeAt(r, "2"); len(r.Nodes) != 6 || n.Status != jobs.StatusFailed || r.PlanRevision != 1 {
				t.Errorf("branch 2 is %s, %d nodes, revision %d; want it failed, and the plan as it was", n.Status, len(r.Nodes), r.PlanRevision)
			}
			if tt.approval != "" {
				q.must(jobs.Approve{Job: q.job, Revision: 1})
			}
			if tt.begin == nil {
				q.finish(q.claim(q.job, "1"), jobs.StatusCompleted)
			}
			q.finish(q.claim(q.job, "3"), jobs.StatusCompleted)
			q.finish(q.claim(q.job, ""), jobs.StatusPartial)
			if r := q.report(q.job); r.Status != jobs.StatusPartial {
				t.Errorf("got %s, want partial", r.Status)
			}
			q.sound(t)
		})
	}
}

func TestReplan_leavesABranchThatSucceededAsItIs(t *testing.T) {
	t.Parallel()
	good := step("a1", "a", jobs.TypeSubplan)
	good.OnFailure, good.Optional = "quorum:1", true
	h := limping(step("x", "", jobs.TypeTask))
	h.plans[""] = jobs.Plan{Steps: []jobs.Step{
		step("a", "", jobs.TypeSubplan), good, step("a11", "a1", jobs.TypeTask), step("a12", "a1", jobs.TypeTask),
		step("a2", "a", jobs.TypeTask, "a1"),
	}}
	h.fail = map[string]bool{"a12": true, "a2": true}
	e := start(t, filepath.Join(t.TempDir(), "bob.db"), 1, h)
	r := e.end(t, e.submit(t, -1))
	noFaults(t, e)
	if n := node(r, "1.1"); !n.Status.Good() {
		t.Errorf("the branch inside is %s (%s)", n.Status, n.Reason)
	}
	if n := node(r, "1.1.2"); n.Status.Good() || n.Reason == jobs.ReasonReplanned {
		t.Errorf("its step that was not needed is %s (%s): it belongs to a branch that came to a result", n.Status, n.Reason)
	}
	if n := node(r, "1.2"); n.Status != jobs.StatusSkipped || n.Reason != jobs.ReasonReplanned {
		t.Errorf("the step that failed beside it is %s (%s)", n.Status, n.Reason)
	}
	if err := e.stop(); err != nil {
		t.Error(err)
	}
}
