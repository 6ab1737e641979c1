package jobs

import (
	"context"
	"time"
)

// Ready says that a node may run now, or from NotBefore on. It may be said twice,
// late, or to two processes: claiming decides.
type Ready struct {
	Fence

	Job       JobID
	Rank      int // of the job's priority
	NotBefore time.Time
	// Known is the node as it waits, so that claiming need not read it: as long as
	// its epoch is the same, so is the rest. Nil: not known.
	Known *Node
}

// Dispatcher hands ready nodes to workers. It holds no truth: what it forgets, the
// store still knows.
type Dispatcher interface {
	// Announce is called by the store when nodes became ready: once that is durable, or
	// before, if the store grants claims before they are. A Ready of no node says that
	// its job has ready nodes that were handed out and refused before. It does not
	// block.
	Announce(ready []Ready)
	// Prioritize gives a job's waiting nodes another rank.
	Prioritize(job JobID, rank int)
	// Interrupt ends the contexts of the work on claims with cause. Unknown claims are
	// ignored.
	Interrupt(claims []Fence, cause error)
	// Run calls claim for ready nodes, and what it returns, several at once, until ctx
	// is done, and then waits for those in hand.
	Run(ctx context.Context, source Source, claim ClaimFunc) error
}

// ClaimFunc claims a node and returns the work on it; nil: it was refused. The context
// is that of the work too: it ends with Interrupt's cause, or with ErrStopped some time
// after Run's.
type ClaimFunc func(ctx context.Context, r Ready) (work func())

// Source is where a dispatcher finds what it was not told or could not keep.
type Source interface {
	// Waiting lists the jobs that have ready nodes, one Ready each (of no node).
	Waiting(ctx context.Context) ([]Ready, error)
	// Ready lists at most limit ready nodes of a job, those with the lowest IDs, none
	// below from.
	Ready(ctx context.Context, job JobID, from NodeID, limit int) ([]Ready, error)
}
