package discord_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/discord/discordfake"
	"github.com/askbob/bob/jobs"
)

// office is a guild with a channel and a thread, and Bob in it.
type office struct {
	*discordfake.Server

	ears                   *ears
	guild, channel, thread string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{Server: newFake(t), ears: newEars()}
	o.guild = o.AddGuild("600")
	o.channel = o.AddChannel(o.guild, "", discordfake.TextChannel)
	o.thread = o.AddChannel(o.guild, o.channel, discordfake.PublicThread)
	return o
}

func (o *office) open(t *testing.T) {
	t.Helper()
	up(t, o.Server, nil, o.ears)
	t.Cleanup(func() { conforms(t, o.Server) })
}

// place is in the channel.
func (o *office) place(thread string) jobs.Place {
	return jobs.Place{Surface: "discord", Workspace: o.guild, Channel: o.channel, Thread: thread}
}

// me is the mention of Bob as Discord sends it.
func me() map[string]any {
	return map[string]any{"mentions": []any{map[string]any{"id": discordfake.BotID, "username": "bob"}}}
}

func TestHear_mention(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.open(t)
	more := me()
	more["mentions"] = append(more["mentions"].([]any), map[string]any{"id": "701", "username": "eve"})
	id := o.Say(o.channel, "700", "<@900> compare with <@701>'s numbers", more)
	got := o.ears.message(t)
	want := bot.Message{
		Keys: []string{"discord:message:" + id}, Place: o.place(id), ID: id, Way: bot.WayMention,
		User: bot.User{ID: "700", Name: "User 700"}, Text: "compare with @eve's numbers",
		Reach: bot.ReachWorkspace, Overheard: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHear_whereAndHow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		say  func(o *office) string // what is said, and its ID
		want func(o *office, id string) jobs.Place
		way  bot.Way
	}{
		"a direct message": {
			say: func(o *office) string {
				return o.Say(o.AddChannel("", "", discordfake.DirectChannel), "700", "hi", nil)
			},
			want: nil, way: bot.WayDirect,
		},
		"a reply in a thread": {
			say:  func(o *office) string { return o.Say(o.thread, "700", "in euros please", nil) },
			want: func(o *office, _ string) jobs.Place { return o.place(o.thread) }, way: bot.WayReply,
		},
		"a mention in a thread": {
			say:  func(o *office) string { return o.Say(o.thread, "700", "<@!900> status", me()) },
			want: func(o *office, _ string) jobs.Place { return o.place(o.thread) }, way: bot.WayMention,
		},
		"a reply to Bob in the channel": {
			say: func(o *office) string {
				return o.Say(o.channel, "700", "go on", map[string]any{"type": 19, "referenced_message": map[string]any{
					"id": "55", "author": map[string]any{"id": discordfake.BotID}, "message_reference": map[string]any{"message_id": "44"},
				}})
			},
			want: func(o *office, _ string) jobs.Place { return o.place("44") }, way: bot.WayReply,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.open(t)
			id := c.say(o)
			got := o.ears.message(t)
			if got.Way != c.way || got.ID != id {
				t.Errorf("heard %+v, want a %s", got, c.way)
			}
			if c.want != nil && got.Place != c.want(o, id) {
				t.Errorf("heard at %+v, want %+v", got.Place, c.want(o, id))
			}
			if got.Direct != (c.want == nil) {
				t.Errorf("whether it is said to Bob alone: %t", got.Direct)
			}
			if c.want == nil && (got.Place.Workspace != "" || got.Place.Channel == "" || got.Place.Thread != "") {
				t.Errorf("a direct message is heard at %+v", got.Place)
			}
		})
	}
}

func TestHear_leavesOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.open(t)
	o.Say(o.channel, "700", "nothing to do with Bob", nil)
	o.Say(o.thread, discordfake.BotID, "Bob's own", nil)
	o.Say(o.thread, "700", "of a hook", map[string]any{"webhook_id": "5"})
	o.Say(o.thread, "700", "somebody joined", map[string]any{"type": 7})
	o.Emit("MESSAGE_CREATE", map[string]any{"id": "1", "components": []any{map[string]any{"type": 99}}})
	o.Say(o.thread, "700", "", nil) // a sticker
	o.Say(o.thread, "700", "for Bob", nil)
	if got := o.ears.message(t); got.Text != "for Bob" {
		t.Errorf("heard %q", got.Text)
	}
	o.ears.mu.Lock()
	defer o.ears.mu.Unlock()
	if n := len(o.ears.messages); n != 1 {
		t.Errorf("%d messages were heard, want 1", n)
	}
}

func TestHear_whoAdministers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.AddRole(o.guild, "50", 1<<5) // may manage the guild
	o.open(t)
	for _, c := range []struct {
		user  string
		roles []any
		admin bool
	}{{"600", nil, true}, {"700", []any{"50"}, true}, {"701", []any{"51"}, false}} {
		o.Say(o.thread, c.user, "hi", map[string]any{"member": map[string]any{"roles": c.roles, "nick": "Nick"}})
		if u := o.ears.message(t).User; u.Admin != c.admin || u.Name != "Nick" {
			t.Errorf("%s is heard as %+v", c.user, u)
		}
	}
}

