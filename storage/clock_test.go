package storage_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// wall is a clock that can be set. In a bubble of synctest it goes by the bubble's.
type wall struct{ off atomic.Int64 }

func (w *wall) now() time.Time       { return time.Now().Round(0).Add(time.Duration(w.off.Load())) }
func (w *wall) set(by time.Duration) { w.off.Add(int64(by)) }

// What was to be tried again in two minutes is, though the clock was set back by an
// hour in between: no more than one look of the dispatcher later.
func TestLocal_waitsNoLongerWhenTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{"not at all": 0, "back an hour": -time.Hour, "back a day": -24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				clock := &wall{}
				l := storage.NewLocal(storage.LocalConfig{Workers: 1, Now: clock.now})
				began := time.Now()
				var handled []time.Duration
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error)
				go func() {
					done <- l.Run(ctx, shelf{}, claims(func(context.Context, jobs.Ready) { handled = append(handled, time.Since(began)) }))
				}()
				later, soon := ready(1, "a", 1), ready(2, "a", 1)
				later.NotBefore, soon.NotBefore = clock.now().Add(2*time.Minute), clock.now().Add(20*time.Second)
				l.Announce([]jobs.Ready{later, soon})
				pass(10 * time.Second)
				clock.set(by)
				pass(10 * time.Minute)
				cancel()
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				if len(handled) != 2 || handled[0] > 80*time.Second || handled[1] < 2*time.Minute || handled[1] > 3*time.Minute {
					t.Errorf("handed out after %v, want 20s and 2m, at most a minute late", handled)
				}
			})
		})
	}
}

// A clock that is put right while Bob is not running, or while the node is not in
// memory, makes nobody wait for longer than was meant.
func TestStore_Ready_pullsInWhatAClockThatWasAheadPutOff(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		by     time.Duration
		waited bool // nothing was tried
		want   time.Duration
	}{
		"right":                        {0, false, 90 * time.Second},
		"later":                        {time.Hour, false, 90*time.Second - time.Hour},
		"back an hour":                 {-time.Hour, false, 90 * time.Second},
		"back an hour, held back":      {-time.Hour, true, 90 * time.Second},
		"back by less than the wait":   {-time.Minute, false, 90 * time.Second},
		"back before the job was made": {-48 * time.Hour, false, 90 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var off atomic.Int64
			now := func() time.Time { return begin.Add(time.Duration(off.Load())) }
			store, apply := timed(t, now)
			root := apply(jobs.Submit{Job: jobs.NewJob{ID: "job_00000001", Title: "t", Request: "r", Priority: jobs.PriorityMedium, Budget: -1}}).Node
			n := apply(jobs.Claim{Fence: root.Fence(), Worker: "w"}).Node
			apply(jobs.Retry{
				Fence: n.Fence(), Reason: jobs.ReasonRateLimit, NotBefore: begin.Add(90 * time.Second), Uncounted: c.waited, Waited: c.waited,
			})
			off.Store(int64(c.by))
			list, err := store.Ready(t.Context(), "job_00000001", 0, 9)
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			if got := list[0].NotBefore.Sub(now()); got != c.want {
				t.Errorf("waits for %s, want %s", got, c.want)
			}
			apply(jobs.Claim{Fence: list[0].Fence, Worker: "w", Known: list[0].Known}) // as ready as before
		})
	}
}
