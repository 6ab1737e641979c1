package terminal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
)

func weekly() jobs.Schedule {
	return jobs.Schedule{
		ID: "sch_7k3f9q", State: jobs.ScheduleActive, Request: "Summarise\x1b[31m the week", Words: "every Monday at 9", Spec: "0 9 * * 1",
		Zone: "UTC", Missed: jobs.MissedSkip, Overlap: jobs.OverlapQueue, Budget: 2_000_000_000, MonthBudget: -1,
		Files:   []jobs.FileInfo{{Name: "sales.csv"}, {Name: "notes\n.md"}},
		Slots:   jobs.Slots{Next: noon().AddDate(0, 0, 7), Waiting: noon()},
		LastJob: "job_00000001", Counts: jobs.RunCounts{Started: 3, Missed: 1}, Created: *before(time.Hour),
	}
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	ended := jobs.Schedule{ID: "sch_000001", State: jobs.ScheduleEnded, Request: strings.Repeat("long ", 30), Words: "tomorrow at 10", Zone: "UTC"}
	golden(t, "schedules.txt", terminal.Schedules([]jobs.ScheduleReport{jobs.NewScheduleReport(weekly(), nil), jobs.NewScheduleReport(ended, nil)}))
	if got := terminal.Schedules(nil); !strings.Contains(got, "bob schedule add") {
		t.Errorf("no schedules: %q", got)
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	runs := []jobs.ScheduleRun{
		{Slot: noon(), Status: jobs.RunWaiting, Note: "job_00000001 has not ended"},
		{Slot: noon().AddDate(0, 0, -7), Status: jobs.RunStarted, Job: "job_00000001"},
	}
	next := []time.Time{noon().AddDate(0, 0, 7), noon().AddDate(0, 0, 14)}
	golden(t, "schedule.txt", terminal.Schedule(jobs.NewScheduleReport(weekly(), runs), next))
}
