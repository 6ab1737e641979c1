package storage_test

import (
	"context"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// ledgerOf books some calls of two people over two days and leaves one of them lost
// and one under way.
func ledgerOf(t *testing.T) *till {
	t.Helper()
	c := &clock{now: time.Date(2026, 3, 31, 21, 50, 0, 0, time.UTC)}
	cfg := storage.Config{Path: filepath.Join(t.TempDir(), "bob.db"), Now: c.Now}
	k := newTill(t, cfg)
	ann := k.submit(jobs.NewJob{ID: "job_ann", User: "ann", Workspace: "w", Channel: "c", Budget: -1})
	k.reserve(ann, 100) // is lost
	if err := k.stop(); err != nil {
		t.Fatal(err)
	}
	k = newTill(t, cfg)
	ann = k.claim("job_ann", "")
	bea := k.submit(jobs.NewJob{ID: "job_bea", User: "bea", Workspace: "w", Budget: -1})
	paid := jobs.Settle{Call: k.reserve(ann, 50).Call, Status: jobs.CallOK, Cost: jobs.Cost{Amount: 7, Known: true}, Provider: "p", Model: "large"}
	paid.Usage.UncachedIn, paid.Usage.Out = 10, 20
	k.must(paid)
	c.set(c.Now().Add(20 * time.Minute)) // 22:10 UTC: the next day in Berlin
	k.settle(k.reserve(bea, 50).Call, 9)
	c.set(c.Now().Add(24 * time.Hour))
	k.must(jobs.Settle{Call: k.reserve(bea, 30).Call, Status: jobs.CallError, Provider: "p", Model: "m"}) // nobody knows the cost
	k.reserve(bea, 40)                                                                                    // is under way
	return k
}

func TestStore_Costs_addsUpByEveryGroup(t *testing.T) {
	t.Parallel()
	k := ledgerOf(t)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	tokens := jobs.Tokens{Input: 10, Output: 20}
	tests := map[string]struct {
		query jobs.CostQuery
		want  []jobs.CostLine
	}{
		"day": {jobs.CostQuery{By: jobs.CostByDay}, []jobs.CostLine{
			{Key: "2026-04-01", Settled: 30, Reserved: 40, Calls: 2, Unpriced: 1},
			{Key: "2026-03-31", Settled: 16, Lost: 100, Tokens: tokens, Calls: 3},
		}},
		"day in Berlin": {jobs.CostQuery{By: jobs.CostByDay, Zone: berlin}, []jobs.CostLine{
			{Key: "2026-04-02", Settled: 30, Reserved: 40, Calls: 2, Unpriced: 1},
			{Key: "2026-04-01", Settled: 9, Calls: 1},
			{Key: "2026-03-31", Settled: 7, Lost: 100, Tokens: tokens, Calls: 2},
		}},
		"user": {jobs.CostQuery{By: jobs.CostByUser}, []jobs.CostLine{
			{Key: "ann", Settled: 7, Lost: 100, Tokens: tokens, Calls: 2},
			{Key: "bea", Settled: 39, Reserved: 40, Calls: 3, Unpriced: 1},
		}},
		"channel": {jobs.CostQuery{By: jobs.CostByChannel}, []jobs.CostLine{
			{Key: "w", Settled: 39, Reserved: 40, Calls: 3, Unpriced: 1},
			{Key: "w/c", Settled: 7, Lost: 100, Tokens: tokens, Calls: 2},
		}},
		"model": {jobs.CostQuery{By: jobs.CostByModel}, []jobs.CostLine{
			{Key: "p/large", Settled: 7, Tokens: tokens, Calls: 1},
			{Key: "p/m", Settled: 39, Lost: 100, Reserved: 40, Calls: 4, Unpriced: 1},
		}},
		"job": {jobs.CostQuery{By: jobs.CostByJob}, []jobs.CostLine{
			{Key: "job_bea", Title: "job_bea", Settled: 39, Reserved: 40, Calls: 3, Unpriced: 1},
			{Key: "job_ann", Title: "job_ann", Settled: 7, Lost: 100, Tokens: tokens, Calls: 2},
		}},
		"since": {jobs.CostQuery{By: jobs.CostByModel, Since: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}, []jobs.CostLine{
			{Key: "p/m", Settled: 30, Reserved: 40, Calls: 2, Unpriced: 1},
		}},
		"until": {jobs.CostQuery{By: jobs.CostByUser, Until: time.Date(2026, 3, 31, 22, 0, 0, 0, time.UTC)}, []jobs.CostLine{
			{Key: "ann", Settled: 7, Lost: 100, Tokens: tokens, Calls: 2},
		}},
		"one person": {jobs.CostQuery{By: jobs.CostByModel, Workspace: "w", User: "bea"}, []jobs.CostLine{
			{Key: "p/m", Settled: 39, Reserved: 40, Calls: 3, Unpriced: 1},
		}},
		"another workspace": {jobs.CostQuery{By: jobs.CostByDay, Workspace: "v"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := k.store.Costs(t.Context(), tt.query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStore_Costs_agreesWithTheReports(t *testing.T) {
	t.Parallel()
	k := ledgerOf(t)
	var spent, reserved jobs.Money
	list, err := k.store.List(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		usd, _ := jobs.ParseMoney(r.Cost.USD)
		held, _ := jobs.ParseMoney(r.Cost.Reserved)
		spent, reserved = spent+usd, reserved+held
	}
	for _, by := range jobs.CostGroups() {
		lines, err := k.store.Costs(t.Context(), jobs.CostQuery{By: by})
		if err != nil {
			t.Fatal(err)
		}
		var total jobs.CostLine
		for i := range lines {
			total.Add(&lines[i])
		}
		if total.Spent() != spent || total.Reserved != reserved || total.Calls != 5 {
			t.Errorf("by %s: %+v; the reports have %s spent and %s reserved", by, total, spent, reserved)
		}
	}
}

func TestStore_Samples_takesTheAttemptsOfAPhaseTogether(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	k := newTill(t, storage.Config{Now: c.Now})
	pass := func(d time.Duration) { c.set(c.Now().Add(d)) }
	root := k.submit(jobs.NewJob{ID: "job_1", Budget: -1})
	k.settle(k.reserve(root, 50).Call, 1)
	pass(time.Second)
	k.must(jobs.Expand{Fence: root.Fence(), Plan: twoBranches()})
	leaf := k.claim("job_1", "1.1")
	k.settle(k.reserve(leaf, 50).Call, 2)
	pass(2 * time.Second)
	k.must(jobs.Retry{Fence: leaf.Fence(), Reason: jobs.ReasonRetryAt})
	leaf = k.claim("job_1", "1.1")
	k.settle(k.reserve(leaf, 50).Call, 3)
	k.settle(k.reserve(leaf, 50).Call, 4)
	pass(3 * time.Second)
	k.finish(leaf, jobs.StatusCompleted)
	open := k.claim("job_1", "1.2")
	k.settle(k.reserve(open, 50).Call, 99) // is not finished

	got, err := k.store.Samples(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	want := []jobs.Sample{
		{Kind: jobs.Kind{Type: jobs.TypeTask, Phase: jobs.PhaseWork, Model: "p/m"}, Cost: 9, Priced: true, Took: 5 * time.Second},
		{Kind: jobs.Kind{Type: jobs.TypeRootJob, Phase: jobs.PhasePlan, Model: "p/m"}, Cost: 1, Priced: true, Took: time.Second},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestStore_Expand_asksAsThePolicySays(t *testing.T) {
	t.Parallel()
	cheap := &jobs.Forecast{CostLow: 1, CostHigh: 90, TimeHigh: time.Minute, Steps: 4}
	tests := map[string]struct {
		approval jobs.Approval
		forecast *jobs.Forecast
		asks     bool
	}{
		"never":                    {jobs.Approval{Mode: jobs.ApproveNever}, nil, false},
		"nothing said":             {jobs.Approval{}, nil, false},
		"always":                   {jobs.Approval{Mode: jobs.ApproveAlways}, cheap, true},
		"below the amount":         {jobs.Approval{Mode: jobs.ApproveOver, Over: 100}, cheap, false},
		"planning makes it dearer": {jobs.Approval{Mode: jobs.ApproveOver, Over: 99}, cheap, true},
		"nobody can say":           {jobs.Approval{Mode: jobs.ApproveOver, Over: 100}, nil, true},
		"no price is known":        {jobs.Approval{Mode: jobs.ApproveOver, Over: 100}, &jobs.Forecast{Steps: 4, Unpriced: 1}, true},
	}
	plans := map[string]func(root *jobs.Node, f *jobs.Forecast) jobs.Change{
		"a tree": func(root *jobs.Node, f *jobs.Forecast) jobs.Change {
			return jobs.Expand{Fence: root.Fence(), Plan: twoBranches(), Forecast: f}
		},
		"one step": func(root *jobs.Node, f *jobs.Forecast) jobs.Change {
			return jobs.Become{Fence: root.Fence(), Step: jobs.Step{Key: "1", Type: jobs.TypeTask, Prompt: "x"}, Forecast: f}
		},
	}
	for name, tt := range tests {
		for shape, plan := range plans {
			t.Run(name+", "+shape, func(t *testing.T) {
				t.Parallel()
				c := &clock{now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
				k := newTill(t, storage.Config{Now: c.Now})
				root := k.submit(jobs.NewJob{ID: "job_1", Budget: -1, Approval: tt.approval})
				k.settle(k.reserve(root, 50).Call, 10)
				c.set(c.Now().Add(time.Second))
				k.must(plan(root, tt.forecast))
				r := k.report("job_1")
				if got := r.Status == jobs.StatusAwaitingApproval; got != tt.asks {
					t.Fatalf("got %s, asks: want %t", r.Status, tt.asks)
				}
				checkForecast(t, r, tt.forecast)
				if tt.asks {
					k.must(jobs.Approve{Job: "job_1", Revision: r.PlanRevision})
				}
				path := ""
				if shape == "a tree" {
					path = "1.1"
				}
				k.claim("job_1", path) // it runs
			})
		}
	}
}

// checkForecast checks that what was spent and took before is in it.
func checkForecast(t *testing.T, r *jobs.Report, f *jobs.Forecast) {
	t.Helper()
	var want *jobs.ForecastReport
	if f != nil {
		want = f.Plus(10, time.Second).Report()
	}
	if diff := cmp.Diff(want, r.Forecast); diff != "" {
		t.Error(diff)
	}
}

// TestOpenReader_upgradesADatabaseOfAnOlderBob opens one as the first version left
// it, with a job that waited for approval and a call.
func TestOpenReader_upgradesADatabaseOfAnOlderBob(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bob.db")
	first, err := os.ReadFile("migration/sqlite/0001_jobs.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(first), `
		INSERT INTO jobs (id, root_id, request, user_name, model, ask, timeout_ms, created_at) VALUES ('job_1', 1, 'r', '', '', 1, 0, 1);
		INSERT INTO nodes (id, job_id, parent_id, path, depth, ord, type, title, description, prompt, priority, needs, tools, optional, on_failure,
			estimate_ms, status, phase, ready, revision, created_at, open_deps, l_total, weight)
		VALUES (1, 'job_1', 0, '', 0, 1, 'root_job', 't', '', '', 'medium', '', '', 0, '', 0, 'planning', 'plan', 1, 0, 1, 0, 1, 1);
		INSERT INTO purses VALUES ('job:job_1', 100, 7, 0);
		INSERT INTO calls (job_id, node_id, epoch, purpose, provider, model, status, key, reserved, cost, priced, started_at)
		VALUES ('job_1', 1, 0, 'plan', 'p', 'm', 'ok', '', 9, 7, 1, 1);
		PRAGMA user_version = 1;`} {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := storage.OpenReader(t.Context(), storage.Config{Path: path, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	lines, err := s.Costs(context.Background(), jobs.CostQuery{By: jobs.CostByJob})
	if err != nil || len(lines) != 1 || lines[0].Settled != 7 {
		t.Errorf("got %+v %v, want the old call", lines, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	k := newTill(t, storage.Config{Path: path})
	k.must(jobs.Expand{Fence: k.claim("job_1", "").Fence(), Plan: twoBranches()})
	if r := k.report("job_1"); r.Status != jobs.StatusAwaitingApproval || r.Cost.USD != "0.000000007" {
		t.Errorf("got %s, %s; want the plan to wait for approval, and 7 spent", r.Status, r.Cost.USD)
	}
}
