package bot_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// asking is a question that a job waits to have answered.
func asking(path string) func(r *jobs.Report) {
	return func(r *jobs.Report) {
		r.Waiting = append(r.Waiting, jobs.Wait{Path: path, Reason: jobs.ReasonQuestion, Status: jobs.StatusWaitingForInput, Since: midday, Text: "Which year?"})
	}
}

func TestConversation_Hear_repeatedEventsAreAnsweredOnce(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"request": "translate the attached file into French", "command": "pause job_00000001", "page": "help", "hint": "statsu", "refused": "pause job_00000002",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.job("job_00000001", jobs.StatusRunning, nil)
			h.job("job_00000002", jobs.StatusCompleted, nil)
			m := bot.Message{Keys: []string{"event", "message"}, Place: general, User: ann, Text: text, Way: bot.WayCommand}
			first, err := h.Hear(t.Context(), m)
			if err != nil || first == (bot.Reply{}) {
				t.Fatalf("at first: %+v, %v", first, err)
			}
			did := len(h.news())
			m.Keys = []string{"event again", "message"}
			if again, err := h.Hear(t.Context(), m); err != nil || again != (bot.Reply{}) || len(h.news()) > 0 {
				t.Errorf("again: %+v, %v, after %d changes", again, err, did)
			}
		})
	}
}

func TestConversation_Hear_repliesWhereNoJobIsAreNotHeard(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.job("job_00000001", jobs.StatusRunning, nil)
	other := thread
	other.Thread = "7"
	for _, text := range []string{"status", "cancel job_00000001", "what a day", "!help"} {
		if got := h.says(ann, bot.WayReply, other, text); got != (bot.Reply{}) {
			t.Errorf("%q: %+v", text, got)
		}
	}
	if did := h.news(); len(did) > 0 {
		t.Error(did)
	}
}

func TestConversation_Hear_whereACommandNamesNoJob(t *testing.T) {
	t.Parallel()
	old := func(r *jobs.Report) { r.Title = "Old" }
	t.Run("the only open one of the person is meant", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.job("job_00000001", jobs.StatusRunning, nil)
		h.job("job_00000002", jobs.StatusCompleted, old)
		if got, want := h.says(ann, bot.WayCommand, general, "pause").Text, "Pausing job_00000001 (Sales Analysis & Presentation)."; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := h.says(ann, bot.WayCommand, general, "results"); got.Job != "job_00000002" || got.Page == nil {
			t.Errorf("results: %+v", got)
		}
	})
	t.Run("of several one must be named", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.job("job_00000001", jobs.StatusRunning, nil)
		h.job("job_00000002", jobs.StatusQueued, old)
		got := h.says(ann, bot.WayCommand, general, "cancel")
		if want := `You have several jobs: say which one, such as "cancel job_00000001". "jobs" lists them.`; got.Text != want || !got.Warning {
			t.Errorf("got %+v, want %q", got, want)
		}
		if got := h.says(ann, bot.WayCommand, general, "status"); got.Page == nil || got.Page.Kind != bot.PageJobs {
			t.Errorf("status: %+v", got)
		}
	})
	t.Run("those of others are not meant", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.job("job_00000001", jobs.StatusRunning, nil)
		if got := h.says(bea, bot.WayCommand, general, "cancel"); !strings.HasPrefix(got.Text, `You have no job that "cancel" could mean`) || len(h.news()) > 0 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("in a thread the newest for which it makes sense is meant", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		h.job("job_00000001", jobs.StatusRunning, old)
		h.job("job_00000002", jobs.StatusCompleted, nil)
		if got := h.says(ann, bot.WayMention, thread, "pause"); got.Job != "job_00000001" {
			t.Errorf("pause: %+v", got)
		}
		h.job("job_00000009", jobs.StatusRunning, old)
		h.posted["job_00000009"] = jobs.Posted{Job: "job_00000009", Place: general, User: thread.UserOf(ann.ID)}
		if got := h.says(ann, bot.WayCommand, thread, "resume"); got.Job != "job_00000001" {
			t.Errorf("resume as a slash command: %+v", got)
		}
		if got := h.says(ann, bot.WayMention, thread, "results"); got.Job != "job_00000002" {
			t.Errorf("results: %+v", got)
		}
	})
}

