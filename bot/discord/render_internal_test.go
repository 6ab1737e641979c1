package discord

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	discordapi "github.com/bwmarrin/discordgo"
	"pgregory.net/rapid"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got any) {
	t.Helper()
	data, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	data = append(data, '\n')
	path := filepath.Join("testdata", name+".golden.json")
	if *update {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(data) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, data, want)
	}
}

// running is a card with all that one can have.
func running() *bot.Card {
	return &bot.Card{
		Job: "job_7k3f9q2x", Title: "Q4 sales: *analysis* & slides", Status: jobs.StatusRunning, State: "▶️ Running", Percent: 40,
		At:    time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC),
		Facts: []string{"2 of 5 done", "1m 20s, about 2m left", "$0.03 of $2.00", "12,345 tokens"}, Activity: "Reading q4_sales.csv",
		Waits: []string{"Step 2.1 waits for an answer since 3m"},
		Steps: []bot.CardRow{
			{Path: "1", Title: "Collect the sources", Status: jobs.StatusCompleted, State: "✅ Completed"},
			{Path: "2", Title: "Write the [report]", Status: jobs.StatusRunning, State: "▶️ Running", Detail: "1 of 3 done"},
		},
		More: 3, Hints: []string{"Ask for it with: status job_7k3f9q2x"},
		Buttons: []bot.Button{
			{Action: bot.ActDetails, Job: "job_7k3f9q2x", Label: "View details"},
			{Action: bot.ActPause, Job: "job_7k3f9q2x", Label: "Pause"},
			{Action: bot.ActApprove, Job: "job_7k3f9q2x", Arg: "1", Label: "Run", Style: bot.StylePrimary},
			{Action: bot.ActCancel, Job: "job_7k3f9q2x", Label: "Cancel", Style: bot.StyleDanger, Confirm: &bot.Confirm{Title: "Cancel?"}},
		},
	}
}

const report = `# Sales in Q4

The **total** is *1,234.56* EUR, ~~not~~ ` + "`x_1`" + ` for @everyone and <@123>.

1. north_region: 10
2. south
   - nested [site](https://www.example.com/a_(b))

> quoted
> - inside

| Region | EUR |
|--------|----:|
| Nord   |  10 |
| Süd    | 200 |

| Region | A long explanation of what was found |
|---|---|
| Nord | it is so long that a table of it would be broken on every phone |

` + "```sql\nSELECT * FROM t; -- ``` \n```" + `

#### Small heading

---

![chart](https://example.com/c.png) and 1. no list
- [x] done
`

func TestRender_golden(t *testing.T) {
	t.Parallel()
	golden(t, "card", cardMessage(running(), "0123456789ab"))
	golden(t, "card-new", cardMessage(&bot.Card{Job: "job_1", Title: "", Status: jobs.StatusPlanning, Percent: -1}, ""))
	golden(t, "post", postMessage(&bot.Post{
		Key: "n1.0", Text: report, Mention: "700",
		Buttons: []bot.Button{{Action: bot.ActAgain, Job: "job_1", Label: "Run again"}, {Action: bot.ActAgain, Job: "job_1", Label: "twice"}},
	}))
	golden(t, "post-long", postMessage(&bot.Post{Key: "n2.0", Text: strings.Repeat("A sentence of *some* words. ", 400)}))
	golden(t, "page", pageMessage(&bot.Page{
		Kind: bot.PageJobs, Title: "Jobs", Parts: []bot.Part{
			{Head: "Active"},
			{Head: "Sales_Q4", Lines: []string{"▶️ Running · 40%", "job_1"}, Buttons: []bot.Button{{Action: bot.ActPause, Job: "job_1", Label: "Pause"}}},
			{Head: "Other", Lines: []string{"a", "b"}, Indent: []int{0, 2}, Markdown: "- **x**", Code: "a\n b", Buttons: []bot.Button{{Action: bot.ActPause, Job: "job_2", Label: "Pause"}}},
		},
		Pager: []bot.Button{{Action: bot.ActJobs, Arg: "all 2", Label: "Later"}},
	}))
	golden(t, "reply", replyMessage(&bot.Reply{Text: "No job *x*.\nSay `help`.", Warning: true}))
	golden(t, "form", formModal(&bot.Form{
		Button: bot.Button{Action: bot.ActAnswer, Job: "job_1", Arg: "1.2"}, Title: "Answer", Fields: []bot.Field{
			{Key: "answer", Label: "Which year?", Hint: "of the sales", Long: true, Max: 500},
			{Key: "p", Label: "Priority", Optional: true, Choices: []bot.Choice{{Value: "", Label: "as it is"}, {Value: "high", Label: "High"}}},
			{Key: "files", Label: "Files", Optional: true, Files: true},
		},
	}, true))
	golden(t, "commands", commands())
}

