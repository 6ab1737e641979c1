package bot_test

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/bottest"
	"github.com/askbob/bob/jobs"
)

// report starts a Reporter that stops with the test, or earlier by the returned
// function.
func (d *desk) report(change ...func(c *bot.ReporterConfig)) (stop func()) {
	d.t.Helper()
	c := bot.ReporterConfig{
		FrontEnd: d.front, Places: d.store, Reports: d.store, Writer: d.store, Changes: d.store.Watch(),
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}
	for _, f := range change {
		f(&c)
	}
	r, err := bot.NewReporter(c)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.run(r.Run)
}

// card puts a running job into a channel whose card is up.
func (d *desk) card(id jobs.JobID, at jobs.Place) bot.Placed {
	d.t.Helper()
	d.add(id, at)
	d.store.Change(id, func(r *jobs.Report) {
		now := time.Now()
		r.StartedAt, r.ElapsedMS = &now, 0
	})
	up, err := d.front.Post(d.t.Context(), bot.Post{Key: "ack " + string(id), Place: at, Card: &bot.Card{Job: id, Title: "as posted"}})
	if err != nil {
		d.t.Fatal(err)
	}
	d.put(id, up)
	return up
}

func (d *desk) put(id jobs.JobID, at bot.Placed) {
	d.t.Helper()
	if _, err := d.store.Apply(d.t.Context(), jobs.Put{Job: id, Place: at.Place, Card: at.Message}); err != nil {
		d.t.Fatal(err)
	}
}

// shown is the card of a job that is up.
func (d *desk) shown(id jobs.JobID) *bot.Card {
	d.t.Helper()
	posted, err := d.store.Posted(d.t.Context(), id)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, u := range d.front.Up() {
		if u.Placed.Message == posted.Card {
			return u.Post.Card
		}
	}
	d.t.Fatalf("%s has no card", id)
	return nil
}

func (d *desk) edits() []bottest.Call { return d.front.Calls(bottest.OpEdit) }

func (d *desk) step(id jobs.JobID, done int) {
	d.store.Change(id, func(r *jobs.Report) { r.Summary.Completed = done })
}

func TestReporter_followsAJobToItsEnd(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.card("job_a", channel("C1"))
		d.report()
		d.after(time.Second)
		if c := d.shown("job_a"); c.Title != "Q4 sales deck" || !slices.Contains(c.Facts, "3 of 9 done, 1 failed") {
			t.Errorf("after the start the card says %+v", c)
		}
		d.step("job_a", 4)
		d.after(4 * time.Second)
		if c := d.shown("job_a"); !slices.Contains(c.Facts, "4 of 9 done, 1 failed") {
			t.Errorf("after a step the card says %+v", c)
		}
		d.over("job_a", jobs.StatusCompleted)
		end := time.Now()
		d.after(4 * time.Second)
		if c := d.shown("job_a"); !strings.Contains(c.State, "Completed") || !d.store.ShownEnd("job_a").Equal(end) {
			t.Errorf("at the end the card says %+v, recorded is %s", c, d.store.ShownEnd("job_a"))
		}
		n := len(d.edits())
		d.after(time.Hour)
		if got := len(d.edits()); got != n || n != 3 {
			t.Errorf("%d edits, %d more in an hour after the end; want 3 and none", n, got-n)
		}
	})
}

func TestReporter_aChangeThatIsNotSeenIsNoEdit(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.card("job_a", channel("C1"))
		d.store.Change("job_a", func(r *jobs.Report) { r.Status, r.Current = jobs.StatusPaused, "" })
		d.report()
		for range 500 {
			d.after(100 * time.Millisecond)
			d.store.Change("job_a", func(r *jobs.Report) { r.Priority = jobs.PriorityHigh })
		}
		if got := len(d.edits()); got != 1 {
			t.Errorf("%d edits of a card that never changed", got)
		}
	})
}

func TestReporter_timePassesOnTheCard(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.card("job_a", channel("C1"))
		d.report()
		d.after(10*time.Minute + 10*time.Second)
		if c := d.shown("job_a"); !slices.Contains(c.Facts, "10 min so far, about 4 min left") {
			t.Errorf("after ten minutes the card says %q", c.Facts)
		}
		if got := len(d.edits()); got < 9 || got > 12 {
			t.Errorf("%d edits in ten minutes in which nothing happened", got)
		}
	})
}

