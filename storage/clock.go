package storage

import (
	"container/heap"
	"context"
	"time"

	"github.com/askbob/bob/jobs"
)

// setBack is how far the clock must go back to be taken for set back: correcting it
// little by little moves it by less.
const setBack = time.Second

// turnedBack keeps what waits from waiting longer when the clock was set back: it
// waits for as long as it would have. The caller holds the lock.
func (l *Local) turnedBack(now time.Time) {
	now = now.Round(0) // what the rows say has no monotonic clock
	if by := l.seen.Sub(now); by > setBack {
		for i := range l.later {
			l.later[i].NotBefore = l.later[i].NotBefore.Add(-by)
		}
		heap.Init(&l.later) // in the same order
	}
	l.seen = now
}

// pullIn moves what is to wait for longer than it was meant to: it was put off by a
// clock that was ahead of the one that runs now. How long was meant is what lay
// between the node's last attempt, or its claim if nothing was tried, and the time it
// was put off to.
func (s *Store) pullIn(ctx context.Context, list []jobs.Ready) error {
	now := s.cfg.Now()
	var ids []int64
	for _, r := range list {
		if r.NotBefore.After(now) {
			ids = append(ids, int64(r.Node))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var rows []struct{ NodeID, Ended int64 }
	err := s.reads.WithContext(ctx).Raw(`SELECT id AS node_id,
		max(claimed_at, coalesce((SELECT max(finished_at) FROM attempts a WHERE a.node_id = nodes.id), 0)) AS ended
		FROM nodes WHERE id IN ? AND ended > ?`, ids, ms(now)).Scan(&rows).Error
	if err != nil {
		return translate(err)
	}
	ended := make(map[jobs.NodeID]time.Time, len(rows))
	for _, row := range rows {
		ended[jobs.NodeID(row.NodeID)] = fromMS(row.Ended)
	}
	for i := range list {
		if at, ahead := ended[list[i].Node]; ahead {
			list[i].NotBefore = now.Add(max(0, list[i].NotBefore.Sub(at)))
		}
	}
	return nil
}
