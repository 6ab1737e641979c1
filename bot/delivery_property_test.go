package bot_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/bottest"
	"github.com/askbob/bob/jobs"
)

// dice throw numbers from 0 to 99, so many times; then all is well.
type dice struct {
	mu   sync.Mutex
	left int
	rng  *rand.Rand
}

func (d *dice) throw() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == 0 {
		return 99
	}
	d.left--
	return d.rng.IntN(100)
}

// mortal is one life of a process: once it is dead, nothing that it does has any
// effect.
type mortal struct {
	*bottest.FrontEnd

	store *bottest.Store
	dice  *dice

	mu   sync.Mutex
	dead bool
	died chan struct{}
}

var errDead = errors.New("the process is dead")

// lives reports whether it still does, and lets it die by chance.
func (m *mortal) lives() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.dead && m.dice.throw() < 4 {
		m.dead = true
		close(m.died)
	}
	return !m.dead
}

func (m *mortal) Apply(ctx context.Context, changes ...jobs.Change) ([]jobs.Outcome, error) {
	if !m.lives() {
		return nil, errDead
	}
	out, err := m.store.Apply(ctx, changes...)
	if !m.lives() {
		return nil, errDead
	}
	return out, err
}

func (m *mortal) Post(ctx context.Context, p bot.Post) (bot.Placed, error) {
	if !m.lives() {
		return bot.Placed{}, errDead
	}
	at, err := m.FrontEnd.Post(ctx, p)
	if !m.lives() {
		return bot.Placed{}, errDead
	}
	return at, err
}

// chance makes calls fail. Whoever looks is not told that nothing is there because the
// channel is closed: then nobody could know.
func (d *dice) chance(c bottest.Call) bottest.Fault {
	fault := bottest.Fault{Delay: time.Duration(d.throw()) * 20 * time.Millisecond}
	trouble := func(t bot.Trouble) { fault.Err = &bot.DeliveryError{Trouble: t, Err: errors.New("by chance")} }
	switch n := d.throw(); {
	case n < 10:
		trouble(bot.TroubleUnsure)
		fault.Done = true
	case n < 16:
		trouble(bot.TroubleUnsure)
	case n < 26:
		trouble(bot.TroubleLater)
		fault.Err.After = time.Duration(d.throw()) * 100 * time.Millisecond
	case n < 29:
		trouble(bot.TroubleRefused)
	case n < 32 && c.Op != bottest.OpFind:
		trouble(bot.TroubleGone)
	case n < 34:
		trouble(bot.TroubleRevoked)
	}
	return fault
}

// want is a letter and how many parts it has.
type want struct {
	notice int64
	job    jobs.JobID
	parts  int
}

// fill puts letters of several jobs into the outbox, in turns.
func fill(d *desk, jobsWanted, notes int) (list []want) {
	ids := make([]jobs.JobID, 0, jobsWanted)
	for i := range jobsWanted {
		id := jobs.JobID(fmt.Sprintf("job_%d", i))
		ids = append(ids, id)
		d.add(id, channel(fmt.Sprint("C", i%2)))
		d.store.Made(id, "the result", map[string][]byte{"a.csv": []byte("a"), "b.csv": nil})
		d.over(id, jobs.StatusCompleted)
	}
	tell := func(id jobs.JobID, kind jobs.NoticeKind, parts int) {
		list = append(list, want{d.store.Tell(id, kind, string(kind)), id, parts})
	}
	for _, id := range ids {
		tell(id, jobs.NoticeAck, 1)
	}
	for range notes {
		for _, id := range ids {
			tell(id, jobs.NoticeReplanned, 1)
		}
	}
	for _, id := range ids {
		tell(id, jobs.NoticeCompletion, 3)
	}
	return list
}

// liveUntilDead runs a Delivery until it dies or, once all is calm, for hours.
func liveUntilDead(d *desk, luck *dice) (died bool, err error) {
	m := &mortal{FrontEnd: d.front, store: d.store, dice: luck, died: make(chan struct{})}
	delivery, err := bot.NewDelivery(d.config(func(c *bot.DeliveryConfig) { c.FrontEnd, c.Writer = m, m }))
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- delivery.Run(ctx) }()
	select {
	case <-m.died:
		died = true
	case <-time.After(20 * time.Hour): // all that is postponed comes up
	}
	cancel()
	return died, <-done
}

// partsOf are the keys of the parts that a message holds: n7.1-3 are three.
func partsOf(key string) (list []string) {
	letter, steps, _ := strings.Cut(key, ".")
	var first, last int
	if n, _ := fmt.Sscanf(steps, "%d-%d", &first, &last); n == 1 {
		last = first
	}
	for ; first <= last; first++ {
		list = append(list, fmt.Sprintf("%s.%d", letter, first))
	}
	return list
}

// verdict says what is wrong with what is up; empty: nothing.
func verdict(d *desk, list []want) string {
	index := map[string]int{} // of each part, the message that it is in
	for i, m := range d.front.Up() {
		for _, key := range partsOf(m.Post.Key) {
			if _, twice := index[key]; twice {
				return fmt.Sprintf("%s is up twice", key)
			}
			index[key] = i
		}
	}
	last := map[jobs.JobID]int{}
	for _, w := range list {
		state := d.store.State(w.notice)
		if state == bottest.Open {
			return fmt.Sprintf("letter %d is still open", w.notice)
		}
		missing := 0
		for step := range w.parts {
			key := fmt.Sprintf("n%d.%d", w.notice, step)
			i, up := index[key]
			switch {
			case !up && strings.HasPrefix(state, "given up"):
				missing++
				continue
			case !up:
				return fmt.Sprintf("%s is not up, and the letter is %s", key, state)
			case i < last[w.job]:
				return fmt.Sprintf("%s of %s is up before what was to be said before", key, w.job)
			}
			last[w.job] = i
		}
		if missing == 0 && state != bottest.Delivered {
			return fmt.Sprintf("letter %d is up, and was %s", w.notice, state)
		}
	}
	return ""
}

// TestDelivery_eachLetterIsUpExactlyOnce lets the platform fail and the process die at
// any call, again and again: in the end each message is up once, in the order of its
// job, or its letter was given up visibly.
func TestDelivery_eachLetterIsUpExactlyOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		luck := &dice{left: rapid.IntRange(0, 1_500).Draw(rt, "throws"), rng: rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))}
		nJobs, nNotes := rapid.IntRange(1, 4).Draw(rt, "jobs"), rapid.IntRange(0, 3).Draw(rt, "notes")
		problem := ""
		synctest.Test(t, func(t *testing.T) {
			d := &desk{t: t, store: bottest.NewStore(time.Now), front: bottest.New("slack")}
			list := fill(d, nJobs, nNotes)
			d.front.Fail(luck.chance)
			for died := true; died; {
				var err error
				if died, err = liveUntilDead(d, luck); err != nil {
					problem = err.Error()
					return
				}
			}
			problem = verdict(d, list)
		})
		if problem != "" {
			rt.Fatal(problem)
		}
	})
}
