package jobs

import (
	"fmt"
	"time"
)

// Wait says what a node waits for. Everything that is open and not at work has
// one, or waits for others' that do.
type Wait struct {
	Path   string     `json:"path"`
	Title  string     `json:"title"`
	Status Status     `json:"status"`
	Reason Reason     `json:"reason"`
	Since  time.Time  `json:"since"`
	Until  *time.Time `json:"until"` // nil: until a person acts
	Text   string     `json:"text"`  // a sentence for people
}

// MaxWaits bounds the waits of a report: the first ones say enough.
const MaxWaits = 5

// NewWait says what a node waits for. Of one that waits for an answer, NotBefore is
// when it goes on without.
func NewWait(n *Node, since time.Time) Wait {
	w := Wait{Path: n.Path, Title: n.Title, Status: n.Status, Reason: n.Reason, Since: since}
	if n.Status == StatusQueued || n.Reason == ReasonQuestion {
		w.Until = at(n.NotBefore)
	}
	w.Text = waitText(n)
	return w
}

func waitText(n *Node) string {
	place := "The job"
	if n.Path != "" {
		place = fmt.Sprintf("Step %s (%s)", n.Path, n.Title)
	}
	what := "waits"
	switch n.Reason {
	case ReasonApproval:
		what = "waits for a yes to its plan"
	case ReasonQuestion:
		what = "waits for an answer: " + n.Error
	case ReasonBudget:
		what = "waits for money: " + n.Error
	case ReasonEffectUnknown:
		what = "waits for you to say whether something happened: " + n.Error
	case ReasonUser:
		what = "is paused"
	case ReasonRateLimit:
		what = "waits until its model's provider takes requests again"
	case ReasonRetryAt:
		what = "waits to be tried again: " + n.Error
	default:
	}
	return place + " " + what
}

// Quiet tells of a job in which nothing has happened for a while.
type Quiet struct {
	Job JobID
}

func (Quiet) isChange() {}
