package schedule

import (
	"regexp"
	"strings"
	"time"
)

// synonyms maps what people write, in English and German, to the words that the
// grammar knows.
var synonyms = map[string]string{ //nolint:gochecknoglobals // a constant table
	"each": "every", "jeden": "every", "jede": "every", "jeder": "every", "jedes": "every", "alle": "every",
	"um": "at", "@": "at", "uhr": "o'clock", "&": "and", "und": "and",
	"von": "of", "des": "the", "der": "the", "den": "the", "dem": "the", "im": "in",
	"days": "day", "tag": "day", "tage": "day", "tagen": "day", "tages": "day",
	"hours": "hour", "hr": "hour", "hrs": "hour", "stunde": "hour", "stunden": "hour",
	"minutes": "minute", "min": "minute", "mins": "minute", "minuten": "minute",
	"weeks": "week", "woche": "week", "wochen": "week",
	"months": "month", "monat": "month", "monats": "month", "monate": "month",
	"years": "year", "jahr": "year", "jahres": "year", "quarters": "quarter", "quartal": "quarter",
	"everyday": "daily", "täglich": "daily", "stündlich": "hourly", "wöchentlich": "weekly", "monatlich": "monthly",
	"jährlich": "yearly", "annually": "yearly",
	"workday": "weekday", "werktag": "weekday", "wochentag": "weekday", "arbeitstag": "weekday",
	"workdays": "weekdays", "werktags": "weekdays", "wochentags": "weekdays", "wochenende": "weekend", "weekends": "weekend",
	"heute": "today", "morgen": "tomorrow", "übermorgen": "overmorrow",
	"nächsten": "next", "nächste": "next", "nächster": "next", "kommenden": "next", "coming": "next",
	"mittag": "noon", "mittags": "noon", "midday": "noon", "mitternacht": "midnight",
	"an": "a", "einer": "a", "einem": "a", "one": "a", "two": "2", "three": "3", "zwei": "2", "drei": "3",
	"first": "1st", "second": "2nd", "third": "3rd", "ersten": "1st", "erster": "1st", "zweiten": "2nd", "dritten": "3rd",
}

// weekdays by their names; with an s at the end every such day is meant.
var weekdays = map[string]time.Weekday{ //nolint:gochecknoglobals // a constant table
	"sunday": time.Sunday, "sun": time.Sunday, "sonntag": time.Sunday,
	"monday": time.Monday, "mon": time.Monday, "montag": time.Monday,
	"tuesday": time.Tuesday, "tue": time.Tuesday, "tues": time.Tuesday, "dienstag": time.Tuesday,
	"wednesday": time.Wednesday, "wed": time.Wednesday, "mittwoch": time.Wednesday,
	"thursday": time.Thursday, "thu": time.Thursday, "thurs": time.Thursday, "donnerstag": time.Thursday,
	"friday": time.Friday, "fri": time.Friday, "freitag": time.Friday,
	"saturday": time.Saturday, "sat": time.Saturday, "samstag": time.Saturday, "sonnabend": time.Saturday,
}

var months = map[string]time.Month{ //nolint:gochecknoglobals // a constant table
	"january": time.January, "jan": time.January, "januar": time.January, "jänner": time.January,
	"february": time.February, "feb": time.February, "februar": time.February,
	"march": time.March, "mar": time.March, "märz": time.March, "april": time.April, "apr": time.April,
	"may": time.May, "mai": time.May, "june": time.June, "jun": time.June, "juni": time.June,
	"july": time.July, "jul": time.July, "juli": time.July, "august": time.August, "aug": time.August,
	"september": time.September, "sep": time.September, "sept": time.September,
	"october": time.October, "oct": time.October, "oktober": time.October,
	"november": time.November, "nov": time.November, "december": time.December, "dec": time.December, "dezember": time.December,
}

// word is one word of what a person wrote.
type word struct {
	text string // in small letters, without what follows it, as the grammar knows it
	end  int    // where it ends in the person's text
}

var (
	wordPattern = regexp.MustCompile(`\S+`)
	// glued is what is written as one word and read as two: 5pm, 18h.
	glued = regexp.MustCompile(`^(\d{1,2}(?:[:.]\d{2})?)(am|pm|uhr|h)$`)
)

// lex cuts a text into words.
func lex(text string) []word {
	var list []word
	for _, at := range wordPattern.FindAllStringIndex(text, -1) {
		w := strings.TrimRight(strings.ToLower(text[at[0]:at[1]]), ",;:")
		if m := glued.FindStringSubmatch(w); m != nil {
			list = append(list, word{m[1], at[1]}, word{canonical(m[2]), at[1]})
			continue
		}
		list = append(list, word{canonical(w), at[1]})
	}
	return list
}

func canonical(w string) string {
	if w == "h" {
		return "o'clock"
	}
	if to, ok := synonyms[w]; ok {
		return to
	}
	return w
}

// weekdayOf reads the name of a weekday; many says that every such day is meant.
func weekdayOf(w string) (day time.Weekday, many, ok bool) {
	if day, ok = weekdays[w]; ok {
		return day, false, true
	}
	day, ok = weekdays[strings.TrimSuffix(w, "s")]
	return day, ok, ok
}
