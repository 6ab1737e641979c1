package tool

import (
	"math"
	"slices"
	"strings"
	"unicode"
)

// The form of tables.
const (
	deckCellX     = 8.0 // from a cell's side to its text
	deckCellY     = 4.0
	deckSlack     = 1.12 // readers' fonts may be wider than ours
	deckCellLines = 6    // of one cell; more is cut off
)

// deckTable is a table, or the part of one that fits a page.
type deckTable struct {
	widths []float64
	rows   []deckRow // the first is the header
}

type deckRow struct {
	height float64
	cells  []deckPara
}

func (t *deckTable) width() float64 {
	total := 0.0
	for _, w := range t.widths {
		total += w
	}
	return total
}

func (t *deckTable) height() float64 {
	total := 0.0
	for _, r := range t.rows {
		total += r.height
	}
	return total
}

// tables sets a table in the largest size in which it fits a height, else in a
// good size on several pages, each with the header.
func (l *deckLayout) tables(cells *deckCells, height float64) []*deckTable {
	cuts := l.made.cut
	natural := l.natural(cells)
	for _, size := range []float64{16, 14, 12} {
		l.made.cut = cuts
		if whole := l.table(cells, natural, size, height); whole != nil {
			return []*deckTable{whole}
		}
	}
	l.made.cut = cuts
	whole := l.table(cells, natural, 12, math.Inf(1))
	header := whole.rows[0]
	var pages []*deckTable
	for rows := whole.rows[1:]; len(rows) > 0; {
		page := &deckTable{widths: whole.widths, rows: []deckRow{header}}
		for len(rows) > 0 && (len(page.rows) == 1 || page.height()+rows[0].height <= height) {
			page.rows, rows = append(page.rows, rows[0]), rows[1:]
		}
		pages = append(pages, page)
	}
	if len(pages) == 0 {
		return []*deckTable{whole}
	}
	return deckEven(pages, header)
}

// deckEven moves rows from the last but one page, so that none has a single row.
func deckEven(pages []*deckTable, header deckRow) []*deckTable {
	const least = 4
	n := len(pages)
	if n < 2 || len(pages[n-1].rows) > least {
		return pages
	}
	last, before := pages[n-1], pages[n-2]
	both := append(slices.Clone(before.rows), last.rows[1:]...)
	middle := (len(both) + 1) / 2
	before.rows = both[:middle]
	last.rows = append([]deckRow{header}, both[middle:]...)
	return pages
}

// table sets a table in one size. It returns nil if it is higher than most.
func (l *deckLayout) table(cells *deckCells, natural []float64, size, most float64) *deckTable {
	t := &deckTable{widths: deckColumns(natural, size)}
	numeric := make([]bool, len(cells.Columns))
	for i := range cells.Columns {
		numeric[i] = deckNumeric(cells.Rows, i)
	}
	t.rows = append(t.rows, l.row(cells.Columns, t.widths, numeric, size, fontBold))
	height := t.rows[0].height
	for _, row := range cells.Rows {
		t.rows = append(t.rows, l.row(row, t.widths, numeric, size, fontRegular))
		if height += t.rows[len(t.rows)-1].height; height > most {
			return nil
		}
	}
	return t
}

func (l *deckLayout) row(texts []string, widths []float64, numeric []bool, size float64, style fontStyle) deckRow {
	row := deckRow{}
	for i, text := range texts {
		p := deckPara{size: size, color: deckInk, bold: style == fontBold}
		if p.bold {
			p.color = deckWhite
		}
		var cut bool
		p.lines, cut = l.shaper.fit(strings.Join(strings.Fields(text), " "), style, (widths[i]-2*deckCellX)/size, deckCellLines)
		if cut {
			l.made.cut++
		}
		p.text, p.right = fontText(p.lines), numeric[i] || p.lines[0].rtl
		row.cells = append(row.cells, p)
		row.height = max(row.height, p.height()+2*deckCellY)
	}
	return row
}

// natural returns the width of each column's longest text, in em.
func (l *deckLayout) natural(cells *deckCells) []float64 {
	want := make([]float64, len(cells.Columns))
	for i, column := range cells.Columns {
		want[i] = l.shaper.width(column, fontBold)
		for _, row := range cells.Rows {
			want[i] = max(want[i], l.shaper.width(row[i], fontRegular))
		}
	}
	return want
}

// deckColumns gives every column what its content needs, or a fair share of the page.
func deckColumns(natural []float64, size float64) []float64 {
	n := len(natural)
	want := make([]float64, n)
	for i, em := range natural {
		want[i] = em*size*deckSlack + 2*deckCellX
	}
	total := deckSum(want)
	if total <= deckInner {
		spare := deckInner - total
		if total < deckInner*0.5 { // a narrow table need not be stretched to the edge
			spare = deckInner*0.7 - total
		}
		for i := range want {
			want[i] += spare / float64(n)
		}
		return want
	}
	return deckShare(want, deckInner)
}

// deckShare keeps narrow columns and divides the rest among the wide ones.
func deckShare(want []float64, width float64) []float64 {
	got := slices.Clone(want)
	open := len(want)
	fixed := make([]bool, len(want))
	for changed := true; changed && open > 0; {
		changed = false
		fair := width / float64(open)
		for i, w := range want {
			if !fixed[i] && w <= fair {
				fixed[i], changed = true, true
				width -= w
				open--
			}
		}
	}
	for i := range got {
		if !fixed[i] {
			got[i] = width / float64(max(open, 1))
		}
	}
	return got
}

func deckSum(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}

// deckNumeric reports whether a column holds numbers.
func deckNumeric(rows [][]string, column int) bool {
	found := false
	for _, row := range rows {
		text := strings.TrimSpace(row[column])
		if text == "" || text == "-" || text == "–" {
			continue
		}
		digits := strings.IndexFunc(text, unicode.IsDigit) >= 0
		letters := 0
		for _, r := range text {
			if unicode.IsLetter(r) {
				letters++
			}
		}
		if !digits || letters > 3 {
			return false
		}
		found = true
	}
	return found
}
