package discord_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/discord"
	"github.com/askbob/bob/bot/discord/discordfake"
)

// The types of interactions and of options.
const (
	usesCommand  = 2
	usesButton   = 3
	autocomplete = 4
	submitsForm  = 5

	subOption    = 1
	stringOption = 3
	fileOption   = 11
)

// event is an interaction of a person in the office's thread.
func (o *office) event(kind int, data map[string]any) map[string]any {
	return map[string]any{
		"type": kind, "data": data, "guild_id": o.guild, "channel_id": o.thread,
		"member": map[string]any{"user": map[string]any{"id": "700", "username": "ann"}, "permissions": "32", "nick": "Ann"},
	}
}

// bob is a use of /bob.
func bob(sub string, options ...map[string]any) map[string]any {
	return map[string]any{"id": "1", "name": "bob", "type": 1, "options": []any{
		map[string]any{"name": sub, "type": subOption, "options": options},
	}}
}

func opt(name, value string) map[string]any {
	return map[string]any{"name": name, "type": stringOption, "value": value}
}

// answered waits until something was answered, and returns what.
func (o *office) answered(t *testing.T, token string) discordfake.Interaction {
	t.Helper()
	until(t, o.Server, "an answer", func() bool { return len(o.Interaction(token).Answers) > 0 })
	return o.Interaction(token)
}

func kindOf(i discordfake.Interaction) int { return int(i.Answers[0]["type"].(float64)) }

func private(body map[string]any) bool {
	flags, _ := body["flags"].(float64)
	return int(flags)&64 != 0
}

func TestCommand_words(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.open(t)
	for want, data := range map[string]map[string]any{
		"status job_1":                 bob("status", opt("job", "job_1")),
		"status":                       {"id": "1", "name": "status", "type": 1},
		"results job_2":                {"id": "1", "name": "results", "type": 1, "options": []any{opt("job", "job_2")}},
		"jobs active":                  bob("jobs", opt("filter", "active")),
		"plan job_1":                   bob("plan", opt("job", "job_1")),
		"approve":                      bob("approve"),
		"pause job_1 1.2":              bob("pause", opt("step", "1.2"), opt("job", "job_1")),
		"retry job_1 1.2: only Europe": bob("retry", opt("job", "job_1"), opt("step", "1.2"), opt("prompt", "only Europe")),
		"skip 2":                       bob("skip", opt("step", "2")),
		`schedule "every monday at 9" report sales`: bob("schedule", opt("when", `every "monday" at 9`), opt("task", "report sales")),
		"budget job_1 +1":            bob("budget", opt("amount", "+1"), opt("job", "job_1")),
		"budget step 1.2 2":          bob("budget", opt("amount", "2"), opt("step", "1.2")),
		"finish job_1":               bob("finish", opt("job", "job_1")),
		"priority job_1 high":        bob("priority", opt("level", "high"), opt("job", "job_1")),
		"mute":                       bob("mute"),
		"mute job_1":                 bob("mute", opt("job", "job_1"), opt("news", "few")),
		"unmute job_1":               bob("mute", opt("job", "job_1"), opt("news", "all")),
		"answer: 3 apples":           bob("answer", opt("text", "3 apples")),
		"answer job_1 1.2: in euros": bob("answer", opt("text", "in euros"), opt("job", "job_1"), opt("step", "1.2")),
		"schedules":                  bob("schedules"),
		"schedule pause sch_1":       bob("schedules", opt("change", "pause"), opt("schedule", "sch_1")),
		"schedule remove":            bob("schedules", opt("change", "remove")),
		"edit":                       bob("edit"), "cheaper": bob("cheaper"), "reject job_1": bob("reject", opt("job", "job_1")),
		"cost by day":         bob("cost", opt("by", "day")),
		"cost job_1 by model": bob("cost", opt("by", "model"), opt("job", "job_1")),
		"help retry":          bob("help", opt("topic", "retry")),
	} {
		token := o.Interact(o.event(usesCommand, data))
		m := o.ears.message(t)
		if m.Text != want || m.Way != bot.WayCommand || !m.Order || m.Place != o.place(o.thread) || m.ID != "" {
			t.Errorf("heard %+v, want %q", m, want)
		}
		u := bot.User{ID: "700", Name: "Ann", Admin: true, Locale: "en-GB"}
		if diff := gocmp.Diff(u, m.User); diff != "" || !slices.Equal(m.Keys, []string{"discord:interaction:" + o.Interaction(token).ID}) {
			t.Errorf("by %s, with keys %v", diff, m.Keys)
		}
		if got := o.answered(t, token); kindOf(got) != 4 || !private(got.Original) {
			t.Errorf("%q is answered by %v", want, got.Answers)
		}
	}
}

