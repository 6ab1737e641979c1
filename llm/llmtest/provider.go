package llmtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/llm"
)

// TestProvider holds an adapter to the promises of llm.Model. It sets the
// environment: the test that calls it must not be parallel.
func TestProvider(t *testing.T, p Provider) {
	t.Helper()
	s := suite{p}
	s.environment(t)
	each(t, "answers", s.answers)
	each(t, "sends the schema", s.sendsSchema)
	s.conversation(t)
	each(t, "says when usage is unknown", s.unknownUsage)
	each(t, "answers side by side", s.sideBySide)
	t.Run("streams in order", s.streamsInOrder)
	s.ends(t)
	s.statuses(t)
	s.retryAfter(t)
	s.broken(t)
	s.cuts(t)
	s.faults(t)
	s.silence(t)
	s.security(t)
}

// environment checks that keys for one server do not reach another: libraries
// read them by themselves.
func (s suite) environment(t *testing.T) {
	t.Helper()
	for _, key := range []string{"", testKey} {
		t.Run("keeps the environment's keys/"+map[bool]string{true: "no key", false: "own key"}[key == ""],
			func(t *testing.T) {
				for _, name := range s.Environment {
					t.Setenv(name, leak(name))
				}
				srv := serve(t, s.answering(t, Answer{Text: "hi", Usage: s.Dialect.Usage}))
				model := s.Open(t, Options{URL: srv.URL, Key: key, Model: serverModel})
				for _, how := range []mode{whole, streamed} {
					if _, err := ask(within(t), model, how, hello()); err != nil {
						t.Errorf("%s: %v", how, err)
					}
				}
				s.wantNoLeak(t, srv, key)
			})
	}
}

// leak is a value that is well-formed for its variable.
func leak(name string) string {
	switch {
	case strings.Contains(name, "URL") || strings.Contains(name, "HOST"):
		return "http://leaked.invalid/"
	case strings.Contains(name, "HEADERS"):
		return "X-Leaked: leaked"
	}
	return "leaked"
}

func (s suite) wantNoLeak(t *testing.T, srv *server, key string) {
	t.Helper()
	if got := len(srv.got()); got != 2 {
		t.Errorf("the server got %d requests, want 2", got)
	}
	for _, r := range srv.got() {
		wire := fmt.Sprint(r.URL, r.Header, string(r.body))
		if strings.Contains(strings.ToLower(wire), "leaked") {
			t.Errorf("a value of the environment is on the wire: %s", wire)
		}
		if sent, _ := s.Dialect.Sent(r.Request, r.body); sent.Key != key {
			t.Errorf("key on the wire = %q, want %q", sent.Key, key)
		}
	}
}

func (s suite) answers(t *testing.T, how mode) {
	t.Helper()
	srv := serve(t, s.answering(t, Answer{Model: "model-1-2026", Text: "Four words, one answer: é.", Usage: s.Dialect.Usage}))
	got, err := ask(within(t), s.open(t, srv.URL), how, hello())
	if err != nil {
		t.Fatal(err)
	}
	want := llm.Response{
		Text: "Four words, one answer: é.", Stop: llm.StopDone, Usage: s.Dialect.Usage,
		Provider: s.Name, Model: "model-1-2026", RequestID: serverRequestID,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
}

// onlySent returns the one request that the server got.
func (s suite) onlySent(t *testing.T, srv *server) Sent {
	t.Helper()
	got := srv.got()
	if len(got) != 1 {
		t.Fatalf("the server got %d requests, want 1", len(got))
	}
	sent, err := s.Dialect.Sent(got[0].Request, got[0].body)
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

// sendsSchema looks for every property and bound on the wire, as a keyword or in
// words: libraries were seen to drop the schema silently.
func (s suite) sendsSchema(t *testing.T, how mode) {
	t.Helper()
	schema := llm.MustSchema("outline", `{"type":"object","additionalProperties":false,"required":["title","steps"],
		"properties":{"title":{"type":"string","maxLength":43},"steps":{"type":"array","maxItems":47,
		"items":{"type":"object","additionalProperties":false,"required":["kind"],
		"properties":{"kind":{"type":"string","enum":["load","draw"]}}}}}}`)
	srv := serve(t, s.answering(t, Answer{Text: `{"title":"t","steps":[]}`, Usage: s.Dialect.Usage}))
	r := hello()
	r.Schema = schema
	if _, err := ask(within(t), s.open(t, srv.URL), how, r); err != nil {
		t.Fatal(err)
	}
	sent := s.onlySent(t, srv).Schema
	if !json.Valid(sent) {
		t.Fatalf("the schema on the wire is %q, want JSON", sent)
	}
	for _, word := range []string{`"title"`, `"steps"`, `"kind"`, `"load"`, `"draw"`, "43", "47", `"required"`} {
		if !strings.Contains(string(sent), word) {
			t.Errorf("the schema on the wire has no %s: %s", word, sent)
		}
	}
}

func (s suite) unknownUsage(t *testing.T, how mode) {
	t.Helper()
	srv := serve(t, s.answering(t, Answer{Text: "hi there"}))
	got, err := ask(within(t), s.open(t, srv.URL), how, hello())
	if err != nil {
		t.Fatal(err)
	}
	if got.Usage.Known {
		t.Errorf("usage = %+v, want it unknown", got.Usage)
	}
}

func (s suite) sideBySide(t *testing.T, how mode) {
	t.Helper()
	srv := serve(t, s.answering(t, Answer{Text: "one of many", Usage: s.Dialect.Usage}))
	model := s.open(t, srv.URL)
	ctx := within(t)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if got, err := ask(ctx, model, how, hello()); err != nil || got.Text != "one of many" {
				t.Errorf("answer = %q, %v", got.Text, err)
			}
		})
	}
	wg.Wait()
}

// streamsInOrder checks that a stream is its text in pieces, and then the whole.
func (s suite) streamsInOrder(t *testing.T) {
	t.Parallel()
	const text = "Several words make several pieces."
	srv := serve(t, s.answering(t, Answer{Text: text, Usage: s.Dialect.Usage}))
	var said strings.Builder
	var pieces, done int
	for delta, err := range s.open(t, srv.URL).Stream(within(t), hello()) {
		if err != nil {
			t.Fatal(err)
		}
		if done > 0 {
			t.Errorf("a delta after the last one: %+v", delta)
		}
		said.WriteString(delta.Text)
		if delta.Text != "" {
			pieces++
		}
		if delta.Done != nil {
			done++
			if delta.Done.Text != text {
				t.Errorf("the whole = %q, want %q", delta.Done.Text, text)
			}
		}
	}
	if said.String() != text || pieces < 2 || done != 1 {
		t.Errorf("said %q in %d pieces and %d ends, want %q in several and one", said.String(), pieces, done, text)
	}
}
