package forecast_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/forecast"
	"github.com/askbob/bob/llm"
)

// memory is a History.
type memory []jobs.Sample

func (m memory) Samples(context.Context, int) ([]jobs.Sample, error) { return m, nil }

// times returns n samples of a kind.
func times(n int, typ jobs.Type, phase jobs.Phase, cost jobs.Money, took time.Duration) memory {
	var m memory
	for range n {
		m = append(m, jobs.Sample{Kind: jobs.Kind{Type: typ, Phase: phase, Model: "p/m-2026-01-31"}, Cost: cost, Priced: true, Took: took})
	}
	return m
}

func priced(llm.Purpose, jobs.Requirements) (forecast.Quote, error) {
	return forecast.Quote{Model: "p/m", In: llm.Dollar, Out: 5 * llm.Dollar, Priced: true}, nil
}

func foretell(t fataler, history memory, workers int, quote func(llm.Purpose, jobs.Requirements) (forecast.Quote, error), p jobs.Plan) jobs.Forecast {
	t.Helper()
	f, err := forecast.New(forecast.Config{History: history, Quote: quote, Workers: workers})
	if err != nil {
		t.Fatalf("new: %v", err)
	}
	got, err := f.Forecast(context.Background(), &jobs.Node{Type: jobs.TypeRootJob}, p)
	if err != nil {
		t.Fatalf("forecast: %v", err)
	}
	return got
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// line is a plan of n tasks, one after another if chained.
func line(n int, chained bool) jobs.Plan {
	var p jobs.Plan
	for i := range n {
		s := jobs.Step{Key: fmt.Sprint(i), Type: jobs.TypeTask, Estimate: 20 * time.Second}
		if chained && i > 0 {
			s.DependsOn = []string{fmt.Sprint(i - 1)}
		}
		p.Steps = append(p.Steps, s)
	}
	return p
}

func between(t *testing.T, what string, got, low, high float64) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s is %v, want %v to %v", what, got, low, high)
	}
}

func TestForecaster_withoutHistoryGoesByPricesAndEstimates(t *testing.T) {
	t.Parallel()
	got := foretell(t, nil, 8, priced, line(4, false))
	if got.Steps != 5 || got.Learned != 0 || got.Unpriced != 0 || got.CostHigh <= got.CostLow || got.TimeHigh <= got.TimeLow {
		t.Errorf("got %+v, want 5 steps and ranges", got)
	}
	// Four tasks of about 30,000 tokens of input and 3,000 of output.
	between(t, "the cost", float64(got.CostLow)/float64(llm.Dollar), 0.12, 0.6)
	between(t, "the time", got.TimeLow.Seconds(), 20, 120)
	dear := foretell(t, nil, 8, func(llm.Purpose, jobs.Requirements) (forecast.Quote, error) {
		return forecast.Quote{Model: "p/m", In: 10 * llm.Dollar, Out: 50 * llm.Dollar, Priced: true}, nil
	}, line(4, false))
	between(t, "ten times the price", float64(dear.CostLow)/float64(got.CostLow), 9.99, 10.01)
}

func TestForecaster_withEnoughHistoryGoesByHistory(t *testing.T) {
	t.Parallel()
	history := append(times(30, jobs.TypeTask, jobs.PhaseWork, 7000, 3*time.Second), times(30, jobs.TypeRootJob, jobs.PhaseCombine, 500, time.Second)...)
	got := foretell(t, history, 8, priced, line(4, false))
	want := jobs.Forecast{CostLow: 28_500, CostHigh: 28_500, TimeLow: 4 * time.Second, TimeHigh: 4 * time.Second, Steps: 5, Learned: 5}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestForecaster_letsLittleHistoryShareWithThePrior(t *testing.T) {
	t.Parallel()
	before := foretell(t, nil, 8, priced, line(20, false))
	few := foretell(t, times(5, jobs.TypeTask, jobs.PhaseWork, 1000, time.Second), 8, priced, line(20, false))
	many := foretell(t, times(30, jobs.TypeTask, jobs.PhaseWork, 1000, time.Second), 8, priced, line(20, false))
	if many.CostLow >= few.CostLow || few.CostLow >= before.CostLow {
		t.Errorf("got %v, %v, %v; want history to count for more as it grows", before.CostLow, few.CostLow, many.CostLow)
	}
}

func TestForecaster_knowsDependenciesAndWorkers(t *testing.T) {
	t.Parallel()
	history := append(times(30, jobs.TypeTask, jobs.PhaseWork, 1, 10*time.Second), times(30, jobs.TypeRootJob, jobs.PhaseCombine, 1, time.Second)...)
	tests := map[string]struct {
		plan    jobs.Plan
		workers int
		want    time.Duration
	}{
		"side by side":      {line(6, false), 6, 11 * time.Second},
		"two at once":       {line(6, false), 2, 31 * time.Second},
		"one after another": {line(6, true), 6, 61 * time.Second},
		"a branch that waits for another": {jobs.Plan{Steps: []jobs.Step{
			{Key: "1", Type: jobs.TypePlan, DependsOn: []string{"2"}},
			{Key: "1.1", Parent: "1", Type: jobs.TypeTask}, // its branch has one child: no combining
			{Key: "2", Type: jobs.TypeTask},
		}}, 6, 21 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := foretell(t, history, tt.workers, priced, tt.plan); got.TimeLow != tt.want || got.TimeHigh != tt.want {
				t.Errorf("got %v to %v, want %v", got.TimeLow, got.TimeHigh, tt.want)
			}
		})
	}
}

