package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

const (
	// maxToolText bounds what one tool call may add to a prompt, in bytes.
	maxToolText = 64 << 10
	// maxCallsPerTurn bounds what a model may ask for at once.
	maxCallsPerTurn = 16
	// maxSameCall is how often the very same call is worth making.
	maxSameCall = 3
)

// errTurns says that a task used all its turns without an answer.
var errTurns = &jobs.UserError{Message: "The step did not come to an answer within its turns: make the request smaller or raise jobs.max_turns."}

// Work carries out a leaf: one call, or turns of model and tools until there is a
// final answer. Finished turns are kept, so that a crash does not repeat them.
func (c *Crew) Work(ctx context.Context, n *jobs.Node) (string, error) {
	k := &book{store: c.cfg.Store, node: n}
	deeds, err := c.deeds(ctx, n)
	if err != nil {
		return "", err
	}
	b, model, err := c.brief(ctx, n, llm.PurposeTurn, k)
	if err != nil {
		return "", err
	}
	before, err := c.cfg.Store.Turns(ctx, n)
	if err != nil {
		return "", err
	}
	t := &task{crew: c, node: n, model: model, files: c.cfg.Store.Files(n), heard: len(b.Messages), seen: map[string]int{}}
	pictures, err := look(ctx, t.files, b)
	if err != nil {
		return "", err
	}
	if err := t.begin(b, pictures, newWindow(b, k.answer), before); err != nil {
		return "", err
	}
	t.recall(deeds)
	k.calls.Store(int64(t.turn)) // another key for another turn
	text, err := t.run(ctx)
	return text, k.told(err)
}

// task is one leaf at work.
type task struct {
	crew    *Crew
	node    *jobs.Node
	model   llm.Model
	files   jobs.Files
	tools   []jobs.Tool
	opening llm.Request // of the first turn
	talk    *talk
	unkept  []llm.Message // of talk: said since the last turn
	turn    int           // finished ones
	heard   int           // messages of people in talk
	asked   int           // turns in which people were asked
	seen    map[string]int
}

// begin opens the conversation, with the turns that were kept before a crash.
//
// The opening tells what people said before the node first started; the rest stands
// between the turns. Each turn kept what was said before it, so what is left over
// was not heard yet.
func (t *task) begin(b jobs.Briefing, p pictures, w window, before []llm.Message) error {
	early := len(b.Messages)
	if i := slices.IndexFunc(b.Messages, func(s jobs.Said) bool { return !s.At.Before(t.node.Started) }); i >= 0 && !t.node.Started.IsZero() {
		early = i
	}
	late := b.Messages[early:]
	b.Messages = b.Messages[:early]
	var err error
	if t.tools, t.opening, err = t.crew.open(b, p, w.less(late)); err != nil {
		return err
	}
	t.talk = newTalk(t.opening, w.input)
	for _, m := range before {
		t.talk.add(m)
		switch {
		case m.Role == llm.RoleTool:
			t.turn++
			if slices.ContainsFunc(m.Results, func(r llm.ToolResult) bool { return r.Name == askName && !r.Error }) {
				t.asked++
			}
		case m.Role == llm.RoleUser && len(late) > 0:
			late = late[1:]
		}
	}
	t.hear(late)
	return nil
}

// open makes the request of a leaf's first turn, and lists the tools that it may
// use, in the order of the crew's. A task whose results do not fit whole gets the
// tool that reads the rest.
func (c *Crew) open(b jobs.Briefing, p pictures, w window) ([]jobs.Tool, llm.Request, error) {
	told := b
	if !slices.Contains(b.Node.Tools, jobs.FilesTool) {
		told.Results = withoutFiles(b.Results)
	}
	tools := c.allowed(b.Node.Tools, b)
	opening, results, err := openingOf(told, w, toolSpecs(tools), p)
	if err != nil || results.Whole() || b.Node.Type == jobs.TypeAPICall || slices.Contains(b.Node.Tools, jobs.FilesTool) {
		return tools, opening, err
	}
	more := c.allowed(append(slices.Clone(b.Node.Tools), jobs.FilesTool), b)
	if len(more) == len(tools) {
		return tools, opening, nil
	}
	opening, _, err = openingOf(b, w, toolSpecs(more), p)
	return more, opening, err
}

