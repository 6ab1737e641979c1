package gemini

import (
	"bytes"
	"encoding/json"
	"fmt"

	"google.golang.org/genai"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/internal/wire"
)

// maxAnswer bounds text, arguments and signatures together, in bytes: the longest
// answer of any model (128,000 tokens) is a fraction of it.
const maxAnswer = 4 << 20

// maxCalls bounds the tools that one answer may want: more is a model gone wild.
const maxCalls = 128

// maxName bounds the names that the provider reports: of the model, of the answer.
const maxName = 200

var (
	errTooLong      = fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	errTooManyCalls = fmt.Errorf("the answer calls more than %d tools", maxCalls)
)

// answer is what the provider said, put together.
type answer struct {
	id      string // of the answer; empty: none was said
	model   string
	text    string
	calls   []called
	finish  genai.FinishReason
	blocked genai.BlockedReason // why the prompt was refused; empty: it was not
	usage   llm.Usage
}

// called is a tool call and its signature as it came.
type called struct {
	llm.ToolCall
	signature []byte
}

// parts puts an answer together, whose pieces have the form of a whole one.
type parts struct {
	answer answer
	text   []byte
	size   int
}

// add takes in a piece and returns its text.
func (p *parts) add(r *genai.GenerateContentResponse) (string, error) {
	if r.ModelVersion != "" {
		p.answer.model = r.ModelVersion
	}
	if r.ResponseID != "" {
		p.answer.id = r.ResponseID
	}
	if r.UsageMetadata != nil { // counts up from piece to piece
		p.answer.usage = usageOf(r.UsageMetadata)
	}
	if r.PromptFeedback != nil && r.PromptFeedback.BlockReason != "" {
		p.answer.blocked = r.PromptFeedback.BlockReason
	}
	if len(r.Candidates) == 0 || r.Candidates[0] == nil {
		return "", nil
	}
	candidate := r.Candidates[0]
	if candidate.FinishReason != "" && candidate.FinishReason != genai.FinishReasonUnspecified {
		p.answer.finish = candidate.FinishReason
	}
	if candidate.Content == nil {
		return "", nil
	}
	return p.content(candidate.Content.Parts)
}

func (p *parts) content(list []*genai.Part) (string, error) {
	before := len(p.text)
	for _, part := range list {
		switch {
		case part == nil, part.Thought: // a summary of thoughts is no answer
		case part.FunctionCall != nil:
			if err := p.call(part); err != nil {
				return "", err
			}
		default:
			p.text = append(p.text, part.Text...)
			p.size += len(part.Text)
		}
	}
	if p.size > maxAnswer {
		return "", errTooLong
	}
	return string(p.text[before:]), nil
}

func (p *parts) call(part *genai.Part) error {
	if len(p.answer.calls) == maxCalls {
		return errTooManyCalls
	}
	args, err := encode(part.FunctionCall.Args)
	if err != nil {
		return err
	}
	p.size += len(args) + len(part.FunctionCall.Name) + len(part.ThoughtSignature)
	p.answer.calls = append(p.answer.calls, called{
		ToolCall:  llm.ToolCall{ID: part.FunctionCall.ID, Name: part.FunctionCall.Name, Args: args},
		signature: part.ThoughtSignature,
	})
	return nil
}

// encode writes arguments with their keys in order, so that a call looks the same
// in every request that repeats it. They lose nothing by way of the library's
// map: to the API they are no more than that.
func encode(args map[string]any) (json.RawMessage, error) {
	if args == nil {
		return json.RawMessage("{}"), nil
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(args); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(out.Bytes()), nil
}

// usage returns the counts so far. They are known only once the answer said how
// it ended: until then there may be more.
func (p *parts) usage() llm.Usage {
	u := p.answer.usage
	u.Known = u.Known && (p.answer.finish != "" || p.answer.blocked != "")
	return u
}

func (p *parts) whole() answer {
	a := p.answer
	a.text, a.usage = string(p.text), p.usage()
	return a
}

// usageOf maps the API's counts, where the prompt includes what was cached and
// the candidates exclude thoughts. Nonsense is read so that it is never too
// cheap: what the total has beyond its parts counts as output.
func usageOf(u *genai.GenerateContentResponseUsageMetadata) llm.Usage {
	prompt := int64(max(u.PromptTokenCount, 0))
	tools := int64(max(u.ToolUsePromptTokenCount, 0))
	read := int64(max(u.CachedContentTokenCount, 0))
	thoughts := int64(max(u.ThoughtsTokenCount, 0))
	out := int64(max(u.CandidatesTokenCount, 0)) + thoughts
	return llm.Usage{
		UncachedIn: max(prompt-read, 0) + tools, CacheRead: read,
		Out: max(out, int64(u.TotalTokenCount)-prompt-tools), Reasoning: thoughts,
		Known: prompt > 0, // a request has tokens: a server that counts none does not count
	}
}

// respond turns an answer into a response, or into the error that it is.
func (c *call) respond(a answer) (llm.Response, error) {
	stop, kind, reason := ended(a)
	if kind != "" {
		f := c.Fault(kind, reason, a.usage)
		if f.RequestID == "" {
			f.RequestID = wire.Bounded(a.id, maxName)
		}
		return llm.Response{}, f
	}
	response := llm.Response{
		Text: a.text, Stop: stop, Usage: a.usage, Provider: c.cfg.Name,
		Model: wire.Bounded(a.model, maxName), RequestID: c.RequestID(),
	}
	if response.Model == "" {
		response.Model = c.request.Model
	}
	if response.RequestID == "" {
		response.RequestID = wire.Bounded(a.id, maxName)
	}
	for i, call := range a.calls {
		call.Signature = signed(call.signature, c.request.Model)
		if call.ID == "" { // not every model gives one, and its result needs one
			call.ID = fmt.Sprintf("call_%s%d", idPrefix(a.id), i+1)
		}
		response.Calls = append(response.Calls, call.ToolCall)
	}
	return response, nil
}

// idPrefix tells the calls of one answer from those of another.
func idPrefix(answer string) string {
	if answer == "" {
		return ""
	}
	return wire.Bounded(answer, maxName) + "_"
}

// ended says how an answer ended. An unknown word is not "done".
func ended(a answer) (llm.Stop, llm.Kind, string) {
	switch {
	case a.blocked != "":
		return "", llm.KindRefused, "the prompt was refused: " + string(a.blocked)
	case a.finish == "":
		return "", llm.KindBroken, "the answer did not say how it ended"
	}
	switch a.finish {
	case genai.FinishReasonStop:
	case genai.FinishReasonMaxTokens:
		return "", llm.KindTruncated, "the answer was cut off at its token limit"
	case genai.FinishReasonSafety, genai.FinishReasonRecitation, genai.FinishReasonLanguage,
		genai.FinishReasonBlocklist, genai.FinishReasonProhibitedContent, genai.FinishReasonSPII,
		genai.FinishReasonImageSafety, genai.FinishReasonImageProhibitedContent, genai.FinishReasonImageRecitation,
		"MODEL_ARMOR":
		return "", llm.KindRefused, "the provider stopped the answer: " + string(a.finish)
	default:
		return "", llm.KindBroken, "the answer ended with " + string(a.finish)
	}
	switch {
	case len(a.calls) > 0:
		return llm.StopTools, "", ""
	case a.text == "":
		return "", llm.KindBroken, "the answer is empty"
	}
	return llm.StopDone, "", ""
}
