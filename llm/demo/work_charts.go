package demo

import (
	"strings"
)

// oneChart draws the chart of an order, or the one that the request describes,
// and says what it shows.
func (d *desk) oneChart(v view, o order) string {
	c, ok := v.wantedChart(d.lang, d.request)
	if o.Chart > 0 {
		list := v.charts(d.lang)
		if ok = o.Chart <= len(list); ok {
			c = list[o.Chart-1]
		}
		// The planner may have been shown less of the table, and counted otherwise.
		for _, other := range list {
			if other.name == o.Name {
				c, ok = other, true
			}
		}
	}
	if !ok {
		return d.notDone(d.lang.say("the table has nothing that a chart could show: no dates, no groups, no numbers that differ",
			"die Tabelle hat nichts, was ein Diagramm zeigen könnte: keine Daten, keine Gruppen, keine unterschiedlichen Zahlen"))
	}
	return d.pictures(v, []chart{c})
}

func (d *desk) allCharts(v view) string {
	list := v.charts(d.lang)
	if len(list) == 0 {
		return d.oneChart(v, order{Chart: 1})
	}
	return d.pictures(v, list)
}

// pictures draws charts and states what each shows.
func (d *desk) pictures(v view, list []chart) string {
	t := d.lang
	f := facts{view: v}
	d.totals(&f)
	d.timeSeries(&f)
	d.byCategory(&f)
	if d.waiting() {
		return ""
	}
	if f.none() && len(f.sql) > 0 {
		return d.notDone(t.say("there are no rows", "es gibt keine Zeilen") + f.scope(t))
	}
	files := make([][]string, len(list))
	faults := make([]string, len(list))
	for i, c := range list {
		files[i], faults[i] = d.draw(c)
	}
	if d.waiting() {
		return ""
	}
	var text strings.Builder
	for i, c := range list {
		if faults[i] != "" {
			text.WriteString(d.notDone(c.title+": "+faults[i]) + "\n\n")
			continue
		}
		slide := f.chartSlide(t, c, "")
		text.WriteString(part(c.title, bullets(slide.bullets), d.filesLine(files[i]), "```sql\n"+c.sql+"\n```"))
	}
	return text.String()
}

// fileList writes names of files for Markdown.
func fileList(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = "`" + strings.ReplaceAll(name, "`", "'") + "`"
	}
	return strings.Join(quoted, ", ")
}
