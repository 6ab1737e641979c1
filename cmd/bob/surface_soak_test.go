package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
)

const (
	// surfaceVar is how many jobs are soaked on each surface. Unset: shortSurface.
	surfaceVar   = "BOB_SURFACE_SOAK"
	shortSurface = 30
	// surfaceSeedVar repeats the choices of a soak. Unset: others each time.
	surfaceSeedVar = "BOB_SURFACE_SEED"
	// mostPerJob is how many messages people may see of one job.
	mostPerJob = 6
)

// soakNumber reads a number from the environment.
func soakNumber(tb testing.TB, name string, otherwise uint64) uint64 {
	tb.Helper()
	text, ok := os.LookupEnv(name)
	if !ok {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		tb.Fatalf("%s is %q: it must be a number", name, text)
	}
	return n
}

// crowd are people who hand jobs in while all sorts of things go wrong.
type crowd struct {
	*venue

	jobs     int
	rooms    int // workspaces or guilds
	seed     uint64
	give     func(mark string, dice *rand.Rand) // hands one job in, until it is there
	trouble  func(dice *rand.Rand)              // something goes wrong
	mend     func()                             // what is still to go wrong does not
	shown    func() []seen
	restarts []time.Time // when Bob was up again
}

// seen is a message as people see it.
type seen struct {
	thread string // of all surfaces
	key    string // what Bob knows it by; empty: not told
	card   jobs.JobID
	words  string
}

// newCrowd are as many as the environment says.
func newCrowd(tb testing.TB) *crowd {
	tb.Helper()
	c := &crowd{jobs: int(soakNumber(tb, surfaceVar, shortSurface)), seed: soakNumber(tb, surfaceSeedVar, rand.Uint64())}
	c.rooms = min(40, max(2, c.jobs/6))
	return c
}

// soak hands all jobs in, restarts Bob meanwhile, waits until all is told, and counts
// at the server.
func (c *crowd) soak() {
	c.Helper()
	c.Logf("seed %d: %d jobs in %d workspaces", c.seed, c.jobs, c.rooms)
	begun := time.Now()
	calm := c.disturb()
	var people sync.WaitGroup
	dice := rand.New(rand.NewPCG(c.seed, 1))
	for i := range c.jobs {
		mark, own := fmt.Sprintf("mark-%05d", i), rand.New(rand.NewPCG(c.seed, uint64(i)+100))
		people.Go(func() { c.give(mark, own) })
		<-time.After(time.Duration(dice.IntN(60)) * time.Millisecond)
		if i > 0 && i%max(10, c.jobs/8) == 0 {
			c.restart()
			c.restarts = append(c.restarts, time.Now())
		}
	}
	people.Wait()
	given := time.Since(begun)
	<-time.After(time.Duration(c.jobs) * 100 * time.Millisecond) // most ends are told while things go wrong
	calm()
	c.mend()
	told := c.settle()
	if !told {
		c.Error("something is left to be told")
	}
	c.Logf("all handed in after %s, all told after %s: %v; %d restarts",
		given.Round(time.Second), time.Since(begun).Round(time.Second), told, len(c.restarts))
	c.count()
}

// disturb lets things go wrong until it is told to stop.
func (c *crowd) disturb() (calm func()) {
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		dice := rand.New(rand.NewPCG(c.seed, 2))
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Duration(50+dice.IntN(150)) * time.Millisecond):
				c.trouble(dice)
			}
		}
	}()
	return func() { cancel(); <-over }
}

// settle waits until there is nothing more to tell.
func (c *crowd) settle() bool {
	c.Helper()
	const left = `SELECT (SELECT count(*) FROM jobs WHERE final = 0) + (SELECT count(*) FROM outbox WHERE delivered_at = 0 AND given_up = 0)`
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	patience := time.Minute + time.Duration(c.jobs)*time.Second/2
	for begun := time.Now(); time.Since(begun) < patience; <-tick.C {
		var open int
		c.must(c.rows.QueryRowContext(context.Background(), left).Scan(&open))
		if open > 0 {
			continue
		}
		behind, err := c.h.store.Cards(context.Background(), c.surface())
		c.must(err)
		if len(behind) == 0 {
			return true
		}
	}
	return false
}

