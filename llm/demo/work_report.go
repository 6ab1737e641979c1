package demo

import (
	"strings"
)

// report writes a document of the findings.
func (d *desk) report(f facts) string {
	t := d.lang
	charts := f.view.charts(t)
	pictures, faults := d.pictureFiles(charts)
	if d.waiting() {
		return ""
	}
	f.faults = append(f.faults, faults...)
	files, fault := d.documentCall(f, reportMarkdown(t, f, f.slides(t, charts, pictures), true))
	if fault != "" && len(pictures) > 0 {
		faults = append(faults, t.say("pictures in the report: ", "Bilder im Bericht: ")+fault)
		files, fault = d.documentCall(f, reportMarkdown(t, f, f.slides(t, charts, nil), false))
	}
	findings := part(t.findingsHeading(), bullets(f.insights(t)), d.footnotes(f))
	switch {
	case d.waiting():
		return ""
	case fault != "":
		return d.notDone(t.say("writing the report: ", "Bericht schreiben: ")+fault) + "\n\n" + findings
	}
	columns, rows := f.figures(t)
	text := d.filesLine(files) + "\n\n" + part(t.figuresHeading(), mdTable(columns, rows)) + findings
	for _, fault := range faults {
		text += d.notDone(fault) + "\n\n"
	}
	return text
}

func (d *desk) documentCall(f facts, markdown string) (files []string, fault string) {
	result, ok := d.call("document", map[string]any{
		"name": d.fileTitle(f, "report"), "title": planTitle(d.briefing), "markdown": markdown, "formats": formatsIn(d.request),
	})
	return outcome(result, ok)
}

// formatsIn returns the formats that a request names, else PDF and Word.
func formatsIn(request string) []string {
	var formats []string
	for _, f := range []struct {
		format string
		words  lexicon
	}{
		{"pdf", lexicon{"pdf"}}, {"docx", lexicon{"docx", "word"}}, {"html", lexicon{"html", "webpage"}}, {"md", lexicon{"markdown", "md"}},
	} {
		if f.words.in(request) {
			formats = append(formats, f.format)
		}
	}
	if len(formats) == 0 {
		return []string{"pdf", "docx"}
	}
	return formats
}

// reportMarkdown writes the story as prose with tables. The queries come last.
func reportMarkdown(t tongue, f facts, slides []slide, pictures bool) string {
	var b strings.Builder
	for _, s := range slides {
		table := ""
		if len(s.rows) > 0 {
			table = mdTable(s.columns, s.rows)
		}
		picture := ""
		if pictures && s.picture != "" {
			picture = "![" + s.chart.title + "](" + s.picture + ")"
		}
		b.WriteString(part(s.title, bullets(s.bullets), picture, table))
	}
	for _, g := range f.groups {
		columns, rows := f.groupTable(t, g)
		rows = rows[:min(len(rows), maxGroupRows)]
		b.WriteString(part(t.say("%s by %s", "%s nach %s", f.view.main().total(t), g.name()), mdTable(columns, rows)))
	}
	b.WriteString(part(t.say("Queries", "Abfragen"), "```sql\n"+strings.Join(f.sql, ";\n\n")+"\n```"))
	return b.String()
}
