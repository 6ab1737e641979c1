package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	sdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/respjson"
	"github.com/tidwall/gjson"

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
	id      string
	model   string
	text    string
	refusal string
	calls   []llm.ToolCall
	finish  string
	usage   llm.Usage
	stated  llm.Cost
}

// answerOf reads an answer that came whole. No choice leaves finish empty, which
// is no way to end.
func answerOf(c sdk.ChatCompletion) answer {
	a := answer{id: c.ID, model: c.Model}
	if c.JSON.Usage.Valid() {
		a.usage, a.stated = usageOf(c.Usage), statedIn(c.Usage)
	}
	if len(c.Choices) == 0 {
		return a
	}
	choice := c.Choices[0]
	a.refusal, a.finish = choice.Message.Refusal, choice.FinishReason
	a.text = textOf(choice.Message.Content, choice.Message.JSON.Content)
	for _, call := range choice.Message.ToolCalls {
		a.calls = append(a.calls, llm.ToolCall{
			ID: call.ID, Name: call.Function.Name, Args: json.RawMessage(call.Function.Arguments),
		})
	}
	return a
}

// textOf returns the words of a content. Some servers send a list of parts, such
// as thoughts and texts; the library hands that on as it came.
func textOf(content string, field respjson.Field) string {
	if field.Valid() || !strings.HasPrefix(content, "[") {
		return content
	}
	var text strings.Builder
	for _, part := range gjson.Parse(field.Raw()).Array() {
		if kind := part.Get("type").String(); kind == "text" || kind == "" {
			text.WriteString(part.Get("text").String())
		}
	}
	return text.String()
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

// maxStated bounds what a call may be said to cost, in dollars: anything above is
// another unit, or nonsense.
const maxStated = 10_000

// statedIn reads what OpenRouter adds to the usage: its charge in dollars and, for
// keys of one's own, what the provider behind it charges beside that.
func statedIn(u sdk.CompletionUsage) llm.Cost {
	its := gjson.Parse(u.RawJSON())
	cost := its.Get("cost")
	if cost.Type != gjson.Number {
		return llm.Cost{}
	}
	dollars := cost.Num
	if its.Get("is_byok").Bool() {
		dollars += its.Get("cost_details.upstream_inference_cost").Num
	}
	if !(dollars >= 0 && dollars <= maxStated) {
		return llm.Cost{}
	}
	return llm.Cost{Amount: llm.Money(math.Round(dollars * float64(llm.Dollar))), Known: true}
}

// respond turns an answer into a response, or into the error that it is.
func (c *call) respond(a answer) (llm.Response, error) {
	if len(a.text) > maxAnswer {
		return llm.Response{}, c.broken(errTooLong, a)
	}
	if len(a.calls) > maxCalls {
		return llm.Response{}, c.broken(errTooManyCalls, a)
	}
	stop, kind, reason := ended(a)
	if kind != "" {
		return llm.Response{}, c.fault(kind, reason, a)
	}
	model := a.model
	if model == "" {
		model = c.request.Model
	}
	return llm.Response{
		Text: a.text, Calls: named(a.calls), Stop: stop, Usage: a.usage, Stated: a.stated,
		Provider: c.cfg.Name, Model: wire.Bounded(model, maxName), RequestID: c.requestID(a),
	}, nil
}

// named gives each call an id of its own: some servers give none, or all the same,
// and a result must find its call.
func named(calls []llm.ToolCall) []llm.ToolCall {
	taken := make(map[string]bool, len(calls))
	for _, call := range calls {
		taken[call.ID] = true
	}
	seen := make(map[string]bool, len(calls))
	next := 1
	for i := range calls {
		if id := calls[i].ID; id == "" || seen[id] {
			for taken[fmt.Sprintf("call_%d", next)] {
				next++
			}
			calls[i].ID = fmt.Sprintf("call_%d", next)
			taken[calls[i].ID] = true
		}
		seen[calls[i].ID] = true
	}
	return calls
}

// requestID falls back to the name of the answer: local servers have no header
// for it.
func (c *call) requestID(a answer) string {
	if id := c.RequestID(); id != "" {
		return id
	}
	return wire.Bounded(a.id, maxName)
}

// maxName bounds a name as the provider reports it: of a model, of an answer.
const maxName = 200

// cutOff are the words for an answer that met a limit: OpenAI's, Mistral's (the
// model's own limit), and those of servers that hand on another format's.
var cutOff = []string{"length", "model_length", "max_tokens"} //nolint:gochecknoglobals // a constant table

// ended says how an answer ended. An unknown word is not "done".
func ended(a answer) (llm.Stop, llm.Kind, string) {
	switch {
	case slices.Contains(cutOff, a.finish):
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

// fault returns the error of an answer that is none.
func (c *call) fault(kind llm.Kind, message string, a answer) *llm.APIError {
	f := c.Fault(kind, message, a.usage)
	f.RequestID, f.Stated = c.requestID(a), a.stated
	return f
}

func (c *call) broken(err error, a answer) *llm.APIError {
	f := c.fault(llm.KindBroken, err.Error(), a)
	f.Err = err
	return f
}

// midway returns the error of a stream that was broken off, by the provider's
// words or by a bound of ours.
func (c *call) midway(err error, a answer) *llm.APIError {
	if said, ok := errors.AsType[fault](err); ok {
		return c.faulted(said, a)
	}
	return c.broken(err, a)
}
