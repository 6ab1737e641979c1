package storage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/askbob/bob/jobs"
)

// selectWaits finds what of a job waits for a person or a time. Its second line of
// conditions is that of the index nodes_waits.
const selectWaits = `SELECT path, title, status, reason, error, not_before,
  coalesce((SELECT max(finished_at) FROM attempts a WHERE a.node_id = nodes.id), created_at) AS since,
  coalesce((SELECT until FROM questions q WHERE q.node_id = nodes.id), 0) AS answer
FROM nodes WHERE job_id = ? AND reason IN ('approval', 'question', 'budget', 'effect_unknown', 'user', 'retry_at', 'rate_limit')
  AND completed_at = 0 AND reason <> '' AND reason <> 'dependency' ORDER BY id LIMIT ?`

// waits finds what an open job waits for, at a cost that does not depend on its
// size.
func (s *Store) waits(db *gorm.DB, r *jobs.Report) error {
	if r.Status.Final() {
		return nil
	}
	var rows []struct {
		Node nodeRow `gorm:"embedded"`

		NotBefore int64
		Since     int64
		Answer    int64 // until when one is waited for
	}
	if err := db.Raw(selectWaits, string(r.ID), jobs.MaxWaits).Scan(&rows).Error; err != nil {
		return err
	}
	for _, row := range rows {
		n := row.Node.node()
		n.NotBefore = fromMS(row.NotBefore)
		if n.Reason == jobs.ReasonQuestion {
			n.NotBefore = fromMS(row.Answer)
		}
		r.Waiting = append(r.Waiting, jobs.NewWait(n, fromMS(row.Since)))
	}
	return nil
}

// Silent lists the open jobs in which nothing has happened since a time, and of
// which that was not told yet.
func (s *Store) Silent(ctx context.Context, since time.Time) ([]jobs.JobID, error) {
	var list []jobs.JobID
	err := s.reads.WithContext(ctx).Raw(`SELECT id FROM jobs j WHERE final = 0
		AND (SELECT at FROM events e WHERE e.job_id = j.id ORDER BY seq DESC LIMIT 1) < ?
		AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.key = j.id || ':quiet:' ||
			(SELECT seq FROM events e WHERE e.job_id = j.id ORDER BY seq DESC LIMIT 1))`, ms(since)).Scan(&list).Error
	return list, err
}

// quiet tells once of each silence.
func (u *unit) quiet(c jobs.Quiet) error {
	root, err := u.root(c.Job)
	if err != nil || root.status.Final() {
		return err
	}
	var seq, at int64
	err = u.row("SELECT seq, at FROM events WHERE job_id = ? ORDER BY seq DESC LIMIT 1", []any{string(c.Job)}, &seq, &at)
	if err != nil {
		return err
	}
	r := jobs.Report{ID: c.Job, Status: root.status}
	// The reader sees all but this transaction, which changes nothing that counts here.
	if err := u.w.store.waits(u.w.store.reads.WithContext(u.ctx), &r); err != nil {
		return err
	}
	var reasons []string
	for _, w := range r.Waiting {
		reasons = append(reasons, w.Text+".")
	}
	if len(reasons) == 0 {
		reasons = append(reasons, fmt.Sprintf("%d of %d steps are done, %d are at work.", root.n.Completed, root.n.Total, root.n.Running))
	}
	text := fmt.Sprintf("Nothing has happened for %s. %s", jobs.HumanDuration(time.Duration(u.now-at)*time.Millisecond), strings.Join(reasons, " "))
	return u.notice(c.Job, jobs.NoticeQuiet, fmt.Sprintf("quiet:%d", seq), text)
}
