package storage_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// sorter is a store of which the letters are looked at, without a runner. Its clock is
// set by hand.
type sorter struct {
	*till

	clock *clock
	cfg   storage.Config
}

func newSorter(t *testing.T) *sorter {
	t.Helper()
	c := &clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	s := &sorter{clock: c, cfg: storage.Config{Path: filepath.Join(t.TempDir(), "bob.db"), Now: c.Now}}
	s.till = openTill(t, s.cfg)
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// reopen closes the database and opens it anew, as after a crash.
func (s *sorter) reopen() {
	s.t.Helper()
	if err := s.stop(); err != nil {
		s.t.Fatalf("stop: %v", err)
	}
	s.till = openTill(s.t, s.cfg)
}

func (s *sorter) pass(d time.Duration) { s.clock.set(s.clock.Now().Add(d)) }

// thread is a place of the tests.
func thread(id string) jobs.Place {
	return jobs.Place{Surface: "slack", Workspace: "T1", Channel: "C1", Thread: id}
}

// give submits a job that is seen in a thread.
func (s *sorter) give(id jobs.JobID, p jobs.Place) *jobs.Node {
	s.t.Helper()
	return s.submit(jobs.NewJob{
		ID: id, User: p.UserOf("U1"), Workspace: p.Scope(), Channel: p.Room(), Place: p, Budget: 100,
	})
}

// end finishes a job whose claimed root was not planned yet, as one of one step.
func (s *sorter) end(root *jobs.Node, to jobs.Status) {
	s.t.Helper()
	s.must(jobs.Become{Fence: root.Fence(), Step: jobs.Step{Type: jobs.TypeTask, Prompt: "x"}})
	s.finish(s.claim(root.Job, ""), to)
}

func (s *sorter) due(surface string) []jobs.Letter {
	s.t.Helper()
	list, err := s.store.Due(context.Background(), surface, s.clock.Now(), 100)
	if err != nil {
		s.t.Fatalf("due: %v", err)
	}
	return list
}

// kinds lists what is due on Slack, as "job kind".
func (s *sorter) kinds() []string {
	s.t.Helper()
	list := []string{}
	for _, l := range s.due("slack") {
		list = append(list, strings.TrimSpace(string(l.Job)+string(l.Schedule)+" "+string(l.Kind)))
	}
	return list
}

// deliver says all that is due on Slack, in order, and returns it.
func (s *sorter) deliver() []string {
	s.t.Helper()
	said := []string{}
	for {
		list := s.kinds()
		if len(list) == 0 {
			return said
		}
		said = append(said, list...)
		for _, l := range s.due("slack") {
			s.must(jobs.Delivered{Notice: l.ID})
		}
	}
}

func TestStore_Due_isTheOldestLetterOfEachJob(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	place := jobs.Place{Surface: "slack", Workspace: "T1", Channel: "C1"}
	one := s.give("job_1", place)
	s.give("job_2", thread("2"))
	s.submit(jobs.NewJob{ID: "job_3", Budget: 100}) // is seen nowhere
	s.give("job_4", jobs.Place{Surface: "discord", Workspace: "G1", Channel: "9"})
	s.end(one, jobs.StatusCompleted)

	got := s.due("slack")
	want := []jobs.Letter{
		{Notice: jobs.Notice{Job: "job_1", Kind: jobs.NoticeAck, Text: "Job submitted: job_1", At: s.clock.Now()}, Place: place, User: "slack:T1:U1"},
		{Notice: jobs.Notice{Job: "job_2", Kind: jobs.NoticeAck, Text: "Job submitted: job_2", At: s.clock.Now()}, Place: thread("2"), User: "slack:T1:U1"},
	}
	for i := range got {
		got[i].ID = 0
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("due on Slack (-want +got):\n%s", diff)
	}
	if list := s.due("discord"); len(list) != 1 || list[0].Job != "job_4" {
		t.Errorf("due on Discord: %+v", list)
	}
	if list := s.due(""); len(list) != 0 {
		t.Errorf("due nowhere: %+v", list)
	}
	if list, err := s.store.Due(t.Context(), "slack", s.clock.Now(), 1); err != nil || len(list) != 1 || list[0].Job != "job_1" {
		t.Errorf("the first one: %+v, %v", list, err)
	}
	s.must(jobs.Delivered{Notice: s.due("slack")[0].ID})
	if got := s.kinds(); !slices.Equal(got, []string{"job_2 ack", "job_1 completion"}) {
		t.Errorf("then due: %q", got)
	}
}

func TestStore_Due_waitsForALetterThatIsPostponed(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	s.end(s.give("job_1", thread("1")), jobs.StatusCompleted)
	s.give("job_2", thread("2"))
	first := s.due("slack")[0].ID
	at := s.clock.Now().Add(time.Minute)
	s.must(jobs.Begin{Notice: first})
	s.must(jobs.Postpone{Notice: first, Until: at, Why: "too many requests"})
	if got := s.kinds(); !slices.Equal(got, []string{"job_2 ack"}) { // and not the completion of job_1
		t.Errorf("due: %q", got)
	}
	if next, err := s.store.NextDue(t.Context(), "slack"); err != nil || !next.Equal(at) {
		t.Errorf("next due at %v, %v; want %v", next, err, at)
	}
	s.reopen()
	s.pass(time.Minute)
	if list := s.due("slack"); len(list) != 2 || list[0].ID != first || list[0].Tries != 1 || list[0].Begun {
		t.Errorf("due after a minute: %+v, want the first one, tried once and surely not up", list)
	}
	s.must(jobs.Postpone{Notice: first, Until: at, Unsure: true})
	if l := s.due("slack")[0]; l.Tries != 2 || !l.Begun {
		t.Errorf("got %+v, want one that was tried twice and may be up", l)
	}
	s.must(jobs.Delivered{Notice: first})
	if next, err := s.store.NextDue(t.Context(), "slack"); err != nil || !next.IsZero() {
		t.Errorf("next due at %v, %v; want never", next, err)
	}
}

func TestStore_Letter_goesOnWhereItWasAfterACrash(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	s.give("job_1", thread("1"))
	id := s.due("slack")[0].ID
	s.must(jobs.Begin{Notice: id})
	s.reopen()
	if l := s.due("slack")[0]; l.Step != 0 || !l.Begun {
		t.Errorf("got %+v, want a first message that may be up", l)
	}
	s.must(jobs.Postpone{Notice: id, Until: s.clock.Now()})
	s.must(jobs.Sent{Notice: id, Step: 1})
	s.reopen()
	if l := s.due("slack")[0]; l.Step != 1 || l.Begun || l.Tries != 0 {
		t.Errorf("got %+v, want one message up and none tried", l)
	}
	s.must(jobs.Begin{Notice: id})
	s.must(jobs.Sent{Notice: id, Step: 2})
	s.must(jobs.Begin{Notice: id})
	s.reopen()
	if l := s.due("slack")[0]; l.Step != 2 || !l.Begun {
		t.Errorf("got %+v, want two messages up and a third that may be", l)
	}
}

func TestStore_Letter_isStaleOnceItIsOver(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	s.give("job_1", thread("1"))
	s.give("job_2", thread("2"))
	list := s.due("slack")
	s.must(jobs.Delivered{Notice: list[0].ID})
	s.must(jobs.GiveUp{Notice: list[1].ID, Why: "no such channel"})
	for _, id := range []int64{list[0].ID, list[1].ID, 99} {
		for _, c := range []jobs.Change{jobs.Begin{Notice: id}, jobs.Sent{Notice: id, Step: 1}, jobs.Postpone{Notice: id}, jobs.GiveUp{Notice: id}} {
			if err := s.apply(c).Err; !errors.Is(err, jobs.ErrStale) {
				t.Errorf("%#v: %v, want stale", c, err)
			}
		}
	}
	s.must(jobs.Delivered{Notice: list[0].ID}) // harmless
}

func TestStore_GiveUp_isInTheReport(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	root := s.give("job_1", thread("1"))
	if list := s.report("job_1").Undelivered; list != nil {
		t.Errorf("undelivered at first: %q", list)
	}
	s.must(jobs.GiveUp{Notice: s.due("slack")[0].ID, Why: strings.Repeat("long ", 200)})
	s.end(root, jobs.StatusCompleted)
	s.must(jobs.GiveUp{Notice: s.due("slack")[0].ID, Why: "Bob was thrown out"})
	s.reopen()
	got := s.report("job_1").Undelivered
	if len(got) != 2 || len([]rune(got[0])) > 310 || got[1] != "completion: Bob was thrown out" {
		t.Errorf("undelivered: %q", got)
	}
	if list := s.due("slack"); len(list) != 0 {
		t.Errorf("due: %+v", list)
	}
	if list, err := s.store.Notices(t.Context(), "job_1"); err != nil || len(list) != 0 {
		t.Errorf("still to be said: %v, %v", list, err)
	}
}

func TestStore_notices_thatAreOvertakenAreNotSaid(t *testing.T) {
	t.Parallel()
	ask := func(s *sorter, id jobs.JobID) {
		root := s.give(id, thread(string(id)))
		s.must(jobs.Park{Fence: root.Fence(), Reason: jobs.ReasonQuestion, Question: "Which year?", Until: s.clock.Now().Add(time.Hour)})
	}
	tests := map[string]struct {
		do   func(s *sorter)
		want string
	}{
		"a question": {func(s *sorter) { ask(s, "job_1") }, "ack, question"},
		"a question that was answered": {func(s *sorter) {
			ask(s, "job_1")
			s.must(jobs.Answer{Job: "job_1", Text: "2026"})
		}, "ack"},
		"a question that was answered while paused": {func(s *sorter) {
			ask(s, "job_1")
			s.must(jobs.Command{Job: "job_1", Verb: jobs.VerbPause})
			s.must(jobs.Answer{Job: "job_1", Text: "2026"})
		}, "ack"},
		"a question that nobody answered": {func(s *sorter) {
			ask(s, "job_1")
			s.pass(2 * time.Hour)
			s.must(jobs.Assume{Job: "job_1"})
		}, "ack, assumed"},
		"a question of a job that was cancelled": {func(s *sorter) {
			ask(s, "job_1")
			s.must(jobs.Cancel{Job: "job_1", Reason: jobs.ReasonUser})
		}, "ack, completion"},
		"a question of a step that was skipped": {func(s *sorter) {
			s.must(jobs.Expand{Fence: s.give("job_1", thread("1")).Fence(), Plan: twoBranches()})
			for _, path := range []string{"1.1", "1.2"} {
				s.must(jobs.Park{Fence: s.claim("job_1", path).Fence(), Reason: jobs.ReasonQuestion, Question: "Which year?"})
			}
			s.must(jobs.Command{Job: "job_1", Path: "1.1", Verb: jobs.VerbSkip})
		}, "ack, question"},
		"money that came": {func(s *sorter) {
			s.park(s.give("job_1", thread("1")), 200)
			s.must(jobs.AddBudget{Job: "job_1", Amount: 200})
		}, "ack"},
		"money that is missing again": {func(s *sorter) {
			s.park(s.give("job_1", thread("1")), 200)
			s.must(jobs.AddBudget{Job: "job_1", Amount: 1})
			s.park(s.claim("job_1", ""), 200)
		}, "ack, budget"},
		"a plan that was agreed to": {func(s *sorter) {
			s.plan()
			s.must(jobs.Approve{Job: "job_1", Revision: 1})
		}, "ack"},
		"a plan that was edited": {func(s *sorter) {
			s.plan()
			s.must(jobs.Revise{Job: "job_1", Revision: 1, Plan: twoBranches()})
		}, "ack, approval"},
		"a plan of a job that is over": {func(s *sorter) {
			s.plan()
			s.must(jobs.FinishNow{Job: "job_1"})
		}, "ack, completion"},
		"two ends": {func(s *sorter) {
			s.end(s.give("job_1", thread("1")), jobs.StatusFailed)
			s.must(jobs.Command{Job: "job_1", Verb: jobs.VerbRetry})
			s.finish(s.claim("job_1", ""), jobs.StatusCompleted)
		}, "ack, completion, completion"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSorter(t)
			tt.do(s)
			s.reopen()
			if got := strings.ReplaceAll(strings.Join(s.deliver(), ", "), "job_1 ", ""); got != tt.want {
				t.Errorf("said: %q, want %q", got, tt.want)
			}
		})
	}
}

