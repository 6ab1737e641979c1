package storage

import (
	"context"

	"github.com/askbob/bob/jobs"
)

// recover takes back what a killed process was working on. This process holds the
// file alone, so whatever has an owner has a dead one.
func (s *Store) recover(ctx context.Context) error {
	return translate(s.writer.link.tx(ctx, func() error {
		u := newUnit(ctx, s.writer)
		if err := u.loseCalls(); err != nil {
			return err
		}
		list, err := u.find("SELECT id FROM nodes WHERE owner <> ''")
		if err != nil {
			return err
		}
		for _, n := range list {
			if err := u.release(n, jobs.EventRetry, n.back(), jobs.ReasonWorkerLost, ""); err != nil {
				return err
			}
			n.epoch++
			n.notBefore, n.ready = 0, true
		}
		if err := u.sweepBlobs(); err != nil {
			return err
		}
		if err := u.resumeSweeps(); err != nil {
			return err
		}
		s.writer.sweeps = u.sweeps
		return u.finish()
	}))
}
