package storage

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/askbob/bob/jobs"
)

// command does what a person asks for, and keeps a line of the audit trail.
func (u *unit) command(c jobs.Command) error {
	s, err := u.at(c.Job, c.Path)
	if err != nil {
		return err
	}
	switch c.Verb {
	case jobs.VerbPause:
		err = u.pause(s)
	case jobs.VerbResume:
		err = u.resume(s)
	case jobs.VerbCancel:
		if s.parent == 0 {
			err = u.cancelJob(s, c.By)
		} else {
			err = u.cancelTree(s)
		}
	case jobs.VerbSkip:
		err = u.skip(s)
	case jobs.VerbRetry, jobs.VerbRerun:
		err = u.runAgain(s, c)
	case jobs.VerbPriority:
		err = u.prioritize(s, c.Priority)
	default:
		err = fmt.Errorf("unknown verb %q", c.Verb)
	}
	if err != nil {
		return err
	}
	u.touch(c.Job)
	return u.audit(c.Job, c.By, string(c.Verb), c.Path, string(c.Priority)+c.Prompt)
}

// audit keeps a line of what a person did to a job.
func (u *unit) audit(job jobs.JobID, by jobs.Actor, verb, path, detail string) error {
	return u.exec("INSERT INTO audit (job_id, at, user_name, surface, verb, path, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
		string(job), u.now, by.User, by.Surface, verb, path, detail)
}

// at returns the node at a path, which is made of the places among siblings. For
// none it returns a *jobs.UserError that is jobs.ErrNotFound underneath.
func (u *unit) at(job jobs.JobID, path string) (*nodeState, error) {
	s, err := u.root(job)
	if err != nil || path == "" {
		return s, err
	}
	id := s.id
	for place := range strings.SplitSeq(path, ".") {
		ord, err := strconv.Atoi(place)
		if err != nil {
			return nil, noStep(job, path)
		}
		list, err := u.ids("SELECT id FROM nodes WHERE job_id = ? AND parent_id = ? AND ord = ?", string(job), id, ord)
		switch {
		case err != nil:
			return nil, err
		case len(list) == 0:
			return nil, noStep(job, path)
		}
		id = list[0]
	}
	return u.load(id)
}

// shownPath bounds what is repeated of a path that a person wrote.
const shownPath = 40

func noStep(job jobs.JobID, path string) error {
	return &jobs.UserError{
		Message: fmt.Sprintf("There is no step %q in job %s: bob status %s lists them.", jobs.Shorten(path, shownPath), job, job),
		Err:     jobs.ErrNotFound,
	}
}

// admit refuses what stands below a node that people paused or are cancelling.
func (u *unit) admit(parent int64) error {
	for parent != 0 {
		s, err := u.load(parent)
		if err != nil {
			return err
		}
		if s.desired == jobs.DesiredPause {
			return fmt.Errorf("node %d: %w", s.id, jobs.ErrPaused)
		}
		if s.desired == jobs.DesiredCancel {
			return fmt.Errorf("node %d: %w", s.id, jobs.ErrStale)
		}
		parent = s.parent
	}
	return nil
}

// called says how people call a node.
func (s *nodeState) called() string {
	if s.parent == 0 {
		return fmt.Sprintf("Job %s", s.job)
	}
	return fmt.Sprintf("Step %s of job %s", s.path, s.job)
}

// over refuses what makes no sense for a node that is final or about to be.
func (s *nodeState) over() error {
	switch {
	case s.status.Final():
		return &jobs.UserError{Message: fmt.Sprintf("%s is already %s.", s.called(), s.status)}
	case s.desired == jobs.DesiredCancel:
		return &jobs.UserError{Message: s.called() + " is being cancelled."}
	}
	return nil
}

// pause lets nothing below a node start any more: claims and calls look at the
// wishes above them, so it is one row, whatever the size of the tree. The node is
// paused when nothing below it is held by a worker.
func (u *unit) pause(s *nodeState) error {
	if err := s.over(); err != nil {
		return err
	}
	s.desired, s.dirty = jobs.DesiredPause, true
	if s.parent != 0 {
		return nil
	}
	// What is left of the job's time is kept until it goes on.
	return u.exec("UPDATE jobs SET timeout_ms = max(1, deadline - ?), deadline = 0 WHERE id = ? AND deadline > 0", u.now, string(s.job))
}

