package llmtest

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/llm"
)

// ends checks the answers that are none: a cut-off one must never pass, whatever
// it looks like, and all of them were billed.
func (s suite) ends(t *testing.T) {
	t.Helper()
	for name, c := range map[string]struct {
		answer Answer
		want   llm.Kind
	}{
		"cut off":                       {Answer{Text: `{"title":"Q4"}`, End: EndLength}, llm.KindTruncated},
		"cut off before the first word": {Answer{End: EndLength}, llm.KindTruncated},
		"refused":                       {Answer{Text: "I", End: EndFilter}, llm.KindRefused},
		"ended in an unknown way":       {Answer{Text: "all is well", End: EndUnknown}, llm.KindBroken},
		"empty":                         {Answer{End: EndDone}, llm.KindBroken},
	} {
		if c.answer.End == EndFilter && s.Dialect.Lacks.Filter {
			continue
		}
		each(t, "fails when the answer is/"+name, func(t *testing.T, how mode) {
			t.Helper()
			answer := c.answer // the other way to ask runs beside this one
			answer.Usage = s.Dialect.Usage
			srv := serve(t, s.answering(t, answer))
			_, err := ask(within(t), s.open(t, srv.URL), how, hello())
			e := wantKind(t, err, c.want)
			if diff := cmp.Diff(s.Dialect.Usage, e.Usage); diff != "" {
				t.Errorf("usage of the failed call (-want +got):\n%s", diff)
			}
			if e.Provider != s.Name || e.Model != serverModel || e.RequestID != serverRequestID {
				t.Errorf("error = %+v, want its provider, model and request id", e)
			}
		})
	}
}

// statuses checks what each status means, that nothing is asked twice, and that
// nothing counts as used.
func (s suite) statuses(t *testing.T) {
	t.Helper()
	for status, want := range map[int]llm.Kind{
		400: llm.KindInvalid, 401: llm.KindAuth, 402: llm.KindQuota, 403: llm.KindAuth, 404: llm.KindNotFound,
		408: llm.KindUnavailable, 409: llm.KindUnavailable, 413: llm.KindTooLong, 422: llm.KindInvalid,
		429: llm.KindRateLimited, 500: llm.KindUnavailable, 502: llm.KindUnavailable,
		503: llm.KindUnavailable, 529: llm.KindUnavailable,
	} {
		each(t, "fails with status/"+strconv.Itoa(status), func(t *testing.T, how mode) {
			t.Helper()
			srv := serve(t, s.failing(status, "no, because of reasons", nil))
			_, err := ask(within(t), s.open(t, srv.URL), how, hello())
			e := wantKind(t, err, want)
			if e.Status != status || e.Provider != s.Name || !strings.Contains(e.Message, "because of reasons") {
				t.Errorf("error = %+v, want the status, the provider and its words", e)
			}
			if diff := cmp.Diff(llm.Usage{Known: true}, e.Usage); diff != "" {
				t.Errorf("usage (-want +got):\n%s", diff)
			}
			if got := len(srv.got()); got != 1 {
				t.Errorf("the server got %d requests, want 1: retrying is not the adapter's", got)
			}
		})
	}
	each(t, "fails with a page of a proxy", func(t *testing.T, how mode) {
		t.Helper()
		srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write([]byte("<html>" + strings.Repeat("bad gateway ", 10_000)))
		})
		_, err := ask(within(t), s.open(t, srv.URL), how, hello())
		e := wantKind(t, err, llm.KindUnavailable)
		if e.Status != http.StatusBadGateway || len(e.Message) > maxMessage {
			t.Errorf("status = %d with %d bytes of message, want 502 and at most %d", e.Status, len(e.Message), maxMessage)
		}
	})
}

// maxMessage is what may be kept of a provider's words: they go into receipts.
const maxMessage = 1_000

