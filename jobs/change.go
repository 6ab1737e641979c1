package jobs

import (
	"time"

	"github.com/askbob/bob/llm"
)

// Change is one wish to change a job. The store grants or drops it; everything
// that follows from it (counters, dependants, parents, purses, events, outbox)
// happens in the same transaction.
type Change interface{ isChange() }

// Outcome says what became of a Change.
type Outcome struct {
	// Err is nil if the change was made, ErrStale if the node had moved on, ErrSeen
	// if it was made before, ErrBudget or a *UserError if it was refused.
	Err  error
	Node *Node // of Claim: the node as claimed; of Submit: the root
	Call int64 // of Reserve: the ledger's line
	Job  JobID // of Submit: the job, perhaps one submitted before under the same key
	More bool  // of Forget: there is more to delete
	Deed *Deed // of Intend
}

// Fence names a node as its worker knows it. A change with an old epoch changes
// nothing.
type Fence struct {
	Node  NodeID
	Epoch int64
}

// Fence returns the fence of a claimed node.
func (n *Node) Fence() Fence { return Fence{Node: n.ID, Epoch: n.Epoch} }

// Submit makes a job: row, root in planning, purse, attachments and the
// acknowledgement in the outbox.
type Submit struct {
	Job NewJob
}

// NewJob is what a person hands in.
type NewJob struct {
	ID      JobID
	Key     string // of the inbound message; the same key returns the same job; empty: none
	Title   string
	Request string

	User      string // who asked, by a name that is the same on every surface; empty: the terminal
	Workspace string // where it was asked; empty: the terminal
	Channel   string
	Place     Place  // where people see it; zero: nowhere
	Room      string // as in Request

	Priority Priority
	Model    string        // this one and no other; empty: any
	Private  bool          // nothing of it goes to a provider that is not private
	Budget   llm.Money     // negative: no limit
	Timeout  time.Duration // 0: none
	Approval Approval      // zero: never ask
	Files    []FileInfo    // their blobs are stored already
	Weight   time.Duration // the estimate before there is a plan
}

// Claim takes a node that is ready. It is stale if another was faster.
type Claim struct {
	Fence

	Worker string
	Known  *Node // as its Ready said; nil: the store reads it
}

// Expand inserts the tree that a plan makes of a claimed node.
type Expand struct {
	Fence

	Plan     Plan
	Forecast *Forecast // of what is still to come; nil: none
}

// Become turns a claimed node in planning into the leaf that is its plan's only
// step.
type Become struct {
	Fence

	Title    string
	Step     Step
	Forecast *Forecast // of what is still to come; nil: none
}

// Finish records the end of a claimed node: completed, partial or failed.
type Finish struct {
	Node   *Node // as claimed
	Status Status
	Reason Reason
	Result string
	Error  string

	// Blob is the SHA-256 of the stored whole of Result, which is then only its
	// beginning; empty: Result is whole. The store sees to it.
	Blob string
}

// Retry hands a claimed node back to the queue.
type Retry struct {
	Fence

	Reason    Reason
	Error     string
	NotBefore time.Time // zero: now
	Uncounted bool      // the attempt does not count: rate limit, stop
	Waited    bool      // nothing was tried: the claim does not count either
}

// Park lets a claimed node wait for a person or for money.
type Park struct {
	Fence

	Reason   Reason
	Question string    // for people
	Shortage *Shortage // of ReasonBudget: what is missing; nil: not known

	// Of ReasonQuestion.
	Assume string      // what the node goes on with if nobody answers; empty: it sees to that
	Until  time.Time   // how long an answer is waited for; zero: for ever
	Kept   *Checkpoint // the turn in which a task asks; nil: it is no task
}

// Unpark lets every node of a job that waits for reason go on.
type Unpark struct {
	Job    JobID
	Reason Reason
}

// SetBudget bounds what a job, or a node of it and all below, may spend, and lets
// what waits for money go on. It is refused if more is spent or reserved already.
type SetBudget struct {
	Job    JobID
	Path   string // of a node with a budget of its own; empty: the whole job
	Budget llm.Money
	By     Actor
}

// AddBudget raises what a job may spend, and what those nodes may below which
// something waits for money, and lets it go on.
type AddBudget struct {
	Job    JobID
	Amount llm.Money
	By     Actor
}

// FinishNow ends what is open of a job as skipped, so that its branches finish
// with what there is. A combine step that has no money is done without a model.
type FinishNow struct {
	Job JobID
	By  Actor
}

// Approve lets a job's plan run. It is refused if revision is not the newest.
type Approve struct {
	Job      JobID
	Revision int
	By       Actor
}

// Cancel ends all that is open of a job.
type Cancel struct {
	Job    JobID
	Reason Reason
	By     Actor
}

// Expire ends the open leaves of a job whose time is up, so that its branches
// finish with what there is.
type Expire struct {
	Job JobID
}

// Working records what a claimed node does right now.
type Working struct {
	Fence

	Current string
	Done    int
	Total   int
}

// Reserve books the worst case of a call before it is sent.
type Reserve struct {
	Fence

	Job      JobID
	Purpose  llm.Purpose
	Estimate llm.Estimate
	Key      string // idempotency key
}

// Settle records how a call ended, whatever became of its node.
type Settle struct {
	Call      int64
	Status    CallStatus
	Usage     llm.Usage
	Cost      llm.Cost
	Provider  string
	Model     string
	RequestID string
	Error     string
}

// Checkpoint keeps the messages of a finished turn, so that the task goes on from
// there after a crash.
type Checkpoint struct {
	Fence

	Turn     int // from 1
	Messages []llm.Message
}

// Summarise keeps a summary of another node's result, made while a claimed node
// works. The first one stays.
type Summarise struct {
	Fence // of the node that works

	Of   NodeID
	Text string
}

// Keep names a stored blob as an artifact of a claimed node.
type Keep struct {
	Fence

	Artifact Artifact
}

// Delivered marks a line of the outbox as said.
type Delivered struct {
	Notice int64
}

func (Submit) isChange()     {}
func (Claim) isChange()      {}
func (Expand) isChange()     {}
func (Become) isChange()     {}
func (Finish) isChange()     {}
func (Retry) isChange()      {}
func (Park) isChange()       {}
func (Unpark) isChange()     {}
func (SetBudget) isChange()  {}
func (AddBudget) isChange()  {}
func (FinishNow) isChange()  {}
func (Approve) isChange()    {}
func (Cancel) isChange()     {}
func (Expire) isChange()     {}
func (Working) isChange()    {}
func (Reserve) isChange()    {}
func (Settle) isChange()     {}
func (Checkpoint) isChange() {}
func (Summarise) isChange()  {}
func (Keep) isChange()       {}
func (Delivered) isChange()  {}
