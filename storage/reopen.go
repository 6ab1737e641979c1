package storage

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/askbob/bob/jobs"
)

// reopening is what runs again: leaves, and the branches above them. It is worked
// out as a whole before a row is changed.
type reopening struct {
	u        *unit
	leaves   map[int64]*nodeState
	branches map[int64]*nodeState
	follow   map[int64]bool // nodes whose dependants were looked at
}

// runAgain lets what did not succeed below a node run again, or, for VerbRerun, all
// of it; and what was skipped for it or built on its results. Finished work beside
// it is kept, and a branch that is at work goes on with the results it began with.
func (u *unit) runAgain(s *nodeState, c jobs.Command) error {
	if !s.status.Final() && s.desired == jobs.DesiredCancel {
		return s.over()
	}
	if c.Prompt != "" && s.phase != jobs.PhaseWork {
		return &jobs.UserError{Message: s.called() + " has steps of its own: give the new prompt to one of them."}
	}
	if err := u.flush(); err != nil {
		return err
	}
	r := &reopening{u: u, leaves: map[int64]*nodeState{}, branches: map[int64]*nodeState{}, follow: map[int64]bool{}}
	if err := r.choose(s, c.Verb); err != nil {
		return err
	}
	if err := r.prune(s); err != nil {
		return err
	}
	if err := u.exec("UPDATE jobs SET finishing = 0 WHERE id = ?", string(s.job)); err != nil {
		return err
	}
	if c.Prompt != "" {
		if err := u.exec("UPDATE nodes SET prompt = ? WHERE id = ?", c.Prompt, s.id); err != nil {
			return err
		}
	}
	return r.carryOut()
}

// choose collects the leaves that a command names, and all that follows from them.
func (r *reopening) choose(s *nodeState, verb jobs.Verb) error {
	list, err := r.u.finalLeaves(s)
	if err != nil {
		return err
	}
	for _, leaf := range list {
		if leaf.reason == jobs.ReasonReplanned && s.reason != jobs.ReasonReplanned {
			continue // set aside: only who names it means it
		}
		if verb == jobs.VerbRerun || leaf.status != jobs.StatusCompleted {
			if err := r.add(leaf); err != nil {
				return err
			}
		}
	}
	switch {
	case len(r.leaves) > 0:
		return nil
	case s.phase == jobs.PhaseCombine && (s.status == jobs.StatusPartial || s.status == jobs.StatusFailed):
		return r.above(s) // only its last step, the combining, did not succeed
	case verb == jobs.VerbRerun || !s.status.Final():
		return &jobs.UserError{Message: s.called() + " has nothing yet that could run again."}
	}
	return &jobs.UserError{Message: fmt.Sprintf("%s is %s and nothing in it failed: rerun a step to run it again.", s.called(), s.status)}
}

// finalLeaves lists the leaves of a subtree that came to an end.
func (u *unit) finalLeaves(s *nodeState) ([]*nodeState, error) {
	if s.phase != jobs.PhaseCombine {
		if !s.status.Final() {
			return nil, nil
		}
		return []*nodeState{s}, nil
	}
	ids, err := u.ids(`SELECT id FROM nodes WHERE job_id = ? AND phase <> 'combine' AND completed_at > 0
		AND (? = '' OR substr(path, 1, length(?) + 1) = ? || '.') ORDER BY id`, string(s.job), s.path, s.path, s.path)
	if err != nil {
		return nil, err
	}
	return u.states(ids)
}

// add takes a leaf, the branches above it, and what depends on any of them.
func (r *reopening) add(leaf *nodeState) error {
	if r.leaves[leaf.id] != nil {
		return nil
	}
	r.leaves[leaf.id] = leaf
	if err := r.dependants(leaf); err != nil {
		return err
	}
	if leaf.parent == 0 {
		return nil
	}
	parent, err := r.u.load(leaf.parent)
	if err != nil {
		return err
	}
	return r.above(parent)
}

