package gemini_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/gemini"
	"github.com/askbob/bob/llm/llmtest"
)

//nolint:paralleltest // the suite sets the environment
func TestModel_keepsThePromisesOfAProvider(t *testing.T) {
	llmtest.TestProvider(t, provider())
}

func TestModel_speaksToAimock(t *testing.T) {
	t.Parallel()
	llmtest.TestAimock(t, provider(), llmtest.AimockTools)
}

func provider() llmtest.Provider {
	return llmtest.Provider{
		Name: "main",
		Open: func(tb testing.TB, o llmtest.Options) llm.Model {
			tb.Helper()
			return open(tb, gemini.Config{
				Name: "main", BaseURL: o.URL, APIKey: o.Key, Model: o.Model, FirstByte: o.Patience, Idle: o.Patience,
			})
		},
		Dialect: llmtest.Dialect{
			Answer: wholeAnswer, Stream: streamedAnswer, StreamType: "text/event-stream",
			Failure: func(status int, message string) []byte {
				return object(map[string]any{"error": map[string]any{"code": status, "message": message, "status": "SOME_ERROR"}})
			},
			Sent:  sent,
			Usage: llm.Usage{UncachedIn: 70, CacheRead: 20, Out: 9, Reasoning: 4, Known: true},
		},
		Environment: []string{
			"GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL", "GOOGLE_CLOUD_PROJECT",
			"GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_REGION", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE",
			"GOOGLE_APPLICATION_CREDENTIALS",
		},
	}
}

// TestModel_staysWithItsBackend: these two would send the request, and the
// account's own credentials with it, to another service.
func TestModel_staysWithItsBackend(t *testing.T) {
	t.Setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
	t.Setenv("GOOGLE_GENAI_USE_ENTERPRISE", "true")
	url, asked := answering(t, 200, "text.json")
	if _, err := open(t, gemini.Config{Name: "p", Model: "m", BaseURL: url, APIKey: "k-own"}).Generate(t.Context(), hello()); err != nil {
		t.Fatal(err)
	}
	got := <-asked
	if got.URL.Path != "/v1beta/models/m:generateContent" || got.Header.Get("X-Goog-Api-Key") != "k-own" || got.Header.Get("Authorization") != "" {
		t.Errorf("request = %s %v, want it under its own key only", got.URL, got.Header)
	}
}

func open(tb testing.TB, cfg gemini.Config) *gemini.Model {
	tb.Helper()
	m, err := gemini.New(cfg)
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
	return bytes.TrimSpace(out.Bytes())
}

func finish(e llmtest.End) string {
	return map[llmtest.End]string{
		llmtest.EndDone: "STOP", llmtest.EndTools: "STOP", llmtest.EndLength: "MAX_TOKENS",
		llmtest.EndFilter: "SAFETY", llmtest.EndUnknown: "EAGERNESS",
	}[e]
}

// usage says the counts as the API does: the prompt includes the cache, the
// candidates exclude thoughts.
func usage(u llm.Usage) map[string]any {
	prompt := u.UncachedIn + u.CacheRead
	return map[string]any{
		"promptTokenCount": prompt, "cachedContentTokenCount": u.CacheRead, "thoughtsTokenCount": u.Reasoning,
		"candidatesTokenCount": u.Out - u.Reasoning, "totalTokenCount": prompt + u.Out,
	}
}

// piece is an answer or a part of one: to the API it is the same.
func piece(a llmtest.Answer, parts []any, finish string) []byte {
	candidate := map[string]any{"index": 0, "content": map[string]any{"role": "model", "parts": parts}}
	if finish != "" {
		candidate["finishReason"] = finish
	}
	body := map[string]any{"candidates": []any{candidate}, "modelVersion": a.Model, "responseId": "resp-1"}
	if a.Usage.Known {
		body["usageMetadata"] = usage(a.Usage)
	}
	return object(body)
}

func wholeAnswer(a llmtest.Answer) []byte {
	var parts []any
	if a.Text != "" {
		parts = append(parts, map[string]any{"text": a.Text})
	}
	for _, call := range a.Calls {
		parts = append(parts, callPart(call))
	}
	return piece(a, parts, finish(a.End))
}

