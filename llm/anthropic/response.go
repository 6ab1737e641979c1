package anthropic

import (
	"encoding/json"
	"fmt"
	"strings"

	sdk "github.com/anthropics/anthropic-sdk-go"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/internal/wire"
)

// maxAnswer bounds text and arguments together, in bytes: the longest answer of
// any model (128,000 tokens) is a fraction of it.
const maxAnswer = 4 << 20

// maxCalls bounds the tools that one answer may want: more is a model gone wild.
const maxCalls = 128

// maxName bounds the name of a model as the provider reports it.
const maxName = 200

var (
	errTooLong      = fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	errTooManyCalls = fmt.Errorf("the answer calls more than %d tools", maxCalls)
)

// The types of blocks that are read. All others are thoughts and the work of
// tools that the provider runs itself, which are never asked for.
const (
	blockText    = "text"
	blockToolUse = "tool_use"
)

// answer is what a provider said, whole or put together.
type answer struct {
	model       string
	text        string
	calls       []llm.ToolCall
	stop        sdk.StopReason
	explanation string // of a refusal; empty: none was given
	usage       llm.Usage
}

// answerOf reads an answer that came whole. What is none leaves stop empty, which
// is no way to end.
func answerOf(m sdk.Message) answer {
	a := answer{model: m.Model, stop: m.StopReason, explanation: m.StopDetails.Explanation}
	if m.JSON.Usage.Valid() {
		a.usage = usageOf(m.Usage)
		a.usage.Known = counted(a.usage)
	}
	var text strings.Builder
	for _, block := range m.Content {
		switch block.Type {
		case blockText:
			text.WriteString(block.Text)
		case blockToolUse:
			a.calls = append(a.calls, llm.ToolCall{ID: block.ID, Name: block.Name, Args: block.Input})
		}
	}
	a.text = text.String()
	return a
}

// usageOf maps the format's counts. Its input is without what the cache read and
// wrote, its output is with the thinking. Writes are for five minutes, the only
// ones asked for. Known is left to the caller.
func usageOf(u sdk.Usage) llm.Usage {
	return llm.Usage{
		UncachedIn: max(u.InputTokens, 0), CacheRead: max(u.CacheReadInputTokens, 0),
		CacheWrite: max(u.CacheCreationInputTokens, 0), Out: max(u.OutputTokens, 0),
		Reasoning: reasoning(u.OutputTokensDetails.ThinkingTokens, u.OutputTokens),
	}
}

// reasoning is a part of the output, whatever is said of it.
func reasoning(thinking, out int64) int64 { return max(min(thinking, out), 0) }

// counted reports whether the provider counts: a request has tokens.
func counted(u llm.Usage) bool { return u.UncachedIn+u.CacheRead+u.CacheWrite > 0 }

// respond turns an answer into a response, or into the error that it is.
func (c *call) respond(a answer) (llm.Response, error) {
	size := len(a.text)
	for i := range a.calls {
		size += len(a.calls[i].Args)
		if len(a.calls[i].Args) == 0 {
			a.calls[i].Args = json.RawMessage("{}")
		}
		if a.calls[i].ID == "" { // its result needs one
			a.calls[i].ID = fmt.Sprintf("call_%d", i+1)
		}
	}
	if size > maxAnswer {
		return llm.Response{}, c.Broken(errTooLong, a.usage)
	}
	if len(a.calls) > maxCalls {
		return llm.Response{}, c.Broken(errTooManyCalls, a.usage)
	}
	stop, kind, reason := ended(a)
	if kind != "" {
		return llm.Response{}, c.Fault(kind, reason, a.usage)
	}
	if a.model == "" {
		a.model = c.request.Model
	}
	return llm.Response{
		Text: a.text, Calls: a.calls, Stop: stop, Usage: a.usage,
		Provider: c.cfg.Name, Model: wire.Bounded(a.model, maxName), RequestID: c.RequestID(),
	}, nil
}

