package slack_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/slack"
	"github.com/askbob/bob/bot/slack/slackfake"
	"github.com/askbob/bob/jobs"
)

const theJob = jobs.JobID("job_7k3f9q2x")

// posted is a card that is up in a thread of C1.
func (s *stage) posted() (root, ts string) {
	s.t.Helper()
	root, _ = s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "work"})
	at, err := s.slack.Post(s.t.Context(), bot.Post{Key: "n1", Place: slackPlace("C1", root), Card: &bot.Card{Job: theJob, Title: "Work"}})
	if err != nil {
		s.t.Fatal(err)
	}
	return root, at.Message
}

func replies(byAction map[bot.Action]bot.Reply) *ear {
	return &ear{click: func(_ context.Context, c bot.Click) (bot.Reply, error) {
		r, ok := byAction[c.Button.Action]
		if !ok {
			return bot.Reply{}, errors.New("no such thing in /var/secret")
		}
		return r, nil
	}}
}

func page(title string) *bot.Page {
	return &bot.Page{Kind: bot.PageDetails, Title: title, Parts: []bot.Part{{Lines: []string{title + " in full"}}}}
}

func TestSlack_aButtonOfAMessageIsAClick(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, mode, setup{ear: replies(map[bot.Action]bot.Reply{bot.ActPause: {Text: "Paused."}})})
			root, card := s.posted()
			id, value := pressed(bot.Button{Action: bot.ActPause, Job: theJob, Arg: "1.2"})
			s.taken(s.fake.Press("T1", "C1", card, "U1", id, value))
			got := s.ear.clicked()
			s.same(got, []bot.Click{{
				Keys: got[0].Keys, Place: slackPlace("C1", root), At: card, User: bot.User{ID: "U1", Name: "u1"},
				Button: bot.Button{Action: bot.ActPause, Job: theJob, Arg: "1.2"},
			}})
			if told := s.shown("C1", 3)[2]; told.For != "U1" || told.Thread != root || told.Words() != "Paused." {
				t.Errorf("told %+v", told)
			}
			id, value = pressed(bot.Button{Action: bot.ActGood, Job: theJob})
			s.taken(s.fake.Press("T1", "C1", card, "U1", id, value))
			if told := s.shown("C1", 4)[3].Words(); !strings.Contains(told, "Nothing was done") || strings.Contains(told, "secret") {
				t.Errorf("told %q of a failure", told)
			}
			s.taken(s.fake.Press("T1", "C1", card, "U1", "a_link", "https://example.com"))
			if n := len(s.ear.clicked()); n != 2 {
				t.Errorf("%d clicks, want 2: a link is none", n)
			}
		})
	}
}

func TestSlack_aPageOpensAWindowAtOnceAndFillsIt(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			open := make(chan struct{})
			var atClick []slackfake.View
			e := &ear{}
			s := newStage(t, mode, setup{ear: e})
			e.click = func(context.Context, bot.Click) (bot.Reply, error) {
				if atClick = s.fake.Views(); len(atClick) == 0 {
					t.Error("no window is open while the page is made")
				}
				<-open
				return bot.Reply{Page: page("Details")}, nil
			}
			_, card := s.posted()
			id, value := pressed(bot.Button{Action: bot.ActDetails, Job: theJob, Arg: "0"})
			press := s.fake.Press("T1", "C1", card, "U1", id, value)
			close(open)
			s.taken(press)
			s.wait(func() bool { v := s.fake.Views(); return len(v) == 1 && v[0].Updates == 1 })
			v := s.fake.Views()[0]
			if !strings.Contains(v.Words(), "Details in full") || !strings.Contains(atClick[0].Words(), "One moment") || v.User != "U1" {
				t.Errorf("shows %q, and before %q", v.Words(), atClick[0].Words())
			}
			// A button in the window knows where it was opened, and turns the page there.
			s.taken(s.fake.PressView(v, id, bot.Button{Action: bot.ActDetails, Job: theJob, Arg: "1"}.Value()))
			s.wait(func() bool { return s.fake.Views()[0].Updates == 2 })
			got := s.ear.clicked()
			if len(got) != 2 || got[1].Place != got[0].Place || got[1].Button.Arg != "1" || len(s.fake.Views()) != 1 {
				t.Errorf("clicks %+v, %d windows", got, len(s.fake.Views()))
			}
		})
	}
}

func TestSlack_aWindowSaysWhatWentWrong(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{ear: replies(nil)})
	_, card := s.posted()
	id, value := pressed(bot.Button{Action: bot.ActPlan, Job: theJob})
	s.taken(s.fake.Press("T1", "C1", card, "U1", id, value))
	s.wait(func() bool { v := s.fake.Views(); return len(v) == 1 && v[0].Updates == 1 })
	if words := s.fake.Views()[0].Words(); !strings.Contains(words, "Something went wrong inside Bob") {
		t.Errorf("shows %q", words)
	}
}

// answerForm asks for an answer to a question of the job.
func answerForm() bot.Reply {
	return bot.Reply{Form: &bot.Form{
		Button: bot.Button{Action: bot.ActAnswer, Job: theJob, Arg: "2"}, Title: "Answer", Submit: "Send",
		Fields: []bot.Field{{Key: "answer", Label: "Which quarter?"}},
	}}
}

