package discord

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
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
		fields := formFields(data.Components)
		err = l.answer(ctx, log, i, promise, func(ctx context.Context) (bot.Reply, error) { return l.click(ctx, i, button, fields) })
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

func silent(r *bot.Reply) bool { return r.Text == "" && r.Page == nil && r.Form == nil }

// sayFirst answers an interaction that nothing was promised.
func (f *FrontEnd) sayFirst(ctx context.Context, i *discordapi.Interaction, r *bot.Reply) error {
	switch {
	case r.Form != nil && i.Type == discordapi.InteractionModalSubmit:
		return f.sayFirst(ctx, i, formAgain(r)) // a form cannot follow a form
	case r.Form != nil:
		return f.callback(ctx, i, callback{Type: sayForm, Data: formModal(r.Form)})
	case silent(r) && i.Type == discordapi.InteractionMessageComponent:
		return f.callback(ctx, i, callback{Type: promiseUpdate})
	case r.Page != nil && onPage(i):
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
	hook := "/webhooks/" + self.app + "/" + i.Token
	original := request{method: http.MethodPatch, path: hook + "/messages/@original", open: true, again: true}
	m := replyMessage(r)
	switch {
	case promised == promiseUpdate && silent(r):
		return nil
	case promised == promiseUpdate && (r.Page == nil || !onPage(i)), r.Public:
		if promised == promise { // what was promised was private
			original.method = http.MethodDelete
			if err := f.rest.call(ctx, original, nil); err != nil && codeOf(err) != codeUnknownMessage {
				return err
			}
		}
		if !r.Public {
			m.Flags |= discordapi.MessageFlagsEphemeral
		}
		return f.rest.call(ctx, request{method: http.MethodPost, path: hook, body: m, open: true}, nil)
	}
	original.body = m
	return f.rest.call(ctx, original, nil)
}

// at is where an interaction was made.
func (f *FrontEnd) at(ctx context.Context, i *discordapi.Interaction, thread string) (jobs.Place, error) {
	if i.GuildID == "" {
		return placeIn(i.ChannelID, room{}, thread), nil
	}
	r, err := f.room(ctx, i.ChannelID)
	if e, ok := errors.AsType[*apiError](err); ok && e.status != http.StatusTooManyRequests {
		r, err = room{}, nil // a channel that Bob does not see: what is put up there will say so
	}
	r.guild = i.GuildID
	return placeIn(i.ChannelID, r, thread), err
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
		return l.front.callback(ctx, i, callback{Type: sayUpdate, Data: plainMessage("Nothing was changed.")})
	}
	value, ask := id, false
	if len(id) > len(asks) && id[:len(asks)] == asks {
		value, ask = id[len(asks):], true
	}
	button, ok := bot.ParseValue(value)
	if !ok {
		return fmt.Errorf("a button with a value that is none: %.40q", id)
	}
	if ask {
		m := question(i, button)
		m.Flags |= discordapi.MessageFlagsEphemeral
		return l.front.callback(ctx, i, callback{Type: sayMessage, Data: m})
	}
	return l.answer(ctx, log, i, promiseUpdate, func(ctx context.Context) (bot.Reply, error) {
		return l.click(ctx, i, button, nil)
	})
}

// dropped is the value of the button that confirms nothing.
const dropped = "-"

func plainMessage(text string) message {
	m := newMessage()
	m.Content = text
	return m
}

// question asks whether a button is meant. What it says stands on the button itself.
func question(i *discordapi.Interaction, b bot.Button) message {
	label := labelOf(i.Message, asks+b.Value())
	if label == "" {
		label = string(b.Action)
	}
	m := newMessage()
	m.Content = "**" + line(label, maxLabel) + "**"
	if b.Job != "" {
		m.Content += " · " + line(string(b.Job), maxLabel)
	}
	m.Content += "\nIs that what you want?"
	m.Components = []discordapi.MessageComponent{discordapi.ActionsRow{Components: []discordapi.MessageComponent{
		discordapi.Button{CustomID: b.Value(), Label: "Yes: " + cut(oneLine(label), maxLabel-5), Style: discordapi.DangerButton},
		discordapi.Button{CustomID: dropped, Label: "No", Style: discordapi.SecondaryButton},
	}}}
	return m
}

// labelOf is what a button of a message says.
func labelOf(m *discordapi.Message, id string) string {
	if m == nil {
		return ""
	}
	for _, c := range m.Components {
		row, ok := c.(*discordapi.ActionsRow)
		if !ok {
			continue
		}
		for _, c := range row.Components {
			if b, ok := c.(*discordapi.Button); ok && b.CustomID == id {
				return b.Label
			}
		}
	}
	return ""
}

// click hands a button or a form to the conversation.
func (l listener) click(ctx context.Context, i *discordapi.Interaction, b bot.Button, fields map[string]string) (bot.Reply, error) {
	thread, at := "", ""
	if i.Message != nil {
		thread = i.Message.ID // that of a message in a channel, where it has one
		if !onPage(i) && i.Message.Flags&discordapi.MessageFlagsEphemeral == 0 {
			at = i.Message.ID
		} else {
			thread = ""
		}
		if ref := i.Message.MessageReference; ref != nil && ref.MessageID != "" && thread != "" {
			thread = ref.MessageID
		}
	}
	place, err := l.front.at(ctx, i, thread)
	if err != nil {
		return bot.Reply{}, err
	}
	return l.handler.Click(ctx, bot.Click{
		Keys: []string{keyOf(i)}, Place: place, At: at, User: userOf(i), Button: b, Fields: fields, Direct: i.GuildID == "",
	})
}
