package storage_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/askbob/bob/jobs"
)

// wide is a plan of n leaves below the root.
func wide(n int) jobs.Plan {
	p := jobs.Plan{Title: "wide"}
	for i := range n {
		p.Steps = append(p.Steps, jobs.Step{Key: string(rune('a' + i)), Type: jobs.TypeTask, Title: string(rune('a' + i)), Prompt: "x"})
	}
	return p
}

// TestStore_Events_are_all_there_is_in_order replays the events into the states of
// the nodes, page by page.
func TestStore_Events_are_all_there_is_in_order(t *testing.T) {
	t.Parallel()
	h := &hands{plans: map[string]jobs.Plan{"": wide(12)}, fail: map[string]bool{"c": true}}
	e := start(t, filepath.Join(t.TempDir(), "bob.db"), 3, h)
	defer func() {
		if err := e.stop(); err != nil {
			t.Error(err)
		}
	}()
	job := e.submit(t, -1)
	report := e.end(t, job)

	status := map[jobs.NodeID]jobs.Status{}
	var after int64
	for {
		list, over, err := e.store.Events(context.Background(), job, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) > 2 || len(list) == 0 && !over {
			t.Fatalf("%d events, over: %t", len(list), over)
		}
		for _, h := range list {
			if h.Seq <= after || h.Job != job || h.At.IsZero() {
				t.Errorf("event %+v after %d", h, after)
			}
			after = h.Seq
			moves, err := h.List()
			if err != nil {
				t.Error(err)
			}
			for _, m := range moves {
				if status[m.Node] != m.From {
					t.Errorf("%s of node %d comes from %q, it was %q", m.Event, m.Node, m.From, status[m.Node])
				}
				status[m.Node] = m.Status
			}
		}
		if over {
			break
		}
	}
	for _, n := range report.Nodes {
		if status[n.ID] != n.Status {
			t.Errorf("the events leave node %s %q, it is %q", n.Path, status[n.ID], n.Status)
		}
	}
	if list, over, err := e.store.Events(context.Background(), job, after, 2); len(list) != 0 || !over || err != nil {
		t.Errorf("after the last: %v, over: %t, %v", list, over, err)
	}
	if _, _, err := e.store.Events(context.Background(), "job_none", 0, 2); !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("unknown job: %v", err)
	}
}

func TestStore_Events_of_an_open_job_are_not_over(t *testing.T) {
	t.Parallel()
	e := startIdle(t, filepath.Join(t.TempDir(), "bob.db"), &hands{})
	job := e.submit(t, -1)
	list, over, err := e.store.Events(t.Context(), job, 0, 10)
	if err != nil || over || len(list) != 1 {
		t.Fatalf("%v, over: %t, %v", list, over, err)
	}
	if list, over, err = e.store.Events(t.Context(), job, list[0].Seq, 10); err != nil || over || len(list) != 0 {
		t.Errorf("%v, over: %t, %v", list, over, err)
	}
}

func TestStore_Tally_and_File_agree_with_the_report(t *testing.T) {
	t.Parallel()
	h := &hands{plans: map[string]jobs.Plan{"": wide(4)}, fail: map[string]bool{"c": true}, gate: make(chan struct{})}
	e := start(t, filepath.Join(t.TempDir(), "bob.db"), 4, h)
	defer func() {
		if err := e.stop(); err != nil {
			t.Error(err)
		}
	}()
	job := e.submit(t, -1)
	r := e.when(t, job, func(r *jobs.Report) bool { return len(r.Nodes) == 5 && r.Nodes[1].Status == jobs.StatusRunning })
	node := &jobs.Node{ID: r.Nodes[1].ID, Job: job, Epoch: 1}
	want, err := e.store.Files(node).Create(t.Context(), "a.csv", "text/csv", []byte("a\n1\n"))
	if err != nil {
		t.Fatal(err)
	}
	got, data, err := e.store.File(t.Context(), job, "a.csv")
	if err != nil || got != want || string(data) != "a\n1\n" {
		t.Errorf("got %+v %q %v, want %+v", got, data, err, want)
	}
	if _, _, err := e.store.File(t.Context(), job, "b.csv"); !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("unknown file: %v", err)
	}
	close(h.gate)
	r = e.end(t, job)
	tally, err := e.store.Tally(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if tally.Jobs[r.Status] != 1 || len(tally.Jobs) != 1 || tally.Leaves != r.Summary || tally.Commits == 0 {
		t.Errorf("got %+v, want one job %s of %+v", tally, r.Status, r.Summary)
	}
}
