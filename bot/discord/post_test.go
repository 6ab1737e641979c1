package discord_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/discord"
	"github.com/askbob/bob/bot/discord/discordfake"
	"github.com/askbob/bob/jobs"
)

// desk is a front end that only speaks.
type desk struct {
	*office

	front *discord.FrontEnd
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	o := newOffice(t)
	t.Cleanup(func() { conforms(t, o.Server) })
	return &desk{office: o, front: newFront(t, o.Server, nil)}
}

func (d *desk) post(t *testing.T, p bot.Post) bot.Placed {
	t.Helper()
	at, err := d.front.Post(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func trouble(err error) bot.Trouble {
	if e, ok := errors.AsType[*bot.DeliveryError](err); ok {
		return e.Trouble
	}
	return ""
}

func small(title string) *bot.Card {
	return &bot.Card{Job: "job_1", Title: title, Status: jobs.StatusRunning, State: "▶️ Running", Percent: 10}
}

func TestPost_makesAThreadOfTheCard(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	at := d.post(t, bot.Post{Key: "1", Place: d.place(""), Card: small("Sales\n of Q4")})
	if at.Place != d.place(at.Message) {
		t.Errorf("posted at %+v", at)
	}
	if c, ok := d.Channel(at.Message); !ok || c.Name != "Sales of Q4" || c.Parent != d.channel {
		t.Errorf("the thread is %+v", c)
	}
	again := d.post(t, bot.Post{Key: "1", Place: d.place(""), Card: small("Sales")})
	if again != at || len(d.Messages(d.channel)) != 1 {
		t.Errorf("posted again at %+v, with %d messages", again, len(d.Messages(d.channel)))
	}
}

func TestPost_makesAThreadOfTheMessageThatAsked(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	asked := d.Say(d.channel, "700", "do it", nil)
	at := d.post(t, bot.Post{Key: "1", Place: d.place(asked), Card: small("Sales")})
	if at.Place != d.place(asked) || len(d.Messages(asked)) != 1 || len(d.Messages(d.channel)) != 1 {
		t.Errorf("posted at %+v", at)
	}
	if err := d.front.Edit(t.Context(), at, bot.Post{Card: small("Sales")}); err != nil || d.Messages(asked)[0].Edits != 1 {
		t.Errorf("edited %d times, %v", d.Messages(asked)[0].Edits, err)
	}
	d.Remove(d.channel)
	if _, err := d.front.Post(t.Context(), bot.Post{Key: "2", Place: d.place("4711"), Text: "x"}); trouble(err) != bot.TroubleGone {
		t.Errorf("a thread of a message that is gone: %v", err)
	}
}

// TestPost_aThreadIsMadeOnce has the answer to the making of a thread be lost.
func TestPost_aThreadIsMadeOnce(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]discordfake.Fault{
		"lost": {Lost: true}, "an error though it was made": {Lost: true}, "a gateway that gives up": {Status: http.StatusGatewayTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			asked := d.Say(d.channel, "700", "do it", nil)
			fault.Method, fault.Path = http.MethodPost, "/channels/"+d.channel+"/messages/"+asked+"/threads"
			d.Fail(fault)
			p := bot.Post{Key: "1", Place: d.place(asked), Card: small("Sales")}
			at, err := d.front.Post(t.Context(), p)
			if fault.Lost && err != nil || !fault.Lost && trouble(err) != bot.TroubleUnsure {
				t.Fatalf("posted at %+v, %v", at, err)
			}
			if err != nil {
				d.post(t, p)
			}
			if n := len(d.Messages(asked)); n != 1 || len(d.Threads(d.channel)) != 2 {
				t.Errorf("%d messages are in the thread, and %d threads", n, len(d.Threads(d.channel)))
			}
		})
	}
}

func TestPost_whatWentUpWithoutItsThreadIsFoundAndGetsIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.post(t, bot.Post{Key: "0", Place: d.place(""), Text: "the one before"})
	p := bot.Post{Key: "1", Place: d.place(""), Card: small("Sales")}
	// The look whether it is there fails too.
	d.Fail(discordfake.Fault{Method: http.MethodGet, Path: "/channels/", Status: http.StatusBadGateway})
	d.Fail(discordfake.Fault{Method: http.MethodPost, Status: http.StatusBadGateway, End: "/threads"})
	if _, err := d.front.Post(t.Context(), p); trouble(err) != bot.TroubleUnsure {
		t.Fatalf("the error is %v", err)
	}
	id := d.Messages(d.channel)[1].ID
	at, err := d.front.Find(t.Context(), p)
	if _, ok := d.Channel(id); err != nil || at.Message != id || at.Place != d.place(id) || !ok {
		t.Errorf("found at %+v, %v", at, err)
	}
}

