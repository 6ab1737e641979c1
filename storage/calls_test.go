package storage_test

import (
	"errors"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/askbob/bob/jobs"
)

// claimRoot submits a job to a store whose runner is not told of it, and claims
// its root.
func claimRoot(t *testing.T, budget jobs.Money) (*engine, *jobs.Node) {
	t.Helper()
	h := &hands{}
	e := startIdle(t, filepath.Join(t.TempDir(), "bob.db"), h)
	job := e.submit(t, budget)
	ready, err := e.store.Ready(t.Context(), job, 0, 1)
	if err != nil || len(ready) != 1 {
		t.Fatalf("ready: %v %v", ready, err)
	}
	out, err := e.store.Apply(t.Context(), jobs.Claim{Fence: ready[0].Fence, Worker: "test"})
	if err != nil || out[0].Err != nil {
		t.Fatalf("claim: %v %v", out, err)
	}
	return e, out[0].Node
}

func worst(amount jobs.Money) jobs.Estimate {
	return jobs.Estimate{Provider: "p", Model: "m", Worst: jobs.Cost{Amount: amount, Known: true}}
}

func TestStore_Reserve_refusesWhatThePurseDoesNotCover(t *testing.T) {
	t.Parallel()
	e, n := claimRoot(t, 100)
	apply := func(c jobs.Change) jobs.Outcome {
		out, err := e.store.Apply(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return out[0]
	}
	reserve := func(amount jobs.Money) jobs.Outcome {
		return apply(jobs.Reserve{Fence: n.Fence(), Job: n.Job, Purpose: "plan", Estimate: worst(amount)})
	}
	first := reserve(60)
	if first.Err != nil {
		t.Fatal(first.Err)
	}
	if got := reserve(41).Err; !errors.Is(got, jobs.ErrBudget) {
		t.Errorf("60 reserved of 100, 41 more: got %v, want ErrBudget", got)
	}
	settled := apply(jobs.Settle{Call: first.Call, Status: jobs.CallOK, Cost: jobs.Cost{Amount: 10, Known: true}})
	if settled.Err != nil {
		t.Fatal(settled.Err)
	}
	if got := reserve(90).Err; got != nil {
		t.Errorf("10 spent of 100, 90 more: got %v, want none", got)
	}
	if got := apply(jobs.Settle{Call: first.Call, Status: jobs.CallOK}).Err; !errors.Is(got, jobs.ErrStale) {
		t.Errorf("settling twice: got %v, want ErrStale", got)
	}
	unpriced := apply(jobs.Reserve{Fence: n.Fence(), Job: n.Job, Estimate: jobs.Estimate{Provider: "p", Model: "m"}})
	if _, ok := errors.AsType[*jobs.UserError](unpriced.Err); !ok {
		t.Errorf("unknown price under a budget: got %v, want a UserError", unpriced.Err)
	}
}

func TestStore_neverPassesAPurse(t *testing.T) {
	t.Parallel()
	e, n := claimRoot(t, 1000)
	var open []int64
	held := map[int64]jobs.Money{}
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			if len(open) > 0 && rapid.Bool().Draw(rt, "settle") {
				call := open[0]
				open = open[1:]
				cost := jobs.Money(rapid.Int64Range(0, int64(held[call])).Draw(rt, "cost") / 50)
				if _, err := e.store.Apply(t.Context(), jobs.Settle{Call: call, Status: jobs.CallOK, Cost: jobs.Cost{Amount: cost, Known: true}}); err != nil {
					rt.Fatalf("settle: %v", err)
				}
				continue
			}
			amount := jobs.Money(rapid.Int64Range(0, 400).Draw(rt, "amount"))
			out, err := e.store.Apply(t.Context(), jobs.Reserve{Fence: n.Fence(), Job: n.Job, Estimate: worst(amount)})
			if err != nil {
				rt.Fatalf("reserve: %v", err)
			}
			if out[0].Err == nil {
				open = append(open, out[0].Call)
				held[out[0].Call] = amount
			}
			r, err := e.store.Report(t.Context(), n.Job, false)
			if err != nil {
				rt.Fatalf("report: %v", err)
			}
			spent, _ := jobs.ParseMoney(r.Cost.USD)
			reserved, _ := jobs.ParseMoney(r.Cost.Reserved)
			if spent+reserved > 1000 {
				rt.Fatalf("spent %s and reserved %s of a purse of 1000 nano-dollars", r.Cost.USD, r.Cost.Reserved)
			}
		}
	})
}

