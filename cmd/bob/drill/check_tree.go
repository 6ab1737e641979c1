package drill

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/askbob/bob/jobs"
)

func final(status string) bool { return jobs.Status(status).Final() }

// move is what an event says of a node.
type move struct {
	Node   int64  `json:"n"`
	Event  string `json:"e"`
	Status string `json:"s"`
}

// events goes through all that happened, in its order: nobody may take a node that
// another holds, and nothing ends twice without being opened again.
func (c *checker) events() error {
	return c.each("SELECT job_id, moves FROM events ORDER BY seq", func(scan func(...any) error) error {
		var job, text string
		if err := scan(&job, &text); err != nil {
			return err
		}
		var moves []move
		if err := json.Unmarshal([]byte(text), &moves); err != nil {
			c.fault(KindDamaged, job, "an event that cannot be read: %v", err)
			return nil
		}
		for _, m := range moves {
			if n := c.nodes[m.Node]; n != nil {
				c.happened(n, m)
			} else {
				c.fault(KindLost, job, "node %d has a history and no row", m.Node)
			}
		}
		return nil
	})
}

func (c *checker) happened(n *node, m move) {
	claim := m.Event == string(jobs.EventClaim) || m.Event == string(jobs.EventClaimPlan)
	if claim && n.held {
		c.fault(KindTwice, n.job, "step %q was taken while another worker held it", n.path)
	}
	n.held = claim
	end := final(m.Status)
	switch {
	case end && n.ended:
		c.fault(KindTwice, n.job, "step %q came to an end twice (%s)", n.path, m.Status)
	case end:
		if j := c.jobs[n.job]; j != nil && n.parent == 0 {
			j.ends++
		}
		if m.Status == string(jobs.StatusCompleted) {
			n.ends++
		}
	}
	n.ended = end
}

// attempts holds the kept attempts against the events.
func (c *checker) attempts() error {
	return c.each("SELECT node_id, count(*) FROM attempts WHERE status = 'completed' GROUP BY node_id", func(scan func(...any) error) error {
		var id int64
		var done int
		if err := scan(&id, &done); err != nil {
			return err
		}
		if n := c.nodes[id]; n != nil && done != n.ends {
			c.fault(KindTwice, n.job, "step %q has %d completed attempts and completed %d times", n.path, done, n.ends)
		}
		return nil
	})
}

// tree recounts every branch from its children, and judges it anew.
func (c *checker) tree() error {
	for id, j := range c.jobs {
		if root := c.nodes[j.root]; root != nil && j.final != final(root.status) {
			c.fault(KindStatus, id, "final is %v, the root is %s", j.final, root.status)
		}
	}
	for _, n := range c.order {
		c.recount(n)
		if n.phase == string(jobs.PhaseCombine) {
			c.judge(n)
		}
		if final(n.status) != (n.completed > 0) || final(n.status) && (n.ready || n.owner != "") || n.ended != final(n.status) {
			c.fault(KindStatus, n.job, "step %q is %s, completed at %d, ready %v, owner %q", n.path, n.status, n.completed, n.ready, n.owner)
		}
	}
	return nil
}

// The places of a node's counts.
const (
	total = iota
	completed
	failed
	running
	skipped
	cancelled
	weight
	weightDone
)

func (c *checker) recount(n *node) {
	counts, money := [8]int64{total: 1, weight: n.counts[weight]}, n.spent
	var kids [7]int64
	var open int64
	if n.phase == string(jobs.PhaseCombine) {
		counts = [8]int64{}
		for _, child := range n.below {
			if !final(child.status) {
				open++
			}
			count(&kids, child)
			for i := range counts {
				counts[i] += child.counts[i]
			}
			for i := range money {
				money[i] += child.money[i]
			}
		}
	} else {
		countLeaf(&counts, n)
	}
	if n.counts != counts {
		c.fault(KindCounters, n.job, "step %q counts %v, its leaves %v", n.path, n.counts, counts)
	}
	if n.money != money {
		c.fault(KindCounters, n.job, "step %q has used %v, its calls %v", n.path, n.money, money)
	}
	if n.openChildren != open || n.kids != kids {
		c.fault(KindCounters, n.job, "step %q has %d open children and %v, by their rows %d and %v", n.path, n.openChildren, n.kids, open, kids)
	}
	if n.openDeps < 0 {
		c.fault(KindCounters, n.job, "step %q waits for %d others", n.path, n.openDeps)
	}
	if n.any != 0 {
		c.fault(KindCounters, n.job, "step %q has %d below that are held, and nobody works", n.path, n.any)
	}
}

func countLeaf(counts *[8]int64, n *node) {
	at, ok := map[jobs.Status]int{
		jobs.StatusCompleted: completed, jobs.StatusPartial: completed, jobs.StatusFailed: failed,
		jobs.StatusSkipped: skipped, jobs.StatusCancelled: cancelled,
	}[jobs.Status(n.status)]
	if ok {
		counts[at], counts[weightDone] = 1, n.counts[weight]
	}
}

// count adds a final child to the counters of its parent.
func count(kids *[7]int64, n *node) {
	if !final(n.status) {
		return
	}
	at := slices.Index([]jobs.Status{
		jobs.StatusCompleted, jobs.StatusPartial, jobs.StatusFailed, jobs.StatusSkipped, jobs.StatusCancelled,
	}, jobs.Status(n.status))
	if n.optional {
		at = 6
		if jobs.Status(n.status).Good() {
			at = 5
		}
	}
	kids[at]++
}

// judge works out what a branch must have become, from its children alone.
func (c *checker) judge(n *node) {
	if !final(n.status) {
		return
	}
	var children jobs.Children
	for _, child := range n.below {
		if !final(child.status) {
			c.fault(KindStatus, n.job, "branch %q is %s and its step %q is %s", n.path, n.status, child.path, child.status)
			return
		}
		children.Add(jobs.Status(child.status), child.optional)
	}
	want, _ := children.Judge(jobs.OnFailure(n.onFailure))
	got := jobs.Status(n.status)
	switch {
	case got == want:
	case got == jobs.StatusPartial && want == jobs.StatusCompleted && n.reason != "": // the combining failed
	case (got == jobs.StatusCancelled || got == jobs.StatusSkipped) && n.reason != "": // ended from above
	default:
		c.fault(KindStatus, n.job, "branch %q is %s (%s), its steps make it %s: %s", n.path, got, n.reason, want, fmt.Sprintf("%+v", children))
	}
}
