package openai

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
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

// project returns the schema as it is sent, with its properties in their order,
// which is the order in which a model writes them. It reports whether the server
// may be told to be strict: every object closed, every property required.
//
// For a grammar only the patterns are moved: one on a string made vLLM ignore the
// bound of its length.
func project(schema json.RawMessage, grammar bool) (json.RawMessage, bool, error) {
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
	out     strings.Builder
	moved   []string
	strict  bool
	tooDeep bool
}

// schema writes one schema.
func (p *projection) schema(s gjson.Result, depth int) {
	if depth > maxSchemaDepth {
		p.tooDeep = true
		p.out.WriteString("{}")
		return
	}
	if !s.IsObject() { // true, false
		p.strict = false
		p.out.WriteString(s.Raw)
		return
	}
	p.strict = p.strict && closed(s)
	var bounds []string
	description := s.Get("description").String()
	fields := p.object()
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
	if len(bounds) > 0 {
		description = strings.TrimSpace(description + " (" + strings.Join(bounds, ", ") + ")")
	}
	if description != "" {
		fields("description")
		p.text(description)
	}
	p.out.WriteByte('}')
}

// keyword writes one keyword and, where schemas are below it, those.
func (p *projection) keyword(field func(string), name string, value gjson.Result, depth int) {
	if slices.Contains(loose, name) {
		p.strict = false
	}
	switch name {
	case "properties", "$defs", "definitions", "patternProperties", "dependentSchemas":
		field(name)
		p.each(value, depth)
	case "oneOf": // unknown to strict servers; the caller's check tells the two apart
		field("anyOf")
		p.list(value, depth)
	case "anyOf", "allOf", "prefixItems":
		field(name)
		p.list(value, depth)
	case "items", "not", "if", "then", "else", "contains":
		field(name)
		p.schema(value, depth)
	case "additionalProperties":
		field(name)
		if value.IsObject() {
			p.schema(value, depth)
			return
		}
		p.out.WriteString(value.Raw)
	default:
		field(name)
		p.out.WriteString(value.Raw)
	}
}

// each writes an object whose names are the author's and whose values are
// schemas.
func (p *projection) each(object gjson.Result, depth int) {
	field := p.object()
	object.ForEach(func(name, value gjson.Result) bool {
		field(name.String())
		p.schema(value, depth)
		return true
	})
	p.out.WriteByte('}')
}

func (p *projection) list(array gjson.Result, depth int) {
	p.out.WriteByte('[')
	for i, value := range array.Array() {
		if i > 0 {
			p.out.WriteByte(',')
		}
		p.schema(value, depth)
	}
	p.out.WriteByte(']')
}

// object opens an object and returns what writes the name of its next field.
func (p *projection) object() func(name string) {
	p.out.WriteByte('{')
	first := true
	return func(name string) {
		if !first {
			p.out.WriteByte(',')
		}
		first = false
		p.text(name)
		p.out.WriteByte(':')
	}
}

func (p *projection) text(s string) {
	p.out.Write(gjson.AppendJSONString(nil, s))
}

// closed reports whether a strict server takes this object: nothing but its
// properties, and all of them required. What is no object passes.
func closed(s gjson.Result) bool {
	properties := s.Get("properties")
	if !properties.Exists() && !isObject(s.Get("type")) {
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

func isObject(kind gjson.Result) bool {
	return kind.String() == "object" || kind.IsArray() && strings.Contains(kind.Raw, `"object"`)
}
