package bot_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

const (
	running = jobs.JobID("job_00000001")
	waiting = jobs.JobID("job_00000002")
	over    = jobs.JobID("job_00000003")
)

// three has a job that runs, one whose plan waits, and one that is over.
func three(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	h.job(running, jobs.StatusRunning, nil)
	h.job(waiting, jobs.StatusAwaitingApproval, nil)
	h.job(over, jobs.StatusPartial, nil)
	h.plan = jobs.Plan{Steps: []jobs.Step{{Key: "1", Type: jobs.TypeTask, Title: "Load", Prompt: "Load it"}}}
	return h
}

func TestConversation_Click_doesWhatButtonsSay(t *testing.T) {
	t.Parallel()
	const by = "By:{User:slack:T1:UA Surface:slack}"
	command := func(job jobs.JobID, path, verb string) string {
		return "jobs.Command{Job:" + string(job) + " Path:" + path + " Verb:" + verb + " " + by + " Prompt: Priority:}"
	}
	tests := []struct {
		button bot.Button
		fields map[string]string
		want   string
	}{
		{bot.Button{Action: bot.ActPause, Job: running}, nil, command(running, "", "pause")},
		{bot.Button{Action: bot.ActPause, Job: running, Arg: "1.2"}, nil, command(running, "1.2", "pause")},
		{bot.Button{Action: bot.ActCancel, Job: running, Arg: "1"}, nil, command(running, "1", "cancel")},
		{bot.Button{Action: bot.ActSkip, Job: running, Arg: "1"}, nil, command(running, "1", "skip")},
		{bot.Button{Action: bot.ActResume, Job: running, Arg: "1"}, nil, command(running, "1", "resume")},
		{bot.Button{Action: bot.ActRetry, Job: over}, nil, command(over, "", "retry")},
		{bot.Button{Action: bot.ActRerun, Job: over, Arg: "2"}, nil, command(over, "2", "rerun")},
		{bot.Button{Action: bot.ActApprove, Job: waiting, Arg: "1"}, nil, "jobs.Approve{Job:job_00000002 Revision:1 " + by + "}"},
		{bot.Button{Action: bot.ActReject, Job: waiting, Arg: "1"}, nil, command(waiting, "", "cancel")},
		{bot.Button{Action: bot.ActCheaper, Job: waiting, Arg: "1"}, nil, "cheaper job_00000002 1 by slack:T1:UA"},
		{
			bot.Button{Action: bot.ActEdit, Job: waiting, Arg: "1"},
			map[string]string{bot.FieldSteps: "+ 7 charts"},
			"edit job_00000002 1 by slack:T1:UA: [{Op:add Path: Before: Title: Prompt:7 charts DependsOn:[] Tools:[]}]",
		},
		{
			bot.Button{Action: bot.ActAnswer, Job: running, Arg: "1"},
			map[string]string{bot.FieldAnswer: " 2024 "},
			"jobs.Answer{Job:job_00000001 Path:1 Text:2024 " + by + "}",
		},
		{bot.Button{Action: bot.ActAdd, Job: running, Arg: "1.000000000"}, nil, "jobs.AddBudget{Job:job_00000001 Amount:1.000000000 " + by + "}"},
		{bot.Button{Action: bot.ActFinish, Job: running}, nil, "jobs.FinishNow{Job:job_00000001 " + by + "}"},
		{bot.Button{Action: bot.ActMute, Job: running}, nil, "jobs.Mute{Job:job_00000001 Muted:true " + by + "}"},
		{bot.Button{Action: bot.ActMute, Job: running, Arg: "off"}, nil, "jobs.Mute{Job:job_00000001 Muted:false " + by + "}"},
		{bot.Button{Action: bot.ActGood, Job: over}, nil, "jobs.Feedback{Job:job_00000003 Good:true " + by + "}"},
		{bot.Button{Action: bot.ActBad, Job: over}, nil, "jobs.Feedback{Job:job_00000003 Good:false " + by + "}"},
		{bot.Button{Action: bot.ActAgain, Job: over}, nil, "submit job_new00001"},
		{bot.Button{Action: bot.ActNew}, map[string]string{bot.FieldRequest: "Translate it", bot.FieldBudget: "1"}, "submit job_new00001"},
	}
	for _, tt := range tests {
		t.Run(tt.button.Value(), func(t *testing.T) {
			t.Parallel()
			h := three(t)
			reply := h.clicks(ann, tt.button, tt.fields)
			if did := h.news(); !slices.Equal(did, []string{tt.want}) || reply.Warning || reply.Text == "" {
				t.Errorf("did %q, want %q; said %+v", did, tt.want, reply)
			}
		})
	}
}

func TestConversation_Click_shows(t *testing.T) {
	t.Parallel()
	h := three(t)
	for value, want := range map[string]string{
		"details|job_00000001|":        "Job: Sales Analysis & Presentation",
		"details|job_00000001|7":       "Job: Sales Analysis & Presentation",
		"plan|job_00000002|":           "Plan of Sales Analysis & Presentation",
		"results|job_00000003|":        "Job Results: Sales Analysis & Presentation",
		"jobs||,,all,0,":               "Jobs: 2 active, 0 queued, 1 finished",
		"jobs||finished,,mine,0,sales": "Jobs: 2 active, 0 queued, 1 finished",
	} {
		b, ok := bot.ParseValue(value)
		if got := h.clicks(ann, b, nil); !ok || got.Page == nil || got.Page.Title != want {
			t.Errorf("%s: %+v, want %q", value, got, want)
		}
	}
}

