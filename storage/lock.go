package storage

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/gofrs/flock"

	"github.com/askbob/bob/jobs"
)

// ErrInUse says that another process works with the database.
var ErrInUse = errors.New("the database is in use")

// lock keeps a second process from working with the same database: what one of
// them is running, the other would take for lost.
type lock struct {
	file *flock.Flock
}

// acquire locks path and writes into it who holds it. The system drops the lock
// when the process ends, however it ends.
func acquire(path string) (*lock, error) {
	file := flock.New(path, flock.SetPermissions(0o600))
	ok, err := file.TryLock()
	switch {
	case err != nil:
		return nil, unwritable(path, err)
	case !ok:
		return nil, &jobs.UserError{Err: ErrInUse, Message: fmt.Sprintf(
			"The data directory is in use by another Bob (%s): wait for it, stop it, or name another with --data.", holder(path))}
	}
	text := fmt.Sprintf("process %d\n", os.Getpid())
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, errors.Join(unwritable(path, err), file.Close())
	}
	return &lock{file: file}, nil
}

func holder(path string) string {
	text, err := os.ReadFile(path) //nolint:gosec // our own lock file
	if err != nil || len(text) == 0 {
		return "unknown process"
	}
	return strings.TrimSpace(string(text))
}

func (l *lock) release() error { return l.file.Close() }
