package storage

import (
	"fmt"
	"strconv"
	"time"

	"github.com/askbob/bob/jobs"
)

// What a step is taken to last when its plan does not say: its share of the work.
const (
	defaultTask = 30 * time.Second
	defaultCall = 10 * time.Second
)

// sprout is a node that is about to be inserted.
type sprout struct {
	id, parent int64
	path       string
	depth, ord int
	step       *jobs.Step
	leaf       bool
	children   int
	deps       int
	dependants int
	leaves     int
	weight     int64
	gated      bool // its branch is not open yet
	closed     bool // it is a branch that waits for something
}

// expand inserts the tree that a plan makes of a claimed node.
func (u *unit) expand(c jobs.Expand) error {
	s, err := u.held(c.Fence)
	if err != nil {
		return err
	}
	revision, err := u.revised(s)
	if err != nil {
		return err
	}
	asks := false
	if s.parent == 0 {
		if asks, err = u.asks(s, revision, c.Forecast); err != nil {
			return err
		}
	}
	top, err := u.lay(s, c.Plan.Steps, asks, revision)
	if err != nil {
		return err
	}
	return u.expanded(s, top, c.Plan.Title, asks, revision)
}

// revised is the revision of the plan that a node is given: of a root another one.
func (u *unit) revised(s *nodeState) (revision int, err error) {
	text := "SELECT revision FROM jobs WHERE id = ?"
	if s.parent == 0 {
		text = "UPDATE jobs SET revision = revision + 1 WHERE id = ? RETURNING revision"
	}
	return revision, u.row(text, []any{string(s.job)}, &revision)
}

// lay inserts the nodes of a plan below s. None of them may start while s is
// closed. It returns what they sum up to.
func (u *unit) lay(s *nodeState, steps []jobs.Step, closed bool, revision int) (*sprout, error) {
	top := &sprout{id: s.id, path: s.path, depth: s.depth, closed: closed}
	tree, edges, err := u.grow(steps, top)
	if err != nil {
		return nil, err
	}
	weigh(tree, top, s)
	for _, t := range tree {
		if err := u.insert(s, t, revision); err != nil {
			return nil, err
		}
	}
	for _, e := range edges {
		u.edges = append(u.edges, e[0], e[1])
	}
	return top, nil
}

// expanded turns the planned node into a branch.
func (u *unit) expanded(s *nodeState, top *sprout, title string, asks bool, revision int) error {
	to, e, why := jobs.StatusWaitingForChildren, jobs.EventPlanned, jobs.Reason("")
	if asks {
		to, e, why = jobs.StatusAwaitingApproval, jobs.EventAskApproval, jobs.ReasonApproval
		if err := u.askApproval(s, revision); err != nil {
			return err
		}
	}
	if err := u.release(s, e, to, why, ""); err != nil {
		return err
	}
	if s.parent == 0 && title != "" {
		s.title = title
	}
	s.phase, s.attempt, s.openChildren = jobs.PhaseCombine, 0, top.children
	more, heavier := top.leaves-s.n.Total, top.weight-s.n.Weight
	s.n.Total, s.n.Weight = top.leaves, top.weight
	return u.above(s.parent, func(p *nodeState) {
		p.n.Total += more
		p.n.Weight += heavier
	})
}

// grow lays out the nodes of a plan under top, and the dependencies between them.
func (u *unit) grow(steps []jobs.Step, top *sprout) (tree []*sprout, edges [][2]int64, err error) {
	byKey := map[string]*sprout{"": top}
	for i := range steps {
		step := &steps[i]
		parent, ok := byKey[step.Parent]
		if !ok {
			return nil, nil, fmt.Errorf("step %q: its branch %q does not come before it", step.Key, step.Parent)
		}
		parent.children++
		t := &sprout{
			id: u.w.nextID, parent: parent.id, depth: parent.depth + 1, ord: parent.children, step: step,
			leaf: step.Type.Leaf() || step.Later, deps: len(step.DependsOn), gated: parent.closed,
		}
		t.path = joinPath(parent.path, t.ord)
		t.closed = !t.leaf && (t.deps > 0 || t.gated)
		u.w.nextID++
		byKey[step.Key] = t
		tree = append(tree, t)
	}
	for _, t := range tree {
		for _, key := range t.step.DependsOn {
			on, ok := byKey[key]
			if !ok || key == "" {
				return nil, nil, fmt.Errorf("step %q depends on %q, which is not there", t.step.Key, key)
			}
			on.dependants++
			edges = append(edges, [2]int64{on.id, t.id})
		}
	}
	return tree, edges, nil
}