// allowed returns the tools of those names, in an order that is always the same, and
// the one that asks people where there is somebody to answer.
func (c *Crew) allowed(names []string, b jobs.Briefing) []jobs.Tool {
	var tools []jobs.Tool
	for _, tool := range c.cfg.Tools {
		if slices.Contains(names, tool.Spec().Name) {
			tools = append(tools, tool)
		}
	}
	if b.MayAsk && (len(tools) > 0 || b.Node.Type == jobs.TypeTask) {
		tools = append(tools, askTool{})
	}
	return tools
}

// hear takes what people said into the conversation.
func (t *task) hear(list []jobs.Said) {
	for _, said := range list {
		m := llm.Message{Role: llm.RoleUser, Text: said.Tell()}
		t.talk.add(m)
		t.unkept = append(t.unkept, m)
	}
}

// listen takes what people said meanwhile into the conversation.
func (t *task) listen(ctx context.Context) error {
	list, err := t.crew.cfg.Store.Said(ctx, t.node)
	if err != nil {
		return err
	}
	if len(list) > t.heard {
		t.hear(list[t.heard:])
		t.heard = len(list)
	}
	return nil
}

func (t *task) run(ctx context.Context) (string, error) {
	for first := true; t.turn < t.crew.cfg.MaxTurns; first = false {
		if !first {
			if err := t.listen(ctx); err != nil {
				return "", err
			}
		}
		r, err := t.request()
		if err != nil {
			return "", err
		}
		resp, err := t.model.Generate(ctx, r)
		if err != nil {
			return "", err
		}
		if len(resp.Calls) == 0 {
			return t.answer(resp)
		}
		if err := t.take(ctx, resp); err != nil {
			return "", err
		}
	}
	return "", errTurns
}

// answer returns the final text. An empty one is no answer.
func (t *task) answer(resp llm.Response) (string, error) {
	text := strings.TrimSpace(resp.Text)
	if text == "" {
		return "", &llm.APIError{Provider: resp.Provider, Model: resp.Model, Kind: llm.KindBroken, Message: "the answer was empty"}
	}
	return text, nil
}

const (
	lastTurn = "This is your last turn: answer now with what you have, and say what is missing."
	// lastTurnSize is room for it, in tokens.
	lastTurnSize = 60
)

// request asks for the next turn: what the one before asked for, and what came
// since. In the last one there are no tools: the model must make do with what it
// knows.
func (t *task) request() (llm.Request, error) {
	if !t.talk.fits() {
		return llm.Request{}, &llm.APIError{Kind: llm.KindTooLong, Model: t.node.Needs.Model, Message: "the newest turn of the conversation does not fit"}
	}
	r := t.opening
	r.Messages = slices.Clone(t.talk.messages)
	if t.turn == t.crew.cfg.MaxTurns-1 {
		r.Messages, r.Tools = append(r.Messages, llm.Message{Role: llm.RoleUser, Text: lastTurn}), nil
	}
	return r, nil
}

// take runs the tools that a turn asks for and keeps the turn.
func (t *task) take(ctx context.Context, resp llm.Response) error {
	calls := resp.Calls
	if len(calls) > maxCallsPerTurn {
		calls = calls[:maxCallsPerTurn]
	}
	if err := t.say(ctx, calls); err != nil {
		return err
	}
	results, err := t.call(ctx, calls)
	if err != nil {
		return err
	}
	ask := t.question(calls, results)
	turn := []llm.Message{
		{Role: llm.RoleAssistant, Text: resp.Text, Calls: calls},
		{Role: llm.RoleTool, Results: results},
	}
	t.turn++
	for _, m := range turn {
		if t.talk.add(m) {
			clear(t.seen) // what was left out may be asked for again
		}
	}
	kept := append(t.unkept, turn...)
	t.unkept = nil
	checkpoint := jobs.Checkpoint{Fence: t.node.Fence(), Turn: t.turn, Messages: kept}
	if ask != nil {
		ask.kept = &checkpoint // with the question, in one transaction
		return ask
	}
	return t.apply(ctx, checkpoint)
}

