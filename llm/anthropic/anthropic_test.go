package anthropic_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/anthropic"
)

// answering returns a server that answers everything with one body, and what it
// was asked.
func answering(tb testing.TB, status int, body string) (url string, asked chan []byte) {
	tb.Helper()
	asked = make(chan []byte, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			tb.Error(err)
		}
		asked <- data
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(body, "event:") {
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		}
		w.Header().Set("Request-Id", "req_011")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	tb.Cleanup(srv.Close)
	return srv.URL, asked
}

func recorded(tb testing.TB, name string) string {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

func hello() llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: "hello"}}}
}

// at returns a model at a server.
func at(tb testing.TB, url string) *anthropic.Model {
	tb.Helper()
	return open(tb, anthropic.Config{Name: "p", Model: "m", BaseURL: url})
}

func stream(tb testing.TB, m llm.Model, r llm.Request) (text string, done *llm.Response, err error) {
	tb.Helper()
	for delta, err := range m.Stream(tb.Context(), r) {
		if err != nil {
			return text, nil, err
		}
		text, done = text+delta.Text, delta.Done
	}
	return text, done, nil
}

// turn is what testdata/turn.json and turn.sse say.
func turn() llm.Response {
	return llm.Response{
		Text: "I look at both tables <now>: café.",
		Calls: []llm.ToolCall{
			{ID: "toolu_01A09q90qw90lq917835lq9", Name: "table_query", Args: json.RawMessage(`{"sql": "select 1 < 2"}`)},
			{ID: "toolu_01B4qq2XbM3dkzP6Yxw0", Name: "now", Args: json.RawMessage(`{}`)},
		},
		Stop:     llm.StopTools,
		Usage:    llm.Usage{UncachedIn: 61, CacheRead: 1840, CacheWrite: 212, Out: 148, Reasoning: 33, Known: true},
		Provider: "p", Model: "claude-sonnet-5-20260312", RequestID: "req_011",
	}
}

func TestModel_readsATurnWithThoughtsTextAndTools(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, recorded(t, "turn.json"))
	got, err := at(t, url).Generate(t.Context(), hello())
	if diff := cmp.Diff(turn(), got); err != nil || diff != "" {
		t.Errorf("Generate: %v (-want +got):\n%s", err, diff)
	}
	url, _ = answering(t, 200, recorded(t, "turn.sse"))
	text, done, err := stream(t, at(t, url), hello())
	if err != nil || done == nil {
		t.Fatalf("Stream = %v, %v", done, err)
	}
	if diff := cmp.Diff(turn(), *done); diff != "" || text != done.Text {
		t.Errorf("Stream said %q (-want +got):\n%s", text, diff)
	}
}

// TestStream_cutAnywhereIsNoAnswer: what was counted before the cut is kept, and
// is known to be all only once the answer has said how it ended.
func TestStream_cutAnywhereIsNoAnswer(t *testing.T) {
	t.Parallel()
	whole := recorded(t, "turn.sse")
	ended := strings.Index(whole, "event: message_stop")
	started := strings.Index(whole, "event: content_block_start")
	for cut := 0; cut < ended; cut += 97 {
		url, _ := answering(t, 200, whole[:cut])
		_, _, err := stream(t, at(t, url), hello())
		e := llm.AsAPIError(err)
		if e == nil || e.Kind != llm.KindBroken || e.Usage.Known {
			t.Errorf("cut at %d: error = %v with usage %+v, want a broken answer of unknown usage", cut, err, e.Usage)
		}
		if cut >= started && (e.Usage.CacheRead != 1840 || e.Usage.CacheWrite != 212) {
			t.Errorf("cut at %d: usage = %+v, want the input's counts kept", cut, e.Usage)
		}
	}
	url, _ := answering(t, 200, whole[:ended]+"event: error\ndata: "+string(failure("api_error", "Internal server error"))+"\n\n")
	_, _, err := stream(t, at(t, url), hello())
	if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindUnavailable || e.Usage != turn().Usage {
		t.Errorf("error = %v, want one with the whole usage", err)
	}
}

