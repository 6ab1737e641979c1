package plan_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/plan"
	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/anthropic"
	"github.com/askbob/bob/llm/demo"
	"github.com/askbob/bob/llm/gemini"
	"github.com/askbob/bob/llm/ollama"
	"github.com/askbob/bob/llm/openai"
	"github.com/askbob/bob/llm/price"
)

// environment gives the value of a variable, empty if it is not set.
type environment func(name string) string

// evalAdapters make the model that is named in BOB_EVAL, by its provider. Another
// adapter needs one line here.
var evalAdapters = map[string]func(model string, env environment) (llm.Model, error){
	demo.Provider: func(string, environment) (llm.Model, error) { return demo.New(demo.Config{}), nil },
	"openai": func(model string, env environment) (llm.Model, error) {
		base, key := env("BOB_EVAL_BASE_URL"), env("OPENAI_API_KEY")
		if base == "" && key == "" {
			return nil, errors.New("set OPENAI_API_KEY, or BOB_EVAL_BASE_URL for a server that wants no key")
		}
		return openai.New(openai.Config{Name: "openai", Model: model, BaseURL: base, APIKey: key})
	},
	"anthropic": func(model string, env environment) (llm.Model, error) {
		return anthropic.New(anthropic.Config{Name: "anthropic", Model: model, APIKey: env("ANTHROPIC_API_KEY")})
	},
	"gemini": func(model string, env environment) (llm.Model, error) {
		return gemini.New(gemini.Config{Name: "gemini", Model: model, APIKey: env("GEMINI_API_KEY")})
	},
	"ollama": func(model string, env environment) (llm.Model, error) {
		return ollama.New(ollama.Config{Name: "ollama", Model: model, BaseURL: env("BOB_EVAL_BASE_URL")})
	},
}

// evalModel returns the model that ref names, with its prices.
func evalModel(ref string, env environment) (llm.Model, error) {
	provider, name, _ := strings.Cut(ref, "/")
	open, ok := evalAdapters[provider]
	if !ok || name == "" {
		return nil, fmt.Errorf("BOB_EVAL is %q: use PROVIDER/MODEL with one of %s",
			ref, strings.Join(slices.Sorted(maps.Keys(evalAdapters)), ", "))
	}
	model, err := open(name, env)
	if err != nil {
		return nil, err
	}
	table, err := price.NewTable(price.Override{Key: price.Key{Provider: demo.Provider, Model: demo.ModelName}})
	if err != nil {
		return nil, err
	}
	return price.Meter(model, price.Config{Provider: provider, Model: name, Table: table}), nil
}

// TestEval scores a real model as a planner. It spends money:
//
//	BOB_EVAL=openai/gpt-5.4-mini go test -v -timeout 30m -run 'TestEval$' ./jobs/plan
//
// BOB_EVAL_BASE_URL names another server of the format. With BOB_EVAL_MIN the test
// fails below that score, 0 to 100.
func TestEval(t *testing.T) {
	t.Parallel()
	env := environment(os.Getenv) //nolint:forbidigo // which model to score, and its key, come from outside
	ref := env("BOB_EVAL")
	if ref == "" {
		t.Skip("BOB_EVAL names no model: set it to PROVIDER/MODEL to score one")
	}
	least, err := strconv.ParseFloat(cmp.Or(env("BOB_EVAL_MIN"), "0"), 64)
	if err != nil || least < 0 || least > 100 {
		t.Fatalf("BOB_EVAL_MIN is %q: use a number from 0 to 100", env("BOB_EVAL_MIN"))
	}
	model, err := evalModel(ref, env)
	if err != nil {
		t.Fatal(err)
	}
	r := evaluate(t, evalCases(), func(*evalCase) llm.Model { return model })
	t.Logf("%s\n%s", ref, r.table())
	if score := r.score(); score < least {
		t.Errorf("score = %.1f, want at least %g", score, least)
	}
}

// evalCase is one request with what is expected of its plan.
type evalCase struct {
	name    string
	request string
	files   []jobs.FileInfo
	nobody  bool // to answer questions
	want    expectation
	gold    plan.Draft // a plan, or questions, that a careful person could have written
}

// briefing is what the planner is told.
func (c *evalCase) briefing() jobs.Briefing {
	return jobs.Briefing{
		Request: c.request, Files: c.files, Tools: evalTools, MayAsk: !c.nobody,
		Node:    &jobs.Node{ID: 1, Job: "job_evaluate", Type: jobs.TypeRootJob},
		Limits:  jobs.Limits{MaxDepth: 6, MaxChildren: 30, MaxNodes: 2000},
		Budget:  2 * llm.Dollar,
		Context: 128_000,
	}
}

// outcome is what came of a case.
type outcome struct {
	plan       jobs.Plan
	validFirst bool // the first answer
	valid      bool // the last one
	calls      int
	usage      llm.Usage
	cost       llm.Cost
	took       time.Duration
	err        error
}

// recorder notes what a planner and a model say to each other.
type recorder struct {
	llm.Model
	briefing jobs.Briefing
	outcome  outcome
}

