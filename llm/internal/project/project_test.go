package project_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/askbob/bob/llm/internal/project"
)

func rules() project.Rules {
	return project.Rules{
		Fate: func(keyword string, _ gjson.Result) project.Fate {
			switch keyword {
			case "pattern", "maxLength", "not":
				return project.Describe
			case "$schema", "default":
				return project.Drop
			}
			return project.Keep
		},
		Names: map[string]string{"oneOf": "anyOf", "definitions": "$defs"},
	}
}

func TestSchema_saysInWordsWhatIsNotKept(t *testing.T) {
	t.Parallel()
	const schema = `{"$schema":"x","type":"object","required":["b","pattern"],"properties":{
		"b":{"type":"string","maxLength":8,"description":"What it is.","pattern":"^a\"<b$"},
		"pattern":{"oneOf":[{"type":"string","default":"x"},true,{"$ref":"#/definitions/n","maxLength":1}]},
		"a":{"type":"array","items":[{"maxLength":2}]}},
		"definitions":{"n":{"type":"number"}},"additionalProperties":false}`
	const want = `{"type":"object","required":["b","pattern"],"properties":{` +
		`"b":{"type":"string","description":"What it is. (maxLength 8, pattern \"^a\\\"\u003cb$\")"},` +
		`"pattern":{"anyOf":[{"type":"string"},{},{"$ref":"#/$defs/n","description":"(maxLength 1)"}]},` +
		`"a":{"type":"array","items":[{"description":"(maxLength 2)"}]}},` +
		`"$defs":{"n":{"type":"number"}},"additionalProperties":false}`
	got, err := project.Schema(json.RawMessage(schema), rules())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
}

func TestSchema_keepsTheOrderOfPropertiesWhereTheVendorDoesNot(t *testing.T) {
	t.Parallel()
	r := rules()
	r.Ordering, r.BareRefs = true, true
	got, err := project.Schema(json.RawMessage(`{"properties":{"z":{"properties":{}},"a":{"$ref":"#","type":"object","description":"d"}}}`), r)
	const want = `{"properties":{"z":{"properties":{}},"a":{"$ref":"#"}},"propertyOrdering":["z","a"]}`
	if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
		t.Errorf("error = %v, schema (-want +got):\n%s", err, diff)
	}
}

func TestSchema_leavesOutWordsThatWouldBeTooMany(t *testing.T) {
	t.Parallel()
	schema := `{"type":"string","not":{"enum":["` + strings.Repeat("x", 400) + `"]}}`
	got, err := project.Schema(json.RawMessage(schema), rules())
	if err != nil || string(got) != `{"type":"string"}` {
		t.Errorf("schema = %s, %v, want the type alone", got, err)
	}
}

func TestSchema_refusesWhatIsNone(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{
		"", "{", "[]", "true", `{"a"}`,
		strings.Repeat(`{"items":`, 200) + "{}" + strings.Repeat("}", 200),
	} {
		if got, err := project.Schema(json.RawMessage(schema), rules()); err == nil {
			t.Errorf("schema = %s for %.40q, want an error", got, schema)
		}
	}
}

// FuzzSchema: a schema of an MCP server is foreign text.
func FuzzSchema(f *testing.F) {
	f.Add(`{"type":"object","properties":{"a":{"oneOf":[true,{"maxLength":3}]}},"items":[]}`)
	f.Add(`{"properties":7,"anyOf":"x","$ref":[],"description":{},"items":null}`)
	f.Fuzz(func(t *testing.T, schema string) {
		r := rules()
		r.Ordering, r.BareRefs = true, true
		got, err := project.Schema(json.RawMessage(schema), r)
		if err == nil && !json.Valid(got) {
			t.Errorf("schema = %s, want JSON", got)
		}
	})
}
