package tool

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// tableDate is a cell read as a date under one convention of writing it.
type tableDate struct {
	ok    bool
	at    time.Time // UTC; a time of day without zone as if it were UTC
	month bool      // no day: YYYY-MM
	timed bool
}

// iso returns the date as tables store it: text that sorts and compares.
func (d tableDate) iso() string {
	switch {
	case d.month:
		return d.at.Format("2006-01")
	case !d.timed:
		return d.at.Format(time.DateOnly)
	case d.at.Nanosecond() != 0:
		return d.at.Format("2006-01-02 15:04:05.999999")
	}
	return d.at.Format(time.DateTime)
}

// tableDay is a cell read as a date: the day first, or the month first. They are
// the same unless the order is in doubt.
type tableDay struct {
	dmy, mdy tableDate
	dots     bool // 3.4.2025, where the day comes first
	offset   bool // a zone's offset was taken out
}

const (
	tableDateMin = len("1/2/06")
	tableDateMax = len("30. September 2025 12:30:45.123456789 +00:00 UTC")
	tablePivot   = 70 // two-digit years from here on are of the 20th century
)

// tableDayOf reads a trimmed cell.
func tableDayOf(s string) tableDay {
	if len(s) < tableDateMin || len(s) > tableDateMax || !strings.ContainsAny(s, "0123456789") {
		return tableDay{}
	}
	date, clock := tableSplitClock(s)
	day := tableDays(date)
	if clock == "" || !day.dmy.ok && !day.mdy.ok {
		return day
	}
	since, offset, zoned, ok := tableClock(clock)
	if !ok || day.dmy.month || day.mdy.month {
		return tableDay{}
	}
	day.offset = zoned
	for _, d := range []*tableDate{&day.dmy, &day.mdy} {
		d.at, d.timed = d.at.Add(since-offset), true
	}
	return day
}

// tableSplitClock cuts the time of day off, which starts two characters or one
// before the first colon.
func tableSplitClock(s string) (date, clock string) {
	colon := strings.IndexByte(s, ':')
	if colon < 0 {
		return s, ""
	}
	cut := strings.LastIndexAny(s[:colon], " T")
	if cut < 0 {
		return s, ""
	}
	return strings.TrimRight(s[:cut], " ,"), s[cut+1:]
}

func tableDays(s string) tableDay {
	if d, ok := tableISO(s); ok {
		return tableDay{dmy: d, mdy: d}
	}
	if strings.ContainsFunc(s, unicode.IsLetter) {
		d := tableNamed(s)
		return tableDay{dmy: d, mdy: d}
	}
	sep := strings.IndexAny(s, "-/.")
	if sep < 1 || sep > 4 {
		return tableDay{}
	}
	fields := strings.Split(s, s[sep:sep+1])
	var n [3]int
	if len(fields) > 3 {
		return tableDay{}
	}
	for i, f := range fields {
		v, err := strconv.ParseUint(f, 10, 16)
		if err != nil || len(f) > 4 || len(f) == 3 {
			return tableDay{}
		}
		n[i] = int(v)
	}
	return tableOrder(fields, n, s[sep])
}

// tableISO reads YYYY-MM-DD: most dates of most tables.
func tableISO(s string) (tableDate, bool) {
	if len(s) != len(time.DateOnly) || s[4] != '-' || s[7] != '-' ||
		!tableAllDigits(s[:4]) || !tableAllDigits(s[5:7]) || !tableAllDigits(s[8:]) {
		return tableDate{}, false
	}
	digits := func(from, to int) (n int) {
		for _, c := range []byte(s[from:to]) {
			n = n*10 + int(c-'0')
		}
		return n
	}
	d := tableDateOf(digits(0, 4), digits(5, 7), digits(8, 10))
	return d, d.ok
}

// tableOrder tells year, month and day apart by their digits.
func tableOrder(fields []string, n [3]int, sep byte) tableDay {
	if len(fields) == 2 {
		var d tableDate
		switch {
		case len(fields[0]) == 4 && len(fields[1]) == 2 && sep != '.':
			d = tableMonth(n[0], n[1])
		case len(fields[0]) <= 2 && len(fields[1]) == 4 && sep != '.':
			d = tableMonth(n[1], n[0])
		}
		return tableDay{dmy: d, mdy: d}
	}
	if len(fields[0]) == 4 && len(fields[2]) <= 2 {
		d := tableDateOf(n[0], n[1], n[2])
		return tableDay{dmy: d, mdy: d}
	}
	if len(fields[0]) > 2 || len(fields[1]) > 2 || len(fields[2]) == 1 {
		return tableDay{}
	}
	year := n[2]
	if len(fields[2]) == 2 {
		year = tableCentury(year)
	}
	return tableDay{dmy: tableDateOf(year, n[1], n[0]), mdy: tableDateOf(year, n[0], n[1]), dots: sep == '.'}
}

