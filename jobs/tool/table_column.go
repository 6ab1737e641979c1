package tool

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/askbob/bob/jobs"
)

// tableKind is a column's type, as jobs.Column names it.
type tableKind string

const (
	tableInteger tableKind = "integer"
	tableReal    tableKind = "real"
	tableTextual tableKind = "text"
	tableDated   tableKind = "date"
	tableBoolean tableKind = "boolean"
)

const (
	tableSampleValues = 8
	tableSampleBytes  = 80 // of one value in a sample
)

// tableReading says how the cells of a column become values of SQL.
type tableReading struct {
	kind  tableKind
	comma bool // 1.234,5
	mdy   bool // month first
}

// tableNothing are the words that stand for no value where values are numbers,
// dates or truths.
var tableNothing = tableWords("na n/a n.a. nan null none nil - -- – — ? #n/a #na #null! #ref! #div/0! #value! #name? #num! k.a. inf") //nolint:gochecknoglobals,lll // a constant table

var (
	tableTrue  = tableWords("true wahr vrai yes ja oui sí si sì да y t") //nolint:gochecknoglobals // a constant table
	tableFalse = tableWords("false falsch faux no nein non нет n f")     //nolint:gochecknoglobals // a constant table
)

// value turns a cell into nil, int64, float64 or string.
func (r tableReading) value(cell string) any {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		return nil
	}
	if r.kind == tableTextual {
		return cell
	}
	if tableIsNothing(cell) {
		return nil
	}
	switch r.kind {
	case tableBoolean:
		if tableTrue[strings.ToLower(cell)] {
			return int64(1)
		}
		return int64(0)
	case tableDated:
		day := tableDayOf(cell)
		if r.mdy {
			return day.mdy.iso()
		}
		return day.dmy.iso()
	default:
		return r.number(tableAmountOf(cell))
	}
}

func (r tableReading) number(a tableAmount) any {
	n := a.point
	if r.comma {
		n = a.comma
	}
	if r.kind == tableInteger {
		return n.i
	}
	return n.f
}

func tableIsNothing(cell string) bool {
	return len(cell) <= 8 && tableNothing[strings.ToLower(cell)]
}

// tableShown writes a value as people and models read it.
func tableShown(value any) string {
	switch v := value.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		return v
	}
	return ""
}

// tableColumn learns a column from all its cells.
type tableColumn struct {
	header string

	filled, nothing int // cells with a value; those that stand for none
	bools           tableBoolSeen
	numbers         tableNumberSeen
	days            tableDaySeen
	counts          map[string]int
}

func newTableColumn(header string) *tableColumn {
	return &tableColumn{
		header: header, counts: map[string]int{},
		bools: tableBoolSeen{can: true}, numbers: newTableNumberSeen(), days: newTableDaySeen(),
	}
}

func (c *tableColumn) see(cell string) {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		return
	}
	c.filled++
	c.count(cell)
	if tableIsNothing(cell) {
		c.nothing++
		return
	}
	c.bools.see(cell)
	c.numbers.see(cell)
	c.days.see(cell)
}

// count counts values, each cell's first bytes. Of more than jobs.MaxDistinct
// only those seen by then are counted on.
func (c *tableColumn) count(cell string) {
	cell = tableCut(cell, tableSampleBytes)
	if n, ok := c.counts[cell]; ok {
		c.counts[cell] = n + 1
	} else if len(c.counts) < jobs.MaxDistinct {
		c.counts[strings.Clone(cell)] = 1
	}
}

// reading decides the column's type. The hints are what other columns prove.
func (c *tableColumn) reading(commaHint, mdyHint bool) tableReading {
	switch {
	case c.filled == c.nothing:
		return tableReading{kind: tableTextual}
	case c.bools.can && (c.bools.plain || c.bools.yes && c.bools.no):
		return tableReading{kind: tableBoolean}
	case c.numbers.can():
		comma := c.numbers.comma.can && (!c.numbers.point.can || commaHint)
		kind := tableReal
		if c.numbers.of(comma).whole {
			kind = tableInteger
		}
		return tableReading{kind: kind, comma: comma}
	case c.days.dmy.can || c.days.mdy.can:
		mdy := c.days.mdy.can && (!c.days.dmy.can || !c.days.dots && mdyHint)
		return tableReading{kind: tableDated, mdy: mdy}
	}
	return tableReading{kind: tableTextual}
}

// describe says what a planner should know of the column.
func (c *tableColumn) describe(name string, r tableReading, rows int) jobs.Column {
	d := jobs.Column{Name: name, Header: c.header, Type: string(r.kind), Nulls: rows - c.filled}
	if r.kind != tableTextual {
		d.Nulls += c.nothing
	}
	d.Min, d.Max = c.bounds(r)
	counts := map[string]int{}
	for cell, n := range c.counts {
		if value := r.value(cell); value != nil {
			counts[tableShown(value)] += n
		}
	}
	d.Distinct = len(counts)
	if len(c.counts) >= jobs.MaxDistinct {
		d.Distinct = jobs.MaxDistinct
	}
	d.Sample = tableFrequent(counts)
	return d
}

func (c *tableColumn) bounds(r tableReading) (low, high string) {
	switch r.kind {
	case tableInteger, tableReal:
		return c.numbers.of(r.comma).bounds(r.kind)
	case tableDated:
		if r.mdy {
			return c.days.mdy.bounds()
		}
		return c.days.dmy.bounds()
	default:
		return "", ""
	}
}

// tableFrequent lists the most frequent values.
func tableFrequent(counts map[string]int) []string {
	values := make([]string, 0, len(counts))
	for value := range counts {
		values = append(values, value)
	}
	slices.SortFunc(values, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	return slices.Clone(values[:min(len(values), tableSampleValues)])
}

// tableCut cuts text to at most n bytes, between runes.
func tableCut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n]
}
