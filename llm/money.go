package llm

import (
	"fmt"
	"math"
	"math/big"
	"strings"
)

// Money is an amount in nano-dollars (10^-9 US dollar). Integers, because sums of
// many small prices must be exact.
type Money int64

// Dollar is one US dollar.
const Dollar Money = 1_000_000_000

// ParseMoney reads an amount of US dollars such as "2", "0.50" or "$1.25". It
// returns an error for anything else, for a negative amount, for more than nine
// decimals and for more than about nine billion dollars.
func ParseMoney(s string) (Money, error) {
	digits := strings.TrimPrefix(strings.TrimSpace(s), "$")
	if digits == "" || strings.Trim(digits, "0123456789.") != "" {
		return 0, fmt.Errorf("%q is not an amount of US dollars such as 2 or 0.50", s)
	}
	amount, ok := new(big.Rat).SetString(digits)
	if !ok {
		return 0, fmt.Errorf("%q is not an amount of US dollars such as 2 or 0.50", s)
	}
	amount.Mul(amount, big.NewRat(int64(Dollar), 1))
	if !amount.IsInt() || !amount.Num().IsInt64() {
		return 0, fmt.Errorf("%q is too large or has more than nine decimals", s)
	}
	return Money(amount.Num().Int64()), nil
}

// String writes the amount in dollars with all nine decimals, such as
// "0.031200000".
func (m Money) String() string {
	sign := ""
	if m < 0 {
		sign = "-"
	}
	dollars, rest := m/Dollar, m%Dollar
	return fmt.Sprintf("%s%d.%09d", sign, max(dollars, -dollars), max(rest, -rest))
}

// Short writes the amount for people: cents, or as many decimals as it takes to
// see a smaller amount, such as "$1.20" or "$0.0031".
func (m Money) Short() string {
	d := float64(m) / float64(Dollar)
	switch {
	case m == 0 || math.Abs(d) >= 0.1:
		return fmt.Sprintf("$%.2f", d)
	case math.Abs(d) >= 0.0001:
		return fmt.Sprintf("$%.4f", d)
	case math.Abs(d) >= 0.0000001:
		return fmt.Sprintf("$%.7f", d)
	}
	return fmt.Sprintf("$%.9f", d)
}
