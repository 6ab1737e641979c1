package discord

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	discordapi "github.com/bwmarrin/discordgo"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// What an interaction may be answered with at once.
const (
	sayMessage    = 4
	promise       = 5 // a message follows
	promiseUpdate = 6 // the message below which a button stands may change
	sayUpdate     = 7
	sayChoices    = 8
	sayForm       = 9
)

// interactWithin is how long Discord waits for the first answer.
const interactWithin = 3 * time.Second

// callback is the first answer to an interaction.
type callback struct {
	Type int `json:"type"`
	Data any `json:"data,omitempty"`
}

// interaction handles the use of a command, a button or a form.
func (l listener) interaction(ctx context.Context, log *slog.Logger, i *discordapi.Interaction) {
	if i == nil || i.Data == nil || i.Token == "" {
		return
	}
	if age := l.front.ages.of(i.ID, time.Now()); age > interactWithin {
		// As after a break of the line. Who did it was told that it failed, and does it again.
		log.Warn("interaction dropped: discord does not wait for its answer any more", "age", age)
		return
	}
	var err error
	switch i.Type {
	case discordapi.InteractionApplicationCommandAutocomplete:
		err = l.suggest(ctx, i)
	case discordapi.InteractionApplicationCommand:
		data := i.ApplicationCommandData()
		err = l.answer(ctx, log, i, promise, func(ctx context.Context) (bot.Reply, error) { return l.command(ctx, i, &data) })
	case discordapi.InteractionMessageComponent:
		err = l.pressed(ctx, log, i)
	case discordapi.InteractionModalSubmit:
		data := i.ModalSubmitData()
		button, ok := bot.ParseValue(data.CustomID)
		if !ok {
			return
		}
		in := readForm(&data)
		err = l.answer(ctx, log, i, promise, func(ctx context.Context) (bot.Reply, error) { return l.submitted(ctx, i, button, in) })
	case discordapi.InteractionPing: // only over HTTP, and answered there
	}
	if err != nil {
		log.Warn("interaction not answered", "err", err)
	}
}

// answer has work done and says what comes of it. Discord waits for three seconds: a
// slow answer is promised first. It is private unless all may see it.
func (l listener) answer(ctx context.Context, log *slog.Logger, i *discordapi.Interaction, later int,
	work func(context.Context) (bot.Reply, error),
) error {
	done := make(chan bot.Reply, 1)
	l.handled.Go(func() {
		reply := bot.Reply{Text: jobs.UserMessage(errors.New("panic")), Warning: true}
		defer func() { done <- reply }()
		defer l.recovered(log)
		r, err := work(ctx)
		if err != nil {
			log.Error("interaction not handled", "err", err)
			r = bot.Reply{Text: jobs.UserMessage(err), Warning: true}
		}
		reply = r
	})
	t := time.NewTimer(l.front.cfg.AnswerWithin)
	defer t.Stop()
	select {
	case reply := <-done:
		return l.front.sayFirst(ctx, i, &reply)
	case <-t.C:
	}
	c := callback{Type: later}
	if later == promise {
		c.Data = map[string]any{"flags": discordapi.MessageFlagsEphemeral}
	}
	err := l.front.callback(ctx, i, c)
	reply := <-done
	if err != nil {
		return err
	}
	return l.front.sayLater(ctx, i, &reply, later)
}

// callback answers an interaction first. Discord takes one such answer, so that it may
// be given again; it is no fault that another one came before.
func (f *FrontEnd) callback(ctx context.Context, i *discordapi.Interaction, c callback) error {
	err := f.rest.call(ctx, request{
		method: http.MethodPost, path: "/interactions/" + i.ID + "/" + i.Token + "/callback", body: c, open: true, again: true,
	}, nil)
	if codeOf(err) == codeAnswered {
		return nil
	}
	return err
}

