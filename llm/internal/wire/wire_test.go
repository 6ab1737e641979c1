package wire_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/internal/wire"
)

// transport is a server without a network, so that time can be faked.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func respond(status int, body io.Reader) (*http.Response, error) {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(body)}, nil
}

// do makes one exchange and reads it to its end.
func do(ctx context.Context, next http.RoundTripper, limits wire.Limits) ([]byte, *wire.Exchange, error) {
	ctx, exchange := wire.Watch(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://provider.invalid/", http.NoBody)
	if err != nil {
		return nil, nil, err
	}
	resp, err := wire.Client(&http.Client{Transport: next}, limits).Do(req)
	if err != nil {
		return nil, exchange, err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	return data, exchange, err
}

func TestClient_boundsTheBody(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]error{0: nil, 99: nil, 100: nil, 101: wire.ErrTooLarge, 100_000: wire.ErrTooLarge} {
		next := transport(func(*http.Request) (*http.Response, error) {
			return respond(http.StatusOK, bytes.NewReader(make([]byte, size)))
		})
		data, _, err := do(t.Context(), next, wire.Limits{Body: 100})
		if !errors.Is(err, want) || len(data) != min(size, 100) {
			t.Errorf("%d bytes: read %d, %v, want %v", size, len(data), err, want)
		}
	}
}

// TestClient_boundsWhatIsPacked: a megabyte of zeros is a kilobyte on the wire.
func TestClient_boundsWhatIsPacked(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(make([]byte, 1<<20))
		_ = z.Close()
	}))
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := wire.Client(nil, wire.Limits{Body: 100_000}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.ReadAll(resp.Body); !errors.Is(err, wire.ErrTooLarge) {
		t.Errorf("error = %v, want ErrTooLarge", err)
	}
}

func TestClient_endsASilentExchange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		next := transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		_, exchange, err := do(t.Context(), next, wire.Limits{FirstByte: time.Minute})
		if !errors.Is(err, wire.ErrSilent) || time.Since(start) != time.Minute {
			t.Errorf("error = %v after %s, want ErrSilent after a minute", err, time.Since(start))
		}
		f := wire.Failure(t.Context(), exchange, err)
		if f.Kind != llm.KindUnavailable || f.Usage.Known {
			t.Errorf("failure = %+v, want an unavailable provider and unknown usage", f)
		}
	})
}

// slow gives a byte each minute, and then hangs.
type slow struct {
	ctx   context.Context //nolint:containedctx // a fake that hangs like a connection
	bytes int
}

func (s *slow) Read(p []byte) (int, error) {
	if s.bytes == 0 {
		<-s.ctx.Done()
		return 0, s.ctx.Err()
	}
	s.bytes--
	select {
	case <-s.ctx.Done():
		return 0, s.ctx.Err()
	case <-time.After(time.Minute):
	}
	p[0] = 'x'
	return 1, nil
}

// TestClient_isPatientWhileSomethingComes: an hour of pieces is fine, two silent
// minutes are not.
func TestClient_isPatientWhileSomethingComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		next := transport(func(r *http.Request) (*http.Response, error) {
			return respond(http.StatusOK, &slow{ctx: r.Context(), bytes: 60})
		})
		data, _, err := do(t.Context(), next, wire.Limits{FirstByte: time.Second, Idle: 2 * time.Minute})
		if len(data) != 60 || !errors.Is(err, wire.ErrSilent) || time.Since(start) != 62*time.Minute {
			t.Errorf("read %d bytes, %v after %s, want 60, then ErrSilent after 62 minutes", len(data), err, time.Since(start))
		}
	})
}

// TestClient_doesNotBlameTheReader: who reads slowly is not a silent provider.
func TestClient_doesNotBlameTheReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		next := transport(func(*http.Request) (*http.Response, error) {
			return respond(http.StatusOK, strings.NewReader("two"))
		})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://provider.invalid/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := wire.Client(&http.Client{Transport: next}, wire.Limits{Idle: time.Minute}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		<-time.After(time.Hour)
		if data, err := io.ReadAll(resp.Body); err != nil || string(data) != "two" {
			t.Errorf("read %q, %v, want all of it", data, err)
		}
	})
}

