package storage_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
)

// asked says all that is due, as a front end does, and returns where what asks people
// stands.
func (s *sorter) asked() (ask jobs.Asked) {
	s.t.Helper()
	for list := s.due("slack"); len(list) > 0; list = s.due("slack") {
		for _, l := range list {
			s.must(jobs.Begin{Notice: l.ID})
			changes := []jobs.Change{jobs.Delivered{Notice: l.ID}}
			if l.Kind != jobs.NoticeAck {
				ask = jobs.Asked{Notice: l.ID, Place: thread("asked"), Message: "m7"}
				changes = append([]jobs.Change{ask}, changes...)
			}
			for _, c := range changes {
				s.must(c)
			}
		}
	}
	return ask
}

// question lets a job ask which year.
func (s *sorter) question() {
	s.t.Helper()
	root := s.give("job_1", thread("1"))
	s.must(jobs.Park{Fence: root.Fence(), Reason: jobs.ReasonQuestion, Question: "Which year?", Assume: "2026", Until: s.clock.Now().Add(time.Hour)})
}

// approval lets a job of one step wait for approval.
func (s *sorter) approval() {
	s.t.Helper()
	p := thread("1")
	root := s.submit(jobs.NewJob{
		ID: "job_1", User: p.UserOf("U1"), Workspace: p.Scope(), Channel: p.Room(), Place: p, Budget: 100,
		Approval: jobs.Approval{Mode: jobs.ApproveAlways},
	})
	s.must(jobs.Become{Fence: root.Fence(), Step: jobs.Step{Type: jobs.TypeTask, Prompt: "x"}})
}

// money lets a job wait for money.
func (s *sorter) money() {
	s.t.Helper()
	root := s.give("job_1", thread("1"))
	s.must(jobs.Park{Fence: root.Fence(), Reason: jobs.ReasonBudget, Shortage: &jobs.Shortage{Missing: "1.00", Add: "1.00"}})
}

// decided are the letters that are due on Slack and say how something ended.
func (s *sorter) decided() []jobs.Letter {
	s.t.Helper()
	return slices.DeleteFunc(s.due("slack"), func(l jobs.Letter) bool { return l.Kind != jobs.NoticeDecided })
}

func TestStore_whatIsDecidedIsToldWhereItWasAsked(t *testing.T) {
	t.Parallel()
	bob := jobs.Actor{User: "slack:T1:UBOB", Surface: "slack"}
	for name, test := range map[string]struct {
		ask  func(s *sorter)
		do   func(s *sorter) jobs.Change
		by   string
		want string
	}{
		"approved": {(*sorter).approval, func(*sorter) jobs.Change { return jobs.Approve{Job: "job_1", Revision: 1, By: bob} }, bob.User, "approved the plan."},
		"made cheaper": {(*sorter).approval, func(*sorter) jobs.Change {
			return jobs.Rewrite{Job: "job_1", Revision: 1, Cheaper: true, By: bob}
		}, bob.User, "asked for a cheaper plan."},
		"changed": {(*sorter).approval, func(*sorter) jobs.Change {
			return jobs.Rewrite{Job: "job_1", Revision: 1, Wish: "no slides", By: bob}
		}, bob.User, "asked for another plan: no slides"},
		"rejected": {(*sorter).approval, func(*sorter) jobs.Change {
			return jobs.Command{Job: "job_1", Verb: jobs.VerbCancel, By: bob}
		}, bob.User, "cancelled the job."},
		"cancelled": {(*sorter).question, func(*sorter) jobs.Change { return jobs.Cancel{Job: "job_1", By: bob} }, bob.User, "cancelled the job."},
		"answered":  {(*sorter).question, func(*sorter) jobs.Change { return jobs.Answer{Job: "job_1", Text: "2025", By: bob} }, bob.User, "answered: 2025"},
		"not answered": {(*sorter).question, func(s *sorter) jobs.Change {
			s.pass(2 * time.Hour)
			return jobs.Assume{Job: "job_1"}
		}, "", "Nobody answered Job job_1 in time. It goes on with this: 2026"},
		"ended": {(*sorter).question, func(*sorter) jobs.Change { return jobs.Expire{Job: "job_1"} }, "", "Nobody needs to answer this any more."},
		"more money": {(*sorter).money, func(*sorter) jobs.Change {
			return jobs.AddBudget{Job: "job_1", Amount: 1_000_000_000, By: bob}
		}, bob.User, "added $1.00."},
		"another budget": {(*sorter).money, func(*sorter) jobs.Change {
			return jobs.SetBudget{Job: "job_1", Budget: 2_000_000_000, By: bob}
		}, bob.User, "set the budget to $2.00."},
		"money again": {(*sorter).money, func(*sorter) jobs.Change {
			return jobs.Unpark{Job: "job_1", Reason: jobs.ReasonBudget}
		}, "", "There is money again."},
		"finished": {(*sorter).money, func(*sorter) jobs.Change { return jobs.FinishNow{Job: "job_1", By: bob} }, bob.User, "chose to finish with what there is."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSorter(t)
			test.ask(s)
			kind := s.report("job_1").Reason
			ask := s.asked()
			if list := s.decided(); len(list) > 0 {
				t.Fatalf("nobody decided, and due is %+v", list)
			}
			s.must(test.do(s))
			s.reopen()
			list := s.decided()
			if len(list) != 1 {
				t.Fatalf("asked for %s, and then due: %+v", kind, list)
			}
			l := list[0]
			if l.Text != test.want || l.Ask.DecidedBy != test.by || l.Ask.Notice != ask.Notice || l.Ask.Message != "m7" || l.Place != thread("asked") || l.Ask.Text == "" {
				t.Errorf("due is %+v", l)
			}
			if list, err := s.store.Notices(t.Context(), "job_1"); err != nil || slices.ContainsFunc(list, func(n jobs.Notice) bool { return n.Kind == jobs.NoticeDecided }) {
				t.Errorf("an edit is nothing to be said: %+v, %v", list, err)
			}
			s.must(jobs.Delivered{Notice: l.ID})
			s.must(jobs.Cancel{Job: "job_1", By: bob}) // it is decided once
			if list := s.decided(); len(list) > 0 {
				t.Errorf("then due: %+v", list)
			}
		})
	}
}

