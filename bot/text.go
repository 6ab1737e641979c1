package bot

import (
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// Clean drops what steers a screen instead of showing something: control characters
// but line breaks and tabs, and invisible formatting such as right-to-left overrides.
// Joiners stay, scripts and emoji need them.
func Clean(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\u200c' || r == '\u200d':
			return r
		case r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			return '\n'
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Cs, r):
			return -1
		}
		return r
	}, text)
}

// Cut returns text of at most limit by size, the measure of the surface; a cut one ends
// with an ellipsis. It does not cut letters or emoji in two. The empty text is all that
// fits into a limit that is not positive.
func Cut(text string, limit int, size func(string) int) string {
	if size(text) <= limit {
		return text
	}
	if limit <= 0 {
		return ""
	}
	room, end := limit-1, 0
	for rest := text; rest != ""; {
		cluster, _ := ansi.FirstGraphemeCluster(rest, ansi.GraphemeWidth)
		if room -= size(cluster); room < 0 {
			break
		}
		end += len(cluster)
		rest = rest[len(cluster):]
	}
	return strings.TrimRight(text[:end], " \n") + "…"
}
