package slack_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/slack"
	"github.com/askbob/bob/bot/slack/slackfake"
	"github.com/askbob/bob/jobs"
)

func TestSlack_hearsEveryWayIn(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, mode, setup{})
			berlin, err := time.LoadLocation("Europe/Berlin")
			if err != nil {
				t.Fatal(err)
			}
			s.fake.Know("U1", map[string]any{
				"id": "U1", "name": "ann", "real_name": "Ann Ode", "is_admin": true, "tz": "Europe/Berlin", "locale": "de-DE",
				"profile": map[string]any{"display_name": "Ann"},
			})
			ann := bot.User{ID: "U1", Name: "Ann", Admin: true, Zone: berlin, Locale: "de-DE"}

			s.taken(s.fake.Command("T1", "C1", "U1", "sum &lt;this&gt; for <@U2|ben>"))
			root, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "<@U0BOB> make slides &amp; a table"})
			s.taken(events[0])
			s.taken(events[1])
			reply, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "also in French", Thread: root})
			s.taken(events[0])
			again, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "<@U0BOB> status", Thread: root})
			s.taken(events[0])
			s.taken(events[1])
			file := s.fake.AddFile("q4.csv", []byte("a,b\n1,2\n"))
			direct, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "DU1", User: "U1", Text: "use the file", Files: []*slackfake.File{file}})
			s.taken(events[0])
			s.taken(s.fake.MessageShortcut("T1", "C1", reply, "U1", "bob_message_job"))

			got := s.ear.messages()
			trigger := got[0].Keys[0]
			menu := got[len(got)-1].Keys
			s.same(got, []bot.Message{
				{Keys: []string{trigger}, Place: slackPlace("C1", ""), User: ann, Text: "sum <this> for @ben", Way: bot.WayCommand, Reach: bot.ReachWorkspace},
				{Keys: []string{got[1].Keys[0], "slack:message:T1:C1:" + root}, Place: slackPlace("C1", root), ID: root, User: ann, Text: "make slides & a table", Way: bot.WayMention, Reach: bot.ReachWorkspace},
				{Keys: []string{got[2].Keys[0], "slack:message:T1:C1:" + reply}, Place: slackPlace("C1", root), ID: reply, User: ann, Text: "also in French", Way: bot.WayReply, Reach: bot.ReachWorkspace},
				{Keys: []string{got[3].Keys[0], "slack:message:T1:C1:" + again}, Place: slackPlace("C1", root), ID: again, User: ann, Text: "status", Way: bot.WayMention, Reach: bot.ReachWorkspace},
				{
					Keys: []string{got[4].Keys[0], "slack:message:T1:DU1:" + direct}, Place: slackPlace("DU1", direct), ID: direct, User: ann, Text: "use the file",
					Way: bot.WayDirect, Direct: true, Files: []bot.File{{Name: "q4.csv", Size: 8}},
				},
				{Keys: menu, Place: slackPlace("C1", root), ID: reply, User: ann, Text: "also in French", Way: bot.WayMenu, Reach: bot.ReachWorkspace},
			})
			if !strings.HasPrefix(trigger, "slack:trigger:") || !strings.HasPrefix(got[1].Keys[0], "slack:event:Ev") || menu[0] == trigger {
				t.Errorf("keys %q %q %q", trigger, got[1].Keys, menu)
			}
		})
	}
}

func TestSlack_fetchesFilesWhole(t *testing.T) {
	t.Parallel()
	var read, large []byte
	var tooLarge error
	s := newStage(t, slack.ModeSocket, setup{ear: &ear{hear: func(ctx context.Context, m bot.Message) (bot.Reply, error) {
		for i, into := range []*[]byte{&read, &large} {
			r, err := m.Files[i].Open(ctx)
			if err != nil {
				return bot.Reply{}, err
			}
			*into, err = io.ReadAll(r)
			if i == 1 {
				tooLarge = err
			}
			if err := r.Close(); err != nil {
				return bot.Reply{}, err
			}
		}
		return bot.Reply{}, nil
	}}})
	small, big := s.fake.AddFile("../a.csv", []byte("1\n\x00\xff")), s.fake.AddFile("big.bin", make([]byte, jobs.MaxFile+1))
	_, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "DU1", User: "U1", Text: "read", Files: []*slackfake.File{small, big}})
	s.taken(events[0])
	if string(read) != "1\n\x00\xff" || s.ear.messages()[0].Files[0].Name != "a.csv" {
		t.Errorf("read %q of %q", read, s.ear.messages()[0].Files[0].Name)
	}
	if _, ok := errors.AsType[*jobs.UserError](tooLarge); !ok || len(large) > jobs.MaxFile {
		t.Errorf("%d bytes of a file that is too large, error %v", len(large), tooLarge)
	}
}

