package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/askbob/bob/jobs"
)

const module = "github.com/askbob/bob/"

// mayImport says whose root package each folder may import besides its own.
var mayImport = map[string][]string{
	"llm":     {},
	"jobs":    {"llm"},
	"storage": {"jobs"},
	"bot":     {"jobs"},
}

// TestImports checks that imports run one way. A package may import the root
// package of its own folder, its folder's internal packages, and the root
// packages mayImport names. Siblings don't meet; cmd introduces them.
func TestImports(t *testing.T) {
	t.Parallel()

	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&pkg); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		for _, imp := range pkg.Imports {
			if !allowed(strings.TrimPrefix(pkg.ImportPath, module), imp) {
				t.Errorf("%s must not import %s", pkg.ImportPath, imp)
			}
		}
	}
}

func allowed(from, imp string) bool {
	to, ours := strings.CutPrefix(imp, module)
	if !ours {
		return true
	}
	folder, _, _ := strings.Cut(from, "/")
	return folder == "cmd" ||
		to == folder ||
		strings.HasPrefix(to, folder+"/internal/") ||
		slices.Contains(mayImport[folder], to)
}

// TestArchitecture_drawsWhatCanHappen holds the diagram in ARCHITECTURE.md to the
// table of transitions, and has it show every state.
func TestArchitecture_drawsWhatCanHappen(t *testing.T) {
	t.Parallel()

	text, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[jobs.Status]bool{}
	arrow := regexp.MustCompile(`(?m)^    (\S+) --> (\S+): (\S+)$`)
	for _, m := range arrow.FindAllStringSubmatch(string(text), -1) {
		from, to, event := jobs.Status(strings.Trim(m[1], "[*]")), jobs.Status(m[2]), jobs.Event(m[3])
		if !event.CanBecome(from, to) {
			t.Errorf("%s cannot turn from %q into %q", event, from, to)
		}
		shown[to] = true
	}
	for _, s := range jobs.Statuses() {
		if !shown[s] {
			t.Errorf("no arrow leads to %s", s)
		}
	}
}
