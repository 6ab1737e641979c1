package openai

import (
	"encoding/json"

	sdk "github.com/openai/openai-go/v3"
	"github.com/tidwall/gjson"

	"github.com/askbob/bob/llm"
)

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
	p.note(chunk)
	if len(chunk.Choices) == 0 || chunk.Choices[0].FinishReason == "error" {
		if fault, ok := faultIn([]byte(chunk.RawJSON())); ok {
			return "", fault
		}
	}
	if len(chunk.Choices) == 0 {
		return "", nil
	}
	choice := chunk.Choices[0]
	if choice.FinishReason != "" {
		p.answer.finish = choice.FinishReason
	}
	text := textOf(choice.Delta.Content, choice.Delta.JSON.Content)
	p.answer.refusal += choice.Delta.Refusal
	p.text = append(p.text, text...)
	p.size += len(text) + len(choice.Delta.Refusal)
	for _, delta := range choice.Delta.ToolCalls {
		if err := p.call(delta); err != nil {
			return "", err
		}
	}
	if p.size > maxAnswer {
		return "", errTooLong
	}
	return text, nil
}

// note keeps what a chunk says of the answer as a whole. Groq has a place of its
// own for the usage of a stream.
func (p *parts) note(chunk sdk.ChatCompletionChunk) {
	if chunk.ID != "" {
		p.answer.id = chunk.ID
	}
	if chunk.Model != "" {
		p.answer.model = chunk.Model
	}
	usage, ok := chunk.Usage, chunk.JSON.Usage.Valid()
	if groq := gjson.Get(chunk.JSON.ExtraFields["x_groq"].Raw(), "usage"); !ok && groq.IsObject() {
		ok = json.Unmarshal([]byte(groq.Raw), &usage) == nil
	}
	if ok {
		p.answer.usage, p.answer.stated = usageOf(usage), statedIn(usage)
	}
}

func (p *parts) call(delta sdk.ChatCompletionChunkChoiceDeltaToolCall) error {
	call, ok := p.index[delta.Index]
	if !ok || call.over(delta) {
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

// over reports whether a piece of the same index begins another call: some servers
// number all of them 0. One with another id does, and without ids one that has a
// name where nothing is missing of the call before.
func (p *part) over(delta sdk.ChatCompletionChunkChoiceDeltaToolCall) bool {
	if delta.ID != "" && p.id != "" {
		return delta.ID != p.id
	}
	return delta.ID == "" && p.id == "" && p.name != "" && delta.Function.Name != "" &&
		delta.Function.Arguments != "" && json.Valid(p.args)
}

func (p *parts) whole() answer {
	a := p.answer
	a.text = string(p.text)
	for _, call := range p.args {
		a.calls = append(a.calls, llm.ToolCall{ID: call.id, Name: call.name, Args: call.args})
	}
	return a
}
