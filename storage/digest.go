package storage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/askbob/bob/jobs"
)

const (
	// maxDigests bounds the channels and persons of one day's digests.
	maxDigests = 500
	// dueWithin is how far a digest looks ahead.
	dueWithin = 24 * time.Hour
)

// digestKey is whose digest a row belongs to; of the digest of everything it is zero.
type digestKey struct{ Workspace, Channel, UserName string }

// digestOf names the columns of a digestKey. A job without a channel, or in a place of
// a channel that not all its readers can read, is its person's.
const (
	digestOf = `iif(@each, of.workspace, '') AS workspace, iif(@each, ` + digestRoom + `, '') AS channel,
  iif(@each AND ` + digestRoom + ` = '', of.user_name, '') AS user_name`
	digestRoom = `iif(of.room IN ('', of.channel), of.channel, '')`
)

// Of each key and group the first rows, and how many there are.
const (
	digestJobs = `WITH found AS (
  SELECT ` + digestOf + `, of.id, n.id AS root, n.title, n.status, n.completed_at AS at,
    iif(n.status = 'failed', 'failed', 'finished') AS part, iif(n.status = 'failed', n.reason, '') AS reason
  FROM jobs of JOIN nodes n ON n.id = of.root_id
  WHERE of.final = 1 AND n.status IN ('completed', 'partial', 'failed') AND n.completed_at >= @from AND n.completed_at < @until
  UNION ALL
  SELECT ` + digestOf + `, of.id, n.id, n.title, n.status, of.created_at, 'waiting',
    (SELECT w.reason FROM nodes w WHERE w.job_id = of.id AND ` + digestWaits + ` ORDER BY w.id LIMIT 1)
  FROM jobs of JOIN nodes n ON n.id = of.root_id
  WHERE of.final = 0 AND EXISTS (SELECT 1 FROM nodes w WHERE w.job_id = of.id AND ` + digestWaits + `)
), ranked AS (
  SELECT *, count(*) OVER (PARTITION BY workspace, channel, user_name, part) AS total,
    row_number() OVER (PARTITION BY workspace, channel, user_name, part ORDER BY at DESC, root DESC) AS nth FROM found
) SELECT * FROM ranked WHERE nth <= @most ORDER BY nth`

	// The second line is the condition of the index nodes_waits.
	digestWaits = `w.reason IN ('approval', 'question', 'budget', 'effect_unknown')
      AND w.completed_at = 0 AND w.reason <> '' AND w.reason <> 'dependency'`

	digestSpent = `SELECT ` + digestOf + `, sum(c.cost) AS spent
FROM calls c JOIN jobs of ON of.id = c.job_id
WHERE c.status <> 'sent' AND c.started_at >= @from AND c.started_at < @until GROUP BY 1, 2, 3`

	digestDue = `WITH found AS (
  SELECT ` + digestOf + `, of.id, of.words, of.request, of.next_run FROM (
    SELECT id, words, request, state, next_run, user_name, room, iif(surface = '', workspace, surface || ':' || workspace) AS workspace,
      iif(surface = '', channel, surface || ':' || workspace || ':' || channel) AS channel FROM schedules
  ) of WHERE of.state = 'active' AND of.next_run > 0 AND of.next_run < @due
), ranked AS (
  SELECT *, count(*) OVER (PARTITION BY workspace, channel, user_name) AS total,
    row_number() OVER (PARTITION BY workspace, channel, user_name ORDER BY next_run, id) AS nth FROM found
) SELECT * FROM ranked WHERE nth <= @most ORDER BY nth`
)

// Digest says what happened in all jobs of a stretch of time, what waits and what is
// due.
func (s *Store) Digest(ctx context.Context, q jobs.DigestQuery) (jobs.Digest, error) {
	b, err := s.digests(ctx, q, false)
	if err != nil {
		return jobs.Digest{}, err
	}
	return b.of(digestKey{}).Digest, nil
}

