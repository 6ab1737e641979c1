package llm_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/askbob/bob/llm"
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
		if got := llm.Tokens(c.text); got < c.low || got > c.high {
			t.Errorf("%s: %d tokens, want %d to %d", name, got, c.low, c.high)
		}
	}
}

func TestTokens_growsWithTheText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		got := llm.Tokens(text)
		if got < int64(len(text))*10/35 || got > int64(len(text)) {
			t.Fatalf("%d tokens for %d bytes in %d characters", got, len(text), utf8.RuneCountInString(text))
		}
	})
}
