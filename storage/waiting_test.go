package storage_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
)

func TestStore_Retry_ofOneThatOnlyWaitedCountsNothing(t *testing.T) {
	t.Parallel()
	e, n := claimRoot(t, -1)
	for _, tt := range []struct {
		retry          jobs.Retry
		attempt, tries int // of the next claim
	}{
		{jobs.Retry{Uncounted: true, Waited: true}, 1, 1},
		{jobs.Retry{Uncounted: true, Waited: true}, 1, 1},
		{jobs.Retry{Uncounted: true}, 1, 2},
		{jobs.Retry{}, 2, 3},
	} {
		tt.retry.Fence, tt.retry.Reason = n.Fence(), jobs.ReasonRateLimit
		out, err := e.store.Apply(t.Context(), tt.retry)
		if err != nil || out[0].Err != nil {
			t.Fatal(err, out)
		}
		n = claimNext(t, e, n.Job)
		if n.Attempt != tt.attempt || n.Tries != tt.tries {
			t.Errorf("after %+v: attempt %d, try %d; want %d and %d", tt.retry, n.Attempt, n.Tries, tt.attempt, tt.tries)
		}
	}
}

func claimNext(t *testing.T, e *engine, job jobs.JobID) *jobs.Node {
	t.Helper()
	ready, err := e.store.Ready(t.Context(), job, 0, 10)
	if err != nil {
		t.Fatalf("ready: %v", err)
	}
	for _, r := range ready { // the first may be claimed already: a claim is granted before it is seen
		out, err := e.store.Apply(t.Context(), jobs.Claim{Fence: r.Fence, Worker: "test"})
		if err != nil {
			t.Fatalf("claim: %v", err)
		}
		if out[0].Err == nil {
			return out[0].Node
		}
	}
	t.Fatalf("none of %v can be claimed", ready)
	return nil
}

func TestStore_Brief_saysOfEveryNodeOfAPrivateJobThatItIsPrivate(t *testing.T) {
	t.Parallel()
	for _, private := range []bool{true, false} {
		e := startIdle(t, filepath.Join(t.TempDir(), "bob.db"), &hands{})
		out, err := e.store.Apply(t.Context(), jobs.Submit{Job: jobs.NewJob{
			ID: "job_00000001", Title: "x", Request: "x", Priority: jobs.PriorityMedium, Budget: -1, Private: private, Weight: time.Second,
		}})
		if err != nil || out[0].Err != nil {
			t.Fatal(err, out)
		}
		job := out[0].Job
		root := claimNext(t, e, job)
		// A plan that does not say so does not make it less private.
		out, err = e.store.Apply(t.Context(), jobs.Expand{Fence: root.Fence(), Plan: jobs.Plan{Steps: []jobs.Step{
			{Key: "a", Type: jobs.TypeAPICall, Title: "a", Prompt: "a"}, {Key: "b", Type: jobs.TypeSubplan, Title: "b", Prompt: "b", Later: true},
		}}})
		if err != nil || out[0].Err != nil {
			t.Fatal(err, out)
		}
		for _, n := range []*jobs.Node{root, claimNext(t, e, job), claimNext(t, e, job)} {
			if _, err := e.store.Brief(t.Context(), n); err != nil {
				t.Fatal(err)
			}
			if n.Needs.PrivateOnly != private {
				t.Errorf("node %q of a job with private = %v: %v", n.Path, private, n.Needs.PrivateOnly)
			}
		}
	}
}
