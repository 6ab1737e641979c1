package bot_test

import (
	"errors"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/bottest"
	"github.com/askbob/bob/jobs"
)

// asking is a job that asks people something: the notice that does is returned.
func (d *desk) asking(id jobs.JobID, scene string, kind jobs.NoticeKind, text string) int64 {
	r, _ := scenes()[scene]()
	r.ID = id
	d.store.Add(r, channel(string(id)), "slack:T1:UANN")
	return d.store.Tell(id, kind, text)
}

func edits(c bottest.Call) bool { return c.Op == bottest.OpEdit }

func TestDelivery_whatIsDecidedSaysWhoDidWhatAndHasNoButtons(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scene           string
		kind            jobs.NoticeKind
		ask, by, how    string
		mention, become string
	}{
		"an approval": {
			"awaiting-approval", jobs.NoticeApproval, "The plan waits for your approval.", "slack:T1:UBOB", "approved the plan.",
			"UBOB", "approved the plan.\n\n**Q4 sales deck** (job_a)",
		},
		"a question, answered elsewhere": {
			"waits-for-answers", jobs.NoticeQuestion, "Step 3 (Send) asks:\nWas it sent?", "discord:G1:77", "answered: *yes*",
			"", "**77** answered: \\*yes\\*\n\n**Q4 sales deck** (job_a)\n\nStep 3 (Send) asks:\nWas it sent?",
		},
		"money, and nobody decided": {
			"waits-for-money", jobs.NoticeBudget, "The budget is short.", "", "There is money again.",
			"", "There is money again.\n\n**Q4 sales deck** (job_a)\n\nThe budget is short.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atDesk(t, func(d *desk) {
				ask := d.asking("job_a", test.scene, test.kind, test.ask)
				d.deliver()
				d.after(time.Second)
				was := d.front.Up()[0]
				if got := d.store.AskedAt(ask); got != was.Placed || len(was.Post.Buttons) == 0 {
					t.Fatalf("what asks is at %+v, recorded at %+v", was, got)
				}
				n := d.store.Decide(ask, test.by, test.how)
				d.after(time.Minute)
				up := d.front.Up()
				if len(up) != 1 || up[0].Edits != 1 {
					t.Fatalf("up are %+v", up)
				}
				p := up[0].Post
				if p.Text != test.become || p.Mention != test.mention || len(p.Buttons) > 0 || p.Key != was.Post.Key {
					t.Errorf("it became %+v", p)
				}
				d.states(bottest.Delivered, ask, n)
			})
		})
	}
}

// TestDelivery_whatIsDecidedIsFoundAfterACrash lets the process die when a question is
// up and that is not recorded yet. Meanwhile it is answered.
func TestDelivery_whatIsDecidedIsFoundAfterACrash(t *testing.T) {
	t.Parallel()
	for name, up := range map[string]bool{"it is up": true, "it is not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atDesk(t, func(d *desk) {
				ask := d.asking("job_a", "waits-for-answers", jobs.NoticeQuestion, "Which year?")
				d.front.Fail(func(c bottest.Call) bottest.Fault {
					if !posts(c) {
						return bottest.Fault{}
					}
					d.store.Break(errors.New("the process dies"))
					lost := failing(bot.TroubleUnsure, 0)
					lost.Done = up
					return lost
				})
				stop := d.deliver()
				d.after(time.Second)
				stop()
				d.store.Break(nil)
				n := d.store.Decide(ask, "slack:T1:UANN", "answered: 2025")
				d.deliver()
				d.after(time.Minute)
				if up {
					d.hasTexts(channel("job_a"), "answered: 2025")
				} else {
					d.hasTexts(channel("job_a"))
				}
				d.states(bottest.Delivered, ask, n)
			})
		})
	}
}

func TestDelivery_anEditHoldsUpNothing(t *testing.T) {
	t.Parallel()
	for trouble, want := range map[bot.Trouble]string{
		bot.TroubleLater: bottest.Open, bot.TroubleUnsure: bottest.Open, bot.TroubleRevoked: bottest.Open,
		bot.TroubleGone: bottest.Delivered, bot.TroubleRefused: bottest.Delivered,
	} {
		t.Run(string(trouble), func(t *testing.T) {
			t.Parallel()
			atDesk(t, func(d *desk) {
				ask := d.asking("job_a", "waits-for-answers", jobs.NoticeQuestion, "Which year?")
				d.deliver()
				d.after(time.Second)
				d.front.Fail(func(c bottest.Call) bottest.Fault {
					if edits(c) {
						return failing(trouble, time.Hour)
					}
					return bottest.Fault{}
				})
				n := d.store.Decide(ask, "", "Nobody needs to answer this any more.")
				d.store.Tell("job_a", jobs.NoticeReplanned, "planned anew")
				d.after(20 * time.Second)
				d.hasTexts(channel("job_a"), "Which year?", "planned anew")
				d.states(want, n)
				d.front.Fail(nil)
				d.after(3 * time.Hour)
				d.states(bottest.Delivered, n)
			})
		})
	}
}
