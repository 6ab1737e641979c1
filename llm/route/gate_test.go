package route_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/llmtest"
	"github.com/askbob/bob/llm/route"
)

// slow answers after that time and keeps count of those that run at once.
type slow struct {
	fake

	running, most int
	starts        []time.Time
}

func newSlow(takes func() time.Duration) *slow {
	s := &slow{}
	s.step = func(ctx context.Context, r llm.Request) (llm.Response, error) {
		s.mu.Lock()
		s.running++
		s.most = max(s.most, s.running)
		s.starts = append(s.starts, time.Now())
		s.mu.Unlock()
		<-time.After(takes())
		s.mu.Lock()
		s.running--
		s.mu.Unlock()
		return llmtest.Text("done")(ctx, r)
	}
	return s
}

func always(d time.Duration) func() time.Duration { return func() time.Duration { return d } }

// wait is what a node does: it asks, and comes back when it was told to. It returns
// how often it asked.
func wait(ctx context.Context, t *testing.T, r *route.Router, caller string) int {
	t.Helper()
	for asked := 1; ; asked++ {
		_, e := call(ctx, t, r, caller)
		switch {
		case e == nil:
			return asked
		case e.Kind != llm.KindRateLimited || !e.Held || e.RetryAfter <= 0 || asked > 10_000:
			t.Errorf("caller %s, asked %d times: %v", caller, asked, e)
			return asked
		}
		<-time.After(e.RetryAfter)
	}
}

// begin makes a call and returns once it runs; wait waits for its end.
func begin(t *testing.T, r *route.Router, caller string) (wait func()) {
	t.Helper()
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = call(t.Context(), t, r, caller) })
	synctest.Wait()
	return wg.Wait
}

// crowd lets n callers wait, and returns when each was done and how often all of
// them asked.
func crowd(ctx context.Context, t *testing.T, r *route.Router, n int) (done []time.Duration, asked int) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	begun := time.Now()
	done = make([]time.Duration, n)
	for i := range n {
		wg.Go(func() {
			times := wait(ctx, t, r, fmt.Sprint("caller ", i))
			mu.Lock()
			defer mu.Unlock()
			done[i] = time.Since(begun)
			asked += times
		})
		synctest.Wait() // they come one after another
	}
	wg.Wait()
	return done, asked
}

func TestLimits_maxConcurrentIsNeverExceededAndKeepsTheProviderBusy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		slots, callers int
		takes          time.Duration
	}{{1, 20, 10 * time.Second}, {2, 100, 3 * time.Second}, {8, 200, 20 * time.Second}, {4, 100, 300 * time.Millisecond}} {
		t.Run(fmt.Sprintf("%d of %v at %d", tt.callers, tt.takes, tt.slots), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newSlow(always(tt.takes))
				done, asked := crowd(t.Context(), t, gated(t, route.Provider{MaxConcurrent: tt.slots}, m), tt.callers)
				if m.most > tt.slots {
					t.Errorf("%d calls at once, at most %d are allowed", m.most, tt.slots)
				}
				last := time.Duration(0)
				for _, d := range done {
					last = max(last, d)
				}
				ideal := tt.takes * time.Duration((tt.callers+tt.slots-1)/tt.slots)
				t.Logf("took %v, ideal %v, asked %d times", last, ideal, asked)
				if last > ideal*3/2+time.Second {
					t.Errorf("took %v, ideal is %v", last, ideal)
				}
				if asked > 20*tt.callers {
					t.Errorf("asked %d times: too often", asked)
				}
			})
		})
	}
}

func TestLimits_areFair(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		done, _ := crowd(t.Context(), t, gated(t, route.Provider{MaxConcurrent: 2}, newSlow(always(4*time.Second))), 60)
		for i, d := range done {
			overtaken := 0
			for j, other := range done {
				if j > i && other < d {
					overtaken++
				}
			}
			if overtaken > 15 { // of 60; jitter lets neighbours change places
				t.Errorf("caller %d was overtaken by %d that came later", i, overtaken)
			}
		}
	})
}

func TestLimits_keepASlotForOneThatIsDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := gated(t, route.Provider{MaxConcurrent: 1}, newSlow(always(100*time.Millisecond)))
		defer begin(t, r, "first")()
		_, e := call(t.Context(), t, r, "second")
		if e == nil || e.RetryAfter < 200*time.Millisecond {
			t.Fatalf("got %v, want to wait longer than the call takes", e)
		}
		<-time.After(e.RetryAfter - 10*time.Millisecond)
		if _, e := call(t.Context(), t, r, "newcomer"); e == nil {
			t.Error("one that came later took the slot of one that is due")
		}
		<-time.After(10 * time.Millisecond)
		if _, e := call(t.Context(), t, r, "second"); e != nil {
			t.Errorf("the one that is due: %v", e)
		}
	})
}

func TestLimits_finishWhatHasBegun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := gated(t, route.Provider{MaxConcurrent: 2}, newSlow(always(2*time.Second)))
		const steps, turns = 10, 5
		var mu sync.Mutex
		var wg sync.WaitGroup
		var order []int
		begun := time.Now()
		for i := range steps {
			wg.Go(func() {
				for range turns {
					wait(t.Context(), t, r, fmt.Sprint(i))
					<-time.After(100 * time.Millisecond) // its tools
				}
				mu.Lock()
				defer mu.Unlock()
				order = append(order, i)
				if len(order) == 2 && time.Since(begun) > steps*turns*2*time.Second/4 {
					t.Errorf("the first two steps were done after %v: all take turns", time.Since(begun))
				}
			})
			synctest.Wait()
		}
		wg.Wait()
		t.Logf("done in the order %v after %v", order, time.Since(begun))
	})
}

func TestLimits_requestsPerMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const limit = 60
		m := newSlow(always(time.Millisecond))
		_, asked := crowd(t.Context(), t, gated(t, route.Provider{RequestsPerMinute: limit}, m), 300)
		for i, from := range m.starts {
			n := 0
			for _, at := range m.starts[i:] {
				if at.Sub(from) < time.Minute {
					n++
				}
			}
			if n > limit+limit/12+1 {
				t.Fatalf("%d calls in a minute, at most %d are allowed", n, limit)
			}
		}
		took := m.starts[len(m.starts)-1].Sub(m.starts[0])
		t.Logf("took %v, asked %d times", took, asked)
		if took > 6*time.Minute || asked > 900 {
			t.Errorf("300 calls took %v and were asked for %d times", took, asked)
		}
	})
}

func TestLimits_waitsOfAMomentAreWaitedHere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := gated(t, route.Provider{RequestsPerMinute: 60 * 50}, says("x")) // one every 20 ms
		begun := time.Now()
		for range 300 {
			if _, e := call(t.Context(), t, r, ""); e != nil {
				t.Fatal(e)
			}
		}
		if took := time.Since(begun); took < 900*time.Millisecond || took > 2*time.Second {
			t.Errorf("took %v, want one second: 250 come at once, 50 one by one", took)
		}
	})
}

func TestLimits_anEndedContextSendsNothingAndUsesUpNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := says("x")
		r := gated(t, route.Provider{MaxConcurrent: 1, RequestsPerMinute: 1}, m)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, e := call(ctx, t, r, ""); !errors.Is(e, context.Canceled) || m.count() != 0 {
			t.Errorf("got %v and %d calls", e, m.count())
		}
		if _, e := call(t.Context(), t, r, ""); e != nil {
			t.Errorf("the next one: %v", e)
		}
	})
}

