package plan

import (
	"fmt"
	"strings"

	"github.com/askbob/bob/jobs"
)

// Problems is what is wrong with a model's answer, a sentence each, worded for the
// model to mend it. None: the answer is good.
type Problems []string

// maxProblems bounds what is said of one answer: a model gains nothing from more.
const maxProblems = 30

// bounded is p, cut to what a model can use, and says that it was cut.
func (p Problems) bounded() Problems {
	if len(p) <= maxProblems {
		return p
	}
	return append(p[:maxProblems:maxProblems], "and more problems like these")
}

// String lists the problems, one a line.
func (p Problems) String() string { return "- " + strings.Join(p, "\n- ") }

// InvalidError says that no valid plan came of a request. A *jobs.UserError in its
// chain says so to the person who asked.
type InvalidError struct {
	Problems Problems // of the last answer, for the log
	user     *jobs.UserError
}

// Error lists what was wrong with the last answer.
func (e *InvalidError) Error() string {
	return "no valid plan: " + strings.Join(e.Problems, "; ")
}

// Unwrap returns the *jobs.UserError.
func (e *InvalidError) Unwrap() error { return e.user }

// Reason says why the planned node failed.
func (e *InvalidError) Reason() jobs.Reason { return jobs.ReasonPlanInvalid }

func newInvalid(b jobs.Briefing, problems Problems) *InvalidError {
	message := "No valid plan came of this request, and it is too long to be carried out in one step. " +
		"Shorten it, put the long part into a file, or split it into several jobs."
	switch {
	case b.Rewriting != nil:
		message = "No valid plan came of that wish: say it in other words, or change single steps."
	case strings.TrimSpace(whole(b)) == "":
		message = "No plan came of this request, because it says nothing. Say what is to be done."
	}
	return &InvalidError{Problems: problems, user: &jobs.UserError{Message: message}}
}

// tooLarge tells a model that its answer did not fit.
func tooLarge(tokens int) string {
	return fmt.Sprintf("the answer was cut off at the limit of %d tokens, so nothing of it could be used. "+
		"Think less and send a smaller plan: at most half as many nodes, prompts of two or three sentences, "+
		"and large parts as one branch with expand \"later\"", tokens)
}
