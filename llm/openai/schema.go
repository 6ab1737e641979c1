package openai

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/askbob/bob/llm/internal/project"
)

// The keywords of a schema, by what a strict server makes of them.
var (
	// moved are refused by strict servers or by some of their models. They go into
	// the description, where the model can read them.
	moved = []string{ //nolint:gochecknoglobals // a constant table
		"minLength", "maxLength", "pattern", "format", "minItems", "maxItems", "uniqueItems",
		"minProperties", "maxProperties", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
	}
	// dropped say nothing to a model.
	dropped = []string{"$schema", "$id", "$comment", "default", "examples"} //nolint:gochecknoglobals // a constant table
	// loose have no strict form: a schema with one of them is sent as advice.
	loose = []string{ //nolint:gochecknoglobals // a constant table
		"allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "patternProperties",
		"propertyNames", "unevaluatedProperties", "unevaluatedItems", "contains", "prefixItems",
	}
)

// maxSchemaDepth bounds the walk; strict servers refuse deeper schemas anyhow.
const maxSchemaDepth = 100

// projected returns the schema as it is sent, with its properties in their order,
// which is the order in which a model writes them. It reports whether the server
// may be told to be strict: every object closed, every property required.
//
// For a grammar only the patterns are moved: one on a string made vLLM ignore the
// bound of its length.
func projected(schema json.RawMessage, grammar bool) (json.RawMessage, bool, error) {
	if !gjson.ValidBytes(schema) {
		return nil, false, errors.New("it is no JSON")
	}
	p := projection{moved: moved, strict: true}
	if grammar {
		p.moved = []string{"pattern"}
	}
	p.schema(gjson.ParseBytes(schema), 0)
	if p.tooDeep {
		return nil, false, errors.New("it is nested too deeply")
	}
	return json.RawMessage(p.out.String()), p.strict, nil
}

type projection struct {
	out     project.Text
	moved   []string
	strict  bool
	tooDeep bool
}

// schema writes one schema.
func (p *projection) schema(s gjson.Result, depth int) {
	if depth > maxSchemaDepth {
		p.tooDeep = true
		p.out.Raw("{}")
		return
	}
	if !s.IsObject() { // true, false
		p.strict = false
		p.out.Raw(s.Raw)
		return
	}
	p.strict = p.strict && closed(s)
	var bounds []string
	fields := p.out.Object()
	s.ForEach(func(key, value gjson.Result) bool {
		switch name := key.String(); {
		case slices.Contains(p.moved, name):
			bounds = append(bounds, name+" "+value.Raw)
		case name == "description", slices.Contains(dropped, name):
		default:
			p.keyword(fields, name, value, depth+1)
		}
		return true
	})
	p.out.Describe(fields, s.Get("description").String(), bounds)
	p.out.Raw("}")
}

// keyword writes one keyword and, where schemas are below it, those.
func (p *projection) keyword(field func(string), name string, value gjson.Result, depth int) {
	if slices.Contains(loose, name) {
		p.strict = false
	}
	switch name {
	case "properties", "$defs", "definitions", "patternProperties", "dependentSchemas":
		field(name)
		p.out.Each(value, func(s gjson.Result) { p.schema(s, depth) })
	case "oneOf": // unknown to strict servers; the caller's check tells the two apart
		field("anyOf")
		p.out.List(value, func(s gjson.Result) { p.schema(s, depth) })
	case "anyOf", "allOf", "prefixItems":
		field(name)
		p.out.List(value, func(s gjson.Result) { p.schema(s, depth) })
	case "items", "not", "if", "then", "else", "contains":
		field(name)
		p.schema(value, depth)
	case "additionalProperties":
		field(name)
		if value.IsObject() {
			p.schema(value, depth)
			return
		}
		p.out.Raw(value.Raw)
	default:
		field(name)
		p.out.Raw(value.Raw)
	}
}

// closed reports whether a strict server takes this object: nothing but its
// properties, and all of them required. What is no object passes.
func closed(s gjson.Result) bool {
	properties := s.Get("properties")
	if !properties.Exists() && !project.IsObject(s.Get("type")) {
		return true
	}
	if s.Get("additionalProperties").Raw != "false" {
		return false
	}
	required := make(map[string]bool)
	for _, name := range s.Get("required").Array() {
		required[name.String()] = true
	}
	all := true
	properties.ForEach(func(name, _ gjson.Result) bool {
		all = required[name.String()]
		return all
	})
	return all
}
