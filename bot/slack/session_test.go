package slack_test

import (
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/slack"
	"github.com/askbob/bob/bot/slack/slackfake"
	"github.com/askbob/bob/jobs"
)

// theCard is that of a job in a state.
func theCard(status jobs.Status) bot.Card {
	return bot.Card{Job: theJob, Title: "Work", Status: status}
}

// privately puts the card of a job up in somebody's conversation with Bob.
func (s *stage) privately(status jobs.Status) (root string, card bot.Placed) {
	s.t.Helper()
	root, _ = s.fake.Say(slackfake.Speech{Team: "T1", Channel: "DU1", User: "U1", Text: "work"})
	c := theCard(status)
	card, err := s.slack.Post(s.t.Context(), bot.Post{Key: "n1", Place: slackPlace("DU1", root), Card: &c})
	if err != nil {
		s.t.Fatal(err)
	}
	return root, card
}

// edit shows a card in another state.
func (s *stage) edit(at bot.Placed, status jobs.Status) {
	s.t.Helper()
	card := theCard(status)
	if err := s.slack.Edit(s.t.Context(), at, bot.Post{Card: &card}); err != nil {
		s.t.Fatal(err)
	}
}

// session waits until Slack shows a thread of DU1 so.
func (s *stage) session(root, status, line string) slackfake.Session {
	s.t.Helper()
	var got slackfake.Session
	s.wait(func() bool {
		got = s.fake.Session("T1", "DU1", root)
		return got.Status == status && got.Line == line
	})
	return got
}

func TestSlack_aConversationShowsThatBobWorks(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{bob: newClock().flies})
	root, card := s.privately(jobs.StatusPlanning)
	if got := s.session(root, "processing", "is planning…"); got.Title != "Work" {
		t.Errorf("the session is called %q", got.Title)
	}
	for _, c := range []struct {
		job          jobs.Status
		status, line string
	}{
		{jobs.StatusQueued, "processing", "is working…"},
		{jobs.StatusWaitingForInput, "active", ""},
		{jobs.StatusWaitingForChildren, "processing", "is working…"},
		{jobs.StatusPaused, "suspended", ""},
		{jobs.StatusRunning, "processing", "is working…"},
		{jobs.StatusCompleted, "closed", ""},
	} {
		s.edit(card, c.job)
		s.session(root, c.status, c.line)
	}
}

func TestSlack_theStatusLineComesBackWhenItIsTakenDown(t *testing.T) {
	t.Parallel()
	now := newClock()
	s := newStage(t, slack.ModeSocket, setup{bob: func(c *slack.Config) { c.Now = now.Now }})
	root, card := s.privately(jobs.StatusRunning)
	first := s.session(root, "processing", "is working…")
	if _, err := s.slack.Post(t.Context(), bot.Post{Key: "n2", Place: slackPlace("DU1", root), Text: "half of it"}); err != nil {
		t.Fatal(err)
	}
	second := s.session(root, "processing", "is working…") // a message takes it down
	if second.Lines != first.Lines+1 {
		t.Errorf("told %d times, and %d after a message", first.Lines, second.Lines)
	}
	now.add(80 * time.Second)
	s.edit(card, jobs.StatusWaitingForChildren)
	now.add(20 * time.Second)
	_, other := s.privately(jobs.StatusRunning) // wakes who tells
	s.wait(func() bool { return s.fake.Session("T1", "DU1", root).Lines == second.Lines+1 })
	s.edit(other, jobs.StatusFailed)
	s.session(other.Place.Thread, "closed", "")
	if n := s.fake.Session("T1", "DU1", root).Lines; n != second.Lines+1 {
		t.Errorf("told %d times more, want once: Slack keeps it for two minutes", n-second.Lines)
	}
}

func TestSlack_theStopButtonStopsAndComesBackIfTheJobGoesOn(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, mode, setup{ear: replies(map[bot.Action]bot.Reply{bot.ActStop: {Text: "Nobody may.", Warning: true}})})
			root, _ := s.privately(jobs.StatusRunning)
			s.session(root, "processing", "is working…")
			calls := s.fake.Calls("agents.sessions.setStatus")
			s.taken(s.fake.PressStop("T1", "DU1", root, "U1"))
			got := s.ear.clicked()
			s.same(got, []bot.Click{{Keys: got[0].Keys, Place: slackPlace("DU1", root), User: bot.User{ID: "U1"}, Direct: true, Button: bot.Button{Action: bot.ActStop}}})
			// Slack leaves it to Bob to say what comes of it.
			s.wait(func() bool { return s.fake.Calls("agents.sessions.setStatus") > calls })
			s.session(root, "processing", "is working…")
		})
	}
}

func TestSlack_aChannelGetsNoStatusLine(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{})
	s.posted()
	root, _ := s.privately(jobs.StatusRunning)
	s.session(root, "processing", "is working…")
	if n := s.fake.Calls("agents.sessions.setStatus"); n != 1 {
		t.Errorf("%d sessions, want that of the conversation alone", n)
	}
}

