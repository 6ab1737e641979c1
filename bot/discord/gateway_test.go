package discord_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/discord"
	"github.com/askbob/bob/bot/discord/discordfake"
)

// hears checks that messages come through.
func hears(t *testing.T, s *discordfake.Server, h *ears, text string) {
	t.Helper()
	dm := s.AddChannel("", "", discordfake.DirectChannel)
	s.Say(dm, "700", text, nil)
	if m := h.message(t); m.Text != text {
		t.Errorf("heard %q, want %q", m.Text, text)
	}
}

func TestRun_startsASession(t *testing.T) {
	t.Parallel()
	s, h := newFake(t), newEars()
	up(t, s, nil, h)
	hears(t, s, h, "hello")
	id := s.Identifies()
	if len(id) != 1 || id[0].Token != discordfake.Token || id[0].Shard != [2]int{0, 1} || id[0].Intents != 1|1<<9|1<<12|1<<15 {
		t.Errorf("identified as %+v", id)
	}
	if got := s.Versions(); !slices.Equal(got, []string{"10"}) {
		t.Errorf("connected with versions %v of the API, want 10", got)
	}
}

// TestRun_comesBack has the gateway break in all ways that the library waits for ever
// at, and others.
func TestRun_comesBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers    []discordfake.Answer // to RESUME
		code       int
		identifies int
	}{
		"the session goes on":            {identifies: 1},
		"op 7 in answer to RESUME":       {answers: []discordfake.Answer{discordfake.Reconnect}, identifies: 2},
		"op 9 in answer to RESUME":       {answers: []discordfake.Answer{discordfake.Invalid}, identifies: 2},
		"no answer to RESUME":            {answers: []discordfake.Answer{discordfake.Silence}, identifies: 2},
		"a closed session, code 4009":    {answers: []discordfake.Answer{discordfake.Refuse}, code: 4009, identifies: 2},
		"an invalid sequence, code 4007": {answers: []discordfake.Answer{discordfake.Refuse}, code: 4007, identifies: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, h := newFake(t), newEars()
			up(t, s, nil, h)
			hears(t, s, h, "before")
			s.AnswerResume(c.code, c.answers...)
			s.Drop()
			until(t, s, "a new session", func() bool { return len(s.Identifies()) == c.identifies && s.Resumes() == 1 && s.Lines() == 1 })
			hears(t, s, h, "after")
		})
	}
}

func TestRun_reconnectsWhenAsked(t *testing.T) {
	t.Parallel()
	s, h := newFake(t), newEars()
	up(t, s, nil, h)
	s.Emit("TYPING_START", map[string]any{})
	s.Op(7, "null")
	until(t, s, "a resumed session", func() bool { return s.Resumes() == 1 && s.Lines() == 1 })
	s.Op(9, "false")
	until(t, s, "a new session", func() bool { return len(s.Identifies()) == 2 && s.Lines() == 1 })
	hears(t, s, h, "after")
}

func TestRun_triesANewSessionAgain(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]discordfake.Answer{
		"op 7": discordfake.Reconnect, "op 9": discordfake.Invalid, "no answer": discordfake.Silence,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, h := newFake(t), newEars()
			s.AnswerIdentify(0, answer)
			up(t, s, nil, h)
			hears(t, s, h, "after")
			if got := len(s.Identifies()); got != 2 {
				t.Errorf("%d sessions were started, want 2", got)
			}
		})
	}
}

func TestRun_leavesAConnectionThatIsSilent(t *testing.T) {
	t.Parallel()
	s, h := newFake(t), newEars()
	s.Heartbeats(time.Hour, false)
	up(t, s, func(c *discord.Config) { c.QuietFor = 400 * time.Millisecond }, h)
	until(t, s, "another connection", func() bool { return s.Resumes() > 0 })
}

func TestRun_staysWhileHeartbeatsAreAnswered(t *testing.T) {
	t.Parallel()
	s, h := newFake(t), newEars()
	s.Heartbeats(50*time.Millisecond, true)
	up(t, s, func(c *discord.Config) { c.QuietFor = 600 * time.Millisecond }, h)
	until(t, s, "twice as long as it may be silent", func() bool { return s.Beats() > 24 })
	if s.Resumes() != 0 || len(s.Identifies()) != 1 || s.Lines() != 1 {
		t.Errorf("a connection with nothing but heartbeats was left: %d resumed, %d started", s.Resumes(), len(s.Identifies()))
	}
}