func TestStream_failsWhenTheProviderGetsOverloaded(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, recorded(t, "overloaded.sse"))
	text, done, err := stream(t, at(t, url), hello())
	e := llm.AsAPIError(err)
	if text != "so " || done != nil || e == nil || e.Kind != llm.KindUnavailable || e.Message != "Overloaded" {
		t.Fatalf("stream = %q, %+v, %v, want the text, then an overloaded provider", text, done, err)
	}
	if want := (llm.Usage{UncachedIn: 25, CacheRead: 7, Out: 1}); e.Usage != want || e.RequestID != "req_011" {
		t.Errorf("error = %+v, want usage %+v and the request id", e, want)
	}
}

func TestStream_classesTheErrorsOfAStream(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]llm.Kind{
		"overloaded_error": llm.KindUnavailable, "api_error": llm.KindUnavailable, "timeout_error": llm.KindUnavailable,
		"rate_limit_error": llm.KindRateLimited, "invalid_request_error": llm.KindInvalid, "billing_error": llm.KindQuota,
		"authentication_error": llm.KindAuth, "permission_error": llm.KindAuth, "not_found_error": llm.KindNotFound,
		"request_too_large": llm.KindTooLong, "eagerness_error": llm.KindBroken,
	} {
		url, _ := answering(t, 200, "event: error\ndata: "+string(failure(kind, "no"))+"\n\n")
		_, _, err := stream(t, at(t, url), hello())
		if e := llm.AsAPIError(err); e == nil || e.Kind != want || e.Message != "no" || e.Usage.Known {
			t.Errorf("%s: error = %v, want kind %s and unknown usage", kind, err, want)
		}
	}
	url, _ := answering(t, 200, "event: error\ndata: out of order\n\n")
	_, _, err := stream(t, at(t, url), hello())
	if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindBroken || e.Message != "out of order" {
		t.Errorf("error = %v, want a broken answer in the server's words", err)
	}
}

func TestGenerate_readsTheErrorObject(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status  int
		kind    string
		message string
		want    llm.Kind
	}{
		"no money":          {400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.", llm.KindQuota},
		"no money, said so": {402, "billing_error", "payment needed", llm.KindQuota},
		"limit reached":     {400, "invalid_request_error", "You have reached your specified API usage limits. You will regain access on 2026-12-01.", llm.KindQuota},
		"too long":          {400, "invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum", llm.KindTooLong},
		"too long together": {400, "invalid_request_error", "input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000", llm.KindTooLong},
		"too many bytes":    {413, "request_too_large", "Request exceeds the maximum size", llm.KindTooLong},
		"filtered":          {400, "invalid_request_error", "Output blocked by content filtering policy", llm.KindRefused},
		"otherwise invalid": {400, "invalid_request_error", "max_tokens: 128001 > 128000, which is the maximum", llm.KindInvalid},
		"grammar too large": {400, "invalid_request_error", "The compiled grammar is too large", llm.KindInvalid},
		"no such model":     {404, "not_found_error", "model: claude-9", llm.KindNotFound},
		"no permission":     {403, "permission_error", "not for this key", llm.KindAuth},
		"too fast":          {429, "rate_limit_error", "This request would exceed your rate limit", llm.KindRateLimited},
		"overloaded":        {529, "overloaded_error", "Overloaded", llm.KindUnavailable},
		"in a good answer":  {200, "overloaded_error", "Overloaded", llm.KindUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, _ := answering(t, c.status, string(failure(c.kind, c.message)))
			_, err := at(t, url).Generate(t.Context(), hello())
			if e := llm.AsAPIError(err); e == nil || e.Kind != c.want || e.Message != c.message || e.RequestID != "req_011" {
				t.Errorf("error = %v, want kind %s, the provider's words and the request id", err, c.want)
			}
		})
	}
}