func (c *crowd) surface() string {
	if c.cfg.Slack.on() {
		return "slack"
	}
	return "discord"
}

// tally is what a soak is measured by.
type tally struct {
	lost, twice, unseen, repeated, untold, stale, most, messages int
}

// count counts at the server, and complains of what must not be.
func (c *crowd) count() {
	c.Helper()
	var t tally
	all := c.shown()
	threads, keys := map[string][]seen{}, map[string]int{}
	for _, m := range all {
		threads[m.thread] = append(threads[m.thread], m)
		if m.key != "" {
			keys[m.key]++
		}
	}
	for key, n := range keys {
		if n > 1 {
			t.repeated += n - 1
			c.Errorf("the message %s is up %d times", key, n)
		}
	}
	cards := map[jobs.JobID]seen{}
	for _, m := range all {
		if m.card == "" {
			continue
		}
		if _, ok := cards[m.card]; ok {
			t.repeated++
			c.Errorf("there is a second card of %s", m.card)
		}
		cards[m.card] = m
	}
	for i := range c.jobs {
		c.countJob(&t, fmt.Sprintf("mark-%05d", i), cards, threads)
	}
	c.Logf("%d jobs: lost %d, twice %d, without a card %d, card not at its end %d, messages twice %d, ends not told once %d; messages per job: %.2f, at most %d",
		c.jobs, t.lost, t.twice, t.unseen, t.stale, t.repeated, t.untold, float64(t.messages)/float64(c.jobs), t.most)
	if t.most > mostPerJob {
		c.Errorf("a job has %d messages, want at most %d", t.most, mostPerJob)
	}
}

// countJob counts what belongs to one job.
func (c *crowd) countJob(t *tally, mark string, cards map[jobs.JobID]seen, threads map[string][]seen) {
	c.Helper()
	list := c.jobsOf(mark)
	if len(list) == 0 {
		t.lost++
		c.Errorf("%s: there is no job", mark)
	}
	if n := c.twins(mark); n > 0 {
		t.twice += n
		c.Errorf("%s: one request is more than one job: %v", mark, list)
	}
	for _, id := range list {
		c.countThread(t, mark, id, cards, threads)
	}
}

// countThread counts what is seen of one job.
func (c *crowd) countThread(t *tally, mark string, id jobs.JobID, cards map[jobs.JobID]seen, threads map[string][]seen) {
	c.Helper()
	card, ok := cards[id]
	if !ok {
		t.unseen++
		c.Errorf("%s: there is no card of %s", mark, id)
		return
	}
	if !strings.Contains(card.words, "Completed") {
		t.stale++
		c.Errorf("%s: the card says %.200q", mark, card.words)
	}
	ends, texts := 0, map[string]int{}
	for _, m := range threads[card.thread] {
		if texts[m.words]++; texts[m.words] == 2 {
			t.repeated++
			c.Errorf("%s: said twice: %.200q", mark, m.words)
		}
		if m.card == "" && strings.Contains(m.words, "Completed") && strings.Contains(m.words, string(id)) {
			ends++
		}
	}
	if ends != 1 {
		t.untold++
		c.Errorf("%s: its end is told %d times: %.300q", mark, ends, slices.Collect(maps.Keys(texts)))
	}
	t.messages += len(threads[card.thread])
	t.most = max(t.most, len(threads[card.thread]))
}

// oneOf draws one of a list.
func oneOf[T any](dice *rand.Rand, list ...T) T { return list[dice.IntN(len(list))] }

// metadata reads what Bob notes on a message on Slack.
func metadata(raw json.RawMessage) (key string, job jobs.JobID) {
	var m struct {
		Payload struct {
			Key string     `json:"key"`
			Job jobs.JobID `json:"job"`
		} `json:"event_payload"`
	}
	if json.Unmarshal(raw, &m) != nil {
		return "", ""
	}
	return m.Payload.Key, m.Payload.Job
}