// Digests is Digest for every channel, and every person outside of one, that has
// something to hear and is on a surface; at most 500, by name.
func (s *Store) Digests(ctx context.Context, q jobs.DigestQuery) ([]jobs.DigestFor, error) {
	b, err := s.digests(ctx, q, true)
	if err != nil {
		return nil, err
	}
	list := make([]jobs.DigestFor, 0, len(b.found))
	for _, d := range b.found {
		if d.To() != (jobs.Place{}) && !d.Empty() {
			list = append(list, *d)
		}
	}
	slices.SortFunc(list, func(a, b jobs.DigestFor) int {
		return strings.Compare(a.Workspace+"\n"+a.Channel+"\n"+a.User, b.Workspace+"\n"+b.Channel+"\n"+b.User)
	})
	return list[:min(len(list), maxDigests)], nil
}

// digests adds up rows, one digest for each key.
type digests struct {
	q     jobs.DigestQuery
	found map[digestKey]*jobs.DigestFor
}

func (b *digests) of(k digestKey) *jobs.DigestFor {
	d := b.found[k]
	if d == nil {
		d = &jobs.DigestFor{Workspace: k.Workspace, Channel: k.Channel, User: k.UserName, Digest: jobs.Digest{
			From: b.q.From.In(b.q.Zone), Until: b.q.Until.In(b.q.Zone), SpentUSD: jobs.Money(0).String(),
			Finished: jobs.DigestJobs{Jobs: []jobs.DigestJob{}}, Failed: jobs.DigestJobs{Jobs: []jobs.DigestJob{}},
			Waiting: jobs.DigestJobs{Jobs: []jobs.DigestJob{}}, Due: jobs.DigestSchedules{Schedules: []jobs.DigestSchedule{}},
		}}
		b.found[k] = d
	}
	return d
}

func (s *Store) digests(ctx context.Context, q jobs.DigestQuery, each bool) (*digests, error) {
	if q.Zone == nil {
		q.Zone = time.UTC
	}
	b := &digests{q: q, found: map[digestKey]*jobs.DigestFor{}}
	args := map[string]any{
		"each": each, "from": ms(q.From), "until": ms(q.Until), "due": ms(q.Until.Add(dueWithin)), "most": q.Limit,
	}
	// One transaction: the parts speak of one moment.
	err := s.reads.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		for _, read := range []func(*gorm.DB, map[string]any) error{b.readJobs, b.readSpent, b.readDue} {
			if err := read(tx, args); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read digest: %w", translate(err))
	}
	return b, nil
}

func (b *digests) readJobs(db *gorm.DB, args map[string]any) error {
	var rows []struct {
		Key digestKey `gorm:"embedded"`

		ID, Title, Status, Reason, Part string
		Total                           int
	}
	if err := db.Raw(digestJobs, args).Scan(&rows).Error; err != nil {
		return err
	}
	for _, r := range rows {
		d := b.of(r.Key)
		group := map[string]*jobs.DigestJobs{"finished": &d.Finished, "failed": &d.Failed, "waiting": &d.Waiting}[r.Part]
		group.Total = r.Total
		group.Jobs = append(group.Jobs, jobs.DigestJob{ID: jobs.JobID(r.ID), Title: r.Title, Status: jobs.Status(r.Status), Reason: jobs.Reason(r.Reason)})
	}
	return nil
}

func (b *digests) readSpent(db *gorm.DB, args map[string]any) error {
	var rows []struct {
		Key digestKey `gorm:"embedded"`

		Spent int64
	}
	if err := db.Raw(digestSpent, args).Scan(&rows).Error; err != nil {
		return err
	}
	for _, r := range rows {
		b.of(r.Key).SpentUSD = jobs.Money(r.Spent).String()
	}
	return nil
}

func (b *digests) readDue(db *gorm.DB, args map[string]any) error {
	var rows []struct {
		Key digestKey `gorm:"embedded"`

		ID, Words, Request string
		NextRun            int64
		Total              int
	}
	if err := db.Raw(digestDue, args).Scan(&rows).Error; err != nil {
		return err
	}
	for _, r := range rows {
		due := &b.of(r.Key).Due
		due.Total = r.Total
		due.Schedules = append(due.Schedules, jobs.DigestSchedule{
			ID: jobs.ScheduleID(r.ID), Words: r.Words, Request: r.Request, Next: fromMS(r.NextRun).In(b.q.Zone),
		})
	}
	return nil
}