func TestConversation_Click_oldButtonsSayWhatIsTheCase(t *testing.T) {
	t.Parallel()
	h := three(t)
	h.find(waiting).PlanRevision = 3
	for value, want := range map[string]string{
		"pause|job_00000003|":      "is over (partly completed): there is nothing to pause",
		"add|job_00000003|x":       "from an older message",
		"approve|job_00000001|1":   "does not wait for approval",
		"approve|job_00000002|2":   "the newest revision is 3",
		"edit|job_00000002|1":      "the newest revision is 3",
		"approve|job_00000002|x":   "from an older message",
		"answer|job_00000001|1":    "waits for no answer any more",
		"good|job_00000001|":       "is not over yet",
		"pause|job_00000009|":      "There is no job job_00000009 here",
		"pause|job_00000001|../..": "from an older message",
		"pause|x|":                 "from an older message",
		"explode|job_00000001|":    "from an older message",
		"schedule||explode sch_1":  "from an older message",
	} {
		b, ok := bot.ParseValue(value)
		if got := h.clicks(ann, b, nil); !ok || !got.Warning || !strings.Contains(got.Text, want) {
			t.Errorf("%s: %+v, want %q", value, got, want)
		}
	}
	form := map[string]string{bot.FieldSteps: "- 1"}
	if got := h.clicks(ann, bot.Button{Action: bot.ActEdit, Job: waiting, Arg: "2"}, form); !got.Warning || !strings.Contains(got.Text, "the newest revision is 3") {
		t.Errorf("an old form: %+v", got)
	}
	if did := h.news(); len(did) > 0 {
		t.Error(did)
	}
}

func TestConversation_Click_twiceIsOnce(t *testing.T) {
	t.Parallel()
	h := three(t)
	k := bot.Click{Keys: []string{"press"}, Place: thread, User: ann, Button: bot.Button{Action: bot.ActAdd, Job: running, Arg: "1"}}
	first, err := h.Click(t.Context(), k)
	if err != nil || first.Warning {
		t.Fatal(first, err)
	}
	if again, err := h.Click(t.Context(), k); err != nil || again != (bot.Reply{}) || len(h.news()) != 1 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

func TestConversation_Click_othersMayNot(t *testing.T) {
	t.Parallel()
	h := three(t)
	for _, b := range []bot.Button{
		{Action: bot.ActCancel, Job: running},
		{Action: bot.ActApprove, Job: waiting, Arg: "1"},
		{Action: bot.ActEdit, Job: waiting, Arg: "1"},
		{Action: bot.ActAnswer, Job: running},
		{Action: bot.ActRerun, Job: over},
	} {
		if got := h.clicks(bea, b, nil); !got.Warning || !strings.HasPrefix(got.Text, "Only the person who asked") || got.Form != nil {
			t.Errorf("%s: %+v", b.Action, got)
		}
	}
	h.access.MembersMaySteer = true
	if got := h.clicks(bea, bot.Button{Action: bot.ActPause, Job: running}, nil); got.Warning {
		t.Errorf("a member who may steer: %+v", got)
	}
}

func TestConversation_Click_forms(t *testing.T) {
	t.Parallel()
	h := three(t)
	asking("1.2")(h.find(running))
	answer := h.clicks(ann, bot.Button{Action: bot.ActAnswer, Job: running}, nil).Form
	want := &bot.Form{
		Button: bot.Button{Action: bot.ActAnswer, Job: running, Arg: "1.2"}, Title: "Answer", Submit: "Send",
		Fields: []bot.Field{{Key: bot.FieldAnswer, Label: "Your answer", Hint: "Which year?", Long: true, Max: 3000}},
	}
	if diff := cmp.Diff(want, answer); diff != "" {
		t.Error(diff)
	}
	form := h.clicks(ann, bot.Button{Action: bot.ActNew}, nil).Form
	var keys []string
	for _, f := range form.Fields {
		keys = append(keys, f.Key)
		if len([]rune(f.Label)) > 45 {
			t.Errorf("label %q is longer than a form of Discord takes", f.Label)
		}
	}
	if want := []string{bot.FieldRequest, bot.FieldFiles, bot.FieldBudget, bot.FieldPriority, bot.FieldApproval}; !slices.Equal(keys, want) {
		t.Errorf("fields %v, want %v", keys, want)
	}
}

func TestConversation_Click_againTakesRequestFilesAndBudgetAlong(t *testing.T) {
	t.Parallel()
	h := three(t)
	h.given = []jobs.FileInfo{{Name: "q4.csv", SHA256: "1"}}
	h.find(over).Priority = jobs.PriorityHigh
	h.find(over).Cost.Budget = ""
	page := jobs.Place{Surface: "slack", Workspace: "T1"}
	_, err := h.Click(t.Context(), bot.Click{Keys: []string{"k"}, Place: page, User: bea, Button: bot.Button{Action: bot.ActAgain, Job: over}})
	if err != nil {
		t.Fatal(err)
	}
	want := jobs.Request{
		Text: "Analyze the Q4 sales data and create a presentation", Stored: h.given, Priority: jobs.PriorityHigh, Budget: -1,
		User: "slack:T1:UB", Workspace: "slack:T1", Channel: "slack:T1:C1", Place: thread, Seen: []string{"k"},
	}
	if diff := cmp.Diff(want, h.requests[0]); diff != "" {
		t.Error(diff)
	}
}
