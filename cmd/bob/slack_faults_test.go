package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot/slack/slackfake"
	"github.com/askbob/bob/jobs"
)

// in waits for a message of Bob's in a channel that has these words, whoever sees it.
func (o *office) in(channel, words string) (found slackfake.Message) {
	o.t.Helper()
	o.wait(func() bool {
		i := slices.IndexFunc(o.fake.Messages("T1", channel), func(m slackfake.Message) bool {
			return m.Bot && strings.Contains(m.Words(), words)
		})
		if i >= 0 {
			found = o.fake.Messages("T1", channel)[i]
		}
		return i >= 0
	})
	return found
}

// atWork is an office with a job whose work lasts until letGo is closed: its thread and
// its card.
func atWork(t *testing.T, request string, env map[string]string) (o *office, thread string, card slackfake.Message, letGo chan struct{}) {
	t.Helper()
	model, letGo := held(t, forWork)
	o = enterOffice(t, model.url, env)
	thread, _ = o.ask(request, nil)
	return o, thread, o.until(thread, "Running"), letGo
}

// count counts the messages of Bob's in a channel that have these words.
func (o *office) count(channel, words string) (n int) {
	for _, m := range o.fake.Messages("T1", channel) {
		if m.Bot && strings.Contains(m.Words(), words) {
			n++
		}
	}
	return n
}

// refused has a person do something, and checks that they alone are told why not.
func (o *office) refused(user, words string, d ...*slackfake.Delivery) {
	o.t.Helper()
	for _, one := range d {
		if _, err := one.Answer(o.t.Context()); err != nil {
			o.t.Error(err)
		}
	}
	if m := o.in("C1", words); m.For != user {
		o.t.Errorf("%q is told to %q, want %s", words, m.For, user)
	}
}

// TestSlack_aChannelThatIsClosedToBob: what is given there goes on in a direct message.
func TestSlack_aChannelThatIsClosedToBob(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]string{
		"Bob is not in it": "not_in_channel", "it is private": "channel_not_found", "it is archived": "is_archived",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := enterOffice(t, newFoe(t, func(asked) blow { return good }).url, nil)
			o.fake.Shut("C1", code)
			o.answered("Compare mark-1", "is on its way")
			done := o.in("DUANN", "Completed: ")
			o.in("DUANN", "✅ Completed\n")
			o.stop()
			if n := o.count("DUANN", "ID job_"); n != 1 || o.count("DUANN", "Completed: ") != 1 || !slices.Equal(done.Pings(), []string{"UANN"}) {
				t.Errorf("%d cards, the end: %s", n, o.words(&done))
			}
			if n := o.count("C1", "Completed"); n > 0 {
				t.Errorf("%d messages in the channel", n)
			}
		})
	}
}

// TestSlack_aChannelThatIsArchivedWhileAJobRuns moves the job to who asked for it.
func TestSlack_aChannelThatIsArchivedWhileAJobRuns(t *testing.T) {
	t.Parallel()
	o, _, _, letGo := atWork(t, "Compare mark-2", nil)
	o.fake.Shut("C1", "is_archived")
	close(letGo)
	done := o.in("DUANN", "Completed: ")
	o.stop()
	if n := o.count("DUANN", "Completed: "); n != 1 || !strings.Contains(done.Words(), "cannot be written to any more") || !slices.Equal(done.Pings(), []string{"UANN"}) {
		t.Errorf("%d ends: %s", n, o.words(&done))
	}
	if r := readReport(t, o.data, o.theJob()); r.Status != jobs.StatusCompleted || len(r.Undelivered) > 0 {
		t.Errorf("the job is %s, not delivered: %v", r.Status, r.Undelivered)
	}
}

// TestSlack_aDeletedCardComesBack in its thread, and is the only one.
func TestSlack_aDeletedCardComesBack(t *testing.T) {
	t.Parallel()
	o, thread, card, letGo := atWork(t, "Compare mark-3", nil)
	o.fake.Delete(card.TS)
	close(letGo)
	o.until(thread, "Completed: ")
	o.completed(thread)
	o.stop()
	if again, _ := o.once(thread, "✅ Completed", "Completed"); again.TS == card.TS {
		t.Error("the card is the one that was deleted")
	}
}

// TestSlack_aRevokedTokenEndsNoJob: Bob is told nothing more by Slack and tells it
// nothing, and the job and its result stay.
func TestSlack_aRevokedTokenEndsNoJob(t *testing.T) {
	t.Parallel()
	o, _, _, letGo := atWork(t, "Compare mark-4", nil)
	said := o.fake.Calls("chat.postMessage")
	o.fake.Revoke("xoxb-1")
	close(letGo)
	o.wait(func() bool { return o.fake.Calls("chat.postMessage") == said+1 })
	o.stop()
	r := readReport(t, o.data, o.theJob())
	if r.Status != jobs.StatusCompleted || !strings.Contains(r.Result, "the answer of mark-4") || len(r.Undelivered) > 0 {
		t.Errorf("the job is %s, not delivered: %v: %s", r.Status, r.Undelivered, r.Result)
	}
	if n := o.fake.Calls("chat.postMessage"); n != said+1 {
		t.Errorf("Bob tried %d times to say it", n-said)
	}
}

