package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/askbob/bob/jobs"
)

// scheduleRow is a row of schedules.
type scheduleRow struct {
	ID          string
	UserName    string
	Surface     string
	Workspace   string
	Channel     string
	Thread      string
	Room        string
	Request     string
	Priority    string
	Model       string
	Budget      int64
	MonthBudget int64
	Ask         bool
	Words       string
	Spec        string
	Zone        string
	Missed      string
	Overlap     string
	State       string
	NextRun     int64
	Waiting     int64
	LastRun     int64
	LastJob     string
	NStarted    int
	NSkipped    int
	NMissed     int
	CreatedAt   int64
}

// TableName tells gorm where the rows are.
func (scheduleRow) TableName() string { return "schedules" }

func (r scheduleRow) schedule() jobs.Schedule {
	return jobs.Schedule{
		ID:      jobs.ScheduleID(r.ID),
		Owner:   jobs.Owner{User: r.UserName, Surface: r.Surface, Workspace: r.Workspace, Channel: r.Channel, Thread: r.Thread, Room: r.Room},
		Request: r.Request, Priority: jobs.Priority(r.Priority), Model: r.Model,
		Budget: jobs.Money(r.Budget), MonthBudget: jobs.Money(r.MonthBudget), Ask: r.Ask,
		Words: r.Words, Spec: r.Spec, Zone: r.Zone, Missed: jobs.MissedPolicy(r.Missed), Overlap: jobs.OverlapPolicy(r.Overlap),
		State: jobs.ScheduleState(r.State), Slots: jobs.Slots{Next: fromMS(r.NextRun), Waiting: fromMS(r.Waiting)},
		LastRun: fromMS(r.LastRun), LastJob: jobs.JobID(r.LastJob),
		Counts:  jobs.RunCounts{Started: r.NStarted, Skipped: r.NSkipped, Missed: r.NMissed},
		Created: fromMS(r.CreatedAt),
	}
}

// Schedules returns all schedules without their files, those due next first and
// those that have ended last.
func (s *Store) Schedules(ctx context.Context) ([]jobs.Schedule, error) {
	return s.schedules(ctx, "ORDER BY state = 'ended', next_run = 0, next_run, id")
}

// DueSchedules returns the active schedules that have a slot to decide on: due, or
// waiting for a job that is final now. They come without their files.
func (s *Store) DueSchedules(ctx context.Context, now time.Time) ([]jobs.Schedule, error) {
	return s.schedules(ctx, `WHERE state = 'active' AND (next_run > 0 AND next_run <= ?
		OR waiting > 0 AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = last_job AND final = 0)) ORDER BY next_run, id`, ms(now))
}

func (s *Store) schedules(ctx context.Context, which string, args ...any) ([]jobs.Schedule, error) {
	var rows []scheduleRow
	if err := s.reads.WithContext(ctx).Raw("SELECT * FROM schedules "+which, args...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read schedules: %w", translate(err))
	}
	list := make([]jobs.Schedule, 0, len(rows))
	for _, r := range rows {
		list = append(list, r.schedule())
	}
	return list, nil
}

// Schedule returns a schedule with its files. ErrNotFound.
func (s *Store) Schedule(ctx context.Context, id jobs.ScheduleID) (jobs.Schedule, error) {
	db := s.reads.WithContext(ctx)
	var row scheduleRow
	err := db.Where("id = ?", string(id)).Take(&row).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return jobs.Schedule{}, fmt.Errorf("schedule %q: %w", id, jobs.ErrNotFound)
	case err != nil:
		return jobs.Schedule{}, fmt.Errorf("read schedule %s: %w", id, translate(err))
	}
	var texts []string
	if err := db.Raw("SELECT info FROM schedule_files WHERE schedule_id = ? ORDER BY ord", string(id)).Scan(&texts).Error; err != nil {
		return jobs.Schedule{}, fmt.Errorf("files of schedule %s: %w", id, err)
	}
	list := row.schedule()
	for _, text := range texts {
		var info jobs.FileInfo
		if err := json.Unmarshal([]byte(text), &info); err != nil {
			return jobs.Schedule{}, fmt.Errorf("files of schedule %s: %w", id, err)
		}
		list.Files = append(list.Files, info)
	}
	return list, nil
}

