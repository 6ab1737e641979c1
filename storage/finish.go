package storage

import (
	"fmt"

	"github.com/askbob/bob/jobs"
)

// finishNow skips what is open of a job, so that its branches finish with what
// there is.
func (u *unit) finishNow(c jobs.FinishNow) error {
	root, err := u.root(c.Job)
	if err != nil {
		return err
	}
	if root.status.Final() {
		return &jobs.UserError{Message: fmt.Sprintf("Job %s is over: there is nothing to finish.", c.Job)}
	}
	if err := u.exec("UPDATE jobs SET finishing = 1 WHERE id = ?", string(c.Job)); err != nil {
		return err
	}
	const how = "chose to finish with what there is."
	if err := u.decide(c.Job, c.By.User, how, jobs.NoticeBudget); err != nil { // it may be the end of the job
		return err
	}
	if _, err := u.unpauseAll(root); err != nil {
		return err
	}
	u.finishing = true
	err = u.endLeaves(c.Job, u.leaveOut)
	u.finishing = false
	if err != nil {
		return err
	}
	if err := u.moneyCame(c.Job, c.By.User, how); err != nil { // combine steps that wait for it need none any more
		return err
	}
	return u.audit(c.Job, c.By, "finish", "", "")
}

// leaveOut ends a leaf that nobody waits for any more. A job that is one leaf, or has
// no plan, has nothing to finish with.
func (u *unit) leaveOut(s *nodeState) error {
	why := jobs.ReasonNotNeeded
	if s.reason == jobs.ReasonBudget {
		why = jobs.ReasonBudget
	}
	if s.parent == 0 {
		s.errorMsg = "It was to finish with what there was, and there was nothing yet."
		return u.end(s, jobs.StatusFailed, why)
	}
	s.errorMsg = "Left out: the job was finished with what there was."
	return u.end(s, jobs.StatusSkipped, why)
}

// endLeaves calls end for every open leaf of a job, later ones first: none is then
// skipped because of one that it depends on.
func (u *unit) endLeaves(job jobs.JobID, end func(s *nodeState) error) error {
	if err := u.flush(); err != nil {
		return err
	}
	list, err := u.ids("SELECT id FROM nodes WHERE job_id = ? AND phase <> 'combine' AND completed_at = 0 ORDER BY id DESC", string(job))
	if err != nil {
		return err
	}
	for _, id := range list {
		s, err := u.load(id)
		if err != nil {
			return err
		}
		if s.status.Final() { // by the end of another
			continue
		}
		if err := end(s); err != nil {
			return err
		}
	}
	return nil
}

// parkless hands a combine step back that would wait for money although its job was
// told meanwhile to finish with what there is. It reports whether it did.
func (u *unit) parkless(s *nodeState, c jobs.Park) (bool, error) {
	if c.Reason != jobs.ReasonBudget || s.phase != jobs.PhaseCombine {
		return false, nil
	}
	var finishing bool
	if err := u.row("SELECT finishing FROM jobs WHERE id = ?", []any{string(s.job)}, &finishing); err != nil || !finishing {
		return false, err
	}
	return true, u.retry(jobs.Retry{Fence: c.Fence, Uncounted: true})
}
