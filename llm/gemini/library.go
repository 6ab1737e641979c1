package gemini

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"google.golang.org/genai"

	"github.com/askbob/bob/llm/internal/wire"
)

// keyHeader carries the key.
const keyHeader = "X-Goog-Api-Key"

// noKey stands for "no key" towards the library, which would take one from the
// environment and send it to whatever server the base URL names. It does not
// leave the process.
const noKey = "none"

// library is the vendor's client, made at the first call: its constructor wants a
// context, and a model is made without one.
type library struct {
	once   sync.Once
	cfg    genai.ClientConfig
	client *genai.Client
	err    error
}

// newLibrary says everything that the library would otherwise read from the
// environment. Retries are off as long as nobody sets RetryOptions.
func newLibrary(cfg Config, body int64) *library {
	client := wire.Client(cfg.HTTPClient, wire.Limits{FirstByte: cfg.FirstByte, Idle: cfg.Idle, Body: body})
	client.Transport = &edge{next: client.Transport, keyless: cfg.APIKey == ""}
	key := cfg.APIKey
	if key == "" {
		key = noKey
	}
	return &library{cfg: genai.ClientConfig{
		APIKey: key, Backend: genai.BackendGeminiAPI, HTTPClient: client,
		HTTPOptions: genai.HTTPOptions{BaseURL: cfg.BaseURL, APIVersion: "v1beta"},
	}}
}

func (l *library) models(ctx context.Context) (*genai.Models, error) {
	l.once.Do(func() { l.client, l.err = genai.NewClient(ctx, &l.cfg) })
	if l.err != nil {
		return nil, l.err
	}
	return l.client.Models, nil
}

// errForm says that the library could make nothing of the answer.
var errForm = errors.New("the answer has not the API's form")

// guarded runs the library's code, which panics when a field of an answer has
// another type than it expects.
func guarded[T any](f func() (T, error)) (value T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errForm, p)
		}
	}()
	return f()
}

type callKey struct{}

// edge stands between the library and the wire.
type edge struct {
	next    http.RoundTripper
	keyless bool
}

// RoundTrip sends the request, without a key if there is none.
func (e *edge) RoundTrip(req *http.Request) (*http.Response, error) {
	if e.keyless {
		req = req.Clone(req.Context())
		req.Header.Del(keyHeader)
	}
	resp, err := e.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if c, ok := req.Context().Value(callKey{}).(*call); ok {
		resp.Body = &quiet{ReadCloser: resp.Body, call: c}
	}
	return resp, nil
}

// quiet ends the answer where reading it fails, and keeps the reason: the library
// would write it to the program's log.
type quiet struct {
	io.ReadCloser
	call *call
}

// Read reads a piece.
func (q *quiet) Read(p []byte) (int, error) {
	n, err := q.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		q.call.cut = err
		err = io.EOF
	}
	return n, err
}
