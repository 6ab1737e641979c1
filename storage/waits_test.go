package storage_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
)

func TestReport_saysWhatAJobWaitsForAndSinceWhen(t *testing.T) {
	t.Parallel()
	before := time.Now().Truncate(time.Millisecond)
	e := startIdle(t, filepath.Join(t.TempDir(), "bob.db"), &hands{})
	job := e.submit(t, -1)
	list, err := e.store.Ready(t.Context(), job, 0, 1)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	apply := func(c jobs.Change) jobs.Outcome {
		out, err := e.store.Apply(t.Context(), c)
		if err != nil || out[0].Err != nil {
			t.Fatalf("%T: %v %v", c, err, out[0].Err)
		}
		return out[0]
	}
	n := apply(jobs.Claim{Fence: list[0].Fence, Worker: "w"}).Node
	apply(jobs.Park{Fence: n.Fence(), Reason: jobs.ReasonQuestion, Question: "Which year?"})
	r, err := e.store.Report(t.Context(), job, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Waiting) != 1 || !strings.Contains(r.Waiting[0].Text, "Which year?") || r.Waiting[0].Since.Before(before) {
		t.Errorf("waiting for %+v, want the question, since %v", r.Waiting, before)
	}
	past, err := e.store.Silent(t.Context(), time.Now().Add(-time.Minute))
	if err != nil || len(past) != 0 {
		t.Errorf("silent for a minute: %v (%v), want none", past, err)
	}
	soon := time.Now().Add(time.Minute)
	for range 2 { // it is told once
		silent, err := e.store.Silent(t.Context(), soon)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range silent {
			apply(jobs.Quiet{Job: id})
		}
	}
	notices, err := e.store.Notices(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, notice := range notices {
		if notice.Kind == jobs.NoticeQuiet {
			told++
			if !strings.Contains(notice.Text, "Which year?") {
				t.Errorf("told %q, want what it waits for", notice.Text)
			}
		}
	}
	if told != 1 {
		t.Errorf("told %d times, want once", told)
	}
}

func TestReport_findsWhatAJobWaitsForByItsIndex(t *testing.T) {
	t.Parallel()
	e := startIdle(t, filepath.Join(t.TempDir(), "bob.db"), &hands{})
	plan, err := e.store.WaitsPlan(t.Context())
	if err != nil || !strings.Contains(plan, "USING INDEX nodes_waits (job_id=?)") {
		t.Errorf("no nodes_waits in\n%s (%v)", plan, err)
	}
}
