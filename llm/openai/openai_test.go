package openai_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/llmtest"
	"github.com/askbob/bob/llm/openai"
)

//nolint:paralleltest // the suite sets the environment
func TestModel_keepsThePromisesOfAProvider(t *testing.T) {
	llmtest.TestProvider(t, provider())
}

func TestModel_speaksToAimock(t *testing.T) {
	t.Parallel()
	llmtest.TestAimock(t, provider())
}

func provider() llmtest.Provider {
	return llmtest.Provider{
		Name: "main",
		Open: func(tb testing.TB, o llmtest.Options) llm.Model {
			tb.Helper()
			return open(tb, openai.Config{
				Name: "main", BaseURL: o.URL + "/v1", APIKey: o.Key, Model: o.Model,
				FirstByte: o.Patience, Idle: o.Patience,
			})
		},
		Dialect: llmtest.Dialect{
			Answer: wholeAnswer, Stream: streamedAnswer, StreamType: "text/event-stream",
			Failure: func(_ int, message string) []byte {
				return object(map[string]any{"error": map[string]any{"message": message, "type": "some_error", "code": nil}})
			},
			Sent: sent,
			Fault: func(status int, message string) []byte {
				return fmt.Appendf(nil, "data: %s\n\n", object(map[string]any{"error": map[string]any{"message": message, "code": status}}))
			},
			Usage: llm.Usage{UncachedIn: 70, CacheRead: 20, CacheWrite: 10, Out: 9, Reasoning: 4, Known: true},
		},
		Environment: []string{
			"OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_CUSTOM_HEADERS",
			"OPENAI_ADMIN_KEY", "OPENAI_WEBHOOK_SECRET",
		},
	}
}

