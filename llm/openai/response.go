package openai

import (
	"encoding/json"
	"fmt"

	sdk "github.com/openai/openai-go/v3"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/internal/wire"
)

// maxAnswer bounds text and arguments together, in bytes: the longest answer of
// any model (128,000 tokens) is a fraction of it.
const maxAnswer = 4 << 20

// maxCalls bounds the tools that one answer may want: more is a model gone wild.
const maxCalls = 128

var (
	errTooLong      = fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	errTooManyCalls = fmt.Errorf("the answer calls more than %d tools", maxCalls)
)

// answer is what a provider said, whole or put together.
type answer struct {
	model   string
	text    string
	refusal string
	calls   []llm.ToolCall
	finish  string
	usage   llm.Usage
}

// answerOf reads an answer that came whole. No choice leaves finish empty, which
// is no way to end.
func answerOf(c sdk.ChatCompletion) answer {
	a := answer{model: c.Model}
	if c.JSON.Usage.Valid() {
		a.usage = usageOf(c.Usage)
	}
	if len(c.Choices) == 0 {
		return a
	}
	choice := c.Choices[0]
	a.text, a.refusal, a.finish = choice.Message.Content, choice.Message.Refusal, choice.FinishReason
	for _, call := range choice.Message.ToolCalls {
		a.calls = append(a.calls, llm.ToolCall{
			ID: call.ID, Name: call.Function.Name, Args: json.RawMessage(call.Function.Arguments),
		})
	}
	return a
}

// usageOf maps the format's counts, where the prompt includes what was cached and
// the completion includes reasoning. Nonsense is read so that it is never too
// cheap.
func usageOf(u sdk.CompletionUsage) llm.Usage {
	read := max(u.PromptTokensDetails.CachedTokens, 0)
	write := max(u.PromptTokensDetails.CacheWriteTokens, 0)
	prompt, out := max(u.PromptTokens, 0), max(u.CompletionTokens, 0)
	reasoning := max(u.CompletionTokensDetails.ReasoningTokens, 0)
	if reasoning > 0 && u.TotalTokens == prompt+out+reasoning {
		out += reasoning // some servers leave it out of the completion, and their total says so
	}
	return llm.Usage{
		UncachedIn: max(prompt-read-write, 0), CacheRead: read, CacheWrite: write,
		Out: max(out, reasoning), Reasoning: reasoning,
		Known: prompt > 0, // a request has tokens: a server that counts none does not count
	}
}

// respond turns an answer into a response, or into the error that it is.
func (c *call) respond(a answer) (llm.Response, error) {
	if len(a.text) > maxAnswer {
		return llm.Response{}, c.broken(errTooLong, a.usage)
	}
	if len(a.calls) > maxCalls {
		return llm.Response{}, c.broken(errTooManyCalls, a.usage)
	}
	stop, kind, reason := ended(a)
	if kind != "" {
		return llm.Response{}, c.fault(kind, reason, a.usage)
	}
	if a.model == "" {
		a.model = c.request.Model
	}
	for i := range a.calls {
		if a.calls[i].ID == "" { // some servers give none, and its result needs one
			a.calls[i].ID = fmt.Sprintf("call_%d", i+1)
		}
	}
	return llm.Response{
		Text: a.text, Calls: a.calls, Stop: stop, Usage: a.usage,
		Provider: c.cfg.Name, Model: wire.Bounded(a.model, maxName), RequestID: c.exchange.RequestID(),
	}, nil
}

// maxName bounds the name of a model as the provider reports it.
const maxName = 200

