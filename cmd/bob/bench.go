package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/run"
	"github.com/askbob/bob/storage"
)

// benchOptions say what `bob bench` measures.
type benchOptions struct {
	json    bool
	nodes   int
	fanout  int
	workers int
	leaf    time.Duration
	submits int // 0: no submits are measured
}

// benchResult is what `bob bench --json` prints. Times are milliseconds.
type benchResult struct {
	Nodes       int     `json:"nodes"`
	Fanout      int     `json:"fanout"`
	Workers     int     `json:"workers"`
	LeafMS      float64 `json:"leaf_ms"`
	Seconds     float64 `json:"seconds"`
	NodesPerSec float64 `json:"nodes_per_second"`
	IdealRatio  float64 `json:"times_ideal,omitempty"` // of leaves that take time

	Commits     int64   `json:"commits"`
	Changes     int64   `json:"changes"`
	MeanBatch   float64 `json:"mean_batch"`
	Rows        int64   `json:"rows_written"`
	RawRate     float64 `json:"raw_grouped_updates_per_second"`
	ShareOfRaw  float64 `json:"share_of_raw"`
	StatusMS    float64 `json:"status_ms"`
	RestartMS   float64 `json:"restart_ms"`
	RestartOpen int     `json:"restart_open_nodes"`

	SubmitRate float64 `json:"submits_per_second"`
	SubmitP50  float64 `json:"submit_p50_ms"`
	SubmitP99  float64 `json:"submit_p99_ms"`
	StartP50   float64 `json:"start_p50_ms"` // submit to a worker's claim
	StartP99   float64 `json:"start_p99_ms"`

	PeakRSSMiB float64 `json:"peak_rss_mib"` // up to the end of the tree
}

