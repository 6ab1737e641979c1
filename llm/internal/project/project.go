// Package project fits JSON schemas to what a vendor accepts: what it would refuse
// or ignore is said in the description instead, where a model can read it. It
// knows no vendor: an adapter hands over its rules.
package project

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/tidwall/gjson"
)

// Fate is what becomes of a keyword.
type Fate int

// The fates.
const (
	Keep     Fate = iota
	Describe      // said in the description, with its value
	Drop
)

// Rules are what one vendor makes of schemas.
type Rules struct {
	// Fate decides over every keyword but description.
	Fate func(keyword string, value gjson.Result) Fate
	// Names are keywords under another name, such as oneOf as anyOf.
	Names map[string]string
	// Ordering has every object name its properties in their order, under
	// propertyOrdering: for vendors that lose the order of a JSON object.
	Ordering bool
	// BareRefs leaves nothing beside a $ref but keywords that begin with $.
	BareRefs bool
}

// maxDepth bounds the walk; vendors refuse deeper schemas anyhow.
const maxDepth = 100

// maxNote bounds what is said in words of one keyword, in bytes.
const maxNote = 300

// Schema returns the schema under the rules, its properties in their order. It
// returns an error for what is no JSON object and for absurd nesting. Equal schemas come
// out as equal bytes.
func Schema(schema json.RawMessage, rules Rules) (json.RawMessage, error) {
	root := gjson.ParseBytes(schema)
	if !gjson.ValidBytes(schema) || !root.IsObject() {
		return nil, errors.New("it is no JSON object")
	}
	w := writer{rules: rules}
	w.schema(root, 0)
	if w.tooDeep {
		return nil, errors.New("it is nested too deeply")
	}
	return json.RawMessage(w.out.String()), nil
}

type writer struct {
	rules   Rules
	out     Text
	tooDeep bool
}

// schema writes one schema.
func (w *writer) schema(s gjson.Result, depth int) {
	switch {
	case depth > maxDepth:
		w.tooDeep = true
		w.out.Raw("{}")
		return
	case s.Type == gjson.True: // anything: not every vendor knows the short form
		w.out.Raw("{}")
		return
	case !s.IsObject():
		w.out.Raw(s.Raw)
		return
	}
	bare := w.rules.BareRefs && s.Get("$ref").Exists()
	var notes []string
	field := w.out.Object()
	s.ForEach(func(key, value gjson.Result) bool {
		name := key.String()
		switch {
		case name == "description", bare && !strings.HasPrefix(name, "$"):
			return true
		}
		switch w.rules.Fate(name, value) {
		case Keep:
			w.keyword(field, name, value, depth+1)
		case Describe:
			if len(value.Raw) <= maxNote {
				notes = append(notes, name+" "+value.Raw)
			}
		case Drop:
		}
		return true
	})
	if !bare {
		w.out.Describe(field, s.Get("description").String(), notes)
	}
	w.out.Raw("}")
}

// keyword writes one keyword and, where schemas are below it, those.
func (w *writer) keyword(field func(string), name string, value gjson.Result, depth int) {
	called := name
	if other, ok := w.rules.Names[name]; ok {
		called = other
	}
	field(called)
	switch name {
	case "properties", "$defs", "definitions", "patternProperties", "dependentSchemas":
		w.out.Each(value, func(s gjson.Result) { w.schema(s, depth) })
		if name == "properties" && w.rules.Ordering {
			w.ordering(field, value)
		}
	case "anyOf", "oneOf", "allOf", "prefixItems":
		w.out.List(value, func(s gjson.Result) { w.schema(s, depth) })
	case "items", "not", "if", "then", "else", "contains", "propertyNames", "additionalProperties":
		w.below(value, depth)
	case "$ref":
		w.out.Quote(w.ref(value.String()))
	default:
		w.out.Raw(value.Raw)
	}
}

// below writes what is a schema, a list of schemas (items of old drafts) or, of
// additionalProperties, a switch.
func (w *writer) below(value gjson.Result, depth int) {
	switch {
	case value.IsObject():
		w.schema(value, depth)
	case value.IsArray():
		w.out.List(value, func(s gjson.Result) { w.schema(s, depth) })
	default:
		w.out.Raw(value.Raw)
	}
}

// ref follows the definitions to their other name.
func (w *writer) ref(to string) string {
	if name, ok := w.rules.Names["definitions"]; ok {
		return strings.Replace(to, "#/definitions/", "#/"+name+"/", 1)
	}
	return to
}

func (w *writer) ordering(field func(string), properties gjson.Result) {
	var names []string
	properties.ForEach(func(name, _ gjson.Result) bool {
		names = append(names, string(gjson.AppendJSONString(nil, name.String())))
		return true
	})
	if len(names) > 0 {
		field("propertyOrdering")
		w.out.Raw("[" + strings.Join(names, ",") + "]")
	}
}
