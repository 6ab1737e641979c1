package storage_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/schedule"
)

// readOnly opens a database beside the store that has it.
func readOnly(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// count counts the rows of a table.
func count(t *testing.T, path, table string) (n int) {
	t.Helper()
	if err := readOnly(t, path).QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestStore_Posted_saysWhereAJobIsSeen(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	s.give("job_1", jobs.Place{Surface: "slack", Workspace: "T1", Channel: "C1"})
	s.submit(jobs.NewJob{ID: "job_2", Budget: 100})
	s.must(jobs.Put{Job: "job_1", Place: thread("7")})
	s.must(jobs.Put{Job: "job_1", Place: thread("7"), Card: "m1"})
	s.must(jobs.Mute{Job: "job_1", Muted: true})
	s.must(jobs.Put{Job: "job_1", Place: thread("8")}) // the card stays
	s.reopen()
	got, err := s.store.Posted(t.Context(), "job_1")
	want := jobs.Posted{Job: "job_1", Place: thread("8"), User: "slack:T1:U1", Card: "m1", Muted: true}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, id := range []jobs.JobID{"job_2", "job_none"} {
		if _, err := s.store.Posted(t.Context(), id); !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", id, err)
		}
		if err := s.apply(jobs.Put{Job: id, Place: thread("1")}).Err; !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("put %s: %v, want ErrNotFound", id, err)
		}
	}
	if err := s.apply(jobs.Put{Job: "job_1", Place: jobs.Place{Surface: "discord"}}).Err; !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("put on another surface: %v, want ErrNotFound", err)
	}
}

func TestStore_JobsAt_listsAThreadsJobsNewestFirst(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	for i, id := range []jobs.JobID{"job_b", "job_c", "job_a"} { // at the same time
		s.give(id, thread(fmt.Sprint(i)))
		s.must(jobs.Put{Job: id, Place: thread("1")})
	}
	s.give("job_d", thread("2"))
	other := thread("1")
	other.Workspace = "T2"
	s.give("job_e", other)
	at := func(p jobs.Place, limit int) []jobs.JobID {
		t.Helper()
		list, err := s.store.JobsAt(t.Context(), p, limit)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if got := at(thread("1"), 10); !slices.Equal(got, []jobs.JobID{"job_a", "job_c", "job_b"}) {
		t.Errorf("got %v", got)
	}
	if got := at(thread("1"), 2); !slices.Equal(got, []jobs.JobID{"job_a", "job_c"}) {
		t.Errorf("two of them: %v", got)
	}
	if got := at(thread("9"), 10); len(got) != 0 {
		t.Errorf("an unknown thread: %v", got)
	}
}

func TestStore_Cards_listsThoseThatAreNotAtTheirEnd(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	check := func(when, want string) {
		t.Helper()
		list, err := s.store.Cards(t.Context(), "slack")
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, p := range list {
			got += string(p.Job) + " "
		}
		if got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	root := s.give("job_2", thread("2"))
	s.give("job_1", thread("1"))
	s.give("job_3", jobs.Place{Surface: "discord", Workspace: "G", Channel: "C"})
	s.must(jobs.Put{Job: "job_2", Place: thread("2"), Card: "m2"})
	check("all open", "job_2 job_1 ")
	s.must(jobs.Shown{Job: "job_2", Completed: s.clock.Now()})
	check("shown, but open", "job_2 job_1 ")
	s.pass(time.Minute)
	s.end(root, jobs.StatusFailed)
	end := *s.report("job_2").CompletedAt
	check("final, and not shown", "job_2 job_1 ")
	s.must(jobs.Shown{Job: "job_2", Completed: end})
	s.reopen()
	check("shown", "job_1 ")
	s.must(jobs.Put{Job: "job_2", Place: thread("3")})
	check("moved", "job_1 ")
	s.must(jobs.Put{Job: "job_2", Place: thread("3"), Card: "m3"})
	check("another card", "job_2 job_1 ")
	s.must(jobs.Shown{Job: "job_2", Completed: end})
	s.pass(time.Minute)
	s.must(jobs.Command{Job: "job_2", Verb: jobs.VerbRetry})
	check("runs again", "job_2 job_1 ")
	s.finish(s.claim("job_2", ""), jobs.StatusCompleted)
	s.must(jobs.Shown{Job: "job_2", Completed: end})
	check("the old end shown", "job_2 job_1 ")
	s.must(jobs.Shown{Job: "job_2", Completed: *s.report("job_2").CompletedAt})
	check("the new end shown", "job_1 ")
	if err := s.apply(jobs.Shown{Job: "job_none"}).Err; !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("an unknown job: %v", err)
	}
}

func TestStore_Forget_takesAJobOutOfItsThreadAtOnce(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	s.end(s.give("job_1", thread("1")), jobs.StatusCompleted)
	s.must(jobs.GiveUp{Notice: s.due("slack")[0].ID})
	s.pass(time.Hour)
	s.must(jobs.Forget{Before: s.clock.Now()})
	if _, err := s.store.Posted(t.Context(), "job_1"); !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("its place: %v", err)
	}
	if list := s.due("slack"); len(list) != 0 {
		t.Errorf("of a job that is gone is to be said: %+v", list)
	}
	for s.must(jobs.Forget{Before: s.clock.Now()}).More {
	}
	for _, table := range []string{"job_places", "outbox", "audit"} {
		if n := count(t, s.cfg.Path, table); n != 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
	}
}

