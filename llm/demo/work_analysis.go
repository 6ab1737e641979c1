package demo

import (
	"strings"
)

// The headings by which combining finds the parts that matter most.
func (t tongue) figuresHeading() string  { return t.say("Key figures", "Kennzahlen") }
func (t tongue) findingsHeading() string { return t.say("Findings", "Erkenntnisse") }

// part writes a headed section.
func part(heading string, blocks ...string) string {
	text := "## " + heading + "\n\n"
	for _, block := range blocks {
		if block != "" {
			text += strings.TrimRight(block, "\n") + "\n\n"
		}
	}
	return text
}

// metrics states the key figures and the groups' shares.
func (d *desk) metrics(f facts) string {
	t := d.lang
	columns, rows := f.figures(t)
	return part(t.figuresHeading(), strings.Join(f.headline(t), " "), mdTable(columns, rows), d.footnotes(f))
}

// footnotes say what the reader of figures must know.
func (d *desk) footnotes(f facts) string {
	var lines []string
	if note := f.view.period.note(d.lang, f.view); note != "" {
		lines = append(lines, note)
	}
	if note := f.leftOut(d.lang); note != "" {
		lines = append(lines, note)
	}
	return bullets(append(lines, f.problems(d.lang)...))
}

// trends states the main measure period by period.
func (d *desk) trends(f facts) string {
	t := d.lang
	if len(f.filled()) < 2 {
		return part(t.say("Trend", "Verlauf"), t.say("There are fewer than two periods with values, so there is no trend to state.",
			"Es gibt weniger als zwei Zeiträume mit Werten, also keinen Verlauf."), bullets(f.problems(t)))
	}
	columns, rows := f.seriesTable(t)
	return part(t.say("Trend of %s by %s", "%s nach %s", f.view.main().total(t), f.view.time.grain.name(t)),
		mdTable(columns, rows), bullets(f.trend(t)))
}

// maxGroupRows is how many groups a text lists; the others are counted.
const maxGroupRows = 20

// compareGroups states the main measure by category.
func (d *desk) compareGroups(f facts) string {
	t := d.lang
	var text strings.Builder
	for _, g := range f.groups {
		columns, rows := f.groupTable(t, g)
		more := ""
		if len(rows) > maxGroupRows {
			more = t.say("The first %d of %s are listed.", "Aufgeführt sind die ersten %d von %s.", maxGroupRows, atLeast(t, g))
			rows = rows[:maxGroupRows]
		}
		text.WriteString(part(t.say("%s by %s", "%s nach %s", f.view.main().total(t), g.name()), mdTable(columns, rows), more, bullets(f.ofGroup(t, g))))
	}
	if len(f.groups) == 0 {
		return part(t.say("Groups", "Gruppen"), t.say("No group has values.", "Keine Gruppe hat Werte."), bullets(f.problems(t)))
	}
	return text.String()
}

// insights states the findings, with the tables that they rest on.
func (d *desk) insights(f facts) string {
	t := d.lang
	columns, rows := f.figures(t)
	text := part(t.figuresHeading(), mdTable(columns, rows)) + part(t.findingsHeading(), bullets(f.insights(t)), d.footnotes(f))
	if f.shift != nil {
		columns, rows := f.shiftTable(t)
		rows = rows[:min(len(rows), maxGroupRows)]
		text += part(t.say("Change by %s", "Veränderung nach %s", f.shift.name()), mdTable(columns, rows))
	}
	if f.out != nil && f.out.found > 0 {
		text += part(t.say("Unusual values", "Auffällige Werte"), bullets(f.unusual(t)), mdTable(f.out.columns, f.out.rows))
	}
	return text
}

// asked changes the main measure to what a question is for: an average of
// amounts, or a number of rows.
func (v view) asked(request string) view {
	lower := strings.ToLower(request)
	many := strings.Contains(lower, "how many") || strings.Contains(lower, "wie viele") || strings.Contains(lower, "number of")
	switch main := v.main(); {
	case many && !main.mentioned(request):
		v.measures = []measure{{kind: kindCount}}
	case main.kind == kindSum && lexicon{"average", "avg", "mean", "*durchschnitt*", "mittel", "平均"}.in(request):
		main.kind = kindMean
		v.measures = append([]measure{main}, v.measures[1:]...)
	}
	return v
}

// answer states what a question about columns asks for: the main measure, and by
// the category or over the time that the question names.
func (d *desk) answer(f facts) string {
	t := d.lang
	text := strings.Join(f.headline(t), " ") + "\n\n"
	said := false
	for _, g := range f.groups {
		if !g.mentioned(d.request) {
			continue
		}
		said = true
		columns, rows := f.groupTable(t, g)
		rows = rows[:min(len(rows), maxGroupRows)]
		text += strings.Join(first(f.ofGroup(t, g), 2), " ") + "\n\n" + mdTable(columns, rows) + "\n"
	}
	overTime := lexicon{"trend*", "month*", "quarter*", "year*", "time", "when", "wann", "monat*", "jahr*", "verlauf"}
	if overTime.in(d.request) && f.view.period.label == "" && len(f.filled()) > 1 {
		said = true
		columns, rows := f.seriesTable(t)
		text += strings.Join(first(f.trend(t), 2), " ") + "\n\n" + mdTable(columns, rows) + "\n"
	}
	if !said {
		columns, rows := f.figures(t)
		text += mdTable(columns, rows) + "\n"
	}
	return text + d.footnotes(f) + "\n" + t.say("(Calculated by the built-in demo model, which goes by rules: it answers for the columns that the question names.)",
		"(Berechnet vom eingebauten Demo-Modell, das nach Regeln arbeitet: Es antwortet für die Spalten, die die Frage nennt.)")
}
