package storage

import (
	"fmt"
	"slices"

	"github.com/askbob/bob/jobs"
)

// ending is a node that has just become final.
type ending struct {
	id         int64
	job        jobs.JobID
	parent     int64
	status     jobs.Status
	optional   bool
	dependants int
}

// ended lets dependants start or be skipped, and tells the parent.
func (u *unit) ended(e ending) error {
	if e.dependants > 0 {
		if err := u.resolve(e); err != nil {
			return err
		}
	}
	if e.parent == 0 {
		return u.jobEnded(e)
	}
	return u.childEnded(e)
}

// resolve moves the nodes that depend on one that has ended.
func (u *unit) resolve(e ending) error {
	list, err := u.dependants(e.id)
	if err != nil {
		return err
	}
	for _, s := range list {
		switch {
		case s.status.Final():
		case jobs.Satisfies(e.status, e.optional):
			err = u.depDone(s)
		default:
			err = u.end(s, jobs.StatusSkipped, jobs.ReasonDependencyFailed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// depDone takes one hindrance from a node; with the last it may start.
func (u *unit) depDone(s *nodeState) error {
	// A branch at work goes on when what it depended on runs again: then nothing
	// hinders it, and nothing is taken away.
	s.openDeps, s.dirty = max(0, s.openDeps-1), true
	if s.openDeps > 0 || s.status != jobs.StatusQueued {
		return nil
	}
	if s.phase == jobs.PhaseCombine {
		return u.openBranch(s, jobs.EventReady)
	}
	s.reason = ""
	u.announce(s)
	u.touch(s.job)
	return nil
}

// openBranch lets the children of a branch start: the closed branch was a
// hindrance of each.
func (u *unit) openBranch(s *nodeState, e jobs.Event) error {
	if err := u.move(s.job, s.id, e, s.status, jobs.StatusWaitingForChildren, ""); err != nil {
		return err
	}
	s.status, s.reason, s.dirty = jobs.StatusWaitingForChildren, "", true
	if s.started == 0 {
		s.started = u.now
	}
	list, err := u.openChildren(s)
	if err != nil {
		return err
	}
	for _, child := range list {
		if err := u.depDone(child); err != nil {
			return err
		}
	}
	if s.openChildren == 0 && s.status == jobs.StatusWaitingForChildren { // they were skipped before it could begin
		return u.judge(s)
	}
	return nil
}

// openChildren loads the children of a branch that are not final.
func (u *unit) openChildren(s *nodeState) ([]*nodeState, error) {
	list, err := u.find("SELECT id FROM nodes WHERE job_id = ? AND parent_id = ? ORDER BY ord", string(s.job), s.id)
	return slices.DeleteFunc(list, func(child *nodeState) bool { return child.status.Final() }), err
}

// end makes a node and all that is open below it final at once. What runs there is
// interrupted, and its epoch grows so that its late result changes nothing.
func (u *unit) end(s *nodeState, to jobs.Status, why jobs.Reason) error {
	if s.status.Final() {
		return nil
	}
	if err := u.endBelow(s, to, why); err != nil {
		return err
	}
	if s.status.Final() { // its last child was the last word
		return nil
	}
	e := endEvent(to)
	wasLeaf := s.phase != jobs.PhaseCombine
	if s.owner != "" {
		u.interrupted = append(u.interrupted, s.fence())
		if err := u.release(s, e, to, why, ""); err != nil {
			return err
		}
	} else if err := u.move(s.job, s.id, e, s.status, to, why); err != nil {
		return err
	}
	if err := u.questionOver(s, "", "Nobody needs to answer this any more."); err != nil {
		return err
	}
	s.status, s.reason, s.ready, s.ended, s.dirty = to, why, false, u.now, true
	s.epoch++
	if wasLeaf {
		s.leafEnded(to, s.n.Weight, false)
		if err := u.above(s.parent, func(p *nodeState) { p.leafEnded(to, s.n.Weight, false) }); err != nil {
			return err
		}
	}
	return u.ended(ending{id: s.id, job: s.job, parent: s.parent, status: to, optional: s.optional, dependants: s.dependants})
}

// endBelow ends what is open below a branch, without the branch being judged by
// it.
func (u *unit) endBelow(s *nodeState, to jobs.Status, why jobs.Reason) error {
	if s.phase != jobs.PhaseCombine || s.openChildren == 0 {
		return nil
	}
	list, err := u.openChildren(s)
	if err != nil {
		return err
	}
	s.desired, s.dirty = jobs.DesiredCancel, true
	for _, child := range list {
		if err := u.end(child, to, why); err != nil {
			return err
		}
	}
	return nil
}

// childEnded counts a child's end and judges its parent by the last one.
func (u *unit) childEnded(e ending) error {
	p, err := u.load(e.parent)
	if err != nil {
		return err
	}
	p.openChildren--
	p.kids.Add(e.status, e.optional)
	p.counted = true
	if p.status.Final() || p.desired == jobs.DesiredCancel || p.status == jobs.StatusPaused {
		return nil // it is being ended from above, or is judged when it goes on
	}
	if p.openChildren > 0 {
		return u.cutShort(p)
	}
	return u.judge(p)
}

// cutShort ends the rest of a branch whose policy needs it no more.
func (u *unit) cutShort(p *nodeState) error {
	to, why, ok := p.kids.Settled(p.onFailure)
	if !ok || u.finishing { // then all is being ended one by one
		return nil
	}
	list, err := u.openChildren(p)
	if err != nil {
		return err
	}
	for _, child := range list {
		if err := u.end(child, to, why); err != nil {
			return err
		}
	}
	return nil
}

// judge decides what becomes of a branch whose children are all final.
func (u *unit) judge(p *nodeState) error {
	verdict, why := p.kids.Judge(p.onFailure)
	if u.finishing && verdict == jobs.StatusFailed && p.parent != 0 && p.kids.Failed == 0 {
		verdict, why = jobs.StatusSkipped, jobs.ReasonNotNeeded
	}
	if verdict == jobs.StatusFailed {
		if again, err := u.replan(p, why); again || err != nil {
			return err
		}
	}
	p.verdict, p.dirty = verdict, true
	if verdict.Good() {
		if err := u.move(p.job, p.id, jobs.EventChildren, p.status, jobs.StatusQueued, ""); err != nil {
			return err
		}
		p.status, p.reason, p.attempt, p.notBefore = jobs.StatusQueued, "", 0, 0
		u.announce(p)
		return nil
	}
	if err := u.move(p.job, p.id, endEvent(verdict), p.status, verdict, why); err != nil {
		return err
	}
	p.status, p.reason, p.ended = verdict, why, u.now
	if verdict == jobs.StatusFailed {
		p.errorMsg = "None of its steps came to a result."
	}
	return u.ended(ending{id: p.id, job: p.job, parent: p.parent, status: verdict, optional: p.optional, dependants: p.dependants})
}

// jobEnded closes a job: its purse keeps what was spent, and the completion is put
// into the outbox.
func (u *unit) jobEnded(e ending) error {
	if err := u.exec("UPDATE jobs SET final = 1 WHERE id = ?", string(e.job)); err != nil {
		return err
	}
	if err := u.allOvertaken(e.job, e.status); err != nil {
		return err
	}
	if err := u.evict(e.id); err != nil {
		return err
	}
	root, err := u.load(e.id)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("Job %s: %s", e.status, root.title)
	return u.notice(e.job, jobs.NoticeCompletion, fmt.Sprintf("completion:%d", root.epoch), text)
}

// cancel ends all that is open of a job.
func (u *unit) cancel(c jobs.Cancel) error {
	root, err := u.root(c.Job)
	if err != nil || root.status.Final() {
		return err
	}
	if err := u.cancelJob(root, c.By); err != nil {
		return err
	}
	return u.audit(c.Job, c.By, "cancel", "", "")
}

// cancelJob ends all that is open below a root, and all that the job asks people.
func (u *unit) cancelJob(root *nodeState, by jobs.Actor) error {
	if !root.status.Final() {
		for _, kind := range []jobs.NoticeKind{jobs.NoticeApproval, jobs.NoticeQuestion, jobs.NoticeBudget} {
			if err := u.decide(root.job, by.User, "cancelled the job.", kind); err != nil {
				return err
			}
		}
	}
	return u.cancelTree(root)
}

// expire ends the open leaves of a job; its branches are then judged as ever.
func (u *unit) expire(c jobs.Expire) error {
	if err := u.exec("UPDATE jobs SET timeout_ms = 0 WHERE id = ?", string(c.Job)); err != nil {
		return err
	}
	err := u.endLeaves(c.Job, func(s *nodeState) error {
		s.errorMsg = "The job's time was up."
		return u.end(s, jobs.StatusFailed, jobs.ReasonTimeout)
	})
	if err != nil {
		return err
	}
	return u.moneyCame(c.Job, "", "The job's time was up.") // combine steps that wait for it are done without a model now
}

func (u *unit) root(job jobs.JobID) (*nodeState, error) {
	var id int64
	if err := u.row("SELECT root_id FROM jobs WHERE id = ?", []any{string(job)}, &id); err != nil {
		return nil, fmt.Errorf("job %s: %w", job, err)
	}
	return u.load(id)
}
