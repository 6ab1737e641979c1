package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/askbob/bob/bot/discord/discordfake"
)

// Buttons that were put up before Bob was stopped work after he was started again.
func TestDiscord_buttonsAfterARestart(t *testing.T) {
	t.Parallel()
	g := newGuild(t)
	g.serve(t)
	thread, _, asks := g.plan(t)
	g.stop()
	g.serve(t)
	if text := said(g.press(t, &asks, "Run")); !strings.Contains(text, "Plan 1 runs now") {
		t.Errorf("Run: %s", text)
	}
	g.done(t, thread)
	g.once(t, thread)
	asks = g.message(t, thread, asks.ID)
	for _, b := range buttonsOf(asks.Body) {
		decides := slices.Contains([]string{"Run", "Edit", "Cheaper", "Cancel"}, b["label"].(string))
		if off := b["disabled"] == true; off != decides {
			t.Errorf("%s, of a plan that ran, is disabled: %t", b["label"], off)
		}
	}
}

// Two people press at once: the plan runs once, and nobody's click is an error.
func TestDiscord_twoClicks(t *testing.T) {
	t.Parallel()
	g := newGuild(t)
	g.serve(t)
	thread, _, asks := g.plan(t)
	event := g.pressing(t, &asks, "Run")
	first, second := g.Interact(event), g.Interact(event)
	g.until(t, "both answers", func() bool {
		return len(g.Interaction(first).Followups) == 1 && len(g.Interaction(second).Followups) == 1
	})
	ran := 0
	for _, token := range []string{first, second} {
		if strings.Contains(said(g.Interaction(token)), "Plan 1 runs now") {
			ran++
		}
	}
	g.done(t, thread)
	g.once(t, thread)
	if ran == 0 {
		t.Errorf("nobody was told that it runs:\n%s\n%s", said(g.Interaction(first)), said(g.Interaction(second)))
	}
	_, stdout, _ := bob(t, "results", g.job(thread), "--json", "--data", g.data)
	for _, n := range report(t, stdout).Nodes {
		if n.Attempts > 1 {
			t.Errorf("step %s ran %d times", n.Path, n.Attempts)
		}
	}
}

// A card that is deleted, or that Discord lets nobody edit any more, is put up again in
// its thread, and followed there.
func TestDiscord_aCardThatIsGone(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(g *guild, card string){
		"deleted":      func(g *guild, card string) { g.Delete(g.channel, card) },
		"an hour old":  func(g *guild, card string) { g.Wear(g.channel, card) },
		"after a stop": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuild(t)
			g.serve(t)
			thread, _, _ := g.plan(t)
			if lose != nil {
				lose(g, thread)
			} else {
				g.stop()
				g.Wear(g.channel, thread)
				g.serve(t)
			}
			fresh := func(state string) func() bool {
				return func() bool {
					return slices.ContainsFunc(g.Messages(thread), func(m discordfake.Message) bool {
						return m.Author == discordfake.BotID && strings.HasPrefix(wording(m.Body), "**"+state)
					})
				}
			}
			g.use(t, thread, bobCommand("pause"))
			g.until(t, "another card", fresh("⏸️ Paused"))
			g.use(t, thread, bobCommand("resume"))
			g.until(t, "the card to be edited", fresh("✋ Waits for approval"))
			cards := 0
			for _, m := range g.Messages(thread) {
				if strings.Contains(wording(m.Body), "Job "+g.job(thread)) {
					cards++
				}
			}
			if cards != 1 {
				t.Errorf("there are %d cards in the thread:\n%s", cards, g.all())
			}
		})
	}
}

// Where Bob may not write in threads, all he says stands in the channel; where he may
// not write at all, with who asked.
func TestDiscord_missingPermissions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		forbid func(g *guild)
		direct bool
	}{
		"in threads": {func(g *guild) { g.MuteThreads(g.channel) }, false},
		"at all":     {func(g *guild) { g.Mute(g.channel); g.MuteThreads(g.channel) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuild(t)
			g.serve(t)
			c.forbid(g)
			file := g.AddFile("q4-sales.csv", sampleSales)
			data := bobCommand("ask", option(3, "task", "Analyze the Q4 sales data and create a presentation"), option(11, "file", file["id"].(string)))
			data["resolved"] = map[string]any{"attachments": map[string]any{file["id"].(string): file}}
			g.use(t, g.channel, data)
			at := func() string {
				if c.direct {
					return g.direct()
				}
				return g.channel
			}
			g.until(t, "the result", func() bool { return at() != "" && len(g.results(at())) == 1 })
			g.until(t, "the files", func() bool { return len(g.files(at())) >= 3 })
			if list := g.Messages(g.channel); c.direct && len(list) > 0 {
				t.Errorf("in the channel stands %s", g.all())
			}
			for _, thread := range g.Threads(g.channel) {
				if n := len(g.Messages(thread)); n > 0 {
					t.Errorf("%d messages stand in a thread", n)
				}
			}
		})
	}
}

// A thread that moderators locked is left, and the result told in the channel, once.
func TestDiscord_lockedThread(t *testing.T) {
	t.Parallel()
	g := newGuild(t)
	g.serve(t)
	thread, job, _ := g.plan(t)
	before := len(g.Messages(thread))
	g.Lock(thread)
	if text := said(g.use(t, g.channel, bobCommand("approve", option(3, "job", job)))); !strings.Contains(text, "Plan 1 runs now") {
		t.Fatalf("approve: %s", text)
	}
	g.until(t, "the result", func() bool { return len(g.results(g.channel)) == 1 })
	result := g.results(g.channel)[0]
	if !strings.Contains(wording(result.Body), "The thread of this job cannot be written to any more") {
		t.Errorf("the result says %s", wording(result.Body))
	}
	g.until(t, "the files below it", func() bool { return len(g.files(result.ID)) >= 3 })
	if n := len(g.Messages(thread)); n != before {
		t.Errorf("%d messages were written into the locked thread", n-before)
	}
}

// Bob is thrown out of a guild while a job of it runs, and goes on elsewhere.
func TestDiscord_thrownOut(t *testing.T) {
	t.Parallel()
	g := newGuild(t)
	g.serve(t)
	thread, _, asks := g.plan(t)
	g.press(t, &asks, "Run")
	g.Leave(g.id)
	g.Remove(g.channel)
	g.Remove(thread)
	other := g.AddGuild("600")
	channel := g.AddChannel(other, "", discordfake.TextChannel)
	event := g.event(2, channel, bobCommand("ask", option(3, "task", "What is 17% of 340?")))
	event["guild_id"] = other
	g.answer(t, event)
	g.until(t, "the answer in the other guild", func() bool {
		return slices.ContainsFunc(g.Threads(channel), func(at string) bool { return len(g.results(at)) == 1 })
	})
}
