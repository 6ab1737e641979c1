package ollama_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/ollama"
)

// onTheWire returns the body of a request as the server gets it.
func onTheWire(t *testing.T, cfg ollama.Config, r llm.Request) string {
	t.Helper()
	url, asked := answering(t, 200, "chat.json")
	cfg.Name, cfg.Model, cfg.BaseURL = "p", "qwen3", url
	if _, err := open(t, cfg).Generate(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll((<-asked).Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestModel_neverLetsAPromptBeCut: without these the server drops the beginning of
// a prompt that does not fit, and says nothing.
func TestModel_neverLetsAPromptBeCut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg  ollama.Config
		max  int
		want string
	}{
		"defaults":             {ollama.Config{}, 0, `{"num_ctx":16384}`},
		"as configured":        {ollama.Config{Context: 32_768, MaxOutput: 500}, 0, `{"num_ctx":32768,"num_predict":500}`},
		"as the request bound": {ollama.Config{Context: 32_768, MaxOutput: 500}, 70, `{"num_ctx":32768,"num_predict":70}`},
	} {
		r := hello()
		r.MaxOutput = c.max
		body := onTheWire(t, c.cfg, r)
		if got := gjson.Get(body, "options").Raw; got != c.want {
			t.Errorf("%s: options = %s, want %s", name, got, c.want)
		}
		for _, flag := range []string{"truncate", "shift"} {
			if got := gjson.Get(body, flag).Raw; got != "false" {
				t.Errorf("%s: %s = %s, want false", name, flag, got)
			}
		}
	}
}

func TestModel_thinksAsItIsTold(t *testing.T) {
	t.Parallel()
	for think, want := range map[ollama.Think]string{
		ollama.ThinkDefault: "", ollama.ThinkOff: "false", ollama.ThinkOn: "true",
		ollama.ThinkLow: `"low"`, ollama.ThinkMedium: `"medium"`, ollama.ThinkHigh: `"high"`,
	} {
		if got := gjson.Get(onTheWire(t, ollama.Config{Think: think}, hello()), "think").Raw; got != want {
			t.Errorf("%q: think = %s, want %s", think, got, want)
		}
	}
}

func conversation(calls ...llm.ToolCall) llm.Request {
	r := hello()
	r.System = "be brief"
	r.Tools = []llm.ToolSpec{
		{Name: "table_query", Description: "reads", Parameters: json.RawMessage(`{"type":"object","additionalProperties":false,"required":["sql"],"properties":{"sql":{"type":"string","maxLength":99,"description":"one SELECT"},"any":true}}`)},
		{Name: "now"},
	}
	results := make([]llm.ToolResult, 0, len(calls))
	for _, call := range calls {
		results = append(results, llm.ToolResult{ID: call.ID, Name: call.Name, Text: "7 < 8"})
	}
	if len(calls) > 0 {
		r.Messages = append(r.Messages,
			llm.Message{Role: llm.RoleAssistant, Text: "I look", Calls: calls}, llm.Message{Role: llm.RoleTool, Results: results})
	}
	return r
}

func TestModel_sendsCallsAndTheirResults(t *testing.T) {
	t.Parallel()
	r := conversation(
		llm.ToolCall{ID: "1", Name: "a", Args: json.RawMessage(`{"z": 1234567890123456789, "a": "<&>"}`), Signature: "gemini x AAAA"},
		llm.ToolCall{ID: "2", Name: "b", Args: json.RawMessage(`{"cut`)},
		llm.ToolCall{ID: "3", Name: "c"})
	r.Messages[2].Results[1].Error = true
	const want = `[{"role":"system","content":"be brief"},{"role":"user","content":"hello"},` +
		`{"role":"assistant","content":"I look","tool_calls":[` +
		`{"id":"1","function":{"name":"a","arguments":{"z":1234567890123456789,"a":"<&>"}}},` +
		`{"id":"2","function":{"name":"b","arguments":{"input":"{\"cut"}}},` +
		`{"id":"3","function":{"name":"c","arguments":{}}}]},` +
		`{"role":"tool","content":"7 < 8","tool_name":"a","tool_call_id":"1"},` +
		`{"role":"tool","content":"Error: 7 < 8","tool_name":"b","tool_call_id":"2"},` +
		`{"role":"tool","content":"7 < 8","tool_name":"c","tool_call_id":"3"}]`
	if diff := cmp.Diff(want, gjson.Get(onTheWire(t, ollama.Config{}, r), "messages").Raw); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// TestModel_describesToolsInTheFewWordsTheServerKnows: it shows the model no others.
func TestModel_describesToolsInTheFewWordsTheServerKnows(t *testing.T) {
	t.Parallel()
	const want = `[{"type":"function","function":{"name":"table_query","description":"reads","parameters":{"type":"object",` +
		`"required":["sql"],"properties":{"sql":{"type":"string","description":"one SELECT (maxLength 99)"},"any":{}}}}},` +
		`{"type":"function","function":{"name":"now","parameters":{"type":"object","properties":{}}}}]`
	if diff := cmp.Diff(want, gjson.Get(onTheWire(t, ollama.Config{}, conversation()), "tools").Raw); diff != "" {
		t.Errorf("tools (-want +got):\n%s", diff)
	}
}

func TestModel_beginsTheNextTurnAsTheLast(t *testing.T) {
	t.Parallel()
	first := conversation(llm.ToolCall{ID: "1", Name: "a", Args: json.RawMessage(`{"z":1,"a":{"y":2,"b":3}}`)})
	second := conversation(first.Messages[1].Calls...)
	second.Messages = append(second.Messages,
		llm.Message{Role: llm.RoleAssistant, Calls: []llm.ToolCall{{ID: "2", Name: "now"}}},
		llm.Message{Role: llm.RoleTool, Results: []llm.ToolResult{{ID: "2", Name: "now", Text: "noon"}}})
	before, after := onTheWire(t, ollama.Config{}, first), onTheWire(t, ollama.Config{}, second)
	for _, field := range []string{"tools", "options", "model"} {
		if a, b := gjson.Get(before, field).Raw, gjson.Get(after, field).Raw; a != b {
			t.Errorf("%s = %s, then %s", field, a, b)
		}
	}
	said := strings.TrimSuffix(gjson.Get(before, "messages").Raw, "]")
	if !strings.HasPrefix(gjson.Get(after, "messages").Raw, said+",") {
		t.Errorf("messages = %s, then %s", said, gjson.Get(after, "messages").Raw)
	}
	for range 20 {
		if again := onTheWire(t, ollama.Config{}, first); again != before {
			t.Fatalf("the same request came as %s, then as %s", before, again)
		}
	}
}

// TestModel_sendsSchemasThatTheServerCanMakeAGrammarOf, and shows them to the
// model, to which the grammar says nothing.
func TestModel_sendsSchemasThatTheServerCanMakeAGrammarOf(t *testing.T) {
	t.Parallel()
	r := conversation()
	r.Schema = llm.MustSchema("form", `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","additionalProperties":false,
		"required":["title","prompt"],"properties":{
		"title":{"type":"string","maxLength":80,"pattern":"^<a","description":"What it is."},
		"prompt":{"type":"string","minLength":1,"maxLength":4000},
		"few":{"type":"array","maxItems":2000,"items":{"type":"integer","minimum":0}}}}`)
	const want = `{"type":"object","additionalProperties":false,"required":["title","prompt"],"properties":{` +
		`"title":{"type":"string","maxLength":80,"description":"What it is. (pattern \"^\u003ca\")"},` +
		`"prompt":{"type":"string","minLength":1,"description":"(maxLength 4000)"},` +
		`"few":{"type":"array","maxItems":2000,"items":{"type":"integer","minimum":0}}}}`
	body := onTheWire(t, ollama.Config{}, r)
	if diff := cmp.Diff(want, gjson.Get(body, "format").Raw); diff != "" {
		t.Errorf("format (-want +got):\n%s", diff)
	}
	if got := gjson.Get(body, "messages.0.content").String(); got != "be brief\n\nAnswer with JSON of this schema:\n"+want {
		t.Errorf("system = %s, want the schema at its end", got)
	}
}

func TestModel_sendsNoRequestThatItCannotTranslate(t *testing.T) {
	t.Parallel()
	url, asked := answering(t, 200, "chat.json")
	m := open(t, ollama.Config{Name: "p", Model: "m", BaseURL: url})
	for name, r := range map[string]llm.Request{
		"no messages":   {},
		"a role":        {Messages: []llm.Message{{Role: "narrator"}}},
		"a tool's form": {Messages: hello().Messages, Tools: []llm.ToolSpec{{Name: "t", Parameters: json.RawMessage("{")}}},
		"a schema":      {Messages: hello().Messages, Schema: &llm.Schema{Name: "s", JSON: json.RawMessage("{")}},
	} {
		_, whole := m.Generate(t.Context(), r)
		_, _, parts := stream(t, m, r)
		for _, err := range []error{whole, parts} {
			if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindInvalid || !e.Usage.Known {
				t.Errorf("%s: error = %v, want an invalid request that cost nothing", name, err)
			}
		}
	}
	if len(asked) != 0 {
		t.Errorf("the server got %d requests, want none", len(asked))
	}
}
