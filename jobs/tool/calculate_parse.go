package tool

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"unicode"
	"unicode/utf8"
)

// calculateParser computes while it reads, by recursive descent:
//
//	sum     = product { ("+" | "-") product }
//	product = sign { ("*" | "/" | "of" | "mod" | "%") sign }
//	sign    = [ "+" | "-" ] sign | power
//	power   = percent [ "^" sign ]
//	percent = atom { "%" }
//	atom    = number | "(" sum ")" | name "(" sum { "," sum } ")" | "pi" | "e"
type calculateParser struct {
	text  string
	at    int
	depth int
	calls int  // function calls that are open: a comma there is no thousands separator
	exact bool // false once something is only near
	added bool // a percentage stands alone after + or -
}

func (p *calculateParser) whole() (*big.Rat, error) {
	p.accept("=")
	value, err := p.sum()
	if err != nil {
		return nil, err
	}
	p.accept("=")
	if p.accept("?"); p.peek() != utf8.RuneError {
		return nil, p.unexpected()
	}
	return value, nil
}

func (p *calculateParser) unexpected() error {
	if p.peek() == utf8.RuneError {
		return errors.New("the expression ends too early")
	}
	return fmt.Errorf("%q at character %d is not understood", p.peek(), utf8.RuneCountInString(p.text[:p.at])+1)
}

// peek skips spaces and returns the next rune, RuneError at the end.
func (p *calculateParser) peek() rune {
	for p.at < len(p.text) {
		r, n := utf8.DecodeRuneInString(p.text[p.at:])
		if !unicode.IsSpace(r) {
			if r == utf8.RuneError {
				return '\u0000'
			}
			return r
		}
		p.at += n
	}
	return utf8.RuneError
}

// accept skips one of the tokens if it is next, and returns it. Words are not
// taken from the middle of longer ones.
func (p *calculateParser) accept(tokens ...string) string {
	p.peek()
	rest := strings.ToLower(p.text[p.at:min(len(p.text), p.at+16)])
	for _, token := range tokens {
		if !strings.HasPrefix(rest, token) {
			continue
		}
		if r, _ := utf8.DecodeRuneInString(rest[len(token):]); unicode.IsLetter(rune(token[0])) && unicode.IsLetter(r) {
			continue
		}
		p.at += len(token)
		return token
	}
	return ""
}

func (p *calculateParser) sum() (*big.Rat, error) {
	if p.depth++; p.depth > calculateMaxDepth {
		return nil, errors.New("the parentheses are too deep")
	}
	defer func() { p.depth-- }()
	value, err := p.product()
	for err == nil {
		op := p.accept("+", "-", "−", "–")
		if op == "" {
			return value, nil
		}
		start := p.at
		var next *big.Rat
		if next, err = p.product(); err != nil {
			return nil, err
		}
		p.added = p.added || strings.HasSuffix(strings.TrimSpace(p.text[start:p.at]), "%")
		if op == "+" {
			value = new(big.Rat).Add(value, next)
		} else {
			value = new(big.Rat).Sub(value, next)
		}
		value, err = calculateBounded(value)
	}
	return nil, err
}

func (p *calculateParser) product() (*big.Rat, error) {
	value, err := p.sign()
	for err == nil {
		op := p.accept("**", "*", "×", "·", "of", "/", "÷", "mod", "%")
		if op == "" {
			return value, nil
		}
		var next *big.Rat
		if op == "**" {
			p.at -= len(op)
			return nil, errors.New("use ^ for powers")
		}
		if next, err = p.sign(); err != nil {
			return nil, err
		}
		value, err = calculateTimes(op, value, next)
	}
	return nil, err
}

func calculateTimes(op string, a, b *big.Rat) (*big.Rat, error) {
	switch op {
	case "*", "×", "·", "of":
		return calculateBounded(new(big.Rat).Mul(a, b))
	}
	if b.Sign() == 0 {
		return nil, errCalculateZero
	}
	quotient := new(big.Rat).Quo(a, b)
	if op == "/" || op == "÷" {
		return calculateBounded(quotient)
	}
	whole := new(big.Rat).SetInt(calculateFloor(quotient))
	return calculateBounded(new(big.Rat).Sub(a, whole.Mul(whole, b)))
}

