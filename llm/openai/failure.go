package openai

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/openai/openai-go/v3/packages/ssestream"
	"github.com/tidwall/gjson"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/internal/wire"
)

// fault is the format's error object.
type fault struct {
	message string
	code    string // a word; OpenRouter and others put an HTTP status here
	kind    string // the field "type"
	flagged bool   // by OpenRouter's moderation, which answers with 403
}

// Error returns the provider's words.
func (f fault) Error() string { return f.message }

// failed returns the error of an exchange that gave no answer.
func (c *call) failed(ctx context.Context, err error) *llm.APIError {
	f := wire.Failure(ctx, c.Exchange, err)
	f.Provider, f.Model = c.cfg.Name, c.request.Model
	if f.Status < http.StatusBadRequest || ctx.Err() != nil {
		return f
	}
	said, ok := faultIn(c.ErrorBody())
	if !ok {
		said = fault{message: string(c.ErrorBody())}
	}
	f.Kind = said.refine(f.Kind)
	f.Message = c.Words(said.message)
	f.Err = nil // the library's error holds the request, and with it the key
	return f
}

// faulted returns the error of an exchange whose answer, with a good status, is
// an error object. It may have said more before.
func (c *call) faulted(said fault, a answer) *llm.APIError {
	kind := llm.KindBroken
	if status, err := strconv.Atoi(said.code); err == nil && status >= http.StatusBadRequest {
		kind = wire.KindOf(status, c.RetryAfter() > 0)
	}
	f := c.fault(said.refine(kind), said.message, a)
	f.RetryAfter = c.RetryAfter()
	return f
}

// codes are the words of the field "code" that say more than a status does.
var codes = map[string]llm.Kind{ //nolint:gochecknoglobals // a constant table
	"insufficient_quota":         llm.KindQuota,
	"billing_hard_limit_reached": llm.KindQuota,
	"rate_limit_exceeded":        llm.KindRateLimited,
	"context_length_exceeded":    llm.KindTooLong,
	"content_filter":             llm.KindRefused,
	"content_policy_violation":   llm.KindRefused,
	"invalid_api_key":            llm.KindAuth,
	"model_not_found":            llm.KindNotFound,
	"server_error":               llm.KindUnavailable,
}

// tooLong are what servers without a code for it say of a request that does not
// fit: vLLM, OpenRouter and many others; LM Studio; llama.cpp; xAI.
var tooLong = []string{ //nolint:gochecknoglobals // a constant table
	"maximum context length", "context length of only", "context size", "maximum prompt length",
}

// refine goes by the words of the error object where a status says too little.
func (f fault) refine(kind llm.Kind) llm.Kind {
	words := strings.ToLower(f.message)
	switch {
	case f.kind == "insufficient_quota":
		return llm.KindQuota
	case f.flagged:
		return llm.KindRefused
	case f.kind == "exceed_context_size_error": // llama.cpp
		return llm.KindTooLong
	case strings.HasPrefix(words, "request too large"):
		return llm.KindTooLong // it says "rate limit", but no waiting makes it fit
	}
	if kind, ok := codes[f.code]; ok {
		return kind
	}
	if kind != llm.KindInvalid {
		return kind
	}
	for _, phrase := range tooLong {
		if strings.Contains(words, phrase) {
			return llm.KindTooLong
		}
	}
	return kind
}

// faultIn finds an error in a body. The format has an object under "error"; other
// shapes are a bare text there, an object in a list (Google), an object in a choice
// (OpenRouter), and no envelope at all (Mistral, older vLLM, FastAPI).
func faultIn(body []byte) (fault, bool) {
	if !gjson.ValidBytes(body) {
		return fault{}, false
	}
	doc := gjson.ParseBytes(body)
	if doc.IsArray() {
		doc = doc.Get("0")
	}
	for _, path := range []string{"error", "choices.0.error"} {
		said := doc.Get(path)
		if said.IsObject() || said.Type == gjson.String {
			return faultAt(said), true
		}
	}
	if doc.Get("choices").Exists() {
		return fault{}, false
	}
	if doc.Get("message").Exists() || doc.Get("detail").Exists() {
		return faultAt(doc), true
	}
	return fault{}, false
}

func faultAt(said gjson.Result) fault {
	if said.Type == gjson.String {
		return fault{message: said.String()}
	}
	f := fault{code: said.Get("code").String(), kind: said.Get("type").String(), flagged: said.Get("metadata.reasons").Exists()}
	for _, path := range []string{"message", "detail"} {
		if f.message == "" {
			f.message = said.Get(path).String() // of an object or a list: its JSON
		}
	}
	if raw := said.Get("metadata.raw").String(); raw != "" {
		f.message += ": " + raw // OpenRouter's own words say only that the provider failed
	}
	return f
}

// faultOf finds an error object that came in the middle of a stream.
func faultOf(err error) (fault, bool) {
	event, ok := errors.AsType[*ssestream.StreamError](err)
	if !ok {
		return fault{}, false
	}
	said, ok := faultIn(event.Event.Data)
	if !ok {
		said = fault{message: event.Message}
	}
	return said, true
}
