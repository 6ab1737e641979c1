package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// header is that of an answer of Discord's.
func header(fields map[string]string) http.Header {
	h := http.Header{}
	for k, v := range fields {
		h.Set(k, v)
	}
	return h
}

const route = "POST channels/1/messages"

func TestLimits_waitForTheResetOfTheirRoute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimits()
		l.learn(route, http.StatusOK, header(map[string]string{"X-RateLimit-Remaining": "1", "X-RateLimit-Reset-After": "2.5"}))
		for i, want := range []time.Duration{0, 2500 * time.Millisecond, 2500 * time.Millisecond} {
			began := time.Now()
			if i == 2 {
				began = began.Add(-want) // the reset is over: no more to wait
			}
			if err := l.take(t.Context(), route, false); err != nil || time.Since(began) != want {
				t.Errorf("turn %d comes after %s, %v; want %s", i, time.Since(began), err, want)
			}
		}
		if err := l.take(t.Context(), "POST channels/2/messages", false); err != nil {
			t.Errorf("another route waits: %v", err)
		}
	})
}

func TestLimits_tellOfLongWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimits()
		l.learn(route, http.StatusOK, header(map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "60"}))
		e, ok := errors.AsType[*apiError](l.take(t.Context(), route, false))
		if !ok || e.after != time.Minute {
			t.Errorf("the error is %v", e)
		}
		ctx, cancel := context.WithCancel(t.Context())
		l.learn(route, http.StatusOK, header(map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "4"}))
		cancel()
		if err := l.take(ctx, route, true); !errors.Is(err, errBefore) || !errors.Is(err, context.Canceled) {
			t.Errorf("a done context: %v", err)
		}
	})
}

// TestLimits_countWhatIsUnderWay has answers overtake each other.
func TestLimits_countWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimits()
		turn := func() time.Duration {
			began := time.Now()
			if err := l.take(t.Context(), route, false); err != nil {
				t.Fatal(err)
			}
			return time.Since(began)
		}
		told := func(left, reset, after string) {
			l.learn(route, http.StatusOK, header(map[string]string{
				"X-RateLimit-Remaining": left, "X-RateLimit-Reset": reset, "X-RateLimit-Reset-After": after,
			}))
			l.done(route)
		}
		for range 4 { // nothing is known yet
			turn()
		}
		told("4", "1000.5", "3") // of 5, and three more are under way
		if d := turn(); d != 0 {
			t.Errorf("the fifth waits %s", d)
		}
		told("1", "1000.5", "3")
		told("2", "1000.5", "3") // it was overtaken
		if d := turn(); d != 3*time.Second {
			t.Errorf("the sixth waits %s, want the reset", d)
		}
		told("4", "1005.5", "5")
		told("0", "1000.5", "0") // of the period before
		if d := turn(); d != 0 {
			t.Errorf("the next period is not known: %s", d)
		}
	})
}

func TestRoute_isThatOfDiscordsLimits(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/channels/1/messages":                     "POST channels/1/messages",
		"/channels/1/messages/2":                   "POST channels/1/messages/*",
		"/channels/1/messages/2/threads":           "POST channels/1/messages/*/threads",
		"/channels/1/messages/2/reactions/%F0/@me": "POST channels/1/messages/*/reactions",
		"/users/@me/channels":                      "POST users/@me/channels",
		"/applications/901/commands":               "POST applications/901/commands",
		"/gateway/bot":                             "POST gateway/bot",
	} {
		if got := routeOf(request{method: http.MethodPost, path: path}); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if got := routeOf(request{method: http.MethodPost, path: "/webhooks/901/secret", open: true}); got != "POST webhooks" {
		t.Errorf("a path with a secret is %q", got)
	}
}

func TestLimits_keepTheGlobalRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimits()
		began := time.Now()
		const many = globalBurst + 2*globalRate
		for i := range many {
			if err := l.take(t.Context(), fmt.Sprint(i), false); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took < 2*time.Second-time.Millisecond || took > 2*time.Second+time.Millisecond {
			t.Errorf("%d requests took %s, want 2s", many, took)
		}
		if err := l.take(t.Context(), "x", true); err != nil || time.Since(began) > 2*time.Second+time.Millisecond {
			t.Errorf("an interaction waits for the global rate: %v", err)
		}
	})
}

// TestLimits_stopBeforeABan has Discord refuse again and again.
func TestLimits_stopBeforeABan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimits()
		if err := l.take(t.Context(), route, true); err != nil {
			t.Fatal(err)
		}
		shared := header(map[string]string{"X-RateLimit-Scope": "shared"})
		for i := range maxInvalid {
			if err := l.take(t.Context(), route, true); err != nil {
				t.Fatalf("stopped after %d: %v", i, err)
			}
			l.learn(route, http.StatusTooManyRequests, shared)
			l.learn(route, []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests}[i%3], http.Header{})
		}
		e, ok := errors.AsType[*apiError](l.take(t.Context(), route, true))
		if !ok || e.after <= 0 || e.after > invalidWindow {
			t.Errorf("after %d refusals the error is %v", maxInvalid, e)
		}
		wait(t.Context(), invalidWindow+time.Second)
		if err := l.take(t.Context(), route, true); err != nil {
			t.Errorf("after the window: %v", err)
		}
	})
}

func TestLimits_rememberNoMoreThanTheyMay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimits()
		for i := range maxRoutes + 10 {
			l.learn(fmt.Sprint(i), http.StatusOK, header(map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "1e300"}))
		}
		if len(l.routes) != maxRoutes {
			t.Errorf("%d routes are remembered", len(l.routes))
		}
		wait(t.Context(), 25*time.Hour)
		l.learn("new", http.StatusOK, header(map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "1"}))
		if len(l.routes) != 1 {
			t.Errorf("%d routes are remembered, want the new one", len(l.routes))
		}
	})
}

func TestPause_growsAndIsBounded(t *testing.T) {
	t.Parallel()
	for try, most := range map[int]time.Duration{-1: time.Second, 0: time.Second, 3: 8 * time.Second, 7: 128 * time.Second, 1000: 128 * time.Second} {
		for range 100 {
			if d := pause(time.Second, try); d < most/2 || d > most {
				t.Errorf("try %d waits %s, want %s to %s", try, d, most/2, most)
			}
		}
	}
}

func TestRedirect_keepsThePathBelowAnotherServer(t *testing.T) {
	t.Parallel()
	base, err := baseURL("https://proxy.example/discord/")
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	rt := redirect{base: base, next: roundTrip(func(r *http.Request) (*http.Response, error) {
		got = r.URL.String() + " " + r.Host
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	})}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://discord.com/api/v9/gateway?a=b", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	if want := "https://proxy.example/discord/api/v10/gateway?a=b proxy.example"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestStarts_areSpreadOnceTheyAreMany(t *testing.T) {
	t.Parallel()
	s, now := newStarts(1), time.Now()
	for i := range startBurst {
		if d := s.until(now); d != 0 {
			t.Fatalf("start %d waits %s", i, d)
		}
		s.count(now)
	}
	s.count(now)
	if d := s.until(now); d < startGap-time.Second || d > startGap+time.Second {
		t.Errorf("after %d starts the next one waits %s, want %s", startBurst+1, d, startGap)
	}
	if d := s.until(now.Add(startGap)); d > time.Second {
		t.Errorf("after %s it still waits %s", startGap, d)
	}
}
