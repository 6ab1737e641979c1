package gemini_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/gemini"
)

// onTheWire returns the body of a request as the server gets it.
func onTheWire(t *testing.T, r llm.Request) string {
	t.Helper()
	url, asked := answering(t, 200, "text.json")
	m := open(t, gemini.Config{Name: "p", Model: "gemini-3-pro-preview", BaseURL: url, APIKey: "k"})
	if _, err := m.Generate(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll((<-asked).Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func conversation(calls ...llm.ToolCall) llm.Request {
	r := hello()
	r.System = "be brief"
	r.Tools = []llm.ToolSpec{
		{Name: "table_query", Description: "reads", Parameters: json.RawMessage(`{"type":"object","required":["sql"],"properties":{"sql":{"type":"string","maxLength":99},"limit":{"type":"integer"}}}`)},
		{Name: "now"},
	}
	results := make([]llm.ToolResult, 0, len(calls))
	for _, call := range calls {
		results = append(results, llm.ToolResult{ID: call.ID, Name: call.Name, Text: "7 rows"})
	}
	if len(calls) > 0 {
		r.Messages = append(r.Messages,
			llm.Message{Role: llm.RoleAssistant, Text: "I look", Calls: calls}, llm.Message{Role: llm.RoleTool, Results: results})
	}
	return r
}

// TestModel_sendsSignaturesBack: the model refuses its own calls without them.
func TestModel_sendsSignaturesBack(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, "calls.json")
	m := open(t, gemini.Config{Name: "p", Model: "gemini-3-pro-preview", BaseURL: url})
	got, err := m.Generate(t.Context(), hello())
	if err != nil {
		t.Fatal(err)
	}
	// By way of a checkpoint, which is JSON.
	data, err := json.Marshal(llm.Message{Role: llm.RoleAssistant, Text: got.Text, Calls: got.Calls})
	if err != nil {
		t.Fatal(err)
	}
	var kept llm.Message
	if err := json.Unmarshal(data, &kept); err != nil {
		t.Fatal(err)
	}
	turn := gjson.Get(onTheWire(t, conversation(kept.Calls...)), "contents.1.parts").Array()
	if len(turn) != 3 || turn[1].Get("thoughtSignature").String() != "CtQBAdHtim9x4TfQ2o0yfXo1R4Jm0e6i9WcV8a3bT1k=" ||
		turn[2].Get("thoughtSignature").Exists() || turn[1].Get("functionCall.args.limit").Int() != 20 {
		t.Errorf("turn on the wire = %v, want the first call signed as it came", turn)
	}
}

// TestModel_marksCallsOfOtherModels: a conversation that changed its route has
// signatures that nobody can read, or none.
func TestModel_marksCallsOfOtherModels(t *testing.T) {
	t.Parallel()
	const foreign = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=" // skip_thought_signature_validator
	for name, c := range map[string]struct{ model, signature, want string }{
		"unsigned":            {"gemini-3-flash", "", foreign},
		"another model":       {"gemini-3-flash", "gemini gemini-3-pro-preview AAAA", foreign},
		"another vendor":      {"gemini-flash-latest", "anthropic AAAA", foreign},
		"garbage":             {"models/gemini-3-flash", "gemini models/gemini-3-flash ---", foreign},
		"a model that has it": {"gemini-3-flash", "gemini gemini-3-flash AAAA", "AAAA"},
		"before version 3":    {"gemini-2.5-flash", "", ""},
		"not a Gemini":        {"gemma-3-27b-it", "", ""},
	} {
		r := conversation(llm.ToolCall{ID: "1", Name: "a", Signature: c.signature}, llm.ToolCall{ID: "2", Name: "b"})
		r.Model = c.model
		turn := gjson.Get(onTheWire(t, r), "contents.1.parts")
		if got := turn.Get("1.thoughtSignature").String(); got != c.want || turn.Get("2.thoughtSignature").Exists() {
			t.Errorf("%s: signature = %q, want %q on the first call only: %s", name, got, c.want, turn)
		}
	}
}

func TestModel_sendsArgumentsAndResultsAsObjects(t *testing.T) {
	t.Parallel()
	r := conversation(
		llm.ToolCall{ID: "1", Name: "a", Args: json.RawMessage(`{"n":9007199254740991,"z":[1.5,null],"a":"<&>"}`)},
		llm.ToolCall{ID: "2", Name: "b", Args: json.RawMessage(`{"cut`)},
		llm.ToolCall{ID: "3", Name: "c"},
		llm.ToolCall{ID: "4", Name: "d", Args: json.RawMessage(`[1]`)})
	r.Messages[2].Results[1] = llm.ToolResult{ID: "2", Name: "b", Text: "no such column", Error: true}
	body := onTheWire(t, r)
	var got []string
	for _, path := range []string{
		"contents.1.parts.1.functionCall.args", "contents.1.parts.2.functionCall.args", "contents.1.parts.3.functionCall.args",
		"contents.1.parts.4.functionCall.args", "contents.2.parts.0.functionResponse", "contents.2.parts.1.functionResponse",
	} {
		got = append(got, gjson.Get(body, path).Raw)
	}
	want := []string{
		`{"a":"\u003c\u0026\u003e","n":9007199254740991,"z":[1.5,null]}`, `{"input":"{\"cut"}`, ``, `{"input":"[1]"}`,
		`{"id":"1","name":"a","response":{"output":"7 rows"}}`, `{"id":"2","name":"b","response":{"error":"no such column"}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("on the wire (-want +got):\n%s", diff)
	}
}

// TestModel_beginsTheNextTurnAsTheLast: the provider caches by the beginning of
// what it is sent, and asks a tenth for it.
func TestModel_beginsTheNextTurnAsTheLast(t *testing.T) {
	t.Parallel()
	first := conversation(llm.ToolCall{ID: "1", Name: "a", Args: json.RawMessage(`{"z":1,"a":{"y":2,"b":3}}`), Signature: signature})
	second := conversation(first.Messages[1].Calls...)
	second.Messages = append(second.Messages,
		llm.Message{Role: llm.RoleAssistant, Calls: []llm.ToolCall{{ID: "2", Name: "now"}}},
		llm.Message{Role: llm.RoleTool, Results: []llm.ToolResult{{ID: "2", Name: "now", Text: "noon"}}})
	before, after := onTheWire(t, first), onTheWire(t, second)
	for _, field := range []string{"systemInstruction", "tools", "generationConfig"} {
		if a, b := gjson.Get(before, field).Raw, gjson.Get(after, field).Raw; a != b {
			t.Errorf("%s = %s, then %s", field, a, b)
		}
	}
	said := strings.TrimSuffix(gjson.Get(before, "contents").Raw, "]")
	if !strings.HasPrefix(gjson.Get(after, "contents").Raw, said+",") {
		t.Errorf("contents = %s, then %s", said, gjson.Get(after, "contents").Raw)
	}
	for range 20 {
		if again := onTheWire(t, first); again != before {
			t.Fatalf("the same request came as %s, then as %s", before, again)
		}
	}
}

func TestModel_sendsSchemasAsTheAPITakesThem(t *testing.T) {
	t.Parallel()
	r := conversation()
	r.Schema = llm.MustSchema("form", `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","additionalProperties":false,
		"required":["title","kind"],"properties":{
		"title":{"type":"string","maxLength":80,"description":"What it is."},
		"kind":{"oneOf":[{"type":"string","pattern":"^a$"},{"$ref":"#/definitions/n","description":"lost"}]},
		"both":{"type":["string","null"],"enum":["a",null]},
		"few":{"type":"array","maxItems":3,"items":{"type":"integer","minimum":0,"multipleOf":2}},
		"all":{"type":"array","maxItems":100,"items":{"type":"string","const":"x"}}},
		"definitions":{"n":{"type":"number","exclusiveMaximum":5}}}`)
	config := gjson.Get(onTheWire(t, r), "generationConfig")
	want := `{"$defs":{"n":{"description":"(exclusiveMaximum 5)","type":"number"}},"additionalProperties":false,"properties":{` +
		`"all":{"description":"(maxItems 100)","items":{"description":"(const \"x\")","type":"string"},"type":"array"},` +
		`"both":{"description":"(enum [\"a\",null])","type":["string","null"]},` +
		`"few":{"items":{"description":"(multipleOf 2)","minimum":0,"type":"integer"},"maxItems":3,"type":"array"},` +
		`"kind":{"anyOf":[{"description":"(pattern \"^a$\")","type":"string"},{"$ref":"#/$defs/n"}]},` +
		`"title":{"description":"What it is. (maxLength 80)","type":"string"}},` +
		`"propertyOrdering":["title","kind","both","few","all"],"required":["title","kind"],"type":"object"}`
	if diff := cmp.Diff(want, config.Get("responseJsonSchema").Raw); diff != "" || config.Get("responseMimeType").String() != "application/json" {
		t.Errorf("config = %s, schema (-want +got):\n%s", config, diff)
	}
}

func TestModel_sendsToolsWithTheirParameters(t *testing.T) {
	t.Parallel()
	want := `[{"functionDeclarations":[{"description":"reads","name":"table_query","parametersJsonSchema":{"properties":{` +
		`"limit":{"type":"integer"},"sql":{"description":"(maxLength 99)","type":"string"}},` +
		`"propertyOrdering":["sql","limit"],"required":["sql"],"type":"object"}},{"name":"now"}]}]`
	if diff := cmp.Diff(want, gjson.Get(onTheWire(t, conversation()), "tools").Raw); diff != "" {
		t.Errorf("tools (-want +got):\n%s", diff)
	}
}

func TestModel_sendsNoRequestThatItCannotTranslate(t *testing.T) {
	t.Parallel()
	url, asked := answering(t, 200, "text.json")
	m := open(t, gemini.Config{Name: "p", Model: "m", BaseURL: url})
	for name, r := range map[string]llm.Request{
		"no messages":     {},
		"an empty one":    {Messages: []llm.Message{{Role: llm.RoleUser}}},
		"a role":          {Messages: []llm.Message{{Role: "narrator", Text: "x"}}},
		"a tool's form":   {Messages: hello().Messages, Tools: []llm.ToolSpec{{Name: "t", Parameters: json.RawMessage("{")}}},
		"a schema":        {Messages: hello().Messages, Schema: &llm.Schema{Name: "s", JSON: json.RawMessage("{")}},
		"a model's path":  {Messages: hello().Messages, Model: "../../upload"},
		"a model's query": {Messages: hello().Messages, Model: "m?alt=x"},
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
