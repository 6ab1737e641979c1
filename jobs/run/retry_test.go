package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// gathers is a Hands that only gathers.
type gathers struct{ Hands }

func (gathers) Gather(context.Context, *jobs.Node) (string, error) { return "what there is", nil }

func testRunner(now time.Time) *Runner {
	return &Runner{cfg: Config{Attempts: 3, FirstWait: firstWait, LongestWait: longestWait, Hands: gathers{}, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }}}
}

func TestRunner_outcome(t *testing.T) {
	t.Parallel()
	api := func(kind llm.Kind) error { return fmt.Errorf("turn: %w", &llm.APIError{Kind: kind}) }
	tests := map[string]struct {
		err     error
		attempt int
		want    string
	}{
		"the provider is down":               {api(llm.KindUnavailable), 1, "retry retry_at"},
		"the provider is down, last attempt": {api(llm.KindUnavailable), 3, "failed retry_at"},
		"rate limited counts no attempt":     {api(llm.KindRateLimited), 3, "retry rate_limit uncounted"},
		"garbage":                            {api(llm.KindBroken), 2, "retry retry_at"},
		"cut off is not done":                {api(llm.KindTruncated), 3, "failed truncated"},
		"refused content":                    {api(llm.KindRefused), 1, "failed content_policy"},
		"wrong key":                          {api(llm.KindAuth), 1, "failed model"},
		"no quota":                           {api(llm.KindQuota), 1, "failed model"},
		"no such model":                      {api(llm.KindNotFound), 1, "failed model"},
		"does not fit":                       {api(llm.KindTooLong), 1, "failed model"},
		"bad request":                        {api(llm.KindInvalid), 1, "failed model"},
		"no money":                           {fmt.Errorf("reserve: %w", jobs.ErrBudget), 1, "park budget"},
		"the node moved on":                  {fmt.Errorf("keep: %w", jobs.ErrStale), 1, "nothing"},
		"a fault of ours":                    {errors.New("disk on fire"), 1, "retry retry_at"},
		"a fault of ours, last attempt":      {errors.New("disk on fire"), 3, "failed internal"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := testRunner(time.Now())
			n := &jobs.Node{ID: 1, Epoch: 2, Attempt: tt.attempt, Tries: tt.attempt, Phase: jobs.PhaseWork}
			if got := describe(r.outcome(t.Context(), n, tt.err)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func describe(c jobs.Change) string {
	switch c := c.(type) {
	case nil:
		return "nothing"
	case jobs.Retry:
		text := "retry " + string(c.Reason)
		if c.Uncounted {
			text += " uncounted"
		}
		if c.Waited {
			text += " waited"
		}
		return text
	case jobs.Park:
		return "park " + string(c.Reason)
	case jobs.Finish:
		return string(c.Status) + " " + string(c.Reason)
	}
	return fmt.Sprintf("%T", c)
}

func TestRunner_outcome_tellsAStopATimeoutAndACancelApart(t *testing.T) {
	t.Parallel()
	tests := map[error]string{
		jobs.ErrStopped:     "retry stopped uncounted",
		jobs.ErrNodeTimeout: "retry retry_at",
		jobs.ErrCancelled:   "nothing",
	}
	for cause, want := range tests {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		r := testRunner(time.Now())
		n := &jobs.Node{Attempt: 1, Phase: jobs.PhaseWork}
		if got := describe(r.outcome(ctx, n, context.Canceled)); got != want {
			t.Errorf("%v: got %q, want %q", cause, got, want)
		}
	}
}

func TestRunner_outcome_honoursRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := testRunner(now)
	err := &llm.APIError{Kind: llm.KindRateLimited, RetryAfter: 90 * time.Second}
	c, ok := r.outcome(t.Context(), &jobs.Node{Attempt: 1}, err).(jobs.Retry)
	if want := now.Add(90 * time.Second); !ok || !c.NotBefore.Equal(want) {
		t.Errorf("got %+v, want a retry at %v", c, want)
	}
}

func TestRunner_outcome_ofACallThatWasHeldBack(t *testing.T) {
	t.Parallel()
	held := func(kind llm.Kind) error {
		return fmt.Errorf("turn: %w", &llm.APIError{Provider: "p", Kind: kind, Held: true, RetryAfter: time.Second, Message: "at most 2 calls at once"})
	}
	tests := map[string]struct {
		err   error
		tries int
		want  string
	}{
		"our limit":                        {held(llm.KindRateLimited), 1, "retry rate_limit uncounted waited"},
		"our limit, however often":         {held(llm.KindRateLimited), 10 * maxTries, "retry rate_limit uncounted waited"},
		"our limit, after calls were made": {midway{held(llm.KindRateLimited)}, 1, "retry rate_limit uncounted"},
		"the provider is left alone":       {held(llm.KindUnavailable), 1, "retry retry_at uncounted"},
		"it does not come back":            {held(llm.KindUnavailable), maxTries, "failed retry_at"},
		"a key that is known to be wrong":  {held(llm.KindAuth), 1, "failed model"},
		"an account without money":         {held(llm.KindQuota), 1, "failed model"},
		"the provider's own refusals":      {&llm.APIError{Kind: llm.KindRateLimited, RetryAfter: time.Second}, maxTries, "failed rate_limit"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			r := testRunner(now)
			c := r.outcome(t.Context(), &jobs.Node{Attempt: 3, Tries: tt.tries, Phase: jobs.PhaseWork}, tt.err)
			if got := describe(c); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if retry, ok := c.(jobs.Retry); ok && (!retry.NotBefore.Equal(now.Add(time.Second)) || !strings.Contains(retry.Error, "at most 2 calls")) {
				t.Errorf("got %+v, want it back in a second, with the reason", retry)
			}
		})
	}
}

func TestRunner_outcome_ofAFailedCombineHandsOverWhatThereIs(t *testing.T) {
	t.Parallel()
	r := testRunner(time.Now())
	n := &jobs.Node{Attempt: 3, Phase: jobs.PhaseCombine}
	c, ok := r.outcome(t.Context(), n, &llm.APIError{Kind: llm.KindAuth}).(jobs.Finish)
	if !ok || c.Status != jobs.StatusPartial || c.Result != "what there is" {
		t.Errorf("got %+v, want partial with the children's results", c)
	}
}

func TestBackoff_staysWithinItsFrame(t *testing.T) {
	t.Parallel()
	r := testRunner(time.Now())
	for attempt := range 100 {
		if d := r.backoff(attempt); d <= 0 || d > longestWait {
			t.Errorf("attempt %d: %v", attempt, d)
		}
	}
	r.cfg.FirstWait, r.cfg.LongestWait = time.Microsecond, 4*time.Microsecond
	for attempt, most := range []time.Duration{1, 1, 2, 4, 4} {
		if d := r.backoff(attempt); d > most*time.Microsecond {
			t.Errorf("attempt %d: %v, want at most %d µs", attempt, d, most)
		}
	}
}

func TestNew_refusesAFrameThatIsNone(t *testing.T) {
	t.Parallel()
	cfg := Config{
		Store: struct{ Store }{}, Dispatcher: struct{ jobs.Dispatcher }{}, Hands: gathers{},
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Worker: "w", FirstWait: time.Hour,
	}
	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "LongestWait") {
		t.Errorf("got %v, want that an hour is longer than the longest wait", err)
	}
}
