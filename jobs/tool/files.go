package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

const (
	filesPage      = 8000  // bytes of one page unless asked for
	filesMaxPage   = 24000 // bytes
	filesMaxInfo   = 48 << 10
	filesMaxListed = 200
)

// filesTool is the tool files.
type filesTool struct {
	catalog *tableCatalog
	pdfs    *filesPDFReader
}

var _ jobs.Tool = (*filesTool)(nil)

func newFilesTool(catalog *tableCatalog) *filesTool {
	return &filesTool{catalog: catalog, pdfs: newFilesPDFReader()}
}

// Spec implements jobs.Tool.
func (*filesTool) Spec() jobs.ToolSpec {
	return jobs.ToolSpec{
		Name: jobs.FilesTool,
		Description: "The job's attachments, the files made so far, and the results of earlier steps. list: all, with tables and columns. describe: one, with types, " +
			"ranges and samples. read: the text of a text, CSV, JSON, XLSX or PDF file, page by page. " +
			"For figures from tables use table_query instead of reading.",
		Schema: llm.MustSchema("files", fmt.Sprintf(`{
	"type": "object", "additionalProperties": false, "required": ["action", "name", "offset", "limit"],
	"properties": {
		"action": {"type": "string", "enum": ["list", "describe", "read"]},
		"name": {"type": ["string", "null"], "maxLength": 300, "description": "the file; null for list"},
		"offset": {"type": ["integer", "null"], "minimum": 0, "description": "of read: where to go on, as next_offset said; null: the beginning"},
		"limit": {"type": ["integer", "null"], "minimum": 1, "maximum": %d, "description": "of read: bytes at most; null: %d"}
	}
}`, filesMaxPage, filesPage)),
		Effect: jobs.EffectRead,
	}
}

type filesArgs struct {
	Action string  `json:"action"`
	Name   *string `json:"name"`
	Offset *int    `json:"offset"`
	Limit  *int    `json:"limit"`
}

// Call implements jobs.Tool.
func (t *filesTool) Call(ctx context.Context, files jobs.Files, raw json.RawMessage) (jobs.ToolResult, error) {
	var args filesArgs
	if err := json.Unmarshal(raw, &args); err != nil {
		return jobs.ToolResult{}, &jobs.ToolError{Message: "The arguments are no JSON object with action, name, offset and limit."}
	}
	list, err := t.catalog.list(ctx, files)
	if err != nil {
		return jobs.ToolResult{}, err
	}
	if args.Action == "list" {
		return filesAnswer(filesShort(list))
	}
	info, err := filesFind(list, args.Name)
	if err != nil {
		return jobs.ToolResult{}, err
	}
	if args.Action == "describe" {
		return filesAnswer(filesFit(info))
	}
	return t.read(ctx, files, info, args)
}

func filesAnswer(value any) (jobs.ToolResult, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return jobs.ToolResult{}, fmt.Errorf("write result: %w", err)
	}
	return jobs.ToolResult{Text: strings.TrimSpace(b.String())}, nil
}

// filesFind finds a file by its name, and says which there are if it cannot.
func filesFind(list []jobs.FileInfo, name *string) (jobs.FileInfo, error) {
	names := make([]string, 0, len(list))
	for _, info := range list {
		if name != nil && info.Name == *name {
			return info, nil
		}
		names = append(names, info.Name)
	}
	have := "This job has no files."
	if len(names) > 0 {
		have = "There are: " + tableListed(names) + "."
	}
	if name == nil {
		return jobs.FileInfo{}, &jobs.ToolError{Message: "name is missing. " + have}
	}
	return jobs.FileInfo{}, &jobs.ToolError{Message: fmt.Sprintf("There is no file %q. %s", *name, have)}
}

