package llmtest

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/askbob/bob/llm"
)

// The names under which a Script answers.
const (
	ScriptProvider = "script"
	ScriptModel    = "script-1"
)

// Step is one prepared answer, perhaps a function of the request.
type Step func(ctx context.Context, r llm.Request) (llm.Response, error)

// Reply answers with r as it is.
func Reply(r llm.Response) Step {
	return func(context.Context, llm.Request) (llm.Response, error) { return r, nil }
}

// Text answers with a text, and a usage that is known.
func Text(text string) Step {
	return Reply(llm.Response{Text: text})
}

// JSON answers with v as JSON. It panics if v has none.
func JSON(v any) Step {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return Text(string(text))
}

// Calls wants tools to be called.
func Calls(calls ...llm.ToolCall) Step {
	return Reply(llm.Response{Calls: calls, Stop: llm.StopTools})
}

// Call wants one tool to be called with the arguments, a text of JSON.
func Call(id, name, args string) Step {
	return Calls(llm.ToolCall{ID: id, Name: name, Args: json.RawMessage(args)})
}

// Fail fails with err.
func Fail(err error) Step {
	return func(context.Context, llm.Request) (llm.Response, error) { return llm.Response{}, err }
}

// Failure fails as a provider does, with an error of that kind.
func Failure(kind llm.Kind) Step {
	return Fail(&llm.APIError{Provider: ScriptProvider, Model: ScriptModel, Kind: kind, Message: "as the script says"})
}

// Hang says nothing until the context ends, and then fails as a cut exchange
// does.
func Hang() Step {
	return func(ctx context.Context, _ llm.Request) (llm.Response, error) {
		<-ctx.Done()
		return llm.Response{}, &llm.APIError{
			Provider: ScriptProvider, Model: ScriptModel, Kind: llm.KindUnavailable, Err: ctx.Err(),
		}
	}
}

// Script is a model that gives prepared answers in their order and records what
// it was asked. It is safe for concurrent use; which of several callers gets which
// answer is then up to them. Empty fields of an answer are filled in: provider,
// model, stop, and a usage of ten tokens in and five out.
type Script struct {
	mu       sync.Mutex
	steps    []Step
	then     Step
	requests []llm.Request
}

var _ llm.Model = (*Script)(nil)

// NewScript returns a model that answers with the steps. Past the last it fails
// with an *llm.APIError of KindInvalid that says so.
func NewScript(steps ...Step) *Script {
	return &Script{steps: slices.Clone(steps)}
}

// Always returns a model that answers everything with one step.
func Always(step Step) *Script {
	return &Script{then: step}
}

// Add appends steps.
func (s *Script) Add(steps ...Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = append(s.steps, steps...)
}

// Requests returns what was asked so far, in order.
func (s *Script) Requests() []llm.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Left returns how many answers were not asked for.
func (s *Script) Left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.steps)
}

// Generate gives the next answer. An ended context comes first and uses up none.
func (s *Script) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	if err := ctx.Err(); err != nil {
		return llm.Response{}, &llm.APIError{
			Provider: ScriptProvider, Model: ScriptModel, Kind: llm.KindUnavailable, Err: err,
			Usage: llm.Usage{Known: true},
		}
	}
	// A step runs outside the lock: it may hang, or ask this model itself.
	response, err := s.next(r)(ctx, r)
	if err != nil {
		return llm.Response{}, err
	}
	return completed(response), nil
}

// Stream gives the next answer in pieces of a few characters.
func (s *Script) Stream(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		response, err := s.Generate(ctx, r)
		if err != nil {
			yield(llm.Delta{}, err)
			return
		}
		for piece := range pieces(response.Text) {
			if !yield(llm.Delta{Text: piece}, nil) {
				return
			}
		}
		yield(llm.Delta{Done: &response}, nil)
	}
}

func (s *Script) next(r llm.Request) Step {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, copied(r))
	switch {
	case len(s.steps) > 0:
		step := s.steps[0]
		s.steps = s.steps[1:]
		return step
	case s.then != nil:
		return s.then
	}
	return Fail(&llm.APIError{
		Provider: ScriptProvider, Model: ScriptModel, Kind: llm.KindInvalid,
		Message: fmt.Sprintf("the script has no answer to request %d", len(s.requests)),
	})
}

// copied keeps a request as it was asked: callers go on to append to theirs.
func copied(r llm.Request) llm.Request {
	r.Messages = slices.Clone(r.Messages)
	r.Tools = slices.Clone(r.Tools)
	return r
}

func completed(r llm.Response) llm.Response {
	if r.Provider == "" {
		r.Provider = ScriptProvider
	}
	if r.Model == "" {
		r.Model = ScriptModel
	}
	if r.Stop == "" {
		r.Stop = llm.StopDone
		if len(r.Calls) > 0 {
			r.Stop = llm.StopTools
		}
	}
	if r.Usage == (llm.Usage{}) {
		r.Usage = llm.Usage{UncachedIn: 10, Out: 5, Known: true}
	}
	return r
}

// pieceRunes is small, so that short texts come in several pieces too.
const pieceRunes = 4

func pieces(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for text != "" {
			size := 0
			for range pieceRunes {
				_, n := utf8.DecodeRuneInString(text[size:])
				size += n
			}
			if !yield(text[:size]) {
				return
			}
			text = text[size:]
		}
	}
}
