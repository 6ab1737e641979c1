package demo

import (
	"regexp"
	"strings"
)

// maxSum bounds an expression that is handed to the calculator.
const maxSum = 200

const number = `(\d+(?:[.,]\d+)*)`

var (
	percentOf   = regexp.MustCompile(`(?i)` + number + `\s*(?:%|percent|per cent|prozent)\s*(?:of|von|vom|der|des)\s*\$?€?` + number)
	plainSum    = regexp.MustCompile(`[\d(][\d\s.,+\-*/×÷·x^()]*[\d)]`)
	operator    = regexp.MustCompile(`\d\s*\)*\s*(?:[+*/×÷·x^]|\s-\s|-)\s*\(*\s*\d`)
	isoDate     = regexp.MustCompile(`^\d{4}-\d{1,2}(-\d{1,2})?$`)
	zonePattern = regexp.MustCompile(`\b(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Za-z_]+(?:/[A-Za-z_]+)?\b|\bUTC\b`)
)

// operatorWords are how people speak of sums.
var operatorWords = strings.NewReplacer( //nolint:gochecknoglobals // a constant table
	" plus ", " + ", " minus ", " - ", " times ", " * ", " multiplied by ", " * ", " mal ", " * ",
	" divided by ", " / ", " geteilt durch ", " / ", " durch ", " / ", "÷", "/", "×", "*", "·", "*")

// sumIn returns the arithmetic that a text asks for, as an expression.
func sumIn(text string) (string, bool) {
	german := tongueOf(text).german
	if found := percentOf.FindStringSubmatch(text); found != nil {
		return plainNumber(found[2], german) + " * " + plainNumber(found[1], german) + " / 100", true
	}
	text = operatorWords.Replace(" " + text + " ")
	for _, found := range plainSum.FindAllString(text, -1) {
		found = strings.TrimSpace(found)
		if !operator.MatchString(found) || isoDate.MatchString(found) || len(found) > maxSum || !meant(found, text) {
			continue
		}
		found = strings.ReplaceAll(found, "x", "*")
		return numbers.ReplaceAllStringFunc(found, func(n string) string { return plainNumber(n, german) }), true
	}
	return "", false
}

// meant reports whether a text asks for the sum in it: phone numbers and "24/7"
// look like sums, too.
func meant(sum, text string) bool {
	return 2*len(sum) >= len(strings.TrimSpace(text)) || sumWords.in(text)
}

var numbers = regexp.MustCompile(number)

// plainNumber writes a number as programs do: no thousands, a point for decimals.
func plainNumber(n string, german bool) string {
	thousands, decimal := ",", "."
	if german {
		thousands, decimal = ".", ","
	}
	if strings.Count(n, thousands) > 0 && !grouped(n, thousands, decimal) {
		// "3.5" in a German sentence is a decimal fraction all the same.
		return strings.ReplaceAll(n, ",", ".")
	}
	return strings.ReplaceAll(strings.ReplaceAll(n, thousands, ""), decimal, ".")
}

// grouped reports whether every separator is followed by three digits.
func grouped(n, thousands, decimal string) bool {
	whole, _, _ := strings.Cut(n, decimal)
	parts := strings.Split(whole, thousands)
	for _, part := range parts[1:] {
		if len(part) != 3 {
			return false
		}
	}
	return true
}

// maxTimeQuestion is how many words a question for the time has at most; longer
// texts only mention it.
const maxTimeQuestion = 10

func asksTime(text string) bool {
	list := words(text)
	question := lexicon{"what", "what's", "whats", "which", "tell", "wie", "wieviel", "welcher", "welches", "current", "aktuelle", "now"}
	return len(list) <= maxTimeQuestion && timeWords.in(text) && question.in(text)
}

// cities are those that people ask the time of most.
var cities = []struct{ city, zone string }{ //nolint:gochecknoglobals // a constant table
	{"berlin", "Europe/Berlin"},
	{"london", "Europe/London"},
	{"paris", "Europe/Paris"},
	{"madrid", "Europe/Madrid"},
	{"zürich", "Europe/Zurich"},
	{"zurich", "Europe/Zurich"},
	{"vienna", "Europe/Vienna"},
	{"wien", "Europe/Vienna"},
	{"new york", "America/New_York"},
	{"chicago", "America/Chicago"},
	{"denver", "America/Denver"},
	{"los angeles", "America/Los_Angeles"},
	{"san francisco", "America/Los_Angeles"},
	{"toronto", "America/Toronto"},
	{"são paulo", "America/Sao_Paulo"},
	{"tokyo", "Asia/Tokyo"},
	{"tokio", "Asia/Tokyo"},
	{"beijing", "Asia/Shanghai"},
	{"shanghai", "Asia/Shanghai"},
	{"singapore", "Asia/Singapore"},
	{"delhi", "Asia/Kolkata"},
	{"mumbai", "Asia/Kolkata"},
	{"dubai", "Asia/Dubai"},
	{"sydney", "Australia/Sydney"},
}

// zoneIn returns the time zone that a text names, empty if none.
func zoneIn(text string) string {
	if zone := zonePattern.FindString(text); zone != "" {
		return zone
	}
	for _, c := range cities {
		if strings.Contains(strings.ToLower(text), c.city) {
			return c.zone
		}
	}
	return ""
}
