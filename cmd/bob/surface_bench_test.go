package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	v, fake := openSlack(b, 1, &busy{puppets: puppets{steps: []jobs.Step{leaf("1")}}})
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

// cardsTime is how long cards are looked at.
const cardsTime = 3 * time.Minute

// BenchmarkSlack_cards has 100 jobs at work in one workspace whose cards change all the
// time, at the rates that Slack allows, and reports how old the oldest card gets.
//
//	go test ./cmd/bob -run - -bench Slack_cards -benchtime 1x -timeout 10m
func BenchmarkSlack_cards(b *testing.B) {
	const cards = 100
	var steps []jobs.Step
	for i := range 40 {
		steps = append(steps, leaf(fmt.Sprint(i+1)))
	}
	for b.Loop() {
		w := &watch{shown: map[string]time.Time{}}
		v, fake := openSlack(b, 1, &busy{puppets: puppets{steps: steps}, longest: 2 * time.Minute})
		team := fake.Config().Teams[0]
		for i := range cards {
			d := fake.Command(team.ID, fmt.Sprintf("C%d", i%25), "U1", fmt.Sprintf("Write a report on mark-%05d.", i))
			_, err := d.Answer(context.Background())
			v.must(err)
		}
		w.follow(fake, team.ID)
		w.report(b, fake)
	}
}

// watch looks how old cards are.
type watch struct {
	edits  map[string]int
	shown  map[string]time.Time
	ages   []time.Duration
	oldest time.Duration
}

// follow looks at the cards every second.
func (w *watch) follow(fake *slackfake.Server, team string) {
	w.edits = map[string]int{}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for begun := time.Now(); time.Since(begun) < cardsTime; {
		now := <-tick.C
		for i := range 25 {
			for _, m := range fake.Messages(team, fmt.Sprintf("C%d", i)) {
				if _, card := metadata(m.Metadata); card == "" {
					continue
				}
				before, known := w.edits[m.TS]
				switch {
				case !known:
					w.shown[m.TS] = now
				case m.Edits > before:
					w.ages = append(w.ages, now.Sub(w.shown[m.TS]))
					w.shown[m.TS] = now
				}
				w.edits[m.TS] = m.Edits
				w.oldest = max(w.oldest, now.Sub(w.shown[m.TS]))
			}
		}
	}
}

func (w *watch) report(b *testing.B, fake *slackfake.Server) {
	b.Helper()
	if n := fake.Refused(); n > 0 {
		b.Errorf("Slack refused %d calls as too many", n)
	}
	slices.Sort(w.ages)
	if len(w.ages) == 0 {
		b.Fatal("no card was edited")
	}
	b.ReportMetric(float64(len(w.edits)), "cards")
	b.ReportMetric(float64(fake.Calls("chat.update"))/cardsTime.Minutes(), "edits/min")
	b.ReportMetric(w.ages[len(w.ages)/2].Seconds(), "p50-s-between-edits")
	b.ReportMetric(w.oldest.Seconds(), "oldest-s")
}
