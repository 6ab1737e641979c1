package plan

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// maxRepairs is how often a model is told what is wrong with its plan. One that
// cannot mend it in two tries does not in three.
const maxRepairs = 2

// Config configures a Planner. Log is required.
type Config struct {
	Log *slog.Logger
	// MaxOutput bounds an answer in tokens, reasoning included, and with it what is
	// reserved for it; 0: 12,000.
	MaxOutput int
}

// Planner plans requests and the subplans of running jobs. It is safe for
// concurrent use.
type Planner struct {
	cfg Config
}

// New returns a Planner for cfg.
func New(cfg Config) (*Planner, error) {
	if cfg.Log == nil {
		return nil, errors.New("plan: Log is required")
	}
	if cfg.MaxOutput < 0 {
		return nil, fmt.Errorf("plan: MaxOutput is %d tokens; use 0 for the default", cfg.MaxOutput)
	}
	if cfg.MaxOutput == 0 {
		cfg.MaxOutput = defaultOutput
	}
	return &Planner{cfg: cfg}, nil
}

// Plan has model decide how b.Node is carried out. A plan that comes back is
// whole and keeps every rule of Validate.
//
// A model that is told twice what is wrong and still has no valid plan, or no room
// for one, is replaced by a plan of one task, where the request allows. If it does
// not, or people want a plan changed, the error is an *InvalidError. A failing model's
// error comes back wrapped.
func (p *Planner) Plan(ctx context.Context, model llm.Model, b jobs.Briefing) (jobs.Plan, error) {
	if b.Node == nil {
		b.Node = &jobs.Node{}
	}
	log := p.cfg.Log.With("job", b.Node.Job, "node", b.Node.ID)
	ask, err := newPrompt(b, p.cfg.MaxOutput)
	if err != nil {
		return jobs.Plan{}, fmt.Errorf("plan node %q: %w", b.Node.Path, err)
	}
	req := ask.first()
	var problems Problems
	for try, cuts := 0, 0; try <= maxRepairs && cuts <= 1; try++ {
		answer, err := generate(ctx, model, req)
		switch {
		case err != nil && !cutOff(err):
			return jobs.Plan{}, fmt.Errorf("plan node %q: %w", b.Node.Path, err)
		case err != nil:
			cuts++
			problems = Problems{tooLarge(req.MaxOutput)}
		default:
			var plan jobs.Plan
			if plan, problems = read(answer, b); len(problems) == 0 {
				return plan, nil
			}
		}
		log.Info("plan refused", "try", try+1, "problems", len(problems), "cut_off", err != nil)
		if req, err = ask.repair(answer, problems); err != nil {
			break
		}
	}
	if !fallbackAllowed(b) {
		return jobs.Plan{}, fmt.Errorf("plan node %q: %w", b.Node.Path, newInvalid(b, problems))
	}
	log.Warn("no valid plan, one task instead", "problems", len(problems))
	return fallback(b), nil
}

// generate returns the model's answer. It stops before a call that nobody wants.
func generate(ctx context.Context, model llm.Model, req llm.Request) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	resp, err := model.Generate(ctx, req)
	if err != nil {
		return "", err
	}
	return resp.Text, nil
}

func cutOff(err error) bool {
	e := llm.AsAPIError(err)
	return e != nil && e.Kind == llm.KindTruncated
}

// read makes a plan of an answer, or says all that is wrong with it.
func read(answer string, b jobs.Briefing) (jobs.Plan, Problems) {
	draft, problems := Parse(answer)
	if len(problems) == 0 || !draft.blank() {
		problems = append(problems, Validate(draft, b)...)
	}
	if len(problems) > 0 {
		return jobs.Plan{}, problems.bounded()
	}
	return build(draft, b), nil
}

// fallbackShare is the part of a model's context that a request may fill and still
// be carried out as one task: the rest is for the work.
const fallbackShare = 2

// fallbackAllowed reports whether what is to be planned can be given to one task. A
// plan that was to be changed is better than that.
func fallbackAllowed(b jobs.Briefing) bool {
	text := whole(b)
	return b.Rewriting == nil && strings.TrimSpace(text) != "" && int(llm.Tokens(text)) <= b.Window()/fallbackShare
}

// whole is what the planned node is to do, in the words of whoever asked for it.
func whole(b jobs.Briefing) string {
	if b.Node.Parent != 0 && strings.TrimSpace(b.Node.Prompt) != "" {
		return b.Node.Prompt
	}
	return b.Request
}

// fallback is the plan of one task that has every tool.
func fallback(b jobs.Briefing) jobs.Plan {
	title := cleanTitle(b.Node.Title)
	if title == "" {
		title = cleanTitle(firstLine(b.Request))
	}
	if title == "" {
		title = "The request"
	}
	step := jobs.Step{
		Key: "1", Type: jobs.TypeTask, Title: title, Prompt: cleanText(whole(b)),
		Description: "Carried out as one step, because no valid plan came of it.",
		Needs:       require(jobs.Requirements{}, b),
	}
	for _, t := range b.Tools {
		step.Tools = append(step.Tools, t.Name)
	}
	return jobs.Plan{Title: title, Steps: []jobs.Step{step}}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
