package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/plan"
	"github.com/askbob/bob/jobs/result"
	"github.com/askbob/bob/jobs/run"
	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/storage"
)

// surveyor is a model that cannot say beforehand how many regions there are, nor what
// is to be looked at in them: it finds out, and plans by that.
type surveyor struct {
	mu    sync.Mutex
	plans []string // prompts of plans, in order
	work  map[string]string
}

// node is a node of an answer.
func node(key, kind, prompt string, on ...string) map[string]any {
	expand := "now"
	if kind == "later" {
		kind, expand = "subplan", "later"
	}
	return map[string]any{
		"key": key, "parent": nil, "type": kind, "title": key, "description": "", "prompt": prompt, "depends_on": append([]string{}, on...), "tools": []string{},
		"optional": false, "on_failure": "", "estimate_seconds": 5, "expand": expand,
		"needs": map[string]any{"model": nil, "vision": false, "min_context": 0, "private_only": false, "max_price_cents": 0},
	}
}

func (s *surveyor) Generate(_ context.Context, r llm.Request) (llm.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	prompt := r.Messages[0].Text
	step, _ := llm.SectionOf(prompt, jobs.SectionStep)
	step = strings.TrimSpace(step)
	switch r.Purpose {
	case llm.PurposePlan:
		s.plans = append(s.plans, prompt)
		return s.plan(prompt, step)
	case llm.PurposeCombine:
		results, err := resultsIn(prompt)
		var texts []string
		for _, res := range results {
			texts = append(texts, res.Text)
		}
		return llm.Response{Text: "all of: " + strings.Join(texts, " + ")}, err
	case llm.PurposeTurn:
	}
	s.work[step] = prompt
	if step == "list the regions" {
		return llm.Response{Text: "north, south"}, nil
	}
	return llm.Response{Text: "seen by " + step}, nil
}

// plan plans as many steps as the results call for.
func (s *surveyor) plan(prompt, step string) (llm.Response, error) {
	nodes := []map[string]any{
		node("regions", "task", "list the regions"), node("survey", "later", "survey each region", "regions"), node("report", "api_call", "report", "survey"),
	}
	results, err := resultsIn(prompt)
	switch {
	case err != nil:
		return llm.Response{}, err
	case step == "survey each region":
		nodes = nil
		for region := range strings.SplitSeq(results[0].Text, ", ") {
			nodes = append(nodes, node(region, "task", "visit "+region), node("deeper "+region, "later", "look deeper into "+region, region))
		}
	case strings.HasPrefix(step, "look deeper"): // it turns out to be one step
		nodes = []map[string]any{node("only", "task", "follow up "+results[len(results)-1].Text)}
	}
	text, err := json.Marshal(map[string]any{"title": "Survey", "questions": []string{}, "nodes": nodes})
	return llm.Response{Text: string(text)}, err
}

func (s *surveyor) Stream(context.Context, llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) { yield(llm.Delta{}, errors.ErrUnsupported) }
}

func resultsIn(prompt string) ([]jobs.NodeResult, error) {
	text, there := llm.SectionOf(prompt, jobs.SectionResults)
	if !there {
		return nil, nil
	}
	var list []jobs.NodeResult
	return list, json.Unmarshal([]byte(text), &list)
}