func TestSlack_ignoresWhatNobodySaysToIt(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, mode, setup{})
			root, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "good morning"})
			for _, p := range []slackfake.Speech{
				{Channel: "C1", User: "U0BOB", Text: "I am Bob", Thread: root},
				{Channel: "C1", User: "U2", Text: "beep <@U0BOB>", BotID: "B2"},
				{Channel: "C1", User: "U1", Text: "changed <@U0BOB>", Edited: true},
				{Channel: "DU1", User: "U1", Text: "changed", Subtype: "message_changed"},
				{Channel: "DU1", User: "U1", Text: "deleted", Subtype: "message_deleted"},
				{Channel: "C1", User: "U1", Text: "joined", Subtype: "channel_join", Thread: root},
				{Channel: "DU1", User: "U0BOB", Text: "mine"},
			} {
				p.Team = "T1"
				_, more := s.fake.Say(p)
				events = append(events, more...)
			}
			events = append(events,
				s.fake.Event("T1", map[string]any{"type": "no_such_event"}),
				s.fake.React("T1", "C1", root, "U1", "eyes"),
				s.fake.OpenHome("T1", "U1", "messages"))
			for _, d := range events {
				s.taken(d)
				if d.Tries() != 1 {
					t.Errorf("%s was sent %d times", d.ID, d.Tries())
				}
			}
			if got := s.ear.messages(); len(got) != 0 {
				t.Errorf("heard %+v", got)
			}
			if got := s.ear.clicked(); len(got) != 0 {
				t.Errorf("clicked %+v", got)
			}
		})
	}
}

func TestSlack_redeliveryBringsTheSameKeys(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, mode, setup{})
			_, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "<@U0BOB> once"})
			s.taken(events[1])
			s.taken(s.fake.Again(events[1]))
			command := s.fake.Command("T1", "C1", "U1", "twice")
			s.taken(command)
			s.taken(s.fake.Again(command))
			got := s.ear.messages()
			if len(got) != 4 {
				t.Fatalf("heard %d times, want 4", len(got))
			}
			s.same(got[1].Keys, got[0].Keys)
			s.same(got[3].Keys, got[2].Keys)
			if len(got[0].Keys) != 2 || len(got[2].Keys) != 1 {
				t.Errorf("keys %q, %q", got[0].Keys, got[2].Keys)
			}
		})
	}
}

func TestSlack_answersOnlyWhatIsDurable(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			begun, written := make(chan struct{}, 2), make(chan struct{})
			s := newStage(t, mode, setup{ear: &ear{hear: func(ctx context.Context, _ bot.Message) (bot.Reply, error) {
				begun <- struct{}{}
				select {
				case <-written:
				case <-ctx.Done():
				}
				return bot.Reply{}, ctx.Err()
			}}})
			command := s.fake.Command("T1", "C1", "U1", "work")
			_, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "DU1", User: "U1", Text: "work"})
			<-begun
			<-begun
			if got := s.fake.Acked(); len(got) != 0 {
				t.Errorf("%q were answered before they were durable", got)
			}
			close(written)
			s.taken(command)
			s.taken(events[0])
		})
	}
}

func TestSlack_aSlowStoreIsStillInTime(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, mode, setup{ear: &ear{hear: func(ctx context.Context, _ bot.Message) (bot.Reply, error) {
				select {
				case <-time.After(2 * time.Second):
				case <-ctx.Done():
				}
				return bot.Reply{Text: "written"}, nil
			}}})
			command := s.fake.Command("T1", "C1", "U1", "work")
			_, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "DU1", User: "U1", Text: "work"})
			answer := string(s.taken(command))
			s.taken(events[0])
			if !strings.Contains(answer, "written") || command.Took() < 2*time.Second || events[0].Tries() != 1 || s.fake.Late() != 0 {
				t.Errorf("answered %s after %v, the event was sent %d times", answer, command.Took(), events[0].Tries())
			}
		})
	}
}

func TestSlack_aFailedEventIsToldOnceAndComesAgain(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			failures := make(chan error, 2)
			failures <- errors.New("database is locked: /var/secret")
			failures <- errors.New("again")
			s := newStage(t, mode, setup{
				fake: slackfake.Config{AckWithin: time.Second},
				ear: &ear{hear: func(context.Context, bot.Message) (bot.Reply, error) {
					select {
					case err := <-failures:
						return bot.Reply{}, err
					default:
						return bot.Reply{}, nil
					}
				}},
			})
			_, events := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "<@U0BOB> work"})
			s.taken(events[1])
			if got := events[1].Tries(); got != 3 {
				t.Errorf("sent %d times, want 3", got)
			}
			told := s.shown("C1", 2)[1]
			if told.For != "U1" || !strings.Contains(told.Words(), "Something went wrong inside Bob") || strings.Contains(told.Words(), "secret") {
				t.Errorf("told %+v: %q", told, told.Words())
			}
		})
	}
}