// A schedule that was made in a thread says what it must there; its runs get threads
// of their own.
func TestSchedule_reportsWhereItsOwnerIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bob.db")
		o := openOffice(t, path, nil)
		sch := o.add(schedule.Draft{Words: "every 2 hours", Budget: 60, MonthBudget: 60, Owner: thread("7").Owner("U1", "slack:T1:C1")})
		pass(2*time.Hour + time.Minute)
		run := o.submitted()[0].ID
		got, err := o.store.Posted(t.Context(), run)
		check(t, "place of the run", []any{got, err}, []any{jobs.Posted{
			Job: run, Place: jobs.Place{Surface: "slack", Workspace: "T1", Channel: "C1"}, User: "slack:T1:U1", Room: "slack:T1:C1",
		}, nil})
		list, total, err := o.store.Find(t.Context(), jobs.JobQuery{User: "slack:T1:U1", Workspace: "slack:T1", Limit: 9})
		check(t, "found", []any{len(list), total, err}, []any{1, 1, nil})
		o.spend(run, 60)
		pass(2 * time.Hour) // the month's budget is used up
		o.stop()
		o = openOffice(t, path, nil)
		due, err := o.store.Due(t.Context(), "slack", time.Now(), 9)
		check(t, "letters", []any{len(due), err}, []any{2, nil})
		check(t, "of the run", due[0].Kind, jobs.NoticeAck)
		l := due[1]
		check(t, "of the schedule", []any{l.Kind, l.Job, l.Schedule, l.Place, l.User}, []any{jobs.NoticeSchedule, jobs.JobID(""), sch.ID, thread("7"), "slack:T1:U1"})
		o.apply(jobs.RemoveSchedule{Schedule: sch.ID})
		due, err = o.store.Due(t.Context(), "slack", time.Now(), 9)
		check(t, "once it is removed", []any{len(due), err}, []any{1, nil})
	})
}

func TestFeed_Watch_isToldOfSchedulesToo(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	s.stopped(t)
	feed := &jobs.Feed{}
	s.cfg.Feed = feed
	s.till = openTill(t, s.cfg)
	w := feed.Watch()
	defer w.Stop()
	next := s.clock.Now()
	s.must(jobs.AddSchedule{Schedule: jobs.Schedule{ID: "sch_1", Owner: thread("7").Owner("U1", ""), State: jobs.ScheduleActive, Slots: jobs.Slots{Next: next}}})
	s.must(jobs.Passed{
		Schedule: "sch_1", Was: jobs.Slots{Next: next}, Now: jobs.Slots{Next: next.Add(time.Hour)},
		Run: jobs.ScheduleRun{Slot: next, Status: jobs.RunSkipped}, Notice: "It was left out.", NoticeKey: "x",
	})
	if got, err := w.Next(t.Context()); err != nil || !slices.Equal(got, []jobs.JobID{""}) {
		t.Errorf("got %v, %v; want the empty ID", got, err)
	}
	s.give("job_1", thread("1"))
	if got, err := w.Next(t.Context()); err != nil || !slices.Equal(got, []jobs.JobID{"job_1"}) {
		t.Errorf("got %v, %v; want job_1", got, err)
	}
}

// TestFeed_Watch_isToldWhereACardIs lets whoever keeps cards wait for one to be posted.
func TestFeed_Watch_isToldWhereACardIs(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	s.stopped(t)
	feed := &jobs.Feed{}
	s.cfg.Feed = feed
	s.till = openTill(t, s.cfg)
	s.give("job_1", thread("1"))
	w := feed.Watch()
	defer w.Stop()
	s.must(jobs.Put{Job: "job_1", Place: thread("2"), Card: "100.1"})
	if got, err := w.Next(t.Context()); err != nil || !slices.Equal(got, []jobs.JobID{"job_1"}) {
		t.Errorf("got %v, %v; want job_1", got, err)
	}
}

func (s *sorter) stopped(t *testing.T) {
	t.Helper()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
}
