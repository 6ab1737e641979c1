// Package wire is the HTTP that the adapters share: how long to wait for a
// provider, how much of an answer to read, and what a vendor's library keeps to
// itself (status, Retry-After, request id, the body of a failure). It knows no
// vendor's format and never repeats a request.
package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// The errors of this package.
var (
	// ErrSilent says that the provider sent nothing for too long.
	ErrSilent = errors.New("the provider sent nothing for too long")
	// ErrTooLarge says that an answer was larger than anybody asked for.
	ErrTooLarge = errors.New("the answer is too large")
	// ErrRedirected says that the server is not the one to ask. It is not followed:
	// the key would travel along.
	ErrRedirected = errors.New("the base URL redirects elsewhere: set it to where it leads")
)

// The limits that a zero Limits stands for.
const (
	// DefaultFirstByte is long because many servers send their first byte with
	// the whole answer, and a reasoning model thinks for minutes.
	DefaultFirstByte = 10 * time.Minute
	// DefaultIdle is between two pieces of an answer that has begun.
	DefaultIdle = 2 * time.Minute
	// DefaultBody holds the longest answer of any model (some 128,000 tokens) when
	// each token is streamed in a frame of its own, of about 400 bytes.
	DefaultBody = 64 << 20
)

// maxErrorBody bounds what is kept of a failure: enough for any error object.
const maxErrorBody = 64 << 10

// idleConnections are kept for each host: calls run side by side, and a new TLS
// handshake for each would cost more than the connection does.
const idleConnections = 64

// Limits bound one exchange. Zero fields stand for the defaults.
type Limits struct {
	FirstByte time.Duration // from the call to the answer's headers
	Idle      time.Duration // between two pieces of the answer
	Body      int64         // bytes of the answer, after decompression
}

func (l Limits) orDefaults() Limits {
	if l.FirstByte <= 0 {
		l.FirstByte = DefaultFirstByte
	}
	if l.Idle <= 0 {
		l.Idle = DefaultIdle
	}
	if l.Body <= 0 {
		l.Body = DefaultBody
	}
	return l
}

// Client returns a client that keeps to the limits, follows no redirect and fills in the Exchange of the request's context.
// base may be nil; it is not changed.
func Client(base *http.Client, limits Limits) *http.Client {
	client := &http.Client{}
	if base != nil {
		*client = *base
	}
	if client.Transport == nil {
		client.Transport = transport()
	}
	client.Transport = &roundTripper{next: client.Transport, limits: limits.orDefaults()}
	return client
}

func transport() http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	own := standard.Clone()
	own.MaxIdleConnsPerHost = idleConnections
	return own
}

type roundTripper struct {
	next   http.RoundTripper
	limits Limits
}

// RoundTrip sends the request once.
func (t *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	exchange := exchangeOf(req.Context())
	ctx, cancel := context.WithCancel(req.Context())
	if _, traced := t.next.(*http.Transport); traced {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: exchange.markSent})
	} else {
		exchange.markSent() // nobody tells, so it may have been
	}
	dog := newWatchdog(cancel)
	dog.start(t.limits.FirstByte)
	resp, err := t.next.RoundTrip(req.WithContext(ctx))
	dog.stop()
	if err != nil {
		cancel()
		return nil, dog.blame(err)
	}
	exchange.record(resp, time.Now())
	if resp.StatusCode >= http.StatusMultipleChoices && resp.StatusCode < http.StatusBadRequest {
		_ = resp.Body.Close()
		cancel()
		return nil, ErrRedirected
	}
	resp.Body = &body{ReadCloser: resp.Body, dog: dog, idle: t.limits.Idle, left: t.limits.Body}
	if resp.StatusCode >= http.StatusBadRequest {
		keepFailure(resp, exchange)
	}
	return resp, nil
}

// keepFailure reads a failure's body, for libraries hand on only part of it. What
// the provider does not send is left out: the status says enough.
func keepFailure(resp *http.Response, exchange *Exchange) {
	data, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	_ = resp.Body.Close()
	exchange.keepBody(data)
	resp.Body = io.NopCloser(bytes.NewReader(data))
	resp.ContentLength = int64(len(data))
}

// body is an answer under the limits.
type body struct {
	io.ReadCloser
	dog  *watchdog
	idle time.Duration
	left int64
}

// Read reads a piece. It returns ErrTooLarge past the limit, ErrSilent when the
// piece did not come in time. The time that the reader takes does not count.
func (b *body) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return b.pastLimit()
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	b.dog.start(b.idle)
	n, err := b.ReadCloser.Read(p)
	b.dog.stop()
	b.left -= int64(n)
	return n, b.dog.blame(err)
}

// pastLimit tells an answer that is just as long as allowed from a longer one.
func (b *body) pastLimit() (int, error) {
	b.dog.start(b.idle)
	defer b.dog.stop()
	n, err := b.ReadCloser.Read(make([]byte, 1))
	if n > 0 {
		return 0, ErrTooLarge
	}
	return 0, b.dog.blame(err)
}

// Close ends the exchange.
func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.dog.bite()
	return err
}

// watchdog ends an exchange whose provider is silent for too long.
type watchdog struct {
	bite   context.CancelFunc
	timer  *time.Timer
	silent atomic.Bool
}

func newWatchdog(bite context.CancelFunc) *watchdog {
	d := &watchdog{bite: bite}
	d.timer = time.AfterFunc(time.Hour, func() {
		d.silent.Store(true)
		d.bite()
	})
	d.timer.Stop()
	return d
}

func (d *watchdog) start(patience time.Duration) { d.timer.Reset(patience) }

func (d *watchdog) stop() { d.timer.Stop() }

// blame names the silence as the reason of an error when it was.
func (d *watchdog) blame(err error) error {
	if err != nil && !errors.Is(err, io.EOF) && d.silent.Load() {
		return ErrSilent
	}
	return err
}
