package tool_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/askbob/bob/jobs"
)

func testPicture(t *testing.T, width, height int) []byte {
	t.Helper()
	m := image.NewNRGBA64(image.Rect(0, 0, width, height)) // 16 bits a colour, which PDF writers do not know
	for x := range width {
		m.Set(x, height/2, color.NRGBA{R: 200, A: 255})
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func testSlide(title string, bullets ...string) map[string]any {
	if bullets == nil {
		bullets = []string{}
	}
	return map[string]any{"title": title, "bullets": bullets, "chart": nil, "table": nil, "notes": nil}
}

func with(slide map[string]any, key string, value any) map[string]any {
	slide[key] = value
	return slide
}

func testTable(rows int) map[string]any {
	var cells [][]string
	for i := range rows {
		cells = append(cells, []string{fmt.Sprintf("Customer %d <&>", i), fmt.Sprintf("%d,%03d", i, i)})
	}
	return map[string]any{"columns": []string{"Customer", "Revenue"}, "rows": cells}
}

func testDeck(slides ...map[string]any) map[string]any {
	return map[string]any{"name": "q4", "title": "Q4 review", "subtitle": "For the board", "slides": slides}
}

const testScripts = "العربية 中文 हिन्दी ไทย עברית Русский 🚀 \x07\x00 ]]> \"quoted\" 'n <b>&amp;"

// hardSlides is a deck of everything that could run out of its box.
func hardSlides() []map[string]any {
	long := strings.Repeat("Sales grew again because of strong demand. ", 6)
	bullets := make([]string, 12)
	for i := range bullets {
		bullets[i] = fmt.Sprintf("Bullet %d: %s", i+1, long)
	}
	return []map[string]any{
		with(testSlide("Tall picture", "beside it"), "chart", "tall"),
		with(testSlide("Wide picture", bullets...), "chart", "wide.png"),
		with(testSlide("Many rows"), "table", testTable(40)),
		with(testSlide("Rows and words", "One", "Two"), "table", testTable(3)),
		testSlide(strings.Repeat("A title of three hundred characters ", 9)[:300], "one"),
		testSlide("Long bullets", bullets...),
		testSlide("One endless bullet", strings.Repeat("endless ", 125)),
		with(testSlide("Scripts "+testScripts, testScripts, "محمد من الرياض", ""), "notes", "Say "+testScripts+"\nand more"),
		testSlide("A section"),
		testSlide("", "no title"),
		with(testSlide("Wide words"), "table", map[string]any{
			"columns": []string{"A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L"},
			"rows":    [][]string{{strings.Repeat("x", 300), testScripts, "", "1", "2", "3", "4", "5", "6", "7", "8", strings.Repeat("wort ", 60)}},
		}),
	}
}

func hardDeck(t *testing.T) *memoryFiles {
	t.Helper()
	files := newMemoryFiles()
	files.data["tall.png"], files.data["wide.png"] = testPicture(t, 100, 900), testPicture(t, 900, 60)
	if _, err := outputCall(t, outputTool(t, "deck", regions()), files, testDeck(hardSlides()...)); err != nil {
		t.Fatal(err)
	}
	return files
}

func TestDeck_makesThreeForms(t *testing.T) {
	t.Parallel()
	files := newMemoryFiles()
	result, err := outputCall(t, outputTool(t, "deck", regions()), files, testDeck(testSlide("One", "a"), testSlide("Two", "b")))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"files":["q4.pptx","q4.pdf","q4.html"],"slides":3}`; result.Text != want {
		t.Errorf("got %s, want %s", result.Text, want)
	}
	for _, name := range []string{"q4.pptx", "q4.pdf", "q4.html"} {
		if len(files.data[name]) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
}

func TestDeck_HTMLNeedsNothingElseAndEscapesText(t *testing.T) {
	t.Parallel()
	files := newMemoryFiles()
	files.data["c.png"], files.data["c.svg"] = testPicture(t, 40, 30), []byte(`<svg xmlns="http://www.w3.org/2000/svg"></svg>`)
	slide := with(testSlide("<script>alert(1)</script>", "<img src=x onerror=alert(1)>"), "chart", "c")
	if _, err := outputCall(t, outputTool(t, "deck", regions()), files, testDeck(slide)); err != nil {
		t.Fatal(err)
	}
	page := string(files.data["q4.html"])
	for _, bad := range []string{"<script>alert", "<img src=x", "ZgotmplZ", `src="http`, `href="`} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	for _, want := range []string{"&lt;script&gt;alert(1)&lt;/script&gt;", "data:image/svg", ";base64,", "ArrowRight", "@media print"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestDeck_refusesWithWhatToDo(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		slide map[string]any
		say   string
	}{
		"unknown chart": {with(testSlide("a"), "chart", "missing"), "there.png"},
		"no picture":    {with(testSlide("a"), "chart", "text.png"), "PNG, JPEG or GIF"},
		"ragged table":  {with(testSlide("a"), "table", map[string]any{"columns": []string{"a", "b"}, "rows": [][]string{{"1"}}}), "row 1"},
		"empty slide":   {testSlide("", " "), "slide 1 is empty"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := newMemoryFiles()
			files.data["there.png"], files.types["there.png"] = testPicture(t, 10, 10), "image/png"
			files.data["text.png"] = []byte("no picture")
			_, err := outputCall(t, outputTool(t, "deck", regions()), files, testDeck(c.slide))
			fault, ok := errors.AsType[*jobs.ToolError](err)
			if !ok || !strings.Contains(fault.Message, c.say) {
				t.Errorf("got %v, want a fault that says %q", err, c.say)
			}
		})
	}
}

func TestDeck_namesAreFileNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"../etc/passwd": "etc-passwd.pptx", "q4.pptx": "q4.pptx", "Übersicht 東京": "Übersicht 東京.pptx", "a\x00b\nc": "abc.pptx"} {
		files := newMemoryFiles()
		args := testDeck(testSlide("a", "b"))
		args["name"] = name
		result, err := outputCall(t, outputTool(t, "deck", regions()), files, args)
		if err != nil {
			t.Fatal(err)
		}
		if got := result.Artifacts[0].Name; got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}

func TestDeck_tellsWhenAFileIsTooLarge(t *testing.T) {
	t.Parallel()
	files := newMemoryFiles()
	files.refuse = &jobs.UserError{Message: "A file may have 25 MiB."}
	_, err := outputCall(t, outputTool(t, "deck", regions()), files, testDeck(testSlide("a", "b")))
	if fault, ok := errors.AsType[*jobs.ToolError](err); !ok || !strings.Contains(fault.Message, "25 MiB") {
		t.Errorf("got %v", err)
	}
}

// textOfPDF returns the text of a PDF by poppler's pdftotext, page by page.
func textOfPDF(t *testing.T, data []byte) []string {
	t.Helper()
	program, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("pdftotext is not installed (package poppler-utils): the PDF's text was not checked")
	}
	path := filepath.Join(t.TempDir(), "in.pdf")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), program, path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\f"), "\f")
}

func TestDeck_PDFTextCanBeFoundInEveryScript(t *testing.T) {
	t.Parallel()
	pages := textOfPDF(t, hardDeck(t).data["q4.pdf"])
	all := strings.Join(pages, "\n")
	for _, want := range []string{"Q4 review", "Tall picture", "Customer 39 <&>", "39,039", "Bullet 12", "中文", "हिन्दी", "ไทย", "Русский", "العربية", "עברית", "محمد من الرياض", "(2/3)"} {
		if !strings.Contains(all, want) {
			t.Errorf("the PDF's text lacks %q", want)
		}
	}
}