func TestLimits_tokensPerMinuteAreReservedAndCorrected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		used := llm.Usage{UncachedIn: 50, Out: 50, Known: true}
		m := &fake{input: 300, output: 700, step: llmtest.Reply(llm.Response{Text: "x", Usage: used})}
		r := gated(t, route.Provider{TokensPerMinute: 2000}, m)
		sent := 0
		for range 100 {
			if _, e := call(t.Context(), t, r, ""); e != nil {
				if e.Kind != llm.KindRateLimited || !e.Held || !strings.Contains(e.Message, "at most 2000 tokens a minute") {
					t.Fatal(e)
				}
				break
			}
			sent++
		}
		if sent != 11 { // each reserves 1000 and uses 100: the twelfth has but 900 left
			t.Errorf("%d calls were sent, want 11", sent)
		}
		_, e := call(t.Context(), t, r, "")
		if e == nil || e.RetryAfter < 3*time.Second || e.RetryAfter > 5*time.Second {
			t.Errorf("%v, want about 3 s for the 100 tokens that are missing", e)
		}
	})
}

func TestLimits_aCallOfMoreThanAMinutesTokensIsMadeAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &fake{input: 50_000, output: 50_000, step: llmtest.Reply(llm.Response{Usage: llm.Usage{UncachedIn: 90_000, Known: true}})}
		r := gated(t, route.Provider{TokensPerMinute: 1000}, m)
		if _, e := call(t.Context(), t, r, ""); e != nil {
			t.Fatal(e)
		}
		if _, e := call(t.Context(), t, r, ""); e == nil || e.RetryAfter < time.Minute || e.RetryAfter > 80*time.Second {
			t.Errorf("%v, want to wait a minute", e)
		}
	})
}

func TestLimits_aCallThatWasNotSentUsesUpNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := says("x")
		m.input = 1000
		r := gated(t, route.Provider{MaxConcurrent: 1, RequestsPerMinute: 1, TokensPerMinute: 1000}, m)
		l := &ledger{booked: map[route.Model]int{}, poor: m}
		for range 3 {
			if _, err := pick(t, r, route.Want{Wrap: l.wrap}).Generate(t.Context(), llm.Request{}); err != errBudget { //nolint:errorlint // it must come back as it is
				t.Fatal(err)
			}
		}
		if _, e := call(t.Context(), t, r, ""); e != nil {
			t.Errorf("the limit was used up by calls that were not sent: %v", e)
		}
	})
}

func TestLimits_onesWhoDoNotComeBackHoldUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newSlow(always(time.Second))
		r := gated(t, route.Provider{MaxConcurrent: 1}, m)
		defer begin(t, r, "first")()
		for i := range 50 {
			if _, e := call(t.Context(), t, r, fmt.Sprint("gone ", i)); e == nil {
				t.Fatal("let in beside another")
			}
		}
		begun := time.Now()
		wait(t.Context(), t, r, "last")
		if took := time.Since(begun); took > time.Minute {
			t.Errorf("took %v", took)
		}
		<-time.After(5 * time.Minute)
		defer begin(t, r, "another")()
		if _, e := call(t.Context(), t, r, "new"); e == nil || e.RetryAfter > 2*time.Second {
			t.Errorf("got %v, want those who never came back forgotten", e)
		}
	})
}

func TestLimits_placesAreGivenUpWhenThereIsNothingToWaitFor(t *testing.T) {
	t.Parallel()
	for name, spare := range map[string]*fake{"another answers": says("spare"), "the content is refused": fails(llm.KindRefused)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := build(t, route.Config{
					Providers: []route.Provider{{Name: "a", MaxConcurrent: 1}, {Name: "b"}},
					Members:   []route.Member{able("a", "m", newSlow(always(300*time.Millisecond))), able("b", "m", spare)},
				})
				defer begin(t, r, "first")()
				for i := range 20 {
					if _, e := call(t.Context(), t, r, fmt.Sprint(i)); e != nil && e.Kind != llm.KindRefused {
						t.Fatal(e)
					}
				}
				<-time.After(350 * time.Millisecond) // the first would be due about now
				if text, _ := call(t.Context(), t, r, "new"); text != "done" {
					t.Errorf("the free provider is kept for those that have gone: got %q", text)
				}
			})
		})
	}
}