func joinPath(parent string, ord int) string {
	if parent == "" {
		return strconv.Itoa(ord)
	}
	return parent + "." + strconv.Itoa(ord)
}

// weigh counts the leaves and sums up the work of every branch. A subplan that was
// planned late divides the share it already had, so that progress never falls.
func weigh(tree []*sprout, top *sprout, s *nodeState) {
	byID := map[int64]*sprout{top.id: top}
	var total int64
	for _, t := range tree {
		byID[t.id] = t
		if t.leaf {
			t.leaves, t.weight = 1, guess(t.step)
			total += t.weight
		}
	}
	if s.parent != 0 && total > 0 {
		share(tree, s.n.Weight, total)
	}
	for i := len(tree) - 1; i >= 0; i-- { // children come after their branch
		t := tree[i]
		up := byID[t.parent]
		up.leaves += t.leaves
		up.weight += t.weight
	}
}

// share scales the leaves' weights so that they sum up to have.
func share(tree []*sprout, have, total int64) {
	left := have
	var last *sprout
	for _, t := range tree {
		if t.leaf {
			t.weight = int64(float64(have) * float64(t.weight) / float64(total))
			left -= t.weight
			last = t
		}
	}
	last.weight += left
}

func guess(step *jobs.Step) int64 {
	switch {
	case step.Estimate > 0:
		return max(1, millis(step.Estimate))
	case step.Type == jobs.TypeAPICall:
		return millis(defaultCall)
	}
	return millis(defaultTask)
}

// sproutsAtOnce bounds the rows that wait to be inserted: a large plan goes piece
// by piece.
const sproutsAtOnce = 4096

// insert adds a node's row to those that are inserted next, and tells of it.
func (u *unit) insert(s *nodeState, t *sprout, revision int) error {
	needs, tools, err := encodeSpec(t.step)
	if err != nil {
		return err
	}
	if len(u.sprouts) >= sproutsAtOnce*nodeColumns {
		if err := u.plant(t.id); err != nil {
			return err
		}
	}
	if u.planted == 0 {
		u.planted = t.id
	}
	openDeps := t.deps + count(t.gated)
	status, phase := jobs.StatusQueued, jobs.PhaseWork
	switch {
	case !t.leaf:
		phase = jobs.PhaseCombine
		if openDeps == 0 {
			status = jobs.StatusWaitingForChildren
		}
	case t.step.Later:
		phase = jobs.PhasePlan
	}
	ready := t.leaf && openDeps == 0
	reason := jobs.Reason("")
	if openDeps > 0 {
		reason = jobs.ReasonDependency
	}
	st := t.step
	u.sprouts = append(u.sprouts, t.id, string(s.job), t.parent, t.path, t.depth, t.ord, string(st.Type), st.Title, st.Description,
		st.Prompt, string(s.priority), needs, tools, st.Optional, string(st.OnFailure), millis(st.Estimate), revision, u.now, t.dependants, t.weight,
		string(status), string(reason), string(phase), ready, t.children, openDeps, t.leaves)
	if ready && phase == jobs.PhasePlan { // its plan will change it
		u.nodes[t.id] = &nodeState{
			id: t.id, job: s.job, parent: t.parent, path: t.path, depth: t.depth, typ: st.Type, optional: st.Optional,
			onFailure: st.OnFailure, priority: s.priority, title: st.Title, status: status, phase: phase, desired: jobs.DesiredRun,
			ready: true, totalSteps: 1, dependants: t.dependants, n: jobs.Counts{Total: t.leaves, Weight: t.weight},
		}
	}
	if ready {
		u.w.isReady(t.id, 0)
		u.ready = append(u.ready, jobs.Ready{Fence: jobs.Fence{Node: jobs.NodeID(t.id)}, Job: s.job, Rank: s.priority.Rank(), Known: &jobs.Node{
			ID: jobs.NodeID(t.id), Job: s.job, Parent: jobs.NodeID(t.parent), Path: t.path, Depth: t.depth, Type: st.Type, Title: st.Title,
			Priority: s.priority, Optional: st.Optional, Status: status, Phase: phase, Dependants: t.dependants, Counts: jobs.Counts{Weight: t.weight},
		}})
	}
	return u.move(s.job, t.id, jobs.EventPlanned, "", status, reason)
}

