// Package route decides which of the configured models answers a call: those that
// can do what is needed, in order of preference, at providers that take calls at
// the moment. It keeps each provider's limits, pauses providers that fail or ask
// to wait, and goes on to the next model where that may help. It knows no vendor's
// format, no prices beyond what it is told, and no ledger: whoever picks a model
// wraps every candidate, so that each call that is sent is booked by itself.
package route

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/askbob/bob/llm"
)

// Model is an llm.Model that knows beforehand what a request may use.
type Model interface {
	llm.Model

	Estimate(r llm.Request) llm.Estimate
}

// Provider is a place where models are called. Its limits are shared by all its
// models; 0 is no limit.
type Provider struct {
	Name              string
	Private           bool // what is sent there does not leave
	MaxConcurrent     int
	RequestsPerMinute int
	TokensPerMinute   int // input and output
}

// Member is a configured model and what it can do.
type Member struct {
	Provider string
	Name     string // as the provider calls it
	Model    Model

	Context    int      // tokens; 0: unknown
	Price      llm.Cost // of a million tokens, of input or output, whichever is dearer
	Tools      bool     // calls tools
	Structured bool     // answers by a schema
	Vision     bool     // takes pictures
}

// Ref is the name of a model as routes say it: provider/model.
func (m *Member) Ref() string { return m.Provider + "/" + m.Name }

// Config configures a Router. Providers, Members and Log are required.
type Config struct {
	Providers []Provider
	Members   []Member
	// Routes lists, per purpose, the models to use as provider/model, in order of
	// preference. A purpose without a list uses all members, in their order.
	Routes map[llm.Purpose][]string
	Log    *slog.Logger
}

// Router picks models. It is safe for concurrent use.
type Router struct {
	members []Member
	routes  map[llm.Purpose][]string
	gates   map[string]*gate // by provider
	private map[string]bool
}

// New returns a Router. It returns an error for a provider or a model that is named
// twice, a model without a provider, and a route to a model that is not there.
func New(cfg Config) (*Router, error) {
	if len(cfg.Providers) == 0 || len(cfg.Members) == 0 || cfg.Log == nil {
		return nil, errors.New("route: Providers, Members and Log are required")
	}
	r := &Router{members: slices.Clone(cfg.Members), routes: cfg.Routes, gates: map[string]*gate{}, private: map[string]bool{}}
	for _, p := range cfg.Providers {
		if r.gates[p.Name] != nil {
			return nil, fmt.Errorf("route: there are two providers %q", p.Name)
		}
		if min(p.MaxConcurrent, p.RequestsPerMinute, p.TokensPerMinute) < 0 {
			return nil, fmt.Errorf("route: a limit of provider %q is negative", p.Name)
		}
		r.gates[p.Name] = newGate(p, cfg.Log)
		r.private[p.Name] = p.Private
	}
	known := map[string]bool{}
	for i := range r.members {
		m := &r.members[i]
		switch {
		case r.gates[m.Provider] == nil:
			return nil, fmt.Errorf("route: model %s: there is no provider %q", m.Name, m.Provider)
		case m.Model == nil || m.Name == "":
			return nil, fmt.Errorf("route: a model of %s has no name or is nil", m.Provider)
		case known[m.Ref()]:
			return nil, fmt.Errorf("route: there are two models %s", m.Ref())
		}
		known[m.Ref()] = true
	}
	for _, refs := range cfg.Routes {
		for _, ref := range refs {
			if !known[ref] {
				return nil, fmt.Errorf("route: there is no model %s", ref)
			}
		}
	}
	return r, nil
}

// Needs say what a model must be able to do. The zero value needs nothing.
type Needs struct {
	// Model names the only model that will do, as provider/model or by its name
	// alone; whether it is in the route does not matter then.
	Model      string
	Tools      bool
	Structured bool
	Vision     bool
	Private    bool
	Context    int       // tokens that it must take
	MaxPrice   llm.Money // of a million tokens; 0: any
}

// Want says what a model is wanted for.
type Want struct {
	Purpose llm.Purpose
	Needs   Needs
	// Caller keeps its place in the line while a provider is busy. Empty: it is
	// served like one that has just come, each time.
	Caller string
	// Wrap is put around each candidate; nil: nothing. A call that was held back
	// never gets there.
	Wrap func(Model) llm.Model
}

