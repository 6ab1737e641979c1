package bot_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/bottest"
	"github.com/askbob/bob/jobs"
)

func TestDelivery_theAckIsTheCardAndMakesTheThread(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.add("job_a", channel("C1"))
		ack := d.store.Tell("job_a", jobs.NoticeAck, "Job submitted: Q4")
		milestone := d.store.Tell("job_a", jobs.NoticeMilestone, "50% done: 2 of 4 steps")
		d.deliver()
		d.after(time.Second)
		d.hasTexts(channel("C1"), "Q4 sales deck (job_a)", "50% done: 2 of 4 steps")
		up := d.front.Up()
		posted, err := d.store.Posted(t.Context(), "job_a")
		if err != nil || posted.Card != up[0].Placed.Message || posted.Place != up[0].Placed.Place || up[1].Placed.Place != posted.Place {
			t.Errorf("the store knows %+v, up are %+v", posted, up)
		}
		if up[0].Post.Key != fmt.Sprintf("n%d.0", ack) || up[1].Post.Mention != "" {
			t.Errorf("key %q, and a milestone mentions %q", up[0].Post.Key, up[1].Post.Mention)
		}
		d.states(bottest.Delivered, ack, milestone)
	})
}

func TestDelivery_whatAsksPeopleMentionsThemAndHasButtons(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		for id, scene := range map[jobs.JobID]string{"job_a": "awaiting-approval", "job_q": "waits-for-answers", "job_m": "waits-for-money"} {
			r, _ := scenes()[scene]()
			r.ID = id
			d.store.Add(r, channel(string(id)), "slack:T1:UANN")
		}
		d.store.Tell("job_a", jobs.NoticeApproval, "The plan waits for your approval.")
		d.store.Tell("job_q", jobs.NoticeQuestion, "Step 3 (Send) asks:\nWas it sent?")
		d.store.Tell("job_m", jobs.NoticeBudget, "The budget is short. Add $1.00, finish with what there is, or stop?")
		d.deliver()
		d.after(time.Second)
		want := map[string]struct {
			text   string
			values []string
		}{
			"job_a": {"✋ **Q4 sales deck** (job_a)\n\nThe plan waits for your approval.\n\n9 steps", []string{
				"approve|job_a|2", "plan|job_a|", "edit|job_a|2", "cheaper|job_a|2", "reject|job_a|2", "details|job_a|",
			}},
			"job_q": {"❓ **Q4 sales deck** (job_q)\n\nStep 3 (Send) asks:\nWas it sent?", []string{"answer|job_q|3", "details|job_q|"}},
			"job_m": {"💰 **Q4 sales deck** (job_m)\n\nThe budget is short.", []string{"add|job_m|1", "finish|job_m|", "cancel|job_m|", "details|job_m|"}},
		}
		for _, m := range d.front.Up() {
			w := want[m.Placed.Place.Channel]
			var values []string
			for _, b := range m.Post.Buttons {
				values = append(values, b.Value())
			}
			same(t, m.Placed.Place.Channel, values, w.values)
			if !strings.HasPrefix(m.Post.Text, w.text) || m.Post.Mention != "UANN" {
				t.Errorf("%q mentions %q, want %q", m.Post.Text, m.Post.Mention, w.text)
			}
			delete(want, m.Placed.Place.Channel)
		}
		if len(want) > 0 {
			t.Errorf("not asked: %v", want)
		}
	})
}

func TestDelivery_aLostAnswerIsNotSaidTwice(t *testing.T) {
	t.Parallel()
	for name, when := range map[string]func(c bottest.Call) bool{
		"card": posts,
		"file": func(c bottest.Call) bool { return posts(c) && len(c.Post.Files) > 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atDesk(t, func(d *desk) {
				lost := failing(bot.TroubleUnsure, 0)
				lost.Done = true
				d.front.Fail(once(lost, when))
				d.add("job_a", channel("C1"))
				d.store.Made("job_a", "done", map[string][]byte{"a.csv": []byte("a")})
				d.over("job_a", jobs.StatusCompleted)
				ack := d.store.Tell("job_a", jobs.NoticeAck, "Job submitted")
				end := d.store.Tell("job_a", jobs.NoticeCompletion, "Job completed")
				d.deliver()
				d.after(time.Minute)
				d.hasTexts(channel("C1"), "(job_a)", "Completed: Q4 sales deck", "a.csv")
				if got := d.front.Calls(bottest.OpFind); len(got) != 1 {
					t.Errorf("looked %d times, want once", len(got))
				}
				d.states(bottest.Delivered, ack, end)
			})
		})
	}
}

