package jobs

import (
	"context"
	"fmt"
	"slices"
)

// Verb is what a person may do to a job or to a part of it.
type Verb string

// The verbs. Each acts on a node and all below it, survives a restart, and is
// harmless if it was done before.
const (
	VerbPause    Verb = "pause"    // start nothing more; what runs ends its turn first
	VerbResume   Verb = "resume"   // go on where it was paused
	VerbCancel   Verb = "cancel"   // end all that is open, at once
	VerbRetry    Verb = "retry"    // run again what did not succeed, and what was skipped for it
	VerbRerun    Verb = "rerun"    // run all of it again, and what depends on it
	VerbSkip     Verb = "skip"     // end it without a result; what depends on it is skipped too
	VerbPriority Verb = "priority" // of the whole job
)

// Verbs lists all verbs.
func Verbs() []Verb {
	return []Verb{VerbPause, VerbResume, VerbCancel, VerbRetry, VerbRerun, VerbSkip, VerbPriority}
}

// Actor says who asked for something, for the audit trail.
type Actor struct {
	User    string
	Surface string // cli, api, slack, discord, ...
}

// Command is one use of a verb.
type Command struct {
	Job  JobID
	Path string // of the node; empty: the whole job
	Verb Verb
	By   Actor

	Prompt   string   // of VerbRetry and VerbRerun of a leaf: what it is to do instead; empty: as before
	Priority Priority // of VerbPriority
}

func (Command) isChange() {}

// maxPrompt bounds an edited prompt, as the planner's are bounded.
const maxPrompt = 20_000

// Control does what a person asks for. It returns ErrNotFound for an unknown job
// or node, and a *UserError where the verb makes no sense, such as on a job that
// is over; then nothing was changed.
func (s *Service) Control(ctx context.Context, c Command) error {
	return s.Do(ctx, nil, c)
}

// Check says, as a *UserError, what is wrong with a command whatever its job.
func (c Command) Check() error {
	switch {
	case !slices.Contains(Verbs(), c.Verb):
		return &UserError{Message: fmt.Sprintf("%q is no command for a job: use one of %v.", Shorten(string(c.Verb), 40), Verbs())}
	case c.Verb == VerbPriority && c.Priority.Rank() == 0:
		return &UserError{Message: fmt.Sprintf("%q is no priority: use low, medium, high or urgent.", Shorten(string(c.Priority), 40))}
	case c.Verb == VerbPriority && c.Path != "":
		return &UserError{Message: "A priority is the whole job's: leave the step's number out."}
	case len([]rune(c.Prompt)) > maxPrompt:
		return &UserError{Message: fmt.Sprintf("The prompt is longer than %d characters: put the details into a file.", maxPrompt)}
	case c.Prompt != "" && c.Verb != VerbRetry && c.Verb != VerbRerun:
		return &UserError{Message: fmt.Sprintf("A prompt goes with retry and rerun, not with %s.", c.Verb)}
	}
	return nil
}
