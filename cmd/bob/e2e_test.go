package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/askbob/bob/jobs"
)

// bob runs the program in this process and returns its exit status and output.
func bob(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	p := process{args: args, stdout: &out, stderr: &errs, env: func(string) (string, bool) { return "", false }}
	code = p.main(t.Context())
	return code, out.String(), errs.String()
}

func report(t *testing.T, stdout string) jobs.Report {
	t.Helper()
	var r jobs.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%v: %.300s", err, stdout)
	}
	return r
}

// fewSales is the sample in small, three of its columns and an order in twelve: for
// tests of what happens around a job, where another chart proves nothing.
func fewSales() []byte {
	var out bytes.Buffer
	for i, line := range strings.Split(strings.TrimSpace(string(sampleSales)), "\n") {
		if cells := strings.Split(line, ","); i%12 == 0 {
			fmt.Fprintln(&out, strings.Join([]string{cells[0], cells[1], strings.TrimSpace(cells[7])}, ","))
		}
	}
	return out.Bytes()
}

// TestE2E_demo is the seed's own job: the numbers of the answer are those of the
// table.
func TestE2E_demo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	code, stdout, stderr := bob(t, "demo", "--json", "--data", data, "-o", filepath.Join(dir, "out"))
	if code != exitOK {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	r := report(t, stdout)
	if r.Status != jobs.StatusCompleted || r.Summary.Completed != r.Summary.Total || r.Progress != 100 {
		t.Errorf("got %s, %+v, %v%%", r.Status, r.Summary, r.Progress)
	}
	total, rows := sumOf(t, sampleSales, "Revenue")
	if want := thousands(total); !strings.Contains(r.Result, want) {
		t.Errorf("the answer does not name the total %s of %d rows: %.500s", want, rows, r.Result)
	}
	depth, deps := 0, 0
	for _, n := range r.Nodes {
		depth, deps = max(depth, n.Depth), deps+len(n.DependsOn)
	}
	if depth < 3 || deps == 0 {
		t.Errorf("the tree has %d levels and %d dependencies, want 3 and some", depth, deps)
	}
	kinds := map[string]int{}
	for _, a := range r.Artifacts {
		info, err := os.Stat(a.Path)
		if err != nil || info.Size() != a.Bytes {
			t.Errorf("%s: %v", a.Path, err)
		}
		kinds[filepath.Ext(a.Name)]++
	}
	for _, ext := range []string{".pptx", ".pdf", ".html", ".png", ".svg"} {
		if kinds[ext] == 0 {
			t.Errorf("there is no %s among %v", ext, kinds)
		}
	}
	checkReading(t, data, r)
}

// TestE2E_demo_inASmallContext: what does not fit is left out and said, and the job
// is done all the same, with the same total.
func TestE2E_demo_inASmallContext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "small.yaml")
	text := "llm:\n  providers:\n    - {name: demo, kind: demo}\n  models:\n    - {model: demo, provider: demo, context: 16000}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := bob(t, "demo", "--json", "--config", config, "--data", filepath.Join(dir, "data"), "-o", filepath.Join(dir, "out"))
	if code != exitOK {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	r := report(t, stdout)
	total, _ := sumOf(t, sampleSales, "Revenue")
	if want := thousands(total); !strings.Contains(r.Result, want) || r.Summary.Total < 9 {
		t.Errorf("%d steps, and the answer does not name the total %s: %.500s", r.Summary.Total, want, r.Result)
	}
}

// checkReading checks the commands that look at what is done.
func checkReading(t *testing.T, data string, r jobs.Report) {
	t.Helper()
	for _, command := range []string{"status", "results"} {
		code, stdout, stderr := bob(t, command, string(r.ID), "--data", data)
		if code != exitOK || !strings.Contains(stdout, r.Title) {
			t.Errorf("bob %s: exit status %d, %s%.200s", command, code, stderr, stdout)
		}
		_, stdout, _ = bob(t, command, string(r.ID), "--json", "--data", data)
		if got := report(t, stdout); got.ID != r.ID || len(got.Nodes) != len(r.Nodes) || len(got.Calls) != len(r.Calls) {
			t.Errorf("bob %s --json says something else than bob run", command)
		}
	}
	if code, stdout, _ := bob(t, "jobs", "--data", data); code != exitOK || !strings.Contains(stdout, string(r.ID)) {
		t.Errorf("bob jobs: exit status %d, %s", code, stdout)
	}
	if code, stdout, _ := bob(t, "run", "--resume", string(r.ID), "--json", "--data", data, "-o", t.TempDir()); code != exitOK || report(t, stdout).Result != r.Result {
		t.Errorf("resuming a finished job: exit status %d, another result", code)
	}
}

