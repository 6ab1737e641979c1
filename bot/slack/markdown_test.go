package slack

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

// textOf is what people read of a message, block by block: "|" between elements.
func textOf(tb testing.TB, blocks []slackapi.Block) string {
	tb.Helper()
	data, err := json.Marshal(blocks)
	if err != nil {
		tb.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		tb.Fatal(err)
	}
	return readOut(tree)
}

func readOut(tree any) string {
	var parts []string
	switch tree := tree.(type) {
	case []any:
		for _, item := range tree {
			if text := readOut(item); text != "" {
				parts = append(parts, text)
			}
		}
	case map[string]any:
		if text, ok := tree["text"].(string); ok {
			return text
		}
		for _, key := range []string{"text", "title", "elements", "rows"} {
			if text := readOut(tree[key]); text != "" {
				parts = append(parts, text)
			}
		}
	}
	return strings.Join(parts, "|")
}

func TestPost_showsMentionsOfOthersAsText(t *testing.T) {
	t.Parallel()

	blocks, text := postBlocks(bot.Post{Text: "Hi <!channel> <@U0VICTIM> @here & **<!here>**", Mention: "U02DANA"})
	want := []slackapi.Block{slackapi.NewRichTextBlock("", slackapi.NewRichTextSection(
		slackapi.NewRichTextSectionUserElement("U02DANA", nil), words(" "),
		words("Hi <!channel> <@U0VICTIM> @here & "),
		slackapi.NewRichTextSectionTextElement("<!here>", &slackapi.RichTextSectionTextStyle{Bold: true}),
	))}
	if diff := cmp.Diff(want, blocks); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
	if want := "<@U02DANA> Hi &lt;!channel&gt; &lt;@U0VICTIM&gt; @\u200bhere &amp; &lt;!here&gt;"; text != want {
		t.Errorf("text is %q, want %q", text, want)
	}
}

func TestMarkdown_saysWhereLinksLead(t *testing.T) {
	t.Parallel()

	for markdown, want := range map[string]string{
		"[your bank](https://evil.example/x)":               "your bank| (evil.example)",
		"[https://bank.example](https://evil.example)":      "https://bank.example| (evil.example)",
		"https://docs.example.com/a":                        "https://docs.example.com/a",
		"[docs.example.com](https://docs.example.com/a)":    "docs.example.com",
		"[mail](mailto:a@example.com)":                      "mail| (a@example.com)",
		"[x](javascript:alert(1))":                          "x",
		"[**a** b](https://x.org)":                          "a| b| (x.org)",
		"![sales](https://x.org/p.png)":                     "sales| (x.org)",
		"[a](https://x.org)[b](https://y.org)":              "a| (x.org)|b| (y.org)",
		"[bank.example](https://bank.example@evil.example)": "bank.example| (evil.example)",
	} {
		blocks, _ := postBlocks(bot.Post{Text: markdown})
		if got := textOf(t, blocks); got != want {
			t.Errorf("%s reads %q, want %q", markdown, got, want)
		}
	}
}

func TestMarkdown_numbersGoOnBehindAnInnerList(t *testing.T) {
	t.Parallel()

	blocks, _ := postBlocks(bot.Post{Text: "1. a\n   - b\n\n   c\n2. d"})
	type list struct {
		style          slackapi.RichTextListElementType
		indent, offset int
	}
	var got []list
	for _, e := range blockOf[*slackapi.RichTextBlock](t, blocks).Elements {
		l := e.(*slackapi.RichTextList)
		got = append(got, list{l.Style, l.Indent, l.Offset})
	}
	want := []list{{slackapi.RTEListOrdered, 0, 0}, {slackapi.RTEListBullet, 1, 0}, {slackapi.RTEListOrdered, 0, 1}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(list{})); diff != "" {
		t.Errorf("lists (-want +got):\n%s", diff)
	}
}

func TestMarkdown_onlyTheFirstTableIsOne(t *testing.T) {
	t.Parallel()

	table := "| Region | Sum |\n|---|--:|\n| North | 12 |\n| | 7 |\n"
	blocks, _ := postBlocks(bot.Post{Text: table + "\nand\n\n" + table})
	want := "Region|Sum|North|12|–|7|and|Region  Sum\n──────  ───\nNorth    12\n          7"
	if got := textOf(t, blocks); got != want {
		t.Errorf("reads %q, want %q", got, want)
	}
	if n := len(blockOf[*slackapi.TableBlock](t, blocks).Rows); n != 3 {
		t.Errorf("the table has %d rows", n)
	}
}

func TestPost_longerThanAMessageSaysSo(t *testing.T) {
	t.Parallel()

	text := strings.Repeat("A sentence of this report.\n\n", 1_000)
	again := press(bot.ActAgain, "", "Run again", bot.StylePlain)
	blocks, _ := postBlocks(bot.Post{Text: text, Buttons: []bot.Button{again}})
	got := textOf(t, blocks)
	if !strings.HasSuffix(got, "|"+cutNote+"|Run again") {
		t.Errorf("ends with %q", got[max(0, len(got)-200):])
	}
	if n := strings.Count(got, "sentence"); n < 200 {
		t.Errorf("only %d of the sentences are there", n)
	}
	blocks, _ = postBlocks(bot.Post{Text: "short", Buttons: []bot.Button{again}})
	if got := textOf(t, blocks); got != "short|Run again" {
		t.Errorf("got %q", got)
	}
}

func TestHome_leavesNothingToRead(t *testing.T) {
	t.Parallel()

	view := homeView(bot.Page{Title: "Jobs", Parts: []bot.Part{{
		Head: "*<!here>* `x` ~y~", Lines: []string{"a & b", "@channel"}, Indent: []int{0, 1},
		Markdown: "**bold** [x](https://evil.example)\n\n- item", Code: "a ``` <b>",
	}}})
	want := "Jobs|*∗&lt;!here&gt;∗ ˋxˋ ∼y∼*\n• a &amp; b\n\u2003• @\u200bchannel|bold x (evil.example)\n• item|```a ˋˋˋ &lt;b&gt;```"
	if got := textOf(t, view.Blocks.BlockSet); got != want {
		t.Errorf("got  %q,\nwant %q", got, want)
	}
}

func TestChunks_joinToTheText(t *testing.T) {
	t.Parallel()

	got := chunks("ab\ncdefg😀h\n", 4, unitsOf)
	if diff := cmp.Diff([]string{"ab\n", "cdef", "g😀h", "\n"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzPost checks that no Markdown pings anybody or breaks Slack's limits.
func FuzzPost(f *testing.F) {
	for _, seed := range []string{
		salesAnswer, "<!channel>", "<@U0VICTIM>", "&lt;!here&gt; &#60;!here&#62;", "[<!here>](https://x.org)", "| <!here> |\n|-|\n| @here |", "```\n<!here>\n```",
		"> - <!subteam^S1>", "1. a\n\n   b\n\n       c", strings.Repeat("- a\n\nb\n\n", 60), "\u202e<!here>", "[a](<https://x.org/|<!here>>)",
	} {
		f.Add(seed)
	}
	l := loadLimits(f)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 8_000 {
			return
		}
		blocks, fallback := postBlocks(bot.Post{Text: text})
		if fallback == "" {
			fallback = "nothing"
		}
		for _, p := range validate(l, message{fallback, blocks}, surfaceMessage) {
			t.Error(p)
		}
		for _, p := range validate(l, homeView(bot.Page{Title: text, Parts: []bot.Part{{Head: text, Markdown: text}}}), surfaceHome) {
			t.Error(p)
		}
	})
}
