package anthropic_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/anthropic"
	"github.com/askbob/bob/llm/llmtest"
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
			return open(tb, anthropic.Config{
				Name: "main", BaseURL: o.URL, APIKey: o.Key, Model: o.Model, FirstByte: o.Patience, Idle: o.Patience,
			})
		},
		Dialect: llmtest.Dialect{
			Answer: wholeAnswer, Stream: streamedAnswer, StreamType: "text/event-stream; charset=utf-8",
			Failure: func(status int, message string) []byte { return failure(errorType(status), message) },
			Sent:    sent,
			Usage:   llm.Usage{UncachedIn: 70, CacheRead: 20, CacheWrite: 10, Out: 9, Reasoning: 4, Known: true},
		},
		Environment: environment(),
	}
}

func open(tb testing.TB, cfg anthropic.Config) *anthropic.Model {
	tb.Helper()
	m, err := anthropic.New(cfg)
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

func failure(kind, message string) []byte {
	return object(map[string]any{
		"type": "error", "error": map[string]any{"type": kind, "message": message}, "request_id": "req_011",
	})
}

func errorType(status int) string {
	if kind, ok := map[int]string{
		401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error",
		413: "request_too_large", 429: "rate_limit_error", 504: "timeout_error", 529: "overloaded_error",
	}[status]; ok {
		return kind
	}
	if status >= 500 {
		return "api_error"
	}
	return "invalid_request_error"
}

func stopReason(e llmtest.End) string {
	return map[llmtest.End]string{
		llmtest.EndDone: "end_turn", llmtest.EndTools: "tool_use", llmtest.EndLength: "max_tokens",
		llmtest.EndFilter: "refusal", llmtest.EndUnknown: "eagerness",
	}[e]
}

// usage says the counts as the format does: the input is without the cache.
func usage(u llm.Usage) map[string]any {
	return map[string]any{
		"input_tokens": u.UncachedIn, "cache_read_input_tokens": u.CacheRead, "cache_creation_input_tokens": u.CacheWrite,
		"cache_creation": map[string]any{"ephemeral_5m_input_tokens": u.CacheWrite, "ephemeral_1h_input_tokens": 0},
		"output_tokens":  u.Out, "output_tokens_details": map[string]any{"thinking_tokens": u.Reasoning},
		"service_tier": "standard",
	}
}

func wholeAnswer(a llmtest.Answer) []byte {
	content := []any{}
	if a.Usage.Reasoning > 0 {
		content = append(content, map[string]any{"type": "thinking", "thinking": "hm", "signature": "c2ln"})
	}
	if a.Text != "" {
		content = append(content, map[string]any{"type": "text", "text": a.Text, "citations": nil})
	}
	for _, call := range a.Calls {
		content = append(content, map[string]any{"type": "tool_use", "id": call.ID, "name": call.Name, "input": call.Args})
	}
	body := map[string]any{
		"id": "msg_01", "type": "message", "role": "assistant", "model": a.Model, "content": content,
		"stop_reason": stopReason(a.End), "stop_sequence": nil,
	}
	if a.Usage.Known {
		body["usage"] = usage(a.Usage)
	}
	// The text may have signs that Go escapes for HTML and the vendor does not.
	return []byte(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(object(body))))
}

func streamedAnswer(a llmtest.Answer) [][]byte {
	s := &frames{}
	started := map[string]any{
		"id": "msg_01", "type": "message", "role": "assistant", "model": a.Model, "content": []any{},
		"stop_reason": nil, "stop_sequence": nil,
	}
	ended := map[string]any{
		"type": "message_delta", "delta": map[string]any{"stop_reason": stopReason(a.End), "stop_sequence": nil},
	}
	if a.Usage.Known {
		first := a.Usage
		first.Out, first.Reasoning = 1, 0
		started["usage"], ended["usage"] = usage(first), usage(a.Usage)
	}
	s.add(map[string]any{"type": "message_start", "message": started})
	s.add(map[string]any{"type": "ping"})
	if a.Usage.Reasoning > 0 {
		s.block(map[string]any{"type": "thinking", "thinking": "", "signature": ""},
			map[string]any{"type": "thinking_delta", "thinking": "hm"},
			map[string]any{"type": "signature_delta", "signature": "c2ln"})
	}
	if a.Text != "" {
		var words []any
		for word := range strings.SplitAfterSeq(a.Text, " ") {
			words = append(words, map[string]any{"type": "text_delta", "text": word})
		}
		s.block(map[string]any{"type": "text", "text": ""}, words...)
	}
	for _, call := range a.Calls {
		half := len(call.Args) / 2
		s.block(map[string]any{"type": "tool_use", "id": call.ID, "name": call.Name, "input": map[string]any{}},
			map[string]any{"type": "input_json_delta", "partial_json": ""},
			map[string]any{"type": "input_json_delta", "partial_json": string(call.Args[:half])},
			map[string]any{"type": "input_json_delta", "partial_json": string(call.Args[half:])})
	}
	s.add(ended)
	s.add(map[string]any{"type": "message_stop"})
	return s.pieces()
}

// frames are the events of a stream.
type frames struct {
	list   [][]byte
	blocks int
}

func (s *frames) add(event map[string]any) {
	s.list = append(s.list, fmt.Appendf(nil, "event: %s\ndata: %s\n\n", event["type"], object(event)))
}

