package tool

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"

	"github.com/askbob/bob/jobs"
)

// filesMaxSheets bounds the text that is made of a workbook, in bytes: pages
// behind it nobody would read.
const filesMaxSheets = 1 << 20

// filesSheets writes a workbook's sheets as CSV, dates and truths as people see
// them.
func filesSheets(ctx context.Context, name string, data []byte) (text, note string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &jobs.UserError{Message: name + " cannot be read.", Err: fmt.Errorf("reading %s panicked: %v", name, p)}
		}
	}()
	sheets, done, err := tableOpen(ctx, name, data)
	defer done()
	if err != nil {
		return "", "", err
	}
	var b strings.Builder
	for _, sheet := range sheets {
		fmt.Fprintf(&b, "# %s\n", sheet.sheet)
		w := csv.NewWriter(&b)
		err := sheet.rows.each(ctx, func(cells []string) error {
			if err := w.Write(cells); err != nil {
				return fmt.Errorf("write row: %w", err)
			}
			if w.Flush(); b.Len() > filesMaxSheets {
				return errXLSXStop
			}
			return nil
		})
		if errors.Is(err, errXLSXStop) {
			return b.String(), "only the beginning of the workbook; use table_query for the rest", nil
		}
		if err != nil {
			return "", "", err
		}
		b.WriteByte('\n')
	}
	return b.String(), "", nil
}
