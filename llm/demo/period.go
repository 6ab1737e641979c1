package demo

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// grain is how finely time is divided.
type grain string

const (
	grainDay     grain = "day"
	grainMonth   grain = "month"
	grainQuarter grain = "quarter"
	grainYear    grain = "year"
)

// name returns the grain in a language.
func (g grain) name(t tongue) string {
	switch g {
	case grainDay:
		return t.say("day", "Tag")
	case grainMonth:
		return t.say("month", "Monat")
	case grainQuarter:
		return t.say("quarter", "Quartal")
	default:
		return t.say("year", "Jahr")
	}
}

// Up to how many days a grain is used: about as many points as a chart shows well.
const (
	maxDays    = 31
	maxMonths  = 3 * 366
	maxQuarter = 12 * 366
)

// grainOf picks the grain for the days that are looked at.
func grainOf(v view) grain {
	if v.time.year {
		return grainYear
	}
	from, to := v.time.from, v.time.to
	if v.period.filters {
		from, to = later(from, v.period.from), earlier(to, v.period.to.AddDate(0, 0, -1))
	}
	days := int(to.Sub(from).Hours()/24) + 1
	whole := int(v.time.to.Sub(v.time.from).Hours()/24) + 1
	// Columns with one date a month or a year would fall apart into gaps.
	dates := max(v.time.Distinct*days/max(whole, 1), 1)
	for _, option := range []struct {
		grain   grain
		days    int
		periods int
	}{{grainDay, maxDays, days}, {grainMonth, maxMonths, days / 31}, {grainQuarter, maxQuarter, days / 92}} {
		if days <= option.days && 2*option.periods <= 3*dates {
			return option.grain
		}
	}
	return grainYear
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// parseDay reads the day of an ISO date or time; of "2025-10" and "2025" the first.
func parseDay(text string) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, "2006-01", "2006"} {
		if len(text) < len(layout) || layout != time.DateOnly && len(text) != len(layout) {
			continue
		}
		if day, err := time.Parse(layout, text[:len(layout)]); err == nil {
			return day, true
		}
	}
	return time.Time{}, false
}

// period is the part of a table that a request is about.
type period struct {
	label    string // as the answer calls it, such as "Q4 2025"; empty: none was asked for
	filters  bool   // rows outside of it are left out
	missing  bool   // the table has nothing of it, so that all rows are used
	inferred bool   // the request named no year; the newest in the table is meant
	column   string // the text column that names the period, where there are no dates
	value    string // its value
	from, to time.Time
}

var (
	quarterPattern = regexp.MustCompile(`(?i)\bq\s?([1-4])\b|\b([1-4])\.\s?quartal|第([一二三四1-4])季度`)
	yearPattern    = regexp.MustCompile(`(?:^|\D)((?:19|20)\d\d)(?:\D|$)`)
)

// namedQuarters are the quarters in words.
var namedQuarters = []struct { //nolint:gochecknoglobals // a constant table
	text    string
	quarter int
}{
	{"first quarter", 1},
	{"second quarter", 2},
	{"third quarter", 3},
	{"fourth quarter", 4},
	{"erstes quartal", 1},
	{"zweites quartal", 2},
	{"drittes quartal", 3},
	{"viertes quartal", 4},
	{"ersten quartal", 1},
	{"zweiten quartal", 2},
	{"dritten quartal", 3},
	{"vierten quartal", 4},
}

// lastQuarter marks a request for the newest quarter in the data.
const lastQuarter = -1

// quarterOf returns the quarter that a request names: 1 to 4, lastQuarter, or 0.
func quarterOf(request string) int {
	lower := strings.ToLower(request)
	if found := quarterPattern.FindStringSubmatch(lower); found != nil {
		digit := found[1] + found[2] + found[3]
		if at := strings.Index("一二三四", digit); at >= 0 {
			return at/len("一") + 1
		}
		return int(digit[0] - '0')
	}
	for _, named := range namedQuarters {
		if strings.Contains(lower, named.text) {
			return named.quarter
		}
	}
	for _, text := range []string{"last quarter", "latest quarter", "letzte quartal", "letztes quartal", "letzten quartal", "上季度"} {
		if strings.Contains(lower, text) {
			return lastQuarter
		}
	}
	return 0
}

