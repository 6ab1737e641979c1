package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/askbob/bob/bot/slack/slackfake"
	"github.com/askbob/bob/jobs"
)

const (
	burstSize = 300
	ackWithin = 3 * time.Second // as Slack and Discord demand
)

// reportBurst reports how long answers took, and complains of late ones.
func reportBurst(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	last := took[len(took)-1]
	if last > ackWithin {
		b.Errorf("an answer took %s", last)
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(took[len(took)/2]), "p50-ms")
	b.ReportMetric(ms(took[len(took)*99/100]), "p99-ms")
	b.ReportMetric(ms(last), "max-ms")
}

// BenchmarkSlack_burst has 300 people give a command at once, and reports how long
// Slack waits for the answers. Each is a job that is stored before.
func BenchmarkSlack_burst(b *testing.B) {
	v, fake := openSlack(b, 1, 16, &busy{puppets: puppets{steps: []jobs.Step{leaf("1")}}})
	team := fake.Config().Teams[0].ID
	var took []time.Duration
	for b.Loop() {
		before := v.jobCount()
		errs, waits := make([]error, burstSize), make([]time.Duration, burstSize)
		var people sync.WaitGroup
		for i := range burstSize {
			people.Go(func() {
				d := fake.Command(team, fmt.Sprintf("C%d", i%10), fmt.Sprintf("U%d", i), "Write a report.")
				_, errs[i] = d.Answer(context.Background())
				waits[i] = d.Took()
			})
		}
		people.Wait()
		if err := errors.Join(errs...); err != nil {
			b.Fatal(err)
		}
		if got := v.jobCount() - before; got != burstSize {
			b.Fatalf("%d jobs of %d commands", got, burstSize)
		}
		took = append(took, waits...)
	}
	reportBurst(b, took)
}

// BenchmarkSlack_cards has 100 jobs at work in one workspace, at the rates that Slack
// allows, and reports how old the oldest card gets: since its last edit, and since the
// first news that it does not show. With 16 workers most jobs wait for their turn; with
// 100 all cards change all the time, and at 50 edits a minute none can be news for less
// than two minutes.
//
//	go test ./cmd/bob -run - -bench Slack_cards -benchtime 1x -timeout 20m
func BenchmarkSlack_cards(b *testing.B) {
	const cards = 100
	var steps []jobs.Step
	for i := range 40 {
		steps = append(steps, leaf(fmt.Sprint(i+1)))
	}
	for _, workers := range []int{16, cards} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			for b.Loop() {
				v, fake := openSlack(b, 1, workers, &busy{puppets: puppets{steps: steps}, longest: 2 * time.Minute})
				w := newWatch(v, fake)
				for i := range cards {
					d := fake.Command(w.team, fmt.Sprintf("C%d", i%25), "U1", fmt.Sprintf("Write a report on mark-%05d.", i))
					_, err := d.Answer(context.Background())
					v.must(err)
				}
				w.follow()
				w.report(b)
			}
		})
	}
}

// watch looks how old cards are.
type watch struct {
	venue *venue
	fake  *slackfake.Server
	team  string

	edits  map[string]int       // by message
	shown  map[string]time.Time // when it was edited last
	news   map[string]time.Time // the first that it does not show; zero: it shows all
	ages   []time.Duration      // between edits
	lags   []time.Duration      // of news until it was shown
	oldest time.Duration        // of all ages and those that are not over
	latest time.Duration        // of all lags and those that are not over
}

func newWatch(v *venue, fake *slackfake.Server) *watch {
	return &watch{
		venue: v, fake: fake, team: fake.Config().Teams[0].ID,
		edits: map[string]int{}, shown: map[string]time.Time{}, news: map[string]time.Time{},
	}
}

// cardsTime is how long cards are looked at.
const cardsTime = 3 * time.Minute

// follow looks at the cards every second.
func (w *watch) follow() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for begun := time.Now(); time.Since(begun) < cardsTime; {
		now := <-tick.C
		for i := range 25 {
			for _, m := range w.fake.Messages(w.team, fmt.Sprintf("C%d", i)) {
				if _, job := metadata(m.Metadata); job != "" {
					w.see(&m, job, now)
				}
			}
		}
	}
}

// see looks at a card.
func (w *watch) see(m *slackfake.Message, job jobs.JobID, now time.Time) {
	before, known := w.edits[m.TS]
	switch {
	case !known:
		w.shown[m.TS] = now
	case m.Edits > before:
		w.ages = append(w.ages, now.Sub(w.shown[m.TS]))
		w.shown[m.TS] = now
		if news := w.news[m.TS]; !news.IsZero() {
			w.lags = append(w.lags, now.Sub(news))
		}
	}
	w.edits[m.TS] = m.Edits
	w.oldest = max(w.oldest, now.Sub(w.shown[m.TS]))
	if w.news[m.TS] = w.venue.newsOf(job, asOf(m)); !w.news[m.TS].IsZero() {
		w.latest = max(w.latest, now.Sub(w.news[m.TS]))
	}
}

// asOf is when all of a card was so; zero: for good.
func asOf(m *slackfake.Message) time.Time {
	found := cardDate.FindSubmatch(m.Blocks)
	if found == nil {
		return time.Time{}
	}
	sec, _ := strconv.ParseInt(string(found[1]), 10, 64)
	return time.Unix(sec, 0)
}

var cardDate = regexp.MustCompile(`"type":"date","timestamp":(\d+)`)

// newsOf is when a step of a job was done first after a moment, to the second, which all
// cards show; zero: not since.
func (v *venue) newsOf(job jobs.JobID, after time.Time) time.Time {
	v.Helper()
	if after.IsZero() {
		return after
	}
	var at sql.NullInt64
	v.must(v.rows.QueryRowContext(context.Background(), `SELECT min(at) FROM events WHERE job_id = ? AND at >= ? AND moves LIKE '%"s":"completed"%'`,
		string(job), after.Add(time.Second).UnixMilli()).Scan(&at))
	if !at.Valid {
		return time.Time{}
	}
	return time.UnixMilli(at.Int64)
}

func (w *watch) report(b *testing.B) {
	b.Helper()
	if n := w.fake.Refused(); n > 0 {
		b.Errorf("Slack refused %d calls as too many", n)
	}
	if len(w.ages) == 0 || len(w.lags) == 0 {
		b.Fatal("no card was edited")
	}
	slices.Sort(w.ages)
	slices.Sort(w.lags)
	b.ReportMetric(float64(len(w.edits)), "cards")
	b.ReportMetric(float64(w.fake.Calls("chat.update"))/cardsTime.Minutes(), "edits/min")
	b.ReportMetric(w.ages[len(w.ages)/2].Seconds(), "p50-s-between-edits")
	b.ReportMetric(w.oldest.Seconds(), "oldest-s")
	b.ReportMetric(w.lags[len(w.lags)/2].Seconds(), "p50-s-news")
	b.ReportMetric(w.latest.Seconds(), "oldest-s-news")
}
