package storage

import (
	"fmt"

	"github.com/askbob/bob/jobs"
)

// maxDecision bounds what a message quotes of how that ended which it asks, in
// characters.
const maxDecision = 200

// asked keeps where a message is that asks people something. If that is decided
// already, the letter that says so learns of it.
func (u *unit) asked(c jobs.Asked) error {
	p := c.Place
	rows, err := u.changed(`UPDATE outbox SET to_workspace = ?, to_channel = ?, to_thread = ?, message = ?
		WHERE key = (SELECT key || ':decided' FROM outbox WHERE id = ?) AND delivered_at = 0`,
		p.Workspace, p.Channel, p.Thread, c.Message, c.Notice)
	if err != nil || rows > 0 {
		return err
	}
	rows, err = u.changed(`INSERT OR REPLACE INTO asks (notice, job_id, workspace, channel, thread, message)
		SELECT id, job_id, ?, ?, ?, ? FROM outbox WHERE id = ?`, p.Workspace, p.Channel, p.Thread, c.Message, c.Notice)
	if err == nil && rows == 0 {
		return fmt.Errorf("notice %d: %w", c.Notice, jobs.ErrNotFound)
	}
	return err
}

// openAsks are the letters of a job that asked people something which is not decided,
// and those that are on their way.
const openAsks = `(SELECT notice FROM asks WHERE job_id = ?1
	UNION SELECT id FROM outbox WHERE job_id = ?1 AND begun = 1 AND delivered_at = 0 AND given_up = 0)`

// decide ends what a job asks people by notices of a kind: what was not said yet need
// not be, and messages that are up say how it ended. That is a sentence, or what
// follows the name of who decided it.
func (u *unit) decide(job jobs.JobID, by, how string, kind jobs.NoticeKind) error {
	if err := u.closeAsks(job, by, how, "o.kind = ?5", string(kind)); err != nil {
		return err
	}
	return u.overtaken(job, kind)
}

// closeAsks puts letters into the outbox that say how that ended which the open asks
// of a job are about for which a condition holds.
func (u *unit) closeAsks(job jobs.JobID, by, how, which string, args ...any) error {
	rows, err := u.changed(`INSERT INTO outbox (job_id, kind, key, text, created_at, surface, about, to_workspace, to_channel, to_thread, message, decided_by)
		SELECT o.job_id, 'decided', o.key || ':decided', ?2, ?3, o.surface, o.id,
		coalesce(a.workspace, ''), coalesce(a.channel, ''), coalesce(a.thread, ''), coalesce(a.message, ''), ?4
		FROM outbox o LEFT JOIN asks a ON a.notice = o.id
		WHERE o.id IN `+openAsks+` AND o.surface <> '' AND `+which+" ON CONFLICT (key) DO NOTHING",
		append([]any{string(job), how, u.now, by}, args...)...)
	if err != nil || rows == 0 {
		return err
	}
	u.touch(job)
	return u.exec("DELETE FROM asks WHERE job_id = ?1 AND notice IN (SELECT about FROM outbox WHERE job_id = ?1 AND about > 0 AND delivered_at = 0)",
		string(job))
}
