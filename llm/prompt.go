package llm

import "strings"

// Section frames text as <name>…</name>. Text that people, files, tools or other
// models wrote is put into prompts only so: it cannot close its own frame or open
// another, because every "<" before a letter or "/" gets a zero-width space
// behind it.
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
	return strings.ReplaceAll(text, "<\u200b", "<"), ok
}

func neutral(text string) string {
	var b strings.Builder
	for i, r := range text {
		b.WriteRune(r)
		if r == '<' && i+1 < len(text) && tagStart(text[i+1]) {
			b.WriteString("\u200b")
		}
	}
	return b.String()
}

func tagStart(c byte) bool {
	return c == '/' || c == '!' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
