package jobs

import (
	"context"
	"time"

	"github.com/askbob/bob/llm"
)

// Writer makes changes durable.
type Writer interface {
	// Apply makes the changes in one transaction, together with others that wait,
	// and returns after the commit. Each change has its own Outcome; the error is
	// the store's, then nothing was changed. It returns ErrDiskFull if the
	// database cannot grow.
	Apply(ctx context.Context, changes ...Change) ([]Outcome, error)
}

// Store is the truth about jobs. It is safe for concurrent use.
type Store interface {
	Writer
	Source

	// Blob stores data by its content and returns its SHA-256 in hex.
	Blob(ctx context.Context, data []byte) (string, error)
	// Report says all of a job, or, if whole is false, all but its nodes and
	// calls, at a cost that does not depend on its size. ErrNotFound.
	Report(ctx context.Context, id JobID, whole bool) (*Report, error)
	// List returns the newest jobs first, at most limit, without their nodes.
	List(ctx context.Context, limit int) ([]Report, error)
	// Notices returns what of a job is still to be said, oldest first.
	Notices(ctx context.Context, job JobID) ([]Notice, error)
	// Brief says what a claimed node's worker must know.
	Brief(ctx context.Context, n *Node) (Briefing, error)
	// Turns returns the messages that a task kept before a crash, oldest first.
	Turns(ctx context.Context, n *Node) ([]llm.Message, error)
	// Deeds returns what a node did outside Bob, or may have done, oldest first. What
	// a person lets it do again is left out.
	Deeds(ctx context.Context, n *Node) ([]Deed, error)
	// Said returns what people said to a claimed node or a branch that it stands in,
	// oldest first.
	Said(ctx context.Context, n *Node) ([]Said, error)
	// Files returns the files of a claimed node's job.
	Files(n *Node) Files
	// Artifact returns a file that a job made. ErrNotFound.
	Artifact(ctx context.Context, job JobID, name string) ([]byte, error)
	// Plan returns the tree of a job that waits for approval as a plan whose keys
	// are paths, and its revision; the only step of a job that is one leaf is "1". It
	// returns a *UserError if the job does not wait for approval, ErrNotFound if there
	// is none.
	Plan(ctx context.Context, job JobID) (Plan, int, error)
	// Silent lists the open jobs in which nothing has happened since a time, and of
	// which that was not told yet.
	Silent(ctx context.Context, since time.Time) ([]JobID, error)
	// Overdue lists the open jobs whose time is up.
	Overdue(ctx context.Context, now time.Time) ([]JobID, error)
	// Unanswered lists the jobs in which a question's time is over.
	Unanswered(ctx context.Context, now time.Time) ([]JobID, error)
	// Refilled lists the open jobs that wait for the money of a day or month that
	// is over.
	Refilled(ctx context.Context, now time.Time) ([]JobID, error)
	// Samples returns what finished nodes took, newest first, at most limit calls
	// back.
	Samples(ctx context.Context, limit int) ([]Sample, error)
	// Costs adds up the ledger.
	Costs(ctx context.Context, q CostQuery) ([]CostLine, error)
}

// Notice is a line of the outbox: what must be said to people, once.
type Notice struct {
	ID   int64
	Job  JobID
	Kind NoticeKind
	Text string
	At   time.Time
}

// NoticeKind says what a notice is about.
type NoticeKind string

// The kinds of notice.
const (
	NoticeAck        NoticeKind = "ack"
	NoticeMilestone  NoticeKind = "milestone"
	NoticeApproval   NoticeKind = "approval"
	NoticeQuestion   NoticeKind = "question"
	NoticeReplanned  NoticeKind = "replanned"
	NoticeAssumed    NoticeKind = "assumed" // nobody answered, and what is assumed
	NoticeBudget     NoticeKind = "budget"
	NoticeCompletion NoticeKind = "completion"
	NoticeQuiet      NoticeKind = "quiet" // nothing has happened for a while
	// NoticeDecided says how that ended which a message asks people: the message shows
	// it from then on.
	NoticeDecided NoticeKind = "decided"
)