func TestCommand_ask(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ears.hear = func(bot.Message) (bot.Reply, error) { return bot.Reply{Text: "Job submitted", Job: "job_1"}, nil }
	o.open(t)
	data := bob("ask", opt("task", "status of the union"), opt("budget", "2.50"), opt("priority", "high"), opt("approval", "always"),
		map[string]any{"name": "file", "type": fileOption, "value": "77"})
	data["resolved"] = map[string]any{"attachments": map[string]any{"77": map[string]any{"id": "77", "filename": "a.csv", "size": 5, "url": "x"}}}
	e := o.event(usesCommand, data)
	e["channel_id"] = o.channel
	token := o.Interact(e)
	m := o.ears.message(t)
	if m.Text != "status of the union" || m.Way != bot.WayForm || m.Place != o.place("") ||
		m.Draft != (bot.Draft{Budget: "2.50", Priority: "high", Approval: "always"}) || len(m.Files) != 1 || m.Files[0].Name != "a.csv" {
		t.Errorf("heard %+v", m)
	}
	if got := o.answered(t, token); raw(got.Original) != "Job submitted" || !private(got.Original) {
		t.Errorf("answered %v", got.Answers)
	}
}

func TestMenu(t *testing.T) {
	t.Parallel()
	for name, resolved := range map[string]bool{"with its message": true, "without its message": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.open(t)
			id := o.Say(o.channel, "701", "please analyse this", nil)
			data := map[string]any{"id": "1", "name": "Give this to Bob", "type": 3, "target_id": id}
			if resolved {
				data["resolved"] = map[string]any{"messages": map[string]any{id: map[string]any{"id": id, "content": "please analyse this"}}}
			}
			e := o.event(usesCommand, data)
			e["channel_id"] = o.channel
			o.Interact(e)
			m := o.ears.message(t)
			if m.Way != bot.WayMenu || m.Text != "please analyse this" || m.ID != id || m.Place != o.place(id) || len(m.Keys) != 2 {
				t.Errorf("heard %+v", m)
			}
		})
	}
}

func TestAutocomplete(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.open(t)
	typed := opt("job", "job_")
	typed["focused"] = true
	got := o.answered(t, o.Interact(o.event(autocomplete, bob("status", typed))))
	want := []any{map[string]any{"name": "job_1 · Sales", "value": "job_1"}}
	if diff := gocmp.Diff(want, got.Answers[0]["data"].(map[string]any)["choices"]); diff != "" || kindOf(got) != 8 {
		t.Errorf("answered %v: %s", got.Answers, diff)
	}
	if !slices.Equal(o.ears.begins, []string{"job_"}) {
		t.Errorf("asked for %v", o.ears.begins)
	}
}

// press uses a button of a message.
func (o *office) press(value string, message map[string]any) string {
	e := o.event(usesButton, map[string]any{"custom_id": value, "component_type": 2})
	e["message"] = message
	return o.Interact(e)
}

func TestButton_isAnsweredInPrivate(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ears.click = func(bot.Click) (bot.Reply, error) { return bot.Reply{Text: "Paused."}, nil }
	o.open(t)
	b := bot.Button{Action: bot.ActPause, Job: "job_1", Arg: "1.2"}
	token := o.press(b.Value(), map[string]any{"id": "55"})
	if c := o.ears.clicked(t); c.Button != b || c.At != "55" || c.Place != o.place(o.thread) || c.User.ID != "700" {
		t.Errorf("clicked %+v", c)
	}
	if got := o.answered(t, token); kindOf(got) != 4 || raw(got.Original) != "Paused." || !private(got.Original) {
		t.Errorf("answered %v", got.Answers)
	}
}

func TestButton_ofACardInAChannelSpeaksOfItsThread(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.open(t)
	e := o.event(usesButton, map[string]any{"custom_id": "details|job_1|", "component_type": 2})
	e["message"], e["channel_id"] = map[string]any{"id": "55"}, o.channel
	token := o.Interact(e)
	if c := o.ears.clicked(t); c.Place != o.place("55") {
		t.Errorf("clicked at %+v", c.Place)
	}
	if got := o.answered(t, token); kindOf(got) != 6 {
		t.Errorf("nothing to say is answered %v", got.Answers)
	}
}