// NextSlot returns when a schedule is due next, the zero time if none is, and
// whether a slot waits for a job.
func (s *Store) NextSlot(ctx context.Context) (next time.Time, waiting bool, err error) {
	var row struct {
		Next    int64
		Waiting bool
	}
	err = s.reads.WithContext(ctx).Raw(`SELECT coalesce(min(nullif(next_run, 0)), 0) AS next, coalesce(max(waiting), 0) > 0 AS waiting
		FROM schedules WHERE state = 'active'`).Scan(&row).Error
	return fromMS(row.Next), row.Waiting, translate(err)
}

// ScheduleRuns returns what became of a schedule's slots, newest first, at most
// limit.
func (s *Store) ScheduleRuns(ctx context.Context, id jobs.ScheduleID, limit int) ([]jobs.ScheduleRun, error) {
	var rows []struct {
		Slot, At            int64
		Status, JobID, Note string
	}
	err := s.reads.WithContext(ctx).Raw("SELECT slot, at, status, job_id, note FROM schedule_runs WHERE schedule_id = ? ORDER BY slot DESC LIMIT ?",
		string(id), limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("runs of schedule %s: %w", id, translate(err))
	}
	list := make([]jobs.ScheduleRun, 0, len(rows))
	for _, r := range rows {
		list = append(list, jobs.ScheduleRun{
			Slot: fromMS(r.Slot), Status: jobs.RunStatus(r.Status), Job: jobs.JobID(r.JobID), Note: r.Note, At: fromMS(r.At),
		})
	}
	return list, nil
}

// ScheduleSpent returns what the runs of a schedule's slots since then have cost,
// with what is reserved for those that go on.
func (s *Store) ScheduleSpent(ctx context.Context, id jobs.ScheduleID, since time.Time) (jobs.Money, error) {
	var spent int64
	err := s.reads.WithContext(ctx).Raw(`SELECT coalesce(sum(coalesce(p.spent + p.reserved, r.spent)), 0)
		FROM schedule_runs r LEFT JOIN purses p ON p.key = 'job:' || r.job_id
		WHERE r.schedule_id = ? AND r.slot >= ? AND r.job_id <> ''`, string(id), ms(since)).Scan(&spent).Error
	return jobs.Money(spent), translate(err)
}

// ScheduleNotices returns what of schedules is still to be said, oldest first.
func (s *Store) ScheduleNotices(ctx context.Context) ([]jobs.ScheduleNotice, error) {
	var rows []struct {
		Row       scheduleRow `gorm:"embedded"`
		NoticeID  int64
		Text      string
		WrittenAt int64
	}
	err := s.reads.WithContext(ctx).Raw(`SELECT s.*, o.id AS notice_id, o.text, o.created_at AS written_at
		FROM outbox o JOIN schedules s ON s.id = o.schedule_id WHERE o.job_id = '' AND o.delivered_at = 0 AND o.given_up = 0 ORDER BY o.id`).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read notices of schedules: %w", translate(err))
	}
	list := make([]jobs.ScheduleNotice, 0, len(rows))
	for _, r := range rows {
		of := r.Row.schedule()
		list = append(list, jobs.ScheduleNotice{ID: r.NoticeID, Schedule: of.ID, Owner: of.Owner, Text: r.Text, At: fromMS(r.WrittenAt)})
	}
	return list, nil
}

// Submitted returns the job that was submitted under an inbound key, empty if
// none was.
func (s *Store) Submitted(ctx context.Context, key string) (jobs.JobID, error) {
	var id string
	err := s.reads.WithContext(ctx).Raw("SELECT id FROM jobs WHERE inbound_key = ?", key).Scan(&id).Error
	return jobs.JobID(id), translate(err)
}

// Open reports whether a job exists and is not final.
func (s *Store) Open(ctx context.Context, id jobs.JobID) (bool, error) {
	var n int
	err := s.reads.WithContext(ctx).Raw("SELECT count(*) FROM jobs WHERE id = ? AND final = 0", string(id)).Scan(&n).Error
	return n > 0, translate(err)
}
