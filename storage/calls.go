package storage

import (
	"fmt"

	"github.com/askbob/bob/jobs"
)

// purseOf is the key of a job's purse.
func purseOf(job jobs.JobID) string { return "job:" + string(job) }

// reserve books the worst case of a call against the job's purse, or refuses it.
// The line of the ledger is there before the call is sent.
func (u *unit) reserve(c jobs.Reserve, out *jobs.Outcome) error {
	s, err := u.held(c.Fence)
	if err != nil {
		return err
	}
	if s.desired == jobs.DesiredPause {
		return fmt.Errorf("node %d: %w", s.id, jobs.ErrPaused)
	}
	if err := u.admit(s.parent); err != nil { // a paused tree spends nothing more
		return err
	}
	e := c.Estimate
	key := purseOf(c.Job)
	worst := int64(0)
	if e.Worst.Known {
		worst = int64(e.Worst.Amount)
	} else {
		var budget int64
		if err := u.row("SELECT budget FROM purses WHERE key = ?", []any{key}, &budget); err != nil {
			return err
		}
		if budget >= 0 {
			return &jobs.UserError{Message: fmt.Sprintf(
				"Nobody knows what a call to %s/%s costs, and the job has a budget: give its price under llm.models, or run without a budget.",
				e.Provider, e.Model)}
		}
	}
	rows, err := u.changed("UPDATE purses SET reserved = reserved + ? WHERE key = ? AND (budget < 0 OR spent + reserved + ? <= budget)",
		worst, key, worst)
	switch {
	case err != nil:
		return err
	case rows == 0:
		return fmt.Errorf("reserve %s: %w", jobs.Money(worst), jobs.ErrBudget)
	}
	return u.row(`INSERT INTO calls (job_id, node_id, epoch, purpose, provider, model, status, key, reserved, started_at)
		VALUES (?, ?, ?, ?, ?, ?, 'sent', ?, ?, ?) RETURNING id`,
		[]any{string(c.Job), int64(c.Node), c.Epoch, string(c.Purpose), e.Provider, e.Model, c.Key, worst, u.now}, &out.Call)
}

// settle records how a call ended and moves its money from reserved to spent. It
// does so whatever became of the node: what was billed was billed.
func (u *unit) settle(c jobs.Settle) error {
	var job jobs.JobID
	var node, reserved int64
	var status jobs.CallStatus
	err := u.row("SELECT job_id, node_id, status, reserved FROM calls WHERE id = ?", []any{c.Call}, &job, &node, &status, &reserved)
	if err != nil {
		return err
	}
	if status != jobs.CallSent && status != jobs.CallLost {
		return fmt.Errorf("call %d: %w", c.Call, jobs.ErrStale)
	}
	cost := int64(0)
	if c.Cost.Known {
		cost = int64(c.Cost.Amount)
	}
	fromSpent, fromReserved := int64(0), reserved
	if status == jobs.CallLost { // it was booked as spent until this answer came
		fromSpent, fromReserved = reserved, 0
	}
	if err := u.exec("UPDATE purses SET reserved = reserved - ?, spent = spent + ? WHERE key = ?", fromReserved, cost-fromSpent, purseOf(job)); err != nil {
		return err
	}
	t := jobs.TokensOf(c.Usage)
	err = u.exec(`UPDATE calls SET status = ?, tokens_in = ?, tokens_read = ?, tokens_write = ?, tokens_out = ?, estimated = ?,
		cost = ?, priced = ?, provider = ?, model = ?, request_id = ?, error = ?, finished_at = ? WHERE id = ?`,
		string(c.Status), t.Input, t.CacheRead, t.CacheWrite, t.Output, !c.Usage.Known,
		cost, c.Cost.Known, c.Provider, c.Model, c.RequestID, c.Error, u.now, c.Call)
	if err != nil {
		return err
	}
	s, err := u.load(node)
	if err != nil {
		return err
	}
	s.provider, s.model, s.dirty = c.Provider, c.Model, true
	return u.above(node, func(p *nodeState) {
		p.n.Tokens = p.n.Tokens.Plus(t)
		p.n.Cost += jobs.Money(cost - fromSpent)
		p.n.Unpriced += count(!c.Cost.Known)
	})
}

// loseCalls marks what a killed process had sent: nobody knows what was billed, so
// the worst case stays booked as spent, and the tree's figures say so too.
func (u *unit) loseCalls() error {
	list, err := u.ids("SELECT id FROM calls WHERE status = 'sent'")
	if err != nil {
		return err
	}
	for _, id := range list {
		var job jobs.JobID
		var node, reserved int64
		if err := u.row("SELECT job_id, node_id, reserved FROM calls WHERE id = ?", []any{id}, &job, &node, &reserved); err != nil {
			return err
		}
		if err := u.exec("UPDATE calls SET status = 'lost', cost = reserved, priced = 1, finished_at = ?, error = 'the process ended before the answer came' WHERE id = ?", u.now, id); err != nil {
			return err
		}
		if err := u.exec("UPDATE purses SET reserved = reserved - ?, spent = spent + ? WHERE key = ?", reserved, reserved, purseOf(job)); err != nil {
			return err
		}
		if err := u.above(node, func(p *nodeState) { p.n.Cost += jobs.Money(reserved) }); err != nil {
			return err
		}
	}
	return nil
}
