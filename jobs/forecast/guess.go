package forecast

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// spread is a quantity of which half stays below mid and nine tenths below high.
type spread struct{ mid, high float64 }

func (s spread) plus(o spread) spread { return spread{s.mid + o.mid, s.high + o.high} }

func (s spread) times(mid, high float64) spread { return spread{s.mid * mid, s.high * high} }

// normal90 is the 0.9 quantile of the normal distribution.
const normal90 = 1.2816

// draw draws from the log-normal distribution that has these quantiles: costs and
// durations are products of many chances, and never negative.
func (s spread) draw(dice *rand.Rand) float64 {
	if s.high <= 0 {
		return 0
	}
	mid := max(s.mid, s.high/100) // the logarithm of nothing is no number
	sigma := math.Log(max(1, s.high/mid)) / normal90
	return mid * math.Exp(sigma*dice.NormFloat64())
}

// guess is what one step is taken to come to: what the like of it came to, or,
// while there is little history, a prior.
type guess struct {
	cost   spread // the prior, in nano-dollars
	took   spread // the prior, in milliseconds
	past   []past
	priced bool
}

// past is what a finished step came to.
type past struct{ cost, took float64 }

// enough samples make a prior unnecessary; with fewer it has a share.
const enough = 20

// learned reports whether history has the greater share.
func (g *guess) learned() bool { return 2*len(g.past) >= enough }

// draw draws a step's cost and duration, which belong together.
func (g *guess) draw(dice *rand.Rand) (cost, took float64) {
	if n := len(g.past); n > 0 && dice.IntN(enough) < n {
		p := g.past[dice.IntN(n)]
		return p.cost, p.took
	}
	return g.cost.draw(dice), g.took.draw(dice)
}

// spreads sums a guess up by its quantiles.
func (g *guess) spreads() (cost, took spread) {
	costs, times := make([]float64, 0, len(g.past)), make([]float64, 0, len(g.past))
	for _, p := range g.past {
		costs, times = append(costs, p.cost), append(times, p.took)
	}
	return blend(g.cost, costs), blend(g.took, times)
}

// blend moves from the prior to history as history grows.
func blend(prior spread, list []float64) spread {
	slices.Sort(list)
	share := min(1, float64(len(list))/enough)
	mix := func(p, h float64) float64 { return (1-share)*p + share*h }
	return spread{mix(prior.mid, quantile(list, half)), mix(prior.high, quantile(list, mostly))}
}

// prior is what a kind of step is taken to need before there is history. They are
// orders of magnitude of jobs with attached tables, with a wide range.
type prior struct {
	in, out spread // tokens
	took    spread // milliseconds
}

var priors = map[jobs.Phase]prior{ //nolint:gochecknoglobals // a constant table
	jobs.PhasePlan:    {in: spread{4_000, 10_000}, out: spread{1_500, 4_000}, took: spread{15_000, 40_000}},
	jobs.PhaseWork:    {in: spread{20_000, 80_000}, out: spread{2_000, 8_000}, took: spread{30_000, 75_000}},
	jobs.PhaseCombine: {in: spread{3_000, 12_000}, out: spread{800, 2_500}, took: spread{10_000, 30_000}},
}

// priorCall is that of a leaf that is one call without tools.
var priorCall = prior{in: spread{1_500, 6_000}, out: spread{500, 2_000}, took: spread{10_000, 25_000}} //nolint:gochecknoglobals // a constant

// estimateHigh is how much longer than estimated nine of ten steps take at most.
const estimateHigh = 2.5

func (p prior) cost(q Quote) spread {
	const perMillion = 1_000_000
	one := func(in, out float64) float64 { return (in*float64(q.In) + out*float64(q.Out)) / perMillion }
	return spread{one(p.in.mid, p.out.mid), one(p.in.high, p.out.high)}
}

// book guesses steps from samples and prices, and remembers what it was asked.
type book struct {
	samples []jobs.Sample
	quote   func(purpose llm.Purpose, needs jobs.Requirements) (Quote, error)
	known   map[ask]guess
}

// ask is a step as far as it makes a difference.
type ask struct {
	typ      jobs.Type
	phase    jobs.Phase
	call     bool // one call without tools
	needs    jobs.Requirements
	estimate time.Duration // 0: none
}

func purposeOf(p jobs.Phase) llm.Purpose {
	switch p {
	case jobs.PhasePlan:
		return llm.PurposePlan
	case jobs.PhaseCombine:
		return llm.PurposeCombine
	case jobs.PhaseWork:
	}
	return llm.PurposeTurn
}

func (b *book) guess(a ask) (guess, error) {
	if g, ok := b.known[a]; ok {
		return g, nil
	}
	q, err := b.quote(purposeOf(a.phase), a.needs)
	if err != nil {
		return guess{}, err
	}
	p := priors[a.phase]
	if a.call {
		p = priorCall
	}
	if a.estimate > 0 {
		mid := float64(a.estimate.Milliseconds())
		p.took = spread{mid, mid * estimateHigh}
	}
	g := guess{cost: p.cost(q), took: p.took, past: b.history(a, q), priced: q.Priced}
	b.known[a] = g
	return g, nil
}

// maxSamples of a kind are looked at: what was long ago was another Bob.
const maxSamples = 200

// history returns what steps of the kind came to with the model.
func (b *book) history(a ask, q Quote) []past {
	var list []past
	for _, s := range b.samples {
		if len(list) == maxSamples {
			break
		}
		if s.Type == a.typ && s.Phase == a.phase && sameModel(s.Model, q.Model) && (s.Priced || !q.Priced) {
			list = append(list, past{float64(s.Cost), float64(s.Took.Milliseconds())})
		}
	}
	return list
}

// sameModel reports whether a model, as its provider reports it, is the one that
// was asked for: providers add the date of the version.
func sameModel(reported, asked string) bool {
	rest, ok := strings.CutPrefix(reported, asked)
	return ok && (rest == "" || len(rest) > 1 && rest[0] == '-' && rest[1] >= '0' && rest[1] <= '9')
}
