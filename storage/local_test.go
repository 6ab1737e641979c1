package storage_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// shelf is a jobs.Source of prepared nodes.
type shelf map[jobs.JobID][]jobs.Ready

func (s shelf) Waiting(context.Context) ([]jobs.Ready, error) {
	var list []jobs.Ready
	for job, ready := range s {
		list = append(list, jobs.Ready{Job: job, Rank: ready[0].Rank})
	}
	return list, nil
}

func (s shelf) Ready(_ context.Context, job jobs.JobID, from jobs.NodeID, limit int) ([]jobs.Ready, error) {
	list := slices.DeleteFunc(slices.Clone(s[job]), func(r jobs.Ready) bool { return r.Node < from })
	return list[:min(limit, len(list))], nil
}

func ready(node int64, job jobs.JobID, rank int) jobs.Ready {
	return jobs.Ready{Fence: jobs.Fence{Node: jobs.NodeID(node)}, Job: job, Rank: rank}
}

// handled runs a Local until it is idle and returns what it handed out, in order.
func handled(t *testing.T, cfg storage.LocalConfig, source jobs.Source, before func(l *storage.Local), work func(l *storage.Local, r jobs.Ready)) []jobs.Ready {
	t.Helper()
	cfg.Now = time.Now
	l := storage.NewLocal(cfg)
	before(l)
	var mu sync.Mutex
	var got []jobs.Ready
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- l.Run(ctx, source, claims(func(_ context.Context, r jobs.Ready) {
			mu.Lock()
			got = append(got, r)
			mu.Unlock()
			work(l, r)
		}))
	}()
	synctest.Wait()
	<-time.After(time.Hour) // of the bubble's clock: whatever is due later is due now
	synctest.Wait()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return got
}

// claims grants every claim.
func claims(work func(ctx context.Context, r jobs.Ready)) jobs.ClaimFunc {
	return func(ctx context.Context, r jobs.Ready) func() {
		return func() { work(ctx, r) }
	}
}

func nothing(*storage.Local, jobs.Ready) {}

func TestLocal_handsOutByPriorityThenInTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := handled(t, storage.LocalConfig{Workers: 1}, shelf{}, func(l *storage.Local) {
			l.Announce([]jobs.Ready{ready(1, "a", 2), ready(2, "b", 1), ready(3, "c", 4), ready(4, "a", 2)})
		}, nothing)
		var order []jobs.NodeID
		for _, r := range got {
			order = append(order, r.Node)
		}
		if want := []jobs.NodeID{3, 1, 4, 2}; !slices.Equal(order, want) {
			t.Errorf("got %v, want %v", order, want)
		}
	})
}

func TestLocal_waitsForNotBeforeWithoutHoldingASlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var when time.Duration
		late := ready(1, "a", 4)
		late.NotBefore = start.Add(10 * time.Minute)
		got := handled(t, storage.LocalConfig{Workers: 1}, shelf{}, func(l *storage.Local) {
			l.Announce([]jobs.Ready{late, ready(2, "a", 1)})
		}, func(_ *storage.Local, r jobs.Ready) {
			if r.Node == 1 {
				when = time.Since(start)
			}
		})
		if len(got) != 2 || got[0].Node != 2 || when < 10*time.Minute {
			t.Errorf("got %v, the late one after %v", got, when)
		}
	})
}

func TestLocal_doesNotLetALargeJobStarveASmallOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var large []jobs.Ready
		for i := range int64(500) {
			large = append(large, ready(i+1, "large", 2))
		}
		got := handled(t, storage.LocalConfig{Workers: 1}, shelf{}, func(l *storage.Local) {
			l.Announce(large)
			l.Announce([]jobs.Ready{ready(1000, "small", 2)})
		}, nothing)
		at := slices.IndexFunc(got, func(r jobs.Ready) bool { return r.Job == "small" })
		if at < 0 || at > 2 {
			t.Errorf("the small job's node was number %d, want at most 2 before it", at)
		}
	})
}

// A tree is worked on branch by branch: what a step brings forth goes before what
// waited already, in its own order.
func TestLocal_worksDepthFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := handled(t, storage.LocalConfig{Workers: 1}, shelf{}, func(l *storage.Local) {
			l.Announce([]jobs.Ready{ready(1, "a", 2), ready(2, "a", 2), ready(3, "a", 2)})
		}, func(l *storage.Local, r jobs.Ready) {
			if r.Node < 10 {
				l.Announce([]jobs.Ready{ready(int64(r.Node)*10, "a", 2), ready(int64(r.Node)*10+1, "a", 2)})
			}
		})
		var order []jobs.NodeID
		for _, r := range got {
			order = append(order, r.Node)
		}
		if want := []jobs.NodeID{1, 10, 11, 2, 20, 21, 3, 30, 31}; !slices.Equal(order, want) {
			t.Errorf("got %v, want %v", order, want)
		}
	})
}

// Nodes are chosen when the store can take their claims: those that wait for an answer
// do not keep others from being chosen later and going first.
func TestLocal_choosesNodesWhenTheirClaimsCanBeTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := storage.NewLocal(storage.LocalConfig{Workers: 500, Now: time.Now})
		var old []jobs.Ready
		for i := range int64(400) {
			old = append(old, ready(i+1, "a", 2))
		}
		l.Announce(old)
		var mu sync.Mutex
		var order []jobs.NodeID
		answer := make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- l.Run(ctx, shelf{}, func(_ context.Context, r jobs.Ready) func() {
				mu.Lock()
				order = append(order, r.Node)
				mu.Unlock()
				<-answer
				return func() {}
			})
		}()
		synctest.Wait()
		asked := len(order)
		l.Announce([]jobs.Ready{ready(1000, "a", 2)})
		answer <- struct{}{} // to one of them
		synctest.Wait()
		next := slices.Clone(order[asked:])
		close(answer)
		synctest.Wait()
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if asked >= 100 || !slices.Equal(next, []jobs.NodeID{1000}) || len(order) != 401 {
			t.Errorf("%d claims wait for an answer; after one of them %v is claimed, want the newest node; %d claims in all, want 401", asked, next, len(order))
		}
	})
}

