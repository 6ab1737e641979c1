package jobs

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/askbob/bob/llm"
)

// NodeID identifies a node in one installation. 0 is no node.
type NodeID int64

// JobID identifies a job: "job_" and eight characters of Crockford's base32.
type JobID string

// Type says what a node is in the plan.
type Type string

// The types of the design's JobType.
const (
	TypeRootJob Type = "root_job"
	TypePlan    Type = "plan"
	TypeSubplan Type = "subplan"
	TypeTask    Type = "task"
	TypeAPICall Type = "api_call"
)

// Leaf reports whether a node of this type does work itself. A root does when
// its plan has one step; that is seen from its Phase, not from its type.
func (t Type) Leaf() bool { return t == TypeTask || t == TypeAPICall }

// Priority decides between jobs.
type Priority string

// The priorities.
const (
	PriorityLow    Priority = "low"
	PriorityMedium Priority = "medium"
	PriorityHigh   Priority = "high"
	PriorityUrgent Priority = "urgent"
)

// Rank is higher for what goes first; 0 for a word that is no priority.
func (p Priority) Rank() int {
	switch p {
	case PriorityLow:
		return 1
	case PriorityMedium:
		return 2
	case PriorityHigh:
		return 3
	case PriorityUrgent:
		return 4
	}
	return 0
}

// Desired is what people want of a node, whatever it does now.
type Desired string

// The wishes.
const (
	DesiredRun    Desired = "run"
	DesiredPause  Desired = "pause"
	DesiredCancel Desired = "cancel"
)

// Phase says what a worker does with a node that it claims.
type Phase string

// The phases. A branch passes through plan and combine; a leaf has only work.
const (
	PhasePlan    Phase = "plan"
	PhaseWork    Phase = "work"
	PhaseCombine Phase = "combine"
)

// OnFailure says what a branch does when a required child ends badly.
type OnFailure string

// The policies. "quorum:K" is the third: K good required children are enough.
const (
	OnFailureFinish   OnFailure = "finish"
	OnFailureFailFast OnFailure = "fail_fast"
)

// Quorum returns K of "quorum:K", and false for every other policy.
func (f OnFailure) Quorum() (int, bool) {
	digits, ok := strings.CutPrefix(string(f), "quorum:")
	if !ok {
		return 0, false
	}
	k, err := strconv.Atoi(digits)
	return k, err == nil && k > 0
}

// Valid reports whether f is a policy; the empty one stands for finish.
func (f OnFailure) Valid() bool {
	_, quorum := f.Quorum()
	return f == "" || f == OnFailureFinish || f == OnFailureFailFast || quorum
}

// Requirements say what a node needs of a model.
type Requirements struct {
	Model       string `json:"model,omitempty"` // this one and no other; empty: any that fits
	Vision      bool   `json:"vision,omitempty"`
	MinContext  int    `json:"min_context,omitempty"`  // tokens
	PrivateOnly bool   `json:"private_only,omitempty"` // never leave for a provider that is not private
	// MaxPriceCents bounds what a million tokens may cost, in US cents; 0: any.
	MaxPriceCents int `json:"max_price_cents,omitempty"`
}

// Tokens counts what calls used, as llm.Usage does.
type Tokens struct {
	Input      int64 `json:"input"`
	CacheRead  int64 `json:"cache_read"`
	CacheWrite int64 `json:"cache_write"`
	Output     int64 `json:"output"`
}

// Sum is the number to show when one number must do.
func (t Tokens) Sum() int64 { return t.Input + t.CacheRead + t.CacheWrite + t.Output }

// Plus returns the sum of both.
func (t Tokens) Plus(o Tokens) Tokens {
	return Tokens{t.Input + o.Input, t.CacheRead + o.CacheRead, t.CacheWrite + o.CacheWrite, t.Output + o.Output}
}

// TokensOf returns the counts of a call's usage.
func TokensOf(u llm.Usage) Tokens {
	return Tokens{Input: u.UncachedIn, CacheRead: u.CacheRead, CacheWrite: u.CacheWrite, Output: u.Out}
}

// Counts are the rolled-up figures of a node's subtree. A leaf counts itself. They
// move in the transaction that moves a leaf, so that nobody ever adds up a tree.
type Counts struct {
	Total     int `json:"total"` // leaves
	Completed int `json:"completed"`
	Failed    int `json:"failed"`
	Running   int `json:"running"`
	Skipped   int `json:"skipped"`
	Cancelled int `json:"cancelled"`

	Weight     int64 `json:"-"` // the leaves' shares of the work, in estimated milliseconds
	WeightDone int64 `json:"-"` // of those that are final

	Tokens   Tokens    `json:"-"`
	Cost     llm.Money `json:"-"`
	Unpriced int       `json:"-"` // calls whose cost is unknown
}

// Queued is what is neither final nor running.
func (c Counts) Queued() int {
	return c.Total - c.Completed - c.Failed - c.Running - c.Skipped - c.Cancelled
}

// Node is one box of a job's tree.
type Node struct {
	ID     NodeID
	Job    JobID
	Parent NodeID // 0: the root
	Path   string // root "", its first child "1", then "1.2"
	Depth  int    // root 0
	Order  int    // among its siblings, from 1

	Type        Type
	Title       string
	Description string
	Prompt      string
	Priority    Priority
	Needs       Requirements
	Tools       []string
	Optional    bool
	OnFailure   OnFailure
	Estimate    time.Duration // 0: unknown
	DependsOn   []NodeID      // only where a whole job is loaded

	Status   Status
	Reason   Reason
	Phase    Phase
	Desired  Desired
	Verdict  Status // of a branch whose children are final: what it becomes once combined
	Attempt  int    // runs so far; a rate limit or a stop does not count
	Tries    int    // claims so far
	Epoch    int64  // the fence
	Owner    string // the worker that holds it; empty: none
	Revision int    // the plan revision it belongs to

	// Finishing says, once a claimed node was briefed, that its job is to end with
	// what there is: it does not wait for money any more.
	Finishing bool

	NotBefore time.Time // zero: now
	Created   time.Time
	Started   time.Time // zero: not yet
	Claimed   time.Time // of the attempt at hand
	Completed time.Time // zero: not yet

	CurrentStep    string
	StepsCompleted int
	TotalSteps     int

	OpenChildren int
	OpenDeps     int
	Dependants   int
	Counts       Counts

	Provider string
	Model    string
	Result   string // whole
	Error    string // a sentence for people
}

// Progress is the share of the subtree's work that is done, in percent; 100 only
// when the node is final and good.
func (n *Node) Progress() float64 {
	switch {
	case n.Status.Good():
		return 100
	case n.Counts.Weight == 0:
		return 0
	}
	share := 100 * float64(n.Counts.WeightDone) / float64(n.Counts.Weight)
	return min(share, maxOpenProgress)
}

// maxOpenProgress is shown at most while the last combine step is still to come.
const maxOpenProgress = 99

// ComparePaths orders paths as people read them: "1.2" before "1.10", a branch
// before what is below it.
func ComparePaths(a, b string) int {
	for a != "" && b != "" {
		x, restA, _ := strings.Cut(a, ".")
		y, restB, _ := strings.Cut(b, ".")
		if x != y {
			i, _ := strconv.Atoi(x)
			j, _ := strconv.Atoi(y)
			return cmp.Compare(i, j)
		}
		a, b = restA, restB
	}
	return cmp.Compare(len(a), len(b))
}

// Under reports whether path is branch or below it.
func Under(path, branch string) bool {
	return branch == "" || path == branch || strings.HasPrefix(path, branch+".")
}
