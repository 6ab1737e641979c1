package slack_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/slack"
	"github.com/askbob/bob/bot/slack/slackfake"
)

// rotating is a workspace whose tokens end after twelve hours.
func rotating() slackfake.Team {
	return slackfake.Team{ID: "T1", Token: "xoxe.xoxb-one", BotUser: "UBOB1", Ends: int((12 * time.Hour).Seconds())}
}

// rotatingStage is one where a workspace installed Bob whose tokens end.
func rotatingStage(t *testing.T, now *clock) *stage {
	t.Helper()
	s := newStage(t, slack.ModeSocket, setup{bob: func(c *slack.Config) { many(c); c.Now = now.Now }})
	s.install(rotating())
	return s
}

// says has Bob say something in C1 of T1.
func (s *stage) says(text string) error { return s.saysIn("C1", text) }

func (s *stage) saysIn(channel, text string) error {
	_, err := s.slack.Post(s.t.Context(), bot.Post{Key: text, Place: slackPlace(channel, ""), Text: text})
	return err
}

// saysAtOnce has Bob say something in many channels, and checks that it goes up.
func (s *stage) saysAtOnce(text string) {
	s.t.Helper()
	over := make(chan error, 5)
	for i := range cap(over) {
		go func() { over <- s.saysIn(fmt.Sprintf("C1%d", i), text) }()
	}
	for range cap(over) {
		if err := <-over; err != nil {
			s.t.Errorf("%s: %v", text, err)
		}
	}
}

// renewals counts the tries to renew a token.
func (s *stage) renewals() int { return s.fake.Calls("oauth.v2.access") - 1 } // one was for the installation

func TestSlack_rotate_isRenewedAheadOfItsEndAndOnce(t *testing.T) {
	t.Parallel()
	now := newClock()
	s := rotatingStage(t, now)
	now.add(9 * time.Hour)
	if err := s.says("early"); err != nil {
		t.Fatal(err)
	}
	if n := s.renewals(); n != 0 {
		t.Errorf("renewed %d times three hours before the end", n)
	}
	now.add(90 * time.Minute)
	s.saysAtOnce("soon")
	s.wait(func() bool { return s.renewals() == 1 })
	s.fake.Expire("T9") // nobody's: the new token of T1 goes on
	now.add(time.Hour)
	if err := s.says("late"); err != nil || s.renewals() != 1 {
		t.Errorf("with the new token: %v, renewed %d times", err, s.renewals())
	}
	s.stop()
	for key, data := range s.notes.kept {
		if bytes.Contains(data, []byte("xoxe")) {
			t.Errorf("%s is kept as it is", key)
		}
	}
}

func TestSlack_rotate_aTokenWhoseTimeIsOverIsRenewedAtOnce(t *testing.T) {
	t.Parallel()
	now := newClock()
	s := rotatingStage(t, now)
	for i := range 3 {
		s.fake.Expire("T1")
		s.saysAtOnce("here")
		if n := s.renewals(); n != i+1 {
			t.Errorf("renewed %d times, want %d", n, i+1)
		}
	}
	s.shown("C10", 3)
}

func TestSlack_rotate_afterALongStopItIsRenewedAtTheStart(t *testing.T) {
	t.Parallel()
	now := newClock()
	s := rotatingStage(t, now)
	s.stop()
	now.add(48 * time.Hour)
	s.fake.Expire("T1")
	cfg := configFor(s.fake, slack.ModeSocket, s.notes)
	many(&cfg)
	cfg.Now = now.Now
	var err error
	if s.slack, err = slack.New(cfg); err != nil {
		t.Fatal(err)
	}
	s.wait(func() bool { return s.fake.Connected() == 0 })
	s.run(slack.ModeSocket)
	s.wait(func() bool { return s.renewals() == 1 })
	if err := s.says("I am back"); err != nil {
		t.Error(err)
	}
}

