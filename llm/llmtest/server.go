package llmtest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/askbob/bob/llm"
)

// The names that a test server uses.
const (
	serverModel     = "model-1"
	serverRequestID = "req-42"
	testKey         = "secret-key-1234"
)

// patience is how long a test waits for what must happen: long, because only a
// failing test waits it out.
const patience = 30 * time.Second

// request is one that a server got.
type request struct {
	*http.Request
	body []byte
}

// server records what it is asked.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []request
}

func serve(tb testing.TB, handler http.HandlerFunc) *server {
	tb.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body) // a server notices a client's leaving only then
		if err != nil {
			return
		}
		s.mu.Lock()
		s.requests = append(s.requests, request{r, body})
		s.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		w.Header().Set("X-Request-Id", serverRequestID)
		handler(w, r)
	}))
	tb.Cleanup(s.Close)
	return s
}

func (s *server) got() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// mode is one of the two ways to ask a model.
type mode string

const (
	whole    mode = "generate"
	streamed mode = "stream"
)

// ask asks the model and returns the whole answer, however it came.
func ask(ctx context.Context, model llm.Model, how mode, r llm.Request) (llm.Response, error) {
	if how == whole {
		return model.Generate(ctx, r)
	}
	var response llm.Response
	for delta, err := range model.Stream(ctx, r) {
		if err != nil {
			return llm.Response{}, err
		}
		if delta.Done != nil {
			response = *delta.Done
		}
	}
	return response, nil
}

// suite is a test of one adapter.
type suite struct {
	Provider
}

func (s suite) open(tb testing.TB, url string) llm.Model {
	tb.Helper()
	return s.Open(tb, Options{URL: url, Key: testKey, Model: serverModel})
}

// impatient opens a model that waits for its provider hardly at all.
func (s suite) impatient(tb testing.TB, url string) llm.Model {
	tb.Helper()
	return s.Open(tb, Options{URL: url, Key: testKey, Model: serverModel, Patience: 50 * time.Millisecond})
}

// answering is a handler that gives one answer, in the way it is asked to.
func (s suite) answering(tb testing.TB, a Answer) http.HandlerFunc {
	tb.Helper()
	if a.Model == "" {
		a.Model = serverModel
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.streaming(tb, r) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(s.Dialect.Answer(a))
			return
		}
		s.send(w, s.Dialect.Stream(a))
	}
}

// streaming reports whether a request wants its answer in pieces.
func (s suite) streaming(tb testing.TB, r *http.Request) bool {
	tb.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		tb.Errorf("read the request: %v", err)
	}
	sent, err := s.Dialect.Sent(r, body)
	if err != nil {
		tb.Errorf("a request that the server cannot read: %v\n%s", err, body)
	}
	return sent.Streaming
}

func (s suite) send(w http.ResponseWriter, pieces [][]byte) {
	w.Header().Set("Content-Type", s.Dialect.StreamType)
	for _, piece := range pieces {
		if _, err := w.Write(piece); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
	}
}

// failing is a handler that fails.
func (s suite) failing(status int, message string, header http.Header) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(s.Dialect.Failure(status, message))
	}
}

// each runs a test for both ways to ask.
func each(t *testing.T, name string, test func(*testing.T, mode)) {
	t.Helper()
	for _, how := range []mode{whole, streamed} {
		t.Run(name+"/"+string(how), func(t *testing.T) {
			t.Parallel()
			test(t, how)
		})
	}
}

// within is the context of a test that must end.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// wantKind checks the class of a failure and returns it.
func wantKind(tb testing.TB, err error, want llm.Kind) *llm.APIError {
	tb.Helper()
	e := llm.AsAPIError(err)
	if e == nil {
		tb.Fatalf("error = %v, want an *llm.APIError of kind %s", err, want)
	}
	if e.Kind != want {
		tb.Errorf("kind = %s, want %s: %v", e.Kind, want, err)
	}
	return e
}

func hello() llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: "hello there"}}}
}
