package wire

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"
)

// maxRequestID bounds a provider's request id: it goes into receipts.
const maxRequestID = 200

// Exchange is what passed on the wire in one call. It is safe for concurrent use.
type Exchange struct {
	mu         sync.Mutex
	sent       bool
	status     int
	retryAfter time.Duration
	requestID  string
	body       []byte
}

type exchangeKey struct{}

// Watch returns a context whose request fills in the Exchange. One context is for
// one call.
func Watch(ctx context.Context) (context.Context, *Exchange) {
	e := &Exchange{}
	return context.WithValue(ctx, exchangeKey{}, e), e
}

// exchangeOf never returns nil: what nobody watches is written to nowhere.
func exchangeOf(ctx context.Context) *Exchange {
	if e, ok := ctx.Value(exchangeKey{}).(*Exchange); ok {
		return e
	}
	return &Exchange{}
}

// Sent reports whether the request may have reached the provider, so that it may
// have been billed.
func (e *Exchange) Sent() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sent
}

// Status returns the HTTP status, 0 if there was no answer.
func (e *Exchange) Status() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.status
}

// RetryAfter returns how long the provider asks to wait, 0 if it did not say.
func (e *Exchange) RetryAfter() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.retryAfter
}

// RequestID returns the provider's name of the exchange, bounded; empty if it
// gave none.
func (e *Exchange) RequestID() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.requestID
}

// ErrorBody returns the body of a failure, bounded; nil if there was none.
func (e *Exchange) ErrorBody() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return bytes.Clone(e.body)
}

func (e *Exchange) markSent() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sent = true
}

func (e *Exchange) record(resp *http.Response, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sent = true
	e.status = resp.StatusCode
	e.retryAfter = wait(resp, now)
	e.requestID = requestID(resp.Header)
}

func (e *Exchange) keepBody(data []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.body = data
}

func requestID(h http.Header) string {
	for _, name := range []string{"X-Request-Id", "Request-Id", "Apim-Request-Id"} {
		if id := h.Get(name); id != "" {
			return Bounded(id, maxRequestID)
		}
	}
	return ""
}
