package storage

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/askbob/bob/jobs"
)

const claimNode = `UPDATE nodes SET
  status = CASE phase WHEN 'plan' THEN 'planning' ELSE 'running' END, reason = '',
  epoch = epoch + 1, attempt = attempt + 1, tries = tries + 1, owner = ?, ready = 0,
  started_at = CASE started_at WHEN 0 THEN ? ELSE started_at END, claimed_at = ?,
  l_running = CASE phase WHEN 'work' THEN 1 ELSE l_running END
WHERE id = ? AND epoch = ? AND ready = 1 AND desired = 'run'`

const selectNode = `SELECT job_id, parent_id, path, depth, type, title, priority, optional, status, phase, verdict, attempt, tries, epoch,
  dependants, weight, started_at, not_before, id FROM nodes `

// known reads what a claim needs of a node, by selectNode.
func known(scan func(dest ...any) error) (*jobs.Node, error) {
	n := &jobs.Node{}
	var started, notBefore int64
	err := scan(&n.Job, &n.Parent, &n.Path, &n.Depth, &n.Type, &n.Title, &n.Priority, &n.Optional, &n.Status, &n.Phase, &n.Verdict,
		&n.Attempt, &n.Tries, &n.Epoch, &n.Dependants, &n.Counts.Weight, &started, &notBefore, &n.ID)
	n.Started, n.NotBefore = fromMS(started), fromMS(notBefore)
	return n, err
}

// claim takes a ready node for a worker: what it is to do is read later, beside the
// writer, by Brief. The row is written when the unit needs it or ends, so that of a
// node that is finished at once it is written once. Whether its time has come is the
// dispatcher's to know: it may have come after this transaction began, and a claim
// that is refused for that is never made again.
func (u *unit) claim(c jobs.Claim, out *jobs.Outcome) (err error) {
	if s := u.seen(int64(c.Node)); s != nil && s.phase != jobs.PhaseWork {
		out.Node, err = u.claimState(s, c)
	} else {
		out.Node, err = u.claimRow(c)
	}
	if err != nil {
		return err
	}
	return u.claimed(out.Node)
}

// claimState claims a node whose state is in memory, where its plan or its children
// change it.
func (u *unit) claimState(s *nodeState, c jobs.Claim) (*jobs.Node, error) {
	if s.epoch != c.Epoch || !s.ready || s.desired != jobs.DesiredRun {
		return nil, fmt.Errorf("claim node %d: %w", s.id, jobs.ErrStale)
	}
	if err := u.admit(s.parent); err != nil {
		return nil, err
	}
	n := s.node()
	u.take(n, c.Worker)
	s.status, s.reason, s.ready, s.owner, s.dirty = n.Status, "", false, c.Worker, true
	s.epoch, s.attempt, s.tries, s.claimed, s.started = n.Epoch, n.Attempt, n.Tries, u.now, ms(n.Started)
	return n, nil
}

// claimRow claims a node of which no more need be known than that it is ready.
func (u *unit) claimRow(c jobs.Claim) (n *jobs.Node, err error) {
	id := int64(c.Node)
	if u.seen(id) != nil {
		if err := u.evict(id); err != nil {
			return nil, err
		}
	}
	if epoch, ready := u.w.ready[id]; c.Known != nil && ready && epoch == c.Epoch {
		known := *c.Known
		n = &known
	} else if n, err = u.claimable(c); err != nil {
		return nil, err
	}
	if err := u.admit(int64(n.Parent)); err != nil {
		return nil, err
	}
	delete(u.w.ready, id)
	u.take(n, c.Worker)
	u.claims[id] = grant{node: n}
	return n, nil
}

// claimable reads a node if it may be claimed.
func (u *unit) claimable(c jobs.Claim) (*jobs.Node, error) {
	if err := u.settleRow(int64(c.Node)); err != nil {
		return nil, err
	}
	stmt, err := u.w.link.read(u.ctx, selectNode+"WHERE id = ? AND epoch = ? AND ready = 1 AND desired = 'run'") //nolint:sqlclosecheck // the link keeps it
	if err != nil {
		return nil, err
	}
	n, err := known(stmt.QueryRowContext(u.ctx, int64(c.Node), c.Epoch).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("claim node %d: %w", c.Node, jobs.ErrStale)
	}
	return n, err
}

// take makes n what a claim makes of it.
func (u *unit) take(n *jobs.Node, worker string) {
	n.Status, n.Reason = jobs.StatusRunning, ""
	if n.Phase == jobs.PhasePlan {
		n.Status = jobs.StatusPlanning
	}
	n.Epoch++
	n.Attempt++
	n.Tries++
	n.Owner, n.Claimed = worker, fromMS(u.now)
	if n.Started.IsZero() {
		n.Started = n.Claimed
	}
}