// TestStore_whatIsDecidedWhileItIsAsked has a person decide elsewhere while the message
// goes up.
func TestStore_whatIsDecidedWhileItIsAsked(t *testing.T) {
	t.Parallel()
	for name, recorded := range map[string]bool{"the message is recorded then": true, "the process dies": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSorter(t)
			s.question()
			s.must(jobs.Delivered{Notice: s.due("slack")[0].ID}) // the card
			ask := s.due("slack")[0]
			s.must(jobs.Begin{Notice: ask.ID})
			s.must(jobs.Answer{Job: "job_1", Text: "2025", By: jobs.Actor{User: "ann", Surface: "cli"}})
			want := jobs.Ask{Notice: ask.ID, Kind: jobs.NoticeQuestion, Text: ask.Text, DecidedBy: "ann"}
			if recorded {
				s.must(jobs.Asked{Notice: ask.ID, Place: thread("9"), Message: "m9"})
				want.Message = "m9"
			}
			s.reopen()
			list := s.due("slack")
			if len(list) != 1 || list[0].Kind != jobs.NoticeDecided {
				t.Fatalf("due: %+v", list)
			}
			if diff := cmp.Diff(want, list[0].Ask); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if at := map[bool]string{true: "9", false: "1"}[recorded]; list[0].Place != thread(at) {
				t.Errorf("it is at %+v, want thread %s", list[0].Place, at)
			}
		})
	}
}

// An edit waits for no letter of its job, and no letter waits for it.
func TestStore_whatIsDecidedIsDueAtOnce(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	s.question()
	s.asked()
	s.must(jobs.Cancel{Job: "job_1"})
	if got := s.kinds(); !slices.Equal(got, []string{"job_1 decided", "job_1 completion"}) {
		t.Errorf("due: %q", got)
	}
	s.must(jobs.Postpone{Notice: s.decided()[0].ID, Until: s.clock.Now().Add(time.Hour)})
	if got := s.kinds(); !slices.Equal(got, []string{"job_1 completion"}) {
		t.Errorf("due: %q", got)
	}
}

func TestStore_whatWasNeverAskedIsNotDecided(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	s.question()
	s.must(jobs.Answer{Job: "job_1", Text: "2025"})
	if got := s.kinds(); !slices.Equal(got, []string{"job_1 ack"}) {
		t.Errorf("due: %q", got)
	}
	if err := s.apply(jobs.Asked{Notice: 99, Place: thread("1"), Message: "m"}).Err; err == nil {
		t.Error("a letter that there is not was asked")
	}
}
