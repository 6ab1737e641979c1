package tool_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/tool"
)

func inspect(t *testing.T, name, text string) jobs.FileInfo {
	t.Helper()
	info, err := (&tool.Inspector{}).Inspect(t.Context(), name, []byte(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return info
}

// types writes a table's columns as "name type" for comparing.
func types(table jobs.Table) string {
	var list []string
	for _, c := range table.Columns {
		list = append(list, c.Name+" "+c.Type)
	}
	return strings.Join(list, ", ")
}

func TestInspectDescribesATable(t *testing.T) {
	t.Parallel()
	got := inspect(t, "Q4 Sales.csv", sales)
	want := jobs.Table{
		Name: "q4_sales", Rows: 3,
		Columns: []jobs.Column{
			{Name: "date", Header: "Date", Type: "date", Distinct: 3, Min: "2025-10-01", Max: "2025-12-01", Sample: []string{"2025-10-01", "2025-11-01", "2025-12-01"}},
			{Name: "region", Header: "Region", Type: "text", Distinct: 2, Sample: []string{"North", "South"}},
			{Name: "revenue", Header: "Revenue (€)", Type: "real", Distinct: 3, Min: "300", Max: "1200.5", Sample: []string{"1200.5", "300", "800"}},
			{Name: "units", Header: "Units", Type: "integer", Nulls: 1, Distinct: 2, Min: "5", Max: "10", Sample: []string{"10", "5"}},
		},
		Sample: [][]string{{"2025-10-01", "North", "1,200.50", "10"}, {"2025-11-01", "South", "800", "5"}, {"2025-12-01", "North", "300", ""}},
	}
	if diff := cmp.Diff(want, got.Tables[0]); diff != "" {
		t.Error(diff)
	}
	if got.Kind != "table" || got.MediaType != "text/csv" || got.Bytes != int64(len(sales)) || len(got.SHA256) != 64 {
		t.Errorf("%+v", got)
	}
}

func TestInspectReadsTablesAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	latin, err := charmap.Windows1252.NewEncoder().String("Straße;Größe\nMünchen;5\n")
	if err != nil {
		t.Fatal(err)
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("städt\tn\nKöln\t1\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, types, note string }{
		"semicolon and decimal comma": {"a;b\n1,5;x\n2,25;y\n", "a real, b text", "a: decimal comma"},
		"tab":                         {"a\tb\n1\t2\n", "a integer, b integer", ""},
		"pipe":                        {"a|b\n1|2\n", "a integer, b integer", ""},
		"one column":                  {"city\nRome\nOslo\n", "city text", ""},
		"told delimiter":              {"sep=;\na;b\n1;2\n", "a integer, b integer", ""},
		"byte order mark":             {"\ufeffa,b\n1,2\n", "a integer, b integer", ""},
		"UTF-16":                      {wide, "städt text, n integer", "UTF-16"},
		"Windows-1252":                {latin, "straße text, größe integer", "Windows-1252"},
		"old Mac":                     {"a,b\r1,2\r3,4\r", "a integer, b integer", ""},
		"quoted newlines":             {"a,b\n\"1\n2\",3\n\"x\"\"y\",4\n", "a text, b integer", ""},
		"ragged rows":                 {"a,b\n1\n2,3,4\n5,6\n", "a integer, b integer, column_3 integer", "1 rows have fewer"},
		"headers twice and empty":     {"a,a,,select,2024\n1,2,3,4,5\n", "a integer, a_2 integer, column_3 integer, select_ integer, _2024 integer", "occur twice"},
		"Cyrillic headers":            {"Дата,Сумма руб.\n2025-01-02,3\n", "дата date, сумма_руб integer", ""},
		"no header":                   {"1,2\n3,4\n", "column_1 integer, column_2 integer", "first row holds only numbers"},
		"a title above":               {"Report\n\nname,n,m\nx,1,2\ny,2,3\n", "name text, n integer, m integer", "1 rows above"},
		"a total below":               {"name,n\nx,1\nTotal,1\n", "name text, n integer", "looks like a total"},
		"German thousands":            {"a;b\n1.234,50;1\n12,00;2\n", "a real, b integer", "decimal comma"},
		"thousands in doubt":          {"a;b\n1,234;1\n", "a integer, b integer", "could be two numbers"},
		"doubt settled by others":     {"a;b\n1.234;0,5\n2.500;1,25\n", "a integer, b real", "could be two numbers"},
		"Swiss and spaces":            {"a;b\n1'234.5;1 234\n2;5\u00a0000\n", "a real, b integer", ""},
		"currency and percent":        {"a;b\n$1,234.50;12%\n($5.00);7.5 %\n", "a real, b real", "in percent"},
		"mixed currencies":            {"a,b\n€5,1\n$6,2\n", "a integer, b integer", "mixes units"},
		"leading zeros":               {"zip,n\n01234,1\n56789,2\n", "zip text, n integer", ""},
		"long ids":                    {"id,n\n12345678901234567890,1\n", "id text, n integer", ""},
		"words for nothing":           {"a,b\n1,x\nN/A,y\n-,z\n", "a integer, b text", "2 cells such as NA"},
		"day first by one row":        {"d,n\n03/04/2025,1\n25/04/2025,1\n", "d date, n integer", ""},
		"month first by one row":      {"d,n\n03/04/2025,1\n04/25/2025,1\n", "d date, n integer", ""},
		"order in doubt":              {"d,n\n03/04/2025,1\n", "d date, n integer", "month first"},
		"German dates":                {"d,n\n3.4.2025,1\n", "d date, n integer", ""},
		"months":                      {"m,n\n2025-01,1\n2025-02,2\n", "m date, n integer", ""},
		"named months":                {"m,n\n31 Jan 2025,1\n1. März 2025,2\n\"Feb 3, 2025\",1\n", "m date, n integer", ""},
		"times":                       {"t,n\n2025-01-31T10:00:00+02:00,1\n2025-02-01 08:30,2\n", "t date, n integer", "UTC"},
		"no dates":                    {"d,n\n31.02.2025,1\n", "d text, n integer", ""},
		"booleans":                    {"a,b,c,d\ntrue,yes,ja,NO\nfalse,no,nein,SE\n", "a boolean, b boolean, c boolean, d text", "1 is true"},
		"mixed":                       {"a\n1\n2\nx\n", "a text", ""},
		"an empty column":             {"a,b\n1,\n2,\n", "a integer, b text", ""},
		"trailing delimiters":         {"a,b,\n1,2,\n", "a integer, b integer", ""},
		"exponents":                   {"a\n1e3\n2.5E-2\n", "a real", ""},
		"minus signs":                 {"a\n−5\n5-\n+3\n", "a integer", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := inspect(t, "x.csv", c.text).Tables[0]
			if diff := cmp.Diff(c.types, types(table)); diff != "" {
				t.Error(diff)
			}
			if notes := strings.Join(table.Notes, "; "); !strings.Contains(notes, c.note) || c.note == "" && notes != "" {
				t.Errorf("notes %q, want %q", notes, c.note)
			}
		})
	}
}

func TestTablesHoldTheValuesThatWereMeant(t *testing.T) {
	t.Parallel()
	d := newData(t)
	for text, want := range map[string][]any{
		"v;w\n1.234,50 €;x\n5,1;y\n":                      {1234.5, 5.1},
		"v,w\n\"$1,234,567\",x\n(5),y\n":                  {1234567.0, -5.0},
		"v,w\n25/04/2025,x\n03/04/2025,y\n":               {"2025-04-25", "2025-04-03"},
		"v,w\n2025-01-31T10:00:00+02:00,x\n1/2/99,y\n":    {"2025-01-31 08:00:00", "1999-01-02"},
		"v,w\n31-Dec-24,x\n1. Mai 2025,y\n":               {"2024-12-31", "2025-05-01"},
		"v,w\nyes,x\nno,y\n":                              {1.0, 0.0},
		"v,w\n007,x\n12,y\n":                              {"007", "12"},
		"v,w\n\" a \",x\n,y\n":                            {"a", nil},
		"v,w\n12/31/2025 3:05 PM,x\n01/02/2025 00:00,y\n": {"2025-12-31 15:05:00", "2025-01-02 00:00:00"},
		"v,w\n2025-03,x\n12/2025,y\n":                     {"2025-03", "2025-12"},
		"v,w\n3.5%,x\nNULL,y\n":                           {3.5, nil},
		"v,w\n9007199254740993,x\n-1,y\n":                 {9007199254740993.0, -1.0},
		"v;w\n1.234;0,5\n5.678;0,7\n":                     {1234.0, 5678.0},
		"v,w\n\"12,34,567\",x\n1,y\n":                     {1234567.0, 1.0},
	} {
		got := query(t, d, newDataFiles().attach(t, "x.csv", []byte(text)), "select v from x order by rowid")
		if diff := cmp.Diff([][]any{{want[0]}, {want[1]}}, got.Rows); diff != "" {
			t.Errorf("%q:\n%s", text, diff)
		}
	}
}

func TestInspectRefusesWhatNoJobCanUse(t *testing.T) {
	t.Parallel()
	wide := strings.Repeat("a,", 1001) + "b\n" + strings.Repeat("1,", 1001) + "2\n"
	for name, c := range map[string]struct{ file, text, want string }{
		"empty":            {"x.csv", "", "x.csv is empty"},
		"too large":        {"x.csv", strings.Repeat("x", jobs.MaxFile+1<<20), "x.csv has 26.0 MiB; the limit is 25 MiB"},
		"binary csv":       {"x.csv", "a,b\n\x00\x01\x02\x00\x00\xff,\n", "not text"},
		"binary txt":       {"x.txt", "\x7fELF\x00\x00\x01\x02", "not text"},
		"zip as csv":       {"x.csv", "PK\x03\x04aaaaaaaaaaaaaaaaaaaaaa", "Name it .xlsx"},
		"header only":      {"x.csv", "a,b\n", "no rows"},
		"blank":            {"x.csv", "\n \n", "no rows"},
		"too many columns": {"x.csv", wide, "more than 1000 columns"},
		"unclosed quote":   {"x.csv", "a,b\n\"1,2\n" + strings.Repeat("3,4\n", 100_000), "quote in it may never be closed"},
		"no workbook":      {"x.xlsx", "hello", "no readable Excel workbook"},
		"old workbook":     {"x.xlsx", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := (&tool.Inspector{}).Inspect(t.Context(), c.file, []byte(c.text))
			fault, ok := errors.AsType[*jobs.UserError](err)
			if !ok || !strings.Contains(fault.Message, c.want) || strings.Contains(fault.Message, "\n") {
				t.Errorf("%v, want a one-line *jobs.UserError with %q", err, c.want)
			}
		})
	}
}