func TestDelivery_waitsAsLongAsTheWorkspaceAsks(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		start := time.Now()
		elsewhere := jobs.Place{Surface: "slack", Workspace: "T2", Channel: "C9"}
		d.front.Fail(once(failing(bot.TroubleLater, 40*time.Second), func(c bottest.Call) bool { return posts(c) && c.Post.Place.Channel == "C1" }))
		d.deliver(func(c *bot.DeliveryConfig) { c.WorkspaceAtOnce = 1 })
		for id, at := range map[jobs.JobID]jobs.Place{"job_a": channel("C1"), "job_b": channel("C2"), "job_c": elsewhere} {
			d.add(id, at)
		}
		d.store.Tell("job_a", jobs.NoticeAck, "")
		d.store.Tell("job_b", jobs.NoticeAck, "")
		d.store.Tell("job_c", jobs.NoticeAck, "")
		d.after(39 * time.Second)
		d.hasTexts(channel("C1"))
		d.hasTexts(channel("C2"))
		d.hasTexts(elsewhere, "job_c")
		d.after(5 * time.Second)
		d.hasTexts(channel("C1"), "job_a")
		d.hasTexts(channel("C2"), "job_b")
		if why, until := d.store.Postponed(1); !strings.HasPrefix(why, "later") || until.Sub(start) < 40*time.Second {
			t.Errorf("put off %s because %q", until.Sub(start), why)
		}
	})
}

func TestDelivery_goesOnWherePeopleAreReached(t *testing.T) {
	t.Parallel()
	direct := channel("DUANN")
	thread := channel("C1")
	thread.Thread = "old"
	for name, test := range map[string]struct {
		shut []jobs.Place
		deaf bool
		at   jobs.Place
		want string // of the letter
		text string
	}{
		"the thread is gone":   {shut: []jobs.Place{thread}, at: channel("C1"), want: bottest.Delivered, text: "The thread of this job cannot be written to"},
		"the channel is gone":  {shut: []jobs.Place{channel("C1")}, at: direct, want: bottest.Delivered, text: "The channel of this job cannot be written to"},
		"nobody is reached":    {shut: []jobs.Place{channel("C1")}, deaf: true, want: "given up: gone"},
		"the person is closed": {shut: []jobs.Place{channel("C1"), direct}, want: "given up: gone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atDesk(t, func(d *desk) {
				for _, p := range test.shut {
					d.front.Shut(p)
				}
				if test.deaf {
					d.front.Refuse("UANN")
				}
				d.add("job_a", thread)
				first := d.store.Tell("job_a", jobs.NoticeMilestone, "25% done")
				second := d.store.Tell("job_a", jobs.NoticeReplanned, "planned anew")
				d.deliver()
				d.after(time.Minute)
				d.states(test.want, first, second)
				if test.at == (jobs.Place{}) {
					return
				}
				d.hasTexts(test.at, test.text, "planned anew")
				up := d.front.Up()
				posted, _ := d.store.Posted(t.Context(), "job_a")
				if posted.Place != up[0].Placed.Place || up[1].Placed.Place != posted.Place || strings.Contains(up[1].Post.Text, "cannot be written") {
					t.Errorf("the job is at %+v, its messages at %+v", posted.Place, up)
				}
			})
		})
	}
}

