package plan

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// numbering is what models put before titles although every node has a path: a
// list's number or a word and a number. A bare number may belong to the title.
var numbering = regexp.MustCompile(`^(?i)(?:(?:plan|subplan|task|step|phase)\s+\d+(?:\.\d+)*\s*[:.)–—-]|\d+(?:\.\d+)*[.):](?:\s))\s*`)

// cleanTitle makes one short line of a title: no numbering, no Markdown, no
// quotes around it, no stop behind it.
func cleanTitle(s string) string {
	s = strings.Join(strings.Fields(cleanText(s)), " ")
	s = strings.NewReplacer("**", "", "`", "").Replace(s)
	s = strings.TrimPrefix(strings.TrimLeft(s, "#*•> \"'"), "- ")
	if rest := numbering.ReplaceAllString(s, ""); rest != "" {
		s = rest
	}
	s = strings.Trim(s, "*_\"' ")
	s = strings.TrimRight(s, ".:; ")
	return clip(s, maxTitle)
}

// cleanText drops what is no text: broken bytes, control characters, and marks
// that turn the direction of reading and could make a title pass for another.
func cleanText(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
}

// clip shortens s to at most limit characters, between words where it can, and
// shows that it did.
func clip(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	head := string([]rune(s)[:limit-1])
	if i := strings.LastIndexByte(head, ' '); i > len(head)/2 {
		head = head[:i]
	}
	return strings.TrimRight(head, " ,;") + "…"
}