// plan gives job_1, whose plan waits for approval.
func (s *sorter) plan() {
	s.t.Helper()
	root := s.submit(jobs.NewJob{ID: "job_1", Place: thread("1"), Budget: 100, Approval: jobs.Approval{Mode: jobs.ApproveAlways}})
	s.must(jobs.Expand{Fence: root.Fence(), Plan: twoBranches()})
}

func TestStore_Mute_leavesOutAllButWhatMatters(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	by := jobs.Actor{User: "slack:T1:U2", Surface: "slack"}
	s.must(jobs.Expand{Fence: s.give("job_1", thread("1")).Fence(), Plan: twoBranches()})
	s.pass(time.Hour)
	s.must(jobs.Quiet{Job: "job_1"}) // is not said any more, because of the mute
	s.must(jobs.Mute{Job: "job_1", Muted: true, By: by})
	s.finish(s.claim("job_1", "1.1"), jobs.StatusCompleted) // a milestone: 25 %
	s.pass(time.Hour)
	s.must(jobs.Quiet{Job: "job_1"})
	s.park(s.claim("job_1", "1.2"), 200)
	if l := s.due("slack")[0]; !l.Muted {
		t.Errorf("got %+v, want a letter of a muted job", l)
	}
	if got := s.deliver(); !slices.Equal(got, []string{"job_1 ack", "job_1 budget"}) {
		t.Errorf("said while muted: %q", got)
	}
	s.must(jobs.Mute{Job: "job_1", By: by})
	if got := s.kinds(); len(got) != 0 {
		t.Errorf("said late: %q", got)
	}
	s.finish(s.claim("job_1", "2.1"), jobs.StatusCompleted) // 50 %
	if got := s.deliver(); !slices.Equal(got, []string{"job_1 milestone"}) {
		t.Errorf("said when no longer muted: %q", got)
	}
	s.submit(jobs.NewJob{ID: "job_2", Budget: 100})
	if _, ok := errors.AsType[*jobs.UserError](s.apply(jobs.Mute{Job: "job_2", Muted: true}).Err); !ok {
		t.Error("a job that nobody is told of was muted")
	}
	if err := s.apply(jobs.Mute{Job: "job_none"}).Err; !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("an unknown job: %v", err)
	}
}

