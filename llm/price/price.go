// Package price says what calls to models cost: what a million tokens cost, which
// price holds for which model, and a decorator that puts the cost on every
// response and every error. Amounts are exact. It knows no vendor's format and no
// purse; it refuses nothing.
package price

import (
	"errors"
	"math"
	"math/bits"

	"github.com/askbob/bob/llm"
)

// perMillion is what prices are for: a price per token is no whole number of
// nano-dollars.
const perMillion = 1_000_000

// ErrOutOfRange says that counts or prices are negative, or that a cost is larger
// than Money holds: some nine billion dollars.
var ErrOutOfRange = errors.New("counts or prices are out of range")

// Price is what a million tokens cost, by what they are counted as. It is part of
// a call's receipt: a later catalogue does not rewrite history.
type Price struct {
	In         llm.Money
	CacheRead  llm.Money
	CacheWrite llm.Money
	Out        llm.Money
}

// Cost returns what the usage costs: the exact sum, rounded up once. It returns
// ErrOutOfRange if there is no such amount.
func (p Price) Cost(u llm.Usage) (llm.Money, error) {
	var sum total
	sum.add(u.UncachedIn, p.In)
	sum.add(u.CacheRead, p.CacheRead)
	sum.add(u.CacheWrite, p.CacheWrite)
	sum.add(u.Out, p.Out)
	return sum.money()
}

// Worst returns the most that a call can cost: all input at the dearest price
// that input may have, and all the output it may write.
func (p Price) Worst(input, output int64) (llm.Money, error) {
	var sum total
	sum.add(input, max(p.In, p.CacheRead, p.CacheWrite))
	sum.add(output, p.Out)
	return sum.money()
}

// total is a sum of products in 128 bits: 15 million tokens at $600 a million
// are already too much for 64.
type total struct {
	high, low uint64
	invalid   bool
}

func (t *total) add(tokens int64, price llm.Money) {
	if tokens < 0 || price < 0 {
		t.invalid = true
		return
	}
	high, low := bits.Mul64(uint64(tokens), uint64(price))
	var carry uint64
	t.low, carry = bits.Add64(t.low, low, 0)
	t.high, carry = bits.Add64(t.high, high, carry)
	t.invalid = t.invalid || carry != 0
}

func (t *total) money() (llm.Money, error) {
	if t.invalid || t.high >= perMillion { // the quotient needs more than 64 bits
		return 0, ErrOutOfRange
	}
	quotient, rest := bits.Div64(t.high, t.low, perMillion)
	if rest > 0 {
		quotient++
	}
	if quotient > math.MaxInt64 {
		return 0, ErrOutOfRange
	}
	return llm.Money(quotient), nil
}
