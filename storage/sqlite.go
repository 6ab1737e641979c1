package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"modernc.org/sqlite" // the pure-Go driver under gorm's dialect

	"github.com/askbob/bob/jobs"
)

// What differs between dialects and drivers stands in this file.
const (
	driverName = "sqlite"

	sqliteReadOnly = 8
	sqliteIOErr    = 10
	sqliteCorrupt  = 11
	sqliteFull     = 13
	sqliteCantOpen = 14
	sqliteNotADB   = 26
)

// sqliteCode returns SQLite's extended result code in err's chain, 0 if there is
// none.
func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// translate turns the driver's errors that a person can mend into ours.
func translate(err error) error {
	switch code := sqliteCode(err); {
	case err == nil:
		return nil
	case code&0xff == sqliteFull, errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w: %w", jobs.ErrDiskFull, err)
	case code&0xff == sqliteIOErr:
		return fmt.Errorf("%w: %w", jobs.ErrDiskFull, err) // a WAL that cannot grow says so
	case code&0xff == sqliteReadOnly, code&0xff == sqliteCantOpen:
		return &jobs.UserError{
			Message: "The data directory cannot be written: give write permission, or name another with --data.", Err: err,
		}
	case code&0xff == sqliteNotADB, code&0xff == sqliteCorrupt:
		return &jobs.UserError{
			Message: "The database file is damaged or is no Bob database: restore a backup, or name another directory with --data.", Err: err,
		}
	}
	return err
}

// unwritable says that no database can be made at path.
func unwritable(path string, err error) error {
	what := "cannot be made"
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		what = "cannot be written"
	}
	return &jobs.UserError{
		Message: fmt.Sprintf("The data directory %s %s: give write permission, or name another with --data.", filepath.Dir(path), what),
		Err:     err,
	}
}