func tableCentury(year int) int {
	if year < tablePivot {
		return 2000 + year
	}
	return 1900 + year
}

func tableDateOf(year, month, day int) tableDate {
	at := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return tableDate{at: at, ok: year > 0 && month >= 1 && month <= 12 && at.Day() == day}
}

func tableMonth(year, month int) tableDate {
	d := tableDateOf(year, month, 1)
	d.month = true
	d.ok = d.ok && year >= 1000
	return d
}

// tableMonths are the months' names in English, German, French, Spanish and Italian.
var tableMonths = [...]string{ //nolint:gochecknoglobals // a constant table
	"january januar jänner janvier enero gennaio", "february februar février febrero febbraio",
	"march märz mrz mars marzo", "april avril abril aprile", "may mai mayo maggio",
	"june juni juin junio giugno", "july juli juillet julio luglio", "august août agosto",
	"september septembre septiembre settembre", "october oktober octobre octubre ottobre",
	"november novembre noviembre", "december dezember décembre diciembre dicembre",
}

// tableNamed reads a date whose month is a word: 31 Jan 2025, January 31, 2025,
// 31. Januar 2025, Jan 2025, 31-Jan-25.
func tableNamed(s string) tableDate {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return r == ' ' || r == ',' || r == '.' || r == '-' || r == '/' || r == '\u00a0'
	})
	if len(words) < 2 || len(words) > 3 {
		return tableDate{}
	}
	month := 0
	var rest []string
	for _, word := range words {
		if m := tableMonthOf(word); m > 0 && month == 0 {
			month = m
			continue
		}
		rest = append(rest, word)
	}
	year, err := strconv.ParseUint(rest[len(rest)-1], 10, 16)
	digits := len(rest[len(rest)-1])
	if month == 0 || err != nil || len(rest) == 3 || digits != 4 && (digits != 2 || len(rest) == 1) {
		return tableDate{}
	}
	full := int(year)
	if digits == 2 {
		full = tableCentury(full)
	}
	if len(rest) == 1 {
		return tableMonth(full, month)
	}
	day, err := strconv.ParseUint(strings.TrimRight(rest[0], "stndrh"), 10, 8)
	if err != nil {
		return tableDate{}
	}
	return tableDateOf(full, month, int(day))
}

// tableMonthOf knows a month by its name or the beginning of it.
func tableMonthOf(word string) int {
	if len(word) < 3 || word[0] < 'a' {
		return 0
	}
	for i, names := range tableMonths {
		for name := range strings.FieldsSeq(names) {
			if strings.HasPrefix(name, word) || word == "sept" && i == 8 {
				return i + 1
			}
		}
	}
	return 0
}

// tableClock reads a time of day with an optional zone.
func tableClock(s string) (since, offset time.Duration, zoned, ok bool) {
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(s, "Z"), "UTC"))
	if i := strings.LastIndexAny(s, "+-"); i > 0 {
		at, err := time.Parse("-07:00", tableColon(s[i:]))
		if err != nil {
			return 0, 0, false, false
		}
		_, seconds := at.Zone()
		offset, zoned, s = time.Duration(seconds)*time.Second, true, strings.TrimSpace(s[:i])
	}
	s = strings.ToUpper(s)
	for _, layout := range []string{"15:04:05", "15:04", "3:04:05 PM", "3:04 PM", "3:04:05PM", "3:04PM"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.Sub(at.Truncate(24 * time.Hour)), offset, zoned, true
		}
	}
	return 0, 0, false, false
}

// tableColon writes +0100 and +01 as +01:00.
func tableColon(offset string) string {
	switch len(offset) {
	case len("+01"):
		return offset + ":00"
	case len("+0100"):
		return fmt.Sprintf("%s:%s", offset[:3], offset[3:])
	}
	return offset
}
