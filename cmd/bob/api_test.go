package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/askbob/bob/bot/web"
	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/plan"
	"github.com/askbob/bob/jobs/run"
	"github.com/askbob/bob/jobs/tool"
	"github.com/askbob/bob/storage"
)

const apiToken = "the token of the test"

// puppets are a run.Hands: every plan is the same, and every leaf waits at the gate.
type puppets struct {
	steps []jobs.Step
	gate  chan struct{} // nil or closed: open
}

func (p *puppets) Plan(context.Context, *jobs.Node) (jobs.Plan, error) {
	return jobs.Plan{Title: "a plan", Steps: p.steps}, nil
}

func (p *puppets) Work(ctx context.Context, n *jobs.Node) (string, error) {
	if p.gate != nil {
		select {
		case <-p.gate:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	return "result of " + n.Path, nil
}

func (p *puppets) Combine(ctx context.Context, n *jobs.Node) (string, error) { return p.Gather(ctx, n) }

func (p *puppets) Gather(context.Context, *jobs.Node) (string, error) { return "all of it", nil }

func leaf(key string, on ...string) jobs.Step {
	return jobs.Step{Key: key, Type: jobs.TypeTask, Title: "step " + key, Prompt: "do " + key, DependsOn: on}
}

// api is the HTTP API over a real store and a real engine.
type api struct {
	url   string
	store *storage.Store
}

func startAPI(tb testing.TB, p *puppets, workers int) *api {
	tb.Helper()
	return startHands(tb, workers, func(*storage.Store) (run.Hands, error) { return p, nil })
}

func startHands(tb testing.TB, workers int, hands func(s *storage.Store) (run.Hands, error)) *api {
	tb.Helper()
	log, feed := slog.New(slog.DiscardHandler), &jobs.Feed{}
	local := storage.NewLocal(storage.LocalConfig{Workers: workers, Now: time.Now})
	store, err := storage.Open(tb.Context(), storage.Config{Path: filepath.Join(tb.TempDir(), "bob.db"), Log: log, Now: time.Now, Dispatcher: local, Feed: feed})
	if err != nil {
		tb.Fatal(err)
	}
	service, err := jobs.NewService(jobs.ServiceConfig{Store: store, Inspector: &tool.Inspector{}, Now: time.Now, CheckPlan: func(p jobs.Plan) error {
		return plan.Check(p, jobs.Limits{MaxDepth: 5, MaxChildren: 50, MaxNodes: 100}, nil)
	}})
	if err != nil {
		tb.Fatal(err)
	}
	p, err := hands(store)
	if err != nil {
		tb.Fatal(err)
	}
	work, err := run.New(run.Config{Store: store, Dispatcher: local, Hands: p, Log: log, Now: time.Now, Worker: "test"})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	storing, stopStore := context.WithCancel(context.Background())
	handler, err := web.New(ctx, web.Config{
		Service: service, Reader: store, Feed: feed, Log: log, Token: apiToken, Local: true, Ready: func() bool { return true }, Budget: -1,
	})
	if err != nil {
		tb.Fatal(err)
	}
	var g errgroup.Group
	g.Go(func() error { return store.Run(storing) })
	g.Go(func() error {
		defer stopStore()
		return work.Run(ctx)
	})
	srv := httptest.NewServer(handler)
	tb.Cleanup(func() {
		stop()
		srv.Close()
		if err := errors.Join(g.Wait(), store.Close()); err != nil {
			tb.Error(err)
		}
	})
	return &api{url: srv.URL, store: store}
}

// call makes a request and reads the JSON of the answer into out. It is an error if
// the status is another.
func (a *api) call(ctx context.Context, want int, method, path, body string, out any, header ...string) (err error) {
	r, err := http.NewRequestWithContext(ctx, method, a.url+"/api/v1/jobs"+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+apiToken)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != want {
		return fmt.Errorf("%s %s %s: %d, want %d: %s", method, path, body, resp.StatusCode, want, data)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}

// must is call, and the end of the test if it fails.
func (a *api) must(t *testing.T, want int, method, path, body string, out any) {
	t.Helper()
	if err := a.call(t.Context(), want, method, path, body, out); err != nil {
		t.Fatal(err)
	}
}

func (a *api) submit(t *testing.T, body string) string {
	t.Helper()
	var job web.Submitted
	a.must(t, http.StatusCreated, "POST", "", body, &job)
	return "/" + string(job.ID)
}

// until reads the job's report after each of its events until it is as ok wants it.
func (a *api) until(t *testing.T, job string, ok func(r *jobs.Report) bool) *jobs.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	knock := make(chan struct{}, 1)
	go func() {
		defer close(knock)
		_, _ = a.events(ctx, job, 0, 1<<30, func() { // its end is that of the job or of the test
			select {
			case knock <- struct{}{}:
			default:
			}
		})
	}()
	for {
		var r jobs.Report
		a.must(t, http.StatusOK, "GET", job, "", &r)
		if ok(&r) {
			return &r
		}
		if _, more := <-knock; !more && ctx.Err() != nil {
			t.Fatalf("the job stays %s (%s)", r.Status, r.Reason)
		}
	}
}

func is(s jobs.Status) func(r *jobs.Report) bool {
	return func(r *jobs.Report) bool { return r.Status == s }
}

// events reads a job's stream after that event until it ends or most were read.
func (a *api) events(ctx context.Context, job string, after int64, most int, each func()) (list []jobs.Happening, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+"/api/v1/jobs"+job+"/events", nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+apiToken)
	r.Header.Set("Last-Event-ID", fmt.Sprint(after))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 8<<20)
	for len(list) < most && lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var h jobs.Happening
		if err := json.Unmarshal([]byte(data), &h); err != nil {
			return list, err
		}
		list = append(list, h)
		each()
	}
	return list, lines.Err()
}

