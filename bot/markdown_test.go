package bot_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/bot"
)

func TestReadMarkdown(t *testing.T) {
	t.Parallel()

	plain := func(text string) []bot.Span { return []bot.Span{{Text: text}} }
	for name, c := range map[string]struct {
		markdown string
		want     []bot.TextBlock
	}{
		"nothing": {" \n\n", nil},
		"styles": {
			"# Head *it*\n\nA **b _c_ ~~d~~** `e*` f",
			[]bot.TextBlock{
				{Kind: bot.TextHeading, Level: 1, Spans: []bot.Span{{Text: "Head "}, {Text: "it", Italic: true}}},
				{Kind: bot.TextParagraph, Spans: []bot.Span{
					{Text: "A "},
					{Text: "b ", Bold: true},
					{Text: "c", Bold: true, Italic: true},
					{Text: " ", Bold: true},
					{Text: "d", Bold: true, Strike: true},
					{Text: " "},
					{Text: "e*", Code: true},
					{Text: " f"},
				}},
			},
		},
		"lines end where they were ended": {"a\nb  \nc", []bot.TextBlock{{Kind: bot.TextParagraph, Spans: plain("a\nb\nc")}}},
		"lists": {
			"3. three\n4. four\n   - deep\n\n     more\n- [x] done",
			[]bot.TextBlock{
				{Kind: bot.TextItem, Depth: 1, Number: 3, Spans: plain("three")},
				{Kind: bot.TextItem, Depth: 1, Number: 4, Spans: plain("four")},
				{Kind: bot.TextItem, Depth: 2, Spans: plain("deep")},
				{Kind: bot.TextParagraph, Depth: 2, Spans: plain("more")},
				{Kind: bot.TextItem, Depth: 1, Spans: plain("☑ done")},
			},
		},
		"quote, code, rule": {
			"> said\n\n```go\nx <y>\n```\n\n---\n",
			[]bot.TextBlock{
				{Kind: bot.TextParagraph, Quote: true, Spans: plain("said")},
				{Kind: bot.TextCode, Code: "x <y>"},
				{Kind: bot.TextRule},
			},
		},
		"table": {
			"| a | b |\n|---|--:|\n| **1** | 2<br>3 |\n| x |",
			[]bot.TextBlock{{Kind: bot.TextTable, Rows: [][]bot.Cell{
				{{Spans: plain("a")}, {Spans: plain("b"), Align: "right"}},
				{{Spans: []bot.Span{{Text: "1", Bold: true}}}, {Spans: plain("2\n3"), Align: "right"}},
				{{Spans: plain("x")}, {}},
			}}},
		},
		"links": {
			"[a](https://x.org/y) [b](javascript:alert) ![c](http://x.org/c.png) https://z.org <mailto:m@x.org> [d](file:///etc)",
			[]bot.TextBlock{{Kind: bot.TextParagraph, Spans: []bot.Span{
				{Text: "a", Link: "https://x.org/y"},
				{Text: " b "},
				{Text: "c", Link: "http://x.org/c.png"},
				{Text: " "},
				{Text: "https://z.org", Link: "https://z.org"},
				{Text: " "},
				{Text: "mailto:m@x.org", Link: "mailto:m@x.org"},
				{Text: " d"},
			}}},
		},
		"HTML is text": {
			"A List<String> and <!channel>\n\n<div onclick=x>y</div>\n",
			[]bot.TextBlock{
				{Kind: bot.TextParagraph, Spans: plain("A List<String> and <!channel>")},
				{Kind: bot.TextParagraph, Spans: plain("<div onclick=x>y</div>")},
			},
		},
		"what steers the screen": {"a\u202eb&#x202e;c\x1b[0m", []bot.TextBlock{{Kind: bot.TextParagraph, Spans: plain("abc[0m")}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, more := bot.ReadMarkdown(c.markdown, 1_000)
			if diff := cmp.Diff(c.want, got); diff != "" || more {
				t.Errorf("more: %v, blocks (-want +got):\n%s", more, diff)
			}
		})
	}
}

