package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/askbob/bob/jobs"
)

// unit is one transaction of the writer. Branches that many leaves touch are
// loaded once, changed in memory and written once, when the unit finishes.
type unit struct {
	ctx context.Context
	w   *writer
	now int64

	nodes    map[int64]*nodeState
	moves    map[jobs.JobID][]jobs.Move
	jobOrder []jobs.JobID

	*putOff

	ready       []jobs.Ready
	interrupted []jobs.Fence // claims that are over
	sweeps      []*sweep     // trees to be ended piece by piece
	ranks       []jobs.Ready // jobs that got another place in the line
	finishing   bool         // a job is being finished with what there is

	changes, rows, stale int64 // for Stats
}

// newUnit begins a unit. There is one at a time: what it puts off goes where that of
// the last one was.
func newUnit(ctx context.Context, w *writer) *unit {
	w.putOff.reset()
	return &unit{
		ctx: ctx, w: w, now: ms(w.store.cfg.Now()),
		nodes: map[int64]*nodeState{}, moves: map[jobs.JobID][]jobs.Move{},
		putOff: &w.putOff,
	}
}

// apply makes one change. A refusal goes into out; an error ends the transaction.
func (u *unit) apply(c jobs.Change, out *jobs.Outcome) error {
	err := u.change(c, out)
	u.changes++
	if refusal(err) {
		u.stale += int64(count(errors.Is(err, jobs.ErrStale)))
		out.Err = err
		return nil
	}
	return err
}

// change makes what a worker says of its node; the rest comes from people.
func (u *unit) change(c jobs.Change, out *jobs.Outcome) error {
	switch c := c.(type) {
	case jobs.Claim:
		return u.claim(c, out)
	case jobs.Expand:
		return u.expand(c)
	case jobs.Become:
		return u.become(c)
	case jobs.Finish:
		return u.finishNode(c)
	case jobs.Retry:
		return u.retry(c)
	case jobs.Park:
		return u.park(c)
	case jobs.Working:
		return u.working(c)
	case jobs.Reserve:
		return u.reserve(c, out)
	case jobs.Settle:
		return u.settle(c)
	case jobs.Checkpoint:
		return u.checkpoint(c)
	case jobs.Keep:
		return u.keep(c)
	case jobs.Summarise:
		return u.summarise(c)
	case jobs.Intend:
		return u.intend(c, out)
	case jobs.Did:
		return u.did(c)
	}
	return u.wish(c, out)
}

// wish makes what people ask for, and what time brings.
func (u *unit) wish(c jobs.Change, out *jobs.Outcome) error {
	switch c := c.(type) {
	case jobs.Submit:
		return u.submit(c.Job, out)
	case jobs.Command:
		return u.command(c)
	case jobs.Approve:
		return u.approve(c)
	case jobs.Revise:
		return u.revise(c)
	case jobs.Rewrite:
		return u.rewrite(c)
	case jobs.Say:
		return u.say(c)
	case jobs.Answer:
		return u.answer(c)
	case jobs.Assume:
		return u.assume(c)
	case jobs.Cancel:
		return u.cancel(c)
	case jobs.Unpark:
		return u.unpark(c)
	case jobs.SetBudget:
		return u.setBudget(c)
	case jobs.AddBudget:
		return u.addBudget(c)
	case jobs.FinishNow:
		return u.finishNow(c)
	case jobs.Expire:
		return u.expire(c)
	case jobs.Quiet:
		return u.quiet(c)
	case jobs.AddSchedule:
		return u.addSchedule(c.Schedule)
	case jobs.SetSchedule:
		return u.setSchedule(c)
	case jobs.RemoveSchedule:
		return u.removeSchedule(c.Schedule)
	case jobs.Passed:
		return u.passed(c)
	case jobs.Tell:
		return u.tell(c)
	case jobs.Forget:
		return u.forget(c, out)
	}
	return u.spread(c, out)
}

// spread makes what front ends and those who deliver ask for.
func (u *unit) spread(c jobs.Change, out *jobs.Outcome) error {
	switch c := c.(type) {
	case jobs.Once:
		return u.once(c, out)
	case jobs.Put:
		return u.put(c)
	case jobs.Shown:
		return u.shown(c)
	case jobs.Mute:
		return u.mute(c)
	case jobs.Feedback:
		return u.feedback(c)
	case jobs.Begin:
		return u.begin(c)
	case jobs.Asked:
		return u.asked(c)
	case jobs.Sent:
		return u.sent(c)
	case jobs.Postpone:
		return u.postpone(c)
	case jobs.GiveUp:
		return u.giveUp(c)
	case jobs.Delivered:
		return u.exec("UPDATE outbox SET delivered_at = ? WHERE id = ? AND delivered_at = 0", u.now, c.Notice)
	}
	return fmt.Errorf("unknown change %T", c)
}

// refusal reports whether err is an answer to the one who asked for a change, not
// a failure of the transaction. Refusals come before anything was written.
func refusal(err error) bool {
	_, user := errors.AsType[*jobs.UserError](err)
	return user || errors.Is(err, jobs.ErrStale) || errors.Is(err, jobs.ErrPaused) || errors.Is(err, jobs.ErrBudget) || errors.Is(err, jobs.ErrNotFound) ||
		errors.Is(err, jobs.ErrSeen)
}