// Pick returns a model that fulfils what is wanted, and the context of the smallest
// candidate behind it in tokens; 0: unknown. The error is a *NoneError if no model
// will do.
//
// The model asks its candidates in their order, one try each, until one answers. It
// ignores Request.Model. A candidate that is unavailable, limited, closed or broken
// makes place for the next; a request that was refused, was invalid or whose answer
// was cut off does not. A stream that has yielded text is never begun anew. The
// error of several is that of the most hopeful one: if waiting helps, it is of
// KindRateLimited with the shortest wait.
func (r *Router) Pick(w Want) (llm.Model, int, error) {
	fit, err := r.Candidates(w.Purpose, w.Needs)
	if err != nil {
		return nil, 0, err
	}
	f := &fallback{caller: w.Caller}
	for _, m := range fit {
		c := candidate{Member: m, gate: r.gates[m.Provider], call: m.Model}
		if w.Wrap != nil {
			c.call = w.Wrap(m.Model)
		}
		f.candidates = append(f.candidates, c)
	}
	return f, smallest(fit), nil
}

// assumedContext is taken for a model that does not say how much it takes, beside
// others that do: every current one takes as much.
const assumedContext = 32_000

// smallest returns the context of the smallest model, 0 if all are unknown.
func smallest(list []Member) int {
	least, unknown := 0, false
	for _, m := range list {
		switch {
		case m.Context == 0:
			unknown = true
		case least == 0 || m.Context < least:
			least = m.Context
		}
	}
	if unknown && least > 0 {
		return min(least, assumedContext)
	}
	return least
}

// NoneError says why no model will do.
type NoneError struct {
	Purpose llm.Purpose
	Model   string   // that was asked for and is not there; empty: none was
	Known   []string // all models, as provider/model
	Faults  []string // one for each candidate: its name and what it lacks
}

// Error names every candidate with what it lacks.
func (e *NoneError) Error() string {
	if len(e.Faults) == 0 {
		return fmt.Sprintf("there is no model %q", e.Model)
	}
	return "no model will do: " + strings.Join(e.Faults, "; ")
}

// Candidates lists the models that fulfil the needs, in order of preference. The
// error is a *NoneError if there are none.
func (r *Router) Candidates(purpose llm.Purpose, n Needs) ([]Member, error) {
	none := &NoneError{Purpose: purpose, Model: n.Model}
	var fit []Member
	for _, m := range r.listed(purpose, n.Model) {
		if lack := r.lacks(&m, n); lack != "" {
			none.Faults = append(none.Faults, m.Ref()+" "+lack)
			continue
		}
		fit = append(fit, m)
	}
	if len(fit) > 0 {
		return fit, nil
	}
	for i := range r.members {
		none.Known = append(none.Known, r.members[i].Ref())
	}
	return nil, none
}

// listed returns the members that come into question by their names alone.
func (r *Router) listed(purpose llm.Purpose, name string) []Member {
	var list []Member
	refs := r.routes[purpose]
	switch {
	case name != "":
		for _, m := range r.members {
			if m.Ref() == name || m.Name == name {
				list = append(list, m)
			}
		}
	case len(refs) == 0:
		return r.members
	default:
		for _, ref := range refs {
			i := slices.IndexFunc(r.members, func(m Member) bool { return m.Ref() == ref })
			list = append(list, r.members[i])
		}
	}
	return list
}

// lacks says what of the needs a model does not fulfil; empty: nothing.
func (r *Router) lacks(m *Member, n Needs) string {
	var lacks []string
	note := func(bad bool, text string) {
		if bad {
			lacks = append(lacks, text)
		}
	}
	note(n.Private && !r.private[m.Provider], "is not private")
	note(n.Tools && !m.Tools, "cannot call tools")
	note(n.Structured && !m.Structured, "cannot answer by a schema")
	note(n.Vision && !m.Vision, "cannot look at pictures")
	if n.Context > 0 && m.Context < n.Context {
		has := fmt.Sprintf("has a context of %d tokens", m.Context)
		if m.Context == 0 {
			has = "has an unknown context"
		}
		lacks = append(lacks, fmt.Sprintf("%s, %d are needed", has, n.Context))
	}
	if n.MaxPrice > 0 && (!m.Price.Known || m.Price.Amount > n.MaxPrice) {
		costs := "costs " + m.Price.Amount.Short() + " a million tokens"
		if !m.Price.Known {
			costs = "has an unknown price"
		}
		lacks = append(lacks, fmt.Sprintf("%s, at most %s are allowed", costs, n.MaxPrice.Short()))
	}
	return strings.Join(lacks, ", ")
}
