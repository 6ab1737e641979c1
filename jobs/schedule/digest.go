package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/askbob/bob/jobs"
)

const (
	// digestEvery is how often it is asked whether a digest is due.
	digestEvery = time.Minute
	// digestLate is how long after its time a digest is still worth something.
	digestLate = 6 * time.Hour
	// digestLines bounds each list of a digest that is told.
	digestLines = 5
)

// DigestStore is what Digest reads and writes.
type DigestStore interface {
	jobs.Writer
	// Digests returns what each channel, and each person outside of one, has to hear.
	Digests(ctx context.Context, q jobs.DigestQuery) ([]jobs.DigestFor, error)
}

// DayTime is a time of the day.
type DayTime struct{ of clock }

// ParseDayTime reads a time such as "09:00". Any other text is a *jobs.UserError.
func ParseDayTime(text string) (DayTime, error) {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return DayTime{}, refuse("%q is no time of the day: write it as 09:00.", jobs.Shorten(text, maxShown))
	}
	return DayTime{of: clock{hour: t.Hour(), minute: t.Minute()}}, nil
}

// Digest is the Chore that tells every channel, once a day at a time of the zone's
// clock, what happened since the same time of the day before, what waits and what is
// due. It is told once, whatever happens in between; if Bob was not running, up to
// six hours late.
func Digest(store DigestStore, at DayTime, zone *time.Location, now func() time.Time) Chore {
	d := &digest{store: store, at: at, zone: zone, now: now}
	return Chore{Name: "digest", Every: digestEvery, Do: func(ctx context.Context) (bool, error) { return false, d.tell(ctx) }}
}

// digest is what a Chore of Digest remembers.
type digest struct {
	store DigestStore
	at    DayTime
	zone  *time.Location
	now   func() time.Time
	told  time.Time // the last one that is seen to
}

func (d *digest) tell(ctx context.Context) error {
	now := d.now()
	until := d.on(now, 0)
	if until.After(now) {
		until = d.on(now, -1)
	}
	if !until.After(d.told) || now.Sub(until) > digestLate {
		return nil
	}
	list, err := d.store.Digests(ctx, jobs.DigestQuery{From: d.on(until, -1), Until: until, Zone: d.zone, Limit: digestLines})
	if err != nil {
		return fmt.Errorf("digest: %w", err)
	}
	c := jobs.Tell{Key: "digest:" + until.In(d.zone).Format(time.DateOnly), Kind: jobs.NoticeDigest}
	for _, one := range list {
		c.Lines = append(c.Lines, jobs.TellLine{To: one.To(), User: one.User, Text: one.Text()})
	}
	out, err := d.store.Apply(ctx, c)
	if err == nil {
		err = out[0].Err
	}
	if err != nil && !errors.Is(err, jobs.ErrStale) { // stale: it was told before the last start
		return err
	}
	d.told = until
	return nil
}

// on is when the zone's clock shows the time, on the day of t or some days later.
func (d *digest) on(t time.Time, days int) time.Time {
	local := t.In(d.zone)
	return d.at.of.on(local.Year(), local.Month(), local.Day()+days, d.zone)
}
