package gemini

import (
	"encoding/json"

	"github.com/tidwall/gjson"

	"github.com/askbob/bob/llm/internal/project"
)

// maxListBound is the longest list whose bound is left to the API: longer ones,
// above all inside each other, make it refuse a schema for having too many states.
const maxListBound = 32

// projected returns the schema as the API takes it. The library and the API lose
// the order of properties, in which a model is to write them, so it is said apart.
func projected(schema json.RawMessage) (json.RawMessage, error) {
	return project.Schema(schema, project.Rules{
		Fate:     fate,
		Names:    map[string]string{"oneOf": "anyOf", "definitions": "$defs"},
		Ordering: true,
		BareRefs: true,
	})
}

// fate goes by the list of keywords in the API's reference of responseJsonSchema.
func fate(keyword string, value gjson.Result) project.Fate {
	switch keyword {
	case "$defs", "definitions", "$ref", "$anchor", "type", "format", "title", "items", "prefixItems", "anyOf",
		"oneOf", "properties", "additionalProperties", "required", "minimum", "maximum":
		return project.Keep
	case "minItems", "maxItems":
		if value.Int() <= maxListBound {
			return project.Keep
		}
	case "enum":
		if onlyWords(value) {
			return project.Keep
		}
	case "$schema", "$id", "$comment", "default", "examples":
		return project.Drop
	}
	return project.Describe
}

// onlyWords reports whether all values are texts or numbers: no others are taken.
func onlyWords(values gjson.Result) bool {
	for _, value := range values.Array() {
		if value.Type != gjson.String && value.Type != gjson.Number {
			return false
		}
	}
	return true
}