func TestGenerate_saysHowAnAnswerEnded(t *testing.T) {
	t.Parallel()
	const text, call = `{"type":"text","text":"fine"}`, `{"type":"tool_use","id":"t","name":"look","input":{"at":1}}`
	for name, c := range map[string]struct {
		stop, content string
		want          llm.Kind // empty: an answer
	}{
		"done":              {"end_turn", text, ""},
		"at a sequence":     {"stop_sequence", text, ""},
		"tools":             {"tool_use", call, ""},
		"tools, unsaid":     {"end_turn", text + "," + call, ""},
		"tools, missing":    {"tool_use", text, llm.KindBroken},
		"cut off":           {"max_tokens", text, llm.KindTruncated},
		"cut off in a call": {"max_tokens", call, llm.KindTruncated},
		"context full":      {"model_context_window_exceeded", text, llm.KindTruncated},
		"refused":           {"refusal", text, llm.KindRefused},
		"paused":            {"pause_turn", `{"type":"server_tool_use","id":"s","name":"web_search","input":{}}`, llm.KindBroken},
		"paused, with text": {"pause_turn", text, llm.KindBroken},
		"only thoughts":     {"end_turn", `{"type":"thinking","thinking":"hm","signature":"c2ln"}`, llm.KindBroken},
		"not said":          {"", text, llm.KindBroken},
		"unknown":           {"compaction", text, llm.KindBroken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, _ := answering(t, 200, `{"type":"message","content":[`+c.content+`],"stop_reason":"`+c.stop+
				`","usage":{"input_tokens":5,"output_tokens":2}}`)
			got, err := at(t, url).Generate(t.Context(), hello())
			e := llm.AsAPIError(err)
			switch {
			case c.want == "" && (err != nil || got.Stop == llm.StopTools != strings.Contains(c.content, "tool_use")):
				t.Errorf("Generate = %+v, %v, want an answer", got, err)
			case c.want != "" && (e == nil || e.Kind != c.want || e.Usage != (llm.Usage{UncachedIn: 5, Out: 2, Known: true})):
				t.Errorf("error = %v, want kind %s with what it used", err, c.want)
			}
		})
	}
}

func TestGenerate_saysWhyAnAnswerWasRefused(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, recorded(t, "refusal.json"))
	_, err := at(t, url).Generate(t.Context(), hello())
	e := llm.AsAPIError(err)
	if e == nil || e.Kind != llm.KindRefused || e.Message != "This request may help to make something dangerous." {
		t.Errorf("error = %v, want a refusal in the provider's words", err)
	}
}

func TestGenerate_readsUsageThatIsOdd(t *testing.T) {
	t.Parallel()
	for usage, want := range map[string]llm.Usage{
		`{"input_tokens":10,"output_tokens":-2}`:                                                         {UncachedIn: 10, Known: true},
		`{"input_tokens":-10,"output_tokens":2}`:                                                         {Out: 2},
		`{"input_tokens":0,"cache_read_input_tokens":9,"output_tokens":2}`:                               {CacheRead: 9, Out: 2, Known: true},
		`{"input_tokens":1,"output_tokens":2,"output_tokens_details":{"thinking_tokens":7}}`:             {UncachedIn: 1, Out: 2, Reasoning: 2, Known: true},
		`{"input_tokens":1,"output_tokens":2,"cache_creation":{"ephemeral_5m_input_tokens":3}}`:          {UncachedIn: 1, Out: 2, Known: true},
		`{"input_tokens":0,"output_tokens":0}`:                                                           {},
		`{"input_tokens":10,"output_tokens":2,"cache_read_input_tokens":null,"service_tier":"priority"}`: {UncachedIn: 10, Out: 2, Known: true},
		`null`: {},
	} {
		url, _ := answering(t, 200, `{"content":[{"type":"text","text":"fine"}],"stop_reason":"end_turn","usage":`+usage+`}`)
		got, err := at(t, url).Generate(t.Context(), hello())
		if diff := cmp.Diff(want, got.Usage); err != nil || diff != "" || got.Model != "m" {
			t.Errorf("usage %s: %v (-want +got):\n%s", usage, err, diff)
		}
	}
}

// TestStream_readsWhatOtherServersSay: some say of the usage only the output at
// the end, some send a call's arguments at once.
func TestStream_readsWhatOtherServersSay(t *testing.T) {
	t.Parallel()
	s := &frames{}
	s.add(map[string]any{"type": "message_start", "message": map[string]any{"model": "x", "usage": map[string]any{
		"input_tokens": 8, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 3, "output_tokens": 1,
	}}})
	s.block(map[string]any{"type": "text", "text": "so "}, map[string]any{"type": "text_delta", "text": "far"})
	s.block(map[string]any{"type": "tool_use", "id": "", "name": "look", "input": map[string]any{"at": "sky"}})
	s.add(map[string]any{"type": "message_delta", "delta": map[string]any{}, "usage": map[string]any{"output_tokens": 4}})
	s.add(map[string]any{
		"type": "message_delta", "delta": map[string]any{"stop_reason": "tool_use"}, "usage": map[string]any{"output_tokens": 9},
	})
	url, _ := answering(t, 200, string(bytes.Join(s.list, nil)))
	text, done, err := stream(t, at(t, url), hello())
	if err != nil {
		t.Fatal(err)
	}
	want := llm.Response{
		Text: "so far", Calls: []llm.ToolCall{{ID: "call_1", Name: "look", Args: json.RawMessage(`{"at":"sky"}`)}},
		Stop: llm.StopTools, Usage: llm.Usage{UncachedIn: 8, CacheRead: 5, CacheWrite: 3, Out: 9, Known: true},
		Provider: "p", Model: "x", RequestID: "req_011",
	}
	if diff := cmp.Diff(want, *done); diff != "" || text != "so far" {
		t.Errorf("said %q (-want +got):\n%s", text, diff)
	}
}