// cancel is a button that the conversation asks about.
func (o *office) cancel() bot.Button {
	b := bot.Button{Action: bot.ActCancel, Job: "job_1"}
	o.ears.click = func(k bot.Click) (bot.Reply, error) {
		if !k.Ask {
			return bot.Reply{Text: "Cancelling job_1."}, nil
		}
		asked := k.Button
		asked.Confirm = &bot.Confirm{Title: "Cancel this job?", Text: "4 of 9 steps are kept.\nSo far it cost $0.03.", Yes: "Cancel the job", No: "Keep it"}
		return bot.Reply{Ask: &asked}, nil
	}
	return b
}

func TestButton_asksBeforeItActs(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.cancel()
	o.open(t)
	got := o.answered(t, o.press("?"+b.Value(), map[string]any{"id": "55"}))
	if c := o.ears.clicked(t); !c.Ask || c.Button != b || c.At != "55" || c.Place != o.place(o.thread) {
		t.Errorf("clicked %+v", c)
	}
	want := "**Cancel this job?**\n4 of 9 steps are kept.\nSo far it cost $0.03."
	if text := raw(got.Original); kindOf(got) != 4 || !private(got.Original) || text != want {
		t.Fatalf("asked %q", text)
	}
	var labels []string
	for _, c := range got.Original["components"].([]any)[0].(map[string]any)["components"].([]any) {
		labels = append(labels, fmt.Sprint(c.(map[string]any)["custom_id"], " ", c.(map[string]any)["label"]))
	}
	if !slices.Equal(labels, []string{"!cancel|job_1| Cancel the job", "- Keep it"}) {
		t.Errorf("asked with %v", labels)
	}
	asked := map[string]any{"id": "56", "flags": 64}
	if got := o.answered(t, o.press("-", asked)); kindOf(got) != 7 || raw(got.Original) != "Nothing was changed." || len(o.ears.clicks) != 1 {
		t.Errorf("No is answered %v", got.Answers)
	}
	// What comes of it stands in place of the question, whose buttons are gone then.
	token := o.press("!"+b.Value(), asked)
	if c := o.ears.clicked(t); c.Ask || c.Button != b || c.At != "" {
		t.Errorf("clicked %+v", c)
	}
	got = o.answered(t, token)
	if list, _ := got.Original["components"].([]any); kindOf(got) != 7 || raw(got.Original) != `Cancelling job\_1.` || len(list) != 0 {
		t.Errorf("Yes is answered %v", got.Answers)
	}
}

func TestButton_thatMakesNoSenseIsNotAskedAbout(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ears.click = func(bot.Click) (bot.Reply, error) { return bot.Reply{Text: "The job is over.", Warning: true}, nil }
	o.open(t)
	got := o.answered(t, o.press("?cancel|job_1|", map[string]any{"id": "55"}))
	if list, _ := got.Original["components"].([]any); !private(got.Original) || raw(got.Original) != "⚠️ The job is over." || len(list) != 0 {
		t.Errorf("answered %v", got.Answers)
	}
}

