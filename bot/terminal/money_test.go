package terminal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
)

func TestForecast_isComparedWithTheOutcome(t *testing.T) {
	t.Parallel()
	r := &jobs.Report{Status: jobs.StatusRunning, ElapsedMS: 200_000, Cost: jobs.CostReport{USD: "0.131000000"}}
	if got := terminal.Forecast(r); got != "" {
		t.Errorf("got %q without a forecast", got)
	}
	r.Forecast = jobs.Forecast{CostLow: 120_000_000, CostHigh: 450_000_000, TimeLow: time.Minute, TimeHigh: 3 * time.Minute, Unpriced: 2}.Report()
	want := "Forecast: $0.12 to $0.45 · 1 min to 3 min (without 2 steps whose price is unknown)"
	if got := terminal.Forecast(r); got != want {
		t.Error(cmp.Diff(want, got))
	}
	r.Status = jobs.StatusCompleted
	if got := terminal.Forecast(r); got != want+"; it was $0.13 · 3 min 20 s" {
		t.Errorf("got %q, want the outcome too", got)
	}
	r.Forecast = jobs.Forecast{TimeLow: time.Second, TimeHigh: time.Second}.Report()
	r.Status = jobs.StatusRunning
	if got := terminal.Forecast(r); got != "Forecast: $0.00 · 1.0 s" {
		t.Errorf("got %q, want no range of one value", got)
	}
}

func TestDetail_saysWhatMoneyIsMissing(t *testing.T) {
	t.Parallel()
	r := &jobs.Report{ID: "job_1", Status: jobs.StatusWaitingForChildren, Cost: jobs.CostReport{
		USD: "0.1", Shortage: &jobs.Shortage{Question: "The job's budget is short.", Add: "1.000000000"},
	}}
	got := terminal.Detail(r, time.Now())
	if !strings.Contains(got, "Money: The job's budget is short. Add $1.00, finish with what there is, or stop?") {
		t.Errorf("got %s", got)
	}
}

func TestCosts_isAlignedAndExact(t *testing.T) {
	t.Parallel()
	lines := []jobs.CostLine{
		{Key: "", Settled: 31_200_000, Lost: 1, Tokens: jobs.Tokens{Input: 1234}, Calls: 2},
		{Key: "müller", Settled: 12_000_000_000, Reserved: 5, Calls: 1, Unpriced: 1},
		{Key: "bad\x1b[31m\nname", Calls: 1},
	}
	want := strings.Join([]string{
		"USER             SETTLED         LOST     RESERVED  TOKENS  CALLS  UNPRICED",
		"(terminal)   0.031200000  0.000000001  0.000000000   1,234      2         0",
		"müller      12.000000000  0.000000000  0.000000005       0      1         1",
		"bad name     0.000000000  0.000000000  0.000000000       0      1         0",
		"total       12.031200000  0.000000001  0.000000005   1,234      4         1",
		"",
	}, "\n")
	if diff := cmp.Diff(want, terminal.Costs(jobs.CostByUser, lines)); diff != "" {
		t.Error(diff)
	}
	if got := terminal.Costs(jobs.CostByDay, nil); got != "No model was called in that time.\n" {
		t.Errorf("got %q for no calls", got)
	}
	got := terminal.Costs(jobs.CostByJob, []jobs.CostLine{{Key: "job_1", Title: "Sales"}})
	if !strings.Contains(got, "TITLE\n") || !strings.Contains(got, "Sales\n") {
		t.Errorf("got %s, want the jobs' titles", got)
	}
}
