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
	"maps"
	"net/http"
	"net/url"
	"slices"
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

// Config configures a Model. Name and Model are required.
type Config struct {
	Name  string // the provider, as responses and errors name it
	Model string // for requests that name none

	// BaseURL is where the API is. Empty: DefaultBaseURL. A query in it goes with
	// every request. For Azure it is the resource, such as
	// https://NAME.openai.azure.com, with ?api-version=… for the API of that version;
	// models are then the names of deployments.
	BaseURL string
	APIKey  string            // sent as a bearer token, to Azure in its own header; empty: none is sent
	Headers map[string]string // sent with every request; nil: none

	MaxOutput   int         // for requests that bound nothing; 0: the server's default
	OutputLimit OutputLimit // empty: what the host of BaseURL is known to want
	Structured  Structured  // empty: what the host of BaseURL is known to want

	HTTPClient *http.Client  // nil: one of its own
	FirstByte  time.Duration // until an answer begins; 0: ten minutes
	Idle       time.Duration // between two pieces of an answer; 0: two minutes
}

// Model is one model or server that speaks the format. It is safe for concurrent
// use.
type Model struct {
	cfg    Config
	base   *url.URL
	habits habits
	whole  sdk.ChatCompletionService
	parts  sdk.ChatCompletionService
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
	m := &Model{cfg: cfg, base: base, habits: habitsOf(base.Hostname())}
	switch cfg.OutputLimit {
	case MaxTokens, MaxCompletionTokens:
		m.habits.output = cfg.OutputLimit
	case "":
	default:
		return nil, fmt.Errorf("openai: provider %s: the output limit is %s or %s, not %q",
			cfg.Name, MaxTokens, MaxCompletionTokens, cfg.OutputLimit)
	}
	switch cfg.Structured {
	case StructuredStrict, StructuredSchema, StructuredGrammar, StructuredObject, StructuredWords:
		m.habits.structured = cfg.Structured
	case "":
	default:
		return nil, fmt.Errorf("openai: provider %s: structured answers are asked for as %s, %s, %s, %s or %s, not %q", cfg.Name,
			StructuredStrict, StructuredSchema, StructuredGrammar, StructuredObject, StructuredWords, cfg.Structured)
	}
	m.serve()
	return m, nil
}

// serve makes the services directly and not by sdk.NewClient, which would read
// the environment and send OPENAI_API_KEY, organisation and custom headers to
// whatever server the base URL names.
func (m *Model) serve() {
	m.whole = sdk.NewChatCompletionService(m.options(maxBody)...)
	m.parts = sdk.NewChatCompletionService(m.options(wire.DefaultBody)...)
}

// Generate asks once and returns the whole answer. The request's idempotency key
// is not sent: no server of the format keeps it, and to net/http such a header is
// leave to repeat a request that may already have been billed.
func (m *Model) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	ctx, call := m.call(ctx, r)
	params, err := call.params()
	if err != nil {
		return llm.Response{}, call.Unsent(err)
	}
	// The body is taken as it is: the library wants a content type that not every
	// server sends, and has no place for an error in an answer with status 200.
	var raw []byte
	if _, err := m.whole.New(ctx, params, call.at, option.WithResponseBodyInto(&raw)); err != nil {
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
		if !m.habits.unasked {
			params.StreamOptions.IncludeUsage = sdk.Bool(true)
		}
		stream := m.parts.NewStreaming(ctx, params, call.at)
		defer func() { _ = stream.Close() }()
		var parts parts
		for stream.Next() {
			text, err := parts.add(stream.Current())
			if err != nil {
				yield(llm.Delta{}, call.midway(err, parts.answer))
				return
			}
			if text != "" && !yield(llm.Delta{Text: text}, nil) {
				return
			}
		}
		yield(call.end(ctx, stream.Err(), &parts))
	}
}

// secrets are what an answer must not show.
func (m *Model) secrets() []string {
	return append(slices.Collect(maps.Values(m.cfg.Headers)), m.cfg.APIKey)
}

// call is one exchange with the provider.
type call struct {
	*wire.Call

	cfg     Config
	habits  habits
	request llm.Request
	at      option.RequestOption // where the model is
}

func (m *Model) call(ctx context.Context, r llm.Request) (context.Context, *call) {
	r = r.WithDefaults(m.cfg.Model, m.cfg.MaxOutput)
	ctx, begun := wire.Begin(ctx, m.cfg.Name, r.Model, m.secrets()...)
	return ctx, &call{
		cfg: m.cfg, habits: m.habits, request: r, Call: begun, at: option.WithBaseURL(m.place(r.Model)),
	}
}

// whole reads an answer that came in one piece.
func (c *call) whole(raw []byte) (llm.Response, error) {
	var body sdk.ChatCompletion
	err := json.Unmarshal(raw, &body)
	said := answerOf(body)
	if fault, ok := faultIn(raw); ok {
		return llm.Response{}, c.faulted(fault, said)
	}
	if err != nil {
		return llm.Response{}, c.broken(fmt.Errorf("the answer is no JSON: %w", err), answer{})
	}
	return c.respond(said)
}

// end is the last thing that a stream yields.
func (c *call) end(ctx context.Context, err error, p *parts) (llm.Delta, error) {
	if fault, ok := faultOf(err); ok {
		return llm.Delta{}, c.faulted(fault, p.answer)
	}
	if err != nil {
		failure := c.failed(ctx, err)
		if p.answer.usage.Known {
			failure.Usage, failure.Stated = p.answer.usage, p.answer.stated
		}
		return llm.Delta{}, failure
	}
	response, err := c.respond(p.whole())
	if err != nil {
		return llm.Delta{}, err
	}
	return llm.Delta{Done: &response}, nil
}
