package result

import (
	"strings"
	"unicode"

	"github.com/askbob/bob/jobs"
)

// words writes a status as people say it.
func words(s jobs.Status) string { return strings.ReplaceAll(string(s), "_", " ") }

// escape puts text that others wrote on one line of Markdown, as it is to be
// read: it cannot end its paragraph, format anything or load anything.
func escape(text string) string {
	runes := []rune(strings.Join(strings.Fields(clean(text)), " "))
	var b strings.Builder
	for i, r := range runes {
		inWord := r == '_' && i > 0 && i+1 < len(runes) && alphanumeric(runes[i-1]) && alphanumeric(runes[i+1])
		if strings.ContainsRune("\\`*_[]<>~", r) && !inWord {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func alphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// clean drops what steers a screen instead of showing something: control
// characters but line breaks and tabs, and invisible formatting such as
// right-to-left overrides. Joiners stay, scripts and emoji need them.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\u200c' || r == '\u200d':
			return r
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		case r == '\u2028' || r == '\u2029':
			return '\n'
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
}

// code puts text into a code span that nothing inside can end.
func code(text string) string {
	text = strings.Join(strings.Fields(clean(text)), " ")
	fence := strings.Repeat("`", longestRun(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}

func codeList(names []string) string {
	spans := make([]string, len(names))
	for i, n := range names {
		spans[i] = code(n)
	}
	return strings.Join(spans, ", ")
}

// fenced puts text into a code block that nothing inside can end.
func fenced(text string) string {
	text = strings.Trim(clean(strings.ReplaceAll(text, "\r\n", "\n")), "\n")
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	return fence + "\n" + text + "\n" + fence
}

func longestRun(text string, mark rune) int {
	longest, run := 0, 0
	for _, r := range text {
		run++
		if r != mark {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// closeFence ends a code block that text leaves open, so that what follows is not
// taken for code.
func closeFence(text string) string { return text + closing(text) }

// closing is the line that ends an open code block of text; empty if none is.
func closing(text string) string {
	open := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		fence, rest := fenceOf(line)
		switch {
		case open == "":
			open = fence
		case fence != "" && fence[0] == open[0] && len(fence) >= len(open) && strings.TrimSpace(rest) == "":
			open = ""
		}
	}
	if open == "" {
		return ""
	}
	return "\n" + open
}

// fenceOf splits a line that begins with a code fence; the fence is empty if it
// does not.
func fenceOf(line string) (fence, rest string) {
	text := strings.TrimLeft(line, " ")
	if len(line)-len(text) > 3 || text == "" {
		return "", line
	}
	rest = strings.TrimLeft(text, text[:1])
	fence = text[:len(text)-len(rest)]
	backticks := fence[0] == '`' && !strings.Contains(rest, "`")
	if len(fence) < 3 || !backticks && fence[0] != '~' {
		return "", line
	}
	return fence, rest
}
