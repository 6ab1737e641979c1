package demo

import (
	"fmt"
	"strings"
)

// maxColumnRows is how many columns a description lists; the others are counted.
const maxColumnRows = 30

// load says what the table holds and what each column is good for.
func (d *desk) load(v view) string {
	t := d.lang
	g := d.query("SELECT COUNT(*)" + v.from())
	if d.waiting() {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s\n\n", t.say("The table", "Die Tabelle"), t.say(
		"%s, table “%s”: %s and %s columns.", "%s, Tabelle „%s“: %s und %s Spalten.",
		v.file, v.table.Name, t.rows(float64(v.table.Rows)), t.count(len(v.table.Columns))))
	if rows, ok := g.num(0, 0); ok && int(rows) != v.table.Rows {
		b.WriteString(t.say("%s of the rows are used.", "%s der Zeilen werden verwendet.", t.num(rows)) + "\n\n")
	}
	if g.fault != "" {
		b.WriteString(d.notDone(t.say("counting the rows: ", "Zeilen zählen: ")+g.fault) + "\n\n")
	}
	b.WriteString(d.columnTable(v) + "\n")
	var lines []string
	if note := v.period.note(t, v); note != "" {
		lines = append(lines, note)
	}
	for _, note := range first(v.table.Notes, min(len(v.table.Notes), maxBullets)) {
		lines = append(lines, label2(note))
	}
	if others := otherTables(d.files, v); len(others) > 0 {
		lines = append(lines, t.say("Not used: %s. The demo model works on one table.", "Nicht verwendet: %s. Das Demo-Modell arbeitet mit einer Tabelle.",
			label2(t.list(others))))
	}
	return b.String() + bullets(lines)
}

func (d *desk) columnTable(v view) string {
	t := d.lang
	uses := v.uses(t)
	var rows [][]string
	for _, c := range first(v.table.Columns, maxColumnRows) {
		reach := ""
		if c.Min != "" {
			reach = label(c.Min) + " – " + label(c.Max)
		}
		rows = append(rows, []string{label(c.header()), c.Type, t.count(c.Distinct), t.count(c.Nulls), reach, firstOr(uses[c.Name], "–")})
	}
	table := mdTable([]string{
		t.say("Column", "Spalte"), t.say("Type", "Typ"), t.say("Distinct", "Verschiedene"), t.say("Empty", "Leer"),
		t.say("Range", "Bereich"), t.say("Used as", "Verwendet als"),
	}, rows)
	if more := len(v.table.Columns) - maxColumnRows; more > 0 {
		table += t.say("\n%d more columns are not listed.\n", "\n%d weitere Spalten sind nicht aufgeführt.\n", more)
	}
	return table
}

// uses says what columns are used as.
func (v view) uses(t tongue) map[string]string {
	uses := map[string]string{}
	for _, c := range v.table.Columns {
		if roleOf(c, v.table.Rows) == roleID {
			uses[c.Name] = t.say("identifier, left out", "Kennung, weggelassen")
		}
	}
	for _, m := range v.all() {
		uses[m.Name] = t.say("measure (added up)", "Kennzahl (summiert)")
		if !m.adds() {
			uses[m.Name] = t.say("measure (averaged)", "Kennzahl (gemittelt)")
		}
	}
	for _, c := range v.categories {
		uses[c.Name] = t.say("category", "Kategorie")
	}
	if v.time != nil {
		uses[v.time.Name] = t.say("time, by %s", "Zeit, je %s", v.time.grain.name(t))
	}
	return uses
}

// validate says what is wrong with the data.
func (d *desk) validate(v view) string {
	t := d.lang
	f := facts{view: v}
	d.quality(&f)
	d.totals(&f)
	if d.waiting() {
		return ""
	}
	lines := f.dirtLines(t)
	for _, s := range f.stats {
		if s.adds() && s.count > 0 && s.low < 0 {
			lines = append(lines, t.say("%s has values below zero, down to %s.", "%s hat negative Werte, bis %s.", s.name(t), t.amount(s.measure, s.low)))
		}
		if s.count == 0 {
			lines = append(lines, t.say("%s has no numbers in the rows used.", "%s hat in den verwendeten Zeilen keine Zahlen.", s.name(t)))
		}
	}
	for _, note := range first(v.table.Notes, min(len(v.table.Notes), maxBullets)) {
		lines = append(lines, label2(note))
	}
	if note := v.period.note(t, v); note != "" {
		lines = append(lines, note)
	}
	text := "## " + t.say("Data quality", "Datenqualität") + "\n\n"
	if f.dirt != nil {
		text += t.say("%s checked in %s.", "%s in %s geprüft.", t.rows(f.dirt.rows), v.file) + "\n\n"
	}
	return text + bullets(append(lines, f.problems(t)...))
}
