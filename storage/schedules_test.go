package storage_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/schedule"
)

// The bubble's clock begins on Saturday, 1 January 2000, 00:00 UTC.

func TestKeeper_submitsEverySlotOnTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t, filepath.Join(t.TempDir(), "bob.db"), nil)
		s := o.add(schedule.Draft{
			Words: "0 5 * * 6", Zone: "America/New_York", Owner: jobs.Owner{User: "ann"}, Request: "count the sheep",
			Priority: jobs.PriorityHigh, Model: "small", Budget: 5, Files: []jobs.Attachment{{Name: "sheep.csv", Data: []byte("a,b")}},
		})
		pass(12 * time.Hour)
		list := o.submitted()
		if len(list) != 1 {
			t.Fatalf("%d jobs by noon, want one", len(list))
		}
		r := list[0]
		check(t, "created", r.CreatedAt, time.Date(2000, 1, 1, 10, 0, 0, 0, time.UTC))
		check(t, "request", []any{r.Request, r.Priority, r.Cost.Budget}, []any{"count the sheep", jobs.PriorityHigh, "0.000000005"})
		files, err := o.store.Files(&jobs.Node{Job: r.ID}).Read(t.Context(), "sheep.csv")
		check(t, "its file", []any{string(files), err}, []any{"a,b", nil})
		got, runs := o.show(s.ID)
		check(t, "runs", runs, []string{"01 10:00 started"})
		check(t, "last job", got.LastJob, r.ID)
		check(t, "next", got.Slots.Next, time.Date(2000, 1, 8, 10, 0, 0, 0, time.UTC))
	})
}

func TestKeeper_runsWhatComesButOnceAndEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t, filepath.Join(t.TempDir(), "bob.db"), nil)
		s := o.add(schedule.Draft{Words: "in 20 minutes"})
		check(t, "missed policy of a single run", s.Missed, jobs.MissedOnce)
		pass(19 * time.Minute)
		check(t, "jobs before", len(o.submitted()), 0)
		pass(time.Minute)
		check(t, "jobs then", len(o.submitted()), 1)
		got, _ := o.show(s.ID)
		check(t, "state", got.State, jobs.ScheduleEnded)
		pass(2 * time.Hour)
		check(t, "jobs later", len(o.submitted()), 1)
	})
}

func TestKeeper_afterAWeekOfDowntime(t *testing.T) {
	t.Parallel()
	for policy, want := range map[jobs.MissedPolicy]struct {
		jobs   int
		counts jobs.RunCounts
		runs   []string
	}{
		jobs.MissedSkip: {1, jobs.RunCounts{Started: 1, Missed: 7}, []string{"01 09:00 started", "08 09:00 missed"}},
		jobs.MissedOnce: {2, jobs.RunCounts{Started: 2, Missed: 6}, []string{"01 09:00 started", "07 09:00 missed", "08 09:00 started"}},
	} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "bob.db")
				o := openOffice(t, path, nil)
				s := o.add(schedule.Draft{Words: "daily at 9", Missed: policy})
				pass(10 * time.Hour)
				o.end(o.submitted()[0].ID)
				o.stop()
				pass(7 * 24 * time.Hour)
				o = openOffice(t, path, nil)
				synctest.Wait()
				got, runs := o.show(s.ID)
				check(t, "jobs", len(o.submitted()), want.jobs)
				check(t, "counts", got.Counts, want.counts)
				check(t, "runs", runs, want.runs)
				check(t, "next", got.Slots.Next, time.Date(2000, 1, 9, 9, 0, 0, 0, time.UTC))
			})
		})
	}
}

func TestKeeper_takesAShortRestartForOnTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bob.db")
		o := openOffice(t, path, nil)
		s := o.add(schedule.Draft{Words: "daily at 9"})
		pass(9*time.Hour - time.Minute)
		o.stop()
		pass(3 * time.Minute)
		o = openOffice(t, path, nil)
		synctest.Wait()
		_, runs := o.show(s.ID)
		check(t, "runs", runs, []string{"01 09:00 started"})
	})
}

