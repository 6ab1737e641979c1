package slack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	slackapi "github.com/slack-go/slack"
	"pgregory.net/rapid"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// hostile are pieces of text that others may write.
func hostile() *rapid.Generator[string] {
	pieces := rapid.SampledFrom([]string{
		"", " ", "plain words", "<!channel>", "<!here|here>", "<@U02DANA>", "<@U0VICTIM>", "<#C1|general>", "@channel", "@Everyone",
		"<https://evil.example|bank.example>", "&lt;!channel&gt;", "&amp;", "👩‍👩‍👧‍👦", "▶️", "שלום עולם", "مرحبا", "\u202eevil\u202c",
		"\x00\x1b[31m", "\r\n", "\n", "\t", "`", "```", "*", "_", "~", "|", "> ", "- ", "1. ", "# ", "[a](https://example.com/x)",
		"[a](javascript:alert(1))", "![p](http://example.com/p.png)", "<b>", "| a | b |\n|---|--:|\n| 1 | <!here> |\n", "---\n", "\xff\xfe",
		"z\u0301\u0301\u0301\u0301\u0301", "\u2028", ":tada:", "{\"a\":1}", strings.Repeat("long ", 700), strings.Repeat("W", 5_000), strings.Repeat("😀", 2_000),
	})
	return rapid.Custom(func(t *rapid.T) string {
		text := strings.Join(rapid.SliceOfN(pieces, 0, 12).Draw(t, "pieces"), rapid.SampledFrom([]string{"", " ", "\n", "\n\n"}).Draw(t, "glue"))
		if rapid.IntRange(0, 15).Draw(t, "huge") == 0 {
			text = strings.Repeat(text+".", 40_000/(len(text)+1))
		}
		return text
	})
}

func listOf[T any](t *rapid.T, most int, g *rapid.Generator[T], name string) []T {
	if rapid.IntRange(0, 9).Draw(t, "few") > 0 {
		most = min(most, 6)
	}
	return rapid.SliceOfN(g, 0, most).Draw(t, name)
}

func anyButton() *rapid.Generator[bot.Button] {
	return rapid.Custom(func(t *rapid.T) bot.Button {
		b := bot.Button{
			Action: rapid.SampledFrom([]bot.Action{bot.ActDetails, bot.ActCancel, bot.ActGood, bot.ActBad, bot.ActJobs}).Draw(t, "action"),
			Job:    salesJob, Arg: rapid.SampledFrom([]string{"", "1.2", "a|b", strings.Repeat("9", 200)}).Draw(t, "arg"),
			Label: hostile().Draw(t, "label"),
			Style: rapid.SampledFrom([]bot.Style{bot.StylePlain, bot.StylePrimary, bot.StyleDanger}).Draw(t, "style"),
		}
		if rapid.Bool().Draw(t, "confirm") {
			b.Confirm = &bot.Confirm{Title: hostile().Draw(t, "title"), Text: hostile().Draw(t, "text"), Yes: hostile().Draw(t, "yes"), No: hostile().Draw(t, "no")}
		}
		return b
	})
}

func anyCard(t *rapid.T) bot.Card {
	step := rapid.Custom(func(t *rapid.T) bot.CardRow {
		return bot.CardRow{
			Path: rapid.SampledFrom([]string{"", "1", "1.2.3", strings.Repeat("1.", 300)}).Draw(t, "path"), Title: hostile().Draw(t, "title"),
			Status: rapid.SampledFrom(jobs.Statuses()).Draw(t, "status"), State: hostile().Draw(t, "state"), Detail: hostile().Draw(t, "detail"),
		}
	})
	return bot.Card{
		Job: salesJob, Title: hostile().Draw(t, "title"), Status: rapid.SampledFrom(jobs.Statuses()).Draw(t, "status"),
		State: hostile().Draw(t, "state"), Percent: rapid.IntRange(-1, 120).Draw(t, "percent"), Activity: hostile().Draw(t, "activity"),
		Facts: listOf(t, 40, hostile(), "facts"), Waits: listOf(t, 40, hostile(), "waits"), Hints: listOf(t, 40, hostile(), "hints"),
		Steps: listOf(t, 200, step, "steps"), More: rapid.IntRange(-1, 1_000_000).Draw(t, "more"), Buttons: listOf(t, 60, anyButton(), "buttons"),
		At: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0),
	}
}

