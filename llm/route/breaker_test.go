package route_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/llmtest"
	"github.com/askbob/bob/llm/route"
)

// TestBreaker goes by the table of situations: what counts against a provider.
func TestBreaker_countsOnlyFailuresOfTheProvider(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  llm.APIError
		open bool
	}{
		"500":                   {llm.APIError{Kind: llm.KindUnavailable, Status: 500}, true},
		"refused, reset":        {llm.APIError{Kind: llm.KindUnavailable}, true},
		"cut in transit":        {llm.APIError{Kind: llm.KindBroken, Status: 200, Err: fmt.Errorf("read: %w", io.ErrUnexpectedEOF)}, true},
		"an empty answer":       {llm.APIError{Kind: llm.KindBroken, Status: 200, Message: "empty"}, false},
		"400":                   {llm.APIError{Kind: llm.KindInvalid, Status: 400}, false},
		"404":                   {llm.APIError{Kind: llm.KindNotFound, Status: 404}, false},
		"413":                   {llm.APIError{Kind: llm.KindTooLong, Status: 413}, false},
		"refused content":       {llm.APIError{Kind: llm.KindRefused, Status: 400}, false},
		"cut off":               {llm.APIError{Kind: llm.KindTruncated, Status: 200}, false},
		"429 without a time":    {llm.APIError{Kind: llm.KindRateLimited, Status: 429}, false},
		"503, overloaded":       {llm.APIError{Kind: llm.KindUnavailable, Status: 503}, true},
		"408":                   {llm.APIError{Kind: llm.KindUnavailable, Status: 408}, true},
		"529 without a time":    {llm.APIError{Kind: llm.KindUnavailable, Status: 529}, true},
		"the price is not know": {llm.APIError{Kind: llm.KindUnpriced}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := failing(tt.err)
				r := gated(t, route.Provider{}, m)
				for range 5 {
					if _, e := call(t.Context(), t, r, ""); e == nil || e.Held {
						t.Fatalf("got %v before five failures", e)
					}
				}
				_, e := call(t.Context(), t, r, "")
				if e == nil || e.Held != tt.open {
					t.Errorf("after five failures: %v", e)
				}
			})
		})
	}
}

func TestBreaker_letsOneCallTryWhetherTheProviderIsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := true
		m := &fake{}
		m.step = func(ctx context.Context, r llm.Request) (llm.Response, error) {
			<-time.After(time.Second)
			if down {
				return llm.Response{}, &llm.APIError{Kind: llm.KindUnavailable}
			}
			return llmtest.Text("hello")(ctx, r)
		}
		r := gated(t, route.Provider{}, m)
		for range 5 {
			_, _ = call(t.Context(), t, r, "")
		}
		_, e := call(t.Context(), t, r, "")
		if e == nil || !e.Held || e.Kind != llm.KindUnavailable || e.RetryAfter < 30*time.Second || e.RetryAfter > 40*time.Second || m.count() != 5 {
			t.Fatalf("open: %v, %d calls", e, m.count())
		}
		tries := func() (held int) {
			var wg sync.WaitGroup
			var mu sync.Mutex
			for range 10 {
				wg.Go(func() {
					if _, e := call(t.Context(), t, r, ""); e != nil && e.Held {
						mu.Lock()
						defer mu.Unlock()
						held++
					}
				})
			}
			wg.Wait()
			return held
		}
		<-time.After(31 * time.Second)
		if held := tries(); held != 9 || m.count() != 6 {
			t.Errorf("half open: %d of 10 held back, %d calls; want one to try", held, m.count())
		}
		<-time.After(31 * time.Second)
		down = false
		if _, e := call(t.Context(), t, r, ""); e != nil {
			t.Errorf("the one that tries: %v", e)
		}
		if held := tries(); held != 0 {
			t.Errorf("back again: %d held back", held)
		}
	})
}

func TestBreaker_isNotClosedByThoseWhoGoAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := fails(llm.KindUnavailable)
		r := gated(t, route.Provider{}, m)
		for range 5 {
			_, _ = call(t.Context(), t, r, "")
		}
		<-time.After(31 * time.Second)
		answer := m.step
		m.step = llmtest.Hang()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _ = call(ctx, t, r, "") // was to try whether it is back
		m.step = answer
		if _, e := call(t.Context(), t, r, ""); e == nil || e.Held {
			t.Errorf("the next that tries: %v", e)
		}
		if _, e := call(t.Context(), t, r, ""); e == nil || !e.Held {
			t.Errorf("after it failed: %v, want it held back", e)
		}
	})
}

func TestBreaker_isNotOpenedByThoseWhoGoAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &fake{step: llmtest.Hang()}
		r := gated(t, route.Provider{}, m)
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, e := call(ctx, t, r, ""); e == nil || e.Held {
				t.Fatal(e)
			}
			cancel()
		}
	})
}

func TestAccount_closesTheProviderAndSaysWhy(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err      llm.APIError
		provider bool // all of it, or the model alone
	}{
		"a wrong key":           {llm.APIError{Kind: llm.KindAuth, Status: http.StatusUnauthorized, Message: "bad key"}, true},
		"no money":              {llm.APIError{Kind: llm.KindQuota, Status: http.StatusTooManyRequests, Message: "top up"}, true},
		"not allowed to use it": {llm.APIError{Kind: llm.KindAuth, Status: http.StatusForbidden, Message: "ask your admin"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m, other := failing(tt.err), says("hello")
				r := build(t, route.Config{
					Providers: []route.Provider{{Name: "a"}},
					Members:   []route.Member{able("a", "1", m), able("a", "2", other)},
					Routes:    map[llm.Purpose][]string{"": {"a/1"}, llm.PurposePlan: {"a/2"}},
				})
				_, _ = call(t.Context(), t, r, "")
				_, e := call(t.Context(), t, r, "")
				if e == nil || !e.Held || e.Kind != tt.err.Kind || e.Message != tt.err.Message || m.count() != 1 {
					t.Errorf("the second call: %+v, %d sent; want it held back with the provider's reason", e, m.count())
				}
				_, err := pick(t, r, route.Want{Purpose: llm.PurposePlan}).Generate(t.Context(), llm.Request{})
				if (err != nil) != tt.provider {
					t.Errorf("another model of it: %v", err)
				}
				<-time.After(2*time.Minute + time.Second)
				if _, _ = call(t.Context(), t, r, ""); m.count() != 2 {
					t.Error("it is never tried again")
				}
			})
		})
	}
}
