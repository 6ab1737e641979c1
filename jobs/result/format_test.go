package result_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/result"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func node(path, title string, s jobs.Status) jobs.NodeReport {
	depth := 0
	if path != "" {
		depth = 1 + strings.Count(path, ".")
	}
	return jobs.NodeReport{Path: path, Title: title, Status: s, Depth: depth}
}

func salesReport() *jobs.Report {
	root := node("", "Sales Analysis & Presentation", jobs.StatusPartial)
	root.Type, root.Prompt = jobs.TypeRootJob, "Analyze the Q4 sales data"
	root.Result = "Revenue in Q4 was $1,204,311.\n\n" + strings.Repeat("The north grew fastest of all regions. ", 20)
	metrics := node("1.1", "Calculate key_metrics", jobs.StatusCompleted)
	metrics.Prompt = "Sum `revenue` by month.\n\nRound to dollars."
	metrics.Result = "| month | revenue |\n|---|---|\n| 10 | 401,437 |\n| 11 | 401,437 |"
	metrics.Provider, metrics.Model = "openai", "gpt-x_1"
	metrics.Tokens = jobs.Tokens{Input: 1000, Output: 847}
	slides := node("2", "Slides <script>", jobs.StatusFailed)
	slides.Reason, slides.Error = jobs.ReasonTimeout, "It took longer than 10 min.\nTry it again."
	slides.Artifacts = []string{"q4.pptx", "no`tes.md"}
	return &jobs.Report{
		ID: "job_7k3f9q2x", Title: root.Title, Status: jobs.StatusPartial, Reason: jobs.ReasonChildrenFailed,
		Request:   "Analyze the Q4 sales data\n````\nand create a presentation\x1b[31m",
		ElapsedMS: 725_000,
		Cost:      jobs.CostReport{USD: "0.240000000", Budget: "2.00", Unpriced: 1},
		Tokens:    jobs.Tokens{Input: 1000, Output: 847},
		Nodes: []jobs.NodeReport{
			root, node("1", "Data *Analysis*", jobs.StatusCompleted), metrics, slides,
		},
		Artifacts: []jobs.ArtifactReport{{Name: "q4.pptx", Node: "2", Bytes: 31_200}},
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	golden(t, "results.md", result.Format(salesReport()))
}

func TestFormat_isMarkdownThatShowsWhatWasWritten(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	if err := goldmark.Convert([]byte(result.Format(salesReport())), &page); err != nil {
		t.Fatal(err)
	}
	golden(t, "results.html", page.String())
}

func TestFormat_ofAJobThatIsNotPlannedYet(t *testing.T) {
	t.Parallel()
	got := result.Format(&jobs.Report{ID: "job_1", Status: jobs.StatusPlanning, Request: "Hello"})
	for _, want := range []string{"# Job Results: untitled", "**Status**: planning", "**Cost**: $0.00", "no steps yet"} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
}

func TestFormat_marksEveryStatusOnItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]jobs.Status{}
	for _, s := range jobs.Statuses() {
		other, twice := seen[s.Mark()]
		if twice || s.Mark() == "·" {
			t.Errorf("%s and %q have the mark %s", s, other, s.Mark())
		}
		seen[s.Mark()] = s
		got := result.Format(&jobs.Report{Nodes: []jobs.NodeReport{node("", "T", s)}})
		if want := s.Mark() + " **T** · " + strings.ReplaceAll(string(s), "_", " "); !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
}

func TestFormat_showsSoManyStepsAndCountsTheRest(t *testing.T) {
	t.Parallel()
	r := &jobs.Report{ID: "job_1"}
	for range 2345 {
		r.Nodes = append(r.Nodes, node("1", "Step", jobs.StatusCompleted))
	}
	if got := result.Format(r); !strings.Contains(got, "- and 345 more steps: `bob results job_1 --json`") {
		t.Error("does not say how many steps are not shown")
	}
}
