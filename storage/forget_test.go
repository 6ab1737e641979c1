package storage_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/schedule"
)

// rows counts the rows of tables, as "table: n" where there are any.
func rows(t *testing.T, path string, tables ...string) []string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	list := []string{}
	for _, table := range tables {
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			list = append(list, fmt.Sprintf("%s: %d", table, n))
		}
	}
	return list
}

// ofJobs are the tables that hold nothing when there are no jobs.
var ofJobs = []string{
	"jobs", "nodes", "deps", "questions", "effects", "attempts", "events", "outbox", "asks", "purses", "calls", "turns", "blobs", "attachments", "artifacts", "forgotten", "job_places",
}

// job submits a job with a file and a tree of leaves, does some of it and ends it.
func (o *office) job(leaves int, file string) jobs.JobID {
	o.t.Helper()
	id, err := o.jobs.Submit(o.t.Context(), jobs.Request{Text: "do it", Budget: 1000, Files: []jobs.Attachment{{Name: "f.txt", Data: []byte(file)}}})
	if err != nil {
		o.t.Fatal(err)
	}
	ready, err := o.store.Ready(o.t.Context(), id, 0, 1)
	if err != nil || len(ready) != 1 {
		o.t.Fatalf("ready: %v %v", ready, err)
	}
	n := o.apply(jobs.Claim{Fence: ready[0].Fence, Worker: "test"}).Node
	call := o.apply(jobs.Reserve{Fence: n.Fence(), Job: id, Purpose: "plan", Estimate: worst(10)}).Call
	o.apply(jobs.Settle{Call: call, Status: jobs.CallOK, Cost: jobs.Cost{Amount: 10, Known: true}})
	if _, err := o.store.Files(n).Create(o.t.Context(), "made.txt", "text/plain", []byte("made of "+file)); err != nil {
		o.t.Fatal(err)
	}
	o.apply(jobs.Checkpoint{Fence: n.Fence(), Turn: 1, Messages: []jobs.Message{{Text: "hello"}}})
	plan := jobs.Plan{Title: "tree"}
	for i := range leaves {
		s := jobs.Step{Key: fmt.Sprint(i), Type: jobs.TypeTask, Title: "leaf", Prompt: "do"}
		if i > 0 {
			s.DependsOn = []string{fmt.Sprint(i - 1)}
		}
		plan.Steps = append(plan.Steps, s)
	}
	o.apply(jobs.Expand{Fence: n.Fence(), Plan: plan})
	o.end(id)
	return id
}

func (o *office) gone(id jobs.JobID) bool {
	o.t.Helper()
	_, err := o.store.Report(o.t.Context(), id, true)
	if err != nil && !errors.Is(err, jobs.ErrNotFound) {
		o.t.Fatal(err)
	}
	return err != nil
}

const day = 24 * time.Hour

func TestStore_Forget_leavesNothingOfOldJobs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bob.db")
		o := openOffice(t, path, nil)
		old := o.job(5, "alone")
		o.stop()
		pass(10 * day)
		o = openOffice(t, path, nil)
		if o.apply(jobs.Forget{Before: time.Now().Add(-11 * day)}).More {
			t.Error("there is more to delete, though nothing is as old")
		}
		check(t, "gone too early", o.gone(old), false)
		for o.apply(jobs.Forget{Before: time.Now().Add(-9 * day)}).More {
			check(t, "gone with the first piece", o.gone(old), true)
		}
		check(t, "what is left", rows(t, path, ofJobs...), []string{"purses: 2"}) // a person's day and a workspace's month
	})
}

func TestStore_Forget_keepsWhatOthersNeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bob.db")
		o := openOffice(t, path, nil)
		o.job(1, "of the young too")
		o.job(1, "of a schedule too")
		o.job(1, "given again right now")
		o.add(schedule.Draft{Words: "on 1 June at 9", Files: []jobs.Attachment{{Name: "s.txt", Data: []byte("of a schedule too")}}})
		open, err := o.jobs.Submit(t.Context(), jobs.Request{Text: "still open"})
		check(t, "submit", err, nil)
		o.stop()
		pass(10 * day)
		o = openOffice(t, path, nil)
		young := o.job(1, "of the young too")
		if _, err := o.store.Blob(t.Context(), []byte("given again right now")); err != nil { // and not named yet
			t.Fatal(err)
		}
		for o.apply(jobs.Forget{Before: time.Now().Add(-day)}).More {
		}
		check(t, "gone", []bool{o.gone(young), o.gone(open)}, []bool{false, false})
		check(t, "left", rows(t, path, "jobs", "blobs", "forgotten"), []string{"jobs: 2", "blobs: 4"})
		data, err := o.store.Files(&jobs.Node{Job: young}).Read(t.Context(), "f.txt")
		check(t, "the young one's file", []any{string(data), err}, []any{"of the young too", nil})
	})
}

func TestStore_Forget_deletesInBoundedPieces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bob.db")
		o := openOffice(t, path, nil)
		o.job(1000, "x")
		o.stop()
		pass(2 * day)
		o = openOffice(t, path, nil)
		left := 1001
		for i := range 8 {
			o.apply(jobs.Forget{Before: time.Now().Add(-day)})
			now := 0
			if _, err := fmt.Sscanf(rows(t, path, "nodes")[0], "nodes: %d", &now); err != nil {
				t.Fatal(err)
			}
			if now > left || left-now > 100 || i > 0 && now == left {
				t.Errorf("piece %d leaves %d of %d nodes", i, now, left)
			}
			left = now
		}
		o.stop() // half of it is gone
		openOffice(t, path, nil, func(w jobs.Writer) schedule.Chore { return schedule.Retention(w, day, time.Now) })
		synctest.Wait()
		check(t, "what is left after a restart", rows(t, path, ofJobs...), []string{"purses: 2"})
	})
}

func TestStore_Forget_remembersWhatASchedulesRunsHaveCost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bob.db")
		o := openOffice(t, path, nil)
		s := o.add(schedule.Draft{Words: "daily at 9", Budget: 60})
		pass(10 * time.Hour)
		o.spend(o.submitted()[0].ID, 50)
		o.stop()
		pass(3 * day)
		o = openOffice(t, path, nil)
		for o.apply(jobs.Forget{Before: time.Now().Add(-day)}).More {
		}
		check(t, "jobs", len(o.submitted()), 0)
		spent, err := o.store.ScheduleSpent(t.Context(), s.ID, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
		check(t, "spent in January", []any{spent, err}, []any{jobs.Money(50), nil})
	})
}

func TestRetention_comesRoundByTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bob.db")
		o := openOffice(t, path, nil, func(w jobs.Writer) schedule.Chore { return schedule.Retention(w, 90*time.Minute, time.Now) })
		id := o.job(3, "x")
		once := o.add(schedule.Draft{Words: "in 5 minutes"})
		pass(61 * time.Minute)
		check(t, "gone after an hour", o.gone(id), false)
		o.end(o.submitted()[0].ID)
		pass(time.Hour)
		check(t, "gone after two", o.gone(id), true)
		_, _, err := o.keeper.Show(t.Context(), once.ID, 1)
		if _, ok := errors.AsType[*jobs.UserError](err); !ok {
			t.Errorf("an ended schedule: got %v, want a UserError", err)
		}
	})
}