func TestReadMarkdown_saysWhatItLeftOut(t *testing.T) {
	t.Parallel()

	blocks, more := bot.ReadMarkdown("ab😀de", 3)
	want := []bot.TextBlock{{Kind: bot.TextParagraph, Spans: []bot.Span{{Text: "ab😀"}}}}
	if diff := cmp.Diff(want, blocks); diff != "" || !more {
		t.Errorf("more: %v, blocks (-want +got):\n%s", more, diff)
	}
}

func TestReadMarkdown_nestsNoDeeperThanPeopleRead(t *testing.T) {
	t.Parallel()

	for _, mark := range []string{">", "> ", "- ", "1. ", "+ > "} {
		blocks, _ := bot.ReadMarkdown(strings.Repeat(mark, 3_000)+"end", 20_000)
		if len(blocks) != 1 || bot.PlainSpans(blocks[0].Spans) != "end" || blocks[0].Depth > 12 {
			t.Errorf("%q: got %+v", mark, blocks)
		}
	}
	var deep strings.Builder
	for i := range 60 {
		deep.WriteString(strings.Repeat("  ", i) + "- x\n")
	}
	blocks, _ := bot.ReadMarkdown(deep.String(), 20_000)
	if len(blocks) != 60 || blocks[59].Depth != 12 {
		t.Errorf("got %d items, the last at depth %d", len(blocks), blocks[len(blocks)-1].Depth)
	}
}

func TestSafeLink(t *testing.T) {
	t.Parallel()

	for _, address := range []string{
		"javascript:alert(1)", "JAVASCRIPT:x", "data:text/html,x", "file:///etc/passwd", "//x.org", "/x", "https://", "slack://x",
		"https://x.org/a b", "https://x.org/<!here>", "https://x.org/|y", "https://x.org/\u202eb", "https://x.org/" + strings.Repeat("x", 2_000),
	} {
		if got := bot.SafeLink(address); got != "" {
			t.Errorf("%q may be followed", got)
		}
	}
	for _, address := range []string{"https://x.org/a?b=c#d", "HTTP://x.org", "mailto:a@x.org"} {
		if got := bot.SafeLink(address); got != address {
			t.Errorf("got %q of %q", got, address)
		}
	}
}

// FuzzReadMarkdown checks that texts come out clean and links safe, whatever goes in.
func FuzzReadMarkdown(f *testing.F) {
	for _, seed := range []string{
		"# a\n\n- b\n  1. c\n\n> d\n\n```\ne\n```\n\n|a|b|\n|-|-|\n|c|d|\n", "[a](javascript:x)", "&#0;&#x202e;", "<!channel>", "- [x] a\n***\n",
		"\xff", "<div>\n\n</div>", "![a](https://x.org)", "a\\\nb", "[^1]\n\n[^1]: x",
	} {
		f.Add(seed, 100)
	}
	f.Fuzz(func(t *testing.T, markdown string, limit int) {
		if len(markdown) > 4_000 || limit < 0 {
			return
		}
		blocks, more := bot.ReadMarkdown(markdown, limit)
		if more != (utf8.RuneCountInString(bot.Clean(markdown)) > limit) {
			t.Errorf("more is %v", more)
		}
		for i := range blocks {
			for _, s := range everySpan(&blocks[i]) {
				checkSpan(t, s)
			}
		}
	})
}

func everySpan(b *bot.TextBlock) []bot.Span {
	spans := append([]bot.Span{{Text: b.Code + "x"}}, b.Spans...)
	for _, row := range b.Rows {
		for _, cell := range row {
			spans = append(spans, cell.Spans...)
		}
	}
	return spans
}

func checkSpan(t *testing.T, s bot.Span) {
	t.Helper()
	if s.Text == "" || !utf8.ValidString(s.Text) {
		t.Errorf("text %q", s.Text)
	}
	for _, r := range s.Text {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			t.Errorf("%q has %U", s.Text, r)
		}
	}
	if s.Link != "" && bot.SafeLink(s.Link) != s.Link {
		t.Errorf("link %q", s.Link)
	}
}