// TestSlack_rotate_whatFailsLosesNothing: while a token cannot be renewed, what people
// say is heard, and what is to be said to them waits.
func TestSlack_rotate_whatFailsLosesNothing(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]slackfake.Fault{
		"Slack is down":     {Status: 503},
		"it says too often": {Status: 429, RetryAfter: 20},
		"it has a fault":    {Error: "internal_error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := newClock()
			s := rotatingStage(t, now)
			now.add(13 * time.Hour)
			s.fake.Expire("T1")
			s.fake.Fail("oauth.v2.access", fault)
			for range 3 {
				err := s.says("the result")
				if e, ok := errors.AsType[*bot.DeliveryError](err); !ok || e.Trouble != bot.TroubleLater || e.After <= 0 {
					t.Errorf("%v, want later", err)
				}
			}
			if n := s.renewals(); n != 1 {
				t.Errorf("tried %d times at once", n)
			}
			_, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "DU1", User: "U1", Text: "work"})
			s.taken(events[0])
			if got := s.ear.messages(); len(got) != 1 || got[0].Text != "work" {
				t.Errorf("heard %+v", got)
			}
			now.add(2 * time.Minute)
			if err := s.says("the result"); err != nil {
				t.Error(err)
			}
			s.shown("C1", 1)
		})
	}
}

func TestSlack_rotate_aRefusedRenewalIsSaidAndHealedByAnInstallation(t *testing.T) {
	t.Parallel()
	now := newClock()
	s := rotatingStage(t, now)
	now.add(11 * time.Hour)
	s.fake.Forget("T1")
	if err := s.says("while it lasts"); err != nil {
		t.Error(err)
	}
	s.wait(func() bool { return s.renewals() == 1 })
	now.add(2 * time.Hour)
	s.fake.Expire("T1")
	if got := trouble(t, s.says("the result")); got != bot.TroubleLater {
		t.Errorf("it is %s, want %s: the workspace did not throw Bob out", got, bot.TroubleLater)
	}
	said := ""
	for _, f := range s.slack.Check(t.Context()) {
		if !f.OK {
			said += f.Name + ": " + f.Text + "\n"
		}
	}
	for _, want := range []string{"slack workspace T1", "does not renew its token (invalid_refresh_token)", "2026-11-25 00:00 UTC", "http://bob.example/slack/install"} {
		if !strings.Contains(said, want) {
			t.Errorf("doctor does not say %q: %s", want, said)
		}
	}
	again := rotating()
	again.Token, again.Scopes = "xoxe.xoxb-two", allScopes(t)
	s.install(again)
	if err := s.says("the result"); err != nil {
		t.Error(err)
	}
	for _, f := range s.slack.Check(t.Context()) {
		if !f.OK {
			t.Errorf("installed again, doctor says %+v", f)
		}
	}
	if up := s.shown("C1", 2); up[1].Words() != "the result" {
		t.Errorf("there is %+v", up)
	}
}

// TestSlack_rotate_aTokenThatIsNotWrittenDownIsUsed: the old one is worth nothing any
// more, and the database may take it later.
func TestSlack_rotate_aTokenThatIsNotWrittenDownIsUsed(t *testing.T) {
	t.Parallel()
	now := newClock()
	s := rotatingStage(t, now)
	s.notes.breaks(errors.New("the disk is full"))
	s.fake.Expire("T1")
	if err := s.says("one"); err != nil {
		t.Fatal(err)
	}
	s.notes.breaks(nil)
	now.add(11 * time.Hour)
	if err := s.says("two"); err != nil { // it is due again, and writes the new one down
		t.Fatal(err)
	}
	s.wait(func() bool { return s.renewals() == 2 })
	s.stop()
	cfg := configFor(s.fake, slack.ModeSocket, s.notes)
	many(&cfg)
	second, err := slack.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Post(t.Context(), bot.Post{Key: "n", Place: slackPlace("C1", ""), Text: "three"}); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}

func TestSlack_rotate_whoRemovedBobIsNotRenewed(t *testing.T) {
	t.Parallel()
	now := newClock()
	s := rotatingStage(t, now)
	hold := make(chan struct{})
	s.fake.Fail("oauth.v2.access", slackfake.Fault{Wait: hold})
	s.fake.Expire("T1")
	over := make(chan error, 1)
	go func() { over <- s.says("one") }()
	s.wait(func() bool { return s.renewals() == 1 })
	s.taken(s.fake.Event("T1", map[string]any{"type": "app_uninstalled"}))
	close(hold)
	if got := trouble(t, <-over); got != bot.TroubleRevoked {
		t.Errorf("it is %s, want %s", got, bot.TroubleRevoked)
	}
	if list, _ := s.notes.NotesOf(t.Context(), "slack", "install:", 10); len(list) != 0 {
		t.Error("the installation came back")
	}
}
