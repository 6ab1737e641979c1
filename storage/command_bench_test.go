package storage_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
)

// largeTree is a plan of a hundred branches of a thousand leaves each: 100,101 nodes
// with the root.
func largeTree() jobs.Plan {
	p := jobs.Plan{Title: "large"}
	for b := range 100 {
		branch := fmt.Sprint(b)
		p.Steps = append(p.Steps, jobs.Step{Key: branch, Type: jobs.TypePlan, Title: branch})
		for leaf := range 1000 {
			p.Steps = append(p.Steps, jobs.Step{Key: fmt.Sprintf("%d.%d", b, leaf), Parent: branch, Type: jobs.TypeTask, Title: "leaf", Prompt: "x"})
		}
	}
	return p
}

// commandLargeTree measures how long it takes until a command to a tree of 100,000
// leaves at work is durable, and counts the leaves that start after that.
func commandLargeTree(b *testing.B, verb jobs.Verb, over jobs.Status) {
	b.Helper()
	plan := largeTree()
	var longest, settled time.Duration
	for b.Loop() {
		b.StopTimer()
		h := &hands{plans: map[string]jobs.Plan{"": plan}, delay: time.Millisecond}
		e := start(b, filepath.Join(b.TempDir(), "bob.db"), 16, h)
		job := e.submit(b, -1)
		e.whenStatus(b, job, func(r *jobs.Report) bool { return r.Summary.Completed > 1000 })
		b.StartTimer()
		begin := time.Now()
		if err := e.do(job, verb, ""); err != nil {
			b.Fatal(err)
		}
		longest = max(longest, time.Since(begin))
		b.StopTimer()
		// What was claimed before the command was durable may enter its work a moment
		// after: the ledger of claims has the last word.
		claimed := e.claims(b, job)
		r := e.whenStatus(b, job, func(r *jobs.Report) bool { return r.Status == over })
		settled = max(settled, time.Since(begin))
		if late := e.claims(b, job) - claimed; late != 0 || r.Summary.Running != 0 {
			b.Errorf("%d leaves started after the command was durable, %d run", late, r.Summary.Running)
		}
		if err := e.stop(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(longest.Milliseconds()), "ms-until-durable")
	b.ReportMetric(float64(settled.Milliseconds()), "ms-until-settled")
	if longest > time.Second {
		b.Errorf("the command took %s, want at most a second", longest)
	}
}

// claims counts how often leaves of a job were claimed.
func (e *engine) claims(tb fataler, job jobs.JobID) int {
	tb.Helper()
	n, err := e.store.Claims(context.Background(), job)
	if err != nil {
		tb.Fatalf("claims: %v", err)
	}
	return n
}

// whenStatus is when, without the nodes of the report.
func (e *engine) whenStatus(tb fataler, job jobs.JobID, ok func(r *jobs.Report) bool) *jobs.Report {
	tb.Helper()
	knock, stop := e.feed.Subscribe(job)
	defer stop()
	for {
		r, err := e.store.Report(context.Background(), job, false)
		if err != nil {
			tb.Fatalf("report: %v", err)
		}
		if ok(r) {
			return r
		}
		<-knock
	}
}

func BenchmarkCommand_pauseOfALargeTree(b *testing.B) {
	commandLargeTree(b, jobs.VerbPause, jobs.StatusPaused)
}

func BenchmarkCommand_cancelOfALargeTree(b *testing.B) {
	commandLargeTree(b, jobs.VerbCancel, jobs.StatusCancelled)
}
