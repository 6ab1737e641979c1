package anthropic

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	sdk "github.com/anthropics/anthropic-sdk-go"
	"github.com/tidwall/gjson"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/internal/wire"
)

// fault is the format's error object.
type fault struct {
	kind    string // the field "type"
	message string
}

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
// an error object, or ends with one.
func (c *call) faulted(said fault, usage llm.Usage) *llm.APIError {
	f := c.Fault(said.refine(said.status()), said.message, usage)
	f.RetryAfter = c.RetryAfter()
	return f
}

// status is the kind of failure that the type of an error object stands for where
// there is no status: in the middle of a stream.
func (f fault) status() llm.Kind {
	switch f.kind {
	case "invalid_request_error":
		return llm.KindInvalid
	case "authentication_error", "permission_error":
		return llm.KindAuth
	case "not_found_error":
		return llm.KindNotFound
	case "request_too_large":
		return llm.KindTooLong
	case "rate_limit_error":
		return llm.KindRateLimited
	case "overloaded_error", "api_error", "timeout_error":
		return llm.KindUnavailable
	}
	return llm.KindBroken
}

// wordings are what tells one invalid request from another: the provider has no
// codes for them.
var wordings = []struct { //nolint:gochecknoglobals // a constant table
	words string // in lower case
	kind  llm.Kind
}{
	{"credit balance is too low", llm.KindQuota},
	{"api usage limits", llm.KindQuota}, // the account's own, reached
	{"prompt is too long", llm.KindTooLong},
	{"exceed context limit", llm.KindTooLong}, // input and bound of the output together
	{"content filtering policy", llm.KindRefused},
}

// refine goes by the error object where a status says too little.
func (f fault) refine(kind llm.Kind) llm.Kind {
	if f.kind == "billing_error" {
		return llm.KindQuota
	}
	if kind != llm.KindInvalid {
		return kind
	}
	said := strings.ToLower(f.message)
	for _, w := range wordings {
		if strings.Contains(said, w.words) {
			return w.kind
		}
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
		return fault{kind: said.Get("type").String(), message: said.Get("message").String()}, true
	case said.Type == gjson.String:
		return fault{message: said.String()}, true
	}
	return fault{}, false
}

// faultOf finds an error object that came in the middle of a stream. The library
// has one error for it and for a failure's status.
func (c *call) faultOf(err error) (fault, bool) {
	event, ok := errors.AsType[*sdk.Error](err)
	if !ok || c.Status() >= http.StatusBadRequest {
		return fault{}, false
	}
	said, ok := faultIn([]byte(event.RawJSON()))
	if !ok {
		said = fault{message: event.RawJSON()}
	}
	return said, true
}
