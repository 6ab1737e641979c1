package slack_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/slack"
	"github.com/askbob/bob/bot/slack/slackfake"
)

// trouble is what an error of a delivery says.
func trouble(t *testing.T, err error) bot.Trouble {
	t.Helper()
	e, ok := errors.AsType[*bot.DeliveryError](err)
	if !ok {
		t.Fatalf("the error is %v, want a delivery's", err)
	}
	return e.Trouble
}

func TestSlack_Post_carriesItsKeyAndJobUnseen(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{idle: true})
	at, err := s.slack.Post(t.Context(), bot.Post{Key: "n7.0", Place: slackPlace("C1", ""), Card: &bot.Card{Job: theJob, Title: "Work"}})
	if err != nil {
		t.Fatal(err)
	}
	m := s.shown("C1", 1)[0]
	var got struct {
		Type    string            `json:"event_type"`
		Payload map[string]string `json:"event_payload"`
	}
	if err := json.Unmarshal(m.Metadata, &got); err != nil {
		t.Fatal(err)
	}
	s.same(got.Payload, map[string]string{"key": "n7.0", "job": string(theJob)})
	if got.Type != "bob_message" || m.Unfurls {
		t.Errorf("metadata of type %q, previews %v", got.Type, m.Unfurls)
	}
	s.same(at, bot.Placed{Place: slackPlace("C1", m.TS), Message: m.TS})
}

func TestSlack_Post_inAThreadThatIsGoneMakesANewOne(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{idle: true})
	root, _ := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "work"})
	s.fake.Delete(root)
	at, err := s.slack.Post(t.Context(), bot.Post{Key: "n1", Place: slackPlace("C1", root), Text: "done"})
	if err != nil || at.Place.Thread != at.Message {
		t.Errorf("posted at %+v, %v, want a thread of its own", at, err)
	}
	found, err := s.slack.Find(t.Context(), bot.Post{Key: "n1", Place: slackPlace("C1", root)})
	if err != nil || found != (bot.Placed{}) {
		t.Errorf("in a thread that is gone there is %+v, %v", found, err)
	}
}

func TestSlack_whatFailsSaysWhatToDo(t *testing.T) {
	t.Parallel()
	now := newClock()
	s := newStage(t, slack.ModeSocket, setup{idle: true, bob: func(c *slack.Config) { c.Now = now.Now }})
	at, err := s.slack.Post(t.Context(), bot.Post{Key: "n0", Place: slackPlace("C1", ""), Card: &bot.Card{Job: theJob}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		fault      slackfake.Fault
		post, edit bot.Trouble
	}{
		{slackfake.Fault{Status: 503}, bot.TroubleUnsure, bot.TroubleLater},
		{slackfake.Fault{Status: 413}, bot.TroubleRefused, bot.TroubleRefused},
		{slackfake.Fault{Lose: true}, bot.TroubleUnsure, bot.TroubleUnsure},
		{slackfake.Fault{Error: "internal_error"}, bot.TroubleUnsure, bot.TroubleLater},
		{slackfake.Fault{Error: "not_in_channel"}, bot.TroubleGone, bot.TroubleGone},
		{slackfake.Fault{Error: "is_archived"}, bot.TroubleGone, bot.TroubleGone},
		{slackfake.Fault{Error: "restricted_action"}, bot.TroubleGone, bot.TroubleGone},
		{slackfake.Fault{Error: "edit_window_closed"}, bot.TroubleGone, bot.TroubleGone},
		{slackfake.Fault{Error: "msg_blocks_too_long"}, bot.TroubleRefused, bot.TroubleRefused},
		{slackfake.Fault{Error: "invalid_blocks"}, bot.TroubleRefused, bot.TroubleRefused},
		{slackfake.Fault{Error: "missing_scope"}, bot.TroubleRefused, bot.TroubleRefused},
		{slackfake.Fault{Error: "token_revoked"}, bot.TroubleRevoked, bot.TroubleRevoked},
		{slackfake.Fault{Error: "invalid_auth"}, bot.TroubleRevoked, bot.TroubleRevoked},
	} {
		now.add(time.Minute)
		s.fake.Fail("chat.*", c.fault)
		_, err := s.slack.Post(t.Context(), bot.Post{Key: "n1", Place: slackPlace("C2", ""), Text: "x"})
		if got := trouble(t, err); got != c.post {
			t.Errorf("%+v: a post is %s, want %s", c.fault, got, c.post)
		}
		s.fake.Fail("chat.*", c.fault)
		if got := trouble(t, s.slack.Edit(t.Context(), at, bot.Post{Card: &bot.Card{Job: theJob}})); got != c.edit {
			t.Errorf("%+v: an edit is %s, want %s", c.fault, got, c.edit)
		}
	}
	s = newStage(t, slack.ModeSocket, setup{idle: true, bob: func(c *slack.Config) { c.APIURL = "http://127.0.0.1:1/" }})
	_, err = s.slack.Post(t.Context(), bot.Post{Key: "n1", Place: slackPlace("C1", ""), Text: "x"})
	if got := trouble(t, err); got != bot.TroubleLater {
		t.Errorf("with nobody there a post is %s, want %s", got, bot.TroubleLater)
	}
}

func TestSlack_Post_aFileThatFailedFollowsItsTextOnce(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]slackfake.Fault{"refused": {Status: 503}, "cut": {Lose: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, slack.ModeSocket, setup{idle: true})
			root, _ := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "work"})
			p := bot.Post{Key: "n1", Place: slackPlace("C1", root), Text: "see", Files: []bot.FileContent{{Name: "a.csv", Data: []byte("1")}}}
			s.fake.Fail("files.completeUploadExternal", fault)
			_, err := s.slack.Post(t.Context(), p)
			if got := trouble(t, err); got != bot.TroubleUnsure {
				t.Fatalf("the file may be up, and the post is %s", got)
			}
			second, err := slack.New(configFor(s.fake, slack.ModeSocket, s.notes)) // after a crash
			if err != nil {
				t.Fatal(err)
			}
			at, err := second.Find(t.Context(), p)
			if err != nil || (at.Message != "") != fault.Lose {
				t.Fatalf("found %+v, %v", at, err)
			}
			if at.Message == "" {
				if at, err = second.Post(t.Context(), p); err != nil {
					t.Fatal(err)
				}
			}
			up := s.shown("C1", 3)
			if at.Place.Thread != root || up[1].Words() != "see" || len(up[2].Files) != 1 || string(up[2].Files[0].Data) != "1" || up[2].Thread != root {
				t.Errorf("at %+v there is %+v", at, up)
			}
		})
	}
}

