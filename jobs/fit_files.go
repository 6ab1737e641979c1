package jobs

import (
	"fmt"

	"github.com/askbob/bob/llm"
)

// view says how closely a model sees a file.
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

// maxTables of a workbook are shown, maxNotes of a table, and maxFileName bytes of
// a name.
const (
	maxTables   = 30
	maxNotes    = 5
	maxFileName = 500
)

// FilesSection frames what is known of files as a section of that name of about
// room tokens: whole if it fits, else each as closely as there is room for, with a
// word on what is not shown. No files are no section.
func FilesSection(name string, files []FileInfo, room int) string {
	if len(files) == 0 {
		return ""
	}
	levels := make([]int, len(views))
	for i := range views {
		levels[i] = i
	}
	shown, level := FitList(files, levels, room, func(f FileInfo, level int) FileInfo { return views[level].file(f) })
	note := ""
	if text := views[level].note; text != "" {
		note = "(" + text + " What is not shown here can be read with the right tool.)\n"
	}
	return llm.Section(name, PromptJSON(shown)) + note + Omitted(len(files), len(shown), "files")
}

// file returns f as it looks in this view.
func (v view) file(f FileInfo) FileInfo {
	f.SHA256 = ""
	f.Name = brief(f.Name, maxFileName)
	f.Text = brief(f.Text, v.text)
	tables := make([]Table, 0, min(len(f.Tables), maxTables+1))
	for i, t := range f.Tables {
		if i == maxTables {
			more := Table{Name: "…", Notes: []string{fmt.Sprintf("%d more tables are not shown", len(f.Tables)-maxTables)}}
			tables = append(tables, more)
			break
		}
		tables = append(tables, v.table(t))
	}
	f.Tables = tables
	return f
}

func (v view) table(t Table) Table {
	var notes []string
	for _, note := range t.Notes[:min(len(t.Notes), maxNotes)] {
		notes = append(notes, brief(note, v.cell*2))
	}
	if more := len(t.Columns) - v.columns; more > 0 {
		notes = append(notes, fmt.Sprintf("%d more columns are not shown", more))
	}
	columns := make([]Column, 0, min(len(t.Columns), v.columns))
	for _, c := range t.Columns[:min(len(t.Columns), v.columns)] {
		columns = append(columns, v.column(c))
	}
	var rows [][]string
	for _, row := range t.Sample[:min(len(t.Sample), v.rows)] {
		rows = append(rows, v.cells(row, v.columns))
	}
	return Table{
		Name: t.Name, Sheet: brief(t.Sheet, v.cell), Rows: t.Rows, Columns: columns, Sample: rows, Notes: notes,
	}
}

func (v view) column(c Column) Column {
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
