package llm

import "strings"

// Section frames text as <name>…</name>. Text that people, files, tools or other
// models wrote is put into prompts only so: it cannot close its own frame or open
// another, because every "<" before a letter, "/" or "!" gets a zero-width space
// behind it, and one before a zero-width space a second, so that SectionOf can
// tell them apart.
func Section(name, text string) string {
	return "<" + name + ">\n" + neutral(text) + "\n</" + name + ">\n"
}

// SectionOf returns the text of the first section of that name in a prompt, as
// it was before Section framed it. It reports false when there is none.
func SectionOf(prompt, name string) (string, bool) {
	_, rest, ok := strings.Cut(prompt, "<"+name+">\n")
	if !ok {
		return "", false
	}
	text, _, ok := strings.Cut(rest, "\n</"+name+">")
	return strings.ReplaceAll(text, "<"+zeroWidth, "<"), ok
}

// neutral goes by bytes: what is no valid UTF-8 passes as it is.
func neutral(text string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "<")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString("<")
		if tagStart(after) {
			b.WriteString(zeroWidth)
		}
		text = after
	}
}

const zeroWidth = "\u200b"

func tagStart(after string) bool {
	if after == "" {
		return false
	}
	c := after[0]
	return c == '/' || c == '!' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.HasPrefix(after, zeroWidth)
}
