package bot_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/bottest"
	"github.com/askbob/bob/jobs"
)

var update = flag.Bool("update", false, "write the golden files anew")

func cardTime() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

func ref[T any](v T) *T { return &v }

// runningReport is of a job that has gone on for four minutes.
func runningReport() jobs.Report {
	return jobs.Report{
		ID: "job_7k3f9q2x", Title: "Q4 sales deck", Request: "Analyze the Q4 sales data", Status: jobs.StatusWaitingForChildren, Desired: jobs.DesiredRun,
		Progress: 41.6, Current: "Draw the charts: turn 2", StartedAt: ref(cardTime().Add(-4*time.Minute - 7*time.Second)),
		ElapsedMS: 247_000, RemainingMS: 185_000, PlanRevision: 2,
		Cost: jobs.CostReport{USD: "0.031200000", Budget: "2.000000000"}, Tokens: jobs.Tokens{Input: 12_000, Output: 345},
		Summary: jobs.Summary{Total: 9, Completed: 3, Failed: 1, Running: 2, Queued: 3},
	}
}

func top() []jobs.TopStep {
	leaf := func(n jobs.Summary) jobs.Summary { n.Total = 1; return n }
	return []jobs.TopStep{
		{Path: "1", Title: "Read the table", Status: jobs.StatusCompleted, Leaves: leaf(jobs.Summary{Completed: 1})},
		{Path: "2", Title: "Analyse", Status: jobs.StatusWaitingForChildren, Leaves: jobs.Summary{Total: 5, Completed: 2, Failed: 1, Running: 2}},
		{Path: "3", Title: "Draw the charts", Status: jobs.StatusRunning, Current: "turn 2", Leaves: leaf(jobs.Summary{Running: 1})},
		{Path: "4", Title: "Ask the oracle", Status: jobs.StatusFailed, Reason: jobs.ReasonModel, Error: "The model's provider refused the key.", Leaves: leaf(jobs.Summary{Failed: 1})},
		{Path: "5", Title: "Make\nthe deck", Status: jobs.StatusQueued, Reason: jobs.ReasonDependency, Leaves: leaf(jobs.Summary{Queued: 1})},
		{Path: "6", Title: "Nobody needs it", Status: jobs.StatusRunning, Desired: jobs.DesiredCancel, Leaves: leaf(jobs.Summary{Running: 1})},
	}
}

func wait(path string, status jobs.Status, reason jobs.Reason, text string, since time.Duration) jobs.Wait {
	return jobs.Wait{Path: path, Status: status, Reason: reason, Text: text, Since: cardTime().Add(-since)}
}

