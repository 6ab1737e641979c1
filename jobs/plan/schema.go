package plan

import (
	"fmt"

	"github.com/askbob/bob/llm"
)

// Bounds of one answer. They keep a model that loops from filling its whole
// output, and say what a node is: one thing, told briefly.
const (
	maxKey         = 40
	maxTitle       = 100 // what fits a line of a card
	maxDescription = 500
	maxPrompt      = 4000
	maxDepends     = 50
	maxTools       = 40
	maxToolName    = 128 // what a server__tool of MCP may have
	maxModelName   = 100
	maxPolicy      = 20 // "quorum:" and a number
	maxQuestions   = 5  // asked once, together; nobody answers a questionnaire
	maxQuestion    = 500
	// maxNodes bounds one plan: more do not fit an answer. Larger jobs have
	// branches that are planned later.
	maxNodes = 100
)

// form is the schema of an answer. Numbers have no bounds here, because some
// providers refuse them: Validate checks those.
const form = `{
  "type": "object",
  "additionalProperties": false,
  "required": ["title", "questions", "nodes"],
  "properties": {
    "title": {"type": "string", "maxLength": %[1]d, "description": "what the job is, as a heading"},
    "questions": {"type": "array", "maxItems": %[2]d, "items": {"type": "string", "maxLength": %[3]d},
      "description": "what must be known before anything can be planned; else empty"},
    "nodes": {"type": "array", "maxItems": %[4]d, "items": {
      "type": "object",
      "additionalProperties": false,
      "required": ["key", "parent", "type", "title", "description", "prompt", "depends_on", "tools",
        "optional", "on_failure", "estimate_seconds", "expand", "needs"],
      "properties": {
        "key": {"type": "string", "maxLength": %[5]d, "description": "unique in the plan"},
        "parent": {"type": ["string", "null"], "maxLength": %[5]d, "description": "key of the branch it is in; null at the top"},
        "type": {"type": "string", "enum": ["plan", "subplan", "task", "api_call"]},
        "title": {"type": "string", "maxLength": %[1]d, "description": "a few words, no number in front"},
        "description": {"type": "string", "maxLength": %[6]d, "description": "a sentence for the person who asked"},
        "prompt": {"type": "string", "maxLength": %[7]d, "description": "the instruction for the model that works on it"},
        "depends_on": {"type": "array", "maxItems": %[8]d, "items": {"type": "string", "maxLength": %[5]d},
          "description": "keys of the nodes whose results it needs"},
        "tools": {"type": "array", "maxItems": %[9]d, "items": {"type": "string", "maxLength": %[10]d},
          "description": "names of the tools it may use; tasks only"},
        "optional": {"type": "boolean", "description": "whether its branch succeeds without it"},
        "on_failure": {"type": "string", "maxLength": %[11]d, "description": "branches: finish, fail_fast or quorum:K; leaves: empty"},
        "estimate_seconds": {"type": "integer", "description": "0: unknown"},
        "expand": {"type": "string", "enum": ["now", "later"]},
        "needs": {
          "type": "object",
          "additionalProperties": false,
          "required": ["model", "vision", "min_context", "private_only", "max_price_cents"],
          "properties": {
            "model": {"type": ["string", "null"], "maxLength": %[12]d, "description": "null unless the request names one"},
            "vision": {"type": "boolean", "description": "whether it must look at pictures"},
            "min_context": {"type": "integer", "description": "tokens; 0: any"},
            "private_only": {"type": "boolean", "description": "whether its data must stay with private models"},
            "max_price_cents": {"type": "integer", "description": "US cents that a million tokens of its model may cost; 0: any"}
          }
        }
      }
    }}
  }
}`

var schema = llm.MustSchema("plan", fmt.Sprintf(form, //nolint:gochecknoglobals // a constant table
	maxTitle, maxQuestions, maxQuestion, maxNodes, maxKey, maxDescription, maxPrompt, maxDepends, maxTools,
	maxToolName, maxPolicy, maxModelName))