// ended says how an answer ended. An unknown word is not "done".
func ended(a answer) (llm.Stop, llm.Kind, string) {
	switch {
	case a.finish == "length":
		return "", llm.KindTruncated, "the answer was cut off at its token limit"
	case a.finish == "content_filter":
		return "", llm.KindRefused, "the provider's content filter stopped the answer"
	case a.refusal != "":
		return "", llm.KindRefused, a.refusal
	case a.finish == "":
		return "", llm.KindBroken, "the answer did not say how it ended"
	case a.finish != "stop" && a.finish != "tool_calls":
		return "", llm.KindBroken, "the answer ended with " + a.finish
	case len(a.calls) > 0: // several servers say "stop" with them
		return llm.StopTools, "", ""
	case a.finish == "tool_calls":
		return "", llm.KindBroken, "the answer ended with tool_calls and has none"
	case a.text == "":
		return "", llm.KindBroken, "the answer is empty"
	}
	return llm.StopDone, "", ""
}

// parts puts a streamed answer together.
type parts struct {
	answer answer
	text   []byte
	args   []*part
	index  map[int64]*part
	size   int
}

// part is one tool call as far as it has come.
type part struct {
	id   string
	name string
	args []byte
}

// add takes in a chunk and returns its text.
func (p *parts) add(chunk sdk.ChatCompletionChunk) (string, error) {
	if chunk.Model != "" {
		p.answer.model = chunk.Model
	}
	if chunk.JSON.Usage.Valid() {
		p.answer.usage = usageOf(chunk.Usage)
	}
	if len(chunk.Choices) == 0 {
		return "", nil
	}
	choice := chunk.Choices[0]
	if choice.FinishReason != "" {
		p.answer.finish = choice.FinishReason
	}
	p.answer.refusal += choice.Delta.Refusal
	p.text = append(p.text, choice.Delta.Content...)
	p.size += len(choice.Delta.Content) + len(choice.Delta.Refusal)
	for _, delta := range choice.Delta.ToolCalls {
		if err := p.call(delta); err != nil {
			return "", err
		}
	}
	if p.size > maxAnswer {
		return "", errTooLong
	}
	return choice.Delta.Content, nil
}

func (p *parts) call(delta sdk.ChatCompletionChunkChoiceDeltaToolCall) error {
	call, ok := p.index[delta.Index]
	// One index with a new id is a new call: some servers number all of them 0.
	if !ok || delta.ID != "" && call.id != "" && delta.ID != call.id {
		if len(p.args) == maxCalls {
			return errTooManyCalls
		}
		if p.index == nil {
			p.index = make(map[int64]*part)
		}
		call = &part{}
		p.index[delta.Index] = call
		p.args = append(p.args, call)
	}
	if delta.ID != "" {
		call.id = delta.ID
	}
	if call.name == "" { // whole in the first piece; some servers repeat it
		call.name = delta.Function.Name
	}
	call.args = append(call.args, delta.Function.Arguments...)
	p.size += len(delta.Function.Arguments) + len(delta.Function.Name)
	return nil
}

func (p *parts) whole() answer {
	a := p.answer
	a.text = string(p.text)
	for _, call := range p.args {
		a.calls = append(a.calls, llm.ToolCall{ID: call.id, Name: call.name, Args: call.args})
	}
	return a
}

// fault returns the error of an answer that is none.
func (c *call) fault(kind llm.Kind, message string, usage llm.Usage) *llm.APIError {
	return &llm.APIError{
		Provider: c.cfg.Name, Model: c.request.Model, Kind: kind, Status: c.exchange.Status(),
		Message: c.words(message), RequestID: c.exchange.RequestID(), Usage: usage,
	}
}

func (c *call) broken(err error, usage llm.Usage) *llm.APIError {
	f := c.fault(llm.KindBroken, err.Error(), usage)
	f.Err = err
	return f
}

// unsent returns the error of a request that cannot be sent. It cost nothing.
func (c *call) unsent(err error) *llm.APIError {
	f := c.fault(llm.KindInvalid, err.Error(), llm.Usage{Known: true})
	f.Err = err
	return f
}

// words bounds what the provider said and takes our key out of it.
func (c *call) words(text string) string {
	for _, secret := range c.cfg.Headers {
		text = wire.Scrubbed(text, secret)
	}
	return wire.Bounded(wire.Scrubbed(text, c.cfg.APIKey), wire.MaxMessage)
}
