package storage

import (
	"errors"
	"fmt"
	"time"

	"github.com/askbob/bob/jobs"
)

// purseOf is the key of a job's purse, nodePurse that of a node's.
func purseOf(job jobs.JobID) string { return "job:" + string(job) }
func nodePurse(id int64) string     { return fmt.Sprintf("node:%d", id) }

// unlimited is the budget of a purse without a limit.
const unlimited = -1

// purse is a purse above a call, as a reservation finds it.
type purse struct {
	jobs.Purse

	key string
}

// pursesAbove lists the purses that a call of a node is booked in, the job's first.
func (u *unit) pursesAbove(s *nodeState) ([]purse, error) {
	var user, workspace string
	var branches bool
	err := u.row("SELECT user_name, workspace, branch_purses FROM jobs WHERE id = ?", []any{string(s.job)}, &user, &workspace, &branches)
	if err != nil {
		return nil, err
	}
	list := []purse{{key: purseOf(s.job), Purse: jobs.Purse{Kind: jobs.PurseJob}}}
	for n := s; branches; {
		list = append(list, purse{key: nodePurse(n.id), Purse: jobs.Purse{Kind: jobs.PurseBranch, Path: n.path}})
		if n.parent == 0 {
			break
		}
		if n, err = u.load(n.parent); err != nil {
			return nil, err
		}
	}
	list = append(list, u.periods(user, workspace)...)
	kept := list[:0]
	for _, p := range list {
		limit := p.Budget
		err := u.row("SELECT budget, spent, reserved FROM purses WHERE key = ?", []any{p.key}, &p.Budget, &p.Spent, &p.Reserved)
		switch {
		case errors.Is(err, jobs.ErrNotFound) && p.Kind == jobs.PurseBranch:
			continue // it has no budget of its own
		case err != nil && !errors.Is(err, jobs.ErrNotFound):
			return nil, err
		case !p.Ends.IsZero():
			p.Budget = limit // the configuration's of now, not of the day's first call
		}
		kept = append(kept, p)
	}
	return kept, nil
}

// periods returns the purses of a person's day and a workspace's month, with their
// limits. The terminal's have no name.
func (u *unit) periods(user, workspace string) []purse {
	cfg := &u.w.store.cfg
	now := fromMS(u.now).In(cfg.zone()) // as the ledger has it
	year, month, day := now.Date()
	return []purse{
		{key: "day:" + now.Format(time.DateOnly) + ":" + user, Purse: jobs.Purse{
			Kind: jobs.PurseUserDay, Budget: limitOf(cfg.PerUserDay), Ends: time.Date(year, month, day+1, 0, 0, 0, 0, now.Location()),
		}},
		{key: "month:" + now.Format("2006-01") + ":" + workspace, Purse: jobs.Purse{
			Kind: jobs.PurseWorkspaceMonth, Budget: limitOf(cfg.PerWorkspaceMonth), Ends: time.Date(year, month+1, 1, 0, 0, 0, 0, now.Location()),
		}},
	}
}

func limitOf(limit *jobs.Money) jobs.Money {
	if limit == nil {
		return unlimited
	}
	return *limit
}

func (c *Config) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

// short returns a *jobs.ShortError if not every purse covers need.
func short(list []purse, need jobs.Money) error {
	e := &jobs.ShortError{Need: need}
	for _, p := range list {
		if p.Budget >= 0 && need > p.Budget-p.Spent-p.Reserved {
			e.Purses = append(e.Purses, p.Purse)
		}
	}
	if len(e.Purses) > 0 {
		return e
	}
	return nil
}

// hold books the worst case of a call in all its purses.
func (u *unit) hold(call int64, list []purse, worst int64) error {
	for _, p := range list {
		err := u.exec(`INSERT INTO purses (key, budget, reserved) VALUES (?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET budget = excluded.budget, reserved = reserved + excluded.reserved`,
			p.key, int64(p.Budget), worst)
		if err != nil {
			return err
		}
		if err := u.exec("INSERT INTO holds (call_id, purse) VALUES (?, ?)", call, p.key); err != nil {
			return err
		}
	}
	return nil
}

// book moves a call's money in all its purses.
func (u *unit) book(call, reserved, spent int64, exceeded bool) error {
	return u.exec(`UPDATE purses SET reserved = reserved + ?, spent = spent + ?, exceeded = exceeded + ?
		WHERE key IN (SELECT purse FROM holds WHERE call_id = ?)`, reserved, spent, count(exceeded), call)
}

