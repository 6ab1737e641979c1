package price

import (
	"context"
	"iter"

	"github.com/askbob/bob/llm"
)

// DefaultMaxOutput bounds answers where nobody else does: a call whose answer has
// no bound has no worst case.
const DefaultMaxOutput = 8_192

// Config configures a Metered.
type Config struct {
	Provider  string // as the model's responses name it
	Catalogue string // the provider's name in the table; empty: Provider
	Model     string // for requests that name none
	MaxOutput int    // for requests that bound nothing; 0: DefaultMaxOutput
	Table     *Table // nil: every price is unknown
}

// Metered is a model whose responses and errors say what they cost. It is safe
// for concurrent use.
type Metered struct {
	model llm.Model
	cfg   Config
}

var _ llm.Model = (*Metered)(nil)

// Meter returns model with its costs. Requests that name no model or bound no
// answer get the defaults of cfg, so that what was estimated is what is sent.
//
// Where the provider did not say what was used, an estimate is booked: of what
// was said for an answer, the worst case for a failure. The usage then keeps
// Known false, and the cost is known. Where nobody knows the price, what the
// provider states as the cost is taken.
func Meter(model llm.Model, cfg Config) *Metered {
	if cfg.Catalogue == "" {
		cfg.Catalogue = cfg.Provider
	}
	if cfg.MaxOutput <= 0 {
		cfg.MaxOutput = DefaultMaxOutput
	}
	return &Metered{model: model, cfg: cfg}
}

// Estimate returns the most that a request can use and cost. Its cost is unknown
// if the price is.
func (m *Metered) Estimate(r llm.Request) llm.Estimate {
	r = r.WithDefaults(m.cfg.Model, m.cfg.MaxOutput)
	e := llm.Estimate{
		Provider: m.cfg.Provider, Model: r.Model, Input: llm.InputTokens(r), Output: int64(r.MaxOutput),
	}
	price, ok := m.Price(r.Model)
	if !ok {
		return e
	}
	if worst, err := price.Worst(e.Input, e.Output); err == nil {
		e.Worst = llm.Cost{Amount: worst, Known: true}
	}
	return e
}

// Price returns what a model costs, and false if nobody knows. An empty name
// stands for the default model.
func (m *Metered) Price(model string) (Price, bool) {
	if model == "" {
		model = m.cfg.Model
	}
	// A price from the configuration names the provider as configured.
	if entry, ok := m.cfg.Table.Lookup(m.cfg.Provider, model); ok && entry.Configured {
		return entry.Price, true
	}
	entry, ok := m.cfg.Table.Lookup(m.cfg.Catalogue, model)
	return entry.Price, ok && entry.Priced
}

// Generate asks the model and adds what the answer or the failure cost.
func (m *Metered) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	r = r.WithDefaults(m.cfg.Model, m.cfg.MaxOutput)
	response, err := m.model.Generate(ctx, r)
	if err != nil {
		return llm.Response{}, m.failed(r, err)
	}
	return m.answered(r, response), nil
}

// Stream asks the model and adds the cost to the last Delta or to the error. Who
// breaks off gets neither, and books the estimate.
func (m *Metered) Stream(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	r = r.WithDefaults(m.cfg.Model, m.cfg.MaxOutput)
	return func(yield func(llm.Delta, error) bool) {
		for delta, err := range m.model.Stream(ctx, r) {
			if err != nil {
				yield(llm.Delta{}, m.failed(r, err))
				return
			}
			if delta.Done != nil {
				done := m.answered(r, *delta.Done)
				delta.Done = &done
			}
			if !yield(delta, nil) {
				return
			}
		}
	}
}

func (m *Metered) answered(r llm.Request, response llm.Response) llm.Response {
	guess := llm.Usage{UncachedIn: llm.InputTokens(r), Out: llm.OutputTokens(response)}
	response.Usage, response.Cost = m.book(r, response.Usage, guess)
	response.Cost = orStated(response.Cost, response.Stated)
	return response
}

// failed returns err with its cost. The error itself is left alone: it may be
// shared.
func (m *Metered) failed(r llm.Request, err error) error {
	inner := llm.AsAPIError(err)
	if inner == nil {
		return err
	}
	e := *inner
	if _, bare := err.(*llm.APIError); !bare { //nolint:errorlint // whether it is wrapped is the question
		e.Err = err // what was wrapped around it is not lost
	}
	if !e.Usage.Known && free(e.Kind) {
		e.Usage = llm.Usage{Known: true}
	}
	guess := llm.Usage{UncachedIn: llm.InputTokens(r), Out: int64(r.MaxOutput)}
	e.Usage, e.Cost = m.book(r, e.Usage, guess)
	e.Cost = orStated(e.Cost, e.Stated)
	return &e
}

func orStated(ours, stated llm.Cost) llm.Cost {
	if ours.Known {
		return ours
	}
	return stated
}

// free reports whether failures of this kind are turned away before any model
// works: they cost nothing unless the provider says so.
func free(kind llm.Kind) bool {
	switch kind {
	case llm.KindRateLimited, llm.KindQuota, llm.KindAuth, llm.KindNotFound, llm.KindTooLong,
		llm.KindInvalid, llm.KindUnpriced:
		return true
	case llm.KindUnavailable, llm.KindRefused, llm.KindTruncated, llm.KindBroken:
		return false
	}
	return false
}

// maxBelieved bounds the tokens of one call, of each kind: no model takes a
// hundredth of it. Sums of what is above would not fit the numbers that they are
// kept in, and the call could not be booked at all.
const maxBelieved = 1_000_000_000

func believable(u llm.Usage) bool {
	return max(u.UncachedIn, u.CacheRead, u.CacheWrite, u.Out, u.Reasoning) <= maxBelieved
}

// book returns what is to be booked: the usage if the provider said it and it can
// be true, else the guess.
func (m *Metered) book(r llm.Request, said, guess llm.Usage) (llm.Usage, llm.Cost) {
	price, priced := m.Price(r.Model)
	if said.Known && believable(said) {
		cost, err := price.Cost(said)
		if err == nil {
			return said, llm.Cost{Amount: cost, Known: priced || said == llm.Usage{Known: true}}
		}
	}
	if !priced {
		return guess, llm.Cost{}
	}
	// A guess at the dearest price: nobody says what the cache took.
	cost, err := price.Worst(guess.UncachedIn, guess.Out)
	return guess, llm.Cost{Amount: cost, Known: err == nil}
}
