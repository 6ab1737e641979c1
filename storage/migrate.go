package storage

import (
	"context"
	"embed"
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
	names, err := fs.Glob(migrations, "migration/sqlite/*.sql") // sorted by name
	if err != nil {
		return err
	}
	var done int
	if err := db.Raw("PRAGMA user_version").Scan(&done).Error; err != nil {
		return err
	}
	if done > len(names) {
		return newer()
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

func newer() error {
	return &jobs.UserError{Message: "The database was written by a newer Bob: update this one, or name another directory with --data."}
}

// migrated returns a *jobs.UserError if the database lacks migrations, or has
// some of a newer Bob: whoever only reads cannot mend it.
func migrated(ctx context.Context, db *gorm.DB) error {
	names, err := fs.Glob(migrations, "migration/sqlite/*.sql")
	if err != nil {
		return err
	}
	var done int
	err = db.WithContext(ctx).Raw("PRAGMA user_version").Scan(&done).Error
	switch {
	case err != nil:
		return err
	case done > len(names):
		return newer()
	case done < len(names):
		return &jobs.UserError{Message: "The database was written by an older Bob: run a job with this one, which brings it up to date, or stop the older one that still works with it."}
	}
	return nil
}
