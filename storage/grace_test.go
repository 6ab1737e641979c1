package storage_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// A stop starts nothing more, and ends what is in hand only when its time is up.
func TestLocal_gives_what_is_in_hand_its_grace_time(t *testing.T) {
	t.Parallel()
	const quick, slow = 5 * time.Second, time.Hour
	for name, test := range map[string]struct {
		grace, work time.Duration
		hurry       time.Duration // after the stop; 0: never
		want        time.Duration // from the stop to the end
		cause       error
	}{
		"ends by itself":  {20 * time.Second, quick, 0, quick, nil},
		"takes too long":  {20 * time.Second, slow, 0, 20 * time.Second, jobs.ErrStopped},
		"no grace":        {0, slow, 0, 0, jobs.ErrStopped},
		"a second signal": {20 * time.Second, slow, 3 * time.Second, 3 * time.Second, jobs.ErrStopped},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := storage.NewLocal(storage.LocalConfig{Workers: 1, Grace: test.grace, Now: time.Now})
				l.Announce([]jobs.Ready{ready(1, "a", 2), ready(2, "a", 2)})
				ctx, stop := context.WithCancel(t.Context())
				var started []jobs.NodeID
				var cause error
				done := make(chan error)
				go func() {
					done <- l.Run(ctx, shelf{}, claims(func(ctx context.Context, r jobs.Ready) {
						started = append(started, r.Node)
						select {
						case <-ctx.Done():
							cause = context.Cause(ctx)
						case <-time.After(test.work):
						}
					}))
				}()
				synctest.Wait()
				began := time.Now()
				stop()
				if test.hurry > 0 {
					<-time.After(test.hurry)
					l.Hurry()
					l.Hurry() // as harmless as once
				}
				if err := <-done; err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took != test.want || !errors.Is(cause, test.cause) {
					t.Errorf("it took %s and ended with %v, want %s and %v", took, cause, test.want, test.cause)
				}
				if len(started) != 1 {
					t.Errorf("%d nodes were started, want 1", len(started))
				}
			})
		})
	}
}
