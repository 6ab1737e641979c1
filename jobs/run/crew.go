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

// Models picks a model for a call. It returns a *jobs.UserError if none fits.
type Models interface {
	// Pick returns the model, and how many tokens it takes; 0: unknown.
	Pick(purpose llm.Purpose, needs jobs.Requirements) (Model, int, error)
}

// CrewStore is what a Crew needs of a jobs.Store.
type CrewStore interface {
	jobs.Writer

	Brief(ctx context.Context, n *jobs.Node) (jobs.Briefing, error)
	Turns(ctx context.Context, n *jobs.Node) ([]llm.Message, error)
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
	for _, t := range cfg.Tools {
		name := t.Spec().Name
		if names[name] {
			return nil, fmt.Errorf("run: two tools are named %s", name)
		}
		names[name] = true
	}
	return &Crew{cfg: cfg}, nil
}

// brief collects what a node's work needs: what it is told, and a model that books
// every call.
func (c *Crew) brief(ctx context.Context, n *jobs.Node, purpose llm.Purpose) (jobs.Briefing, *booked, error) {
	b, err := c.cfg.Store.Brief(ctx, n)
	if err != nil {
		return b, nil, err
	}
	model, size, err := c.cfg.Models.Pick(purpose, n.Needs)
	if err != nil {
		return b, nil, err
	}
	b.Context, b.MayAsk = size, c.cfg.MayAsk
	if !b.Deadline && (purpose != llm.PurposeCombine || len(b.Results) > 1) {
		if err := c.summarise(ctx, n, &b, roomFor(purpose, b.Window())); err != nil {
			return b, nil, err
		}
	}
	return b, &booked{model: model, store: c.cfg.Store, node: n}, nil
}

// Plan decides how a node is carried out.
func (c *Crew) Plan(ctx context.Context, n *jobs.Node) (jobs.Plan, error) {
	b, model, err := c.brief(ctx, n, llm.PurposePlan)
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
	return c.cfg.Planner.Plan(ctx, model, b)
}

// Combine makes one result of a branch's children.
func (c *Crew) Combine(ctx context.Context, n *jobs.Node) (string, error) {
	b, model, err := c.brief(ctx, n, llm.PurposeCombine)
	if err != nil {
		return "", err
	}
	return c.cfg.Combiner.Combine(ctx, model, b)
}

// Gather hands over the children's results one after another.
func (c *Crew) Gather(ctx context.Context, n *jobs.Node) (string, error) {
	b, err := c.cfg.Store.Brief(ctx, n)
	if err != nil {
		return "", err
	}
	return c.cfg.Gather(b.Results), nil
}
