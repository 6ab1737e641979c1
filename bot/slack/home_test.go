package slack_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/slack"
	"github.com/askbob/bob/bot/slack/slackfake"
)

func numbered(n *atomic.Int64) *ear {
	return &ear{
		home: func(context.Context, bot.HomeQuery) (bot.Page, error) {
			return *page(fmt.Sprint("list ", n.Load())), nil
		},
		click: func(_ context.Context, c bot.Click) (bot.Reply, error) {
			if c.Button.Action == bot.ActJobs {
				return bot.Reply{Page: page(fmt.Sprint(c.Button.Arg, " ", n.Load()))}, nil
			}
			return bot.Reply{Text: "No.", Warning: c.Button.Action == bot.ActRetry}, nil
		},
	}
}

func (s *stage) homeShows(user, words string) {
	s.t.Helper()
	s.wait(func() bool {
		v := s.fake.Home("T1", user)
		return strings.Contains(v.Words(), words+" in full")
	})
}

func TestSlack_Home_showsTheListWhenItIsOpenedAndWhenItChanges(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, mode slack.Mode) {
		var n atomic.Int64
		s := newStage(t, mode, setup{ear: numbered(&n)})
		n.Store(1)
		s.taken(s.fake.OpenHome("T1", "U1", "home"))
		s.homeShows("U1", "list 1")
		for i := range 5 { // the last one wins, and those between may be left out
			n.Store(int64(i + 2))
			s.slack.Stale([]string{"slack:T1:U1", "slack:T1:U2", "discord:T1:U1"})
		}
		s.homeShows("U1", "list 6")
		if v := s.fake.Home("T1", "U2"); v.ID != "" {
			t.Errorf("U2 does not look, and got %q", v.Words())
		}
		if calls := s.fake.Calls("views.publish"); calls > 3 {
			t.Errorf("published %d times for two moments", calls)
		}
		s.same(s.ear.homes[0], bot.HomeQuery{Place: slackPlace("", ""), User: bot.User{ID: "U1"}})
	})
}

func TestSlack_Home_staysAtTheListThatWasChosen(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	s := newStage(t, slack.ModeSocket, setup{ear: numbered(&n)})
	s.taken(s.fake.OpenHome("T1", "U1", "home"))
	s.homeShows("U1", "list 0")
	id, value := pressed(bot.Button{Action: bot.ActJobs, Arg: "finished"})
	s.taken(s.fake.PressView(s.fake.Home("T1", "U1"), id, value))
	s.homeShows("U1", "finished 0")
	n.Store(1)
	s.slack.Stale([]string{"slack:T1:U1"})
	s.homeShows("U1", "finished 1")
	if got := s.ear.clicked()[0]; got.Place != slackPlace("", "") || got.At != "" {
		t.Errorf("clicked at %+v, %q", got.Place, got.At)
	}
}

func TestSlack_Home_buttonsShowWhatCameOfThem(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	s := newStage(t, slack.ModeSocket, setup{ear: numbered(&n)})
	s.taken(s.fake.OpenHome("T1", "U1", "home"))
	s.homeShows("U1", "list 0")
	n.Store(1)
	id, value := pressed(bot.Button{Action: bot.ActPause, Job: theJob})
	s.taken(s.fake.PressView(s.fake.Home("T1", "U1"), id, value))
	s.homeShows("U1", "list 1")
	if v := s.fake.Views(); len(v) != 0 {
		t.Errorf("a window says %q: the list shows it", v[0].Words())
	}
	id, value = pressed(bot.Button{Action: bot.ActRetry, Job: theJob})
	s.taken(s.fake.PressView(s.fake.Home("T1", "U1"), id, value))
	s.wait(func() bool { return len(s.fake.Views()) == 1 })
	if words := s.fake.Views()[0].Words(); !strings.Contains(words, "No.") {
		t.Errorf("a window says %q", words)
	}
}

func TestSlack_Home_isDrawnAgainAfterARestart(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	s := newStage(t, slack.ModeSocket, setup{ear: numbered(&n)})
	s.taken(s.fake.OpenHome("T1", "U1", "home"))
	s.homeShows("U1", "list 0")
	s.stop()
	n.Store(7)
	second, err := slack.New(configFor(s.fake, slack.ModeSocket, s.notes))
	if err != nil {
		t.Fatal(err)
	}
	s.slack = second
	s.wait(func() bool { return s.fake.Connected() == 0 })
	s.run(slack.ModeSocket)
	s.homeShows("U1", "list 7")
}

func TestSlack_Home_isTriedAgainAfterARefusal(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	s := newStage(t, slack.ModeSocket, setup{ear: numbered(&n)})
	s.fake.Fail("views.publish", slackfake.Fault{Status: 503})
	s.taken(s.fake.OpenHome("T1", "U1", "home"))
	s.wait(func() bool { return s.fake.Calls("views.publish") == 1 })
	n.Store(1)
	s.slack.Stale([]string{"slack:T1:U1"})
	s.homeShows("U1", "list 1")
}