// A node that becomes ready again while its last goroutine is not over yet must
// neither be lost nor confuse the books.
func TestLocal_handsOutANodeAgainAsOftenAsItsEpochGrows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got := handled(t, storage.LocalConfig{Workers: 4}, shelf{}, func(l *storage.Local) {
			for job := range 50 {
				l.Announce([]jobs.Ready{ready(int64(job+1), jobs.JobID(fmt.Sprint(job)), 2)})
			}
		}, func(l *storage.Local, r jobs.Ready) {
			if r.Epoch < 3 {
				again := r
				again.Epoch++
				l.Announce([]jobs.Ready{again, r}) // and once more what was said before
				<-time.After(time.Duration(r.Node) * time.Millisecond)
			}
		})
		if len(got) != 200 {
			t.Errorf("%d nodes were handed out, want 50 four times", len(got))
		}
	})
}

func TestLocal_fetchesWhatDidNotFitTheWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &shrinking{}
		for i := range int64(100) {
			source.left = append(source.left, ready(i+1, "a", 2))
		}
		got := handled(t, storage.LocalConfig{Workers: 3, Window: 8}, source, func(*storage.Local) {}, func(_ *storage.Local, r jobs.Ready) { source.take(r) })
		seen := map[jobs.NodeID]bool{}
		for _, r := range got {
			seen[r.Node] = true
		}
		if len(seen) != 100 {
			t.Errorf("%d of 100 nodes were handed out", len(seen))
		}
		if source.read > 150 {
			t.Errorf("%d rows were read for 100 nodes: those that are here are read again and again", source.read)
		}
	})
}

// shrinking is a jobs.Source of one job whose nodes are no longer ready once they
// were taken.
type shrinking struct {
	mu   sync.Mutex
	left []jobs.Ready
	read int // by Ready
}

func (s *shrinking) take(r jobs.Ready) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = slices.DeleteFunc(s.left, func(x jobs.Ready) bool { return x.Node == r.Node })
}

func (s *shrinking) Waiting(context.Context) ([]jobs.Ready, error) {
	return []jobs.Ready{{Job: "a", Rank: 2}}, nil
}

func (s *shrinking) Ready(_ context.Context, _ jobs.JobID, from jobs.NodeID, limit int) ([]jobs.Ready, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(s.left), func(r jobs.Ready) bool { return r.Node < from })
	list = list[:min(limit, len(list))]
	s.read += len(list)
	return list, nil
}

func TestLocal_Run_handsOutAgainWhatWasSaidWhileItsClaimWasRefused(t *testing.T) {
	t.Parallel()
	local := storage.NewLocal(storage.LocalConfig{Workers: 2, Now: time.Now})
	r := jobs.Ready{Fence: jobs.Fence{Node: 7, Epoch: 1}, Job: "job_1", Rank: 1}
	ctx, stop := context.WithCancel(t.Context())
	local.Announce([]jobs.Ready{r})
	times := 0
	err := local.Run(ctx, noNodes{}, func(context.Context, jobs.Ready) func() {
		if times++; times == 1 {
			local.Announce([]jobs.Ready{r}) // it may be claimed from here on
			return nil                      // and the claim before that was refused
		}
		return stop
	})
	if err != nil || times != 2 {
		t.Errorf("handed out %d times (%v), want twice", times, err)
	}
}

// noNodes is a jobs.Source without nodes.
type noNodes struct{}

func (noNodes) Waiting(context.Context) ([]jobs.Ready, error) { return nil, nil }
func (noNodes) Ready(context.Context, jobs.JobID, jobs.NodeID, int) ([]jobs.Ready, error) {
	return nil, nil
}

// A node may be claimed again before the work on its last claim is over: only that is
// ended which is meant.
func TestLocal_Interrupt_endsTheClaimThatItNames(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := storage.NewLocal(storage.LocalConfig{Workers: 2, Now: time.Now})
		first := ready(1, "a", 2)
		again := first
		again.Epoch++
		l.Announce([]jobs.Ready{first})
		causes := map[int64]error{}
		var mu sync.Mutex
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- l.Run(ctx, shelf{}, claims(func(ctx context.Context, r jobs.Ready) {
				<-ctx.Done()
				mu.Lock()
				defer mu.Unlock()
				causes[r.Epoch] = context.Cause(ctx)
			}))
		}()
		synctest.Wait()
		l.Announce([]jobs.Ready{again})
		synctest.Wait()
		l.Interrupt([]jobs.Fence{{Node: 1, Epoch: first.Epoch + 1}, {Node: 7}}, jobs.ErrCancelled)
		synctest.Wait()
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if !errors.Is(causes[0], jobs.ErrCancelled) || !errors.Is(causes[1], jobs.ErrStopped) {
			t.Errorf("ended with %v, want the first by a cancel and the second by the stop", causes)
		}
	})
}

func TestLocal_aStopBeforeItsFirstLookIsNoError(t *testing.T) {
	t.Parallel()
	l := storage.NewLocal(storage.LocalConfig{Workers: 1, Now: time.Now})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Run(ctx, stopped{}, claims(nil)); err != nil {
		t.Errorf("Run = %v, want nil after a requested stop", err)
	}
}

// stopped is a jobs.Source whose reads end with their context.
type stopped struct{ shelf }

func (stopped) Waiting(ctx context.Context) ([]jobs.Ready, error) { return nil, ctx.Err() }
