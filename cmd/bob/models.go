package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/run"
	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/demo"
	"github.com/askbob/bob/llm/openai"
	"github.com/askbob/bob/llm/price"
)

// roster holds the configured models and says which is used for what. It is a
// run.Models.
type roster struct {
	members []member
	routes  map[llm.Purpose][]string // provider/model, in order of preference
}

// member is one model with its price.
type member struct {
	provider, name string
	context        int
	model          run.Model
	demo           bool
}

func (m member) ref() string { return m.provider + "/" + m.name }

// demoContext lets the demo model see every column of a wide table: rules have no
// limit of their own.
const demoContext = 1_000_000

// newRoster makes the models of a checked configuration.
func newRoster(c LLMConfig) (*roster, error) {
	table, err := price.NewTable(overrides(c)...)
	if err != nil {
		return nil, err
	}
	r := &roster{routes: map[llm.Purpose][]string{
		llm.PurposePlan: c.Routes.Planner, llm.PurposeTurn: c.Routes.Task, llm.PurposeCombine: c.Routes.Combine,
	}}
	for _, mc := range c.Models {
		i := slices.IndexFunc(c.Providers, func(p ProviderConfig) bool { return p.Name == mc.Provider })
		if i < 0 {
			return nil, fmt.Errorf("model %s: there is no provider %q", mc.Model, mc.Provider)
		}
		m, err := newMember(c.Providers[i], mc, table)
		if err != nil {
			return nil, err
		}
		r.members = append(r.members, m)
	}
	return r, nil
}

// overrides are the prices that the configuration gives. The demo model's is
// nothing.
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
		case c.Providers[i].Kind == kindDemo:
			list = append(list, price.Override{Key: key})
		}
	}
	return list
}

// catalogue is the name under which prices of the provider's models are known.
func (p ProviderConfig) catalogue() string {
	if p.Kind == kindOpenAI && p.BaseURL == "" {
		return kindOpenAI // whatever it is called here
	}
	return p.Name
}

func newMember(p ProviderConfig, mc ModelConfig, table *price.Table) (member, error) {
	m := member{provider: p.Name, name: mc.Model, context: mc.Context, demo: p.Kind == kindDemo}
	catalogue := p.catalogue()
	entry, _ := table.Lookup(catalogue, mc.Model)
	if m.context == 0 {
		m.context = int(entry.Context)
	}
	if m.demo && m.context == 0 {
		m.context = demoContext
	}
	var bare llm.Model = demo.New(demo.Config{})
	if p.Kind == kindOpenAI {
		var err error
		bare, err = openai.New(openai.Config{Name: p.Name, Model: mc.Model, BaseURL: p.BaseURL, APIKey: string(p.APIKey), MaxOutput: mc.MaxOutput})
		if err != nil {
			return m, err
		}
	}
	m.model = price.Meter(bare, price.Config{
		Provider: p.Name, Catalogue: catalogue, Model: mc.Model, MaxOutput: mc.MaxOutput, Table: table,
	})
	return m, nil
}

// Pick returns the model that is first in the purpose's route, or the one that is
// asked for by name.
func (r *roster) Pick(purpose llm.Purpose, needs jobs.Requirements) (run.Model, int, error) {
	want := needs.Model
	if want == "" && len(r.routes[purpose]) > 0 {
		want = r.routes[purpose][0]
	}
	for _, m := range r.members {
		if m.ref() == want || m.name == want {
			return m.model, m.context, nil
		}
	}
	return nil, 0, &jobs.UserError{Message: fmt.Sprintf("There is no model %q: use one of %s, or add it under llm.models.", want, strings.Join(r.names(), ", "))}
}

func (r *roster) names() []string {
	var list []string
	for _, m := range r.members {
		list = append(list, m.ref())
	}
	return list
}

// onlyDemo reports whether the demo model is all there is.
func (r *roster) onlyDemo() bool {
	return !slices.ContainsFunc(r.members, func(m member) bool { return !m.demo })
}
