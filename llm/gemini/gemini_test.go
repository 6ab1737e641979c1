package gemini_test

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
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/gemini"
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
	requests := make(chan *http.Request, 16)
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

func TestModel_readsAnAnswerAsTheAPISendsIt(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, "text.json")
	got, err := open(t, gemini.Config{Name: "google", Model: "gemini-3-pro-preview", BaseURL: url}).Generate(t.Context(), hello())
	if err != nil {
		t.Fatal(err)
	}
	want := llm.Response{
		Text: "Sales rose by 4%.", Stop: llm.StopDone, Provider: "google",
		Model: "gemini-3-pro-preview-11-2025", RequestID: "Q1gjacD1H5yQ1MkP0qzV2Aw",
		Usage: llm.Usage{UncachedIn: 180, CacheRead: 1024, Out: 47, Reasoning: 38, Known: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
}

const signature = "gemini gemini-3-pro-preview CtQBAdHtim9x4TfQ2o0yfXo1R4Jm0e6i9WcV8a3bT1k="

func TestModel_keepsTheSignaturesOfCalls(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, "calls.json")
	got, err := open(t, gemini.Config{Name: "p", Model: "gemini-3-pro-preview", BaseURL: url}).Generate(t.Context(), hello())
	if err != nil {
		t.Fatal(err)
	}
	want := []llm.ToolCall{
		{
			ID: "call_aFgjaZ3bKJ2Q1MkPn5yX4Qk_1", Name: "table_query", Signature: signature,
			Args: json.RawMessage(`{"limit":20,"sql":"select sum(x) from t where region = 'North' and x < 7"}`),
		},
		{
			ID: "call_aFgjaZ3bKJ2Q1MkPn5yX4Qk_2", Name: "table_query",
			Args: json.RawMessage(`{"sql":"select sum(x) from t where region = 'South'"}`),
		},
	}
	if diff := cmp.Diff(want, got.Calls); diff != "" || got.Stop != llm.StopTools || got.Text != "I look at both regions." {
		t.Errorf("stop = %s, text = %q, calls (-want +got):\n%s", got.Stop, got.Text, diff)
	}
}

func TestModel_streamsTextAndCallsWithoutThoughts(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, "stream_calls.sse")
	text, done, err := stream(t, open(t, gemini.Config{Name: "p", Model: "gemini-3-pro-preview", BaseURL: url}), hello())
	if err != nil {
		t.Fatal(err)
	}
	want := &llm.Response{
		Text: "I look at the table.", Stop: llm.StopTools, Provider: "p",
		Model: "gemini-3-pro-preview-11-2025", RequestID: "bVgjaYq1",
		Usage: llm.Usage{UncachedIn: 310, Out: 161, Reasoning: 128, Known: true},
		Calls: []llm.ToolCall{{ID: "call_bVgjaYq1_1", Name: "table_query", Args: json.RawMessage(`{"sql":"select 1"}`), Signature: signature}},
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
		wait   time.Duration
	}{
		"error_key.json":        {400, llm.KindAuth, 0},
		"error_too_long.json":   {400, llm.KindTooLong, 0},
		"error_invalid.json":    {400, llm.KindInvalid, 0},
		"error_billing.json":    {400, llm.KindQuota, 0},
		"error_model.json":      {404, llm.KindNotFound, 0},
		"error_minute.json":     {429, llm.KindRateLimited, 33500 * time.Millisecond},
		"error_day.json":        {429, llm.KindQuota, 18 * time.Second},
		"error_spent.json":      {429, llm.KindQuota, 0},
		"error_overloaded.json": {503, llm.KindUnavailable, 0},
	} {
		url, asked := answering(t, want.status, file)
		m := open(t, gemini.Config{Name: "p", Model: "m", BaseURL: url, APIKey: "k"})
		_, whole := m.Generate(t.Context(), hello())
		_, _, parts := stream(t, m, hello())
		for how, err := range map[string]error{"whole": whole, "stream": parts} {
			e := llm.AsAPIError(err)
			if e == nil || e.Kind != want.kind || e.RetryAfter != want.wait || e.Status != want.status ||
				e.Message == "" || strings.Contains(e.Message, "{") || e.Usage != (llm.Usage{Known: true}) {
				t.Errorf("%s, %s: error = %+v, want %+v, words and nothing used", file, how, e, want)
			}
		}
		if got := len(asked); got != 2 {
			t.Errorf("%s: the server got %d requests, want one each", file, got)
		}
	}
}

// TestModel_takesTheLongerWait: an absurd one in the body is bounded as one in the
// header is.
func TestModel_takesTheLongerWait(t *testing.T) {
	t.Parallel()
	for delay, want := range map[string]time.Duration{
		"3s": 7 * time.Second, "12.25s": 12250 * time.Millisecond, "1e30s": 24 * time.Hour, "-9s": 7 * time.Second, "soon": 7 * time.Second,
	} {
		body := `{"error":{"code":503,"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"` + delay + `"}]}}`
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, body)
		}))
		defer srv.Close()
		_, err := open(t, gemini.Config{Name: "p", Model: "m", BaseURL: srv.URL}).Generate(t.Context(), hello())
		if e := llm.AsAPIError(err); e == nil || e.RetryAfter != want || e.Kind != llm.KindRateLimited {
			t.Errorf("%s: error = %+v, want a wait of %s", delay, e, want)
		}
	}
}

