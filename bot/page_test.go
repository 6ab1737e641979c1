package bot_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

func at(minutes int) *time.Time {
	t := midday.Add(time.Duration(minutes) * time.Minute)
	return &t
}

// sales is the seed's own example, half done.
func sales(r *jobs.Report) {
	one, two := jobs.NodeID(1), jobs.NodeID(2)
	r.Status, r.Progress, r.Current = jobs.StatusWaitingForChildren, 65, "Create slides: slide templates"
	r.StartedAt, r.ElapsedMS, r.RemainingMS = at(-12), 12*60_000, 8*60_000
	r.Summary = jobs.Summary{Total: 3, Completed: 1, Running: 1, Queued: 1}
	r.Forecast = &jobs.ForecastReport{CostLow: "0.20", CostHigh: "0.50", TimeLowMS: 15 * 60_000, TimeHighMS: 20 * 60_000, Steps: 4}
	r.Nodes = []jobs.NodeReport{
		{ID: 1, Type: jobs.TypeRootJob, Status: jobs.StatusWaitingForChildren},
		{ID: 2, Path: "1", Parent: &one, Depth: 1, Type: jobs.TypePlan, Title: "Data Analysis", Status: jobs.StatusCompleted, StartedAt: at(-11), CompletedAt: at(-5)},
		{
			ID: 3, Path: "1.1", Parent: &two, Depth: 2, Type: jobs.TypeTask, Title: "Calculate key metrics", Status: jobs.StatusCompleted, Attempts: 2,
			Prompt: "Sum the revenue by month.", Result: "Revenue grew\nby 12 %.", Provider: "ollama", Model: "qwen3", StartedAt: at(-11), CompletedAt: at(-6),
			Tokens: jobs.Tokens{Input: 1000, Output: 234}, CostUSD: "0.080000000", EstimatedMS: 90_000,
		},
		{
			ID: 4, Path: "2", Parent: &one, Depth: 1, Type: jobs.TypeTask, Title: "Create slides", Status: jobs.StatusRunning, CurrentStep: "slide templates",
			DependsOn: []jobs.NodeID{2}, StartedAt: at(-5), Artifacts: []string{"draft.pptx"},
		},
		{ID: 5, Path: "3", Parent: &one, Depth: 1, Type: jobs.TypeTask, Title: "Send it", Status: jobs.StatusQueued, Reason: jobs.ReasonDependency, DependsOn: []jobs.NodeID{4}, Optional: true},
	}
	r.Artifacts = []jobs.ArtifactReport{{Name: "draft.pptx", Bytes: 48_200, Node: "2"}}
}

func check(t *testing.T, got *bot.Page, want string) {
	t.Helper()
	if diff := cmp.Diff(want, drawn(got)); diff != "" {
		t.Error(diff)
	}
}

