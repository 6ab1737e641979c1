package slack_test

import (
	"slices"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/slack"
	"github.com/askbob/bob/bot/slack/slackfake"
	"github.com/askbob/bob/jobs"
)

// TestSlack_saysWhoReadsAChannel hears of jobs in channels of every kind, in every way.
func TestSlack_saysWhoReadsAChannel(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, mode, setup{})
			s.fake.Private("C7", "U1")
			for channel, want := range map[string]bot.Reach{"C1": bot.ReachWorkspace, "C7": bot.ReachChannel, "DU1": bot.ReachChannel} {
				before := len(s.ear.messages())
				s.taken(s.fake.Command("T1", channel, "U1", "sum it"))
				ts, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: channel, User: "U1", Text: "<@U0BOB> sum it"})
				for _, e := range slices.Backward(events) { // the mention, before what tells of its channel
					s.taken(e)
				}
				s.taken(s.fake.MessageShortcut("T1", channel, ts, "U1", "bob_message_job"))
				heard := s.ear.messages()[before:]
				if len(heard) != 3 {
					t.Fatalf("%s: heard %+v", channel, heard)
				}
				for _, m := range heard {
					if m.Reach != want || m.Direct != (channel == "DU1") || m.Overheard {
						t.Errorf("%s, %s: %+v", channel, m.Way, m)
					}
				}
			}
		})
	}
}

// A channel of which nothing is found out is closed, and asked about again.
func TestSlack_takesAnUnknownChannelForClosed(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{})
	s.fake.Fail("conversations.info", slackfake.Fault{Error: "internal_error"})
	for _, want := range []bot.Reach{bot.ReachChannel, bot.ReachWorkspace} {
		s.taken(s.fake.Command("T1", "C1", "U1", "sum it"))
		heard := s.ear.messages()
		if got := heard[len(heard)-1].Reach; got != want {
			t.Errorf("%q reads C1, want %q", got, want)
		}
	}
}

// A channel that is made private is closed, at once where somebody writes and soon
// where nobody does.
func TestSlack_noticesThatAChannelWasClosed(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newStage(t, slack.ModeSocket, setup{bob: func(cfg *slack.Config) { cfg.Now = c.Now }})
	reach := func(channel string) bot.Reach {
		s.taken(s.fake.Command("T1", channel, "U1", "sum it"))
		heard := s.ear.messages()
		return heard[len(heard)-1].Reach
	}
	if a, b := reach("C1"), reach("C2"); a != bot.ReachWorkspace || b != bot.ReachWorkspace {
		t.Fatalf("open channels are %q and %q", a, b)
	}
	s.fake.Private("C1", "U1")
	s.fake.Private("C2", "U1")
	_, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "now we are alone"})
	s.taken(events[0])
	if got := reach("C1"); got != bot.ReachChannel {
		t.Errorf("where somebody wrote: %q", got)
	}
	c.add(3 * time.Minute)
	if got := reach("C2"); got != bot.ReachChannel {
		t.Errorf("later: %q", got)
	}
}

func TestSlack_Inside_knowsWhoIsWhere(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newStage(t, slack.ModeSocket, setup{bob: func(cfg *slack.Config) { cfg.Now = c.Now }})
	s.fake.Private("C7", "U1", "U3")
	s.fake.Private("C8", "U2")
	s.fake.Know("U3", map[string]any{"id": "U3", "is_restricted": true})
	s.fake.Know("U4", map[string]any{"id": "U4", "is_stranger": true})
	closed, other, open := slackPlace("C7", ""), slackPlace("C8", ""), slackPlace("C1", "")
	rooms := []jobs.Place{closed, other, open, slackPlace("DU1", ""), {Surface: "slack", Workspace: "T9", Channel: "C7"}}
	inside := func(user string) []jobs.Place { return s.slack.Inside(t.Context(), user, rooms) }
	for user, want := range map[string][]jobs.Place{"U1": {closed, open}, "U2": {other, open}, "U3": {closed}, "U4": nil, "UX": {open}} {
		s.same(inside(user), want)
	}
	calls := s.fake.Calls("users.conversations")
	s.fake.Private("C7", "U9")
	s.same(inside("U1"), []jobs.Place{closed, open})
	if n := s.fake.Calls("users.conversations"); n != calls {
		t.Errorf("asked %d times for one who was asked about just now", n-calls)
	}
	c.add(time.Minute + time.Second)
	s.same(inside("U1"), []jobs.Place{open})
	s.same(inside("U9"), []jobs.Place{closed, open})
}

// What Slack does not tell is not so.
func TestSlack_Inside_knowsNobodyWhenSlackSaysNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{})
	s.fake.Private("C7", "U1", "U2")
	rooms := []jobs.Place{slackPlace("C7", "")}
	s.fake.Fail("users.conversations", slackfake.Fault{Error: "internal_error"}, slackfake.Fault{Error: "missing_scope"})
	s.same(s.slack.Inside(t.Context(), "U1", rooms), []jobs.Place(nil))
	s.same(s.slack.Inside(t.Context(), "U1", rooms), rooms) // of private channels alone an older app may ask
	s.fake.Fail("users.info", slackfake.Fault{Error: "internal_error"}, slackfake.Fault{Error: "internal_error"})
	s.same(s.slack.Inside(t.Context(), "U2", []jobs.Place{slackPlace("C1", "")}), []jobs.Place(nil)) // they may be a guest
	s.same(s.slack.Inside(t.Context(), "U1", nil), []jobs.Place(nil))
	s.same(s.slack.Inside(t.Context(), "U1", []jobs.Place{{Surface: "slack", Workspace: "T9", Channel: "C7"}}), []jobs.Place(nil))
}

func TestSlack_Inside_asksLittleOfManyChannels(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{})
	var rooms []jobs.Place
	for i := range 300 {
		channel := "C" + string(rune('a'+i%20)) + string(rune('a'+i/20))
		s.fake.Private(channel)
		rooms = append(rooms, slackPlace(channel, ""))
	}
	s.same(s.slack.Inside(t.Context(), "U1", rooms), []jobs.Place(nil))
	if n := s.fake.Calls("conversations.info"); n > 10 || n == 0 {
		t.Errorf("asked about %d channels", n)
	}
}
