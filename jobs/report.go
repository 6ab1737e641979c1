package jobs

import (
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
	Cost         CostReport `json:"cost"`
	Tokens       Tokens     `json:"tokens"`
	Summary      Summary    `json:"summary"`

	Nodes     []NodeReport     `json:"nodes,omitempty"` // in the order of their paths
	Result    string           `json:"result"`
	Error     string           `json:"error,omitempty"`
	Artifacts []ArtifactReport `json:"artifacts,omitempty"`
	Calls     []CallReport     `json:"calls,omitempty"`
}

// CostReport is a job's money, in dollars with nine decimals.
type CostReport struct {
	USD      string `json:"usd"`
	Reserved string `json:"reserved_usd"`
	Budget   string `json:"budget_usd"` // empty: no limit
	Unpriced int    `json:"unpriced_calls"`
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

// Money is llm.Money, for front ends that must not know llm.
type Money = llm.Money
