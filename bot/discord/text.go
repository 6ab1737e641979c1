package discord

import (
	"strings"

	"github.com/askbob/bob/bot"
)

// special are the characters that Discord reads something into anywhere in a text.
const special = "\\`*_~|<>[]#@"

// escape shows a plain text of people or models as it is: no formatting, no link, no
// mention, no emoji by name. What needs no escape has none: notifications show them.
func escape(text string) string {
	var b strings.Builder
	start, digits := true, false
	for i, r := range text {
		switch {
		case r < 0x80 && strings.ContainsRune(special, r),
			r == ':' && !spaced(text[i+1:]),
			start && (r == '-' || r == '+'),
			digits && (r == '.' || r == ')'):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		digits = (start || digits) && r >= '0' && r <= '9'
		start = r == '\n' || (start && r == ' ')
	}
	return b.String()
}

// spaced reports whether a text begins with a space: a colon before one is the end of
// words, and begins no address and no emoji. What follows an end is not known here.
func spaced(text string) bool { return text != "" && (text[0] == ' ' || text[0] == '\n') }

// oneLine makes a text of people or models one line, without what steers a screen.
func oneLine(text string) string { return strings.Join(strings.Fields(bot.Clean(text)), " ") }

// line is a plain text as one escaped line, of at most n characters before it is
// escaped.
func line(text string, n int) string { return escape(cut(oneLine(text), n)) }