// words are texts that hurt.
func words(t *rapid.T, name string) string {
	piece := rapid.SampledFrom([]string{
		"a", " ", "\n", "word ", "*", "`", "```", "|", "<@1>", "@everyone", "https://x.example/a ", "# ", "- ", "1. ", "> ", "\\", "🎉", "東京", "é",
		"\u202e", "[x](y)", strings.Repeat("long ", 80), strings.Repeat("x", 500), "|a|b|\n|-|-|\n|1|2|\n",
	})
	return strings.Join(rapid.SliceOfN(piece, 0, 40).Draw(t, name), "")
}

func someButtons(t *rapid.T) []bot.Button {
	var out []bot.Button
	for range rapid.IntRange(0, 40).Draw(t, "buttons") {
		b := bot.Button{
			Action: rapid.SampledFrom([]bot.Action{bot.ActPause, bot.ActCancel, ""}).Draw(t, "action"),
			Job:    jobs.JobID(rapid.SampledFrom([]string{"", "job_1", strings.Repeat("j", 99)}).Draw(t, "job")),
			Arg:    words(t, "arg"), Label: words(t, "label"),
		}
		if rapid.Bool().Draw(t, "confirm") {
			b.Confirm = &bot.Confirm{}
		}
		out = append(out, b)
	}
	return out
}

func list(t *rapid.T, name string) []string {
	var out []string
	for range rapid.IntRange(0, 12).Draw(t, name) {
		out = append(out, words(t, name))
	}
	return out
}

func TestRender_staysWithinLimits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := bot.Card{
			Job: jobs.JobID(words(t, "job")), Title: words(t, "title"), State: words(t, "state"), Percent: rapid.Int().Draw(t, "percent"),
			Facts: list(t, "facts"), Activity: words(t, "activity"), Waits: list(t, "waits"), Hints: list(t, "hints"),
			More: rapid.Int().Draw(t, "more"), Buttons: someButtons(t), At: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0),
		}
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			c.Steps = append(c.Steps, bot.CardRow{Path: words(t, "path"), Title: words(t, "step"), State: words(t, "state"), Detail: words(t, "detail")})
		}
		page := bot.Page{Title: words(t, "page"), Pager: someButtons(t)}
		for range rapid.IntRange(0, 8).Draw(t, "parts") {
			page.Parts = append(page.Parts, bot.Part{
				Head: words(t, "head"), Lines: list(t, "lines"), Indent: []int{1, -1, 99}, Markdown: words(t, "markdown"), Code: words(t, "code"),
				Buttons: someButtons(t),
			})
		}
		text := words(t, "text")
		for name, m := range map[string]message{
			"card": cardMessage(&c, refOf("k")), "page": pageMessage(&page),
			"post": postMessage(&bot.Post{Key: "k", Text: text, Mention: "123456789012345678", Buttons: c.Buttons}),
			"question": replyMessage(&bot.Reply{Ask: &bot.Button{Action: bot.ActCancel, Job: "job_1", Confirm: &bot.Confirm{
				Title: words(t, "title"), Text: text, Yes: words(t, "yes"), No: words(t, "no"),
			}}}),
			"reply": replyMessage(&bot.Reply{Text: text, Page: &page}), "empty": replyMessage(&bot.Reply{}),
		} {
			if err := m.check(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if len(m.Mentions.Parse) != 0 || m.Mentions.Parse == nil {
				t.Errorf("%s may ping", name)
			}
			if m.Content == "" && (len(m.Embeds) == 0 || m.Embeds[0].Description == "") {
				t.Errorf("%s is empty", name)
			}
		}
	})
}