func TestClient_keepsWhatAFailureSays(t *testing.T) {
	t.Parallel()
	next := transport(func(*http.Request) (*http.Response, error) {
		resp, err := respond(http.StatusTooManyRequests, strings.NewReader(strings.Repeat("slow down ", 100_000)))
		resp.Header.Set("Retry-After", "3")
		resp.Header.Set("Request-Id", strings.Repeat("r", 1000))
		return resp, err
	})
	data, exchange, err := do(t.Context(), next, wire.Limits{})
	if err != nil || !bytes.Equal(data, exchange.ErrorBody()) || len(data) != 64<<10 {
		t.Errorf("read %d bytes, kept %d, %v, want the same 64 KiB", len(data), len(exchange.ErrorBody()), err)
	}
	f := wire.Failure(t.Context(), exchange, err)
	if f.Kind != llm.KindRateLimited || f.RetryAfter != 3*time.Second || len(f.RequestID) > 210 || !f.Usage.Known {
		t.Errorf("failure = %+v", f)
	}
}

func TestClient_leavesTheGivenClientAlone(t *testing.T) {
	t.Parallel()
	base := &http.Client{Timeout: time.Minute}
	if got := wire.Client(base, wire.Limits{}); got.Timeout != time.Minute || base.Transport != nil {
		t.Errorf("client = %+v of %+v", got, base)
	}
}

func TestExchange_readsRetryAfter(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			header, value string
			want          time.Duration
		}{
			"seconds":      {"Retry-After", "7", 7 * time.Second},
			"spaces":       {"Retry-After", " 7 ", 7 * time.Second},
			"a fraction":   {"Retry-After", "0.25", 250 * time.Millisecond},
			"milliseconds": {"Retry-After-Ms", "1500", 1500 * time.Millisecond},
			"a date":       {"Retry-After", time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat), 90 * time.Second},
			"an old date":  {"Retry-After", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), 0},
			"a far date":   {"Retry-After", time.Now().Add(100 * day).UTC().Format(http.TimeFormat), day},
			"a long wait":  {"Retry-After", "999999999999", day},
			"an overflow":  {"Retry-After", "1e999", day},
			"infinity":     {"Retry-After", "Inf", day},
			"no number":    {"Retry-After", "NaN", 0},
			"negative":     {"Retry-After", "-7", 0},
			"words":        {"Retry-After", "soon", 0},
			"nothing":      {"Retry-After", "", 0},
		} {
			next := transport(func(*http.Request) (*http.Response, error) {
				resp, err := respond(http.StatusTooManyRequests, http.NoBody)
				resp.Header.Set(c.header, c.value)
				return resp, err
			})
			if _, exchange, err := do(t.Context(), next, wire.Limits{}); err != nil || exchange.RetryAfter() != c.want {
				t.Errorf("%s: wait = %s, %v, want %s", name, exchange.RetryAfter(), err, c.want)
			}
		}
	})
}

