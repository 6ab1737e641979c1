package discord_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/discord"
	"github.com/askbob/bob/bot/discord/discordfake"
	"github.com/askbob/bob/jobs"
)

// ward is an office with closed channels, and who is in them.
type ward struct {
	*office

	front                *discord.FrontEnd
	hidden, nook, cellar string // a channel, a private thread of the open one, and a channel of a role
}

func newWard(t *testing.T) *ward {
	t.Helper()
	w := &ward{office: newOffice(t)}
	w.hidden = w.AddChannel(w.guild, "", discordfake.TextChannel)
	w.cellar = w.AddChannel(w.guild, "", discordfake.TextChannel)
	w.nook = w.AddChannel(w.guild, w.channel, discordfake.PrivateThread)
	w.AddRole(w.guild, "801", 0)
	w.AddRole(w.guild, "802", 1<<34) // manages threads
	w.AddRole(w.guild, "803", 1<<3)  // administers
	w.Hide(w.hidden, "700")
	w.Rule(w.cellar, discordfake.Rule{ID: w.guild, Deny: discordfake.SeeChannel}, discordfake.Rule{ID: "801", Allow: discordfake.SeeChannel},
		discordfake.Rule{ID: "704", Member: true, Deny: discordfake.SeeChannel})
	w.Join(w.nook, "701")
	for id, roles := range map[string][]string{"600": nil, "700": nil, "701": nil, "702": {"801"}, "703": {"802"}, "704": {"801"}, "705": {"803"}} {
		w.Member(w.guild, id, roles...)
	}
	w.front = newFront(t, w.Server, nil)
	run(t, w.front, w.ears)
	until(t, w.Server, "the gateway", func() bool { return w.Lines() == 1 })
	t.Cleanup(func() { conforms(t, w.Server) })
	w.Say(w.thread, "700", "hello", me()) // what comes before it was told
	w.ears.next(t)
	return w
}

func (w *ward) at(channel, thread string) jobs.Place {
	return jobs.Place{Surface: "discord", Workspace: w.guild, Channel: channel, Thread: thread}
}

func TestFrontEnd_Inside_readsPermissions(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	names := map[jobs.Place]string{
		w.at(w.channel, ""): "open", w.at(w.hidden, ""): "hidden", w.at(w.cellar, ""): "cellar", w.at(w.channel, w.nook): "nook",
		w.at("999", ""): "gone", {Surface: "discord", Workspace: "1", Channel: w.channel}: "of another guild",
	}
	rooms := []jobs.Place{w.at(w.channel, ""), w.at(w.hidden, ""), w.at(w.cellar, ""), w.at(w.channel, w.nook), w.at("999", ""), {Surface: "discord", Workspace: "1", Channel: w.channel}}
	for user, want := range map[string][]string{
		"600": {"open", "hidden", "cellar", "nook"}, // owns the guild
		"700": {"open", "hidden"},
		"701": {"open", "nook"},
		"702": {"open", "cellar"},
		"703": {"open", "nook"},
		"704": {"open"},
		"705": {"open", "hidden", "cellar", "nook"},
		"706": nil, // no member
		"x":   nil,
	} {
		var got []string
		for _, p := range w.front.Inside(t.Context(), user, rooms) {
			got = append(got, names[p])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s sees (-want +got):\n%s", user, diff)
		}
	}
	asked := len(w.Requests(http.MethodGet, "/guilds/"+w.guild+"/members/701"))
	w.front.Inside(t.Context(), "701", rooms)
	if n := len(w.Requests(http.MethodGet, "/guilds/"+w.guild+"/members/701")); n != asked || n != 1 {
		t.Errorf("asked %d times for one member", n)
	}
}

func TestFrontEnd_Inside_asksLittleAndTakesNoAnswerForNo(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	var rooms []jobs.Place
	for range 40 {
		rooms = append(rooms, w.at(w.channel, w.AddChannel(w.guild, w.channel, discordfake.PrivateThread)))
	}
	before := len(w.Requests(http.MethodGet, ""))
	if got := w.front.Inside(t.Context(), "700", rooms); len(got) > 0 {
		t.Errorf("is in %v", got)
	}
	if n := len(w.Requests(http.MethodGet, "")) - before; n > 11 {
		t.Errorf("asked %d times", n)
	}
	for range 10 { // more often than it is asked
		w.Fail(discordfake.Fault{Method: http.MethodGet, Path: "/guilds/" + w.guild + "/members/702", Status: http.StatusInternalServerError})
	}
	cellar := []jobs.Place{w.at(w.cellar, "")}
	if got := w.front.Inside(t.Context(), "702", cellar); got != nil {
		t.Errorf("without an answer: %v", got)
	}
	w.Mend()
	if got := w.front.Inside(t.Context(), "702", cellar); !slices.Equal(got, cellar) {
		t.Errorf("with one: %v", got)
	}
}

// TestHear_saysWhoReadsAChannel hears of messages and commands in channels of every
// kind.
func TestHear_saysWhoReadsAChannel(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	below := w.AddChannel(w.guild, w.hidden, discordfake.PublicThread)
	dm := w.AddChannel("", "", discordfake.DirectChannel)
	for at, want := range map[string]bot.Reach{
		w.channel: bot.ReachWorkspace, w.thread: bot.ReachWorkspace, w.hidden: bot.ReachChannel, w.cellar: bot.ReachChannel, w.nook: bot.ReachThread, below: bot.ReachChannel,
		dm: bot.ReachChannel,
	} {
		w.Say(at, "700", "<@900> count", me())
		if m := w.ears.message(t); m.Reach != want || m.Overheard != (at != dm) || m.Direct != (at == dm) {
			t.Errorf("a message in %s: %+v, want %q", at, m, want)
		}
		if at == dm {
			continue
		}
		event := w.event(usesCommand, bob("ask", opt("task", "count")))
		event["channel_id"] = at
		w.Interact(event)
		if m := w.ears.message(t); m.Reach != want || m.Overheard || m.Direct {
			t.Errorf("a command in %s: %+v, want %q", at, m, want)
		}
	}
	w.Hide(w.channel, "700")
	event := w.event(usesCommand, bob("ask", opt("task", "count")))
	event["channel_id"] = w.channel
	w.Interact(event)
	if m := w.ears.message(t); m.Reach != bot.ReachChannel {
		t.Errorf("once it is closed: %+v", m)
	}
}
