package demo

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// tongue is the language of an answer: English unless it is German.
type tongue struct {
	german bool
}

// germanWords are frequent in German requests and no words in English ones.
var germanWords = []string{ //nolint:gochecknoglobals // a constant table
	"und", "der", "die", "das", "den", "dem", "eine", "einen", "einer", "ein", "bitte", "mir", "mit", "für", "von",
	"zu", "ist", "wie", "wieviel", "viel", "was", "welche", "analysiere", "erstelle", "auswertung", "umsatz", "uhr",
}

// tongueOf returns the language that a request is most likely in.
func tongueOf(request string) tongue {
	hits := 0
	for _, word := range words(request) {
		for _, german := range germanWords {
			if word == german {
				hits++
			}
		}
		if strings.ContainsAny(word, "äöüß") {
			hits++
		}
	}
	return tongue{german: hits >= 2 || hits == 1 && len(words(request)) <= 3}
}

// say fills a text in the language: en or de, which take the same arguments.
func (t tongue) say(en, de string, args ...any) string {
	text := en
	if t.german {
		text = de
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// num writes a number for people: whole ones without decimals, others with two,
// small ones with four significant digits.
func (t tongue) num(x float64) string {
	// Sums of decimal fractions are off by a hair in binary.
	rounded := math.Round(x*1e6) / 1e6
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return "–"
	case rounded == math.Trunc(rounded):
		return t.group(strconv.FormatFloat(rounded+0, 'f', 0, 64))
	case math.Abs(x) < 1:
		decimals := 3 - int(math.Floor(math.Log10(math.Abs(x))))
		return t.group(strings.TrimRight(strconv.FormatFloat(x, 'f', decimals, 64), "0"))
	}
	return t.group(strconv.FormatFloat(x, 'f', 2, 64))
}

// amount writes a value of a measure: one that has decimals always with two.
func (t tongue) amount(m measure, x float64) string {
	if m.kind != kindCount && m.Type == "real" && (x == 0 || math.Abs(x) >= 1) && !math.IsInf(x, 0) {
		return t.group(strconv.FormatFloat(x, 'f', 2, 64))
	}
	return t.num(x)
}

// group separates thousands and decimals as the language does.
func (t tongue) group(s string) string {
	sign := ""
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		sign, s = "-", rest
	}
	whole, fraction, _ := strings.Cut(s, ".")
	thousands, decimal := ",", "."
	if t.german {
		thousands, decimal = ".", ","
	}
	var b strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(thousands)
		}
		b.WriteRune(digit)
	}
	if strings.Trim(whole+fraction, "0") == "" {
		sign = ""
	}
	if fraction == "" {
		return sign + b.String()
	}
	return sign + b.String() + decimal + fraction
}

// count writes a whole number.
func (t tongue) count(n int) string { return t.group(strconv.Itoa(n)) }

// rows writes a number of rows.
func (t tongue) rows(n float64) string {
	if n == 1 {
		return t.say("1 row", "1 Zeile")
	}
	return t.num(n) + t.say(" rows", " Zeilen")
}

// percent writes a share of 1 with one decimal.
func (t tongue) percent(share float64) string {
	s := t.group(strconv.FormatFloat(100*share, 'f', 1, 64))
	if t.german {
		return s + " %"
	}
	return s + "%"
}

// change writes a relative change with its sign.
func (t tongue) change(share float64) string {
	s := t.percent(share)
	if share > 0 {
		return "+" + s
	}
	return s
}

// list joins names as the language does.
func (t tongue) list(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + t.say(" and ", " und ") + items[last]
}

// oneLine puts text on one line of at most limit bytes.
func oneLine(text string, limit int) string {
	return oneLineUnless(strings.Join(strings.Fields(text), " "), limit)
}

// oneLineUnless cuts a text that is longer than limit bytes, at a rune.
func oneLineUnless(text string, limit int) string {
	const mark = "…"
	if len(text) <= limit {
		return text
	}
	cut := max(limit-len(mark), 0)
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + mark
}

// maxLabel bounds names from data, in runes: longer ones break tables and slides.
const maxLabel = 40

// label makes a name or value from data fit for tables, slides and Markdown.
func label(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	text = strings.NewReplacer("|", "/", "`", "'", "](", "] (", "*", "∗").Replace(text)
	runes := []rune(text)
	if len(runes) > maxLabel {
		text = string(runes[:maxLabel-1]) + "…"
	}
	return text
}

// mdTable writes a Markdown table; the first column is left-aligned.
func mdTable(columns []string, rows [][]string) string {
	var b strings.Builder
	b.WriteString("| " + strings.Join(columns, " | ") + " |\n|---|" + strings.Repeat("---:|", len(columns)-1) + "\n")
	for _, row := range rows {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	return b.String()
}

// bullets writes a Markdown list.
func bullets(items []string) string {
	var b strings.Builder
	for _, item := range items {
		b.WriteString("- " + item + "\n")
	}
	return b.String()
}
