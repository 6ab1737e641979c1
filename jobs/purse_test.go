package jobs_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

func dollars(t *testing.T, text string) jobs.Money {
	t.Helper()
	m, err := jobs.ParseMoney(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestShortError_saysWhichPurseIsShortAndByHowMuch(t *testing.T) {
	t.Parallel()
	job := jobs.Purse{Kind: jobs.PurseJob, Budget: dollars(t, "2"), Spent: dollars(t, "1.80"), Reserved: dollars(t, "0.15")}
	day := jobs.Purse{
		Kind: jobs.PurseUserDay, Budget: dollars(t, "5"), Spent: dollars(t, "4.90"), Ends: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC),
	}
	branch := jobs.Purse{Kind: jobs.PurseBranch, Path: "1.2", Budget: dollars(t, "0.20")}
	tests := map[string]struct {
		purses    []jobs.Purse
		need      string
		text, ask string
		passing   bool
	}{
		"the job's": {
			[]jobs.Purse{job},
			"0.25",
			"The job's budget is $2.00, of which $1.80 is spent and $0.15 reserved: the next call may cost $0.25, so $0.20 is missing.",
			" Add $1.00, finish with what there is, or stop?", false,
		},
		"the job's, for now": {
			[]jobs.Purse{job},
			"0.10",
			"The job's budget is $2.00, of which $1.80 is spent and $0.15 reserved: the next call may cost $0.10, so $0.0500 is missing.",
			" Add $1.00, finish with what there is, or stop?", true,
		},
		"a branch's": {
			[]jobs.Purse{branch},
			"1.50",
			"The budget of step 1.2 is $0.20, of which $0.00 is spent: the next call may cost $1.50, so $1.30 is missing.",
			" Add $2.00, finish with what there is, or stop?", false,
		},
		"a day's beside the job's": {
			[]jobs.Purse{job, day},
			"0.25",
			"The job's budget is $2.00, of which $1.80 is spent and $0.15 reserved: the next call may cost $0.25, so $0.20 is missing; " +
				"the budget per person and day is $5.00, of which $4.90 is spent: the next call may cost $0.25, so $0.15 is missing.",
			" It goes on at 2026-03-02 00:00 UTC. Wait, finish with what there is, or stop?", false,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &jobs.ShortError{Need: dollars(t, tt.need), Purses: tt.purses}
			if got := e.Error(); got != tt.text {
				t.Error(cmp.Diff(tt.text, got))
			}
			if got := e.Shortage().Ask(); got != tt.text+tt.ask {
				t.Error(cmp.Diff(tt.text+tt.ask, got))
			}
			if e.Passing() != tt.passing || !errors.Is(e, jobs.ErrBudget) {
				t.Errorf("passing: %t; it is %v", e.Passing(), errors.Unwrap(e))
			}
		})
	}
}

func TestTopUp_isWholeDollars(t *testing.T) {
	t.Parallel()
	for missing, want := range map[jobs.Money]jobs.Money{0: llm.Dollar, 1: llm.Dollar, llm.Dollar: llm.Dollar, llm.Dollar + 1: 2 * llm.Dollar} {
		if got := jobs.TopUp(missing); got != want {
			t.Errorf("%s missing: got %s, want %s", missing, got, want)
		}
	}
}

func TestParseApproval(t *testing.T) {
	t.Parallel()
	good := map[string]jobs.Approval{
		"never":       {Mode: jobs.ApproveNever},
		" always ":    {Mode: jobs.ApproveAlways},
		"over $1":     {Mode: jobs.ApproveOver, Over: llm.Dollar},
		"over: 0.50":  {Mode: jobs.ApproveOver, Over: llm.Dollar / 2},
		"over  $2.00": {Mode: jobs.ApproveOver, Over: 2 * llm.Dollar},
	}
	for text, want := range good {
		got, err := jobs.ParseApproval(text)
		if err != nil || got != want {
			t.Errorf("%q: got %+v %v, want %+v", text, got, err, want)
		}
		if again, err := jobs.ParseApproval(got.String()); err != nil || again != got {
			t.Errorf("%q does not survive as %q", text, got)
		}
	}
	for _, text := range []string{"", "over", "over much", "over -1", "sometimes", "never $1"} {
		if got, err := jobs.ParseApproval(text); err == nil {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}
