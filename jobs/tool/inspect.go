package tool

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/askbob/bob/jobs"
)

// The kinds of jobs.FileInfo.
const (
	kindTable  = "table"
	kindText   = "text"
	kindPDF    = "pdf"
	kindImage  = "image"
	kindBinary = "binary"
)

// inspectText bounds FileInfo.Text: a planner needs the drift, not the whole.
const inspectText = 2000

// Inspector looks into attachments. The zero value is ready; safe for concurrent
// use.
type Inspector struct {
	once sync.Once
	pdfs *filesPDFReader
}

var _ jobs.Inspector = (*Inspector)(nil)

// Inspect implements jobs.Inspector.
func (i *Inspector) Inspect(ctx context.Context, name string, data []byte) (jobs.FileInfo, error) {
	if len(data) == 0 {
		return jobs.FileInfo{}, tableFault("%s is empty. Send the file again.", name)
	}
	if len(data) > jobs.MaxFile {
		return jobs.FileInfo{}, tableFault("%s has %.1f MiB; the limit is %d MiB. Split it or leave out what is not needed.",
			name, float64(len(data))/(1<<20), jobs.MaxFile>>20)
	}
	sum := sha256.Sum256(data)
	info := jobs.FileInfo{Name: name, Bytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}
	info.Kind, info.MediaType = inspectKind(name, data)
	var err error
	switch info.Kind {
	case kindTable:
		err = inspectTables(ctx, &info, data)
	case kindText:
		err = inspectBeginning(&info, data)
	case kindPDF:
		info.Text, err = i.beginning(ctx, data)
	}
	if err != nil {
		return jobs.FileInfo{}, err
	}
	return info, nil
}

// beginning returns how a PDF's text begins, "" if it has none that can be read.
func (i *Inspector) beginning(ctx context.Context, data []byte) (string, error) {
	i.once.Do(func() { i.pdfs = newFilesPDFReader() })
	text, _, err := i.pdfs.text(ctx, data)
	if _, unreadable := errors.AsType[*jobs.UserError](err); unreadable {
		return "", nil
	}
	return tableCut(text, inspectText), err
}

// inspectTypes are the media types by ending: what the system knows differs from
// one to the next.
var inspectTypes = map[string]string{ //nolint:gochecknoglobals // a constant table
	".csv": "text/csv", ".tsv": "text/tab-separated-values", ".tab": "text/tab-separated-values", ".psv": "text/csv",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".xlsm": "application/vnd.ms-excel.sheet.macroenabled.12", ".xls": "application/vnd.ms-excel",
	".json": "application/json", ".ndjson": "application/x-ndjson", ".jsonl": "application/x-ndjson",
	".txt": "text/plain", ".md": "text/markdown", ".log": "text/plain", ".html": "text/html", ".htm": "text/html",
	".xml": "application/xml", ".yaml": "application/yaml", ".yml": "application/yaml", ".sql": "application/sql",
	".pdf": "application/pdf", ".svg": "image/svg+xml",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}

// inspectKind tells a file's kind by its name, and by its content where the name
// says nothing.
func inspectKind(name string, data []byte) (kind, mediaType string) {
	seen, _, err := mime.ParseMediaType(http.DetectContentType(data))
	if err != nil {
		seen = "application/octet-stream"
	}
	mediaType, known := inspectTypes[tableExt(name)]
	if !known {
		mediaType = seen
	}
	switch {
	case tableKindOf(name):
		return kindTable, mediaType
	case seen == "application/pdf" || mediaType == "application/pdf":
		return kindPDF, "application/pdf"
	case strings.HasPrefix(seen, "image/"):
		return kindImage, seen
	case known && (strings.HasPrefix(mediaType, "text/") || strings.HasPrefix(mediaType, "image/svg") ||
		strings.HasSuffix(mediaType, "xml") || strings.HasSuffix(mediaType, "yaml") || strings.HasSuffix(mediaType, "sql")):
		return kindText, mediaType
	case !known && strings.HasPrefix(seen, "text/"):
		return kindText, seen
	}
	return kindBinary, mediaType
}

// inspectTables describes the tables of a file. JSON that is no list of objects
// is text.
func inspectTables(ctx context.Context, info *jobs.FileInfo, data []byte) error {
	if seen := http.DetectContentType(data); tableExt(info.Name) == ".csv" && seen == "application/zip" {
		return tableFault("%s is not text: it looks like an Excel workbook. Name it .xlsx and send it again.", info.Name)
	}
	files, done, err := tableOpen(ctx, info.Name, data)
	defer done()
	if errors.Is(err, errNoTable) {
		info.Kind = kindText
		return inspectBeginning(info, data)
	}
	if err != nil {
		return err
	}
	var refused error
	for _, file := range files {
		shape, err := inspectLearn(ctx, info.Name, file)
		if _, mine := errors.AsType[*jobs.UserError](err); mine {
			refused = errors.Join(refused, err)
			continue
		}
		if err != nil {
			return err
		}
		info.Tables = append(info.Tables, shape.table)
	}
	if len(info.Tables) == 0 {
		return inspectOnly(info.Name, refused)
	}
	return nil
}

// inspectOnly makes one UserError of those of all tables.
func inspectOnly(name string, refused error) error {
	if first, ok := errors.AsType[*jobs.UserError](refused); ok {
		return &jobs.UserError{Message: name + ": " + first.Message, Err: refused}
	}
	return tableFault("%s holds no table. Send one with data.", name)
}

// inspectLearn reads a table. What a library panics at is a fault of the file.
func inspectLearn(ctx context.Context, name string, file tableFile) (shape *tableShape, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &jobs.UserError{
				Message: name + " cannot be read. Save it again, or as CSV, and send that.",
				Err:     fmt.Errorf("reading %s panicked: %v", file.name, p),
			}
		}
	}()
	return tableLearn(ctx, file)
}

func inspectBeginning(info *jobs.FileInfo, data []byte) error {
	text, _, err := tableText(data)
	if err != nil {
		return &jobs.UserError{
			Message: info.Name + " is not text, though its name says so. Save it as text and send it again.", Err: err,
		}
	}
	info.Text = tableCut(string(text[:min(len(text), inspectText+4)]), inspectText)
	return nil
}
