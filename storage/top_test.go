package storage_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
)

// submitted submits a job and returns its claimed root.
func (o *opened) submitted() *jobs.Node {
	o.t.Helper()
	job := o.apply(jobs.Submit{Job: jobs.NewJob{
		ID: "job_00000001", Title: "test", Request: "do it", Priority: jobs.PriorityMedium, Budget: -1, Weight: time.Second,
	}}).Job
	return o.claim(job, "")
}

// TestStore_Top_isTheFirstLevelWithItsCounts has a wide tree whose second step is a
// branch.
func TestStore_Top_isTheFirstLevelWithItsCounts(t *testing.T) {
	t.Parallel()
	o := openAt(t, filepath.Join(t.TempDir(), "bob.db"), start1970())
	root := o.submitted()
	if list, more, err := o.Top(t.Context(), root.Job); err != nil || len(list) != 0 || more != 0 {
		t.Errorf("before the plan: %v, %d more, %v", list, more, err)
	}
	plan := jobs.Plan{Title: "wide"}
	add := func(key, parent string, typ jobs.Type) {
		plan.Steps = append(plan.Steps, jobs.Step{Key: key, Parent: parent, Type: typ, Title: "step " + key, Prompt: "x"})
	}
	for i := 1; i <= jobs.MaxTop+3; i++ {
		typ := jobs.TypeTask
		if i == 2 {
			typ = jobs.TypeSubplan
		}
		add(fmt.Sprint(i), "", typ)
	}
	add("2.1", "2", jobs.TypeTask)
	add("2.2", "2", jobs.TypeTask)
	o.apply(jobs.Expand{Fence: root.Fence(), Plan: plan})
	one := o.claim(root.Job, "1")
	o.apply(jobs.Working{Fence: one.Fence(), Current: "reading"})
	o.apply(jobs.Finish{Node: o.claim(root.Job, "2.1"), Status: jobs.StatusCompleted, Result: "r"})
	o.apply(jobs.Finish{Node: o.claim(root.Job, "3"), Status: jobs.StatusFailed, Reason: jobs.ReasonModel, Error: "No."})

	list, more, err := o.Top(t.Context(), root.Job)
	if err != nil || len(list) != jobs.MaxTop || more != 3 {
		t.Fatalf("%d steps, %d more, %v", len(list), more, err)
	}
	task := func(path string, status jobs.Status, leaves jobs.Summary) jobs.TopStep {
		return jobs.TopStep{Path: path, Title: "step " + path, Type: jobs.TypeTask, Status: status, Desired: jobs.DesiredRun, Leaves: leaves}
	}
	want := []jobs.TopStep{
		task("1", jobs.StatusRunning, jobs.Summary{Total: 1, Running: 1}),
		task("2", jobs.StatusWaitingForChildren, jobs.Summary{Total: 2, Completed: 1, Queued: 1}),
		task("3", jobs.StatusFailed, jobs.Summary{Total: 1, Failed: 1}),
		task("4", jobs.StatusQueued, jobs.Summary{Total: 1, Queued: 1}),
	}
	want[0].Current = "reading"
	want[1].Type = jobs.TypeSubplan
	want[2].Reason, want[2].Error = jobs.ReasonModel, "No."
	if diff := cmp.Diff(want, list[:4]); diff != "" {
		t.Errorf("the first steps (-want +got):\n%s", diff)
	}
	if got := list[jobs.MaxTop-1].Path; got != fmt.Sprint(jobs.MaxTop) {
		t.Errorf("the last one shown is %s: not in the order of paths", got)
	}
}

func TestStore_Top_ofAJobOfOneStepIsTheJob(t *testing.T) {
	t.Parallel()
	o := openAt(t, filepath.Join(t.TempDir(), "bob.db"), start1970())
	root := o.submitted()
	o.apply(jobs.Become{Fence: root.Fence(), Title: "17% of 340", Step: jobs.Step{Key: "1", Type: jobs.TypeAPICall, Title: "17% of 340", Prompt: "x"}})
	list, more, err := o.Top(t.Context(), root.Job)
	if err != nil || more != 0 || len(list) != 1 || list[0].Path != "" || list[0].Title != "17% of 340" {
		t.Errorf("%+v, %d more, %v", list, more, err)
	}
	if _, _, err := o.Top(t.Context(), "job_none"); !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("unknown job: %v", err)
	}
}

// TestStore_Yield_isTheWholeResultAndTheLastFiles has two nodes make files in the
// order in which nobody lists them.
func TestStore_Yield_isTheWholeResultAndTheLastFiles(t *testing.T) {
	t.Parallel()
	o := openAt(t, filepath.Join(t.TempDir(), "bob.db"), start1970())
	job := o.planned()
	create := func(n *jobs.Node, name string) {
		if _, err := o.Files(n).Create(t.Context(), name, "text/plain", []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	one := o.claim(job, "1")
	create(one, "z.txt")
	o.apply(jobs.Finish{Node: one, Status: jobs.StatusCompleted, Result: "r"})
	two := o.claim(job, "2")
	create(two, "b.txt")
	create(two, "a.txt")
	o.apply(jobs.Finish{Node: two, Status: jobs.StatusCompleted, Result: "r"})
	o.apply(jobs.Finish{Node: o.claim(job, "3"), Status: jobs.StatusCompleted, Result: "r"})
	o.apply(jobs.Finish{Node: o.claim(job, ""), Status: jobs.StatusCompleted, Result: longText})

	files := func(y jobs.Yield) (list []string) {
		for _, a := range y.Artifacts {
			list = append(list, fmt.Sprintf("%s of %s, %d bytes", a.Name, a.Node, a.Bytes))
		}
		return list
	}
	y, err := o.Yield(t.Context(), job, 10)
	if err != nil || y.Result != longText || y.More != 0 {
		t.Errorf("%d bytes of result, %d more files, %v", len(y.Result), y.More, err)
	}
	if diff := cmp.Diff([]string{"z.txt of 1, 5 bytes", "a.txt of 2, 5 bytes", "b.txt of 2, 5 bytes"}, files(y)); diff != "" {
		t.Errorf("the files (-want +got):\n%s", diff)
	}
	if y, err = o.Yield(t.Context(), job, 2); err != nil || y.More != 1 || len(y.Artifacts) != 2 || y.Artifacts[0].Name != "a.txt" {
		t.Errorf("bounded: %+v, %v", files(y), err)
	}
	if _, err := o.Yield(t.Context(), "job_none", 2); !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("unknown job: %v", err)
	}
}
