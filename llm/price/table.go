package price

import (
	"fmt"
	"maps"
	"math"

	"charm.land/catwalk/pkg/catwalk"
	"charm.land/catwalk/pkg/embedded"

	"github.com/askbob/bob/llm"
)

// What the embedded catalogue is, for receipts and bug reports.
const (
	CatalogueVersion = "charm.land/catwalk v0.52.1"
	CatalogueDate    = "2026-08-19"
)

// Key names a model at a provider: the same model has other prices elsewhere.
type Key struct {
	Provider string
	Model    string
}

// Entry is what is known of a model. Zero sizes are unknown.
type Entry struct {
	Price      Price
	Priced     bool // false: nobody knows the price, Price says nothing
	Context    int64
	MaxOutput  int64 // what the provider writes if nobody bounds it
	Images     bool  // takes pictures
	Reasons    bool
	Configured bool // the price comes from the configuration
}

// Override is a price from the configuration. It wins over the catalogue, and
// all zero means free. Where only the price of input is said, it holds for what
// caches take too: never too cheap.
type Override struct {
	Key
	Price Price
}

// Table knows models by provider and name. It is immutable and safe for
// concurrent use. A nil Table knows nothing.
type Table struct {
	entries map[Key]Entry
}

// NewTable returns the embedded catalogue with the overrides laid over it. It
// returns an error for an override without a name or with a negative price. It
// reads the catalogue anew each time: make one.
func NewTable(overrides ...Override) (*Table, error) {
	entries := make(map[Key]Entry)
	for _, provider := range embedded.GetAll() {
		for _, model := range provider.Models {
			entries[Key{string(provider.ID), model.ID}] = entryOf(model)
		}
	}
	for _, o := range overrides {
		if o.Provider == "" || o.Model == "" {
			return nil, fmt.Errorf("a price needs a provider and a model: %q, %q", o.Provider, o.Model)
		}
		if min(o.Price.In, o.Price.CacheRead, o.Price.CacheWrite, o.Price.Out) < 0 {
			return nil, fmt.Errorf("the price of %s at %s is negative", o.Model, o.Provider)
		}
		entry := entries[o.Key]
		if o.Price.CacheRead == 0 {
			o.Price.CacheRead = o.Price.In
		}
		if o.Price.CacheWrite == 0 {
			o.Price.CacheWrite = o.Price.In
		}
		entry.Price, entry.Priced, entry.Configured = o.Price, true, true
		entries[o.Key] = entry
	}
	return &Table{entries: entries}, nil
}

// Lookup returns what is known of a model, and false if nothing is.
func (t *Table) Lookup(provider, model string) (Entry, bool) {
	if t == nil {
		return Entry{}, false
	}
	entry, ok := t.entries[Key{provider, model}]
	return entry, ok
}

// Entries returns a copy of the whole table.
func (t *Table) Entries() map[Key]Entry {
	if t == nil {
		return nil
	}
	return maps.Clone(t.entries)
}

func entryOf(m catwalk.Model) Entry {
	e := Entry{
		Context: m.ContextWindow, MaxOutput: m.DefaultMaxTokens,
		Images: m.SupportsImages, Reasons: m.CanReason,
	}
	read, write := cachePrices(m.CostPer1MIn, m.CostPer1MInCached, m.CostPer1MOutCached)
	p, ok := PerMillion(m.CostPer1MIn, read, write, m.CostPer1MOut)
	// No price at all stands for "included in a subscription" or "not told", not
	// for free.
	if ok && (p.In > 0 || p.Out > 0) {
		e.Price, e.Priced = p, true
	}
	return e
}

// PerMillion returns the price for dollars a million tokens, as catalogues and
// people state it. It reports false for what is no price.
func PerMillion(in, cacheRead, cacheWrite, out float64) (Price, bool) {
	var p Price
	for _, field := range []struct {
		to      *llm.Money
		dollars float64
	}{{&p.In, in}, {&p.CacheRead, cacheRead}, {&p.CacheWrite, cacheWrite}, {&p.Out, out}} {
		if !(field.dollars >= 0 && field.dollars <= maxDollars) { // NaN too
			return Price{}, false
		}
		*field.to = llm.Money(math.Round(field.dollars * float64(llm.Dollar)))
	}
	return p, true
}

// maxDollars bounds a price per million tokens: the dearest models cost hundreds.
const maxDollars = 1_000_000

// cachePrices reads catwalk's two cached fields, whose meaning differs by entry.
// Without a usable value both are the input price: never too cheap.
func cachePrices(in, a, b float64) (read, write float64) {
	read, write = in, in
	for _, c := range []float64{a, b} {
		switch {
		case c <= 0 || c > 2*in: // absent, or the output price in the wrong field
		case c < read:
			read = c
		case c > write:
			write = c
		}
	}
	return read, write
}