func TestForecaster_ofOneStepIsThatStep(t *testing.T) {
	t.Parallel()
	history := times(30, jobs.TypeRootJob, jobs.PhaseWork, 42, 3*time.Second)
	got := foretell(t, history, 8, priced, jobs.Plan{Steps: []jobs.Step{{Key: "1", Type: jobs.TypeAPICall}}})
	if want := (jobs.Forecast{CostLow: 42, CostHigh: 42, TimeLow: 3 * time.Second, TimeHigh: 3 * time.Second, Steps: 1, Learned: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestForecaster_takesALaterSubplanForSeveralTasks(t *testing.T) {
	t.Parallel()
	task := foretell(t, nil, 8, priced, line(2, false))
	p := line(2, false)
	p.Steps[1].Type, p.Steps[1].Later = jobs.TypeSubplan, true
	if later := foretell(t, nil, 8, priced, p); later.CostLow <= task.CostLow || later.TimeHigh <= task.TimeHigh {
		t.Errorf("got %+v with a subplan, %+v without", later, task)
	}
}

func TestForecaster_countsWhatHasNoPrice(t *testing.T) {
	t.Parallel()
	got := foretell(t, nil, 8, func(p llm.Purpose, _ jobs.Requirements) (forecast.Quote, error) {
		return forecast.Quote{Model: "p/m", In: llm.Dollar, Priced: p == llm.PurposeCombine}, nil
	}, line(3, false))
	if got.Unpriced != 3 {
		t.Errorf("%d of 3 tasks without a price", got.Unpriced)
	}
}

func TestForecaster_saysThatThereIsNoModel(t *testing.T) {
	t.Parallel()
	none := errors.New("no such model")
	f, err := forecast.New(forecast.Config{History: memory{}, Workers: 1, Quote: func(llm.Purpose, jobs.Requirements) (forecast.Quote, error) {
		return forecast.Quote{}, none
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Forecast(t.Context(), &jobs.Node{}, line(2, false)); !errors.Is(err, none) {
		t.Errorf("got %v, want %v", err, none)
	}
}

// Whatever the tree, the forecast ends, its ranges are ranges, and more workers or
// fewer steps never take longer.
func TestForecaster_onAnyTree(t *testing.T) {
	t.Parallel()
	history := append(times(30, jobs.TypeTask, jobs.PhaseWork, 3, 2*time.Second), times(30, jobs.TypeSubplan, jobs.PhaseCombine, 1, time.Second)...)
	history = append(history, times(30, jobs.TypeRootJob, jobs.PhaseCombine, 1, time.Second)...)
	rapid.Check(t, func(rt *rapid.T) {
		p := anyPlan(rt)
		one := foretell(rt, history, 1, priced, p)
		many := foretell(rt, history, 1000, priced, p)
		var work time.Duration
		for _, s := range p.Steps {
			if s.Type.Leaf() {
				work += 2 * time.Second
			}
		}
		combines := time.Duration(one.CostLow-jobs.Money(work/(2*time.Second)*3)) * time.Second
		if one.TimeLow != work+combines || one.TimeHigh != one.TimeLow {
			rt.Errorf("one worker takes %v to %v, want the sum %v", one.TimeLow, one.TimeHigh, work+combines)
		}
		if many.TimeLow > one.TimeLow || many.CostLow != one.CostLow {
			rt.Errorf("many workers: %+v, one: %+v", many, one)
		}
	})
}

func anyPlan(t *rapid.T) jobs.Plan {
	var p jobs.Plan
	var grow func(parent string, depth int)
	grow = func(parent string, depth int) {
		n := rapid.IntRange(1, 4).Draw(t, "children")
		if depth == 0 {
			n++ // not one step
		}
		for i := range n {
			s := jobs.Step{Key: fmt.Sprintf("%s/%d", parent, i), Parent: parent, Type: jobs.TypeTask}
			for j := range i {
				if rapid.IntRange(0, 2).Draw(t, "depends") == 0 {
					s.DependsOn = append(s.DependsOn, fmt.Sprintf("%s/%d", parent, j))
				}
			}
			branch := depth < 3 && rapid.IntRange(0, 2).Draw(t, "branch") == 0
			if branch {
				s.Type = jobs.TypeSubplan
			}
			p.Steps = append(p.Steps, s)
			if branch {
				grow(s.Key, depth+1)
			}
		}
	}
	grow("", 0)
	return p
}

func BenchmarkForecaster_aThousandSteps(b *testing.B) {
	p := line(1000, false)
	for b.Loop() {
		foretell(b, nil, 8, priced, p)
	}
}
