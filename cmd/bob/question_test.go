package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
)

const askingJob jobs.JobID = "job_asks0000"

// changes applies a job's changes one after another and returns the last outcome.
func changes(ctx context.Context, h *house, list ...jobs.Change) (jobs.Outcome, error) {
	var last jobs.Outcome
	for _, c := range list {
		out, err := h.store.Apply(ctx, c, jobs.Delivered{})
		if err != nil {
			return last, err
		}
		if last = out[0]; last.Err != nil {
			return last, last.Err
		}
	}
	return last, nil
}

// ask lets the job's steps 1 and 2 ask.
func ask(ctx context.Context, h *house) error {
	out, err := changes(ctx, h, jobs.Submit{Job: jobs.NewJob{
		ID: askingJob, Title: "Greetings", Request: "Write greetings", Priority: jobs.PriorityMedium, Budget: -1, Weight: time.Second,
	}})
	if err != nil {
		return err
	}
	if out, err = changes(ctx, h, jobs.Claim{Fence: out.Node.Fence(), Worker: "test"}); err != nil {
		return err
	}
	step := func(key string) jobs.Step {
		return jobs.Step{Key: key, Type: jobs.TypeTask, Title: "Greeting " + key, Prompt: "Say hello."}
	}
	plan := jobs.Plan{Title: "Greetings", Steps: []jobs.Step{step("1"), step("2"), step("3")}}
	if _, err := changes(ctx, h, jobs.Expand{Fence: out.Node.Fence(), Plan: plan}); err != nil {
		return err
	}
	ready, err := h.store.Ready(ctx, askingJob, 0, 2)
	if err != nil {
		return err
	}
	for _, r := range ready {
		out, err := changes(ctx, h, jobs.Claim{Fence: r.Fence, Worker: "test"})
		if err != nil {
			return err
		}
		question := "Who is\ngreeted in " + out.Node.Path + "?"
		if _, err := changes(ctx, h, jobs.Park{Fence: out.Node.Fence(), Reason: jobs.ReasonQuestion, Question: question}); err != nil {
			return err
		}
	}
	return nil
}

// inHouse runs fn in a house of its own.
func inHouse(t *testing.T, p *purseTest, said *bytes.Buffer, fn func(prog *process, h *house) error) {
	t.Helper()
	prog := &process{data: p.data, config: p.config, stderr: said, env: func(string) (string, bool) { return "", false }}
	h, err := prog.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = h.writing(t.Context(), func() error { return fn(prog, h) })
	if err := errors.Join(err, h.close()); err != nil {
		t.Fatal(err)
	}
}

func TestE2E_answersWhatAJobAsksAndGoesOn(t *testing.T) {
	t.Parallel()
	p := newPurseTest(t, "")
	inHouse(t, p, &bytes.Buffer{}, func(_ *process, h *house) error { return ask(t.Context(), h) })
	id := string(askingJob)
	r, stderr := p.goOn(exitWaits, "--resume", id)
	for _, want := range []string{"1 (Greeting 1): Who is greeted in 1?", "2 (Greeting 2): Who is greeted in 2?", "--resume " + id + " --answer PATH=TEXT"} {
		if !strings.Contains(lastLine(stderr), want) {
			t.Errorf("%q does not say %q", lastLine(stderr), want)
		}
	}
	if r.Summary.Completed != 1 || len(r.Waiting) != 2 {
		t.Errorf("what does not depend on the answers goes on; got %+v, %+v", r.Summary, r.Waiting)
	}
	if code, _, stderr := p.bob("run", "--resume", id, "--answer", "everybody"); code != exitUsage || !strings.Contains(stderr, "say which one of 1, 2") {
		t.Errorf("an answer to nobody: exit status %d, %s", code, stderr)
	}
	_, stderr = p.goOn(exitWaits, "--resume", id, "--answer", "2=Eve")
	if want := "Who is greeted in 1? Answer with: bob run --resume " + id + " --answer TEXT"; !strings.Contains(lastLine(stderr), want) {
		t.Errorf("%q does not say %q", lastLine(stderr), want)
	}
	if r, _ := p.goOn(exitOK, "--resume", id, "--answer", "3=Ann, as ever"); r.Status != jobs.StatusCompleted || r.Summary.Completed != 3 {
		t.Errorf("got %s, %+v", r.Status, r.Summary)
	}
	if code, _, stderr := p.bob("run", "--answer", "x", "y"); code != exitUsage || !strings.Contains(stderr, "--resume ID") {
		t.Errorf("an answer without a job: exit status %d, %s", code, stderr)
	}
}

func TestRunner_askQuestions_takesTheAnswersOfAPerson(t *testing.T) {
	t.Parallel()
	p, said := newPurseTest(t, ""), &bytes.Buffer{}
	inHouse(t, p, said, func(prog *process, h *house) error {
		if err := ask(t.Context(), h); err != nil {
			return err
		}
		run := &runner{p: prog, h: h, id: askingJob}
		for i, s := range []struct {
			typed  string
			goesOn bool
			left   int
		}{{"", false, 2}, {"Ann Lee\n", true, 1}, {"Eve\n", true, 0}} {
			prog.stdin = answers(t, s.typed)
			report, err := h.service.Report(t.Context(), askingJob)
			if err != nil {
				return err
			}
			if goesOn, err := run.askQuestions(t.Context(), report); goesOn != s.goesOn || err != nil {
				t.Errorf("%d: goes on: %t, %v", i, goesOn, err)
			}
			if report, err = h.service.Report(t.Context(), askingJob); err != nil || len(questions(report)) != s.left {
				t.Errorf("%d: %d questions are left, want %d; %v", i, len(questions(report)), s.left, err)
			}
		}
		return nil
	})
	for _, want := range []string{"Step 1 (Greeting 1) asks:\nWho is\ngreeted in 1?", "Your answer"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the person was not told %q: %s", want, said)
		}
	}
}
