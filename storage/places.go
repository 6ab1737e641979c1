package storage

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/askbob/bob/jobs"
)

// placeRow is a row of job_places.
type placeRow struct {
	JobID     string
	Surface   string
	Workspace string
	Channel   string
	Thread    string
	UserName  string
	Room      string
	Card      string
	Muted     bool
}

// TableName tells gorm where the rows are.
func (placeRow) TableName() string { return "job_places" }

func (r placeRow) posted() jobs.Posted {
	return jobs.Posted{
		Job: jobs.JobID(r.JobID), User: r.UserName, Room: r.Room, Card: r.Card, Muted: r.Muted,
		Place: jobs.Place{Surface: r.Surface, Workspace: r.Workspace, Channel: r.Channel, Thread: r.Thread},
	}
}

const selectPlaces = `SELECT job_id, surface, workspace, channel, thread, user_name, card, muted,
  (SELECT room FROM jobs WHERE jobs.id = job_id) AS room FROM job_places `

// place keeps where a new job is seen, if it is seen anywhere.
func (u *unit) place(j jobs.NewJob, root int64) error {
	p := j.Place
	if p.Surface == "" {
		return nil
	}
	return u.exec("INSERT INTO job_places (job_id, root_id, surface, workspace, channel, thread, user_name) VALUES (?, ?, ?, ?, ?, ?, ?)",
		string(j.ID), root, p.Surface, p.Workspace, p.Channel, p.Thread, j.User)
}

// put moves a job to another place of its surface. Whether a card that is new shows
// the job's end is not known.
func (u *unit) put(c jobs.Put) error {
	p := c.Place
	rows, err := u.changed(`UPDATE job_places SET workspace = ?1, channel = ?2, thread = ?3,
		shown = CASE WHEN ?4 IN ('', card) THEN shown ELSE 0 END, stale = CASE WHEN ?4 IN ('', card) THEN stale ELSE 1 END,
		card = CASE ?4 WHEN '' THEN card ELSE ?4 END
		WHERE job_id = ?5 AND surface = ?6`, p.Workspace, p.Channel, p.Thread, c.Card, string(c.Job), p.Surface)
	if err := noPlace(c.Job, rows, err); err != nil {
		return err
	}
	u.touch(c.Job)
	return nil
}

// noPlace says that a statement found no place of a job.
func noPlace(job jobs.JobID, rows int64, err error) error {
	if err == nil && rows == 0 {
		return fmt.Errorf("place of job %s: %w", job, jobs.ErrNotFound)
	}
	return err
}

// shown notes which end the card shows. If the job goes on meanwhile, or ended
// anew, the card is not up to date.
func (u *unit) shown(c jobs.Shown) error {
	root, err := u.root(c.Job)
	if err != nil {
		return err
	}
	current := root.status.Final() && root.ended == ms(c.Completed)
	rows, err := u.changed("UPDATE job_places SET shown = ?, stale = ? WHERE job_id = ?", ms(c.Completed), !current, string(c.Job))
	return noPlace(c.Job, rows, err)
}

// mute says whether people want to hear of a job. What is not told now is not told
// later: it would be old.
func (u *unit) mute(c jobs.Mute) error {
	if _, err := u.root(c.Job); err != nil {
		return err
	}
	rows, err := u.changed("UPDATE job_places SET muted = ? WHERE job_id = ?", c.Muted, string(c.Job))
	switch {
	case err != nil:
		return err
	case rows == 0:
		return &jobs.UserError{Message: fmt.Sprintf("Nobody is told of job %s: there is nothing to mute.", c.Job)}
	}
	u.touch(c.Job)
	verb := "unmute"
	if c.Muted {
		verb = "mute"
		if err := u.overtaken(c.Job, mutedKinds[:]...); err != nil {
			return err
		}
	}
	return u.audit(c.Job, c.By, verb, "", "")
}

// feedback keeps whether a result was of use.
func (u *unit) feedback(c jobs.Feedback) error {
	if _, err := u.root(c.Job); err != nil {
		return err
	}
	word := "bad"
	if c.Good {
		word = "good"
	}
	return u.audit(c.Job, c.By, "feedback", "", word)
}

// Posted returns where a job is seen.
func (s *Store) Posted(ctx context.Context, job jobs.JobID) (jobs.Posted, error) {
	var row placeRow
	err := s.reads.WithContext(ctx).Raw(selectPlaces+"WHERE job_id = ?", string(job)).Take(&row).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return jobs.Posted{}, fmt.Errorf("place of job %q: %w", job, jobs.ErrNotFound)
	case err != nil:
		return jobs.Posted{}, fmt.Errorf("place of job %s: %w", job, translate(err))
	}
	return row.posted(), nil
}

// JobsAt lists the jobs of a thread, newest first.
func (s *Store) JobsAt(ctx context.Context, p jobs.Place, limit int) ([]jobs.JobID, error) {
	var list []jobs.JobID
	err := s.reads.WithContext(ctx).Raw(`SELECT job_id FROM job_places WHERE surface = ? AND workspace = ? AND channel = ? AND thread = ?
		ORDER BY root_id DESC LIMIT ?`, p.Surface, p.Workspace, p.Channel, p.Thread, max(0, limit)).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("jobs of a thread: %w", translate(err))
	}
	return list, nil
}

// Cards lists where the jobs of a surface are seen whose cards are not at their end.
func (s *Store) Cards(ctx context.Context, surface string) ([]jobs.Posted, error) {
	var rows []placeRow
	err := s.reads.WithContext(ctx).Raw(selectPlaces+"WHERE surface = ? AND stale = 1 ORDER BY root_id", surface).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("cards of %s: %w", surface, translate(err))
	}
	list := make([]jobs.Posted, 0, len(rows))
	for _, r := range rows {
		list = append(list, r.posted())
	}
	return list, nil
}
