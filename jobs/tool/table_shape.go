package tool

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/askbob/bob/jobs"
)

const (
	tableTitleRows   = 15 // rows above a header that may be a title
	tableSampleRows  = 5
	tableSampleCells = 100 // of one row: more columns are seen by their own samples
	tableNotes       = 20
)

// tableShape is what all rows of a table say about it.
type tableShape struct {
	table    jobs.Table
	readings []tableReading
	skip     int // rows before the first of data
}

// tableShaper learns a shape row by row.
type tableShaper struct {
	file    tableFile
	waiting [][]string // the first rows, until the header is known
	known   bool
	skip    int
	made    bool // the headers are ours, the file has none
	columns []*tableColumn
	headers int // columns that the header has
	rows    int
	short   int
	long    int
	sample  [][]string
	last    string // first cell of the last row
}

// tableLearn reads all rows. It returns a *jobs.UserError if there is no row of
// data, or too many.
func tableLearn(ctx context.Context, file tableFile) (*tableShape, error) {
	s := &tableShaper{file: file}
	err := file.rows.each(ctx, func(cells []string) error {
		if s.known {
			s.see(cells)
			return nil
		}
		s.waiting = append(s.waiting, slices.Clone(cells))
		if len(s.waiting) == tableTitleRows {
			s.begin()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !s.known {
		s.begin()
	}
	return s.shape()
}

// begin finds the header among the waiting rows.
func (s *tableShaper) begin() {
	s.known = true
	if len(s.waiting) == 0 {
		return
	}
	at := tableHeaderAt(s.waiting)
	header := s.waiting[at]
	s.skip = at + 1
	if s.made = tableAllNumbers(header) && len(s.waiting) > at+1; s.made {
		s.skip = at
	}
	for i, cell := range header {
		cell = strings.TrimSpace(cell)
		if s.made {
			cell = fmt.Sprintf("column %d", i+1)
		}
		s.columns = append(s.columns, newTableColumn(strings.Clone(cell)))
	}
	s.headers = len(s.columns)
	for _, cells := range s.waiting[s.skip:] {
		s.see(cells)
	}
	s.waiting = nil
}

// tableHeaderAt returns the first row that is as wide as most: narrower ones
// above it are a title.
func tableHeaderAt(rows [][]string) int {
	widths := map[int]int{}
	for _, cells := range rows {
		widths[tableFilled(cells)]++
	}
	usual := 0
	for width, n := range widths {
		if n > widths[usual] || n == widths[usual] && width > usual {
			usual = width
		}
	}
	for i, cells := range rows {
		if tableFilled(cells)*2 > usual {
			return i
		}
	}
	return 0
}

func tableFilled(cells []string) int {
	n := 0
	for _, cell := range cells {
		if strings.TrimSpace(cell) != "" {
			n++
		}
	}
	return n
}

func tableAllNumbers(cells []string) bool {
	for _, cell := range cells {
		amount := tableAmountOf(strings.TrimSpace(cell))
		if !amount.point.ok && !amount.comma.ok {
			return false
		}
	}
	return len(cells) > 0
}

// see learns from a row of data.
func (s *tableShaper) see(cells []string) {
	s.rows++
	switch {
	case len(cells) < s.headers:
		s.short++
	case len(cells) > s.headers && !tableBlank(cells[s.headers:]):
		s.long++
	}
	for len(s.columns) < len(cells) {
		s.columns = append(s.columns, newTableColumn(""))
	}
	for i, cell := range cells {
		s.columns[i].see(cell)
	}
	if len(s.sample) < tableSampleRows {
		s.sample = append(s.sample, tableSampled(cells))
	}
	s.last = ""
	if len(cells) > 0 && len(cells[0]) < 20 {
		s.last = cells[0]
	}
}

func tableSampled(cells []string) []string {
	cells = cells[:min(len(cells), tableSampleCells)]
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = strings.Clone(tableCut(cell, tableSampleBytes))
	}
	return row
}

// shape decides all columns.
func (s *tableShaper) shape() (*tableShape, error) {
	for len(s.columns) > 0 {
		last := s.columns[len(s.columns)-1]
		if last.header != "" || last.filled > 0 {
			break
		}
		s.columns = s.columns[:len(s.columns)-1]
	}
	if s.rows == 0 || len(s.columns) == 0 {
		return nil, tableFault("The table has a header at most, and no rows. Send one with data.")
	}
	shape := &tableShape{skip: s.skip}
	headers := make([]string, len(s.columns))
	for i, c := range s.columns {
		headers[i] = c.header
	}
	names := tableHeaders(headers)
	shape.readings = s.readings()
	described := make([]jobs.Column, len(s.columns))
	for i, c := range s.columns {
		described[i] = c.describe(names[i], shape.readings[i], s.rows)
	}
	shape.table = jobs.Table{
		Name: s.file.name, Sheet: s.file.sheet, Rows: s.rows, Columns: described, Sample: s.sample,
	}
	shape.table.Notes = s.notes(names, shape.readings)
	return shape, nil
}

// readings decides the columns' types. What one column proves about the way of
// writing helps those in doubt.
func (s *tableShaper) readings() []tableReading {
	var comma, point, mdy, dmy int
	for _, c := range s.columns {
		if onlyComma, onlyPoint := c.numbers.proves(); onlyComma {
			comma++
		} else if onlyPoint {
			point++
		}
		if onlyMDY, onlyDMY := c.days.proves(); onlyMDY {
			mdy++
		} else if onlyDMY && !c.days.dots {
			dmy++
		}
	}
	readings := make([]tableReading, len(s.columns))
	for i, c := range s.columns {
		// In doubt the month comes first, unless the file has European numbers.
		readings[i] = c.reading(!s.file.point && comma > point, mdy > dmy || mdy == dmy && comma == 0)
	}
	return readings
}
