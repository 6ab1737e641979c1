package main

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/run"
	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/price"
	"github.com/askbob/bob/llm/route"
)

// roster holds the configured models and says which is used for what. It is a
// run.Models.
type roster struct {
	router *route.Router
	models []knownModel // in the order of the configuration
	demo   bool         // the demo model is all there is
}

var _ run.Models = (*roster)(nil)

// knownModel is one configured model and all that is known of it.
type knownModel struct {
	route.Member

	maxOutput int
	reasons   bool
	price     price.Price
	provider  route.Provider
}

// newRoster makes the models of a checked configuration.
func newRoster(c LLMConfig, log *slog.Logger) (*roster, error) {
	table, err := price.NewTable(overrides(c)...)
	if err != nil {
		return nil, err
	}
	cfg := route.Config{Log: log, Routes: c.Routes.byPurpose()}
	r := &roster{demo: true}
	for _, p := range c.Providers {
		cfg.Providers = append(cfg.Providers, p.route())
		r.demo = r.demo && p.Kind == kindDemo
	}
	for _, mc := range c.Models {
		i := slices.IndexFunc(c.Providers, func(p ProviderConfig) bool { return p.Name == mc.Provider })
		if i < 0 {
			return nil, fmt.Errorf("model %s: there is no provider %q", mc.Model, mc.Provider)
		}
		m, err := know(c.Providers[i], mc, table)
		if err != nil {
			return nil, err
		}
		r.models = append(r.models, m)
		cfg.Members = append(cfg.Members, m.Member)
	}
	r.router, err = route.New(cfg)
	return r, err
}

func (r RoutesConfig) byPurpose() map[llm.Purpose][]string {
	return map[llm.Purpose][]string{llm.PurposePlan: r.Planner, llm.PurposeTurn: r.Task, llm.PurposeCombine: r.Combine}
}

func (p ProviderConfig) route() route.Provider {
	k, _ := kindOf(p)
	return route.Provider{
		Name: p.Name, Private: p.Private || k.inside,
		MaxConcurrent: p.MaxConcurrent, RequestsPerMinute: p.RequestsPerMinute, TokensPerMinute: p.TokensPerMinute,
	}
}

// overrides are the prices that the configuration gives, and that of models that
// cost nothing.
func overrides(c LLMConfig) []price.Override {
	var list []price.Override
	for _, m := range c.Models {
		i := slices.IndexFunc(c.Providers, func(p ProviderConfig) bool { return p.Name == m.Provider })
		if i < 0 {
			continue
		}
		key := price.Key{Provider: c.Providers[i].catalogue(), Model: m.Model}
		switch {
		case m.Price != nil:
			list = append(list, price.Override{Key: key, Price: price.Price{
				In: m.Price.Input, Out: m.Price.Output, CacheRead: m.Price.CacheRead, CacheWrite: m.Price.CacheWrite,
			}})
		case c.Providers[i].free():
			list = append(list, price.Override{Key: key})
		}
	}
	return list
}

func (p ProviderConfig) free() bool {
	k, _ := kindOf(p)
	return k.free
}

// catalogue is the name under which prices of the provider's models are known.
func (p ProviderConfig) catalogue() string {
	if k, ok := kindOf(p); ok && !k.inside && p.BaseURL == "" {
		return k.name // whatever it is called here
	}
	return p.Name
}

// know makes a model and collects what the configuration and the catalogue say of
// it.
func know(p ProviderConfig, mc ModelConfig, table *price.Table) (knownModel, error) {
	k, ok := kindOf(p)
	if !ok {
		return knownModel{}, fmt.Errorf("provider %s: kind must be %s", p.Name, kindNames())
	}
	entry, _ := table.Lookup(p.catalogue(), mc.Model)
	m := knownModel{reasons: entry.Reasons, price: entry.Price, provider: p.route(), maxOutput: mc.MaxOutput}
	if m.maxOutput == 0 {
		m.maxOutput = price.DefaultMaxOutput
		if entry.MaxOutput > 0 {
			m.maxOutput = min(m.maxOutput, int(entry.MaxOutput))
		}
	}
	m.Member = route.Member{
		Provider: p.Name, Name: mc.Model, Context: mc.Context,
		Tools: orElse(mc.Tools, true), Structured: orElse(mc.Structured, true), Vision: orElse(mc.Vision, entry.Images),
		Price: llm.Cost{Amount: max(entry.Price.In, entry.Price.CacheRead, entry.Price.CacheWrite, entry.Price.Out), Known: entry.Priced},
	}
	if m.Context == 0 {
		m.Context = int(entry.Context)
	}
	if m.Context == 0 {
		m.Context = k.context
	}
	mc.Context = m.Context
	mc.MaxOutput = m.maxOutput
	bare, err := k.make(p, mc)
	if err != nil {
		return knownModel{}, err
	}
	m.Model = price.Meter(bare, price.Config{
		Provider: p.Name, Catalogue: p.catalogue(), Model: mc.Model, MaxOutput: m.maxOutput, Table: table,
	})
	return m, nil
}

func orElse(said *bool, otherwise bool) bool {
	if said == nil {
		return otherwise
	}
	return *said
}

// Pick returns a model over those of the purpose's route that fulfil the needs, or
// over those that are asked for by name.
func (r *roster) Pick(w run.Want) (llm.Model, int, error) {
	want := route.Want{Purpose: w.Purpose, Needs: needs(w)}
	if w.Node != 0 {
		want.Caller = strconv.FormatInt(int64(w.Node), 10)
	}
	if w.Book != nil {
		want.Wrap = func(m route.Model) llm.Model { return w.Book(m) }
	}
	m, context, err := r.router.Pick(want)
	if none, ok := errors.AsType[*route.NoneError](err); ok {
		return nil, 0, &jobs.UserError{Message: noModel(none), Err: err}
	}
	return m, context, err
}

func needs(w run.Want) route.Needs {
	n := w.Needs
	return route.Needs{
		Model: n.Model, Tools: w.Tools, Structured: w.Schema, Vision: n.Vision, Private: n.PrivateOnly, Context: n.MinContext,
		MaxPrice: llm.Money(n.MaxPriceCents) * (llm.Dollar / 100),
	}
}

// maxNamed bounds how many models an error names.
const maxNamed = 8

func noModel(e *route.NoneError) string {
	if len(e.Faults) == 0 {
		return fmt.Sprintf("There is no model %q: use one of %s, or add it under llm.models.", e.Model, some(e.Known, ", "))
	}
	return "No model will do: " + some(e.Faults, "; ") + ". Ask for less, or add one under llm.models."
}

func some(list []string, between string) string {
	text := strings.Join(list[:min(len(list), maxNamed)], between)
	if more := len(list) - maxNamed; more > 0 {
		text += fmt.Sprintf("%sand %d more", between, more)
	}
	return text
}

// onlyDemo reports whether the demo model is all there is.
func (r *roster) onlyDemo() bool { return r.demo }

// check refuses a job that no model could work on.
func (r *roster) check(model string, private bool) error {
	for _, w := range []run.Want{{Purpose: llm.PurposePlan, Schema: true}, {Purpose: llm.PurposeTurn}, {Purpose: llm.PurposeCombine}} {
		w.Needs = jobs.Requirements{Model: model, PrivateOnly: private}
		if _, _, err := r.Pick(w); err != nil {
			return err
		}
	}
	return nil
}
