package tool

import "strings"

// bullets returns the bullets that say something.
func (l *deckLayout) bullets(texts []string) []string {
	var kept []string
	for _, text := range texts {
		if text = strings.Join(strings.Fields(text), " "); text != "" {
			kept = append(kept, text)
		}
	}
	return kept
}

// list sets bullets in one size.
func (l *deckLayout) list(texts []string, size, width float64) []deckPara {
	paras := make([]deckPara, 0, len(texts))
	for _, text := range texts {
		p := deckPara{text: text, size: size, after: size * 0.55, color: deckInk, bullet: true}
		p.lines = l.shaper.wrap([]fontSpan{{Text: text}}, (width*deckSafe-p.indent())/size)
		p.right = p.lines[0].rtl
		paras = append(paras, p)
	}
	return paras
}

// deckStacked is the height of paragraphs one under the other.
func deckStacked(paras []deckPara) float64 {
	total := 0.0
	for i, p := range paras {
		total += p.height()
		if i < len(paras)-1 {
			total += p.after
		}
	}
	return total
}

// listFit sets bullets in the largest size in which they fit a box.
func (l *deckLayout) listFit(texts []string, width, height float64, sizes ...float64) ([]deckPara, bool) {
	var paras []deckPara
	for _, size := range sizes {
		paras = l.list(texts, size, width)
		if deckStacked(paras) <= height {
			return paras, true
		}
	}
	return paras, false
}

// listed makes as many pages as bullets need.
func (l *deckLayout) listed(texts []string, top float64) {
	if len(texts) == 0 {
		return
	}
	height := deckBottom - top
	sizes := []float64{24, 22, 20, 18}
	if len(texts) <= 4 {
		sizes = append([]float64{28}, sizes...)
	}
	paras, fits := l.listFit(texts, deckInner, height, sizes...)
	if fits {
		l.add(deckListBox(deckMargin, top, deckInner, paras))
		return
	}
	pages := deckFlow(paras, height)
	for limit := deckStacked(paras) / float64(len(pages)); limit < height; limit += paras[0].leading() {
		if even := deckFlow(paras, limit); len(even) == len(pages) {
			pages = even // no page with one lost line
			break
		}
	}
	for _, page := range pages {
		l.add(deckListBox(deckMargin, top, deckInner, page))
	}
}

func deckListBox(x, y, w float64, paras []deckPara) deckBox {
	return deckBox{kind: deckText, x: x, y: y, w: w, h: deckStacked(paras), paras: paras}
}

// deckFlow fills pages of a height with paragraphs. One that is higher than a
// page goes on on the next.
func deckFlow(paras []deckPara, height float64) [][]deckPara {
	var pages [][]deckPara
	var page []deckPara
	for len(paras) > 0 {
		p := paras[0]
		if deckStacked(append(page[:len(page):len(page)], p)) <= height {
			page, paras = append(page, p), paras[1:]
			continue
		}
		if len(page) > 0 {
			pages, page = append(pages, page), nil
			continue
		}
		head, tail := deckSplit(p, max(1, int(height/p.leading())))
		pages = append(pages, []deckPara{head})
		paras = append([]deckPara{tail}, paras[1:]...)
	}
	return append(pages, page)
}

func deckSplit(p deckPara, lines int) (head, tail deckPara) {
	head, tail = p, p
	head.lines, tail.lines = p.lines[:lines], p.lines[lines:]
	head.text, tail.text = fontText(head.lines), fontText(tail.lines)
	return head, tail
}

// pictured makes a page with a picture, bullets to its right if they fit there.
// It returns the bullets that did not.
func (l *deckLayout) pictured(picture *deckPicture, name, title string, texts []string, top float64) []string {
	const share = 0.62 // of the width for the picture
	height := deckBottom - top
	box := deckBox{kind: deckImage, y: top, picture: picture, alt: title}
	if box.alt == "" {
		box.alt = name
	}
	if len(texts) > 0 {
		box.w, box.h = picture.within(deckInner*share, height)
		box.x = deckMargin
		left := deckMargin + max(box.w, deckInner*0.3) + deckGap
		width := deckWidth - deckMargin - left
		if paras, fits := l.listFit(texts, width, height, 20, 18, 16); fits {
			box.y = top + (height-box.h)/2
			box.x = deckMargin + (max(box.w, deckInner*0.3)-box.w)/2
			text := deckListBox(left, 0, width, paras)
			text.y = top + max(0, (height-text.h)/2)
			l.add(box, text)
			return nil
		}
	}
	box.w, box.h = picture.within(deckInner, height)
	box.x, box.y = (deckWidth-box.w)/2, top+(height-box.h)/2
	l.add(box)
	return texts
}

// introduced makes one page of bullets with a table under them, if that fits.
func (l *deckLayout) introduced(cells *deckCells, texts []string, top float64) bool {
	const most = 0.45 // of the height for the bullets
	height := deckBottom - top
	paras, fits := l.listFit(texts, deckInner, height*most, 20, 18)
	if !fits {
		return false
	}
	cuts := l.made.cut
	y := top + deckStacked(paras) + 20
	tables := l.tables(cells, deckBottom-y)
	if len(tables) != 1 {
		l.made.cut = cuts
		return false
	}
	table := deckTableBox(tables[0], y)
	l.add(deckListBox(deckMargin, top, deckInner, paras), table)
	return true
}

// tabled makes as many pages as a table needs.
func (l *deckLayout) tabled(cells *deckCells, top float64) {
	for _, table := range l.tables(cells, deckBottom-top) {
		l.add(deckTableBox(table, top))
	}
}

func deckTableBox(table *deckTable, y float64) deckBox {
	return deckBox{kind: deckGrid, x: deckMargin, y: y, w: table.width(), h: table.height(), table: table}
}
