package storage_test

import (
	"context"
	"errors"
	"testing"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// ends makes the changes of a worker that claims a node and comes to its end.
func ends(known *jobs.Node, fence jobs.Fence, status jobs.Status, result string) []jobs.Change {
	n := *known
	n.Status, n.Epoch, n.Attempt, n.Tries = jobs.StatusRunning, fence.Epoch+1, known.Attempt+1, known.Tries+1
	return []jobs.Change{
		jobs.Claim{Fence: fence, Worker: "w", Known: known},
		jobs.Finish{Node: &n, Status: status, Result: result},
	}
}

func TestStore_Finish_ofManyThatWereClaimedInTheSameTransaction(t *testing.T) {
	t.Parallel()
	const leaves = 75 // more than go to one statement, and not a multiple
	k := newTill(t, storage.Config{})
	root := k.submit(jobs.NewJob{ID: "job_1", Budget: -1})
	k.must(jobs.Expand{Fence: root.Fence(), Plan: flat(leaves)})
	ready, err := k.store.Ready(t.Context(), "job_1", 0, 2*leaves)
	if err != nil || len(ready) != leaves {
		t.Fatalf("%d ready (%v), want %d", len(ready), err, leaves)
	}
	var changes []jobs.Change
	for i, r := range ready {
		status := jobs.StatusCompleted
		if i == 7 {
			status = jobs.StatusFailed
		}
		changes = append(changes, ends(r.Known, r.Fence, status, "result "+r.Known.Path)...)
	}
	changes = append(changes, changes[1]) // the same end once more
	out, err := k.store.Apply(t.Context(), changes...)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range out[:2*leaves] {
		if o.Err != nil {
			t.Fatalf("change %d: %v", i, o.Err)
		}
	}
	if last := out[2*leaves]; !errors.Is(last.Err, jobs.ErrStale) {
		t.Errorf("the second end of a node: %v, want ErrStale", last.Err)
	}
	r := k.report("job_1")
	if r.Summary.Completed != leaves-1 || r.Summary.Failed != 1 || r.Summary.Running != 0 {
		t.Errorf("summary %+v", r.Summary)
	}
	for _, n := range r.Nodes[1:] {
		if n.Result != "result "+n.Path || n.Attempts != 1 || n.CompletedAt == nil || n.StartedAt == nil {
			t.Errorf("%s: result %q, attempts %d, from %v to %v", n.Path, n.Result, n.Attempts, n.StartedAt, n.CompletedAt)
		}
	}
	k.finish(k.claim("job_1", ""), jobs.StatusPartial)
	if faults, err := k.store.Faults(context.Background()); err != nil || len(faults) > 0 {
		t.Errorf("faults %v (%v)", faults, err)
	}
}

func TestStore_Summarise_ofANodeThatEndsInTheSameTransaction(t *testing.T) {
	t.Parallel()
	k := newTill(t, storage.Config{})
	root := k.submit(jobs.NewJob{ID: "job_1", Budget: -1})
	k.must(jobs.Expand{Fence: root.Fence(), Plan: twoBranches()})
	other := k.claim("job_1", "1.2")
	ready, err := k.store.Ready(t.Context(), "job_1", 0, 1)
	if err != nil || len(ready) != 1 {
		t.Fatal(ready, err)
	}
	changes := ends(ready[0].Known, ready[0].Fence, jobs.StatusCompleted, "long")
	changes = append(changes, jobs.Summarise{Fence: other.Fence(), Of: ready[0].Node, Text: "short"})
	out, err := k.store.Apply(t.Context(), changes...)
	if err != nil || out[2].Err != nil {
		t.Fatal(out, err)
	}
	k.finish(other, jobs.StatusCompleted)
	b, err := k.store.Brief(t.Context(), k.claim("job_1", "1"))
	if err != nil || len(b.Results) != 2 || b.Results[0].Summary != "short" || b.Results[0].Text != "long" {
		t.Errorf("results %+v (%v), want the first with its summary", b.Results, err)
	}
}