// TestSlack_oddWords: whatever people and models write pings nobody, and is shown as
// it is.
func TestSlack_oddWords(t *testing.T) {
	t.Parallel()
	const signs = "👩‍👩‍👧‍👦 🧮 שלום עולם مرحبا"
	model := newFoe(t, func(a asked) blow {
		if a.what == forPlan {
			return ends("stop", `{"title":"<!channel> <@UBOSS> @here `+signs+`","questions":[],"nodes":[
				{"key":"1","parent":null,"type":"task","title":"<!everyone> `+signs+`","prompt":"Say mark-5.","tools":["calculate"]},
				{"key":"2","parent":null,"type":"task","title":"<!subteam^S1>","prompt":"Say mark-5.","tools":["calculate"]}]}`)
		}
		return ends("stop", "Done, <!channel>, <@UBOSS> & @everyone! "+signs)
	})
	o := enterOffice(t, model.url, nil)
	thread, _ := o.ask("Greet mark-5 for <!channel> and <@UBOSS|boss> "+signs, nil)
	o.until(thread, "Completed: ")
	o.completed(thread)
	o.stop()
	card, done := o.once(thread, "✅ Completed", "Completed")
	for _, m := range []slackfake.Message{card, done} {
		if !strings.Contains(m.Words(), signs) {
			t.Errorf("the signs are not shown: %s", o.words(&m))
		}
	}
	for _, m := range o.said(thread) {
		if pings := m.Pings(); len(pings) > 0 && !slices.Equal(pings, []string{"UANN"}) {
			t.Errorf("pings %q: %s", pings, o.words(&m))
		}
	}
	if r := readReport(t, o.data, o.theJob()); r.Request != "Greet mark-5 for @channel and @boss "+signs {
		t.Errorf("the request is %q", r.Request)
	}
}

// TestSlack_tooMuch: what no job could take is refused to who sent it, with what to do,
// and leaves nothing behind.
func TestSlack_tooMuch(t *testing.T) {
	t.Parallel()
	o := enterOffice(t, newFoe(t, func(asked) blow { return good }).url, nil)
	_, events := o.ask(strings.Repeat("ü", 40_000), nil)
	o.refused("UANN", "The request has 40000 characters, at most 20000 are taken: put the details into a file", events...)
	many := slackfake.Speech{Team: "T1", Channel: "C1", User: "UANN", Text: "<@U0BOB> Compare mark-6"}
	for range 200 {
		many.Files = append(many.Files, o.fake.AddFile("a.csv", []byte("a\n1\n")))
	}
	_, events = o.fake.Say(many)
	o.refused("UANN", "200 files are too many, at most 50 are taken", events...)
	many.Files = many.Files[:jobs.MaxFiles]
	thread, _ := o.fake.Say(many)
	o.until(thread, "Completed: ")
	o.completed(thread)
	o.stop()
	o.once(thread, "✅ Completed", "Completed")
	if r := readReport(t, o.data, o.theJob()); r.Status != jobs.StatusCompleted {
		t.Errorf("the job with %d files is %s", jobs.MaxFiles, r.Status)
	}
}

// TestSlack_clicksThatMayNot: who has no right to a job changes nothing of it, and is
// told so alone. What is over stays as it is, however old the card.
func TestSlack_clicksThatMayNot(t *testing.T) {
	t.Parallel()
	o, thread, card, letGo := atWork(t, "Compare mark-7", map[string]string{"BOB_ACCESS_MEMBERS_MAY_STEER": "false"})
	id := o.theJob()
	for _, button := range []string{"cancel", "pause"} {
		o.refused("UBEA", "Only ", o.fake.Press("T1", "C1", card.TS, "UBEA", "bob_"+button, button+"|"+id+"|"))
	}
	o.refused("UBEA", "Only ", o.fake.React("T1", "C1", thread, "UBEA", "octagonal_sign"), o.fake.React("T1", "C1", card.TS, "UBEA", "octagonal_sign"))
	o.wait(func() bool { return o.count("C1", "Only ") >= 4 })
	close(letGo)
	o.until(thread, "Completed: ")
	o.completed(thread)
	if told := o.count("C1", "Only "); told != 4 {
		t.Errorf("told %d times, want 4", told)
	}
	o.refused("UANN", "is over (completed): there is nothing to cancel", o.fake.Press("T1", "C1", card.TS, "UANN", "bob_cancel", "cancel|"+id+"|"))
	o.refused("UANN", "is over (completed): there is nothing to pause", o.fake.Press("T1", "C1", card.TS, "UANN", "bob_pause", "pause|"+id+"|"))
	o.stop()
	if r := readReport(t, o.data, id); r.Status != jobs.StatusCompleted {
		t.Errorf("the job is %s", r.Status)
	}
}

