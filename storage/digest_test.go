package storage_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/schedule"
	"github.com/askbob/bob/storage"
)

// asked submits a job of a channel and returns it.
func (o *office) asked(channel, user, text string) jobs.JobID {
	o.t.Helper()
	r := jobs.Request{Text: text, User: user, Channel: channel, Budget: -1}
	if channel != "" || strings.Contains(user, ":") {
		r.Workspace = "slack:T1"
	}
	id, err := o.jobs.Submit(o.t.Context(), r)
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

// ends does a job: it costs so much, and ends like that.
func (o *office) ends(job jobs.JobID, amount jobs.Money, status jobs.Status, why jobs.Reason) {
	o.t.Helper()
	n := o.claimed(job)
	call := o.apply(jobs.Reserve{Fence: n.Fence(), Job: job, Purpose: "plan", Estimate: worst(amount)}).Call
	o.apply(jobs.Settle{Call: call, Status: jobs.CallOK, Cost: jobs.Cost{Amount: amount, Known: true}})
	o.apply(jobs.Become{Fence: n.Fence(), Title: "Job " + string(status), Step: jobs.Step{Type: jobs.TypeTask, Prompt: "x"}})
	o.apply(jobs.Finish{Node: o.claimed(job), Status: status, Reason: why})
}

func (o *office) claimed(job jobs.JobID) *jobs.Node {
	o.t.Helper()
	ready, err := o.store.Ready(o.t.Context(), job, 0, 1)
	if err != nil || len(ready) != 1 {
		o.t.Fatalf("ready: %v %v", ready, err)
	}
	return o.apply(jobs.Claim{Fence: ready[0].Fence, Worker: "test"}).Node
}

func (o *office) waits(job jobs.JobID) {
	o.t.Helper()
	o.apply(jobs.Park{Fence: o.claimed(job).Fence(), Reason: jobs.ReasonQuestion, Question: "Which?"})
}

func jobOf(id jobs.JobID, title string, status jobs.Status, why jobs.Reason) jobs.DigestJob {
	return jobs.DigestJob{ID: id, Title: title, Status: status, Reason: why}
}

func TestStore_Digest_saysWhatHappenedInADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t, filepath.Join(t.TempDir(), "bob.db"), nil)
		old := o.asked("slack:T1:C1", "slack:T1:U1", "too early")
		o.ends(old, 7, jobs.StatusCompleted, "")
		pass(25 * time.Hour)
		begin := time.Now().Add(-time.Minute)
		good := o.asked("slack:T1:C1", "slack:T1:U1", "good")
		o.ends(good, 1_000_000_000, jobs.StatusCompleted, "")
		bad := o.asked("slack:T1:C1", "slack:T1:U2", "bad")
		o.ends(bad, 500_000_000, jobs.StatusFailed, jobs.ReasonModel)
		dropped := o.asked("slack:T1:C1", "slack:T1:U2", "cancelled")
		o.end(dropped)
		waits := o.asked("", "slack:T1:U3", "who waits")
		o.waits(waits)
		o.asked("slack:T1:C2", "slack:T1:U1", "at work, nothing to say")
		pass(time.Minute)
		api := o.asked("", "api", "from elsewhere")
		o.ends(api, 3, jobs.StatusCompleted, "")
		s := o.add(schedule.Draft{Words: "daily at 9", Request: "the news", Owner: jobs.Owner{Workspace: "slack:T1", Channel: "slack:T1:C3", User: "slack:T1:U1"}})
		o.add(schedule.Draft{Words: "in 3 days", Request: "too late", Owner: jobs.Owner{Workspace: "slack:T1", Channel: "slack:T1:C4"}})
		until := time.Now().Add(time.Minute)
		q := jobs.DigestQuery{From: begin, Until: until, Limit: 10}

		none := jobs.DigestJobs{Jobs: []jobs.DigestJob{}}
		idle := jobs.DigestSchedules{Schedules: []jobs.DigestSchedule{}}
		due := jobs.DigestSchedules{Total: 1, Schedules: []jobs.DigestSchedule{
			{ID: s.ID, Words: "daily at 9", Request: "the news", Next: time.Date(2000, 1, 2, 9, 0, 0, 0, time.UTC)},
		}}
		waiting := jobs.DigestJobs{Total: 1, Jobs: []jobs.DigestJob{jobOf(waits, "who waits", jobs.StatusWaitingForInput, jobs.ReasonQuestion)}}
		failed := jobs.DigestJobs{Total: 1, Jobs: []jobs.DigestJob{jobOf(bad, "Job failed", jobs.StatusFailed, jobs.ReasonModel)}}
		finished := jobOf(good, "Job completed", jobs.StatusCompleted, "")
		zero := jobs.Money(0).String()
		digest := func(finished, failed, waiting jobs.DigestJobs, spent string, due jobs.DigestSchedules) jobs.Digest {
			return jobs.Digest{From: begin.UTC(), Until: until.UTC(), Finished: finished, Failed: failed, Waiting: waiting, SpentUSD: spent, Due: due}
		}

		all, err := o.store.Digest(t.Context(), q)
		check(t, "everything", []any{all, err}, []any{digest(
			jobs.DigestJobs{Total: 2, Jobs: []jobs.DigestJob{jobOf(api, "Job completed", jobs.StatusCompleted, ""), finished}},
			failed, waiting, "1.500000003", due), nil})
		each, err := o.store.Digests(t.Context(), q)
		check(t, "each", []any{each, err}, []any{[]jobs.DigestFor{
			{Workspace: "slack:T1", User: "slack:T1:U3", Digest: digest(none, none, waiting, zero, idle)},
			{
				Workspace: "slack:T1", Channel: "slack:T1:C1",
				Digest: digest(jobs.DigestJobs{Total: 1, Jobs: []jobs.DigestJob{finished}}, failed, none, "1.500000000", idle),
			},
			{Workspace: "slack:T1", Channel: "slack:T1:C3", Digest: digest(none, none, none, zero, due)},
		}, nil})
	})
}