func encodeSpec(step *jobs.Step) (needs, tools string, err error) {
	if step.Needs != (jobs.Requirements{}) {
		if needs, err = toJSON(step.Needs); err != nil {
			return "", "", err
		}
	}
	if len(step.Tools) > 0 {
		if tools, err = toJSON(step.Tools); err != nil {
			return "", "", err
		}
	}
	return needs, tools, nil
}

// askApproval tells people of a plan, and what came of their wish if it is one that
// they had changed.
func (u *unit) askApproval(root *nodeState, revision int) error {
	note, err := u.rewritten(root, revision)
	if err != nil {
		return err
	}
	text := "The plan waits for your approval."
	if note != "" {
		text = "The changed plan waits for your approval. " + note
	}
	return u.notice(root.job, jobs.NoticeApproval, fmt.Sprintf("approval:%d", revision), text)
}

// become turns a claimed node in planning into a leaf.
func (u *unit) become(c jobs.Become) error {
	s, err := u.held(c.Fence)
	if err != nil {
		return err
	}
	revision, err := u.revised(s)
	if err != nil {
		return err
	}
	asks := false
	if s.parent == 0 {
		if asks, err = u.becomeJob(s, c, revision); err != nil {
			return err
		}
	}
	to, e, why := jobs.StatusQueued, jobs.EventOneStep, jobs.Reason("")
	if asks {
		to, e, why = jobs.StatusAwaitingApproval, jobs.EventAskApproval, jobs.ReasonApproval
	}
	if err := u.release(s, e, to, why, ""); err != nil {
		return err
	}
	s.phase, s.attempt, s.notBefore = jobs.PhaseWork, 0, 0
	if !asks {
		u.announce(s)
	}
	return u.setSpec(s, &c.Step, revision)
}

// setSpec keeps what a node that was planned as a leaf is to do.
func (u *unit) setSpec(s *nodeState, step *jobs.Step, revision int) error {
	needs, tools, err := encodeSpec(step)
	if err != nil {
		return err
	}
	return u.exec("UPDATE nodes SET prompt = ?, needs = ?, tools = ?, estimate_ms = ?, revision = ? WHERE id = ?",
		step.Prompt, needs, tools, millis(step.Estimate), revision, s.id)
}

// becomeJob makes the only step of a plan its whole job, and reports whether a
// person must agree to it.
func (u *unit) becomeJob(s *nodeState, c jobs.Become, revision int) (asks bool, err error) {
	if c.Title != "" {
		s.title = c.Title
	}
	s.n.Weight = guess(&c.Step)
	if asks, err = u.asks(s, revision, c.Forecast); err != nil || !asks {
		return asks, err
	}
	return true, u.askApproval(s, revision)
}

// approve lets a plan run.
func (u *unit) approve(c jobs.Approve) error {
	root, err := u.awaiting(c.Job, c.Revision)
	if err != nil {
		return err
	}
	if err := u.audit(c.Job, c.By, "approve", "", fmt.Sprintf("revision %d", c.Revision)); err != nil {
		return err
	}
	if err := u.decide(c.Job, c.By.User, "approved the plan.", jobs.NoticeApproval); err != nil {
		return err
	}
	if root.phase == jobs.PhaseCombine {
		return u.openBranch(root, jobs.EventApprove)
	}
	if err := u.move(root.job, root.id, jobs.EventApprove, root.status, jobs.StatusQueued, ""); err != nil {
		return err
	}
	root.status, root.reason = jobs.StatusQueued, ""
	u.announce(root)
	return nil
}
