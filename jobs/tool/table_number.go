package tool

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tableNumber is a cell read as a number under one convention of writing it.
type tableNumber struct {
	ok    bool
	whole bool // i holds it exactly
	i     int64
	f     float64
}

// tableAmount is a cell read as a number under both conventions: 1,234.5 and
// 1.234,5. unit is its currency or "%", empty if it has none.
type tableAmount struct {
	point, comma tableNumber
	unit         string
}

const (
	tableNumberMax = 64 // no longer text is a number
	tablePlainMax  = 18 // digits that surely fit into an int64
)

// tableCurrencies are the codes that may stand beside an amount. Signs are known
// by their Unicode category.
var tableCurrencies = tableWords( //nolint:gochecknoglobals // a constant table
	"EUR USD GBP CHF JPY CNY INR AUD CAD SEK NOK DKK PLN CZK HUF RUB TRY BRL MXN KRW",
)

// tableAmountOf reads a trimmed cell.
func tableAmountOf(s string) tableAmount {
	if n, ok := tablePlain(s); ok {
		return tableAmount{point: n, comma: n}
	}
	if s == "" || len(s) > tableNumberMax {
		return tableAmount{}
	}
	if n, ok := tablePlainFraction(s); ok {
		return tableAmount{point: n}
	}
	body, negative, unit := tableUndress(s)
	if body == "" || !tableDigit(body[0]) && body[0] != '.' && body[0] != ',' {
		return tableAmount{}
	}
	return tableAmount{
		point: tableRead(body, '.', ',', negative),
		comma: tableRead(body, ',', '.', negative),
		unit:  unit,
	}
}

// tablePlain reads digits with an optional minus: most cells of most tables.
func tablePlain(s string) (tableNumber, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || len(digits) > tablePlainMax || digits[0] == '0' && len(digits) > 1 {
		return tableNumber{}, false
	}
	var i int64
	for k := range len(digits) {
		if !tableDigit(digits[k]) {
			return tableNumber{}, false
		}
		i = i*10 + int64(digits[k]-'0')
	}
	if len(digits) < len(s) {
		i = -i
	}
	return tableNumber{ok: true, whole: true, i: i, f: float64(i)}, true
}

// tablePlainFraction reads a number that can only have a decimal point: 12.50, but
// not 1.234, which may have a thousands separator.
func tablePlainFraction(s string) (tableNumber, bool) {
	const thousands = 3
	whole, fraction, ok := strings.Cut(s, ".")
	if !ok || len(fraction) == 0 || len(fraction) == thousands || !tableAllDigits(fraction) {
		return tableNumber{}, false
	}
	if _, plain := tablePlain(whole); !plain {
		return tableNumber{}, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return tableNumber{ok: err == nil, f: f}, err == nil
}

func tableDigit(c byte) bool { return c >= '0' && c <= '9' }

// tableUndress takes sign, parentheses, currency and percent off a number. It
// returns "" if there are two of a kind.
func tableUndress(s string) (body string, negative bool, unit string) {
	if strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") {
		s, negative = s[1:len(s)-1], true
	}
	signs := 0
	for range 6 { // at most: sign, currency and their spaces, on both sides
		before := s
		s = strings.TrimFunc(s, unicode.IsSpace)
		for _, sign := range []string{"-", "−", "+"} {
			cut := strings.TrimPrefix(s, sign)
			if cut == s && sign != "+" {
				cut = strings.TrimSuffix(s, sign)
			}
			if cut != s {
				signs++
				negative = negative != (sign != "+")
				s = cut
			}
		}
		if rest, found := tableUnit(s); found != "" {
			if unit != "" {
				return "", false, ""
			}
			s, unit = rest, found
		}
		if s == before {
			break
		}
	}
	if signs > 1 {
		return "", false, ""
	}
	return s, negative, unit
}

// tableUnit cuts a currency or percent sign off either end.
func tableUnit(s string) (rest, unit string) {
	if cut, ok := strings.CutSuffix(s, "%"); ok {
		return cut, "%"
	}
	if len(s) > 3 && tableCurrencies[s[:3]] {
		return s[3:], s[:3]
	}
	if len(s) > 3 && tableCurrencies[s[len(s)-3:]] {
		return s[:len(s)-3], s[len(s)-3:]
	}
	if r, n := utf8.DecodeRuneInString(s); unicode.Is(unicode.Sc, r) {
		return s[n:], s[:n]
	}
	if r, n := utf8.DecodeLastRuneInString(s); unicode.Is(unicode.Sc, r) {
		return s[:len(s)-n], s[len(s)-n:]
	}
	return s, ""
}

// tableRead reads digits with a decimal and a grouping sign.
func tableRead(body string, decimal, group byte, negative bool) tableNumber {
	mantissa, exponent := body, ""
	if e := strings.IndexAny(body, "eE"); e > 0 {
		mantissa, exponent = body[:e], body[e:]
	}
	whole, fraction, hasFraction := strings.Cut(mantissa, string(decimal))
	digits, ok := tableUngroup(whole, group)
	if !ok || !tableAllDigits(fraction) || digits == "" && fraction == "" {
		return tableNumber{}
	}
	// 007 is a name, not a number; so is what no int64 holds.
	if len(digits) > 1 && digits[0] == '0' || len(digits) > tablePlainMax {
		return tableNumber{}
	}
	text := digits
	if negative {
		text = "-" + text
	}
	if !hasFraction && exponent == "" {
		i, err := strconv.ParseInt(text, 10, 64)
		return tableNumber{ok: err == nil, whole: true, i: i, f: float64(i)}
	}
	f, err := strconv.ParseFloat(text+"."+fraction+exponent, 64)
	return tableNumber{ok: err == nil, f: f}
}

// tableUngroup takes the thousands separators out of digits: one and the same
// sign, groups of three (the Indian way also of two before the last).
func tableUngroup(s string, group byte) (string, bool) {
	if tableAllDigits(s) {
		return s, true
	}
	sep := ""
	for _, candidate := range []string{string(group), "'", "’", " ", "\u00a0", "\u202f"} {
		if strings.Contains(s, candidate) {
			sep = candidate
			break
		}
	}
	if sep == "" {
		return "", false
	}
	groups := strings.Split(s, sep)
	last := len(groups) - 1
	for i, g := range groups {
		good := len(g) == 3
		switch {
		case i == 0:
			good = len(g) >= 1 && len(g) <= 3 && g[0] != '0'
		case i < last && sep == ",":
			good = len(g) == 2 || len(g) == 3
		}
		if !good || !tableAllDigits(g) {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}

func tableAllDigits(s string) bool {
	for i := range len(s) {
		if !tableDigit(s[i]) {
			return false
		}
	}
	return true
}
