package demo

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/askbob/bob/llm"
)

// messages are the findings that an audience must remember.
func (d *desk) messages(f facts) string {
	return part(d.lang.say("Key messages", "Kernaussagen"), bullets(f.messages(d.lang)))
}

// outline lists the slides to come.
func (d *desk) outline(f facts) string {
	t := d.lang
	lines := []string{}
	for _, s := range f.slides(t, f.view.charts(t), nil) {
		line := s.title
		if len(s.bullets) > 0 && s.bullets[0] != s.title+"." {
			line += " – " + s.bullets[0]
		}
		lines = append(lines, line)
	}
	var b strings.Builder
	for i, line := range lines {
		fmt.Fprintf(&b, "%d. %s\n", i+1, line)
	}
	return part(t.say("Outline", "Gliederung"), b.String())
}

// deck builds the slides with the charts that were made, and makes those that
// were not.
func (d *desk) deck(f facts) string {
	t := d.lang
	charts := f.view.charts(t)
	pictures, faults := d.pictureFiles(charts)
	if d.waiting() {
		return ""
	}
	f.faults = append(f.faults, faults...)
	slides := f.slides(t, charts, pictures)
	files, fault := d.deckCall(f, slides, func(s slide) string { return s.picture })
	if fault != "" && len(pictures) > 0 {
		// Some tools know charts by their names only.
		files, fault = d.deckCall(f, slides, func(s slide) string { return baseName(s.picture) })
	}
	if fault != "" {
		// A deck without pictures is better than none.
		faults = append(faults, t.say("slides with charts: ", "Folien mit Diagrammen: ")+fault)
		slides = f.slides(t, charts, nil)
		files, fault = d.deckCall(f, slides, func(slide) string { return "" })
	}
	switch {
	case d.waiting():
		return ""
	case fault != "":
		return d.notDone(t.say("building the slides: ", "Folien bauen: ")+fault) + "\n\n" +
			part(t.findingsHeading(), bullets(f.insights(t)))
	}
	return d.deckText(f, slides, files, faults)
}

// deckCall builds the deck once. It returns its files or the fault.
func (d *desk) deckCall(f facts, slides []slide, picture func(slide) string) (files []string, fault string) {
	list := make([]map[string]any, len(slides))
	for i, s := range slides {
		var table any
		if len(s.columns) > 0 && len(s.rows) > 0 {
			table = map[string]any{"columns": s.columns, "rows": s.rows}
		}
		list[i] = map[string]any{
			"title": s.title, "bullets": append([]string{}, s.bullets...), "chart": orNull(picture(s)), "table": table, "notes": orNull(s.notes),
		}
	}
	result, ok := d.call("deck", map[string]any{
		"name": d.fileTitle(f, "presentation"), "title": planTitle(d.briefing), "subtitle": d.subtitle(f), "slides": list,
	})
	return outcome(result, ok)
}

// outcome returns the files that a call made, or its fault; while the result is
// missing neither.
func outcome(result llm.ToolResult, ok bool) (files []string, fault string) {
	switch {
	case !ok:
		return nil, ""
	case result.Error:
		return nil, firstOr(oneLine(result.Text, maxFault), "?")
	}
	return madeFiles(result.Text), ""
}

// subtitle says what the deck is about and who wrote it.
func (d *desk) subtitle(f facts) string {
	parts := []string{f.view.file}
	if p := f.view.period; p.label != "" && !p.missing {
		parts = append(parts, p.label)
	}
	parts = append(parts, d.lang.rows(f.rows))
	return oneLine(strings.Join(parts, " · "), 120)
}

// fileTitle names the product after the table's file.
func (d *desk) fileTitle(f facts, kind string) string {
	return slug(baseName(f.view.file), "analysis") + "-" + kind
}

func (d *desk) deckText(f facts, slides []slide, files, faults []string) string {
	t := d.lang
	var titles []string
	for _, s := range slides {
		titles = append(titles, s.title)
	}
	text := part(t.say("The slides", "Die Folien"), t.say("%d slides were built:", "%d Folien wurden gebaut:", len(slides)), bullets(titles), d.filesLine(files)) +
		part(t.findingsHeading(), bullets(f.insights(t)), d.footnotes(f))
	columns, rows := f.figures(t)
	text += part(t.figuresHeading(), mdTable(columns, rows))
	for _, fault := range faults {
		text += d.notDone(fault) + "\n\n"
	}
	return text
}