// TestReporter_keepsToTheRate has more cards that always change than may be edited.
func TestReporter_keepsToTheRate(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		const cards = 30
		for i := range cards {
			d.card(jobs.JobID(fmt.Sprintf("job_%02d", i)), channel("C1"))
		}
		d.report(func(c *bot.ReporterConfig) { c.EditsPerMinute = 20 })
		began := time.Now()
		for s := range 300 {
			for i := range cards {
				d.step(jobs.JobID(fmt.Sprintf("job_%02d", i)), s)
			}
			d.after(time.Second)
		}
		last := map[string]time.Time{}
		var times []time.Time
		for _, e := range d.edits() {
			if was, ok := last[e.At.Message]; ok && e.When.Sub(was) < 3*time.Second {
				t.Errorf("a card is edited again after %s", e.When.Sub(was))
			}
			last[e.At.Message] = e.When
			times = append(times, e.When)
		}
		for i, first := range times {
			n, _ := slices.BinarySearchFunc(times, first.Add(time.Minute), time.Time.Compare)
			if n-i > 20 {
				t.Fatalf("%d edits in a minute", n-i)
			}
		}
		if len(times) < 5*18 {
			t.Errorf("%d edits in five minutes, about 90 may be made", len(times))
		}
		for m, at := range last {
			if since := time.Since(at); len(last) != cards || since > 2*time.Minute {
				t.Errorf("%d of %d cards were edited; %s stands still for %s of %s", len(last), cards, m, since, time.Since(began))
			}
		}
	})
}

func TestReporter_theEndGoesFirstThenWhatAsks(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		for _, id := range []jobs.JobID{"job_1", "job_2", "job_3", "job_4", "job_5"} {
			d.card(id, channel("C1"))
		}
		d.over("job_5", jobs.StatusFailed)
		d.store.Change("job_4", func(r *jobs.Report) { r.Status = jobs.StatusAwaitingApproval })
		d.report(func(c *bot.ReporterConfig) { c.EditsPerMinute = 6 })
		d.after(30 * time.Second)
		var order []string
		for _, e := range d.edits() {
			order = append(order, string(e.Post.Card.Job))
		}
		same(t, "order", order[:2], []string{"job_5", "job_4"})
	})
}

func TestReporter_theEndIsShownAfterARestart(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.card("job_a", channel("C1"))
		d.card("job_b", channel("C1"))
		stop := d.report()
		d.after(time.Second)
		d.over("job_b", jobs.StatusCompleted)
		d.after(5 * time.Second)
		stop()
		n := len(d.edits())
		d.over("job_a", jobs.StatusCancelled)
		d.report()
		d.after(5 * time.Second)
		if c := d.shown("job_a"); !strings.Contains(c.State, "Cancelled") || d.store.ShownEnd("job_a").IsZero() {
			t.Errorf("the card says %q", c.State)
		}
		if got := len(d.edits()); got != n+1 {
			t.Errorf("%d edits after the restart, want the one that is missing", got-n)
		}
	})
}

func TestReporter_aJobThatRunsAgainIsFollowedAgain(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.card("job_a", channel("C1"))
		d.over("job_a", jobs.StatusFailed)
		d.report()
		d.after(time.Minute)
		d.store.Change("job_a", func(r *jobs.Report) { r.Status, r.CompletedAt = jobs.StatusRunning, nil })
		d.after(5 * time.Second)
		if c := d.shown("job_a"); !strings.Contains(c.State, "Running") {
			t.Errorf("the card says %q", c.State)
		}
	})
}

func TestReporter_aDeletedCardIsPutUpAgain(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(c bottest.Call) bottest.Fault{
		"at once": nil,
		"seen late": once(bottest.Fault{Err: failing(bot.TroubleUnsure, 0).Err, Done: true}, func(c bottest.Call) bool {
			return posts(c) && strings.HasPrefix(c.Post.Key, "c")
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atDesk(t, func(d *desk) {
				up := d.card("job_a", channel("C1"))
				d.front.Fail(fault)
				d.report()
				d.after(time.Second)
				d.front.Delete(up.Message)
				d.step("job_a", 5)
				d.after(time.Minute)
				posted, _ := d.store.Posted(t.Context(), "job_a")
				if list := d.front.Up(); len(list) != 1 || list[0].Placed.Place != up.Place || posted.Card != list[0].Placed.Message || len(list[0].Post.Key) > 25 {
					t.Fatalf("up are %+v, the store knows %+v", list, posted)
				}
				if c := d.shown("job_a"); !slices.Contains(c.Facts, "5 of 9 done, 1 failed") {
					t.Errorf("the new card says %q", c.Facts)
				}
			})
		})
	}
}

