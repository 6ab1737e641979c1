package slack_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/slack"
	"github.com/askbob/bob/bot/slack/slackfake"
	"github.com/askbob/bob/jobs"
)

func TestSlack_Run_connectsAnew(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(s *slackfake.Server){
		"because Slack asks": func(s *slackfake.Server) { s.Disconnect("refresh_requested") },
		"after a cut":        func(s *slackfake.Server) { s.Cut() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, slack.ModeSocket, setup{})
			for i := range 3 {
				s.taken(s.fake.Command("T1", "C1", "U1", fmt.Sprint(i)))
				calls := s.fake.Calls("apps.connections.open")
				end(s.fake)
				s.wait(func() bool { return s.fake.Calls("apps.connections.open") == calls+1 })
			}
			_, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "DU1", User: "U1", Text: "3"})
			s.taken(events[0])
			var got []string
			for _, m := range s.ear.messages() {
				got = append(got, m.Text)
			}
			s.same(got, []string{"0", "1", "2", "3"})
		})
	}
}

func TestSlack_Run_connectsAnewWhenSlackIsDown(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{})
	s.fake.Fail("apps.connections.open", slackfake.Fault{Status: 503}, slackfake.Fault{Error: "internal_error"}, slackfake.Fault{Lose: true})
	s.fake.Cut()
	s.wait(func() bool { return s.fake.Calls("apps.connections.open") == 5 && s.fake.Connected() == 1 })
	s.taken(s.fake.Command("T1", "C1", "U1", "back"))
}

func TestSlack_Run_whatWasNotAnsweredBeforeACutComesAgain(t *testing.T) {
	t.Parallel()
	begun, written := make(chan struct{}, 8), make(chan struct{})
	s := newStage(t, slack.ModeSocket, setup{ear: &ear{hear: func(ctx context.Context, _ bot.Message) (bot.Reply, error) {
		begun <- struct{}{}
		select {
		case <-written:
		case <-ctx.Done():
		}
		return bot.Reply{}, ctx.Err()
	}}})
	_, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "DU1", User: "U1", Text: "work"})
	<-begun
	s.fake.Cut()
	s.wait(func() bool { return events[0].Tries() == 2 }) // on the new line, while the first is in hand
	close(written)
	s.taken(events[0])
	for _, m := range s.ear.messages() {
		s.same(m.Keys, s.ear.messages()[0].Keys)
	}
}

func TestSlack_Run_refusesATokenThatSlackDoesNotKnow(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(c *slack.Config){
		"slack.bot_token": func(c *slack.Config) { c.BotToken = "xoxb-wrong" },
		"slack.app_token": func(c *slack.Config) { c.AppToken = "xapp-wrong" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, slack.ModeSocket, setup{idle: true, bob: change})
			err := s.slack.Run(t.Context(), s.ear)
			if err == nil || !strings.Contains(jobs.UserMessage(err), name) {
				t.Errorf("the error is %v, want one that names %s", err, name)
			}
		})
	}
}

func TestSlack_Run_finishesWhatIsInHandWhenItStops(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			begun, written := make(chan struct{}), make(chan struct{})
			s := newStage(t, mode, setup{ear: &ear{hear: func(ctx context.Context, _ bot.Message) (bot.Reply, error) {
				close(begun)
				<-written
				return bot.Reply{}, ctx.Err()
			}}})
			command := s.fake.Command("T1", "C1", "U1", "work")
			<-begun
			over := make(chan struct{})
			go func() { s.stop(); close(over) }()
			close(written)
			s.taken(command)
			<-over
		})
	}
}

func TestSlack_manyCommandsAtOnceAreAllAnswered(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			const many = 300
			var mu sync.Mutex
			written := map[string]bool{}
			var early []string
			s := newStage(t, mode, setup{fake: slackfake.Config{AckWithin: 20 * time.Second}, ear: &ear{hear: func(_ context.Context, m bot.Message) (bot.Reply, error) {
				mu.Lock()
				defer mu.Unlock()
				written[m.Text] = true
				return bot.Reply{Text: "got " + m.Text}, nil
			}}})
			var sent []*slackfake.Delivery
			for i := range many {
				sent = append(sent, s.fake.Command("T1", "C1", fmt.Sprintf("U%d", i), fmt.Sprint("job ", i)))
			}
			for i, d := range sent {
				answer := string(s.taken(d))
				mu.Lock()
				if !written[fmt.Sprint("job ", i)] {
					early = append(early, d.ID)
				}
				mu.Unlock()
				if !strings.Contains(answer, fmt.Sprint("got job ", i)) {
					t.Errorf("command %d was answered %s", i, answer)
				}
			}
			got := s.fake.Acked()
			slices.Sort(got)
			if len(slices.Compact(got)) != many || len(early) > 0 || s.fake.Late() > 0 {
				t.Errorf("%d of %d were answered, %d before they were written, %d late", len(got), many, len(early), s.fake.Late())
			}
			if n := len(s.ear.messages()); n != many {
				t.Errorf("heard %d, want %d", n, many)
			}
		})
	}
}

func TestSlack_Run_acknowledgesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{fake: slackfake.Config{AckWithin: 5 * time.Second}})
	s.taken(s.fake.Raw("events_api", map[string]any{"type": "event_callback", "event": map[string]any{"type": "message", "text": 7}}))
	s.taken(s.fake.Raw("interactive", map[string]any{"type": "block_actions", "actions": "none"}))
	s.taken(s.fake.Raw("of_the_future", map[string]any{"x": 1}))
	s.taken(s.fake.Command("T1", "C1", "U1", "still here"))
	if got := s.ear.messages(); len(got) != 1 || got[0].Text != "still here" {
		t.Errorf("heard %+v", got)
	}
}

// TestSlack_Run_aLineThatIsDownForAnHour: Slack refuses a connection again and again.
// What Bob says goes up meanwhile, and what Slack kept comes when the line is back.
func TestSlack_Run_aLineThatIsDownForAnHour(t *testing.T) {
	t.Parallel()
	now := newClock()
	s := newStage(t, slack.ModeSocket, setup{bob: func(c *slack.Config) { c.Now = now.Now }})
	_, card := s.posted()
	back := make(chan struct{})
	s.fake.Fail("apps.connections.open", slackfake.Fault{Status: 503}, slackfake.Fault{Wait: back, Error: "internal_error"})
	s.fake.Cut()
	s.wait(func() bool { return s.fake.Connected() == 0 })
	for range 4 {
		now.add(15 * time.Minute)
		shown := theCard(jobs.StatusRunning)
		if err := s.slack.Edit(t.Context(), bot.Placed{Place: slackPlace("C1", ""), Message: card}, bot.Post{Card: &shown}); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.slack.Post(t.Context(), bot.Post{Key: "n2", Place: slackPlace("C1", ""), Text: "the result"}); err != nil || s.fake.Connected() != 0 {
		t.Errorf("while the line is down: %v, %d lines", err, s.fake.Connected())
	}
	close(back)
	s.wait(func() bool { return s.fake.Connected() == 1 })
	_, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "DU1", User: "U1", Text: "are you there"})
	s.taken(events[0])
	s.taken(s.fake.Again(events[0]))
	got := s.ear.messages()
	if len(got) != 2 || got[0].Text != "are you there" {
		t.Fatalf("heard %+v", got)
	}
	s.same(got[1].Keys, got[0].Keys)
}
