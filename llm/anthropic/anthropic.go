// Package anthropic speaks Anthropic's Messages format: to Anthropic itself and
// to what serves the format under a base URL. It knows the format, what its
// structured outputs take of a schema, and where its prompt cache pays. It does
// not know prices, never repeats a request, never reads the environment, and does
// not check an answer against its schema: that is the caller's.
//
// Thinking is left to the model's default. Thinking blocks are paid for and
// counted, but neither handed on nor sent back with the results of tools:
// llm.Message has no place for them.
package anthropic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	sdk "github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/internal/wire"
)

// DefaultBaseURL is Anthropic's own.
const DefaultBaseURL = "https://api.anthropic.com/"

// DefaultMaxOutput bounds answers that nobody bounds, in tokens: the format wants
// a bound in every request. It leaves room to think and lets the answer come
// whole.
const DefaultMaxOutput = 16_000

// maxBody bounds an answer that comes whole: 128,000 tokens with their escapes
// are a fraction of it. Streams have wire.DefaultBody, for their frames.
const maxBody = 8 << 20

// Config configures a Model. Name and Model are required.
type Config struct {
	Name  string // the provider, as responses and errors name it
	Model string // for requests that name none

	BaseURL string // with or without /v1 at its end; empty: DefaultBaseURL
	APIKey  string // sent as x-api-key; empty: none is sent

	MaxOutput int // for requests that bound nothing; 0: DefaultMaxOutput

	HTTPClient *http.Client // nil: one of its own
	// FirstByte is how long an answer may take to begin. 0: ten minutes, which is
	// the most for an answer that comes whole.
	FirstByte time.Duration
	Idle      time.Duration // between two pieces of an answer; 0: two minutes
}

// Model is one model at Anthropic, or at a server that speaks its format. It is
// safe for concurrent use.
type Model struct {
	cfg   Config
	whole sdk.MessageService
	parts sdk.MessageService
}

var _ llm.Model = (*Model)(nil)

// New returns a Model. It returns an error that says which field of cfg is wrong.
// It sends nothing.
func New(cfg Config) (*Model, error) {
	if cfg.Name == "" || cfg.Model == "" {
		return nil, errors.New("anthropic: a provider needs a name and a default model")
	}
	if cfg.MaxOutput < 0 {
		return nil, fmt.Errorf("anthropic: provider %s: the output is at most %d tokens; use 0 for the default", cfg.Name, cfg.MaxOutput)
	}
	if cfg.MaxOutput == 0 {
		cfg.MaxOutput = DefaultMaxOutput
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = DefaultBaseURL
	}
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" ||
		base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("anthropic: provider %s: the base URL must be like %s", cfg.Name, DefaultBaseURL)
	}
	// The library says v1 itself; other vendors' base URLs end with it.
	base.Path = strings.TrimSuffix(strings.TrimSuffix(base.Path, "/"), "/v1") + "/"
	return &Model{cfg: cfg, whole: service(cfg, base, maxBody), parts: service(cfg, base, wire.DefaultBody)}, nil
}

// service makes the client without the environment, whose keys, profiles and
// headers the library would send to whatever server the base URL names, and
// without spans, which could carry prompts.
func service(cfg Config, base *url.URL, body int64) sdk.MessageService {
	limits := wire.Limits{FirstByte: cfg.FirstByte, Idle: cfg.Idle, Body: body}
	opts := []option.RequestOption{
		option.WithoutEnvironmentDefaults(),
		option.WithoutOpenTelemetry(),
		option.WithBaseURL(base.String()),
		option.WithMaxRetries(0),
		option.WithHTTPClient(wire.Client(cfg.HTTPClient, limits)),
	}
	if cfg.APIKey != "" {
		opts = append(opts, option.WithAPIKey(cfg.APIKey))
	}
	return sdk.NewClient(opts...).Messages
}

