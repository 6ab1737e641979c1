package openai_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/openai"
)

type sentSchema struct {
	Name   string          `json:"name"`
	Strict bool            `json:"strict"`
	Schema json.RawMessage `json:"schema"`
}

// onTheWire returns the schema as a server gets it.
func onTheWire(t *testing.T, schema string, how openai.Structured) sentSchema {
	t.Helper()
	url, asked := answering(t, 200, fine)
	r := hello()
	r.Schema = llm.MustSchema("form", schema)
	m := open(t, openai.Config{Name: "p", Model: "m", BaseURL: url, Structured: how})
	if _, err := m.Generate(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	var body struct {
		Format struct {
			Type   string     `json:"type"`
			Schema sentSchema `json:"json_schema"`
		} `json:"response_format"`
	}
	data, err := io.ReadAll((<-asked).Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &body); err != nil || body.Format.Type != "json_schema" {
		t.Fatalf("format = %+v, %v in %s", body.Format, err, data)
	}
	return body.Format.Schema
}

func TestSchema_movesBoundsIntoTheDescription(t *testing.T) {
	t.Parallel()
	const schema = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","additionalProperties":false,
		"required":["title","pattern","zeta","alpha"],"properties":{
		"title":{"type":"string","maxLength":80,"description":"What it is."},
		"pattern":{"type":["string","null"],"pattern":"^a\"b$","minLength":1},
		"zeta":{"type":"array","minItems":1,"maxItems":3,"items":{"type":"integer","minimum":0,"enum":[0,1]}},
		"alpha":{"oneOf":[{"type":"string","format":"date"},{"$ref":"#/$defs/n"}]}},
		"$defs":{"n":{"type":"number","maximum":5,"default":1}}}`
	want := `{"type":"object","additionalProperties":false,` +
		`"required":["title","pattern","zeta","alpha"],"properties":{` +
		`"title":{"type":"string","description":"What it is. (maxLength 80)"},` +
		`"pattern":{"type":["string","null"],"description":"(pattern \"^a\\\"b$\", minLength 1)"},` +
		`"zeta":{"type":"array","items":{"type":"integer","enum":[0,1],"description":"(minimum 0)"},"description":"(minItems 1, maxItems 3)"},` +
		`"alpha":{"anyOf":[{"type":"string","description":"(format \"date\")"},{"$ref":"#/$defs/n"}]}},` +
		`"$defs":{"n":{"type":"number","description":"(maximum 5)"}}}`
	got := onTheWire(t, schema, "")
	if diff := cmp.Diff(want, string(got.Schema)); diff != "" || !got.Strict || got.Name != "form" {
		t.Errorf("strict = %v, name = %q, schema (-want +got):\n%s", got.Strict, got.Name, diff)
	}
}

func TestSchema_keepsBoundsForAGrammar(t *testing.T) {
	t.Parallel()
	const schema = `{"type":"object","additionalProperties":false,"required":["a"],"properties":{` +
		`"a":{"type":"string","maxLength":8,"pattern":"^x"},"b":{"type":"array","maxItems":2}}}`
	got := string(onTheWire(t, schema, openai.StructuredGrammar).Schema)
	for _, word := range []string{`"maxLength":8`, `"maxItems":2`} {
		if !strings.Contains(got, word) {
			t.Errorf("schema = %s, want %s in it", got, word)
		}
	}
	if strings.Contains(got, `"pattern":`) {
		t.Errorf("schema = %s, want the pattern in words: beside it vLLM ignored the bound", got)
	}
}

func TestSchema_isStrictOnlyWhereThatWorks(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string]bool{
		`{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"string"}}}`: true,
		`{"type":"object","additionalProperties":false,"required":[],"properties":{"a":{"type":"string"}}}`:    false,
		`{"type":"object","required":["a"],"properties":{"a":{"type":"string"}}}`:                              false,
		`{"type":"object","additionalProperties":{"type":"string"}}`:                                           false,
		`{"type":"object"}`: false,
		`{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"object"}}}`:                    false,
		`{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"allOf":[{"type":"string"}]}}}`:        false,
		`{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":["null","object"]}}}`:           false,
		`{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"array","items":true}}}`:        false,
		`{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"array","items":{"const":1}}}}`: true,
	} {
		got := onTheWire(t, schema, "")
		if got.Strict != want {
			t.Errorf("strict = %v, want %v for %s", got.Strict, want, schema)
		}
		if !json.Valid(got.Schema) {
			t.Errorf("schema = %s, want JSON", got.Schema)
		}
	}
}

func TestSchema_asksForNoStrictnessWhereItIsNotTaken(t *testing.T) {
	t.Parallel()
	const schema = `{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"string","maxLength":8}}}`
	got := onTheWire(t, schema, openai.StructuredSchema)
	if got.Strict || strings.Contains(string(got.Schema), `"maxLength":`) || !strings.Contains(string(got.Schema), "maxLength 8") {
		t.Errorf("strict = %v, schema = %s, want it loose, with its bound in words", got.Strict, got.Schema)
	}
}

func TestSchema_isPutIntoWordsForServersWithoutSchemas(t *testing.T) {
	t.Parallel()
	const schema = `{"type":"object","required":["a"],"properties":{"a":{"type":"string","maxLength":8}}}`
	for how, format := range map[openai.Structured]string{
		openai.StructuredObject: `"response_format":{"type":"json_object"}`, openai.StructuredWords: "",
	} {
		for _, system := range []string{"", "be brief"} {
			url, asked := answering(t, 200, fine)
			r := hello()
			r.System, r.Schema = system, llm.MustSchema("form", schema)
			m := open(t, openai.Config{Name: "p", Model: "m", BaseURL: url, Structured: how})
			if _, err := m.Generate(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll((<-asked).Body)
			if err != nil {
				t.Fatal(err)
			}
			said := gjson.GetBytes(data, "messages.0")
			if said.Get("role").String() != "system" || !strings.HasPrefix(said.Get("content").String(), system) ||
				!strings.Contains(said.Get("content").String(), schema) {
				t.Errorf("%s: first message = %s, want the instructions and the schema", how, said)
			}
			if got := gjson.GetBytes(data, "response_format"); got.Exists() != (format != "") || !strings.Contains(string(data), format) {
				t.Errorf("%s: response_format = %s, want %s", how, got, format)
			}
		}
	}
}