func TestAPI_runs_a_job_and_tells_every_event_once(t *testing.T) {
	t.Parallel()
	p := &puppets{gate: make(chan struct{})}
	for i := range 40 {
		p.steps = append(p.steps, leaf(fmt.Sprint(i)))
	}
	a := startAPI(t, p, 4)
	job := a.submit(t, `{"request": "do it"}`)
	go func() {
		for range p.steps {
			p.gate <- struct{}{}
		}
	}()
	// The connection breaks after every few events.
	var seen []jobs.Happening
	for final := false; !final; {
		var after int64
		if len(seen) > 0 {
			after = seen[len(seen)-1].Seq
		}
		list, err := a.events(t.Context(), job, after, 3, func() {})
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, list...)
		final = len(list) == 0
	}
	want, over, err := a.store.Events(t.Context(), jobs.JobID(job[1:]), 0, 10_000)
	if err != nil || !over {
		t.Fatal(err, over)
	}
	if !slices.EqualFunc(seen, want, func(a, b jobs.Happening) bool {
		return a.Seq == b.Seq && a.At.Equal(b.At) && bytes.Equal(a.Moves, b.Moves)
	}) {
		t.Errorf("%d events were told, %d happened, or they differ", len(seen), len(want))
	}
	r := a.until(t, job, is(jobs.StatusCompleted))
	if r.Result != "all of it" || r.Summary.Completed != 40 {
		t.Errorf("got %q, %+v", r.Result, r.Summary)
	}
	var light jobs.Report
	if a.must(t, http.StatusOK, "GET", job+"?nodes=false", "", &light); light.Nodes != nil || light.Summary != r.Summary {
		t.Errorf("the light report has %d nodes and %+v", len(light.Nodes), light.Summary)
	}
	var list struct{ Jobs []jobs.Report }
	if a.must(t, http.StatusOK, "GET", "?limit=1", "", &list); len(list.Jobs) != 1 || list.Jobs[0].ID != r.ID {
		t.Errorf("the list is %+v", list.Jobs)
	}
}

