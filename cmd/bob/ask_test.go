package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/askbob/bob/jobs"
)

// answers is a stdin on which somebody typed text.
func answers(t *testing.T, text string) *os.File {
	t.Helper()
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	if _, err := out.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return in
}

func TestRunner_askMoney_takesOneOfThreeAnswers(t *testing.T) {
	t.Parallel()
	p := newPurseTest(t, "")
	r, _ := p.start(exitWaits, "--budget", "0.12")
	shortage := r.Cost.Shortage
	fixed := *shortage
	fixed.Add = ""
	steps := []struct {
		name, typed string
		shortage    *jobs.Shortage
		goesOn      bool
		check       func(r *jobs.Report) bool
	}{
		{"nothing", "", shortage, false, func(r *jobs.Report) bool { return r.Cost.Shortage != nil }},
		{"another word", "maybe\n", shortage, false, func(r *jobs.Report) bool { return r.Cost.Shortage != nil }},
		{"adding that would not help", "1\n", &fixed, false, func(r *jobs.Report) bool { return r.Cost.Shortage != nil }},
		{"add", " 1 \n", shortage, true, func(r *jobs.Report) bool { return r.Cost.Budget == "1.120000000" && r.Cost.Shortage == nil }},
		{"finish", "2\n", shortage, true, func(r *jobs.Report) bool { return r.Summary.Skipped > 0 && r.Summary.Queued == 0 }},
		{"stop", "3\n", shortage, true, func(r *jobs.Report) bool { return r.Status == jobs.StatusCancelled }},
	}
	var said bytes.Buffer
	prog := &process{data: p.data, config: p.config, stderr: &said, env: func(string) (string, bool) { return "", false }}
	h, err := prog.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = h.writing(t.Context(), func() error {
		for _, s := range steps {
			prog.stdin = answers(t, s.typed)
			run := &runner{p: prog, h: h, id: r.ID}
			goesOn, err := run.askMoney(t.Context(), s.shortage)
			if err != nil || goesOn != s.goesOn {
				t.Errorf("%s: goes on: %t, %v", s.name, goesOn, err)
			}
			got, err := h.service.Status(t.Context(), r.ID)
			if err != nil || !s.check(got) {
				t.Errorf("%s: %+v %v", s.name, got, err)
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
	for _, want := range []string{shortage.Question, "1  add $1.00", "2  finish with what there is", "3  stop"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the person was not told %q", want)
		}
	}
}
