package jobs

import (
	"math"
	"time"

	"github.com/askbob/bob/llm"
)

// Report is all there is to say of a job, in the form that DESIGN 11.2 fixes. It
// is what the command line, the API and every front end show.
type Report struct {
	ID           JobID      `json:"id"`
	Title        string     `json:"title"`
	Request      string     `json:"request"`
	Status       Status     `json:"status"`
	Reason       Reason     `json:"reason"`
	Progress     float64    `json:"progress"`
	Priority     Priority   `json:"priority"`
	Current      string     `json:"current"`
	CreatedAt    time.Time  `json:"created_at"`
	StartedAt    *time.Time `json:"started_at"`
	CompletedAt  *time.Time `json:"completed_at"`
	ElapsedMS    int64      `json:"elapsed_ms"`
	RemainingMS  int64      `json:"estimated_remaining_ms"`
	PlanRevision int        `json:"plan_revision"`
	Desired      Desired    `json:"desired"` // what people want of it: visible until every worker has let go
	Cost         CostReport `json:"cost"`
	Tokens       Tokens     `json:"tokens"`
	Summary      Summary    `json:"summary"`
	Waiting      []Wait     `json:"waiting,omitempty"` // what it waits for, MaxWaits at most

	Forecast *ForecastReport `json:"forecast,omitempty"` // of the newest plan; nil: there is none
	Rewrite  *RewriteReport  `json:"rewrite,omitempty"`  // the last change of the plan that people wished for; nil: none

	Nodes     []NodeReport     `json:"nodes,omitempty"` // in the order of their paths
	Result    string           `json:"result"`
	Error     string           `json:"error,omitempty"`
	Artifacts []ArtifactReport `json:"artifacts,omitempty"`
	Calls     []CallReport     `json:"calls,omitempty"`

	Undelivered []string `json:"undelivered,omitempty"` // what people could not be told, and why
}

// CostReport is a job's money, in dollars with nine decimals.
type CostReport struct {
	USD      string `json:"usd"`
	Reserved string `json:"reserved_usd"`
	Budget   string `json:"budget_usd"` // empty: no limit
	Unpriced int    `json:"unpriced_calls"`
	// Exceeded counts the calls that cost more than was reserved for them.
	Exceeded int       `json:"exceeded_calls"`
	Shortage *Shortage `json:"shortage,omitempty"` // of a job that waits for money
}

// Summary counts the leaves of a job.
type Summary struct {
	Total     int `json:"total"`
	Completed int `json:"completed"`
	Failed    int `json:"failed"`
	Running   int `json:"running"`
	Queued    int `json:"queued"`
	Skipped   int `json:"skipped"`
	Cancelled int `json:"cancelled"`
}

// NodeReport is one node.
type NodeReport struct {
	ID             NodeID     `json:"id"`
	Path           string     `json:"path"`
	Parent         *NodeID    `json:"parent"`
	Type           Type       `json:"type"`
	Title          string     `json:"title"`
	Description    string     `json:"description"`
	Prompt         string     `json:"prompt"`
	Status         Status     `json:"status"`
	Reason         Reason     `json:"reason"`
	Priority       Priority   `json:"priority"`
	Depth          int        `json:"depth"`
	DependsOn      []NodeID   `json:"depends_on"`
	Optional       bool       `json:"optional"`
	Attempts       int        `json:"attempts"`
	Provider       string     `json:"provider"`
	Model          string     `json:"model"`
	Progress       float64    `json:"progress"`
	CurrentStep    string     `json:"current_step"`
	StepsCompleted int        `json:"steps_completed"`
	TotalSteps     int        `json:"total_steps"`
	EstimatedMS    int64      `json:"estimated_ms"`
	CreatedAt      time.Time  `json:"created_at"`
	StartedAt      *time.Time `json:"started_at"`
	CompletedAt    *time.Time `json:"completed_at"`
	Tokens         Tokens     `json:"tokens"`
	CostUSD        string     `json:"cost_usd"`
	Result         string     `json:"result"`
	Error          string     `json:"error"`
	Artifacts      []string   `json:"artifacts"`
	Desired        Desired    `json:"desired"`
}

// ArtifactReport is one file that the job made.
type ArtifactReport struct {
	Name      string `json:"name"`
	Path      string `json:"path,omitempty"` // where `bob run` put it
	Bytes     int64  `json:"bytes"`
	MediaType string `json:"media_type"`
	SHA256    string `json:"sha256"`
	Node      string `json:"node"` // path of the node that made it
}