func anyPage(t *rapid.T) bot.Page {
	part := rapid.Custom(func(t *rapid.T) bot.Part {
		p := bot.Part{
			Head: hostile().Draw(t, "head"), Lines: listOf(t, 200, hostile(), "lines"),
			Markdown: hostile().Draw(t, "markdown"), Code: hostile().Draw(t, "code"), Buttons: listOf(t, 60, anyButton(), "buttons"),
		}
		if rapid.Bool().Draw(t, "tree") {
			p.Indent = listOf(t, 200, rapid.IntRange(-1, 30), "indent")
		}
		return p
	})
	return bot.Page{Kind: bot.PageDetails, Title: hostile().Draw(t, "title"), Parts: listOf(t, 120, part, "parts"), Pager: listOf(t, 60, anyButton(), "pager")}
}

func report(t *rapid.T, what string, problems []string) {
	if len(problems) > 0 {
		t.Fatalf("%s: %s", what, strings.Join(problems[:min(len(problems), 5)], "\n"))
	}
}

func TestCards_keepLimitsWhateverIsInThem(t *testing.T) {
	t.Parallel()
	l := loadLimits(t)

	rapid.Check(t, func(t *rapid.T) {
		blocks, text := cardBlocks(anyCard(t))
		report(t, "card", validate(l, message{text, blocks}, surfaceMessage))
	})
}

func TestPosts_pingOnlyWhomTheyMention(t *testing.T) {
	t.Parallel()
	l := loadLimits(t)

	rapid.Check(t, func(t *rapid.T) {
		user := rapid.SampledFrom([]string{"", "U02DANA", "W1", "<!here>", "U1> <!channel", "u1"}).Draw(t, "user")
		blocks, text := postBlocks(bot.Post{Text: hostile().Draw(t, "text"), Mention: user, Buttons: listOf(t, 60, anyButton(), "buttons")})
		var may []string
		if user == "U02DANA" || user == "W1" {
			may = []string{user}
			if !strings.HasPrefix(text, "<@"+user+">") {
				t.Fatalf("%s is not pinged by %q", user, text)
			}
		}
		if text == "" {
			text = "nothing" // as whoever posts it does
		}
		report(t, "post", validate(l, message{text, blocks}, surfaceMessage, may...))
	})
}

func TestPages_keepTheLimitsOfEachSurface(t *testing.T) {
	t.Parallel()
	l := loadLimits(t)

	rapid.Check(t, func(t *rapid.T) {
		page := anyPage(t)
		report(t, "home", validate(l, homeView(page), surfaceHome))
		report(t, "modal", validate(l, modalView(page), surfaceModal))
		blocks, text := replyBlocks(bot.Reply{Page: &page, Text: hostile().Draw(t, "said"), Warning: true})
		if text == "" {
			text = "nothing"
		}
		report(t, "reply", validate(l, message{text, blocks}, surfaceMessage))
	})
}

func TestForms_keepLimits(t *testing.T) {
	t.Parallel()
	l := loadLimits(t)

	rapid.Check(t, func(t *rapid.T) {
		field := rapid.Custom(func(t *rapid.T) bot.Field {
			choice := rapid.Custom(func(t *rapid.T) bot.Choice {
				return bot.Choice{Value: hostile().Draw(t, "value"), Label: hostile().Draw(t, "label")}
			})
			return bot.Field{
				Key: rapid.SampledFrom([]string{"", "a", "b", "c", strings.Repeat("k", 300)}).Draw(t, "key"), Label: hostile().Draw(t, "label"),
				Hint: hostile().Draw(t, "hint"), Value: hostile().Draw(t, "value"), Long: rapid.Bool().Draw(t, "long"),
				Optional: rapid.Bool().Draw(t, "optional"), Choices: listOf(t, 120, choice, "choices"),
				Files: rapid.IntRange(0, 3).Draw(t, "files") == 0, Max: rapid.SampledFrom([]int{0, 1, 100, 9_000}).Draw(t, "max"),
			}
		})
		form := bot.Form{Button: bot.Button{Action: bot.ActNew}, Title: hostile().Draw(t, "title"), Submit: hostile().Draw(t, "submit"), Fields: listOf(t, 120, field, "fields")}
		report(t, "form", validate(l, formView(form), surfaceModal))
	})
}

func TestCard_saysWhichStepsItHides(t *testing.T) {
	t.Parallel()

	c := cards()["running"]
	c.Steps = nil
	for i := range 200 {
		c.Steps = append(c.Steps, bot.CardRow{Path: fmt.Sprint(i + 1), Title: "Step", Status: jobs.StatusQueued, State: "⏳ Queued"})
	}
	c.More = 5
	blocks, _ := cardBlocks(c)
	plan := blockOf[*slackapi.PlanBlock](t, blocks)
	if want := "Plan: 200 parts · 185 more not shown"; plan.Title != want || len(plan.Tasks) != maxTasks {
		t.Errorf("got %q and %d tasks, want %q and %d", plan.Title, len(plan.Tasks), want, maxTasks)
	}
}

