package tool

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/askbob/bob/jobs"
)

// errXLSXStop ends a reading that has seen enough.
var errXLSXStop = errors.New("stop")

// xlsxRows is a sheet.
type xlsxRows struct {
	book       *xlsxBook
	sheet      string
	uncomputed int // formulas without a value, after each
}

func (x *xlsxRows) notes() []string {
	if x.uncomputed == 0 {
		return nil
	}
	return []string{fmt.Sprintf(
		"%d formulas have no computed value and are NULL: open the file in a spreadsheet program and save it", x.uncomputed)}
}

func (x *xlsxRows) each(ctx context.Context, visit func(cells []string) error) (err error) {
	rows, err := x.book.file.Rows(x.sheet)
	if err != nil {
		return fmt.Errorf("read sheet: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	marks, err := newXLSXMarks(x.book.parts.sheets[x.sheet])
	if err != nil {
		return err
	}
	defer marks.close()
	var bounds tableBounds
	for n := 1; rows.Next(); n++ {
		cells, err := rows.Columns()
		if err != nil {
			return &jobs.UserError{Message: "The sheet " + x.sheet + " cannot be read. Save the workbook again as .xlsx.", Err: err}
		}
		if err := bounds.check(ctx, cells); err != nil {
			return err
		}
		if tableBlank(cells) {
			continue
		}
		x.dress(cells, marks.row(n))
		if err := visit(cells); err != nil {
			return err
		}
	}
	x.uncomputed = marks.uncomputed
	return rows.Error()
}

// dress turns raw values into what people see: dates and truths.
func (x *xlsxRows) dress(cells []string, marks []xlsxMark) {
	for i, mark := range marks {
		if i >= len(cells) || cells[i] == "" {
			continue
		}
		switch mark.kind {
		case 'b':
			cells[i] = map[string]string{"1": "true", "0": "false"}[cells[i]]
		case 0, 'n':
			if mark.style > 0 {
				cells[i] = x.book.styled(cells[i], mark.style)
			}
		}
	}
}

// xlsxStyle says what a number of a style means.
type xlsxStyle int

const (
	xlsxNumber xlsxStyle = iota
	xlsxDate
	xlsxDateTime
	xlsxTime
)

// styled writes a number of a date's style as ISO text.
func (b *xlsxBook) styled(raw string, style int) string {
	kind, ok := b.styles[style]
	if !ok {
		kind = b.styleOf(style)
		b.styles[style] = kind
	}
	if kind == xlsxNumber {
		return raw
	}
	serial, err := strconv.ParseFloat(raw, 64)
	const year10000 = 2_958_466
	if err != nil || serial < 0 || serial >= year10000 {
		return raw
	}
	at, err := excelize.ExcelDateToTime(serial, b.since)
	if err != nil {
		return raw
	}
	at = at.Round(time.Second) // a day's fraction is not exact
	whole := at.Hour() == 0 && at.Minute() == 0 && at.Second() == 0
	switch {
	case kind == xlsxTime && serial < 1:
		return at.Format(time.TimeOnly)
	case kind == xlsxTime:
		return raw // a duration of days
	case kind == xlsxDate && whole:
		return at.Format(time.DateOnly)
	}
	return at.Format(time.DateTime)
}

func (b *xlsxBook) styleOf(style int) xlsxStyle {
	s, err := b.file.GetStyle(style)
	if err != nil || s == nil {
		return xlsxNumber
	}
	if s.CustomNumFmt != nil {
		return xlsxFormat(*s.CustomNumFmt)
	}
	switch n := s.NumFmt; {
	case n == 22:
		return xlsxDateTime
	case n >= 14 && n <= 17, n >= 27 && n <= 31, n == 36, n >= 50 && n <= 58:
		return xlsxDate
	case n >= 18 && n <= 21, n >= 32 && n <= 35, n >= 45 && n <= 47:
		return xlsxTime
	}
	return xlsxNumber
}

// xlsxFormat reads a number format: y and d are of dates, h and s of times. What
// is quoted, escaped or in brackets says nothing.
func xlsxFormat(format string) xlsxStyle {
	var day, clock bool
	for i := 0; i < len(format); i++ {
		switch format[i] {
		case '\\', '_', '*':
			i++
		case '"':
			for i++; i < len(format) && format[i] != '"'; i++ {
			}
		case '[':
			for i++; i < len(format) && format[i] != ']'; i++ {
				clock = clock || (format[i] == 'h' || format[i] == 's') && format[i-1] == '['
			}
		case 'y', 'Y', 'd', 'D':
			day = true
		case 'h', 'H', 's', 'S':
			clock = true
		case ';':
			i = len(format) // the rest is of negative numbers
		case '0', '#', '?':
			if !clock {
				return xlsxNumber
			}
		}
	}
	switch {
	case day && clock:
		return xlsxDateTime
	case day:
		return xlsxDate
	case clock:
		return xlsxTime
	}
	return xlsxNumber
}
