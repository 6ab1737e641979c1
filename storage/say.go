package storage

import (
	"context"
	"fmt"

	"github.com/askbob/bob/jobs"
)

// maxSpeaker bounds what is kept of a person's name, in characters.
const maxSpeaker = 200

// say keeps what a person says to a node, and to all below it.
func (u *unit) say(c jobs.Say) error {
	s, err := u.at(c.Job, c.Path)
	if err != nil {
		return err
	}
	if s.status.Final() {
		return &jobs.UserError{Message: s.called() + " is " + string(s.status) + " and does not listen any more: submit a new job, or run it again."}
	}
	var n int
	if err := u.row("SELECT count(*) FROM messages WHERE job_id = ? AND question = ''", []any{string(c.Job)}, &n); err != nil {
		return err
	}
	if n >= jobs.MaxMessages {
		return &jobs.UserError{Message: fmt.Sprintf("Job %s was told %d things already, no more are taken: cancel it and submit a new one that says it all.", c.Job, n)}
	}
	u.touch(c.Job)
	err = u.exec("INSERT INTO messages (job_id, node_id, at, user_name, text) VALUES (?, ?, ?, ?, ?)",
		string(c.Job), s.id, u.now, jobs.Shorten(c.User, maxSpeaker), c.Text)
	if err != nil {
		return err
	}
	return u.audit(c.Job, c.By, "say", c.Path, c.Text)
}

// selectSaid finds what was said to a node or a branch that it stands in.
const selectSaid = `WITH RECURSIVE line (id, parent_id) AS (
  SELECT id, parent_id FROM nodes WHERE id = @node
  UNION ALL SELECT n.id, n.parent_id FROM line JOIN nodes n ON n.id = line.parent_id)
SELECT user_name, text, question, at FROM messages WHERE job_id = @job AND node_id IN (SELECT id FROM line) ORDER BY id`

// Said returns what people said to a node or a branch that it stands in, oldest
// first.
func (s *Store) Said(ctx context.Context, n *jobs.Node) ([]jobs.Said, error) {
	var rows []struct {
		UserName, Text, Question string

		At int64
	}
	err := s.reads.WithContext(ctx).Raw(selectSaid, map[string]any{"node": int64(n.ID), "job": string(n.Job)}).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("messages to node %d: %w", n.ID, err)
	}
	list := make([]jobs.Said, 0, len(rows))
	for _, r := range rows {
		list = append(list, jobs.Said{User: r.UserName, Text: r.Text, Question: r.Question, At: fromMS(r.At)})
	}
	return list, nil
}