// TestSlack_Post_aCrashBetweenTwoUploadsShowsNothing lets the second of three files fail
// on its way, at each of its two steps.
func TestSlack_Post_aCrashBetweenTwoUploadsShowsNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{idle: true})
	root, _ := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "work"})
	p := bot.Post{Key: "n1.1-3", Place: slackPlace("C1", root), Text: "see", Files: []bot.FileContent{
		{Name: "a.csv", Data: []byte("1")}, {Name: "b.csv", Data: []byte("22")}, {Name: "c.csv", Data: []byte("333")},
	}}
	s.fake.Fail("files.getUploadURLExternal", slackfake.Fault{}, slackfake.Fault{Status: 503})
	_, err := s.slack.Post(t.Context(), p)
	if got := trouble(t, err); got != bot.TroubleLater {
		t.Errorf("nothing is up, and the post is %s", got)
	}
	s.shown("C1", 1)
	second, err := slack.New(configFor(s.fake, slack.ModeSocket, s.notes)) // after a crash
	if err != nil {
		t.Fatal(err)
	}
	if at, err := second.Find(t.Context(), p); err != nil || at != (bot.Placed{}) {
		t.Errorf("found at %+v, %v", at, err)
	}
	at, err := second.Post(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	up := s.shown("C1", 3)
	if len(up[2].Files) != 3 || up[1].Words() != "see" || at.Message != up[2].Files[0].ID {
		t.Errorf("at %+v there is %+v", at, up)
	}
	if n := s.fake.Calls("files.completeUploadExternal"); n != 1 {
		t.Errorf("files were shared %d times, want once", n)
	}
}

func TestSlack_Find_looksThroughALongThread(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{idle: true})
	root, _ := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "work"})
	for range 450 {
		s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "talk", Thread: root})
	}
	p := bot.Post{Key: "n1", Place: slackPlace("C1", root), Text: "done"}
	at, err := s.slack.Post(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.slack.Find(t.Context(), p); err != nil || got != at {
		t.Errorf("found %+v, %v, want %+v", got, err, at)
	}
}