// ended says how an answer ended. An unknown word is not "done".
func ended(a answer) (llm.Stop, llm.Kind, string) {
	switch a.stop {
	case sdk.StopReasonMaxTokens:
		return "", llm.KindTruncated, "the answer was cut off at its token limit"
	case sdk.StopReasonModelContextWindowExceeded:
		return "", llm.KindTruncated, "the answer was cut off where the model's context ends"
	case sdk.StopReasonRefusal:
		if a.explanation != "" {
			return "", llm.KindRefused, a.explanation
		}
		return "", llm.KindRefused, "the provider's safeguards stopped the answer"
	case sdk.StopReasonPauseTurn:
		// Going on is another call, which nobody reserved money for.
		return "", llm.KindBroken, "the answer paused for a tool of the provider's own; none was asked for"
	case "":
		return "", llm.KindBroken, "the answer did not say how it ended"
	case sdk.StopReasonEndTurn, sdk.StopReasonStopSequence, sdk.StopReasonToolUse:
	default:
		return "", llm.KindBroken, "the answer ended with " + string(a.stop)
	}
	switch {
	case len(a.calls) > 0: // whatever it says, it waits for their results
		return llm.StopTools, "", ""
	case a.stop == sdk.StopReasonToolUse:
		return "", llm.KindBroken, "the answer ended with tool_use and has none"
	case a.text == "":
		return "", llm.KindBroken, "the answer is empty"
	}
	return llm.StopDone, "", ""
}

// parts puts a streamed answer together.
type parts struct {
	answer answer
	text   []byte
	calls  []*part
	index  map[int64]*part // by the number of the block
	size   int
}

// part is one tool call as far as it has come.
type part struct {
	id   string
	name string
	args []byte
}

// add takes in an event and returns its text.
func (p *parts) add(event sdk.MessageStreamEventUnion) (string, error) {
	text := ""
	switch event.Type {
	case "message_start":
		p.answer.model = event.Message.Model
		p.answer.usage = usageOf(event.Message.Usage) // of the output, only what there is so far
	case "content_block_start":
		switch event.ContentBlock.Type {
		case blockText:
			text = event.ContentBlock.Text
		case blockToolUse:
			if err := p.start(event); err != nil {
				return "", err
			}
		}
	case "content_block_delta":
		text = event.Delta.Text
		if call := p.index[event.Index]; call != nil {
			call.args = append(call.args, event.Delta.PartialJSON...)
			p.size += len(event.Delta.PartialJSON)
		}
	case "message_delta":
		p.end(event)
	}
	p.text = append(p.text, text...)
	if p.size += len(text); p.size > maxAnswer {
		return "", errTooLong
	}
	return text, nil
}

// start begins a tool call. Its arguments come in pieces, or all at once from
// servers that do not stream them.
func (p *parts) start(event sdk.MessageStreamEventUnion) error {
	if len(p.calls) == maxCalls {
		return errTooManyCalls
	}
	call := &part{id: event.ContentBlock.ID, name: event.ContentBlock.Name}
	if raw := event.ContentBlock.JSON.Input.Raw(); raw != "{}" && raw != "null" {
		call.args = []byte(raw)
		p.size += len(raw)
	}
	p.calls = append(p.calls, call)
	if p.index == nil {
		p.index = make(map[int64]*part)
	}
	p.index[event.Index] = call
	return nil
}

// end takes in how the answer ended and what it used. The counts are those of the
// whole message, not to be added to the earlier ones; what is not said again is
// as it was.
func (p *parts) end(event sdk.MessageStreamEventUnion) {
	if event.Delta.StopReason != "" {
		p.answer.stop = event.Delta.StopReason
		p.answer.explanation = event.Delta.StopDetails.Explanation
	}
	if !event.JSON.Usage.Valid() {
		return
	}
	u, said := &p.answer.usage, event.Usage
	if said.JSON.InputTokens.Valid() {
		u.UncachedIn = max(said.InputTokens, 0)
	}
	if said.JSON.CacheReadInputTokens.Valid() {
		u.CacheRead = max(said.CacheReadInputTokens, 0)
	}
	if said.JSON.CacheCreationInputTokens.Valid() {
		u.CacheWrite = max(said.CacheCreationInputTokens, 0)
	}
	u.Out = max(said.OutputTokens, 0)
	u.Reasoning = reasoning(said.OutputTokensDetails.ThinkingTokens, said.OutputTokens)
	u.Known = p.answer.stop != "" && counted(*u)
}

func (p *parts) whole() answer {
	a := p.answer
	a.text = string(p.text)
	for _, call := range p.calls {
		a.calls = append(a.calls, llm.ToolCall{ID: call.id, Name: call.name, Args: call.args})
	}
	return a
}
