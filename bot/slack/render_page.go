package slack

import (
	"slices"
	"strings"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

// pageNote stands below a page that does not fit whole.
const pageNote = "This is the beginning. There is more than Slack shows here."

// pageBlocks renders a page for a surface, and the text that stands alone in messages,
// which is escaped.
func pageBlocks(p bot.Page, on surface) (blocks []slackapi.Block, text string) {
	s := newSheet(on)
	s.end(s.pager(&p), func() bool { return s.page(&p) })
	return s.blocks, fallback(pageText(&p))
}

// pager is the buttons of a whole page, set apart from those of its last part.
func (s *sheet) pager(p *bot.Page) []slackapi.Block {
	blocks := s.buttonBlocks(pressable(p.Pager))
	if last := len(p.Parts) - 1; len(blocks) > 0 && last >= 0 && len(p.Parts[last].Buttons) > 0 {
		blocks = slices.Insert(blocks, 0, slackapi.Block(slackapi.NewDividerBlock()))
	}
	return blocks
}

// end builds a sheet whose last blocks are known, so that there is room for them. If
// build reports that something did not fit, a note says so.
func (s *sheet) end(last []slackapi.Block, build func() bool) {
	note := grey(cutNote)
	if s.surface != surfaceMessage {
		note = grey(pageNote)
	}
	s.left = s.left.less(sizeOf(last)).less(sizeOf(note))
	whole := build()
	if !whole {
		s.blocks = append(s.blocks, note...)
	}
	s.blocks = append(s.blocks, last...)
	if len(s.blocks) == 0 {
		s.blocks = append(s.blocks, grey("There is nothing to show.")...)
	}
}

// maxPressable is how many units the texts of the buttons below a message or page have
// at most, with what is asked before they act: the rest of it needs room too.
const maxPressable = maxBlocksText / 3

// pressable returns as many of the buttons as stand in one row.
func pressable(list []bot.Button) []bot.Button {
	size := 0
	for i, b := range list {
		size += min(units(b.Label), maxButtonText)
		if b.Confirm != nil {
			size += maxConfirmTitle + maxConfirmText + 2*maxConfirmLabel
		}
		if size > maxPressable || i == maxActions {
			return list[:i]
		}
	}
	return list
}

// page puts a page on the sheet. It reports whether all of it fits.
func (s *sheet) page(p *bot.Page) bool {
	title := line(p.Title, maxHeader)
	if title != "" && (s.surface != surfaceModal || units(title) > maxViewTitle) {
		s.add(slackapi.NewHeaderBlock(plain(title)))
	}
	for i := range p.Parts {
		if i > 0 && s.apart(&p.Parts[i-1], &p.Parts[i]) {
			s.add(slackapi.NewDividerBlock())
		}
		if !s.part(&p.Parts[i]) {
			return false
		}
	}
	return true
}

// apart reports whether a line stands between two parts: below buttons, lest they seem to
// be of the next, and in windows above each head.
func (s *sheet) apart(before, next *bot.Part) bool {
	return len(before.Buttons) > 0 || s.surface == surfaceModal && next.Head != ""
}

// part puts one part of a page on the sheet. It reports whether all of it fits. Its
// buttons are given room before a long text takes it all.
func (s *sheet) part(p *bot.Part) bool {
	row := s.buttonBlocks(p.Buttons)
	size := sizeOf(row)
	if !s.left.holds(size) {
		return false
	}
	s.left = s.left.less(size)
	whole := s.partText(p)
	s.blocks = append(s.blocks, row...)
	return whole
}

func (s *sheet) partText(p *bot.Part) bool {
	if s.surface == surfaceHome {
		return s.classic(p)
	}
	w := &rich{sheet: s, limit: richLimit}
	w.lines(p)
	w.flush()
	if w.full {
		return false
	}
	if strings.TrimSpace(p.Markdown) != "" && !s.markdown(p.Markdown) {
		return false
	}
	w.code(bot.Clean(p.Code))
	w.flush()
	return !w.full
}

// lines writes a head and lines below it. Those of a tree are a list.
func (w *rich) lines(p *bot.Part) {
	section := slackapi.NewRichTextSection()
	if head := line(p.Head, maxLine); head != "" {
		section.Elements = inline(bold([]bot.Span{{Text: head}}))
		w.element(section, units(head))
	}
	for i, text := range p.Lines {
		if w.full {
			return
		}
		if text = line(text, maxLine); text == "" {
			continue
		}
		if p.Indent != nil {
			depth := 1
			if i < len(p.Indent) {
				depth += max(0, p.Indent[i])
			}
			w.item(&bot.TextBlock{Kind: bot.TextItem, Depth: depth, Spans: []bot.Span{{Text: text}}})
			continue
		}
		if len(section.Elements) > 0 && w.size+units(text) <= w.limit {
			section.Elements = append(section.Elements, words("\n"+text))
			w.size += units(text) + 1
			continue
		}
		section = slackapi.NewRichTextSection(words(text))
		w.element(section, units(text))
	}
}

// pageText reads a page out.
func pageText(p *bot.Page) string {
	lines := []string{line(p.Title, maxHeader)}
	for _, part := range p.Parts {
		lines = append(lines, line(part.Head, maxLine))
		for _, text := range part.Lines {
			lines = append(lines, line(text, maxLine))
		}
		lines = append(lines, markdownText(part.Markdown), cut(bot.Clean(part.Code), maxLine))
		if sum := len(strings.Join(lines, "\n")); sum > 4*maxFallback {
			break
		}
	}
	var said []string
	for _, l := range lines {
		if l = strings.TrimSpace(l); l != "" {
			said = append(said, l)
		}
	}
	return strings.Join(said, "\n")
}
