package demo

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// slide is one slide of a deck, and one section of a report.
type slide struct {
	title   string
	bullets []string
	chart   chart
	picture string // the chart's file; empty: there is none
	columns []string
	rows    [][]string
	notes   string
}

// The bounds of a slide, for people in the back row.
const (
	maxBullets   = 6
	maxTableRows = 8
	// maxChartFindings are what fits beside a picture.
	maxChartFindings = 4
	maxSlideTitle    = 90
	maxBullet        = 260
	maxNotes         = 1800
)

// slides tells the story of the facts.
func (f facts) slides(t tongue, charts []chart, pictures map[string]string) []slide {
	list := []slide{
		{title: t.say("Summary", "Zusammenfassung"), bullets: f.messages(t), notes: f.notes(t, "")},
		f.figuresSlide(t),
	}
	for _, c := range charts {
		list = append(list, f.chartSlide(t, c, pictures[c.name]).headed())
	}
	if f.shift != nil {
		list = append(list, f.shiftSlide(t))
	}
	if f.out != nil && f.out.found > 0 {
		list = append(list, f.unusualSlide(t))
	}
	list = append(list, f.dataSlide(t),
		slide{title: t.say("Data quality and method", "Datenqualität und Methode"), bullets: f.method(t), notes: f.notes(t, f.view.qualitySQL())},
		slide{title: t.say("Next steps", "Nächste Schritte"), bullets: f.nextSteps(t)})
	for i := range list {
		list[i].bound()
	}
	return list
}

func (s *slide) bound() {
	s.title = oneLine(s.title, maxSlideTitle)
	s.bullets = first(s.bullets, min(len(s.bullets), maxBullets))
	for i := range s.bullets {
		s.bullets[i] = oneLine(s.bullets[i], maxBullet)
	}
	s.rows = first(s.rows, maxTableRows)
}

// figuresSlide is the table of key figures.
func (f facts) figuresSlide(t tongue) slide {
	columns, rows := f.figures(t)
	return slide{title: t.say("Key figures", "Kennzahlen"), columns: columns, rows: rows, notes: f.notes(t, f.view.totalsSQL(true))}
}

// figures are the key figures of all measures.
func (f facts) figures(t tongue) (columns []string, rows [][]string) {
	if len(f.stats) == 0 {
		return []string{t.say("Figure", "Kennzahl"), t.say("Value", "Wert")},
			[][]string{{t.say("Rows", "Zeilen"), t.num(f.rows)}}
	}
	columns = []string{
		t.say("Measure", "Kennzahl"), t.say("Total", "Summe"), t.say("Average", "Durchschnitt"), "Median",
		t.say("Lowest", "Kleinster"), t.say("Highest", "Größter"),
	}
	for _, s := range f.stats {
		row := []string{s.name(t), "–", "–", "–", "–", "–"}
		if s.count > 0 {
			row = []string{s.name(t), t.amount(s.measure, s.sum), t.amount(s.measure, s.mean), t.amount(s.measure, s.median), t.amount(s.measure, s.low), t.amount(s.measure, s.high)}
		}
		if !s.adds() {
			row[1] = "–" // a total of prices or ratios means nothing
		}
		if !s.quartiles {
			row[3] = "–"
		}
		rows = append(rows, row)
	}
	return columns, append(rows, []string{t.say("Rows", "Zeilen"), t.num(f.rows), "", "", "", ""})
}

// chartSlide shows a picture beside what it says; without one, a table.
func (f facts) chartSlide(t tongue, c chart, picture string) slide {
	s := slide{title: c.title, chart: c, picture: picture, notes: f.notes(t, c.sql)}
	switch {
	case c.group == groupTime:
		s.bullets = f.trend(t)
		s.columns, s.rows = f.seriesTable(t)
	case c.group >= 0:
		for _, g := range f.groups {
			if g.Name == f.view.categories[c.group].Name {
				s.bullets = f.ofGroup(t, g)
				s.columns, s.rows = f.groupTable(t, g)
			}
		}
	default:
		s.bullets = f.spread(t)
	}
	if len(s.bullets) < 2 {
		s.bullets = append(s.bullets, f.headline(t)...)
	}
	s.bullets = first(s.bullets, maxChartFindings)
	if picture != "" {
		s.columns, s.rows = nil, nil // both do not fit
	}
	return s
}

// headed moves the first finding into the title if it is short enough for one,
// and enough are left.
func (s slide) headed() slide {
	if len(s.bullets) < 3 || len(s.bullets[0]) > maxSlideTitle {
		return s
	}
	s.title, s.bullets = strings.TrimSuffix(s.bullets[0], "."), s.bullets[1:]
	return s
}

