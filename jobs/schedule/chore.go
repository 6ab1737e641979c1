package schedule

import (
	"context"
	"time"

	"github.com/askbob/bob/jobs"
)

// Chore is housekeeping that a Keeper does when it begins to run and then every so
// often. Doing it twice must do no harm.
type Chore struct {
	Name  string // for the log
	Every time.Duration
	// Do does one bounded piece and says whether there is more.
	Do func(ctx context.Context) (more bool, err error)
}

// chore does c until ctx is done. Errors are logged; what is left is for the next
// time.
func (k *Keeper) chore(ctx context.Context, c Chore) error {
	tick := time.NewTicker(c.Every)
	defer tick.Stop()
	for {
		more, err := true, error(nil)
		for more && err == nil && ctx.Err() == nil {
			more, err = c.Do(ctx)
		}
		if err != nil && ctx.Err() == nil {
			k.cfg.Log.Error("chore not done", "chore", c.Name, "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// tidyEvery is how often what is past is deleted.
const tidyEvery = time.Hour

// Retention is the Chore that deletes jobs which have been final for longer than
// age, with their nodes, and files that nothing else names; and schedules that
// ended as long ago.
func Retention(store jobs.Writer, age time.Duration, now func() time.Time) Chore {
	return Chore{Name: "retention", Every: tidyEvery, Do: func(ctx context.Context) (bool, error) {
		out, err := store.Apply(ctx, jobs.Forget{Before: now().Add(-age)})
		if err != nil {
			return false, err
		}
		return out[0].More, out[0].Err
	}}
}
