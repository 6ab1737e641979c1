package web

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/askbob/bob/jobs"
)

// scrapeLimit is how long the store may take to add everything up.
const scrapeLimit = 10 * time.Second

// newMetrics returns a handler for Prometheus. One scrape at a time is answered:
// each adds up all jobs.
func newMetrics(ctx context.Context, cfg Config) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(&collector{ctx: ctx, reader: cfg.Reader}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 1, Timeout: scrapeLimit})
}

// The metrics. What is counted over the kept jobs falls when old ones are deleted,
// so that it is a gauge.
//
//nolint:gochecknoglobals // a constant table
var (
	jobsDesc   = prometheus.NewDesc("bob_jobs", "Jobs that are kept, by status.", []string{"status"}, nil)
	leavesDesc = prometheus.NewDesc("bob_nodes", "Leaves of all jobs that are kept, by state.", []string{"state"}, nil)
	callsDesc  = prometheus.NewDesc("bob_calls", "Calls of models in the ledger, by status.", []string{"status"}, nil)
	tokensDesc = prometheus.NewDesc("bob_tokens", "Tokens that all jobs that are kept used, by kind.", []string{"kind"}, nil)
	costDesc   = prometheus.NewDesc("bob_cost_dollars", "US dollars that all jobs that are kept cost.", nil, nil)

	commitsDesc = prometheus.NewDesc("bob_store_commits_total", "Transactions since the start.", nil, nil)
	changesDesc = prometheus.NewDesc("bob_store_changes_total", "Changes that these transactions made.", nil, nil)
	staleDesc   = prometheus.NewDesc("bob_store_stale_total", "Changes that came too late and were dropped.", nil, nil)
)

// collector reads the store at every scrape.
type collector struct {
	ctx    context.Context //nolint:containedctx // Prometheus gives a collector none
	reader jobs.Reader
}

// Describe names the metrics.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{jobsDesc, leavesDesc, callsDesc, tokensDesc, costDesc, commitsDesc, changesDesc, staleDesc} {
		ch <- d
	}
}

// Collect adds everything up.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(c.ctx, scrapeLimit)
	defer cancel()
	t, err := c.reader.Tally(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(jobsDesc, err)
		return
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, s := range jobs.Statuses() {
		gauge(jobsDesc, float64(t.Jobs[s]), string(s))
	}
	for state, n := range map[string]int{
		"completed": t.Leaves.Completed, "failed": t.Leaves.Failed, "running": t.Leaves.Running,
		"queued": t.Leaves.Queued, "skipped": t.Leaves.Skipped, "cancelled": t.Leaves.Cancelled,
	} {
		gauge(leavesDesc, float64(n), state)
	}
	for _, s := range []jobs.CallStatus{jobs.CallSent, jobs.CallOK, jobs.CallError, jobs.CallLost} {
		gauge(callsDesc, float64(t.Calls[s]), string(s))
	}
	for kind, n := range map[string]int64{
		"input": t.Tokens.Input, "cache_read": t.Tokens.CacheRead, "cache_write": t.Tokens.CacheWrite, "output": t.Tokens.Output,
	} {
		gauge(tokensDesc, float64(n), kind)
	}
	gauge(costDesc, float64(t.Cost)/1e9) // it is in nano-dollars
	for d, n := range map[*prometheus.Desc]int64{commitsDesc: t.Commits, changesDesc: t.Changes, staleDesc: t.Stale} {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n))
	}
}