// Whoever delivers, and however often the process dies: each letter is said once and
// all of it, those of a job in their order, and none that is postponed before its time.
func TestStore_Due_saysEachLetterOnceThroughCrashes(t *testing.T) {
	t.Parallel()
	s, n := newSorter(t), 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		s.t = rt
		p := jobs.Place{Surface: fmt.Sprintf("surface %d", n)} // of this run alone
		last := map[jobs.JobID]int64{}                         // delivered
		steps, until, given := map[int64]int{}, map[int64]time.Time{}, 0
		for range rapid.IntRange(5, 20).Draw(rt, "length") {
			list := s.due(p.Surface)
			switch what := rapid.IntRange(0, 9).Draw(rt, "what"); {
			case what == 0 && given < 3 || given == 0:
				given++
				s.end(s.give(jobs.JobID(fmt.Sprintf("job_%d_%d", n, given)), p), jobs.StatusCompleted)
			case what == 1:
				s.reopen()
			case what == 2:
				s.pass(30 * time.Second)
			case len(list) > 0:
				l := list[rapid.IntRange(0, len(list)-1).Draw(rt, "letter")]
				if l.Step != steps[l.ID] || l.ID <= last[l.Job] || until[l.ID].After(s.clock.Now()) {
					rt.Fatalf("%+v is due, with %d messages up, after %d, until %v", l, steps[l.ID], last[l.Job], until[l.ID])
				}
				s.must(jobs.Begin{Notice: l.ID})
				switch what {
				case 3, 4:
					until[l.ID] = s.clock.Now().Add(time.Minute)
					s.must(jobs.Postpone{Notice: l.ID, Until: until[l.ID]})
				case 5, 6:
					steps[l.ID]++
					s.must(jobs.Sent{Notice: l.ID, Step: steps[l.ID]})
				case 7, 8:
					last[l.Job] = l.ID
					s.must(jobs.Delivered{Notice: l.ID})
				}
			}
		}
		s.pass(time.Hour)
		for list := s.due(p.Surface); len(list) > 0; list = s.due(p.Surface) {
			for _, l := range list {
				if l.ID <= last[l.Job] {
					rt.Fatalf("%+v is due after %d was said", l, last[l.Job])
				}
				last[l.Job] = l.ID
				s.must(jobs.Delivered{Notice: l.ID})
			}
		}
		if len(last) != given {
			rt.Fatalf("%d of %d jobs were heard of", len(last), given)
		}
	})
}
