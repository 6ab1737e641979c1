package schedule

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/robfig/cron/v3"

	"github.com/askbob/bob/jobs"
)

const (
	// maxWords is longer than any rule; in characters.
	maxWords = 200
	// minEvery and maxEvery bound an interval: a job a minute is the most that
	// anybody can want, and what is rarer is said by date.
	minEvery = time.Minute
	maxEvery = 366 * 24 * time.Hour
	// maxAhead bounds how far off a single run may be, in years.
	maxAhead = 5
)

// Parse reads when something is to run: a cron expression of five fields,
// "@every 2h", "@daily" and their like, or plain words in English or German, such
// as "every weekday at 8:30" or "tomorrow at 10". Words are meant at now and in
// the zone. What it cannot read, what never comes and what has passed is a
// *jobs.UserError that says so, with examples.
func Parse(words string, now time.Time, zone *time.Location) (Times, error) {
	words = strings.TrimSpace(words)
	if n := utf8.RuneCountInString(words); n > maxWords || !utf8.ValidString(words) {
		return Times{}, refuse("When to run is said in valid text of at most %d characters, such as %s.", maxWords, quoted(nearest("")))
	}
	spec, end, err := read(words, now.In(zone))
	if err != nil {
		return Times{}, err
	}
	if rest := strings.TrimSpace(words[end:]); rest != "" {
		return Times{}, refuse("Of %q I understand %q, but not %q: say it like %s.", words, words[:end], rest, quoted(nearest(words)))
	}
	return checked(words, spec, now, zone)
}

// checked makes Times of what was read, if they ever come.
func checked(words, spec string, now time.Time, zone *time.Location) (Times, error) {
	t, err := restore(spec, zone, now)
	if err != nil {
		return Times{}, err
	}
	if t.Next(now).IsZero() {
		return Times{}, refuse("%q never comes: there is no such day. Name one that there is, such as %s.", words, quoted([]string{"0 9 28 2 *", "monthly on the 28th at 9"}))
	}
	return t, nil
}

// Split reads a text that begins with when to run and goes on with what to do,
// such as `"0 9 * * 1" Summarise the week` or `every Monday at 9 summarise the
// week`; the quotes may be left out. It returns both apart, as they were written.
// Errors are those of Parse, or say that the request is missing.
func Split(text string, now time.Time, zone *time.Location) (t Times, words, request string, err error) {
	text = strings.TrimSpace(text)
	words, request, isQuoted := cutQuoted(text)
	if isQuoted {
		if t, err = Parse(words, now, zone); err != nil {
			return Times{}, "", "", err
		}
	} else {
		spec, end, err := read(text, now.In(zone))
		if err != nil {
			return Times{}, "", "", err
		}
		words, request = strings.TrimRight(text[:end], ",;: "), text[end:]
		if t, err = checked(words, spec, now, zone); err != nil {
			return Times{}, "", "", err
		}
	}
	request = strings.TrimSpace(strings.TrimLeft(request, " \t\r\n,;:-–—"))
	if inner, rest, ok := cutQuoted(request); ok && strings.TrimSpace(rest) == "" {
		request = strings.TrimSpace(inner)
	}
	if request == "" {
		return Times{}, "", "", refuse("The request is missing after %q: say what Bob should do then.", words)
	}
	return t, words, request, nil
}

// quotes opens and closes.
var quotes = map[rune]string{'"': `"`, '\'': `'`, '`': "`", '“': "”", '„': "“”", '«': "»", '»': "«", '‘': "’"} //nolint:gochecknoglobals // a constant table

// cutQuoted splits a text that begins with a quotation.
func cutQuoted(text string) (inner, rest string, ok bool) {
	open, size := utf8.DecodeRuneInString(text)
	closing, ok := quotes[open]
	if !ok {
		return "", "", false
	}
	at := strings.IndexAny(text[size:], closing)
	if at < 0 {
		return "", "", false
	}
	inner = text[size : size+at]
	_, closed := utf8.DecodeRuneInString(text[size+at:])
	return inner, text[size+at+closed:], true
}

// cronField is what a field of cron may look like; a word of a sentence does not.
var cronField = regexp.MustCompile(`(?i)^([0-9*/,?-]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)+$`)