func (r *recorder) Generate(ctx context.Context, req llm.Request) (llm.Response, error) {
	resp, err := r.Model.Generate(ctx, req)
	usage, cost := resp.Usage, resp.Cost
	valid := false
	if e := llm.AsAPIError(err); e != nil {
		usage, cost = e.Usage, e.Cost
	}
	if err == nil {
		draft, problems := plan.Parse(resp.Text)
		valid = len(problems) == 0 && len(plan.Validate(draft, r.briefing)) == 0
	}
	o := &r.outcome
	if o.calls == 0 {
		o.validFirst, o.usage, o.cost = valid, usage, cost
	} else {
		o.usage = o.usage.Plus(usage)
		o.cost = llm.Cost{Amount: o.cost.Amount + cost.Amount, Known: o.cost.Known && cost.Known}
	}
	o.calls++
	o.valid = valid
	return resp, err
}

func (r *recorder) Stream(context.Context, llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) { yield(llm.Delta{}, errors.New("a planner does not stream")) }
}

// Bounds of an evaluation.
const (
	evalWorkers  = 4 // cases at once: every provider takes as many
	evalPatience = 5 * time.Minute
)

// evaluate plans every case with its model.
func evaluate(tb testing.TB, cases []evalCase, modelOf func(*evalCase) llm.Model) *report {
	tb.Helper()
	planner := newPlanner(tb)
	r := &report{cases: cases, outcomes: make([]outcome, len(cases)), marks: make([]marks, len(cases))}
	var wg sync.WaitGroup
	slots := make(chan struct{}, evalWorkers)
	for i := range cases {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			c := &cases[i]
			r.outcomes[i] = c.run(tb.Context(), planner, modelOf(c))
			r.marks[i] = c.judge(r.outcomes[i])
		})
	}
	wg.Wait()
	return r
}

func (c *evalCase) run(ctx context.Context, planner *plan.Planner, model llm.Model) outcome {
	ctx, cancel := context.WithTimeout(ctx, evalPatience)
	defer cancel()
	rec := &recorder{Model: model, briefing: c.briefing()}
	started := time.Now()
	made, err := planner.Plan(ctx, rec, rec.briefing)
	o := rec.outcome
	o.plan, o.err, o.took = made, err, time.Since(started)
	o.valid = o.valid && err == nil
	return o
}

// report is the result of an evaluation.
type report struct {
	cases    []evalCase
	outcomes []outcome
	marks    []marks
}

// score is the mean of all marks, 0 to 100.
func (r *report) score() float64 {
	sum, n := 0.0, 0
	for c := range criteria {
		s, k := r.sum(c)
		sum, n = sum+s, n+k
	}
	return percent(sum, n)
}

// of is the mean of the marks by one criterion, 0 to 100.
func (r *report) of(c criterion) float64 { return percent(r.sum(c)) }

func (r *report) sum(c criterion) (sum float64, n int) {
	for _, m := range r.marks {
		if v, ok := m[c]; ok {
			sum, n = sum+v, n+1
		}
	}
	return sum, n
}

func percent(sum float64, n int) float64 {
	if n == 0 {
		return 0
	}
	return 100 * sum / float64(n)
}

// table is for people: a line a case, and the totals.
func (r *report) table() string {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	head := []string{"case"}
	for c := range criteria {
		head = append(head, c.String())
	}
	line(w, append(head, "steps", "calls", "in", "out", "cost", "time", "error")...)
	for i := range r.cases {
		line(w, r.row(i)...)
	}
	line(w, r.totals()...)
	_ = w.Flush() // into memory
	fmt.Fprintf(&b, "score %.1f of 100, %d cases\n", r.score(), len(r.cases))
	return b.String()
}

func line(w *tabwriter.Writer, cells ...string) { _, _ = fmt.Fprintln(w, strings.Join(cells, "\t")) }

func (r *report) row(i int) []string {
	cells := []string{r.cases[i].name}
	for c := range criteria {
		v, ok := r.marks[i][c]
		switch {
		case !ok:
			cells = append(cells, "-")
		case v == 0 || v == 1:
			cells = append(cells, strconv.Itoa(int(v)))
		default:
			cells = append(cells, strconv.FormatFloat(v, 'f', 2, 64))
		}
	}
	o := r.outcomes[i]
	failure := ""
	if o.err != nil {
		failure = strings.Join(strings.Fields(o.err.Error()), " ")
		failure = failure[:min(len(failure), 100)]
	}
	return append(cells, strconv.Itoa(len(newWorkers(o.plan).keys)), strconv.Itoa(o.calls),
		strconv.FormatInt(inputOf(o.usage), 10), strconv.FormatInt(o.usage.Out, 10), costOf(o.cost),
		o.took.Round(100*time.Millisecond).String(), failure)
}

func (r *report) totals() []string {
	cells := []string{"total, %"}
	for c := range criteria {
		cells = append(cells, strconv.FormatFloat(r.of(c), 'f', 1, 64))
	}
	sum := outcome{cost: llm.Cost{Known: true}}
	steps := 0
	for _, o := range r.outcomes {
		steps += len(newWorkers(o.plan).keys)
		sum.calls += o.calls
		sum.usage = sum.usage.Plus(o.usage)
		sum.cost = llm.Cost{Amount: sum.cost.Amount + o.cost.Amount, Known: sum.cost.Known && o.cost.Known}
		sum.took += o.took
	}
	return append(cells, strconv.Itoa(steps), strconv.Itoa(sum.calls),
		strconv.FormatInt(inputOf(sum.usage), 10), strconv.FormatInt(sum.usage.Out, 10), costOf(sum.cost),
		sum.took.Round(100*time.Millisecond).String(), "")
}

func inputOf(u llm.Usage) int64 { return u.UncachedIn + u.CacheRead + u.CacheWrite }

func costOf(c llm.Cost) string {
	if !c.Known {
		return "?"
	}
	return c.Amount.Short()
}