func TestPost_withoutThreadsAnswersReferToTheFirst(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.Fail(discordfake.Fault{Method: http.MethodPost, Status: http.StatusForbidden, Code: 50013, End: "/threads"})
	first := d.post(t, bot.Post{Key: "1", Place: d.place(""), Card: small("Sales")})
	second := d.post(t, bot.Post{Key: "2", Place: first.Place, Text: "half of it is done"})
	list := d.Messages(d.channel)
	if first.Place != d.place(first.Message) || second.Place != first.Place || len(list) != 2 {
		t.Fatalf("posted at %+v and %+v", first, second)
	}
	want := map[string]any{"message_id": first.Message, "fail_if_not_exists": false}
	if diff := cmp.Diff(want, list[1].Body["message_reference"]); diff != "" {
		t.Error(diff)
	}
	if err := d.front.Edit(t.Context(), first, bot.Post{Card: small("Sales")}); err != nil {
		t.Error(err)
	}
	if at, err := d.front.Find(t.Context(), bot.Post{Key: "2", Place: first.Place, Text: "half of it is done"}); err != nil || at != second {
		t.Errorf("found at %+v, %v", at, err)
	}
	again := newFront(t, d.Server, nil) // after a restart
	if at, err := again.Find(t.Context(), bot.Post{Key: "2", Place: first.Place, Text: "half of it is done"}); err != nil || at.Message != second.Message {
		t.Errorf("after a restart it is found at %+v, %v", at, err)
	}
}

func TestPost_direct(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	place, err := d.front.Direct(t.Context(), d.guild, "700")
	if err != nil || place.Workspace != "" || place.Thread != "" {
		t.Fatalf("reached at %+v, %v", place, err)
	}
	first := d.post(t, bot.Post{Key: "1", Place: place, Card: small("Sales")})
	second := d.post(t, bot.Post{Key: "2", Place: first.Place, Text: "done"})
	list := d.Messages(place.Channel)
	ref, _ := list[1].Body["message_reference"].(map[string]any)
	if first.Place.Thread != first.Message || second.Place != first.Place || ref["message_id"] != first.Message {
		t.Errorf("posted at %+v and %+v, the second refers to %v", first, second, ref)
	}
	if len(d.Threads(place.Channel)) != 0 || len(d.Requests(http.MethodPost, "/channels/"+place.Channel+"/messages/")) != 0 {
		t.Error("a thread of direct messages was asked for")
	}
	if err := d.front.Edit(t.Context(), first, bot.Post{Card: small("Sales")}); err != nil {
		t.Error(err)
	}
	d.Fail(discordfake.Fault{Path: "/users/@me/channels", Status: http.StatusForbidden, Code: 50007})
	if _, err := d.front.Direct(t.Context(), d.guild, "701"); trouble(err) != bot.TroubleGone {
		t.Errorf("a person who takes no messages: %v", err)
	}
	if _, err := d.front.Direct(t.Context(), d.guild, "../guilds/1"); trouble(err) != bot.TroubleGone {
		t.Errorf("no person's ID: %v", err)
	}
}

func TestEdit_opensAThreadThatWasArchived(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	at := d.post(t, bot.Post{Key: "1", Place: d.place(d.thread), Card: small("Sales")})
	d.Archive(d.thread)
	if err := d.front.Edit(t.Context(), at, bot.Post{Card: small("Sales")}); err != nil {
		t.Fatal(err)
	}
	if c, _ := d.Channel(d.thread); c.Archived || d.Messages(d.thread)[0].Edits != 1 {
		t.Errorf("the thread is %+v", c)
	}
}

func TestEdit_ofWhatIsGone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, at := range []bot.Placed{
		{Place: d.place(d.thread), Message: "4711"}, {Place: d.place("4711"), Message: "4712"}, {Place: d.place("x"), Message: "../x"},
	} {
		if err := d.front.Edit(t.Context(), at, bot.Post{Card: small("Sales")}); trouble(err) != bot.TroubleGone {
			t.Errorf("%+v: %v", at, err)
		}
	}
}

