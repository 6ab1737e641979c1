package jobs

import (
	"context"
	"fmt"
	"strings"
)

// Bounds of what a task asks, in characters.
const (
	MaxQuestion   = 1_000
	MaxAssumption = 1_000
)

// Answer lets a node that waits for an answer go on with it. It is refused with a
// *UserError where nothing waits for one.
type Answer struct {
	Job  JobID
	Path string // of the node; empty: the only one that waits
	Text string
	By   Actor
}

// Assume lets the nodes of a job that waited long enough for an answer go on with
// what they assume.
type Assume struct {
	Job JobID
}

func (Answer) isChange() {}
func (Assume) isChange() {}

// Answer gives the node at a.Path the answer that it waits for. The node is told
// question and answer, and goes on where it was. It returns a *UserError if the
// text is empty or too long, if nothing waits for an answer there, or if several
// nodes do and none is named; ErrNotFound if there is no such job.
func (s *Service) Answer(ctx context.Context, a Answer) error {
	return s.Do(ctx, nil, a)
}

// Ask is the text with which people are asked what p wants to know for the node at
// path: who asks, what, and what happens if nobody answers.
func (p Park) Ask(path, title string) string {
	text := p.Question
	if path != "" {
		text = fmt.Sprintf("Step %s (%s) asks:\n%s", path, title, text)
	}
	if p.Until.IsZero() {
		return text
	}
	text += "\nWithout an answer by " + p.Until.UTC().Format("2006-01-02 15:04 MST") + " it goes on"
	if p.Assume == "" {
		return text + " with what seems most sensible."
	}
	return text + " with this: " + p.Assume
}

// Assumed is what a node is told in place of an answer that did not come. An empty
// assumption leaves it to the node.
func Assumed(assume string) string {
	if assume = strings.TrimSpace(assume); assume == "" {
		return "Nobody answered in time. Go on with what seems most sensible, and say in the result what you assumed."
	}
	return "Nobody answered in time. Go on with this assumption, and say so in the result: " + assume
}