func blockOf[T slackapi.Block](tb testing.TB, blocks []slackapi.Block) T {
	tb.Helper()
	for _, b := range blocks {
		if found, ok := b.(T); ok {
			return found
		}
	}
	tb.Fatalf("no %T among %d blocks", *new(T), len(blocks))
	return *new(T)
}

func TestTaskStatus_isGreenOnlyForWhatIsWhole(t *testing.T) {
	t.Parallel()

	for _, s := range jobs.Statuses() {
		got := taskStatus(s)
		if green := got == slackapi.TaskCardStatusComplete; green != (s == jobs.StatusCompleted) {
			t.Errorf("%s is shown as %s", s, got)
		}
		if s.Final() && got == slackapi.TaskCardStatusInProgress {
			t.Errorf("%s is over and shown as %s", s, got)
		}
	}
}

func TestParseButton_readsWhatWasRendered(t *testing.T) {
	t.Parallel()

	list := []bot.Button{
		press(bot.ActPause, "", "Pause", bot.StylePlain), press(bot.ActPause, "1.2", "Pause 1.2", bot.StylePlain),
		press(bot.ActJobs, "active,0", "Active", bot.StylePrimary), press(bot.ActGood, "", "Good", bot.StylePlain), press(bot.ActBad, "", "Bad", bot.StylePlain),
	}
	var got []bot.Button
	read := func(id, value string) {
		b, ok := parseButton(id, value)
		if !ok {
			t.Errorf("%s %s is not read", id, value)
		}
		got = append(got, b)
	}
	for _, b := range newSheet(surfaceMessage).buttonBlocks(list) {
		switch b := b.(type) {
		case *slackapi.ActionBlock:
			for _, e := range b.Elements.ElementSet {
				button := e.(*slackapi.ButtonBlockElement)
				read(button.ActionID, button.Value)
			}
		case *slackapi.ContextActionsBlock:
			e := b.Elements.ElementSet[0].(*slackapi.FeedbackButtonsBlockElement)
			read(e.ActionID, e.PositiveButton.Value)
			read(e.ActionID, e.NegativeButton.Value)
		}
	}
	for i := range list {
		list[i].Label, list[i].Style = "", ""
	}
	if !slices.Equal(got, list) {
		t.Errorf("got %+v, want %+v", got, list)
	}
}

func TestParseButton_refusesWhatItDidNotRender(t *testing.T) {
	t.Parallel()

	for id, value := range map[string]string{
		"bob_pause":    "cancel|job_7k3f9q2x|", // another action under this name
		"pause":        "pause|job_7k3f9q2x|",
		"bob_pause_x":  "pause|job_7k3f9q2x|",
		"bob_feedback": "cancel|job_7k3f9q2x|",
		"bob_retry":    "retry",
		"bob_again":    "again|" + strings.Repeat("x", 200) + "|",
	} {
		if b, ok := parseButton(id, value); ok {
			t.Errorf("%s %s is read as %+v", id, value, b)
		}
	}
}

func TestForm_isReadAsItWasFilledIn(t *testing.T) {
	t.Parallel()

	var state slackapi.ViewState
	err := json.Unmarshal([]byte(`{"values":{
		"bob_field_request":{"bob_value":{"type":"plain_text_input","value":"Analyze <it>"}},
		"bob_field_priority":{"bob_value":{"type":"static_select","selected_option":{"value":"high"}}},
		"bob_field_files":{"bob_value":{"type":"file_input","files":[{"id":"F1"},{"id":"F2"}]}},
		"bob_field_budget":{"bob_value":{"type":"plain_text_input","value":null}},
		"other":{"bob_value":{"type":"plain_text_input","value":"x"}}}}`), &state)
	if err != nil {
		t.Fatal(err)
	}
	got := formFields(&state)
	want := map[string]string{"request": "Analyze <it>", "priority": "high", "files": "F1 F2", "budget": ""}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if ids := fileIDs(got["files"]); !slices.Equal(ids, []string{"F1", "F2"}) {
		t.Errorf("got files %q", ids)
	}
	if none := formFields(nil); len(none) != 0 {
		t.Errorf("a view without fields has %v", none)
	}
}

func TestPost_thatIsAFileAloneHasNoBlocks(t *testing.T) {
	t.Parallel()

	blocks, text := postBlocks(bot.Post{Files: []bot.FileContent{{Name: "q4 <!here>.pptx"}}})
	if len(blocks) != 0 || text != "File: q4 &lt;!here&gt;.pptx" {
		t.Errorf("got %d blocks and %q", len(blocks), text)
	}
}