func TestSlack_isNeverRefusedForBeingTooFast(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{
		idle: true,
		fake: slackfake.Config{Limits: map[string]slackfake.Limit{
			"chat.update": {Calls: 50, Per: time.Minute}, "chat.postMessage": {Calls: 5, Per: time.Second},
			"conversations.replies": {Calls: 50, Per: time.Minute},
		}},
		bob: func(c *slack.Config) { c.Patience = time.Nanosecond },
	})
	root, _ := s.fake.Say(slackfake.Speech{Team: "T1", Channel: "C1", User: "U1", Text: "work"})
	at, err := s.slack.Post(t.Context(), bot.Post{Key: "n0", Place: slackPlace("C1", root), Card: &bot.Card{Job: theJob}})
	if err != nil {
		t.Fatal(err)
	}
	const many = 200
	type outcome struct {
		what string
		err  error
	}
	over := make(chan outcome, 3*many)
	for i := range many {
		go func() {
			over <- outcome{"edit", s.slack.Edit(t.Context(), at, bot.Post{Card: &bot.Card{Job: theJob, Percent: i % 100}})}
		}()
		go func() {
			_, err := s.slack.Post(t.Context(), bot.Post{Key: fmt.Sprint("n", i), Place: slackPlace("C1", root), Text: "x"})
			over <- outcome{"post", err}
		}()
		go func() {
			_, err := s.slack.Find(t.Context(), bot.Post{Key: "none", Place: slackPlace("C1", root)})
			over <- outcome{"find", err}
		}()
	}
	done := map[string]int{}
	for range 3 * many {
		o := <-over
		if o.err == nil {
			done[o.what]++
			continue
		}
		if e, ok := errors.AsType[*bot.DeliveryError](o.err); !ok || e.Trouble != bot.TroubleLater || e.After <= 0 {
			t.Fatalf("%s: %v, want to be put off", o.what, o.err)
		}
	}
	if n := s.fake.Refused(); n != 0 {
		t.Errorf("Slack refused %d calls", n)
	}
	if done["edit"] < 2 || done["post"] < 3 || done["find"] < 2 { // as many as after any start
		t.Errorf("done %v: too timid", done)
	}
}

func TestSlack_afterARefusalItWaitsOnce(t *testing.T) {
	t.Parallel()
	now := newClock()
	s := newStage(t, slack.ModeSocket, setup{idle: true, bob: func(c *slack.Config) { c.Now = now.Now }})
	at, err := s.slack.Post(t.Context(), bot.Post{Key: "n0", Place: slackPlace("C1", ""), Card: &bot.Card{Job: theJob}})
	if err != nil {
		t.Fatal(err)
	}
	s.fake.Fail("chat.update", slackfake.Fault{Status: 429, RetryAfter: 40})
	for i, want := range []time.Duration{40 * time.Second, 40 * time.Second, 10 * time.Second} {
		e, ok := errors.AsType[*bot.DeliveryError](s.slack.Edit(t.Context(), at, bot.Post{Card: &bot.Card{Job: theJob}}))
		if !ok || e.Trouble != bot.TroubleLater || e.After != want {
			t.Errorf("edit %d: %v, want later after %s", i, e, want)
		}
		if i == 1 {
			now.add(30 * time.Second)
		}
	}
	if n := s.fake.Calls("chat.update"); n != 1 {
		t.Errorf("called %d times, want once: Slack said when to come again", n)
	}
	now.add(10 * time.Second)
	if err := s.slack.Edit(t.Context(), at, bot.Post{Card: &bot.Card{Job: theJob}}); err != nil {
		t.Error(err)
	}
}

func TestSlack_Direct_opensTheConversation(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{idle: true})
	at, err := s.slack.Direct(t.Context(), "T1", "U9")
	if err != nil || at != slackPlace("DU9", "") {
		t.Errorf("%+v, %v", at, err)
	}
	s.fake.Fail("conversations.open", slackfake.Fault{Error: "user_disabled"})
	_, err = s.slack.Direct(t.Context(), "T1", "U9")
	if got := trouble(t, err); got != bot.TroubleGone {
		t.Errorf("of somebody who left it is %s, want %s", got, bot.TroubleGone)
	}
}

func TestSlack_Post_endsWithItsContext(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{idle: true})
	ctx, cancel := context.WithCancel(t.Context())
	hold := make(chan struct{})
	defer close(hold)
	s.fake.Fail("chat.postMessage", slackfake.Fault{Wait: hold})
	over := make(chan error, 1)
	go func() {
		_, err := s.slack.Post(ctx, bot.Post{Key: "n1", Place: slackPlace("C1", ""), Text: "x"})
		over <- err
	}()
	s.wait(func() bool { return s.fake.Calls("chat.postMessage") == 1 })
	cancel()
	if got := trouble(t, <-over); got != bot.TroubleUnsure {
		t.Errorf("it may be up, and it is %s", got)
	}
}
