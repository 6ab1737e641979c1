package schedule_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/schedule"
)

// tuesday is now in the tests of this file: 24 November 2026, 10:17 in Berlin.
var tuesday = time.Date(2026, 11, 24, 9, 17, 0, 0, time.UTC)

func TestParse_readsPlainWords(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	for words, want := range map[string]string{
		"every Monday at 9":                    "0 9 * * 1",
		"every Monday":                         "0 9 * * 1",
		"every mon, wed and friday at 9:30":    "30 9 * * 1,3,5",
		"Every weekday at 8:30":                "30 8 * * 1-5",
		"weekdays at 8:30":                     "30 8 * * 1-5",
		"on weekends at noon":                  "0 12 * * 0,6",
		"Mondays and Thursdays at 9":           "0 9 * * 1,4",
		"every Friday at 5pm":                  "0 17 * * 5",
		"every Friday at 5 PM":                 "0 17 * * 5",
		"every Sunday at 12:15 am":             "15 0 * * 0",
		"at 9 every Monday":                    "0 9 * * 1",
		"daily at 18:00":                       "0 18 * * *",
		"every day 18:00":                      "0 18 * * *",
		"daily at 9 and 17":                    "0 9,17 * * *",
		"every day at midnight":                "0 0 * * *",
		"every 2 hours":                        "@every 2h0m0s",
		"every hour":                           "@every 1h0m0s",
		"hourly":                               "0 * * * *",
		"every 30 minutes":                     "@every 30m0s",
		"every first of the month at 7":        "0 7 1 * *",
		"every 15th at 9":                      "0 9 15 * *",
		"monthly on the 15th at 9":             "0 9 15 * *",
		"on the 1st of every month at 7":       "0 7 1 * *",
		"every month":                          "0 9 1 * *",
		"every quarter at 10":                  "0 10 1 1,4,7,10 *",
		"weekly on Friday at 16:00":            "0 16 * * 5",
		"every year on 24 December at 9":       "0 9 24 12 *",
		"on 24 December at 9":                  "@at 2026-12-24T08:00:00Z",
		"24th of December 2027 at 9":           "@at 2027-12-24T08:00:00Z",
		"on December 24, 2026 at 9":            "@at 2026-12-24T08:00:00Z",
		"2027-06-01 at 18:00":                  "@at 2027-06-01T16:00:00Z",
		"on 3 March at 9":                      "@at 2027-03-03T08:00:00Z",
		"on 29 February at 9":                  "@at 2028-02-29T08:00:00Z",
		"tomorrow at 10":                       "@at 2026-11-25T09:00:00Z",
		"tomorrow":                             "@at 2026-11-25T08:00:00Z",
		"today at 17:00":                       "@at 2026-11-24T16:00:00Z",
		"in 20 minutes":                        "@at 2026-11-24T09:37:00Z",
		"in an hour":                           "@at 2026-11-24T10:17:00Z",
		"in 3 days at 7":                       "@at 2026-11-27T06:00:00Z",
		"at 17:00":                             "@at 2026-11-24T16:00:00Z",
		"at 9":                                 "@at 2026-11-25T08:00:00Z",
		"on Friday at 5pm":                     "@at 2026-11-27T16:00:00Z",
		"Tuesday at 9":                         "@at 2026-12-01T08:00:00Z",
		"next Tuesday at 12":                   "@at 2026-12-01T11:00:00Z",
		"jeden Montag um 9":                    "0 9 * * 1",
		"jeden Montag und Donnerstag um 9 Uhr": "0 9 * * 1,4",
		"montags um 9":                         "0 9 * * 1",
		"jeden Werktag um 8:30 Uhr":            "30 8 * * 1-5",
		"werktags um 8.30":                     "30 8 * * 1-5",
		"täglich um 18 Uhr":                    "0 18 * * *",
		"Täglich um 18h":                       "0 18 * * *",
		"alle 2 Stunden":                       "@every 2h0m0s",
		"jede Stunde":                          "@every 1h0m0s",
		"jeden ersten des Monats um 7":         "0 7 1 * *",
		"am 1. jedes Monats um 7":              "0 7 1 * *",
		"am 24. Dezember um 9":                 "@at 2026-12-24T08:00:00Z",
		"am 24.12. um 9 Uhr":                   "@at 2026-12-24T08:00:00Z",
		"am 24.12.2027 um 9 Uhr":               "@at 2027-12-24T08:00:00Z",
		"morgen um 10":                         "@at 2026-11-25T09:00:00Z",
		"in zwei Stunden":                      "@at 2026-11-24T11:17:00Z",
		"am Freitag um 17 Uhr":                 "@at 2026-11-27T16:00:00Z",
		"0 9 * * 1":                            "0 9 * * 1",
		"*/15  8-18 * * MON-FRI":               "*/15 8-18 * * MON-FRI",
		"@daily":                               "@daily",
		"@every 90m":                           "@every 90m",
	} {
		got, err := schedule.Parse(words, tuesday, berlin)
		switch {
		case err != nil:
			t.Errorf("%q: %v", words, err)
		case got.String() != want:
			t.Errorf("%q: got %s, want %s", words, got, want)
		}
	}
}

