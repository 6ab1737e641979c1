package ollama

import (
	"encoding/json"

	"github.com/tidwall/gjson"

	"github.com/askbob/bob/llm/internal/project"
)

// maxRepetitions is what the server's grammars may repeat. A schema with a larger
// bound is an error there, whatever the model does.
const maxRepetitions = 2000

// formatOf returns a schema as the server makes a grammar of it. Bounds stay: they
// are what keeps a weak model from writing to its limit.
func formatOf(schema json.RawMessage) (json.RawMessage, error) {
	return project.Schema(schema, project.Rules{Fate: formatFate})
}

func formatFate(keyword string, value gjson.Result) project.Fate {
	switch keyword {
	case "minLength", "maxLength", "minItems", "maxItems":
		if value.Int() > maxRepetitions {
			return project.Describe
		}
	case "pattern": // an error unless it is anchored, and it takes the place of the length
		return project.Describe
	case "$schema", "$id", "$comment", "default", "examples":
		return project.Drop
	}
	return project.Keep
}

// parametersOf returns the parameters of a tool. The server knows few keywords of
// them and shows the model no others, so the rest is said in words.
func parametersOf(schema json.RawMessage) (json.RawMessage, error) {
	return project.Schema(schema, project.Rules{
		Fate: parameterFate, Names: map[string]string{"oneOf": "anyOf", "definitions": "$defs"},
	})
}

func parameterFate(keyword string, _ gjson.Result) project.Fate {
	switch keyword {
	case "type", "items", "enum", "properties", "required", "anyOf", "oneOf", "$defs", "definitions", "$ref":
		return project.Keep
	case "additionalProperties", "$schema", "$id", "$comment", "examples":
		return project.Drop
	}
	return project.Describe
}