// onPage reports whether a button stands on a private page, which is then turned.
func onPage(i *discordapi.Interaction) bool {
	return i.Type == discordapi.InteractionMessageComponent && i.Message != nil &&
		i.Message.Flags&discordapi.MessageFlagsEphemeral != 0
}

// replaces reports whether an answer takes the place of the private message that its
// button stands on: a page is turned, or a question was answered.
func replaces(i *discordapi.Interaction, r *bot.Reply) bool {
	return onPage(i) && (r.Page != nil || strings.HasPrefix(i.MessageComponentData().CustomID, sure))
}

func silent(r *bot.Reply) bool {
	return r.Text == "" && r.Page == nil && r.Form == nil && r.Ask == nil
}

// sayFirst answers an interaction that nothing was promised.
func (f *FrontEnd) sayFirst(ctx context.Context, i *discordapi.Interaction, r *bot.Reply) error {
	switch {
	case r.Form != nil && i.Type == discordapi.InteractionModalSubmit:
		return f.sayFirst(ctx, i, formAgain(r)) // a form cannot follow a form
	case r.Form != nil:
		return f.openForm(ctx, i, r.Form)
	case r.Spent != nil && i.Type == discordapi.InteractionMessageComponent:
		if err := f.callback(ctx, i, callback{Type: sayUpdate, Data: spentRows(i.Message, r.Spent)}); err != nil {
			return err
		}
		return f.follow(ctx, i, r)
	case silent(r) && i.Type == discordapi.InteractionMessageComponent:
		return f.callback(ctx, i, callback{Type: promiseUpdate})
	case replaces(i, r):
		m := replyMessage(r)
		m.Flags = 0
		return f.callback(ctx, i, callback{Type: sayUpdate, Data: m})
	}
	m := replyMessage(r)
	if !r.Public {
		m.Flags |= discordapi.MessageFlagsEphemeral
	}
	return f.callback(ctx, i, callback{Type: sayMessage, Data: m})
}

// formAgain offers a form by a button, where none can be opened.
func formAgain(r *bot.Reply) *bot.Reply {
	out := *r
	out.Form = nil
	b := r.Form.Button
	b.Label, b.Style = r.Form.Title, bot.StylePrimary
	text := "Press the button to go on."
	if out.Text == "" {
		out.Text = text
	}
	out.Page = &bot.Page{Title: r.Form.Title, Parts: []bot.Part{{Lines: []string{text}, Buttons: []bot.Button{b}}}}
	return &out
}

// sayLater keeps a promise. The interaction's token is good for a quarter of an hour.
func (f *FrontEnd) sayLater(ctx context.Context, i *discordapi.Interaction, r *bot.Reply, promised int) error {
	if r.Form != nil {
		r = formAgain(r)
	}
	self, err := f.whoami(ctx)
	if err != nil {
		return err
	}
	original := request{method: http.MethodPatch, path: hookOf(self, i) + "/messages/@original", open: true, again: true}
	switch {
	case promised == promiseUpdate && r.Spent != nil:
		original.body = spentRows(i.Message, r.Spent)
		if err := f.rest.call(ctx, original, nil); err != nil {
			return err
		}
		return f.follow(ctx, i, r)
	case promised == promiseUpdate && silent(r):
		return nil
	case promised == promiseUpdate && !replaces(i, r):
		return f.follow(ctx, i, r)
	case r.Public:
		original.method = http.MethodDelete // what was promised was private
		if err := f.rest.call(ctx, original, nil); err != nil && codeOf(err) != codeUnknownMessage {
			return err
		}
		return f.follow(ctx, i, r)
	}
	original.body = replyMessage(r)
	return f.rest.call(ctx, original, nil)
}

// follow says something after the first answer.
func (f *FrontEnd) follow(ctx context.Context, i *discordapi.Interaction, r *bot.Reply) error {
	self, err := f.whoami(ctx)
	if err != nil || r.Text == "" && r.Page == nil && r.Ask == nil {
		return err
	}
	m := replyMessage(r)
	if !r.Public {
		m.Flags |= discordapi.MessageFlagsEphemeral
	}
	return f.rest.call(ctx, request{method: http.MethodPost, path: hookOf(self, i), body: m, open: true}, nil)
}

