package bot_test

import (
	"errors"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/bottest"
	"github.com/askbob/bob/jobs"
)

func TestDelivery_doesNotPoll(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.add("job_a", channel("C1"))
		d.deliver()
		d.after(time.Hour)
		if got := d.store.Looks(); got > 70 {
			t.Errorf("looked %d times in an hour in which nothing happened", got)
		}
		for range 1000 { // a swarm of changes in a second
			d.store.Change("job_a", func(*jobs.Report) {})
			d.after(time.Millisecond)
		}
		if got := d.store.Looks(); got > 70+12 {
			t.Errorf("looked %d times for one second of changes", got-60)
		}
		d.store.Tell("job_a", jobs.NoticeMilestone, "25% done")
		d.after(lookGap)
		d.hasTexts(channel("C1"), "25% done")
	})
}

// lookGap is how long news wait at most.
const lookGap = 110 * time.Millisecond

func TestDelivery_doesNotPollForALetterThatIsUnderWay(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		n := 0
		d.front.Fail(func(bottest.Call) bottest.Fault {
			if n++; n == 1 {
				return failing(bot.TroubleLater, 0)
			}
			return bottest.Fault{Delay: 50 * time.Second}
		})
		d.add("job_a", channel("C1"))
		d.store.Tell("job_a", jobs.NoticeMilestone, "25% done")
		d.deliver()
		d.after(40 * time.Second)
		if got := d.store.Looks(); got > 15 {
			t.Errorf("looked %d times while a letter was under way", got)
		}
		d.after(time.Minute)
		d.hasTexts(channel("C1"), "25% done")
	})
}

func TestDelivery_whatIsOvertakenHoldsUpNobody(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.add("job_a", channel("C1"))
		d.add("job_b", channel("C2"))
		d.front.Fail(func(c bottest.Call) bottest.Fault {
			if c.Post.Place.Channel == "C1" { // while it goes up, it is overtaken
				if _, err := d.store.Apply(t.Context(), jobs.Delivered{Notice: 1}); err != nil {
					t.Error(err)
				}
			}
			return bottest.Fault{}
		})
		d.store.Tell("job_a", jobs.NoticeMilestone, "25% done")
		d.deliver()
		d.after(time.Second)
		b := d.store.Tell("job_b", jobs.NoticeMilestone, "25% done")
		d.after(time.Second)
		d.states(bottest.Delivered, b)
	})
}

func TestDelivery_survivesTheStoreAndThePlatform(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.add("job_a", channel("C1"))
		d.add("job_b", channel("C2"))
		a := d.store.Tell("job_a", jobs.NoticeMilestone, "25% done")
		d.store.Break(errors.New("no disk"))
		d.front.Fail(once(bottest.Fault{}, func(c bottest.Call) bool {
			if posts(c) && c.Post.Place.Channel == "C2" {
				panic("a fault of the library")
			}
			return false
		}))
		d.deliver()
		d.after(time.Minute)
		d.hasTexts(channel("C1"))
		d.store.Break(nil)
		d.after(10 * time.Second)
		d.hasTexts(channel("C1"), "25% done")
		d.states(bottest.Delivered, a)
		b := d.store.Tell("job_b", jobs.NoticeMilestone, "25% done")
		d.after(time.Second)
		d.states(bottest.Open, b)
		d.front.Fail(nil)
		d.after(time.Minute)
		d.hasTexts(channel("C2"), "25% done")
		d.states(bottest.Delivered, b)
	})
}

func TestDelivery_aStopWaitsForWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		delay time.Duration
		want  string
	}{"a short one": {4 * time.Second, bottest.Delivered}, "not a long one": {40 * time.Second, bottest.Open}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atDesk(t, func(d *desk) {
				d.front.Fail(func(bottest.Call) bottest.Fault { return bottest.Fault{Delay: test.delay} })
				d.add("job_a", channel("C1"))
				n := d.store.Tell("job_a", jobs.NoticeMilestone, "25% done")
				stop := d.deliver()
				d.after(time.Second)
				began := time.Now()
				stop()
				if took := time.Since(began); took > 6*time.Second {
					t.Errorf("the stop took %s", took)
				}
				d.states(test.want, n)
				d.front.Fail(nil)
				d.deliver()
				d.after(time.Minute)
				d.hasTexts(channel("C1"), "25% done")
			})
		})
	}
}

func TestNewDelivery_wantsAllItNeeds(t *testing.T) {
	t.Parallel()
	if _, err := bot.NewDelivery(bot.DeliveryConfig{}); err == nil {
		t.Error("a Delivery of nothing")
	}
}
