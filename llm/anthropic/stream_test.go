package anthropic_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/anthropic"
)

// memory is a server without a network, for many answers in a row.
type memory struct {
	body  string
	asked []byte // the last request
}

func (m *memory) RoundTrip(r *http.Request) (*http.Response, error) {
	var err error
	if m.asked, err = io.ReadAll(r.Body); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(m.body)), Request: r,
	}, nil
}

func inMemory(tb testing.TB, m *memory) *anthropic.Model {
	tb.Helper()
	return open(tb, anthropic.Config{
		Name: "p", Model: "m", BaseURL: "http://provider.invalid", HTTPClient: &http.Client{Transport: m},
	})
}

// FuzzAnswer: whatever a server says, an answer ended well and has what it needs,
// a stream says its text piece by piece, and all else is an *llm.APIError.
func FuzzAnswer(f *testing.F) {
	for _, name := range []string{"turn.json", "turn.sse", "overloaded.sse", "refusal.json"} {
		f.Add(recorded(f, name))
	}
	f.Add("event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":-1,\"content_block\":{\"type\":\"tool_use\",\"input\":[]}}\n\n" +
		"event: x\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":-1e99}}\n\n")
	f.Add("event: error\ndata: {\"error\":\"bare\"}\n\n")
	f.Add(`{"content":[{"type":"tool_use","input":"x"},{"type":"text"}],"stop_reason":"end_turn","usage":{"input_tokens":9e99}}`)
	f.Fuzz(func(t *testing.T, body string) {
		m := inMemory(t, &memory{body: body})
		got, err := m.Generate(t.Context(), hello())
		checkAnswer(t, got, err)
		text, done, err := stream(t, m, hello())
		if err != nil {
			checkAnswer(t, llm.Response{}, err)
			return
		}
		if done == nil {
			t.Fatalf("a stream without an end: %q", text)
		}
		checkAnswer(t, *done, nil)
		if done.Text != text {
			t.Errorf("said %q, and as a whole %q", text, done.Text)
		}
	})
}

func checkAnswer(t *testing.T, got llm.Response, err error) {
	t.Helper()
	usage := got.Usage
	if err != nil {
		e := llm.AsAPIError(err)
		if e == nil || e.Kind == "" || e.Provider != "p" {
			t.Fatalf("error = %v, want an *llm.APIError with a kind", err)
		}
		usage = e.Usage
	}
	if min(usage.UncachedIn, usage.CacheRead, usage.CacheWrite, usage.Out, usage.Reasoning) < 0 || usage.Reasoning > usage.Out {
		t.Errorf("usage = %+v", usage)
	}
	if err != nil {
		return
	}
	if got.Text == "" && len(got.Calls) == 0 || (got.Stop == llm.StopTools) != (len(got.Calls) > 0) {
		t.Errorf("no answer: %+v", got)
	}
	for _, call := range got.Calls {
		if call.ID == "" || len(call.Args) == 0 {
			t.Errorf("call = %+v, want an id and arguments", call)
		}
	}
}