// survey runs the surveyor's job to its end over a real store, planner and crew.
func survey(t *testing.T, s *surveyor, limits jobs.Limits) *jobs.Report {
	t.Helper()
	log, feed := slog.New(slog.DiscardHandler), &jobs.Feed{}
	local := storage.NewLocal(storage.LocalConfig{Workers: 3, Now: time.Now})
	store, err := storage.Open(t.Context(), storage.Config{Path: filepath.Join(t.TempDir(), "bob.db"), Log: log, Now: time.Now, Dispatcher: local, Feed: feed})
	if err != nil {
		t.Fatal(err)
	}
	planner, err := plan.New(plan.Config{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	crew, err := run.NewCrew(run.CrewConfig{
		Store: store, Models: only{single{s}}, Planner: planner, Combiner: result.NewCombiner(result.Config{Log: log}), Gather: result.Gather, Limits: limits,
	})
	if err != nil {
		t.Fatal(err)
	}
	work, err := run.New(run.Config{Store: store, Dispatcher: local, Hands: crew, Log: log, Now: time.Now, Worker: "test"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	storing, stopStore := context.WithCancel(context.WithoutCancel(ctx))
	var g errgroup.Group
	g.Go(func() error { return store.Run(storing) })
	g.Go(func() error {
		defer stopStore()
		return work.Run(ctx)
	})
	m := &mission{t: t}
	service, err := jobs.NewService(jobs.ServiceConfig{Store: store, Inspector: noFiles{}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Apply(ctx, jobs.Submit{Job: jobs.NewJob{
		ID: sendingJob, Title: "t", Request: "Survey every region", Priority: jobs.PriorityMedium, Budget: -1, Weight: time.Second,
	}})
	if err != nil {
		t.Fatal(err)
	}
	report := m.await(ctx, feed, service, final)
	stop()
	if err := errors.Join(g.Wait(), store.Close()); err != nil {
		t.Error(err)
	}
	return report
}

// only is single for those who ask without a book too.
type only struct{ single }

func (o only) Pick(w run.Want) (llm.Model, int, error) {
	if w.Book == nil {
		return o.single, 0, nil
	}
	return o.single.Pick(w)
}

type noFiles struct{}

func (noFiles) Inspect(context.Context, string, []byte) (jobs.FileInfo, error) {
	return jobs.FileInfo{}, errors.ErrUnsupported
}

func TestExpansion_isPlannedByWhatWasFoundOut(t *testing.T) {
	t.Parallel()
	s := &surveyor{work: map[string]string{}}
	r := survey(t, s, jobs.Limits{MaxDepth: 4, MaxChildren: 10, MaxNodes: 50})
	if r.Status != jobs.StatusCompleted {
		t.Fatalf("got %s: %s", r.Status, r.Error)
	}
	var tree []string
	for _, n := range r.Nodes {
		tree = append(tree, fmt.Sprintf("%s %s %s", n.Path, n.Title, n.Status))
	}
	want := []string{
		" Survey completed", "1 regions completed", "2 survey completed", "2.1 north completed", "2.2 deeper north completed",
		"2.3 south completed", "2.4 deeper south completed", "3 report completed",
	}
	if !slices.Equal(tree, want) {
		t.Errorf("the tree is\n%s\nwant\n%s", strings.Join(tree, "\n"), strings.Join(want, "\n"))
	}
	if len(s.plans) != 4 {
		t.Fatalf("planned %d times, want 4", len(s.plans))
	}
	// The planner of the part knows what was found, where it stands, and what is left.
	part := s.plans[1]
	results, err := resultsIn(part)
	if err != nil || len(results) != 1 || results[0].Text != "north, south" || results[0].Path != "1" {
		t.Errorf("the planner is told the results %+v, %v", results, err)
	}
	left, _ := llm.SectionOf(part, jobs.SectionLimits)
	if !strings.Contains(left, `"max_depth":3,"max_children":10,"max_nodes":46`) || !strings.Contains(part, "Survey > survey") {
		t.Errorf("the planner is told %s", part)
	}
	// What it planned got its own results, down to what was planned in it.
	if told := s.work["follow up seen by visit north"]; told == "" {
		t.Errorf("what was done: %v", s.work)
	}
	// And what waits for the part starts when all of it is done, with its result.
	results, err = resultsIn(s.work["report"])
	const all = "all of: seen by visit north + seen by follow up seen by visit north + seen by visit south + seen by follow up seen by visit south"
	if err != nil || len(results) != 1 || results[0].Text != all {
		t.Errorf("the report is told %+v, %v", results, err)
	}
}

// A part that would be planned deeper than there are levels left is told so, and done
// in one step at last.
func TestExpansion_endsWhereTheLimitsDo(t *testing.T) {
	t.Parallel()
	s := &surveyor{work: map[string]string{}}
	r := survey(t, s, jobs.Limits{MaxDepth: 2, MaxChildren: 10, MaxNodes: 50})
	if r.Status != jobs.StatusCompleted || len(r.Nodes) != 4 {
		t.Fatalf("got %s with %d nodes: %s", r.Status, len(r.Nodes), r.Error)
	}
	if len(s.plans) != 4 || s.work["survey each region"] == "" || s.work["visit north"] != "" {
		t.Errorf("planned %d times, done: %v", len(s.plans), s.work)
	}
}
