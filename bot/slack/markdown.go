package slack

import (
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

// Rich text is what untrusted words are shown in: Slack reads nothing into it, neither
// mentions nor links nor formatting.
//
// richLimit is how much of it stands in one block and in one element of it.
const richLimit = maxTextObject

// rich writes Markdown as rich text.
type rich struct {
	sheet  *sheet
	limit  int                        // of one element
	block  []slackapi.RichTextElement // not on the sheet yet
	size   int
	led    bool // the block begins with what the text is led in by
	headed bool // the last paragraph is a heading
	short  bool // something was cut
	full   bool // something did not fit: nothing more is written
}

// fewBlocks is when blocks become too dear to set paragraphs apart with them.
const fewBlocks = 10

// markdown puts Markdown on the sheet, led in by elements of Bob's own, if there are any.
// It reports whether all of it fits: if not, its beginning is there.
func (s *sheet) markdown(text string, lead ...slackapi.RichTextSectionElement) bool {
	blocks, more := bot.ReadMarkdown(text, s.left.text)
	// What does not fit is left out by elements: they are small where there is little room.
	w := &rich{sheet: s, limit: max(1, min(richLimit, s.left.text/4))}
	if len(lead) > 0 {
		w.element(slackapi.NewRichTextSection(lead...), 0)
		w.led = true
	}
	for i := 0; i < len(blocks) && !w.full; i++ {
		w.write(&blocks[i])
	}
	w.flush()
	return !w.full && !w.short && !more
}

func (w *rich) write(b *bot.TextBlock) {
	w.headed = w.headed && (b.Kind == bot.TextParagraph || b.Kind == bot.TextHeading)
	switch {
	case b.Kind == bot.TextRule:
		w.flush()
		w.full = w.full || !w.sheet.add(slackapi.NewDividerBlock())
	case b.Kind == bot.TextTable:
		w.table(b.Rows)
	case b.Kind == bot.TextCode:
		w.code(b.Code)
	case b.Quote:
		w.quote(b)
	case b.Kind == bot.TextItem, b.Depth > 0:
		w.item(b)
	default:
		w.paragraph(b)
	}
}

// paragraph goes on in the section of the paragraph before it, or begins a block, which
// sets it apart from a list, a quote or code before it.
func (w *rich) paragraph(b *bot.TextBlock) {
	spans, gap := b.Spans, w.gap()
	if w.headed = b.Kind == bot.TextHeading; w.headed {
		spans = bold(spans)
	}
	for _, piece := range w.pieces(spans) {
		elements := inline(piece)
		last, isSection := w.last().(*slackapi.RichTextSection)
		if isSection && w.size+sizeOfSpans(piece) <= w.limit {
			last.Elements = append(append(last.Elements, words(gap)), elements...)
			w.size += sizeOfSpans(piece) + len(gap)
			continue
		}
		if w.sheet.left.blocks > fewBlocks {
			w.flush()
		}
		w.element(slackapi.NewRichTextSection(elements...), sizeOfSpans(piece))
	}
}

// gap is what stands before the next paragraph of a section.
func (w *rich) gap() string {
	led := w.led
	w.led = false
	switch {
	case led:
		return " "
	case w.headed:
		return "\n"
	}
	return "\n\n"
}

// item goes on in the list before it, if it is one of it.
func (w *rich) item(b *bot.TextBlock) {
	indent := min(max(b.Depth-1, 0), maxListIndent)
	style, offset := slackapi.RTEListBullet, 0
	if b.Number > 0 {
		style, offset = slackapi.RTEListOrdered, b.Number-1
	}
	for i, piece := range w.pieces(b.Spans) {
		list, isList := w.last().(*slackapi.RichTextList)
		fits := isList && w.size+sizeOfSpans(piece) <= w.limit
		if fits && (i > 0 || b.Kind != bot.TextItem) {
			item := list.Elements[len(list.Elements)-1].(*slackapi.RichTextSection)
			item.Elements = append(append(item.Elements, words("\n")), inline(piece)...)
			w.size += sizeOfSpans(piece) + 1
			continue
		}
		section := slackapi.NewRichTextSection(inline(piece)...)
		if fits && list.Indent == indent && list.Style == style {
			list.Elements = append(list.Elements, section)
			w.size += sizeOfSpans(piece)
			continue
		}
		list = slackapi.NewRichTextList(style, indent, section)
		list.Offset = offset
		w.element(list, sizeOfSpans(piece))
	}
}

// quote goes on in the quote before it. A list in it is written out, for Slack has none
// there.
func (w *rich) quote(b *bot.TextBlock) {
	spans := b.Spans
	switch b.Kind {
	case bot.TextHeading:
		spans = bold(spans)
	case bot.TextItem:
		spans = slices.Concat([]bot.Span{{Text: strings.Repeat("    ", max(b.Depth-1, 0)) + marker(b.Number)}}, spans)
	case bot.TextParagraph, bot.TextCode, bot.TextTable, bot.TextRule:
	}
	for _, piece := range w.pieces(spans) {
		if last, ok := w.last().(*slackapi.RichTextQuote); ok && w.size+sizeOfSpans(piece) <= w.limit {
			last.Elements = append(append(last.Elements, words("\n")), inline(piece)...)
			w.size += sizeOfSpans(piece) + 1
			continue
		}
		w.element(&slackapi.RichTextQuote{Type: slackapi.RTEQuote, Elements: inline(piece)}, sizeOfSpans(piece))
	}
}

func (w *rich) code(text string) {
	for _, part := range chunks(strings.Trim(text, "\n"), w.limit, unitsOf) {
		w.element(&slackapi.RichTextPreformatted{
			Type: slackapi.RTEPreformatted, Elements: []slackapi.RichTextSectionElement{words(part)},
		}, units(part))
	}
}

// element puts an element behind those of the block, or begins another block.
func (w *rich) element(e slackapi.RichTextElement, size int) {
	if w.size+size > richLimit {
		w.flush()
	}
	w.block = append(w.block, e)
	w.size += size
}

func (w *rich) last() slackapi.RichTextElement {
	if len(w.block) == 0 {
		return nil
	}
	return w.block[len(w.block)-1]
}

// flush puts the block on the sheet. If it does not fit, as many of its elements as do
// are put there.
func (w *rich) flush() {
	block := w.block
	w.block, w.size = nil, 0
	if len(block) == 0 || w.sheet.add(slackapi.NewRichTextBlock("", block...)) {
		return
	}
	w.full = true
	few := sort.Search(len(block), func(n int) bool {
		return !w.sheet.left.holds(sizeOf([]slackapi.Block{slackapi.NewRichTextBlock("", block[:n]...)}))
	})
	if few > 1 {
		w.sheet.add(slackapi.NewRichTextBlock("", block[:few-1]...))
	}
}

// pieces cuts spans into runs that fit into one element.
func (w *rich) pieces(spans []bot.Span) [][]bot.Span {
	var out [][]bot.Span
	var piece []bot.Span
	size := 0
	for _, s := range spans {
		for _, part := range chunks(s.Text, max(1, w.limit/3), unitsOf) {
			span := s
			span.Text = part
			if n := sizeOfSpans([]bot.Span{span}); size+n > w.limit && len(piece) > 0 {
				out, piece, size = append(out, piece), nil, 0
			}
			piece = append(piece, span)
			size += sizeOfSpans([]bot.Span{span})
		}
	}
	if len(piece) > 0 {
		out = append(out, piece)
	}
	return out
}

// sizeOfSpans is what inline makes of spans, in units.
func sizeOfSpans(spans []bot.Span) int {
	n := 0
	for _, s := range spans {
		n += units(s.Text)
		if s.Link != "" {
			n += units(s.Link) + len(" ()") + units(host(s.Link))
		}
	}
	return n
}

// chunks cuts text into parts of at most limit, as size measures characters: at line
// breaks where there are any.
func chunks(text string, limit int, size func(rune) int) []string {
	var out []string
	begin, length, broke := 0, 0, 0
	for i, r := range text {
		if n := size(r); length > 0 && length+n > limit {
			end := i
			if broke > begin+(i-begin)/2 {
				end = broke
			}
			out, begin, length = append(out, text[begin:end]), end, 0
			for _, left := range text[end:i] {
				length += size(left)
			}
		}
		length += size(r)
		if r == '\n' {
			broke = i + 1
		}
	}
	if begin < len(text) {
		out = append(out, text[begin:])
	}
	return out
}

func bold(spans []bot.Span) []bot.Span {
	out := slices.Clone(spans)
	for i := range out {
		out[i].Bold = true
	}
	return out
}

func words(text string) *slackapi.RichTextSectionTextElement {
	return slackapi.NewRichTextSectionTextElement(text, nil)
}

// inline writes spans. Behind the words of a link stands where it leads, unless they
// say so themselves: a model may be made to write one for another.
func inline(spans []bot.Span) []slackapi.RichTextSectionElement {
	var out []slackapi.RichTextSectionElement
	for i, s := range spans {
		if s.Text == "" {
			continue
		}
		if s.Link == "" {
			out = append(out, slackapi.NewRichTextSectionTextElement(s.Text, styleOf(s)))
			continue
		}
		out = append(out, slackapi.NewRichTextSectionLinkElement(s.Link, s.Text, styleOf(s)))
		ends := i+1 == len(spans) || spans[i+1].Link != s.Link
		if to := host(s.Link); ends && to != "" && !says(s.Text, s.Link, to) {
			out = append(out, words(" ("+to+")"))
		}
	}
	return out
}

// says reports whether the words of a link are its address or where it leads.
func says(text, link, to string) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	return text == strings.ToLower(link) || text == to || text == strings.TrimPrefix(to, "www.") ||
		strings.HasSuffix(strings.ToLower(link), "://"+text)
}

// host is where an address leads, as people read it.
func host(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return link
	}
	if u.Host == "" {
		return cut(strings.ToLower(u.Opaque), maxLine)
	}
	return strings.ToLower(u.Host)
}

func styleOf(s bot.Span) *slackapi.RichTextSectionTextStyle {
	style := slackapi.RichTextSectionTextStyle{Bold: s.Bold, Italic: s.Italic, Strike: s.Strike, Code: s.Code}
	if style == (slackapi.RichTextSectionTextStyle{}) {
		return nil
	}
	return &style
}

func marker(number int) string {
	if number > 0 {
		return strconv.Itoa(number) + ". "
	}
	return "• "
}
