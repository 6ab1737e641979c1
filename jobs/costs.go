package jobs

import (
	"fmt"
	"strings"
	"time"
)

// CostGroup says what the ledger is added up by.
type CostGroup string

// The groups.
const (
	CostByDay     CostGroup = "day"
	CostByUser    CostGroup = "user"
	CostByChannel CostGroup = "channel"
	CostByModel   CostGroup = "model"
	CostByJob     CostGroup = "job"
)

// CostGroups lists all groups.
func CostGroups() []CostGroup {
	return []CostGroup{CostByDay, CostByUser, CostByChannel, CostByModel, CostByJob}
}

// ParseCostGroup reads the name of a group.
func ParseCostGroup(text string) (CostGroup, error) {
	var names []string
	for _, g := range CostGroups() {
		if string(g) == text {
			return g, nil
		}
		names = append(names, string(g))
	}
	return "", fmt.Errorf("%q is nothing to add costs up by: use %s", text, strings.Join(names, ", "))
}

// CostQuery says which calls to add up. A call counts for the moment at which it
// was sent.
type CostQuery struct {
	By    CostGroup
	Since time.Time      // zero: from the first
	Until time.Time      // not included; zero: to the last
	Zone  *time.Location // in which days begin; nil: UTC

	Workspace string // of the jobs that made them; empty: any
	User      string // who asked for the jobs; empty: anybody
	Sight     *Sight // of who looks: calls of other jobs do not count; nil: everything
}

// CostLine is the sum of some calls. Settled and Lost together are what was spent.
type CostLine struct {
	Key      string // the day, user, channel, model or job; empty: the terminal, or the total
	Title    string // of a job
	Settled  Money  // calls that came to an end
	Lost     Money  // calls whose end nobody saw, at their worst case
	Reserved Money  // calls under way, at their worst case
	Tokens   Tokens
	Calls    int
	Unpriced int // calls whose cost nobody knows
}

// Spent is what the calls cost, as a job's report says it.
func (l *CostLine) Spent() Money { return l.Settled + l.Lost }

// Add adds the sums of o to l.
func (l *CostLine) Add(o *CostLine) {
	l.Settled += o.Settled
	l.Lost += o.Lost
	l.Reserved += o.Reserved
	l.Tokens = l.Tokens.Plus(o.Tokens)
	l.Calls += o.Calls
	l.Unpriced += o.Unpriced
}
