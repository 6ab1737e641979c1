package discord

import (
	"testing"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// salesCard is a card of the README's example.
func salesCard(status jobs.Status, state string, percent int, facts ...string) bot.Card {
	return bot.Card{
		Job: "job_7k3f9q2x", Title: "Sales Analysis & Presentation", Status: status, State: state, Percent: percent, Facts: facts,
	}
}

func salesButton(a bot.Action, label string, style bot.Style) bot.Button {
	return bot.Button{Action: a, Job: "job_7k3f9q2x", Label: label, Style: style}
}

// TestRender_pictures keeps what the pictures in docs/discord are drawn from: the words
// are those of the example over the demo model.
func TestRender_pictures(t *testing.T) {
	t.Parallel()
	running := salesCard(jobs.StatusRunning, "▶️ Running", 62, "9 of 14 done", "1 min 4 s, about 40 s left", "$0.21 of $2.00", "208,826 tokens")
	running.Activity = "Shares of Revenue by Product, Q4 2025"
	running.Steps = []bot.CardRow{
		{Path: "1", Title: "Data Analysis", State: "▶️ Running", Detail: "9 of 10 done"},
		{Path: "2", Title: "Presentation Creation", State: "⏳ Queued", Detail: "0 of 4 done · waits for an earlier step"},
	}
	running.Buttons = []bot.Button{
		salesButton(bot.ActDetails, "View details", ""), salesButton(bot.ActPause, "Pause", ""),
		salesButton(bot.ActCancel, "Cancel", bot.StyleDanger), salesButton(bot.ActMute, "Mute", ""),
	}
	golden(t, "picture-running", cardMessage(&running, refOf("n1.0")))

	waits := salesCard(jobs.StatusAwaitingApproval, "✋ Waits for approval", -1,
		"21 steps", "about $0.40, at most $0.90 likely", "about 2 min 51 s, at most 3 min 56 s likely", "$0.02 of $2.00 spent so far")
	waits.Waits = []string{"The job waits for a yes to its plan"}
	waits.Steps = []bot.CardRow{
		{Path: "1", Title: "Data Analysis", State: "⏳ Queued", Detail: "0 of 10 done · waits for approval of the plan"},
		{Path: "2", Title: "Presentation Creation", State: "⏳ Queued", Detail: "0 of 4 done · waits for approval of the plan"},
	}
	waits.Buttons = []bot.Button{
		salesButton(bot.ActApprove, "Run", bot.StylePrimary), salesButton(bot.ActPlan, "View plan", ""), salesButton(bot.ActEdit, "Edit", ""),
		salesButton(bot.ActCheaper, "Cheaper", ""), salesButton(bot.ActCancel, "Cancel", bot.StyleDanger),
		salesButton(bot.ActDetails, "View details", ""), salesButton(bot.ActMute, "Mute", ""),
	}
	golden(t, "picture-approval", cardMessage(&waits, refOf("n1.0")))

	golden(t, "picture-completed", postMessage(&bot.Post{Key: "n2.0", Mention: "700", Text: salesResult, Buttons: []bot.Button{
		salesButton(bot.ActResults, "View results", bot.StylePrimary), salesButton(bot.ActAgain, "Run again", ""),
		salesButton(bot.ActDetails, "View details", ""), salesButton(bot.ActGood, "👍 Good result", ""), salesButton(bot.ActBad, "👎 Not good", ""),
	}}))
}

const salesResult = `✅ **Completed: Sales Analysis \& Presentation** (job\_7k3f9q2x)

14 of 14 done · took 1 min 41 s · $0.34 of $2.00 · 208,826 tokens

The presentation is ready: ` + "`q4-sales-presentation.pptx`, `q4-sales-presentation.pdf`" + `.

## Findings

- Revenue in Q4 2025 comes to 470,387.06 in total, over 352 rows.
- Revenue went from 122,691.32 (2025-10) to 169,027.09 (2025-12), +37.8%.
- Revenue by Region: West leads with 149,561.99 (31.8% of the total).
- Revenue by Product: Terra Desk leads with 203,383.40 (43.2% of the total).

## Key figures

| Measure    |      Total |  Average | Median | Lowest |   Highest |
|------------|-----------:|---------:|-------:|-------:|----------:|
| Revenue    | 470,387.06 | 1,336.33 | 752.40 |  31.95 | 13,860.00 |
| Units      |      2,758 |     7.84 |      7 |      1 |       140 |
| Unit Price |          – |   173.36 |  99.00 |  35.50 |    479.00 |
`