// retryAfter checks that the wait is read in all its forms and cannot be endless.
func (s suite) retryAfter(t *testing.T) {
	t.Helper()
	for name, c := range map[string]struct {
		status        int
		header, value string
		low, high     time.Duration
	}{
		"seconds":      {429, "Retry-After", "7", 7 * time.Second, 7 * time.Second},
		"milliseconds": {429, "Retry-After-Ms", "1500", 1500 * time.Millisecond, 1500 * time.Millisecond},
		"a date": {
			429, "Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), 58 * time.Minute, time.Hour,
		},
		"an absurd one": {429, "Retry-After", "1e300", time.Hour, 24 * time.Hour},
		"a past date":   {429, "Retry-After", "Mon, 02 Jan 2006 15:04:05 GMT", 0, 0},
		"nonsense":      {429, "Retry-After", "soon", 0, 0},
		"a negative":    {429, "Retry-After", "-5", 0, 0},
		"overload":      {503, "Retry-After", "7", 7 * time.Second, 7 * time.Second},
		"overload too":  {529, "Retry-After", "7", 7 * time.Second, 7 * time.Second},
		"a reset":       {429, "X-RateLimit-Reset-Requests", "1m30s", 90 * time.Second, 90 * time.Second},
	} {
		each(t, "reads Retry-After/"+name, func(t *testing.T, how mode) {
			t.Helper()
			srv := serve(t, s.failing(c.status, "slow down", http.Header{c.header: {c.value}}))
			_, err := ask(within(t), s.open(t, srv.URL), how, hello())
			e := wantKind(t, err, llm.KindRateLimited)
			if e.RetryAfter < c.low || e.RetryAfter > c.high {
				t.Errorf("wait = %s, want %s to %s", e.RetryAfter, c.low, c.high)
			}
		})
	}
}

// broken checks answers that are none.
func (s suite) broken(t *testing.T) {
	t.Helper()
	for name, body := range map[string]string{
		"nothing": "", "a page": "<html><body>Welcome</body></html>", "an empty object": "{}", "a list": "[]",
		"null": "null", "half an object": `{"id":"x","choices":[{"mess`, "bytes": "\x00\xff\xfe\x01",
		"the wrong types": `{"choices":"none","candidates":7,"content":{"a":1},"message":[],"error":7}`,
		"nonsense events": "data: {]\n\nevent: x\ndata: 7\n\n",
	} {
		each(t, "fails when the answer is/"+name, func(t *testing.T, how mode) {
			t.Helper()
			srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", map[mode]string{whole: "application/json", streamed: s.Dialect.StreamType}[how])
				_, _ = w.Write([]byte(body))
			})
			_, err := ask(within(t), s.open(t, srv.URL), how, hello())
			if e := wantKind(t, err, llm.KindBroken); e.Usage.Known {
				t.Errorf("usage = %+v, want it unknown: the model may have worked", e.Usage)
			}
		})
	}
	t.Run("ends an endless stream", s.endless)
}

// endless never stops talking.
func (s suite) endless(t *testing.T) {
	t.Parallel()
	left := make(chan struct{})
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(left)
		piece := s.Dialect.Stream(Answer{Model: serverModel, Text: longWord + longWord})[0]
		for r.Context().Err() == nil {
			s.send(w, [][]byte{piece})
		}
	})
	_, err := ask(within(t), s.open(t, srv.URL), streamed, hello())
	_ = wantKind(t, err, llm.KindBroken)
	wantClosed(t, left)
}

// silence checks that a call ends when its context does, and when the provider
// says nothing.
func (s suite) silence(t *testing.T) {
	t.Helper()
	each(t, "ends with its context", s.cancelled)
	each(t, "sends nothing when its context has ended", s.ended)
	each(t, "fails when the provider is silent", func(t *testing.T, how mode) {
		t.Helper()
		srv := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		_, err := ask(within(t), s.impatient(t, srv.URL), how, hello())
		if e := wantKind(t, err, llm.KindUnavailable); e.Usage.Known {
			t.Errorf("usage = %+v, want it unknown: the model may have worked", e.Usage)
		}
	})
	each(t, "fails when the provider falls silent", func(t *testing.T, how mode) {
		t.Helper()
		srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
			a := Answer{Model: serverModel, Text: "some words and then no more"}
			s.send(w, map[mode][][]byte{whole: {s.Dialect.Answer(a)[:5]}, streamed: s.Dialect.Stream(a)[:1]}[how])
			<-r.Context().Done()
		})
		_, err := ask(within(t), s.impatient(t, srv.URL), how, hello())
		_ = wantKind(t, err, llm.KindUnavailable)
	})
	each(t, "fails when nobody listens", func(t *testing.T, how mode) {
		t.Helper()
		srv := serve(t, func(http.ResponseWriter, *http.Request) {})
		srv.Close()
		_, err := ask(within(t), s.open(t, srv.URL), how, hello())
		if e := wantKind(t, err, llm.KindUnavailable); e.Usage != (llm.Usage{Known: true}) {
			t.Errorf("usage = %+v, want none for certain: nothing was sent", e.Usage)
		}
	})
	t.Run("hangs up when the reader has enough", s.brokenOff)
	each(t, "does not ask again when the line drops", s.dropped)
}