func TestJobsPage_asTheDesignDrawsIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.job("job_00000001", jobs.StatusCompleted, func(r *jobs.Report) {
		r.Title, r.CompletedAt, r.Cost.USD, r.Cost.Budget, r.Tokens = "Data Cleaning Script", at(-120), "0.080000000", "", jobs.Tokens{Input: 456}
	})
	h.job("job_00000002", jobs.StatusQueued, func(r *jobs.Report) {
		r.Title, r.RemainingMS, r.Reason = "Code Review - user_auth.py", 5*60_000, jobs.ReasonSlot
	})
	h.job("job_00000003", jobs.StatusRunning, sales)
	h.job("job_00000004", jobs.StatusWaitingForInput, func(r *jobs.Report) {
		r.Title, r.Cost.USD, r.Tokens = "Taxes\n@everyone", "0", jobs.Tokens{}
		r.Waiting = []jobs.Wait{{Status: jobs.StatusWaitingForInput, Reason: jobs.ReasonQuestion, Since: midday.Add(-time.Hour), Text: "The job waits for an answer: Which year?"}}
	})
	h.calls = []jobs.CostLine{{Key: "a", Settled: 300_000_000, Tokens: jobs.Tokens{Input: 2000}, Calls: 3}, {Key: "b", Lost: 20_000_000, Calls: 1}}
	h.schedules = []jobs.Schedule{{ID: "sch_000001", Owner: general.Owner("UA", ""), Request: "Weekly numbers", Zone: "UTC", State: jobs.ScheduleActive, Slots: jobs.Slots{Next: midday.Add(time.Hour)}}}
	page, err := h.Home(t.Context(), bot.HomeQuery{Place: general, User: ann})
	if err != nil {
		t.Fatal(err)
	}
	check(t, &page, `# Jobs: 2 active, 1 queued, 1 finished
## 📋 Active (2)
## ❓ [WAITS FOR YOU] Taxes @everyone
📊 Progress: 0%
❓ The job waits for an answer: Which year?, for 1 h
💰 Cost so far: $0.00 of $2.00 (0 tokens)
🆔 job_00000004
[📋 View details details|job_00000004|] [⏸️ Pause pause|job_00000004|] [❌ Cancel cancel|job_00000004|]
## ▶️ [RUNNING] Sales Analysis & Presentation
📊 Progress: 65% (1 of 3 done)
⏱️ Running: 12 min, est. remaining: 8 min
🔄 Current: Create slides: slide templates
💰 Cost so far: $0.24 of $2.00 (1,847 tokens)
🆔 job_00000003
[📋 View details details|job_00000003|] [⏸️ Pause pause|job_00000003|] [❌ Cancel cancel|job_00000003|]
## ⏳ Queued (1)
## ⏳ [QUEUED] Code Review - user_auth.py
🎯 Priority: Medium
📊 Est: 5 min
⏸️ Waits for a free worker
🆔 job_00000002
[📋 View details details|job_00000002|] [⏸️ Pause pause|job_00000002|] [❌ Cancel cancel|job_00000002|]
## 🏁 Finished (1)
## ✅ [COMPLETED] Data Cleaning Script
💰 Cost: $0.0800 (456 tokens)
🕐 Completed 2 h ago
🆔 job_00000001
[📄 View results results|job_00000001|] [🔄 Run again again|job_00000001|]
💰 This month, jobs that you may see: $0.32 (2,000 tokens, 4 calls)
## 🔁 Schedules (1)
Mon 2 Mar 2026 13:00 UTC · Weekly numbers
"schedules" lists all of them.
[Active (2) jobs||active,,all,0,] [Queued (1) jobs||queued,,all,0,] [Finished (1) jobs||finished,,all,0,] [Only mine jobs||,,mine,0,] [➕ New job new||]
`)
	if q := h.asked[0]; q.Workspace != "slack:T1" || q.User != "" || !q.Since.Equal(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("the month's cost was asked as %+v", q)
	}
}

func TestJobsPage_filtersAndPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for i := range 23 {
		h.job(jobs.JobID(fmt.Sprintf("job_%08d", i)), jobs.StatusFailed, func(r *jobs.Report) { r.Title = fmt.Sprintf("Sales %d", i) })
	}
	h.posted["job_00000000"] = jobs.Posted{Job: "job_00000000", Place: thread, User: thread.UserOf("UB")}
	count := func(reply bot.Reply) (entries int, text string) {
		text = drawn(reply.Page)
		return strings.Count(text, "[FAILED]"), text
	}
	n, text := count(h.says(ann, bot.WayCommand, general, "jobs"))
	if n != 5 || !strings.Contains(text, "… and 17 more.") || !strings.Contains(text, "Finished (22)") {
		t.Errorf("all: %d of\n%s", n, text)
	}
	n, text = count(h.says(ann, bot.WayCommand, general, "jobs all failed"))
	if n != 10 || !strings.Contains(text, "… and 13 more.") {
		t.Errorf("failed: %d of\n%s", n, text)
	}
	n, text = count(h.says(ann, bot.WayCommand, general, "jobs finished"))
	if n != 10 || !strings.Contains(text, "[Older ▶ jobs||finished,,mine,1,]") {
		t.Errorf("finished: %d of\n%s", n, text)
	}
	n, text = count(h.clicks(ann, bot.Button{Action: bot.ActJobs, Arg: "finished,,mine,2,"}, nil))
	if n != 2 || !strings.Contains(text, "[◀ Newer jobs||finished,,mine,1,]") || strings.Contains(text, "Older") {
		t.Errorf("the last page: %d of\n%s", n, text)
	}
	if n, text = count(h.says(ann, bot.WayCommand, general, `jobs "sales 21"`)); n != 1 {
		t.Errorf("sought: %d of\n%s", n, text)
	}
	if n, text = count(h.says(bea, bot.WayCommand, general, "jobs")); n != 1 {
		t.Errorf("bea's: %d of\n%s", n, text)
	}
	alone := jobs.Place{Surface: "discord", Channel: "D1"}
	if _, text = count(h.says(ann, bot.WayDirect, alone, "jobs all")); !strings.Contains(text, "There are no jobs yet.") {
		t.Errorf("in direct messages:\n%s", text)
	}
}

func TestDetailsPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.job("job_00000003", jobs.StatusRunning, sales)
	h.find("job_00000003").Waiting = []jobs.Wait{{Path: "2", Status: jobs.StatusWaitingForInput, Reason: jobs.ReasonBudget, Since: midday.Add(-time.Minute), Text: "Step 2 (Create slides) waits for money"}}
	h.find("job_00000003").Cost.Shortage = &jobs.Shortage{Add: "1.000000000", Question: "The job's budget is $2.00."}
	check(t, h.says(ann, bot.WayCommand, general, "status job_00000003").Page, `# Job: Sales Analysis & Presentation
## ▶️ Running
🆔 Job ID: job_00000003
📊 Progress: 65% · 1 of 3 done
🎯 Priority: Medium
⏱️ Duration: 12 min · about 8 min left
🔄 Current: Create slides: slide templates
💰 Cost: $0.24 of $2.00 (1,847 tokens)
🔮 Forecast: $0.20 to $0.50 · 15 min to 20 min
🗓️ Created: Mon 2 Mar 2026 11:45 UTC
[📋 View details details|job_00000003|] [⏸️ Pause pause|job_00000003|] [❌ Cancel cancel|job_00000003|]
## Waits for
Step 2 (Create slides) waits for money · for 1 min
The job's budget is $2.00. Add $1.00, finish with what there is, or stop?
[➕ $1.00 add|job_00000003|1.000000000] [🏁 Finish with what there is finish|job_00000003|]
## Steps (4)
✅ 1 Data Analysis · completed · 6 min
  ✅ 1.1 Calculate key metrics · completed · 5 min · $0.0800
▶️ 2 Create slides · running: slide templates · 5 min
⏳ 3 Send it · queued: waits for an earlier step
[▶️ Step 2 details|job_00000003|/2]
## Files (1)
📎 draft.pptx (48 kB), made by step 2
`)
	check(t, h.says(ann, bot.WayCommand, general, "status job_00000003 1.1").Page, `# Step 1.1: Calculate key metrics
## ✅ Completed
🆔 job_00000003 step 1.1 (task)
🔧 Model: ollama/qwen3
💰 Cost: $0.0800 (1,234 tokens)
⏱️ Duration: 5 min
🔁 Attempts: 2
[🔁 Run again from here rerun|job_00000003|1.1]
## Prompt
| Sum the revenue by month.
## Result
| Revenue grew
| by 12 %.
[◀ The whole job details|job_00000003|]
`)
}

func TestDetailsPage_pagesThroughALargeTree(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.job("job_00000001", jobs.StatusRunning, func(r *jobs.Report) {
		r.Nodes = append(r.Nodes, jobs.NodeReport{ID: 1})
		for i := 1; i <= 95; i++ {
			r.Nodes = append(r.Nodes, jobs.NodeReport{ID: jobs.NodeID(i + 1), Path: fmt.Sprint(i), Depth: 1, Type: jobs.TypeTask, Title: "T", Status: jobs.StatusFailed})
		}
	})
	b := bot.Button{Action: bot.ActDetails, Job: "job_00000001", Arg: "99"}
	text := drawn(h.clicks(ann, b, nil).Page)
	for _, want := range []string{"## Steps 81 to 95 of 95\n❌ 81 T", "[◀ Earlier steps details|job_00000001|1]", "[❌ Step 85 details|job_00000001|/85]\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "Later steps") || strings.Count(text, "\n❌ ") != 15 {
		t.Errorf("the last page is\n%s", text)
	}
}

func TestResultsPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.job("job_00000003", jobs.StatusRunning, func(r *jobs.Report) {
		sales(r)
		r.Status, r.Result, r.CompletedAt, r.Error = jobs.StatusPartial, "# Sales\nRevenue grew by 12 %.", at(0), "Step 3 failed."
		r.Reason = jobs.ReasonChildrenFailed
		r.Nodes[3].Status, r.Nodes[3].Result = jobs.StatusCompleted, strings.Repeat("slide ", 100)
		r.Nodes[4].Status, r.Nodes[4].Error = jobs.StatusFailed, "No mail server."
		r.Summary = jobs.Summary{Total: 3, Completed: 2, Failed: 1}
	})
	check(t, h.says(ann, bot.WayCommand, general, "results job_00000003").Page, `# Job Results: Sales Analysis & Presentation
## Status: ⚠️ Partly completed: steps below it failed
Duration: 12 min
Cost: $0.24 of $2.00 (1,847 tokens)
Job ID: job_00000003
Steps: 2 of 3 done, 1 failed
## Original request
| Analyze the Q4 sales data and create a presentation
## Answer
⚠️ Step 3 failed.
| # Sales
| Revenue grew by 12 %.
## How it was done (4 steps)
✅ 1 Data Analysis
  ✅ 1.1 Calculate key metrics · ollama/qwen3 (1,234 tokens)
    Result: Revenue grew by 12 %.
✅ 2 Create slides
  Result: `+strings.Repeat("slide ", 33)+`s…
❌ 3 Send it
  Error: No mail server.
## Files (1)
📎 draft.pptx (48 kB), made by step 2
[📋 View details details|job_00000003|] [🔄 Run again again|job_00000003|] [🔁 Retry failed retry|job_00000003|] [👍 Of use good|job_00000003|] [👎 Not of use bad|job_00000003|]
`)
	h.find("job_00000003").Result = strings.Repeat("word ", 3000)
	if text := drawn(h.says(ann, bot.WayCommand, general, "results job_00000003").Page); !strings.Contains(text, "… (9,000 more characters)") {
		t.Error("what is cut of a long answer is not said")
	}
}

func TestPlanPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.job("job_00000003", jobs.StatusRunning, func(r *jobs.Report) {
		sales(r)
		r.Status, r.Reason, r.PlanRevision = jobs.StatusAwaitingApproval, jobs.ReasonApproval, 2
		for i := range r.Nodes {
			r.Nodes[i].Status = jobs.StatusQueued
		}
	})
	h.plan = jobs.Plan{Steps: []jobs.Step{{Key: "1.1", Tools: []string{"table_query", "chart"}}}}
	check(t, h.says(ann, bot.WayCommand, general, "plan job_00000003").Page, `# Plan of Sales Analysis & Presentation
## ✋ Waits for approval
🆔 Job ID: job_00000003
🗺️ Revision: 2
🔮 Forecast: $0.20 to $0.50 · 15 min to 20 min
💰 Budget: $2.00
## Steps (4)
⏳ 1 Data Analysis
  ⏳ 1.1 Calculate key metrics · uses table_query, chart · about 1 min 30 s
⏳ 2 Create slides · after 1
⏳ 3 Send it · after 2 · optional
[▶️ Run approve|job_00000003|2] [✏️ Edit edit|job_00000003|2] [💸 Cheaper cheaper|job_00000003|2] [❌ Cancel reject|job_00000003|2]
`)
}

func TestCostPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.calls = []jobs.CostLine{
		{Key: "slack:T1:UA", Settled: 100_000_000, Tokens: jobs.Tokens{Input: 1000}, Calls: 2},
		{Key: "slack:T1:UB", Settled: 300_000_000, Reserved: 50_000_000, Calls: 1, Unpriced: 1},
	}
	check(t, h.says(ann, bot.WayCommand, general, "cost by user").Page, `# Cost this month, of the jobs that you may see
## Total: $0.40 (1,000 tokens, 3 calls), $0.0500 reserved, 1 call of unknown price
## By user
UB: $0.30 (0 tokens, 1 call), $0.0500 reserved, 1 call of unknown price
UA: $0.10 (1,000 tokens, 2 calls)
`)
	h.job("job_00000003", jobs.StatusRunning, func(r *jobs.Report) {
		sales(r)
		r.Calls = []jobs.CallReport{
			{Purpose: "plan", Provider: "p", Model: "large", Status: jobs.CallOK, Input: 10, CostUSD: "0.10"},
			{Purpose: "turn", Provider: "p", Model: "small", Status: jobs.CallOK, Input: 5, CostUSD: "0.01"},
			{Purpose: "turn", Provider: "p", Model: "small", Status: jobs.CallLost, CostUSD: "0.02"},
			{Purpose: "turn", Provider: "p", Model: "small", Status: jobs.CallSent, CostUSD: "0.04"},
			{Purpose: "turn", Provider: "p", Model: "free", Status: jobs.CallOK},
		}
	})
	check(t, h.says(ann, bot.WayMention, thread, "cost").Page, `# Cost of Sales Analysis & Presentation
## Total: $0.24 of $2.00 (1,847 tokens)
🆔 Job ID: job_00000003
🔮 Forecast: $0.20 to $0.50 · 15 min to 20 min
## By purpose and model
plan, p/large: $0.10 (10 tokens, 1 call)
turn, p/small: $0.0300 (5 tokens, 3 calls), $0.0400 reserved
turn, p/free: $0.00 (0 tokens, 1 call), 1 call of unknown price
`)
}

func TestHelpPage_knowsEveryCommand(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	text := drawn(h.says(ann, bot.WayCommand, general, "help").Page)
	for _, command := range []string{
		"jobs", "status", "results", "plan", "cost", "pause", "resume", "cancel", "retry", "rerun", "skip", "finish", "priority", "answer", "mute", "unmute",
		"approve", "edit", "cheaper", "reject", "budget", "schedule", "schedules", "submit", "help",
	} {
		if !strings.Contains(text, "\n"+command) {
			t.Errorf("help does not know %s", command)
		}
		if one := h.says(ann, bot.WayCommand, general, "help "+command).Page; len(one.Parts) != 1 {
			t.Errorf("help with %s has %d parts", command, len(one.Parts))
		}
	}
}
