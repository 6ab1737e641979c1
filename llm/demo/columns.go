package demo

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// role is what a column is good for.
type role int

const (
	roleOther    role = iota // free text, constants, identifiers
	roleID                   // identifies rows: adding it up means nothing
	roleMeasure              // adds up: revenue, units
	roleRate                 // averages: prices, percentages, ratings
	roleCategory             // groups rows
	roleTime                 // a date
	roleYear                 // a year as a number
)

// The bounds of what makes a category.
const (
	maxGroups     = 40 // more values than that are no overview
	maxManyGroups = 999
	maxFreeText   = 48 // runes on average; longer values are prose
)

// roleOf tells a column's role from its type, header and range.
func roleOf(c columnInfo, rows int) role {
	switch c.Type {
	case "date":
		if _, ok := parseDay(c.Min); ok {
			return roleTime
		}
		return roleOther
	case "integer", "real":
		return numberRole(c, rows)
	case "text", "boolean":
		return textRole(c, rows)
	}
	return roleOther
}

func numberRole(c columnInfo, rows int) role {
	low, errLow := strconv.ParseFloat(c.Min, 64)
	high, errHigh := strconv.ParseFloat(c.Max, 64)
	ranged := errLow == nil && errHigh == nil
	whole := c.Type == "integer"
	switch {
	case identifies(c.header()):
		return roleID
	case whole && ranged && isYear(c, low, high, rows):
		return roleYear
	case whole && cyclicWords.in(c.header()) && c.Distinct >= 2 && c.Distinct <= maxGroups:
		return roleCategory
	case whole && ranged && isSequence(c, low, high, rows):
		return roleID
	case ranged && low == high && rows > 1, whole && ranged && low >= 0 && high <= 1 && rows > 1:
		return roleOther
	case isRate(c.header()):
		return roleRate
	}
	return roleMeasure
}

func identifies(header string) bool {
	list := words(header)
	if len(list) == 0 {
		return false
	}
	return idWords.in(header) || lastIDWords.in(list[len(list)-1]) && !isRate(strings.Join(list[:len(list)-1], " "))
}

func isRate(header string) bool {
	return rateWords.in(header) && !totalWords.in(header) && !notRateWords.in(header)
}

// isYear wants a header that says so, or values that repeat too often to be
// anything else.
func isYear(c columnInfo, low, high float64, rows int) bool {
	if low < 1900 || high > 2100 {
		return false
	}
	return yearWords.in(c.header()) || c.Distinct <= maxGroups && rows >= 3*c.Distinct && high-low < 100 && rows > 3
}

// minSequence is from how many rows on 1, 2, 3, … is no coincidence.
const minSequence = 5

func isSequence(c columnInfo, low, high float64, rows int) bool {
	return rows >= minSequence && c.Nulls == 0 && int(high-low)+1 == rows &&
		(c.Distinct == rows || c.Distinct >= maxManyGroups)
}

func textRole(c columnInfo, rows int) role {
	switch {
	case identifies(c.header()) && c.Distinct > maxGroups, c.Distinct < 2, c.Distinct > maxManyGroups:
		return roleOther
	case sampleLength(c) > maxFreeText:
		return roleOther
	case c.Distinct <= maxGroups && (2*c.Distinct <= rows || rows <= maxGroups):
		return roleCategory
	case 3*c.Distinct <= rows:
		return roleCategory
	}
	return roleOther
}

func sampleLength(c columnInfo) int {
	if len(c.Sample) == 0 {
		return 0
	}
	sum := 0
	for _, value := range c.Sample {
		sum += utf8.RuneCountInString(value)
	}
	return sum / len(c.Sample)
}

// header returns what the column is called in the file.
func (c columnInfo) header() string {
	if strings.TrimSpace(c.Header) != "" {
		return c.Header
	}
	return c.Name
}

// title returns the header as people write it: "unit_price" as "Unit price".
func (c columnInfo) title() string {
	return label(capital(strings.ReplaceAll(strings.TrimSpace(c.header()), "_", " ")))
}

// unitPattern finds a unit in a header: "Revenue (EUR)", "Umsatz [€]", "Preis in EUR".
var unitPattern = regexp.MustCompile(`[(\[（]\s*([^)\]）]{1,8})\s*[)\]）]\s*$|\bin (EUR|USD|GBP|CHF|€|\$|%|kg|km)$`)

// unit returns the unit that a header names, empty if none.
func (c columnInfo) unit() string {
	found := unitPattern.FindStringSubmatch(strings.TrimSpace(c.header()))
	if found == nil {
		return ""
	}
	return strings.TrimSpace(found[1] + found[2])
}

// mentioned reports whether a text names the column.
func (c columnInfo) mentioned(text string) bool {
	named, _ := c.mention(text)
	return named > 0
}

// mention says how many words of the header are in a text, and whether all are:
// "sales" alone names the column "Sales", but hardly "Sales Rep".
func (c columnInfo) mention(text string) (named int, whole bool) {
	header := strings.ToLower(strings.TrimSpace(c.header()))
	if spaceless(header) {
		if strings.Contains(strings.ToLower(text), header) {
			return 1, true
		}
		return 0, false
	}
	asked := words(text)
	all := 0
	for _, word := range words(c.header()) {
		if utf8.RuneCountInString(word) < 3 || word == "per" {
			continue
		}
		all++
		if slices.ContainsFunc(asked, func(a string) bool { return sameWord(a, word) }) {
			named++
		}
	}
	return named, all > 0 && named == all
}

// named weighs a mention: a whole one outranks everything else.
func (c columnInfo) named(text string) int {
	named, whole := c.mention(text)
	if whole {
		return 100 * named
	}
	return 10 * named
}

// sameWord forgives a plural.
func sameWord(a, b string) bool {
	return a == b || singular(a) == singular(b)
}

func singular(word string) string {
	for _, ending := range []string{"ies", "s", "en", "e"} {
		if stem, ok := strings.CutSuffix(word, ending); ok && utf8.RuneCountInString(stem) > 3 {
			if ending == "ies" {
				return stem + "y"
			}
			return stem
		}
	}
	return word
}

// score ranks columns of one role: what people ask for and usually look at first.
func (c columnInfo) score(request string, r role) int {
	points := c.named(request)
	switch {
	case r == roleMeasure && moneyWords.in(c.header()):
		points += 50
	case r == roleMeasure && amountWords.in(c.header()):
		points += 35
	case r == roleMeasure && quantityWords.in(c.header()):
		points += 20
	case r == roleCategory && groupWords.in(c.header()):
		points += 30
	case r == roleTime && mainDateWords.in(c.header()):
		points += 20
	}
	if r == roleCategory {
		points += categorySize(c)
	}
	return points - min(c.Nulls, 10)
}

// categorySize prefers as many groups as a chart shows well.
func categorySize(c columnInfo) int {
	switch {
	case c.Distinct >= 3 && c.Distinct <= 12:
		return 20
	case c.Distinct <= maxGroups:
		return 10
	}
	return 0
}
