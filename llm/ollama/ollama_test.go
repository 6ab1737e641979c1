package ollama_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/ollama"
)

// answering is a server that answers everything with a file of testdata, and
// hands over what it was asked, with its body read.
func answering(tb testing.TB, status int, file string) (url string, asked <-chan *http.Request) {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		tb.Fatal(err)
	}
	return serving(tb, status, data)
}

func serving(tb testing.TB, status int, data []byte) (url string, asked <-chan *http.Request) {
	tb.Helper()
	requests := make(chan *http.Request, 64)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		requests <- r
		w.WriteHeader(status)
		_, _ = w.Write(data)
	}))
	tb.Cleanup(srv.Close)
	return srv.URL, requests
}

func hello() llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: "hello"}}}
}

// stream returns the last thing that a stream yields, and all its text.
func stream(tb testing.TB, m llm.Model, r llm.Request) (text string, done *llm.Response, err error) {
	tb.Helper()
	for delta, fault := range m.Stream(tb.Context(), r) {
		text += delta.Text
		done, err = delta.Done, fault
	}
	return text, done, err
}

func TestModel_readsAnAnswerWithoutItsThoughts(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, "chat.json")
	got, err := open(t, ollama.Config{Name: "local", Model: "qwen3", BaseURL: url}).Generate(t.Context(), hello())
	if err != nil {
		t.Fatal(err)
	}
	want := llm.Response{
		Text: "Sales rose by 4%.", Stop: llm.StopDone, Provider: "local", Model: "qwen3:8b",
		Usage: llm.Usage{UncachedIn: 326, Out: 58, Known: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
}

// TestModel_readsCallsAsTheyAre: a number of 19 digits is no floating-point number.
func TestModel_readsCallsAsTheyAre(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, "calls.json")
	got, err := open(t, ollama.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
	if err != nil {
		t.Fatal(err)
	}
	want := []llm.ToolCall{
		{ID: "call_1", Name: "table_query", Args: json.RawMessage(`{"sql":"select 1","channel":1234567890123456789}`)},
		{ID: "call_2", Name: "now", Args: json.RawMessage(`{}`)},
	}
	if diff := cmp.Diff(want, got.Calls); diff != "" || got.Stop != llm.StopTools {
		t.Errorf("stop = %s, calls (-want +got):\n%s", got.Stop, diff)
	}
}

func TestModel_streamsTextAndCalls(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, "stream_calls.ndjson")
	text, done, err := stream(t, open(t, ollama.Config{Name: "p", Model: "m", BaseURL: url}), hello())
	if err != nil {
		t.Fatal(err)
	}
	want := &llm.Response{
		Text: "I look now.", Stop: llm.StopTools, Provider: "p", Model: "qwen3:8b",
		Usage: llm.Usage{UncachedIn: 411, Out: 37, Known: true},
		Calls: []llm.ToolCall{{ID: "call_k2j8s0qp", Name: "table_query", Args: json.RawMessage(`{"sql":"select 1"}`)}},
	}
	if diff := cmp.Diff(want, done); diff != "" || text != want.Text {
		t.Errorf("streamed %q, response (-want +got):\n%s", text, diff)
	}
}

func TestModel_tellsFailuresApart(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]struct {
		status int
		kind   llm.Kind
		words  string
	}{
		"error_too_long.json": {400, llm.KindTooLong, "the input length exceeds the context length"},
		"error_model.json":    {404, llm.KindNotFound, "model 'qwen9' not found"},
		"error_tools.json":    {400, llm.KindInvalid, "registry.ollama.ai/library/gemma:2b does not support tools"},
		"error_busy.json":     {503, llm.KindUnavailable, "server busy, please try again. maximum pending requests exceeded"},
		"error_left.json":     {499, llm.KindUnavailable, "request canceled"},
		"error_signin.json":   {401, llm.KindAuth, "unauthorized"},
	} {
		url, asked := answering(t, want.status, file)
		m := open(t, ollama.Config{Name: "p", Model: "m", BaseURL: url})
		_, whole := m.Generate(t.Context(), hello())
		_, _, parts := stream(t, m, hello())
		for how, err := range map[string]error{"whole": whole, "stream": parts} {
			e := llm.AsAPIError(err)
			if e == nil || e.Kind != want.kind || e.Status != want.status || e.Message != want.words || e.Usage != (llm.Usage{Known: true}) {
				t.Errorf("%s, %s: error = %+v, want %+v and nothing used", file, how, e, want)
			}
		}
		if got := len(asked); got != 2 {
			t.Errorf("%s: the server got %d requests, want one each", file, got)
		}
	}
}

