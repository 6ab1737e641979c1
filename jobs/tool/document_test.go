package tool_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/askbob/bob/jobs"
)

const testMarkdown = "# Q4 report\n\nRevenue grew **18%** to *743,456*, see `x < y` and [the site](https://example.com/?a=1&b=2).\n\n" +
	"- one\n  - two\n\n1. first\n2. second\n\n- [x] done\n\n> quoted\n\n![Sales](sales.png)\n\n" +
	"| Region | Revenue |\n|:--|--:|\n| الرياض | 99,000 |\n| 東京 | 180,000 🚀 |\n\n```go\nfmt.Println(\"<&>\")\n```\n\n---\n\n" +
	"<script>alert(1)</script>\n\n<b>inline</b> [bad](javascript:alert(1)) line  \nbreak \x07\x00 &amp; &copy;\n\n### हिन्दी\n\nعربي طويل\n"

func testDocument(markdown string, formats ...string) map[string]any {
	return map[string]any{"name": "report", "title": "Q4 report", "markdown": markdown, "formats": formats}
}

func madeDocument(t *testing.T, markdown string) *memoryFiles {
	t.Helper()
	files := newMemoryFiles()
	files.data["sales.png"] = testPicture(t, 300, 200)
	args := testDocument(markdown, "pdf", "md", "html", "docx")
	if _, err := outputCall(t, outputTool(t, "document", regions()), files, args); err != nil {
		t.Fatal(err)
	}
	return files
}

func TestDocument_DOCXHoldsTogetherAndSaysWhatTheMarkdownSays(t *testing.T) {
	t.Parallel()
	parts := unpack(t, madeDocument(t, testMarkdown).data["report.docx"])
	text := strings.Join(textOf(t, parts["word/document.xml"]), "\n")
	for _, want := range []string{
		"Q4 report", "Revenue grew 18% to 743,456, see x < y and the site.", "one", "two", "first", "second", "☑ done", "quoted",
		"الرياض", "99,000", "東京", "180,000 🚀", `fmt.Println("<&>")`, "inline bad line", "& ©", "हिन्दी", "عربي طويل",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	if n := strings.Count(text, "Q4 report"); n != 1 {
		t.Errorf("the title is there %d times", n)
	}
	if rels := string(parts["word/_rels/document.xml.rels"]); !strings.Contains(rels, "https://example.com/?a=1&amp;b=2") || strings.Contains(rels, "javascript") {
		t.Errorf("links: %s", rels)
	}
	if parts["word/media/image1.png"] == nil {
		t.Error("the picture is missing")
	}
}

func TestDocument_HTMLIsSafeAndNeedsNothingElse(t *testing.T) {
	t.Parallel()
	page := string(madeDocument(t, testMarkdown).data["report.html"])
	for _, bad := range []string{"<script", "<b>", "javascript:", `src="sales.png"`, "\x07"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	for _, want := range []string{"<strong>18%</strong>", `src="data:image/png;base64,`, "<td", "x &lt; y", `href="https://example.com/?a=1&amp;b=2"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestDocument_PDFTextCanBeFound(t *testing.T) {
	t.Parallel()
	long := testMarkdown + strings.Repeat("\nA further paragraph of words that fills its page.\n", 200) +
		"\n| a | b |\n|---|---|\n" + strings.Repeat("| row | "+strings.Repeat("many words ", 30)+"|\n", 60) + "| last | " + strings.Repeat("endless ", 3000) + "end |\n"
	pages := textOfPDF(t, madeDocument(t, long).data["report.pdf"])
	if len(pages) < 8 {
		t.Errorf("%d pages", len(pages))
	}
	all := strings.Join(pages, "\n")
	for _, want := range []string{"Q4 report", "18%", "الرياض", "東京", "हिन्दी", `fmt.Println("<&>")`, "last", "end"} {
		if !strings.Contains(all, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	if got, want := strings.Count(all, "endless"), 3000; got != want {
		t.Errorf("a high row has %d of %d words", got, want)
	}
}

func TestDocument_MarkdownHasATitle(t *testing.T) {
	t.Parallel()
	if got := string(madeDocument(t, testMarkdown).data["report.md"]); strings.Count(got, "# Q4 report") != 1 {
		t.Errorf("got %.60q", got)
	}
	if got, want := string(madeDocument(t, "Only text.").data["report.md"]), "# Q4 report\n\nOnly text."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDocument_takesAnyMarkdown(t *testing.T) {
	t.Parallel()
	made, picture := outputTool(t, "document", regions()), testPicture(t, 30, 20)
	for _, markdown := range []string{
		" ", "\x00", "#", "# \n\n## ", "|a|\n|-|", "|a|b|\n|-|-|\n|1|\n|1|2|3|", strings.Repeat("> ", 200) + "deep", strings.Repeat("- ", 200) + "deep",
		"![](sales.png)", "# ![x](sales.png)", "```\n\n```", "[](https://example.com)", strings.Repeat("x", 5000), testScripts, "a\\\nb", "&#x1F680;&#0;", "<!-- c -->", "0. zero\n1. one",
	} {
		files := newMemoryFiles()
		files.data["sales.png"] = picture
		if _, err := outputCall(t, made, files, testDocument(markdown, "pdf", "html", "docx")); err != nil {
			t.Errorf("%.20q: %v", markdown, err)
			continue
		}
		unpack(t, files.data["report.docx"])
	}
}

func TestDocument_refusesWithWhatToDo(t *testing.T) {
	t.Parallel()
	for markdown, say := range map[string]string{
		"![x](missing.png)":                     "missing.png",
		"![x](https://example.com/x.png)":       "not a file of this job",
		strings.Repeat("![x](sales.png)\n", 41): "more than 40 pictures",
	} {
		files := newMemoryFiles()
		files.data["sales.png"] = testPicture(t, 10, 10)
		_, err := outputCall(t, outputTool(t, "document", regions()), files, testDocument(markdown, "pdf"))
		if fault, ok := errors.AsType[*jobs.ToolError](err); !ok || !strings.Contains(fault.Message, say) {
			t.Errorf("got %v, want a fault that says %q", err, say)
		}
	}
}
