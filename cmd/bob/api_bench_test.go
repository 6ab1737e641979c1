package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
)

// BenchmarkAPI_submit offers 500 jobs a second, whether or not the last ones were
// answered, and reports the latency from the moment each was due. The jobs are run
// meanwhile.
func BenchmarkAPI_submit(b *testing.B) {
	const every = time.Second / 500
	a := startAPI(b, &puppets{steps: []jobs.Step{leaf("1")}}, 8)
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 256 //nolint:forcetypeassert // the default one is
	took, errs := make([]time.Duration, b.N), make([]error, b.N)
	var clients sync.WaitGroup
	began := time.Now()
	for i := range b.N {
		due := began.Add(time.Duration(i) * every)
		<-time.After(time.Until(due))
		clients.Go(func() {
			errs[i] = a.call(b.Context(), http.StatusCreated, "POST", "", `{"request": "do it"}`, nil, "Idempotency-Key", fmt.Sprint(i))
			took[i] = time.Since(due)
		})
	}
	clients.Wait()
	if err := errors.Join(errs...); err != nil {
		b.Fatal(err)
	}
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "jobs/s")
	b.ReportMetric(float64(took[b.N/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[b.N*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkAPI_readers runs the same tree with nobody looking and with 1,000 streams
// open, and reports the ratio of the rates: 1 is as fast.
func BenchmarkAPI_readers(b *testing.B) {
	const leaves, readers = 5_000, 1_000
	p := &puppets{}
	for i := range leaves {
		p.steps = append(p.steps, leaf(fmt.Sprint(i)))
	}
	a := startAPI(b, p, 64)
	rate := func(readers int) float64 {
		id, err := a.readied(b.Context(), readers)
		if err != nil {
			b.Fatal(err)
		}
		ctx, stop := context.WithCancel(b.Context())
		var streams, opening sync.WaitGroup
		opening.Add(readers)
		for range readers {
			streams.Go(func() { _ = a.drain(ctx, id, opening.Done) }) // ends with ctx
		}
		opening.Wait()
		began := time.Now()
		if err := a.call(ctx, http.StatusOK, "POST", id+"/approve", `{"revision": 1}`, nil); err != nil {
			b.Fatal(err)
		}
		if err := a.ended(ctx, id); err != nil {
			b.Fatal(err)
		}
		took := time.Since(began)
		stop()
		streams.Wait()
		return leaves / took.Seconds()
	}
	var alone, watched float64
	for b.Loop() {
		alone += rate(0)
		watched += rate(readers)
	}
	b.ReportMetric(alone/float64(b.N), "nodes/s-alone")
	b.ReportMetric(watched/float64(b.N), "nodes/s-watched")
	b.ReportMetric(watched/alone, "ratio")
}

// readied submits a job and waits for its plan.
func (a *api) readied(ctx context.Context, n int) (id string, err error) {
	var job struct{ ID string }
	if err := a.call(ctx, http.StatusCreated, "POST", "", fmt.Sprintf(`{"request": "for %d readers", "ask": true}`, n), &job); err != nil {
		return "", err
	}
	return "/" + job.ID, a.when(ctx, "/"+job.ID, func(r *jobs.Report) bool { return r.Status == jobs.StatusAwaitingApproval })
}

func (a *api) ended(ctx context.Context, id string) error {
	return a.when(ctx, id, func(r *jobs.Report) bool { return r.Status.Final() })
}

// when looks every few milliseconds: what is measured must not depend on streams.
func (a *api) when(ctx context.Context, id string, ok func(r *jobs.Report) bool) error {
	for {
		r, err := a.store.Report(ctx, jobs.JobID(id[1:]), false)
		if err != nil || ok(r) {
			return err
		}
		<-time.After(5 * time.Millisecond)
	}
}

// drain reads a stream and drops what it reads. It says when the stream is open.
func (a *api) drain(ctx context.Context, id string, open func()) (err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+"/api/v1/jobs"+id+"/events", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+apiToken)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	_, err = io.CopyN(io.Discard, resp.Body, 1)
	open()
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
	}
	return err
}

// BenchmarkServe_start measures from the start of the process until it answers.
func BenchmarkServe_start(b *testing.B) {
	var took time.Duration
	for b.Loop() {
		d := startDaemon(b, b.TempDir()+"/data")
		took += d.took
	}
	b.ReportMetric(float64(took.Milliseconds())/float64(b.N), "ms-until-ready")
}