func TestKeeper_killedBetweenSubmitAndRecord(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		policy jobs.MissedPolicy
		down   time.Duration
		want   []string
	}{
		"and back at once":                 {jobs.MissedSkip, time.Second, []string{"01 09:00 started"}},
		"and back after hours":             {jobs.MissedSkip, 5 * time.Hour, []string{"01 09:00 started"}},
		"and back after days, with skip":   {jobs.MissedSkip, 50 * time.Hour, []string{"01 09:00 started", "03 09:00 missed"}},
		"and back after days, with once":   {jobs.MissedOnce, 50 * time.Hour, []string{"01 09:00 started", "02 09:00 missed", "03 09:00 skipped"}},
		"and back in time for another run": {jobs.MissedSkip, 24 * time.Hour, []string{"01 09:00 started", "02 09:00 skipped"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "bob.db")
				o := openOffice(t, path, func() bool { return true })
				s := o.add(schedule.Draft{Words: "daily at 9", Missed: c.policy})
				pass(9 * time.Hour)
				check(t, "jobs when killed", len(o.submitted()), 1)
				if _, runs := o.show(s.ID); len(runs) != 0 {
					t.Fatalf("recorded %v though killed before", runs)
				}
				o.stop()
				pass(c.down)
				o = openOffice(t, path, nil)
				synctest.Wait()
				got, runs := o.show(s.ID)
				check(t, "runs", runs, c.want)
				check(t, "jobs", len(o.submitted()), 1) // which is not final, so nothing may run beside it
				check(t, "last job", got.LastJob, o.submitted()[0].ID)
			})
		})
	}
}

func TestKeeper_killedWhileCatchingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bob.db")
		o := openOffice(t, path, nil)
		s := o.add(schedule.Draft{Words: "daily at 9", Missed: jobs.MissedOnce})
		o.stop()
		pass(3 * day) // three slots are missed
		recorded := 0
		o = openOffice(t, path, func() bool { recorded++; return recorded > 1 }) // dies when it has submitted the last
		synctest.Wait()
		job := o.submitted()[0].ID
		o.stop()
		pass(2 * day)
		o = openOffice(t, path, nil)
		synctest.Wait()
		_, runs := o.show(s.ID)
		check(t, "runs", runs, []string{"02 09:00 missed", "03 09:00 started", "04 09:00 missed", "05 09:00 skipped"})
		check(t, "jobs", []any{len(o.submitted()), o.submitted()[0].ID}, []any{1, job})
	})
}

func TestKeeper_leavesOutWhatOverlaps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t, filepath.Join(t.TempDir(), "bob.db"), nil)
		s := o.add(schedule.Draft{Words: "hourly"})
		pass(3*time.Hour + time.Minute)
		o.end(o.submitted()[0].ID)
		pass(time.Hour)
		got, runs := o.show(s.ID)
		check(t, "runs", runs, []string{"01 01:00 started", "01 02:00 skipped", "01 03:00 skipped", "01 04:00 started"})
		check(t, "counts", got.Counts, jobs.RunCounts{Started: 2, Skipped: 2})
	})
}

func TestKeeper_letsOneRunWaitForTheOneBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bob.db")
		o := openOffice(t, path, nil)
		s := o.add(schedule.Draft{Words: "hourly", Overlap: jobs.OverlapQueue})
		pass(3*time.Hour + time.Minute)
		_, runs := o.show(s.ID)
		check(t, "while the first goes on", runs, []string{"01 01:00 started", "01 02:00 waiting", "01 03:00 skipped"})
		o.stop() // waiting survives a restart
		o = openOffice(t, path, nil)
		first := o.submitted()[0].ID
		o.end(first)
		pass(time.Minute)
		got, runs := o.show(s.ID)
		check(t, "when it is final", runs, []string{"01 01:00 started", "01 02:00 started", "01 03:00 skipped"})
		check(t, "slots", got.Slots, jobs.Slots{Next: time.Date(2000, 1, 1, 4, 0, 0, 0, time.UTC)})
		if got.LastJob == first || len(o.submitted()) != 2 {
			t.Errorf("last job %s of %d", got.LastJob, len(o.submitted()))
		}
	})
}

func TestKeeper_keepsTheMonthsBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bob.db")
		o := openOffice(t, path, nil)
		s := o.add(schedule.Draft{Words: "every 2 hours", Budget: 60, MonthBudget: 100, Owner: jobs.Owner{User: "ann", Channel: "c"}})
		budgets := []string{}
		for range 4 {
			pass(2 * time.Hour)
			if r := o.submitted()[0]; r.Status == jobs.StatusPlanning {
				budgets = append(budgets, r.Cost.Budget)
				o.spend(r.ID, min(60, 100-jobs.Money(60*(len(budgets)-1))))
			}
		}
		check(t, "budgets of runs", budgets, []string{"0.000000060", "0.000000040"})
		_, runs := o.show(s.ID)
		check(t, "runs", runs, []string{"01 02:00 started", "01 04:00 started", "01 06:00 skipped", "01 08:00 skipped"})
		notices, err := o.store.ScheduleNotices(t.Context())
		if err != nil || len(notices) != 1 || notices[0].Owner.Channel != "c" || !strings.Contains(notices[0].Text, "January 2000") {
			t.Fatalf("notices %+v, %v: want one for the month", notices, err)
		}
		o.apply(jobs.Delivered{Notice: notices[0].ID})
		if notices, err = o.store.ScheduleNotices(t.Context()); err != nil || len(notices) != 0 {
			t.Errorf("notices %+v, %v after they were delivered", notices, err)
		}
		o.stop()
		pass(31 * 24 * time.Hour)
		o = openOffice(t, path, nil)
		pass(2 * time.Hour)
		check(t, "budget in the next month", o.submitted()[0].Cost.Budget, "0.000000060")
	})
}

