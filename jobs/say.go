package jobs

import (
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
