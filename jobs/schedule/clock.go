package schedule

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// clock is a time of day.
type clock struct{ hour, minute int }

// morning is when something is due of which only the day was said.
var morning = clock{hour: 9} //nolint:gochecknoglobals // a constant

var clockPattern = regexp.MustCompile(`^(\d{1,2})(?:[:.](\d{2}))?$`)

// times reads times of day that share their minute, such as "at 9", "at 9 and
// 17", "at 5:30 pm", "8:30". ok is false if there is none; then nothing is read.
func (r *reader) times() (list []clock, ok bool) {
	start := r.pos
	at := r.take("at")
	first, ok := r.clock(at)
	if !ok {
		r.pos = start
		return nil, false
	}
	list = append(list, first)
	for {
		start = r.pos
		if !r.take("and") {
			return list, true
		}
		r.take("at")
		next, ok := r.clock(false)
		if !ok {
			r.pos = start
			return list, true
		}
		list = append(list, next)
	}
}

// clock reads one time of day. A bare number is one only after "at" or as the last
// word: it may begin the request.
func (r *reader) clock(at bool) (clock, bool) {
	start := r.pos
	switch {
	case r.take("noon"):
		return clock{hour: 12}, true
	case r.take("midnight"):
		return clock{}, true
	}
	m := clockPattern.FindStringSubmatch(r.peek())
	if m == nil {
		return clock{}, false
	}
	r.pos++
	c := clock{hour: number(m[1]), minute: number(m[2])}
	sure := at || r.pos == len(r.words) || strings.Contains(m[0], ":")
	switch {
	case r.take("am"), r.take("a.m."):
		sure = c.hour >= 1 && c.hour <= 12
		c.hour %= 12
	case r.take("pm"), r.take("p.m."):
		sure = c.hour >= 1 && c.hour <= 12
		c.hour = c.hour%12 + 12
	case r.take("o'clock"):
		sure = true
	}
	if !sure || c.hour > 23 || c.minute > 59 {
		r.pos = start
		return clock{}, false
	}
	return c, true
}

// number reads digits that a pattern has found; none are 0.
func number(digits string) int {
	n, _ := strconv.Atoi(digits) // at most four digits
	return n
}

// date is a day of the year; the year is 0 if it was not said.
type date struct {
	year  int
	month time.Month
	day   int
}

var (
	isoDate     = regexp.MustCompile(`^(\d{4})-(\d{2})-(\d{2})$`)
	dottedDate  = regexp.MustCompile(`^(\d{1,2})\.(\d{1,2})\.(\d{4})?$`)
	dayPattern  = regexp.MustCompile(`^(\d{1,2})(?:st|nd|rd|th|\.)?$`)
	ordPattern  = regexp.MustCompile(`^(\d{1,2})(?:st|nd|rd|th|\.)$`)
	yearPattern = regexp.MustCompile(`^\d{4}$`)
)

// date reads a day such as "24 December", "December 24th, 2026", "24.12." or
// "2026-12-24". ok is false if there is none; then nothing is read.
func (r *reader) date() (d date, ok bool) {
	start := r.pos
	r.take("the")
	if m := isoDate.FindStringSubmatch(r.peek()); m != nil {
		r.pos++
		return date{number(m[1]), time.Month(number(m[2])), number(m[3])}, true
	}
	if m := dottedDate.FindStringSubmatch(r.peek()); m != nil {
		r.pos++
		return date{number(m[3]), time.Month(number(m[2])), number(m[1])}, true
	}
	if m := dayPattern.FindStringSubmatch(r.peek()); m != nil {
		r.pos++
		d.day = number(m[1])
		r.take("of")
		d.month, ok = r.month()
	} else if d.month, ok = r.month(); ok {
		r.take("the")
		if m := dayPattern.FindStringSubmatch(r.peek()); m != nil {
			r.pos++
			d.day = number(m[1])
		}
	}
	if !ok || d.day == 0 {
		r.pos = start
		return date{}, false
	}
	if yearPattern.MatchString(r.peek()) {
		d.year = number(r.peek())
		r.pos++
	}
	return d, true
}

func (r *reader) month() (time.Month, bool) {
	m, ok := months[strings.TrimSuffix(r.peek(), ".")]
	if ok {
		r.pos++
	}
	return m, ok
}

// ordinal reads a day of the month such as "1st" or "15th".
func (r *reader) ordinal() (int, bool) {
	start := r.pos
	r.take("the")
	m := ordPattern.FindStringSubmatch(r.peek())
	if m == nil || number(m[1]) < 1 || number(m[1]) > 31 {
		r.pos = start
		return 0, false
	}
	r.pos++
	return number(m[1]), true
}

// exists reports whether a year has such a day.
func (d date) exists(year int) bool {
	t := time.Date(year, d.month, d.day, 0, 0, 0, 0, time.UTC)
	return t.Month() == d.month && t.Day() == d.day
}

// on is the instant at which a zone's clock shows c on day d.
func (c clock) on(year int, month time.Month, day int, zone *time.Location) time.Time {
	return instant(time.Date(year, month, day, c.hour, c.minute, 0, 0, time.UTC), zone)
}
