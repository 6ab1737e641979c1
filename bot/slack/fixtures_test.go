package slack

import (
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

const (
	salesJob   = jobs.JobID("job_7k3f9q2x")
	salesTitle = "Sales Analysis & Presentation"
)

func press(a bot.Action, arg, label string, style bot.Style) bot.Button {
	return bot.Button{Action: a, Job: salesJob, Arg: arg, Label: label, Style: style}
}

func sureOf(b bot.Button, title, text, yes, no string) bot.Button {
	b.Confirm = &bot.Confirm{Title: title, Text: text, Yes: yes, No: no}
	return b
}

func cancelButton() bot.Button {
	return sureOf(press(bot.ActCancel, "", "Cancel", bot.StyleDanger), "Cancel this job?",
		"What is finished is kept, the rest is not done.", "Cancel the job", "Go on")
}

func salesSteps(analysis, charts, slides jobs.Status, details ...string) []bot.CardRow {
	words := map[jobs.Status]string{
		jobs.StatusQueued: "⏳ Queued", jobs.StatusRunning: "▶️ Running", jobs.StatusCompleted: "✅ Completed",
		jobs.StatusFailed: "❌ Failed", jobs.StatusCancelled: "🚫 Cancelled", jobs.StatusPaused: "⏸️ Paused",
		jobs.StatusWaitingForInput: "❓ Waits for you", jobs.StatusWaitingForChildren: "▶️ Running",
		jobs.StatusPartial: "⚠️ Partly completed", jobs.StatusSkipped: "⏭️ Skipped",
	}
	rows := []bot.CardRow{
		{Path: "1", Title: "Data analysis", Status: analysis},
		{Path: "2", Title: "Charts", Status: charts},
		{Path: "3", Title: "Presentation", Status: slides},
	}
	for i := range rows {
		rows[i].State = words[rows[i].Status]
		if i < len(details) {
			rows[i].Detail = details[i]
		}
	}
	return rows
}

// cards are the states of one job, as people see it.
func cards() map[string]bot.Card {
	details := press(bot.ActDetails, "", "View details", bot.StylePlain)
	pause := press(bot.ActPause, "", "Pause", bot.StylePlain)
	results := press(bot.ActResults, "", "View results", bot.StylePrimary)
	again := press(bot.ActAgain, "", "Run again", bot.StylePlain)
	card := func(status jobs.Status, state string, percent int) bot.Card {
		return bot.Card{Job: salesJob, Title: salesTitle, Status: status, State: state, Percent: percent}
	}
	out := map[string]bot.Card{}

	c := card(jobs.StatusPlanning, "🧭 Planning", 0)
	c.Activity = "Decomposing the request into steps"
	c.Facts = []string{"12 s", "$0.00 of $2.00", "0 tokens"}
	c.Hints = []string{"I work on this in the background. Check progress with /bob status job_7k3f9q2x, " +
		"see results with /bob results job_7k3f9q2x.", "Reply in this thread to steer the job."}
	c.Buttons = []bot.Button{details, pause, cancelButton()}
	out["planning"] = c

	c = card(jobs.StatusAwaitingApproval, "✋ Waits for approval", -1)
	c.Facts = []string{"9 steps", "about $0.90 to $1.60 of $2.00", "6 to 9 min"}
	c.Waits = []string{"Waits for your approval of plan 1 since 2 min: it may cost more than $1.00."}
	c.Steps = salesSteps(jobs.StatusQueued, jobs.StatusQueued, jobs.StatusQueued,
		"5 steps: load and validate q4_sales.csv, key metrics, trends, insights", "2 steps: sales by region and month", "2 steps: 8 slides")
	c.Buttons = []bot.Button{
		press(bot.ActApprove, "1", "Run", bot.StylePrimary), press(bot.ActEdit, "1", "Edit", bot.StylePlain),
		press(bot.ActCheaper, "1", "Cheaper", bot.StylePlain), press(bot.ActPlan, "", "View plan", bot.StylePlain), cancelButton(),
	}
	out["awaiting_approval"] = c

	c = card(jobs.StatusRunning, "▶️ Running", 65)
	c.Activity = "2.1 Sales by region: drawing the chart"
	c.Facts = []string{"6 of 9 done", "12 min, about 8 min left", "$0.24 of $2.00", "1,847 tokens"}
	c.At = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	c.Steps = salesSteps(jobs.StatusCompleted, jobs.StatusWaitingForChildren, jobs.StatusQueued,
		"5 of 5 done", "1 of 2 done", "waits for an earlier step")
	c.Buttons = []bot.Button{details, pause, cancelButton()}
	out["running"] = c

	c.Status, c.State, c.Activity = jobs.StatusPaused, "⏸️ Paused", ""
	c.Waits = []string{"Paused by Dana 3 min ago. Nothing is spent meanwhile."}
	c.Steps = salesSteps(jobs.StatusCompleted, jobs.StatusPaused, jobs.StatusQueued, "5 of 5 done", "1 of 2 done", "")
	c.Buttons = []bot.Button{press(bot.ActResume, "", "Resume", bot.StylePrimary), details, cancelButton()}
	out["paused"] = c

	c = card(jobs.StatusWaitingForInput, "❓ Waits for you", 78)
	c.Facts = []string{"7 of 9 done", "14 min", "$1.97 of $2.00", "21,310 tokens"}
	c.Waits = []string{"3.1 Outline of the slides: the budget does not cover the next call since 1 min. $0.03 are left, it may cost $0.11."}
	c.Steps = salesSteps(jobs.StatusCompleted, jobs.StatusCompleted, jobs.StatusWaitingForInput, "5 of 5 done", "2 of 2 done", "the budget does not cover the next call")
	c.Buttons = []bot.Button{
		press(bot.ActAdd, "1", "+ $1", bot.StylePrimary), press(bot.ActFinish, "", "Finish with what there is", bot.StylePlain), cancelButton(),
	}
	out["waiting_for_money"] = c

	c.Facts = []string{"1 of 9 done", "2 min", "$0.05 of $2.00", "903 tokens"}
	c.Percent = 11
	c.Waits = []string{"1.2 Key metrics asks since 4 min: Does “Q4” mean October to December, or the fiscal quarter that ends in January?"}
	c.Steps = salesSteps(jobs.StatusWaitingForInput, jobs.StatusQueued, jobs.StatusQueued, "1 of 5 done", "", "")
	c.Buttons = []bot.Button{press(bot.ActAnswer, "1.2", "Answer", bot.StylePrimary), details, cancelButton()}
	out["question"] = c

	c = card(jobs.StatusCompleted, "✅ Completed", 100)
	c.Facts = []string{"9 of 9 done", "18 min", "$0.41 of $2.00", "3,912 tokens"}
	c.Steps = salesSteps(jobs.StatusCompleted, jobs.StatusCompleted, jobs.StatusCompleted, "5 of 5 done", "2 of 2 done", "2 of 2 done")
	c.Buttons = []bot.Button{results, details, again}
	out["completed"] = c

	c = card(jobs.StatusPartial, "⚠️ Partly completed", 100)
	c.Facts = []string{"8 of 9 done, 1 failed", "19 min", "$0.44 of $2.00", "4,120 tokens"}
	c.Steps = salesSteps(jobs.StatusCompleted, jobs.StatusPartial, jobs.StatusCompleted, "5 of 5 done",
		"1 of 2 done, 1 failed: q4_regions.csv has no column “month”", "2 of 2 done")
	c.Buttons = []bot.Button{results, press(bot.ActRetry, "", "Retry failed", bot.StylePlain), details, again}
	out["partial"] = c

	c = card(jobs.StatusFailed, "❌ Failed", 22)
	c.Waits = []string{"All steps of 1 Data analysis failed: q4_sales.csv is not a table. Attach a CSV or XLSX file and retry."}
	c.Facts = []string{"0 of 9 done, 1 failed", "1 min", "$0.02 of $2.00", "310 tokens"}
	c.Steps = salesSteps(jobs.StatusFailed, jobs.StatusSkipped, jobs.StatusSkipped, "q4_sales.csv is not a table",
		"an earlier step failed", "an earlier step failed")
	c.Buttons = []bot.Button{press(bot.ActRetry, "", "Retry failed", bot.StylePrimary), details, again}
	out["failed"] = c

	c = card(jobs.StatusCancelled, "🚫 Cancelled", 33)
	c.Facts = []string{"3 of 9 done", "4 min", "$0.11 of $2.00", "1,020 tokens"}
	c.Steps = salesSteps(jobs.StatusCancelled, jobs.StatusCancelled, jobs.StatusCancelled, "3 of 5 done", "", "")
	c.Buttons = []bot.Button{details, again}
	out["cancelled"] = c
	return out
}

const salesAnswer = `✅ **Job completed: Sales Analysis & Presentation**
18 min · $0.41 of $2.00 · 3,912 tokens

## Q4 in one paragraph
Sales were **$1,284,310**, up *8.4 %* on Q3. The [method](https://docs.example.com/method) is in ` + "`q4.pptx`" + `, slide 8.

| Region | Revenue | Change |
|:-------|--------:|-------:|
| North  | 512,400 | +12.1 % |
| South  | 398,150 | +9.0 % |
| West   | 373,760 | −1.2 % |

What stands out:

1. West fell for the second time.
2. **North** carried the quarter:
   - 40 % of revenue
   - the largest order of the year

> Returns of December are not in the file.

~~~sql
SELECT region, SUM(amount) FROM q4 GROUP BY region
~~~
`

// posts are the messages of one job's thread.
func posts() map[string]bot.Post {
	return map[string]bot.Post{
		"post_completed": {
			Text: salesAnswer, Mention: "U02DANA",
			Buttons: []bot.Button{
				press(bot.ActResults, "", "View results", bot.StylePrimary), press(bot.ActAgain, "", "Run again", bot.StylePlain),
				press(bot.ActGood, "", "Useful", bot.StylePlain), press(bot.ActBad, "", "Not useful", bot.StylePlain),
			},
		},
		"post_question": {
			Text: "❓ **1.2 Key metrics** asks:\n\nDoes “Q4” mean October to December, or the fiscal quarter that ends in January?", Mention: "U02DANA",
			Buttons: []bot.Button{press(bot.ActAnswer, "1.2", "Answer", bot.StylePrimary), press(bot.ActSkip, "1.2", "Skip this step", bot.StylePlain)},
		},
		"post_milestone": {Text: "▶️ Half of *Sales Analysis & Presentation* is done: 5 of 9 steps, $0.20 of $2.00."},
	}
}

func homePage() bot.Page {
	second, third := jobs.JobID("job_2m8v4t1c"), jobs.JobID("job_9x0p6r5d")
	return bot.Page{
		Kind:  bot.PageJobs,
		Title: "Jobs: 1 active, 1 queued, 1 finished",
		Parts: []bot.Part{
			{
				Head:    "▶️ Running · Sales Analysis & Presentation",
				Lines:   []string{"█████████████░░░░░░░ 65% · 6 of 9 done", "12 min, about 8 min left", "Now: 2.1 Sales by region: drawing the chart", "$0.24 of $2.00 · 1,847 tokens"},
				Buttons: []bot.Button{press(bot.ActDetails, "", "View details", bot.StylePlain), press(bot.ActPause, "", "Pause", bot.StylePlain), cancelButton()},
			},
			{
				Head:    "⏳ Queued · Code review - user_auth.py",
				Lines:   []string{"Priority: medium · about 5 min", "Model: qwen3-coder (Ollama)"},
				Buttons: []bot.Button{{Action: bot.ActDetails, Job: second, Label: "View details"}, {Action: bot.ActCancel, Job: second, Label: "Cancel", Style: bot.StyleDanger}},
			},
			{
				Head:    "✅ Completed · Data cleaning script",
				Lines:   []string{"$0.08 · 456 tokens · completed 2 hours ago"},
				Buttons: []bot.Button{{Action: bot.ActResults, Job: third, Label: "View results"}, {Action: bot.ActAgain, Job: third, Label: "Run again"}},
			},
		},
		Pager: []bot.Button{
			{Action: bot.ActNew, Label: "New job", Style: bot.StylePrimary},
			{Action: bot.ActJobs, Arg: "active,0", Label: "Active"},
			{Action: bot.ActJobs, Arg: "queued,0", Label: "Queued"},
			{Action: bot.ActJobs, Arg: "finished,0", Label: "Finished"},
			{Action: bot.ActJobs, Arg: ",1", Label: "Earlier"},
		},
	}
}

func detailsPage() bot.Page {
	return bot.Page{
		Kind:  bot.PageDetails,
		Title: salesTitle,
		Parts: []bot.Part{
			{Head: "▶️ Running · 65%", Lines: []string{"ID job_7k3f9q2x · medium priority · plan 1", "6 of 9 done · 12 min, about 8 min left", "$0.24 of $2.00 · 1,847 tokens"}},
			{Head: "Request", Markdown: "> Analyze the Q4 sales data and create a presentation"},
			{
				Head: "Tree",
				Lines: []string{
					"✅ 1 Data analysis · $0.14 · 9 min", "✅ 1.1 Load and validate data · $0.02 · 1 min", "✅ 1.1.1 Load CSV files · table_query · $0.01",
					"✅ 1.1.2 Validate data integrity · $0.01", "✅ 1.2 Perform analysis · $0.12 · 8 min", "✅ 1.2.1 Calculate key metrics · $0.05",
					"▶️ 2 Charts · $0.06 · 3 min", "▶️ 2.1 Sales by region · chart", "⏳ 3 Presentation",
				},
				Indent: []int{0, 1, 2, 2, 1, 2, 0, 1, 0},
			},
			{Head: "1.2.1 Calculate key metrics", Lines: []string{"claude-sonnet · attempt 1 · 2 turns · 612 tokens"}, Code: "SELECT region, SUM(amount) AS revenue\nFROM q4_sales\nGROUP BY region\nORDER BY revenue DESC"},
		},
		Pager: []bot.Button{press(bot.ActDetails, "1", "More", bot.StylePlain), press(bot.ActPlan, "", "View plan", bot.StylePlain)},
	}
}

func newJobForm() bot.Form {
	return bot.Form{
		Button: bot.Button{Action: bot.ActNew}, Title: "New job", Submit: "Submit",
		Fields: []bot.Field{
			{Key: "request", Label: "What should be done?", Hint: "One or more sentences. The plan is made from them.", Long: true, Max: 3_000},
			{Key: "files", Label: "Files", Files: true, Optional: true},
			{Key: "budget", Label: "Budget in US dollars", Value: "2.00", Max: 10, Optional: true},
			{Key: "priority", Label: "Priority", Value: "medium", Choices: []bot.Choice{
				{Value: "low", Label: "Low"}, {Value: "medium", Label: "Medium"}, {Value: "high", Label: "High"},
			}},
		},
	}
}

func helpReply() bot.Reply {
	return bot.Reply{Page: &bot.Page{Kind: bot.PageHelp, Title: "What Bob can do", Parts: []bot.Part{
		{Markdown: "Say what you want done, attach files if you like:\n\n- `/bob Analyze the Q4 sales data and create a presentation`\n- `@Bob status` in a job's thread\n- `!aside` talks past me"},
	}}}
}
