package storage

import (
	"errors"
	"fmt"
	"slices"

	"github.com/askbob/bob/jobs"
)

// forgottenKeys is how many old keys go when one comes: more than one, so that they
// get fewer, and few, so that nobody waits for it.
const forgottenKeys = 4

// once makes a change unless a key of its event was seen before. The keys and the
// change are one transaction, whatever others it holds. A change that is refused has
// changed nothing, and its keys stay.
func (u *unit) once(c jobs.Once, out *jobs.Outcome) error {
	keys := slices.DeleteFunc(slices.Clone(c.Keys), func(key string) bool { return key == "" })
	for _, key := range keys {
		var seen int64
		err := u.row("SELECT at FROM inbound WHERE key = ?", []any{key}, &seen)
		switch {
		case err == nil && u.now-seen <= millis(jobs.SeenFor):
			return fmt.Errorf("event: %w", jobs.ErrSeen)
		case err != nil && !errors.Is(err, jobs.ErrNotFound):
			return err
		}
	}
	for _, key := range keys {
		if err := u.exec("INSERT INTO inbound (key, at) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET at = excluded.at", key, u.now); err != nil {
			return err
		}
	}
	err := u.exec("DELETE FROM inbound WHERE key IN (SELECT key FROM inbound WHERE at < ? ORDER BY at LIMIT ?)",
		u.now-millis(jobs.SeenFor), forgottenKeys*len(keys))
	if err != nil || c.Do == nil {
		return err
	}
	return u.change(c.Do, out)
}
