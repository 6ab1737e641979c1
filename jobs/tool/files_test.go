package tool_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"
	"github.com/xuri/excelize/v2"

	"github.com/askbob/bob/jobs"
)

type filesPage struct {
	Text       string `json:"text"`
	NextOffset *int   `json:"next_offset"`
	Total      int    `json:"total"`
}

func readPage(t *testing.T, files *dataFiles, name string, offset, limit int) filesPage {
	t.Helper()
	text, err := call(t, newData(t), files, "files", map[string]any{"action": "read", "name": name, "offset": offset, "limit": limit})
	if err != nil {
		t.Fatal(err)
	}
	var page filesPage
	if err := json.Unmarshal([]byte(text), &page); err != nil {
		t.Fatal(err)
	}
	return page
}

func TestFilesListsShortAndDescribesWhole(t *testing.T) {
	t.Parallel()
	files := newDataFiles().attach(t, "q4.csv", []byte(sales)).artifact("q4.tsv", []byte("a\tb\n1\t2\n"))
	d := newData(t)
	text, err := call(t, d, files, "files", map[string]any{"action": "list", "name": nil, "offset": nil, "limit": nil})
	if err != nil {
		t.Fatal(err)
	}
	var list []jobs.FileInfo
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0].Tables[0].Sample != nil || list[1].Tables[0].Name != "q4_2" {
		t.Errorf("%s", text)
	}
	text, err = call(t, d, files, "files", map[string]any{"action": "describe", "name": "q4.csv", "offset": nil, "limit": nil})
	if err != nil {
		t.Fatal(err)
	}
	var info jobs.FileInfo
	if err := json.Unmarshal([]byte(text), &info); err != nil {
		t.Fatal(err)
	}
	if len(info.Tables[0].Sample) != 3 || info.Tables[0].Columns[2].Max != "1200.5" {
		t.Errorf("%s", text)
	}
}

func TestFilesOfAJobWithoutFilesIsAnEmptyList(t *testing.T) {
	t.Parallel()
	text, err := call(t, newData(t), newDataFiles(), "files", map[string]any{"action": "list", "name": nil, "offset": nil, "limit": nil})
	if err != nil || text != "[]" {
		t.Errorf("%s, %v", text, err)
	}
}

func TestFilesDescribesAWideTableWithinBounds(t *testing.T) {
	t.Parallel()
	wide := strings.Repeat("a long header of a column,", 900) + "z\n" + strings.Repeat("some value of it,", 900) + "1\n"
	files := newDataFiles().attach(t, "wide.csv", []byte(wide))
	text, err := call(t, newData(t), files, "files", map[string]any{"action": "describe", "name": "wide.csv", "offset": nil, "limit": nil})
	if err != nil || len(text) > 50<<10 || !strings.Contains(text, "more columns") {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

func TestFilesReadsPageByPage(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("Zeile für Zeile €\n", 50)
	files := newDataFiles().attach(t, "notes.txt", []byte(text))
	var whole strings.Builder
	offset := 0
	for {
		page := readPage(t, files, "notes.txt", offset, 7)
		whole.WriteString(page.Text)
		if page.NextOffset == nil {
			break
		}
		offset = *page.NextOffset
	}
	if whole.String() != text {
		t.Error("the pages together are not the file")
	}
}

func TestFilesReadsSheetsAndPDFs(t *testing.T) {
	t.Parallel()
	book := workbook(t, func(f *excelize.File) { set(t, f, "Sheet1", []any{"a", "b"}, []any{"x, y", 2}) })
	doc := fpdf.New("P", "mm", "A4", "")
	doc.SetFont("Helvetica", "", 12)
	for _, line := range []string{"The first page", "The second page"} {
		doc.AddPage()
		doc.Cell(100, 10, line)
	}
	var b bytes.Buffer
	if err := doc.Output(&b); err != nil {
		t.Fatal(err)
	}
	files := newDataFiles().attach(t, "b.xlsx", book).attach(t, "d.pdf", b.Bytes())
	if got := readPage(t, files, "b.xlsx", 0, 1000).Text; got != "# Sheet1\na,b\n\"x, y\",2\n\n" {
		t.Errorf("%q", got)
	}
	if got := readPage(t, files, "d.pdf", 0, 1000).Text; !strings.Contains(got, "--- page 2 ---\nThe second page") {
		t.Errorf("%q", got)
	}
	if got := files.infos["d.pdf"].Text; !strings.Contains(got, "The first page") {
		t.Errorf("%q", got)
	}
}

func TestFilesSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	files := newDataFiles().attach(t, "q4.csv", []byte(sales)).artifact("c.png", []byte("\x89PNG\r\n\x1a\n"))
	files.artifact("broken.pdf", []byte("%PDF-1.4\n%%EOF"))
	for want, args := range map[string]map[string]any{
		"There are: q4.csv, c.png": {"action": "read", "name": "q5.csv", "offset": nil, "limit": nil},
		"name is missing":          {"action": "describe", "name": nil, "offset": nil, "limit": nil},
		"has no text":              {"action": "read", "name": "c.png", "offset": nil, "limit": nil},
		"ends at":                  {"action": "read", "name": "q4.csv", "offset": 100000, "limit": nil},
		"cannot be read":           {"action": "read", "name": "broken.pdf", "offset": nil, "limit": nil},
	} {
		if _, err := call(t, newData(t), files, "files", args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
