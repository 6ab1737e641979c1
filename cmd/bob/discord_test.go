package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/discord/discordfake"
	"github.com/askbob/bob/jobs"
)

// TestDiscord_theSeedsJob is the example that Bob was made for, over Discord.
func TestDiscord_theSeedsJob(t *testing.T) {
	t.Parallel()
	g := newGuild(t)
	g.serve(t)
	thread, job := g.ask(t, sampleSales)
	g.done(t, thread)
	g.once(t, thread)
	total, _ := sumOf(t, sampleSales, "Revenue")
	sold, _ := sumOf(t, sampleSales, "Units")
	result := g.results(thread)[0]
	if text := wording(result.Body); !strings.Contains(text, thousands(total)) || !strings.HasPrefix(text, "<@"+ann+">") {
		t.Errorf("the result does not name the total %s to Ann: %s", thousands(total), text)
	}
	if units := strings.TrimSuffix(thousands(sold), ".00"); !strings.Contains(wording(result.Body), units) {
		t.Errorf("the result does not name the %s units that were sold: %s", units, wording(result.Body))
	}
	for _, m := range append(g.Messages(thread), g.card(thread)) {
		allowed, err := json.Marshal(m.Body["allowed_mentions"])
		want := `{"parse":[],"replied_user":false}`
		if m.ID == result.ID {
			want = `{"parse":[],"replied_user":false,"users":["` + ann + `"]}`
		}
		if err != nil || string(allowed) != want {
			t.Errorf("%s pings %s, want %s", wording(m.Body), allowed, want)
		}
	}
	checkPosted(t, g.files(thread))
	for want, data := range map[string]map[string]any{
		"✅ 2.2.1 Build the slides":       {"id": "1", "name": "status", "type": 1},
		thousands(total):                 {"id": "1", "name": "results", "type": 1, "options": []any{option(3, "job", job)}},
		"0 active, 0 queued, 1 finished": bobCommand("jobs"),
		"Revision: 1":                    bobCommand("plan"),
		"Total: $0.00":                   bobCommand("cost"),
	} {
		got := g.use(t, thread, data).Original
		if text := wording(got); !strings.Contains(text, want) || got["flags"].(float64) != 64 {
			t.Errorf("%v: %v", data, got)
		}
	}
}

// checkPosted opens the slides among the files.
func checkPosted(t *testing.T, files []discordfake.File) {
	t.Helper()
	kinds := map[string]int{}
	for _, f := range files {
		kinds[filepath.Ext(f.Name)]++
		if filepath.Ext(f.Name) == ".pptx" {
			checkSlides(t, f.Data)
		}
	}
	for _, ext := range []string{".pptx", ".pdf", ".png"} {
		if kinds[ext] == 0 {
			t.Errorf("there is no %s among %v", ext, kinds)
		}
	}
}

// A plan that costs less is asked for; the old one cannot be approved any more.
func TestDiscord_approval(t *testing.T) {
	t.Parallel()
	g := newGuild(t)
	g.serve(t)
	thread, _, asks := g.plan(t)
	if text := said(g.press(t, &asks, "Cheaper")); !strings.Contains(text, "Looking for a cheaper plan") {
		t.Errorf("Cheaper: %s", text)
	}
	g.until(t, "another plan", func() bool {
		list := g.asking(thread)
		return len(list) == 1 && list[0].ID != asks.ID && strings.Contains(g.all(), "<@700> asked for a cheaper plan.")
	})
	second := g.asking(thread)[0]
	if text := said(g.press(t, &asks, "Run")); !strings.Contains(text, "⚠️") || !strings.Contains(text, "revision") {
		t.Errorf("Run of the old plan: %s", text)
	}
	if text := said(g.press(t, &second, "Run")); strings.Contains(text, "⚠️") {
		t.Errorf("Run: %s", text)
	}
	g.done(t, thread)
	g.once(t, thread)
	g.until(t, "who approved", func() bool {
		return len(g.asking(thread)) == 0 && strings.Contains(g.all(), "<@700> approved the plan.")
	})
	if text := said(g.press(t, &second, "Run")); !strings.Contains(text, "⚠️") {
		t.Errorf("Run, when all is done: %s", text)
	}
}

// A job is paused, goes on, and is cancelled, by buttons.
func TestDiscord_buttons(t *testing.T) {
	t.Parallel()
	g := newGuild(t)
	g.serve(t)
	thread, job, _ := g.plan(t)
	pause := bot.Button{Action: bot.ActPause, Job: jobs.JobID(job)}
	event := g.event(3, g.channel, map[string]any{"custom_id": pause.Value(), "component_type": 2})
	event["message"] = map[string]any{"id": thread, "channel_id": g.channel}
	g.answer(t, event)
	g.cardSays(t, thread, "⏸️ Paused")
	card := g.card(thread)
	g.press(t, &card, "Resume")
	g.cardSays(t, thread, "✋ Waits for approval")
	card = g.card(thread)
	asked := g.press(t, &card, "Cancel")
	if text := wording(asked.Original); !strings.Contains(text, "Nothing of the plan of "+job) || !strings.Contains(text, "So far it cost $") {
		t.Errorf("Cancel asks %q", text)
	}
	yes := discordfake.Message{ID: "1", Channel: g.channel, Body: asked.Original}
	g.press(t, &yes, "Cancel the job")
	g.cardSays(t, thread, "🚫 Cancelled")
	for _, b := range buttonsOf(g.card(thread).Body) {
		if b["label"] == "Cancel" || b["label"] == "Run" {
			t.Errorf("a cancelled job can still be told: %s", b["label"])
		}
	}
}

// While Discord answers nothing and its gateway is cut, the job goes on; what came of
// it is told once.
func TestDiscord_isDownWhenTheJobEnds(t *testing.T) {
	t.Parallel()
	g := newGuild(t)
	g.serve(t)
	thread, _, asks := g.plan(t)
	g.Down(503)
	g.Interact(g.pressing(t, &asks, "Run"))
	g.until(t, "the end of the job", func() bool {
		return slices.ContainsFunc(g.Requests("POST", "/channels/"+thread+"/messages"), func(r discordfake.Request) bool {
			return bytes.Contains(r.Body, []byte("**Completed: "))
		})
	})
	g.Drop()
	g.Down(0)
	g.done(t, thread)
	g.once(t, thread)
	g.until(t, "the gateway", func() bool { return g.Lines() == 1 })
}

// Bob is stopped when the answer to the result is on its way, and started again.
func TestDiscord_stoppedInTheMiddle(t *testing.T) {
	t.Parallel()
	g := newGuild(t)
	g.serve(t)
	thread, _, asks := g.plan(t)
	g.Fail(discordfake.Fault{Method: "POST", Path: "/channels/" + thread + "/messages", Lost: true})
	g.press(t, &asks, "Run")
	g.until(t, "the result", func() bool { return len(g.results(thread)) > 0 })
	g.stop()
	g.Forget()
	g.serve(t)
	g.done(t, thread)
	g.once(t, thread)
}

// The thread was made, and Bob does not hear of it.
func TestDiscord_lostAnswerOfAThread(t *testing.T) {
	t.Parallel()
	g := newGuild(t)
	g.serve(t)
	g.Fail(discordfake.Fault{Method: "POST", End: "/threads", Lost: true})
	thread, _ := g.ask(t, fewSales())
	g.done(t, thread)
	g.once(t, thread)
}
