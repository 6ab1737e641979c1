package demo

import (
	"fmt"
	"slices"
	"time"
)

// facts are what queries found out about a view. A part that is missing could not
// be asked or failed; then faults says why.
type facts struct {
	view   view
	rows   float64
	stats  []stat   // of v.stats()
	series []point  // by period, oldest first
	groups []groups // by category
	shift  *shift
	out    *outliers
	before *comparison
	dirt   *dirt
	faults []string
	sql    []string // the queries that gave the facts
}

// stat is what one column of numbers looks like.
type stat struct {
	measure
	count, sum, mean, low, high float64
	median, q1, q3              float64
	quartiles                   bool
}

// point is a group or a period with its value.
type point struct {
	name  string
	value float64
	rows  float64
	empty bool // the value is unknown: no row of it has a number
}

// groups is a measure by category, largest first.
type groups struct {
	category
	points []point
	whole  bool // no group is missing
}

// shift is how the groups of the first category changed from one period to another.
type shift struct {
	category
	old, latest string
	points      []change
}

type change struct {
	name          string
	before, after float64
}

// outliers are the rows whose main measure lies far outside of the middle half.
type outliers struct {
	low, high float64 // what still counts as usual
	found     int
	columns   []string
	rows      [][]string // farthest first
}

// comparison sets the asked period against earlier ones.
type comparison struct {
	now, previous, yearAgo   float64
	hasPrevious, hasYearAgo  bool
	previousName, yearBefore string
}

// dirt is what is wrong with the table as a whole.
type dirt struct {
	rows, duplicates float64
	empty            []point // columns with empty cells
}

// study asks for everything. It reports false while answers are missing.
func (d *desk) study(v view) (facts, bool) {
	f := facts{view: v}
	d.totals(&f)
	d.timeSeries(&f)
	d.byCategory(&f)
	d.compare(&f)
	d.quality(&f)
	if d.waiting() {
		return f, false
	}
	d.unusual(&f)
	d.shifts(&f)
	return f, !d.waiting()
}

// ask runs a query and keeps its fault and its SQL.
func (d *desk) ask(f *facts, what, sql string) (grid, bool) {
	g := d.query(sql)
	switch {
	case d.waiting():
		return g, false
	case g.fault != "":
		f.faults = append(f.faults, what+": "+g.fault)
		return g, false
	}
	f.sql = append(f.sql, sql)
	return g, true
}

// totals falls back to a query without quartiles, which is lighter.
func (d *desk) totals(f *facts) {
	quartiles := true
	g := d.query(f.view.totalsSQL(true))
	if g.fault != "" {
		quartiles = false
		var ok bool
		if g, ok = d.ask(f, d.lang.say("key figures", "Kennzahlen"), f.view.totalsSQL(false)); !ok {
			return
		}
	} else if !d.waiting() {
		f.sql = append(f.sql, g.sql)
	}
	f.rows, _ = g.num(0, 0)
	at := 1
	for _, m := range f.view.stats() {
		s := stat{measure: m, quartiles: quartiles}
		targets := []*float64{&s.count, &s.sum, &s.mean, &s.low, &s.high}
		if quartiles {
			targets = append(targets, &s.median, &s.q1, &s.q3)
		}
		for _, target := range targets {
			*target, _ = g.num(0, at)
			at++
		}
		f.stats = append(f.stats, s)
	}
}

func (d *desk) timeSeries(f *facts) {
	if f.view.time == nil {
		return
	}
	if g, ok := d.ask(f, d.lang.say("trend", "Verlauf"), f.view.seriesSQL(f.view.main())); ok {
		f.series = points(g)
	}
}

func (d *desk) byCategory(f *facts) {
	for _, c := range f.view.categories {
		g, ok := d.ask(f, c.name(), f.view.groupsSQL(f.view.main(), c, d.lang))
		if !ok {
			continue
		}
		list := slices.DeleteFunc(points(g), func(p point) bool { return p.empty })
		if len(list) > 0 {
			f.groups = append(f.groups, groups{category: c, points: list, whole: !g.Truncated && len(g.Rows) < maxRows})
		}
	}
}

func points(g grid) []point {
	var list []point
	for i := range g.Rows {
		value, ok := g.num(i, 1)
		rows, _ := g.num(i, 2)
		list = append(list, point{name: label(g.text(i, 0)), value: value, rows: rows, empty: !ok})
	}
	return list
}

// slack is how many days data may begin late in a period and still cover it:
// weekly data does.
const slack = 7 * 24 * time.Hour