func TestModel_failsWhenTheServerSaysSoHalfway(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, "stream_error.ndjson")
	text, _, err := stream(t, open(t, ollama.Config{Name: "p", Model: "m", BaseURL: url}), hello())
	e := llm.AsAPIError(err)
	if e == nil || e.Kind != llm.KindBroken || e.Usage.Known || text != "Sales " ||
		e.Message != "an error was encountered while running the model: unexpected EOF" {
		t.Errorf("streamed %q, error = %+v, want the server's words and unknown usage", text, e)
	}
	url, _ = answering(t, 200, "error_too_long.json") // some proxies lose the status
	_, err = open(t, ollama.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
	if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindTooLong {
		t.Errorf("error = %v, want one about the length", err)
	}
}

func TestModel_takesNoUnknownEndForDone(t *testing.T) {
	t.Parallel()
	for end, want := range map[string]llm.Kind{
		`"done":true,"done_reason":"stop"`:   "",
		`"done":true,"done_reason":"length"`: llm.KindTruncated,
		`"done":true,"done_reason":""`:       llm.KindBroken, // hung up on
		`"done":true`:                        llm.KindBroken,
		`"done":false,"done_reason":"stop"`:  llm.KindBroken,
		`"done":true,"done_reason":"load"`:   llm.KindBroken,
		`"done":true,"done_reason":"new"`:    llm.KindBroken,
	} {
		url, _ := serving(t, 200, []byte(`{"message":{"content":"all is well"},`+end+`}`))
		_, err := open(t, ollama.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
		var got llm.Kind
		if e := llm.AsAPIError(err); e != nil {
			got = e.Kind
		}
		if got != want {
			t.Errorf("%s: kind = %q, want %q", end, got, want)
		}
	}
}

// TestModel_doesNotTakeAMissingCountForNothing: the server leaves the count of a
// prompt out when it is zero, and when it did not count.
func TestModel_doesNotTakeAMissingCountForNothing(t *testing.T) {
	t.Parallel()
	for counts, want := range map[string]llm.Usage{
		`"prompt_eval_count":5,"eval_count":7`:    {UncachedIn: 5, Out: 7, Known: true},
		`"eval_count":7`:                          {Out: 7},
		`"prompt_eval_count":-5,"eval_count":-7`:  {},
		`"prompt_eval_count":5,"eval_count":null`: {UncachedIn: 5, Known: true},
	} {
		url, _ := serving(t, 200, []byte(`{"message":{"content":"x"},"done":true,"done_reason":"stop",`+counts+`}`))
		got, err := open(t, ollama.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
		if err != nil || got.Usage != want {
			t.Errorf("%s: usage = %+v, %v, want %+v", counts, got.Usage, err, want)
		}
	}
}

func TestModel_boundsWhatItTakes(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"calls": fmt.Sprintf(`{"message":{"tool_calls":[%s{"function":{"name":"t"}}]}}`, strings.Repeat(`{"function":{"name":"t"}},`, 200)),
		"text":  `{"message":{"content":"` + strings.Repeat("x", 5<<20) + `"}}`,
		"line":  strings.Repeat(" ", 9<<20) + `{}`,
	} {
		url, _ := serving(t, 200, []byte(line))
		_, _, err := stream(t, open(t, ollama.Config{Name: "p", Model: "m", BaseURL: url}), hello())
		if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindBroken || len(e.Error()) > 1_000 {
			t.Errorf("%s: error = %.300v, want a short one about a broken answer", name, err)
		}
	}
}

func TestNew_refusesAConfigurationThatCannotWork(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]ollama.Config{
		"no name":        {Model: "m"},
		"no model":       {Name: "p"},
		"no scheme":      {Name: "p", Model: "m", BaseURL: "localhost:11434"},
		"another scheme": {Name: "p", Model: "m", BaseURL: "ftp://example.com"},
		"no host":        {Name: "p", Model: "m", BaseURL: "http:///"},
		"a query":        {Name: "p", Model: "m", BaseURL: "http://example.com/?x=y"},
		"think":          {Name: "p", Model: "m", Think: "hard"},
	} {
		if _, err := ollama.New(cfg); err == nil {
			t.Errorf("%s: New = nil, want an error", name)
		}
	}
	if _, err := ollama.New(ollama.Config{Name: "p", Model: "m"}); err != nil {
		t.Errorf("New without a base URL: %v", err)
	}
}
