package llm

import (
	"errors"
	"fmt"
	"time"
)

// Kind classes a failed call by what can be done about it.
type Kind string

// The kinds of failure.
const (
	KindUnavailable Kind = "unavailable"      // 408, 409, 5xx, refused, reset, hung: try again later
	KindRateLimited Kind = "rate_limited"     // 429, 503 and 529 with Retry-After: try again after it
	KindQuota       Kind = "quota"            // the account has no money left: a person must act
	KindAuth        Kind = "auth"             // 401, 403: the key is wrong: a person must act
	KindNotFound    Kind = "not_found"        // no such model
	KindTooLong     Kind = "context_too_long" // the request does not fit the model
	KindInvalid     Kind = "invalid"          // any other 4xx: repeating it is useless
	KindRefused     Kind = "content_policy"   // the provider refused the content
	KindTruncated   Kind = "truncated"        // the answer was cut off: not an answer
	KindBroken      Kind = "broken"           // an answer that is none: empty, garbage, cut in transit
	KindUnpriced    Kind = "unpriced"         // refused by us: nobody knows what it would cost
)

// APIError says why a call failed and what it used all the same.
type APIError struct {
	Provider   string
	Model      string
	Kind       Kind
	Status     int           // HTTP; 0: there was no answer
	RetryAfter time.Duration // 0: the provider did not say
	Message    string        // the provider's words, bounded; for logs and receipts, not for chats
	RequestID  string
	// Held says that we refused the call and nothing was sent: a limit of ours was
	// reached, or the provider is known to be closed. Message then says why.
	Held   bool
	Usage  Usage // what was billed although the call failed
	Cost   Cost  // filled in by llm/price
	Stated Cost  // what the provider says that the failed call cost
	Err    error // nil: nothing underneath
}

// Error says which provider failed, how, and in its own words.
func (e *APIError) Error() string {
	text := fmt.Sprintf("%s %s: %s", e.Provider, e.Model, e.Kind)
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	switch {
	case e.Message != "":
		text += ": " + e.Message
	case e.Err != nil:
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the error underneath, nil if there is none.
func (e *APIError) Unwrap() error { return e.Err }

// Retryable reports whether the same request may succeed later.
func (e *APIError) Retryable() bool {
	switch e.Kind {
	case KindUnavailable, KindRateLimited, KindBroken, KindTruncated:
		return true
	default:
		return false
	}
}

// AsAPIError returns the *APIError in err's chain, nil if there is none.
func AsAPIError(err error) *APIError {
	if e, ok := errors.AsType[*APIError](err); ok {
		return e
	}
	return nil
}
