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

// mutedKinds are the notices that people do not hear of a muted job.
var mutedKinds = [...]jobs.NoticeKind{jobs.NoticeMilestone, jobs.NoticeReplanned, jobs.NoticeQuiet} //nolint:gochecknoglobals // a constant table

// maxWhy bounds what is kept of why a letter was put off, in characters: platforms
// write it.
const maxWhy = 300

// notice puts something to say into the outbox; the same key is said once. What
// nobody wants to hear of a muted job counts as said.
func (u *unit) notice(job jobs.JobID, kind jobs.NoticeKind, key, text string) error {
	u.touch(job)
	return u.exec(`INSERT INTO outbox (job_id, kind, key, text, created_at, surface, delivered_at)
		SELECT ?1, ?2, ?3, ?4, ?5, coalesce(p.surface, ''), iif(?6 AND coalesce(p.muted, 0), ?5, 0)
		FROM (SELECT 1) LEFT JOIN job_places p ON p.job_id = ?1 WHERE true ON CONFLICT (key) DO NOTHING`,
		string(job), string(kind), string(job)+":"+key, text, u.now, slices.Contains(mutedKinds[:], kind))
}

// overtaken marks what of a job need not be said any more as said.
func (u *unit) overtaken(job jobs.JobID, kinds ...jobs.NoticeKind) error {
	for _, kind := range kinds {
		err := u.exec("UPDATE outbox SET delivered_at = ? WHERE job_id = ? AND kind = ? AND delivered_at = 0 AND given_up = 0", u.now, string(job), string(kind))
		if err != nil {
			return err
		}
	}
	return nil
}

// allOvertaken marks what is old news once a job has ended: how it went on, and what
// it waited for. What asks people says so.
func (u *unit) allOvertaken(job jobs.JobID, status jobs.Status) error {
	how := fmt.Sprintf("Nobody needs to decide this any more: the job is over (%s).", status)
	if err := u.closeAsks(job, "", how, "o.kind IN ('approval', 'question', 'budget')"); err != nil {
		return err
	}
	return u.exec(`UPDATE outbox SET delivered_at = ? WHERE job_id = ? AND delivered_at = 0 AND given_up = 0
		AND kind IN ('approval', 'question', 'budget', 'milestone', 'quiet')`, u.now, string(job))
}

// questionKey names what a node asks.
func questionKey(why jobs.Reason, s *nodeState) string {
	return fmt.Sprintf("%s:%d:%d", why, s.id, s.epoch)
}

// questionOver ends the question of a node that waits for its answer, as decide does:
// the answer is there, or nobody needs it any more.
func (u *unit) questionOver(s *nodeState, by, how string) error {
	why := s.reason
	switch s.status {
	case jobs.StatusWaitingForInput:
	case jobs.StatusPaused:
		why = s.beforeReason
	default:
		return nil
	}
	if why != jobs.ReasonQuestion && why != jobs.ReasonEffectUnknown {
		return nil
	}
	key := string(s.job) + ":" + questionKey(why, s)
	if err := u.closeAsks(s.job, by, how, "o.key = ?5", key); err != nil {
		return err
	}
	return u.exec("UPDATE outbox SET delivered_at = ? WHERE key = ? AND delivered_at = 0 AND given_up = 0", u.now, key)
}

// letter changes a line of the outbox that is still to be said. Set has its own
// arguments; without such a line the change is stale.
func (u *unit) letter(notice int64, set string, args ...any) error {
	rows, err := u.changed("UPDATE outbox SET "+set+" WHERE id = ? AND delivered_at = 0 AND given_up = 0", append(args, notice)...)
	if err == nil && rows == 0 {
		return fmt.Errorf("notice %d: %w", notice, jobs.ErrStale)
	}
	return err
}

func (u *unit) begin(c jobs.Begin) error { return u.letter(c.Notice, "begun = 1") }

func (u *unit) sent(c jobs.Sent) error {
	return u.letter(c.Notice, "step = ?, begun = 0, tries = 0, next_at = 0, why = ''", c.Step)
}

func (u *unit) postpone(c jobs.Postpone) error {
	return u.letter(c.Notice, "next_at = ?, why = ?, begun = ?, tries = tries + 1", ms(c.Until), jobs.Shorten(c.Why, maxWhy), c.Unsure)
}

func (u *unit) giveUp(c jobs.GiveUp) error {
	if err := u.letter(c.Notice, "given_up = ?, why = ?, begun = 0", u.now, jobs.Shorten(c.Why, maxWhy)); err != nil {
		return err
	}
	var job string
	if err := u.row("SELECT job_id FROM outbox WHERE id = ?", []any{c.Notice}, &job); err != nil {
		return err
	}
	u.touch(jobs.JobID(job))
	return nil
}

