package price_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/price"
)

// TestTokens_isRatherTooManyThanTooFew compares with the rules by bytes, and for
// dense text with what vocabularies that split digits make of it.
func TestTokens_isRatherTooManyThanTooFew(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text      string
		low, high int64
	}{
		"nothing":  {"", 0, 0},
		"a letter": {"a", 1, 1},
		"prose":    {strings.Repeat("The quick brown fox jumps over the lazy dog. ", 100), 1286, 2000},
		"json":     {strings.Repeat(`{"name":"widget","price":12.5},`, 100), 1240, 2200},
		"csv":      {strings.Repeat("2026-01-31,North,1204,88.20\n", 100), 2000, 2800},
		"digits":   {strings.Repeat("7", 300), 300, 300},
		"hex":      {strings.Repeat("3fa85f64", 100), 400, 800},
		"chinese":  {strings.Repeat("数据分析", 100), 400, 800},
		"emoji":    {strings.Repeat("🎉", 100), 200, 400},
		"no utf-8": {strings.Repeat("\xff", 100), 40, 200},
	} {
		if got := price.Tokens(c.text); got < c.low || got > c.high {
			t.Errorf("%s: %d tokens, want %d to %d", name, got, c.low, c.high)
		}
	}
}

func TestTokens_growsWithTheText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		got := price.Tokens(text)
		if got < int64(len(text))*10/35 || got > int64(len(text)) {
			t.Fatalf("%d tokens for %d bytes in %d characters", got, len(text), utf8.RuneCountInString(text))
		}
	})
}

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
