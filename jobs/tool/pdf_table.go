package tool

// pdfRow is a row of a document's table, set in lines.
type pdfRow struct {
	cells [][]fontLine
	spans [][]fontSpan
	align []string
	lines int // of its highest cell
	head  bool
	back  string
}

// table writes a table. A header is repeated on every page; a row that is higher
// than a page goes on on the next.
func (f *pdfFlow) table(rows [][]documentCell, p pdfPara) {
	p.size = pdfSmallPrint
	widths := f.columns(rows, p)
	var head pdfRow
	f.y += 4
	for i, cells := range rows {
		row := f.row(cells, widths, p)
		row.head = i == 0
		row.back = deckWhite
		switch {
		case row.head:
			row.back, head = deckInk, row
			head.back = deckInk
			f.need(4 * (p.size*pdfSpread + 2*pdfCellY))
		case i%2 == 0:
			row.back = deckPale
		}
		f.rowOver(row, head, widths, p)
	}
	f.y += 12
}

func (f *pdfFlow) columns(rows [][]documentCell, p pdfPara) []float64 {
	want := make([]float64, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row[:min(len(row), len(want))] {
			for _, part := range documentParts(cell.spans) {
				line := f.doc.shaper.wrap(part, 1e6)[0]
				want[i] = max(want[i], line.width*p.size+2*pdfCellX+1)
			}
		}
	}
	total := deckSum(want)
	if total > p.width {
		return deckShare(want, p.width)
	}
	for i := range want {
		want[i] += (p.width - total) / float64(len(want))
	}
	return want
}

func (f *pdfFlow) row(cells []documentCell, widths []float64, p pdfPara) pdfRow {
	row := pdfRow{lines: 1}
	for i := range widths {
		var cell documentCell
		if i < len(cells) {
			cell = cells[i]
		}
		lines := f.doc.shaper.wrap(cell.spans, max(widths[i]-2*pdfCellX, p.size)/p.size)
		row.cells = append(row.cells, lines)
		row.spans = append(row.spans, cell.spans)
		row.align = append(row.align, cell.align)
		row.lines = max(row.lines, len(lines))
	}
	return row
}

// rowOver writes a row, on further pages what does not fit.
func (f *pdfFlow) rowOver(row, head pdfRow, widths []float64, p pdfPara) {
	leading := p.size * pdfSpread
	const whole = 8 // lines that are kept together
	for from := 0; from < row.lines; {
		left := int((pdfEnd - f.y - 2*pdfCellY) / leading)
		if left < min(row.lines-from, whole) && f.y > pdfTop+100 {
			f.page()
			if !row.head {
				f.rowPart(head, 0, head.lines, widths, p)
			}
			left = int((pdfEnd - f.y - 2*pdfCellY) / leading)
		}
		to := min(row.lines, from+max(left, 1))
		f.rowPart(row, from, to, widths, p)
		from = to
	}
}

// rowPart writes some lines of a row.
func (f *pdfFlow) rowPart(row pdfRow, from, to int, widths []float64, p pdfPara) {
	leading := p.size * pdfSpread
	height := float64(to-from)*leading + 2*pdfCellY
	f.fill(p.left, f.y, deckSum(widths), height, row.back)
	f.fill(p.left, f.y+height-0.4, deckSum(widths), 0.4, deckRule)
	if row.head {
		p.color = deckWhite
	}
	x := p.left
	for i, lines := range row.cells {
		for k := from; k < min(to, len(lines)); k++ {
			line := lines[k]
			space := widths[i] - 2*pdfCellX - line.width*p.size
			at := x + pdfCellX
			switch {
			case row.align[i] == "center":
				at += space / 2
			case row.align[i] == "right" || row.align[i] == "" && line.rtl:
				at += space
			}
			f.spans(line, row.spans[i], at, f.y+pdfCellY+float64(k-from)*leading+leading/2+p.size*pdfBaseline, p)
		}
		x += widths[i]
	}
	f.y += height
}
