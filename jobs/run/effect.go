package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// doubt is the error of a task that may have done something outside Bob.
type doubt struct {
	deeds []jobs.Deed
}

// Error says what is in doubt.
func (d *doubt) Error() string { return fmt.Sprintf("%d effects are in doubt", len(d.deeds)) }

// deeds returns what a task did before it was interrupted. It returns a *doubt if of
// some of it nobody knows whether it happened.
func (c *Crew) deeds(ctx context.Context, n *jobs.Node) ([]jobs.Deed, error) {
	if n.Tries <= 1 { // its first claim
		return nil, nil
	}
	list, err := c.cfg.Store.Deeds(ctx, n)
	if err != nil {
		return nil, err
	}
	unknown := slices.DeleteFunc(slices.Clone(list), func(d jobs.Deed) bool { return d.Done })
	if len(unknown) > 0 {
		return nil, &doubt{unknown}
	}
	return list, nil
}

// doubts lets a node wait until a person says what happened.
func (r *Runner) doubts(n *jobs.Node, d *doubt) jobs.Change {
	return jobs.Park{Fence: n.Fence(), Reason: jobs.ReasonEffectUnknown, Question: jobs.Doubt(d.deeds)}
}

// act calls a tool that changes the world, and writes down before that it will and
// after that it did. A call that is done already is not made again.
func (t *task) act(ctx context.Context, tool jobs.Tool, args json.RawMessage, nth int) (string, error) {
	if ctx.Err() != nil { // another call of the turn went wrong: nothing more is begun
		return "", context.Cause(ctx)
	}
	out, err := t.crew.cfg.Store.Apply(ctx, jobs.Intend{Fence: t.node.Fence(), Deed: jobs.Deed{
		Turn: t.turn + 1, Call: nth, Tool: tool.Spec().Name, Args: compact(args),
	}})
	switch {
	case err != nil:
		return "", err
	case out[0].Err != nil:
		return "", out[0].Err
	}
	d := *out[0].Deed
	if !d.Done {
		if d, err = t.do(ctx, tool, args, d); err != nil {
			return "", err
		}
	}
	if d.Failed {
		return "", &jobs.ToolError{Message: d.Result}
	}
	return d.Result, nil
}

// do makes the call of an intended deed, and returns it as it was recorded. After an
// error nobody knows whether it happened.
func (t *task) do(ctx context.Context, tool jobs.Tool, args json.RawMessage, d jobs.Deed) (jobs.Deed, error) {
	result, err := tool.Call(jobs.WithEffectKey(ctx, d.Key(t.node.Job)), t.files, args)
	d.Result = result.Text
	if fault, ok := errors.AsType[*jobs.ToolError](err); ok {
		d.Failed, d.Result, err = true, fault.Message, nil
	} else if user, ok := errors.AsType[*jobs.UserError](err); ok {
		d.Failed, d.Result, err = true, user.Message, nil
	}
	if err != nil {
		return d, err
	}
	d.Done, d.Result = true, bounded(d.Result)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit) // it is done, whoever wants it
	defer cancel()
	return d, t.apply(ctx, jobs.Did{Fence: t.node.Fence(), Deed: d})
}

// compact writes equal arguments equally, whatever the spaces.
func compact(args json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, args) != nil {
		return string(args)
	}
	return b.String()
}

// recall tells a task that was interrupted what it did in turns that were not kept.
func (t *task) recall(deeds []jobs.Deed) {
	var lines []string
	for _, d := range deeds {
		if d.Turn > t.turn {
			lines = append(lines, fmt.Sprintf("%s with %s: %s", d.Tool, jobs.Shorten(d.Args, recalled), jobs.Shorten(d.Result, recalled)))
		}
	}
	if len(lines) == 0 {
		return
	}
	lines = lines[max(0, len(lines)-maxRecalled):]
	// It is not kept with the next turn: it is known from the deeds.
	t.talk.add(llm.Message{Role: llm.RoleUser, Text: "Before you were interrupted you made these calls, and they took effect. Do not make them again:\n" +
		llm.Section("done", strings.Join(lines, "\n"))})
}

// What a task is told of its deeds: so many, and so many characters of each.
const (
	maxRecalled = 20
	recalled    = 500
)
