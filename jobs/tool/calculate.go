package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// What one calculation may take and give.
const (
	calculateMaxBytes    = 1000
	calculateMaxDepth    = 60
	calculateMaxBits     = 1 << 14 // of a numerator or denominator on the way
	calculateMaxExponent = 5000    // of 10 in a number, and of powers
	calculateDigits      = 30      // after the point of what never ends
	calculateMaxDigits   = 1000    // of a result
)

// calculateTool is the tool calculate.
type calculateTool struct{}

var _ jobs.Tool = (*calculateTool)(nil)

// Spec implements jobs.Tool.
func (*calculateTool) Spec() jobs.ToolSpec {
	return jobs.ToolSpec{
		Name: "calculate",
		Description: "Computes an expression exactly: + - * / ^, parentheses, \"17% of 340\", 7 mod 3, 1,234.5, " +
			"sqrt round(x, digits) floor ceil abs min max. x% is x/100.",
		Schema: llm.MustSchema("calculate", fmt.Sprintf(`{
	"type": "object", "additionalProperties": false, "required": ["expression"],
	"properties": {"expression": {"type": "string", "minLength": 1, "maxLength": %d}}
}`, calculateMaxBytes)),
		Effect: jobs.EffectRead,
	}
}

// calculateAnswer is a calculation's result.
type calculateAnswer struct {
	Result   string `json:"result"`
	Exact    bool   `json:"exact"`              // whether result is all of it
	Fraction string `json:"fraction,omitempty"` // exact, where result is not
	Note     string `json:"note,omitempty"`
}

// Call implements jobs.Tool.
func (*calculateTool) Call(_ context.Context, _ jobs.Files, args json.RawMessage) (jobs.ToolResult, error) {
	var in struct {
		Expression string `json:"expression"`
	}
	if err := json.Unmarshal(args, &in); err != nil {
		return jobs.ToolResult{}, &jobs.ToolError{Message: "The arguments are no JSON object with expression."}
	}
	answer, err := calculate(in.Expression)
	if err != nil {
		return jobs.ToolResult{}, &jobs.ToolError{Message: "Cannot compute this: " + err.Error() + "."}
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return jobs.ToolResult{}, fmt.Errorf("write result: %w", err)
	}
	return jobs.ToolResult{Text: string(text)}, nil
}

// calculate computes an expression. Its error says what is wrong with it.
func calculate(expression string) (calculateAnswer, error) {
	if len(expression) > calculateMaxBytes {
		return calculateAnswer{}, fmt.Errorf("the expression is longer than %d characters", calculateMaxBytes)
	}
	p := &calculateParser{text: expression, exact: true}
	value, err := p.whole()
	if err != nil {
		return calculateAnswer{}, err
	}
	answer := calculateAnswer{Exact: p.exact}
	text, ends := calculateDecimal(value)
	if len(text) > calculateMaxDigits {
		return calculateAnswer{}, fmt.Errorf("the result has more than %d digits", calculateMaxDigits)
	}
	answer.Result = text
	if !ends {
		answer.Exact = false
		if fraction := value.RatString(); p.exact && len(fraction) <= calculateMaxDigits {
			answer.Fraction = fraction
		}
	}
	if p.added {
		answer.Note = "x% was read as x/100; for 10% more write 200 * 110%"
	}
	return answer, nil
}

// calculateDecimal writes a number with all its digits, or those that are kept of
// one that never ends.
func calculateDecimal(value *big.Rat) (text string, ends bool) {
	digits, ends := value.FloatPrec()
	if ends && digits <= calculateMaxDigits {
		return value.FloatString(digits), true
	}
	digits = calculateDigits
	// Small numbers keep as many digits that say something.
	if n := value.Denom().BitLen() - value.Num().BitLen(); n > 0 && value.Sign() != 0 {
		const bitsPerDigit = 3
		digits += n / bitsPerDigit
	}
	text = strings.TrimRight(value.FloatString(min(digits, calculateMaxDigits)), "0")
	return strings.TrimSuffix(text, "."), false
}

var (
	errCalculateLarge = errors.New("a number becomes too large")
	errCalculateZero  = errors.New("a division by zero")
)

// calculateBounded returns value, or an error if it grew too large.
func calculateBounded(value *big.Rat) (*big.Rat, error) {
	if value.Num().BitLen() > calculateMaxBits || value.Denom().BitLen() > calculateMaxBits {
		return nil, errCalculateLarge
	}
	return value, nil
}

// power raises base. Of exponents that are not whole the result is near, not exact.
func (p *calculateParser) power(base, exponent *big.Rat) (*big.Rat, error) {
	if !exponent.IsInt() {
		if exponent.Cmp(big.NewRat(1, 2)) == 0 {
			return p.root(base)
		}
		return p.near(base, exponent)
	}
	if exponent.Num().CmpAbs(big.NewInt(calculateMaxExponent)) > 0 {
		return nil, errCalculateLarge
	}
	n := exponent.Num().Int64()
	if n < 0 {
		if base.Sign() == 0 {
			return nil, errCalculateZero
		}
		base, n = new(big.Rat).Inv(base), -n
	}
	if bits := int64(max(base.Num().BitLen(), base.Denom().BitLen())-1) * n; bits > calculateMaxBits {
		return nil, errCalculateLarge
	}
	e := big.NewInt(n)
	return calculateBounded(new(big.Rat).SetFrac(new(big.Int).Exp(base.Num(), e, nil), new(big.Int).Exp(base.Denom(), e, nil)))
}

// root is exact for squares, else near.
func (p *calculateParser) root(value *big.Rat) (*big.Rat, error) {
	if value.Sign() < 0 {
		return nil, errors.New("the square root of a negative number")
	}
	num, denom := new(big.Int).Sqrt(value.Num()), new(big.Int).Sqrt(value.Denom())
	exact := new(big.Rat).SetFrac(num, denom)
	if new(big.Rat).Mul(exact, exact).Cmp(value) == 0 {
		return exact, nil
	}
	p.exact = false
	const bits = 256
	near, _ := new(big.Float).Sqrt(new(big.Float).SetPrec(bits).SetRat(value)).Rat(nil)
	return calculateBounded(near)
}