// bench measures the engine on a temporary database: durable writes on, and the
// raw grouped commit rate of the same store in the same run.
func bench(ctx context.Context, o benchOptions, stdout io.Writer) error {
	dir, err := os.MkdirTemp("", "bob-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	res := benchResult{Nodes: o.nodes, Fanout: o.fanout, Workers: o.workers, LeafMS: float64(o.leaf.Microseconds()) / 1000}
	for _, step := range []func(context.Context, string, benchOptions, *benchResult) error{
		benchTree, benchRaw, benchRestart, benchSubmit,
	} {
		if err := step(ctx, dir, o, &res); err != nil {
			return err
		}
	}
	return res.print(o.json, stdout)
}

// engine is a store, a dispatcher and a runner at work.
type engine struct {
	store *storage.Store
	hands *benchHands
	feed  *jobs.Feed
	group *errgroup.Group
	over  <-chan struct{}    // closed when the runner has returned
	stop  context.CancelFunc // of the runner, then of the store
}

func startEngine(ctx context.Context, path string, o benchOptions, hands *benchHands) (*engine, error) {
	feed := &jobs.Feed{}
	local := storage.NewLocal(storage.LocalConfig{Workers: o.workers, Now: time.Now})
	log := slog.New(slog.DiscardHandler)
	store, err := storage.Open(ctx, storage.Config{Path: path, Log: log, Now: time.Now, Dispatcher: local, Feed: feed})
	if err != nil {
		return nil, err
	}
	runner, err := run.New(run.Config{Store: store, Dispatcher: local, Hands: hands, Log: log, Now: time.Now, Worker: "bench"})
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	storeCtx, stopStore := context.WithCancel(context.WithoutCancel(ctx))
	runCtx, stop := context.WithCancel(ctx)
	g := &errgroup.Group{}
	over := make(chan struct{})
	g.Go(func() error { return store.Run(storeCtx) })
	g.Go(func() error {
		defer stopStore()
		defer close(over)
		return runner.Run(runCtx)
	})
	return &engine{store: store, hands: hands, feed: feed, group: g, over: over, stop: stop}, nil
}

func (e *engine) close() error {
	e.stop()
	return errors.Join(e.group.Wait(), e.store.Close())
}

// until waits for a job's end.
func (e *engine) until(ctx context.Context, job jobs.JobID) (*jobs.Report, error) {
	knock, stop := e.feed.Subscribe(job)
	defer stop()
	for {
		// A report per knock would measure the reports.
		if _, near := e.hands.combined.Load(job); near || e.hands.oneLeaf {
			r, err := e.store.Report(ctx, job, false)
			if err != nil || r.Status.Final() {
				return r, err
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-e.over:
			return nil, errors.New("the engine stopped before the tree was done")
		case <-knock:
		case <-time.After(time.Second):
		}
	}
}

// benchHands plan a tree level by level and do nothing in its leaves.
type benchHands struct {
	fanout   int
	nodes    int // of one job
	leaf     time.Duration
	started  sync.Map // job -> time of its first claim
	combined sync.Map // jobs whose root was combined
	oneLeaf  bool
}

// Plan gives a node its children: leaves where the tree has its size.
func (h *benchHands) Plan(_ context.Context, n *jobs.Node) (jobs.Plan, error) {
	h.started.LoadOrStore(n.Job, time.Now())
	if h.oneLeaf {
		return jobs.Plan{Steps: []jobs.Step{{Key: "1", Type: jobs.TypeTask, Title: "leaf", Prompt: "leaf"}}}, nil
	}
	p := jobs.Plan{Title: "bench"}
	for i := range h.children(n.Depth) {
		s := jobs.Step{Key: strconv.Itoa(i + 1), Type: jobs.TypeTask, Title: "leaf", Prompt: "leaf"}
		if h.below(n.Depth+1) > 1 {
			s.Type, s.Title, s.Later = jobs.TypeSubplan, "branch", true
		}
		p.Steps = append(p.Steps, s)
	}
	return p, nil
}

// children is the fan-out of a node at depth; a flat tree has all leaves below its
// root.
func (h *benchHands) children(depth int) int {
	if h.fanout == 0 && depth == 0 {
		return h.nodes - 1
	}
	return h.fanout
}

// below is the size of a subtree at depth.
func (h *benchHands) below(depth int) int {
	if h.fanout == 0 {
		return 1
	}
	size := h.nodes
	for range depth {
		size = (size - 1) / h.fanout
	}
	return size
}

func (h *benchHands) Work(ctx context.Context, n *jobs.Node) (string, error) {
	h.started.LoadOrStore(n.Job, time.Now())
	if h.leaf == 0 {
		return "", nil
	}
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-time.After(h.leaf):
	}
	return "", nil
}

// Combine tells when it is the root's turn: the job is all but over.
func (h *benchHands) Combine(_ context.Context, n *jobs.Node) (string, error) {
	if n.Parent == 0 {
		h.combined.Store(n.Job, true)
	}
	return "", nil
}

func (h *benchHands) Gather(context.Context, *jobs.Node) (string, error) { return "", nil }

func submitBench(ctx context.Context, s *storage.Store, id int) (jobs.JobID, error) {
	out, err := s.Apply(ctx, jobs.Submit{Job: jobs.NewJob{
		ID: jobs.JobID(fmt.Sprintf("job_%08d", id)), Title: "bench", Request: "bench",
		Priority: jobs.PriorityMedium, Budget: -1, Weight: time.Second,
	}})
	if err != nil {
		return "", err
	}
	return out[0].Job, out[0].Err
}

// benchTree runs the whole tree.
func benchTree(ctx context.Context, dir string, o benchOptions, res *benchResult) (err error) {
	hands := &benchHands{fanout: o.fanout, nodes: o.nodes, leaf: o.leaf}
	e, err := startEngine(ctx, filepath.Join(dir, "tree.db"), o, hands)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	start := time.Now()
	job, err := submitBench(ctx, e.store, 1)
	if err != nil {
		return err
	}
	r, err := e.until(ctx, job)
	if err != nil {
		return err
	}
	took := time.Since(start)
	if r.Status != jobs.StatusCompleted {
		return fmt.Errorf("the tree ended as %s (%s)", r.Status, r.Reason)
	}
	size, err := e.store.Size(ctx, job)
	if err != nil {
		return err
	}
	stats := e.store.Stats()
	res.Nodes, res.Seconds = size, took.Seconds()
	res.NodesPerSec = float64(size) / took.Seconds()
	res.Commits, res.Changes, res.Rows = stats.Commits, stats.Changes, stats.Rows
	res.MeanBatch = float64(stats.Changes) / float64(stats.Commits)
	if o.leaf > 0 {
		ideal := o.leaf * time.Duration((r.Summary.Total+o.workers-1)/o.workers)
		res.IdealRatio = took.Seconds() / ideal.Seconds()
	}
	res.PeakRSSMiB = peakRSS() // the later measurements are no part of the tree
	res.StatusMS, err = benchStatus(ctx, e.store, job)
	return err
}

// benchStatus is the median time of a status report.
func benchStatus(ctx context.Context, s *storage.Store, job jobs.JobID) (float64, error) {
	var times []time.Duration
	for range 51 {
		start := time.Now()
		if _, err := s.Report(ctx, job, false); err != nil {
			return 0, err
		}
		times = append(times, time.Since(start))
	}
	return quantile(times, 0.5), nil
}

// benchRaw measures what the store could do at most: guarded updates of the same
// table, with its indexes, as many to a commit as the tree wrote rows.
func benchRaw(ctx context.Context, dir string, _ benchOptions, res *benchResult) error {
	perBatch := max(1, int(float64(res.Rows)/float64(res.Commits)))
	rate, err := storage.RawRate(ctx, filepath.Join(dir, "tree.db"), perBatch, 2*time.Second)
	if err != nil {
		return err
	}
	res.RawRate = rate
	res.ShareOfRaw = res.NodesPerSec / rate
	return nil
}

// benchRestart measures how long a process takes from opening a database with many
// open nodes to the first claim.
func benchRestart(ctx context.Context, dir string, o benchOptions, res *benchResult) error {
	path := filepath.Join(dir, "restart.db")
	o.workers = 8
	hands := &benchHands{nodes: o.nodes, leaf: time.Hour}
	e, err := startEngine(ctx, path, o, hands)
	if err != nil {
		return err
	}
	job, err := submitBench(ctx, e.store, 1)
	if err != nil {
		return errors.Join(err, e.close())
	}
	if err := e.busy(ctx, job); err != nil {
		return errors.Join(err, e.close())
	}
	if err := e.close(); err != nil {
		return err
	}
	start := time.Now()
	e, err = startEngine(ctx, path, o, &benchHands{nodes: o.nodes, leaf: time.Hour})
	if err != nil {
		return err
	}
	if err := e.busy(ctx, job); err != nil {
		return errors.Join(err, e.close())
	}
	res.RestartMS = float64(time.Since(start).Microseconds()) / 1000
	r, err := e.store.Report(ctx, job, false)
	if err == nil {
		res.RestartOpen = r.Summary.Total - r.Summary.Completed
	}
	return errors.Join(err, e.close())
}

// busy waits until leaves of the job are being worked on.
func (e *engine) busy(ctx context.Context, job jobs.JobID) error {
	for {
		r, err := e.store.Report(ctx, job, false)
		if err != nil || r.Summary.Running > 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

// offeredSubmits is the rate that DESIGN 13 promises to take.
const offeredSubmits = 500

// benchSubmit offers submits at a steady rate and measures how long each takes to
// be on disk, and until a worker has claimed it.
func benchSubmit(ctx context.Context, dir string, o benchOptions, res *benchResult) (err error) {
	if o.submits == 0 {
		return nil
	}
	hands := &benchHands{oneLeaf: true}
	e, err := startEngine(ctx, filepath.Join(dir, "submit.db"), o, hands)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	took := make([]time.Duration, o.submits)
	asked := make([]time.Time, o.submits)
	g, gctx := errgroup.WithContext(ctx)
	tick := time.NewTicker(time.Second / offeredSubmits)
	defer tick.Stop()
	begin := time.Now()
	for i := range o.submits {
		<-tick.C
		asked[i] = time.Now()
		g.Go(func() error {
			_, err := submitBench(gctx, e.store, i)
			took[i] = time.Since(asked[i])
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	res.SubmitRate = float64(o.submits) / time.Since(begin).Seconds()
	res.SubmitP50, res.SubmitP99 = quantile(took, 0.5), quantile(took, 0.99)
	if _, err := e.until(ctx, jobs.JobID(fmt.Sprintf("job_%08d", o.submits-1))); err != nil {
		return err
	}
	var starts []time.Duration
	for i, at := range asked {
		if t, ok := hands.started.Load(jobs.JobID(fmt.Sprintf("job_%08d", i))); ok {
			if first, ok := t.(time.Time); ok {
				starts = append(starts, first.Sub(at))
			}
		}
	}
	res.StartP50, res.StartP99 = quantile(starts, 0.5), quantile(starts, 0.99)
	return nil
}

// quantile returns the q-th quantile in milliseconds, 0 of nothing.
func quantile(list []time.Duration, q float64) float64 {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return float64(sorted[int(q*float64(len(sorted)-1))].Microseconds()) / 1000
}

// peakRSS is the most memory this process ever had, in MiB, as Linux counts it;
// elsewhere what Go took from the system.
func peakRSS() float64 {
	if data, err := os.ReadFile("/proc/self/status"); err == nil {
		for line := range strings.Lines(string(data)) {
			if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
				if err == nil {
					return kib / 1024
				}
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.Sys) / (1 << 20)
}

func (r *benchResult) print(asJSON bool, w io.Writer) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	_, err := fmt.Fprintf(w, `durable tree   %d nodes in %.2f s: %.0f nodes/s (%d workers, SQLite WAL, synchronous=FULL)
writer         %d commits, %d changes, %.1f changes and %.1f rows a commit
raw store      %.0f guarded updates/s, as many to a commit: a node costs %.1f of them, share %.0f%%
status report  %.2f ms (median)
restart        %.0f ms to the first claim with %d open leaves
submit         %.0f/s offered and taken: p50 %.1f ms, p99 %.1f ms; to its first claim p50 %.1f ms, p99 %.1f ms
peak memory    %.0f MiB, up to the end of the tree
`, r.Nodes, r.Seconds, r.NodesPerSec, r.Workers, r.Commits, r.Changes, r.MeanBatch, float64(r.Rows)/float64(r.Commits),
		r.RawRate, r.RawRate/r.NodesPerSec, 100*r.ShareOfRaw, r.StatusMS, r.RestartMS, r.RestartOpen,
		r.SubmitRate, r.SubmitP50, r.SubmitP99, r.StartP50, r.StartP99, r.PeakRSSMiB)
	if err == nil && r.IdealRatio > 0 {
		_, err = fmt.Fprintf(w, "slots          %.4f times the ideal for leaves of %.0f ms\n", r.IdealRatio, r.LeafMS)
	}
	return err
}