func TestStore_Finish_withAnOldEpochChangesNothing(t *testing.T) {
	t.Parallel()
	e, n := claimRoot(t, -1)
	out, err := e.store.Apply(t.Context(), jobs.Retry{Fence: n.Fence(), Reason: jobs.ReasonStopped, Uncounted: true})
	if err != nil || out[0].Err != nil {
		t.Fatal(err, out)
	}
	out, err = e.store.Apply(t.Context(), jobs.Finish{Node: n, Status: jobs.StatusFailed})
	if err != nil || !errors.Is(out[0].Err, jobs.ErrStale) {
		t.Errorf("got %v %v, want ErrStale", out, err)
	}
	r, err := e.store.Report(t.Context(), n.Job, false)
	if err != nil || r.Status != jobs.StatusPlanning {
		t.Errorf("got %v %v, want planning", r, err)
	}
}

func TestStore_Open_takesBackWhatAKilledProcessHeld(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bob.db")
	e := startIdle(t, path, &hands{})
	job := e.submit(t, 100)
	ready, err := e.store.Ready(t.Context(), job, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.store.Apply(t.Context(), jobs.Claim{Fence: ready[0].Fence, Worker: "killed"})
	if err != nil {
		t.Fatal(err)
	}
	n := out[0].Node
	if _, err := e.store.Apply(t.Context(), jobs.Reserve{Fence: n.Fence(), Job: job, Estimate: worst(70)}); err != nil {
		t.Fatal(err)
	}
	if err := e.stop(); err != nil { // without a word about the node: as if killed
		t.Fatal(err)
	}

	e = startIdle(t, path, &hands{})
	r, err := e.store.Report(t.Context(), job, true)
	if err != nil {
		t.Fatal(err)
	}
	if r.Status != jobs.StatusPlanning || r.Cost.USD != "0.000000070" || r.Cost.Reserved != "0.000000000" {
		t.Errorf("got %s, spent %s, reserved %s; want planning, the lost call's worst case spent, nothing reserved", r.Status, r.Cost.USD, r.Cost.Reserved)
	}
	if len(r.Calls) != 1 || r.Calls[0].Status != jobs.CallLost {
		t.Errorf("got calls %+v, want one that is lost", r.Calls)
	}
	ready, err = e.store.Ready(t.Context(), job, 0, 1)
	if err != nil || len(ready) != 1 || ready[0].Epoch <= n.Epoch {
		t.Errorf("got ready %v %v, want the root with a newer epoch than %d", ready, err, n.Epoch)
	}
}

func TestStore_Create_givesAnotherNodesFileAnotherName(t *testing.T) {
	t.Parallel()
	e, n := claimRoot(t, -1)
	files := e.store.Files(n)
	for range 2 { // the second time the node replaces its own
		a, err := files.Create(t.Context(), "../chart.png", "image/png", []byte("x"))
		if err != nil || a.Name != "chart.png" {
			t.Fatalf("got %v %v, want chart.png", a, err)
		}
	}
	if _, err := files.Create(t.Context(), "empty", "text/plain", nil); err == nil {
		t.Error("an empty file was kept")
	}
	got, err := files.Read(t.Context(), "chart.png")
	if err != nil || string(got) != "x" {
		t.Errorf("got %q %v, want x", got, err)
	}
	if _, err := files.Read(t.Context(), "nothing"); !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}
