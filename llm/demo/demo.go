// Package demo is a model that needs no key and no network: it follows rules, and
// says so. It plans and carries out one kind of job for real, the analysis of an
// attached table as figures, charts, slides or a report, and answers sums and the
// time of day by tools. It understands a table by its columns' types, names and
// ranges, whatever their language; every figure it states comes from SQL that a
// tool ran. It does not know what tools are made of, and it does not understand
// prose.
package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/askbob/bob/llm"
)

// The names under which the model reports itself.
const (
	Provider  = "demo"
	ModelName = "demo"
)

// Config configures a Model. Its zero value is ready to use.
type Config struct {
	Delay time.Duration // how long every call pretends to think; 0: not at all
}

// Model answers by rules. The same request always gets the same answer. It is
// safe for concurrent use.
type Model struct {
	delay time.Duration
}

var _ llm.Model = (*Model)(nil)

// New returns the model. A negative delay counts as none.
func New(cfg Config) *Model { return &Model{delay: max(cfg.Delay, 0)} }

// Generate answers by the request's purpose: a plan as JSON, a turn of tool calls
// or text, or a combined result. It returns an *llm.APIError for a request that
// no rule covers, and ctx's error if it ends during the delay.
func (m *Model) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	if err := m.think(ctx); err != nil {
		return llm.Response{}, err
	}
	if len(r.Messages) == 0 {
		return llm.Response{}, fault(llm.KindInvalid, "the request has no messages", llm.Usage{})
	}
	resp, err := answer(r)
	if err != nil {
		return llm.Response{}, err
	}
	resp.Provider, resp.Model = Provider, ModelName
	resp.Usage = usage(r, resp)
	if r.MaxOutput > 0 && resp.Usage.Out > int64(r.MaxOutput) {
		text := fmt.Sprintf("the answer needs about %d tokens, allowed are %d", resp.Usage.Out, r.MaxOutput)
		return llm.Response{}, fault(llm.KindTruncated, text, resp.Usage)
	}
	return resp, nil
}

// Stream yields the answer of Generate line by line.
func (m *Model) Stream(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		resp, err := m.Generate(ctx, r)
		if err != nil {
			yield(llm.Delta{}, err)
			return
		}
		for line := range strings.Lines(resp.Text) {
			if err := ctx.Err(); err != nil {
				yield(llm.Delta{}, err)
				return
			}
			if !yield(llm.Delta{Text: line}, nil) {
				return
			}
		}
		yield(llm.Delta{Done: &resp}, nil)
	}
}

// think waits for the configured delay, or for the end of ctx.
func (m *Model) think(ctx context.Context) error {
	if m.delay <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(m.delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func answer(r llm.Request) (llm.Response, error) {
	b := readBriefing(r)
	long, summary := llm.SectionOf(r.Messages[0].Text, "result")
	switch {
	case summary && !b.known:
		return done(digest(long)), nil
	case r.Purpose == llm.PurposePlan:
		return answerPlan(b, r)
	case r.Schema != nil:
		text := fmt.Sprintf("the demo model cannot answer by the schema %q; it knows plans only", r.Schema.Name)
		return llm.Response{}, fault(llm.KindInvalid, text, llm.Usage{})
	case r.Purpose == llm.PurposeCombine:
		return done(combine(b)), nil
	}
	return turn(b, r), nil
}

func done(text string) llm.Response {
	return llm.Response{Text: strings.TrimSpace(text), Stop: llm.StopDone}
}

func fault(kind llm.Kind, text string, used llm.Usage) *llm.APIError {
	return &llm.APIError{Provider: Provider, Model: ModelName, Kind: kind, Message: text, Usage: used}
}

// bytesPerToken is what vendors' tokenizers make of English prose.
const bytesPerToken = 4

// usage counts what a real model would roughly have used. It is known, because
// nobody else counts.
func usage(r llm.Request, resp llm.Response) llm.Usage {
	in := len(r.System)
	for _, m := range r.Messages {
		in += len(m.Text) + callBytes(m.Calls)
		for _, result := range m.Results {
			in += len(result.Text)
		}
		for _, image := range m.Images {
			in += len(image.Data)
		}
	}
	for _, tool := range r.Tools {
		in += len(tool.Name) + len(tool.Description) + len(tool.Parameters)
	}
	if r.Schema != nil {
		in += len(r.Schema.JSON)
	}
	return llm.Usage{UncachedIn: tokens(in), Out: tokens(len(resp.Text) + callBytes(resp.Calls)), Known: true}
}

func callBytes(calls []llm.ToolCall) int {
	n := 0
	for _, call := range calls {
		n += len(call.Name) + len(call.Args)
	}
	return n
}

func tokens(bytes int) int64 {
	return int64(bytes+bytesPerToken-1) / bytesPerToken
}

// encode writes JSON of values that are made of strings, numbers and maps only.
func encode(v any) json.RawMessage {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		// No input can cause it: such values always encode.
		panic(fmt.Sprintf("demo: encode %T: %v", v, err))
	}
	return json.RawMessage(strings.TrimSuffix(b.String(), "\n"))
}