// compare needs dates that reach back to the earlier period's beginning.
func (d *desk) compare(f *facts) {
	v, p := f.view, f.view.period
	if !p.filters || v.time == nil || v.time.year || p.from.IsZero() {
		return
	}
	previous, yearAgo := p.from.AddDate(0, -monthsOf(p), 0), p.from.AddDate(-1, 0, 0)
	if v.time.from.After(previous.Add(slack)) {
		return
	}
	g, ok := d.ask(f, d.lang.say("comparison", "Vergleich"), v.compareSQL(v.main()))
	if !ok {
		return
	}
	c := comparison{previousName: periodName(previous, monthsOf(p)), yearBefore: periodName(yearAgo, monthsOf(p))}
	c.now, ok = g.num(0, 0)
	if !ok {
		return
	}
	c.previous, c.hasPrevious = g.num(0, 1)
	c.yearAgo, c.hasYearAgo = g.num(0, 2)
	c.hasYearAgo = c.hasYearAgo && monthsOf(p) < 12 && !v.time.from.After(yearAgo.Add(slack))
	f.before = &c
}

func periodName(from time.Time, months int) string {
	if months == 12 {
		return from.Format("2006")
	}
	return fmt.Sprintf("Q%d %d", (int(from.Month())+2)/3, from.Year())
}

func (d *desk) quality(f *facts) {
	g, ok := d.ask(f, d.lang.say("data quality", "Datenqualität"), f.view.qualitySQL())
	if !ok {
		return
	}
	dirt := dirt{}
	dirt.rows, _ = g.num(0, 0)
	dirt.duplicates, _ = g.num(0, 1)
	for i, c := range f.view.used() {
		if n, _ := g.num(0, 2+i); n > 0 {
			dirt.empty = append(dirt.empty, point{name: c.title(), value: n})
		}
	}
	f.dirt = &dirt
}

// Where a value counts as unusual, and how many are shown.
const (
	minForOutliers = 8   // fewer values have no middle half to speak of
	fence          = 1.5 // Tukey's: times the spread of the middle half, beyond its ends
	maxOutliers    = 5
)

func (d *desk) unusual(f *facts) {
	if len(f.stats) == 0 || !f.stats[0].quartiles || f.stats[0].count < minForOutliers {
		return
	}
	s := f.stats[0]
	spread := s.q3 - s.q1
	if spread <= 0 {
		return
	}
	o := outliers{low: s.q1 - fence*spread, high: s.q3 + fence*spread}
	sql := f.view.outliersSQL(s.measure, o.low, s.median, o.high, maxOutliers)
	g, ok := d.ask(f, d.lang.say("unusual values", "Ausreißer"), sql)
	if !ok {
		return
	}
	found, _ := g.num(0, 0)
	o.found = int(found)
	o.columns = []string{s.name(d.lang)}
	for _, c := range f.view.used()[len(f.view.stats()):] {
		o.columns = append(o.columns, c.title())
	}
	for i := range g.Rows {
		value, _ := g.num(i, 1)
		row := []string{d.lang.amount(s.measure, value)}
		for j := 1; j < len(o.columns); j++ {
			row = append(row, label(g.text(i, j+1)))
		}
		o.rows = append(o.rows, row)
	}
	f.out = &o
}

func (d *desk) shifts(f *facts) {
	series := f.filled()
	if len(series) < 2 || len(f.groups) == 0 || !f.groups[0].whole {
		return
	}
	s := shift{category: f.groups[0].category, old: series[0].name, latest: series[len(series)-1].name}
	g, ok := d.ask(f, d.lang.say("change by group", "Veränderung je Gruppe"),
		f.view.shiftSQL(f.view.main(), s.category, d.lang, s.old, s.latest))
	if !ok {
		return
	}
	for i := range g.Rows {
		before, okBefore := g.num(i, 1)
		after, okAfter := g.num(i, 2)
		if !f.view.main().adds() && (!okBefore || !okAfter) {
			continue
		}
		s.points = append(s.points, change{label(g.text(i, 0)), before, after})
	}
	if len(s.points) > 1 {
		f.shift = &s
	}
}

// filled returns the periods that have a value.
func (f facts) filled() []point {
	return slices.DeleteFunc(slices.Clone(f.series), func(p point) bool { return p.empty })
}

// value returns the main measure over all rows, false if it is unknown.
func (f facts) value() (float64, bool) {
	m := f.view.main()
	switch {
	case m.kind == kindCount:
		return f.rows, true
	case len(f.stats) == 0 || f.stats[0].count == 0:
		return 0, false
	case m.kind == kindMean:
		return f.stats[0].mean, true
	}
	return f.stats[0].sum, true
}

// shares reports whether parts of the main measure can be given in percent.
func (f facts) shares() bool {
	total, ok := f.value()
	if !ok || total <= 0 || !f.view.main().adds() {
		return false
	}
	return f.view.main().positive() || len(f.stats) > 0 && f.stats[0].low >= 0
}

// none reports whether no row is left to analyse.
func (f facts) none() bool { return f.rows == 0 }
