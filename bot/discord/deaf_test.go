package discord_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/discord/discordfake"
)

// What the bot asks to be told: guilds, messages, direct messages, and what they say.
const (
	withoutContent = 1 | 1<<9 | 1<<12
	withContent    = withoutContent | 1<<15
)

// TestRun_withoutTheMessageContentIntent has the application lack it.
func TestRun_withoutTheMessageContentIntent(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.Flags(0)
	o.open(t)
	if id := o.Identifies(); len(id) != 1 || id[0].Intents != withoutContent {
		t.Errorf("identified as %+v", id)
	}
	o.Say(o.channel, "700", "<@900> sum up", me())
	if m := o.ears.message(t); m.Text != "sum up" || m.Way != bot.WayMention {
		t.Errorf("heard %+v", m)
	}
	hears(t, o.Server, o.ears, "directly")
	o.Interact(o.event(usesCommand, bob("status")))
	if m := o.ears.message(t); m.Text != "status" {
		t.Errorf("heard %+v", m)
	}
}

// TestRun_aRefusedIntentIsDoneWithout has nobody but the gateway say that it is
// not allowed.
func TestRun_aRefusedIntentIsDoneWithout(t *testing.T) {
	t.Parallel()
	s, h := newFake(t), newEars()
	s.Flags(-1)
	s.AnswerIdentify(4014, discordfake.Refuse)
	up(t, s, nil, h)
	hears(t, s, h, "hello")
	if id := s.Identifies(); len(id) != 2 || id[0].Intents != withContent || id[1].Intents != withoutContent {
		t.Errorf("identified as %+v", id)
	}
}

func TestHear_saysOnceThatItCannotRead(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.Flags(0)
	at := d.post(t, bot.Post{Key: "1", Place: d.place(""), Card: small("Sales")}) // a thread of Bob's
	run(t, d.front, d.ears)
	until(t, d.Server, "the gateway", func() bool { return d.Lines() == 1 })
	d.Say(d.thread, "700", "in a thread of others", nil)
	d.Say(d.thread, "700", "<@900> there", me())
	d.ears.next(t)
	for _, text := range []string{"in euros please", "and in dollars"} {
		d.Say(at.Place.Thread, "700", text, nil)
	}
	d.Say(at.Place.Thread, "700", "<@900> here", me())
	if m := d.ears.message(t); m.Text != "here" {
		t.Errorf("heard %+v", m)
	}
	said := func(channel string) (list []string) {
		for _, m := range d.Messages(channel) {
			if m.Author == discordfake.BotID && m.Body["content"] != "" {
				list = append(list, raw(m.Body))
			}
		}
		return list
	}
	if list := said(at.Place.Thread); len(list) != 1 || !strings.Contains(list[0], "only messages that mention me") || !strings.Contains(list[0], "Message Content Intent") {
		t.Errorf("Bob says %q", list)
	}
	if list := said(d.thread); len(list) != 0 || len(d.Requests(http.MethodGet, "/channels/"+d.thread)) != 1 {
		t.Errorf("in a thread of others Bob says %q", list)
	}
}