// TestMarkdown_isCompleteOrSaysSo has a text cut into all parts: nothing is lost
// between them.
func TestMarkdown_isCompleteOrSaysSo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Repeat("wordy ", rapid.IntRange(1, 900).Draw(t, "words"))
		reader := readMarkdown(text)
		limit := rapid.IntRange(20, 700).Draw(t, "limit")
		all := ""
		for !reader.done() && len(reader.blocks) > 0 {
			part := reader.fill(limit)
			if part == "" || units(part) > limit {
				t.Fatalf("a part of %d units within %d", units(part), limit)
			}
			all += part + " "
		}
		if got, want := strings.Fields(all), strings.Fields(text); !reader.more && strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("of %d words %d are left", len(want), len(got))
		}
	})
}

func TestEscape(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a*b_c":          `a\*b\_c`,
		"- no list":      `\- no list`,
		"1. no list":     `1\. no list`,
		"  2) no list":   `  2\) no list`,
		"v1.2, x-y":      `v1.2, x-y`,
		"# no heading":   `\# no heading`,
		"<@1> @everyone": `\<\@1\> \@everyone`,
		"http://x :a:":   `http\://x \:a\:`,
		"a\n- b":         "a\n\\- b",
	} {
		if got := escape(in); got != want {
			t.Errorf("%q is written %q, want %q", in, got, want)
		}
	}
}

func TestRows_keepThePager(t *testing.T) {
	t.Parallel()
	var buttons []bot.Button
	for range 40 {
		buttons = append(buttons, bot.Button{Action: bot.ActPause, Arg: strings.Repeat("1", len(buttons)+1), Label: "Pause"})
	}
	got := pageRows(buttons, []bot.Button{{Action: bot.ActJobs, Label: "Later"}})
	last := got[len(got)-1].(discordapi.ActionsRow).Components
	if len(got) != maxRows || len(last) != 1 || last[0].(discordapi.Button).Label != "Later" {
		t.Errorf("%d rows, the last is %v", len(got), last)
	}
}

func FuzzMarkdown(f *testing.F) {
	f.Add(report)
	f.Add("```\n" + strings.Repeat("`", 50))
	f.Add("[a](javascript:x) [b](https://e.example/)>)")
	f.Fuzz(func(t *testing.T, text string) {
		m := textMessage(text, "ref 0", "1")
		if err := m.check(); err != nil {
			t.Error(err)
		}
	})
}

// What stands below a heading is not torn apart, and the mark stands below all of it.
func TestRender_aLongTextGoesOnBelowAHeading(t *testing.T) {
	t.Parallel()
	first := strings.Repeat("- A finding of some length.\n", 45)
	m := textMessage(first+"\n## Check\n"+strings.Repeat("- The totals agree, all of them.\n", 30), "ref 0", "")
	if strings.Contains(m.Content, "Check") || strings.Contains(m.Content, "ref 0") {
		t.Errorf("the text is %q", m.Content)
	}
	if len(m.Embeds) != 1 || !strings.HasPrefix(m.Embeds[0].Description, "## Check\n") || m.Embeds[0].Footer.Text != "ref 0" {
		t.Errorf("below it stands %+v", m.Embeds)
	}
}

func TestEscape_onlyWhatDiscordReads(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Completed: Sales (job 1), 50%": "Completed: Sales (job 1), 50%",
		":smile: https://x.io a:":       `\:smile: https\://x.io a\:`,
		"1) one":                        `1\) one`,
		"[x](https://x.io)":             `\[x\](https\://x.io)`,
		"<#1> a_b @here":                `\<\#1\> a\_b \@here`,
	} {
		if got := escape(text); got != want {
			t.Errorf("%q is written %q, want %q", text, got, want)
		}
	}
}

func TestRender_aPageThatDoesNotFitKeepsItsButtons(t *testing.T) {
	t.Parallel()
	again := bot.Button{Action: bot.ActAgain, Job: "job_1", Label: "Run again"}
	m := pageMessage(&bot.Page{Title: "Results", Parts: []bot.Part{
		{Markdown: strings.Repeat("A sentence. ", 500)}, {Head: "Steps", Buttons: []bot.Button{again}},
	}})
	if got := m.Embeds[0].Description; !strings.HasSuffix(got, pageNote) || strings.Contains(got, "Steps") {
		t.Errorf("the page ends with %q", got[len(got)-100:])
	}
	if err := m.check(); err != nil || len(m.Components) != 1 {
		t.Errorf("%d rows of buttons, %v", len(m.Components), err)
	}
}