// above takes a branch and those above it.
func (r *reopening) above(s *nodeState) error {
	for r.branches[s.id] == nil {
		r.branches[s.id] = s
		if s.status.Final() {
			if err := r.dependants(s); err != nil {
				return err
			}
		}
		if s.parent == 0 {
			return nil
		}
		var err error
		if s, err = r.u.load(s.parent); err != nil {
			return err
		}
	}
	return nil
}

// dependants takes what depends on a node and came to an end: it was skipped for
// it, or built on a result that will be another. What a person or a quorum ended
// stays ended.
func (r *reopening) dependants(on *nodeState) error {
	if on.dependants == 0 || r.follow[on.id] {
		return nil
	}
	r.follow[on.id] = true
	ids, err := r.u.ids("SELECT node_id FROM deps WHERE on_id = ?", on.id)
	if err != nil {
		return err
	}
	list, err := r.u.states(ids)
	if err != nil {
		return err
	}
	for _, d := range list {
		leaves, err := r.u.finalLeaves(d)
		if err != nil {
			return err
		}
		for _, leaf := range leaves {
			if leaf.reason == jobs.ReasonUser || leaf.reason == jobs.ReasonNotNeeded || leaf.reason == jobs.ReasonReplanned {
				continue
			}
			if err := r.add(leaf); err != nil {
				return err
			}
		}
	}
	return nil
}

// prune drops leaves that could not start, because something else that they depend
// on has failed and stays so. It refuses if asked is among them.
func (r *reopening) prune(asked *nodeState) error {
	lone := len(r.leaves) == 0 // only the combining of asked runs again
	for again := true; again; {
		again = false
		for id, leaf := range r.leaves {
			lost, err := r.lostDependency(leaf)
			if err != nil {
				return err
			}
			if lost == nil {
				continue
			}
			if id == asked.id {
				return &jobs.UserError{Message: fmt.Sprintf("%s depends on step %s, which is %s: retry that one.", asked.called(), lost.path, lost.status)}
			}
			delete(r.leaves, id)
			again = true
		}
		if again && !lone {
			if err := r.onlyAbove(); err != nil {
				return err
			}
		}
	}
	if len(r.leaves) == 0 && !lone {
		return &jobs.UserError{Message: asked.called() + " depends on steps that failed: retry those."}
	}
	return nil
}

// onlyAbove keeps the branches above the leaves that are left.
func (r *reopening) onlyAbove() error {
	clear(r.branches)
	for _, s := range r.leaves {
		for parent := s.parent; parent != 0 && r.branches[parent] == nil; {
			p, err := r.u.load(parent)
			if err != nil {
				return err
			}
			r.branches[parent] = p
			parent = p.parent
		}
	}
	return nil
}

// lostDependency returns what a leaf, or a branch above it, depends on and that
// will never satisfy it, nil if there is nothing.
func (r *reopening) lostDependency(s *nodeState) (*nodeState, error) {
	for {
		ons, err := r.u.dependencies(s)
		if err != nil {
			return nil, err
		}
		for _, on := range ons {
			if on.status.Final() && !jobs.Satisfies(on.status, on.optional) && r.leaves[on.id] == nil && r.branches[on.id] == nil {
				return on, nil
			}
		}
		if s.parent == 0 {
			return nil, nil
		}
		if s, err = r.u.load(s.parent); err != nil {
			return nil, err
		}
	}
}

// carryOut changes the rows: what ended is taken out of the counters, branches are
// counted anew, and then, from the top, each node waits or may go.
func (r *reopening) carryOut() error {
	leaves := sorted(r.leaves)
	for _, s := range leaves {
		if err := r.u.uncount(s); err != nil {
			return err
		}
	}
	ended, judged := map[int64]jobs.Status{}, map[int64]bool{}
	for _, s := range append(leaves, sorted(r.branches)...) {
		ended[s.id], judged[s.id] = s.status, s.place() == jobs.StatusQueued && s.verdict != ""
		if err := r.u.clearEnd(s); err != nil {
			return err
		}
	}
	for _, s := range sorted(r.branches) {
		if err := r.u.recount(s); err != nil {
			return err
		}
	}
	for _, s := range sorted(r.branches) {
		if err := r.u.restartBranch(s, ended[s.id], judged[s.id]); err != nil {
			return err
		}
	}
	for _, s := range leaves {
		if err := r.u.restartLeaf(s, ended[s.id]); err != nil {
			return err
		}
	}
	return r.hold()
}