func TestInspectKnowsKinds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][3]string{
		"notes.md":   {"# Hello\nÄ", "text", "text/markdown"},
		"config":     {"a: 1\n", "text", "text/plain"},
		"x.png":      {"\x89PNG\r\n\x1a\n....", "image", "image/png"},
		"x.bin":      {"\x00\x01\x02\x03", "binary", "application/octet-stream"},
		"rows.json":  {`[{"a": 1, "b": "x"}, {"a": 2.5}]`, "table", "application/json"},
		"rows.jsonl": {"{\"a\": 1}\n{\"a\": 2}\n", "table", "application/x-ndjson"},
		"conf.json":  {`{"a": [1, 2]}`, "table", "application/json"},
		"list.json":  {`[1, 2, 3]`, "text", "application/json"},
		"x.pdf":      {"%PDF-1.4 broken", "pdf", "application/pdf"},
	} {
		info := inspect(t, name, c[0])
		if info.Kind != c[1] || info.MediaType != c[2] {
			t.Errorf("%s: %s %s", name, info.Kind, info.MediaType)
		}
		if info.Kind == "text" && info.Text != c[0] {
			t.Errorf("%s: text %q", name, info.Text)
		}
	}
}

func workbook(t *testing.T, fill func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	fill(f)
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func set(t *testing.T, f *excelize.File, sheet string, rows ...[]any) {
	t.Helper()
	for i, row := range rows {
		if err := f.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
}

func TestInspectReadsWorkbooks(t *testing.T) {
	t.Parallel()
	data := workbook(t, func(f *excelize.File) {
		set(t, f, "Sheet1",
			[]any{"Day", "When", "Code", "Amount", "Paid", "Sum"},
			[]any{time.Date(2025, 3, 4, 0, 0, 0, 0, time.UTC), time.Date(2025, 3, 4, 15, 30, 0, 0, time.UTC), "007", 1.234, true},
			[]any{time.Date(2025, 3, 5, 0, 0, 0, 0, time.UTC), time.Date(2025, 3, 5, 0, 0, 1, 0, time.UTC), "008", 45000, false})
		custom := `dd\.mm\.yyyy`
		style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &custom})
		if err != nil {
			t.Fatal(err)
		}
		money := `#,##0.00 "day"`
		cash, err := f.NewStyle(&excelize.Style{CustomNumFmt: &money})
		if err != nil {
			t.Fatal(err)
		}
		for cell, s := range map[string]int{"A2": style, "A3": style, "D2": cash, "D3": cash} {
			if err := f.SetCellStyle("Sheet1", cell, cell, s); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.SetCellFormula("Sheet1", "F2", "=D2*2"); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Länder & Co", "Empty"} {
			if _, err := f.NewSheet(name); err != nil {
				t.Fatal(err)
			}
		}
		set(t, f, "Länder & Co", []any{"land", "n"}, nil, []any{"DE", 1}, []any{"FR", nil})
	})
	files := newDataFiles().attach(t, "Book 1.xlsx", data)
	tables := files.infos["Book 1.xlsx"].Tables
	if len(tables) != 2 || tables[0].Name != "book_1_sheet1" || tables[1].Name != "book_1_länder_co" || tables[1].Sheet != "Länder & Co" {
		t.Fatalf("%+v", tables)
	}
	if got := types(tables[0]); got != "day date, when_ date, code text, amount real, paid boolean, sum text" {
		t.Error(got)
	}
	if notes := strings.Join(tables[0].Notes, ";"); !strings.Contains(notes, "1 formulas have no computed value") {
		t.Error(notes)
	}
	d := newData(t)
	got := query(t, d, files, "select day, when_, code, amount, paid from book_1_sheet1 order by day")
	want := [][]any{
		{"2025-03-04", "2025-03-04 15:30:00", "007", 1.234, 1.0},
		{"2025-03-05", "2025-03-05 00:00:01", "008", 45000.0, 0.0},
	}
	if diff := cmp.Diff(want, got.Rows); diff != "" {
		t.Error(diff)
	}
	if got := query(t, d, files, "select count(*), count(n) from book_1_länder_co"); !cmp.Equal(got.Rows, [][]any{{2.0, 1.0}}) {
		t.Error(got.Rows)
	}
}