func TestSlack_aFormComesBackAsAClick(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			e := &ear{}
			e.click = func(_ context.Context, c bot.Click) (bot.Reply, error) {
				switch {
				case c.Fields == nil:
					return answerForm(), nil
				case c.Fields["answer"] == "Q9":
					return bot.Reply{Text: "There is no Q9.", Warning: true}, nil
				}
				return bot.Reply{Text: "Thank you."}, nil
			}
			s := newStage(t, mode, setup{ear: e})
			root, card := s.posted()
			id, value := pressed(bot.Button{Action: bot.ActAnswer, Job: theJob, Arg: "2"})
			s.taken(s.fake.Press("T1", "C1", card, "U1", id, value))
			s.wait(func() bool { v := s.fake.Views(); return len(v) == 1 && v[0].Updates == 1 })
			form := s.fake.Views()[0]
			if !strings.Contains(form.Words(), "Which quarter?") {
				t.Fatalf("the form says %q", form.Words())
			}
			refused := string(s.taken(s.fake.Submit(form, filled(t, form, "Q9"))))
			if !strings.Contains(refused, `"response_action":"errors"`) || !strings.Contains(refused, "There is no Q9.") {
				t.Errorf("a wrong answer got %s", refused)
			}
			if taken := string(s.taken(s.fake.Submit(form, filled(t, form, "Q4")))); taken != "" && taken != "null" {
				t.Errorf("a good answer got %s", taken)
			}
			if told := s.shown("C1", 3)[2]; told.Words() != "Thank you." || told.Thread != root {
				t.Errorf("told %+v", told)
			}
			got := s.ear.clicked()[2]
			s.same(got, bot.Click{
				Keys: got.Keys, Place: slackPlace("C1", root), At: card, User: bot.User{ID: "U1", Name: "u1"},
				Button: bot.Button{Action: bot.ActAnswer, Job: theJob, Arg: "2"}, Fields: map[string]string{"answer": "Q4"},
			})
			s.taken(s.fake.CloseView(form))
		})
	}
}

func TestSlack_theShortcutForANewJobOpensItsForm(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			e := &ear{}
			e.click = func(context.Context, bot.Click) (bot.Reply, error) {
				return bot.Reply{Form: &bot.Form{Button: bot.Button{Action: bot.ActNew}, Title: "New job", Fields: []bot.Field{
					{Key: "request", Label: "What is to be done?", Long: true}, {Key: "budget", Label: "Budget"},
				}}}, nil
			}
			e.hear = func(context.Context, bot.Message) (bot.Reply, error) {
				return bot.Reply{Text: "Job submitted.", Job: theJob}, nil
			}
			s := newStage(t, mode, setup{ear: e})
			s.taken(s.fake.Shortcut("T1", "U1", "bob_new_job"))
			s.wait(func() bool { v := s.fake.Views(); return len(v) == 1 && v[0].Updates == 1 })
			form := s.fake.Views()[0]
			answer := string(s.taken(s.fake.Submit(form, filled(t, form, "count the stars", "0.50"))))
			if !strings.Contains(answer, `"response_action":"update"`) || !strings.Contains(answer, "Job submitted.") {
				t.Errorf("the form got %s", answer)
			}
			got := s.ear.messages()
			if len(got) != 1 {
				t.Fatalf("heard %d, want 1", len(got))
			}
			s.same(got[0], bot.Message{
				Keys: got[0].Keys, Place: slackPlace("DU1", ""), User: bot.User{ID: "U1", Name: "u1"}, Text: "count the stars", Direct: true,
				Way: bot.WayForm, Draft: bot.Draft{Budget: "0.50"},
			})
		})
	}
}

func TestSlack_aCommandMayOpenAForm(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{ear: &ear{hear: func(context.Context, bot.Message) (bot.Reply, error) {
		return answerForm(), nil
	}}})
	s.taken(s.fake.Command("T1", "C1", "U1", "answer"))
	s.wait(func() bool { return len(s.fake.Views()) == 1 })
	s.fake.Fail("views.open", slackfake.Fault{Error: "expired_trigger_id"})
	s.taken(s.fake.Command("T1", "C1", "U1", "answer"))
	if told := s.shown("C1", 1)[0]; told.For != "U1" || !strings.Contains(told.Words(), "did not open in time") {
		t.Errorf("told %+v", told)
	}
}

// TestSlack_aTriggerWhoseTimeIsOver: Slack opens no window for it any more, and the
// person sees what they asked for all the same.
func TestSlack_aTriggerWhoseTimeIsOver(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, mode, setup{ear: replies(map[bot.Action]bot.Reply{
				bot.ActDetails: {Page: page("Details")}, bot.ActAnswer: answerForm(), bot.ActPause: {Text: "Paused."},
			})})
			root, card := s.posted()
			for i, c := range []struct {
				action bot.Action
				want   string
			}{{bot.ActDetails, "Details in full"}, {bot.ActAnswer, "did not open in time"}, {bot.ActPause, "Paused."}} {
				expired := slackfake.Fault{Error: "expired_trigger_id"}
				s.fake.Mend()
				s.fake.Fail("views.open", expired, expired)
				id, value := pressed(bot.Button{Action: c.action, Job: theJob})
				s.taken(s.fake.Press("T1", "C1", card, "U1", id, value))
				told := s.shown("C1", 3+i)[2+i]
				if told.For != "U1" || told.Thread != root || !strings.Contains(told.Words(), c.want) {
					t.Errorf("%s: told %+v: %q", c.action, told, told.Words())
				}
			}
		})
	}
}
