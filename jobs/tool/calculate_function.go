package tool

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"unicode"
)

const (
	calculateMaxArgs   = 100
	calculateMaxPlaces = 100 // of round
)

// named reads a constant, or calls a function.
func (p *calculateParser) named() (*big.Rat, error) {
	end := p.at + strings.IndexFunc(p.text[p.at:]+" ", func(r rune) bool { return !unicode.IsLetter(r) })
	name := strings.ToLower(p.text[p.at:end])
	p.at = end
	switch name {
	case "pi", "π":
		return p.constant(math.Pi), nil
	case "e":
		return p.constant(math.E), nil
	}
	if p.accept("(") == "" {
		return nil, fmt.Errorf("%q is not known; there are sqrt, round, floor, ceil, abs, min, max, pi and e", name)
	}
	p.calls++
	args, err := p.args()
	p.calls--
	if err != nil {
		return nil, err
	}
	return p.call(name, args)
}

func (p *calculateParser) constant(f float64) *big.Rat {
	p.exact = false
	return new(big.Rat).SetFloat64(f)
}

func (p *calculateParser) args() ([]*big.Rat, error) {
	var args []*big.Rat
	for {
		arg, err := p.sum()
		if err != nil {
			return nil, err
		}
		if args = append(args, arg); len(args) > calculateMaxArgs {
			return nil, fmt.Errorf("a function has more than %d arguments", calculateMaxArgs)
		}
		if p.accept(")") != "" {
			return args, nil
		}
		if p.accept(",", ";") == "" {
			return nil, p.unexpected()
		}
	}
}

func (p *calculateParser) call(name string, args []*big.Rat) (*big.Rat, error) {
	first := args[0]
	switch {
	case name == "min" || name == "max":
		for _, arg := range args[1:] {
			if arg.Cmp(first) < 0 == (name == "min") {
				first = arg
			}
		}
		return first, nil
	case name == "round" && len(args) <= 2:
		return calculateRound(args)
	case len(args) != 1:
		return nil, fmt.Errorf("%s with %d arguments is not known", name, len(args))
	}
	switch name {
	case "sqrt":
		return p.root(first)
	case "abs":
		return new(big.Rat).Abs(first), nil
	case "floor":
		return new(big.Rat).SetInt(calculateFloor(first)), nil
	case "ceil":
		up := calculateFloor(new(big.Rat).Neg(first))
		return new(big.Rat).SetInt(up.Neg(up)), nil
	}
	return nil, fmt.Errorf("the function %q is not known; there are sqrt, round, floor, ceil, abs, min and max", name)
}

func calculateFloor(value *big.Rat) *big.Int {
	// A denominator is positive, so Euclid's quotient is the floor.
	return new(big.Int).Div(value.Num(), value.Denom())
}

// calculateRound rounds half away from zero, as people do.
func calculateRound(args []*big.Rat) (*big.Rat, error) {
	places := int64(0)
	if len(args) == 2 {
		if !args[1].IsInt() || args[1].Num().CmpAbs(big.NewInt(calculateMaxPlaces)) > 0 {
			return nil, fmt.Errorf("the digits of round are a whole number up to %d", calculateMaxPlaces)
		}
		places = args[1].Num().Int64()
	}
	scale := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(max(places, -places)), nil))
	if places < 0 {
		scale.Inv(scale)
	}
	scaled := new(big.Rat).Mul(new(big.Rat).Abs(args[0]), scale)
	whole := new(big.Rat).SetInt(calculateFloor(scaled.Add(scaled, big.NewRat(1, 2))))
	whole.Quo(whole, scale)
	if args[0].Sign() < 0 {
		whole.Neg(whole)
	}
	return calculateBounded(whole)
}