func TestStore_Digest_isBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t, filepath.Join(t.TempDir(), "bob.db"), nil)
		var newest jobs.JobID
		for i := range 7 {
			newest = o.asked("slack:T1:C1", "slack:T1:U1", fmt.Sprint("job ", i))
			o.ends(newest, 1, jobs.StatusCompleted, "")
			pass(time.Second)
			o.add(schedule.Draft{Words: "daily at 9"})
		}
		d, err := o.store.Digest(t.Context(), jobs.DigestQuery{From: time.Now().Add(-time.Hour), Until: time.Now(), Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		check(t, "totals", []int{d.Finished.Total, d.Due.Total}, []int{7, 7})
		check(t, "lines", []int{len(d.Finished.Jobs), len(d.Due.Schedules)}, []int{2, 2})
		check(t, "the newest first", d.Finished.Jobs[0].ID, newest)
	})
}

func digesting(t *testing.T, at string) func(w jobs.Writer) schedule.Chore {
	t.Helper()
	return func(w jobs.Writer) schedule.Chore {
		zone, err := schedule.Zone("Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		clock, err := schedule.ParseDayTime(at)
		if err != nil {
			t.Fatal(err)
		}
		store, ok := w.(*storage.Store)
		if !ok {
			t.Fatalf("the store is a %T", w)
		}
		return schedule.Digest(store, clock, zone, time.Now)
	}
}

// told returns the first lines of what is to be said, by place.
func (o *office) told() []string {
	o.t.Helper()
	list, err := o.store.Told(o.t.Context(), jobs.NoticeDigest)
	if err != nil {
		o.t.Fatal(err)
	}
	texts := make([]string, 0, len(list))
	for _, l := range list {
		first, _, _ := strings.Cut(l.Text, "\n")
		texts = append(texts, strings.Trim(l.To.Room()+" "+l.User, " ")+": "+first)
	}
	return texts
}

func TestDigest_isToldOnceADayAtItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "bob.db")
		chore := digesting(t, "09:00") // 08:00 UTC
		o := openOffice(t, path, nil, chore)
		o.ends(o.asked("slack:T1:C1", "slack:T1:U1", "one"), 1_000_000_000, jobs.StatusCompleted, "")
		o.waits(o.asked("", "slack:T1:U2", "two"))
		pass(8*time.Hour - time.Minute)
		check(t, "before its time", o.told(), []string{})
		pass(2 * time.Minute)
		first := []string{
			"slack:T1: slack:T1:U2: The day until Saturday 1 January 2000 09:00 CET: 0 jobs finished, 0 failed, 1 waits for a person, $0.00 spent.",
			"slack:T1:C1: The day until Saturday 1 January 2000 09:00 CET: 1 job finished, 0 failed, 0 wait for a person, $1.00 spent.",
		}
		check(t, "at its time", o.told(), first)
		o.waits(o.asked("slack:T1:C2", "slack:T1:U1", "three"))
		o.stop()
		o = openOffice(t, path, nil, chore)
		pass(2 * time.Minute)
		check(t, "after another start", o.told(), first)
		pass(24 * time.Hour)
		check(t, "the next day, in place of what was not delivered", o.told(), []string{
			"slack:T1: slack:T1:U2: The day until Sunday 2 January 2000 09:00 CET: 0 jobs finished, 0 failed, 1 waits for a person, $0.00 spent.",
			"slack:T1:C2: The day until Sunday 2 January 2000 09:00 CET: 0 jobs finished, 0 failed, 1 waits for a person, $0.00 spent.",
		})
	})
}

