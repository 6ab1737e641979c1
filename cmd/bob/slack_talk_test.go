package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/askbob/bob/bot/slack/slackfake"
)

// held is a model that does not answer what is for a purpose until it is let go.
func held(t *testing.T, what string) (model *foe, letGo chan struct{}) {
	t.Helper()
	letGo = make(chan struct{})
	return newFoe(t, func(a asked) blow {
		if a.what != what {
			return good
		}
		return func(w http.ResponseWriter, r *http.Request, a asked) {
			select {
			case <-letGo:
				good(w, r, a)
			case <-r.Context().Done():
			}
		}
	}), letGo
}

// TestSlack_acknowledgesBeforeThePlan: who gives a job sees what became of it while
// nothing is planned yet, and how to ask for it.
func TestSlack_acknowledgesBeforeThePlan(t *testing.T) {
	t.Parallel()
	model, _ := held(t, forPlan)
	o := enterOffice(t, model.url, nil)
	thread, _ := o.ask("Analyze mark-1", nil)
	card := o.until(thread, "ID job_")
	id := o.theJob()
	for _, want := range []string{"Analyze mark-1", "Planning", "ID " + id, "status " + id} {
		if !strings.Contains(card.Words(), want) {
			t.Errorf("no %q in: %s", want, o.words(&card))
		}
	}
	o.press(card, "Pause")
	card = o.until(thread, "⏸️ Being paused")
	o.press(card, "Resume")
	o.until(thread, "Planning")
	o.press(card, "Cancel")
	o.until(thread, "🚫 Cancelled\n")
	o.until(thread, "Cancelled: ")
	o.stop()
	card, done := o.once(thread, "🚫 Cancelled", "Cancelled")
	if !strings.Contains(card.Words(), "  0%\n") || strings.Contains(done.Words(), "Good result") {
		t.Errorf("cancelled before it began:\n%s\n%s", o.words(&card), o.words(&done))
	}
}

// TestSlack_commands asks for a job that works, by /bob.
func TestSlack_commands(t *testing.T) {
	t.Parallel()
	model, letGo := held(t, forWork)
	o := enterOffice(t, model.url, nil)
	o.answered("Compare mark-2", "is on its way")
	var thread string
	o.wait(func() bool {
		for _, m := range o.fake.Messages("T1", "C1") {
			if strings.Contains(m.Words(), "ID job_") {
				thread = m.TS
			}
		}
		return thread != ""
	})
	id := o.theJob()
	for text, want := range map[string]string{
		"status " + id: "The job of mark-2", "status": id, "jobs": "Jobs: 1 active", "plan " + id: "Part 1", "help": "What you can say to Bob",
		"status job_00000000": "job_00000000", "staus": "status",
	} {
		o.answered(text, want)
	}
	close(letGo)
	o.until("", "Completed")
	o.stop()
}

// answered has a person type a command, and checks what only they are told.
func (o *office) answered(text, want string) {
	o.t.Helper()
	d := o.fake.Command("T1", "C1", "UANN", text)
	answer, err := d.Answer(o.t.Context())
	if err != nil {
		o.t.Fatalf("/bob %s: %v", text, err)
	}
	m := slackfake.Message{Blocks: answer}
	if !strings.Contains(m.Words(), want) {
		o.t.Errorf("/bob %s answers without %q: %s", text, want, m.Words())
	}
}

// TestSlack_approval has a plan made cheaper, and lets it run.
func TestSlack_approval(t *testing.T) {
	t.Parallel()
	o := enterOffice(t, "", map[string]string{"BOB_JOBS_APPROVAL": "always"})
	thread, _ := o.ask("Analyze the Q4 sales data and create a presentation", fewSales())
	asks := o.until(thread, "@UANN")
	for _, label := range []string{"Run", "View plan", "Edit", "Cheaper", "Cancel"} {
		if !slices.Contains(asks.Labels(), label) {
			t.Errorf("no button %q: %s", label, o.words(&asks))
		}
	}
	o.press(asks, "Cheaper")
	var second slackfake.Message
	o.wait(func() bool {
		list := o.said(thread)
		second = list[len(list)-1]
		return second.TS != asks.TS && slices.Contains(second.Labels(), "Run")
	})
	stale := o.press(asks, "Run")
	o.wait(func() bool {
		return slices.ContainsFunc(o.said(thread), func(m slackfake.Message) bool {
			return m.For == "UANN" && strings.Contains(m.Words(), "That plan is out of date: the newest revision is 2.")
		})
	})
	if _, err := stale.Answer(t.Context()); err != nil {
		t.Error(err)
	}
	o.press(second, "Run")
	o.until(thread, "Completed: ")
	o.completed(thread)
	o.stop()
	o.once(thread, "✅ Completed", "Completed")
}

// TestSlack_question is answered by a reply in the thread.
func TestSlack_question(t *testing.T) {
	t.Parallel()
	model := newFoe(t, func(a asked) blow {
		if a.what == forPlan && a.nth == 1 {
			return ends("stop", `{"title":"The year of mark-3","questions":["Which year?"],"nodes":[]}`)
		}
		return good
	})
	o := enterOffice(t, model.url, nil)
	thread, _ := o.ask("Sum up mark-3", nil)
	asks := o.until(thread, "@UANN")
	o.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "UANN", Thread: thread, Text: "2025"})
	o.until(thread, "Completed: ")
	o.completed(thread)
	o.stop()
	if !strings.Contains(asks.Words(), "Which year?") || !slices.Contains(asks.Labels(), "Answer") {
		t.Errorf("asked: %s", o.words(&asks))
	}
	o.once(thread, "✅ Completed", "Completed")
}

// TestSlack_isDown: a result that Slack does not take comes when it is back, once.
func TestSlack_isDown(t *testing.T) {
	t.Parallel()
	o, thread, _, letGo := atWork(t, "Compare mark-4", nil)
	down := slackfake.Fault{Status: http.StatusInternalServerError}
	o.fake.Fail("chat.postMessage", down, slackfake.Fault{Lose: true})
	o.fake.Fail("chat.update", down, down)
	close(letGo)
	o.until(thread, "Completed: ")
	o.completed(thread)
	o.stop()
	// The card, the end that was refused, and the end whose answer was lost: that one was found.
	if n := o.fake.Calls("chat.postMessage"); n != 3 {
		t.Errorf("%d messages were sent, want 3", n)
	}
	o.once(thread, "✅ Completed", "Completed")
}

// TestSlack_restart: a card and the end of a job outlive bob serve.
func TestSlack_restart(t *testing.T) {
	t.Parallel()
	o, thread, _, letGo := atWork(t, "Compare mark-5", map[string]string{"BOB_JOBS_STOP_GRACE": "0s"})
	o.stop()
	close(letGo)
	o.start()
	o.until(thread, "Completed: ")
	o.completed(thread)
	o.stop()
	o.start() // says nothing again
	o.stop()
	o.once(thread, "✅ Completed", "Completed")
}
