package bot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// The closed places of the tests. Ann is in all of them.
var (
	boardroom = jobs.Place{Surface: "slack", Workspace: "T1", Channel: "G1", Thread: "200.1"}
	backroom  = jobs.Place{Surface: "slack", Workspace: "T1", Channel: "C1", Thread: "300.1"}
	letters   = jobs.Place{Surface: "slack", Workspace: "T1", Channel: "DUA", Thread: "400.1"}
)

const secret = "Layoffs in May"

// hide adds a job of ann in a closed place.
func (h *house) hide(id jobs.JobID, status jobs.Status, at jobs.Place, room string) {
	h.job(id, status, func(r *jobs.Report) {
		r.Title, r.Request, r.Result = secret, secret, secret
		r.Nodes = []jobs.NodeReport{{Path: "", Title: secret}, {Path: "1", Title: secret}}
	})
	h.posted[id] = jobs.Posted{Job: id, Place: at, User: at.UserOf(ann.ID), Room: room}
}

// closedHouse is a house with a job of each state in every closed place.
func closedHouse(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	for i, status := range []jobs.Status{jobs.StatusCompleted, jobs.StatusAwaitingApproval, jobs.StatusQueued} {
		n := string(rune('0' + i))
		h.hide(jobs.JobID("job_gang000"+n), status, boardroom, boardroom.Room())
		h.hide(jobs.JobID("job_nest000"+n), status, backroom, backroom.Nook())
		h.hide(jobs.JobID("job_desk000"+n), status, letters, jobs.RoomDirect)
	}
	slot := jobs.Slots{Next: midday.Add(time.Hour)}
	h.schedules = []jobs.Schedule{
		{ID: "sch_gang00", Owner: boardroom.Owner("UA", boardroom.Room()), Request: secret, Zone: "UTC", State: jobs.ScheduleActive, Slots: slot},
		{ID: "sch_desk00", Owner: letters.Owner("UA", jobs.RoomDirect), Request: secret, Zone: "UTC", State: jobs.ScheduleActive, Slots: slot},
	}
	return h
}

// told is all that a reply says.
func told(r bot.Reply) string {
	text := r.Text
	if r.Page != nil {
		text += drawn(r.Page)
	}
	if r.Form != nil {
		text += r.Form.Title
		for _, f := range r.Form.Fields {
			text += f.Hint + f.Value
		}
	}
	return text
}

