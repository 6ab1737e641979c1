package anthropic

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/askbob/bob/llm/internal/project"
)

// The keywords of a schema, by what structured outputs make of them. All others
// are refused or may be: they go into the description, where the model can read
// them. The lists are those of the vendor's library, but for patterns, of which
// the provider takes only simple ones.
var (
	kept = []string{ //nolint:gochecknoglobals // a constant table
		"type", "title", "enum", "const", "required", "properties", "items", "anyOf", "oneOf", "allOf", "$defs",
	}
	// dropped say nothing to a model.
	dropped = []string{"$schema", "$id", "$comment", "default", "examples"} //nolint:gochecknoglobals // a constant table
	// formats are those that are kept.
	formats = []string{ //nolint:gochecknoglobals // a constant table
		"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid",
	}
	// forms are what a schema needs one of.
	forms = []string{"type", "enum", "const", "anyOf", "oneOf", "allOf"} //nolint:gochecknoglobals // a constant table
)

// maxSchemaDepth bounds the walk; the provider refuses deeper schemas anyhow.
const maxSchemaDepth = 100

// What no rewriting helps. A caller meets them with the first request that it
// tries.
var (
	errNoJSON  = errors.New("it is no JSON")
	errTooDeep = errors.New("it is nested too deeply")
	errNoForm  = errors.New("a part of it allows anything: give it a type")
	errOpen    = errors.New("an object in it allows any property: name its properties, or give additionalProperties a type")
	errOldDefs = errors.New("it has definitions: call them $defs")
)

// projected returns the schema as structured outputs take it, with its properties
// in their order: every object closed, and no bound that is not in words. What
// fits it need not fit the schema, which the caller checks.
func projected(schema json.RawMessage) (json.RawMessage, error) {
	if !gjson.ValidBytes(schema) {
		return nil, errNoJSON
	}
	var p projection
	p.schema(gjson.ParseBytes(schema), 0)
	if p.err != nil {
		return nil, p.err
	}
	return json.RawMessage(p.out.String()), nil
}

type projection struct {
	out project.Text
	err error
}

func (p *projection) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// schema writes one schema.
func (p *projection) schema(s gjson.Result, depth int) {
	switch {
	case p.err != nil:
		return
	case depth > maxSchemaDepth:
		p.fail(errTooDeep)
		return
	}
	field := p.out.Object()
	defer p.out.Raw("}")
	if ref := s.Get(`\$ref`); ref.Exists() { // nothing may stand beside it but what it may point to
		field("$ref")
		p.out.Raw(ref.Raw)
		if defs := s.Get(`\$defs`); defs.Exists() {
			p.keyword(field, "$defs", defs, depth)
		}
		return
	}
	if !slices.ContainsFunc(forms, func(name string) bool { return s.Get(name).Exists() }) {
		p.fail(errNoForm)
		return
	}
	var said []string
	s.ForEach(func(key, value gjson.Result) bool {
		switch name := key.String(); {
		case name == "definitions":
			p.fail(errOldDefs)
		case name == "oneOf" && s.Get("anyOf").Exists(): // there is one place for both
			said = append(said, name+" "+value.Raw)
		case slices.Contains(kept, name), stays(name, value):
			p.keyword(field, name, value, depth+1)
		case name == "description", name == "additionalProperties", slices.Contains(dropped, name):
		default:
			said = append(said, name+" "+value.Raw)
		}
		return p.err == nil
	})
	p.closed(field, s, depth+1)
	p.out.Describe(field, s.Get("description").String(), said)
}

// stays reports whether the value decides that a keyword is kept.
func stays(name string, value gjson.Result) bool {
	switch name {
	case "format":
		return slices.Contains(formats, value.String())
	case "minItems":
		return value.Raw == "0" || value.Raw == "1"
	}
	return false
}

// closed says what an object may have beside its properties: nothing, unless it
// has none and says of what form the others are.
func (p *projection) closed(field func(string), s gjson.Result, depth int) {
	if !s.Get("properties").Exists() && !project.IsObject(s.Get("type")) {
		return
	}
	others := s.Get("additionalProperties")
	field("additionalProperties")
	switch {
	case len(s.Get("properties").Map()) > 0, others.Raw == "false":
		p.out.Raw("false")
	case others.IsObject():
		p.schema(others, depth)
	default:
		p.fail(errOpen)
	}
}

// keyword writes one keyword and, where schemas are below it, those.
func (p *projection) keyword(field func(string), name string, value gjson.Result, depth int) {
	switch name {
	case "properties", "$defs":
		field(name)
		p.out.Each(value, func(s gjson.Result) { p.schema(s, depth) })
	case "anyOf", "allOf":
		field(name)
		p.out.List(value, func(s gjson.Result) { p.schema(s, depth) })
	case "oneOf": // unknown to the provider; the caller's check tells the two apart
		field("anyOf")
		p.out.List(value, func(s gjson.Result) { p.schema(s, depth) })
	case "items":
		field(name)
		p.schema(value, depth)
	default:
		field(name)
		p.out.Raw(value.Raw)
	}
}