// TestSlack_stopSign pauses a job from a channel by a reaction, and one from a
// conversation by Slack's own button.
func TestSlack_stopSign(t *testing.T) {
	t.Parallel()
	o, thread, _, letGo := atWork(t, "Compare mark-8", nil)
	o.wait(func() bool { return slices.Equal(o.fake.Marks("T1", "C1", thread), []string{"eyes"}) })
	id := o.theJob()
	o.fake.React("T1", "C1", thread, "UANN", "octagonal_sign")
	if said := o.until(thread, "Stop sign seen: pausing "+id); said.For != "" || !strings.Contains(said.Words(), "cancel "+id) {
		t.Errorf("said to %q: %s", said.For, o.words(&said))
	}
	o.until(thread, "⏸️ ") // what runs is let finish
	o.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "UANN", Thread: thread, Text: "resume"})
	o.until(thread, "▶️ Running")
	close(letGo)
	o.until(thread, "Completed: ")
	o.completed(thread)
	o.wait(func() bool { return slices.Equal(o.fake.Marks("T1", "C1", thread), []string{"white_check_mark"}) })
	o.stop()
	o.once(thread, "✅ Completed", "Completed")
}

// TestSlack_stopButton is there while a job of a conversation runs, and goes with it.
func TestSlack_stopButton(t *testing.T) {
	t.Parallel()
	model, letGo := held(t, forWork)
	o := enterOffice(t, model.url, nil)
	root, _ := o.fake.Say(slackfake.Speech{Team: "T1", Channel: "DUANN", User: "UANN", Text: "Compare mark-9"})
	session := func(status string) {
		t.Helper()
		o.wait(func() bool { return o.fake.Session("T1", "DUANN", root).Status == status })
	}
	session("processing")
	o.in("DUANN", "Running")
	o.fake.PressStop("T1", "DUANN", root, "UANN")
	o.in("DUANN", "Stop sign seen: pausing job_")
	close(letGo)
	o.in("DUANN", "⏸️ Paused")
	session("suspended")
	o.fake.Say(slackfake.Speech{Team: "T1", Channel: "DUANN", User: "UANN", Thread: root, Text: "resume"})
	o.in("DUANN", "Completed: ")
	session("closed")
	o.stop()
	if got := o.fake.Session("T1", "DUANN", root); got.Line != "" {
		t.Errorf("at the end Slack shows %q", got.Line)
	}
}

// TestSlack_theLineIsDown: while Slack cannot reach Bob, what he does goes on and is
// said; what people say then comes when the line is back.
func TestSlack_theLineIsDown(t *testing.T) {
	t.Parallel()
	o, thread, _, letGo := atWork(t, "Compare mark-a", nil)
	back := make(chan struct{})
	down := slackfake.Fault{Status: http.StatusServiceUnavailable}
	o.fake.Fail("apps.connections.open", down, slackfake.Fault{Wait: back, Status: http.StatusServiceUnavailable}, down)
	o.fake.Cut()
	o.wait(func() bool { return o.fake.Connected() == 0 })
	close(letGo)
	o.until(thread, "Completed: ")
	o.completed(thread)
	if o.fake.Connected() != 0 {
		t.Error("the line is up")
	}
	close(back)
	o.wait(func() bool { return o.fake.Connected() == 1 })
	o.answered("status", "The job of mark-a")
	o.stop()
	o.once(thread, "✅ Completed", "Completed")
}

// TestSlack_twoWorkspacesOfOneID: who has somebody's ID in another workspace is
// somebody else.
func TestSlack_twoWorkspacesOfOneID(t *testing.T) {
	t.Parallel()
	v, fake := openSlack(t, 2, 16, &busy{puppets: puppets{steps: []jobs.Step{leaf("1"), leaf("2", "1")}}, longest: time.Millisecond})
	answer := func(team, text string) string {
		t.Helper()
		data, err := fake.Command(team, "C1", "U1", text).Answer(t.Context())
		v.must(err)
		m := slackfake.Message{Blocks: data}
		return m.Words()
	}
	answer("T1", "Write a report on mark-b.")
	ids := v.jobsOf("mark-b")
	if len(ids) != 1 {
		t.Fatalf("%d jobs", len(ids))
	}
	for _, text := range []string{"status ", "results ", "cancel ", "retry ", "cost "} {
		if said := answer("T2", text+string(ids[0])); !strings.Contains(said, "not of this workspace") {
			t.Errorf("%s in the other workspace says %q", text, said)
		}
	}
	if said := answer("T2", "jobs all"); strings.Contains(said, string(ids[0])) {
		t.Errorf("the list of the other workspace says %q", said)
	}
	if said := answer("T1", "status "+string(ids[0])); !strings.Contains(said, string(ids[0])) {
		t.Errorf("where it was given, status says %q", said)
	}
}
