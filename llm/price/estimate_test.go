package price_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/askbob/bob/llm"
)

// TestMetered_Estimate_countsEveryPart: what is sent and not counted is money
// that was not reserved.
func TestMetered_Estimate_countsEveryPart(t *testing.T) {
	t.Parallel()
	m := tenCents(t, nil)
	text := strings.Repeat("some more of it ", 100)
	plain := m.Estimate(ask()).Input
	for name, add := range map[string]func(*llm.Request){
		"system":      func(r *llm.Request) { r.System = text },
		"message":     func(r *llm.Request) { r.Messages = append(r.Messages, llm.Message{Role: llm.RoleUser, Text: text}) },
		"image":       func(r *llm.Request) { r.Messages[0].Images = []llm.Image{{Data: []byte("x")}} },
		"tool call":   func(r *llm.Request) { r.Messages[0].Calls = []llm.ToolCall{{Args: json.RawMessage(text)}} },
		"signature":   func(r *llm.Request) { r.Messages[0].Calls = []llm.ToolCall{{Signature: text}} },
		"tool result": func(r *llm.Request) { r.Messages[0].Results = []llm.ToolResult{{Text: text}} },
		"tool":        func(r *llm.Request) { r.Tools = []llm.ToolSpec{{Description: text}} },
		"tool schema": func(r *llm.Request) { r.Tools = []llm.ToolSpec{{Parameters: json.RawMessage(text)}} },
		"schema": func(r *llm.Request) {
			r.Schema = llm.MustSchema("s", `{"type":"object","description":"`+text+`"}`)
		},
	} {
		r := ask()
		add(&r)
		more := int64(400)
		if len(r.Tools) > 0 {
			more += 350 // a vendor explains to the model what tools are
		}
		if got := m.Estimate(r).Input; got < plain+more {
			t.Errorf("%s: %d tokens, want at least %d more than %d", name, got, more, plain)
		}
	}
}

func TestMetered_Estimate_isAllInputAtTheDearestPriceAndAllOutput(t *testing.T) {
	t.Parallel()
	e := tenCents(t, nil).Estimate(ask())
	// $0.20 for a million tokens written to the cache, $1 for a million out.
	want := llm.Cost{Amount: llm.Money(e.Input*200 + e.Output*1000), Known: true}
	if e.Worst != want || e.Output != 1000 {
		t.Errorf("estimate = %+v, want the cost %+v", e, want)
	}
}
