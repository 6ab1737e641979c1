package terminal

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"github.com/askbob/bob/bot"
)

// sequence matches whole escape sequences, so that taking them out leaves no
// remains to read. What it misses loses its escape character all the same.
var sequence = regexp.MustCompile(`\x1b\[[0-9:;<=>?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)`)

// maxMarks bounds the marks on one letter: more of them paint over other lines.
const maxMarks = 4

// Clean makes text that people, models or files wrote safe to write to a terminal:
// no control characters but line breaks and tabs, no escape sequences, no
// invisible formatting such as right-to-left overrides. It cuts nothing.
func Clean(text string) string {
	text = sequence.ReplaceAllString(strings.ToValidUTF8(text, "\ufffd"), "")
	var b strings.Builder
	marks := 0
	for _, r := range text {
		if !unicode.Is(unicode.Mn, r) {
			marks = 0
		} else if marks++; marks > maxMarks {
			continue
		}
		switch {
		case r == '\u2028' || r == '\u2029':
			b.WriteByte('\n')
		case r == '\n' || r == '\t' || visible(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

// visible reports whether r shows something. The joiners count: scripts and emoji
// need them.
func visible(r rune) bool {
	return r == '\u200c' || r == '\u200d' || !unicode.IsControl(r) && !unicode.Is(unicode.Cf, r)
}

// oneLine is Clean with every run of white space as one space.
func oneLine(text string) string { return strings.Join(strings.Fields(Clean(text)), " ") }

// cells is how many columns text takes at most. Terminals differ over emoji that
// are made of several characters; the larger answer never overflows.
func cells(text string) int { return max(ansi.StringWidth(text), ansi.StringWidthWc(text)) }

// cut returns text in at most width columns; a cut one ends with an ellipsis.
func cut(text string, width int) string { return bot.Cut(text, width, cells) }

// pad returns text with spaces behind it up to width columns.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-cells(text)))
}