// TestSlack_withoutPaidFeatures: a workspace that refuses them is asked once, its cards
// are kept as everywhere, and doctor says what it is without.
func TestSlack_withoutPaidFeatures(t *testing.T) {
	t.Parallel()
	now := newClock()
	poor := slackfake.Team{
		ID: "T1", Token: "xoxb-1", BotUser: "U0BOB",
		Refuses: map[string]string{"agents.sessions.setStatus": "paid_only", "assistant.threads.setStatus": "unknown_method", "reactions.add": "missing_scope"},
	}
	s := newStage(t, slack.ModeSocket, setup{
		fake: slackfake.Config{Teams: []slackfake.Team{poor}}, bob: func(c *slack.Config) { c.Now = now.Now }, ear: jobGiver(),
	})
	refused := func() (n int) {
		for m := range poor.Refuses {
			n += s.fake.Calls(m)
		}
		return n
	}
	root, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "DU1", User: "U1", Text: "work"})
	s.taken(events[0])
	c := theCard(jobs.StatusRunning)
	card, err := s.slack.Post(t.Context(), bot.Post{Key: "n1", Place: slackPlace("DU1", root), Card: &c})
	if err != nil {
		t.Fatal(err)
	}
	s.wait(func() bool { return refused() == len(poor.Refuses) })
	for _, status := range []jobs.Status{jobs.StatusPaused, jobs.StatusRunning, jobs.StatusCompleted} {
		s.edit(card, status)
	}
	if got := s.fake.Messages("T1", "DU1"); len(got) != 2 || got[1].Edits != 3 {
		t.Errorf("the card: %+v", got)
	}
	s.stop()
	if n := refused(); n != len(poor.Refuses) {
		t.Errorf("asked %d times, want each once", n)
	}
	said := ""
	for _, f := range s.slack.Check(t.Context()) {
		if f.Name == "slack extras" && f.OK != strings.Contains(f.Text, "missing_scope") {
			said += f.Text + "\n"
		}
	}
	for _, want := range []string{"without the Stop button", "paid_only", "without the status line", "unknown_method", "without Bob's reactions", "missing_scope"} {
		if !strings.Contains(said, want) {
			t.Errorf("doctor does not say %q: %s", want, said)
		}
	}

	// After a restart nobody asks again, but a day later somebody does.
	for i, days := range []int{0, 1} {
		cfg := configFor(s.fake, slack.ModeSocket, s.notes)
		now.add(time.Duration(days) * 25 * time.Hour)
		cfg.Now = now.Now
		if s.slack, err = slack.New(cfg); err != nil {
			t.Fatal(err)
		}
		s.wait(func() bool { return s.fake.Connected() == 0 })
		s.run(slack.ModeSocket)
		s.edit(card, jobs.StatusRunning)
		s.edit(card, jobs.StatusPaused)
		if days > 0 {
			s.wait(func() bool { return s.fake.Calls("agents.sessions.setStatus") >= 2 })
		}
		s.stop()
		if n := s.fake.Calls("agents.sessions.setStatus"); n != 1+i {
			t.Errorf("after %d days asked %d times", days, n)
		}
	}
}

// TestSlack_anExtraThatFailsIsTriedAgain: what Slack did not answer is no refusal.
func TestSlack_anExtraThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	now := newClock()
	s := newStage(t, slack.ModeSocket, setup{bob: func(c *slack.Config) { c.Now = now.Now }})
	s.fake.Fail("agents.sessions.setStatus", slackfake.Fault{Status: 503})
	s.fake.Fail("assistant.threads.setStatus", slackfake.Fault{Error: "internal_error"})
	root, card := s.privately(jobs.StatusRunning)
	s.wait(func() bool {
		return s.fake.Calls("agents.sessions.setStatus") == 1 && s.fake.Calls("assistant.threads.setStatus") == 1
	})
	now.add(30 * time.Second)
	s.edit(card, jobs.StatusPlanning)
	s.edit(card, jobs.StatusRunning)
	s.session(root, "processing", "is working…")
	if list := s.notes.lacks(); len(list) != 0 {
		t.Errorf("noted %v", list)
	}
}

// TestSlack_aStopButtonThatNobodyHearsIsTakenDown: of an app from an older manifest.
func TestSlack_aStopButtonThatNobodyHearsIsTakenDown(t *testing.T) {
	t.Parallel()
	deaf := slackfake.Team{ID: "T1", Token: "xoxb-1", BotUser: "U0BOB", Deaf: true}
	s := newStage(t, slack.ModeSocket, setup{fake: slackfake.Config{Teams: []slackfake.Team{deaf}}})
	root, card := s.privately(jobs.StatusRunning)
	s.session(root, "closed", "is working…")
	s.edit(card, jobs.StatusWaitingForInput)
	s.session(root, "closed", "")
	s.stop()
	if n := s.fake.Calls("agents.sessions.setStatus"); n != 2 {
		t.Errorf("%d calls, want one that shows the button and one that takes it down", n)
	}
	found := s.slack.Check(t.Context())
	last := found[len(found)-1]
	if last.OK || !strings.Contains(last.Text, "without the Stop button") || !strings.Contains(last.Text, "Paste the manifest") {
		t.Errorf("doctor says %+v", last)
	}
}
