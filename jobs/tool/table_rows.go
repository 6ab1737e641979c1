package tool

import (
	"context"
	"fmt"

	"github.com/askbob/bob/jobs"
)

// What a table may hold and still be loaded in seconds, in memory.
const (
	tableMaxColumns = 1000
	tableMaxRows    = 2_000_000
	tableMaxCells   = 60_000_000 // an empty cell costs a byte too
	tableMaxCell    = 256 << 10  // bytes; more is a quote that was never closed
	tableMaxRow     = 900 << 10  // bytes; SQLite's length limit holds a whole row
	tableMaxBytes   = 192 << 20  // of all cells: a workbook may name one long text many times
	tableMaxSheets  = 50
	tableCheckEvery = 4096 // rows between looks at the context
)

// tableRows is a table as its file has it.
type tableRows interface {
	// each visits the rows that are not empty, header first. The cells are valid
	// during the visit only. It can be called again.
	each(ctx context.Context, visit func(cells []string) error) error
}

// tableFile is one table of a file, not yet read.
type tableFile struct {
	name   string // in SQL
	sheet  string
	rows   tableRows
	ragged bool // short rows are worth a note: the format wants them full
	point  bool // numbers were written by a machine, with a decimal point
	notes  func() []string
}

// tableBounds checks a row against the bounds and the context.
type tableBounds struct {
	rows  int
	wide  int
	bytes int
}

func (b *tableBounds) check(ctx context.Context, cells []string) error {
	b.rows++
	b.wide = max(b.wide, len(cells))
	if b.rows%tableCheckEvery == 0 && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	switch {
	case b.wide > tableMaxColumns:
		return tableFault("The table has more than %d columns (row %d has %d). Keep only those that are needed.",
			tableMaxColumns, b.rows, len(cells))
	case b.rows > tableMaxRows:
		return tableFault("The table has more than %d rows. Split it into smaller files.", tableMaxRows)
	case b.rows*b.wide > tableMaxCells:
		return tableFault("The table has more than %d cells. Split it into smaller files.", tableMaxCells)
	}
	bytes := 0
	for _, cell := range cells {
		bytes += len(cell)
		if len(cell) > tableMaxCell {
			return tableFault("A cell in row %d is longer than %d KB. A quote in it may never be closed: mend the file.",
				b.rows, tableMaxCell>>10)
		}
	}
	if bytes > tableMaxRow {
		return tableFault("Row %d is longer than %d KB. Mend or shorten it.", b.rows, tableMaxRow>>10)
	}
	if b.bytes += bytes; b.bytes > tableMaxBytes {
		return tableFault("The table holds more than %d MiB of text. Split it into smaller files.", tableMaxBytes>>20)
	}
	return nil
}

func tableFault(format string, args ...any) error {
	return &jobs.UserError{Message: fmt.Sprintf(format, args...)}
}

// tableBlank reports whether a row holds nothing.
func tableBlank(cells []string) bool {
	for _, cell := range cells {
		for i := range len(cell) {
			if cell[i] != ' ' && cell[i] != '\t' {
				return false
			}
		}
	}
	return true
}