// CallReport is one line of the ledger.
type CallReport struct {
	ID         int64      `json:"id"`
	Node       string     `json:"node"` // its path
	Purpose    string     `json:"purpose"`
	Provider   string     `json:"provider"`
	Model      string     `json:"model"`
	Status     CallStatus `json:"status"`
	Input      int64      `json:"input"`
	CacheRead  int64      `json:"cache_read"`
	CacheWrite int64      `json:"cache_write"`
	Output     int64      `json:"output"`
	CostUSD    string     `json:"cost_usd"`
	StartedAt  time.Time  `json:"started_at"`
	DurationMS int64      `json:"duration_ms"`
	Error      string     `json:"error"`
}

// CallStatus is the state of a call in the ledger.
type CallStatus string

// The states. A call that was sent when its process died is lost: its worst case
// stays booked as spent.
const (
	CallSent  CallStatus = "sent"
	CallOK    CallStatus = "ok"
	CallError CallStatus = "error"
	CallLost  CallStatus = "lost"
)

// Money, Message and the types of calls are llm's, for packages that must not
// know llm.
type (
	// Money is an amount in nano-dollars.
	Money = llm.Money
	// Message is one turn of a conversation with a model.
	Message = llm.Message
	// Estimate is the worst that a call can use and cost.
	Estimate = llm.Estimate
	// Cost is what a call cost.
	Cost = llm.Cost
)

// ParseMoney reads an amount of US dollars.
func ParseMoney(s string) (Money, error) { return llm.ParseMoney(s) }

// NewReport says of a job what its root row says: everything but the request, the
// plan's revision, the purse, and the nodes.
func NewReport(root *Node, now time.Time) Report {
	r := Report{
		ID: root.Job, Title: root.Title, Status: root.Status, Reason: root.Reason, Desired: root.Desired, Progress: round(root.Progress()),
		Priority: root.Priority, CreatedAt: root.Created, StartedAt: at(root.Started), CompletedAt: at(root.Completed),
		Tokens: root.Counts.Tokens, Result: root.Result, Error: root.Error,
		Cost: CostReport{USD: root.Counts.Cost.String(), Reserved: Money(0).String(), Unpriced: root.Counts.Unpriced},
	}
	r.Summary = root.Counts.Summary()
	if !root.Started.IsZero() {
		end := now
		if root.Status.Final() {
			end = root.Completed
		}
		elapsed := max(0, end.Sub(root.Started))
		r.ElapsedMS = elapsed.Milliseconds()
		r.RemainingMS = Remaining(root, elapsed).Milliseconds()
	}
	return r
}

// Remaining guesses how long a job still takes: at the pace it has shown so far,
// or by its estimates while it has shown none.
func Remaining(root *Node, elapsed time.Duration) time.Duration {
	c := root.Counts
	left := c.Weight - c.WeightDone
	switch {
	case root.Status.Final() || left <= 0:
		return 0
	case c.WeightDone == 0:
		return time.Duration(left) * time.Millisecond
	}
	return time.Duration(float64(elapsed) * float64(left) / float64(c.WeightDone))
}

// Activity says what a node that is held by a worker does, for people.
func Activity(n *Node) string {
	switch {
	case n.Phase == PhasePlan:
		return "Planning: " + n.Title
	case n.Phase == PhaseCombine:
		return "Combining: " + n.Title
	case n.CurrentStep != "":
		return n.Title + ": " + n.CurrentStep
	}
	return n.Title
}

// NewNodeReport says all of a node but its dependencies and artifacts.
func NewNodeReport(n *Node) NodeReport {
	r := NodeReport{
		ID: n.ID, Path: n.Path, Type: n.Type, Title: n.Title, Description: n.Description, Prompt: n.Prompt,
		Status: n.Status, Reason: n.Reason, Desired: n.Desired, Priority: n.Priority, Depth: n.Depth, DependsOn: []NodeID{}, Optional: n.Optional,
		Attempts: n.Attempt, Provider: n.Provider, Model: n.Model, Progress: round(n.Progress()),
		CurrentStep: n.CurrentStep, StepsCompleted: n.StepsCompleted, TotalSteps: n.TotalSteps, EstimatedMS: n.Estimate.Milliseconds(),
		CreatedAt: n.Created, StartedAt: at(n.Started), CompletedAt: at(n.Completed),
		Tokens: n.Counts.Tokens, CostUSD: n.Counts.Cost.String(), Result: n.Result, Error: n.Error, Artifacts: []string{},
	}
	if n.Parent != 0 {
		r.Parent = &n.Parent
	}
	return r
}

func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// round keeps one decimal: more is noise to people.
func round(percent float64) float64 { return math.Round(percent*10) / 10 }
