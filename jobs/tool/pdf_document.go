package tool

import (
	"strconv"
	"strings"
)

// The page of a document, A4 in points, and its sizes.
const (
	pdfPageWidth  = 595.28
	pdfPageHeight = 841.89
	pdfMargin     = 62.0
	pdfTop        = 64.0
	pdfEnd        = 776.0 // where text ends
	pdfInner      = pdfPageWidth - 2*pdfMargin
	pdfBody       = 10.5
	pdfSmallPrint = 9.0
	pdfIndent     = 18.0
	pdfSpread     = 1.42 // distance of lines, in sizes
	pdfKeep       = 70.0 // of room that a heading needs below it
	pdfCellX      = 6.0
	pdfCellY      = 3.5
)

// pdfFlow writes blocks one under the other, page by page.
type pdfFlow struct {
	*pdfCanvas

	doc   *documentText
	y     float64
	pages int
}

// pdfDocument writes a document as PDF.
func pdfDocument(d *documentText) ([]byte, error) {
	f := &pdfFlow{pdfCanvas: newPDF(pdfPageWidth, pdfPageHeight, d.title, d.when), doc: d}
	f.page()
	f.fill(pdfMargin, f.y, 44, 4, deckAccent)
	f.y += 16
	f.text([]fontSpan{{Text: d.title, Style: fontBold}}, pdfPara{size: 24, color: deckInk, left: pdfMargin, width: pdfInner})
	f.y += 14
	for _, block := range d.blocks {
		if f.pages > documentMaxPages {
			return nil, outputFault("the PDF would have more than %d pages: split the text into several documents", documentMaxPages)
		}
		f.block(block)
	}
	if err := d.shaper.fault(); err != nil {
		return nil, err
	}
	return f.bytes()
}

// page begins a page with its foot.
func (f *pdfFlow) page() {
	f.pdf.AddPage()
	f.pages++
	f.y = pdfTop
	foot, _ := f.doc.shaper.fit(f.doc.title, fontRegular, pdfInner*0.8/8, 1)
	f.fill(pdfMargin, pdfPageHeight-46, pdfInner, 0.5, deckRule)
	f.line(foot[0], pdfMargin, pdfPageHeight-32, 8, deckGray)
	number := f.doc.shaper.wrap([]fontSpan{{Text: strconv.Itoa(f.pages)}}, 20)[0]
	f.line(number, pdfMargin+pdfInner-number.width*8, pdfPageHeight-32, 8, deckGray)
}

// need begins a page if less than a height is left.
func (f *pdfFlow) need(height float64) {
	if f.y+height > pdfEnd && f.y > pdfTop {
		f.page()
	}
}

// pdfPara is how a paragraph is set.
type pdfPara struct {
	size   float64
	color  string
	left   float64
	width  float64
	marker string
	back   string // colour behind its lines; empty: none
	quote  bool
}

func (f *pdfFlow) block(b documentBlock) {
	left := pdfMargin + float64(b.depth)*pdfIndent
	p := pdfPara{size: pdfBody, color: deckInk, left: left, width: pdfMargin + pdfInner - left, quote: b.quote}
	if b.quote {
		p.color, p.left, p.width = deckGray, p.left+14, p.width-14
	}
	switch b.kind {
	case documentHeading:
		f.heading(b, p)
	case documentPara, documentItem:
		p.marker = b.marker
		f.text(b.spans, p)
		f.y += pdfBody * 0.55
	case documentCode:
		f.code(b.code, p)
	case documentTable:
		f.table(b.rows, p)
	case documentImage:
		f.image(b, p)
	case documentRule:
		f.need(20)
		f.fill(pdfMargin, f.y+8, pdfInner, 0.75, deckRule)
		f.y += 20
	}
}

func (f *pdfFlow) heading(b documentBlock, p pdfPara) {
	sizes := []float64{18, 15, 12.5, 11, pdfBody, pdfBody}
	p.size = sizes[min(b.level, len(sizes))-1]
	f.y += p.size * 0.8
	f.need(p.size*pdfSpread + pdfKeep)
	spans := make([]fontSpan, len(b.spans))
	for i, s := range b.spans {
		spans[i] = s
		spans[i].Style = fontBold
	}
	f.text(spans, p)
	f.y += p.size * 0.35
}

// text writes a paragraph, over as many pages as it needs.
func (f *pdfFlow) text(spans []fontSpan, p pdfPara) {
	leading := p.size * pdfSpread
	for _, part := range documentParts(spans) {
		for _, line := range f.doc.shaper.wrap(part, p.width/p.size) {
			f.need(leading)
			if p.back != "" {
				f.fill(p.left-6, f.y, p.width+12, leading+0.3, p.back)
			}
			if p.quote {
				f.fill(p.left-12, f.y, 2.5, leading+0.3, deckAccent)
			}
			x := p.left
			if line.rtl {
				x += p.width - line.width*p.size
			}
			f.spans(line, part, x, f.y+leading/2+p.size*pdfBaseline, p)
			f.marker(&p, line.rtl, leading)
			f.y += leading
		}
	}
}

// marker writes an item's mark beside its first line.
func (f *pdfFlow) marker(p *pdfPara, rtl bool, leading float64) {
	if p.marker == "" {
		return
	}
	mark := f.doc.shaper.wrap([]fontSpan{{Text: p.marker}}, 20)[0]
	x := p.left - 6 - mark.width*p.size
	if rtl {
		x = p.left + p.width + 4
	}
	f.line(mark, x, f.y+leading/2+p.size*pdfBaseline, p.size, deckAccent)
	p.marker = ""
}

// spans writes a line whose pieces have styles and links.
func (f *pdfFlow) spans(line fontLine, spans []fontSpan, x, y float64, p pdfPara) {
	for _, piece := range line.pieces {
		color := p.color
		at := x + piece.x*p.size
		if piece.span < len(spans) && spans[piece.span].Link != "" {
			color = deckAccent
			f.pdf.LinkString(at, y-p.size, piece.width*p.size, p.size*1.3, spans[piece.span].Link)
		}
		f.piece(piece, at, y, p.size, color)
	}
}

func (f *pdfFlow) code(code string, p pdfPara) {
	p.size, p.back = pdfSmallPrint, deckPale
	p.left, p.width = p.left+6, p.width-12
	f.y += 4
	for _, line := range strings.Split(code, "\n") {
		line = strings.ReplaceAll(line, "\t", "    ")
		indent := len(line) - len(strings.TrimLeft(line, " "))
		f.text([]fontSpan{{Text: strings.Repeat("\u00a0", indent) + line[indent:], Style: fontMono}}, p)
	}
	f.y += 10
}

func (f *pdfFlow) image(b documentBlock, p pdfPara) {
	const most = 380.0 // half a page
	w, h := b.picture.within(p.width, most)
	f.need(h + 24)
	f.picture(b.picture, p.left+(p.width-w)/2, f.y+4, w, h)
	f.y += h + 10
	if b.alt != "" {
		caption, _ := f.doc.shaper.fit(b.alt, fontRegular, p.width/pdfSmallPrint, 1)
		f.line(caption[0], p.left+(p.width-caption[0].width*pdfSmallPrint)/2, f.y+10, pdfSmallPrint, deckGray)
		f.y += 18
	}
	f.y += 6
}
