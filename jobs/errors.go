package jobs

import "errors"

// The errors of this package's interfaces.
var (
	// ErrNotFound says that there is no such job, node or file.
	ErrNotFound = errors.New("not found")
	// ErrStale says that a node moved on since it was claimed: what was to be
	// recorded of it was dropped.
	ErrStale = errors.New("stale: the node moved on")
	// ErrBudget says that a purse cannot cover the worst case of a call.
	ErrBudget = errors.New("the budget does not cover this call")
	// ErrPaused says that a person paused the node or what is above it: it is to be
	// handed back.
	ErrPaused = errors.New("paused")
	// ErrSeen says that an inbound event was handled before.
	ErrSeen = errors.New("seen before")
	// ErrDiskFull says that the database cannot grow.
	ErrDiskFull = errors.New("the disk is full")
)

// UserError is a fault that the person who asked can mend. Its message is one
// sentence or two: what is wrong and what to do.
type UserError struct {
	Message string
	Err     error // for the log; nil: nothing underneath
}

// Error returns the message for people.
func (e *UserError) Error() string { return e.Message }

// Unwrap returns the error underneath.
func (e *UserError) Unwrap() error { return e.Err }

// UserMessage returns what a person may see of err: the message of a *UserError,
// else an apology that says nothing of paths, SQL or providers.
func UserMessage(err error) string {
	if e, ok := errors.AsType[*UserError](err); ok {
		return e.Message
	}
	return "Something went wrong inside Bob. The log has the details."
}

// The causes with which a node's context may end.
var (
	// ErrStopped is the cause of a process that stops: the node is handed back.
	ErrStopped = errors.New("stopped")
	// ErrNodeTimeout is the cause of a node that took too long.
	ErrNodeTimeout = errors.New("the step took too long")
	// ErrCancelled is the cause of a cancelled node: nobody wants its result.
	ErrCancelled = errors.New("cancelled")
)