// TestConversation_hidesClosedPlaces has somebody who is in none of the closed places
// ask for their jobs in every way.
func TestConversation_hidesClosedPlaces(t *testing.T) {
	t.Parallel()
	h := closedHouse(t)
	h.news()
	check := func(what string, r bot.Reply) {
		t.Helper()
		if text := told(r); !strings.Contains(text, "not known to be") && !strings.Contains(text, "There is no schedule") || strings.Contains(text, secret) {
			t.Errorf("%s: %s", what, text)
		}
		if did := h.news(); did != nil {
			t.Errorf("%s does %v", what, did)
		}
	}
	for _, id := range []string{"job_gang0000", "job_gang0001", "job_gang0002", "job_nest0000", "job_nest0001", "job_desk0000", "job_desk0001"} {
		for _, text := range []string{
			"status " + id, "results " + id, "plan " + id, "cost " + id, "edit " + id, "cheaper " + id, "approve " + id, "reject " + id, "pause " + id, "resume " + id,
			"cancel " + id, "retry " + id, "rerun " + id, "skip " + id + " 1", "finish " + id, "budget " + id + " 5", "priority " + id + " high", "answer " + id + " yes",
			"mute " + id, "unmute " + id, "status " + id + " 1",
		} {
			check(text, h.says(bea, bot.WayCommand, general, text))
			check(text, h.says(bea, bot.WayMention, thread, text))
		}
		for _, a := range []bot.Action{
			bot.ActDetails, bot.ActResults, bot.ActPlan, bot.ActPause, bot.ActResume, bot.ActCancel, bot.ActSkip, bot.ActRetry, bot.ActRerun, bot.ActFinish,
			bot.ActAnswer, bot.ActMute, bot.ActAgain, bot.ActGood, bot.ActBad,
		} {
			check("click "+string(a), h.clicks(bea, bot.Button{Action: a, Job: jobs.JobID(id)}, nil))
		}
		for _, a := range []bot.Action{bot.ActApprove, bot.ActReject, bot.ActCheaper, bot.ActEdit, bot.ActAdd} {
			check("click "+string(a), h.clicks(bea, bot.Button{Action: a, Job: jobs.JobID(id), Arg: "1"}, nil))
		}
		check("an answer", h.clicks(bea, bot.Button{Action: bot.ActAnswer, Job: jobs.JobID(id)}, map[string]string{bot.FieldAnswer: "yes"}))
		check("an edit", h.clicks(bea, bot.Button{Action: bot.ActEdit, Job: jobs.JobID(id), Arg: "1"}, map[string]string{bot.FieldSteps: "- 1"}))
	}
	for _, text := range []string{"pause sch_gang00", "remove sch_gang00", "cancel sch_desk00"} {
		check(text, h.says(bea, bot.WayCommand, general, text))
	}
	lists := []string{"jobs all", "jobs", "jobs finished all", "jobs queued all", "jobs about " + strings.Fields(secret)[0], "schedules"}
	for _, text := range lists {
		r := h.says(bea, bot.WayCommand, general, text)
		if text := told(r); strings.Contains(text, secret) || strings.Contains(text, "(3)") || !strings.Contains(text, "0 active, 0 queued, 0 finished") && !strings.Contains(text, "Schedules (0)") {
			t.Errorf("%s: %s", text, told(r))
		}
	}
	h.says(bea, bot.WayCommand, general, "cost by job")
	want := &jobs.Sight{User: "slack:T1:UB", Open: true, Rooms: []string{"slack:T1:C1"}}
	if diff := cmp.Diff(want, h.asked[len(h.asked)-1].Sight); diff != "" {
		t.Errorf("costs are asked for with another sight (-want +got):\n%s", diff)
	}
	h.seesOfAll(bea, "none")
}

// seesOfAll checks what of the closed places somebody sees on their Home tab and while
// they type: gang, nest, desk, or none.
func (h *house) seesOfAll(who bot.User, want string) {
	h.t.Helper()
	p, err := h.Home(h.t.Context(), bot.HomeQuery{Place: jobs.Place{Surface: "slack", Workspace: "T1"}, User: who})
	if err != nil {
		h.t.Fatal(err)
	}
	text := drawn(&p)
	list, err := h.Suggest(h.t.Context(), general, who, "")
	if err != nil {
		h.t.Fatal(err)
	}
	var typed strings.Builder
	for _, c := range list {
		typed.WriteString(c.Value + " " + c.Label + "\n")
	}
	for _, kind := range []string{"gang", "nest", "desk"} {
		for where, shown := range map[string]string{"Home": text, "suggestions": typed.String()} {
			if got := strings.Contains(shown, "job_"+kind); got != strings.Contains(want, kind) {
				h.t.Errorf("%s of %s shows jobs of %s: %t\n%s", where, who.ID, kind, got, shown)
			}
		}
	}
	if strings.Contains(text, secret) != (want != "none") {
		h.t.Errorf("Home of %s: %s", who.ID, text)
	}
}