func (f facts) seriesTable(t tongue) (columns []string, rows [][]string) {
	columns = []string{capital(f.view.time.grain.name(t)), f.view.main().total(t), t.say("Change", "Veränderung"), t.say("Rows", "Zeilen")}
	before := point{empty: true}
	for _, p := range f.series {
		value, delta := "–", "–"
		if !p.empty {
			value = f.num(t, p.value)
			if !before.empty && before.value > 0 {
				delta = t.change(p.value/before.value - 1)
			}
			before = p
		}
		rows = append(rows, []string{p.name, value, delta, t.num(p.rows)})
	}
	return columns, rows
}

func (f facts) groupTable(t tongue, g groups) (columns []string, rows [][]string) {
	columns = []string{g.name(), f.view.main().total(t), t.say("Rows", "Zeilen")}
	total, _ := f.value()
	if f.shares() {
		columns = append(columns, t.say("Share", "Anteil"))
	}
	for _, p := range g.points {
		row := []string{p.name, f.num(t, p.value), t.num(p.rows)}
		if f.shares() {
			row = append(row, t.percent(p.value/total))
		}
		rows = append(rows, row)
	}
	return columns, rows
}

func (f facts) shiftSlide(t tongue) slide {
	columns, rows := f.shiftTable(t)
	return slide{
		title:   t.say("What changed by %s", "Was sich nach %s verändert hat", f.shift.name()),
		bullets: f.shifted(t), columns: columns, rows: rows,
		notes: f.notes(t, f.view.shiftSQL(f.view.main(), f.shift.category, t, f.shift.old, f.shift.latest)),
	}
}

func (f facts) shiftTable(t tongue) (columns []string, rows [][]string) {
	columns = []string{f.shift.name(), f.shift.old, f.shift.latest, t.say("Change", "Veränderung")}
	for _, c := range f.shift.points {
		rows = append(rows, []string{c.name, f.num(t, c.before), f.num(t, c.after), f.signed(t, c.after-c.before)})
	}
	return columns, rows
}

func (f facts) unusualSlide(t tongue) slide {
	s := f.stats[0]
	return slide{
		title: t.say("Unusual values", "Auffällige Werte"),
		bullets: append(f.unusual(t), t.say("They are part of all figures; nothing was left out because of its size.",
			"Sie sind in allen Zahlen enthalten; nichts wurde wegen seiner Größe weggelassen.")),
		columns: f.out.columns, rows: f.out.rows,
		notes: f.notes(t, f.view.outliersSQL(s.measure, f.out.low, s.median, f.out.high, maxOutliers)),
	}
}

// dataSlide says what the columns in use hold.
func (f facts) dataSlide(t tongue) slide {
	v, uses := f.view, f.view.uses(t)
	var rows [][]string
	for _, c := range v.used() {
		reach := t.say("%s different values", "%s verschiedene Werte", t.count(c.Distinct))
		if c.Min != "" {
			reach = label(c.Min) + " – " + label(c.Max)
		}
		rows = append(rows, []string{c.title(), uses[c.Name], reach})
	}
	s := slide{
		title:   t.say("The data", "Die Daten"),
		bullets: []string{t.say("%s of %s columns are used.", "%s von %s Spalten werden verwendet.", t.count(len(rows)), t.count(len(v.table.Columns)))},
		columns: []string{t.say("Column", "Spalte"), t.say("Used as", "Verwendet als"), t.say("Range", "Bereich")}, rows: rows,
		notes: f.notes(t, ""),
	}
	if len(v.ids) > 0 {
		s.bullets = append(s.bullets, t.say("Left out as identifiers: %s.", "Als Kennungen weggelassen: %s.",
			t.list(first(v.ids, maxTableRows))))
	}
	return s
}

// notes are what a speaker wants to know: where the figures come from.
func (f facts) notes(t tongue, sql string) string {
	text := t.say("Source: %s, table %s, %s.", "Quelle: %s, Tabelle %s, %s.",
		f.view.file, f.view.table.Name, t.rows(f.rows))
	if p := f.view.period.note(t, f.view); p != "" {
		text += " " + p
	}
	if sql == "" && len(f.sql) > 0 {
		sql = f.sql[0]
	}
	return oneLineUnless(text+"\nSQL: "+sql, maxNotes)
}

