package storage_test

import (
	"errors"
	"testing"

	"github.com/askbob/bob/jobs"
)

func TestDid_ofAnOldClaimDoesNotHideANewCall(t *testing.T) {
	t.Parallel()
	q := newInquiry(t)
	n := q.claim(q.job, "1")
	d := jobs.Deed{Turn: 1, Tool: "send", Args: `{}`}
	d.ID = q.must(jobs.Intend{Fence: n.Fence(), Deed: d}).Deed.ID
	q.must(jobs.Park{Fence: n.Fence(), Reason: jobs.ReasonEffectUnknown, Question: "?"})
	if err := q.answer("1", "again"); err != nil {
		t.Fatal(err)
	}
	again := q.claim(q.job, "1")
	if got := q.must(jobs.Intend{Fence: again.Fence(), Deed: d}).Deed; got.ID != d.ID || got.Done {
		t.Errorf("got %+v, want the same deed, to be done", got)
	}
	if err := q.apply(jobs.Did{Fence: n.Fence(), Deed: d}).Err; !errors.Is(err, jobs.ErrStale) {
		t.Errorf("the late record of the first call: %v, want ErrStale", err)
	}
	if err := q.apply(jobs.Intend{Fence: n.Fence(), Deed: d}).Err; !errors.Is(err, jobs.ErrStale) {
		t.Errorf("the first claim goes on to act: %v, want ErrStale", err)
	}
}
