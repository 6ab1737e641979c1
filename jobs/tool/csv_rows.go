package tool

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// csvRows is a table of separated values.
type csvRows struct {
	text  []byte // UTF-8
	comma rune
}

func (c *csvRows) each(ctx context.Context, visit func(cells []string) error) error {
	r := csvReader(c.text, c.comma)
	var bounds tableBounds
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read separated values: %w", err)
		}
		if err := bounds.check(ctx, cells); err != nil {
			return err
		}
		if tableBlank(cells) {
			continue
		}
		if err := visit(cells); err != nil {
			return err
		}
	}
}

func csvReader(text []byte, comma rune) *csv.Reader {
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = comma
	r.LazyQuotes = true
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	return r
}

// csvOpen tells encoding and delimiter of data. It returns errNotText for binary
// data.
func csvOpen(name string, data []byte) (tableFile, error) {
	text, note, err := tableText(data)
	if err != nil {
		return tableFile{}, err
	}
	text, comma := csvSniff(text)
	text = csvLines(text)
	file := tableFile{name: tableFileName(name), ragged: true, rows: &csvRows{text: text, comma: comma}}
	file.notes = func() []string {
		if note == "" {
			return nil
		}
		return []string{note}
	}
	return file, nil
}

// csvLines ends lines with a line feed: old Macs ended them with a carriage
// return alone.
func csvLines(text []byte) []byte {
	if bytes.IndexByte(text, '\n') >= 0 {
		return text
	}
	return bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
}

const csvSniffRows = 100

// csvDelimiters are tried in this order; an earlier one wins a tie, for commas
// are in numbers and sentences too.
const csvDelimiters = "\t;|,"

// csvSniff returns the delimiter of text, and text without the line "sep=;" by
// which Excel is told.
func csvSniff(text []byte) ([]byte, rune) {
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	if sep, ok := strings.CutPrefix(strings.TrimSpace(string(first)), "sep="); ok && len(sep) == 1 &&
		strings.Contains(csvDelimiters, sep) {
		return rest, rune(sep[0])
	}
	head := csvLines(text[:min(len(text), tableSniffBytes)])
	best, comma := 0.0, ','
	for _, candidate := range csvDelimiters {
		if score := csvScore(head, candidate, len(text) > len(head)); score > best {
			best, comma = score, candidate
		}
	}
	return text, comma
}

// csvScore says how evenly a delimiter cuts the first rows: the share of rows
// with the most frequent number of cells, a little more for more cells.
func csvScore(head []byte, comma rune, cut bool) float64 {
	r := csvReader(head, comma)
	widths := map[int]int{}
	rows, last := 0, 0
	for rows < csvSniffRows {
		cells, err := r.Read()
		if err != nil {
			break
		}
		if tableBlank(cells) {
			continue
		}
		rows++
		last = len(cells)
		widths[last]++
	}
	if cut && rows > 1 && rows < csvSniffRows {
		rows-- // the last row may end in its middle
		widths[last]--
	}
	most, width := 0, 0
	for w, n := range widths {
		if w > 1 && (n > most || n == most && w > width) {
			most, width = n, w
		}
	}
	if most == 0 {
		return 0
	}
	const perCell, cells = 0.001, 20 // of two even cuts the finer one
	return float64(most)/float64(rows) + perCell*float64(min(width, cells))
}
