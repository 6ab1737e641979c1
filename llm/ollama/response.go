package ollama

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tidwall/gjson"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/internal/wire"
)

// maxAnswer bounds text and arguments together, in bytes: the longest answer of
// any model (128,000 tokens) is a fraction of it.
const maxAnswer = 4 << 20

// maxCalls bounds the tools that one answer may want: more is a model gone wild.
const maxCalls = 128

// maxName bounds the name of a model as the server reports it.
const maxName = 200

var (
	errTooLong      = fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	errTooManyCalls = fmt.Errorf("the answer calls more than %d tools", maxCalls)
)

// reply is a piece of an answer, or all of it.
type reply struct {
	Model   string `json:"model"`
	Message struct {
		Content string     `json:"content"` // what the model thinks is beside it
		Calls   []toolCall `json:"tool_calls"`
	} `json:"message"`
	Done   bool   `json:"done"`
	Reason string `json:"done_reason"`
	Prompt int64  `json:"prompt_eval_count"` // 0 or left out: the server did not count
	Out    int64  `json:"eval_count"`        // with what the model thought
}

// answer is what the server said, put together.
type answer struct {
	model  string
	text   string
	calls  []llm.ToolCall
	done   bool
	finish string
	usage  llm.Usage
}

// parts puts an answer together.
type parts struct {
	answer answer
	text   []byte
	size   int
}

// add takes in a piece and returns its text. It returns a serverError for an error
// object.
func (p *parts) add(data []byte) (string, error) {
	if fault, ok := faultIn(data); ok {
		return "", serverError(fault)
	}
	var r reply
	if err := json.Unmarshal(data, &r); err != nil {
		return "", fmt.Errorf("the answer is not the API's JSON: %w", err)
	}
	if r.Model != "" {
		p.answer.model = r.Model
	}
	if r.Done {
		p.answer.done, p.answer.finish, p.answer.usage = true, r.Reason, usageOf(r)
	}
	p.text = append(p.text, r.Message.Content...)
	p.size += len(r.Message.Content)
	for _, call := range r.Message.Calls {
		p.size += len(call.Function.Name) + len(call.Function.Args)
		p.answer.calls = append(p.answer.calls, llm.ToolCall{
			ID: call.ID, Name: call.Function.Name, Args: call.Function.Args,
		})
	}
	switch {
	case p.size > maxAnswer:
		return "", errTooLong
	case len(p.answer.calls) > maxCalls:
		return "", errTooManyCalls
	}
	return r.Message.Content, nil
}

func (p *parts) whole() answer {
	a := p.answer
	a.text = string(p.text)
	return a
}

// usageOf reads the counts of the last piece. A prompt that was not counted has
// tokens all the same: then nothing is known for certain.
func usageOf(r reply) llm.Usage {
	prompt, out := max(r.Prompt, 0), max(r.Out, 0)
	return llm.Usage{UncachedIn: prompt, Out: out, Known: prompt > 0}
}

// faultIn finds an error object: the API's own is a text, that of gateways an
// object with a message.
func faultIn(data []byte) (string, bool) {
	if !gjson.ValidBytes(data) {
		return "", false
	}
	said := gjson.GetBytes(data, "error")
	if said.IsObject() {
		said = said.Get("message")
	}
	return said.String(), said.Type == gjson.String
}

// serverError is what the server says instead of an answer.
type serverError string

// Error returns the server's words.
func (e serverError) Error() string { return string(e) }

// respond turns an answer into a response, or into the error that it is.
func (c *call) respond(a answer) (llm.Response, error) {
	stop, kind, reason := ended(a)
	if kind != "" {
		return llm.Response{}, c.Fault(kind, reason, a.usage)
	}
	if a.model == "" {
		a.model = c.request.Model
	}
	for i := range a.calls {
		if a.calls[i].ID == "" { // older servers give none, and its result needs one
			a.calls[i].ID = fmt.Sprintf("call_%d", i+1)
		}
	}
	return llm.Response{
		Text: a.text, Calls: a.calls, Stop: stop, Usage: a.usage,
		Provider: c.cfg.Name, Model: wire.Bounded(a.model, maxName), RequestID: c.RequestID(),
	}, nil
}

// ended says how an answer ended. An unknown word is not "done".
func ended(a answer) (llm.Stop, llm.Kind, string) {
	switch {
	case !a.done || a.finish == "": // the second is a model that was hung up on
		return "", llm.KindBroken, "the answer did not say how it ended"
	case a.finish == "length":
		return "", llm.KindTruncated, "the answer was cut off at its token limit"
	case a.finish == "content_filter": // the server has no word for it; gateways use OpenAI's
		return "", llm.KindRefused, "the provider's content filter stopped the answer"
	case a.finish != "stop":
		return "", llm.KindBroken, "the answer ended with " + a.finish
	case len(a.calls) > 0:
		return llm.StopTools, "", ""
	case a.text == "":
		return "", llm.KindBroken, "the answer is empty"
	}
	return llm.StopDone, "", ""
}

// stopped returns the error of an answer that ended in err.
func (c *call) stopped(err error, usage llm.Usage) *llm.APIError {
	f := c.Fault(llm.KindBroken, err.Error(), usage)
	if said, ok := errors.AsType[serverError](err); ok {
		f.Kind = refine(llm.KindBroken, string(said))
	}
	f.Err = err
	return f
}
