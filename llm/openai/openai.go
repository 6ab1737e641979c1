// Package openai speaks the chat completions format: to OpenAI, Azure,
// OpenRouter, Groq, vLLM, llama.cpp and everything else that serves it under a
// base URL. It knows the format and its dialects; it does not know prices, never
// repeats a request, never reads the environment, and does not check an answer
// against its schema: that is the caller's.
package openai

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

	sdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/internal/wire"
)

// DefaultBaseURL is OpenAI's own.
const DefaultBaseURL = "https://api.openai.com/v1/"

// maxBody bounds an answer that comes whole: 128,000 tokens with their escapes
// are a fraction of it. Streams have wire.DefaultBody, for their frames.
const maxBody = 8 << 20

// OutputLimit is the name under which a server knows the bound of an answer. One
// request must not have both.
type OutputLimit string

// The names of the bound.
const (
	MaxCompletionTokens OutputLimit = "max_completion_tokens" // OpenAI and Azure
	MaxTokens           OutputLimit = "max_tokens"            // everybody else
)

// Config configures a Model. Name and Model are required.
type Config struct {
	Name  string // the provider, as responses and errors name it
	Model string // for requests that name none

	BaseURL string            // empty: DefaultBaseURL; a query in it goes with every request (Azure's api-version)
	APIKey  string            // sent as a bearer token; empty: none is sent
	Headers map[string]string // sent with every request (Azure's api-key); nil: none

	MaxOutput   int         // for requests that bound nothing; 0: the server's default
	OutputLimit OutputLimit // empty: what the host of BaseURL is known to want
	// Grammar says that the server constrains decoding by the schema as it is, as
	// llama.cpp and vLLM do: it is sent with its bounds, which stop a weak model.
	Grammar bool

	HTTPClient *http.Client  // nil: one of its own
	FirstByte  time.Duration // until an answer begins; 0: ten minutes
	Idle       time.Duration // between two pieces of an answer; 0: two minutes
}

// Model is one model or server that speaks the format. It is safe for concurrent
// use.
type Model struct {
	cfg   Config
	whole sdk.ChatCompletionService
	parts sdk.ChatCompletionService
}

var _ llm.Model = (*Model)(nil)

// New returns a Model. It returns an error that says which field of cfg is wrong.
// It sends nothing.
func New(cfg Config) (*Model, error) {
	if cfg.Name == "" || cfg.Model == "" {
		return nil, errors.New("openai: a provider needs a name and a default model")
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = DefaultBaseURL
	}
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("openai: provider %s: the base URL must be like %s", cfg.Name, DefaultBaseURL)
	}
	switch cfg.OutputLimit {
	case MaxTokens, MaxCompletionTokens:
	case "":
		cfg.OutputLimit = outputLimit(base.Hostname())
	default:
		return nil, fmt.Errorf("openai: provider %s: the output limit is %s or %s, not %q",
			cfg.Name, MaxTokens, MaxCompletionTokens, cfg.OutputLimit)
	}
	return &Model{cfg: cfg, whole: service(cfg, base, maxBody), parts: service(cfg, base, wire.DefaultBody)}, nil
}

// outputLimit goes by the host: OpenAI's newer models refuse max_tokens, and many
// other servers ignore or refuse its successor.
func outputLimit(host string) OutputLimit {
	for _, domain := range []string{"openai.com", "azure.com"} {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return MaxCompletionTokens
		}
	}
	return MaxTokens
}

// service makes the service directly and not by sdk.NewClient, which would read
// the environment and send OPENAI_API_KEY, organisation and custom headers to
// whatever server the base URL names.
func service(cfg Config, base *url.URL, body int64) sdk.ChatCompletionService {
	limits := wire.Limits{FirstByte: cfg.FirstByte, Idle: cfg.Idle, Body: body}
	plain := *base
	plain.RawQuery, plain.Fragment = "", ""
	opts := []option.RequestOption{
		option.WithBaseURL(strings.TrimSuffix(plain.String(), "/") + "/"),
		option.WithAPIKey(cfg.APIKey),
		option.WithMaxRetries(0),
		option.WithHTTPClient(wire.Client(cfg.HTTPClient, limits)),
	}
	for name, values := range base.Query() {
		for _, value := range values {
			opts = append(opts, option.WithQueryAdd(name, value))
		}
	}
	for name, value := range cfg.Headers {
		opts = append(opts, option.WithHeader(name, value))
	}
	return sdk.NewChatCompletionService(opts...)
}

// Generate asks once and returns the whole answer. The request's idempotency key
// is not sent: no server of the format keeps it, and to net/http such a header is
// leave to repeat a request that may already have been billed.
func (m *Model) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	ctx, call := m.call(ctx, r)
	params, err := call.params()
	if err != nil {
		return llm.Response{}, call.unsent(err)
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
			yield(llm.Delta{}, call.unsent(err))
			return
		}
		params.StreamOptions.IncludeUsage = sdk.Bool(true)
		stream := m.parts.NewStreaming(ctx, params)
		defer func() { _ = stream.Close() }()
		var parts parts
		for stream.Next() {
			text, err := parts.add(stream.Current())
			if err != nil {
				yield(llm.Delta{}, call.broken(err, parts.answer.usage))
				return
			}
			if text != "" && !yield(llm.Delta{Text: text}, nil) {
				return
			}
		}
		yield(call.end(ctx, stream.Err(), &parts))
	}
}

// call is one exchange with the provider.
type call struct {
	cfg      Config
	request  llm.Request
	exchange *wire.Exchange
}

func (m *Model) call(ctx context.Context, r llm.Request) (context.Context, *call) {
	if r.Model == "" {
		r.Model = m.cfg.Model
	}
	if r.MaxOutput <= 0 {
		r.MaxOutput = m.cfg.MaxOutput
	}
	ctx, exchange := wire.Watch(ctx)
	return ctx, &call{cfg: m.cfg, request: r, exchange: exchange}
}

// whole reads an answer that came in one piece.
func (c *call) whole(raw []byte) (llm.Response, error) {
	if fault, ok := faultIn(raw); ok {
		return llm.Response{}, c.faulted(fault)
	}
	var body sdk.ChatCompletion
	if err := json.Unmarshal(raw, &body); err != nil {
		return llm.Response{}, c.broken(fmt.Errorf("the answer is no JSON: %w", err), llm.Usage{})
	}
	return c.respond(answerOf(body))
}

// end is the last thing that a stream yields.
func (c *call) end(ctx context.Context, err error, p *parts) (llm.Delta, error) {
	if fault, ok := faultOf(err); ok {
		return llm.Delta{}, c.faulted(fault)
	}
	if err != nil {
		failure := c.failed(ctx, err)
		if p.answer.usage.Known {
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
