package slack

import (
	"strings"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

// homeView renders a page as a person's Home tab. What stands there is seen by nobody
// else, and pings nobody.
func homeView(p bot.Page) slackapi.HomeTabViewRequest {
	blocks, _ := pageBlocks(p, surfaceHome)
	return slackapi.HomeTabViewRequest{Type: slackapi.VTHomeTab, Blocks: slackapi.Blocks{BlockSet: blocks}, CallbackID: callbackHome}
}

// classic puts a part of a page on the sheet in the blocks that the Home tab has known
// from the beginning: whether it takes newer ones could not be tried.
func (s *sheet) classic(p *bot.Part) bool {
	var lines []string
	if head := mrkdwn(line(p.Head, maxLine)); head != "" {
		lines = append(lines, "*"+head+"*")
	}
	for i, text := range p.Lines {
		if text = mrkdwn(line(text, maxLine)); text == "" {
			continue
		}
		if i < len(p.Indent) {
			text = strings.Repeat("\u2003", min(max(p.Indent[i], 0), maxListIndent)) + "• " + text
		}
		lines = append(lines, text)
	}
	if !s.sections(lines) {
		return false
	}
	blocks, more := bot.ReadMarkdown(p.Markdown, s.left.text)
	if !s.sections(classicLines(blocks)) || more {
		return false
	}
	return s.sections(classicCode(bot.Clean(p.Code)))
}

// sections puts lines into as few sections as hold them, and reports whether all fit.
func (s *sheet) sections(lines []string) bool {
	text := ""
	for i, l := range lines {
		if text != "" {
			l = "\n" + l
		}
		if text += l; i+1 < len(lines) && units(text)+1+units(lines[i+1]) <= maxTextObject {
			continue
		}
		if !s.add(slackapi.NewSectionBlock(slackapi.NewTextBlockObject(slackapi.MarkdownType, text, false, true), nil, nil)) {
			return false
		}
		text = ""
	}
	return true
}

// classicLines writes Markdown in Slack's own marks, block by block.
func classicLines(blocks []bot.TextBlock) []string {
	var out []string
	for _, b := range blocks {
		switch b.Kind {
		case bot.TextCode:
			out = append(out, classicCode(b.Code)...)
		case bot.TextTable:
			text, _ := tableText(b.Rows) // what was cut ends with an ellipsis
			out = append(out, classicCode(text)...)
		case bot.TextRule:
		case bot.TextItem:
			out = append(out, classicSpans(strings.Repeat("\u2003", max(b.Depth-1, 0))+marker(b.Number), b.Spans)...)
		case bot.TextHeading:
			out = append(out, "*"+mrkdwn(line(bot.PlainSpans(b.Spans), maxLine))+"*")
		case bot.TextParagraph:
			out = append(out, classicSpans("", b.Spans)...)
		}
	}
	return out
}

// classicSpans writes the text behind a mark. Its styles are left: marks inside words
// would show as they are.
func classicSpans(mark string, spans []bot.Span) []string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
		if s.Link != "" && !says(s.Text, s.Link, host(s.Link)) {
			b.WriteString(" (" + host(s.Link) + ")")
		}
	}
	out := chunks(b.String(), classicLimit, escapedOf)
	for i := range out {
		out[i] = mrkdwn(out[i])
	}
	out[0] = mark + out[0]
	return out
}

// classicCode puts code into fences that nothing inside can end.
func classicCode(text string) []string {
	out := chunks(strings.Trim(text, "\n"), classicLimit, escapedOf)
	for i := range out {
		out[i] = "```" + strings.ReplaceAll(escape(out[i]), "`", "ˋ") + "```"
	}
	return out
}

// classicLimit is how long a text may be that is yet to be escaped and marked.
const classicLimit = maxTextObject - 100

// escapedOf is what escape makes of a character, in units at most.
func escapedOf(r rune) int {
	switch r {
	case '&', '<', '>':
		return len("&amp;")
	case '@':
		return 2
	}
	return unitsOf(r)
}

// mrkdwn is what others wrote in a text that Slack reads for marks: it cannot be
// escaped there, so marks become their likes.
func mrkdwn(text string) string {
	return strings.NewReplacer("*", "∗", "`", "ˋ", "~", "∼").Replace(escape(text))
}

// cutEscaped cuts what escape made, and no escape in two.
func cutEscaped(text string, limit int) string {
	if units(text) <= limit {
		return text
	}
	text = cut(text, limit)
	body := strings.TrimSuffix(text, "…")
	if at := strings.LastIndexByte(body, '&'); at >= 0 && !strings.Contains(body[at:], ";") {
		body = body[:at]
	}
	return body + "…"
}

// cutFallback puts begin, which is trusted, before text within what a fallback holds.
func cutFallback(begin, text string) string {
	return begin + cutEscaped(fallback(text), maxFallback-units(begin))
}
