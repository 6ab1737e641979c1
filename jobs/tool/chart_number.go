package tool

import (
	"math"
	"strconv"
	"strings"
)

// chartNumbers writes the values of one chart for people.
type chartNumbers struct {
	decimals int
	before   string // such as $
	after    string // such as %, or a thin word
}

// chartCompactFrom is where numbers are shortened to millions and billions: a
// longer row of digits is not read.
const chartCompactFrom = 1e7

// chartCurrencies are the signs that stand before a number.
const chartCurrencies = "$€£¥₹₩₽₺₴₪฿₫"

// chartUnitShort is up to how many characters a unit stands at each number; a
// longer one stands at the axis.
const chartUnitShort = 3

// chartFormat returns how to write numbers whose smallest difference of interest
// is step.
func chartFormat(step float64, unit string) chartNumbers {
	n := chartNumbers{}
	for n.decimals < 6 && step > 0 && step < math.Pow10(-n.decimals) {
		n.decimals++
	}
	unit = strings.TrimSpace(unit)
	switch {
	case unit == "":
	case strings.Contains(chartCurrencies, unit):
		n.before = unit
	case unit == "%":
		n.after = "%"
	case len([]rune(unit)) <= chartUnitShort:
		n.after = "\u00a0" + unit
	}
	return n
}

// atAxis reports whether the unit is too long to stand at each number.
func (n chartNumbers) atAxis(unit string) bool {
	return strings.TrimSpace(unit) != "" && n.before == "" && n.after == ""
}

// text writes v with thousands separators, very large values shortened.
func (n chartNumbers) text(v float64) string {
	sign := ""
	if v < 0 {
		sign, v = "−", -v
	}
	var digits string
	switch {
	case v >= 1e16:
		digits = strconv.FormatFloat(v, 'e', 2, 64)
	case v >= 1e12:
		digits = chartTrim(v/1e12) + "T"
	case v >= 1e9:
		digits = chartTrim(v/1e9) + "B"
	case v >= chartCompactFrom:
		digits = chartTrim(v/1e6) + "M"
	default:
		digits = chartGroup(strconv.FormatFloat(v, 'f', n.decimals, 64))
	}
	if strings.Trim(digits, "0.,") == "" {
		sign = ""
	}
	return sign + n.before + digits + n.after
}

// exact is text for a label at a point: as many decimals as tell the value.
func (n chartNumbers) exact(v float64) string {
	for n.decimals < 2 && math.Abs(v) < 1000 && math.Abs(v-chartRound(v, n.decimals)) > 1e-9*math.Abs(v) {
		n.decimals++
	}
	return n.text(v)
}

func chartRound(v float64, decimals int) float64 {
	p := math.Pow10(decimals)
	return math.Round(v*p) / p
}

func chartTrim(v float64) string {
	text := chartGroup(strconv.FormatFloat(v, 'f', 2, 64))
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// chartGroup puts commas between thousands.
func chartGroup(digits string) string {
	whole, fraction, _ := strings.Cut(digits, ".")
	var b strings.Builder
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if fraction != "" {
		b.WriteString("." + fraction)
	}
	return b.String()
}
