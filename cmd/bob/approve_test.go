package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/askbob/bob/jobs"
)

func TestE2E_changesAPlanBeforeItRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "sales.csv")
	if err := os.WriteFile(path, fewSales(), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(want int, args ...string) (jobs.Report, string) {
		t.Helper()
		code, stdout, stderr := bob(t, append([]string{"run", "--json", "--data", filepath.Join(dir, "data"), "-o", dir}, args...)...)
		if code != want {
			t.Fatalf("%v: exit status %d, want %d: %s", args, code, want, stderr)
		}
		if stdout == "" {
			return jobs.Report{}, stderr
		}
		return report(t, stdout), stderr
	}
	first, _ := run(exitWaits, "--approve", "ask", "-f", path, "Analyze the Q4 sales data and create a presentation")
	id := string(first.ID)
	r, _ := run(exitWaits, "--resume", id, "--cheaper")
	if r.Status != jobs.StatusAwaitingApproval || r.PlanRevision != 2 || r.Summary.Total >= first.Summary.Total || r.Forecast.Steps >= first.Forecast.Steps {
		t.Errorf("revision %d with %d steps, before there were %d; forecast %+v", r.PlanRevision, r.Summary.Total, first.Summary.Total, r.Forecast)
	}
	if !strings.HasPrefix(r.Rewrite.Note, "It is not cheaper: both plans are foretold to cost up to $0.00. It is foretold to take up to ") {
		t.Errorf("of a model that costs nothing it is said: %s", r.Rewrite.Note)
	}
	r, stderr := run(exitWaits, "--resume", id, "--change", "make it blue")
	if r.PlanRevision != 2 || r.Rewrite.State != jobs.RewriteFailed || !strings.Contains(stderr, "--change WORDS") {
		t.Errorf("revision %d, %+v: %s", r.PlanRevision, r.Rewrite, stderr)
	}
	if _, stderr = run(exitOK, "--resume", id, "--approve", "auto"); !strings.Contains(stderr, "completed") {
		t.Error(stderr)
	}
	if slides, err := filepath.Glob(filepath.Join(dir, "*.pptx")); err != nil || len(slides) != 1 {
		t.Errorf("slides: %v, %v", slides, err)
	}
	if _, stderr = run(exitUsage, "--resume", id, "--cheaper"); !strings.Contains(stderr, "does not wait for approval") {
		t.Errorf("after the end it is said: %s", stderr)
	}
	for _, args := range [][]string{{"--cheaper", "x"}, {"--change", "x", "x"}, {"--resume", id, "--cheaper", "--change", "x"}, {"--resume", id, "--cheaper", "--approve", "auto"}} {
		if _, stderr = run(exitUsage, args...); !strings.Contains(stderr, "--cheaper") {
			t.Errorf("%v: %s", args, stderr)
		}
	}
}

func TestAPI_a_plan_is_made_anew(t *testing.T) {
	t.Parallel()
	a := startAPI(t, &puppets{steps: []jobs.Step{leaf("1"), leaf("2")}}, 2)
	job := a.submit(t, `{"request": "do it", "ask": true}`)
	a.until(t, job, is(jobs.StatusAwaitingApproval))
	waits := func(revision int) func(r *jobs.Report) bool {
		return func(r *jobs.Report) bool {
			return r.Status == jobs.StatusAwaitingApproval && r.PlanRevision == revision
		}
	}
	a.must(t, http.StatusOK, "POST", job+"/replan", `{"revision": 1, "cheaper": true}`, nil)
	r := a.until(t, job, waits(2))
	if !r.Rewrite.Cheaper || r.Rewrite.State != jobs.RewriteDone || r.Rewrite.Note == "" {
		t.Errorf("%+v", r.Rewrite)
	}
	a.must(t, http.StatusConflict, "POST", job+"/replan", `{"revision": 1, "cheaper": true}`, nil)
	a.must(t, http.StatusNotFound, "POST", "/job_none/replan", `{"revision": 1, "cheaper": true}`, nil)
	cli := func(args ...string) (int, string) {
		var out bytes.Buffer
		p := process{args: append(args, "--server", a.url), stdout: &out, stderr: &out, env: func(name string) (string, bool) {
			value, ok := map[string]string{"BOB_TOKEN": apiToken}[name]
			return value, ok
		}}
		return p.main(t.Context()), out.String()
	}
	id := strings.TrimPrefix(job, "/")
	if code, said := cli("replan", id, "shorter, please"); code != exitOK {
		t.Fatalf("exit status %d: %s", code, said)
	}
	if r = a.until(t, job, waits(3)); r.Rewrite.Wish != "shorter, please" || r.Rewrite.Cheaper {
		t.Errorf("%+v", r.Rewrite)
	}
	if code, said := cli("replan", id, "--revision", "3", "--cheaper"); code != exitOK {
		t.Fatalf("exit status %d: %s", code, said)
	}
	a.until(t, job, waits(4))
	if code, said := cli("approve", id); code != exitOK {
		t.Fatalf("exit status %d: %s", code, said)
	}
	a.until(t, job, is(jobs.StatusCompleted))
	if code, said := cli("replan", id, "--cheaper"); code != exitUsage || !strings.Contains(said, "does not wait for approval") {
		t.Errorf("exit status %d: %s", code, said)
	}
	for _, args := range [][]string{{"replan", id}, {"replan", id, "x", "--cheaper"}, {"replan", id, " "}} {
		if code, said := cli(args...); code != exitUsage || !strings.Contains(said, "--cheaper, or say in words") {
			t.Errorf("%v: exit status %d: %s", args, code, said)
		}
	}
}

func TestRunner_askPlan_takesWhatIsTyped(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	code, stdout, stderr := bob(t, "run", "--approve", "ask", "--json", "--data", data, "What is 17% of 340?")
	if code != exitWaits {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	r := report(t, stdout)
	var said bytes.Buffer
	prog := &process{data: data, stderr: &said, env: func(string) (string, bool) { return "", false }}
	h, err := prog.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = h.writing(t.Context(), func() error {
		for _, s := range []struct {
			typed  string
			goesOn bool
			check  func(r *jobs.Report) bool
		}{
			{"w\n", true, func(r *jobs.Report) bool { return r.Status == jobs.StatusAwaitingApproval }},
			{"c\n", true, func(r *jobs.Report) bool { return r.Status == jobs.StatusPlanning && r.Rewrite.Cheaper }},
			{"y\n", true, func(r *jobs.Report) bool { return r.Status == jobs.StatusPlanning }}, // what was shown is being changed
			{"\n", false, func(r *jobs.Report) bool { return r.Status == jobs.StatusCancelled }},
		} {
			prog.stdin = answers(t, s.typed)
			goesOn, err := (&runner{p: prog, h: h, id: r.ID}).askPlan(t.Context(), &r)
			if err != nil || goesOn != s.goesOn {
				t.Errorf("%q: goes on: %t, %v", s.typed, goesOn, err)
			}
			got, err := h.service.Status(t.Context(), r.ID)
			if err != nil || !s.check(got) {
				t.Errorf("%q: %+v %v", s.typed, got, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := h.close(); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"c: make it cheaper first", "What is to be different?", "is being changed"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the person was not told %q: %s", want, &said)
		}
	}
}
