package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/askbob/bob/jobs"
)

func TestWatch_Next_waitsForTheFirstChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f jobs.Feed
		w := f.Watch()
		defer w.Stop()
		begin := time.Now()
		time.AfterFunc(time.Minute, func() { f.Publish("job_1") })
		got, err := w.Next(t.Context())
		if err != nil || !slices.Equal(got, []jobs.JobID{"job_1"}) || time.Since(begin) != time.Minute {
			t.Errorf("got %v, %v after %v; want job_1 after a minute", got, err, time.Since(begin))
		}
	})
}

func TestWatch_Next_returnsEachJobOnceAndThenForgetsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f jobs.Feed
		w := f.Watch()
		defer w.Stop()
		for range 1000 { // nobody reads, and nobody is held up
			f.Publish("job_2", "job_1")
			f.Publish("job_1", "")
		}
		got, err := w.Next(t.Context())
		if err != nil || !slices.Equal(got, []jobs.JobID{"job_2", "job_1", ""}) {
			t.Errorf("got %v, %v; want job_2, job_1 and the schedules", got, err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if got, err := w.Next(ctx); !errors.Is(err, context.DeadlineExceeded) || got != nil {
			t.Errorf("got %v, %v though nothing changed since", got, err)
		}
		f.Publish("job_1")
		if got, err := w.Next(t.Context()); err != nil || !slices.Equal(got, []jobs.JobID{"job_1"}) {
			t.Errorf("got %v, %v; want job_1 again", got, err)
		}
	})
}

func TestWatch_Next_keepsWhatChangedWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	var f jobs.Feed
	w := f.Watch()
	defer w.Stop()
	f.Publish("job_1")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := w.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's end", err)
	}
	if got, err := w.Next(t.Context()); err != nil || !slices.Equal(got, []jobs.JobID{"job_1"}) {
		t.Errorf("got %v, %v; want job_1", got, err)
	}
}

func TestWatch_Stop_endsTheCollectingOfOneAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f jobs.Feed
		gone, stays := f.Watch(), f.Watch()
		defer stays.Stop()
		gone.Stop()
		gone.Stop()
		f.Publish("job_1")
		if got, err := stays.Next(t.Context()); err != nil || len(got) != 1 {
			t.Errorf("the other got %v, %v", got, err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if got, err := gone.Next(ctx); err == nil {
			t.Errorf("got %v after Stop", got)
		}
	})
}

// However publishing and reading interleave, every job that changed is returned after
// its last change.
func TestWatch_missesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var f jobs.Feed
		w := f.Watch()
		defer w.Stop()
		const people, each = 4, 250
		for p := range people {
			go func() {
				for i := range each {
					f.Publish(jobs.JobID(fmt.Sprintf("job_%d_%d", p, i)))
				}
			}()
		}
		seen := map[jobs.JobID]bool{}
		for len(seen) < people*each {
			list, err := w.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range list {
				if seen[id] {
					t.Fatalf("%s changed once and was returned twice", id)
				}
				seen[id] = true
			}
		}
	})
}
