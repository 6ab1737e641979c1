package storage_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// inquiry is a store whose clock is set by hand, with a job of three tasks that do
// not depend on each other.
type inquiry struct {
	*till

	clock *clock
	job   jobs.JobID
}

func newInquiry(t *testing.T) *inquiry {
	t.Helper()
	c := &clock{now: start1970()}
	q := &inquiry{till: newTill(t, storage.Config{Now: c.Now}), clock: c, job: "job_00000001"}
	root := q.submit(jobs.NewJob{ID: q.job, Budget: -1, Timeout: time.Hour})
	q.must(jobs.Expand{Fence: root.Fence(), Plan: flatPlan(3)})
	return q
}

// ask claims the task at path and lets it ask for that long.
func (q *inquiry) ask(path, text, assume string, within time.Duration) *jobs.Node {
	q.t.Helper()
	n := q.claim(q.job, path)
	p := jobs.Park{
		Fence: n.Fence(), Reason: jobs.ReasonQuestion, Question: text, Assume: assume,
		Kept: &jobs.Checkpoint{Turn: 1, Messages: []jobs.Message{{Text: "I ask"}, {Text: "asked"}}},
	}
	if within > 0 {
		p.Until = q.clock.Now().Add(within)
	}
	q.must(p)
	return n
}

func (q *inquiry) answer(path, text string) error {
	return q.apply(jobs.Answer{Job: q.job, Path: path, Text: text, By: jobs.Actor{User: "ann", Surface: "cli"}}).Err
}

func (q *inquiry) sound(t *testing.T) {
	t.Helper()
	faults, err := q.store.Faults(t.Context())
	if err != nil || len(faults) > 0 {
		t.Errorf("%v %v", faults, err)
	}
}

func TestAnswer_letsATaskGoOnFromItsLastTurn(t *testing.T) {
	t.Parallel()
	q := newInquiry(t)
	asked := q.ask("2", "Which year?", "2025", time.Hour)
	other := q.claim(q.job, "1") // what does not depend on the answer goes on
	if r := q.report(q.job); len(r.Waiting) != 1 || r.Waiting[0].Until == nil || !strings.Contains(r.Waiting[0].Text, "Which year?") {
		t.Errorf("the report says it waits for %+v", r.Waiting)
	}
	if err := q.answer("", "2024"); err != nil {
		t.Fatal(err)
	}
	n := q.claim(q.job, "2")
	if n.Attempt != asked.Attempt || n.Epoch <= asked.Epoch {
		t.Errorf("attempt %d, epoch %d after attempt %d, epoch %d", n.Attempt, n.Epoch, asked.Attempt, asked.Epoch)
	}
	turns, err := q.store.Turns(t.Context(), n)
	if err != nil || len(turns) != 2 {
		t.Errorf("%d messages were kept, %v; want the turn in which it asked", len(turns), err)
	}
	said, err := q.store.Said(t.Context(), n)
	want := []jobs.Said{{User: "ann", Text: "2024", Question: "Which year?", At: start1970().UTC()}}
	if diff := cmp.Diff(want, said); diff != "" || err != nil {
		t.Errorf("the task is told (-want +got):\n%s%v", diff, err)
	}
	if said, _ := q.store.Said(t.Context(), other); len(said) > 0 {
		t.Errorf("another step is told %v", said)
	}
	for _, n := range []*jobs.Node{n, other, q.claim(q.job, "3")} {
		q.must(jobs.Finish{Node: n, Status: jobs.StatusCompleted, Result: "x"})
	}
	if r := q.report(q.job); len(r.Waiting) != 0 || r.Summary.Completed != 3 {
		t.Errorf("got %+v, %+v", r.Summary, r.Waiting)
	}
	q.sound(t)
}

