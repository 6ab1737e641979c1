package discord

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/charmbracelet/x/ansi"

	"github.com/askbob/bob/bot"
)

const (
	// maxHeading is the smallest heading that Discord has.
	maxHeading = 3
	// maxTableWidth is what a table may be wide in letters of one width, before phones
	// break its lines.
	maxTableWidth = 60
	// maxColumn bounds a column of a table that is drawn.
	maxColumn = 30
)

// markdown writes untrusted Markdown in Discord's own, of which it has no tables,
// rules or pictures. It fills texts one after another, as long as there is room.
type markdown struct {
	blocks []bot.TextBlock // not written yet
	more   bool            // there is more than was read
}

// readMarkdown reads as much as all texts of a message hold.
func readMarkdown(text string) *markdown {
	blocks, more := bot.ReadMarkdown(text, maxContent+maxDescription)
	return &markdown{blocks: blocks, more: more}
}

// done reports whether all of it is written.
func (m *markdown) done() bool { return len(m.blocks) == 0 && !m.more }

// glue is what stands between words of Bob's own and the text: what is no plain
// paragraph must begin a line.
func (m *markdown) glue() string {
	if len(m.blocks) > 0 && (m.blocks[0].Kind != bot.TextParagraph || m.blocks[0].Quote) {
		return "\n"
	}
	return " "
}

// fill returns the next part, of at most limit units. It ends before a heading if that
// is far enough down, so that what stands below one stays together.
func (m *markdown) fill(limit int) string {
	out, chapter := "", -1
	var kept []bot.TextBlock
	var last bot.TextBlock
	for len(m.blocks) > 0 {
		b := m.blocks[0]
		if b.Kind == bot.TextTable {
			b = table(b)
		}
		glue := ""
		if out != "" {
			glue = gap(last, b)
		}
		if b.Kind == bot.TextHeading && units(out) > limit/2 {
			chapter, kept = len(out), slices.Clone(m.blocks)
		}
		room := limit - units(out) - units(glue)
		text, rest := fit(b, room, out == "" || room > limit/2)
		if text == "" && rest != nil {
			break
		}
		out, last = out+glue+text, b
		if rest != nil {
			m.blocks[0] = *rest
			break
		}
		m.blocks = m.blocks[1:]
	}
	if len(m.blocks) > 0 && chapter > 0 {
		out, m.blocks = out[:chapter], kept
	}
	return out
}

// gap stands between two blocks: items of a list follow each other.
func gap(a, b bot.TextBlock) string {
	if (a.Kind == bot.TextItem || a.Depth > 0) && (b.Kind == bot.TextItem || b.Depth > 0) || a.Kind == bot.TextHeading || a.Quote && b.Quote {
		return "\n"
	}
	return "\n\n"
}

// fit writes a block into room. What does not fit is the rest, of which a part is
// written if it may be split.
func fit(b bot.TextBlock, room int, split bool) (string, *bot.TextBlock) {
	whole := written(b)
	if units(whole) <= room {
		return whole, nil
	}
	for n := room; split && n > 0; n = n * 3 / 4 {
		head, rest := divide(b, n)
		if text := written(head); units(text) <= room && text != "" && rest != nil {
			return text, rest
		}
	}
	return "", &b
}

// divide cuts a block after n units, at a line break or a space if there is one near.
func divide(b bot.TextBlock, n int) (bot.TextBlock, *bot.TextBlock) {
	head, rest := b, b
	if b.Kind == bot.TextCode {
		at := near(b.Code, n)
		head.Code, rest.Code = b.Code[:at], strings.TrimPrefix(b.Code[at:], "\n")
		if rest.Code == "" {
			return head, nil
		}
		return head, &rest
	}
	if rest.Kind == bot.TextItem {
		rest.Kind = bot.TextParagraph
	}
	head.Spans, rest.Spans = nil, nil
	for i, s := range b.Spans {
		if size := units(s.Text); size <= n {
			head.Spans, n = append(head.Spans, s), n-size
			continue
		}
		at := near(s.Text, n)
		before, after := s, s
		before.Text, after.Text = s.Text[:at], s.Text[at:]
		if before.Text != "" {
			head.Spans = append(head.Spans, before)
		}
		rest.Spans = append([]bot.Span{after}, b.Spans[i+1:]...)
		return head, &rest
	}
	return head, nil
}

// near is the byte at which to cut a text so that at most n units are before it.
func near(text string, n int) int {
	end, left := len(text), n
	for i, r := range text {
		if left -= max(1, utf16.RuneLen(r)); left < 0 {
			end = i
			break
		}
	}
	for _, sep := range []string{"\n", " "} {
		if at := strings.LastIndex(text[:end], sep); at > end/2 {
			return at + 1
		}
	}
	return end
}