func TestKeeper_pauseResumeRemove(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t, filepath.Join(t.TempDir(), "bob.db"), nil)
		s := o.add(schedule.Draft{Words: "hourly"})
		refused := func(what string, err error) {
			t.Helper()
			if _, ok := errors.AsType[*jobs.UserError](err); !ok {
				t.Errorf("%s: got %v, want a UserError", what, err)
			}
		}
		_, err := o.keeper.Resume(t.Context(), s.ID)
		refused("resume what is active", err)
		check(t, "pause", o.keeper.Pause(t.Context(), s.ID), nil)
		refused("pause what is paused", o.keeper.Pause(t.Context(), s.ID))
		pass(150 * time.Minute)
		next, err := o.keeper.Resume(t.Context(), s.ID)
		check(t, "resume", []any{next.UTC(), err}, []any{time.Date(2000, 1, 1, 3, 0, 0, 0, time.UTC), nil})
		pass(time.Hour)
		got, runs := o.show(s.ID)
		check(t, "runs", runs, []string{"01 03:00 started"})
		check(t, "counts", got.Counts, jobs.RunCounts{Started: 1})
		check(t, "remove", o.keeper.Remove(t.Context(), s.ID), nil)
		refused("remove what is not there", o.keeper.Remove(t.Context(), s.ID))
		pass(2 * time.Hour)
		check(t, "jobs after removal", len(o.submitted()), 1)
		one := o.add(schedule.Draft{Words: "in 20 minutes"})
		check(t, "pause", o.keeper.Pause(t.Context(), one.ID), nil)
		pass(time.Hour)
		_, err = o.keeper.Resume(t.Context(), one.ID)
		refused("resume what has passed", err)
	})
}

func TestKeeper_Add_refusesWhatCannotBeUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t, filepath.Join(t.TempDir(), "bob.db"), nil)
		for name, d := range map[string]schedule.Draft{
			"no request":     {Words: "daily at 9"},
			"words":          {Words: "twice a day", Request: "x"},
			"zone":           {Words: "daily at 9", Request: "x", Zone: "PST"},
			"local zone":     {Words: "daily at 9", Request: "x", Zone: "Local"},
			"missed":         {Words: "daily at 9", Request: "x", Missed: "all"},
			"overlap":        {Words: "daily at 9", Request: "x", Overlap: "kill"},
			"priority":       {Words: "daily at 9", Request: "x", Priority: "huge"},
			"long request":   {Words: "daily at 9", Request: strings.Repeat("x", 20_001)},
			"too many":       {Words: "daily at 9", Request: "x", Owner: jobs.Owner{User: "greedy"}},
			"many files":     {Words: "daily at 9", Request: "x", Files: make([]jobs.Attachment, 51)},
			"past":           {Words: "on 1999-12-31 at 9", Request: "x"},
			"impossible":     {Words: "0 9 30 2 *", Request: "x"},
			"twice a minute": {Words: "@every 30s", Request: "x"},
		} {
			for range jobs.MaxSchedules {
				if name != "too many" {
					break
				}
				o.add(d)
			}
			if s, err := o.keeper.Add(t.Context(), d); err == nil {
				t.Errorf("%s: added %s", name, s.ID)
			} else if _, ok := errors.AsType[*jobs.UserError](err); !ok {
				t.Errorf("%s: got %v, want a UserError", name, err)
			}
		}
		list, err := o.keeper.List(t.Context())
		check(t, "kept", []any{len(list), err}, []any{jobs.MaxSchedules, nil})
	})
}

