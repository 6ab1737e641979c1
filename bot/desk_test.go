package bot_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/bottest"
	"github.com/askbob/bob/jobs"
)

// desk is a store, a platform, and what works between them, in a bubble of fake time.
type desk struct {
	t     *testing.T
	store *bottest.Store
	front *bottest.FrontEnd
}

// atDesk runs test in a bubble.
func atDesk(t *testing.T, test func(d *desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(&desk{t: t, store: bottest.NewStore(time.Now), front: bottest.New("slack")})
	})
}

// channel is a place in workspace T1.
func channel(name string) jobs.Place {
	return jobs.Place{Surface: "slack", Workspace: "T1", Channel: name}
}

// open is a running job.
func open(id jobs.JobID) jobs.Report {
	r := runningReport()
	r.ID = id
	return r
}

// add puts a running job of Ann into a channel.
func (d *desk) add(id jobs.JobID, at jobs.Place) { d.store.Add(open(id), at, at.UserOf("UANN")) }

// over ends a job.
func (d *desk) over(id jobs.JobID, status jobs.Status) {
	d.store.Change(id, func(r *jobs.Report) {
		now := time.Now()
		r.Status, r.CompletedAt, r.Current, r.Progress = status, &now, "", 100
	})
}

func (d *desk) config(change ...func(c *bot.DeliveryConfig)) bot.DeliveryConfig {
	c := bot.DeliveryConfig{
		FrontEnd: d.front, Outbox: d.store, Places: d.store, Reports: d.store, Writer: d.store, Changes: d.store.Watch(),
		Now: time.Now, Log: slog.New(slog.DiscardHandler), Link: func(id jobs.JobID) string { return "https://bob.example/jobs/" + string(id) },
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

// deliver starts a Delivery that stops with the test, or earlier by the returned
// function.
func (d *desk) deliver(change ...func(c *bot.DeliveryConfig)) (stop func()) {
	d.t.Helper()
	delivery, err := bot.NewDelivery(d.config(change...))
	if err != nil {
		d.t.Fatal(err)
	}
	return d.run(delivery.Run)
}

func (d *desk) run(run func(ctx context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			d.t.Error(err)
		}
	}
	d.t.Cleanup(stop)
	return stop
}

// after lets so much time pass, in which all do what they can.
func (d *desk) after(t time.Duration) {
	time.Sleep(t) //nolint:forbidigo // fake time, in a bubble
	synctest.Wait()
}

// texts are those of the messages of a channel, its cards as dumps.
func (d *desk) texts(room jobs.Place) (list []string) {
	for _, m := range d.front.Peer().Shown(room) {
		list = append(list, m.Text)
	}
	return list
}

// hasTexts checks that the messages of a channel contain these texts, one each.
func (d *desk) hasTexts(room jobs.Place, want ...string) {
	d.t.Helper()
	got := d.texts(room)
	ok := len(got) == len(want)
	for i := range min(len(got), len(want)) {
		ok = ok && strings.Contains(got[i], want[i])
	}
	if !ok {
		d.t.Errorf("in %s there are %q, want %q", room.Channel, got, want)
	}
}

func (d *desk) states(want string, notices ...int64) {
	d.t.Helper()
	for _, n := range notices {
		if got := d.store.State(n); !strings.HasPrefix(got, want) {
			d.t.Errorf("letter %d is %q, want %q", n, got, want)
		}
	}
}

// failing is an error of a front end.
func failing(trouble bot.Trouble, after time.Duration) bottest.Fault {
	return bottest.Fault{Err: &bot.DeliveryError{Trouble: trouble, After: after, Err: errors.New("made to fail")}}
}

// once makes the first call fail for which when says so.
func once(fault bottest.Fault, when func(c bottest.Call) bool) func(c bottest.Call) bottest.Fault {
	done := false
	return func(c bottest.Call) bottest.Fault {
		if done || !when(c) {
			return bottest.Fault{}
		}
		done = true
		return fault
	}
}

func posts(c bottest.Call) bool { return c.Op == bottest.OpPost }

func labels(buttons []bot.Button) (list []string) {
	for _, b := range buttons {
		list = append(list, b.Label)
	}
	return list
}

func same[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
