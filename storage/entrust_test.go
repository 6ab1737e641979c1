package storage_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// flat is a plan of so many leaves.
func flat(leaves int) jobs.Plan {
	p := jobs.Plan{Title: "plan"}
	for i := range leaves {
		p.Steps = append(p.Steps, jobs.Step{Key: strconv.Itoa(i), Type: jobs.TypeTask, Title: fmt.Sprint("leaf ", i+1), Prompt: fmt.Sprint("do ", i+1)})
	}
	return p
}

// leafOf is the i-th leaf of a flat plan as its dispatcher knows it: nodes are
// numbered as they are made.
func leafOf(root *jobs.Node, i int) *jobs.Node {
	return &jobs.Node{
		ID: root.ID + jobs.NodeID(i), Job: root.Job, Parent: root.ID, Path: strconv.Itoa(i), Depth: 1, Type: jobs.TypeTask,
		Title: fmt.Sprint("leaf ", i), Priority: jobs.PriorityMedium, Status: jobs.StatusQueued, Phase: jobs.PhaseWork,
		Counts: jobs.Counts{Weight: 30_000},
	}
}

// A leaf may be made, claimed and done in one transaction: then it is written once,
// and must be what it would be if each was a transaction of its own.
func TestStore_aLeafThatIsMadeClaimedAndDoneInOneTransaction(t *testing.T) {
	t.Parallel()
	for _, together := range []bool{true, false} {
		t.Run(fmt.Sprintf("together=%v", together), func(t *testing.T) {
			t.Parallel()
			const leaves = 77 // more than go to one statement, and not a multiple
			k := newTill(t, storage.Config{})
			root := k.submit(jobs.NewJob{ID: "job_1", Budget: -1})
			changes := []jobs.Change{jobs.Expand{Fence: root.Fence(), Plan: flat(leaves)}}
			for i := 1; i <= leaves-2; i++ { // the last but one stays claimed, the last is left alone
				status := jobs.StatusCompleted
				if i == 7 {
					status = jobs.StatusFailed
				}
				known := leafOf(root, i)
				changes = append(changes, ends(known, known.Fence(), status, fmt.Sprint("result ", i))...)
			}
			second := changes[2]
			held := leafOf(root, leaves-1)
			changes = append(changes, jobs.Claim{Fence: held.Fence(), Worker: "w", Known: held})
			if together {
				k.mustAll(changes...)
			} else {
				for _, c := range changes {
					k.must(c)
				}
			}
			if out := k.apply(second); !errors.Is(out.Err, jobs.ErrStale) {
				t.Errorf("the second end of a leaf: %v, want ErrStale", out.Err)
			}
			r := k.report("job_1")
			if s := r.Summary; s.Total != leaves || s.Completed != leaves-3 || s.Failed != 1 || s.Running != 1 || s.Queued != 1 {
				t.Errorf("summary %+v", s)
			}
			for i, n := range r.Nodes[1:] {
				want := fmt.Sprint("result ", i+1)
				switch {
				case n.Title != fmt.Sprint("leaf ", i+1) || n.Prompt != fmt.Sprint("do ", i+1) || n.ID != root.ID+jobs.NodeID(i+1):
					t.Errorf("leaf %d is %+v", i+1, n)
				case i+1 == leaves && (n.Status != jobs.StatusQueued || n.Attempts != 0 || n.StartedAt != nil):
					t.Errorf("what nobody claimed is %s", n.Status)
				case i+1 == leaves-1 && (n.Status != jobs.StatusRunning || n.Attempts != 1 || n.CompletedAt != nil):
					t.Errorf("what is claimed is %s", n.Status)
				case i+1 < leaves-1 && (n.Result != want || n.Attempts != 1 || n.StartedAt == nil || n.CompletedAt == nil || n.StepsCompleted != n.TotalSteps):
					t.Errorf("%s: result %q, attempts %d, from %v to %v", n.Path, n.Result, n.Attempts, n.StartedAt, n.CompletedAt)
				}
			}
			k.must(ends(held, held.Fence(), jobs.StatusCompleted, "held")[1])
			k.finish(k.claim("job_1", strconv.Itoa(leaves)), jobs.StatusCompleted)
			if faults, err := k.store.Faults(t.Context()); err != nil || len(faults) > 0 {
				t.Errorf("faults %v (%v)", faults, err)
			}
		})
	}
}

// mustAll makes changes of which none is refused, in one transaction.
func (k *till) mustAll(changes ...jobs.Change) {
	k.t.Helper()
	out, err := k.store.Apply(context.Background(), changes...)
	if err != nil {
		k.t.Fatalf("%v", err)
	}
	for i, o := range out {
		if o.Err != nil {
			k.t.Fatalf("%T: %v", changes[i], o.Err)
		}
	}
}

// What is entrusted need not be durable yet when the next change builds on it, and a
// worker reads nothing of before it.
func TestStore_Entrust_isSeenByWhoBuildsOnIt(t *testing.T) {
	t.Parallel()
	k := newTill(t, storage.Config{})
	for i := range 50 {
		root := k.submit(jobs.NewJob{ID: jobs.JobID(fmt.Sprint("job_", i)), Budget: -1})
		for _, c := range []jobs.Change{
			jobs.Expand{Fence: root.Fence(), Plan: flat(2)},
			jobs.Claim{Fence: leafOf(root, 1).Fence(), Worker: "w", Known: leafOf(root, 1)},
		} {
			out, err := k.store.Entrust(t.Context(), c)
			if err != nil || out.Err != nil {
				t.Fatalf("%T: %v, %v", c, err, out.Err)
			}
			if _, claim := c.(jobs.Claim); !claim {
				continue
			}
			b, err := k.store.Brief(t.Context(), out.Node)
			if err != nil || out.Node.Prompt != "do 1" || len(b.Place) != 2 {
				t.Fatalf("brief of %q: %v %v", out.Node.Prompt, b.Place, err)
			}
		}
		ready, err := k.store.Ready(t.Context(), root.Job, 0, 10)
		if err != nil || len(ready) != 1 || ready[0].Known.Path != "2" {
			t.Fatalf("ready %+v (%v), want the second leaf", ready, err)
		}
	}
	stale := jobs.Fence{Node: 1, Epoch: 99}
	if out, err := k.store.Entrust(t.Context(), jobs.Retry{Fence: stale}); err != nil || !errors.Is(out.Err, jobs.ErrStale) {
		t.Errorf("a stale outcome: %v, %v, want ErrStale", out.Err, err)
	}
	if out, err := k.store.Entrust(t.Context(), jobs.Retry{Fence: jobs.Fence{Node: 1 << 40}}); err != nil || !errors.Is(out.Err, jobs.ErrStale) {
		t.Errorf("an outcome of no node: %v, %v, want ErrStale", out.Err, err)
	}
}
