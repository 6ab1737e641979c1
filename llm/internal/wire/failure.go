package wire

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/askbob/bob/llm"
)

// MaxMessage bounds a provider's words: they go into logs and receipts.
const MaxMessage = 500

// Statuses without a constant in net/http.
const (
	statusCapacity       = 498 // Groq: no room in the flexible tier
	statusOverloaded     = 529 // Anthropic and others
	statusGatewayTimeout = 524 // Cloudflare's, in front of many providers
)

// Failure returns the error of a call that ended with err, as far as the wire
// tells: kind, status, Retry-After, request id and whether anything can have been
// billed. The adapter adds its vendor's words and refines the kind by them.
func Failure(ctx context.Context, e *Exchange, err error) *llm.APIError {
	f := &llm.APIError{
		Kind: kindOf(ctx, e, err), Status: e.Status(), RetryAfter: e.RetryAfter(),
		RequestID: e.RequestID(), Err: err,
	}
	if ctx.Err() != nil {
		f.Err = ctx.Err() // libraries do not always say so
	}
	f.Usage.Known = !billable(e)
	return f
}

func kindOf(ctx context.Context, e *Exchange, err error) llm.Kind {
	status := e.Status()
	switch {
	case ctx.Err() != nil, errors.Is(err, ErrSilent):
		return llm.KindUnavailable
	case status >= http.StatusMultipleChoices:
		return KindOf(status, e.RetryAfter() > 0)
	case status != 0: // an answer began, and was none
		return llm.KindBroken
	}
	return llm.KindUnavailable
}

// KindOf returns the kind of failure that a status stands for.
func KindOf(status int, retryAfter bool) llm.Kind {
	switch status {
	case http.StatusTooManyRequests:
		return llm.KindRateLimited
	case http.StatusServiceUnavailable, statusOverloaded:
		if retryAfter {
			return llm.KindRateLimited
		}
		return llm.KindUnavailable
	case http.StatusUnauthorized, http.StatusForbidden:
		return llm.KindAuth
	case http.StatusPaymentRequired:
		return llm.KindQuota
	case http.StatusNotFound:
		return llm.KindNotFound
	case http.StatusRequestEntityTooLarge:
		return llm.KindTooLong
	case http.StatusRequestTimeout, http.StatusConflict, statusCapacity:
		return llm.KindUnavailable
	}
	if status >= http.StatusInternalServerError {
		return llm.KindUnavailable
	}
	return llm.KindInvalid
}

// billable reports whether a failed exchange may have cost something: the request
// went out, and no answer says that it came to nothing. A gateway that gave up
// waiting says nothing of the model behind it.
func billable(e *Exchange) bool {
	switch status := e.Status(); {
	case status == http.StatusGatewayTimeout, status == statusGatewayTimeout:
		return true
	case status >= http.StatusMultipleChoices:
		return false
	}
	return e.Sent()
}

// Bounded returns the beginning of a provider's text, at most limit bytes, as one
// line of valid UTF-8.
func Bounded(text string, limit int) string {
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
}

// minSecret is what a secret has at least: shorter ones are placeholders, and
// would take common words out of every text.
const minSecret = 8

// Scrubbed returns text without the secret, which a provider may have echoed.
func Scrubbed(text, secret string) string {
	if len(secret) < minSecret {
		return text
	}
	return strings.ReplaceAll(text, secret, "[key]")
}
