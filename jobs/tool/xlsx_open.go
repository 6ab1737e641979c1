package tool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/askbob/bob/jobs"
)

// xlsxUnzipped bounds what a workbook unpacks to. All of it is kept in memory:
// the image that Bob runs in may have no folder for temporary files.
const xlsxUnzipped = 160 << 20

// xlsxBook is an open workbook.
type xlsxBook struct {
	file   *excelize.File
	parts  xlsxParts
	styles map[int]xlsxStyle
	since  bool // days are counted from 1904
}

// xlsxOpen opens the sheets of a workbook that hold something. It returns a
// *jobs.UserError for one that cannot be read.
func xlsxOpen(ctx context.Context, name string, data []byte) (tables []tableFile, done func(), err error) {
	done = func() {}
	defer func() {
		// excelize trusts the XML it is given.
		if p := recover(); p != nil {
			err = xlsxBroken(name, fmt.Errorf("excelize panicked: %v", p))
		}
	}()
	parts, err := xlsxPartsOf(data)
	if err != nil {
		return nil, done, xlsxRefused(name, data, err)
	}
	file, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: xlsxUnzipped, UnzipXMLSizeLimit: xlsxUnzipped,
	})
	if err != nil {
		return nil, done, xlsxRefused(name, data, err)
	}
	book := &xlsxBook{file: file, parts: parts, styles: map[int]xlsxStyle{}}
	if props, err := file.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		book.since = *props.Date1904
	}
	done = func() { _ = file.Close() } // nothing was written
	tables, err = book.tables(ctx, name)
	return tables, done, err
}

// tables lists the sheets that are not empty.
func (b *xlsxBook) tables(ctx context.Context, name string) ([]tableFile, error) {
	var sheets []string
	for _, sheet := range b.file.GetSheetList() {
		if _, ok := b.parts.sheets[sheet]; ok {
			sheets = append(sheets, sheet)
		}
	}
	if len(sheets) > tableMaxSheets {
		return nil, tableFault("%s has more than %d sheets. Keep only those that are needed.", name, tableMaxSheets)
	}
	var tables []tableFile
	for _, sheet := range sheets {
		rows := &xlsxRows{book: b, sheet: sheet}
		err := rows.each(ctx, func([]string) error { return errXLSXStop })
		if err == nil {
			continue // empty
		}
		if !errors.Is(err, errXLSXStop) {
			return nil, err
		}
		tables = append(tables, tableFile{sheet: sheet, rows: rows, point: true, notes: rows.notes})
	}
	if len(tables) == 0 {
		return nil, tableFault("%s has no filled sheet. Send one with data.", name)
	}
	base, taken := tableFileName(name), map[string]bool{}
	for i := range tables {
		tables[i].name = base
		if part := tableSQLName(tables[i].sheet); len(tables) > 1 && part != "" {
			tables[i].name = base + "_" + strings.Trim(part, "_")
		}
		tables[i].name = tableUnique(tables[i].name, taken)
	}
	return slices.Clip(tables), nil
}

// xlsxRefused says why a workbook cannot be opened.
func xlsxRefused(name string, data []byte, err error) error {
	if bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")) {
		return &jobs.UserError{
			Message: name + " is protected by a password or in Excel's old format. Save it as .xlsx without a password, or as CSV.",
			Err:     err,
		}
	}
	if errors.Is(err, errXLSXLarge) || strings.Contains(err.Error(), "unzip size") {
		return &jobs.UserError{
			Message: fmt.Sprintf("%s unpacks to more than %d MiB. Send only the sheets and columns that are needed, or CSV.",
				name, xlsxUnzipped>>20),
			Err: err,
		}
	}
	return xlsxBroken(name, err)
}

func xlsxBroken(name string, err error) error {
	return &jobs.UserError{Message: name + " is no readable Excel workbook. Open it, save it again as .xlsx, and send that.", Err: err}
}