func (u *unit) exec(text string, args ...any) error {
	_, err := u.changed(text, args...)
	return err
}

// changed runs a statement and returns how many rows it changed.
func (u *unit) changed(text string, args ...any) (int64, error) {
	if err := u.settleFor(text); err != nil {
		return 0, err
	}
	return u.write(text, args...)
}

// write is changed for those who know that no row that was put off matters.
func (u *unit) write(text string, args ...any) (int64, error) {
	rows, err := u.w.link.write(u.ctx, text, args)
	u.rows += rows
	return rows, err
}

// settleFor writes the rows that were put off if a statement looks at some.
func (u *unit) settleFor(text string) error {
	if strings.Contains(text, "nodes") || strings.Contains(text, "deps") {
		return u.settleRows()
	}
	return nil
}

// row reads one row. It returns jobs.ErrNotFound if there is none.
func (u *unit) row(text string, args []any, dest ...any) error {
	if err := u.settleFor(text); err != nil {
		return err
	}
	return u.read(text, args, dest...)
}

// read is row for those who know that no row that was put off matters.
func (u *unit) read(text string, args []any, dest ...any) error {
	s, err := u.w.link.read(u.ctx, text) //nolint:sqlclosecheck // the link keeps it
	if err != nil {
		return err
	}
	err = s.QueryRowContext(u.ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return jobs.ErrNotFound
	}
	return err
}

// ids reads a list of node ids.
func (u *unit) ids(text string, args ...any) ([]int64, error) {
	var list []int64
	err := u.each(text, args, func(scan func(dest ...any) error) error {
		var id int64
		err := scan(&id)
		list = append(list, id)
		return err
	})
	return list, err
}

// each calls fn for every row of a query.
func (u *unit) each(text string, args []any, fn func(scan func(dest ...any) error) error) error {
	if err := u.settleFor(text); err != nil {
		return err
	}
	s, err := u.w.link.read(u.ctx, text) //nolint:sqlclosecheck // the link keeps it
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(u.ctx, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// move notes what happened to a node, for the job's events. What the transition
// table does not know is a mistake of ours and ends the transaction.
func (u *unit) move(job jobs.JobID, id int64, e jobs.Event, from, to jobs.Status, why jobs.Reason) error {
	if !e.CanBecome(from, to) {
		return fmt.Errorf("node %d: %s cannot turn %q into %q", id, e, from, to)
	}
	if _, ok := u.moves[job]; !ok {
		u.jobOrder = append(u.jobOrder, job)
	}
	u.moves[job] = append(u.moves[job], jobs.Move{Node: jobs.NodeID(id), Event: e, From: from, Status: to, Reason: why})
	return nil
}

// touch makes sure that the job's watchers look again.
func (u *unit) touch(job jobs.JobID) {
	if _, ok := u.moves[job]; !ok {
		u.jobOrder = append(u.jobOrder, job)
		u.moves[job] = nil
	}
}

// finish writes what was changed in memory, and the events.
func (u *unit) finish() error {
	if err := u.settlePauses(); err != nil {
		return err
	}
	if err := u.milestones(); err != nil {
		return err
	}
	if err := u.flush(); err != nil {
		return err
	}
	if err := u.writeAttempts(); err != nil {
		return err
	}
	for _, job := range u.jobOrder {
		if len(u.moves[job]) == 0 {
			continue
		}
		if err := u.exec("INSERT INTO events (job_id, at, moves) VALUES (?, ?, ?)", string(job), u.now, movesJSON(u.moves[job])); err != nil {
			return err
		}
	}
	return nil
}

// shortJob is what a job must last for people to be told how far it is.
const shortJob = 20_000 // milliseconds

// milestones tells of the shares of work that jobs passed in this transaction;
// several at once become one.
func (u *unit) milestones() error {
	for _, s := range u.nodes {
		if s.parent != 0 || !s.dirty && !s.counted || s.status.Final() || s.n.Total < 2 || s.n.Weight == 0 {
			continue
		}
		share := func(done int64) float64 { return 100 * float64(done) / float64(s.n.Weight) }
		m := jobs.Crossed(share(s.doneBefore), share(s.n.WeightDone))
		if m == 0 || u.now-s.started < shortJob {
			continue
		}
		text := fmt.Sprintf("%d%% done: %d of %d steps", m, s.n.Completed, s.n.Total)
		if err := u.notice(s.job, jobs.NoticeMilestone, fmt.Sprintf("milestone:%d", m), text); err != nil {
			return err
		}
	}
	return nil
}

// movesJSON is json.Marshal for moves, which hold no character that needs
// escaping, at a tenth of its cost.
func movesJSON(moves []jobs.Move) string {
	b := make([]byte, 0, len(moves)*64)
	b = append(b, '[')
	for i, m := range moves {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"n":`...), int64(m.Node), 10)
		b = append(append(append(b, `,"e":"`...), m.Event...), `","s":"`...)
		b = append(append(b, m.Status...), '"')
		if m.From != "" {
			b = append(append(append(b, `,"f":"`...), m.From...), '"')
		}
		if m.Reason != "" {
			b = append(append(append(b, `,"r":"`...), m.Reason...), '"')
		}
		b = append(b, '}')
	}
	return string(append(b, ']'))
}

func toJSON(v any) (string, error) {
	data, err := json.Marshal(v)
	return string(data), err
}