// hookOf is where an interaction is answered again.
func hookOf(self identity, i *discordapi.Interaction) string {
	return "/webhooks/" + self.app + "/" + i.Token
}

// at is where an interaction was made.
func (f *FrontEnd) at(ctx context.Context, i *discordapi.Interaction, thread string) (spot, error) {
	if i.GuildID == "" {
		return spot{Place: placeIn(i.ChannelID, room{}, thread)}, nil
	}
	if i.Member != nil && i.Member.User != nil {
		f.inside.setRoles(i.GuildID, i.Member.User.ID, i.Member.Roles)
	}
	r, err := f.room(ctx, i.ChannelID)
	r.guild = i.GuildID
	if e, ok := errors.AsType[*apiError](err); ok && e.status != http.StatusTooManyRequests {
		// A channel that Bob does not see: what is put up there will say so.
		return spot{Place: placeIn(i.ChannelID, r, thread)}, nil
	}
	if err != nil {
		return spot{}, err
	}
	return f.spotIn(ctx, placeIn(i.ChannelID, r, thread), r), nil
}

// userOf is who made an interaction.
func userOf(i *discordapi.Interaction) bot.User {
	u := bot.User{Locale: string(i.Locale)}
	who := i.User
	if i.Member != nil {
		who = i.Member.User
		u.Admin = administers(i.Member.Permissions)
		u.Name = i.Member.Nick
	}
	if who == nil {
		return u
	}
	u.ID = who.ID
	if u.Name == "" {
		u.Name = who.DisplayName()
	}
	return u
}

func keyOf(i *discordapi.Interaction) string { return "discord:interaction:" + i.ID }

// pressed handles a button. One that is to be confirmed asks first.
func (l listener) pressed(ctx context.Context, log *slog.Logger, i *discordapi.Interaction) error {
	id := i.MessageComponentData().CustomID
	if id == dropped {
		return l.front.callback(ctx, i, callback{Type: sayUpdate, Data: replyMessage(&bot.Reply{Text: "Nothing was changed."})})
	}
	value, ask := strings.CutPrefix(id, asks)
	button, ok := bot.ParseValue(strings.TrimPrefix(value, sure))
	if !ok {
		return fmt.Errorf("a button with a value that is none: %.40q", id)
	}
	later := promiseUpdate
	if ask {
		later = promise
	}
	return l.answer(ctx, log, i, later, func(ctx context.Context) (bot.Reply, error) {
		return l.click(ctx, i, bot.Click{Button: button, Ask: ask})
	})
}

// click hands a button or a form to the conversation: k says all but who used it where.
func (l listener) click(ctx context.Context, i *discordapi.Interaction, k bot.Click) (bot.Reply, error) {
	where, at, err := l.stands(ctx, i)
	if err != nil {
		return bot.Reply{}, err
	}
	k.Place, k.Reach, k.At = where.Place, where.reach, at
	if k.At != "" {
		k.Beside = buttonsOf(i.Message)
	}
	k.Keys, k.User, k.Direct = []string{keyOf(i)}, userOf(i), i.GuildID == ""
	return l.handler.Click(ctx, k)
}

// stands is where a button or the one that opened a form stands, and on which message;
// empty: on none that all see.
func (l listener) stands(ctx context.Context, i *discordapi.Interaction) (where spot, at string, err error) {
	thread := ""
	if m := i.Message; m != nil && m.Flags&discordapi.MessageFlagsEphemeral == 0 {
		at, thread = m.ID, m.ID // the thread of a message in a channel, where it has one
		if ref := m.MessageReference; ref != nil && ref.MessageID != "" {
			thread = ref.MessageID
		}
	}
	where, err = l.front.at(ctx, i, thread)
	return where, at, err
}
