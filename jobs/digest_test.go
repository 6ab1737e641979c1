package jobs_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
)

func busyDay() jobs.Digest {
	until := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	return jobs.Digest{
		From: until.Add(-24 * time.Hour), Until: until, SpentUSD: "1.250000000",
		Finished: jobs.DigestJobs{Total: 14, Jobs: []jobs.DigestJob{
			{ID: "job_00000001", Title: "Quarterly\nreport", Status: jobs.StatusCompleted},
			{ID: "job_00000002", Title: "Slides", Status: jobs.StatusPartial},
		}},
		Failed:  jobs.DigestJobs{Total: 1, Jobs: []jobs.DigestJob{{ID: "job_00000003", Title: "Mails", Status: jobs.StatusFailed, Reason: jobs.ReasonContentPolicy}}},
		Waiting: jobs.DigestJobs{Total: 1, Jobs: []jobs.DigestJob{{ID: "job_00000004", Title: "Greeting", Status: jobs.StatusWaitingForInput, Reason: jobs.ReasonQuestion}}},
		Due: jobs.DigestSchedules{Total: 1, Schedules: []jobs.DigestSchedule{
			{ID: "sch_000001", Words: "every Monday at 10", Request: "Summarise  the week", Next: until.Add(time.Hour)},
		}},
	}
}

func TestDigest_Text(t *testing.T) {
	t.Parallel()
	d := busyDay()
	want := `The day until Monday 5 January 2026 09:00 UTC: 14 jobs finished, 1 failed, 1 waits for a person, $1.25 spent.

Finished
• job_00000001 Quarterly report
• job_00000002 Slides (partial)
• and 12 more

Failed
• job_00000003 Mails (content policy)

Waiting for a person
• job_00000004 Greeting (question)

Due within a day
• Mon 10:00 sch_000001 (every Monday at 10): Summarise the week`
	if diff := cmp.Diff(want, d.Text()); diff != "" {
		t.Error(diff)
	}
	empty := jobs.Digest{From: d.From, Until: d.From.Add(time.Hour), SpentUSD: jobs.Money(0).String()}
	if got, want := empty.Text(), "Sunday 4 January 2026 09:00 UTC to Sunday 4 January 2026 10:00 UTC: nothing happened, and nothing waits."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDigest_Text_isBoundedWhateverPeopleWrite(t *testing.T) {
	t.Parallel()
	d := busyDay()
	long := strings.Repeat("very long\n", 1000)
	d.Finished.Jobs[0].Title, d.Due.Schedules[0].Words, d.Due.Schedules[0].Request = long, long, long
	text, usual := d.Text(), busyDay()
	if n := utf8.RuneCountInString(text); n > 900 {
		t.Errorf("%d characters", n)
	}
	if got, want := strings.Count(text, "\n"), strings.Count(usual.Text(), "\n"); got != want {
		t.Errorf("%d lines, want %d", got, want)
	}
}

func TestDayQuery(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 30, 12, 0, 0, 0, time.UTC)
	for day, want := range map[string]jobs.DigestQuery{
		"":           {From: now.Add(-24 * time.Hour), Until: now, Zone: zone, Limit: 50},
		"2026-03-29": {From: time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC), Until: time.Date(2026, 3, 29, 22, 0, 0, 0, time.UTC), Zone: zone, Limit: 50},
	} {
		got, err := jobs.DayQuery(day, now, zone)
		if err != nil || !got.From.Equal(want.From) || !got.Until.Equal(want.Until) || got.Zone != zone || got.Limit != want.Limit {
			t.Errorf("%q: got %+v, %v; want %+v", day, got, err, want)
		}
	}
	for _, day := range []string{"yesterday", "2026-02-30", "1969-12-31"} {
		_, err := jobs.DayQuery(day, now, zone)
		if e, ok := errors.AsType[*jobs.UserError](err); !ok || !strings.Contains(e.Message, "write it as 2026-01-31") {
			t.Errorf("%q: %v", day, err)
		}
	}
}

func TestDigestFor_To(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		of   jobs.DigestFor
		want jobs.Place
	}{
		{jobs.DigestFor{Workspace: "slack:T1", Channel: "slack:T1:C1"}, jobs.Place{Surface: "slack", Workspace: "T1", Channel: "C1"}},
		{jobs.DigestFor{Workspace: "discord:", Channel: "discord::C1"}, jobs.Place{Surface: "discord", Channel: "C1"}},
		{jobs.DigestFor{Workspace: "slack:T1", User: "slack:T1:U1"}, jobs.Place{Surface: "slack", Workspace: "T1"}},
		{jobs.DigestFor{Workspace: "slack:T1"}, jobs.Place{}},
		{jobs.DigestFor{User: "api"}, jobs.Place{}},
		{jobs.DigestFor{Workspace: "acme", Channel: "general"}, jobs.Place{}},
	} {
		if got := test.of.To(); got != test.want {
			t.Errorf("%+v: got %+v, want %+v", test.of, got, test.want)
		}
	}
}