func (s *frames) block(start map[string]any, deltas ...any) {
	s.add(map[string]any{"type": "content_block_start", "index": s.blocks, "content_block": start})
	for _, delta := range deltas {
		s.add(map[string]any{"type": "content_block_delta", "index": s.blocks, "delta": delta})
	}
	s.add(map[string]any{"type": "content_block_stop", "index": s.blocks})
	s.blocks++
}

// pieces joins what comes before the first words with them: what a test takes
// first is both.
func (s *frames) pieces() [][]byte {
	var first []byte
	for i, frame := range s.list {
		first = append(first, frame...)
		if strings.Contains(string(frame), `"text_delta"`) {
			return append([][]byte{first}, s.list[i+1:]...)
		}
	}
	return s.list
}

// sent reads a request as the vendor's server does.
func sent(r *http.Request, body []byte) (llmtest.Sent, error) {
	var in wireRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return llmtest.Sent{}, err
	}
	if r.Method != http.MethodPost || r.URL.Path != "/v1/messages" || r.Header.Get("Anthropic-Version") != "2023-06-01" {
		return llmtest.Sent{}, fmt.Errorf("%s %s, version %s", r.Method, r.URL.Path, r.Header.Get("Anthropic-Version"))
	}
	if in.MaxTokens <= 0 {
		return llmtest.Sent{}, fmt.Errorf("max_tokens is %d", in.MaxTokens)
	}
	s := llmtest.Sent{
		Model: in.Model, MaxOutput: in.MaxTokens, Streaming: in.Stream,
		Key: r.Header.Get("X-Api-Key"), Schema: in.Output.Format.Schema,
	}
	for _, block := range in.System {
		s.System += block.Text
	}
	for _, tool := range in.Tools {
		s.Tools = append(s.Tools, tool.Name)
	}
	for _, m := range in.Messages {
		if err := m.readInto(&s); err != nil {
			return llmtest.Sent{}, err
		}
	}
	return s, nil
}

type wireRequest struct {
	Model     string        `json:"model"`
	MaxTokens int           `json:"max_tokens"`
	Stream    bool          `json:"stream"`
	System    []wireBlock   `json:"system"`
	Messages  []wireMessage `json:"messages"`
	Tools     []wireTool    `json:"tools"`
	Output    struct {
		Format struct {
			Type   string          `json:"type"`
			Schema json.RawMessage `json:"schema"`
		} `json:"format"`
	} `json:"output_config"`
}

type wireTool struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"input_schema"`
	Cache       json.RawMessage `json:"cache_control"`
}

type wireMessage struct {
	Role    string      `json:"role"`
	Content []wireBlock `json:"content"`
}

type wireBlock struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Source struct {
		Type      string `json:"type"`
		MediaType string `json:"media_type"`
		Data      []byte `json:"data"`
	} `json:"source"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	ToolUseID string          `json:"tool_use_id"`
	IsError   bool            `json:"is_error"`
	Content   []wireBlock     `json:"content"`
	Cache     json.RawMessage `json:"cache_control"`
}

func (m wireMessage) readInto(s *llmtest.Sent) error {
	if m.Role != "user" && m.Role != "assistant" || len(m.Content) == 0 {
		return fmt.Errorf("a message of %q with %d blocks", m.Role, len(m.Content))
	}
	for _, b := range m.Content {
		switch {
		case b.Type == "text" && strings.TrimSpace(b.Text) != "":
			s.Texts = append(s.Texts, b.Text)
		case b.Type == "image" && m.Role == "user" && b.Source.Type == "base64":
			s.Images = append(s.Images, b.Source.MediaType)
		case b.Type == "tool_use" && m.Role == "assistant" && strings.HasPrefix(string(b.Input), "{"):
			s.Calls = append(s.Calls, llm.ToolCall{ID: b.ID, Name: b.Name, Args: b.Input})
		case b.Type == "tool_result" && m.Role == "user":
			result := llm.ToolResult{ID: b.ToolUseID, Error: b.IsError}
			for _, part := range b.Content {
				result.Text += part.Text
			}
			s.Results = append(s.Results, result)
		default:
			return fmt.Errorf("the provider refuses a block %+v of %s", b, m.Role)
		}
	}
	return nil
}

// environment is what the vendor's library reads by itself, all of it.
func environment() []string {
	return []string{
		"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_PROFILE", "ANTHROPIC_CONFIG_DIR",
		"ANTHROPIC_CUSTOM_HEADERS", "ANTHROPIC_WEBHOOK_SIGNING_KEY", "ANTHROPIC_FEDERATION_RULE_ID",
		"ANTHROPIC_IDENTITY_TOKEN", "ANTHROPIC_IDENTITY_TOKEN_FILE", "ANTHROPIC_ORGANIZATION_ID", "ANTHROPIC_SCOPE",
		"ANTHROPIC_SERVICE_ACCOUNT_ID", "ANTHROPIC_WORKSPACE_ID", "ANTHROPIC_OPEN_TELEMETRY",
		"ANTHROPIC_OPEN_TELEMETRY_PROPAGATION", "ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE",
		"ANTHROPIC_OPEN_TELEMETRY_TRACES_MAX_CONTENT_BYTES", "APPDATA", "XDG_CONFIG_HOME",
	}
}