func TestConversation_showsClosedPlacesToWhoIsThere(t *testing.T) {
	t.Parallel()
	h := closedHouse(t)
	h.front.Enter(bea.ID, jobs.PlaceOf(boardroom.Room()))
	h.seesOfAll(bea, "gang")
	if text := told(h.says(bea, bot.WayCommand, general, "results job_gang0000")); !strings.Contains(text, secret) {
		t.Errorf("who is in the channel asks elsewhere: %s", text)
	}
	if text := told(h.says(bea, bot.WayCommand, general, "cancel job_gang0001")); !strings.Contains(text, "Only the person who asked") {
		t.Errorf("who may look may do more: %s", text)
	}
	if text := told(h.says(bea, bot.WayCommand, general, "schedules")); !strings.Contains(text, "Schedules (1)") || !strings.Contains(text, "sch_gang00") {
		t.Errorf("the channel's schedules: %s", text)
	}
	h.front.Enter(bea.ID, backroom)
	h.seesOfAll(bea, "gang nest")
	h.seesOfAll(ann, "gang nest desk")
	admin := bot.User{ID: "UC", Admin: true}
	h.seesOfAll(admin, "gang nest desk")
	guest := bot.User{ID: "UD", Guest: true}
	h.job("job_free0000", jobs.StatusCompleted, nil)
	h.seesOfAll(guest, "none")
	if text := told(h.says(guest, bot.WayCommand, jobs.Place{Surface: "slack", Workspace: "T1", Channel: "C2"}, "results job_free0000")); strings.Contains(text, "Sales") {
		t.Errorf("a guest sees an open channel's job in another channel: %s", text)
	}
}

// In the place itself all who read it see the job, whether or not anybody says that
// they are there.
func TestConversation_showsAJobWhereItIs(t *testing.T) {
	t.Parallel()
	h := closedHouse(t)
	for id, at := range map[string]jobs.Place{"job_gang0000": boardroom, "job_nest0000": backroom} {
		for _, way := range []bot.Way{bot.WayCommand, bot.WayMention} {
			if text := told(h.says(bea, way, at, "results "+id)); !strings.Contains(text, secret) {
				t.Errorf("%s in its thread: %s", id, text)
			}
			if text := told(h.says(bea, way, at, "jobs all")); !strings.Contains(text, id) {
				t.Errorf("jobs where %s is: %s", id, text)
			}
		}
	}
	if text := told(h.says(bea, bot.WayCommand, general, "results job_nest0000")); strings.Contains(text, secret) {
		t.Errorf("in the channel of the closed thread: %s", text)
	}
}

// Where all can read the answer, it tells only what all of them may know.
func TestConversation_tellsNoSecretsWhereAllHear(t *testing.T) {
	t.Parallel()
	h := closedHouse(t)
	h.job("job_free0000", jobs.StatusCompleted, nil)
	hear := func(at jobs.Place, text string) string {
		h.events++
		r, err := h.Hear(t.Context(), bot.Message{Place: at, User: ann, Text: text, Way: bot.WayMention, Reach: bot.ReachWorkspace, Overheard: true})
		if err != nil {
			t.Fatal(err)
		}
		return told(r)
	}
	for _, text := range []string{"results job_gang0000", "status job_nest0000", "status job_desk0000", "jobs all", "jobs", "status", "schedules", "cancel job_gang0001"} {
		if said := hear(general, text); strings.Contains(said, secret) || said == "" {
			t.Errorf("%s: %s", text, said)
		}
	}
	if said := hear(general, "results job_free0000"); !strings.Contains(said, "Sales") {
		t.Errorf("an open job: %s", said)
	}
	if said := hear(boardroom, "results job_gang0000"); !strings.Contains(said, secret) {
		t.Errorf("where it was given: %s", said)
	}
	if did := h.news(); did != nil {
		t.Errorf("did %v", did)
	}
}