// spentOffice has a message whose plan runs already, and answers clicks on it.
func spentOffice(t *testing.T, change func(*discord.Config)) (o *office, press func(value string) string) {
	t.Helper()
	o = newOffice(t)
	o.ears.click = func(bot.Click) (bot.Reply, error) {
		return bot.Reply{Text: "It runs already.", Warning: true, Spent: &bot.Spent{Values: []string{"approve|job_1|1", "reject|job_1|1"}}}, nil
	}
	front := newFront(t, o.Server, change)
	at, err := front.Post(t.Context(), bot.Post{Key: "1", Place: o.place(o.thread), Text: "Shall it run?", Buttons: []bot.Button{
		{Action: bot.ActApprove, Job: "job_1", Arg: "1", Label: "Run", Style: bot.StylePrimary},
		{Action: bot.ActPlan, Job: "job_1", Label: "View plan"},
		{Action: bot.ActReject, Job: "job_1", Arg: "1", Label: "Cancel", Style: bot.StyleDanger, Confirm: &bot.Confirm{Title: "Sure?"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	run(t, front, o.ears)
	until(t, o.Server, "the gateway", func() bool { return o.Lines() == 1 })
	t.Cleanup(func() { conforms(t, o.Server) })
	return o, func(value string) string {
		m := o.Messages(o.thread)[0]
		return o.press(value, map[string]any{"id": at.Message, "content": m.Body["content"], "components": m.Body["components"]})
	}
}

func TestButton_thatDoesNothingAnyMoreIsDisabled(t *testing.T) {
	t.Parallel()
	for name, within := range map[string]time.Duration{"at once": 5 * time.Second, "late": time.Nanosecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, press := spentOffice(t, func(c *discord.Config) { c.AnswerWithin = within })
			token := press("approve|job_1|1")
			c := o.ears.clicked(t)
			if len(c.Beside) != 3 || c.Beside[2] != (bot.Button{Action: bot.ActReject, Job: "job_1", Arg: "1"}) {
				t.Errorf("beside it stand %+v", c.Beside)
			}
			until(t, o.Server, "the answer", func() bool { return len(o.Interaction(token).Followups) == 1 })
			if f := o.Interaction(token).Followups[0]; !private(f) || raw(f) != "⚠️ It runs already." {
				t.Errorf("answered %v", f)
			}
			m := o.Messages(o.thread)[0]
			var list []string
			for _, b := range m.Body["components"].([]any)[0].(map[string]any)["components"].([]any) {
				f := b.(map[string]any)
				list = append(list, fmt.Sprint(f["custom_id"], " ", f["disabled"] == true))
			}
			if want := []string{"approve|job_1|1 true", "plan|job_1| false", "?reject|job_1|1 true"}; !slices.Equal(list, want) || !strings.HasPrefix(raw(m.Body), "Shall it run?") {
				t.Errorf("the message has %v and says %q", list, raw(m.Body))
			}
		})
	}
}

func TestButton_turnsThePageItStandsOn(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ears.click = func(bot.Click) (bot.Reply, error) {
		return bot.Reply{Page: &bot.Page{Kind: bot.PageJobs, Title: "Jobs", Parts: []bot.Part{{Head: "second"}}}}, nil
	}
	o.open(t)
	got := o.answered(t, o.press("jobs||all 2", map[string]any{"id": "56", "flags": 64}))
	if kindOf(got) != 7 || !strings.Contains(raw(got.Original), "second") {
		t.Errorf("answered %v", got.Answers)
	}
	got = o.answered(t, o.press("jobs||all 2", map[string]any{"id": "57"}))
	if kindOf(got) != 4 || !private(got.Original) {
		t.Errorf("a page for all is answered %v", got.Answers)
	}
}

func TestButton_ofNoValueIsLeftOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.open(t)
	o.press("not one of ours", map[string]any{"id": "55"})
	o.press("pause|job_1|", map[string]any{"id": "55"})
	if c := o.ears.clicked(t); c.Button.Action != bot.ActPause || len(o.ears.clicks) != 1 {
		t.Errorf("clicked %v", o.ears.clicks)
	}
}

func TestAnswer_faultsAreNotShown(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.ears.click = func(bot.Click) (bot.Reply, error) { panic("secret") }
	o.ears.hear = func(bot.Message) (bot.Reply, error) { return bot.Reply{}, errors.New("secret") }
	o.open(t)
	for _, token := range []string{o.press("pause|job_1|", nil), o.Interact(o.event(usesCommand, bob("help")))} {
		got := o.answered(t, token)
		if text := raw(got.Original); !strings.Contains(text, "Something went wrong") || strings.Contains(text, "secret") || !private(got.Original) {
			t.Errorf("answered %q", text)
		}
	}
}

// TestAnswer_slow has the conversation take longer than Discord waits.
// TestAnswer_thatIsLostIsGivenAgain has Discord take the first answer or not, and never
// say so.
func TestAnswer_thatIsLostIsGivenAgain(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]discordfake.Fault{
		"lost on the way there": {Lost: true, Before: true},
		"lost on the way back":  {Lost: true},
		"refused":               {Status: http.StatusBadGateway},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.open(t)
			fault.Method, fault.Path = http.MethodPost, "/interactions/"
			o.Fail(fault)
			i := o.answered(t, o.Interact(o.event(usesCommand, bob("status"))))
			until(t, o.Server, "the second try", func() bool { return len(o.Requests(http.MethodPost, "/interactions/"+i.ID)) == 2 })
			if got := len(o.Interaction(i.Token).Answers); got != 1 {
				t.Errorf("it was answered %d times", got)
			}
		})
	}
}

// TestMention_isHeardThoughItsChannelIsHardToLearn has Discord fail when it is asked
// for the channel.
func TestMention_isHeardThoughItsChannelIsHardToLearn(t *testing.T) {
	t.Parallel()
	s, h := newFake(t), newEars()
	up(t, s, nil, h)
	guild := s.AddGuild("600")
	channel := s.AddChannel(guild, "", discordfake.TextChannel)
	s.Fail(discordfake.Fault{Method: http.MethodGet, Path: "/channels/" + channel, Lost: true})
	s.Fail(discordfake.Fault{Method: http.MethodGet, Path: "/channels/" + channel, Status: http.StatusServiceUnavailable})
	s.Say(channel, "700", "<@"+discordfake.BotID+"> sales", nil)
	if m := h.message(t); m.Text != "sales" || m.Place.Channel != channel {
		t.Errorf("heard %+v", m)
	}
}