// letterRow is a line of the outbox with where it goes.
type letterRow struct {
	ID                             int64
	JobID, ScheduleID              string
	Kind, Text                     string
	CreatedAt                      int64
	Step, Tries                    int
	Begun                          bool
	Surface                        string
	Workspace, Channel, Thread, By string
	Muted                          bool

	About              int64
	Asked, AskedText   string
	Message, DecidedBy string
}

func (r letterRow) letter() jobs.Letter {
	return jobs.Letter{
		Ask:      jobs.Ask{Notice: r.About, Kind: jobs.NoticeKind(r.Asked), Text: r.AskedText, Message: r.Message, DecidedBy: r.DecidedBy},
		Notice:   jobs.Notice{ID: r.ID, Job: jobs.JobID(r.JobID), Kind: jobs.NoticeKind(r.Kind), Text: r.Text, At: fromMS(r.CreatedAt)},
		Schedule: jobs.ScheduleID(r.ScheduleID),
		Place:    jobs.Place{Surface: r.Surface, Workspace: r.Workspace, Channel: r.Channel, Thread: r.Thread},
		User:     r.By, Muted: r.Muted, Tries: r.Tries, Step: r.Step, Begun: r.Begun,
	}
}

// heads are the oldest notices of each job and schedule that are still to be said, and
// all that speak of neither or of another notice.
const heads = `SELECT min(id) FROM outbox
  WHERE surface = ? AND surface <> '' AND delivered_at = 0 AND given_up = 0
  GROUP BY job_id, schedule_id, iif(job_id = '' AND schedule_id = '' OR about > 0, id, 0)`

const selectDue = `SELECT o.id, o.job_id, o.schedule_id, o.kind, o.text, o.created_at, o.step, o.tries, o.begun, o.surface,
  iif(o.message <> '', o.to_workspace, coalesce(p.workspace, s.workspace, o.to_workspace)) AS workspace,
  iif(o.message <> '', o.to_channel, coalesce(p.channel, s.channel, o.to_channel)) AS channel,
  iif(o.message <> '', o.to_thread, coalesce(p.thread, s.thread, '')) AS thread,
  coalesce(p.user_name, s.user_name, o.to_user) AS "by", coalesce(p.muted, 0) AS muted,
  o.about, o.message, o.decided_by, coalesce(q.kind, '') AS asked, coalesce(q.text, '') AS asked_text
FROM outbox o LEFT JOIN job_places p ON p.job_id = o.job_id LEFT JOIN schedules s ON s.id = o.schedule_id LEFT JOIN outbox q ON q.id = o.about AND o.about > 0
WHERE o.id IN (` + heads + `) AND o.next_at <= ? AND (p.job_id IS NOT NULL OR s.id IS NOT NULL OR o.job_id = '' AND o.schedule_id = '') ORDER BY o.id LIMIT ?`

// Due lists what is to be said on a surface.
func (s *Store) Due(ctx context.Context, surface string, now time.Time, limit int) ([]jobs.Letter, error) {
	var rows []letterRow
	err := s.reads.WithContext(ctx).Raw(selectDue, surface, ms(now), max(0, limit)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("letters of %s: %w", surface, translate(err))
	}
	list := make([]jobs.Letter, 0, len(rows))
	for _, r := range rows {
		list = append(list, r.letter())
	}
	return list, nil
}

// NextDue returns when something that is postponed is due.
func (s *Store) NextDue(ctx context.Context, surface string) (time.Time, error) {
	var at int64
	err := s.reads.WithContext(ctx).Raw("SELECT coalesce(min(next_at), 0) FROM outbox WHERE id IN ("+heads+") AND next_at > 0", surface).Scan(&at).Error
	if err != nil {
		return time.Time{}, fmt.Errorf("letters of %s: %w", surface, translate(err))
	}
	return fromMS(at), nil
}

// undelivered says what of a job people could not be told, and why.
func undelivered(db *gorm.DB, job jobs.JobID) ([]string, error) {
	var rows []struct{ Kind, Why string }
	err := db.Raw("SELECT kind, why FROM outbox WHERE job_id = ? AND given_up > 0 ORDER BY id", string(job)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("letters of job %s: %w", job, translate(err))
	}
	var list []string
	for _, r := range rows {
		list = append(list, strings.TrimSuffix(r.Kind+": "+r.Why, ": "))
	}
	return list, nil
}
