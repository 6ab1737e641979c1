package storage

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/askbob/bob/jobs"
)

// maxEvents bounds the bytes of events that are read at once: planning a large
// tree is one event.
const maxEvents = 1 << 20

// selectEvents reads a job's events and whether it is final, all as of one commit.
// A job without such events is one row of none.
const selectEvents = `SELECT j.final, coalesce(e.seq, 0) AS seq, coalesce(e.at, 0) AS at, coalesce(e.moves, '') AS moves
FROM jobs j LEFT JOIN events e ON e.job_id = j.id AND e.seq > ? WHERE j.id = ? ORDER BY e.seq LIMIT ?`

// Events returns what happened to a job after the event of that number.
func (s *Store) Events(ctx context.Context, id jobs.JobID, after int64, limit int) (list []jobs.Happening, over bool, err error) {
	rows, err := s.reads.WithContext(ctx).Raw(selectEvents, after, string(id), limit+1).Rows()
	if err != nil {
		return nil, false, translate(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	found, bytes := false, 0
	for rows.Next() {
		found = true
		var seq, at int64
		var moves []byte
		if err := rows.Scan(&over, &seq, &at, &moves); err != nil {
			return nil, false, err
		}
		if len(list) == limit || bytes > maxEvents {
			return list, false, nil // there is more
		}
		if seq == 0 {
			break
		}
		bytes += len(moves)
		list = append(list, jobs.Happening{Seq: seq, Job: id, At: fromMS(at), Moves: moves})
	}
	if err := rows.Err(); err != nil {
		return nil, false, err
	}
	if !found {
		return nil, false, fmt.Errorf("job %q: %w", id, jobs.ErrNotFound)
	}
	return list, over, nil
}

// File returns a file that a job made and what is known of it.
func (s *Store) File(ctx context.Context, id jobs.JobID, name string) (jobs.Artifact, []byte, error) {
	var row fileRow
	err := s.reads.WithContext(ctx).Raw("SELECT name, sha256, node_id, media_type, bytes FROM artifacts WHERE job_id = ? AND name = ?", string(id), name).Take(&row).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return jobs.Artifact{}, nil, fmt.Errorf("file %q of %s: %w", name, id, jobs.ErrNotFound)
	case err != nil:
		return jobs.Artifact{}, nil, translate(err)
	}
	data, err := s.blob(ctx, row.SHA256)
	return jobs.Artifact{Name: row.Name, MediaType: row.MediaType, Bytes: row.Bytes, SHA256: row.SHA256, Node: jobs.NodeID(row.NodeID)}, data, err
}
