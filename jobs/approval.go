package jobs

import (
	"fmt"
	"strings"

	"github.com/askbob/bob/llm"
)

// ApprovalMode is the kind of an Approval.
type ApprovalMode string

// The modes.
const (
	ApproveNever  ApprovalMode = "never"
	ApproveOver   ApprovalMode = "over"
	ApproveAlways ApprovalMode = "always"
)

// Approval says when a person must agree to a plan before it runs. Its zero value
// says nothing: whoever reads it has a default.
type Approval struct {
	Mode ApprovalMode
	Over Money // of ApproveOver: what a plan may cost without asking
}

// ParseApproval reads "never", "always" or "over $1".
func ParseApproval(text string) (Approval, error) {
	word, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	switch mode := ApprovalMode(strings.TrimSuffix(word, ":")); mode {
	case ApproveNever, ApproveAlways:
		if rest == "" {
			return Approval{Mode: mode}, nil
		}
	case ApproveOver:
		if over, err := llm.ParseMoney(rest); err == nil {
			return Approval{Mode: mode, Over: over}, nil
		}
	}
	return Approval{}, fmt.Errorf("%q must be never, always or an amount such as over $1", text)
}

// String is what ParseApproval reads; empty for the zero value.
func (a Approval) String() string {
	if a.Mode == ApproveOver {
		return "over $" + a.Over.String()
	}
	return string(a.Mode)
}

// Asks reports whether a person must agree to a plan with that forecast. What
// nobody can foretell may cost anything.
func (a Approval) Asks(f *Forecast) bool {
	switch a.Mode {
	case ApproveAlways:
		return true
	case ApproveOver:
		return f == nil || f.Unpriced > 0 || f.CostHigh > a.Over
	case ApproveNever:
	}
	return false
}
