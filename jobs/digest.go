package jobs

import (
	"fmt"
	"strings"
	"time"
)

// NoticeDigest is the kind of a notice that says what happened in a day. It speaks
// of no job.
const NoticeDigest NoticeKind = "digest"

// Digest is what happened in a day or so, what waits now and what is due next.
type Digest struct {
	From     time.Time       `json:"from"`
	Until    time.Time       `json:"until"` // not included
	Finished DigestJobs      `json:"finished"`
	Failed   DigestJobs      `json:"failed"`
	Waiting  DigestJobs      `json:"waiting"` // for a person, as it is now
	SpentUSD string          `json:"spent_usd"`
	Due      DigestSchedules `json:"due"` // within the day after Until
}

// DigestJobs are some jobs, newest first, and how many there are.
type DigestJobs struct {
	Total int         `json:"total"`
	Jobs  []DigestJob `json:"jobs"`
}

// DigestJob is one job of a Digest.
type DigestJob struct {
	ID     JobID  `json:"id"`
	Title  string `json:"title"`
	Status Status `json:"status"`
	Reason Reason `json:"reason"` // why it waits or failed; empty: nothing to say
}

// DigestSchedules are some schedules, those due first at the beginning, and how many
// there are.
type DigestSchedules struct {
	Total     int              `json:"total"`
	Schedules []DigestSchedule `json:"schedules"`
}

// DigestSchedule is one schedule of a Digest.
type DigestSchedule struct {
	ID      ScheduleID `json:"id"`
	Words   string     `json:"words"`
	Request string     `json:"request"`
	Next    time.Time  `json:"next"`
}

// Empty reports whether there is nothing to say.
func (d *Digest) Empty() bool {
	return d.Finished.Total+d.Failed.Total+d.Waiting.Total+d.Due.Total == 0 && (d.SpentUSD == "" || d.SpentUSD == Money(0).String())
}

// DigestFor is a Digest of what belongs to one channel, or to one person where there
// is no channel. They are named as jobs name them.
type DigestFor struct {
	Digest

	Workspace string
	Channel   string
	User      string // empty: it is the channel's
}

// To is where the digest is told; a zero Place: nowhere, as of what came over the API.
func (d *DigestFor) To() Place {
	surface, workspace, ok := strings.Cut(d.Workspace, ":")
	if !ok || surface == "" || d.Channel == "" && d.User == "" {
		return Place{}
	}
	return Place{Surface: surface, Workspace: workspace, Channel: strings.TrimPrefix(d.Channel, d.Workspace+":")}
}

// DigestQuery says what a Digest is of.
type DigestQuery struct {
	From, Until time.Time      // of what finished, failed and was paid; Until is not included
	Zone        *time.Location // in which its times are told; nil: UTC
	Limit       int            // of each list
}

// DigestLimit is how much of each list a person asks for sees.
const DigestLimit = 50

// DayQuery is the query of a day such as 2026-01-31 in a zone; of an empty text, of
// the 24 hours before now. It returns a *UserError for what is no day.
func DayQuery(day string, now time.Time, zone *time.Location) (DigestQuery, error) {
	q := DigestQuery{From: now.Add(-24 * time.Hour), Until: now, Zone: zone, Limit: DigestLimit}
	if day == "" {
		return q, nil
	}
	from, err := time.ParseInLocation(time.DateOnly, day, zone)
	if err != nil || from.Year() < 1970 {
		return q, &UserError{Message: fmt.Sprintf("%q is no day: write it as 2026-01-31.", Shorten(day, 40))}
	}
	q.From, q.Until = from, from.AddDate(0, 0, 1)
	return q, nil
}

// Tell says something that speaks of no job and no schedule, at several places, all
// at once and once: it is stale if something was said under its key before. What was
// said of the same kind and is not delivered yet is dropped: it is out of date.
type Tell struct {
	Key   string
	Kind  NoticeKind
	Lines []TellLine
}

// TellLine is what is said at one place.
type TellLine struct {
	To   Place
	User string // whom it is for, as Place.UserOf names people; empty: all in To's channel
	Text string
}

func (Tell) isChange() {}
