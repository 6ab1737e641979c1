package storage_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/tool"
	"github.com/askbob/bob/storage"
)

// opened is a store without a runner, at a time of the test's choice.
type opened struct {
	*storage.Store

	t     *testing.T
	path  string
	close func()
}

func openAt(t *testing.T, path string, now time.Time) *opened {
	t.Helper()
	s, err := storage.Open(t.Context(), storage.Config{Path: path, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var g errgroup.Group
	g.Go(func() error { return s.Run(ctx) })
	o := &opened{Store: s, t: t, path: path, close: sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(g.Wait(), s.Close()); err != nil {
			t.Error(err)
		}
	})}
	t.Cleanup(o.close)
	return o
}

// apply makes a change that must be granted.
func (o *opened) apply(c jobs.Change) jobs.Outcome {
	o.t.Helper()
	out, err := o.Apply(o.t.Context(), c)
	if err != nil || out[0].Err != nil {
		o.t.Fatalf("%T: %v %v", c, err, out)
	}
	return out[0]
}

// claim takes the node at path.
func (o *opened) claim(job jobs.JobID, path string) *jobs.Node {
	o.t.Helper()
	ready, err := o.Ready(o.t.Context(), job, 0, 100)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, r := range ready {
		if r.Known.Path == path {
			return o.apply(jobs.Claim{Fence: r.Fence, Worker: "test", Known: r.Known}).Node
		}
	}
	o.t.Fatalf("node %q is not ready", path)
	return nil
}

// planned submits a job of three steps, each on the one before.
func (o *opened) planned() jobs.JobID {
	o.t.Helper()
	job := o.apply(jobs.Submit{Job: jobs.NewJob{ID: "job_00000001", Title: "test", Request: "do it", Priority: jobs.PriorityMedium, Budget: -1, Weight: time.Second}}).Job
	step := func(key string, on ...string) jobs.Step {
		return jobs.Step{Key: key, Type: jobs.TypeTask, Title: "step " + key, Prompt: key, DependsOn: on}
	}
	root := o.claim(job, "")
	o.apply(jobs.Expand{Fence: root.Fence(), Plan: jobs.Plan{Title: "test", Steps: []jobs.Step{step("1"), step("2", "1"), step("3", "2")}}})
	return job
}

// blobs counts the blobs of a closed database.
func blobs(t *testing.T, path string) int {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM blobs").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

var longText = "It begins. " + strings.Repeat("Ein länger Text über 12.345 Dinge.\n", 1000) + "It ends."

func start1970() time.Time { return time.Unix(1_000_000, 0) }

func TestStore_Finish_keepsALongResultWholeBesideTheRow(t *testing.T) {
	t.Parallel()
	o := openAt(t, filepath.Join(t.TempDir(), "bob.db"), start1970())
	job := o.planned()
	o.apply(jobs.Finish{Node: o.claim(job, "1"), Status: jobs.StatusCompleted, Result: longText})
	two := o.claim(job, "2")
	b, err := o.Brief(t.Context(), two)
	if err != nil || len(b.Results) != 1 || b.Results[0].Text != longText {
		t.Errorf("the dependant is told %d results, not the whole one: %v", len(b.Results), err)
	}
	o.apply(jobs.Finish{Node: two, Status: jobs.StatusCompleted, Result: "short"})
	o.apply(jobs.Finish{Node: o.claim(job, "3"), Status: jobs.StatusCompleted, Result: longText})
	o.apply(jobs.Finish{Node: o.claim(job, ""), Status: jobs.StatusCompleted, Result: longText + "!"})
	r, err := o.Report(t.Context(), job, true)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range r.Nodes {
		got = append(got, n.Result)
	}
	if diff := cmp.Diff([]string{longText + "!", longText, "short", longText}, got); diff != "" || r.Result != longText+"!" {
		t.Errorf("the report's results (-want +got):\n%s", diff)
	}
	fast, err := o.Report(t.Context(), job, false)
	if err != nil || len(fast.Result) > 8<<10 || !strings.HasPrefix(fast.Result, "It begins.") || !strings.Contains(fast.Result, "the whole is in the job's full results") {
		t.Errorf("the fast report has %d bytes of the result: %.200q, %v", len(fast.Result), fast.Result, err)
	}
	o.close()
	if n := blobs(t, o.path); n != 2 {
		t.Errorf("there are %d blobs, want one for each text", n)
	}
}

func TestStore_Finish_afterACrashBetweenBlobAndFinish(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]time.Duration{"restarted at once": time.Second, "swept before": 2 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "bob.db")
			o := openAt(t, path, start1970())
			job := o.planned()
			o.claim(job, "1")
			if _, err := o.Blob(t.Context(), []byte(longText)); err != nil {
				t.Fatal(err)
			}
			o.close() // here the process ends: the blob is there, the finish is not

			o = openAt(t, path, start1970().Add(later))
			o.apply(jobs.Finish{Node: o.claim(job, "1"), Status: jobs.StatusCompleted, Result: longText})
			o.close()
			o = openAt(t, path, start1970().Add(later+24*time.Hour)) // sweeps
			b, err := o.Brief(t.Context(), o.claim(job, "2"))
			if err != nil || b.Results[0].Text != longText {
				t.Errorf("the result is not whole: %v", err)
			}
			o.close()
			if n := blobs(t, path); n != 1 {
				t.Errorf("there are %d blobs, want one", n)
			}
		})
	}
}