func TestPost_files(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	file := func(name string, size int) bot.FileContent {
		return bot.FileContent{Name: name, Data: make([]byte, size)}
	}
	d.post(t, bot.Post{Key: "1", Place: d.place(d.thread), Text: "see", Files: []bot.FileContent{file("a`b.bin", 10<<20+1)}})
	tooLarge := discordfake.Fault{Method: http.MethodPost, Status: http.StatusRequestEntityTooLarge, Code: 40005, End: "/messages"}
	d.Fail(tooLarge)
	d.post(t, bot.Post{Key: "2", Place: d.place(d.thread), Text: "look", Files: []bot.FileContent{file("c.bin", 1)}})
	d.Fail(tooLarge)
	d.Fail(tooLarge)
	d.post(t, bot.Post{Key: "3", Place: d.place(d.thread), Files: []bot.FileContent{file("d.bin", 1), file("e.bin", 3), file("f.bin", 2)}})
	list := d.Messages(d.thread)
	for i, want := range []struct {
		words []string
		files int
	}{
		{[]string{"see", "a'b.bin", "at most 10"}, 0}, {[]string{"look", "c.bin", "on this server"}, 0}, {[]string{"e.bin", "f.bin"}, 1},
	} {
		text := raw(list[i].Body)
		for _, w := range want.words {
			if !strings.Contains(text, w) {
				t.Errorf("%q is not said in %q", w, text)
			}
		}
		if len(list[i].Files) != want.files {
			t.Errorf("%d files stand beside %q, want %d", len(list[i].Files), text, want.files)
		}
	}
}

// A file stands in a message of its own, whose mark nobody sees.
func TestPost_aFileIsFoundByWhatIsSaidOfIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := bot.Post{Key: "1", Place: d.place(d.thread), Files: []bot.FileContent{{Name: "deck.pptx", Data: []byte("1")}, {Name: "chart.png", Data: []byte("3")}}}
	at := d.post(t, p)
	d.post(t, bot.Post{Key: "2", Place: d.place(d.thread), Files: []bot.FileContent{{Name: "deck.pdf", Data: []byte("2")}}})
	if text := raw(d.Messages(d.thread)[0].Body); text != "" {
		t.Errorf("%q stands above the file", text)
	}
	if got, err := newFront(t, d.Server, nil).Find(t.Context(), p); err != nil || got != at {
		t.Errorf("found at %+v, %v; want %+v", got, err, at)
	}
}

func TestPost_waitsForAShortRateLimit(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.Fail(discordfake.Fault{Path: "/channels/", Status: http.StatusTooManyRequests, Retry: 100 * time.Millisecond})
	d.post(t, bot.Post{Key: "1", Place: d.place(d.thread), Text: "x"})
	if n := len(d.Requests(http.MethodPost, "/channels/")); n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
}

func TestPost_aGlobalRateLimitHoldsAll(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.Fail(discordfake.Fault{Path: "/channels/", Status: http.StatusTooManyRequests, Retry: time.Minute, Global: true})
	for _, place := range []jobs.Place{d.place(d.thread), d.place("")} {
		_, err := d.front.Post(t.Context(), bot.Post{Key: "1", Place: place, Text: "x"})
		e, ok := errors.AsType[*bot.DeliveryError](err)
		if !ok || e.Trouble != bot.TroubleLater || e.After < 50*time.Second || e.After > time.Minute {
			t.Errorf("the error is %v", err)
		}
	}
	if n := len(d.Requests(http.MethodPost, "/channels/")); n != 1 {
		t.Errorf("asked %d times, want 1", n)
	}
}