func TestLimits_nobodyIsSentAwayForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := gated(t, route.Provider{MaxConcurrent: 1}, newSlow(always(20*time.Minute)))
		defer begin(t, r, "first")()
		<-time.After(10 * time.Minute)
		for i := range 50 {
			if _, e := call(t.Context(), t, r, fmt.Sprint(i)); e == nil || e.RetryAfter > 70*time.Second {
				t.Fatalf("caller %d: %v, want at most about a minute: who is first by then cannot be known", i, e)
			}
		}
	})
}

func TestRetryAfter_closesTheProviderForEverybody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := &fake{step: func(ctx context.Context, r llm.Request) (llm.Response, error) {
			return llm.Response{}, &llm.APIError{Provider: "a", Kind: llm.KindRateLimited, RetryAfter: 20 * time.Second, Status: 429}
		}}
		other := says("hello")
		r := build(t, route.Config{
			Providers: []route.Provider{{Name: "a"}},
			Members:   []route.Member{able("a", "1", first), able("a", "2", other)},
			Routes:    map[llm.Purpose][]string{"": {"a/1"}, llm.PurposePlan: {"a/2"}},
		})
		if _, e := call(t.Context(), t, r, "x"); e == nil || e.Held || e.RetryAfter != 20*time.Second {
			t.Fatalf("got %v, want the provider's own refusal", e)
		}
		plan := pick(t, r, route.Want{Purpose: llm.PurposePlan})
		<-time.After(19 * time.Second)
		_, err := plan.Generate(t.Context(), llm.Request{})
		if e := llm.AsAPIError(err); e == nil || !e.Held || e.Kind != llm.KindRateLimited || e.RetryAfter < time.Second || e.RetryAfter > 2*time.Second {
			t.Errorf("before the time: got %v", err)
		}
		<-time.After(1001 * time.Millisecond)
		if _, err = plan.Generate(t.Context(), llm.Request{}); err != nil || other.count() != 1 {
			t.Errorf("after the time: %v, %d calls", err, other.count())
		}
	})
}

func TestRetryAfter_ofOneProviderAndALimitOfAnotherIsAWaitForTheLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := build(t, route.Config{
			Providers: []route.Provider{{Name: "a"}, {Name: "b", MaxConcurrent: 1}},
			Members: []route.Member{
				able("a", "m", failing(llm.APIError{Provider: "a", Kind: llm.KindRateLimited, Message: "slow down"})),
				able("b", "m", newSlow(always(time.Minute))),
			},
		})
		defer begin(t, r, "first")()
		_, e := call(t.Context(), t, r, "second")
		if e == nil || !e.Held || e.Provider != "b" || e.RetryAfter <= 0 || e.Message != "at most 1 calls at once (max_concurrent)" {
			t.Errorf("got %+v, want to wait for b, in our own words", e)
		}
		if e != nil && !strings.Contains(fmt.Sprint(e.Err), "slow down") {
			t.Errorf("the log is not told of the other: %v", e.Err)
		}
	})
}

func TestRetryAfter_lettingInIsSpreadWhenThereIsALimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newSlow(always(time.Second))
		r := gated(t, route.Provider{MaxConcurrent: 2, RequestsPerMinute: 600}, m)
		closed := false
		answer := m.step
		m.step = func(ctx context.Context, q llm.Request) (llm.Response, error) {
			if !closed {
				closed = true
				return llm.Response{}, &llm.APIError{Kind: llm.KindRateLimited, RetryAfter: time.Minute}
			}
			return answer(ctx, q)
		}
		if _, e := call(t.Context(), t, r, "x"); e == nil {
			t.Fatal("no error")
		}
		_, asked := crowd(t.Context(), t, r, 50)
		if asked > 50*10 {
			t.Errorf("50 callers asked %d times", asked)
		}
	})
}
