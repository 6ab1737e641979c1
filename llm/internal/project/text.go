package project

import (
	"strings"

	"github.com/tidwall/gjson"
)

// Text is the JSON of a schema while it is written, its fields in the author's
// order. The zero value is empty and ready.
type Text struct {
	out strings.Builder
}

// Raw writes what is JSON, or a part of it, already.
func (t *Text) Raw(json string) { t.out.WriteString(json) }

// Quote writes a string.
func (t *Text) Quote(s string) { t.out.Write(gjson.AppendJSONString(nil, s)) }

// String returns what was written.
func (t *Text) String() string { return t.out.String() }

// Object opens an object and returns what writes the name of its next field.
// Whoever opened it writes the closing brace.
func (t *Text) Object() (field func(name string)) {
	t.Raw("{")
	first := true
	return func(name string) {
		if !first {
			t.Raw(",")
		}
		first = false
		t.Quote(name)
		t.Raw(":")
	}
}

// Each writes an object whose names are the author's, and lets write write its
// values.
func (t *Text) Each(object gjson.Result, write func(value gjson.Result)) {
	field := t.Object()
	object.ForEach(func(name, value gjson.Result) bool {
		field(name.String())
		write(value)
		return true
	})
	t.Raw("}")
}

// List writes an array, and lets write write its values.
func (t *Text) List(array gjson.Result, write func(value gjson.Result)) {
	t.Raw("[")
	for i, value := range array.Array() {
		if i > 0 {
			t.Raw(",")
		}
		write(value)
	}
	t.Raw("]")
}

// Describe writes the field description, with notes of what stands nowhere else;
// nothing if there is neither.
func (t *Text) Describe(field func(string), description string, notes []string) {
	if len(notes) > 0 {
		description = strings.TrimSpace(description + " (" + strings.Join(notes, ", ") + ")")
	}
	if description != "" {
		field("description")
		t.Quote(description)
	}
}

// IsObject reports whether the value of the keyword type says object, alone or
// among others.
func IsObject(kind gjson.Result) bool {
	return kind.String() == "object" || kind.IsArray() && strings.Contains(kind.Raw, `"object"`)
}
