package anthropic_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/askbob/bob/llm"
)

// schemaOnTheWire returns a schema as the server gets it.
func schemaOnTheWire(tb testing.TB, schema string) string {
	tb.Helper()
	r := hello()
	r.Schema = llm.MustSchema("form", schema)
	body, _ := onTheWire(tb, r)
	if body.Output.Format.Type != "json_schema" {
		tb.Fatalf("format = %+v", body.Output.Format)
	}
	return string(body.Output.Format.Schema)
}

func TestSchema_movesWhatIsRefusedIntoTheDescription(t *testing.T) {
	t.Parallel()
	const schema = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","additionalProperties":false,
		"required":["title","pattern","zeta","alpha"],"properties":{
		"title":{"type":"string","maxLength":80,"description":"What it is."},
		"pattern":{"type":["string","null"],"pattern":"^a\"b$","minLength":1},
		"zeta":{"type":"array","minItems":1,"maxItems":3,"items":{"type":"integer","minimum":0,"enum":[0,1]}},
		"eta":{"type":"array","minItems":2,"uniqueItems":true,"items":{"const":"<x>"}},
		"alpha":{"oneOf":[{"type":"string","format":"date"},{"type":"string","format":"regex"},{"$ref":"#/$defs/n","description":"n"}]}},
		"$defs":{"n":{"type":"number","maximum":5,"default":1,"not":{"const":3}}}}`
	want := `{"type":"object",` +
		`"required":["title","pattern","zeta","alpha"],"properties":{` +
		`"title":{"type":"string","description":"What it is. (maxLength 80)"},` +
		`"pattern":{"type":["string","null"],"description":"(pattern \"^a\\\"b$\", minLength 1)"},` +
		`"zeta":{"type":"array","minItems":1,"items":{"type":"integer","enum":[0,1],"description":"(minimum 0)"},"description":"(maxItems 3)"},` +
		`"eta":{"type":"array","items":{"const":"<x>"},"description":"(minItems 2, uniqueItems true)"},` +
		`"alpha":{"anyOf":[{"type":"string","format":"date"},{"type":"string","description":"(format \"regex\")"},{"$ref":"#/$defs/n"}]}},` +
		`"$defs":{"n":{"type":"number","description":"(maximum 5, not {\"const\":3})"}},"additionalProperties":false}`
	got := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(schemaOnTheWire(t, schema))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
}

func TestSchema_closesObjects(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string]string{
		`{"type":"object","properties":{"a":{"type":"string"}}}`: `{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}`,
		`{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":{"type":"string"}}`: `{"type":"object",` +
			`"properties":{"a":{"type":"string"}},"additionalProperties":false}`,
		`{"type":"object","additionalProperties":{"type":"integer","minimum":1}}`: `{"type":"object","additionalProperties":` +
			`{"type":"integer","description":"(minimum 1)"}}`,
		`{"type":"object","additionalProperties":false}`: `{"type":"object","additionalProperties":false}`,
		`{"anyOf":[{"type":"string"}],"oneOf":[{"type":"null"}]}`: `{"anyOf":[{"type":"string"}],` +
			`"description":"(oneOf [{\"type\":\"null\"}])"}`,
		`{"$ref":"#/$defs/a","$defs":{"a":{"type":"string","minLength":1}}}`: `{"$ref":"#/$defs/a","$defs":` +
			`{"a":{"type":"string","description":"(minLength 1)"}}}`,
	} {
		if diff := cmp.Diff(want, schemaOnTheWire(t, schema)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", schema, diff)
		}
	}
}

// TestSchema_saysWhatItCannotSend: it is a mistake of ours, found with the first
// request.
func TestSchema_saysWhatItCannotSend(t *testing.T) {
	t.Parallel()
	url, asked := answering(t, 200, recorded(t, "turn.json"))
	m := at(t, url)
	for schema, want := range map[string]string{
		`true`:              "allows anything",
		`{}`:                "allows anything",
		`{"minLength":3}`:   "allows anything",
		`{"type":"object"}`: "allows any property",
		`{"type":["null","object"],"additionalProperties":true}`:                                       "allows any property",
		`{"type":"array","items":true}`:                                                                "allows anything",
		`{"type":"object","properties":{"a":{"description":"whatever"}}}`:                              "allows anything",
		`{"type":"string","definitions":{"a":{"type":"string"}}}`:                                      "$defs",
		strings.Repeat(`{"type":"array","items":`, 200) + `{"type":"null"}` + strings.Repeat("}", 200): "nested too deeply",
	} {
		r := hello()
		r.Schema = llm.MustSchema("form", schema)
		_, err := m.Generate(t.Context(), r)
		if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindInvalid || !strings.Contains(e.Message, want) {
			t.Errorf("%s: error = %v, want %q", schema, err, want)
		}
	}
	if len(asked) != 0 {
		t.Errorf("the server got %d requests, want none", len(asked))
	}
}

// FuzzSchema: whatever is sent is JSON, has no keyword that the provider refuses,
// and is sent as it is when it is projected again.
func FuzzSchema(f *testing.F) {
	for _, seed := range []string{
		`{"type":"object","properties":{"a":{"type":"string","maxLength":3,"description":"\"<é"}}}`,
		`{"anyOf":[{"type":"array","items":{"enum":[1,null,"x"]},"maxItems":4},{"const":{"a":1}}]}`,
		`{"$defs":{"maximum":{"type":"number","maximum":1}},"type":"array","items":{"$ref":"#/$defs/maximum"}}`,
		`{"type":"object","type":"object","properties":{"properties":{"type":"object","additionalProperties":{"type":"null"}}}}`,
		`{"allOf":[{"type":"string","format":"date","pattern":"^\\d"}],"if":{"type":"null"},"oneOf":[]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sent, err := projected(t, text)
		if err != nil {
			return
		}
		checkSchema(t, gjson.ParseBytes(sent))
		again, err := projected(t, string(sent))
		if diff := cmp.Diff(string(sent), string(again)); err != nil || diff != "" {
			t.Errorf("projected again: %v (-first +second):\n%s", err, diff)
		}
	})
}

// projected returns a schema as it is sent, without compiling it first.
func projected(t *testing.T, text string) (json.RawMessage, error) {
	t.Helper()
	line := &memory{body: `{"content":[{"type":"text","text":"fine"}],"stop_reason":"end_turn"}`}
	r := hello()
	r.Schema = &llm.Schema{Name: "form", JSON: json.RawMessage(text)}
	if _, err := inMemory(t, line).Generate(t.Context(), r); err != nil {
		return nil, err
	}
	var body wireRequest
	if err := json.Unmarshal(line.asked, &body); err != nil {
		t.Fatalf("no JSON on the wire: %v: %q", err, line.asked)
	}
	return body.Output.Format.Schema, nil
}

// checkSchema fails for what structured outputs refuse.
func checkSchema(t *testing.T, s gjson.Result) {
	t.Helper()
	s.ForEach(func(key, value gjson.Result) bool {
		switch name := key.String(); name {
		case "type", "title", "enum", "const", "required", "description", "$ref", "format", "minItems":
		case "additionalProperties":
			if value.Raw != "false" {
				checkSchema(t, value)
			}
		case "items":
			checkSchema(t, value)
		case "anyOf", "allOf":
			for _, each := range value.Array() {
				checkSchema(t, each)
			}
		case "properties", "$defs":
			value.ForEach(func(_, each gjson.Result) bool {
				checkSchema(t, each)
				return true
			})
		default:
			t.Errorf("keyword %q in %s", name, s.Raw)
		}
		return true
	})
}