func TestConversation_Hear_saysWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.job("job_00000001", jobs.StatusRunning, nil)
	h.job("job_00000002", jobs.StatusCompleted, nil)
	h.job("job_00000003", jobs.StatusRunning, func(r *jobs.Report) { r.Cost.Budget = "" })
	for text, want := range map[string]string{
		"status job_zzz":                "There is no job job_zzz here",
		"status job_00000001 9.9":       "has no step 9.9",
		"resume job_00000001":           "is not paused: it is running",
		"approve job_00000001":          "does not wait for approval of a plan: it is running",
		"cancel job_00000002":           "is over (completed): there is nothing to cancel",
		"skip job_00000001":             "Say which step to skip",
		"budget job_00000001":           "Say how many US dollars",
		"budget job_00000003 +1":        "has no limit",
		"budget job_00000001 step 1 +1": "Money is added to the whole job",
		"priority job_00000001":         "Say which priority",
		"pause sch_00000z":              "There is no schedule sch_00000z here",
		"schedule every blue moon: x":   "When to run is missing",
	} {
		got := h.says(ann, bot.WayCommand, general, text)
		if !got.Warning || !strings.Contains(got.Text, want) {
			t.Errorf("%q: %+v, want %q", text, got, want)
		}
	}
	if did := h.news(); len(did) > 0 {
		t.Error(did)
	}
}

func TestConversation_Hear_orders(t *testing.T) {
	t.Parallel()
	const by = " By:{User:slack:T1:UA Surface:slack}"
	for text, want := range map[string]string{
		"budget job_00000001 5":        "jobs.SetBudget{Job:job_00000001 Path: Budget:5.000000000" + by + "}",
		"budget job_00000001 step 1 2": "jobs.SetBudget{Job:job_00000001 Path:1 Budget:2.000000000" + by + "}",
		"priority job_00000001 high":   "jobs.Command{Job:job_00000001 Path: Verb:priority" + by + " Prompt: Priority:high}",
		"retry job_00000001 1.2: less": "jobs.Command{Job:job_00000001 Path:1.2 Verb:retry" + by + " Prompt:less Priority:}",
		"finish job_00000001":          "jobs.FinishNow{Job:job_00000001" + by + "}",
		"mute job_00000001":            "jobs.Mute{Job:job_00000001 Muted:true" + by + "}",
		"unmute job_00000001":          "jobs.Mute{Job:job_00000001 Muted:false" + by + "}",
		"answer job_00000001 2024":     "jobs.Answer{Job:job_00000001 Path: Text:2024" + by + "}",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.job("job_00000001", jobs.StatusRunning, nil)
			reply := h.says(ann, bot.WayCommand, general, text)
			if did := h.news(); !slices.Equal(did, []string{want}) || reply.Warning || reply.Public || reply.Job != "job_00000001" {
				t.Errorf("did %q, want %q; said %+v", did, want, reply)
			}
		})
	}
}

func TestConversation_Hear_filesNeedWordsAndARequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.job("job_00000001", jobs.StatusRunning, nil)
	for _, tt := range []struct {
		at         jobs.Place
		way        bot.Way
		text, want string
	}{
		{general, bot.WayMention, "", "The request is empty"},
		{general, bot.WayMention, "status", `Files go with a request, not with "status"`},
		{thread, bot.WayReply, "use this instead", "files cannot be added to it any more"},
	} {
		if got := h.says(ann, tt.way, tt.at, tt.text, file("a.csv", "1")); !got.Warning || !strings.Contains(got.Text, tt.want) {
			t.Errorf("%q: %+v, want %q", tt.text, got, tt.want)
		}
	}
	for _, text := range []string{"", " \n", "!aside", "!ASIDE: lunch?", "!aside\nlunch?"} {
		if got := h.says(ann, bot.WayReply, thread, text); got != (bot.Reply{}) {
			t.Errorf("%q: %+v", text, got)
		}
	}
	if did := h.news(); len(did) > 0 {
		t.Error(did)
	}
}

