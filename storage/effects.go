package storage

import (
	"context"
	"errors"
	"fmt"

	"github.com/askbob/bob/jobs"
)

// intend writes down what a node is about to do, or says that it is done.
func (u *unit) intend(c jobs.Intend, out *jobs.Outcome) error {
	s, err := u.held(c.Fence)
	if err != nil {
		return err
	}
	d := c.Deed
	state := ""
	err = u.row("SELECT id, state, failed, result FROM effects WHERE node_id = ? AND turn = ? AND call = ? AND tool = ? AND args = ?",
		[]any{s.id, d.Turn, d.Call, d.Tool, d.Args}, &d.ID, &state, &d.Failed, &d.Result)
	out.Deed = &d
	switch {
	case errors.Is(err, jobs.ErrNotFound):
		return u.row(`INSERT INTO effects (node_id, epoch, turn, call, tool, args, state, intended_at)
			VALUES (?, ?, ?, ?, ?, ?, 'intended', ?) RETURNING id`, []any{s.id, s.epoch, d.Turn, d.Call, d.Tool, d.Args, u.now}, &d.ID)
	case err != nil:
		return err
	case state == "done":
		d.Done = true
		return nil
	}
	return u.exec("UPDATE effects SET state = 'intended', epoch = ?, intended_at = ? WHERE id = ?", s.epoch, u.now, d.ID)
}

// did records what was done.
func (u *unit) did(c jobs.Did) error {
	rows, err := u.changed("UPDATE effects SET state = 'done', failed = ?, result = ?, done_at = ? WHERE id = ? AND node_id = ? AND epoch = ?",
		c.Deed.Failed, c.Deed.Result, u.now, c.Deed.ID, int64(c.Node), c.Epoch)
	if err == nil && rows == 0 {
		err = fmt.Errorf("effect %d: %w", c.Deed.ID, jobs.ErrStale)
	}
	return err
}

// clearDoubt makes what a person knows of a node's doubtful deeds known. It returns what
// the node is told.
func (u *unit) clearDoubt(s *nodeState, text string) (told string, err error) {
	happened, err := jobs.Happened(text)
	if err != nil {
		return "", err
	}
	if !happened {
		return jobs.ToldAgain, u.exec("UPDATE effects SET state = 'again' WHERE node_id = ? AND state = 'intended'", s.id)
	}
	return jobs.ToldHappened, u.exec("UPDATE effects SET state = 'done', result = ?, done_at = ? WHERE node_id = ? AND state = 'intended'",
		jobs.ToldHappened, u.now, s.id)
}

// Deeds returns what a node did outside Bob, or may have done, oldest first. What a
// person lets it do again is left out.
func (s *Store) Deeds(ctx context.Context, n *jobs.Node) ([]jobs.Deed, error) {
	if err := s.settled(ctx); err != nil {
		return nil, err
	}
	var list []jobs.Deed
	err := s.reads.WithContext(ctx).Raw(`SELECT id, turn, call, tool, args, state = 'done' AS done, failed, result
		FROM effects WHERE node_id = ? AND state <> 'again' ORDER BY id`, int64(n.ID)).Scan(&list).Error
	return list, err
}