func TestInspectRefusesAWorkbookWithoutRows(t *testing.T) {
	t.Parallel()
	for want, data := range map[string][]byte{
		"no rows":         workbook(t, func(f *excelize.File) { set(t, f, "Sheet1", []any{"a", "b"}) }),
		"no filled sheet": workbook(t, func(*excelize.File) {}),
	} {
		_, err := (&tool.Inspector{}).Inspect(t.Context(), "x.xlsx", data)
		if fault, ok := errors.AsType[*jobs.UserError](err); !ok || !strings.Contains(fault.Message, want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestInspectRefusesAZipBomb(t *testing.T) {
	t.Parallel()
	good := workbook(t, func(f *excelize.File) { set(t, f, "Sheet1", []any{"a"}, []any{1}) })
	archive, err := zip.NewReader(bytes.NewReader(good), int64(len(good)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range archive.File {
		if err := w.Copy(f); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.Create("xl/media/bomb.xml")
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 200 {
		if _, err := part.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = (&tool.Inspector{}).Inspect(t.Context(), "x.xlsx", b.Bytes())
	if fault, ok := errors.AsType[*jobs.UserError](err); !ok || !strings.Contains(fault.Message, "unpacks to more than") {
		t.Error(err)
	}
}

func FuzzInspectNeverPanics(f *testing.F) {
	for _, seed := range []string{sales, "a;b\n1,5;2\n", "sep=|\na|b\n", "\"", "\xff\xfea\x00", "a\r\rb", "[{\"a\":[]}]", "1,2\n3", ",,\n,,"} {
		f.Add("x.csv", []byte(seed))
		f.Add("x.json", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if len(data) > 64<<10 {
			t.Skip()
		}
		info, err := (&tool.Inspector{}).Inspect(t.Context(), name, data)
		if _, ok := errors.AsType[*jobs.UserError](err); err != nil && !ok {
			t.Fatalf("%v is no *jobs.UserError", err)
		}
		for _, table := range info.Tables {
			taken := map[string]bool{}
			for _, c := range table.Columns {
				if c.Name == "" || taken[c.Name] || c.Nulls < 0 || c.Nulls > table.Rows {
					t.Fatalf("column %+v of %d rows", c, table.Rows)
				}
				taken[c.Name] = true
			}
			files := newDataFiles()
			files.names, files.bytes[name], files.infos[name] = []string{name}, data, info
			d := tool.NewData(tool.DataConfig{Now: dataNow})
			_, rows, err := d.Query(t.Context(), files, `select count(*) from "`+table.Name+`"`, 1)
			if err != nil || rows[0][0] != int64(table.Rows) {
				t.Fatalf("%v rows in SQL, %d described: %v", rows, table.Rows, err)
			}
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
