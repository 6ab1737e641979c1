package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot/slack/slackfake"
	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/run"
)

// slackTier are the limits that Slack documents, for each workspace.
func slackTier() map[string]slackfake.Limit {
	return map[string]slackfake.Limit{
		"chat.postMessage": {Calls: 240, Per: time.Minute}, "chat.update": {Calls: 50, Per: time.Minute},
		"conversations.replies": {Calls: 50, Per: time.Minute}, "conversations.history": {Calls: 50, Per: time.Minute},
		"users.info": {Calls: 100, Per: time.Minute}, "views.publish": {Calls: 100, Per: time.Minute},
		"reactions.add": {Calls: 50, Per: time.Minute}, "reactions.remove": {Calls: 20, Per: time.Minute},
		"assistant.threads.setStatus": {Calls: 50, Per: time.Minute}, "agents.sessions.setStatus": {Calls: 50, Per: time.Minute},
	}
}

// openSlack starts a Slack with workspaces, and Bob, who is installed in all of them.
func openSlack(tb testing.TB, workspaces, workers int, hands run.Hands) (*venue, *slackfake.Server) {
	tb.Helper()
	var teams []slackfake.Team
	for i := range workspaces {
		teams = append(teams, slackfake.Team{ID: fmt.Sprintf("T%d", i+1), Token: fmt.Sprintf("xoxb-%d", i+1), BotUser: fmt.Sprintf("U%dBOB", i+1)})
	}
	fake, err := slackfake.Start(context.Background(), slackfake.Config{Teams: teams, Limits: slackTier()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(fake.Close)
	f := fake.Config()
	v := newVenue(tb, hands, fmt.Sprintf("jobs: {workers: %d, budget: 5}\nweb: {public_url: \"http://127.0.0.1\"}\n"+
		"slack: {mode: socket, app_token: %q, client_id: %q, client_secret: %q, api_url: %q}\n", workers, f.AppToken, f.ClientID, f.ClientSecret, fake.URL()))
	front, err := v.h.slack()
	v.must(err)
	for _, t := range teams {
		v.install(front.HTTP(), fake.Grant(t))
	}
	v.must(fake.Wait(context.Background(), func() bool { return fake.Connected() == 1 }))
	return v, fake
}

// install is what the browser of a workspace's owner does.
func (v *venue) install(bob http.Handler, code string) {
	v.Helper()
	begin := httptest.NewRecorder()
	bob.ServeHTTP(begin, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/slack/install", http.NoBody))
	there, err := url.Parse(begin.Header().Get("Location"))
	v.must(err)
	back := url.Values{"code": {code}, "state": {there.Query().Get("state")}}
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/slack/oauth?"+back.Encode(), http.NoBody)
	r.Header.Set("Cookie", begin.Header().Get("Set-Cookie"))
	end := httptest.NewRecorder()
	bob.ServeHTTP(end, r)
	if end.Code != http.StatusOK {
		v.Fatalf("Bob was not installed: %d %s", end.Code, end.Body)
	}
}

// TestSoak_slack has people hand in jobs by mention, command and direct message while
// the line breaks, answers get lost, Slack refuses, and Bob is started anew.
//
//	BOB_SURFACE_SOAK=1000 go test ./cmd/bob -run Soak_slack -timeout 30m -v
func TestSoak_slack(t *testing.T) {
	t.Parallel()
	c := newCrowd(t)
	v, fake := openSlack(t, c.rooms, 16, &busy{puppets: puppets{steps: []jobs.Step{leaf("1"), leaf("2", "1")}}, longest: 2 * time.Second})
	c.venue = v
	s := &slackCrowd{crowd: c, fake: fake}
	c.give, c.trouble, c.mend, c.shown = s.giveOne, s.breakOne, fake.Mend, s.messages
	c.soak()
	t.Logf("calls: %d posts, %d edits, %d looks; refused as too many: %d; answers too late: %d", fake.Calls("chat.postMessage"), fake.Calls("chat.update"),
		fake.Calls("conversations.replies")+fake.Calls("conversations.history"), fake.Refused(), fake.Late())
	if n := fake.Refused(); n > 0 {
		t.Errorf("Slack refused %d calls as too many", n)
	}
}

// slackCrowd is a crowd on Slack.
type slackCrowd struct {
	*crowd

	fake *slackfake.Server
}

// room is a place where a person talks to Bob.
func (s *slackCrowd) room(dice *rand.Rand) (t slackfake.Team, channel, user string) {
	user = fmt.Sprintf("U%d", dice.IntN(20))
	return oneOf(dice, s.fake.Config().Teams...), fmt.Sprintf("C%d", dice.IntN(5)), user
}

func (s *slackCrowd) giveOne(mark string, dice *rand.Rand) {
	t, channel, user := s.room(dice)
	text, way := "Write a report on "+mark+".", dice.IntN(3)
	for {
		var taken []*slackfake.Delivery
		switch way {
		case 0:
			_, taken = s.fake.Say(slackfake.Speech{Team: t.ID, Channel: channel, User: user, Text: "<@" + t.BotUser + "> " + text})
		case 1:
			_, taken = s.fake.Say(slackfake.Speech{Team: t.ID, Channel: "D" + user, User: user, Text: text})
		default:
			taken = []*slackfake.Delivery{s.fake.Command(t.ID, channel, user, text)}
		}
		known := false
		for _, d := range taken {
			answer, err := d.Answer(context.Background())
			if err == nil && (way < 2 || strings.Contains(string(answer), "on its way")) {
				known = true
			}
			if way < 2 && dice.IntN(4) == 0 {
				_, _ = s.fake.Again(d).Answer(context.Background()) // whether or not it was taken before
			}
		}
		// Whoever is told that it failed looks whether it did, and tries again.
		if known || len(s.jobsOf(mark)) > 0 {
			return
		}
	}
}

func (s *slackCrowd) breakOne(dice *rand.Rand) {
	switch dice.IntN(16) {
	case 0:
		s.fake.Cut()
	case 1:
		s.fake.Disconnect(oneOf(dice, "refresh_requested", "warning"))
	case 2, 3:
		s.fake.Miss(1 + dice.IntN(3))
	default:
		method := oneOf(dice, "chat.postMessage", "chat.postMessage", "chat.update", "conversations.replies", "conversations.history", "users.info", "conversations.open")
		s.fake.Fail(method, oneOf(dice,
			slackfake.Fault{Lose: true}, slackfake.Fault{Lose: true}, slackfake.Fault{Status: http.StatusInternalServerError},
			slackfake.Fault{Status: http.StatusBadGateway}, slackfake.Fault{Error: "internal_error"},
			slackfake.Fault{Status: http.StatusTooManyRequests, RetryAfter: 1}))
	}
}

// messages are those of Bob that all see.
func (s *slackCrowd) messages() (list []seen) {
	for _, t := range s.fake.Config().Teams {
		rooms := []string{}
		for i := range 20 {
			rooms = append(rooms, fmt.Sprintf("C%d", i), fmt.Sprintf("DU%d", i))
		}
		for _, room := range rooms {
			for _, m := range s.fake.Messages(t.ID, room) {
				if m.User != t.BotUser || m.For != "" {
					continue
				}
				out := seen{thread: t.ID + room + m.Thread, words: m.Words()}
				if m.Thread == "" {
					out.thread += m.TS
				}
				out.key, out.card = metadata(m.Metadata)
				list = append(list, out)
			}
		}
	}
	return list
}
