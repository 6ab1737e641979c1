// Package ollama speaks Ollama's own API, which says what the servers' OpenAI
// format cannot: how large the context is, and that a prompt which does not fit is
// an error and not cut. It knows the format; it does not know prices, never repeats
// a request, never reads the environment, and does not check an answer against
// its schema: that is the caller's.
//
// It is written on net/http and not on Ollama's client package: that one signs
// requests with a key from the home directory when the environment says so, drops
// the bounds of a tool's parameters, reads arguments as floating-point numbers,
// and brings a hundred modules along.
package ollama

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/internal/wire"
)

// DefaultBaseURL is where a server listens on its own machine.
const DefaultBaseURL = "http://localhost:11434"

// DefaultContext is the context in tokens where nobody says one: room for a plan
// and its answer, at some 2 GB of memory for a model of 8 billion parameters.
const DefaultContext = 16_384

// DefaultFirstByte is longer than elsewhere: the first byte of a whole answer
// comes with the last word of it, and a model on a processor writes a few words a
// second, once it is loaded.
const DefaultFirstByte = 30 * time.Minute

// maxBody bounds an answer that comes whole: 128,000 tokens with their escapes
// are a fraction of it. Streams have wire.DefaultBody, for their frames.
const maxBody = 8 << 20

// Think says whether a model thinks before it answers. What it thinks counts as
// output and is not part of the answer.
type Think string

// The ways to think.
const (
	ThinkDefault Think = "" // as the server does: models that can, do
	ThinkOff     Think = "off"
	ThinkOn      Think = "on"  // an error for models that cannot
	ThinkLow     Think = "low" // these three are for gpt-oss
	ThinkMedium  Think = "medium"
	ThinkHigh    Think = "high"
)

// Config configures a Model. Name and Model are required.
type Config struct {
	Name  string // the provider, as responses and errors name it
	Model string // for requests that name none

	BaseURL string // empty: DefaultBaseURL
	APIKey  string // sent as a bearer token, for a server behind a gateway; empty: none is sent

	// Context is what the model holds, prompt and answer together, in tokens. It
	// takes memory on the server, which loads the model anew when it changes.
	// 0: DefaultContext.
	Context   int
	MaxOutput int   // for requests that bound nothing; 0: what the context leaves
	Think     Think // empty: ThinkDefault

	HTTPClient *http.Client  // nil: one of its own
	FirstByte  time.Duration // until an answer begins; 0: DefaultFirstByte
	Idle       time.Duration // between two pieces of an answer; 0: two minutes
}

// Model is one model of an Ollama server. It is safe for concurrent use.
type Model struct {
	cfg   Config
	chat  string // the URL to ask
	whole *http.Client
	parts *http.Client
}

var _ llm.Model = (*Model)(nil)

// New returns a Model. It returns an error that says which field of cfg is wrong.
// It sends nothing.
func New(cfg Config) (*Model, error) {
	if cfg.Name == "" || cfg.Model == "" {
		return nil, errors.New("ollama: a provider needs a name and a default model")
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = DefaultBaseURL
	}
	base, err := url.Parse(cfg.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.RawQuery != "" {
		return nil, fmt.Errorf("ollama: provider %s: the base URL must be like %s", cfg.Name, DefaultBaseURL)
	}
	if !slices.Contains([]Think{ThinkDefault, ThinkOff, ThinkOn, ThinkLow, ThinkMedium, ThinkHigh}, cfg.Think) {
		return nil, fmt.Errorf("ollama: provider %s: think is %s, %s, %s, %s or %s, not %q", cfg.Name,
			ThinkOff, ThinkOn, ThinkLow, ThinkMedium, ThinkHigh, cfg.Think)
	}
	if cfg.Context <= 0 {
		cfg.Context = DefaultContext
	}
	if cfg.FirstByte <= 0 {
		cfg.FirstByte = DefaultFirstByte
	}
	return &Model{
		cfg: cfg, chat: base.JoinPath("api", "chat").String(),
		whole: client(cfg, maxBody), parts: client(cfg, wire.DefaultBody),
	}, nil
}

func client(cfg Config, body int64) *http.Client {
	return wire.Client(cfg.HTTPClient, wire.Limits{FirstByte: cfg.FirstByte, Idle: cfg.Idle, Body: body})
}

// Generate asks once and returns the whole answer. The request's idempotency key
// is not sent: the API knows none, and to net/http such a header is leave to
// repeat a request that the server may still be working on.
func (m *Model) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	ctx, call := m.call(ctx, r)
	request, err := call.prepare(ctx, false)
	if err != nil {
		return llm.Response{}, call.Unsent(err)
	}
	data, err := read(m.whole, request)
	if err != nil || call.Status() >= http.StatusBadRequest {
		return llm.Response{}, call.failed(ctx, err)
	}
	var parts parts
	if _, err := parts.add(data); err != nil {
		return llm.Response{}, call.stopped(err, parts.answer.usage)
	}
	return call.respond(parts.whole())
}

func read(client *http.Client, request *http.Request) ([]byte, error) {
	resp, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return io.ReadAll(resp.Body)
}

// Stream asks once and yields the answer as it comes. Breaking off ends the
// exchange.
func (m *Model) Stream(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		ctx, call := m.call(ctx, r)
		request, err := call.prepare(ctx, true)
		if err != nil {
			yield(llm.Delta{}, call.Unsent(err))
			return
		}
		resp, err := m.parts.Do(request)
		if err != nil {
			yield(llm.Delta{}, call.failed(ctx, err))
			return
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode >= http.StatusBadRequest {
			yield(llm.Delta{}, call.failed(ctx, nil))
			return
		}
		call.follow(ctx, resp.Body, yield)
	}
}

// maxLine bounds one piece of a stream: a tool call comes in one.
const maxLine = 8 << 20

// follow yields the pieces of an answer, a JSON object a line.
func (c *call) follow(ctx context.Context, body io.Reader, yield func(llm.Delta, error) bool) {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxLine)
	var parts parts
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		text, err := parts.add(lines.Bytes())
		if err != nil {
			yield(llm.Delta{}, c.stopped(err, parts.answer.usage))
			return
		}
		if text != "" && !yield(llm.Delta{Text: text}, nil) {
			return
		}
	}
	yield(c.end(ctx, lines.Err(), &parts))
}

// end is the last thing that a stream yields.
func (c *call) end(ctx context.Context, err error, p *parts) (llm.Delta, error) {
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

// call is one exchange with the server.
type call struct {
	*wire.Call

	cfg     Config
	chat    string
	request llm.Request
}

func (m *Model) call(ctx context.Context, r llm.Request) (context.Context, *call) {
	r = r.WithDefaults(m.cfg.Model, m.cfg.MaxOutput)
	ctx, begun := wire.Begin(ctx, m.cfg.Name, r.Model, m.cfg.APIKey)
	return ctx, &call{cfg: m.cfg, chat: m.chat, request: r, Call: begun}
}