func TestRun_endsAtWhatTryingAgainCannotMend(t *testing.T) {
	t.Parallel()
	for code, words := range map[int]string{
		4004: "discord.token", 4010: "discord.shards", 4011: "discord.shards", 4012: "newer Bob", 4013: "newer Bob",
		4014: "Message Content Intent",
	} {
		t.Run(words, func(t *testing.T) {
			t.Parallel()
			s := newFake(t)
			want := 1
			if code == 4014 { // it is tried without the intent that may be refused
				want = 2
			}
			s.AnswerIdentify(code, slices.Repeat([]discordfake.Answer{discordfake.Refuse}, want)...)
			select {
			case err := <-run(t, newFront(t, s, nil), newEars()):
				if err == nil || !strings.Contains(err.Error(), words) {
					t.Errorf("code %d ends with %v, want word of %q", code, err, words)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("code %d does not end it", code)
			}
			if got := len(s.Identifies()); got != want {
				t.Errorf("%d sessions were started, want %d", got, want)
			}
		})
	}
}

func TestRun_endsAtAWrongToken(t *testing.T) {
	t.Parallel()
	s := newFake(t)
	select {
	case err := <-run(t, newFront(t, s, func(c *discord.Config) { c.Token = "wrong" }), newEars()):
		if err == nil || !strings.Contains(err.Error(), "discord.token") {
			t.Errorf("a wrong token ends with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("a wrong token does not end it")
	}
}

func TestRun_waitsForDiscordToAnswer(t *testing.T) {
	t.Parallel()
	s, h := newFake(t), newEars()
	for range 3 {
		s.Fail(discordfake.Fault{Path: "/users/@me", Status: http.StatusServiceUnavailable})
	}
	up(t, s, nil, h)
	hears(t, s, h, "after")
}

func TestRun_startsNoSessionThatDiscordForbids(t *testing.T) {
	t.Parallel()
	s := newFake(t)
	s.Starts(0, 1)
	run(t, newFront(t, s, nil), newEars())
	until(t, s, "the question", func() bool { return len(s.Requests("GET", "/gateway/bot")) == 2 })
	if got := len(s.Identifies()); got != 0 {
		t.Errorf("%d sessions were started though none is left", got)
	}
}

func TestRun_opensAllShards(t *testing.T) {
	t.Parallel()
	s := newFake(t)
	s.Starts(1000, 3)
	run(t, newFront(t, s, nil), newEars())
	until(t, s, "three shards", func() bool { return s.Lines() == 3 })
	var shards []int
	for _, id := range s.Identifies() {
		if id.Shard[1] != 3 {
			t.Errorf("shard %v of a wrong number", id.Shard)
		}
		shards = append(shards, id.Shard[0])
	}
	slices.Sort(shards)
	if !slices.Equal(shards, []int{0, 1, 2}) {
		t.Errorf("shards %v are up", shards)
	}
}

func TestRun_survivesAHandlerThatPanics(t *testing.T) {
	t.Parallel()
	s, h := newFake(t), newEars()
	first := true
	h.hear = func(bot.Message) (bot.Reply, error) {
		if first {
			first = false
			panic("a handler's fault")
		}
		return bot.Reply{}, nil
	}
	up(t, s, nil, h)
	hears(t, s, h, "one")
	hears(t, s, h, "two")
}

func TestNew_wantsATokenAndAnAddress(t *testing.T) {
	t.Parallel()
	s := newFake(t)
	for name, change := range map[string]func(*discord.Config){
		"token":   func(c *discord.Config) { c.Token = "" },
		"log":     func(c *discord.Config) { c.Log = nil },
		"address": func(c *discord.Config) { c.APIURL = "ftp://example" },
	} {
		cfg := config(s)
		change(&cfg)
		if _, err := discord.New(cfg); err == nil {
			t.Errorf("a bad %s is taken", name)
		}
	}
}

// TestRun_hearsWhatWasSaidMeanwhile has the line break, and people speak before it is
// up again.
func TestRun_hearsWhatWasSaidMeanwhile(t *testing.T) {
	t.Parallel()
	s, h := newFake(t), newEars()
	up(t, s, nil, h)
	hears(t, s, h, "before")
	s.Drop()
	until(t, s, "the break", func() bool { return s.Lines() == 0 || s.Resumes() == 1 })
	hears(t, s, h, "meanwhile")
	until(t, s, "a resumed session", func() bool { return s.Resumes() == 1 && s.Lines() == 1 })
	hears(t, s, h, "after")
	if got := len(s.Identifies()); got != 1 {
		t.Errorf("%d sessions were started, want the one that goes on", got)
	}
}

// TestRun_breaksThatFollowEachOtherAreMended has the line break more often than a
// session that does not come up is tried again: each break of one that was up is a new
// trouble.
func TestRun_breaksThatFollowEachOtherAreMended(t *testing.T) {
	t.Parallel()
	s, h := newFake(t), newEars()
	up(t, s, nil, h)
	for i := range 9 {
		s.Emit("TYPING_START", map[string]any{})
		s.Drop()
		until(t, s, "a resumed session", func() bool { return s.Resumes() == i+1 && s.Lines() == 1 })
	}
	hears(t, s, h, "after")
	if got := len(s.Identifies()); got != 1 {
		t.Errorf("%d sessions were started, want 1", got)
	}
}
