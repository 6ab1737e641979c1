package bot

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestExcerpt_endsWhereReadersPause(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text, want string
		cut        bool
	}{
		"short":            {text: " all of it \n", want: "all of it"},
		"paragraph":        {text: "one two three\n\nfour five six seven", want: "one two three", cut: true},
		"line":             {text: "one two three\nfour five six seven", want: "one two three", cut: true},
		"word":             {text: "one two three four five six", want: "one two three four", cut: true},
		"no word":          {text: strings.Repeat("ä", 30), want: strings.Repeat("ä", 20), cut: true},
		"too early a stop": {text: "a\n\nb " + strings.Repeat("c", 30), want: "a\n\nb " + strings.Repeat("c", 15), cut: true},
		"code":             {text: "```go\nx := 1\n\ny := 2\nz := 3\n```", want: "```go\nx := 1\n```", cut: true},
		"code that ended":  {text: "```\nx\n```\n\nfour five six", want: "```\nx\n```", cut: true},
		"code in code":     {text: "~~~~\n```\nx\n\nfour five six seven", want: "~~~~\n```\nx\n~~~~", cut: true},
		"not UTF-8":        {text: "a\xffb", want: "a\ufffdb"},
	} {
		if got, cut := excerpt(test.text, 20); got != test.want || cut != test.cut {
			t.Errorf("%s: got %q, %t, want %q, %t", name, got, cut, test.want, test.cut)
		}
	}
}

func FuzzExcerpt(f *testing.F) {
	f.Add("```go\nx\n\ny\n", 9)
	f.Add("# Head\n\nText `code` and **bold**.\n\n~~~\nmore\n~~~\n", 30)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = 1 + max(0, limit)%5_000
		begin, cut := excerpt(text, limit)
		whole := strings.TrimSpace(strings.ToValidUTF8(text, "\ufffd"))
		switch {
		case !utf8.ValidString(begin):
			t.Errorf("%q is not UTF-8", begin)
		case !cut && begin != whole:
			t.Errorf("nothing is cut, and %q became %q", whole, begin)
		case !cut:
			return
		}
		shown := begin
		if !strings.HasPrefix(whole, shown) { // then a block of code was closed
			shown = begin[:strings.LastIndexByte(begin, '\n')]
		}
		if n := utf8.RuneCountInString(shown); n > limit || !strings.HasPrefix(whole, shown) {
			t.Errorf("%d characters of at most %d: %q of %q", n, limit, shown, whole)
		}
		if open := openFence(begin); open != "" {
			t.Errorf("%q leaves a block of code open", begin)
		}
	})
}