func open(tb testing.TB, cfg openai.Config) *openai.Model {
	tb.Helper()
	m, err := openai.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func object(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

func finish(e llmtest.End) string {
	return map[llmtest.End]string{
		llmtest.EndDone: "stop", llmtest.EndTools: "tool_calls", llmtest.EndLength: "length",
		llmtest.EndFilter: "content_filter", llmtest.EndUnknown: "eagerness",
	}[e]
}

// usage says the counts as the format does: the prompt includes the cache.
func usage(u llm.Usage) any {
	if !u.Known {
		return nil
	}
	prompt := u.UncachedIn + u.CacheRead + u.CacheWrite
	return map[string]any{
		"prompt_tokens": prompt, "completion_tokens": u.Out, "total_tokens": prompt + u.Out,
		"prompt_tokens_details":     map[string]any{"cached_tokens": u.CacheRead, "cache_write_tokens": u.CacheWrite},
		"completion_tokens_details": map[string]any{"reasoning_tokens": u.Reasoning},
	}
}

func wholeAnswer(a llmtest.Answer) []byte {
	message := map[string]any{"role": "assistant", "content": a.Text, "refusal": nil}
	if len(a.Calls) > 0 {
		if a.Text == "" {
			message["content"] = nil
		}
		message["tool_calls"] = toolCalls(a.Calls)
	}
	body := map[string]any{
		"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": a.Model,
		"choices": []any{map[string]any{"index": 0, "message": message, "finish_reason": finish(a.End)}},
	}
	if u := usage(a.Usage); u != nil {
		body["usage"] = u
	}
	return object(body)
}

func toolCalls(calls []llm.ToolCall) []any {
	var list []any
	for i, c := range calls {
		list = append(list, map[string]any{
			"index": i, "id": c.ID, "type": "function",
			"function": map[string]any{"name": c.Name, "arguments": string(c.Args)},
		})
	}
	return list
}

func streamedAnswer(a llmtest.Answer) [][]byte {
	frames := [][]byte{frame(a.Model, []any{choice(map[string]any{"role": "assistant", "content": ""}, nil)}, nil)}
	for word := range strings.SplitAfterSeq(a.Text, " ") {
		frames = append(frames, frame(a.Model, []any{choice(map[string]any{"content": word}, nil)}, nil))
	}
	for i, call := range a.Calls {
		half := len(call.Args) / 2
		head := map[string]any{
			"index": i, "id": call.ID, "type": "function",
			"function": map[string]any{"name": call.Name, "arguments": string(call.Args[:half])},
		}
		rest := map[string]any{"index": i, "function": map[string]any{"arguments": string(call.Args[half:])}}
		for _, delta := range []any{head, rest} {
			frames = append(frames, frame(a.Model, []any{choice(map[string]any{"tool_calls": []any{delta}}, nil)}, nil))
		}
	}
	frames = append(frames, frame(a.Model, []any{choice(map[string]any{}, finish(a.End))}, nil))
	if u := usage(a.Usage); u != nil {
		frames = append(frames, frame(a.Model, []any{}, u))
	}
	// The first frame alone has no words: what a test takes first is both.
	frames = append([][]byte{append(frames[0], frames[1]...)}, frames[2:]...)
	return append(frames, []byte("data: [DONE]\n\n"))
}

func choice(delta any, finish any) any {
	return map[string]any{"index": 0, "delta": delta, "finish_reason": finish}
}

func frame(model string, choices []any, usage any) []byte {
	return fmt.Appendf(nil, "data: %s\n\n", object(map[string]any{
		"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model,
		"choices": choices, "usage": usage,
	}))
}

// sent reads a request as a server of the format does.
func sent(r *http.Request, body []byte) (llmtest.Sent, error) {
	var in struct {
		Model     string `json:"model"`
		MaxTokens int    `json:"max_tokens"`
		Stream    bool   `json:"stream"`
		Options   struct {
			IncludeUsage bool `json:"include_usage"`
		} `json:"stream_options"`
		Messages []message `json:"messages"`
		Tools    []struct {
			Function struct {
				Name string `json:"name"`
			} `json:"function"`
		} `json:"tools"`
		Format struct {
			Type   string `json:"type"`
			Schema struct {
				Strict bool            `json:"strict"`
				Schema json.RawMessage `json:"schema"`
			} `json:"json_schema"`
		} `json:"response_format"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return llmtest.Sent{}, err
	}
	if r.Method != http.MethodPost || r.URL.Path != "/v1/chat/completions" || in.Stream != in.Options.IncludeUsage {
		return llmtest.Sent{}, fmt.Errorf("%s %s, stream %v, usage %v", r.Method, r.URL.Path, in.Stream, in.Options.IncludeUsage)
	}
	s := llmtest.Sent{
		Model: in.Model, MaxOutput: in.MaxTokens, Streaming: in.Stream,
		Key: strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "),
	}
	if in.Format.Type == "json_schema" && in.Format.Schema.Strict {
		s.Schema = in.Format.Schema.Schema
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
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
	ID      string          `json:"tool_call_id"`
	Calls   []struct {
		ID       string `json:"id"`
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
}

func (m message) readInto(s *llmtest.Sent) error {
	text, images, err := m.content()
	if err != nil {
		return err
	}
	for _, image := range images {
		s.Images = append(s.Images, image.MediaType)
	}
	s.Pictures = append(s.Pictures, images...)
	switch m.Role {
	case "system":
		s.System = text
	case "tool":
		s.Results = append(s.Results, llm.ToolResult{ID: m.ID, Text: text})
	case "user", "assistant":
		s.Texts = append(s.Texts, text)
	default:
		return fmt.Errorf("role %q", m.Role)
	}
	for _, c := range m.Calls {
		s.Calls = append(s.Calls, llm.ToolCall{ID: c.ID, Name: c.Function.Name, Args: json.RawMessage(c.Function.Arguments)})
	}
	return nil
}

func (m message) content() (text string, images []llm.Image, err error) {
	if len(m.Content) == 0 { // as beside calls
		return "", nil, nil
	}
	if json.Unmarshal(m.Content, &text) == nil {
		return text, nil, nil
	}
	var parts []struct {
		Text  string `json:"text"`
		Image struct {
			URL string `json:"url"`
		} `json:"image_url"`
	}
	if err := json.Unmarshal(m.Content, &parts); err != nil {
		return "", nil, err
	}
	for _, p := range parts {
		text += p.Text
		if p.Image.URL == "" {
			continue
		}
		media, data, ok := strings.Cut(strings.TrimPrefix(p.Image.URL, "data:"), ";base64,")
		decoded, err := base64.StdEncoding.DecodeString(data)
		if !ok || err != nil {
			return "", nil, fmt.Errorf("picture %.40q: %w", p.Image.URL, err)
		}
		images = append(images, llm.Image{MediaType: media, Data: decoded})
	}
	return text, images, nil
}