// A job remembers where it was given, whichever way it came.
func TestConversation_remembersWhereAJobWasGiven(t *testing.T) {
	t.Parallel()
	home := jobs.Place{Surface: "slack", Workspace: "T1"}
	for name, tt := range map[string]struct {
		m    bot.Message
		want string
	}{
		"an open channel":   {bot.Message{Place: general, Way: bot.WayMention, Reach: bot.ReachWorkspace}, ""},
		"a command there":   {bot.Message{Place: general, Way: bot.WayCommand, Reach: bot.ReachWorkspace}, ""},
		"a closed channel":  {bot.Message{Place: boardroom, Way: bot.WayMention}, "slack:T1:G1"},
		"a closed thread":   {bot.Message{Place: backroom, Way: bot.WayMention, Reach: bot.ReachThread}, "slack:T1:C1:300.1"},
		"a message's menu":  {bot.Message{Place: boardroom, Way: bot.WayMenu}, "slack:T1:G1"},
		"a form":            {bot.Message{Place: boardroom, Way: bot.WayForm}, "slack:T1:G1"},
		"a direct message":  {bot.Message{Place: letters, Way: bot.WayDirect}, jobs.RoomDirect},
		"a command in one":  {bot.Message{Place: letters, Way: bot.WayCommand, Direct: true}, jobs.RoomDirect},
		"no channel":        {bot.Message{Place: home, Way: bot.WayForm}, jobs.RoomDirect},
		"outside of guilds": {bot.Message{Place: jobs.Place{Surface: "discord", Channel: "5"}, Way: bot.WayMention, Reach: bot.ReachWorkspace}, jobs.RoomDirect},
	} {
		h := newHouse(t)
		tt.m.User, tt.m.Text = ann, "Count the stars in the sky"
		if _, err := h.Hear(t.Context(), tt.m); err != nil || len(h.requests) != 1 {
			t.Fatalf("%s: %d requests, %v", name, len(h.requests), err)
		}
		if got := h.requests[0].Room; got != tt.want {
			t.Errorf("%s: given in %q, want %q", name, got, tt.want)
		}
		again, err := h.Click(t.Context(), bot.Click{Place: tt.m.Place, User: ann, Direct: tt.m.Direct, Button: bot.Button{Action: bot.ActAgain, Job: "job_new00001"}})
		if err != nil || len(h.requests) != 2 || h.requests[1].Room != tt.want || h.requests[1].Place != h.requests[0].Place {
			t.Errorf("%s, again: %+v, %v; %+v", name, again, err, h.requests)
		}
	}
}

// Where somebody else is alone with Bob, nobody's job is put up: an admin who runs it
// again has it where they are.
func TestConversation_Click_runsAJobOfADirectMessageAgainElsewhere(t *testing.T) {
	t.Parallel()
	h := closedHouse(t)
	h.clicks(bot.User{ID: "UC", Admin: true}, bot.Button{Action: bot.ActAgain, Job: "job_desk0000"}, nil)
	if len(h.requests) != 1 || h.requests[0].Place != thread || h.requests[0].Room != "slack:T1:C1" || h.requests[0].User != "slack:T1:UC" {
		t.Errorf("requests %+v", h.requests)
	}
}