func TestPost_troubles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault discordfake.Fault
		want  bot.Trouble
	}{
		"lost before it was done": {discordfake.Fault{Lost: true, Before: true}, bot.TroubleUnsure},
		"an error of Discord's":   {discordfake.Fault{Status: http.StatusInternalServerError}, bot.TroubleUnsure},
		"a token that is refused": {discordfake.Fault{Status: http.StatusUnauthorized}, bot.TroubleRevoked},
		"no access":               {discordfake.Fault{Status: http.StatusForbidden, Code: 50001}, bot.TroubleGone},
		"a bad form":              {discordfake.Fault{Status: http.StatusBadRequest, Code: 50035}, bot.TroubleRefused},
		"a shared rate limit":     {discordfake.Fault{Status: http.StatusTooManyRequests, Retry: time.Minute, Shared: true}, bot.TroubleLater},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			c.fault.Path = "/channels/"
			d.Fail(c.fault)
			if _, err := d.front.Post(t.Context(), bot.Post{Key: "1", Place: d.place(d.thread), Text: "x"}); trouble(err) != c.want {
				t.Errorf("the error is %v, want %s", err, c.want)
			}
		})
	}
	d := newDesk(t)
	d.Close() // nobody listens
	if _, err := d.front.Post(t.Context(), bot.Post{Key: "1", Place: d.place(d.thread), Text: "x"}); trouble(err) != bot.TroubleLater {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestPost_ofAGuildThatThrewBobOut(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.Leave(d.guild)
	d.Remove(d.channel)
	if _, err := d.front.Post(t.Context(), bot.Post{Key: "1", Place: d.place(""), Text: "x"}); trouble(err) != bot.TroubleRevoked {
		t.Errorf("the error is %v", err)
	}
}

func TestFind_looksBackFar(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := bot.Post{Key: "1", Place: d.place(d.thread), Card: small("Sales")}
	at := d.post(t, p)
	for range 250 {
		d.Say(d.thread, "700", "talk", nil)
	}
	other := newFront(t, d.Server, nil)
	if err := other.Edit(t.Context(), at, bot.Post{Card: small("Sales")}); err != nil { // which knows no mark
		t.Fatal(err)
	}
	if got, err := other.Find(t.Context(), p); err != nil || got != at {
		t.Errorf("found at %+v, %v", got, err)
	}
	forged := bot.Post{Key: "2", Place: d.place(d.thread), Text: "x"}
	mine := d.post(t, forged)
	d.Say(d.thread, "700", raw(d.Messages(d.thread)[len(d.Messages(d.thread))-1].Body), nil)
	if got, err := other.Find(t.Context(), forged); err != nil || got != mine {
		t.Errorf("what somebody else wrote was found at %+v, %v", got, err)
	}
}

func TestLinksHaveNoPreview(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.post(t, bot.Post{Key: "1", Place: d.place(d.thread), Text: "see https://example.com/a and [the bank](https://evil.example/b)"})
	body := d.Messages(d.thread)[0].Body
	want := "see <https://example.com/a> and [the bank](<https://evil.example/b>) (evil.example)"
	if text := raw(body); !strings.HasPrefix(text, want) || body["flags"] != float64(4) {
		t.Errorf("posted %q with flags %v, want %q", text, body["flags"], want)
	}
	d.post(t, bot.Post{Key: "2", Place: d.place(d.thread), Card: &bot.Card{Job: "job_1", Title: "https://example.com", Percent: -1}})
	if text := raw(d.Messages(d.thread)[1].Body); strings.Contains(text, "https://") {
		t.Errorf("the title is a link in %q", text)
	}
}

func TestCommands_areRegisteredOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.open(t)
	until(t, o.Server, "the commands", func() bool { return len(o.Commands()) == 4 })
	if want, _ := discord.Commands(); len(want) > 8000*2 || !strings.Contains(string(want), "Give this to Bob") {
		t.Errorf("the commands are %d bytes", len(want))
	}
	again := newEars()
	run(t, newFront(t, o.Server, nil), again)
	until(t, o.Server, "a second session", func() bool {
		return o.Lines() == 2 && len(o.Requests(http.MethodGet, "/applications/901/commands")) == 2
	})
	hears(t, o.Server, o.ears, "x")
	if n := len(o.Requests(http.MethodPut, "/applications/901/commands")); n != 1 {
		t.Errorf("registered %d times, want 1", n)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	s := newFake(t)
	found := newFront(t, s, nil).Check(t.Context())
	var names []string
	for _, f := range found {
		if !f.OK || f.Text == "" {
			t.Errorf("%+v", f)
		}
		names = append(names, f.Name)
	}
	want := []string{"discord token", "discord message content", "discord gateway", "discord commands", "discord invite"}
	if !slices.Equal(names, want) || !strings.Contains(found[4].Text, "client_id=901") || !strings.Contains(found[4].Text, "permissions=") {
		t.Errorf("found %v", found)
	}
	s.Starts(0, 1)
	s.Flags(0)
	found = newFront(t, s, nil).Check(t.Context())
	if found[1].OK || found[2].OK || !strings.Contains(found[1].Text, "Message Content Intent") || !strings.Contains(found[2].Text, "1m0s") {
		t.Errorf("found %v", found)
	}
	found = newFront(t, s, func(c *discord.Config) { c.Token = "wrong" }).Check(t.Context())
	if len(found) != 1 || found[0].OK || !strings.Contains(found[0].Text, "discord.token") {
		t.Errorf("found %v", found)
	}
}