func TestSlack_aFailedCommandSaysSo(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, mode, setup{ear: &ear{hear: func(_ context.Context, m bot.Message) (bot.Reply, error) {
				switch m.Text {
				case "panic":
					panic("oh")
				case "seen":
					return bot.Reply{}, jobs.ErrSeen
				case "nobody":
					return bot.Reply{Text: "No such job: <!channel>", Warning: true}, nil
				}
				return bot.Reply{}, errors.New("disk /var/secret is full")
			}}})
			for text, want := range map[string]string{"fail": "please try again", "panic": "Something went wrong inside Bob", "nobody": "No such job: &lt;!"} {
				answer := string(s.taken(s.fake.Command("T1", "C1", "U1", text)))
				answer = strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace(answer)
				if !strings.Contains(answer, want) || !strings.Contains(answer, "ephemeral") || strings.Contains(answer, "secret") {
					t.Errorf("%s: answered %s, want %q", text, answer, want)
				}
			}
			if answer := string(s.taken(s.fake.Command("T1", "C1", "U1", "seen"))); answer != "" && answer != "null" {
				t.Errorf("answered %s to what was heard before", answer)
			}
		})
	}
}

func TestSlack_aLongReplyToACommandFollowsIt(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{ear: &ear{hear: func(context.Context, bot.Message) (bot.Reply, error) {
		page := &bot.Page{Kind: bot.PageHelp, Title: "Help", Parts: []bot.Part{{Lines: make([]string, 40)}}}
		for i := range page.Parts[0].Lines {
			page.Parts[0].Lines[i] = strings.Repeat("long ", 40)
		}
		page.Parts[0].Lines[0] = "the first line"
		return bot.Reply{Page: page, Public: true}, nil
	}}})
	if answer := string(s.taken(s.fake.Command("T1", "C1", "U1", "help"))); len(answer) > 20<<10 {
		t.Errorf("%d bytes were answered, which Slack drops", len(answer))
	}
	if got := s.fake.Messages("T1", "C1"); len(got) > 0 && (got[0].For != "" || !strings.Contains(got[0].Words(), "the first line")) {
		t.Errorf("said %+v", got[0])
	}
}

func TestSlack_repliesWhereThePersonSpoke(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{ear: &ear{hear: func(_ context.Context, m bot.Message) (bot.Reply, error) {
		return bot.Reply{Text: "re: " + m.Text, Public: m.Text == "public"}, nil
	}}})
	root, _ := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "hello"})
	s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "private", Thread: root})
	private := s.shown("C1", 3)[2]
	s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "public", Thread: root})
	public := s.shown("C1", 5)[4]
	if private.For != "U1" || private.Thread != root || public.For != "" || public.Thread != root {
		t.Errorf("replied %+v and %+v", private, public)
	}
	s.fake.Say(slackfake.Speech{Team: "T1", Channel: "DU1", User: "U1", Text: "alone"})
	if got := s.shown("DU1", 2)[1]; got.For != "" || got.Thread != "" || got.Words() != "re: alone" || got.Unfurls {
		t.Errorf("replied %+v", got)
	}
	s.fake.Fail("chat.postEphemeral", slackfake.Fault{Error: "user_not_in_channel"})
	s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "shy", Thread: root})
	if got := s.shown("DU1", 3)[2]; got.Words() != "re: shy" {
		t.Errorf("replied %+v", got)
	}
}

func TestSlack_stopSignsAreClicks(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, mode, setup{ear: &ear{click: func(context.Context, bot.Click) (bot.Reply, error) {
				return bot.Reply{Text: "Stop sign seen.", Public: true}, nil
			}}})
			root, card := s.posted()
			s.taken(s.fake.React("T1", "C1", root, "U1", "octagonal_sign"))
			s.taken(s.fake.React("T1", "C1", card, "U2", "octagonal_sign"))
			s.taken(s.fake.React("T1", "C1", card, "U2", "tada"))
			stop := bot.Button{Action: bot.ActStop}
			atCard := stop
			atCard.Job = theJob
			got := s.ear.clicked()
			if len(got) != 2 {
				t.Fatalf("%d clicks, want 2", len(got))
			}
			s.same(got, []bot.Click{
				{Keys: got[0].Keys, Place: slackPlace("C1", root), User: bot.User{ID: "U1"}, Button: stop},
				{Keys: got[1].Keys, Place: slackPlace("C1", root), At: card, User: bot.User{ID: "U2"}, Button: atCard},
			})
			if len(got[0].Keys) != 1 || got[0].Keys[0] == got[1].Keys[0] {
				t.Errorf("keys %q %q", got[0].Keys, got[1].Keys)
			}
			for _, m := range s.shown("C1", 4)[2:] {
				if m.Words() != "Stop sign seen." || m.Thread != root || m.For != "" {
					t.Errorf("told %+v, want it in the thread", m)
				}
			}
		})
	}
}
