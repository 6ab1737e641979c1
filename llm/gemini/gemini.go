// Package gemini speaks to Google's Gemini API. It knows the format and what the
// official library makes of it; it does not know prices, never repeats a request,
// never takes a key from the environment, and does not check an answer against
// its schema: that is the caller's.
package gemini

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/genai"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/internal/wire"
)

// DefaultBaseURL is Google's own. The version is not part of it.
const DefaultBaseURL = "https://generativelanguage.googleapis.com/"

// maxBody bounds an answer that comes whole: 128,000 tokens with their escapes
// are a fraction of it. Streams have wire.DefaultBody, for their frames.
const maxBody = 8 << 20

// Config configures a Model. Name and Model are required.
type Config struct {
	Name  string // the provider, as responses and errors name it
	Model string // for requests that name none

	BaseURL string // empty: DefaultBaseURL
	APIKey  string // empty: none is sent, for a gateway that has its own

	MaxOutput int // for requests that bound nothing; 0: the model's default

	HTTPClient *http.Client  // nil: one of its own
	FirstByte  time.Duration // until an answer begins; 0: ten minutes
	Idle       time.Duration // between two pieces of an answer; 0: two minutes
}

// Model is one model of the Gemini API. It is safe for concurrent use.
type Model struct {
	cfg   Config
	whole *library
	parts *library
}

var _ llm.Model = (*Model)(nil)

// New returns a Model. It returns an error that says which field of cfg is wrong.
// It sends nothing.
func New(cfg Config) (*Model, error) {
	if cfg.Name == "" || cfg.Model == "" {
		return nil, errors.New("gemini: a provider needs a name and a default model")
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = DefaultBaseURL
	}
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.RawQuery != "" {
		return nil, fmt.Errorf("gemini: provider %s: the base URL must be like %s", cfg.Name, DefaultBaseURL)
	}
	return &Model{cfg: cfg, whole: newLibrary(cfg, maxBody), parts: newLibrary(cfg, wire.DefaultBody)}, nil
}

// Generate asks once and returns the whole answer. The request's idempotency key
// is not sent: the API knows none, and to net/http such a header is leave to
// repeat a request that may already have been billed.
func (m *Model) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	ctx, call := m.call(ctx, r)
	asked, models, err := call.prepare(ctx, m.whole)
	if err != nil {
		return llm.Response{}, call.unsent(err)
	}
	body, err := guarded(func() (*genai.GenerateContentResponse, error) {
		return models.GenerateContent(ctx, call.request.Model, asked.contents, asked.config)
	})
	if err != nil {
		return llm.Response{}, call.failed(ctx, err)
	}
	var parts parts
	if _, err := parts.add(body); err != nil {
		return llm.Response{}, call.Broken(err, parts.usage())
	}
	return call.respond(parts.whole())
}

// Stream asks once and yields the answer as it comes. Breaking off ends the
// exchange.
func (m *Model) Stream(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		ctx, call := m.call(ctx, r)
		asked, models, err := call.prepare(ctx, m.parts)
		if err != nil {
			yield(llm.Delta{}, call.unsent(err))
			return
		}
		// Pulled, so that what the reader does is not taken for the library's fault.
		next, stop := iter.Pull2(models.GenerateContentStream(ctx, call.request.Model, asked.contents, asked.config))
		defer stop()
		var parts parts
		for {
			chunk, err := guarded(func() (*genai.GenerateContentResponse, error) { return pull(next) })
			if err != nil {
				yield(call.end(ctx, err, &parts))
				return
			}
			text, err := parts.add(chunk)
			if err != nil {
				yield(llm.Delta{}, call.Broken(err, parts.usage()))
				return
			}
			if text != "" && !yield(llm.Delta{Text: text}, nil) {
				return
			}
		}
	}
}

// errEnd says that there are no more pieces. It is not io.EOF, for that is also
// what a dropped line says.
var errEnd = errors.New("the stream has ended")

// pull returns errEnd at the end.
func pull[T any](next func() (T, error, bool)) (T, error) {
	value, err, ok := next()
	if !ok {
		return value, errEnd
	}
	return value, err
}

// end is the last thing that a stream yields. Err says why it ended.
func (c *call) end(ctx context.Context, err error, p *parts) (llm.Delta, error) {
	if c.cut != nil || !errors.Is(err, errEnd) {
		failure := c.failed(ctx, err)
		if !failure.Usage.Known {
			failure.Usage = p.usage()
		}
		return llm.Delta{}, failure
	}
	response, err := c.respond(p.whole())
	if err != nil {
		return llm.Delta{}, err
	}
	return llm.Delta{Done: &response}, nil
}

// call is one exchange with the provider.
type call struct {
	*wire.Call

	cfg     Config
	request llm.Request
	cut     error // why reading the answer failed; nil: it did not
}

func (m *Model) call(ctx context.Context, r llm.Request) (context.Context, *call) {
	r = r.WithDefaults(m.cfg.Model, m.cfg.MaxOutput)
	ctx, begun := wire.Begin(ctx, m.cfg.Name, r.Model, m.cfg.APIKey)
	c := &call{cfg: m.cfg, request: r, Call: begun}
	return context.WithValue(ctx, callKey{}, c), c
}

// prepare returns all that asking takes. Its errors are mistakes of the caller.
func (c *call) prepare(ctx context.Context, l *library) (question, *genai.Models, error) {
	asked, err := c.question()
	if err != nil {
		return question{}, nil, err
	}
	models, err := l.models(ctx)
	return asked, models, err
}