func TestParse_refusesWithWhatItTakes(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	for words, want := range map[string]string{
		"":                            `every Monday at 9`,
		"twice a day":                 `"daily at 9 and 17", "every 12 hours"`,
		"every other week":            `every Monday at 9`,
		"last day of the month":       `monthly on the 1st at 7`,
		"every 2 days at 9":           `daily at`,
		"every Monday at 9 sharp":     `but not "sharp"`,
		"every Monday at 25":          `but not "at 25"`,
		"daily at 13pm":               `but not "at 13pm"`,
		"daily at 9 and 17:30":        `a schedule each`,
		"every 0 minutes":             `from a minute`,
		"every 99999 hours":           `from a minute to 366 days`,
		"every 30 seconds":            `every 30 minutes`,
		"every year on 30 February":   `no such day`,
		"on 30 February at 9":         `no such day`,
		"on 2027-02-29 at 9":          `no such day`,
		"on 2027-13-01 at 9":          `no such day`,
		"0 9 30 2 *":                  `never comes`,
		"0 9 31 4,6 *":                `never comes`,
		"61 9 * * *":                  `no cron expression`,
		"0 9 * *":                     `say it like`,
		"*/5 * *":                     `give minute, hour, day, month and weekday`,
		"0 0 9 * * 1":                 `more fields than cron's five`,
		"@every 10s":                  `from a minute`,
		"@every -5h":                  `from a minute`,
		"@every":                      `@every and a duration`,
		"@reboot":                     `use @hourly, @daily`,
		"@at 2030-01-01T00:00:00Z":    `use @hourly, @daily`,
		"TZ=":                         `say it like`,
		"CRON_TZ=UTC 0 9 * * *":       `say it like`,
		"today at 8":                  `has passed`,
		"on 2020-01-01 at 9":          `has passed`,
		"in 0 minutes":                `has passed`,
		"in 99999 weeks":              `more than 5 years away`,
		"on 1 May 2099":               `more than 5 years away`,
		"tomorrow at 9 and 17":        `a schedule of its own`,
		strings.Repeat("every ", 100): `at most 200 characters`,
		"every\xff":                   `valid text`,
	} {
		_, err := schedule.Parse(words, tuesday, berlin)
		e, ok := errors.AsType[*jobs.UserError](err)
		switch {
		case !ok:
			t.Errorf("%q: got %v, want a UserError", words, err)
		case !strings.Contains(e.Message, want):
			t.Errorf("%q: got %s, want %s in it", words, e.Message, want)
		case strings.Contains(e.Message, "\n") || len(e.Message) > 500:
			t.Errorf("%q: the message is no single short line: %s", words, e.Message)
		}
	}
}

