package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// askName is the tool with which a task asks people.
const askName = "ask"

// maxAsks is how often one task may ask: nobody answers a questionnaire bit by bit.
const maxAsks = 3

// askTool is offered to tasks where there is somebody to answer. It only says that
// it asks: the task stops after the turn and goes on with the answer.
type askTool struct{}

var _ jobs.Tool = askTool{}

// Spec implements jobs.Tool.
func (askTool) Spec() jobs.ToolSpec {
	return jobs.ToolSpec{
		Name: askName,
		Description: "Asks the person who gave the job, and waits, perhaps for hours. Only for what is essential, what no tool can " +
			"find out and what a careful colleague would not decide alone. Ask everything at once. Without an answer in time you go on " +
			"with what you say in assume.",
		Schema: llm.MustSchema(askName, fmt.Sprintf(`{
	"type": "object", "additionalProperties": false, "required": ["question", "why", "assume"],
	"properties": {
		"question": {"type": "string", "minLength": 1, "maxLength": %[1]d, "description": "short, in the language of the request"},
		"why": {"type": "string", "maxLength": %[2]d, "description": "what depends on the answer, in one sentence"},
		"assume": {"type": "string", "minLength": 1, "maxLength": %[3]d, "description": "what you go on with if nobody answers"}
	}
}`, jobs.MaxQuestion, maxWhy, jobs.MaxAssumption)),
		Effect: jobs.EffectRead,
	}
}

// maxWhy bounds the reason for a question, in characters.
const maxWhy = 500

// Call implements jobs.Tool.
func (askTool) Call(context.Context, jobs.Files, json.RawMessage) (jobs.ToolResult, error) {
	return jobs.ToolResult{Text: "The person is asked. What follows came after that."}, nil
}

// question is the error of work that cannot go on without an answer.
type question struct {
	text   string
	assume string           // empty: whoever asks sees to that
	kept   *jobs.Checkpoint // nil: it was no turn of a task
}

// Error says what is asked.
func (q *question) Error() string { return "a person is asked: " + q.text }

// question collects what the calls of a turn ask people; nil: nothing.
func (t *task) question(calls []llm.ToolCall, results []llm.ToolResult) *question {
	var texts, assumed []string
	for i, call := range calls {
		if call.Name != askName || results[i].Error {
			continue
		}
		if t.asked >= maxAsks {
			results[i].Error, results[i].Text = true, fmt.Sprintf("You asked %d times already. Decide, and say in the result what you assumed.", maxAsks)
			continue
		}
		var a struct{ Question, Why, Assume string }
		if json.Unmarshal(call.Args, &a) != nil { // it fits the schema
			continue
		}
		text := strings.TrimSpace(a.Question)
		if why := strings.TrimSpace(a.Why); why != "" {
			text += " (" + why + ")"
		}
		texts, assumed = append(texts, text), append(assumed, strings.TrimSpace(a.Assume))
	}
	if len(texts) == 0 {
		return nil
	}
	t.asked++
	q := &question{text: texts[0], assume: assumed[0]}
	if len(texts) > 1 {
		q.text, q.assume = list(texts), "\n"+list(assumed)
	}
	return q
}

// asks lets a node wait for the answer to a question.
func (r *Runner) asks(n *jobs.Node, q question) jobs.Change {
	p := jobs.Park{Fence: n.Fence(), Reason: jobs.ReasonQuestion, Question: q.text, Assume: q.assume, Kept: q.kept}
	if r.cfg.AnswerWithin > 0 {
		p.Until = r.cfg.Now().Add(r.cfg.AnswerWithin)
	}
	return p
}

// pick finds a model for a node. A task that was planned without tools gets one that
// can ask people, if there is one: mayAsk says so.
func (c *Crew) pick(w Want, n *jobs.Node) (model llm.Model, size int, mayAsk bool, err error) {
	switch {
	case !c.cfg.MayAsk:
	case w.Purpose != llm.PurposeTurn || w.Tools:
		mayAsk = true
	case n.Type == jobs.TypeTask:
		asks := w
		asks.Tools = true
		model, size, err = c.cfg.Models.Pick(asks)
		if _, none := errors.AsType[*jobs.UserError](err); !none {
			return model, size, err == nil, err
		}
	}
	model, size, err = c.cfg.Models.Pick(w)
	return model, size, mayAsk, err
}

// answered reports whether people answered questions of a node, or those of a branch
// that it stands in.
func answered(list []jobs.Said) bool {
	return slices.ContainsFunc(list, func(s jobs.Said) bool { return s.Question != "" })
}