func TestOpen_sweepsOldBlobsThatNothingNames(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bob.db")
	o := openAt(t, path, start1970())
	sum, err := o.Blob(t.Context(), []byte("attached"))
	if err != nil {
		t.Fatal(err)
	}
	job := o.apply(jobs.Submit{Job: jobs.NewJob{ID: "job_00000001", Request: "x", Priority: jobs.PriorityLow, Files: []jobs.FileInfo{{Name: "a.txt", SHA256: sum}}}}).Job
	made, err := o.Files(o.claim(job, "")).Create(t.Context(), "b.txt", "text/plain", []byte("made"))
	if err != nil || made.Name != "b.txt" {
		t.Fatalf("%v %v", made, err)
	}
	if _, err := o.Blob(t.Context(), []byte("nobody names it")); err != nil {
		t.Fatal(err)
	}
	o.close()
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{time.Minute, 3}, {2 * time.Hour, 2}, {48 * time.Hour, 2}} {
		openAt(t, path, start1970().Add(tt.after)).close()
		if n := blobs(t, path); n != tt.want {
			t.Errorf("after %s there are %d blobs, want %d", tt.after, n, tt.want)
		}
	}
}

func TestStore_Files_offersResultsToThoseWhoBuildOnThem(t *testing.T) {
	t.Parallel()
	o := openAt(t, filepath.Join(t.TempDir(), "bob.db"), start1970())
	job := o.planned()
	one := o.claim(job, "1")
	if list, err := o.Files(one).List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("the first step has the files %v, %v; want none", list, err)
	}
	o.apply(jobs.Finish{Node: one, Status: jobs.StatusCompleted, Result: longText})
	o.apply(jobs.Finish{Node: o.claim(job, "2"), Status: jobs.StatusCompleted, Result: "see results/1.md"})
	files := o.Files(o.claim(job, "3"))
	got, err := files.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []jobs.FileInfo{
		{Name: "results/2.md", MediaType: "text/markdown", Kind: "text", Bytes: 16},
		{Name: "results/1.md", MediaType: "text/markdown", Kind: "text", Bytes: int64(len(longText))},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for name, text := range map[string]string{"results/1.md": longText, "results/2.md": "see results/1.md"} {
		if data, err := files.Read(t.Context(), name); err != nil || string(data) != text {
			t.Errorf("%s has %d bytes, %v", name, len(data), err)
		}
	}
	for _, name := range []string{"results/3.md", "results/.md", "results/9.md"} {
		if _, err := files.Read(t.Context(), name); !errors.Is(err, jobs.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
	data := tool.NewData(tool.DataConfig{Now: start1970})
	defer func() { _ = data.Close() }()
	page, err := data.Tools()[0].Call(t.Context(), files, []byte(`{"action":"read","name":"results/1.md","offset":20000,"limit":100}`))
	if err != nil || !strings.Contains(page.Text, "Ein länger Text") {
		t.Errorf("the tool reads %q, %v", page.Text, err)
	}
}

func TestStore_Summarise_keepsTheFirstSummaryUntilTheResultIsAnother(t *testing.T) {
	t.Parallel()
	o := openAt(t, filepath.Join(t.TempDir(), "bob.db"), start1970())
	job := o.planned()
	one := o.claim(job, "1")
	o.apply(jobs.Finish{Node: one, Status: jobs.StatusCompleted, Result: longText})
	two := o.claim(job, "2")
	for _, text := range []string{"first", "second"} {
		o.apply(jobs.Summarise{Fence: two.Fence(), Of: one.ID, Text: text})
	}
	if b, err := o.Brief(t.Context(), two); err != nil || b.Results[0].Summary != "first" {
		t.Errorf("the summary is %q, %v; want the first", b.Results[0].Summary, err)
	}
	o.apply(jobs.Finish{Node: two, Status: jobs.StatusCompleted, Result: "x"})
	out, err := o.Apply(t.Context(), jobs.Summarise{Fence: two.Fence(), Of: one.ID, Text: "late"})
	if err != nil || !errors.Is(out[0].Err, jobs.ErrStale) {
		t.Errorf("a summary of a node that moved on: %v %v, want ErrStale", out, err)
	}
}
