package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// reader reads the words of a rule. Its methods read as far as they understand
// and leave the rest.
type reader struct {
	words []word
	pos   int
	now   time.Time // in the zone that is meant
	fault string    // why a rule that was understood cannot be kept; empty: none
}

// peek is the next word, empty after the last.
func (r *reader) peek() string {
	if r.pos >= len(r.words) {
		return ""
	}
	return r.words[r.pos].text
}

// take reads one of the words if it is the next.
func (r *reader) take(list ...string) bool {
	if r.pos < len(r.words) && slices.Contains(list, r.words[r.pos].text) {
		r.pos++
		return true
	}
	return false
}

// try reads by fn or not at all.
func (r *reader) try(fn func() (string, bool)) (string, bool) {
	start := r.pos
	spec, ok := fn()
	if !ok {
		r.pos = start
	}
	return spec, ok
}

// rule reads when something is to run and returns it as Times keeps it. ok is
// false if the words begin with no rule.
func (r *reader) rule() (spec string, ok bool) {
	for _, fn := range []func() (string, bool){r.every, r.adverb, r.inAWhile, r.someDay, r.monthly, r.many, r.onDate, r.timeFirst} {
		if spec, ok = r.try(fn); ok || r.fault != "" {
			return spec, ok
		}
	}
	return "", false
}

// every reads "every Monday at 9", "every 2 hours", "every 15th of the month".
func (r *reader) every() (string, bool) {
	if !r.take("every") {
		return "", false
	}
	if spec, ok := r.try(r.interval); ok || r.fault != "" {
		return spec, ok
	}
	if day, ok := r.ordinal(); ok {
		r.take("day")
		start := r.pos
		r.take("of")
		r.take("the", "every")
		if !r.take("month") {
			r.pos = start
		}
		return r.cron(strconv.Itoa(day), "*", "*")
	}
	switch {
	case r.take("day"):
		return r.cron("*", "*", "*")
	case r.take("month"):
		return r.monthDay()
	case r.take("quarter"):
		return r.cron("1", "1,4,7,10", "*")
	case r.take("week"):
		return r.weekly()
	case r.take("year"):
		return r.yearly()
	}
	return r.onWeekdays()
}

// interval reads "2 hours", "hour" or "30 minutes".
func (r *reader) interval() (string, bool) {
	n := 1
	if digits := r.peek(); len(digits) <= 5 {
		if v, err := strconv.Atoi(digits); err == nil {
			n = v
			r.pos++
		}
	}
	unit := time.Minute
	switch {
	case r.take("hour"):
		unit = time.Hour
	case r.take("minute"):
	default:
		return "", false
	}
	if n < 1 || time.Duration(n)*unit > maxEvery {
		r.fault = fmt.Sprintf("an interval must be from a minute to %d days", maxEvery/(24*time.Hour))
		return "", false
	}
	return "@every " + (time.Duration(n) * unit).String(), true
}

// adverb reads "daily at 18:00", "weekly on Friday", "monthly on the 15th".
func (r *reader) adverb() (string, bool) {
	switch {
	case r.take("daily"):
		return r.cron("*", "*", "*")
	case r.take("hourly"):
		return "0 * * * *", true
	case r.take("weekly"):
		return r.weekly()
	case r.take("monthly"):
		return r.monthDay()
	case r.take("yearly"):
		return r.yearly()
	}
	return "", false
}

func (r *reader) weekly() (string, bool) {
	start := r.pos
	if r.take("on", "am") {
		if spec, ok := r.onWeekdays(); ok {
			return spec, true
		}
		r.pos = start
	}
	return r.cron("*", "*", "1")
}

func (r *reader) monthDay() (string, bool) {
	start := r.pos
	if r.take("on", "am") {
		if day, ok := r.ordinal(); ok {
			return r.cron(strconv.Itoa(day), "*", "*")
		}
		r.pos = start
	}
	return r.cron("1", "*", "*")
}

func (r *reader) yearly() (string, bool) {
	start := r.pos
	if r.take("on", "am") {
		if d, ok := r.date(); ok && d.year == 0 {
			return r.cron(strconv.Itoa(d.day), strconv.Itoa(int(d.month)), "*")
		}
		r.pos = start
	}
	return r.cron("1", "1", "*")
}

// monthly reads "on the 1st of every month".
func (r *reader) monthly() (string, bool) {
	r.take("on", "am")
	day, ok := r.ordinal()
	if !ok {
		return "", false
	}
	r.take("day")
	r.take("of")
	if !r.take("every") && !r.take("the") || !r.take("month") {
		return "", false
	}
	return r.cron(strconv.Itoa(day), "*", "*")
}

// many reads "Mondays at 9", "on weekdays", "at weekends".
func (r *reader) many() (string, bool) {
	r.take("on", "at", "am")
	if _, many, ok := weekdayOf(r.peek()); !many && ok {
		return "", false
	}
	return r.onWeekdays()
}

// onWeekdays reads "Monday, Wednesday and Friday at 9" as every such day.
func (r *reader) onWeekdays() (string, bool) {
	switch {
	case r.take("weekday", "weekdays"):
		return r.cron("*", "*", "1-5")
	case r.take("weekend"):
		return r.cron("*", "*", "0,6")
	}
	var days []string
	for {
		start := r.pos
		if len(days) > 0 {
			r.take("and")
		}
		day, _, ok := weekdayOf(r.peek())
		if !ok {
			r.pos = start
			break
		}
		r.pos++
		if text := strconv.Itoa(int(day)); !slices.Contains(days, text) {
			days = append(days, text)
		}
	}
	if len(days) == 0 {
		return "", false
	}
	slices.Sort(days)
	return r.cron("*", "*", strings.Join(days, ","))
}

// cron adds the times of day to a rule of days.
func (r *reader) cron(day, month, weekday string) (string, bool) {
	list, ok := r.times()
	if !ok {
		list = []clock{morning}
	}
	var hours []string
	for _, c := range list {
		if c.minute != list[0].minute {
			r.fault = "times with different minutes need a schedule each"
			return "", false
		}
		if text := strconv.Itoa(c.hour); !slices.Contains(hours, text) {
			hours = append(hours, text)
		}
	}
	return fmt.Sprintf("%d %s %s %s %s", list[0].minute, strings.Join(hours, ","), day, month, weekday), true
}