// scenes are jobs in every state that looks different.
func scenes() map[string]func() (jobs.Report, bot.CardView) {
	scene := func(change func(r *jobs.Report, v *bot.CardView)) func() (jobs.Report, bot.CardView) {
		return func() (jobs.Report, bot.CardView) {
			r, v := runningReport(), bot.CardView{Top: top(), More: 4}
			change(&r, &v)
			return r, v
		}
	}
	final := func(status jobs.Status, reason jobs.Reason, text string) func() (jobs.Report, bot.CardView) {
		return scene(func(r *jobs.Report, v *bot.CardView) {
			r.Status, r.Reason, r.Error, r.Current, r.CompletedAt = status, reason, text, "", ref(cardTime())
			r.Progress, r.RemainingMS, v.More, v.Top = 88.8, 0, 0, v.Top[:1]
		})
	}
	return map[string]func() (jobs.Report, bot.CardView){
		"running": scene(func(*jobs.Report, *bot.CardView) {}),
		"planning": scene(func(r *jobs.Report, v *bot.CardView) {
			r.Status, r.Current, r.Progress, r.StartedAt, r.ElapsedMS = jobs.StatusPlanning, "Planning: Q4 sales deck", 0, nil, 0
			r.Summary, r.RemainingMS, r.Tokens, r.Cost.USD, *v = jobs.Summary{}, 60_000, jobs.Tokens{}, "0", bot.CardView{}
		}),
		"awaiting-approval": scene(func(r *jobs.Report, v *bot.CardView) {
			v.Top, v.More = []jobs.TopStep{
				{Path: "1", Title: "Read the table", Status: jobs.StatusQueued, Reason: jobs.ReasonApproval, Leaves: jobs.Summary{Total: 1, Queued: 1}},
				{Path: "2", Title: "Analyse", Status: jobs.StatusQueued, Reason: jobs.ReasonApproval, Leaves: jobs.Summary{Total: 8, Queued: 8}},
			}, 0
			r.Status, r.Current, r.Reason = jobs.StatusAwaitingApproval, "", jobs.ReasonApproval
			r.Waiting = []jobs.Wait{wait("", r.Status, r.Reason, "The job waits for a yes to its plan", 7*time.Minute)}
			r.Forecast = &jobs.ForecastReport{CostLow: "0.040000000", CostHigh: "0.110000000", TimeLowMS: 120_000, TimeHighMS: 300_000, Steps: 9, Unpriced: 1}
		}),
		"waits-for-answers": scene(func(r *jobs.Report, _ *bot.CardView) {
			r.Summary.Running, r.Current = 0, ""
			asks := wait("2.1", jobs.StatusWaitingForInput, jobs.ReasonQuestion, "Step 2.1 (Pick) waits for an answer: Which year?", 65*time.Minute)
			asks.Until = ref(cardTime().Add(time.Hour))
			r.Waiting = []jobs.Wait{asks, wait("3", jobs.StatusWaitingForInput, jobs.ReasonEffectUnknown, "Step 3 (Send) waits for you to say whether something happened: was it sent?", 30*time.Second)}
		}),
		"waits-for-an-answer-and-works": scene(func(r *jobs.Report, v *bot.CardView) {
			r.Waiting = []jobs.Wait{wait("2.1", jobs.StatusWaitingForInput, jobs.ReasonQuestion, "Step 2.1 (Pick) waits for an answer: Which year?", 26*time.Hour)}
			v.Muted = true
		}),
		"waits-for-money": scene(func(r *jobs.Report, _ *bot.CardView) {
			r.Summary.Running, r.Current = 0, ""
			r.Waiting = []jobs.Wait{wait("3", jobs.StatusWaitingForInput, jobs.ReasonBudget, "Step 3 (Draw) waits for money: The job's budget is $2.00, of which $1.99 is spent.", 3*time.Minute)}
			r.Cost.Shortage = &jobs.Shortage{Purse: jobs.PurseJob, Missing: "0.200000000", Add: "1.000000000"}
		}),
		"waits-for-tomorrows-money": scene(func(r *jobs.Report, _ *bot.CardView) {
			r.Status, r.Reason = jobs.StatusWaitingForInput, jobs.ReasonBudget
			r.Cost.Shortage = &jobs.Shortage{Purse: jobs.PurseUserDay, Missing: "0.200000000", Until: ref(cardTime().Add(12 * time.Hour))}
		}),
		"being-paused": scene(func(r *jobs.Report, _ *bot.CardView) { r.Desired = jobs.DesiredPause }),
		"paused": scene(func(r *jobs.Report, _ *bot.CardView) {
			r.Desired, r.Status, r.Reason, r.Current, r.Summary.Running = jobs.DesiredPause, jobs.StatusPaused, jobs.ReasonUser, "", 0
			r.Waiting = []jobs.Wait{wait("", r.Status, r.Reason, "The job is paused", 3*time.Hour+20*time.Minute)}
		}),
		"being-cancelled": scene(func(r *jobs.Report, _ *bot.CardView) { r.Desired = jobs.DesiredCancel }),
		"completed": scene(func(r *jobs.Report, v *bot.CardView) {
			r.Status, r.Current, r.CompletedAt, r.Progress, r.RemainingMS = jobs.StatusCompleted, "", ref(cardTime()), 100, 0
			r.Summary, *v = jobs.Summary{Total: 9, Completed: 9}, bot.CardView{Top: top()[:1]}
		}),
		"partial":   final(jobs.StatusPartial, jobs.ReasonChildrenFailed, ""),
		"failed":    final(jobs.StatusFailed, jobs.ReasonPlanInvalid, "The plan is not valid:\nstep 2 depends on itself."),
		"cancelled": final(jobs.StatusCancelled, jobs.ReasonUser, ""),
	}
}

func TestNewCard_looks(t *testing.T) {
	t.Parallel()
	for name, scene := range scenes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, v := scene()
			c := bot.NewCard(&r, v, cardTime())
			golden(t, "card-"+name+".txt", bottest.Dump(&c))
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestNewCard_changesSeldomWithTime looks at jobs in which nothing happens, every
// second: each difference would cost an edit.
func TestNewCard_changesSeldomWithTime(t *testing.T) {
	t.Parallel()
	for name, most := range map[string]int{
		"running": 60, "paused": 2, "awaiting-approval": 12, "waits-for-answers": 4 + 12 + 2, "completed": 0, "failed": 0,
	} {
		r, v := scenes()[name]()
		dump := func(after int) string {
			c := bot.NewCard(&r, v, cardTime().Add(time.Duration(after)*time.Second))
			return bottest.Dump(&c)
		}
		changes, last := 0, dump(0)
		for s := range 3600 {
			if text := dump(s); text != last {
				changes, last = changes+1, text
			}
		}
		if changes > most {
			t.Errorf("%s: the card changes %d times in an hour, at most %d were expected", name, changes, most)
		}
	}
}

func TestNewCard_isBoundedAndOnOneLine(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("wörd\n", 5_000)
	r, v := scenes()["waits-for-answers"]()
	r.Title, r.Current, r.Error = long, long, long
	for i := range r.Waiting {
		r.Waiting[i].Text = long
	}
	for i := range v.Top {
		v.Top[i].Title, v.Top[i].Current, v.Top[i].Error = long, long, long
	}
	for _, status := range []jobs.Status{jobs.StatusRunning, jobs.StatusFailed} {
		r.Status = status
		c := bot.NewCard(&r, v, cardTime())
		texts := slices.Concat([]string{c.Title, c.State, c.Activity}, c.Facts, c.Waits, c.Hints)
		for _, s := range c.Steps {
			texts = append(texts, s.Title, s.State, s.Detail)
		}
		for _, text := range texts {
			if utf8.RuneCountInString(text) > 400 || strings.Contains(text, "\n") {
				t.Errorf("%s: %d characters: %.60q", status, utf8.RuneCountInString(text), text)
			}
		}
		for _, b := range c.Buttons {
			got, ok := bot.ParseValue(b.Value())
			if !ok || got.Action != b.Action || got.Job != b.Job || got.Arg != b.Arg {
				t.Errorf("the button %q is read as %+v", b.Value(), got)
			}
		}
	}
}