// hold lets open nodes wait again for what runs again.
func (r *reopening) hold() error {
	for id := range r.follow {
		ids, err := r.u.ids("SELECT node_id FROM deps WHERE on_id = ?", id)
		if err != nil {
			return err
		}
		list, err := r.u.states(ids)
		if err != nil {
			return err
		}
		for _, d := range list {
			if d.status != jobs.StatusQueued && d.status != jobs.StatusRunning || r.leaves[d.id] != nil || r.branches[d.id] != nil || d.verdict != "" {
				continue
			}
			if err := r.u.holdBack(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// holdBack takes a node that has not ended back into the line.
func (u *unit) holdBack(s *nodeState) error {
	if s.owner != "" {
		u.interrupted = append(u.interrupted, jobs.NodeID(s.id))
		if err := u.release(s, jobs.EventRetry, jobs.StatusQueued, jobs.ReasonDependency, ""); err != nil {
			return err
		}
		s.attempt--
		s.epoch++
	}
	return u.await(s)
}

func sorted(m map[int64]*nodeState) []*nodeState {
	list := make([]*nodeState, 0, len(m))
	for _, s := range m {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *nodeState) int { return cmp.Or(a.depth-b.depth, cmp.Compare(a.id, b.id)) })
	return list
}

// uncount takes a leaf's end out of the counters above it.
func (u *unit) uncount(s *nodeState) error {
	undo := func(p *nodeState) {
		p.n.WeightDone -= s.n.Weight
		switch s.status {
		case jobs.StatusFailed:
			p.n.Failed--
		case jobs.StatusCancelled:
			p.n.Cancelled--
		case jobs.StatusSkipped:
			p.n.Skipped--
		default:
			p.n.Completed--
		}
	}
	undo(s)
	return u.above(s.parent, undo)
}

// clearEnd makes a node one that has not ended: late results of what ran before
// change nothing.
func (u *unit) clearEnd(s *nodeState) error {
	if s.owner != "" { // a branch that was being combined
		u.interrupted = append(u.interrupted, jobs.NodeID(s.id))
		if err := u.release(s, jobs.EventReopen, jobs.StatusWaitingForChildren, "", ""); err != nil {
			return err
		}
	}
	s.epoch++
	s.attempt, s.notBefore, s.ended, s.steps = 0, 0, 0, 0
	s.verdict, s.step, s.errorMsg, s.ready, s.dirty = "", "", "", false, true
	s.desired = keepPause(s)
	if err := u.exec("DELETE FROM turns WHERE node_id = ?", s.id); err != nil {
		return err
	}
	// What succeeded is wanted again with all that it did; what did not goes on to
	// know of it.
	if s.status.Good() {
		if err := u.exec("DELETE FROM effects WHERE node_id = ?", s.id); err != nil {
			return err
		}
	}
	return u.exec("UPDATE nodes SET result = '', result_sha256 = '', summary = '' WHERE id = ?", s.id)
}

// keepPause: a wish to pause outlives a retry of something below, one to cancel is
// over.
func keepPause(s *nodeState) jobs.Desired {
	if s.desired == jobs.DesiredPause && !s.status.Final() {
		return jobs.DesiredPause
	}
	return jobs.DesiredRun
}

// recount counts a branch's children anew: those that run again are open.
func (u *unit) recount(s *nodeState) error {
	ids, err := u.ids("SELECT id FROM nodes WHERE job_id = ? AND parent_id = ?", string(s.job), s.id)
	if err != nil {
		return err
	}
	list, err := u.states(ids)
	if err != nil {
		return err
	}
	s.openChildren, s.kids, s.dirty = 0, jobs.Children{}, true
	for _, child := range list {
		if child.ended == 0 {
			s.openChildren++
			continue
		}
		if child.reason == jobs.ReasonReplanned {
			continue // another one stands in its place
		}
		s.kids.Add(child.status, child.optional)
	}
	return nil
}

// restartBranch lets a branch wait for its children, or first for what it depends
// on. Branches come before what is below them.
func (u *unit) restartBranch(s *nodeState, was jobs.Status, judged bool) error {
	switch place := s.place(); {
	case place == jobs.StatusAwaitingApproval:
		return nil // nothing of it has begun, and nothing may
	case was == jobs.StatusPaused && place == jobs.StatusQueued && !judged:
		return u.countDeps(s) // nor here: it goes on waiting when it is resumed
	case was == jobs.StatusPaused:
		s.before, s.beforeReason = jobs.StatusWaitingForChildren, ""
		return nil
	}
	opened := was == jobs.StatusWaitingForChildren || was == jobs.StatusRunning || judged
	if !opened {
		if err := u.countDeps(s); err != nil {
			return err
		}
	}
	to, why := jobs.StatusWaitingForChildren, jobs.Reason("")
	if s.openDeps > 0 {
		to, why = jobs.StatusQueued, jobs.ReasonDependency
	}
	if s.status != to {
		if err := u.move(s.job, s.id, jobs.EventReopen, s.status, to, why); err != nil {
			return err
		}
	}
	s.status, s.reason, s.dirty = to, why, true
	if s.parent == 0 && was.Final() {
		if err := u.reopenJob(s); err != nil {
			return err
		}
	}
	if s.openChildren == 0 && to == jobs.StatusWaitingForChildren {
		return u.judge(s)
	}
	return nil
}

// reopenJob lets a job's time run anew.
func (u *unit) reopenJob(root *nodeState) error {
	return u.exec("UPDATE jobs SET final = 0, deadline = CASE WHEN timeout_ms > 0 THEN ? + timeout_ms ELSE 0 END WHERE id = ?", u.now, string(root.job))
}

// restartLeaf puts a leaf back into the line.
func (u *unit) restartLeaf(s *nodeState, was jobs.Status) error {
	to := s.back()
	if err := u.move(s.job, s.id, jobs.EventReopen, was, to, ""); err != nil {
		return err
	}
	s.status, s.reason, s.dirty = to, "", true
	if s.parent == 0 {
		if err := u.reopenJob(s); err != nil {
			return err
		}
	}
	return u.await(s)
}

// await lets a node wait for what hinders it, or tells that it may go.
func (u *unit) await(s *nodeState) error {
	if err := u.countDeps(s); err != nil {
		return err
	}
	if s.openDeps == 0 {
		s.reason = ""
		u.announce(s)
		return nil
	}
	s.reason, s.ready, s.dirty = jobs.ReasonDependency, false, true
	return nil
}

// countDeps counts what hinders a node: dependencies that are not satisfied, and a
// branch above it that is not open yet.
func (u *unit) countDeps(s *nodeState) error {
	ons, err := u.dependencies(s)
	if err != nil {
		return err
	}
	s.openDeps, s.dirty = 0, true
	for _, on := range ons {
		if on.ended == 0 || !jobs.Satisfies(on.status, on.optional) {
			s.openDeps++
		}
	}
	if s.parent == 0 {
		return nil
	}
	p, err := u.load(s.parent)
	if err != nil {
		return err
	}
	closed := p.place() == jobs.StatusAwaitingApproval || p.place() == jobs.StatusQueued && p.verdict == ""
	s.openDeps += count(closed)
	return nil
}

// place is a node's status, or the one that it goes back to if it is paused.
func (s *nodeState) place() jobs.Status {
	if s.status == jobs.StatusPaused {
		return s.before
	}
	return s.status
}