func yearOf(request string) int {
	found := yearPattern.FindStringSubmatch(request)
	if found == nil {
		return 0
	}
	year, _ := strconv.Atoi(found[1])
	return year
}

// askedPeriod finds the quarter or year that a request is about in the table.
func askedPeriod(request string, v view) period {
	quarter, year := quarterOf(request), yearOf(request)
	switch {
	case quarter == 0 && year == 0:
		return period{}
	case v.time == nil || v.time.year:
		return namedPeriod(quarter, year, v)
	case quarter == lastQuarter:
		return newPeriod(v, v.time.to.Year(), (int(v.time.to.Month())+2)/3, false)
	case year != 0:
		return newPeriod(v, year, quarter, false)
	}
	for year = v.time.to.Year(); year >= v.time.from.Year(); year-- {
		if p := newPeriod(v, year, quarter, true); !p.missing {
			return p
		}
	}
	return newPeriod(v, v.time.to.Year(), quarter, true)
}

// newPeriod returns a quarter of a year, or the whole year for quarter 0.
func newPeriod(v view, year, quarter int, inferred bool) period {
	p := period{label: strconv.Itoa(year), inferred: inferred}
	p.from = time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC)
	p.to = p.from.AddDate(1, 0, 0)
	if quarter > 0 {
		p.label = fmt.Sprintf("Q%d %d", quarter, year)
		p.from = p.from.AddDate(0, 3*(quarter-1), 0)
		p.to = p.from.AddDate(0, 3, 0)
	}
	p.missing = v.time.to.Before(p.from) || !v.time.from.Before(p.to)
	p.filters = !p.missing && (v.time.from.Before(p.from) || !v.time.to.Before(p.to))
	return p
}

// namedPeriod looks for a column that holds the period by name, such as "Q4".
func namedPeriod(quarter, year int, v view) period {
	p := period{missing: true}
	switch {
	case quarter > 0:
		p.label = fmt.Sprintf("Q%d", quarter)
	case year > 0:
		p.label = strconv.Itoa(year)
	default:
		return period{}
	}
	if v.time != nil && year > 0 && quarter <= 0 {
		low, _ := strconv.Atoi(v.time.Min)
		high, _ := strconv.Atoi(v.time.Max)
		if low <= year && year <= high {
			return period{label: p.label, filters: true, column: v.time.Name, value: p.label}
		}
		return p
	}
	for _, c := range v.table.Columns {
		for _, value := range c.Sample {
			if c.Type == "text" && strings.EqualFold(strings.TrimSpace(value), p.label) {
				return period{label: p.label, filters: true, column: c.Name, value: value}
			}
		}
	}
	return p
}

// note says how the period was applied; empty: there is nothing to say.
func (p period) note(t tongue, v view) string {
	switch {
	case p.label == "":
		return ""
	case p.missing && v.time != nil && !v.time.year:
		return t.say("The request names %s, but the table's dates run from %s to %s; all rows were used.",
			"Gefragt war nach %s, die Daten reichen aber von %s bis %s; alle Zeilen wurden verwendet.",
			p.label, v.time.from.Format(time.DateOnly), v.time.to.Format(time.DateOnly))
	case p.missing:
		return t.say("The request names %s, but the table has no column that tells it apart; all rows were used.",
			"Gefragt war nach %s, die Tabelle hat aber keine Spalte dafür; alle Zeilen wurden verwendet.", p.label)
	case !p.filters:
		return t.say("All dates of the table lie in %s.", "Alle Daten der Tabelle liegen in %s.", p.label)
	case p.inferred:
		return t.say("Only rows of %s were used (the newest such quarter in the table, by calendar year).",
			"Nur Zeilen aus %s wurden verwendet (das neueste solche Quartal der Tabelle, nach Kalenderjahr).", p.label)
	}
	return t.say("Only rows of %s were used.", "Nur Zeilen aus %s wurden verwendet.", p.label)
}
