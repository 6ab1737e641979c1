package jobs_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/askbob/bob/jobs"
)

func TestChildren_Judge(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		children jobs.Children
		policy   jobs.OnFailure
		want     jobs.Status
	}{
		"all completed":                    {jobs.Children{Completed: 3}, "", jobs.StatusCompleted},
		"one partial":                      {jobs.Children{Completed: 2, Partial: 1}, "", jobs.StatusPartial},
		"an optional one failed":           {jobs.Children{Completed: 2, OptionalBad: 1}, "", jobs.StatusPartial},
		"some required failed":             {jobs.Children{Completed: 1, Failed: 2}, "", jobs.StatusPartial},
		"one skipped":                      {jobs.Children{Completed: 1, Skipped: 1}, "", jobs.StatusPartial},
		"all required failed":              {jobs.Children{Failed: 2}, "", jobs.StatusFailed},
		"all failed, an optional one good": {jobs.Children{Failed: 2, OptionalGood: 1}, "", jobs.StatusFailed},
		"all cancelled":                    {jobs.Children{Cancelled: 2}, "", jobs.StatusCancelled},
		"failed and cancelled":             {jobs.Children{Cancelled: 2, Failed: 1}, "", jobs.StatusFailed},
		"no children at all":               {jobs.Children{}, "", jobs.StatusFailed},
		"only optional, all bad":           {jobs.Children{OptionalBad: 2}, "", jobs.StatusFailed},
		"only optional, all good":          {jobs.Children{OptionalGood: 2}, "", jobs.StatusCompleted},
		"quorum reached, rest skipped":     {jobs.Children{Completed: 2, Skipped: 3}, "quorum:2", jobs.StatusCompleted},
		"quorum missed":                    {jobs.Children{Completed: 1, Failed: 3}, "quorum:2", jobs.StatusPartial},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, _ := tt.children.Judge(tt.policy); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestChildren_Judge_isNeverGreenOverRed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string) int { return rapid.IntRange(0, 3).Draw(t, name) }
		c := jobs.Children{
			Completed: n("completed"), Partial: n("partial"), Failed: n("failed"), Skipped: n("skipped"),
			Cancelled: n("cancelled"), OptionalGood: n("good"), OptionalBad: n("bad"),
		}
		got, _ := c.Judge("")
		if !got.Final() {
			t.Fatalf("%+v: %s is not final", c, got)
		}
		if got == jobs.StatusCompleted && (c.Bad() > 0 || c.Partial > 0 || c.OptionalBad > 0) {
			t.Fatalf("%+v is completed", c)
		}
		if got.Good() && c.Good()+c.OptionalGood == 0 {
			t.Fatalf("%+v is %s with nothing to show", c, got)
		}
	})
}

func TestEvent_CanBecome_leavesNoWayOutOfAFinalStateButReopening(t *testing.T) {
	t.Parallel()
	events := []jobs.Event{
		jobs.EventSubmit, jobs.EventOneStep, jobs.EventPlanned, jobs.EventAskApproval, jobs.EventApprove, jobs.EventRewrite, jobs.EventReady, jobs.EventClaim,
		jobs.EventClaimPlan, jobs.EventComplete, jobs.EventPartial, jobs.EventFail, jobs.EventRetry, jobs.EventPark, jobs.EventUnpark,
		jobs.EventChildren, jobs.EventSkip, jobs.EventPause, jobs.EventResume, jobs.EventCancel,
	}
	for _, e := range events {
		for _, from := range jobs.Statuses() {
			for _, to := range jobs.Statuses() {
				if from.Final() && e.CanBecome(from, to) {
					t.Errorf("%s turns %s into %s", e, from, to)
				}
			}
		}
	}
	for _, s := range jobs.Statuses() {
		reopens := jobs.EventReopen.CanBecome(s, jobs.StatusQueued)
		if reopens != s.Final() {
			t.Errorf("reopening %s: got %v, want %v", s, reopens, s.Final())
		}
		rewrites := jobs.EventRewrite.CanBecome(s, jobs.StatusPlanning)
		if rewrites != (s == jobs.StatusAwaitingApproval) {
			t.Errorf("changing the plan of a node that is %s: got %v", s, rewrites)
		}
		cancels := jobs.EventCancel.CanBecome(s, jobs.StatusCancelled)
		if cancels == s.Final() {
			t.Errorf("cancelling %s: got %v, want %v", s, cancels, !s.Final())
		}
	}
}

func TestCrossed_isOneMilestoneForSeveral(t *testing.T) {
	t.Parallel()
	tests := []struct {
		before, after float64
		want          int
	}{{0, 10, 0}, {0, 25, 25}, {25, 40, 0}, {24.9, 25.1, 25}, {10, 80, 75}, {75, 100, 0}}
	for _, tt := range tests {
		if got := jobs.Crossed(tt.before, tt.after); got != tt.want {
			t.Errorf("Crossed(%v, %v) = %d, want %d", tt.before, tt.after, got, tt.want)
		}
	}
}

func TestComparePaths_isTheOrderOfPeople(t *testing.T) {
	t.Parallel()
	ordered := []string{"", "1", "1.1", "1.2", "1.2.1", "1.10", "2", "10"}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := jobs.ComparePaths(a, b); got < 0 != (i < j) || got > 0 != (i > j) {
				t.Errorf("ComparePaths(%q, %q) = %d", a, b, got)
			}
		}
	}
}

func TestFreeName_keepsFilesApartAndInTheirFolder(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		taken []string
		want  string
	}{
		{"a.csv", nil, "a.csv"},
		{"a.csv", []string{"A.CSV"}, "a-2.csv"},
		{"a.csv", []string{"a.csv", "a-2.csv"}, "a-3.csv"},
		{"../../etc/passwd", nil, "passwd"},
		{`C:\x\y.txt`, nil, "y.txt"},
		{"..", nil, "file"},
		{"", nil, "file"},
		{"a\x00b\n", nil, "a_b_"},
		{"Umsätze 2025.xlsx", nil, "Umsätze 2025.xlsx"},
	}
	for _, tt := range tests {
		if got := jobs.FreeName(tt.name, tt.taken); got != tt.want {
			t.Errorf("FreeName(%q, %q) = %q, want %q", tt.name, tt.taken, got, tt.want)
		}
	}
}