// read reads the rule that a text begins with and says where it ends.
func read(text string, now time.Time) (spec string, end int, err error) {
	fields := wordPattern.FindAllStringIndex(text, maxFields)
	field := func(i int) string { return text[fields[i][0]:fields[i][1]] }
	isCron := func(i int) bool { return i < len(fields) && cronField.MatchString(field(i)) }
	switch {
	case len(fields) == 0:
		return "", 0, refuse("When to run is missing: say it like %s.", quoted(nearest("")))
	case strings.HasPrefix(field(0), "@"):
		n := 1
		if strings.EqualFold(field(0), "@every") && len(fields) > 1 {
			n = 2
		}
		end = fields[n-1][1]
		spec, err = descriptor(strings.ToLower(strings.Join(strings.Fields(text[:end]), " ")))
		return spec, end, err
	case isCron(0) && isCron(1) && isCron(2) && isCron(3) && isCron(4):
		if isCron(5) {
			return "", 0, refuse("%q has more fields than cron's five: minute, hour, day, month and weekday, such as %q.", text[:fields[5][1]], "0 9 * * 1")
		}
		end = fields[4][1]
		spec, err = expression(strings.Join(strings.Fields(text[:end]), " "))
		return spec, end, err
	case strings.ContainsAny(field(0), "*/"):
		return "", 0, refuse("%q is no cron expression: give minute, hour, day, month and weekday, such as %q.", jobs.Shorten(text, maxShown), "0 9 * * 1")
	}
	return sentence(text, now)
}

// maxFields is how many words decide whether a text begins with cron.
const maxFields = 6

// maxShown is how much of a text that was not understood is shown again.
const maxShown = 80

// sentence reads plain words.
func sentence(text string, now time.Time) (spec string, end int, err error) {
	r := &reader{words: lex(text), now: now}
	spec, ok := r.rule()
	switch {
	case r.fault != "":
		return "", 0, refuse("%q cannot be scheduled: %s. Say it like %s.", jobs.Shorten(text, maxShown), r.fault, quoted(nearest(text)))
	case !ok:
		return "", 0, refuse("I cannot read from %q when to run: say it like %s, or as cron such as %q.",
			jobs.Shorten(text, maxShown), quoted(nearest(text)), "0 9 * * 1")
	}
	return spec, r.words[r.pos-1].end, nil
}

// expression checks five fields of cron.
func expression(text string) (string, error) {
	if _, err := cron.ParseStandard(text); err != nil {
		return "", refuse("%q is no cron expression (%v): give minute, hour, day, month and weekday (0 is Sunday), such as %q.",
			jobs.Shorten(text, maxShown), err, "0 9 * * 1")
	}
	return text, nil
}

// descriptor checks a word of cron such as @daily or @every 2h.
func descriptor(text string) (string, error) {
	parsed, err := cron.ParseStandard(text)
	if err != nil {
		return "", refuse("%q is not known: use @hourly, @daily, @weekly, @monthly, @yearly or @every and a duration such as 90m or 2h.",
			jobs.Shorten(text, maxShown))
	}
	if every, ok := parsed.(cron.ConstantDelaySchedule); ok && (every.Delay < minEvery || every.Delay > maxEvery) {
		return "", refuse("%q: an interval must be from a minute to %d days.", text, maxEvery/(24*time.Hour))
	}
	return text, nil
}

func refuse(format string, args ...any) error {
	return &jobs.UserError{Message: fmt.Sprintf(format, args...)}
}

func quoted(list []string) string {
	return `"` + strings.Join(list, `", "`) + `"`
}

// examples are rules that Parse reads, with words that others use for the like.
var examples = []struct{ text, also string }{ //nolint:gochecknoglobals // a constant table
	{"every Monday at 9", "week weekly other biweekly fortnight tuesday wednesday thursday friday saturday sunday"},
	{"every weekday at 8:30", "business working morning workday"},
	{"daily at 9 and 17", "twice times day several"},
	{"every 12 hours", "twice hour hourly"},
	{"daily at 18:00", "day days every evening night once"},
	{"every 30 minutes", "minute seconds often constantly"},
	{"monthly on the 1st at 7", "month first last end"},
	{"every quarter at 9", "quarterly"},
	{"on 24 December at 9", "date christmas year"},
	{"tomorrow at 10", "later soon next today"},
	{"in 20 minutes", "minute soon later hour"},
	{"jeden Montag um 9", "jeden woche wochen"},
	{"täglich um 18 Uhr", "mal tag abends morgens abend"},
}

// nearest returns the examples that share most with a text, three at most.
func nearest(text string) []string {
	said := strings.Fields(strings.ToLower(jobs.Shorten(text, maxWords)))
	score := func(text, also string) int {
		known := strings.Fields(strings.ToLower(text + " " + also))
		n := 0
		for _, w := range said {
			if len(w) > 2 && slices.ContainsFunc(known, func(k string) bool { return alike(w, k) }) {
				n++
			}
		}
		return n
	}
	order := slices.Clone(examples)
	slices.SortStableFunc(order, func(a, b struct{ text, also string }) int { return score(b.text, b.also) - score(a.text, a.also) })
	list := make([]string, 0, 3)
	for _, e := range order[:3] {
		list = append(list, e.text)
	}
	return list
}

// alike reports whether two words are the same but for their ends.
func alike(a, b string) bool {
	const stem = 4
	return a == b || len(a) > stem && len(b) > stem && a[:stem] == b[:stem]
}