// setBudget bounds a job, or a node of it and all below, and lets what waits for
// money go on.
func (u *unit) setBudget(c jobs.SetBudget) error {
	key := purseOf(c.Job)
	if c.Path != "" {
		var err error
		if key, err = u.branchPurse(c.Job, c.Path); err != nil {
			return err
		}
	}
	var spent, reserved jobs.Money
	err := u.row("SELECT spent, reserved FROM purses WHERE key = ?", []any{key}, &spent, &reserved)
	switch {
	case err != nil:
		return fmt.Errorf("job %s: %w", c.Job, err)
	case c.Budget >= 0 && spent+reserved > c.Budget:
		return &jobs.UserError{Message: fmt.Sprintf("%s is spent or reserved already: the budget cannot be less.", (spent + reserved).Short())}
	}
	if err := u.exec("UPDATE purses SET budget = ? WHERE key = ?", int64(c.Budget), key); err != nil {
		return err
	}
	how := "lifted the limit of the budget."
	if c.Budget >= 0 {
		how = "set the budget to " + c.Budget.Short() + "."
	}
	if err := u.moneyCame(c.Job, c.By.User, how); err != nil {
		return err
	}
	return u.audit(c.Job, c.By, "budget", c.Path, c.Budget.String())
}

// branchPurse returns the key of a node's purse. A new one starts without a limit,
// with what was booked below the node before.
func (u *unit) branchPurse(job jobs.JobID, path string) (string, error) {
	var id int64
	if err := u.row("SELECT id FROM nodes WHERE job_id = ? AND path = ?", []any{string(job), path}, &id); err != nil {
		return "", fmt.Errorf("step %s of job %s: %w", path, job, err)
	}
	key := nodePurse(id)
	rows, err := u.changed("INSERT INTO purses (key, budget) VALUES (?, ?) ON CONFLICT DO NOTHING", key, unlimited)
	if err != nil || rows == 0 {
		return key, err
	}
	err = u.exec(`INSERT INTO holds SELECT c.id, ? FROM calls c JOIN nodes n ON n.id = c.node_id
		WHERE c.job_id = ? AND (n.path = ? OR substr(n.path, 1, length(?) + 1) = ? || '.')`, key, string(job), path, path, path)
	if err != nil {
		return key, err
	}
	err = u.exec(`UPDATE purses SET (reserved, spent, exceeded) =
		(SELECT coalesce(sum(iif(status = 'sent', reserved, 0)), 0), coalesce(sum(cost), 0), coalesce(sum(cost > reserved), 0)
		 FROM calls WHERE id IN (SELECT call_id FROM holds WHERE purse = ?1)) WHERE key = ?1`, key)
	if err != nil {
		return key, err
	}
	return key, u.exec("UPDATE jobs SET branch_purses = 1 WHERE id = ?", string(job))
}

// addBudget lets a job spend more, and every node with a purse of its own below
// which something waits for money.
func (u *unit) addBudget(c jobs.AddBudget) error {
	const raise = "UPDATE purses SET budget = budget + ? WHERE key = ? AND budget >= 0"
	var budget int64
	if err := u.row("SELECT budget FROM purses WHERE key = ?", []any{purseOf(c.Job)}, &budget); err != nil {
		return fmt.Errorf("job %s: %w", c.Job, err)
	}
	if budget > maxBudget-int64(c.Amount) {
		return &jobs.UserError{Message: "That is more money than Bob can count: give a smaller amount."}
	}
	if err := u.exec(raise, int64(c.Amount), purseOf(c.Job)); err != nil {
		return err
	}
	waiting, err := u.waiting(c.Job, jobs.ReasonBudget)
	if err != nil {
		return err
	}
	raised := map[int64]bool{}
	for _, s := range waiting {
		for id := s.id; id != 0 && !raised[id]; {
			raised[id] = true
			if err := u.exec(raise, int64(c.Amount), nodePurse(id)); err != nil {
				return err
			}
			n, err := u.load(id)
			if err != nil {
				return err
			}
			id = n.parent
		}
	}
	if err := u.moneyCame(c.Job, c.By.User, "added "+c.Amount.Short()+"."); err != nil {
		return err
	}
	return u.audit(c.Job, c.By, "add budget", "", c.Amount.String())
}

// maxBudget keeps sums of a few budgets within 64 bits: two billion dollars.
const maxBudget = int64(2_000_000_000 * 1_000_000_000)
