package terminal

import (
	"fmt"
	"strings"

	"github.com/askbob/bob/jobs"
)

// box is a node in the tree that is drawn.
type box struct {
	node  *jobs.NodeReport // nil: a root that the report does not have
	up    *box
	kids  []*box
	steps tally // of the leaves below, of itself for a leaf

	shown     bool
	shownKids int
}

// grow makes a tree of a report's nodes and lists its boxes, without the root, in
// the order of the nodes. A node whose parent does not come before it hangs at the
// root, so that no report can lead in a circle.
func grow(nodes []jobs.NodeReport) (*box, []*box) {
	root := &box{shown: true}
	byID := make(map[jobs.NodeID]*box, len(nodes))
	all := make([]*box, 0, len(nodes))
	for i := range nodes {
		n := &nodes[i]
		if n.Path == "" && root.node == nil {
			root.node = n
			byID[n.ID] = root
			continue
		}
		b := &box{node: n, up: root}
		if n.Parent != nil && byID[*n.Parent] != nil {
			b.up = byID[*n.Parent]
		}
		b.up.kids = append(b.up.kids, b)
		byID[n.ID] = b
		all = append(all, b)
	}
	for i := len(all) - 1; i >= 0; i-- {
		b := all[i]
		if len(b.kids) == 0 {
			b.steps.count(b.node.Status)
		}
		b.up.steps.add(b.steps)
	}
	return root, all
}

// choose marks the boxes to show so that drawing them takes at most room lines:
// all if they fit, else those that matter most and the branches above them. The
// others are folded into counts.
func choose(all []*box, room int) {
	var ranks [lastRank + 1][]*box
	for _, b := range all {
		k := lastRank
		if len(all) > room {
			k = rank(b)
		}
		ranks[k] = append(ranks[k], b)
	}
	for _, boxes := range ranks {
		for _, b := range boxes {
			if need := cost(b); need <= room {
				room -= need
				show(b)
			}
		}
	}
}

const lastRank = 6

// rank is smaller for what a person wants to see first.
func rank(b *box) int {
	s := b.node.Status
	switch {
	case s == jobs.StatusWaitingForInput || s == jobs.StatusAwaitingApproval:
		return 0
	case s == jobs.StatusRunning || s == jobs.StatusPlanning:
		return 1
	case s == jobs.StatusFailed:
		return 2
	case b.up.up == nil:
		return 3
	case s == jobs.StatusWaitingForChildren || s == jobs.StatusPaused:
		return 4
	case s == jobs.StatusQueued:
		return 5
	}
	return lastRank
}

// cost is how many more lines the drawing has once b is shown: its own, those of
// the branches above it that are not shown yet, and the lines that count siblings
// which stay folded.
func cost(b *box) int {
	lines := 0
	for ; !b.shown; b = b.up {
		lines++
		siblings := len(b.up.kids) - 1
		switch {
		case siblings == 0:
		case b.up.shownKids == 0:
			lines++
		case b.up.shownKids == siblings:
			lines--
		}
	}
	return lines
}

func show(b *box) {
	for ; !b.shown; b = b.up {
		b.shown = true
		b.up.shownKids++
	}
}

// tally counts leaves by what has become of them.
type tally struct {
	done, failed, running, waiting, left int
}

func (t *tally) count(s jobs.Status) {
	switch s {
	case jobs.StatusCompleted, jobs.StatusPartial:
		t.done++
	case jobs.StatusFailed:
		t.failed++
	case jobs.StatusRunning, jobs.StatusPlanning, jobs.StatusWaitingForChildren:
		t.running++
	case jobs.StatusCancelled, jobs.StatusSkipped:
		t.left++
	case jobs.StatusQueued, jobs.StatusPaused, jobs.StatusAwaitingApproval, jobs.StatusWaitingForInput:
		t.waiting++
	}
}

func (t *tally) add(o tally) {
	t.done += o.done
	t.failed += o.failed
	t.running += o.running
	t.waiting += o.waiting
	t.left += o.left
}

func (t *tally) total() int { return t.done + t.failed + t.running + t.waiting + t.left }

// words writes the counts that are not zero.
func (t *tally) words() string {
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{
		{t.done, "done"},
		{t.failed, "failed"},
		{t.running, "running"},
		{t.waiting, "waiting"},
		{t.left, "skipped or cancelled"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	return strings.Join(parts, ", ")
}