// The lists of channels hold for every way in.
func TestConversation_takesJobsInListedChannelsOnly(t *testing.T) {
	t.Parallel()
	listed := jobs.Access{Channels: []string{"slack:T1:C1"}}
	elsewhere := jobs.Place{Surface: "slack", Workspace: "T1", Channel: "C2", Thread: "500.1"}
	newJob := bot.Button{Action: bot.ActNew}
	for name, tt := range map[string]struct {
		at  jobs.Place
		do  func(h *house, at jobs.Place) (bot.Reply, error)
		yes bool
	}{
		"a command":          {at: elsewhere, do: hears(bot.Message{Way: bot.WayCommand})},
		"a mention":          {at: elsewhere, do: hears(bot.Message{Way: bot.WayMention})},
		"a reply":            {at: elsewhere, do: hears(bot.Message{Way: bot.WayReply})},
		"a form":             {at: elsewhere, do: hears(bot.Message{Way: bot.WayForm})},
		"a menu":             {at: elsewhere, do: hears(bot.Message{Way: bot.WayMenu})},
		"a form's click":     {at: elsewhere, do: presses(bot.Click{Button: newJob, Fields: map[string]string{bot.FieldRequest: "Count"}})},
		"run again":          {at: elsewhere, do: presses(bot.Click{Button: bot.Button{Action: bot.ActAgain, Job: "job_there000"}})},
		"run again, of Home": {at: jobs.Place{Surface: "slack", Workspace: "T1"}, do: presses(bot.Click{Button: bot.Button{Action: bot.ActAgain, Job: "job_there000"}})},
		"listed":             {at: thread, do: hears(bot.Message{Way: bot.WayMention}), yes: true},
		"listed, again":      {at: thread, do: presses(bot.Click{Button: bot.Button{Action: bot.ActAgain, Job: "job_here0000"}}), yes: true},
		"a direct message":   {at: letters, do: hears(bot.Message{Way: bot.WayDirect}), yes: true},
		"a command in one":   {at: letters, do: hears(bot.Message{Way: bot.WayCommand, Direct: true}), yes: true},
		"a form in one":      {at: letters, do: hears(bot.Message{Way: bot.WayForm, Direct: true}), yes: true},
		"a click in one":     {at: letters, do: presses(bot.Click{Direct: true, Button: bot.Button{Action: bot.ActAgain, Job: "job_desk0000"}}), yes: true},
		"Home":               {at: jobs.Place{Surface: "slack", Workspace: "T1"}, do: presses(bot.Click{Button: newJob, Fields: map[string]string{bot.FieldRequest: "Count"}}), yes: true},
	} {
		h := newHouse(t)
		h.access = listed
		h.job("job_here0000", jobs.StatusCompleted, nil)
		h.hide("job_there000", jobs.StatusCompleted, elsewhere, "")
		h.hide("job_desk0000", jobs.StatusCompleted, letters, jobs.RoomDirect)
		r, err := tt.do(h, tt.at)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := len(h.requests) == 1; got != tt.yes || r.Warning == tt.yes || !tt.yes && !strings.Contains(r.Text, "slack:T1:C2 to access.channels") {
			t.Errorf("%s: %d jobs, %+v", name, len(h.requests), r)
		}
	}
	h := newHouse(t)
	h.access = listed
	h.hide("job_there000", jobs.StatusCompleted, elsewhere, "")
	for _, text := range []string{`schedule "every day at 9" count`, "jobs all", "cost", "status job_there000", "jobs", "status"} {
		if r := h.says(ann, bot.WayCommand, elsewhere, text); !r.Warning || r.Page != nil || len(h.drafts) > 0 {
			t.Errorf("%s: %+v", text, r)
		}
	}
}

func hears(m bot.Message) func(h *house, at jobs.Place) (bot.Reply, error) {
	return func(h *house, at jobs.Place) (bot.Reply, error) {
		m.Place, m.User, m.Text = at, ann, "Count the stars in the sky"
		return h.Hear(h.t.Context(), m)
	}
}

func presses(c bot.Click) func(h *house, at jobs.Place) (bot.Reply, error) {
	return func(h *house, at jobs.Place) (bot.Reply, error) {
		c.Place, c.User = at, ann
		return h.Click(h.t.Context(), c)
	}
}

func TestConversation_Home_saysWhoIsNotLetIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.access = jobs.Access{Users: []string{"slack:UA"}}
	h.job("job_00000003", jobs.StatusRunning, nil)
	p, err := h.Home(t.Context(), bot.HomeQuery{Place: jobs.Place{Surface: "slack", Workspace: "T1"}, User: bea})
	if text := drawn(&p); err != nil || !strings.Contains(text, "access.users") || strings.Contains(text, "Sales") {
		t.Errorf("%s, %v", text, err)
	}
	if list, err := h.Suggest(t.Context(), general, bea, ""); err != nil || len(list) > 0 {
		t.Errorf("suggested %v, %v", list, err)
	}
}