func TestSplit_findsWhereTheRequestBegins(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	type parts struct{ Spec, Words, Request string }
	for text, want := range map[string]parts{
		`"every Monday at 9" "Summarise the week"`:        {"0 9 * * 1", "every Monday at 9", "Summarise the week"},
		`"every Monday at 9" Summarise the "big" week`:    {"0 9 * * 1", "every Monday at 9", `Summarise the "big" week`},
		`“every Monday at 9” “Summarise the week”`:        {"0 9 * * 1", "every Monday at 9", "Summarise the week"},
		`„jeden Montag um 9“ Fasse die Woche zusammen`:    {"0 9 * * 1", "jeden Montag um 9", "Fasse die Woche zusammen"},
		`every Monday at 9 summarise the week`:            {"0 9 * * 1", "every Monday at 9", "summarise the week"},
		`every Monday at 9: summarise the week`:           {"0 9 * * 1", "every Monday at 9", "summarise the week"},
		`every Monday at 9 "summarise the week"`:          {"0 9 * * 1", "every Monday at 9", "summarise the week"},
		`every Friday 5 jokes, please`:                    {"0 9 * * 5", "every Friday", "5 jokes, please"},
		`every Friday and then some`:                      {"0 9 * * 5", "every Friday", "and then some"},
		"0 9 * * 1 Summarise\nthe week":                   {"0 9 * * 1", "0 9 * * 1", "Summarise\nthe week"},
		`@daily Summarise`:                                {"@daily", "@daily", "Summarise"},
		`@every 2h look at the queue`:                     {"@every 2h", "@every 2h", "look at the queue"},
		`tomorrow at 10 remind me of the call`:            {"@at 2026-11-25T09:00:00Z", "tomorrow at 10", "remind me of the call"},
		`at 9 every Monday do it`:                         {"0 9 * * 1", "at 9 every Monday", "do it"},
		`täglich um 18 Uhr Was war heute los?`:            {"0 18 * * *", "täglich um 18 Uhr", "Was war heute los?"},
		`weekdays at 8:30 - what is on the calendar?`:     {"30 8 * * 1-5", "weekdays at 8:30", "what is on the calendar?"},
		`on 24 December at 9 wish everybody a good feast`: {"@at 2026-12-24T08:00:00Z", "on 24 December at 9", "wish everybody a good feast"},
	} {
		got, words, request, err := schedule.Split(text, tuesday, berlin)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, parts{got.String(), words, request}); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	for text, want := range map[string]string{
		"every Monday at 9":             "The request is missing",
		`"every Monday at 9" ""`:        "The request is missing",
		"Summarise the week":            "cannot read",
		`"every blue moon" do the work`: "cannot read",
		"":                              "missing",
	} {
		if _, _, _, err := schedule.Split(text, tuesday, berlin); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s in it", text, err, want)
		}
	}
}

// TestExamples_canBeRead holds every example that an error names to the parser.
func TestExamples_canBeRead(t *testing.T) {
	t.Parallel()
	for _, hint := range []string{"", "twice month", "quarterly christmas", "soon hour", "woche tag", "constantly"} {
		_, err := schedule.Parse("unreadable "+hint, tuesday, time.UTC)
		for i, example := range strings.Split(err.Error(), `"`) {
			if i < 3 || i%2 == 0 {
				continue
			}
			if _, err := schedule.Parse(example, tuesday, time.UTC); err != nil {
				t.Errorf("%s: %v", example, err)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"every Monday at 9", "0 9 * * 1", "@every 2h", "TZ= 0 9 * * *", "in 20 minutes do it", `"daily at 5pm" x`, "am 24.12. um 9",
		"at 9 every", "every 99999999999999999999 hours", "„täglich“ „x“", "on 31 February", "*/0 * * * *",
	} {
		f.Add(text)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := schedule.Parse(text, tuesday, berlin)
		if err != nil {
			if _, ok := errors.AsType[*jobs.UserError](err); !ok {
				t.Errorf("%q: %v is no UserError", text, err)
			}
		} else {
			next := got.Next(tuesday)
			stored, err := schedule.Of(jobs.Schedule{Spec: got.String(), Zone: "Europe/Berlin", Created: tuesday})
			if err != nil || !next.After(tuesday) || !stored.Next(tuesday).Equal(next) {
				t.Errorf("%q: next %s, as stored %s, %v", text, next, stored.Next(tuesday), err)
			}
		}
		if _, words, request, err := schedule.Split(text, tuesday, berlin); err == nil {
			if request == "" || !strings.Contains(text, words) || !strings.Contains(text, request) {
				t.Errorf("%q: split into %q and %q", text, words, request)
			}
		}
	})
}
