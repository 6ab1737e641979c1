package plan

import (
	"fmt"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// view says how closely a planner sees a file.
type view struct {
	text    int // bytes of a text's beginning
	rows    int // of a table
	columns int
	values  int // frequent ones of a column
	cell    int // bytes of one value
	note    string
}

// views are what files look like as room gets scarce. The first is what a plan can
// gain from at all.
var views = []view{ //nolint:gochecknoglobals // a constant table
	{text: 4000, rows: 5, columns: 200, values: 10, cell: 200},
	{text: 1500, rows: 3, columns: 100, values: 4, cell: 60, note: "Files are shown with few rows and values."},
	{text: 500, rows: 1, columns: 50, values: 0, cell: 40, note: "Files are shown with one row and without values."},
	{text: 150, rows: 0, columns: 25, values: 0, cell: 40, note: "Files are shown without rows and values."},
	{text: 0, rows: 0, columns: 8, values: 0, cell: 40, note: "Files are shown with their first columns only."},
	{text: 0, rows: 0, columns: 0, values: 0, cell: 40, note: "Files are shown by name only."},
}

// maxTables of a workbook are shown, and maxNotes of a table.
const (
	maxTables = 30
	maxNotes  = 5
)

func filesSection(files []jobs.FileInfo, room int) string {
	if len(files) == 0 {
		return ""
	}
	levels := make([]int, len(views))
	for i := range views {
		levels[i] = i
	}
	shown, level := fit(files, levels, room, func(f jobs.FileInfo, level int) jobs.FileInfo {
		return views[level].file(f)
	})
	note := ""
	if text := views[level].note; text != "" {
		note = "(" + text + " What is not shown here can be read by a task with the right tool.)\n"
	}
	return llm.Section(jobs.SectionFiles, encode(shown)) + note + omitted(len(files), len(shown), "files")
}

// file returns f as it looks in this view.
func (v view) file(f jobs.FileInfo) jobs.FileInfo {
	f.SHA256 = ""
	f.Name = brief(f.Name, maxDescription)
	f.Text = shorten(f.Text, v.text)
	if v.text == 0 {
		f.Text = ""
	}
	var tables []jobs.Table
	for i, t := range f.Tables {
		if i == maxTables {
			more := jobs.Table{Name: "…", Notes: []string{fmt.Sprintf("%d more tables are not shown", len(f.Tables)-maxTables)}}
			tables = append(tables, more)
			break
		}
		tables = append(tables, v.table(t))
	}
	f.Tables = tables
	return f
}

func (v view) table(t jobs.Table) jobs.Table {
	var notes []string
	for _, note := range t.Notes[:min(len(t.Notes), maxNotes)] {
		notes = append(notes, brief(note, v.cell*2))
	}
	if more := len(t.Columns) - v.columns; more > 0 {
		notes = append(notes, fmt.Sprintf("%d more columns are not shown", more))
	}
	columns := make([]jobs.Column, 0, min(len(t.Columns), v.columns))
	for _, c := range t.Columns[:min(len(t.Columns), v.columns)] {
		columns = append(columns, v.column(c))
	}
	var rows [][]string
	for _, row := range t.Sample[:min(len(t.Sample), v.rows)] {
		rows = append(rows, v.cells(row, v.columns))
	}
	return jobs.Table{
		Name: t.Name, Sheet: brief(t.Sheet, v.cell), Rows: t.Rows, Columns: columns, Sample: rows, Notes: notes,
	}
}

func (v view) column(c jobs.Column) jobs.Column {
	c.Header = brief(c.Header, v.cell)
	c.Min, c.Max = brief(c.Min, v.cell), brief(c.Max, v.cell)
	c.Sample = v.cells(c.Sample, v.values)
	return c
}

// cells returns the first of some values, each cut to the view's cell.
func (v view) cells(values []string, most int) []string {
	var cells []string
	for _, value := range values[:min(len(values), most)] {
		cells = append(cells, brief(value, v.cell))
	}
	return cells
}
