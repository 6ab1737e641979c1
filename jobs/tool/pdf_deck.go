package tool

// pdfBaseline is where letters stand in a line, from its middle, in em.
const pdfBaseline = 0.35

// pdfDeck writes a deck as PDF.
func pdfDeck(made *deckMade) ([]byte, error) {
	c := newPDF(deckWidth, deckHeight, made.title, made.when)
	for _, page := range made.pages {
		c.pdf.AddPage()
		c.fill(0, 0, deckWidth, deckHeight, page.back)
		for _, box := range page.boxes {
			c.box(box)
		}
	}
	return c.bytes()
}

func (c *pdfCanvas) box(box deckBox) {
	switch box.kind {
	case deckFill:
		c.fill(box.x, box.y, box.w, box.h, box.fill)
	case deckText:
		y := box.y
		for _, p := range box.paras {
			c.para(p, box.x, y, box.w)
			y += p.height() + p.after
		}
	case deckImage:
		c.picture(box.picture, box.x, box.y, box.w, box.h)
	case deckGrid:
		c.grid(box)
	}
}

// para draws a paragraph into a width.
func (c *pdfCanvas) para(p deckPara, x, y, w float64) {
	left, right := x, x+w
	if p.bullet {
		const dot = 0.14 // of the size
		middle := y + p.leading()/2 + p.size*0.03
		c.pdf.SetFillColor(pdfColor(deckAccent))
		if p.right {
			c.pdf.Circle(right-p.size*0.3, middle, p.size*dot, "F")
			right -= p.indent()
		} else {
			c.pdf.Circle(left+p.size*0.3, middle, p.size*dot, "F")
			left += p.indent()
		}
	}
	for _, line := range p.lines {
		at := left
		if p.right {
			at = right - line.width*p.size
		}
		c.line(line, at, y+p.leading()/2+p.size*pdfBaseline, p.size, p.color)
		y += p.leading()
	}
}

// grid draws a table.
func (c *pdfCanvas) grid(box deckBox) {
	y := box.y
	for i, row := range box.table.rows {
		switch {
		case i == 0:
			c.fill(box.x, y, box.w, row.height, deckInk)
		case i%2 == 0:
			c.fill(box.x, y, box.w, row.height, deckPale)
		}
		x := box.x
		for k, cell := range row.cells {
			w := box.table.widths[k]
			c.para(cell, x+deckCellX, y+(row.height-cell.height())/2, w-2*deckCellX)
			x += w
		}
		y += row.height
		c.fill(box.x, y-0.5, box.w, 0.5, deckRule)
	}
}