func TestConversation_Hear_answersGoToWhoAsks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.job("job_00000001", jobs.StatusRunning, func(r *jobs.Report) { asking("1")(r); asking("2.1")(r) })
	h.job("job_00000002", jobs.StatusCompleted, nil)
	const by = " By:{User:slack:T1:UA Surface:slack}}"
	h.says(ann, bot.WayReply, thread, "2.1: 2024")
	if did, want := h.news(), "jobs.Answer{Job:job_00000001 Path:2.1 Text:2024"+by; !slices.Equal(did, []string{want}) {
		t.Errorf("a named step: %q, want %q", did, want)
	}
	h.find("job_00000001").Waiting = nil
	asking("1")(h.find("job_00000001"))
	asking("2.1")(h.find("job_00000001"))
	h.says(ann, bot.WayReply, thread, "2024")
	if did, want := h.news(), "jobs.Answer{Job:job_00000001 Path: Text:2024"+by; !slices.Equal(did, []string{want}) { // the store says that it must be named
		t.Errorf("no named step: %q, want %q", did, want)
	}
}

func TestConversation_Hear_whetherItHappened(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	doubt := func(r *jobs.Report) {
		r.Waiting = []jobs.Wait{{Path: "1", Reason: jobs.ReasonEffectUnknown, Status: jobs.StatusWaitingForInput, Since: midday, Text: "Was it sent?"}}
	}
	r := h.job("job_00000001", jobs.StatusRunning, doubt)
	const by = " By:{User:slack:T1:UA Surface:slack}"
	h.says(ann, bot.WayReply, thread, "Again!")
	doubt(r)
	h.says(ann, bot.WayReply, thread, "cancel 1")
	want := []string{
		"jobs.Answer{Job:job_00000001 Path:1 Text:Again!" + by + "}",
		"jobs.Command{Job:job_00000001 Path:1 Verb:cancel" + by + " Prompt: Priority:}",
	}
	if did := h.news(); !slices.Equal(did, want) {
		t.Errorf("did %q, want %q", did, want)
	}
}

func TestConversation_Hear_plansThatWait(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.job("job_00000001", jobs.StatusAwaitingApproval, nil)
	reply := h.says(ann, bot.WayReply, thread, "cheaper")
	if did := h.news(); !slices.Equal(did, []string{"cheaper job_00000001 1 by slack:T1:UA"}) || reply.Warning {
		t.Errorf("cheaper: %q, %+v", did, reply)
	}
	reply = h.says(ann, bot.WayReply, thread, "make it about Europe only")
	if did := h.news(); !slices.Equal(did, []string{"rewrite job_00000001 1 by slack:T1:UA: make it about Europe only"}) || reply.Warning {
		t.Errorf("a wish: %q, %+v", did, reply)
	}
	h.says(ann, bot.WayReply, thread, "No.")
	want := "jobs.Command{Job:job_00000001 Path: Verb:cancel By:{User:slack:T1:UA Surface:slack} Prompt: Priority:}"
	if did := h.news(); !slices.Equal(did, []string{want}) {
		t.Errorf("did %q, want %q", did, want)
	}
}

func TestConversation_Hear_rights(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.job("job_00000001", jobs.StatusRunning, nil)
	stranger := jobs.Place{Surface: "slack", Workspace: "T2", Channel: "C9"}
	for _, tt := range []struct {
		who  bot.User
		at   jobs.Place
		text string
		want string // of the refusal; empty: it is done
	}{
		{bea, general, "status job_00000001", ""},
		{bea, general, "cancel job_00000001", "Only the person who asked"},
		{bea, general, "budget job_00000001 100", "Only the person who asked"},
		{bot.User{ID: "UC", Admin: true}, general, "cancel job_00000001", ""},
		{ann, stranger, "status job_00000001", "not of this workspace"},
	} {
		got := h.says(tt.who, bot.WayCommand, tt.at, tt.text)
		if got.Warning != (tt.want != "") || !strings.Contains(got.Text, tt.want) {
			t.Errorf("%s %q: %+v, want %q", tt.who.ID, tt.text, got, tt.want)
		}
	}
	h.access = jobs.Access{Channels: []string{"slack:C5"}}
	for way, want := range map[bot.Way]bool{bot.WayMention: true, bot.WayDirect: false} {
		if got := h.says(bea, way, general, "translate this"); got.Warning != want {
			t.Errorf("a job by %s in another channel: %+v", way, got)
		}
	}
}