func callPart(c llm.ToolCall) any {
	return map[string]any{"functionCall": map[string]any{"id": c.ID, "name": c.Name, "args": c.Args}}
}

func streamedAnswer(a llmtest.Answer) [][]byte {
	var events [][]byte
	for word := range strings.SplitAfterSeq(a.Text, " ") {
		events = append(events, event(piece(a, []any{map[string]any{"text": word}}, "")))
	}
	for _, call := range a.Calls {
		events = append(events, event(piece(a, []any{callPart(call)}, "")))
	}
	return append(events, event(piece(a, nil, finish(a.End))))
}

func event(data []byte) []byte { return fmt.Appendf(nil, "data: %s\r\n\r\n", data) }

// sent reads a request as the API does.
func sent(r *http.Request, body []byte) (llmtest.Sent, error) {
	method := map[string]string{"": "generateContent", "sse": "streamGenerateContent"}[r.URL.Query().Get("alt")]
	model, ok := strings.CutPrefix(r.URL.Path, "/v1beta/models/")
	model, ok2 := strings.CutSuffix(model, ":"+method)
	if r.Method != http.MethodPost || !ok || !ok2 {
		return llmtest.Sent{}, fmt.Errorf("%s %s", r.Method, r.URL)
	}
	var in struct {
		System   content   `json:"systemInstruction"`
		Contents []content `json:"contents"`
		Tools    []struct {
			Functions []struct {
				Name        string          `json:"name"`
				Description string          `json:"description"`
				Parameters  json.RawMessage `json:"parametersJsonSchema"`
			} `json:"functionDeclarations"`
		} `json:"tools"`
		Config struct {
			MaxOutput int             `json:"maxOutputTokens"`
			MediaType string          `json:"responseMimeType"`
			Schema    json.RawMessage `json:"responseJsonSchema"`
		} `json:"generationConfig"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields() // the API does, too
	if err := decoder.Decode(&in); err != nil {
		return llmtest.Sent{}, err
	}
	s := llmtest.Sent{
		Model: model, MaxOutput: in.Config.MaxOutput, Streaming: method == "streamGenerateContent",
		Key: r.Header.Get("X-Goog-Api-Key"),
	}
	if in.Config.MediaType == "application/json" {
		s.Schema = in.Config.Schema
	}
	for _, tool := range in.Tools {
		for _, f := range tool.Functions {
			s.Tools = append(s.Tools, f.Name)
		}
	}
	for _, p := range in.System.Parts {
		s.System += p.Text
	}
	for _, c := range in.Contents {
		c.readInto(&s)
	}
	return s, nil
}

type content struct {
	Role  string `json:"role"`
	Parts []struct {
		Text   string `json:"text"`
		Inline struct {
			MediaType string `json:"mimeType"`
			Data      []byte `json:"data"`
		} `json:"inlineData"`
		Call *struct {
			ID   string          `json:"id"`
			Name string          `json:"name"`
			Args json.RawMessage `json:"args"`
		} `json:"functionCall"`
		Response *struct {
			ID       string `json:"id"`
			Name     string `json:"name"`
			Response struct {
				Output string `json:"output"`
				Error  string `json:"error"`
			} `json:"response"`
		} `json:"functionResponse"`
		Signature []byte `json:"thoughtSignature"`
	} `json:"parts"`
}

func (c content) readInto(s *llmtest.Sent) {
	for _, p := range c.Parts {
		if p.Text != "" {
			s.Texts = append(s.Texts, p.Text)
		}
		if p.Inline.MediaType != "" {
			s.Images = append(s.Images, p.Inline.MediaType)
		}
		if p.Call != nil {
			s.Calls = append(s.Calls, llm.ToolCall{ID: p.Call.ID, Name: p.Call.Name, Args: p.Call.Args})
		}
		if p.Response != nil {
			r := p.Response.Response
			s.Results = append(s.Results, llm.ToolResult{
				ID: p.Response.ID, Name: p.Response.Name, Text: r.Output + r.Error, Error: r.Error != "",
			})
		}
	}
}
