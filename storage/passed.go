package storage

import (
	"fmt"
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
)

const insertSchedule = `INSERT INTO schedules (id, user_name, surface, workspace, channel, thread, room, request, priority, model, budget, month_budget, ask,
  words, spec, zone, missed, overlap, state, next_run, created_at) VALUES `

// addSchedule keeps a new schedule, unless its owner has too many.
func (u *unit) addSchedule(s jobs.Schedule) error {
	o := s.Owner
	var have int
	err := u.row("SELECT count(*) FROM schedules WHERE workspace = ? AND user_name = ? AND state <> 'ended'", []any{o.Workspace, o.User}, &have)
	switch {
	case err != nil:
		return err
	case have >= jobs.MaxSchedules:
		return &jobs.UserError{Message: fmt.Sprintf("You have %d schedules, and no more are taken: remove one first.", have)}
	}
	args := []any{
		string(s.ID), o.User, o.Surface, o.Workspace, o.Channel, o.Thread, o.Room, s.Request, string(s.Priority), s.Model, int64(s.Budget), int64(s.MonthBudget), s.Ask,
		s.Words, s.Spec, s.Zone, string(s.Missed), string(s.Overlap), string(s.State), ms(s.Slots.Next), ms(s.Created),
	}
	if err := u.exec(insertSchedule+"(?"+strings.Repeat(", ?", len(args)-1)+")", args...); err != nil {
		return err
	}
	for i, f := range s.Files {
		info, err := toJSON(f)
		if err != nil {
			return err
		}
		if err := u.exec("INSERT INTO schedule_files (schedule_id, ord, sha256, info) VALUES (?, ?, ?, ?)", string(s.ID), i+1, f.SHA256, info); err != nil {
			return err
		}
	}
	return nil
}

// setSchedule pauses or resumes a schedule.
func (u *unit) setSchedule(c jobs.SetSchedule) error {
	rows, err := u.changed("UPDATE schedules SET state = ?, next_run = ?, waiting = 0 WHERE id = ? AND state = ?",
		string(c.To), ms(c.Next), string(c.Schedule), string(c.From))
	switch {
	case err != nil:
		return err
	case rows == 0:
		return fmt.Errorf("set schedule %s: %w", c.Schedule, jobs.ErrStale)
	}
	return u.exec("UPDATE schedule_runs SET status = 'skipped', note = 'the schedule was paused' WHERE schedule_id = ? AND status = 'waiting'", string(c.Schedule))
}

// removeSchedule forgets a schedule. A run of it may be on its way and name its
// files in a moment, so these are swept when the database is next opened.
func (u *unit) removeSchedule(id jobs.ScheduleID) error {
	rows, err := u.changed("DELETE FROM schedules WHERE id = ?", string(id))
	switch {
	case err != nil:
		return err
	case rows == 0:
		return fmt.Errorf("schedule %q: %w", id, jobs.ErrNotFound)
	}
	if err := u.exec("DELETE FROM schedule_runs WHERE schedule_id = ?", string(id)); err != nil {
		return err
	}
	return u.exec("DELETE FROM outbox WHERE job_id = '' AND schedule_id = ? AND delivered_at = 0", string(id))
}

const passSchedule = `UPDATE schedules SET next_run = ?, waiting = ?,
  state = CASE WHEN ? THEN 'ended' ELSE state END, ended_at = CASE WHEN ? THEN ? ELSE ended_at END,
  n_started = n_started + ?, n_skipped = n_skipped + ?, n_missed = n_missed + ?
WHERE id = ? AND state = 'active' AND next_run = ? AND waiting = ?`

// passed records what became of a slot.
func (u *unit) passed(c jobs.Passed) error {
	id, ends := string(c.Schedule), c.Now.None()
	rows, err := u.changed(passSchedule, ms(c.Now.Next), ms(c.Now.Waiting), ends, ends, u.now,
		count(c.Run.Status == jobs.RunStarted), count(c.Run.Status == jobs.RunSkipped), c.Missed,
		id, ms(c.Was.Next), ms(c.Was.Waiting))
	switch {
	case err != nil:
		return err
	case rows == 0:
		return fmt.Errorf("schedule %s: %w", c.Schedule, jobs.ErrStale)
	}
	if c.Run.Status == jobs.RunStarted {
		if err := u.exec("UPDATE schedules SET last_run = ?, last_job = ? WHERE id = ?", ms(c.Run.Slot), string(c.Run.Job), id); err != nil {
			return err
		}
	}
	err = u.exec(`INSERT INTO schedule_runs (schedule_id, slot, status, job_id, note, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET status = excluded.status, job_id = excluded.job_id, note = excluded.note, at = excluded.at`,
		id, ms(c.Run.Slot), string(c.Run.Status), string(c.Run.Job), c.Run.Note, u.now)
	if err != nil {
		return err
	}
	if err := u.pruneRuns(id); err != nil {
		return err
	}
	if c.Notice == "" {
		return nil
	}
	u.touch("") // whoever watches all jobs looks what is to be said
	return u.exec(`INSERT INTO outbox (job_id, schedule_id, kind, key, text, created_at, surface)
		SELECT '', id, ?, ?, ?, ?, surface FROM schedules WHERE id = ? ON CONFLICT (key) DO NOTHING`,
		string(jobs.NoticeSchedule), id+":"+c.NoticeKey, c.Notice, u.now, id)
}

const (
	// keptRuns is how many slots' ends a schedule remembers at least.
	keptRuns = 100
	// keptFor is how long it remembers all of them: a month's budget counts them.
	keptFor = 32 * 24 * time.Hour
)

func (u *unit) pruneRuns(id string) error {
	return u.exec(`DELETE FROM schedule_runs WHERE schedule_id = ? AND slot < ?
		AND slot <= (SELECT slot FROM schedule_runs WHERE schedule_id = ? ORDER BY slot DESC LIMIT 1 OFFSET ?)`,
		id, u.now-millis(keptFor), id, keptRuns)
}