func TestAPI_the_same_key_is_the_same_job(t *testing.T) {
	t.Parallel()
	a := startAPI(t, &puppets{steps: []jobs.Step{leaf("1"), leaf("2")}}, 2)
	const clients = 16
	var mu sync.Mutex
	made := map[string]map[jobs.JobID]bool{}
	var g errgroup.Group
	for i := range clients {
		g.Go(func() error {
			key := fmt.Sprintf("key %d", i%2)
			var job web.Submitted
			err := a.call(t.Context(), http.StatusCreated, "POST", "", fmt.Sprintf(`{"request": "as client %d says"}`, i), &job, "Idempotency-Key", key)
			mu.Lock()
			defer mu.Unlock()
			if made[key] == nil {
				made[key] = map[jobs.JobID]bool{}
			}
			made[key][job.ID] = true
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for key, ids := range made {
		if len(ids) != 1 {
			t.Errorf("%s made the jobs %v, want one", key, ids)
		}
	}
	one, two := a.submit(t, `{"request": "x"}`), a.submit(t, `{"request": "x"}`)
	if one == two {
		t.Error("two submissions without a key are one job")
	}
}

func TestAPI_a_plan_is_edited_and_approved_by_its_newest_revision(t *testing.T) {
	t.Parallel()
	a := startAPI(t, &puppets{steps: []jobs.Step{leaf("1"), leaf("2"), leaf("3", "2")}}, 2)
	job := a.submit(t, `{"request": "do it", "ask": true}`)
	r := a.until(t, job, is(jobs.StatusAwaitingApproval))
	if r.PlanRevision != 1 {
		t.Fatalf("revision %d", r.PlanRevision)
	}
	a.must(t, http.StatusConflict, "POST", job+"/edit", `{"revision": 1, "edits": [{"op": "depends", "path": "2", "depends_on": ["3"]}]}`, nil) // a circle
	a.must(t, http.StatusConflict, "POST", job+"/edit", `{"revision": 1, "edits": [{"op": "drop", "path": "9"}]}`, nil)
	a.must(t, http.StatusOK, "POST", job+"/edit", `{"revision": 1, "edits": [{"op": "drop", "path": "1"}, {"op": "prompt", "path": "3", "prompt": "better"}]}`, r)
	if r.PlanRevision != 2 || r.Summary.Total != 2 {
		t.Errorf("revision %d with %d leaves, want 2 with 2", r.PlanRevision, r.Summary.Total)
	}
	a.must(t, http.StatusConflict, "POST", job+"/edit", `{"revision": 1, "edits": [{"op": "drop", "path": "1"}]}`, nil)
	a.must(t, http.StatusConflict, "POST", job+"/approve", `{"revision": 1}`, nil)
	a.must(t, http.StatusOK, "POST", job+"/approve", `{"revision": 2}`, nil)
	r = a.until(t, job, is(jobs.StatusCompleted))
	if r.Nodes[2].Prompt != "better" {
		t.Errorf("the prompt is %q", r.Nodes[2].Prompt)
	}
	a.must(t, http.StatusConflict, "POST", job+"/approve", `{"revision": 2}`, nil)
}

func TestAPI_every_verb_does_what_it_says(t *testing.T) {
	t.Parallel()
	p := &puppets{steps: []jobs.Step{leaf("1"), leaf("2"), leaf("3", "1")}, gate: make(chan struct{})}
	a := startAPI(t, p, 1)
	job := a.submit(t, `{"request": "do it", "budget": 1}`)
	a.until(t, job, func(r *jobs.Report) bool { return r.Summary.Running == 1 })

	var r jobs.Report
	a.must(t, http.StatusOK, "POST", job+"/priority", `{"priority": "urgent"}`, &r)
	if r.Priority != jobs.PriorityUrgent {
		t.Errorf("priority %s", r.Priority)
	}
	a.must(t, http.StatusOK, "POST", job+"/budget", `{"budget": "3.50"}`, &r)
	if r.Cost.Budget != jobs.Money(3_500_000_000).String() {
		t.Errorf("budget %s", r.Cost.Budget)
	}
	a.must(t, http.StatusOK, "POST", job+"/message", `{"text": "in German, please"}`, nil)
	a.must(t, http.StatusNotFound, "POST", job+"/skip", `{"path": "7"}`, nil)
	a.must(t, http.StatusOK, "POST", job+"/skip", `{"path": "2"}`, nil)
	a.must(t, http.StatusOK, "POST", job+"/pause", ``, &r)
	if r.Desired != jobs.DesiredPause {
		t.Errorf("desired %s", r.Desired)
	}
	p.gate <- struct{}{} // what runs ends first
	a.until(t, job, is(jobs.StatusPaused))
	a.must(t, http.StatusOK, "POST", job+"/resume", ``, nil)
	a.must(t, http.StatusOK, "POST", job+"/resume", ``, nil) // as harmless as once
	p.gate <- struct{}{}
	got := a.until(t, job, func(r *jobs.Report) bool { return r.Status.Final() })
	if got.Status != jobs.StatusPartial || got.Summary.Completed != 2 || got.Summary.Skipped != 1 {
		t.Errorf("%s, %+v", got.Status, got.Summary)
	}
	a.must(t, http.StatusConflict, "POST", job+"/pause", ``, nil)
	a.must(t, http.StatusOK, "POST", job+"/retry", `{"path": "2", "prompt": "again"}`, nil)
	p.gate <- struct{}{}
	a.until(t, job, is(jobs.StatusCompleted))
	a.must(t, http.StatusOK, "POST", job+"/rerun", ``, nil)
	a.until(t, job, func(r *jobs.Report) bool { return r.Summary.Running == 1 })
	a.must(t, http.StatusOK, "POST", job+"/cancel", ``, nil)
	a.until(t, job, is(jobs.StatusCancelled))
	a.must(t, http.StatusConflict, "POST", job+"/message", `{"text": "too late"}`, nil)
	for _, verb := range []string{"pause", "resume", "cancel", "retry", "rerun", "skip"} {
		a.must(t, http.StatusNotFound, "POST", "/job_none/"+verb, ``, nil)
	}
}

// Two clients that command the same job at the same time are both answered, and one
// of two contradicting commands is refused.
func TestAPI_two_clients_at_once(t *testing.T) {
	t.Parallel()
	p := &puppets{steps: []jobs.Step{leaf("1"), leaf("2")}, gate: make(chan struct{})}
	a := startAPI(t, p, 2)
	job := a.submit(t, `{"request": "do it", "ask": true}`)
	a.until(t, job, is(jobs.StatusAwaitingApproval))
	var g errgroup.Group
	answers := make(chan error, 2)
	for range 2 {
		g.Go(func() error {
			answers <- a.call(t.Context(), http.StatusOK, "POST", job+"/edit", `{"revision": 1, "edits": [{"op": "prompt", "path": "1", "prompt": "mine"}]}`, nil)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	first, second := <-answers, <-answers
	if (first == nil) == (second == nil) {
		t.Fatalf("of two edits of the same revision one must win: %v, %v", first, second)
	}
	if lost := errors.Join(first, second); !strings.Contains(lost.Error(), "409") || !strings.Contains(lost.Error(), "newest revision is 2") {
		t.Errorf("the loser is told %v", lost)
	}
	a.must(t, http.StatusOK, "POST", job+"/approve", `{"revision": 2}`, nil)
	close(p.gate)
	a.until(t, job, is(jobs.StatusCompleted))
}

// A submission whose answer gets lost is sent again, and is one job all the same.
func TestSubmit_whose_answer_is_lost_is_one_job(t *testing.T) {
	t.Parallel()
	a := startAPI(t, &puppets{steps: []jobs.Step{leaf("1")}}, 1)
	there, err := url.Parse(a.url)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(there) },
		ModifyResponse: func(*http.Response) error {
			if asked.Add(1) == 1 {
				panic(http.ErrAbortHandler) // the connection breaks
			}
			return nil
		},
	}
	between := httptest.NewServer(proxy)
	t.Cleanup(between.Close)
	var out, errs bytes.Buffer
	p := process{args: []string{"submit", "--server", between.URL, "x"}, stdout: &out, stderr: &errs, env: func(name string) (string, bool) {
		value, ok := map[string]string{"BOB_TOKEN": apiToken}[name]
		return value, ok
	}}
	if code := p.main(t.Context()); code != exitOK {
		t.Fatalf("exit status %d: %s", code, &errs)
	}
	var list struct{ Jobs []jobs.Report }
	a.must(t, http.StatusOK, "GET", "", "", &list)
	if len(list.Jobs) != 1 || string(list.Jobs[0].ID)+"\n" != out.String() || asked.Load() != 2 {
		t.Errorf("asked %d times, there are %d jobs, told %q", asked.Load(), len(list.Jobs), &out)
	}
}