func sumOf(t *testing.T, data []byte, column string) (total float64, rows int) {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range records[0] {
		if name != column {
			continue
		}
		for _, record := range records[1:] {
			v, err := strconv.ParseFloat(record[i], 64)
			if err != nil {
				t.Fatal(err)
			}
			total += v
		}
	}
	return total, len(records) - 1
}

// thousands writes 1234.5 as 1,234.50.
func thousands(v float64) string {
	whole, cents, _ := strings.Cut(fmt.Sprintf("%.2f", v), ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return whole + "." + cents
}

func TestE2E_badInputIsOneClearLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := map[string]struct {
		args []string
		want string
	}{
		"no such file":     {[]string{"run", "-f", filepath.Join(dir, "none.csv"), "x"}, "There is no file"},
		"a directory":      {[]string{"run", "-f", dir, "x"}, "is a directory"},
		"an empty file":    {[]string{"run", "-f", file("empty.csv", ""), "x"}, "is empty"},
		"a huge file":      {[]string{"run", "-f", file("huge.csv", strings.Repeat("1,2\n", 30<<18)), "x"}, "at most 25 MiB"},
		"binary as a CSV":  {[]string{"run", "-f", file("binary.csv", "\x00\x01\xff\xfe\x00\x00\x07"), "x"}, "binary.csv"},
		"a header only":    {[]string{"run", "-f", file("header.csv", "a,b,c\n"), "x"}, "no rows"},
		"an empty request": {[]string{"run", "  "}, "request is missing"},
		"a long request":   {[]string{"run", strings.Repeat("ü", 20_001)}, "20001 characters"},
		"unknown flag":     {[]string{"run", "--frob", "x"}, "unknown flag"},
		"unknown model":    {[]string{"run", "--model", "gpt-0", "x"}, "There is no model"},
		"unknown setting":  {[]string{"run", "--config", file("bad.yaml", "jobs:\n  workerz: 3\n"), "x"}, "bad.yaml:2"},
		"unknown command":  {[]string{"staus"}, "did you mean status"},
		"unknown job":      {[]string{"run", "--resume", "job_none"}, "There is no job"},
		"no money":         {[]string{"run", "--budget", "much", "x"}, "--budget"},
		"no priority":      {[]string{"run", "--priority", "now", "x"}, "no priority"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := bob(t, append(tt.args, "--data", filepath.Join(t.TempDir(), "data"))...)
			if code != exitUsage || stdout != "" {
				t.Errorf("exit status %d, stdout %q; want %d and nothing", code, stdout, exitUsage)
			}
			if strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, tt.want) {
				t.Errorf("got %q, want one line with %q", stderr, tt.want)
			}
		})
	}
}

func TestE2E_waitsForApprovalAndGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	path := filepath.Join(dir, "sales.csv")
	if err := os.WriteFile(path, fewSales(), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := bob(t, "run", "--approve", "ask", "--json", "--data", data, "-f", path, "Analyze the sales data")
	r := report(t, stdout)
	if code != exitWaits || r.Status != jobs.StatusAwaitingApproval || r.Summary.Completed != 0 {
		t.Fatalf("exit status %d, %s, %+v: %s", code, r.Status, r.Summary, stderr)
	}
	code, stdout, stderr = bob(t, "run", "--resume", string(r.ID), "--approve", "auto", "--json", "--data", data, "-o", dir)
	if r = report(t, stdout); code != exitOK || r.Status != jobs.StatusCompleted {
		t.Errorf("exit status %d, %s: %s", code, r.Status, stderr)
	}
}