// filesShort leaves out of descriptions what only one file's has.
func filesShort(list []jobs.FileInfo) []jobs.FileInfo {
	const columns = 60
	short := slices.Clone(list[:min(len(list), filesMaxListed)])
	for i := range short {
		short[i].Text = ""
		short[i].Tables = slices.Clone(short[i].Tables)
		for k := range short[i].Tables {
			filesBare(&short[i].Tables[k], columns)
		}
	}
	if short == nil {
		return []jobs.FileInfo{}
	}
	if more := len(list) - len(short); more > 0 {
		short = append(short, jobs.FileInfo{Name: fmt.Sprintf("(%d more files are not listed; each can be read by its name)", more), Kind: kindBinary})
	}
	return short
}

// filesBare leaves names and types of a table's first columns.
func filesBare(t *jobs.Table, most int) {
	t.Sample, t.Notes = nil, slices.Clone(t.Notes)
	if len(t.Columns) > most {
		t.Notes = append(t.Notes, fmt.Sprintf("%d more columns", len(t.Columns)-most))
	}
	t.Columns = slices.Clone(t.Columns[:min(len(t.Columns), most)])
	for i := range t.Columns {
		t.Columns[i].Sample = nil
	}
}

// filesFit shortens a description that is too long, and says so in it.
func filesFit(info jobs.FileInfo) jobs.FileInfo {
	for _, most := range []int{400, 100, 25, 5} {
		text, err := json.Marshal(info)
		if err != nil || len(text) <= filesMaxInfo {
			return info
		}
		info.Tables = slices.Clone(info.Tables)
		for i := range info.Tables {
			filesBare(&info.Tables[i], most)
		}
	}
	return info
}

// filesText is a page of a file's text.
type filesText struct {
	Name       string `json:"name"`
	Text       string `json:"text"`
	Offset     int    `json:"offset"`
	NextOffset *int   `json:"next_offset"` // null at the end
	Total      int    `json:"total"`
	Note       string `json:"note,omitempty"`
}

func (t *filesTool) read(ctx context.Context, files jobs.Files, info jobs.FileInfo, args filesArgs) (jobs.ToolResult, error) {
	data, err := files.Read(ctx, info.Name)
	if err != nil {
		return jobs.ToolResult{}, fmt.Errorf("read %s: %w", info.Name, err)
	}
	text, note, err := t.text(ctx, info, data)
	if fault, ok := errors.AsType[*jobs.UserError](err); ok {
		return jobs.ToolResult{}, &jobs.ToolError{Message: fault.Message}
	}
	if err != nil {
		return jobs.ToolResult{}, err
	}
	offset, limit := 0, filesPage
	if args.Offset != nil {
		offset = max(0, *args.Offset)
	}
	if args.Limit != nil {
		limit = max(1, min(*args.Limit, filesMaxPage))
	}
	if offset > len(text) || offset == len(text) && offset > 0 {
		return jobs.ToolResult{}, &jobs.ToolError{Message: fmt.Sprintf("The text ends at %d.", len(text))}
	}
	for offset > 0 && text[offset]&0xC0 == 0x80 { // the middle of a rune
		offset--
	}
	const rune4 = 4 // so that a page is never empty
	page := filesText{Name: info.Name, Offset: offset, Total: len(text), Note: note}
	page.Text = tableCut(text[offset:], max(limit, rune4))
	if next := offset + len(page.Text); next < len(text) {
		page.NextOffset = &next
	}
	return filesAnswer(page)
}

// text returns the text of a file, and a note if it is not all of it.
func (t *filesTool) text(ctx context.Context, info jobs.FileInfo, data []byte) (text, note string, err error) {
	kind := info.Kind
	if kind == "" {
		kind, _ = inspectKind(info.Name, data)
	}
	switch {
	case kind == kindPDF:
		return t.pdfs.text(ctx, data)
	case kind == kindImage, kind == kindBinary && tableExt(info.Name) != ".log":
		return "", "", tableFault("%s is a %s file and has no text to read.", info.Name, kind)
	case tableExt(info.Name) == ".xlsx" || tableExt(info.Name) == ".xlsm":
		return filesSheets(ctx, info.Name, data)
	}
	plain, note, err := tableText(data)
	if err != nil {
		return "", "", tableFault("%s is not text.", info.Name)
	}
	return string(plain), note, nil
}
