package jobs

import (
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// reasons says in words why a node waits or how it ended.
var reasons = map[Reason]string{ //nolint:gochecknoglobals // a constant table
	ReasonDependency:       "waits for an earlier step",
	ReasonSlot:             "waits for a free worker",
	ReasonRetryAt:          "will be tried again",
	ReasonRateLimit:        "waits for the model's rate limit",
	ReasonBudget:           "the budget does not cover the next call",
	ReasonApproval:         "waits for approval of the plan",
	ReasonQuestion:         "waits for an answer",
	ReasonTimeout:          "took too long",
	ReasonDependencyFailed: "an earlier step failed",
	ReasonChildrenFailed:   "steps below it failed",
	ReasonUser:             "by a person",
	ReasonPlanInvalid:      "no valid plan",
	ReasonTruncated:        "the model's answer was cut off",
	ReasonContentPolicy:    "the model refused the content",
	ReasonWorkerLost:       "its worker was lost",
	ReasonEffectUnknown:    "it is unknown whether it acted",
	ReasonExpired:          "nobody answered in time",
	ReasonModel:            "the model's provider refused",
	ReasonUnpriced:         "the model's price is unknown",
	ReasonNotNeeded:        "not needed",
	ReasonReplanned:        "planned anew",
	ReasonStopped:          "goes on after a restart",
	ReasonDisk:             "the disk is full",
	ReasonInternal:         "a fault inside Bob",
}

// Words says for people why a node waits or how it ended. It is empty for no reason;
// one that has no words is said by its own name.
func (r Reason) Words() string {
	if text, ok := reasons[r]; ok {
		return text
	}
	return strings.ReplaceAll(string(r), "_", " ")
}

// Words says for people how many leaves are done and how many failed. It is empty
// while there are none to count.
func (s Summary) Words() string {
	if s.Total == 0 {
		return ""
	}
	text := fmt.Sprintf("%d of %d done", s.Completed, s.Total)
	if s.Failed > 0 {
		text += fmt.Sprintf(", %d failed", s.Failed)
	}
	return text
}

// Words says for people what was spent, of how much, and what is odd about it.
func (c CostReport) Words() string {
	text := ShortUSD(c.USD)
	if c.Budget != "" {
		text += " of " + ShortUSD(c.Budget)
	}
	if c.Unpriced > 0 {
		text += fmt.Sprintf(" (unpriced calls: %d)", c.Unpriced)
	}
	if c.Exceeded > 0 {
		text += fmt.Sprintf(" (calls dearer than reserved: %d)", c.Exceeded)
	}
	return text
}

// Words says for people how many tokens these are together.
func (t Tokens) Words() string { return humanize.Comma(t.Sum()) + " tokens" }

// Words says for people what a plan was foretold to cost and take.
func (f *ForecastReport) Words() string {
	text := f.CostWords() + " · " + f.TimeWords()
	if f.Unpriced > 0 {
		text += fmt.Sprintf(" (without %d steps whose price is unknown)", f.Unpriced)
	}
	return text
}

// CostWords is how much a plan was foretold to cost.
func (f *ForecastReport) CostWords() string {
	return between(ShortUSD(f.CostLow), ShortUSD(f.CostHigh))
}

// TimeWords is how long a plan was foretold to take.
func (f *ForecastReport) TimeWords() string {
	return between(HumanMS(f.TimeLowMS), HumanMS(f.TimeHighMS))
}

// between is one bound where both are the same.
func between(low, high string) string {
	if low == high {
		return low
	}
	return low + " to " + high
}

// Elapsed is how long a job has gone on at now, or took.
func (r *Report) Elapsed(now time.Time) time.Duration {
	reported := time.Duration(r.ElapsedMS) * time.Millisecond
	if r.StartedAt == nil || r.Status.Final() || r.Status == StatusPaused {
		return reported
	}
	return max(reported, now.Sub(*r.StartedAt))
}

// RemainingWords says for people how long a job still takes. It is empty when nothing
// is known or the job is over.
func (r *Report) RemainingWords() string {
	if r.RemainingMS <= 0 || r.Status.Final() {
		return ""
	}
	return "about " + HumanMS(r.RemainingMS) + " left"
}

// ElapsedWords says for people how long a node has gone on at now, or took. It is
// empty for one that has not started.
func (n *NodeReport) ElapsedWords(now time.Time) string {
	switch {
	case n.StartedAt == nil || n.Status == StatusQueued:
		return ""
	case n.CompletedAt != nil:
		return HumanDuration(n.CompletedAt.Sub(*n.StartedAt))
	case n.Status.Final():
		return ""
	}
	return HumanDuration(now.Sub(*n.StartedAt))
}
