package storage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
)

// openQuestion holds for a question q of a node n that still waits for its answer:
// it may have ended meanwhile, or people paused it.
const openQuestion = `n.completed_at = 0 AND (n.status = 'waiting_for_input' AND n.reason IN ('question', 'effect_unknown')
	OR n.status = 'paused' AND n.before_reason IN ('question', 'effect_unknown'))`

// ask keeps what a node asks, and tells people once.
func (u *unit) ask(s *nodeState, c jobs.Park) error {
	if c.Kept != nil {
		if err := u.keepTurn(s.id, c.Kept); err != nil {
			return err
		}
	}
	until := int64(0)
	if !c.Until.IsZero() {
		until = ms(c.Until)
	}
	err := u.exec("INSERT OR REPLACE INTO questions (node_id, job_id, text, assume, since, until) VALUES (?, ?, ?, ?, ?, ?)",
		s.id, string(s.job), c.Question, c.Assume, u.now, until)
	if err != nil {
		return err
	}
	return u.notice(s.job, jobs.NoticeQuestion, questionKey(c.Reason, s), c.Ask(s.path, s.title))
}

// answer lets a node go on with what a person says.
func (u *unit) answer(c jobs.Answer) error {
	s, err := u.asking(c.Job, c.Path)
	if err != nil {
		return err
	}
	told := c.Text
	if s.reason == jobs.ReasonEffectUnknown || s.beforeReason == jobs.ReasonEffectUnknown {
		if told, err = u.clearDoubt(s, c.Text); err != nil {
			return err
		}
	}
	if err := u.questionOver(s, c.By.User, "answered: "+jobs.Shorten(c.Text, maxDecision)); err != nil {
		return err
	}
	if err := u.reply(s, jobs.Shorten(c.By.User, maxSpeaker), told); err != nil {
		return err
	}
	return u.audit(c.Job, c.By, "answer", s.path, c.Text)
}

// asking returns the node at path that waits for an answer; of an empty path the
// only one that does.
func (u *unit) asking(job jobs.JobID, path string) (*nodeState, error) {
	named, err := u.at(job, path)
	if err != nil {
		return nil, err
	}
	list, err := u.questions(job)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, s := range list {
		if s.id == named.id || path == "" && len(list) == 1 {
			return s, nil
		}
		paths = append(paths, s.path)
	}
	if path == "" && len(list) > 1 {
		return nil, &jobs.UserError{Message: fmt.Sprintf("Several steps of job %s wait for an answer: say which one of %s it is for.", job, strings.Join(paths, ", "))}
	}
	return nil, &jobs.UserError{Message: named.called() + " waits for no answer: to tell it something all the same, send a message."}
}

// questions loads the nodes of a job that wait for an answer.
func (u *unit) questions(job jobs.JobID) ([]*nodeState, error) {
	if err := u.flush(); err != nil {
		return nil, err
	}
	ids, err := u.ids("SELECT n.id FROM questions q JOIN nodes n ON n.id = q.node_id WHERE q.job_id = ? AND "+openQuestion+" ORDER BY n.id", string(job))
	if err != nil {
		return nil, err
	}
	return u.states(ids)
}

// reply tells a node the answer to its question, and lets it go on.
func (u *unit) reply(s *nodeState, user, text string) error {
	var question string
	var since int64
	if err := u.row("DELETE FROM questions WHERE node_id = ? RETURNING text, since", []any{s.id}, &question, &since); err != nil {
		return err
	}
	err := u.exec("INSERT INTO messages (job_id, node_id, at, user_name, text, question) VALUES (?, ?, ?, ?, ?, ?)",
		string(s.job), s.id, u.now, user, text, question)
	if err != nil {
		return err
	}
	if err := u.wakeOne(s); err != nil {
		return err
	}
	return u.letTimeRun(s.job, since)
}

// letTimeRun gives a job back the time for which it waited for people, if it does
// not wait for another answer.
func (u *unit) letTimeRun(job jobs.JobID, since int64) error {
	list, err := u.questions(job)
	switch {
	case err != nil:
		return err
	case len(list) > 0:
		return u.exec("UPDATE questions SET since = min(since, ?) WHERE job_id = ?", since, string(job))
	}
	return u.exec("UPDATE jobs SET deadline = deadline + ? WHERE id = ? AND deadline > 0", u.now-since, string(job))
}

// assume lets those nodes of a job go on whose questions were not answered in time.
func (u *unit) assume(c jobs.Assume) error {
	list, err := u.questions(c.Job)
	if err != nil {
		return err
	}
	for _, s := range list {
		var assume string
		var until int64
		if err := u.row("SELECT assume, until FROM questions WHERE node_id = ?", []any{s.id}, &assume, &until); err != nil {
			return err
		}
		if until == 0 || until > u.now || s.status != jobs.StatusWaitingForInput {
			continue
		}
		said := fmt.Sprintf("Nobody answered %s in time. It goes on with what seems most sensible.", s.called())
		if assume != "" {
			said = fmt.Sprintf("Nobody answered %s in time. It goes on with this: %s", s.called(), assume)
		}
		if err := u.notice(s.job, jobs.NoticeAssumed, fmt.Sprintf("assumed:%d:%d", s.id, s.epoch), said); err != nil {
			return err
		}
		if err := u.questionOver(s, "", said); err != nil {
			return err
		}
		if err := u.reply(s, "Bob", jobs.Assumed(assume)); err != nil {
			return err
		}
	}
	return nil
}

// Unanswered lists the jobs in which a question's time is over.
func (s *Store) Unanswered(ctx context.Context, now time.Time) ([]jobs.JobID, error) {
	var due []jobs.JobID
	err := s.reads.WithContext(ctx).Raw(`SELECT DISTINCT q.job_id FROM questions q JOIN nodes n ON n.id = q.node_id
		WHERE q.until > 0 AND q.until <= ? AND n.status = 'waiting_for_input' AND `+openQuestion, ms(now)).Scan(&due).Error
	return due, err
}