func TestStream_boundsTheNumberOfCalls(t *testing.T) {
	t.Parallel()
	s := &frames{}
	for range 1000 {
		s.block(map[string]any{"type": "tool_use", "id": "t", "name": "look", "input": map[string]any{}})
	}
	url, _ := answering(t, 200, string(bytes.Join(s.list, nil)))
	_, _, err := stream(t, at(t, url), hello())
	if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindBroken || !strings.Contains(e.Message, "tools") {
		t.Errorf("error = %v, want one about too many tools", err)
	}
}

// TestGenerate_streamsWhatMayTakeLong: the library refuses to wait for as many
// tokens in one piece.
func TestGenerate_streamsWhatMayTakeLong(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int]bool{0: false, 21_333: false, 21_334: true, 128_000: true} {
		body := recorded(t, "turn.json")
		if want {
			body = recorded(t, "turn.sse")
		}
		url, asked := answering(t, 200, body)
		r := hello()
		r.MaxOutput = limit
		got, err := at(t, url).Generate(t.Context(), r)
		if diff := cmp.Diff(turn(), got); err != nil || diff != "" {
			t.Errorf("%d tokens: %v (-want +got):\n%s", limit, err, diff)
		}
		var sent wireRequest
		if err := json.Unmarshal(<-asked, &sent); err != nil {
			t.Fatal(err)
		}
		if limit == 0 {
			limit = anthropic.DefaultMaxOutput
		}
		if sent.Stream != want || sent.MaxTokens != limit {
			t.Errorf("%d tokens: on the wire %d, streamed %v, want %v", limit, sent.MaxTokens, sent.Stream, want)
		}
	}
	url, _ := answering(t, 200, recorded(t, "overloaded.sse"))
	r := hello()
	r.MaxOutput = 64_000
	_, err := at(t, url).Generate(t.Context(), r)
	if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindUnavailable || e.Usage.CacheRead != 7 {
		t.Errorf("error = %v, want the stream's, with its usage", err)
	}
}

func TestNew_refusesAConfigurationThatCannotWork(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]anthropic.Config{
		"no name":         {Model: "m"},
		"no model":        {Name: "p"},
		"no scheme":       {Name: "p", Model: "m", BaseURL: "localhost:8080"},
		"another scheme":  {Name: "p", Model: "m", BaseURL: "ftp://example.com"},
		"no host":         {Name: "p", Model: "m", BaseURL: "http:///v1"},
		"a query":         {Name: "p", Model: "m", BaseURL: "http://example.com/?a=b"},
		"negative output": {Name: "p", Model: "m", MaxOutput: -1},
	} {
		if _, err := anthropic.New(cfg); err == nil {
			t.Errorf("%s: New = nil, want an error", name)
		}
	}
	if _, err := anthropic.New(anthropic.Config{Name: "p", Model: "m"}); err != nil {
		t.Errorf("New without a base URL: %v", err)
	}
}

func TestNew_takesTheBaseURLInEveryForm(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"": "/v1/messages", "/": "/v1/messages", "/v1": "/v1/messages", "/v1/": "/v1/messages",
		"/gateway/anthropic": "/gateway/anthropic/v1/messages", "/gateway/v1/": "/gateway/v1/messages",
	} {
		var got string
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r.URL.Path
			_, _ = io.WriteString(w, recorded(t, "turn.json"))
		}))
		_, err := at(t, srv.URL+base).Generate(t.Context(), hello())
		srv.Close()
		if err != nil || got != want {
			t.Errorf("base %q: asked %q, %v, want %q", base, got, err, want)
		}
	}
}