func TestReporter_waitsForACardToBePosted(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.report()
		d.add("job_a", channel("C1"))
		d.over("job_a", jobs.StatusCompleted)
		d.after(5 * time.Second)
		if got := len(d.edits()); got != 0 {
			t.Errorf("%d edits of no card", got)
		}
		up, err := d.front.Post(t.Context(), bot.Post{Key: "x", Place: channel("C1"), Card: &bot.Card{State: "queued"}})
		if err != nil {
			t.Fatal(err)
		}
		d.put("job_a", up)
		d.after(20 * time.Second)
		if c := d.shown("job_a"); !strings.Contains(c.State, "Completed") || d.store.ShownEnd("job_a").IsZero() {
			t.Errorf("the card says %q", c.State)
		}
	})
}

// TestReporter_findsAJobThatMoved has the channel closed after the end of a job, which
// Delivery then moves.
func TestReporter_findsAJobThatMoved(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.card("job_a", channel("C1"))
		d.over("job_a", jobs.StatusCompleted)
		d.front.Shut(channel("C1"))
		d.report()
		d.after(10 * time.Second)
		moved := channel("DUANN")
		moved.Thread = "elsewhere"
		if _, err := d.store.Apply(t.Context(), jobs.Put{Job: "job_a", Place: moved}); err != nil {
			t.Fatal(err)
		}
		d.after(2 * time.Minute)
		if c := d.shown("job_a"); !strings.Contains(c.State, "Completed") || d.store.ShownEnd("job_a").IsZero() {
			t.Errorf("the card says %q", c.State)
		}
		if at := d.front.Up()[1].Placed.Place; at != moved {
			t.Errorf("the new card is at %+v, want %+v", at, moved)
		}
	})
}

func TestReporter_troublesOfAnEdit(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault bottest.Fault
		until time.Duration // no edit of any card before
		edits int           // in the minute after
	}{
		"later":   {fault: failing(bot.TroubleLater, 20*time.Second), until: 20 * time.Second, edits: 2},
		"unsure":  {fault: failing(bot.TroubleUnsure, 0), edits: 2},
		"refused": {fault: failing(bot.TroubleRefused, 0), edits: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atDesk(t, func(d *desk) {
				start := time.Now()
				d.card("job_a", channel("C1"))
				d.over("job_a", jobs.StatusCompleted)
				d.front.Fail(once(test.fault, func(c bottest.Call) bool { return c.Op == bottest.OpEdit }))
				d.report()
				d.after(time.Minute)
				edits := d.edits()
				if len(edits) != test.edits {
					t.Fatalf("%d edits, want %d", len(edits), test.edits)
				}
				if got := edits[len(edits)-1].When.Sub(start); got < test.until || got > test.until+10*time.Second {
					t.Errorf("edited after %s, want %s", got, test.until)
				}
				if ended := !d.store.ShownEnd("job_a").IsZero(); ended != (test.edits == 2) {
					t.Errorf("the end is recorded as shown: %t", ended)
				}
				d.store.Change("job_a", func(r *jobs.Report) { r.Title = "another" })
				d.after(time.Minute)
				if c := d.shown("job_a"); c.Title != "another" {
					t.Errorf("the card says %q", c.Title)
				}
			})
		})
	}
}

func TestReporter_aWorkspaceThatThrewBobOutIsLeftAlone(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		elsewhere := jobs.Place{Surface: "slack", Workspace: "T2", Channel: "C9"}
		d.card("job_a", channel("C1"))
		d.card("job_b", elsewhere)
		d.front.Shut(channel(""))
		stop := d.report()
		d.after(10 * time.Minute)
		tried := 0
		for _, e := range d.edits() {
			if e.Post.Card.Job == "job_a" {
				tried++
			}
		}
		if tried != 1 || len(d.edits()) < 9 {
			t.Errorf("tried %d times there, %d edits in all", tried, len(d.edits()))
		}
		stop()
		d.front.Reopen(channel(""))
		d.report()
		d.after(5 * time.Second)
		if c := d.shown("job_a"); c.Title != "Q4 sales deck" {
			t.Errorf("back again, the card says %+v", c)
		}
	})
}

func TestReporter_aWorkspaceThatTakesBobBackGetsItsCards(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.card("job_a", channel("C1"))
		d.front.Shut(channel(""))
		d.report()
		d.after(10 * time.Minute)
		d.over("job_a", jobs.StatusCompleted)
		d.front.Reopen(channel(""))
		d.after(time.Hour)
		if c := d.shown("job_a"); !strings.Contains(c.State, "Completed") {
			t.Errorf("an hour after Bob was taken back, the card says %+v", c)
		}
	})
}

