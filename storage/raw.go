package storage

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"
)

// RawRate measures how many guarded updates of nodes' status a second the database
// at path takes at most, perBatch of them to a commit: the limit that the engine's
// own rate is held against. The database must not be open, and is of no use
// afterwards.
func RawRate(ctx context.Context, path string, perBatch int, during time.Duration) (rate float64, err error) {
	db, err := connect(path, "rwc", 1, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	pool, err := db.DB()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	var size int64
	if err := db.WithContext(ctx).Raw("SELECT max(id) FROM nodes").Scan(&size).Error; err != nil {
		return 0, err
	}
	// The same row changes as a claim's: into the index of held nodes, and out.
	stmt, err := pool.PrepareContext(ctx, "UPDATE nodes SET status = ?, owner = ?, claimed_at = ? WHERE id = ? AND epoch = epoch")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stmt.Close()) }()
	done := 0
	start := time.Now()
	for time.Since(start) < during {
		if err := rawBatch(ctx, pool, stmt, done, perBatch, size); err != nil {
			return 0, err
		}
		done += perBatch
	}
	return float64(done) / time.Since(start).Seconds(), nil
}

func rawBatch(ctx context.Context, pool *sql.DB, stmt *sql.Stmt, from, n int, size int64) error {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	inTx := tx.StmtContext(ctx, stmt) //nolint:sqlclosecheck // closed with its transaction
	for i := range n {
		k := int64(from + i)
		status, owner := "running", "raw"
		if (k/size)%2 == 1 {
			status, owner = "queued", ""
		}
		if _, err := inTx.ExecContext(ctx, status, owner, k, k%size+1); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}