func TestStore_keepsTheFilesOfSchedules(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bob.db")
		o := openOffice(t, path, nil)
		s := o.add(schedule.Draft{Words: "daily at 9", Files: []jobs.Attachment{{Name: "a.txt", Data: []byte("first")}, {Name: "a.txt", Data: []byte("second")}}})
		o.stop()
		o = openOffice(t, path, nil) // sweeps what nothing names
		pass(10 * time.Hour)
		files := o.store.Files(&jobs.Node{Job: o.submitted()[0].ID})
		data, err := files.Read(t.Context(), "a-2.txt")
		check(t, "the second file", []any{string(data), err}, []any{"second", nil})
		check(t, "remove", o.keeper.Remove(t.Context(), s.ID), nil)
		o.stop()
		o = openOffice(t, path, nil)
		data, err = o.store.Files(&jobs.Node{Job: o.submitted()[0].ID}).Read(t.Context(), "a.txt")
		check(t, "of the job that ran, the first", []any{string(data), err}, []any{"first", nil})
	})
}

// TestKeeper_neverRunsASlotTwice stops, kills and restarts a keeper at random while
// jobs end at random.
func TestKeeper_neverRunsASlotTwice(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { restless(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func restless(t *testing.T, random *rand.Rand) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bob.db")
	var dead atomic.Bool
	fate := rand.New(rand.NewPCG(random.Uint64(), 1)) // the keeper's own: it throws while the test does
	killed := func() bool {
		dead.Store(fate.IntN(4) == 0)
		return dead.Load()
	}
	o := openOffice(t, path, nil)
	pick := func(a, b string) string { return []string{a, b}[random.IntN(2)] }
	var added []jobs.ScheduleID
	for range 3 {
		s := o.add(schedule.Draft{
			Words:  []string{"hourly", "every 90 minutes", "*/20 9-17 * * *"}[random.IntN(3)],
			Missed: jobs.MissedPolicy(pick("skip", "once")), Overlap: jobs.OverlapPolicy(pick("skip", "queue")),
		})
		added = append(added, s.ID)
	}
	for range 10 {
		pass(time.Duration(random.IntN(120)) * time.Minute)
		if dead.Load() || random.IntN(3) == 0 {
			o.stop()
			pass(time.Duration(random.IntN(600)) * time.Minute)
			dead.Store(false)
			o = openOffice(t, path, killed)
			continue
		}
		for _, r := range o.submitted() {
			if !r.Status.Final() && random.IntN(3) > 0 {
				o.end(r.ID)
			}
		}
	}
	o.stop()
	o = openOffice(t, path, nil)
	synctest.Wait()
	started := map[jobs.JobID]string{}
	for _, id := range added {
		s, runs, err := o.keeper.Show(t.Context(), id, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, r := range runs { // one row a slot: the key sees to that
			if r.Status != jobs.RunStarted {
				continue
			}
			n++
			if other, ok := started[r.Job]; ok {
				t.Errorf("%s ran for %s and for %s", r.Job, other, r.Slot)
			}
			started[r.Job] = fmt.Sprint(id, r.Slot)
		}
		if n != s.Counts.Started {
			t.Errorf("%s: %d runs started, %d counted", id, n, s.Counts.Started)
		}
	}
	if jobs := len(o.submitted()); jobs != len(started) || jobs == 0 {
		t.Errorf("%d jobs were submitted for %d slots", jobs, len(started))
	}
}

// A schedule of a channel that is taken off the list does not run there any more, and
// says nothing there; put on it again it goes on.
func TestSchedule_runsOnlyWhereBobTakesJobs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t, filepath.Join(t.TempDir(), "bob.db"), nil)
		sch := o.add(schedule.Draft{Words: "every 2 hours", Budget: -1, Overlap: jobs.OverlapSkip, Owner: thread("7").Owner("U1", "")})
		o.rules.Store(&jobs.Access{Channels: []string{"slack:C2"}})
		pass(2*time.Hour + time.Minute)
		if list := o.submitted(); len(list) != 0 {
			t.Errorf("submitted %v", list)
		}
		runs, err := o.store.ScheduleRuns(t.Context(), sch.ID, 9)
		if err != nil || len(runs) != 1 || runs[0].Status != jobs.RunSkipped || !strings.Contains(runs[0].Note, "access.channels") {
			t.Errorf("runs %+v, %v", runs, err)
		}
		due, err := o.store.Due(t.Context(), "slack", time.Now(), 9)
		check(t, "letters", []any{len(due), err}, []any{0, nil})
		o.rules.Store(&jobs.Access{Channels: []string{"slack:C1"}})
		pass(2 * time.Hour)
		check(t, "submitted", len(o.submitted()), 1)
	})
}