func TestDigest_isToldLateButNotTooLate(t *testing.T) {
	t.Parallel()
	for down, want := range map[time.Duration]int{5 * time.Hour: 1, 7 * time.Hour: 0} {
		t.Run(down.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "bob.db")
				o := openOffice(t, path, nil)
				o.waits(o.asked("slack:T1:C1", "slack:T1:U1", "one"))
				pass(8 * time.Hour)
				o.stop()
				pass(down)
				o = openOffice(t, path, nil, digesting(t, "09:00"))
				pass(2 * time.Minute)
				check(t, "digests", len(o.told()), want)
			})
		})
	}
}

// When the clocks go forward a day has 23 hours, and its digest comes by the clock.
func TestDigest_goesByTheClockOfItsZone(t *testing.T) {
	t.Parallel()
	now := time.Date(2000, 3, 26, 6, 59, 0, 0, time.UTC) // 08:59 in Berlin, where the hour after two was left out
	clock := func() time.Time { return now }
	store, apply := timed(t, clock)
	apply(jobs.Submit{Job: jobs.NewJob{
		ID: "job_00000001", Title: "t", Request: "r", Priority: jobs.PriorityMedium, Budget: -1, Workspace: "slack:T1", Channel: "slack:T1:C1",
	}})
	apply(jobs.Cancel{Job: "job_00000001", Reason: jobs.ReasonUser})
	apply(jobs.AddSchedule{Schedule: jobs.Schedule{
		ID: "sch_000001", State: jobs.ScheduleActive, Owner: jobs.Owner{Workspace: "slack:T1", Channel: "slack:T1:C1"}, Words: "daily at 10", Request: "the news",
		Slots: jobs.Slots{Next: now.Add(time.Hour)},
	}})
	zone, err := schedule.Zone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at, err := schedule.ParseDayTime("09:00")
	if err != nil {
		t.Fatal(err)
	}
	chore := schedule.Digest(store, at, zone, clock)
	var texts []string
	for range 2 {
		if more, err := chore.Do(t.Context()); more || err != nil {
			t.Fatal(more, err)
		}
		list, err := store.Told(t.Context(), jobs.NoticeDigest)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range list {
			texts = append(texts, l.Text)
		}
		now = now.Add(2 * time.Minute)
	}
	check(t, "told", texts, []string{"The day until Sunday 26 March 2000 09:00 CEST: 0 jobs finished, 0 failed, 0 wait for a person, $0.00 spent.\n" +
		"\nDue within a day\n• Sun 09:59 sch_000001 (daily at 10): the news"})
}

func TestParseDayTime(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "9", "24:00", "09:60", "9am", "09:00:00"} {
		if _, err := schedule.ParseDayTime(text); err == nil || !strings.Contains(err.Error(), "write it as 09:00") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
