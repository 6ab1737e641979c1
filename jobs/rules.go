package jobs

// Children counts the final children of a branch by how they ended; optional ones
// apart.
type Children struct {
	Completed int
	Partial   int
	Failed    int
	Skipped   int
	Cancelled int

	OptionalGood int
	OptionalBad  int
}

// Add counts one more final child. It does nothing for a status that is not final.
func (c *Children) Add(s Status, optional bool) {
	switch {
	case !s.Final():
	case optional && s.Good():
		c.OptionalGood++
	case optional:
		c.OptionalBad++
	case s == StatusCompleted:
		c.Completed++
	case s == StatusPartial:
		c.Partial++
	case s == StatusFailed:
		c.Failed++
	case s == StatusSkipped:
		c.Skipped++
	case s == StatusCancelled:
		c.Cancelled++
	}
}

// Good counts the required children that left a result.
func (c Children) Good() int { return c.Completed + c.Partial }

// Bad counts the required children that left none.
func (c Children) Bad() int { return c.Failed + c.Skipped + c.Cancelled }

// Judge says what becomes of a branch whose children are all final, and why. For
// completed and partial there is something to combine first. Zero children is a
// planner's mistake and never a success.
func (c Children) Judge(policy OnFailure) (Status, Reason) {
	good, bad := c.Good(), c.Bad()
	if k, ok := policy.Quorum(); ok && good >= k {
		bad -= c.Skipped // the rest was not needed
	}
	switch {
	case good+bad+c.OptionalGood+c.OptionalBad == 0:
		return StatusFailed, ReasonPlanInvalid
	case good == 0 && bad == 0 && c.OptionalGood == 0:
		return StatusFailed, ReasonChildrenFailed
	case good == 0 && bad > 0 && bad == c.Cancelled:
		return StatusCancelled, ""
	case good == 0 && bad > 0:
		return StatusFailed, ReasonChildrenFailed
	case bad > 0 || c.Partial > 0 || c.OptionalBad > 0:
		return StatusPartial, ""
	}
	return StatusCompleted, ""
}

// Settled says whether a branch need not wait for its other children: all that is
// still open is then ended as the returned status and reason say.
func (c Children) Settled(policy OnFailure) (Status, Reason, bool) {
	if k, ok := policy.Quorum(); ok && c.Good() >= k {
		return StatusSkipped, ReasonNotNeeded, true
	}
	if policy == OnFailureFailFast && c.Bad() > 0 {
		return StatusCancelled, ReasonChildrenFailed, true
	}
	return "", "", false
}

// Satisfies reports whether a node that ended as s lets its dependants start. An
// optional one does whatever its end.
func Satisfies(s Status, optional bool) bool { return s.Good() || optional && s.Final() }

// Milestones are the shares of a job's work, in percent, that people are told of.
func Milestones() []int { return []int{25, 50, 75} }

// Crossed returns the highest milestone in (before, after], 0 if there is none:
// several at once become one.
func Crossed(before, after float64) int {
	highest := 0
	for _, m := range Milestones() {
		if before < float64(m) && float64(m) <= after {
			highest = m
		}
	}
	return highest
}
