// Package llm says what a language model is: a request, a response, what a call
// used and what went wrong. It knows nothing of jobs, and nothing of any vendor:
// those are its subpackages.
package llm

import (
	"context"
	"encoding/json"
	"iter"
)

// Model answers requests. Implementations are safe for concurrent use, honour
// ctx, never retry by themselves, and report every failure of the provider as an
// *APIError that carries what was used.
type Model interface {
	// Generate returns the whole answer. A cut-off or refused answer is an
	// *APIError of kind KindTruncated or KindRefused, never a Response.
	Generate(ctx context.Context, r Request) (Response, error)
	// Stream yields the answer as it grows. The last Delta has Done set; an error
	// ends the stream.
	Stream(ctx context.Context, r Request) iter.Seq2[Delta, error]
}

// Purpose says what a call is for. Routing and the ledger use it; a provider
// never sees it.
type Purpose string

// The purposes of a call.
const (
	PurposePlan    Purpose = "plan"    // decide how a request is carried out
	PurposeTurn    Purpose = "turn"    // one turn of a leaf's work
	PurposeCombine Purpose = "combine" // make one result of several
)

// Request is one question to a model.
type Request struct {
	Purpose  Purpose
	Model    string // the provider's name of the model; empty: its default
	System   string
	Messages []Message // at least one; the last is from RoleUser or RoleTool
	Tools    []ToolSpec
	// Schema asks for an answer that is JSON of this form. Nil: free text.
	Schema *Schema
	// MaxOutput bounds the answer in tokens, reasoning included. 0: the
	// provider's default.
	MaxOutput int
	// IdempotencyKey is the same for repetitions of one logical call. Empty: none.
	IdempotencyKey string
}

// WithDefaults returns the request with a model and a bound of the answer where it
// has none of its own.
func (r Request) WithDefaults(model string, maxOutput int) Request {
	if r.Model == "" {
		r.Model = model
	}
	if r.MaxOutput <= 0 {
		r.MaxOutput = maxOutput
	}
	return r
}

// Role says who speaks.
type Role string

// The roles of a message.
const (
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
	RoleTool      Role = "tool" // carries Results
)

// Message is one turn of the conversation.
type Message struct {
	Role    Role         `json:"role"`
	Text    string       `json:"text,omitempty"`
	Images  []Image      `json:"images,omitempty"`  // RoleUser only
	Calls   []ToolCall   `json:"calls,omitempty"`   // RoleAssistant only
	Results []ToolResult `json:"results,omitempty"` // RoleTool only
}

// Image is a picture shown to the model.
type Image struct {
	MediaType string `json:"media_type"` // such as image/png
	Data      []byte `json:"data"`
}

// ToolSpec tells a model of a tool that it may call.
type ToolSpec struct {
	Name        string
	Description string
	Parameters  json.RawMessage // JSON schema of an object
}

// ToolCall is a model's wish to call a tool. Args is what the model wrote: it
// may be anything, even no JSON.
type ToolCall struct {
	ID   string          `json:"id"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
	// Signature is the provider's own mark on the call, opaque to everybody else. It
	// goes back unchanged: some refuse a conversation that lost it. Empty: none.
	Signature string `json:"signature,omitempty"`
}

// ToolResult answers the ToolCall with the same ID.
type ToolResult struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Text  string `json:"text"`
	Error bool   `json:"error,omitempty"` // Text says what was wrong, for the model to act on
}

// Stop says why a model ended its answer.
type Stop string

// The ways an answer ends. Cut-off and refused answers are errors, not stops.
const (
	StopDone  Stop = "done"  // the answer is whole
	StopTools Stop = "tools" // the model waits for the results of Calls
)

// Response is a whole answer.
type Response struct {
	Text      string
	Calls     []ToolCall
	Stop      Stop
	Usage     Usage
	Provider  string
	Model     string // as the provider reports it
	RequestID string // the provider's; empty: it gave none
	Cost      Cost   // filled in by llm/price; a bare adapter leaves it zero
	// Stated is what the provider says that the call cost. Cost is our own sum:
	// llm/price takes this one only where it has no price. Not Known: it did not say.
	Stated Cost
}

// Delta is a piece of a streamed answer.
type Delta struct {
	Text string    // to append to what was said so far
	Done *Response // the whole answer, in the last Delta only
}

// Usage counts the tokens of a call. The first four never overlap; their sum,
// each at its price, is what the call cost.
type Usage struct {
	UncachedIn int64
	CacheRead  int64
	CacheWrite int64
	Out        int64 // everything billed as output, reasoning included
	Reasoning  int64 // the part of Out that was reasoning; for display only
	Known      bool  // false: the provider did not say, the counts are an estimate or zero
}

// Plus returns the sum of two usages. It is known only if both are.
func (u Usage) Plus(v Usage) Usage {
	return Usage{
		UncachedIn: u.UncachedIn + v.UncachedIn,
		CacheRead:  u.CacheRead + v.CacheRead,
		CacheWrite: u.CacheWrite + v.CacheWrite,
		Out:        u.Out + v.Out,
		Reasoning:  u.Reasoning + v.Reasoning,
		Known:      u.Known && v.Known,
	}
}

// Cost is what a call cost.
type Cost struct {
	Amount Money
	Known  bool // false: the model's price is unknown, Amount says nothing
}

// Estimate is the worst that a request can use and cost, known before it is sent.
type Estimate struct {
	Provider string
	Model    string
	Input    int64 // tokens, rather too many than too few
	Output   int64 // tokens, the most the answer may have
	Worst    Cost
}
