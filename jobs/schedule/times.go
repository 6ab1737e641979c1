package schedule

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/askbob/bob/jobs"
)

// once begins the text of a Times that comes but once: an instant follows.
const once = "@at "

// Times says when a schedule is due. The zero value never is.
//
// Fields of cron are meant in the clock of a time zone. When that clock is put
// forward, what falls into the hour that does not exist is due once, right after
// the jump. When it is put back, what occurs twice is due the first time only,
// unless it is due in every hour of the day: that goes by hours that pass.
type Times struct {
	text string
	zone *time.Location

	spec   *cron.SpecSchedule // in the zone's clock
	every  time.Duration      // from anchor on
	anchor time.Time
	at     time.Time
}

// restore makes the Times that String told of. The anchor is what an interval
// counts from.
func restore(text string, zone *time.Location, anchor time.Time) (Times, error) {
	t := Times{text: text, zone: zone}
	if at, ok := strings.CutPrefix(text, once); ok {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return Times{}, fmt.Errorf("read schedule %q: %w", text, err)
		}
		t.at = instant
		return t, nil
	}
	parsed, err := cron.ParseStandard(text)
	if err != nil {
		return Times{}, fmt.Errorf("read schedule %q: %w", text, err)
	}
	switch s := parsed.(type) {
	case *cron.SpecSchedule:
		s.Location = time.UTC // of the clock's face, see wall
		t.spec = s
	case cron.ConstantDelaySchedule:
		t.every, t.anchor = s.Delay, anchor.Truncate(time.Minute)
	default:
		return Times{}, fmt.Errorf("read schedule %q: unexpected %T", text, parsed)
	}
	return t, nil
}

// Of returns the times of a schedule as they are stored.
func Of(s jobs.Schedule) (Times, error) {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return Times{}, fmt.Errorf("schedule %s: %w", s.ID, err)
	}
	return restore(s.Spec, zone, s.Created)
}

// String is a cron expression of five fields, "@every" and a duration, a word of
// cron such as "@daily", or "@at" and an instant.
func (t Times) String() string { return t.text }

// Once reports whether there is one time only.
func (t Times) Once() bool { return !t.at.IsZero() }

// Zone is the time zone in which the times are meant.
func (t Times) Zone() *time.Location { return t.zone }

// Next returns the first time after that one, in the zone. It returns the zero
// time if there is none, or none within five years.
func (t Times) Next(after time.Time) time.Time {
	switch {
	case !t.at.IsZero():
		if t.at.After(after) {
			return t.at.In(t.zone)
		}
	case t.every > 0:
		passed := max(0, after.Sub(t.anchor)/t.every)
		return t.anchor.Add((passed + 1) * t.every).In(t.zone)
	case t.spec != nil && everyHour(t.spec):
		return t.passing(after)
	case t.spec != nil:
		return t.onClock(after)
	}
	return time.Time{}
}

// Preview returns the first n times after that one, fewer if there are no more.
func (t Times) Preview(after time.Time, n int) []time.Time {
	var list []time.Time
	for range n {
		if after = t.Next(after); after.IsZero() {
			break
		}
		list = append(list, after)
	}
	return list
}

func everyHour(s *cron.SpecSchedule) bool {
	const all = 1<<24 - 1
	return s.Hour&all == all
}

// onClock is Next for times of the day: each face of the clock counts once.
func (t Times) onClock(after time.Time) time.Time {
	for face := t.spec.Next(wall(after.In(t.zone))); !face.IsZero(); face = t.spec.Next(face) {
		if next := instant(face, t.zone); next.After(after) {
			return next
		}
	}
	return time.Time{}
}

// passing is Next for what is due every hour: it follows the clock until that is
// changed, and then the changed one.
func (t Times) passing(after time.Time) time.Time {
	local := after.In(t.zone)
	face := wall(local)
	for {
		_, change := local.ZoneBounds()
		_, offset := local.Zone()
		if face = t.spec.Next(face); face.IsZero() {
			return time.Time{}
		}
		next := face.Add(-seconds(offset))
		if change.IsZero() || next.Before(change) {
			return next.In(t.zone)
		}
		local = change.In(t.zone)
		face = wall(local).Add(-time.Second) // the instant of the change may be due itself
	}
}

// wall is the face of the clock at an instant, as if it were in UTC.
func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// instant is when a zone's clock shows a face first or, if it leaves it out, when
// it jumps over it.
func instant(face time.Time, zone *time.Location) time.Time {
	// Near a change of the clock time.Date gives one of the candidates, and does
	// not say which.
	guess := time.Date(face.Year(), face.Month(), face.Day(), face.Hour(), face.Minute(), face.Second(), face.Nanosecond(), zone)
	before, after := guess.ZoneBounds()
	var first time.Time
	for _, near := range []time.Time{before.Add(-time.Second), guess, after} {
		_, offset := near.In(zone).Zone()
		t := face.Add(-seconds(offset)).In(zone)
		if wall(t).Equal(face) && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	switch {
	case !first.IsZero():
		return first
	case wall(guess).After(face):
		return before.In(zone)
	}
	return after.In(zone)
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