func TestHear_files(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var got []byte
	var faults []error
	o.ears.hear = func(m bot.Message) (bot.Reply, error) {
		for _, f := range m.Files {
			body, err := f.Open(t.Context())
			if err != nil {
				faults = append(faults, err)
				continue
			}
			data, err := io.ReadAll(body)
			got = append(got, data...)
			if err := errors.Join(err, body.Close()); err != nil {
				t.Error(err)
			}
		}
		return bot.Reply{}, nil
	}
	o.open(t)
	good := o.AddFile("q4.csv", []byte("a;b\n"))
	gone := map[string]any{"id": "1", "filename": "gone.csv", "size": 3, "url": o.URL() + "/attachments/none"}
	evil := map[string]any{"id": "2", "filename": "../../etc/passwd", "size": 3, "url": "http://169.254.169.254/latest"}
	o.Say(o.thread, "700", "see", map[string]any{"attachments": []any{good, gone, evil}})
	m := o.ears.message(t)
	if len(m.Files) != 3 || m.Files[0].Name != "q4.csv" || m.Files[0].Size != 4 || m.Files[2].Name != "passwd" {
		t.Errorf("files %+v", m.Files)
	}
	if string(got) != "a;b\n" || len(faults) != 2 {
		t.Errorf("fetched %q, with faults %v", got, faults)
	}
	if !strings.Contains(jobs.UserMessage(faults[0]), "send it once more") || !strings.Contains(faults[1].Error(), "not an address of discord's") {
		t.Errorf("the faults are %v", faults)
	}
}

func TestHear_answersWhereItWasAsked(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	replies := []bot.Reply{
		{Text: "No such *job*.", Warning: true},
		{Page: &bot.Page{Kind: bot.PageHelp, Title: "Help", Parts: []bot.Part{{Lines: []string{"line"}}}}},
		{Form: &bot.Form{Button: bot.Button{Action: bot.ActNew}, Title: "A new job"}},
	}
	o.ears.hear = func(bot.Message) (bot.Reply, error) {
		if len(replies) == 0 {
			return bot.Reply{}, errors.New("SQL: secret")
		}
		r := replies[0]
		replies = replies[1:]
		return r, nil
	}
	o.open(t)
	for _, want := range []string{"⚠️ No such \\*job\\*.", "line", "Press the button to go on.", jobs.UserMessage(errors.New("x"))} {
		id := o.Say(o.thread, "700", "what", nil)
		o.ears.next(t)
		until(t, o.Server, "the answer", func() bool {
			list := o.Messages(o.thread)
			return list[len(list)-1].Author == discordfake.BotID
		})
		list := o.Messages(o.thread)
		last := list[len(list)-1]
		ref, _ := last.Body["message_reference"].(map[string]any)
		if text := raw(last.Body); !strings.Contains(text, want) || ref["message_id"] != id || len(pinged(last.Body)) != 0 {
			t.Errorf("the answer is %q to %v, want %q", text, ref, want)
		}
	}
}

// raw is the text of a message as it is sent.
func raw(body map[string]any) string {
	content, _ := body["content"].(string)
	embeds, _ := body["embeds"].([]any)
	for _, e := range embeds {
		text, _ := e.(map[string]any)["description"].(string)
		content += "\n" + text
	}
	return content
}

func TestHear_asksForAChannelThatIsNotKnown(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.open(t)
	late := o.AddChannel(o.guild, o.channel, discordfake.PublicThread)
	o.Say(late, "700", "one", nil)
	if got := o.ears.message(t).Place; got != o.place(late) {
		t.Errorf("heard at %+v", got)
	}
	o.Say(late, "700", "two", nil)
	o.ears.next(t)
	if n := len(o.Requests(http.MethodGet, "/channels/"+late)); n != 1 {
		t.Errorf("the channel was asked for %d times, want 1", n)
	}
}

// TestCommand_rushInAChannelThatIsNotKnown has Discord answer slowly what the channel is,
// of which it may be asked little in a second.
func TestCommand_rushInAChannelThatIsNotKnown(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.open(t)
	late, hold := o.AddChannel(o.guild, o.channel, discordfake.PublicThread), make(chan struct{})
	o.Fail(discordfake.Fault{Method: http.MethodGet, Path: "/channels/" + late, Hold: hold})
	var tokens []string
	for range 80 {
		e := o.event(usesCommand, bob("jobs"))
		e["channel_id"] = late
		tokens = append(tokens, o.Interact(e))
	}
	asked := func() int { return len(o.Requests(http.MethodGet, "/channels/"+late)) }
	until(t, o.Server, "a question", func() bool { return asked() > 0 })
	close(hold)
	for _, token := range tokens {
		o.answered(t, token)
	}
	if n := asked(); n != 1 {
		t.Errorf("the channel was asked for %d times, want 1", n)
	}
}

func TestHear_inTheOrderOfAChannel(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	slow, other := make(chan struct{}), o.AddChannel(o.guild, o.channel, discordfake.PublicThread)
	o.ears.hear = func(m bot.Message) (bot.Reply, error) {
		if m.Text == "1" {
			<-slow
		}
		return bot.Reply{}, nil
	}
	o.open(t)
	for _, text := range []string{"1", "2", "3"} {
		o.Say(o.thread, "700", text, nil)
	}
	o.Say(other, "700", "elsewhere", nil)
	o.ears.next(t) // the one elsewhere does not wait for the slow one
	close(slow)
	for range 3 {
		o.ears.next(t)
	}
	o.ears.mu.Lock()
	defer o.ears.mu.Unlock()
	var got []string
	for _, m := range o.ears.messages {
		if m.Place.Thread == o.thread {
			got = append(got, m.Text)
		}
	}
	if !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("heard %v", got)
	}
}