// dropped hangs up without a word, on a line that was good before. net/http
// repeats such requests when it takes them for harmless; they may have been
// billed.
func (s suite) dropped(t *testing.T, how mode) {
	t.Helper()
	var asked atomic.Int32
	answer := s.answering(t, Answer{Text: "hi", Usage: s.Dialect.Usage})
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > 1 {
			panic(http.ErrAbortHandler)
		}
		answer(w, r)
	})
	model := s.open(t, srv.URL)
	r := hello()
	r.IdempotencyKey = "call-7"
	if _, err := ask(within(t), model, how, r); err != nil {
		t.Fatal(err)
	}
	_, err := ask(within(t), model, how, r)
	if e := wantKind(t, err, llm.KindUnavailable); e.Usage.Known {
		t.Errorf("usage = %+v, want it unknown: the model may have worked", e.Usage)
	}
	if got := asked.Load(); got != 2 {
		t.Errorf("the server was asked %d times, want 2", got)
	}
}

func (s suite) cancelled(t *testing.T, how mode) {
	t.Helper()
	left := make(chan struct{})
	arrived := make(chan struct{})
	srv := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
		close(left)
	})
	ctx, cancel := context.WithCancel(within(t))
	go func() {
		<-arrived
		cancel()
	}()
	_, err := ask(ctx, s.open(t, srv.URL), how, hello())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want context.Canceled in it", err)
	}
	if e := wantKind(t, err, llm.KindUnavailable); e.Usage.Known {
		t.Errorf("usage = %+v, want it unknown: the model may have worked", e.Usage)
	}
	wantClosed(t, left)
}

func (s suite) ended(t *testing.T, how mode) {
	t.Helper()
	srv := serve(t, s.answering(t, Answer{Text: "hi", Usage: s.Dialect.Usage}))
	ctx, cancel := context.WithCancel(within(t))
	cancel()
	_, err := ask(ctx, s.open(t, srv.URL), how, hello())
	if e := wantKind(t, err, llm.KindUnavailable); !errors.Is(err, context.Canceled) || !e.Usage.Known {
		t.Errorf("error = %v with usage %+v, want context.Canceled and nothing used", err, e.Usage)
	}
	if got := len(srv.got()); got != 0 {
		t.Errorf("the server got %d requests, want none", got)
	}
}

func (s suite) brokenOff(t *testing.T) {
	t.Parallel()
	left := make(chan struct{})
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		s.send(w, s.Dialect.Stream(Answer{Model: serverModel, Text: "one two three"})[:2])
		<-r.Context().Done()
		close(left)
	})
	for delta, err := range s.open(t, srv.URL).Stream(within(t), hello()) {
		if err != nil {
			t.Fatal(err)
		}
		if delta.Text != "" {
			break
		}
	}
	wantClosed(t, left)
}

func wantClosed(tb testing.TB, left <-chan struct{}) {
	tb.Helper()
	select {
	case <-left:
	case <-time.After(patience):
		tb.Error("the connection was not closed")
	}
}

// security checks that the key stays where it belongs.
func (s suite) security(t *testing.T) {
	t.Helper()
	each(t, "keeps its key out of errors", func(t *testing.T, how mode) {
		t.Helper()
		srv := serve(t, s.failing(401, "wrong key: "+testKey, nil))
		_, err := ask(within(t), s.open(t, srv.URL), how, hello())
		e := wantKind(t, err, llm.KindAuth)
		if strings.Contains(err.Error()+e.Message, testKey) {
			t.Errorf("the key is in the error: %v", err)
		}
	})
	each(t, "follows no redirect", func(t *testing.T, how mode) {
		t.Helper()
		other := serve(t, s.answering(t, Answer{Text: "hi", Usage: s.Dialect.Usage}))
		srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect) //nolint:gosec // between servers of the test
		})
		_, err := ask(within(t), s.open(t, srv.URL), how, hello())
		_ = wantKind(t, err, llm.KindInvalid)
		if got := len(other.got()); got != 0 {
			t.Errorf("the other server got %d requests, want none", got)
		}
	})
}