func TestAnswer_isRefusedWhereNothingWaitsForIt(t *testing.T) {
	t.Parallel()
	q := newInquiry(t)
	service, err := jobs.NewService(jobs.ServiceConfig{Store: q.store, Inspector: anyFile{}, Now: q.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	refused := func(path, text, want string) {
		t.Helper()
		err := service.Answer(t.Context(), jobs.Answer{Job: q.job, Path: path, Text: text})
		if e, ok := errors.AsType[*jobs.UserError](err); !ok || !strings.Contains(e.Message, want) {
			t.Errorf("answer %.20q to step %q: %v, want a UserError with %q", text, path, err, want)
		}
	}
	refused("", "yes", "waits for no answer")
	q.ask("1", "Why?", "because", 0)
	q.ask("3", "Who?", "nobody", 0)
	refused("", "yes", "say which one of 1, 3")
	refused("2", "yes", "Step 2 of job job_00000001 waits for no answer")
	refused("9", "yes", `no step "9"`)
	refused("1", " \n", "The answer is empty")
	refused("1", strings.Repeat("ü", jobs.MaxSaid+1), "The answer has 4001 characters")
	if err := service.Answer(t.Context(), jobs.Answer{Job: "job_none", Text: "x"}); !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("an unknown job: %v", err)
	}
	if err := service.Answer(t.Context(), jobs.Answer{Job: q.job, Path: "1", Text: "so"}); err != nil {
		t.Error(err)
	}
	refused("1", "so", "waits for no answer") // a second time
	q.must(jobs.Cancel{Job: q.job, Reason: jobs.ReasonUser})
	refused("3", "Bob", "waits for no answer")
	q.sound(t)
}

func TestAssume_goesOnWithoutAnAnswerWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	q := newInquiry(t)
	q.ask("1", "Which year?", "2025", time.Hour)
	q.ask("2", "Which month?", "", 3*time.Hour)
	q.ask("3", "Which day?", "today", 0)
	due := func(want ...jobs.JobID) {
		t.Helper()
		got, err := q.store.Unanswered(t.Context(), q.clock.Now())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("unanswered (-want +got):\n%s%v", diff, err)
		}
	}
	notices := q.notices(q.job, jobs.NoticeQuestion)
	if len(notices) != 3 || !strings.Contains(notices[0], "Step 1 (") || !strings.Contains(notices[0], "14:46 UTC it goes on with this: 2025") ||
		!strings.Contains(notices[1], "most sensible") || strings.Contains(notices[2], "Without an answer") {
		t.Errorf("people are asked %q", notices)
	}
	due()
	q.clock.set(start1970().Add(2 * time.Hour))
	due(q.job)
	q.must(jobs.Assume{Job: q.job})
	due()
	n := q.claim(q.job, "1")
	said, err := q.store.Said(t.Context(), n)
	if err != nil || len(said) != 1 || said[0].Question != "Which year?" || !strings.Contains(said[0].Text, "with this assumption, and say so in the result: 2025") {
		t.Errorf("the task is told %+v, %v", said, err)
	}
	if got := q.notices(q.job, jobs.NoticeAssumed); len(got) != 1 || !strings.Contains(got[0], "goes on with this: 2025") {
		t.Errorf("people are told %q", got)
	}
	if err := q.answer("1", "2024"); err == nil {
		t.Error("an answer after the time was taken")
	}
	q.clock.set(start1970().Add(4 * time.Hour))
	q.must(jobs.Assume{Job: q.job})
	q.claim(q.job, "2")
	due() // of the third the time is never over
}

func TestAnswer_theJobsTimeStandsStillUntilThen(t *testing.T) {
	t.Parallel()
	q := newInquiry(t)
	overdue := func(want ...jobs.JobID) {
		t.Helper()
		got, err := q.store.Overdue(t.Context(), q.clock.Now())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("overdue after %s (-want +got):\n%s%v", q.clock.Now().Sub(start1970()), diff, err)
		}
	}
	q.ask("1", "Which year?", "2025", 0)
	q.clock.set(start1970().Add(9 * time.Hour))
	q.ask("2", "Which month?", "May", 0)
	q.clock.set(start1970().Add(10 * time.Hour))
	if err := q.answer("1", "2024"); err != nil {
		t.Fatal(err)
	}
	overdue()
	if err := q.answer("2", "June"); err != nil {
		t.Fatal(err)
	}
	overdue() // it had an hour, and lost none of it while both were open
	q.clock.set(start1970().Add(11*time.Hour + time.Minute))
	overdue(q.job)
}

func TestAnswer_ofAPausedStepWaitsForItsResumption(t *testing.T) {
	t.Parallel()
	q := newInquiry(t)
	q.ask("1", "Which year?", "2025", time.Hour)
	q.must(jobs.Command{Job: q.job, Path: "1", Verb: jobs.VerbPause})
	q.clock.set(start1970().Add(2 * time.Hour))
	q.must(jobs.Assume{Job: q.job}) // nothing is assumed of what is paused
	if err := q.answer("1", "2024"); err != nil {
		t.Fatal(err)
	}
	if n := nodeAt(q.report(q.job), "1"); n.Status != jobs.StatusPaused {
		t.Errorf("step 1 is %s", n.Status)
	}
	q.must(jobs.Command{Job: q.job, Path: "1", Verb: jobs.VerbResume})
	said, err := q.store.Said(t.Context(), q.claim(q.job, "1"))
	if err != nil || len(said) != 1 || said[0].Text != "2024" {
		t.Errorf("the task is told %+v, %v", said, err)
	}
}

func TestAnswer_toAPlannersQuestionsPlansAgain(t *testing.T) {
	t.Parallel()
	k := newTill(t, storage.Config{})
	root := k.submit(jobs.NewJob{ID: "job_00000001", Budget: -1})
	k.must(jobs.Park{Fence: root.Fence(), Reason: jobs.ReasonQuestion, Question: "- Which year?\n- Which region?"})
	if got := k.notices("job_00000001", jobs.NoticeQuestion); len(got) != 1 || got[0] != "- Which year?\n- Which region?" {
		t.Errorf("people are asked %q, want both in one", got)
	}
	k.must(jobs.Answer{Job: "job_00000001", Text: "2024, North"})
	n := k.claim("job_00000001", "")
	b, err := k.store.Brief(t.Context(), n)
	if err != nil || n.Status != jobs.StatusPlanning || len(b.Messages) != 1 || b.Messages[0].Question == "" {
		t.Errorf("%s, told %+v, %v", n.Status, b.Messages, err)
	}
}
