package demo

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// How many columns of a role an analysis covers: what fits on slides.
const (
	maxMeasures   = 4
	maxRates      = 2
	maxCategories = 3
)

// view is a table as the analysis sees it.
type view struct {
	file       string
	table      tableInfo
	measures   []measure  // at least one; the first is what the story is about
	rates      []measure  // averaged beside it
	categories []category // best first
	time       *timeAxis  // nil: there is no time
	period     period     // the part of the table that is asked for; zero: all
	numeric    int        // columns that are numbers to calculate with
	ids        []string   // columns that are left out because they identify rows
}

// measure is a number to look at.
type measure struct {
	columnInfo
	kind measureKind
}

type measureKind int

const (
	kindSum   measureKind = iota // adds up
	kindMean                     // is averaged
	kindCount                    // there are no numbers: rows are counted
)

// category groups rows.
type category struct {
	columnInfo
}

// timeAxis is the column that rows are ordered by in time.
type timeAxis struct {
	columnInfo
	year     bool // the column holds years as numbers
	grain    grain
	from, to time.Time // first and last day, zero for years
}

// look finds out what a table holds and what the request wants of it.
func look(f fileInfo, t tableInfo, request string) view {
	v := view{file: f.Name, table: t}
	byRole := map[role][]columnInfo{}
	for _, c := range t.Columns {
		r := roleOf(c, t.Rows)
		byRole[r] = append(byRole[r], c)
	}
	for r, columns := range byRole {
		slices.SortStableFunc(columns, func(a, b columnInfo) int { return b.score(request, r) - a.score(request, r) })
	}
	v.numeric = len(byRole[roleMeasure]) + len(byRole[roleRate])
	for _, c := range byRole[roleID] {
		v.ids = append(v.ids, label(c.header()))
	}
	v.measures, v.rates = pickMeasures(byRole, request)
	for _, c := range byRole[roleCategory] {
		// One row a group says nothing where rows are counted.
		if len(v.categories) < maxCategories && (v.main().kind != kindCount || c.Distinct < t.Rows) {
			v.categories = append(v.categories, category{c})
		}
	}
	v.time = pickTime(byRole)
	v.period = askedPeriod(request, v)
	if v.time != nil {
		v.time.grain = grainOf(v)
	}
	return v
}

// pickMeasures makes an averaged column the main one only if nothing adds up, or
// if the request names it and nothing else.
func pickMeasures(byRole map[role][]columnInfo, request string) (measures, rates []measure) {
	for _, c := range first(byRole[roleMeasure], maxMeasures) {
		measures = append(measures, measure{c, kindSum})
	}
	for _, c := range first(byRole[roleRate], maxRates+maxMeasures) {
		rates = append(rates, measure{c, kindMean})
	}
	wanted := len(rates) > 0 && rates[0].mentioned(request) &&
		(len(measures) == 0 || rates[0].named(request) > measures[0].named(request))
	switch {
	case wanted && len(measures) > 0:
		measures = first(append([]measure{rates[0]}, measures...), maxMeasures)
		rates = rates[1:]
	case len(measures) == 0:
		measures, rates = first(rates, maxMeasures), rates[min(len(rates), maxMeasures):]
	}
	if len(measures) == 0 {
		measures = []measure{{kind: kindCount}}
	}
	return measures, first(rates, maxRates)
}

func pickTime(byRole map[role][]columnInfo) *timeAxis {
	for _, c := range byRole[roleTime] {
		from, okFrom := parseDay(c.Min)
		to, okTo := parseDay(c.Max)
		if okFrom && okTo && !to.Before(from) {
			return &timeAxis{columnInfo: c, from: from, to: to}
		}
	}
	for _, c := range byRole[roleYear] {
		if c.Distinct >= 2 {
			return &timeAxis{columnInfo: c, year: true}
		}
	}
	return nil
}

// first returns at most n elements.
func first[T any](list []T, n int) []T { return slices.Clone(list[:min(len(list), n)]) }

func (v view) main() measure { return v.measures[0] }

// stats returns the columns to calculate with.
func (v view) stats() []measure {
	return slices.DeleteFunc(v.all(), func(m measure) bool { return m.kind == kindCount })
}

// all returns measures and rates.
func (v view) all() []measure { return append(slices.Clone(v.measures), v.rates...) }

// name returns what the measure is called.
func (m measure) name(t tongue) string {
	if m.kind == kindCount {
		return t.say("Rows", "Zeilen")
	}
	return m.title()
}

// slug is the measure's part of a file name.
func (m measure) slug() string {
	if m.kind == kindCount {
		return "rows"
	}
	return slug(m.header(), "value")
}

// total returns what its value over many rows is called.
func (m measure) total(t tongue) string {
	switch m.kind {
	case kindMean:
		return t.say("Average ", "Durchschnitt ") + m.name(t)
	case kindCount:
		return t.say("Number of rows", "Zahl der Zeilen")
	default:
		return m.name(t)
	}
}

// adds reports whether parts of it make up a whole.
func (m measure) adds() bool { return m.kind != kindMean }

// positive reports whether no value is below zero.
func (m measure) positive() bool {
	low, err := strconv.ParseFloat(m.Min, 64)
	return m.kind == kindCount || err == nil && low >= 0
}

func (c category) name() string { return c.title() }

// choose returns the table to work on: one that the request names, else the one
// with the most to analyse. It reports false if no file has a table.
func choose(files []fileInfo, request string) (fileInfo, tableInfo, bool) {
	var bestFile fileInfo
	var best tableInfo
	bestScore := -1
	taken := map[string]bool{}
	for _, f := range files {
		for _, t := range f.Tables {
			if taken[t.Name] {
				continue // in SQL the name is that of the first table
			}
			taken[t.Name] = true
			if s := tableScore(f, t, request); s > bestScore {
				bestFile, best, bestScore = f, t, s
			}
		}
	}
	return bestFile, best, bestScore >= 0
}

func tableScore(f fileInfo, t tableInfo, request string) int {
	if len(t.Columns) == 0 {
		return -1
	}
	score := min(t.Rows, 100_000)
	base := strings.TrimSuffix(f.Name, path.Ext(f.Name))
	for _, name := range []string{base, t.Sheet} {
		if name != "" && strings.Contains(strings.ToLower(request), strings.ToLower(name)) {
			score += 10_000_000
		}
	}
	for _, c := range t.Columns {
		if r := roleOf(c, t.Rows); r == roleMeasure || r == roleRate {
			score += 1_000_000
			break
		}
	}
	return score
}

// otherTables lists the tables that an analysis of v leaves out.
func otherTables(files []fileInfo, v view) []string {
	var names []string
	for _, f := range files {
		for _, t := range f.Tables {
			if f.Name == v.file && t.Name == v.table.Name {
				continue
			}
			name := f.Name
			if t.Sheet != "" {
				name += " (" + t.Sheet + ")"
			}
			names = append(names, name)
		}
	}
	return names
}
