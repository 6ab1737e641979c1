// Package forecast says before a plan runs what it will cost and how long it will
// take: it draws each step from what the like of it took in this installation, as
// far as there is history, and from prices and the plan's own estimates, and lets
// the tree run in the mind, many times, with as many workers as there are. It does
// not know how plans are made, nor how rows are kept.
package forecast

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// Quote is the model that a step would be given, and what a million of its tokens
// cost.
type Quote struct {
	Model  string // provider/model
	In     llm.Money
	Out    llm.Money
	Priced bool // false: nobody knows
}

// History is where finished work is remembered.
type History interface {
	Samples(ctx context.Context, limit int) ([]jobs.Sample, error)
}

// Config configures a Forecaster. All is required.
type Config struct {
	History History
	Quote   func(purpose llm.Purpose, needs jobs.Requirements) (Quote, error)
	Workers int // nodes worked on at once
}

// Forecaster foretells plans. It is safe for concurrent use.
type Forecaster struct {
	cfg Config
}

// New returns a Forecaster for cfg.
func New(cfg Config) (*Forecaster, error) {
	if cfg.History == nil || cfg.Quote == nil || cfg.Workers < 1 {
		return nil, errors.New("forecast: History, Quote and Workers are required")
	}
	return &Forecaster{cfg: cfg}, nil
}

// Forecast says what carrying out the plan of node n will come to. The same plan
// and history always give the same forecast.
func (f *Forecaster) Forecast(ctx context.Context, n *jobs.Node, p jobs.Plan) (jobs.Forecast, error) {
	samples, err := f.cfg.History.Samples(ctx, historyCalls)
	if err != nil {
		return jobs.Forecast{}, fmt.Errorf("read history: %w", err)
	}
	b := &book{samples: samples, quote: f.cfg.Quote, known: map[ask]guess{}}
	items, err := layOut(b, n, p)
	if err != nil {
		return jobs.Forecast{}, err
	}
	var out jobs.Forecast
	for i := range items {
		if items[i].free {
			continue
		}
		out.Steps++
		if items[i].learned() {
			out.Learned++
		}
		if !items[i].priced {
			out.Unpriced++
		}
	}
	costs, times := f.trials(items)
	out.CostLow, out.CostHigh = jobs.Money(quantile(costs, half)), jobs.Money(quantile(costs, mostly))
	out.TimeLow = time.Duration(quantile(times, half)) * time.Millisecond
	out.TimeHigh = time.Duration(quantile(times, mostly)) * time.Millisecond
	return out, nil
}

const (
	half   = 0.5
	mostly = 0.9

	// historyCalls reaches back far enough for the quantiles of every common kind.
	historyCalls = 5_000
	// A forecast of 200 runs moves by a few percent from one seed to another; large
	// trees even out by themselves.
	maxTrials, minTrials = 200, 5
	trialItems           = 200_000
)

// trials runs the items many times and returns what each run cost, in
// nano-dollars, and took, in milliseconds, both sorted.
func (f *Forecaster) trials(items []item) (costs, times []float64) {
	dice := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // chance, not secrecy; the same forecast each time
	n := min(maxTrials, max(minTrials, trialItems/max(1, len(items))))
	for range n {
		cost, took := play(items, f.cfg.Workers, dice)
		costs, times = append(costs, cost), append(times, took)
	}
	slices.Sort(costs)
	slices.Sort(times)
	return costs, times
}

// quantile returns the share q of sorted values, between the two that are nearest.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
