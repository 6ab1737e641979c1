package slack

import (
	"strings"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

// cutNote stands below a text that does not fit whole.
const cutNote = "This is the beginning. The whole is longer than Slack shows in one message."

// postBlocks renders a message of text, and as the text that notifications and screen
// readers get instead, which is escaped. Nobody is pinged but Post.Mention. A file alone
// has no blocks.
func postBlocks(p bot.Post) (blocks []slackapi.Block, text string) {
	if p.Card != nil {
		return cardBlocks(*p.Card)
	}
	var lead []slackapi.RichTextSectionElement
	if user := mention(p.Mention); user != "" {
		lead = append(lead, slackapi.NewRichTextSectionUserElement(user, nil))
	}
	if len(p.Files) > 0 && len(lead)+len(p.Buttons) == 0 && strings.TrimSpace(p.Text) == "" {
		return nil, postText(&p)
	}
	s := newSheet(surfaceMessage)
	s.end(s.buttonBlocks(pressable(p.Buttons)), func() bool { return s.markdown(p.Text, lead...) })
	return s.blocks, postText(&p)
}

// postText is the text of a message without its Markdown.
func postText(p *bot.Post) string {
	text := strings.TrimSpace(markdownText(p.Text))
	if text == "" && len(p.Files) > 0 {
		text = "File: " + lineOr(fileNames(p.Files), "without a name", maxLine)
	}
	if user := mention(p.Mention); user != "" {
		return cutFallback("<@"+user+"> ", text)
	}
	return fallback(text)
}

// markdownText is Markdown as it is read out: without its marks.
func markdownText(markdown string) string {
	blocks, more := bot.ReadMarkdown(markdown, maxFallback)
	var parts []string
	for _, b := range blocks {
		switch b.Kind {
		case bot.TextItem:
			parts = append(parts, strings.Repeat("  ", max(0, b.Depth-1))+marker(b.Number)+bot.PlainSpans(b.Spans))
		case bot.TextCode:
			parts = append(parts, b.Code)
		case bot.TextTable:
			parts = append(parts, rowsText(b.Rows))
		case bot.TextRule:
		case bot.TextParagraph, bot.TextHeading:
			parts = append(parts, bot.PlainSpans(b.Spans))
		}
	}
	if more {
		parts = append(parts, "…")
	}
	return strings.Join(parts, "\n")
}

// rowsText reads a table row by row.
func rowsText(rows [][]bot.Cell) string {
	var lines []string
	for _, row := range rows {
		var cells []string
		for _, c := range row {
			cells = append(cells, strings.Join(strings.Fields(c.Plain()), " "))
		}
		lines = append(lines, strings.Join(cells, ", "))
	}
	return strings.Join(lines, "\n")
}

// replyBlocks renders what Bob says to one who spoke or clicked, and the text that
// stands alone, which is escaped. It does not render forms: those are views.
func replyBlocks(r bot.Reply) (blocks []slackapi.Block, text string) {
	if r.Page != nil && strings.TrimSpace(r.Text) == "" {
		return pageBlocks(*r.Page, surfaceMessage)
	}
	said := strings.TrimSpace(bot.Clean(r.Text))
	if r.Warning && said != "" {
		said = "⚠️ " + said
	}
	s := newSheet(surfaceMessage)
	s.end(nil, func() bool {
		if said = cut(said, maxTextObject); said != "" {
			s.add(slackapi.NewRichTextBlock("", slackapi.NewRichTextSection(words(said))))
		}
		return r.Page == nil || s.page(r.Page)
	})
	return s.blocks, fallback(said)
}