// settlePauses gives the state to nodes that are to be paused and are at rest.
func (u *unit) settlePauses() error {
	for _, s := range u.nodes {
		if s.desired != jobs.DesiredPause || s.status.Final() || s.status == jobs.StatusPaused || s.busy > 0 || s.owner != "" {
			continue
		}
		if _, claimed := u.claims[s.id]; claimed {
			continue
		}
		if err := u.move(s.job, s.id, jobs.EventPause, s.status, jobs.StatusPaused, jobs.ReasonUser); err != nil {
			return err
		}
		s.before, s.beforeReason = s.status, s.reason
		s.status, s.reason, s.ready, s.dirty = jobs.StatusPaused, jobs.ReasonUser, false, true
	}
	return nil
}

// resume lets a node and all below it go on.
func (u *unit) resume(s *nodeState) error {
	if err := s.over(); err != nil {
		return err
	}
	list, err := u.unpauseAll(s)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return u.refuseResume(s)
	}
	u.ready = append(u.ready, jobs.Ready{Job: s.job, Rank: s.priority.Rank()}) // claims below were refused: look again
	if s.parent != 0 || s.started == 0 {
		return nil
	}
	return u.exec("UPDATE jobs SET deadline = ? + timeout_ms WHERE id = ? AND deadline = 0 AND timeout_ms > 0", u.now, string(s.job))
}

// unpauseAll takes back every wish to pause in a subtree, and returns the nodes
// that had one.
func (u *unit) unpauseAll(s *nodeState) ([]*nodeState, error) {
	if err := u.flush(); err != nil {
		return nil, err
	}
	list, err := u.wished(s, jobs.DesiredPause)
	if err != nil {
		return nil, err
	}
	for _, p := range list { // branches come before what is below them
		if err := u.unpause(p); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// refuseResume says why there is nothing to resume: what is above is paused, or
// nothing is.
func (u *unit) refuseResume(s *nodeState) error {
	for parent := s.parent; parent != 0; {
		p, err := u.load(parent)
		if err != nil {
			return err
		}
		if p.desired == jobs.DesiredPause {
			return &jobs.UserError{Message: fmt.Sprintf("%s is paused as a whole: resume that.", p.called())}
		}
		parent = p.parent
	}
	return nil
}

// wished lists the open nodes of a subtree of which people want something, its top
// first.
func (u *unit) wished(s *nodeState, want jobs.Desired) ([]*nodeState, error) {
	list, err := u.find(`SELECT id FROM nodes WHERE job_id = ? AND desired <> 'run' AND completed_at = 0 AND desired = ?
		ORDER BY depth, id`, string(s.job), string(want))
	return slices.DeleteFunc(list, func(n *nodeState) bool { return !jobs.Under(n.path, s.path) }), err
}

// unpause gives a node back what it was before it was paused, and lets happen what
// has become due meanwhile.
func (u *unit) unpause(s *nodeState) error {
	s.desired, s.dirty = jobs.DesiredRun, true
	if s.status != jobs.StatusPaused {
		return nil // it was still at work
	}
	if err := u.move(s.job, s.id, jobs.EventResume, s.status, s.before, s.beforeReason); err != nil {
		return err
	}
	s.status, s.reason = s.before, s.beforeReason
	s.before, s.beforeReason = "", ""
	switch {
	case s.status == jobs.StatusPlanning:
		u.announce(s)
	case s.status == jobs.StatusQueued && s.verdict != "": // its children are final
		u.announce(s)
	case s.status == jobs.StatusQueued && s.openDeps == 0:
		s.openDeps = 1
		return u.depDone(s)
	case s.status == jobs.StatusWaitingForChildren && s.openChildren == 0:
		return u.judge(s)
	}
	return nil
}

// skip ends a node without a result.
func (u *unit) skip(s *nodeState) error {
	if err := s.over(); err != nil {
		return err
	}
	if s.parent == 0 {
		return &jobs.UserError{Message: "A whole job cannot be skipped: cancel it, or name a step."}
	}
	return u.end(s, jobs.StatusSkipped, jobs.ReasonUser)
}

// prioritize gives a job another place in the line.
func (u *unit) prioritize(root *nodeState, p jobs.Priority) error {
	if err := root.over(); err != nil {
		return err
	}
	if err := u.flush(); err != nil {
		return err
	}
	clear(u.nodes)
	u.w.forget()
	if err := u.exec("UPDATE nodes SET priority = ? WHERE job_id = ? AND completed_at = 0", string(p), string(root.job)); err != nil {
		return err
	}
	u.ranks = append(u.ranks, jobs.Ready{Job: root.job, Rank: p.Rank()})
	return nil
}
