package tool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

const (
	// tableQueryMemory is by how much the process may grow during a query.
	// SQLite sorts in memory here and has no limit of its own for that.
	tableQueryMemory = 384 << 20
	// tableQueryLook is how often is looked: a sort was seen to take 400 MB/s.
	tableQueryLook = 20 * time.Millisecond
)

// errTableMemory is the cause of a query that took too much memory.
var errTableMemory = errors.New("too much memory")

// tableWatch cancels a query when the process has grown by more than most since. It does
// nothing where the system does not tell. stop must be called; it waits for the
// watcher to end.
func tableWatch(ctx context.Context, most int64, cancel context.CancelCauseFunc) (stop func()) {
	before, ok := tableResident()
	if !ok {
		return func() {}
	}
	watched, end := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(tableQueryLook)
		defer ticker.Stop()
		for {
			select {
			case <-watched.Done():
				return
			case <-ticker.C:
			}
			if now, ok := tableResident(); ok && now-before > most {
				cancel(errTableMemory)
				return
			}
		}
	}()
	return func() {
		end()
		<-done
	}
}

// tableResident returns the memory that the process holds, where Linux tells.
func tableResident() (int64, bool) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, false
	}
	var size, pages int64
	if _, err := fmt.Fscan(strings.NewReader(string(text)), &size, &pages); err != nil {
		return 0, false
	}
	return pages * int64(os.Getpagesize()), true
}
