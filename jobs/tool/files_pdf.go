package tool

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ledongthuc/pdf"

	"github.com/askbob/bob/jobs"
)

// What the reading of one PDF may take and give.
const (
	filesPDFPages = 500
	filesPDFBytes = 2 << 20
	filesPDFTime  = 20 * time.Second
	filesPDFSlots = 2 // readings at once
)

// filesPDFReader reads PDFs by a library that can neither be stopped nor trusted
// to end: a reading that takes too long is left behind and keeps its slot, so
// that at most filesPDFSlots ever run. Safe for concurrent use.
type filesPDFReader struct{ slots chan struct{} }

func newFilesPDFReader() *filesPDFReader {
	return &filesPDFReader{slots: make(chan struct{}, filesPDFSlots)}
}

type filesPDFText struct {
	text, note string
	err        error
}

// text returns the text of all pages, and a note if some are missing.
func (r *filesPDFReader) text(ctx context.Context, data []byte) (text, note string, err error) {
	timed, cancel := context.WithTimeout(ctx, filesPDFTime)
	defer cancel()
	select {
	case r.slots <- struct{}{}:
	case <-timed.Done():
		return "", "", tableFault("Other PDFs are being read. Try again later.")
	}
	result := make(chan filesPDFText, 1)
	go func() {
		defer func() { <-r.slots }()
		text, note, err := filesPDFPagesOf(timed, data, filesPDFPages)
		result <- filesPDFText{text, note, err}
	}()
	select {
	case got := <-result:
		return got.text, got.note, got.err
	case <-timed.Done():
		if ctx.Err() != nil {
			return "", "", context.Cause(ctx)
		}
		return "", "", tableFault("Reading the PDF takes too long. Send its text, or fewer pages.")
	}
}

// filesPDFPagesOf reads page by page. The library panics at broken files.
func filesPDFPagesOf(ctx context.Context, data []byte, most int) (text, note string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &jobs.UserError{Message: "The PDF is broken. Save it again.", Err: fmt.Errorf("the PDF reader panicked: %v", p)}
		}
	}()
	reader, err := pdf.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", "", &jobs.UserError{Message: "The PDF cannot be read: it is broken or protected by a password.", Err: err}
	}
	var b strings.Builder
	pages, empty := reader.NumPage(), true
	for n := 1; n <= pages; n++ {
		if ctx.Err() != nil || n > most || b.Len() > filesPDFBytes {
			note = fmt.Sprintf("only the first %d of %d pages", n-1, pages)
			break
		}
		page := strings.TrimSpace(filesPDFPage(reader, n))
		empty = empty && page == ""
		fmt.Fprintf(&b, "--- page %d ---\n%s\n", n, tableCut(page, filesPDFBytes))
	}
	if empty {
		return "", "", tableFault("The PDF holds no text; perhaps its pages are pictures.")
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD"), note, nil
}

// filesPDFPage reads a page; one that is broken has no text.
func filesPDFPage(reader *pdf.Reader, n int) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = "(this page cannot be read)"
		}
	}()
	text, err := reader.Page(n).GetPlainText(nil)
	if err != nil {
		return "(this page cannot be read)"
	}
	return text
}
