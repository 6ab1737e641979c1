package bot_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// wonder presses a button of a platform that asks by itself before buttons act.
func (h *house) wonder(who bot.User, b bot.Button) bot.Reply {
	h.t.Helper()
	h.events++
	reply, err := h.Click(h.t.Context(), bot.Click{
		Keys: []string{fmt.Sprintf("event-%d", h.events)}, Place: thread, At: "100.1", User: who, Button: b, Ask: true,
	})
	if err != nil {
		h.t.Fatalf("%+v: %v", b, err)
	}
	return reply
}

func TestConversation_Click_saysWhatItWouldDo(t *testing.T) {
	t.Parallel()
	h := three(t)
	h.made = []jobs.FileInfo{{Name: "q4.pptx"}, {Name: "q4.pdf"}}
	r := h.find(running)
	r.Summary = jobs.Summary{Total: 9, Completed: 4, Running: 2, Queued: 3}
	r.Nodes = []jobs.NodeReport{
		{ID: 1, Type: jobs.TypeRootJob, Status: jobs.StatusRunning},
		{ID: 2, Path: "1", Type: jobs.TypeSubplan, Title: "Compare regions", Status: jobs.StatusWaitingForChildren, CostUSD: "0.120000000"},
		{ID: 3, Path: "1.1", Type: jobs.TypeTask, Status: jobs.StatusCompleted, Artifacts: []string{"north.csv"}},
		{ID: 4, Path: "1.2", Type: jobs.TypeTask, Status: jobs.StatusRunning},
		{ID: 5, Path: "2", Type: jobs.TypeTask, Status: jobs.StatusCompleted},
	}
	h.schedules = []jobs.Schedule{{ID: "sch_000001", Owner: general.Owner(ann.ID, ""), Request: "Report sales", Words: "every Monday at 9"}}
	for _, tt := range []struct {
		button bot.Button
		want   bot.Confirm
	}{
		{bot.Button{Action: bot.ActCancel, Job: running}, bot.Confirm{
			Title: "Cancel this job?", Yes: "Cancel the job", No: "Keep it",
			Text: "All that is open of job_00000001 (Sales Analysis & Presentation) ends at once.\n" +
				"What is done is kept: 4 of 9 steps. Files that are kept: 2. At work now, and stopped: 2.\nSo far it cost $0.24 of $2.00.",
		}},
		{bot.Button{Action: bot.ActCancel, Job: running, Arg: "1"}, bot.Confirm{
			Title: "Cancel step 1?", Yes: "Cancel the step", No: "Keep it",
			Text: "Step 1, Compare regions, of job job_00000001 ends at once, and all below it.\n" +
				"What is done is kept: 1 of 2 steps. Files that are kept: 1. At work now, and stopped: 1.\n" +
				"Steps that need it are skipped. The others go on.\nSo far it cost $0.12, and the whole job $0.24 of $2.00.",
		}},
		{bot.Button{Action: bot.ActReject, Job: waiting, Arg: "1"}, bot.Confirm{
			Title: "Cancel this job?", Yes: "Cancel the job", No: "Keep it",
			Text: "Nothing of the plan of job_00000002 (Sales Analysis & Presentation) runs, and the job ends.\n" +
				"Nothing of it is done yet. Files that are kept: 2.\nSo far it cost $0.24 of $2.00.",
		}},
		{bot.Button{Action: bot.ActSchedule, Arg: "remove sch_000001"}, bot.Confirm{
			Title: "Remove this schedule?", Yes: "Remove it", No: "Keep it",
			Text: "sch_000001, every Monday at 9: Report sales\nIt does not run any more. The jobs that it started stay.",
		}},
	} {
		got := h.wonder(ann, tt.button)
		if got.Ask == nil || got.Ask.Value() != tt.button.Value() {
			t.Fatalf("%s asks %+v", tt.button.Value(), got)
		}
		if diff := cmp.Diff(tt.want, *got.Ask.Confirm); diff != "" {
			t.Errorf("%s: %s", tt.button.Value(), diff)
		}
	}
	if did := h.news(); len(did) > 0 {
		t.Errorf("asking did %v", did)
	}
}

func TestConversation_Click_doesNotAskWhatCannotBeDone(t *testing.T) {
	t.Parallel()
	h := three(t)
	h.find(waiting).PlanRevision = 3
	h.find(running).Nodes = []jobs.NodeReport{{ID: 2, Path: "1", Type: jobs.TypeTask, Status: jobs.StatusCompleted}}
	for value, want := range map[string]string{
		"cancel|job_00000003|":        "is over (partly completed)",
		"cancel|job_00000001|1":       "is over already: it is completed",
		"cancel|job_00000001|7":       "has no step 7",
		"cancel|job_00000009|":        "There is no job job_00000009",
		"cancel|job_00000001|../..":   "from an older message",
		"reject|job_00000002|2":       "the newest revision is 3",
		"reject|job_00000002|x":       "from an older message",
		"pause|job_00000001|":         "from an older message",
		"schedule||remove sch_000009": "There is no schedule sch_000009",
		"schedule||pause sch_000009":  "from an older message",
	} {
		b, ok := bot.ParseValue(value)
		if got := h.wonder(ann, b); !ok || got.Ask != nil || !got.Warning || !strings.Contains(got.Text, want) {
			t.Errorf("%s: %+v, want %q", value, got, want)
		}
	}
	if got := h.wonder(bea, bot.Button{Action: bot.ActCancel, Job: running}); got.Ask != nil || !got.Warning {
		t.Errorf("somebody else is asked: %+v", got)
	}
}