func (p *calculateParser) sign() (*big.Rat, error) {
	negative := false
	for signs := 0; ; signs++ {
		op := p.accept("+", "-", "−", "–")
		if op == "" {
			break
		}
		negative = negative != (op != "+")
	}
	value, err := p.raised()
	if err == nil && negative {
		value = new(big.Rat).Neg(value)
	}
	return value, err
}

func (p *calculateParser) raised() (*big.Rat, error) {
	base, err := p.percent()
	if err != nil || p.accept("^") == "" {
		return base, err
	}
	if p.depth++; p.depth > calculateMaxDepth {
		return nil, errors.New("the powers are too deep")
	}
	defer func() { p.depth-- }()
	exponent, err := p.sign()
	if err != nil {
		return nil, err
	}
	return p.power(base, exponent)
}

// percent reads "%" after a value as a hundredth, unless another value follows:
// then it is the remainder.
func (p *calculateParser) percent() (*big.Rat, error) {
	value, err := p.atom()
	for err == nil {
		start := p.at
		if p.accept("%") == "" {
			return value, nil
		}
		r := p.peek()
		operand := r == '(' || r == '.' || unicode.IsDigit(r) || unicode.IsLetter(r)
		if operand && !p.ahead("of") && !p.ahead("mod") {
			p.at = start
			return value, nil
		}
		value, err = calculateBounded(new(big.Rat).Quo(value, big.NewRat(100, 1)))
	}
	return nil, err
}

func (p *calculateParser) ahead(token string) bool {
	start := p.at
	defer func() { p.at = start }()
	return p.accept(token) != ""
}

func (p *calculateParser) atom() (*big.Rat, error) {
	switch r := p.peek(); {
	case r == '(':
		p.at++
		open := p.calls
		p.calls = 0
		value, err := p.sum()
		p.calls = open
		if err != nil {
			return nil, err
		}
		if p.accept(")") == "" {
			return nil, p.unexpected()
		}
		return value, nil
	case r >= '0' && r <= '9' || r == '.':
		return p.number()
	case r == '√':
		p.at += len("√")
		value, err := p.atom()
		if err != nil {
			return nil, err
		}
		return p.root(value)
	case unicode.IsLetter(r):
		return p.named()
	}
	return nil, p.unexpected()
}

// number reads digits with a point, thousands separators and an exponent.
func (p *calculateParser) number() (*big.Rat, error) {
	digits := p.digits(true)
	if p.next('.') {
		p.at++
		digits += "." + p.digits(false)
	}
	if digits == "." {
		return nil, errors.New("a point without digits")
	}
	exponent := 0
	if (p.next('e') || p.next('E')) && p.at+1 < len(p.text) && strings.ContainsRune("+-0123456789", rune(p.text[p.at+1])) {
		mark := p.text[p.at : p.at+2]
		p.at += 2
		text := mark[1:] + p.digits(false)
		if n, err := fmt.Sscanf(text, "%d", &exponent); n != 1 || err != nil || exponent > calculateMaxExponent || exponent < -calculateMaxExponent {
			return nil, fmt.Errorf("the exponent %q is too large or no number", text)
		}
	}
	value, ok := new(big.Rat).SetString(fmt.Sprintf("%se%d", digits, exponent))
	if !ok {
		return nil, fmt.Errorf("%q is no number", digits)
	}
	return calculateBounded(value)
}

func (p *calculateParser) next(c byte) bool { return p.at < len(p.text) && p.text[p.at] == c }

// digits reads digits, and between groups of three the separators.
func (p *calculateParser) digits(grouped bool) string {
	var b strings.Builder
	for ; p.at < len(p.text); p.at++ {
		c := p.text[p.at]
		if tableDigit(c) {
			b.WriteByte(c)
			continue
		}
		separator := c == '_' || c == '\'' || c == ',' && p.calls == 0
		if !grouped || !separator || b.Len() == 0 || !calculateGroup(p.text[p.at+1:]) {
			break
		}
	}
	return b.String()
}

// calculateGroup reports whether text begins with exactly three digits.
func calculateGroup(text string) bool {
	return len(text) >= 3 && tableAllDigits(text[:3]) && (len(text) == 3 || !tableDigit(text[3]))
}

// near computes a power that is not exact.
func (p *calculateParser) near(base, exponent *big.Rat) (*big.Rat, error) {
	b, _ := base.Float64()
	e, _ := exponent.Float64()
	value := new(big.Rat).SetFloat64(math.Pow(b, e))
	if value == nil {
		return nil, errors.New("this power is no number")
	}
	p.exact = false
	return value, nil
}
