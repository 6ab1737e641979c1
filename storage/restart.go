package storage

import (
	"cmp"
	"slices"

	"github.com/askbob/bob/jobs"
)

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
		list, err := r.u.dependants(id)
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
		u.interrupted = append(u.interrupted, s.fence())
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
		u.interrupted = append(u.interrupted, s.fence())
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
	s.result = nil
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
	list, err := u.find("SELECT id FROM nodes WHERE job_id = ? AND parent_id = ?", string(s.job), s.id)
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
	if err := u.exec("UPDATE job_places SET stale = 1 WHERE job_id = ?", string(root.job)); err != nil {
		return err
	}
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
