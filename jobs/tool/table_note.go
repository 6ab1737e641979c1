package tool

import (
	"fmt"
	"strings"
)

// tableTotals are the words that begin a row of sums.
var tableTotals = tableWords("total totals sum summe gesamt gesamtsumme totale subtotal итого totaux") //nolint:gochecknoglobals // a constant table

// notes says what was odd and how it was read.
func (s *tableShaper) notes(names []string, readings []tableReading) []string {
	var notes []string
	if s.file.notes != nil {
		notes = s.file.notes()
	}
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	switch {
	case s.made:
		add("the first row holds only numbers, so it was read as data; the columns have made-up names")
	case s.skip > 1:
		add("%d rows above the header were left out", s.skip-1)
	}
	if s.short > 0 && s.file.ragged {
		add("%d rows have fewer cells than the header; the missing ones are NULL", s.short)
	}
	if s.long > 0 {
		add("%d rows have more cells than the header; those are in columns named column_N", s.long)
	}
	notes = append(notes, s.headerNotes(names)...)
	for i, c := range s.columns {
		notes = append(notes, c.notes(names[i], readings[i])...)
	}
	if tableTotals[strings.ToLower(strings.Trim(s.last, " :"))] {
		add("the last row looks like a total (%q): leave it out of sums", s.last)
	}
	if len(notes) > tableNotes {
		notes = append(notes[:tableNotes-1], fmt.Sprintf("and %d more notes", len(notes)-tableNotes+1))
	}
	return notes
}

func (s *tableShaper) headerNotes(names []string) []string {
	seen := map[string]bool{}
	var twice, empty []string
	for i, c := range s.columns[:min(s.headers, len(s.columns))] {
		key := strings.ToLower(c.header)
		switch {
		case key == "":
			empty = append(empty, names[i])
		case seen[key]:
			twice = append(twice, names[i])
		}
		seen[key] = true
	}
	var notes []string
	if len(empty) > 0 {
		notes = append(notes, "columns without a header: "+tableListed(empty))
	}
	if len(twice) > 0 {
		notes = append(notes, "headers that occur twice were numbered: "+tableListed(twice))
	}
	return notes
}

// tableListed names at most a few.
func tableListed(names []string) string {
	const most = 10
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

func (c *tableColumn) notes(name string, r tableReading) []string {
	var notes []string
	add := func(format string, args ...any) {
		notes = append(notes, name+": "+fmt.Sprintf(format, args...))
	}
	if r.kind != tableTextual && c.nothing > 0 {
		add("%d cells such as NA or - are NULL", c.nothing)
	}
	switch r.kind {
	case tableInteger, tableReal:
		c.numberNotes(r, add)
	case tableDated:
		if c.days.doubt && !c.days.dots && c.days.dmy.can && c.days.mdy.can {
			order := "day first"
			if r.mdy {
				order = "month first"
			}
			add("%q could be two dates; read with the %s", c.days.example, order)
		}
		if c.days.offset {
			add("times with a zone were turned into UTC")
		}
	case tableBoolean:
		add("1 is true, 0 is false")
	case tableTextual:
	}
	return notes
}

func (c *tableColumn) numberNotes(r tableReading, add func(format string, args ...any)) {
	switch {
	case c.numbers.doubt && c.numbers.point.can && c.numbers.comma.can:
		shown := tableReading{kind: tableReal, comma: r.comma}.value(c.numbers.example)
		add("%q could be two numbers; read as %s", c.numbers.example, tableShown(shown))
	case r.comma && !c.numbers.point.can:
		add("decimal comma")
	}
	switch units := c.numbers.units; {
	case len(units) > 1:
		add("mixes units %s; the numbers were not converted", strings.Join(units, " "))
	case len(units) == 1 && units[0] == "%":
		add("in percent: 12 means 12%%")
	case len(units) == 1:
		add("in %s", units[0])
	}
}