func TestDelivery_saysWhatWasRefusedInFewWords(t *testing.T) {
	t.Parallel()
	refuse := func(until int) func(c bottest.Call) bottest.Fault {
		n := 0
		return func(c bottest.Call) bottest.Fault {
			if n++; posts(c) && n <= until {
				return failing(bot.TroubleRefused, 0)
			}
			return bottest.Fault{}
		}
	}
	t.Run("a card", func(t *testing.T) {
		t.Parallel()
		atDesk(t, func(d *desk) {
			d.front.Fail(refuse(1))
			d.add("job_a", channel("C1"))
			n := d.store.Tell("job_a", jobs.NoticeAck, "Job submitted")
			d.deliver()
			d.after(time.Minute)
			d.hasTexts(channel("C1"), "Running: Q4 sales deck (job_a). Ask for it with: results job_a, or see https://bob.example/jobs/job_a")
			posted, _ := d.store.Posted(t.Context(), "job_a")
			if posted.Card != "" || posted.Place.Thread == "" {
				t.Errorf("a text is taken for the card: %+v", posted)
			}
			d.states(bottest.Delivered, n)
		})
	})
	t.Run("a card of a job without a web page", func(t *testing.T) {
		t.Parallel()
		atDesk(t, func(d *desk) {
			d.front.Fail(refuse(1))
			d.add("job_a", channel("C1"))
			d.store.Tell("job_a", jobs.NoticeAck, "Job submitted")
			d.deliver(func(c *bot.DeliveryConfig) { c.Link = nil })
			d.after(time.Minute)
			if got := d.texts(channel("C1")); len(got) != 1 || !strings.HasSuffix(got[0], "Ask for it with: results job_a") {
				t.Errorf("people are told %q", got)
			}
		})
	})
	t.Run("a file", func(t *testing.T) {
		t.Parallel()
		atDesk(t, func(d *desk) {
			d.front.Fail(func(c bottest.Call) bottest.Fault {
				if posts(c) && len(c.Post.Files) > 0 && c.Post.Files[0].Name == "big.bin" {
					return failing(bot.TroubleRefused, 0)
				}
				return bottest.Fault{}
			})
			d.add("job_a", channel("C1"))
			d.store.Made("job_a", "done", map[string][]byte{"big.bin": make([]byte, 12<<20), "small.txt": []byte("s")})
			d.over("job_a", jobs.StatusCompleted)
			d.store.Tell("job_a", jobs.NoticeCompletion, "Job completed")
			d.deliver()
			d.after(time.Minute)
			d.hasTexts(channel("C1"), "Completed", "The file big.bin (12 MiB) could not be attached here. Ask", "small.txt")
		})
	})
	t.Run("anything", func(t *testing.T) {
		t.Parallel()
		atDesk(t, func(d *desk) {
			d.front.Fail(refuse(99))
			d.add("job_a", channel("C1"))
			n := d.store.Tell("job_a", jobs.NoticeMilestone, "25% done")
			d.deliver()
			d.after(time.Minute)
			d.states("given up: refused: made to fail", n)
			if got := len(d.front.Calls(bottest.OpPost)); got != 2 {
				t.Errorf("tried %d times, want the whole and the short text", got)
			}
		})
	})
}

func TestDelivery_theResultArrivesWhenBobIsBack(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		workspace := channel("")
		d.front.Shut(workspace)
		d.add("job_a", channel("C1"))
		d.over("job_a", jobs.StatusCompleted)
		n := d.store.Tell("job_a", jobs.NoticeCompletion, "Job completed")
		d.deliver()
		d.after(150 * time.Minute)
		if got := len(d.front.Calls(bottest.OpPost)); got != 3 {
			t.Errorf("tried %d times in two and a half hours, want once an hour", got)
		}
		d.states(bottest.Open, n)
		d.front.Reopen(workspace)
		d.after(time.Hour)
		d.hasTexts(channel("C1"), "Completed")
		d.states(bottest.Delivered, n)
	})
}

// TestDelivery_aStuckChannelDelaysNobody has more letters for one dead slow channel,
// and older ones, than are looked at at once.
func TestDelivery_aStuckChannelDelaysNobody(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		d.front.Fail(func(c bottest.Call) bottest.Fault {
			if c.Post.Place.Channel == "slow" {
				return bottest.Fault{Delay: 50 * time.Second}
			}
			return bottest.Fault{}
		})
		for i := range 600 {
			id := jobs.JobID(fmt.Sprintf("job_%d", i))
			d.add(id, channel("slow"))
			d.store.Tell(id, jobs.NoticeMilestone, "slow")
		}
		d.add("job_x", channel("fast"))
		d.deliver()
		d.store.Tell("job_x", jobs.NoticeMilestone, "fast")
		d.after(2 * time.Second)
		d.hasTexts(channel("fast"), "fast")
		d.after(10 * time.Minute)
		if got := len(d.texts(channel("slow"))); got != 12 {
			t.Errorf("%d messages went up in the slow channel in ten minutes, want one every 50 s", got)
		}
	})
}

