package schedule

import (
	"fmt"
	"strconv"
	"time"
)

// inAWhile reads "in 20 minutes", "in 3 days at 9".
func (r *reader) inAWhile() (string, bool) {
	if !r.take("in") {
		return "", false
	}
	n := 1
	if !r.take("a") {
		v, err := strconv.Atoi(r.peek())
		if err != nil || len(r.peek()) > 5 {
			return "", false
		}
		n = v
		r.pos++
	}
	switch {
	case r.take("minute"):
		return r.instant(r.now.Add(time.Duration(n) * time.Minute))
	case r.take("hour"):
		return r.instant(r.now.Add(time.Duration(n) * time.Hour))
	case r.take("day"):
		return r.dayFromNow(n)
	case r.take("week"):
		return r.dayFromNow(7 * n)
	}
	return "", false
}

// someDay reads "tomorrow at 10", "today at 17:00", "next Monday at 9", "on Friday
// at 5pm".
func (r *reader) someDay() (string, bool) {
	switch {
	case r.take("today"):
		return r.dayFromNow(0)
	case r.take("tomorrow"):
		return r.dayFromNow(1)
	case r.take("overmorrow"):
		return r.dayFromNow(2)
	}
	next := r.take("next")
	if !next {
		r.take("on", "am")
	}
	day, many, ok := weekdayOf(r.peek())
	if !ok || many {
		return "", false
	}
	r.pos++
	ahead := (int(day) - int(r.now.Weekday()) + 7) % 7
	if next && ahead == 0 {
		ahead = 7
	}
	start := r.pos
	if spec, ok := r.dayFromNow(ahead); ok || ahead > 0 {
		return spec, ok
	}
	r.pos, r.fault = start, "" // it is that day, and the time has passed
	return r.dayFromNow(7)
}

// dayFromNow reads the time of a day, so many days from now.
func (r *reader) dayFromNow(days int) (string, bool) {
	if days > maxAhead*366 {
		return r.instant(r.now.AddDate(maxAhead+1, 0, 0))
	}
	c := r.oneTime()
	d := time.Date(r.now.Year(), r.now.Month(), r.now.Day()+days, 0, 0, 0, 0, time.UTC)
	return r.instant(c.on(d.Year(), d.Month(), d.Day(), r.now.Location()))
}

// oneTime reads a time of day, which is the morning if none is said.
func (r *reader) oneTime() clock {
	list, ok := r.times()
	switch {
	case !ok:
		return morning
	case len(list) > 1:
		r.fault = "each time of a day that comes but once needs a schedule of its own"
	}
	return list[0]
}

// onDate reads "on 24 December at 9".
func (r *reader) onDate() (string, bool) {
	r.take("on", "am")
	d, ok := r.date()
	if !ok {
		return "", false
	}
	c := r.oneTime()
	if d.month < 1 || d.month > 12 || !d.exists(leapYear) || d.year != 0 && !d.exists(d.year) {
		r.fault = "there is no such day"
		return "", false
	}
	if d.year != 0 {
		return r.instant(c.on(d.year, d.month, d.day, r.now.Location()))
	}
	year := r.now.Year()
	for !d.exists(year) || !c.on(year, d.month, d.day, r.now.Location()).After(r.now) {
		year++
	}
	return r.instant(c.on(year, d.month, d.day, r.now.Location()))
}

// leapYear has all days that there are.
const leapYear = 2024

// timeFirst reads "at 9 every Monday", and "at 17:00" as the next time that the
// clock shows it.
func (r *reader) timeFirst() (string, bool) {
	first := r.pos
	if !r.take("at") {
		return "", false
	}
	if _, ok := r.clock(true); !ok {
		return "", false
	}
	middle := r.pos
	if spec, ok := r.turned(first, middle); ok {
		return spec, true
	}
	r.pos, r.fault = first, ""
	if spec, ok := r.dayFromNow(0); ok {
		return spec, true
	}
	r.pos, r.fault = first, ""
	return r.dayFromNow(1)
}

// longestRule is more words than any rule has.
const longestRule = 16

// turned reads a rule whose time of day, from first to middle, stands before it.
func (r *reader) turned(first, middle int) (string, bool) {
	for end := min(len(r.words), middle+longestRule); end > middle; end-- {
		words := append(append([]word{}, r.words[middle:end]...), r.words[first:middle]...)
		t := &reader{words: words, now: r.now}
		for _, fn := range []func() (string, bool){t.every, t.adverb, t.someDay, t.monthly, t.many, t.onDate} {
			if spec, ok := t.try(fn); ok && t.pos == len(words) {
				r.pos = end
				return spec, true
			}
		}
	}
	return "", false
}

// instant is a rule for once, unless its time has passed or is too far off.
func (r *reader) instant(t time.Time) (string, bool) {
	switch {
	case r.fault != "":
		return "", false
	case !t.After(r.now):
		r.fault = fmt.Sprintf("%s has passed", t.Format("Monday 2 January 2006 15:04"))
		return "", false
	case t.After(r.now.AddDate(maxAhead, 0, 0)):
		r.fault = fmt.Sprintf("it is more than %d years away", maxAhead)
		return "", false
	}
	return once + t.UTC().Truncate(time.Second).Format(time.RFC3339), true
}