// TestInteraction_thatDiscordGaveUpIsLeft has a command come ten seconds late, as after a
// break: who gave it was told that it failed.
func TestInteraction_thatDiscordGaveUpIsLeft(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.open(t)
	hears(t, o.Server, o.ears, "the clocks are known")
	old := o.event(usesCommand, bob("status", opt("job", "job_old")))
	id, token := o.Ask(old)
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	old["id"], old["token"], old["application_id"] = strconv.FormatInt(n-10_000<<22, 10), token, discordfake.AppID
	o.Emit("INTERACTION_CREATE", old)
	o.answered(t, o.Interact(o.event(usesCommand, bob("status", opt("job", "job_new")))))
	o.ears.mu.Lock()
	defer o.ears.mu.Unlock()
	for _, m := range o.ears.messages {
		if m.Text == "status job_old" {
			t.Error("a command is carried out that failed for who gave it")
		}
	}
}

func TestAnswer_slow(t *testing.T) {
	t.Parallel()
	page := &bot.Page{Title: "Jobs", Parts: []bot.Part{{Head: "first"}}}
	for name, c := range map[string]struct {
		button  bool   // else a command
		value   string // of the button; empty: one that asks nothing
		page    bool   // the button stands on a private page
		reply   bot.Reply
		promise int
		check   func(i discordfake.Interaction) bool
	}{
		"a command": {reply: bot.Reply{Text: "x"}, promise: 5, check: func(i discordfake.Interaction) bool { return raw(i.Original) == "x" }},
		"a command, for all": {reply: bot.Reply{Text: "x", Public: true}, promise: 5, check: func(i discordfake.Interaction) bool {
			return i.Deleted && len(i.Followups) == 1 && !private(i.Followups[0])
		}},
		"a command, of a page": {reply: bot.Reply{Page: page}, promise: 5, check: func(i discordfake.Interaction) bool { return strings.Contains(raw(i.Original), "first") }},
		"a form":               {reply: bot.Reply{Form: form()}, promise: 5, check: func(i discordfake.Interaction) bool { return strings.Contains(raw(i.Original), "Press the button") }},
		"a button":             {button: true, reply: bot.Reply{Text: "x"}, promise: 6, check: func(i discordfake.Interaction) bool { return len(i.Followups) == 1 && private(i.Followups[0]) }},
		"a question": {button: true, value: "?cancel|job_1|", reply: bot.Reply{Ask: &bot.Button{Action: bot.ActCancel, Job: "job_1", Confirm: &bot.Confirm{Title: "Sure?"}}}, promise: 5, check: func(i discordfake.Interaction) bool {
			return strings.Contains(raw(i.Original), "Sure?") && len(i.Followups) == 0
		}},
		"an answer to a question": {button: true, value: "!cancel|job_1|", page: true, reply: bot.Reply{Text: "x"}, promise: 6, check: func(i discordfake.Interaction) bool {
			return raw(i.Original) == "x" && len(i.Followups) == 0
		}},
		"a button, of a page": {button: true, page: true, reply: bot.Reply{Page: page}, promise: 6, check: func(i discordfake.Interaction) bool { return strings.Contains(raw(i.Original), "first") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			slow := make(chan struct{})
			o.ears.hear = func(bot.Message) (bot.Reply, error) { <-slow; return c.reply, nil }
			o.ears.click = func(bot.Click) (bot.Reply, error) { <-slow; return c.reply, nil }
			up(t, o.Server, func(cfg *discord.Config) { cfg.AnswerWithin = time.Millisecond }, o.ears)
			t.Cleanup(func() { conforms(t, o.Server) })
			message := map[string]any{"id": "55"}
			if c.page {
				message["flags"] = 64
			}
			token := ""
			if c.button {
				token = o.press(cmp.Or(c.value, "pause|job_1|"), message)
			} else {
				token = o.Interact(o.event(usesCommand, bob("help")))
			}
			got := o.answered(t, token)
			if kindOf(got) != c.promise {
				t.Errorf("promised by %v", got.Answers)
			}
			if data, _ := got.Answers[0]["data"].(map[string]any); c.promise == 5 && !private(data) {
				t.Errorf("what is promised is not private: %v", got.Answers)
			}
			close(slow)
			until(t, o.Server, "the promised answer", func() bool { return c.check(o.Interaction(token)) })
		})
	}
}
