package discord_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/discord/discordfake"
)

func TestPost_whereBobMayNotWrite(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.Mute(d.channel)
	if _, err := d.front.Post(t.Context(), bot.Post{Key: "1", Place: d.place(""), Card: small("Sales")}); trouble(err) != bot.TroubleGone {
		t.Errorf("the error is %v", err)
	}
	if at, err := d.front.Direct(t.Context(), d.guild, "700"); err != nil || at.Channel == "" {
		t.Errorf("the person is reached at %+v, %v", at, err)
	}
}

// TestPost_whereBobMayNotWriteInThreads has a thread that he can make, but not use.
func TestPost_whereBobMayNotWriteInThreads(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.MuteThreads(d.channel)
	first := d.post(t, bot.Post{Key: "1", Place: d.place(""), Card: small("Sales")})
	p := bot.Post{Key: "2", Place: first.Place, Text: "half of it is done"}
	second := d.post(t, p)
	list := d.Messages(d.channel)
	if len(list) != 2 || second.Place != first.Place || len(d.Messages(first.Message)) != 0 || len(d.Threads(d.channel)) != 2 {
		t.Fatalf("posted at %+v and %+v, %d messages, threads %v", first, second, len(list), d.Threads(d.channel))
	}
	if ref, _ := list[1].Body["message_reference"].(map[string]any); ref["message_id"] != first.Message {
		t.Errorf("it refers to %v", ref)
	}
	if err := d.front.Edit(t.Context(), first, bot.Post{Card: small("Sales")}); err != nil {
		t.Error(err)
	}
	again := newFront(t, d.Server, nil) // after a restart
	if at, err := again.Find(t.Context(), p); err != nil || at != second {
		t.Errorf("after a restart it is found at %+v, %v", at, err)
	}
}

// Where Bob may not attach files he says so, and which ones there are.
func TestPost_whereBobMayNotAttachFiles(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.Bare(d.thread)
	at := d.post(t, bot.Post{Key: "1", Place: d.place(d.thread), Files: []bot.FileContent{{Name: "deck.pptx", Data: []byte("1")}, {Name: "chart.png", Data: []byte("2")}}})
	list := d.Messages(d.thread)
	if len(list) != 1 || len(list[0].Files) != 0 || at.Message != list[0].ID {
		t.Fatalf("posted at %+v: %+v", at, list)
	}
	for _, want := range []string{"Attach Files", "deck.pptx", "chart.png"} {
		if !strings.Contains(raw(list[0].Body), want) {
			t.Errorf("%q is not said in %s", want, raw(list[0].Body))
		}
	}
}

func TestPost_inALockedThread(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	at := d.post(t, bot.Post{Key: "1", Place: d.place(d.thread), Card: small("Sales")})
	d.Lock(d.thread)
	if _, err := d.front.Post(t.Context(), bot.Post{Key: "2", Place: d.place(d.thread), Text: "x"}); trouble(err) != bot.TroubleGone {
		t.Errorf("posting: %v", err)
	}
	if err := d.front.Edit(t.Context(), at, bot.Post{Card: small("Sales")}); trouble(err) != bot.TroubleGone {
		t.Errorf("editing: %v", err)
	}
}

func TestPost_opensAThreadThatWasArchived(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.Archive(d.thread)
	d.post(t, bot.Post{Key: "1", Place: d.place(d.thread), Text: "x"})
	if c, _ := d.Channel(d.thread); c.Archived || len(d.Messages(d.thread)) != 1 {
		t.Errorf("the thread is %+v", c)
	}
}

// TestEdit_ofAnOldMessage has Discord take no more edits of it: another card is put up,
// and the old one is not asked for again nor taken for the new one.
func TestEdit_ofAnOldMessage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	front := newFront(t, d.Server, nil) // which knows no marks, as after a restart
	old := d.post(t, bot.Post{Key: "1", Place: d.place(d.thread), Card: small("Sales")})
	if err := front.Edit(t.Context(), old, bot.Post{Card: small("Sales")}); err != nil {
		t.Fatal(err)
	}
	d.Wear(d.thread, old.Message)
	for range 2 {
		if err := front.Edit(t.Context(), old, bot.Post{Card: small("Sales")}); trouble(err) != bot.TroubleGone {
			t.Errorf("the error is %v", err)
		}
	}
	if n := len(d.Requests(http.MethodPatch, "/channels/"+d.thread+"/messages/"+old.Message)); n > 4 {
		t.Errorf("it was tried %d times", n)
	}
	fresh := bot.Post{Key: "2", Place: d.place(d.thread), Card: small("Sales")}
	if at, err := front.Find(t.Context(), fresh); err != nil || at.Message != "" {
		t.Errorf("found at %+v, %v", at, err)
	}
	at, err := front.Post(t.Context(), fresh)
	if err != nil || at.Message == old.Message {
		t.Fatalf("posted at %+v, %v", at, err)
	}
	if err := front.Edit(t.Context(), at, bot.Post{Card: small("Sales")}); err != nil {
		t.Error(err)
	}
	d.Fail(discordfake.Fault{Method: http.MethodPatch, Status: http.StatusTooManyRequests, Retry: 0})
	if err := front.Edit(t.Context(), at, bot.Post{Card: small("Sales")}); err != nil {
		t.Errorf("a common rate limit: %v", err)
	}
}
