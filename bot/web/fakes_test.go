package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/askbob/bob/bot/web"
	"github.com/askbob/bob/jobs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "a token of the test"

// book is a store of what the tests write into it. What it does not have panics.
type book struct {
	jobs.Store

	refusal error // of every command

	mu        sync.Mutex
	submitted []jobs.NewJob
	events    map[jobs.JobID][]jobs.Happening
	over      map[jobs.JobID]bool
	feed      jobs.Feed
}

func newBook() *book {
	return &book{events: map[jobs.JobID][]jobs.Happening{}, over: map[jobs.JobID]bool{}}
}

// happen adds n events to a job, the last of which ends it if final is true.
func (b *book) happen(id jobs.JobID, n int, final bool) {
	b.mu.Lock()
	for range n {
		b.events[id] = append(b.events[id], jobs.Happening{
			Seq: int64(3 * (len(b.events[id]) + 1)), Job: id, // other jobs have the numbers between
			Moves: json.RawMessage(`[{"n":1,"e":"claim","f":"queued","s":"running"}]`),
		})
	}
	b.over[id] = final
	b.mu.Unlock()
	b.feed.Publish(id)
}

func (b *book) Events(_ context.Context, id jobs.JobID, after int64, limit int) ([]jobs.Happening, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all, known := b.events[id]
	if !known {
		return nil, false, fmt.Errorf("job %s: %w", id, jobs.ErrNotFound)
	}
	for len(all) > 0 && all[0].Seq <= after {
		all = all[1:]
	}
	if len(all) > limit {
		return all[:limit], false, nil
	}
	return all, b.over[id], nil
}

func (b *book) Apply(_ context.Context, changes ...jobs.Change) ([]jobs.Outcome, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]jobs.Outcome, len(changes))
	for i, c := range changes {
		if s, ok := c.(jobs.Submit); ok {
			b.submitted = append(b.submitted, s.Job)
			out[i].Job = s.Job.ID
			continue
		}
		out[i].Err = b.refusal
	}
	return out, nil
}

func (b *book) Blob(context.Context, []byte) (string, error) { return "sum", nil }

func (b *book) Inspect(_ context.Context, name string, data []byte) (jobs.FileInfo, error) {
	if len(data) == 0 {
		return jobs.FileInfo{}, &jobs.UserError{Message: name + " is empty."}
	}
	return jobs.FileInfo{Name: name, Bytes: int64(len(data))}, nil
}

func (b *book) Report(_ context.Context, id jobs.JobID, whole bool) (*jobs.Report, error) {
	if id != "job_known" {
		return nil, fmt.Errorf("job %s: %w", id, jobs.ErrNotFound)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	root := &jobs.Node{ID: 7, Job: id, Type: jobs.TypeRootJob, Title: "a title", Status: jobs.StatusRunning, Created: now, Started: now}
	r := jobs.NewReport(root, now)
	if whole {
		child := jobs.NewNodeReport(&jobs.Node{ID: 8, Parent: 7, Path: "1", Status: jobs.StatusQueued, Created: now})
		r.Nodes = []jobs.NodeReport{jobs.NewNodeReport(root), child}
		r.Calls = []jobs.CallReport{{ID: 1, Status: jobs.CallOK, StartedAt: now}}
		r.Artifacts = []jobs.ArtifactReport{{Name: "page.html", Bytes: 4}}
	}
	return &r, nil
}

func (b *book) List(ctx context.Context, limit int) ([]jobs.Report, error) {
	r, err := b.Report(ctx, "job_known", false)
	return []jobs.Report{*r}[:min(limit, 1)], err
}

func (b *book) File(_ context.Context, _ jobs.JobID, name string) (jobs.Artifact, []byte, error) {
	if name != "a page.html" {
		return jobs.Artifact{}, nil, jobs.ErrNotFound
	}
	return jobs.Artifact{Name: name, MediaType: "text/html", SHA256: "abc"}, []byte("<script>"), nil
}

func (b *book) Tally(context.Context) (jobs.Tally, error) {
	return jobs.Tally{Jobs: map[jobs.Status]int64{jobs.StatusRunning: 2}, Cost: 1_500_000_000, Commits: 5}, nil
}

// config is that of a server over b.
func (b *book) config(tb testing.TB) web.Config {
	tb.Helper()
	service, err := jobs.NewService(jobs.ServiceConfig{Store: b, Inspector: b, Now: time.Now})
	if err != nil {
		tb.Fatal(err)
	}
	return web.Config{
		Service: service, Reader: b, Feed: &b.feed, Log: slog.New(slog.DiscardHandler), Token: token, Local: true,
		Ready: func() bool { return true }, Budget: 2_000_000_000,
	}
}

// serve starts a server, which ends with the test.
func serve(tb testing.TB, cfg web.Config) *httptest.Server {
	tb.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s, err := web.New(ctx, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	srv := httptest.NewServer(s)
	tb.Cleanup(srv.Close)
	tb.Cleanup(stop)
	return srv
}

// ask makes a request with the token. Fields of header are "Name: value".
func ask(t *testing.T, srv *httptest.Server, method, path, body string, header ...string) (status int, answer string, h http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	for _, field := range header {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Set(name, value)
		if name == "Host" {
			r.Host = value
		}
	}
	resp, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	return resp.StatusCode, string(data), resp.Header
}

// problem reads an answer that must be one.
func problem(t *testing.T, status int, answer string, h http.Header) web.Problem {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(answer)))
	d.DisallowUnknownFields()
	var p web.Problem
	if err := d.Decode(&p); err != nil || h.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s is no problem (%v): %.300s", h.Get("Content-Type"), err, answer)
	}
	if p.Status != status || p.Title != http.StatusText(status) {
		t.Errorf("the problem says %d %q, the answer %d", p.Status, p.Title, status)
	}
	return p
}
