package discord

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
)

// TestPost_aroundTwoThousandCharacters has texts of all lengths near Discord's limit, in
// letters that take one, two and more of its characters: nothing of them is lost.
func TestPost_aroundTwoThousandCharacters(t *testing.T) {
	t.Parallel()
	for name, letter := range map[string]string{"letters": "x", "accents": "é", "emoji": "🎉", "escaped": "[", "words": "x ", "lines": "x\n\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := 1_900; n <= 2_100; n++ {
				text := strings.Repeat(letter, n/len([]rune(letter)))
				m := postMessage(&bot.Post{Key: "n1.0", Text: text, Mention: "123456789012345678"})
				if err := m.check(); err != nil {
					t.Fatalf("%d: %v", n, err)
				}
				shown := m.Content
				for _, e := range m.Embeds {
					shown += e.Description
				}
				first := strings.TrimSpace(letter)
				if got, want := strings.Count(shown, first), strings.Count(text, first); got < want && !strings.Contains(shown, cutNote) {
					t.Fatalf("%d: %d of %d are left, and nobody says so", n, got, want)
				}
				reply := replyMessage(&bot.Reply{Text: text, Warning: true})
				if err := reply.check(); err != nil {
					t.Fatalf("a reply of %d: %v", n, err)
				}
			}
		})
	}
}

// pinging are the words with which somebody could be called.
const pinging = "@everyone @here <@700> <@!700> <@&50> <#60> </bob:1> @Ann"

// calls is what Discord would read as a call in a text.
var calls = regexp.MustCompile(`(^|[^\\])(@everyone|@here|<@|<#|</)`)

// TestModelText_callsNobody has models, files and people write what would call people.
func TestModelText_callsNobody(t *testing.T) {
	t.Parallel()
	button := bot.Button{Action: bot.ActPause, Job: "job_1", Label: pinging}
	c := running()
	c.Title, c.State, c.Activity, c.Facts, c.Waits, c.Hints = pinging, pinging, pinging, []string{pinging}, []string{pinging}, []string{pinging}
	c.Steps = []bot.CardRow{{Path: pinging, Title: pinging, State: pinging, Detail: pinging}}
	asked := button
	asked.Confirm = &bot.Confirm{Title: pinging, Text: pinging + "\n" + pinging, Yes: pinging, No: pinging}
	page := &bot.Page{Title: pinging, Parts: []bot.Part{{Head: pinging, Lines: []string{pinging}, Markdown: pinging, Buttons: []bot.Button{button}}}}
	for name, m := range map[string]message{
		"card": cardMessage(c, "ref"), "page": pageMessage(page), "post": postMessage(&bot.Post{Key: "k", Text: "# " + pinging + "\n\n- " + pinging}),
		"reply": replyMessage(&bot.Reply{Text: pinging}), "question": replyMessage(&bot.Reply{Ask: &asked}),
	} {
		if m.Mentions.Parse == nil || len(m.Mentions.Parse) != 0 || len(m.Mentions.Users) != 0 || m.Mentions.Reply {
			t.Errorf("%s may ping %+v", name, m.Mentions)
		}
		if found := calls.FindString(m.Content); found != "" {
			t.Errorf("%s calls by %q in %q", name, found, m.Content)
		}
	}
	m := postMessage(&bot.Post{Key: "k", Text: pinging, Mention: "701"})
	if len(m.Mentions.Parse) != 0 || len(m.Mentions.Users) != 1 || m.Mentions.Users[0] != "701" {
		t.Errorf("a post to one person may ping %+v", m.Mentions)
	}
}

// An outage of an hour costs few of the thousand sessions that Discord allows in a day.
func TestPause_anHourIsFewTries(t *testing.T) {
	t.Parallel()
	tries := 0
	for down := time.Duration(0); down < time.Hour; tries++ {
		down += pause(time.Second, tries)
	}
	if tries > 70 {
		t.Errorf("%d tries in an hour", tries)
	}
}