func TestReporter_aSlowWorkspaceDelaysNoOther(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		elsewhere := jobs.Place{Surface: "slack", Workspace: "T2", Channel: "C9"}
		for i := range 10 {
			d.card(jobs.JobID(fmt.Sprintf("job_%d", i)), channel("C1"))
		}
		d.card("job_b", elsewhere)
		d.front.Fail(func(c bottest.Call) bottest.Fault {
			if c.At.Place.Workspace == "T1" {
				return bottest.Fault{Delay: 20 * time.Second}
			}
			return bottest.Fault{}
		})
		d.report()
		d.after(time.Second)
		d.step("job_b", 5)
		d.after(4 * time.Second)
		if c := d.shown("job_b"); !slices.Contains(c.Facts, "5 of 9 done, 1 failed") {
			t.Errorf("the card says %q", c.Facts)
		}
	})
}

func TestReporter_leavesOtherJobsAlone(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.store.Add(open("job_d"), jobs.Place{Surface: "discord", Workspace: "G", Channel: "1"}, "discord:G:1")
		d.report()
		d.store.Change("job_d", func(*jobs.Report) {})
		d.after(time.Minute)
		d.store.Change("job_d", func(*jobs.Report) {})
		d.after(time.Minute)
		if got := len(d.edits()) + len(d.front.StaleCalls()); got != 0 {
			t.Errorf("%d calls for a job of another surface", got)
		}
	})
}

func TestReporter_tellsWhoseListsAreOld(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		for i := range 3 {
			id := jobs.JobID(fmt.Sprintf("job_%d", i))
			d.card(id, channel("C1"))
		}
		d.store.Add(open("job_z"), channel("C1"), "slack:T1:UZOE")
		d.report()
		for s := range 100 {
			d.after(100 * time.Millisecond)
			d.step("job_0", s)
		}
		d.after(10 * time.Second)
		calls := d.front.StaleCalls()
		if len(calls) < 2 || len(calls) > 5 {
			t.Fatalf("told %d times in 20 s: %v", len(calls), calls)
		}
		same(t, "the first", calls[0], []string{"slack:T1:UANN", "slack:T1:UZOE"})
		for _, c := range calls[1:] {
			same(t, "the others", c, []string{"slack:T1:UANN"})
		}
	})
}

func TestReporter_survivesTheStoreAndThePlatform(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.card("job_a", channel("C1"))
		panicked := false
		d.front.Fail(func(c bottest.Call) bottest.Fault {
			if c.Op == bottest.OpEdit && !panicked {
				panicked = true
				panic("a fault of the library")
			}
			return bottest.Fault{}
		})
		d.report()
		d.after(time.Second)
		d.store.Break(errors.New("no disk"))
		d.step("job_a", 5)
		d.after(10 * time.Second)
		d.store.Break(nil)
		d.after(30 * time.Second)
		if c := d.shown("job_a"); !panicked || !slices.Contains(c.Facts, "5 of 9 done, 1 failed") {
			t.Errorf("the card says %q", c.Facts)
		}
	})
}

func TestReporter_forgottenJobsAreDropped(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		for i := range 1_200 { // more than are remembered once they are shown
			id := jobs.JobID(fmt.Sprintf("job_%d", i))
			d.card(id, jobs.Place{Surface: "slack", Workspace: fmt.Sprint("T", i%100), Channel: "C"})
			d.over(id, jobs.StatusCompleted)
		}
		d.report()
		d.after(5 * time.Minute)
		shown := map[jobs.JobID]int{}
		for _, e := range d.edits() {
			shown[e.Post.Card.Job]++
		}
		if most := slices.MaxFunc(d.edits(), func(a, b bottest.Call) int { return cmp.Compare(shown[a.Post.Card.Job], shown[b.Post.Card.Job]) }); len(shown) != 1_200 || shown[most.Post.Card.Job] != 1 {
			t.Errorf("%d of 1200 ends are shown, the one of %s %d times", len(shown), most.Post.Card.Job, shown[most.Post.Card.Job])
		}
	})
}

func TestNewReporter_wantsAllItNeeds(t *testing.T) {
	t.Parallel()
	if _, err := bot.NewReporter(bot.ReporterConfig{}); err == nil {
		t.Error("a Reporter of nothing")
	}
}
