package slack_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/slack"
	"github.com/askbob/bob/bot/slack/slackfake"
	"github.com/askbob/bob/jobs"
)

func many(c *slack.Config) {
	c.BotToken, c.ClientID, c.ClientSecret, c.PublicURL = "", "1.2", "a client secret", "http://bob.example"
}

// browser is one that does not follow what it is told to.
func (s *stage) browser() *http.Client {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &http.Client{Transport: s.web.Client().Transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (s *stage) visit(b *http.Client, path string) *http.Response {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.web.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := b.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		s.t.Fatal(err)
	}
	return resp
}

// install lets a workspace install Bob.
func (s *stage) install(team slackfake.Team) {
	s.t.Helper()
	b := s.browser()
	begin := s.visit(b, "/slack/install")
	to, err := url.Parse(begin.Header.Get("Location"))
	if err != nil || begin.StatusCode != http.StatusFound {
		s.t.Fatalf("status %d to %s", begin.StatusCode, to)
	}
	q := url.Values{"code": {s.fake.Grant(team)}, "state": {to.Query().Get("state")}}
	if end := s.visit(b, "/slack/oauth?"+q.Encode()); end.StatusCode != http.StatusOK {
		s.t.Fatalf("status %d at the end", end.StatusCode)
	}
}

func TestSlack_install_twoWorkspacesHaveTwoPeopleOfOneID(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, mode slack.Mode) {
		s := newStage(t, mode, setup{bob: many})
		s.install(slackfake.Team{ID: "T1", Token: "xoxb-one", BotUser: "UBOB1"})
		s.install(slackfake.Team{ID: "T2", Token: "xoxb-two", BotUser: "UBOB2"})
		for i, team := range []string{"T1", "T2"} {
			_, events := s.fake.Say(slackfake.Speech{Team: team, Channel: "C1", User: "U1", Text: "<@UBOB" + team[1:] + "> work"})
			s.taken(events[0])
			s.taken(events[1])
			m := s.ear.messages()[i]
			at, err := s.slack.Post(t.Context(), bot.Post{Key: "n", Place: m.Place, Text: "to " + team})
			if err != nil || at.Place != m.Place || m.Text != "work" {
				t.Errorf("heard %q, posted at %+v, %v", m.Text, at, err)
			}
			if up := s.fake.Messages(team, "C1"); len(up) != 2 || up[1].Words() != "to "+team || up[1].User != "UBOB"+team[1:] {
				t.Errorf("in %s there is %+v", team, up)
			}
		}
		got := s.ear.messages()
		if got[0].Place.UserOf(got[0].User.ID) == got[1].Place.UserOf(got[1].User.ID) || got[0].Keys[1] == got[1].Keys[1] {
			t.Errorf("two people are one: %+v", got)
		}
	})
}

func TestSlack_install_outlivesARestartAndEndsWithARemoval(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{bob: many})
	s.install(slackfake.Team{ID: "T1", Token: "xoxb-one", BotUser: "UBOB1"})
	for _, data := range s.notes.kept {
		if bytes.Contains(data, []byte("xoxb-one")) {
			t.Error("the token is kept as it is")
		}
	}
	cfg := configFor(s.fake, slack.ModeSocket, s.notes)
	many(&cfg)
	second, err := slack.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Post(t.Context(), bot.Post{Key: "n", Place: slackPlace("C1", ""), Text: "I am back"}); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	cfg.ClientSecret = "another secret"
	third, err := slack.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := third.Post(t.Context(), bot.Post{Key: "n", Place: slackPlace("C1", ""), Text: "stolen"}); err == nil {
		t.Error("another secret opens the token")
	}
	for _, event := range []map[string]any{
		{"type": "app_uninstalled"},
		{"type": "tokens_revoked", "tokens": map[string]any{"bot": []string{"UBOB1"}}},
	} {
		s.install(slackfake.Team{ID: "T1", Token: "xoxb-one", BotUser: "UBOB1"})
		s.taken(s.fake.Event("T1", event))
		_, err = s.slack.Post(t.Context(), bot.Post{Key: "n", Place: slackPlace("C1", ""), Text: "still here"})
		if e, ok := errors.AsType[*bot.DeliveryError](err); !ok || e.Trouble != bot.TroubleRevoked {
			t.Errorf("after %s: %v, want %s", event["type"], err, bot.TroubleRevoked)
		}
	}
	answer := string(s.taken(s.fake.Command("T1", "C1", "U1", "work")))
	if !strings.Contains(answer, "not installed") || len(s.ear.messages()) != 0 {
		t.Errorf("answered %s", answer)
	}
}

func TestSlack_install_refusesWhoDidNotBegin(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{bob: many})
	code := s.fake.Grant(slackfake.Team{ID: "T1", Token: "xoxb-one", BotUser: "UBOB1"})
	b := s.browser()
	to, err := url.Parse(s.visit(b, "/slack/install").Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	q := to.Query()
	if q.Get("client_id") != "1.2" || !strings.Contains(q.Get("scope"), "chat:write") || q.Get("redirect_uri") != "http://bob.example/slack/oauth" || len(q.Get("state")) < 20 {
		t.Errorf("sent to %s", to)
	}
	for name, try := range map[string]struct {
		browser *http.Client
		query   url.Values
		want    int
	}{
		"another browser": {s.browser(), url.Values{"code": {code}, "state": {q.Get("state")}}, http.StatusBadRequest},
		"another state":   {b, url.Values{"code": {code}, "state": {"x"}}, http.StatusBadRequest},
	} {
		if got := s.visit(try.browser, "/slack/oauth?"+try.query.Encode()).StatusCode; got != try.want {
			t.Errorf("%s: status %d, want %d", name, got, try.want)
		}
	}
	for name, code := range map[string]string{"no code": "", "a wrong code": "x"} {
		b := s.browser()
		to, err := url.Parse(s.visit(b, "/slack/install").Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		q := url.Values{"code": {code}, "state": {to.Query().Get("state")}}
		if got := s.visit(b, "/slack/oauth?"+q.Encode()).StatusCode; got < 400 {
			t.Errorf("%s: status %d", name, got)
		}
	}
	if list, _ := s.notes.NotesOf(t.Context(), "slack", "install:", 10); len(list) != 0 {
		t.Errorf("%d installations are kept", len(list))
	}
}

func TestNew_saysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		change func(c *slack.Config)
		want   string
	}{
		"no token":      {func(c *slack.Config) { c.BotToken = "" }, "slack.bot_token"},
		"both":          {func(c *slack.Config) { c.ClientID = "1" }, "not both"},
		"no app token":  {func(c *slack.Config) { c.AppToken = "" }, "slack.app_token"},
		"no secret":     {func(c *slack.Config) { c.Mode, c.SigningSecret = slack.ModeHTTP, "" }, "slack.signing_secret"},
		"odd mode":      {func(c *slack.Config) { c.Mode = "rtm" }, "socket or http"},
		"half a client": {func(c *slack.Config) { c.BotToken, c.ClientID = "", "1" }, "slack.client_secret"},
		"no address":    {func(c *slack.Config) { c.BotToken, c.ClientID, c.ClientSecret = "", "1", "2" }, "web.public_url"},
	} {
		cfg := configFor(fakeServer(t, slackfake.Config{}), slack.ModeSocket, newNotes())
		try.change(&cfg)
		_, err := slack.New(cfg)
		if fault, ok := errors.AsType[*jobs.UserError](err); !ok || !strings.Contains(fault.Message, try.want) {
			t.Errorf("%s: %v, want %q", name, err, try.want)
		}
	}
}