// written is a block in Discord's Markdown.
func written(b bot.TextBlock) string {
	indent := strings.Repeat("  ", max(b.Depth-1, 0))
	text := ""
	switch b.Kind {
	case bot.TextCode:
		text = fenced(b.Code)
	case bot.TextRule:
		text = "──────"
	case bot.TextHeading:
		if b.Level <= maxHeading {
			text = strings.Repeat("#", max(1, b.Level)) + " " + flat(inline(b.Spans))
			break
		}
		text = inline(bold(b.Spans))
	case bot.TextItem:
		mark := "- "
		if b.Number > 0 {
			mark = fmt.Sprintf("%d. ", b.Number)
		}
		text = indent + mark + strings.ReplaceAll(inline(b.Spans), "\n", "\n"+indent+"  ")
	case bot.TextParagraph:
		text = inline(b.Spans)
		if b.Depth > 0 {
			text = indent + "  " + strings.ReplaceAll(text, "\n", "\n"+indent+"  ")
		}
	case bot.TextTable: // it was made text or code before
	}
	if b.Quote {
		text = "> " + strings.ReplaceAll(text, "\n", "\n> ")
	}
	return text
}

func flat(text string) string { return strings.ReplaceAll(text, "\n", " ") }

// fenced is code as it is. A fence in it would end it.
func fenced(code string) string {
	return "```\n" + strings.ReplaceAll(strings.Trim(code, "\n"), "```", "`\u200b`\u200b`") + "\n```"
}

func bold(spans []bot.Span) []bot.Span {
	out := slices.Clone(spans)
	for i := range out {
		out[i].Bold = true
	}
	return out
}

// inline writes spans. Behind the words of a link stands where it leads, unless they
// say so themselves.
func inline(spans []bot.Span) string {
	var b strings.Builder
	for _, s := range spans {
		if s.Text == "" {
			continue
		}
		core := strings.TrimSpace(s.Text)
		before, after, _ := strings.Cut(s.Text, core)
		if core == "" {
			before, after = s.Text, ""
		}
		b.WriteString(before)
		b.WriteString(styled(s, core))
		b.WriteString(after)
	}
	return b.String()
}

func styled(s bot.Span, core string) string {
	switch {
	case core == "":
		return ""
	case s.Link != "":
		core = anchor(core, s.Link)
	case s.Code:
		return "`" + strings.ReplaceAll(flat(core), "`", "ˋ") + "`"
	default:
		core = escape(core)
	}
	for _, mark := range []struct {
		on   bool
		with string
	}{{s.Strike, "~~"}, {s.Italic, "*"}, {s.Bold, "**"}} {
		if mark.on {
			core = mark.with + core + mark.with
		}
	}
	return core
}

// anchor is an address without a preview.
func anchor(text, address string) string {
	address = strings.NewReplacer("<", "%3C", ">", "%3E", "(", "%28", ")", "%29", " ", "%20", "\n", "", `\`, "%5C").Replace(address)
	u, err := url.Parse(address)
	if err != nil || u.Host == "" { // Discord links nothing else
		return escape(text)
	}
	host := strings.TrimPrefix(strings.ToLower(u.Host), "www.")
	said := strings.TrimPrefix(strings.ToLower(text), "www.")
	switch {
	case text == address || strings.HasSuffix(strings.ToLower(address), "://"+strings.ToLower(text)):
		return "<" + address + ">"
	case said == host:
		return "[" + escape(flat(text)) + "](<" + address + ">)"
	}
	return "[" + escape(flat(text)) + "](<" + address + ">) (" + escape(host) + ")"
}

// table draws a small table in letters of one width, and lists the rows of a wide one.
func table(b bot.TextBlock) bot.TextBlock {
	out := bot.TextBlock{Kind: bot.TextCode, Quote: b.Quote}
	widths, total := columns(b.Rows)
	if total > maxTableWidth {
		out.Kind = bot.TextParagraph
		out.Spans = listed(b.Rows)
		return out
	}
	var text strings.Builder
	for i, row := range b.Rows {
		for j, cell := range row {
			if j > 0 {
				text.WriteString("  ")
			}
			words := oneLine(cell.Plain())
			space := strings.Repeat(" ", max(0, widths[j]-ansi.StringWidth(words)))
			if cell.Align == "right" {
				text.WriteString(space + words)
				continue
			}
			text.WriteString(words + space)
		}
		text.WriteString("\n")
		if i == 0 {
			text.WriteString(strings.Repeat("─", total) + "\n")
		}
	}
	out.Code = text.String()
	return out
}

// columns is how wide each column is, and all of them. A table with a column that is
// too wide counts as too wide.
func columns(rows [][]bot.Cell) (widths []int, total int) {
	for _, row := range rows {
		for j, cell := range row {
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], ansi.StringWidth(oneLine(cell.Plain())))
		}
	}
	for j, w := range widths {
		if w > maxColumn {
			return widths, maxTableWidth + 1
		}
		if j > 0 {
			total += 2
		}
		total += w
	}
	return widths, total
}

// listed is a table as lines of names and values.
func listed(rows [][]bot.Cell) []bot.Span {
	var out []bot.Span
	for i, row := range rows[min(1, len(rows)):] {
		if i > 0 {
			out = append(out, bot.Span{Text: "\n"})
		}
		for j, cell := range row {
			if j > 0 {
				out = append(out, bot.Span{Text: " · "})
			}
			if name := oneLine(rows[0][min(j, len(rows[0])-1)].Plain()); name != "" {
				out = append(out, bot.Span{Text: name + ":", Bold: true}, bot.Span{Text: " "})
			}
			out = append(out, cell.Spans...)
		}
	}
	return out
}