func (u *unit) claimed(n *jobs.Node) error {
	event, from := jobs.EventClaim, jobs.StatusQueued
	if n.Phase == jobs.PhasePlan {
		event = jobs.EventClaimPlan
		if n.Parent == 0 {
			from = jobs.StatusPlanning
		}
	}
	if err := u.move(n.Job, int64(n.ID), event, from, n.Status, ""); err != nil {
		return err
	}
	if n.Parent == 0 && n.Started.Equal(n.Claimed) {
		if err := u.startJob(n.Job); err != nil {
			return err
		}
	}
	work := count(n.Phase == jobs.PhaseWork)
	return u.above(int64(n.Parent), func(s *nodeState) {
		s.busy++
		s.n.Running += work
		if s.started == 0 { // a branch begins with its first leaf
			s.started, s.dirty = u.now, true
		}
	})
}

// startJob lets the job's time run.
func (u *unit) startJob(job jobs.JobID) error {
	return u.exec("UPDATE jobs SET deadline = ? + timeout_ms WHERE id = ? AND deadline = 0 AND timeout_ms > 0", u.now, string(job))
}

const finishLeaf = `UPDATE nodes SET status = ?, reason = ?, result = ?, result_sha256 = ?, summary = '', error = ?, owner = '', completed_at = ?,
  steps_completed = total_steps, l_running = 0, l_completed = ?, l_failed = ?, weight_done = weight
WHERE id = ? AND epoch = ? AND owner <> ''`

// claimAndFinish is a claim and finishLeaf in one.
const claimAndFinish = `UPDATE nodes SET status = ?, reason = ?, result = ?, result_sha256 = ?, summary = '', error = ?, completed_at = ?,
  epoch = epoch + 1, attempt = attempt + 1, tries = tries + 1, ready = 0,
  started_at = CASE started_at WHEN 0 THEN ? ELSE started_at END, claimed_at = ?,
  steps_completed = total_steps,
  l_completed = l_completed + ?, l_failed = l_failed + ?, weight_done = weight
WHERE id = ? AND epoch = ? AND ready = 1`

// finishNode records the end of a claimed node and all that follows from it.
func (u *unit) finishNode(c jobs.Finish) error {
	n := c.Node
	id := int64(n.ID)
	if n.Parent == 0 && n.Phase == jobs.PhasePlan {
		if stays, err := u.planStays(n.Fence(), c.Reason, c.Error); stays || err != nil {
			return err
		}
	}
	if err := u.writeEnd(c); err != nil {
		return err
	}
	if err := u.move(n.Job, id, endEvent(c.Status), n.Status, c.Status, c.Reason); err != nil {
		return err
	}
	u.attemptRow(id, n.Epoch, ms(n.Claimed), n.Phase, n.Attempt, c.Status, c.Reason, c.Error)
	err := u.above(int64(n.Parent), func(s *nodeState) {
		s.busy--
		if n.Phase != jobs.PhaseCombine {
			s.leafEnded(c.Status, n.Counts.Weight, n.Phase == jobs.PhaseWork)
		}
	})
	if err != nil {
		return err
	}
	return u.ended(ending{id: id, job: n.Job, parent: int64(n.Parent), status: c.Status, optional: n.Optional, dependants: n.Dependants})
}

// writeEnd writes the row of a node that has come to its end, together with its
// claim if that was not written yet.
func (u *unit) writeEnd(c jobs.Finish) error {
	if c.Node.Phase == jobs.PhaseCombine {
		return u.endBranch(c)
	}
	id := int64(c.Node.ID)
	args := []any{string(c.Status), string(c.Reason), c.Result, c.Blob, c.Error, u.now}
	good, bad := count(c.Status == jobs.StatusCompleted), count(c.Status == jobs.StatusFailed)
	if g, ok := u.claims[id]; ok && !g.over && g.node.Epoch == c.Node.Epoch {
		if c.Status == jobs.StatusCompleted && c.Reason == "" && c.Error == "" && c.Blob == "" {
			u.putOffEnd(g.node, c.Result)
			return nil
		}
		delete(u.claims, id)
		if err := u.plant(id); err != nil {
			return err
		}
		claimed := ms(g.node.Claimed)
		return u.guarded(claimAndFinish, id, append(args, claimed, claimed, good, bad, id, g.node.Epoch-1)...)
	}
	if err := u.evict(id); err != nil {
		return err
	}
	return u.guarded(finishLeaf, id, append(args, good, bad, id, c.Node.Epoch)...)
}

// endBranch is writeEnd for a branch: its children keep its state in memory, and its
// counters count its leaves.
func (u *unit) endBranch(c jobs.Finish) error {
	s, err := u.held(c.Node.Fence())
	if err != nil {
		return err
	}
	s.status, s.reason, s.errorMsg, s.owner, s.ended, s.steps = c.Status, c.Reason, c.Error, "", u.now, s.totalSteps
	s.result, s.dirty = &c, true
	return nil
}

