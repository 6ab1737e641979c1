package openai

import (
	"context"
	"encoding/json"
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
}

// failed returns the error of an exchange that gave no answer.
func (c *call) failed(ctx context.Context, err error) *llm.APIError {
	f := wire.Failure(ctx, c.exchange, err)
	f.Provider, f.Model = c.cfg.Name, c.request.Model
	if f.Status < http.StatusBadRequest || ctx.Err() != nil {
		return f
	}
	said, ok := faultIn(c.exchange.ErrorBody())
	if !ok {
		said = fault{message: string(c.exchange.ErrorBody())}
	}
	f.Kind = said.refine(f.Kind)
	f.Message = c.words(said.message)
	f.Err = nil // the library's error holds the request, and with it the key
	return f
}

// faulted returns the error of an exchange whose answer, with a good status, is
// an error object.
func (c *call) faulted(said fault) *llm.APIError {
	kind := llm.KindBroken
	if status, err := strconv.Atoi(said.code); err == nil && status >= http.StatusBadRequest {
		kind = wire.KindOf(status, c.exchange.RetryAfter() > 0)
	}
	f := c.fault(said.refine(kind), said.message, llm.Usage{})
	f.RetryAfter = c.exchange.RetryAfter()
	return f
}

// refine goes by the words of the error object where a status says too little.
func (f fault) refine(kind llm.Kind) llm.Kind {
	switch f.code {
	case "insufficient_quota", "billing_hard_limit_reached":
		return llm.KindQuota
	case "rate_limit_exceeded":
		return llm.KindRateLimited
	case "context_length_exceeded":
		return llm.KindTooLong
	case "content_filter", "content_policy_violation":
		return llm.KindRefused
	case "invalid_api_key":
		return llm.KindAuth
	case "model_not_found":
		return llm.KindNotFound
	case "server_error":
		return llm.KindUnavailable
	}
	switch {
	case f.kind == "insufficient_quota":
		return llm.KindQuota
	case f.kind == "exceed_context_size_error": // llama.cpp
		return llm.KindTooLong
	case kind == llm.KindInvalid && strings.Contains(strings.ToLower(f.message), "maximum context length"):
		return llm.KindTooLong // vLLM, OpenRouter and others have no code for it
	}
	return kind
}

// faultIn finds an error object in a body: an object, or a bare text.
func faultIn(body []byte) (fault, bool) {
	if !json.Valid(body) {
		return fault{}, false
	}
	said := gjson.GetBytes(body, "error")
	switch {
	case said.IsObject():
		return fault{
			message: said.Get("message").String(), code: said.Get("code").String(), kind: said.Get("type").String(),
		}, true
	case said.Type == gjson.String:
		return fault{message: said.String()}, true
	}
	return fault{}, false
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
