//go:build linux || darwin

package drill

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
)

// limitFiles lets no file of this process grow beyond the database and its log as
// they are, and room more bytes: writing then fails in the system, as it does on a
// full disk.
func limitFiles(path string, room int64) error {
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{}
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return fmt.Errorf("read the limit of files: %w", err)
	}
	size := int64(0)
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		switch {
		case err == nil:
			size = max(size, info.Size())
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	limit.Cur = uint64(size + room) //nolint:gosec // sizes are not negative
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return fmt.Errorf("limit files: %w", err)
	}
	return nil
}
