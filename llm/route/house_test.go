package route_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync"
	"testing"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/llmtest"
	"github.com/askbob/bob/llm/route"
)

// fake is a model that answers by a step and counts what was sent to it.
type fake struct {
	step          llmtest.Step
	input, output int64

	mu   sync.Mutex
	sent int
}

func (f *fake) Estimate(llm.Request) llm.Estimate {
	return llm.Estimate{Input: f.input, Output: f.output}
}

func (f *fake) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	f.mu.Lock()
	f.sent++
	f.mu.Unlock()
	return f.step(ctx, r)
}

// Stream says a text in two pieces; an error with a text comes after the first.
func (f *fake) Stream(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		resp, err := f.Generate(ctx, r)
		half := len(resp.Text) / 2
		if resp.Text != "" && !yield(llm.Delta{Text: resp.Text[:half]}, nil) {
			return
		}
		if err != nil {
			yield(llm.Delta{}, err)
			return
		}
		if yield(llm.Delta{Text: resp.Text[half:]}, nil) {
			yield(llm.Delta{Done: &resp}, nil)
		}
	}
}

func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sent
}

func fails(kind llm.Kind) *fake { return failing(llm.APIError{Kind: kind}) }

func failing(e llm.APIError) *fake {
	e.Usage.Known = true
	return &fake{step: llmtest.Fail(&e)}
}

func says(text string) *fake { return &fake{step: llmtest.Text(text)} }

// able is a member that can do everything.
func able(provider, name string, m route.Model) route.Member {
	return route.Member{Provider: provider, Name: name, Model: m, Context: 1000, Tools: true, Structured: true, Vision: true, Price: llm.Cost{Known: true}}
}

// line makes a router over one model at each of the providers a, b, c and so on.
func line(t *testing.T, models ...route.Model) *route.Router {
	t.Helper()
	cfg := route.Config{Log: slog.New(slog.DiscardHandler)}
	for i, m := range models {
		name := string(rune('a' + i))
		cfg.Providers = append(cfg.Providers, route.Provider{Name: name})
		cfg.Members = append(cfg.Members, able(name, "m", m))
	}
	return build(t, cfg)
}

func build(t *testing.T, cfg route.Config) *route.Router {
	t.Helper()
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	r, err := route.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// gated makes a router over one model of one provider with those limits.
func gated(t *testing.T, p route.Provider, m route.Model) *route.Router {
	t.Helper()
	p.Name = "a"
	return build(t, route.Config{Providers: []route.Provider{p}, Members: []route.Member{able("a", "m", m)}})
}

func pick(t *testing.T, r *route.Router, w route.Want) llm.Model {
	t.Helper()
	m, _, err := r.Pick(w)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// call asks once, as a caller of that name.
func call(ctx context.Context, t *testing.T, r *route.Router, caller string) (string, *llm.APIError) {
	t.Helper()
	resp, err := pick(t, r, route.Want{Caller: caller}).Generate(ctx, llm.Request{})
	if err == nil {
		return resp.Text, nil
	}
	e := llm.AsAPIError(err)
	if e == nil {
		t.Fatalf("%v is no *llm.APIError", err)
	}
	return "", e
}

// ledger counts the calls that were booked, by model; it refuses those in poor.
type ledger struct {
	booked map[route.Model]int
	poor   route.Model
}

var errBudget = errors.New("no money")

func (l *ledger) wrap(m route.Model) llm.Model { return &entry{m, l} }

// entry is a model whose calls go through the ledger.
type entry struct {
	route.Model

	ledger *ledger
}

func (b *entry) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	if b.ledger.poor == b.Model {
		return llm.Response{}, errBudget
	}
	b.ledger.booked[b.Model]++
	return b.Model.Generate(ctx, r)
}
