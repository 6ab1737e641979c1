package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
)

// end hands the result over.
func (r *runner) end(ctx context.Context, report *jobs.Report) error {
	dir := r.o.out
	if dir == "" {
		dir = filepath.Join("bob-out", string(r.id))
	}
	if err := r.export(ctx, report, dir); err != nil {
		return &exitError{code: exitFailed, err: err}
	}
	if err := r.print(report, dir); err != nil {
		return &exitError{code: exitFailed, err: err}
	}
	if err := r.said(ctx); err != nil {
		return err
	}
	r.p.code = exitStatus(report.Status)
	if r.p.code == exitWaits {
		return &exitError{code: exitWaits, err: errors.New(r.waitsFor(report))}
	}
	return nil
}

func exitStatus(s jobs.Status) int {
	switch s {
	case jobs.StatusCompleted:
		return exitOK
	case jobs.StatusPartial:
		return exitPartial
	case jobs.StatusFailed, jobs.StatusSkipped:
		return exitFailed
	case jobs.StatusCancelled:
		return exitCancelled
	default:
		return exitWaits
	}
}

// waitsFor says what a person must do.
func (r *runner) waitsFor(report *jobs.Report) string {
	again := "bob run --resume " + string(r.id)
	for _, n := range report.Nodes {
		switch n.Reason {
		case jobs.ReasonBudget:
			return moneyWords(report.Cost, again)
		case jobs.ReasonApproval:
			return "the plan waits for approval: go on with: " + again + " --approve auto, or have it changed with --cheaper or --change WORDS"
		case jobs.ReasonQuestion, jobs.ReasonEffectUnknown:
			return questionWords(report, again)
		default:
		}
	}
	return "the job waits for a person"
}

// export writes the job's files into dir and notes their paths in the report.
func (r *runner) export(ctx context.Context, report *jobs.Report, dir string) error {
	if len(report.Artifacts) == 0 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("the files cannot be written to %s (%w): the job is done, fetch them with bob run --resume %s -o DIR", dir, reasonOf(err), r.id)
	}
	for i := range report.Artifacts {
		a := &report.Artifacts[i]
		data, err := r.h.store.Artifact(ctx, r.id, a.Name)
		if err != nil {
			return err
		}
		a.Path = filepath.Join(dir, jobs.FreeName(a.Name, nil))
		if err := os.WriteFile(a.Path, data, 0o600); err != nil {
			return fmt.Errorf("%s cannot be written (%w): the job is done, fetch its files with bob run --resume %s -o DIR", a.Path, reasonOf(err), r.id)
		}
	}
	return nil
}

func (r *runner) print(report *jobs.Report, dir string) error {
	if r.o.json {
		return printJSON(r.p.stdout, report)
	}
	text := report.Result
	if text == "" {
		text = report.Error
	}
	if _, err := fmt.Fprintln(r.p.stdout, terminal.Clean(text)); err != nil {
		return err
	}
	if len(report.Artifacts) > 0 {
		r.p.sayf("\n%d files are in %s\n", len(report.Artifacts), dir)
	}
	if text := terminal.Forecast(report); text != "" && report.Status.Final() {
		r.p.sayf("%s\n", text)
	}
	for _, a := range report.Artifacts {
		if r.o.demo && strings.HasSuffix(a.Name, ".pptx") {
			r.p.sayf("The slides: %s (also as .pdf and .html)\n", a.Path)
		}
	}
	return nil
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// said marks what this terminal has shown as delivered.
func (r *runner) said(ctx context.Context) error {
	notices, err := r.h.store.Notices(ctx, r.id)
	if err != nil {
		return err
	}
	for _, n := range notices {
		if _, err := r.h.store.Apply(ctx, jobs.Delivered{Notice: n.ID}); err != nil {
			return err
		}
	}
	return nil
}
