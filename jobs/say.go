package jobs

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of what people say to a job while it runs.
const (
	// MaxSaid is the length of a message in characters; more belongs into a new
	// job with a file.
	MaxSaid = 4_000
	// MaxMessages is how many messages a job takes: each is told to every step.
	MaxMessages = 100
)

// Said is what a person said to a job after it was submitted.
type Said struct {
	User     string // empty: unknown
	Text     string
	Question string // of the node, that Text answers; empty: nobody asked
	At       time.Time
}

// Say keeps what a person says to a node and all below it. It is refused with a
// *UserError if that is final, not there, or has been told too much already.
type Say struct {
	Job  JobID
	Path string // of the node; empty: the whole job
	User string // as the job is told who speaks; empty: unknown
	Text string
	By   Actor
}

func (Say) isChange() {}

// Say tells a job, or the part of it at path, what a person says: what is planned,
// worked on or combined there from now on takes it into account, a running task
// before its next turn. It returns a *UserError if the text is empty or too long,
// if there is no such node, or if it is final and will not listen any more;
// ErrNotFound if there is no such job.
func (s *Service) Say(ctx context.Context, id JobID, path, user, text string) error {
	return s.Do(ctx, nil, Say{Job: id, Path: path, User: user, Text: text})
}

// checkSaid returns what is kept of a text that a person said, or a *UserError that
// calls it by its name.
func checkSaid(name, text string) (string, error) {
	text = strings.TrimSpace(text)
	switch n := utf8.RuneCountInString(text); {
	case text == "":
		return "", &UserError{Message: "The " + name + " is empty: say what the job should take into account."}
	case n > MaxSaid:
		return "", &UserError{Message: fmt.Sprintf(
			"The %s has %d characters, at most %d are taken: say it shorter.", name, n, MaxSaid)}
	case !utf8.ValidString(text):
		return "", &UserError{Message: "The " + name + " is not valid UTF-8 text: send it as plain text."}
	}
	return text, nil
}