func TestConversation_Hear_schedules(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	who := bot.User{ID: "UA", Zone: berlin}
	reply := h.says(who, bot.WayCommand, general, `schedule "every day at 9" What happened?`, file("a.csv", "1"))
	want := `Schedule sch_000001 is due next on Tue 3 Mar 2026 10:00 CET. "schedules" lists all, "schedule remove sch_000001" ends it.`
	if reply.Text != want {
		t.Errorf("got %q, want %q", reply.Text, want)
	}
	draft := jobs.ScheduleDraft{
		Words: "every day at 9", Zone: "Europe/Berlin", Owner: general.Owner("UA", ""), Request: "What happened?",
		Files: []jobs.Attachment{{Name: "a.csv", Data: []byte("1")}}, Budget: 2_000_000_000, MonthBudget: -1,
	}
	if diff := cmp.Diff(draft, h.drafts[0]); diff != "" {
		t.Error(diff)
	}
	page := drawn(h.says(who, bot.WayCommand, general, "schedules").Page)
	wantPage := `# Schedules (1)
## 🔁 [ACTIVE] What happened?
🗓️ When: every day at 9, Europe/Berlin
⏭️ Next: Tue 3 Mar 2026 10:00 CET
🆔 sch_000001
[⏸️ Pause schedule||pause sch_000001] [❌ Remove schedule||remove sch_000001]
`
	if diff := cmp.Diff(wantPage, page); diff != "" {
		t.Error(diff)
	}
	h.news()
	h.clicks(who, bot.Button{Action: bot.ActSchedule, Arg: "pause sch_000001"}, nil)
	h.says(who, bot.WayCommand, general, "resume sch_000001")
	if got := h.says(bea, bot.WayCommand, general, "schedule remove sch_000001"); !got.Warning {
		t.Errorf("another removes it: %+v", got)
	}
	h.says(who, bot.WayCommand, general, "schedule remove sch_000001")
	if did := h.news(); !slices.Equal(did, []string{"pause sch_000001", "resume sch_000001", "remove sch_000001"}) {
		t.Errorf("did %q", did)
	}
	other := jobs.Place{Surface: "slack", Workspace: "T2", Channel: "C1"}
	if got := h.says(who, bot.WayCommand, other, "schedules").Page.Title; got != "Schedules (0)" {
		t.Errorf("another workspace sees %q", got)
	}
}

func TestConversation_Suggest_ownJobsFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.job("job_00000001", jobs.StatusRunning, nil)
	h.job("job_00000002", jobs.StatusCompleted, func(r *jobs.Report) { r.Title = strings.Repeat("Sales ", 60) })
	h.posted["job_00000002"] = jobs.Posted{Job: "job_00000002", Place: thread, User: thread.UserOf("UB")}
	h.job("job_00000003", jobs.StatusRunning, func(r *jobs.Report) { r.Title = "Weekly report" })
	for begin, want := range map[string][]string{
		"":             {"job_00000003", "job_00000001", "job_00000002"},
		"job_0000":     {"job_00000003", "job_00000001", "job_00000002"},
		"job_00000002": {"job_00000002"},
		"sal":          {"job_00000001", "job_00000002"},
		"REPORT":       {"job_00000003"},
		"zzz":          nil,
	} {
		list, err := h.Suggest(t.Context(), general, bot.User{ID: "UA"}, begin)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range list {
			got = append(got, c.Value)
			if len([]rune(c.Label)) > 100 {
				t.Errorf("label of %d characters", len([]rune(c.Label)))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", begin, got, want)
		}
	}
}

// Where a platform says that it is a command, it is never a job that costs money.
func TestConversation_Hear_commandsThatAreNoneAreNoJobs(t *testing.T) {
	t.Parallel()
	h := three(t)
	for text, want := range map[string]string{
		"pause the newsletter":      "It is used so: pause [ID] [STEP]",
		"retry job_1: only Europe":  "It is used so: retry [ID] [STEP] [: new prompt]",
		"schedule remove":           `It is used so: schedule "every Monday at 9" REQUEST`,
		"priority job_00000001 now": "Say which priority",
		"help me with my taxes":     "It is used so: help [COMMAND]",
		"frobnicate":                `"help" lists all commands.`,
	} {
		h.events++
		got, err := h.Hear(t.Context(), bot.Message{
			Keys: []string{fmt.Sprint("order-", h.events)}, Place: general, User: ann, Text: text, Way: bot.WayCommand, Order: true,
		})
		if err != nil || !got.Warning || !strings.Contains(got.Text, want) {
			t.Errorf("%q: %+v, %v; want %q", text, got, err, want)
		}
	}
	if did := h.news(); len(did) > 0 {
		t.Errorf("did %v", did)
	}
}
