package storage

import (
	"context"

	"github.com/askbob/bob/jobs"
)

// endAtOnce is how many open leaves one transaction ends: that many take a few tens
// of milliseconds, during which nobody else's changes are made.
const endAtOnce = 1000

// sweep is a large tree that is being cancelled. Its top says so from the first
// commit on, and nothing below starts after it; the rows follow piece by piece,
// between other changes, and after a restart too.
type sweep struct {
	job    jobs.JobID
	top    int64
	path   string
	listed bool
	leaves []int64 // open ones that are still to be ended
}

// cancelTree ends all that is open below a node, and the node.
func (u *unit) cancelTree(s *nodeState) error {
	if s.status == jobs.StatusCancelled || !s.status.Final() && s.desired == jobs.DesiredCancel {
		return nil
	}
	if err := s.over(); err != nil {
		return err
	}
	if s.openLeaves() <= endAtOnce {
		return u.end(s, jobs.StatusCancelled, jobs.ReasonUser)
	}
	s.desired, s.dirty = jobs.DesiredCancel, true
	if err := u.flush(); err != nil {
		return err
	}
	held, err := u.find("SELECT id FROM nodes WHERE job_id = ? AND owner <> ''", string(s.job))
	if err != nil {
		return err
	}
	for _, n := range held {
		if !jobs.Under(n.path, s.path) {
			continue
		}
		if err := u.end(n, jobs.StatusCancelled, jobs.ReasonUser); err != nil {
			return err
		}
	}
	u.sweeps = append(u.sweeps, &sweep{job: s.job, top: s.id, path: s.path})
	return nil
}

// openLeaves counts what is not final below a node.
func (s *nodeState) openLeaves() int {
	return s.n.Total - s.n.Completed - s.n.Failed - s.n.Skipped - s.n.Cancelled
}

// resumeSweeps goes on with what a killed process was cancelling.
func (u *unit) resumeSweeps() error {
	// desired <> 'run' is what lets the index of wishes serve.
	list, err := u.find("SELECT id FROM nodes WHERE desired = 'cancel' AND desired <> 'run' AND completed_at = 0 ORDER BY depth")
	if err != nil {
		return err
	}
	for _, s := range list {
		u.sweeps = append(u.sweeps, &sweep{job: s.job, top: s.id, path: s.path})
	}
	return nil
}

// sweepOn does one piece of the first sweep. It reports false if there is none.
func (w *writer) sweepOn(ctx context.Context) bool {
	if len(w.sweeps) == 0 || ctx.Err() != nil || w.broken != nil {
		return false
	}
	for range endAtOnce { // others first
		select {
		case o := <-w.ops:
			w.work(ctx, o)
			continue
		default:
		}
		break
	}
	s, over := w.sweeps[0], false
	err := w.transact(context.WithoutCancel(ctx), func(u *unit) (err error) {
		over, err = u.sweepSome(s)
		return err
	})
	if err != nil {
		w.store.cfg.Log.Error("tree not cancelled", "job", s.job, "err", err)
	}
	if over || err != nil { // the next start goes on with one that failed
		w.sweeps = w.sweeps[1:]
	}
	return true
}

// sweepSome ends the next leaves, and the top with the last ones. It reports
// whether nothing is left.
func (u *unit) sweepSome(s *sweep) (over bool, err error) {
	if !s.listed {
		s.listed = true
		s.leaves, err = u.ids(`SELECT id FROM nodes WHERE job_id = ? AND phase <> 'combine' AND completed_at = 0
			AND (? = '' OR path = ? OR substr(path, 1, length(?) + 1) = ? || '.')`, string(s.job), s.path, s.path, s.path, s.path)
		return false, err
	}
	some := s.leaves[:min(len(s.leaves), endAtOnce)]
	list, err := u.states(some)
	if err != nil {
		return false, err
	}
	for _, n := range list {
		if err := u.end(n, jobs.StatusCancelled, jobs.ReasonUser); err != nil {
			return false, err
		}
	}
	s.leaves = s.leaves[len(some):]
	if len(s.leaves) > 0 {
		return false, nil
	}
	top, err := u.load(s.top)
	if err != nil {
		return false, err
	}
	return true, u.end(top, jobs.StatusCancelled, jobs.ReasonUser)
}
