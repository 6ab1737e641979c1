package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/askbob/bob/jobs"
)

// askForMoney notes what a job lacks. People are asked once, however many of its
// nodes wait, until money comes or they decide.
func (u *unit) askForMoney(s *nodeState, c jobs.Park) error {
	var asked int
	var before string
	err := u.row("SELECT money_asked, shortage FROM jobs WHERE id = ?", []any{string(s.job)}, &asked, &before)
	if err != nil {
		return err
	}
	text := c.Question
	if c.Shortage != nil {
		if err := u.noteShortage(s.job, before, c.Shortage); err != nil {
			return err
		}
		text = c.Shortage.Ask()
	}
	return u.notice(s.job, jobs.NoticeBudget, fmt.Sprintf("budget:%d", asked), text)
}

// noteShortage keeps the largest of a job's shortages, and goes on by itself when
// the last purse that begins anew does.
func (u *unit) noteShortage(job jobs.JobID, before string, s *jobs.Shortage) error {
	if old := decodeShortage(before); old != nil && !larger(s, old) {
		return nil
	}
	text, err := toJSON(s)
	if err != nil {
		return err
	}
	refill := int64(0)
	if s.Until != nil {
		refill = ms(*s.Until)
	}
	return u.exec("UPDATE jobs SET shortage = ?, refill_at = max(refill_at, ?) WHERE id = ?", text, refill, string(job))
}

func larger(a, b *jobs.Shortage) bool {
	x, errA := jobs.ParseMoney(a.Missing)
	y, errB := jobs.ParseMoney(b.Missing)
	return errA == nil && (errB != nil || x > y)
}

// decodeShortage returns nil if there is none.
func decodeShortage(text string) *jobs.Shortage {
	s := &jobs.Shortage{}
	if text == "" || json.Unmarshal([]byte(text), s) != nil {
		return nil
	}
	return s
}

// moneyCame lets what waits for money go on: if it is still short, it asks anew. How
// it came is said as decide does.
func (u *unit) moneyCame(job jobs.JobID, by, how string) error {
	var asked bool
	if err := u.row("SELECT shortage <> '' FROM jobs WHERE id = ?", []any{string(job)}, &asked); err != nil {
		return fmt.Errorf("job %s: %w", job, err)
	}
	if asked { // else the next question has the same key
		if err := u.decide(job, by, how, jobs.NoticeBudget); err != nil {
			return err
		}
	}
	err := u.exec("UPDATE jobs SET money_asked = money_asked + (shortage <> ''), shortage = '', refill_at = 0 WHERE id = ?", string(job))
	if err != nil {
		return err
	}
	u.touch(job)
	return u.wake(job, jobs.ReasonBudget)
}

// waiting loads the nodes of a job that wait for a person for that reason.
func (u *unit) waiting(job jobs.JobID, why jobs.Reason) ([]*nodeState, error) {
	if err := u.flush(); err != nil {
		return nil, err
	}
	return u.find("SELECT id FROM nodes WHERE job_id = ? AND status = 'waiting_for_input' AND reason = ?", string(job), string(why))
}

// wake lets every node of a job that waits for a person for that reason go on.
func (u *unit) wake(job jobs.JobID, why jobs.Reason) error {
	nodes, err := u.waiting(job, why)
	if err != nil {
		return err
	}
	for _, s := range nodes {
		if err := u.wakeOne(s); err != nil {
			return err
		}
	}
	return nil
}

// wakeOne lets a node that waits for a person go on. One that is paused meanwhile
// does so when it is resumed.
func (u *unit) wakeOne(s *nodeState) error {
	if s.status == jobs.StatusPaused {
		s.before, s.beforeReason, s.errorMsg, s.dirty = s.back(), "", "", true
		return nil
	}
	if err := u.move(s.job, s.id, jobs.EventUnpark, s.status, s.back(), ""); err != nil {
		return err
	}
	s.status, s.reason, s.errorMsg, s.notBefore = s.back(), "", "", 0
	u.announce(s)
	return nil
}

// unpark lets what waits for reason go on.
func (u *unit) unpark(c jobs.Unpark) error {
	if c.Reason == jobs.ReasonBudget {
		return u.moneyCame(c.Job, "", "There is money again.")
	}
	return u.wake(c.Job, c.Reason)
}

// Refilled lists the open jobs that wait for the money of a day or month that is
// over.
func (s *Store) Refilled(ctx context.Context, now time.Time) ([]jobs.JobID, error) {
	var due []jobs.JobID
	err := s.reads.WithContext(ctx).Raw(
		"SELECT id FROM jobs WHERE final = 0 AND refill_at > 0 AND refill_at <= ? ORDER BY refill_at", ms(now)).Scan(&due).Error
	return due, err
}
