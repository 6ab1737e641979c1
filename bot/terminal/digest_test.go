package terminal_test

import (
	"testing"
	"time"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
)

func TestDigest(t *testing.T) {
	t.Parallel()
	golden(t, "digest.txt", terminal.Digest(jobs.Digest{
		From: noon().Add(-24 * time.Hour), Until: noon(), SpentUSD: "1.250000000",
		Finished: jobs.DigestJobs{Total: 14, Jobs: []jobs.DigestJob{
			{ID: "job_00000001", Title: "Quarterly\x1b[31m\nreport", Status: jobs.StatusCompleted},
			{ID: "job_00000002", Title: "Slides", Status: jobs.StatusPartial},
		}},
		Waiting: jobs.DigestJobs{Total: 1, Jobs: []jobs.DigestJob{
			{ID: "job_00000004", Title: "Greeting", Status: jobs.StatusWaitingForInput, Reason: jobs.ReasonEffectUnknown},
		}},
		Due: jobs.DigestSchedules{Total: 1, Schedules: []jobs.DigestSchedule{
			{ID: "sch_000001", Words: "every Monday at 10", Request: "Summarise the week", Next: noon().Add(time.Hour)},
		}},
	}))
	golden(t, "digest-empty.txt", terminal.Digest(jobs.Digest{From: noon().Add(-24 * time.Hour), Until: noon()}))
}
