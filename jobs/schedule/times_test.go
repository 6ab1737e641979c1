package schedule_test

import (
	"testing"
	"time"
	_ "time/tzdata" // also where the system has none

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/schedule"
)

func zone(tb testing.TB, name string) *time.Location {
	tb.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		tb.Fatal(err)
	}
	return loc
}

func times(tb testing.TB, words, zoneName string, now time.Time) schedule.Times {
	tb.Helper()
	loc := zone(tb, zoneName)
	got, err := schedule.Parse(words, now.In(loc), loc)
	if err != nil {
		tb.Fatalf("%q: %v", words, err)
	}
	return got
}

func TestTimes_Next_whereTheClockIsChanged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, words, zone, after string
		want                     []string
	}{
		{
			"an hour that does not exist runs right after the jump", "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"},
		},
		{
			"all of that hour is one run", "*/10 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"},
		},
		{
			"and one with what is due at the jump", "0,30 2,3 * * *", "Europe/Berlin", "2026-03-29T01:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00"},
		},
		{
			"an hour that occurs twice runs the first time", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"},
		},
		{
			"also when asked in the second hour", "30 2 * * *", "Europe/Berlin", "2026-10-25T02:10:00+01:00",
			[]string{"2026-10-26T02:30:00+01:00"},
		},
		{
			"every hour goes by hours that pass when one is left out", "15 * * * *", "Europe/Berlin", "2026-03-29T00:30:00+01:00",
			[]string{"2026-03-29T01:15:00+01:00", "2026-03-29T03:15:00+02:00"},
		},
		{
			"and when one comes twice", "15 * * * *", "Europe/Berlin", "2026-10-25T01:30:00+02:00",
			[]string{"2026-10-25T02:15:00+02:00", "2026-10-25T02:15:00+01:00", "2026-10-25T03:15:00+01:00"},
		},
		{
			"in New York the jump is another day", "30 2 * * *", "America/New_York", "2026-03-07T12:00:00-05:00",
			[]string{"2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"},
		},
		{
			"and so is the hour that occurs twice", "30 1 * * *", "America/New_York", "2026-10-31T12:00:00-04:00",
			[]string{"2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"},
		},
		{
			"a working day keeps its hour", "every weekday at 9", "Europe/Berlin", "2026-03-27T08:00:00+01:00",
			[]string{"2026-03-27T09:00:00+01:00", "2026-03-30T09:00:00+02:00"},
		},
		{
			"a midnight that does not exist", "@daily", "America/Sao_Paulo", "2018-11-03T12:00:00-03:00",
			[]string{"2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"},
		},
		{
			"a day that does not exist", "@daily", "Pacific/Apia", "2011-12-29T12:00:00-10:00",
			[]string{"2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			after, err := time.Parse(time.RFC3339, c.after)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, next := range times(t, c.words, c.zone, after).Preview(after, len(c.want)) {
				got = append(got, next.Format(time.RFC3339))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTimes_Next_countsIntervalsFromTheBeginning(t *testing.T) {
	t.Parallel()
	created := time.Date(2026, 11, 23, 10, 17, 43, 0, time.UTC)
	every := times(t, "every 90 minutes", "UTC", created)
	week := created.AddDate(0, 0, 7)
	if got, want := every.Next(created), time.Date(2026, 11, 23, 11, 47, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("first: got %s, want %s", got, want)
	}
	if got, want := every.Next(week), time.Date(2026, 11, 30, 11, 47, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("a week later: got %s, want %s", got, want)
	}
}

// TestTimes_Next_property walks through changes of the clock: times only grow, no
// face of the clock comes twice unless every hour counts, and Of restores them.
func TestTimes_Next_property(t *testing.T) {
	t.Parallel()
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut", "UTC", "Asia/Kolkata"}
	rapid.Check(t, func(rt *rapid.T) {
		loc := zone(t, rapid.SampledFrom(zones).Draw(rt, "zone"))
		from := time.Date(2026, time.Month(rapid.IntRange(1, 12).Draw(rt, "month")), rapid.IntRange(1, 31).Draw(rt, "day"),
			rapid.IntRange(0, 23).Draw(rt, "hour"), rapid.IntRange(0, 59).Draw(rt, "minute"), 0, 0, loc)
		minute := rapid.SampledFrom([]string{"0", "30", "*/7", "59", "5,50"}).Draw(rt, "minutes")
		hour := rapid.SampledFrom([]string{"*", "0", "1", "2", "3", "1-3", "*/2", "23"}).Draw(rt, "hours")
		day := rapid.SampledFrom([]string{"* * *", "* * 0", "29-31 * *", "1 */2 *", "* 3,10 0"}).Draw(rt, "days")
		words := minute + " " + hour + " " + day
		parsed, err := schedule.Parse(words, from, loc)
		if err != nil {
			rt.Fatal(err)
		}
		stored, err := schedule.Of(jobs.Schedule{Spec: parsed.String(), Zone: loc.String(), Created: from})
		if err != nil {
			rt.Fatal(err)
		}
		seen := map[string]bool{}
		last := from
		for range 200 {
			next := stored.Next(last)
			if !next.After(last) {
				rt.Fatalf("%s after %s: %s", words, last, next)
			}
			if between := stored.Next(next.Add(-time.Second)); !between.Equal(next) {
				rt.Fatalf("%s: %s, but a second before it %s", words, next, between)
			}
			face := next.Format("2006-01-02 15:04")
			if seen[face] && hour != "*" {
				rt.Fatalf("%s: %s twice", words, face)
			}
			seen[face], last = true, next
		}
	})
}
