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
	out     strings.Builder
	tooDeep bool
}

// schema writes one schema.
func (w *writer) schema(s gjson.Result, depth int) {
	switch {
	case depth > maxDepth:
		w.tooDeep = true
		w.out.WriteString("{}")
		return
	case s.Type == gjson.True: // anything: not every vendor knows the short form
		w.out.WriteString("{}")
		return
	case !s.IsObject():
		w.out.WriteString(s.Raw)
		return
	}
	bare := w.rules.BareRefs && s.Get("$ref").Exists()
	var notes []string
	field := w.object()
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
		w.describe(field, s.Get("description").String(), notes)
	}
	w.out.WriteByte('}')
}

func (w *writer) describe(field func(string), description string, notes []string) {
	if len(notes) > 0 {
		description = strings.TrimSpace(description + " (" + strings.Join(notes, ", ") + ")")
	}
	if description != "" {
		field("description")
		w.text(description)
	}
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
		w.each(value, depth)
		if name == "properties" && w.rules.Ordering {
			w.ordering(field, value)
		}
	case "anyOf", "oneOf", "allOf", "prefixItems":
		w.list(value, depth)
	case "items", "not", "if", "then", "else", "contains", "propertyNames", "additionalProperties":
		w.below(value, depth)
	case "$ref":
		w.text(w.ref(value.String()))
	default:
		w.out.WriteString(value.Raw)
	}
}

// below writes what is a schema, a list of schemas (items of old drafts) or, of
// additionalProperties, a switch.
func (w *writer) below(value gjson.Result, depth int) {
	switch {
	case value.IsObject():
		w.schema(value, depth)
	case value.IsArray():
		w.list(value, depth)
	default:
		w.out.WriteString(value.Raw)
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
		w.out.WriteString("[" + strings.Join(names, ",") + "]")
	}
}

// each writes an object whose names are the author's and whose values are
// schemas.
func (w *writer) each(object gjson.Result, depth int) {
	field := w.object()
	object.ForEach(func(name, value gjson.Result) bool {
		field(name.String())
		w.schema(value, depth)
		return true
	})
	w.out.WriteByte('}')
}

func (w *writer) list(array gjson.Result, depth int) {
	w.out.WriteByte('[')
	for i, value := range array.Array() {
		if i > 0 {
			w.out.WriteByte(',')
		}
		w.schema(value, depth)
	}
	w.out.WriteByte(']')
}

// object opens an object and returns what writes the name of its next field.
func (w *writer) object() func(name string) {
	w.out.WriteByte('{')
	first := true
	return func(name string) {
		if !first {
			w.out.WriteByte(',')
		}
		first = false
		w.text(name)
		w.out.WriteByte(':')
	}
}

func (w *writer) text(s string) {
	w.out.Write(gjson.AppendJSONString(nil, s))
}