func (t *task) apply(ctx context.Context, c jobs.Change) error {
	out, err := t.crew.cfg.Store.Apply(ctx, c)
	if err != nil {
		return err
	}
	return out[0].Err
}

// say tells people what the leaf does now.
func (t *task) say(ctx context.Context, calls []llm.ToolCall) error {
	var names []string
	for _, c := range calls {
		if !slices.Contains(names, c.Name) {
			names = append(names, jobs.Shorten(c.Name, 40))
		}
	}
	return t.apply(ctx, jobs.Working{
		Fence: t.node.Fence(), Current: strings.Join(names, ", "), Done: t.turn, Total: t.turn + 2,
	})
}

// call runs the tools of one turn: side by side if they all only read, else one
// after another.
func (t *task) call(ctx context.Context, calls []llm.ToolCall) ([]llm.ToolResult, error) {
	results := make([]llm.ToolResult, len(calls))
	g, ctx := errgroup.WithContext(ctx)
	if !t.onlyRead(calls) {
		g.SetLimit(1)
	}
	repeated, nth := make([]bool, len(calls)), make([]int, len(calls))
	equal := map[string]int{} // in this turn
	for i, call := range calls {
		key := call.Name + "\x00" + compact(call.Args)
		t.seen[key]++
		repeated[i], nth[i] = t.seen[key] > maxSameCall, equal[key]
		equal[key]++
	}
	for i, call := range calls {
		g.Go(func() error {
			var err error
			if repeated[i] {
				results[i] = llm.ToolResult{ID: call.ID, Name: call.Name, Error: true, Text: "This very call was made before; its result will not change. Do something else, or answer."}
				return nil
			}
			results[i], err = t.one(ctx, call, nth[i])
			return err
		})
	}
	return results, g.Wait()
}

func (t *task) onlyRead(calls []llm.ToolCall) bool {
	return !slices.ContainsFunc(calls, func(c llm.ToolCall) bool {
		tool := t.find(c.Name)
		return tool != nil && tool.Spec().Effect != jobs.EffectRead
	})
}

func (t *task) find(name string) jobs.Tool {
	for _, tool := range t.tools {
		if tool.Spec().Name == name {
			return tool
		}
	}
	return nil
}

// one runs one tool, for the nth of equal calls. What a model can mend comes back as
// the result.
func (t *task) one(ctx context.Context, call llm.ToolCall, nth int) (llm.ToolResult, error) {
	result := llm.ToolResult{ID: call.ID, Name: call.Name}
	text, err := t.invoke(ctx, call, nth)
	var fault *jobs.ToolError
	var user *jobs.UserError
	switch {
	case errors.As(err, &fault):
		result.Text, result.Error = fault.Message, true
	case errors.As(err, &user):
		result.Text, result.Error = user.Message, true
	case err != nil:
		return result, fmt.Errorf("tool %s: %w", call.Name, err)
	default:
		result.Text = text
	}
	result.Text = bounded(result.Text)
	return result, nil
}

// bounded is what a model is told of a tool's text.
func bounded(text string) string {
	const more = "\n(the rest was left out: ask for less at once)"
	if len(text) <= maxToolText {
		return text
	}
	return strings.ToValidUTF8(text[:maxToolText-len(more)], "") + more
}

func (t *task) invoke(ctx context.Context, call llm.ToolCall, nth int) (string, error) {
	tool := t.find(call.Name)
	if tool == nil {
		var names []string
		for _, known := range t.tools {
			names = append(names, known.Spec().Name)
		}
		return "", &jobs.ToolError{Message: fmt.Sprintf("There is no tool %q here. The tools are: %s.", jobs.Shorten(call.Name, 40), strings.Join(names, ", "))}
	}
	args := call.Args
	if len(args) == 0 {
		args = json.RawMessage("{}")
	}
	if err := tool.Spec().Schema.Validate(args); err != nil {
		return "", &jobs.ToolError{Message: "The arguments do not fit the tool's schema: " + err.Error()}
	}
	if tool.Spec().Effect == jobs.EffectAct {
		return t.act(ctx, tool, args, nth)
	}
	result, err := tool.Call(ctx, t.files, args)
	return result.Text, err
}
