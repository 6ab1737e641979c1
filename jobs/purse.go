package jobs

import (
	"fmt"
	"strings"
	"time"

	"github.com/askbob/bob/llm"
)

// PurseKind says whose spending a purse bounds.
type PurseKind string

// The kinds of purse. Every call is booked in all that stand above it.
const (
	PurseJob            PurseKind = "job"
	PurseBranch         PurseKind = "branch"          // a node with a budget of its own, and all below it
	PurseUserDay        PurseKind = "user_day"        // all jobs of a person on one day
	PurseWorkspaceMonth PurseKind = "workspace_month" // all jobs of a workspace in one month
)

// Purse is a budget with a limit, as a refusal names it.
type Purse struct {
	Kind     PurseKind
	Path     string // of a branch
	Budget   Money
	Spent    Money
	Reserved Money
	Ends     time.Time // of a day or month: when the next purse begins; zero: never
}

// left is what the purse still covers; negative if a call cost more than it was
// taken to.
func (p Purse) left() Money { return p.Budget - p.Spent - p.Reserved }

func (p Purse) name() string {
	switch p.Kind {
	case PurseBranch:
		return "budget of step " + p.Path
	case PurseUserDay:
		return "budget per person and day"
	case PurseWorkspaceMonth:
		return "budget of the workspace for this month"
	case PurseJob:
	}
	return "job's budget"
}

// ShortError says which purses do not cover the worst case of a call, and by how
// much. It is an ErrBudget.
type ShortError struct {
	Need   Money   // the worst case of the call
	Purses []Purse // those that are short, the job's first
}

// Error says for people what is missing where.
func (e *ShortError) Error() string {
	parts := make([]string, 0, len(e.Purses))
	for _, p := range e.Purses {
		text := fmt.Sprintf("the %s is %s, of which %s is spent", p.name(), p.Budget.Short(), p.Spent.Short())
		if p.Reserved > 0 {
			text += fmt.Sprintf(" and %s reserved", p.Reserved.Short())
		}
		parts = append(parts, fmt.Sprintf("%s: the next call may cost %s, so %s is missing", text, e.Need.Short(), (e.Need-p.left()).Short()))
	}
	text := strings.Join(parts, "; ")
	if text == "" {
		return ErrBudget.Error()
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// Unwrap returns ErrBudget.
func (e *ShortError) Unwrap() error { return ErrBudget }

// Passing reports whether the money is only held by calls that are under way: once
// they are settled, the call may be covered.
func (e *ShortError) Passing() bool {
	for _, p := range e.Purses {
		if p.Reserved == 0 || p.Spent+e.Need > p.Budget {
			return false
		}
	}
	return len(e.Purses) > 0
}

// Shortage says what a job that waits for money lacks, and what helps.
func (e *ShortError) Shortage() *Shortage {
	s := &Shortage{Question: e.Error()}
	var missing Money
	ownOnly := true
	for _, p := range e.Purses {
		if s.Purse == "" {
			s.Purse = p.Kind
		}
		missing = max(missing, e.Need-p.left())
		if !p.Ends.IsZero() {
			ownOnly = false
			if s.Until == nil || s.Until.Before(p.Ends) {
				s.Until = at(p.Ends)
			}
		}
	}
	s.Missing = missing.String()
	if ownOnly {
		s.Add = TopUp(missing).String()
	}
	return s
}

// TopUp is what people are offered to add to a job that lacks so much: whole
// dollars, at least one.
func TopUp(missing Money) Money {
	return max(1, (missing+llm.Dollar-1)/llm.Dollar) * llm.Dollar
}

// Shortage is what a job that waits for money lacks, for people.
type Shortage struct {
	Purse    PurseKind  `json:"purse"`       // the first that is short
	Missing  string     `json:"missing_usd"` // what the next call lacks
	Add      string     `json:"add_usd"`     // what to add to the job's budget; empty: adding would not help
	Until    *time.Time `json:"until"`       // when the purse begins anew and the job goes on; null: not by itself
	Question string     `json:"question"`
}

// Ask is the question with the answers there are.
func (s *Shortage) Ask() string {
	switch {
	case s.Add != "":
		return s.Question + " Add " + ShortUSD(s.Add) + ", finish with what there is, or stop?"
	case s.Until != nil:
		return s.Question + " It goes on at " + s.Until.UTC().Format("2006-01-02 15:04 UTC") + ". Wait, finish with what there is, or stop?"
	}
	return s.Question
}