// guarded runs a statement that changes one node's row, or none if the node moved
// on: then it returns jobs.ErrStale.
func (u *unit) guarded(text string, id int64, args ...any) error {
	rows, err := u.write(text, args...)
	if err == nil && rows == 0 {
		err = fmt.Errorf("node %d: %w", id, jobs.ErrStale)
	}
	return err
}

// leafEnded moves the counters above a leaf that came to its end.
func (s *nodeState) leafEnded(end jobs.Status, weight int64, ran bool) {
	if ran {
		s.n.Running--
	}
	s.n.WeightDone += weight
	switch end {
	case jobs.StatusFailed:
		s.n.Failed++
	case jobs.StatusCancelled:
		s.n.Cancelled++
	case jobs.StatusSkipped:
		s.n.Skipped++
	default:
		s.n.Completed++
	}
}

func endEvent(s jobs.Status) jobs.Event {
	switch s {
	case jobs.StatusCompleted:
		return jobs.EventComplete
	case jobs.StatusPartial:
		return jobs.EventPartial
	case jobs.StatusSkipped:
		return jobs.EventSkip
	case jobs.StatusCancelled:
		return jobs.EventCancel
	default:
		return jobs.EventFail
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// release takes a node from its worker and gives it another status.
func (u *unit) release(s *nodeState, e jobs.Event, to jobs.Status, why jobs.Reason, msg string) error {
	if err := u.move(s.job, s.id, e, s.status, to, why); err != nil {
		return err
	}
	u.attemptRow(s.id, s.epoch, s.claimed, s.phase, s.attempt, to, why, msg)
	ran := count(s.phase == jobs.PhaseWork && s.status == jobs.StatusRunning)
	s.n.Running -= ran
	err := u.above(s.parent, func(p *nodeState) {
		p.busy--
		p.n.Running -= ran
	})
	if err != nil {
		return err
	}
	s.status, s.reason, s.owner, s.step, s.dirty = to, why, "", "", true
	return nil
}

// back is the status in which a node waits for its next claim.
func (s *nodeState) back() jobs.Status {
	if s.phase == jobs.PhasePlan && s.parent == 0 {
		return jobs.StatusPlanning
	}
	return jobs.StatusQueued
}

// retry hands a claimed node back to the queue.
func (u *unit) retry(c jobs.Retry) error {
	s, err := u.held(c.Fence)
	if err != nil {
		return err
	}
	attempts := len(u.attempts)
	if err := u.release(s, jobs.EventRetry, s.back(), c.Reason, c.Error); err != nil {
		return err
	}
	if c.Waited {
		s.tries--
		u.attempts = u.attempts[:attempts] // there was none
	}
	if c.Uncounted {
		s.attempt--
	} else if err := u.exec("DELETE FROM turns WHERE node_id = ?", s.id); err != nil {
		return err
	}
	s.errorMsg, s.notBefore = c.Error, ms(c.NotBefore)
	u.announce(s)
	return nil
}

// park lets a claimed node wait for a person; its slot is free.
func (u *unit) park(c jobs.Park) error {
	s, err := u.held(c.Fence)
	if err != nil {
		return err
	}
	if again, err := u.parkless(s, c); again || err != nil {
		return err
	}
	if c.Reason == jobs.ReasonBudget && s.parent == 0 && s.phase == jobs.PhasePlan {
		if stays, err := u.planStays(c.Fence, c.Reason, c.Question); stays || err != nil {
			return err
		}
	}
	if err := u.release(s, jobs.EventPark, jobs.StatusWaitingForInput, c.Reason, c.Question); err != nil {
		return err
	}
	s.attempt-- // it goes on where it was
	s.errorMsg = c.Question
	if c.Reason == jobs.ReasonBudget {
		return u.askForMoney(s, c)
	}
	return u.ask(s, c)
}

// working records what a node does; people see it in the next report.
func (u *unit) working(c jobs.Working) error {
	s, err := u.held(c.Fence)
	if err != nil {
		return err
	}
	s.step, s.steps, s.totalSteps, s.dirty = c.Current, c.Done, c.Total, true
	u.touch(s.job)
	return nil
}

// checkpoint keeps a finished turn.
func (u *unit) checkpoint(c jobs.Checkpoint) error {
	if _, err := u.held(c.Fence); err != nil {
		return err
	}
	return u.keepTurn(int64(c.Node), &c)
}

func (u *unit) keepTurn(node int64, c *jobs.Checkpoint) error {
	text, err := toJSON(c.Messages)
	if err != nil {
		return err
	}
	return u.exec("INSERT INTO turns (node_id, turn, messages) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET messages = excluded.messages",
		node, c.Turn, text)
}