func TestExchange_readsResets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := func(d time.Duration) time.Time { return time.Now().Add(d) }
		for name, c := range map[string]struct {
			status int
			header map[string]string
			want   time.Duration
		}{
			"a duration":            {429, map[string]string{"X-RateLimit-Reset-Requests": "6m0s"}, 6 * time.Minute},
			"milliseconds":          {429, map[string]string{"x-ratelimit-reset-tokens": "85ms"}, 85 * time.Millisecond},
			"seconds":               {429, map[string]string{"x-ratelimit-reset-tokens": "12"}, 12 * time.Second},
			"a moment":              {429, map[string]string{"X-RateLimit-Reset": strconv.FormatInt(in(time.Minute).Unix(), 10)}, time.Minute},
			"a moment, OpenRouter":  {429, map[string]string{"X-RateLimit-Reset": strconv.FormatInt(in(time.Minute).UnixMilli(), 10)}, time.Minute},
			"a date":                {429, map[string]string{"X-RateLimit-Reset": in(time.Minute).Format(time.RFC3339)}, time.Minute},
			"a past moment":         {429, map[string]string{"X-RateLimit-Reset": strconv.FormatInt(in(-time.Minute).Unix(), 10)}, 0},
			"a far moment":          {429, map[string]string{"X-RateLimit-Reset": strconv.FormatInt(in(100*24*time.Hour).Unix(), 10)}, 24 * time.Hour},
			"the end of time":       {429, map[string]string{"X-RateLimit-Reset": "1e300"}, 0},
			"nonsense":              {429, map[string]string{"X-RateLimit-Reset": "soon"}, 0},
			"negative":              {429, map[string]string{"X-RateLimit-Reset": "-1m"}, 0},
			"the longer of two":     {429, map[string]string{"X-RateLimit-Reset-Requests": "1s", "X-RateLimit-Reset-Tokens": "2s"}, 2 * time.Second},
			"Retry-After before it": {429, map[string]string{"Retry-After": "3", "X-RateLimit-Reset-Requests": "1m"}, 3 * time.Second},
			"another failure":       {500, map[string]string{"X-RateLimit-Reset-Requests": "1m"}, 0},
			"the limit that was hit": {429, map[string]string{
				"X-RateLimit-Limit-Requests": "14400", "X-RateLimit-Remaining-Requests": "14370", "X-RateLimit-Reset-Requests": "2m59.56s",
				"X-RateLimit-Limit-Tokens": "6000", "X-RateLimit-Remaining-Tokens": "120", "X-RateLimit-Reset-Tokens": "7.66s",
			}, 7660 * time.Millisecond},
		} {
			next := transport(func(*http.Request) (*http.Response, error) {
				resp, err := respond(c.status, http.NoBody)
				for name, value := range c.header {
					resp.Header.Set(name, value)
				}
				return resp, err
			})
			if _, exchange, err := do(t.Context(), next, wire.Limits{}); err != nil || exchange.RetryAfter() != c.want {
				t.Errorf("%s: wait = %s, %v, want %s", name, exchange.RetryAfter(), err, c.want)
			}
		}
	})
}

func FuzzExchange_waitsNeitherForEverNorBackwards(f *testing.F) {
	f.Add("7", "1m30s", "5", "10")
	f.Add("", "1e308", "-1", "0")
	f.Add("Mon, 02 Jan 2006 15:04:05 GMT", "1893456000", "", "")
	f.Fuzz(func(t *testing.T, after, reset, left, limit string) {
		next := transport(func(*http.Request) (*http.Response, error) {
			resp, err := respond(http.StatusTooManyRequests, http.NoBody)
			resp.Header = http.Header{
				"Retry-After": {after}, "X-Ratelimit-Reset-Tokens": {reset},
				"X-Ratelimit-Remaining-Tokens": {left}, "X-Ratelimit-Limit-Tokens": {limit},
			}
			return resp, err
		})
		_, exchange, err := do(t.Context(), next, wire.Limits{})
		if d := exchange.RetryAfter(); err != nil || d < 0 || d > wire.MaxRetryAfter {
			t.Errorf("wait = %s, %v", d, err)
		}
	})
}

func TestFailure_aGatewayThatGaveUpSaysNothingOfUsage(t *testing.T) {
	t.Parallel()
	for status, known := range map[int]bool{400: true, 429: true, 500: true, 502: true, 504: false, 524: false} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			next := transport(func(*http.Request) (*http.Response, error) { return respond(status, http.NoBody) })
			_, exchange, err := do(t.Context(), next, wire.Limits{})
			if f := wire.Failure(t.Context(), exchange, err); f.Usage.Known != known || f.Status != status {
				t.Errorf("failure = %+v, want its usage known: %v", f, known)
			}
		})
	}
}

func FuzzBounded(f *testing.F) {
	f.Add("a\nb\tc", 3)
	f.Add("ééé", 3)
	f.Add("\xff\x00", 0)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 0 || limit > 1000 {
			return
		}
		if got := wire.Bounded(text, limit); len(got) > limit+len("…") || strings.ContainsAny(got, "\n\r") ||
			got != strings.ToValidUTF8(got, "") {
			t.Errorf("Bounded(%q, %d) = %q", text, limit, got)
		}
	})
}

func TestScrubbed_takesTheSecretOut(t *testing.T) {
	t.Parallel()
	if got := wire.Scrubbed("key sk-12345 is wrong, sk-12345!", "sk-12345"); got != "key [key] is wrong, [key]!" {
		t.Errorf("text = %q", got)
	}
	if got := wire.Scrubbed("no key", "key"); got != "no key" {
		t.Errorf("text = %q", got)
	}
}
