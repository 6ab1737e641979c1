package storage

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"gorm.io/gorm"

	"github.com/askbob/bob/jobs"
)

//go:embed migration/sqlite/*.sql
var migrations embed.FS

// migrate applies the migrations that user_version says are missing, each in its
// own transaction. A database from a newer Bob is refused.
func migrate(ctx context.Context, db *gorm.DB) error {
	db = db.WithContext(ctx)
	names, done, err := missing(db)
	if err != nil {
		return err
	}
	for i := done; i < len(names); i++ {
		text, err := migrations.ReadFile(names[i])
		if err != nil {
			return err
		}
		err = db.Transaction(func(tx *gorm.DB) error {
			if err := tx.Exec(string(text)).Error; err != nil {
				return err
			}
			return tx.Exec(fmt.Sprintf("PRAGMA user_version = %d", i+1)).Error
		})
		if err != nil {
			return fmt.Errorf("%s: %w", names[i], err)
		}
	}
	return nil
}

// missing returns the names of all migrations, and how many of them the database
// has.
func missing(db *gorm.DB) (names []string, done int, err error) {
	names, err = fs.Glob(migrations, "migration/sqlite/*.sql") // sorted by name
	if err != nil {
		return nil, 0, err
	}
	if err := db.Raw("PRAGMA user_version").Scan(&done).Error; err != nil {
		return nil, 0, err
	}
	if done > len(names) {
		return nil, 0, &jobs.UserError{Message: "The database was written by a newer Bob: update this one, or name another directory with --data."}
	}
	return names, done, nil
}

// upgrade migrates a database that an older Bob wrote, so that it can be read, if
// nobody works with it.
func upgrade(ctx context.Context, cfg Config, reads *gorm.DB) (err error) {
	names, done, err := missing(reads.WithContext(ctx))
	if err != nil || done == len(names) || done == 0 { // 0: no database of Bob's
		return err
	}
	lock, err := acquire(cfg.Path + ".lock")
	if err != nil {
		return &jobs.UserError{Message: "The database was written by an older Bob, which still works with it: stop that one first.", Err: err}
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	db, err := connect(cfg.Path, "rwc", 1, cfg.Log)
	if err != nil {
		return err
	}
	pool, err := db.DB()
	if err != nil {
		return err
	}
	return errors.Join(migrate(ctx, db), pool.Close())
}
