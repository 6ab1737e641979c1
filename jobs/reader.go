package jobs

import "context"

// Reader is what front ends read of the store beside a job's report. It is safe
// for concurrent use.
type Reader interface {
	// List returns the newest jobs first, at most limit, without their nodes.
	List(ctx context.Context, limit int) ([]Report, error)
	// Events returns what happened to a job after the event of that number, oldest
	// first and at most limit, or fewer if they are large. over: the job is final,
	// and this was all. ErrNotFound.
	Events(ctx context.Context, id JobID, after int64, limit int) (list []Happening, over bool, err error)
	// File returns a file that a job made and what is known of it. ErrNotFound.
	File(ctx context.Context, id JobID, name string) (Artifact, []byte, error)
	// Tally adds up all jobs.
	Tally(ctx context.Context) (Tally, error)
}

// Tally is what all jobs that are kept come to.
type Tally struct {
	Jobs   map[Status]int64
	Leaves Summary // of all jobs
	Calls  map[CallStatus]int64
	Tokens Tokens
	Cost   Money

	// What the store did since it was opened.
	Commits int64
	Changes int64
	Stale   int64 // changes that came too late and were dropped
}
