package discord_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/discord"
	"github.com/askbob/bob/bot/discord/discordfake"
	"github.com/askbob/bob/jobs"
)

// TestRun_comesBackAfterALongOutage has Discord's API and its gateway be away for as
// many tries as an hour takes. Nothing but the pauses is shorter here.
func TestRun_comesBackAfterALongOutage(t *testing.T) {
	t.Parallel()
	const tries = 60
	s, h := newFake(t), newEars()
	up(t, s, func(c *discord.Config) { c.Pause = time.Microsecond }, h)
	hears(t, s, h, "before")
	asked := len(s.Requests(http.MethodGet, "/gateway"))
	s.Down(http.StatusServiceUnavailable)
	s.AnswerResume(4009, discordfake.Refuse) // its session is over: it cannot just go on
	s.Drop()
	until(t, s, "an hour's tries", func() bool { return len(s.Requests(http.MethodGet, "/gateway")) >= asked+tries })
	if n := len(s.Identifies()); n != 1 {
		t.Errorf("%d sessions were started", n)
	}
	s.Down(0)
	until(t, s, "the gateway", func() bool { return s.Lines() == 1 })
	hears(t, s, h, "after")
	if n := len(s.Identifies()); n != 2 {
		t.Errorf("%d sessions were started, want 2", n)
	}
}

// TestHear_whatWasSaidWhileTheGatewayWasGone has people talk in a thread of Bob's, and
// in one of others, while he is not told of it.
func TestHear_whatWasSaidWhileTheGatewayWasGone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	own := d.post(t, bot.Post{Key: "1", Place: d.place(""), Card: small("Sales")}).Place.Thread
	d.Say(own, "700", "before Bob was there", nil)
	run(t, d.front, d.ears)
	until(t, d.Server, "the gateway", func() bool { return d.Lines() == 1 })
	d.Say(own, "700", "before", nil)
	if m := d.ears.message(t); m.Text != "before" {
		t.Fatalf("heard %+v", m)
	}
	d.Down(http.StatusServiceUnavailable)
	d.AnswerResume(4009, discordfake.Refuse)
	d.Drop()
	until(t, d.Server, "an end of the session", func() bool { return d.Resumes() > 0 && d.Lines() == 0 })
	first := d.Say(own, "700", "in euros", nil)
	d.Say(own, discordfake.BotID, "half of it is done", nil)
	d.Say(d.thread, "700", "among others", nil)
	d.Say(own, "701", "and in dollars", nil)
	d.Down(0)
	until(t, d.Server, "the gateway", func() bool { return d.Lines() == 1 })
	d.Say(own, "700", "after", nil)
	for range 3 {
		d.ears.next(t)
	}
	d.ears.mu.Lock()
	defer d.ears.mu.Unlock()
	var heard []string
	for _, m := range d.ears.messages {
		heard = append(heard, m.Text)
		if m.Place != d.place(own) || m.Way != bot.WayReply {
			t.Errorf("heard %+v", m)
		}
	}
	if want := []string{"before", "in euros", "and in dollars", "after"}; !slices.Equal(heard, want) || d.ears.messages[1].Keys[0] != "discord:message:"+first {
		t.Errorf("heard %q, want %q", heard, want)
	}
}

// TestAnswer_tooLate has Discord wait no longer for an answer, or know the interaction no
// more: what was ordered is done once, and nobody asks Discord again and again.
func TestAnswer_tooLate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		within time.Duration // until it is promised
		fault  discordfake.Fault
		asked  int // requests about the interaction
	}{
		"an unknown interaction": {5 * time.Second, discordfake.Fault{Path: "/interactions/", Status: http.StatusNotFound, Code: 10062}, 1},
		"one that was answered":  {5 * time.Second, discordfake.Fault{Path: "/interactions/", Status: http.StatusBadRequest, Code: 40060}, 1},
		"a promise too late":     {time.Nanosecond, discordfake.Fault{Path: "/interactions/", Status: http.StatusNotFound, Code: 10062}, 1},
		"a token that ran out":   {time.Nanosecond, discordfake.Fault{Path: "/webhooks/", Status: http.StatusUnauthorized, Code: 50027}, 2},
		"a lost answer":          {5 * time.Second, discordfake.Fault{Path: "/interactions/", Lost: true}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.ears.hear = func(bot.Message) (bot.Reply, error) { return bot.Reply{Text: "Job submitted"}, nil }
			up(t, o.Server, func(cfg *discord.Config) { cfg.AnswerWithin = c.within }, o.ears)
			c.fault.Method = ""
			o.Fail(c.fault)
			o.Interact(o.event(usesCommand, bob("ask", opt("task", "sum up"))))
			if m := o.ears.message(t); m.Text != "sum up" {
				t.Errorf("heard %+v", m)
			}
			count := func() int { return len(o.Requests("", "/interactions/")) + len(o.Requests("", "/webhooks/")) }
			until(t, o.Server, "the answer", func() bool { return count() >= c.asked })
			o.Interact(o.event(usesCommand, bob("help"))) // Bob goes on
			if m := o.ears.message(t); m.Text != "help" {
				t.Errorf("heard %+v", m)
			}
			until(t, o.Server, "the next answer", func() bool { return count() > c.asked })
			o.ears.mu.Lock()
			defer o.ears.mu.Unlock()
			if n := len(o.ears.messages); n != 2 {
				t.Errorf("%d messages were heard, want 2", n)
			}
		})
	}
}

// TestHear_filesThatCannotBeHad has links that ran out, and a file that is larger than
// Discord said.
func TestHear_filesThatCannotBeHad(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	read := map[string]int64{}
	faults := map[string]error{}
	o.ears.hear = func(m bot.Message) (bot.Reply, error) {
		for _, f := range m.Files {
			body, err := f.Open(t.Context())
			if err != nil {
				faults[f.Name] = err
				continue
			}
			n, err := io.Copy(io.Discard, body)
			if err != nil || body.Close() != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
			read[f.Name] = n
		}
		return bot.Reply{}, nil
	}
	o.open(t)
	huge := o.AddFile("huge.csv", make([]byte, 30<<20))
	huge["size"] = 3
	late := o.AddFile("late.csv", []byte("a;b"))
	o.Expire(late["url"].(string))
	o.Say(o.thread, "700", "see", map[string]any{"attachments": []any{huge, late}})
	o.ears.next(t)
	if got := read["huge.csv"]; got != jobs.MaxFile+1 {
		t.Errorf("%d bytes were read of a file of 30 MiB, want one more than a file may have", got)
	}
	if err := faults["late.csv"]; err == nil || !strings.Contains(jobs.UserMessage(err), "send it once more") {
		t.Errorf("a link that ran out: %v", err)
	}
}