// method says what the figures rest on.
func (f facts) method(t tongue) []string {
	v := f.view
	list := []string{t.say("%s, table “%s”: %s, %s columns.", "%s, Tabelle „%s“: %s, %s Spalten.",
		v.file, v.table.Name, t.rows(float64(v.table.Rows)), t.count(len(v.table.Columns)))}
	if note := v.period.note(t, v); note != "" {
		list = append(list, note)
	}
	list = append(list, f.dirtLines(t)...)
	if note := f.leftOut(t); note != "" {
		list = append(list, note)
	}
	if f.out != nil && f.out.found == 0 {
		list = append(list, f.unusual(t)...)
	}
	list = append(list, f.problems(t)...)
	rules := t.say("Every figure was calculated by SQL over the whole table; the queries are given with them. The sentences follow rules (the built-in demo model).",
		"Jede Zahl wurde per SQL über die ganze Tabelle berechnet; die Abfragen stehen dabei. Die Texte folgen festen Regeln (eingebautes Demo-Modell).")
	// It comes early, because a slide shows only so many.
	return slices.Insert(list, 1, rules)
}

// leftOut says how many columns of numbers are not part of the analysis.
func (f facts) leftOut(t tongue) string {
	shown := len(f.stats)
	if shown >= f.view.numeric {
		return ""
	}
	return t.say("%d of %s columns of numbers were analysed.", "%d von %s Zahlenspalten wurden ausgewertet.", shown, t.count(f.view.numeric))
}

// dirtLines say what is wrong with the data.
func (f facts) dirtLines(t tongue) []string {
	if f.dirt == nil {
		return nil
	}
	var list []string
	if n := f.dirt.duplicates; n > 0 {
		list = append(list, t.say("%s rows repeat another row exactly; they were counted all the same.",
			"%s Zeilen wiederholen eine andere genau; sie wurden trotzdem mitgezählt.", t.num(n)))
	}
	var empty []string
	for _, p := range f.dirt.empty {
		empty = append(empty, t.say("%s (%s of %s)", "%s (%s von %s)", p.name, t.num(p.value), t.num(f.dirt.rows)))
	}
	if len(empty) > 0 {
		list = append(list, t.say("Empty cells in %s; sums and averages leave them out.", "Leere Zellen in %s; Summen und Durchschnitte lassen sie weg.", t.list(empty)))
	}
	if len(list) == 0 {
		list = append(list, t.say("No repeated rows and no empty cells in the columns used.", "Keine doppelten Zeilen und keine leeren Zellen in den verwendeten Spalten."))
	}
	return list
}

// problems are the queries that failed.
func (f facts) problems(t tongue) []string {
	var list []string
	for _, fault := range f.faults {
		list = append(list, t.say("Could not be calculated: %s", "Nicht berechnet werden konnte: %s", label2(fault)))
	}
	return list
}

// label2 keeps a longer text on one line and out of Markdown's way.
func label2(text string) string { return oneLine(strings.ReplaceAll(text, "|", "/"), maxFault) }

// nextSteps are questions that follow from the facts.
func (f facts) nextSteps(t tongue) []string {
	var list []string
	if f.shift != nil {
		for _, c := range f.shift.points {
			if c.after < c.before && c.before > 0 && c.after/c.before < 0.9 {
				list = append(list, t.say("Find out why %s fell by %s from %s to %s.", "Klären, warum %s um %s gefallen ist (%s bis %s).",
					c.name, t.percent(1-c.after/c.before), f.shift.old, f.shift.latest))
				break
			}
		}
	}
	if len(f.groups) > 0 && len(f.groups[0].points) > 1 {
		g := f.groups[0]
		list = append(list, t.say("Check what %s does differently: it is first by %s.", "Prüfen, was %s anders macht: Platz 1 nach %s.", g.points[0].name, g.name()))
		if g.whole {
			list = append(list, t.say("Look into %s, last by %s with %s.", "%s genauer ansehen: letzter Platz nach %s mit %s.",
				g.points[len(g.points)-1].name, g.name(), f.num(t, g.points[len(g.points)-1].value)))
		}
	}
	if f.out != nil && f.out.found > 0 {
		list = append(list, t.say("Verify the unusual values (%s) with their source.", "Die auffälligen Werte (%s) an der Quelle prüfen.", t.count(f.out.found)))
	}
	if f.dirt != nil && f.dirt.duplicates+float64(len(f.dirt.empty)) > 0 {
		list = append(list, t.say("Clean up repeated rows and empty cells, and run the analysis again.", "Doppelte Zeilen und leere Zellen bereinigen und die Auswertung wiederholen."))
	}
	return append(list, t.say("Repeat the analysis with the next data.", "Die Auswertung mit den nächsten Daten wiederholen."))
}

func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + text[size:]
}
