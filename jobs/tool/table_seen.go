package tool

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// tableBoolSeen learns whether a column holds truths.
type tableBoolSeen struct {
	can     bool
	plain   bool // true or false themselves: one alone is enough
	yes, no bool
}

func (b *tableBoolSeen) see(cell string) {
	if !b.can {
		return
	}
	const longest = len("falsch")
	word := ""
	if len(cell) <= longest {
		word = strings.ToLower(cell)
	}
	b.yes = b.yes || tableTrue[word]
	b.no = b.no || tableFalse[word]
	b.plain = b.plain || word == "true" || word == "false"
	b.can = tableTrue[word] || tableFalse[word]
}

// tableNumberRange is what a column's numbers are under one convention.
type tableNumberRange struct {
	can, whole bool
	low, high  float64
	lowI       int64
	highI      int64
}

func (r *tableNumberRange) see(n tableNumber) {
	if !r.can || !n.ok {
		r.can = false
		return
	}
	r.whole = r.whole && n.whole
	r.low, r.high = min(r.low, n.f), max(r.high, n.f)
	if n.whole {
		r.lowI, r.highI = min(r.lowI, n.i), max(r.highI, n.i)
	}
}

func (r *tableNumberRange) bounds(kind tableKind) (low, high string) {
	if kind == tableInteger {
		return strconv.FormatInt(r.lowI, 10), strconv.FormatInt(r.highI, 10)
	}
	return tableShown(r.low), tableShown(r.high)
}

// tableNumberSeen learns whether a column holds numbers, and how they are written.
type tableNumberSeen struct {
	point, comma tableNumberRange
	doubt        bool // a cell is one number with a point, another with a comma
	example      string
	units        []string
}

func newTableNumberSeen() tableNumberSeen {
	r := tableNumberRange{
		can: true, whole: true, low: math.Inf(1), high: math.Inf(-1),
		lowI: math.MaxInt64, highI: math.MinInt64,
	}
	return tableNumberSeen{point: r, comma: r}
}

func (n *tableNumberSeen) can() bool { return n.point.can || n.comma.can }

func (n *tableNumberSeen) of(comma bool) *tableNumberRange {
	if comma {
		return &n.comma
	}
	return &n.point
}

func (n *tableNumberSeen) see(cell string) {
	if !n.can() {
		return
	}
	amount := tableAmountOf(cell)
	n.point.see(amount.point)
	n.comma.see(amount.comma)
	if !n.doubt && amount.point.ok && amount.comma.ok && amount.point.f != amount.comma.f {
		n.doubt, n.example = true, strings.Clone(cell)
	}
	const most = 4
	if amount.unit != "" && len(n.units) < most && !slices.Contains(n.units, amount.unit) {
		n.units = append(n.units, strings.Clone(amount.unit))
	}
}

// proves reports whether the numbers can only be written with a comma, or only
// with a point.
func (n *tableNumberSeen) proves() (comma, point bool) {
	return n.comma.can && !n.point.can, n.point.can && !n.comma.can
}

// tableDayRange is what a column's dates are under one convention.
type tableDayRange struct {
	can       bool
	low, high tableDate
}

func (r *tableDayRange) see(d tableDate) {
	if !r.can || !d.ok {
		r.can = false
		return
	}
	if !r.low.ok || d.at.Before(r.low.at) {
		r.low = d
	}
	if !r.high.ok || d.at.After(r.high.at) {
		r.high = d
	}
}

func (r *tableDayRange) bounds() (low, high string) { return r.low.iso(), r.high.iso() }

// tableDaySeen learns whether a column holds dates, and how they are written.
type tableDaySeen struct {
	dmy, mdy tableDayRange
	dots     bool
	doubt    bool // a cell is one day with the day first, another with the month first
	example  string
	offset   bool
}

func newTableDaySeen() tableDaySeen {
	return tableDaySeen{dmy: tableDayRange{can: true}, mdy: tableDayRange{can: true}}
}

func (s *tableDaySeen) see(cell string) {
	if !s.dmy.can && !s.mdy.can {
		return
	}
	day := tableDayOf(cell)
	s.dmy.see(day.dmy)
	s.mdy.see(day.mdy)
	s.dots = s.dots || day.dots
	s.offset = s.offset || day.offset
	if !s.doubt && day.dmy.ok && day.mdy.ok && !day.dmy.at.Equal(day.mdy.at) {
		s.doubt, s.example = true, strings.Clone(cell)
	}
}

// proves reports whether the month can only come first, or only second.
func (s *tableDaySeen) proves() (mdy, dmy bool) {
	return s.mdy.can && !s.dmy.can, s.dmy.can && !s.mdy.can
}