// filesLine names files that were made; empty if none are known.
func (d *desk) filesLine(files []string) string {
	if len(files) == 0 {
		return ""
	}
	return d.lang.say("Files: ", "Dateien: ") + fileList(files)
}

// pictureFiles returns the picture of each chart by the chart's name: made by an
// earlier step, or made now.
func (d *desk) pictureFiles(charts []chart) (pictures map[string]string, faults []string) {
	pictures = map[string]string{}
	names := d.artifacts()
	for _, c := range charts {
		if name := pictureOf(c, names); name != "" {
			pictures[c.name] = name
			continue
		}
		if !d.has("chart") {
			continue
		}
		files, fault := d.draw(c)
		if fault != "" {
			faults = append(faults, c.title+": "+fault)
		}
		if name := pictureOf(c, files); name != "" {
			pictures[c.name] = name
		}
	}
	return pictures, faults
}

// artifacts lists the files that there are, those of this step's sources last.
func (d *desk) artifacts() []string {
	var names []string
	for _, f := range d.files {
		names = append(names, f.Name)
	}
	if d.has("files") {
		result, ok := d.call("files", map[string]any{"action": "list", "name": nil, "offset": nil, "limit": nil})
		if ok && !result.Error {
			names = append(names, listedFiles(result.Text)...)
		}
	}
	for _, r := range d.results {
		names = append(names, r.Artifacts...)
	}
	return names
}

// listedFiles reads names from a list of files, whatever it is wrapped in.
func listedFiles(text string) []string {
	var list []fileInfo
	if json.Unmarshal([]byte(text), &list) != nil {
		return madeFiles(text)
	}
	var names []string
	for _, f := range list {
		names = append(names, f.Name)
	}
	return names
}

// check calculates figures again in another way and looks for the files.
func (d *desk) check(f facts) string {
	t := d.lang
	names := d.artifacts()
	if d.waiting() {
		return ""
	}
	var lines []string
	total, ok := f.value()
	for _, g := range f.groups {
		if ok && g.whole && f.view.main().adds() {
			lines = append(lines, d.agrees(f, t.say("sum over %s", "Summe über %s", g.name()), sumOf(g.points), total))
		}
	}
	if ok && len(f.series) > 0 && f.view.main().adds() {
		lines = append(lines, d.agrees(f, t.say("sum over periods", "Summe über die Zeiträume"), sumOf(f.series), total))
	}
	made := productsIn(names)
	if len(made) > 0 {
		lines = append(lines, filesThere(t)+fileList(made)+".")
	} else {
		lines = append(lines, d.notDone(t.say("no slides or report were found", "es wurden keine Folien und kein Bericht gefunden")))
	}
	return part(t.say("Check", "Prüfung"), bullets(append(lines, f.problems(t)...)))
}

func sumOf(points []point) float64 {
	sum := 0.0
	for _, p := range points {
		sum += p.value
	}
	return sum
}

// agrees compares a figure that was calculated in two ways.
func (d *desk) agrees(f facts, how string, got, want float64) string {
	t := d.lang
	if f.num(t, got) == f.num(t, want) {
		return t.say("✓ The total %s agrees with the %s.", "✓ Die Gesamtzahl %s stimmt mit der %s überein.", f.num(t, want), how)
	}
	return t.say("✗ The total is %s, the %s is %s: %s is in rows without a date or a value there.",
		"✗ Die Gesamtzahl ist %s, die %s ist %s: %s steckt in Zeilen ohne Datum oder Wert dort.",
		f.num(t, want), how, f.num(t, got), f.num(t, want-got))
}

// productsIn picks slides and documents from names of files.
func productsIn(names []string) []string {
	var made []string
	seen := map[string]bool{}
	for _, name := range names {
		for _, ending := range []string{".pptx", ".pdf", ".html", ".docx"} {
			if strings.HasSuffix(name, ending) && !seen[name] {
				seen[name] = true
				made = append(made, name)
			}
		}
	}
	return made
}
