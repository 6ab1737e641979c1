package result

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// Config configures a Combiner.
type Config struct {
	Log *slog.Logger // nil: nothing is logged
}

// Combiner makes one result of a branch's children. It is safe for concurrent
// use.
type Combiner struct {
	log *slog.Logger
}

// NewCombiner returns a Combiner for cfg.
func NewCombiner(cfg Config) *Combiner {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Combiner{log: cfg.Log}
}

// errNoChildren is a planner's fault: a branch without children has no result.
var errNoChildren = errors.New("a branch without children has nothing to combine")

// Combine makes one result of b.Results, the children of a branch in the order of
// their paths. Only several children with something to say cost a model call: a
// single one is passed on, and when the job's time is up they are gathered. Every
// child that failed, was skipped or was cancelled is named in the result.
//
// A failing model's error comes back wrapped; an answer without text is an
// *llm.APIError of kind KindBroken, and children that cannot fit into b.Context
// at all one of kind KindTooLong. The caller then has Gather.
func (c *Combiner) Combine(ctx context.Context, model llm.Model, b jobs.Briefing) (string, error) {
	switch {
	case len(b.Results) == 0:
		return "", fmt.Errorf("combine %s: %w", place(b), errNoChildren)
	case len(b.Results) == 1 && b.Results[0].Status.Good() && hasText(b.Results[0]):
		return b.Results[0].Text, nil
	case b.Deadline:
		return timeIsUp + Gather(b.Results), nil
	case len(b.Results) == 1 || !anyText(b.Results):
		return Gather(b.Results), nil
	}
	answer, err := c.ask(ctx, model, b)
	if err != nil {
		return "", fmt.Errorf("combine %s: %w", place(b), err)
	}
	return answer, nil
}

// timeIsUp stands before what was gathered without a model.
const timeIsUp = "The time for this job was up, so the results of its steps follow one by one.\n\n"

// ask has the model write the result and adds what it must not keep back.
func (c *Combiner) ask(ctx context.Context, model llm.Model, b jobs.Briefing) (string, error) {
	p, err := newPrompt(b)
	if err != nil {
		return "", err
	}
	if len(p.results.Shortened)+len(p.results.Dropped) > 0 {
		c.log.Info("results shortened to combine them",
			"children", len(b.Results), "shortened", len(p.results.Shortened), "not_shown", len(p.results.Dropped))
	}
	resp, err := model.Generate(ctx, p.request)
	if err != nil {
		return "", err
	}
	answer := strings.TrimSpace(resp.Text)
	if answer == "" {
		// What it used is not repeated here: whoever meters the model has booked it.
		return "", &llm.APIError{
			Provider: resp.Provider, Model: resp.Model, RequestID: resp.RequestID,
			Kind: llm.KindBroken, Message: "the combined answer is empty",
		}
	}
	return withNotes(answer, gapNote(unnamedGaps(answer, b.Results)), unreadNote(p.results.Dropped)), nil
}

// place says which branch an error is about.
func place(b jobs.Briefing) string {
	if b.Node == nil || b.Node.Path == "" {
		return "the job's results"
	}
	return "results of node " + b.Node.Path
}

func hasText(r jobs.NodeResult) bool { return strings.TrimSpace(r.Text) != "" }

func anyText(results []jobs.NodeResult) bool {
	for _, r := range results {
		if hasText(r) {
			return true
		}
	}
	return false
}
