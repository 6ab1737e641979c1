package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// Planner decides how a node is carried out.
type Planner interface {
	Plan(ctx context.Context, model llm.Model, b jobs.Briefing) (jobs.Plan, error)
}

// Combiner makes one result of several.
type Combiner interface {
	Combine(ctx context.Context, model llm.Model, b jobs.Briefing) (string, error)
}

// Model is an llm.Model that knows beforehand what a request may cost.
type Model interface {
	llm.Model

	Estimate(r llm.Request) llm.Estimate
}

// Want says what a model is wanted for.
type Want struct {
	Purpose llm.Purpose
	Needs   jobs.Requirements
	Tools   bool        // it must call tools
	Schema  bool        // it must answer by a schema
	Node    jobs.NodeID // keeps its place in the line while a provider is busy; 0: none
	// Book is put around each model that may be asked, so that every call that is
	// sent has a line of its own in the ledger. Nil: nothing is booked.
	Book func(Model) llm.Model
}

// Models picks models. It returns a *jobs.UserError if none fits.
type Models interface {
	// Pick returns a model, perhaps one over several that are asked in turn, and how
	// many tokens the smallest of them takes; 0: unknown.
	Pick(w Want) (llm.Model, int, error)
}

// CrewStore is what a Crew needs of a jobs.Store.
type CrewStore interface {
	jobs.Writer

	Brief(ctx context.Context, n *jobs.Node) (jobs.Briefing, error)
	Turns(ctx context.Context, n *jobs.Node) ([]llm.Message, error)
	Deeds(ctx context.Context, n *jobs.Node) ([]jobs.Deed, error)
	Said(ctx context.Context, n *jobs.Node) ([]jobs.Said, error)
	Files(n *jobs.Node) jobs.Files
	Size(ctx context.Context, job jobs.JobID) (int, error)
}

// CrewConfig configures a Crew. All but Tools, MaxTurns and MayAsk are required.
type CrewConfig struct {
	Store    CrewStore
	Models   Models
	Planner  Planner
	Combiner Combiner
	Gather   func(results []jobs.NodeResult) string
	Tools    []jobs.Tool
	Limits   jobs.Limits

	MaxTurns int  // of one task; default 24
	MayAsk   bool // whether there is a person to answer questions
}

// Crew is the Hands that work with models and tools. It is safe for concurrent
// use.
type Crew struct {
	cfg CrewConfig
}

var _ Hands = (*Crew)(nil)

// NewCrew returns a Crew for cfg.
func NewCrew(cfg CrewConfig) (*Crew, error) {
	if cfg.Store == nil || cfg.Models == nil || cfg.Planner == nil || cfg.Combiner == nil || cfg.Gather == nil {
		return nil, errors.New("run: Store, Models, Planner, Combiner and Gather are required")
	}
	if cfg.MaxTurns == 0 {
		cfg.MaxTurns = 24
	}
	names := map[string]bool{}
	names[askName] = true
	for _, t := range cfg.Tools {
		name := t.Spec().Name
		if names[name] {
			return nil, fmt.Errorf("run: two tools are named %s", name)
		}
		names[name] = true
	}
	return &Crew{cfg: cfg}, nil
}

// brief collects what a node's work needs: what it is told, and a model whose
// calls are in the book.
func (c *Crew) brief(ctx context.Context, n *jobs.Node, purpose llm.Purpose, k *book) (jobs.Briefing, llm.Model, error) {
	b, err := c.cfg.Store.Brief(ctx, n)
	if err != nil {
		return b, nil, err
	}
	want := wantFor(purpose, n.Needs, n.Tools)
	want.Node, want.Book = n.ID, k.wrap
	model, size, mayAsk, err := c.pick(want, n)
	if err != nil {
		return b, nil, err
	}
	b.Context, b.MayAsk = size, mayAsk
	if !b.Deadline && (purpose != llm.PurposeCombine || len(b.Results) > 1) {
		if err := c.summarise(ctx, n, &b, roomFor(purpose, b.Window()), k); err != nil {
			return b, nil, err
		}
	}
	return b, model, nil
}

// wantFor is what a call of that purpose asks of a model: only work calls tools and
// looks at pictures, and only plans have a schema.
func wantFor(purpose llm.Purpose, needs jobs.Requirements, tools []string) Want {
	works := purpose == llm.PurposeTurn
	needs.Vision = needs.Vision && works
	return Want{Purpose: purpose, Needs: needs, Tools: works && len(tools) > 0, Schema: purpose == llm.PurposePlan}
}

// fits says why there is no model for what a planned step will ask of one; nil:
// there is.
func (c *Crew) fits(s jobs.Step) error {
	purposes := []llm.Purpose{llm.PurposeTurn}
	if !s.Type.Leaf() {
		purposes = []llm.Purpose{llm.PurposeCombine}
	}
	if s.Later {
		purposes = append(purposes, llm.PurposePlan)
	}
	for _, purpose := range purposes {
		if _, _, err := c.cfg.Models.Pick(wantFor(purpose, s.Needs, s.Tools)); err != nil {
			return err
		}
	}
	return nil
}

// Plan decides how a node is carried out.
func (c *Crew) Plan(ctx context.Context, n *jobs.Node) (jobs.Plan, error) {
	k := &book{store: c.cfg.Store, node: n}
	b, model, err := c.brief(ctx, n, llm.PurposePlan, k)
	if err != nil {
		return jobs.Plan{}, err
	}
	size, err := c.cfg.Store.Size(ctx, n.Job)
	if err != nil {
		return jobs.Plan{}, err
	}
	b.Limits = c.cfg.Limits
	b.Limits.MaxDepth -= n.Depth
	b.Limits.MaxNodes -= size
	for _, t := range c.cfg.Tools {
		b.Tools = append(b.Tools, t.Spec())
	}
	b.Fits = c.fits
	b.MayAsk = b.MayAsk && !answered(b.Messages) // a plan asks once
	p, err := c.cfg.Planner.Plan(ctx, model, b)
	return p, k.told(err)
}

// Combine makes one result of a branch's children.
func (c *Crew) Combine(ctx context.Context, n *jobs.Node) (string, error) {
	k := &book{store: c.cfg.Store, node: n}
	b, model, err := c.brief(ctx, n, llm.PurposeCombine, k)
	if err != nil {
		return "", err
	}
	text, err := c.cfg.Combiner.Combine(ctx, model, b)
	return text, k.told(err)
}

// Gather hands over the children's results one after another.
func (c *Crew) Gather(ctx context.Context, n *jobs.Node) (string, error) {
	b, err := c.cfg.Store.Brief(ctx, n)
	if err != nil {
		return "", err
	}
	return c.cfg.Gather(b.Results), nil
}
