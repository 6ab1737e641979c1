package storage

import (
	"fmt"
	"time"

	"github.com/askbob/bob/jobs"
)

// toldFor is how long it is remembered what was said.
const toldFor = 32 * 24 * time.Hour

// tell writes what is said at several places, unless it was. A row that is delivered
// from the beginning remembers the key: which places there are may change.
func (u *unit) tell(c jobs.Tell) error {
	const insert = `INSERT INTO outbox (job_id, kind, key, text, created_at, delivered_at, surface, to_workspace, to_channel, to_user)
		VALUES ('', ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`
	rows, err := u.changed(insert, string(c.Kind), c.Key, "", u.now, u.now, "", "", "", "")
	switch {
	case err != nil:
		return err
	case rows == 0:
		return fmt.Errorf("tell %s: %w", c.Key, jobs.ErrStale)
	}
	err = u.exec("DELETE FROM outbox WHERE job_id = '' AND schedule_id = '' AND kind = ? AND (delivered_at = 0 OR created_at < ?)",
		string(c.Kind), u.now-millis(toldFor))
	if err != nil {
		return err
	}
	for _, l := range c.Lines {
		key := c.Key + ":" + l.To.Room() + ":" + l.User
		if err := u.exec(insert, string(c.Kind), key, l.Text, u.now, 0, l.To.Surface, l.To.Workspace, l.To.Channel, l.User); err != nil {
			return err
		}
	}
	u.touch("")
	return nil
}