func TestModel_failsWhenAStreamEndsInAnError(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, "stream_error.sse")
	text, _, err := stream(t, open(t, gemini.Config{Name: "p", Model: "m", BaseURL: url}), hello())
	want := &llm.APIError{
		Provider: "p", Model: "m", Kind: llm.KindRateLimited, Status: 200, RetryAfter: 2500 * time.Millisecond,
		Message: "The model is overloaded. Please try again later.",
		Usage:   llm.Usage{UncachedIn: 310, Out: 2},
	}
	if diff := cmp.Diff(want, llm.AsAPIError(err)); diff != "" || text != "Sales " {
		t.Errorf("streamed %q, error (-want +got):\n%s", text, diff)
	}
}

func TestModel_failsWhenThePromptIsRefused(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, "blocked.json")
	_, err := open(t, gemini.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
	want := &llm.APIError{
		Provider: "p", Model: "m", Kind: llm.KindRefused, Status: 200, RequestID: "d1gjaYvUBPmc",
		Message: "the prompt was refused: PROHIBITED_CONTENT", Usage: llm.Usage{UncachedIn: 54, Known: true},
	}
	if diff := cmp.Diff(want, llm.AsAPIError(err)); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

func TestModel_takesNoUnknownEndForDone(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]llm.Kind{
		"STOP": "", "MAX_TOKENS": llm.KindTruncated,
		"SAFETY": llm.KindRefused, "RECITATION": llm.KindRefused, "BLOCKLIST": llm.KindRefused, "LANGUAGE": llm.KindRefused,
		"PROHIBITED_CONTENT": llm.KindRefused, "SPII": llm.KindRefused, "IMAGE_SAFETY": llm.KindRefused,
		"MALFORMED_FUNCTION_CALL": llm.KindBroken, "UNEXPECTED_TOOL_CALL": llm.KindBroken, "TOO_MANY_TOOL_CALLS": llm.KindBroken,
		"OTHER": llm.KindBroken, "CONTINUATION": llm.KindBroken, "FINISH_REASON_UNSPECIFIED": llm.KindBroken, "": llm.KindBroken,
		"NEW_IN_2027": llm.KindBroken,
	} {
		url, asked := serving(t, 200, fmt.Appendf(nil,
			`{"candidates":[{"content":{"parts":[{"text":"all is well"}]},"finishReason":%q,"continuationToken":"AAAA"}],"usageMetadata":{"promptTokenCount":3}}`, reason))
		_, err := open(t, gemini.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
		var got llm.Kind
		if e := llm.AsAPIError(err); e != nil {
			got = e.Kind
		}
		if got != want {
			t.Errorf("%q: kind = %q, want %q", reason, got, want)
		}
		if len(asked) != 1 {
			t.Errorf("%q: the server got %d requests, want 1: who asks again pays again", reason, len(asked))
		}
	}
}

func TestModel_readsCountsSoThatTheyAreNeverTooCheap(t *testing.T) {
	t.Parallel()
	for counts, want := range map[string]llm.Usage{
		`{"promptTokenCount":100,"cachedContentTokenCount":40,"candidatesTokenCount":7,"thoughtsTokenCount":5,"toolUsePromptTokenCount":3,"totalTokenCount":115}`: {UncachedIn: 63, CacheRead: 40, Out: 12, Reasoning: 5, Known: true},
		// The total has what its parts left out.
		`{"promptTokenCount":100,"candidatesTokenCount":7,"totalTokenCount":150}`:                            {UncachedIn: 100, Out: 50, Known: true},
		`{"promptTokenCount":10,"cachedContentTokenCount":40,"candidatesTokenCount":-7,"totalTokenCount":0}`: {CacheRead: 40, Known: true},
		`{"candidatesTokenCount":7}`: {Out: 7},
	} {
		url, _ := serving(t, 200, []byte(`{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}],"usageMetadata":`+counts+`}`))
		got, err := open(t, gemini.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
		if err != nil || got.Usage != want {
			t.Errorf("%s: usage = %+v, %v, want %+v", counts, got.Usage, err, want)
		}
	}
}

func TestModel_boundsWhatItTakes(t *testing.T) {
	t.Parallel()
	call := `{"functionCall":{"name":"t"}},`
	for name, parts := range map[string]string{
		"calls": strings.Repeat(call, 200) + `{"text":"x"}`,
		"text":  `{"text":"` + strings.Repeat("x", 5<<20) + `"}`,
		"nulls": `null,null`,
	} {
		url, _ := serving(t, 200, []byte(`{"candidates":[null,7],"usageMetadata":null}`))
		if name != "nulls" {
			url, _ = serving(t, 200, []byte(`{"candidates":[{"content":{"parts":[`+parts+`]},"finishReason":"STOP"}]}`))
		}
		_, err := open(t, gemini.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
		if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindBroken || len(e.Error()) > 1_000 {
			t.Errorf("%s: error = %.300v, want a short one about a broken answer", name, err)
		}
	}
}

func TestNew_refusesAConfigurationThatCannotWork(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]gemini.Config{
		"no name":        {Model: "m"},
		"no model":       {Name: "p"},
		"no scheme":      {Name: "p", Model: "m", BaseURL: "localhost:8080/v1"},
		"another scheme": {Name: "p", Model: "m", BaseURL: "ftp://example.com"},
		"no host":        {Name: "p", Model: "m", BaseURL: "http:///v1"},
		"a query":        {Name: "p", Model: "m", BaseURL: "http://example.com/?key=x"},
	} {
		if _, err := gemini.New(cfg); err == nil {
			t.Errorf("%s: New = nil, want an error", name)
		}
	}
	if _, err := gemini.New(gemini.Config{Name: "p", Model: "m"}); err != nil {
		t.Errorf("New without a base URL: %v", err)
	}
}
