package storage

import (
	"fmt"
	"slices"

	"github.com/askbob/bob/jobs"
)

// reserve books the worst case of a call in every purse above it, or refuses it and
// books it in none. The line of the ledger is there before the call is sent.
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
	purses, err := u.pursesAbove(s)
	if err != nil {
		return err
	}
	e := c.Estimate
	worst := jobs.Money(0)
	if e.Worst.Known {
		worst = e.Worst.Amount
	} else if slices.ContainsFunc(purses, func(p purse) bool { return p.Budget >= 0 }) {
		return &jobs.UserError{Message: fmt.Sprintf(
			"Nobody knows what a call to %s/%s costs, and there is a budget: give its price under llm.models, or run without a budget.",
			e.Provider, e.Model)}
	}
	if err := short(purses, worst); err != nil {
		return err
	}
	err = u.row(`INSERT INTO calls (job_id, node_id, epoch, purpose, provider, model, status, key, reserved, priced, started_at)
		VALUES (?, ?, ?, ?, ?, ?, 'sent', ?, ?, ?, ?) RETURNING id`,
		[]any{string(s.job), s.id, c.Epoch, string(c.Purpose), e.Provider, e.Model, c.Key, int64(worst), e.Worst.Known, u.now}, &out.Call)
	if err != nil {
		return err
	}
	return u.hold(out.Call, purses, int64(worst))
}

// settle records how a call ended and moves its money from reserved to spent, in
// every purse that it was booked in. It does so whatever became of the node: what
// was billed was billed, also beyond what was reserved. Where nobody knows the
// cost, the worst case stays booked.
func (u *unit) settle(c jobs.Settle) error {
	var node, reserved int64
	var status jobs.CallStatus
	var priced bool
	err := u.row("SELECT node_id, status, reserved, priced FROM calls WHERE id = ?", []any{c.Call}, &node, &status, &reserved, &priced)
	if err != nil {
		return err
	}
	if status != jobs.CallSent && status != jobs.CallLost {
		return fmt.Errorf("call %d: %w", c.Call, jobs.ErrStale)
	}
	cost := reserved
	if c.Cost.Known {
		cost = int64(c.Cost.Amount)
	}
	held, spent, unpriced := reserved, cost, count(!c.Cost.Known)
	if status == jobs.CallLost { // it was booked as spent until this answer came
		held, spent, unpriced = 0, cost-reserved, unpriced-count(!priced)
	}
	if err := u.book(c.Call, -held, spent, cost > reserved); err != nil {
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
		p.n.Cost += jobs.Money(spent)
		p.n.Unpriced += unpriced
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
		var node, reserved int64
		var priced bool
		if err := u.row("SELECT node_id, reserved, priced FROM calls WHERE id = ?", []any{id}, &node, &reserved, &priced); err != nil {
			return err
		}
		if err := u.exec("UPDATE calls SET status = 'lost', cost = reserved, finished_at = ?, error = 'the process ended before the answer came' WHERE id = ?", u.now, id); err != nil {
			return err
		}
		if err := u.book(id, -reserved, reserved, false); err != nil {
			return err
		}
		err := u.above(node, func(p *nodeState) {
			p.n.Cost += jobs.Money(reserved)
			p.n.Unpriced += count(!priced)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