func TestDelivery_keepsToTheRates(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		for i := range 40 {
			id := jobs.JobID(fmt.Sprintf("job_%d", i))
			d.add(id, channel(fmt.Sprint("C", i%8)))
			d.store.Tell(id, jobs.NoticeMilestone, "x")
			d.store.Tell(id, jobs.NoticeReplanned, "y")
		}
		d.deliver(func(c *bot.DeliveryConfig) { c.WorkspacePerSecond, c.WorkspaceBurst = 4, 6 })
		d.after(time.Minute)
		calls := d.front.Calls(bottest.OpPost)
		if len(calls) != 80 {
			t.Fatalf("%d of 80 messages went up in a minute", len(calls))
		}
		byRoom := map[string][]bottest.Call{"": calls}
		for _, c := range calls {
			byRoom[c.Post.Place.Channel] = append(byRoom[c.Post.Place.Channel], c)
		}
		for room, list := range byRoom {
			perSecond, burst := 1.0, 3.0
			if room == "" {
				perSecond, burst = 4, 6
			}
			for i := range list {
				for j := i; j < len(list); j++ {
					if took := list[j].When.Sub(list[i].When).Seconds(); float64(j-i+1) > burst+took*perSecond+0.01 {
						t.Fatalf("%d messages in %.1f s in %q", j-i+1, took, room)
					}
				}
			}
		}
	})
}

func TestDelivery_saysOnlyWhatIsStillTrue(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		for _, id := range []jobs.JobID{"job_m", "job_u", "job_e", "job_r"} {
			d.add(id, channel(string(id)))
		}
		d.store.Tell("job_m", jobs.NoticeMilestone, "25% done")
		d.store.Tell("job_m", jobs.NoticeMilestone, "50% done")
		d.store.Tell("job_m", jobs.NoticeApproval, "The plan waits") // it runs already
		d.store.Tell("job_m", jobs.NoticeBudget, "no money")         // there is
		d.store.Tell("job_m", jobs.NoticeQuestion, "Which year?")    // answered
		d.store.Tell("job_m", jobs.NoticeMilestone, "75% done")
		if _, err := d.store.Apply(t.Context(), jobs.Mute{Job: "job_u", Muted: true}); err != nil {
			t.Fatal(err)
		}
		for _, kind := range []jobs.NoticeKind{jobs.NoticeMilestone, jobs.NoticeReplanned, jobs.NoticeQuiet, jobs.NoticeCompletion} {
			d.store.Tell("job_u", kind, string(kind))
		}
		d.over("job_u", jobs.StatusCompleted)
		d.store.Tell("job_e", jobs.NoticeMilestone, "25% done")
		d.store.Tell("job_e", jobs.NoticeQuiet, "Nothing has happened")
		d.store.Tell("job_e", jobs.NoticeCompletion, "Job failed")
		d.store.Tell("job_e", jobs.NoticeCompletion, "Job completed")
		d.over("job_e", jobs.StatusCompleted)
		d.store.Tell("job_r", jobs.NoticeCompletion, "Job failed") // and runs again
		d.deliver()
		d.after(time.Minute)
		d.hasTexts(channel("job_m"), "75% done")
		d.hasTexts(channel("job_u"), "Completed")
		d.hasTexts(channel("job_e"), "Completed")
		d.hasTexts(channel("job_r"))
		for n := range int64(14) {
			d.states(bottest.Delivered, n+1)
		}
	})
}

func TestDelivery_aScheduleSpeaksInItsChannel(t *testing.T) {
	t.Parallel()
	atDesk(t, func(d *desk) {
		n := d.store.TellOf("sch_a", channel("C1"), "slack:T1:UANN", "The schedule sch_a ended.")
		m := d.store.TellOf("sch_b", channel("C2"), "slack:T1:UANN", "The schedule sch_b ended.")
		d.front.Shut(channel("C2"))
		d.deliver()
		d.after(time.Minute)
		d.hasTexts(channel("C1"), "The schedule sch_a ended.")
		d.hasTexts(channel("DUANN"), "so it goes on here.\n\nThe schedule sch_b ended.")
		d.states(bottest.Delivered, n, m)
	})
}
