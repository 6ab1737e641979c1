package jobs

import (
	"context"
	"encoding/json"

	"github.com/askbob/bob/llm"
)

// Effect says what a tool does to the world.
type Effect string

// The effects. Tools that only read run side by side; one that acts is asked
// about when it is unknown whether it did.
const (
	EffectRead Effect = "read"
	EffectMake Effect = "make" // new artifacts of the job
	EffectAct  Effect = "act"  // changes outside Bob
)

// Tool is something a task may call. It is safe for concurrent use.
type Tool interface {
	Spec() ToolSpec
	// Call runs the tool. Faults of the arguments or the data come back as a
	// *ToolError, in words for a model to act on; any other error is ours.
	// args were checked against Spec().Schema.
	Call(ctx context.Context, files Files, args json.RawMessage) (ToolResult, error)
}

// ToolSpec describes a tool to models and to the runner.
type ToolSpec struct {
	Name        string
	Description string // what it does, when to use it, its limits
	Schema      *llm.Schema
	Effect      Effect
}

// ToolResult is what a tool gives back.
type ToolResult struct {
	Text      string     // for the model, bounded by the tool
	Artifacts []Artifact // made by this call
}

// ToolError is a fault that a model can mend by calling again.
type ToolError struct {
	Message string
}

// Error returns the message.
func (e *ToolError) Error() string { return e.Message }
