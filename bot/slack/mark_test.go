package slack_test

import (
	"context"
	"slices"
	"testing"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/slack"
	"github.com/askbob/bob/bot/slack/slackfake"
	"github.com/askbob/bob/jobs"
)

// lacks lists what workspaces refused.
func (n *notes) lacks() (list []string) {
	kept, _ := n.NotesOf(context.Background(), "slack", "lacks:", 100)
	for key := range kept {
		list = append(list, key)
	}
	return list
}

// jobGiver makes a job of every message but of small talk.
func jobGiver() *ear {
	return &ear{hear: func(_ context.Context, m bot.Message) (bot.Reply, error) {
		if m.Text == "thanks" {
			return bot.Reply{Text: "You are welcome."}, nil
		}
		return bot.Reply{Job: theJob}, nil
	}}
}

// marked waits until Bob's reactions on a message of C1 are these.
func (s *stage) marked(ts string, want ...string) {
	s.t.Helper()
	s.wait(func() bool { return slices.Equal(s.fake.Marks("T1", "C1", ts), want) })
}

func TestSlack_aMessageThatGaveAJobShowsHowItIs(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, mode, setup{ear: jobGiver(), bob: newClock().flies})
			talk, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "<@U0BOB> thanks"})
			s.taken(events[1])
			root, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "<@U0BOB> work"})
			s.taken(events[0])
			s.taken(events[1])
			s.marked(root, "eyes")
			c := theCard(jobs.StatusRunning)
			card, err := s.slack.Post(t.Context(), bot.Post{Key: "n1", Place: slackPlace("C1", root), Card: &c})
			if err != nil {
				t.Fatal(err)
			}
			for _, end := range []struct {
				status jobs.Status
				mark   string
			}{
				{jobs.StatusPartial, "warning"},
				{jobs.StatusRunning, "eyes"}, // what did not succeed is tried again
				{jobs.StatusFailed, "x"},
				{jobs.StatusCancelled, "no_entry_sign"},
				{jobs.StatusCompleted, "white_check_mark"},
			} {
				s.edit(card, end.status)
				s.marked(root, end.mark)
			}
			if got := s.fake.Marks("T1", "C1", talk); len(got) > 0 {
				t.Errorf("small talk got %q", got)
			}
		})
	}
}

func TestSlack_aMarkOutlivesARestart(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{ear: jobGiver()})
	root, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "<@U0BOB> work"})
	s.taken(events[1])
	s.marked(root, "eyes")
	c := theCard(jobs.StatusRunning)
	card, err := s.slack.Post(t.Context(), bot.Post{Key: "n1", Place: slackPlace("C1", root), Card: &c})
	if err != nil {
		t.Fatal(err)
	}
	s.stop()
	if s.slack, err = slack.New(configFor(s.fake, slack.ModeSocket, s.notes)); err != nil {
		t.Fatal(err)
	}
	s.edit(card, jobs.StatusCompleted) // while the marks of before are not read yet
	s.wait(func() bool { return s.fake.Connected() == 0 })
	s.run(slack.ModeSocket)
	s.edit(card, jobs.StatusCompleted)
	s.marked(root, "white_check_mark")
}

func TestSlack_aMarkThatCannotBeIsLeftOut(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{ear: jobGiver()})
	root, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "<@U0BOB> work"})
	s.fake.Delete(root) // as fast as that
	s.taken(events[1])
	s.wait(func() bool { return s.fake.Calls("reactions.add") == 1 })
	again, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "<@U0BOB> thanks"})
	s.taken(events[1])
	if got := s.fake.Marks("T1", "C1", again); len(got) > 0 || len(s.notes.lacks()) > 0 {
		t.Errorf("marks %q, lacks %q", got, s.notes.lacks())
	}
}
