package ollama_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/llmtest"
	"github.com/askbob/bob/llm/ollama"
)

//nolint:paralleltest // the suite sets the environment
func TestModel_keepsThePromisesOfAProvider(t *testing.T) {
	llmtest.TestProvider(t, provider())
}

func TestModel_speaksToAimock(t *testing.T) {
	t.Parallel()
	llmtest.TestAimock(t, provider(), llmtest.AimockUsage, llmtest.AimockCutOff)
}

func provider() llmtest.Provider {
	return llmtest.Provider{
		Name: "main",
		Open: func(tb testing.TB, o llmtest.Options) llm.Model {
			tb.Helper()
			return open(tb, ollama.Config{
				Name: "main", BaseURL: o.URL, APIKey: o.Key, Model: o.Model, FirstByte: o.Patience, Idle: o.Patience,
			})
		},
		Dialect: llmtest.Dialect{
			Answer: wholeAnswer, Stream: streamedAnswer, StreamType: "application/x-ndjson",
			Failure: func(_ int, message string) []byte { return object(map[string]any{"error": message}) },
			Sent:    sent,
			Usage:   llm.Usage{UncachedIn: 70, Out: 9, Known: true},
		},
		Environment: []string{"OLLAMA_HOST", "OLLAMA_API_KEY", "OLLAMA_AUTH", "OLLAMA_CONTEXT_LENGTH"},
	}
}

func open(tb testing.TB, cfg ollama.Config) *ollama.Model {
	tb.Helper()
	m, err := ollama.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func object(v any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err)
	}
	return out.Bytes() // with a line's end
}

func reason(e llmtest.End) string {
	return map[llmtest.End]string{
		llmtest.EndDone: "stop", llmtest.EndTools: "stop", llmtest.EndLength: "length",
		llmtest.EndFilter: "content_filter", llmtest.EndUnknown: "eagerness",
	}[e]
}

// piece is a line of a stream. The last one says how it ended, and the counts.
func piece(a llmtest.Answer, text string, calls []llm.ToolCall, last bool) []byte {
	message := map[string]any{"role": "assistant", "content": text}
	var list []any
	for i, c := range calls {
		list = append(list, map[string]any{"id": c.ID, "function": map[string]any{"index": i, "name": c.Name, "arguments": c.Args}})
	}
	if len(list) > 0 {
		message["tool_calls"] = list
	}
	body := map[string]any{"model": a.Model, "created_at": "2026-11-24T06:00:00.1Z", "message": message, "done": last}
	if last {
		body["done_reason"] = reason(a.End)
		body["total_duration"] = 5_000_000
		if a.Usage.Known {
			body["prompt_eval_count"], body["eval_count"] = a.Usage.UncachedIn, a.Usage.Out
		}
	}
	return object(body)
}

func wholeAnswer(a llmtest.Answer) []byte { return piece(a, a.Text, a.Calls, true) }

func streamedAnswer(a llmtest.Answer) [][]byte {
	var lines [][]byte
	for word := range strings.SplitAfterSeq(a.Text, " ") {
		lines = append(lines, piece(a, word, nil, false))
	}
	for _, call := range a.Calls {
		lines = append(lines, piece(a, "", []llm.ToolCall{call}, false))
	}
	return append(lines, piece(a, "", nil, true))
}

// sent reads a request as a server does.
func sent(r *http.Request, body []byte) (llmtest.Sent, error) {
	var in struct {
		Model    string          `json:"model"`
		Messages []message       `json:"messages"`
		Stream   bool            `json:"stream"`
		Format   json.RawMessage `json:"format"`
		Tools    []struct {
			Type     string `json:"type"`
			Function struct {
				Name        string          `json:"name"`
				Description string          `json:"description"`
				Parameters  json.RawMessage `json:"parameters"`
			} `json:"function"`
		} `json:"tools"`
		Truncate *bool `json:"truncate"`
		Shift    *bool `json:"shift"`
		Options  struct {
			Context   int `json:"num_ctx"`
			MaxOutput int `json:"num_predict"`
		} `json:"options"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return llmtest.Sent{}, err
	}
	if r.Method != http.MethodPost || r.URL.String() != "/api/chat" || in.Truncate == nil || *in.Truncate || in.Shift == nil || *in.Shift {
		return llmtest.Sent{}, fmt.Errorf("%s %s, truncate %v, shift %v", r.Method, r.URL, in.Truncate, in.Shift)
	}
	s := llmtest.Sent{
		Model: in.Model, MaxOutput: in.Options.MaxOutput, Streaming: in.Stream, Schema: in.Format,
		Key: strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "),
	}
	for _, tool := range in.Tools {
		s.Tools = append(s.Tools, tool.Function.Name)
	}
	for _, m := range in.Messages {
		if err := m.readInto(&s); err != nil {
			return llmtest.Sent{}, err
		}
	}
	return s, nil
}

type message struct {
	Role    string   `json:"role"`
	Content string   `json:"content"`
	Images  [][]byte `json:"images"`
	Calls   []struct {
		ID       string `json:"id"`
		Function struct {
			Name string          `json:"name"`
			Args json.RawMessage `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
	Tool string `json:"tool_name"`
	ID   string `json:"tool_call_id"`
}

func (m message) readInto(s *llmtest.Sent) error {
	switch m.Role {
	case "system":
		s.System = m.Content
	case "tool":
		s.Results = append(s.Results, llm.ToolResult{ID: m.ID, Name: m.Tool, Text: m.Content})
	case "user", "assistant":
		s.Texts = append(s.Texts, m.Content)
	default:
		return fmt.Errorf("role %q", m.Role)
	}
	for _, image := range m.Images {
		s.Images = append(s.Images, mediaOf(image))
	}
	for _, c := range m.Calls {
		s.Calls = append(s.Calls, llm.ToolCall{ID: c.ID, Name: c.Function.Name, Args: c.Function.Args})
	}
	return nil
}

// mediaOf looks into a picture, for the API does not say what it is. The suite's
// picture is the name of its format.
func mediaOf(image []byte) string {
	if media := http.DetectContentType(image); strings.HasPrefix(media, "image/") {
		return media
	}
	return "image/" + string(image)
}
