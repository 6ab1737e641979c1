package storage

import (
	"fmt"

	"github.com/askbob/bob/jobs"
)

// replan gives a branch whose required steps all failed one step more, which is
// planned anew in their place. It reports whether it did: each branch is given one
// chance, if there is money and time for it.
func (u *unit) replan(p *nodeState, why jobs.Reason) (bool, error) {
	if !u.w.store.cfg.Replan || p.parent == 0 || why != jobs.ReasonChildrenFailed || p.kids.Failed == 0 || !p.triedInVain() {
		return false, nil
	}
	worth, err := u.worthwhile(p)
	if err != nil || !worth {
		return false, err
	}
	if err := u.setAside(p); err != nil {
		return false, err
	}
	return true, u.plantAgain(p)
}

// triedInVain tells a branch of which something was tried and failed from one whose
// steps people ended. One that is not open yet is left alone in any case: its new step
// would begin before the plan is approved, or before what the branch depends on.
func (p *nodeState) triedInVain() bool {
	return p.status == jobs.StatusWaitingForChildren && p.n.Failed > 0
}

// worthwhile reports whether a branch may be planned anew: nobody ends it or what is
// above it, none of them was planned anew before, and the job has money and time.
func (u *unit) worthwhile(p *nodeState) (bool, error) {
	for s := p; ; {
		var again bool
		err := u.row("SELECT again = 1 OR id = ? AND EXISTS (SELECT 1 FROM nodes k WHERE k.job_id = n.job_id AND k.parent_id = n.id AND k.again = 1) FROM nodes n WHERE id = ?",
			[]any{p.id, s.id}, &again)
		if err != nil || again || s.desired == jobs.DesiredCancel {
			return false, err
		}
		if s.parent == 0 {
			break
		}
		if s, err = u.load(s.parent); err != nil {
			return false, err
		}
	}
	var may bool
	err := u.row(`SELECT j.final = 0 AND j.finishing = 0 AND (j.deadline = 0 OR j.deadline > ?)
		AND (w.budget < 0 OR w.budget > w.spent + w.reserved)
		FROM jobs j JOIN purses w ON w.key = 'job:' || j.id WHERE j.id = ?`, []any{u.now, string(p.job)}, &may)
	return may && !u.finishing, err
}

// setAside skips what did not succeed below a branch. Its rows and receipts stay;
// its end counts for no branch any more. A branch inside that came to a result is
// left as it is, with those of its steps that did not.
func (u *unit) setAside(p *nodeState) error {
	ids, err := u.ids("SELECT id FROM nodes WHERE job_id = ? AND substr(path, 1, length(?) + 1) = ? || '.' ORDER BY id", string(p.job), p.path, p.path)
	if err != nil {
		return err
	}
	list, err := u.states(ids)
	if err != nil {
		return err
	}
	kept := map[int64]bool{}
	for _, s := range list { // parents come before their children
		if kept[s.parent] || s.status.Good() {
			kept[s.id] = true
			continue
		}
		if err := u.setAsideOne(s); err != nil {
			return err
		}
	}
	p.kids, p.dirty = goodOnly(p.kids), true
	return nil
}

func (u *unit) setAsideOne(s *nodeState) error {
	if err := u.move(s.job, s.id, jobs.EventReplan, s.status, jobs.StatusSkipped, jobs.ReasonReplanned); err != nil {
		return err
	}
	was := s.status
	s.status, s.reason, s.verdict, s.dirty = jobs.StatusSkipped, jobs.ReasonReplanned, "", true
	if s.phase == jobs.PhaseCombine {
		s.kids = goodOnly(s.kids)
		return nil
	}
	moved := func(b *nodeState) {
		b.n.Failed -= count(was == jobs.StatusFailed)
		b.n.Cancelled -= count(was == jobs.StatusCancelled)
		b.n.Skipped += count(was != jobs.StatusSkipped)
	}
	moved(s)
	return u.above(s.parent, moved)
}

// goodOnly leaves the children out that were set aside.
func goodOnly(c jobs.Children) jobs.Children {
	return jobs.Children{Completed: c.Completed, Partial: c.Partial, OptionalGood: c.OptionalGood}
}

// plantAgain adds the step that is to be planned.
func (u *unit) plantAgain(p *nodeState) error {
	var prompt string
	if err := u.row("SELECT prompt FROM nodes WHERE id = ?", []any{p.id}, &prompt); err != nil {
		return err
	}
	var ord, revision int
	if err := u.row("SELECT coalesce(max(ord), 0) + 1 FROM nodes WHERE job_id = ? AND parent_id = ?", []any{string(p.job), p.id}, &ord); err != nil {
		return err
	}
	if err := u.row("UPDATE jobs SET revision = revision + 1 WHERE id = ? RETURNING revision", []any{string(p.job)}, &revision); err != nil {
		return err
	}
	t := &sprout{
		id: u.w.nextID, parent: p.id, path: joinPath(p.path, ord), depth: p.depth + 1, ord: ord, leaf: true, leaves: 1, weight: max(1, p.n.Weight),
		step: &jobs.Step{Type: jobs.TypeSubplan, Title: p.title + " (2)", Prompt: prompt, Later: true},
	}
	u.w.nextID++
	if err := u.insert(p, t, revision); err != nil {
		return err
	}
	if err := u.plant(t.id); err != nil {
		return err
	}
	if err := u.exec("UPDATE nodes SET again = 1 WHERE id = ?", t.id); err != nil {
		return err
	}
	p.openChildren, p.verdict, p.dirty = p.openChildren+1, "", true
	grown := func(b *nodeState) {
		b.n.Total++
		b.n.Weight += t.weight
	}
	grown(p)
	if err := u.above(p.parent, grown); err != nil {
		return err
	}
	return u.notice(p.job, jobs.NoticeReplanned, fmt.Sprintf("replanned:%d", p.id),
		fmt.Sprintf("None of the steps of %s (%s) came to a result. It is planned anew, once.", p.path, p.title))
}
