package gemini_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/gemini"
)

// body answers every request with its bytes.
type body []byte

// RoundTrip answers without a network.
func (b body) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(b)), Request: r,
	}, nil
}

// FuzzModel: whatever a server says is an answer or a failure of a known kind, with
// counts that can be paid, and no panic.
func FuzzModel(f *testing.F) {
	for _, name := range []string{"text.json", "calls.json", "blocked.json", "error_minute.json", "stream_calls.sse", "stream_error.sse"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := open(t, gemini.Config{Name: "p", Model: "m", HTTPClient: &http.Client{Transport: body(data)}})
		whole, err := m.Generate(t.Context(), hello())
		check(t, &whole, err)
		_, parts, err := stream(t, m, hello())
		check(t, parts, err)
	})
}

func check(t *testing.T, got *llm.Response, err error) {
	t.Helper()
	e := llm.AsAPIError(err)
	switch {
	case err == nil && got == nil:
		t.Error("neither an answer nor a failure")
	case err == nil && (got.Stop == "" || got.Text == "" && len(got.Calls) == 0 || !payable(got.Usage)):
		t.Errorf("answer = %+v, want one that says something and how it ended", got)
	case err != nil && (e == nil || e.Kind == "" || len(e.Message) > 1_000 || !payable(e.Usage)):
		t.Errorf("error = %+v, want a bounded *llm.APIError with its kind", err)
	}
}

func payable(u llm.Usage) bool {
	return u.UncachedIn >= 0 && u.CacheRead >= 0 && u.CacheWrite >= 0 && u.Out >= u.Reasoning && u.Reasoning >= 0
}
