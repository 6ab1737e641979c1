package tool_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// converted turns Office files into PDF by LibreOffice.
func converted(t *testing.T, files map[string][]byte) map[string][]byte {
	t.Helper()
	program, err := exec.LookPath("soffice")
	if err != nil || testing.Short() {
		t.Skip("soffice is not installed (packages libreoffice-impress-nogui, libreoffice-writer-nogui) or -short is set: nothing was rendered")
	}
	folder := t.TempDir()
	args := []string{"-env:UserInstallation=file://" + folder + "/profile", "--headless", "--convert-to", "pdf", "--outdir", folder}
	for name, data := range files {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
		t.Fatalf("soffice: %v: %s", err, out)
	}
	made := map[string][]byte{}
	for name := range files {
		made[name], err = os.ReadFile(filepath.Join(folder, strings.TrimSuffix(name, filepath.Ext(name))+".pdf"))
		if err != nil {
			t.Fatal(err)
		}
	}
	return made
}

func TestOutput_LibreOfficeShowsDeckAndDocument(t *testing.T) {
	t.Parallel()
	deck := hardDeck(t).data["q4.pptx"]
	made := converted(t, map[string][]byte{"q4.pptx": deck, "report.docx": madeDocument(t, testMarkdown).data["report.docx"]})
	slides, pages := slidesOf(t, unpack(t, deck)), textOfPDF(t, made["q4.pptx"])
	if len(pages) != len(slides) {
		t.Fatalf("%d pages of %d slides", len(pages), len(slides))
	}
	for i, slide := range slides {
		title := strings.Fields(textOf(t, slide)[0] + " ")
		if len(title) > 0 && !strings.Contains(pages[i], title[0]) {
			t.Errorf("page %d lacks its title %q", i+1, title)
		}
	}
	report := strings.Join(textOfPDF(t, made["report.docx"]), "\n")
	for _, want := range []string{"Q4 report", "18%", "180,000"} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}