// Generate asks once and returns the whole answer. A long answer comes as a
// stream: the library refuses to wait for what may take more than ten minutes,
// with reason, for lines that are silent so long are cut on their way.
//
// The request's idempotency key is not sent: the provider does not keep it, and
// to net/http such a header is leave to repeat a request that may already have
// been billed.
func (m *Model) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	ctx, call := m.call(ctx, r)
	params, err := call.params()
	if err != nil {
		return llm.Response{}, call.Unsent(err)
	}
	if _, tooLong := sdk.CalculateNonStreamingTimeout(int(params.MaxTokens), params.Model, nil); tooLong != nil {
		return collect(m.stream(ctx, call, params))
	}
	// The body is taken as it is: the library wants a content type that not every
	// server sends, and has no place for an error in an answer with status 200.
	var raw []byte
	if _, err := m.whole.New(ctx, params, option.WithResponseBodyInto(&raw)); err != nil {
		return llm.Response{}, call.failed(ctx, err)
	}
	return call.whole(raw)
}

// Stream asks once and yields the answer as it comes. Breaking off ends the
// exchange.
func (m *Model) Stream(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		ctx, call := m.call(ctx, r)
		params, err := call.params()
		if err != nil {
			yield(llm.Delta{}, call.Unsent(err))
			return
		}
		m.stream(ctx, call, params)(yield)
	}
}

func (m *Model) stream(ctx context.Context, call *call, params sdk.MessageNewParams) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		stream := m.parts.NewStreaming(ctx, params)
		defer func() { _ = stream.Close() }()
		var parts parts
		for stream.Next() {
			text, err := parts.add(stream.Current())
			if err != nil {
				yield(llm.Delta{}, call.Broken(err, parts.answer.usage))
				return
			}
			if text != "" && !yield(llm.Delta{Text: text}, nil) {
				return
			}
		}
		yield(call.end(ctx, stream.Err(), &parts))
	}
}

// collect returns the whole answer of a stream.
func collect(stream iter.Seq2[llm.Delta, error]) (llm.Response, error) {
	var response llm.Response
	for delta, err := range stream {
		if err != nil {
			return llm.Response{}, err
		}
		if delta.Done != nil {
			response = *delta.Done
		}
	}
	return response, nil
}

// call is one exchange with the provider.
type call struct {
	*wire.Call

	cfg     Config
	request llm.Request
}

func (m *Model) call(ctx context.Context, r llm.Request) (context.Context, *call) {
	r = r.WithDefaults(m.cfg.Model, m.cfg.MaxOutput)
	ctx, begun := wire.Begin(ctx, m.cfg.Name, r.Model, m.cfg.APIKey)
	return ctx, &call{cfg: m.cfg, request: r, Call: begun}
}

// whole reads an answer that came in one piece.
func (c *call) whole(raw []byte) (llm.Response, error) {
	if fault, ok := faultIn(raw); ok {
		return llm.Response{}, c.faulted(fault, llm.Usage{})
	}
	var body sdk.Message
	if err := json.Unmarshal(raw, &body); err != nil {
		return llm.Response{}, c.Broken(fmt.Errorf("the answer is no JSON: %w", err), llm.Usage{})
	}
	return c.respond(answerOf(body))
}

// end is the last thing that a stream yields. Counts that came before a stream
// broke are kept; unless it was at its end, they are not all.
func (c *call) end(ctx context.Context, err error, p *parts) (llm.Delta, error) {
	if fault, ok := c.faultOf(err); ok {
		return llm.Delta{}, c.faulted(fault, p.answer.usage)
	}
	if err != nil {
		failure := c.failed(ctx, err)
		if p.answer.usage != (llm.Usage{}) {
			failure.Usage = p.answer.usage
		}
		return llm.Delta{}, failure
	}
	response, err := c.respond(p.whole())
	if err != nil {
		return llm.Delta{}, err
	}
	return llm.Delta{Done: &response}, nil
}
