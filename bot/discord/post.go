package discord

import (
	"context"
	"errors"
	"net/http"
	"strings"

	discordapi "github.com/bwmarrin/discordgo"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// A message that Bob puts up in a channel makes a thread, which Discord names as the
// message: a job's card is the head of its thread, and everybody in the channel sees
// it. If a person's message began it, the thread is made from that one. Direct
// messages have no threads, nor has a channel where Bob may not make any: there all
// that belongs together refers to the first message.

// Discord's codes for what went wrong.
const (
	codeUnknownChannel = 10003
	codeUnknownGuild   = 10004
	codeUnknownMessage = 10008
	codeTooLarge       = 40005
	codeAnswered       = 40060
	codeNoAccess       = 50001
	codeNoDirect       = 50007
	codeNoPermission   = 50013
	codeWrongChannel   = 50024
	codeArchived       = 50083
	codeThreadExists   = 160004
	codeLocked         = 160005
)

// posted is what Discord says of a message that is up.
type posted struct {
	ID string `json:"id"`
}

// Post puts a message up.
func (f *FrontEnd) Post(ctx context.Context, p bot.Post) (bot.Placed, error) {
	p = wordy(p)
	up, err := f.put(ctx, &p)
	for len(p.Files) > 0 && codeOf(err) == codeTooLarge {
		// This server takes less than most.
		p = withoutLargest(p)
		up, err = f.put(ctx, &p)
	}
	if len(p.Files) > 0 && codeOf(err) == codeNoPermission {
		// He may not send files, or nothing at all, as the next refusal tells.
		p = withoutFiles(p)
		up, err = f.put(ctx, &p)
	}
	if err != nil {
		return bot.Placed{}, f.trouble(ctx, p.Place, err)
	}
	f.marks.put(up, refOf(p.Key))
	at, err := f.placed(ctx, p.Place, up, threadName(&p))
	if err != nil {
		return bot.Placed{}, f.trouble(ctx, p.Place, err)
	}
	return at, nil
}

// put sends a post, and returns the message's ID.
func (f *FrontEnd) put(ctx context.Context, p *bot.Post) (string, error) {
	m := postMessage(p)
	m.Nonce, m.Enforce = nonceOf(p.Key), true
	return f.send(ctx, p.Place, &m, p.Files, threadName(p))
}

// send puts a message up where it belongs, and returns its ID.
func (f *FrontEnd) send(ctx context.Context, at jobs.Place, m *message, files []bot.FileContent, name string) (string, error) {
	if err := m.check(); err != nil {
		return "", &apiError{status: http.StatusBadRequest, message: err.Error()}
	}
	if f.flat(at) {
		own := *m
		if snowflake(at.Thread) {
			own.Reference = &reference{Message: at.Thread}
		}
		return f.sendTo(ctx, at.Channel, own, files)
	}
	id, err := f.sendTo(ctx, at.Thread, *m, files)
	switch code := codeOf(err); {
	case code == codeUnknownChannel:
	case code == codeNoPermission && len(files) == 0: // else it may be files that he may not send
		f.log.Warn("bob may not write in threads: answers stand in the channel", "channel", at.Channel, "err", err)
		f.rooms.setApart(at.Thread)
		return f.send(ctx, at, m, files, name)
	default:
		return id, err
	}
	if err := f.openThread(ctx, at.Channel, at.Thread, name); err != nil {
		return "", err
	}
	return f.send(ctx, at, m, files, name) // in the thread, or apart from now on
}

// flat reports whether messages of a place stand in its channel.
func (f *FrontEnd) flat(at jobs.Place) bool {
	return at.Workspace == "" || at.Thread == "" || f.rooms.isApart(at.Thread)
}

func (f *FrontEnd) sendTo(ctx context.Context, channel string, m message, files []bot.FileContent) (string, error) {
	if !snowflake(channel) {
		return "", &apiError{status: http.StatusNotFound, code: codeUnknownChannel, message: "no such channel"}
	}
	var up posted
	err := f.rest.call(ctx, request{
		method: http.MethodPost, path: "/channels/" + channel + "/messages", body: m, files: files,
	}, &up)
	return up.ID, err
}

// placed says where a message is that went up, and makes its thread if it needs one.
func (f *FrontEnd) placed(ctx context.Context, at jobs.Place, id, name string) (bot.Placed, error) {
	if at.Thread == "" {
		at.Thread = id
		if at.Workspace != "" {
			if err := f.openThread(ctx, at.Channel, id, name); err != nil {
				// The message is up; whoever looks for it makes the thread.
				return bot.Placed{}, errors.Join(errUp, err)
			}
		}
	}
	return bot.Placed{Place: at, Message: id}, nil
}

// errUp says that a message went up, but not all that belongs to it.
var errUp = errors.New("the message is up, its thread is not")

// openThread makes the thread of a message, if it has none. Where none can be made,
// messages stand apart from then on.
func (f *FrontEnd) openThread(ctx context.Context, channel, id, name string) error {
	if r, err := f.room(ctx, channel); err == nil && r.parent != "" {
		f.rooms.setApart(id)
		return nil
	}
	body := map[string]any{"name": name, "auto_archive_duration": 1440}
	err := f.rest.call(ctx, request{
		method: http.MethodPost, path: "/channels/" + channel + "/messages/" + id + "/threads", body: body,
	}, nil)
	switch codeOf(err) {
	case codeThreadExists:
		err = nil
	case codeNoPermission, codeWrongChannel, codeNoAccess:
		f.log.Warn("no thread can be made: answers stand in the channel", "channel", channel, "err", err)
		f.rooms.setApart(id)
		return nil
	}
	if e, refused := errors.AsType[*apiError](err); err != nil && (!refused || e.status >= http.StatusInternalServerError) {
		// It may have been made: a thread is named as its message.
		if f.rest.call(ctx, request{method: http.MethodGet, path: "/channels/" + id}, nil) == nil {
			err = nil
		}
	}
	if err == nil {
		f.rooms.learn(&discordapi.Channel{ID: id, ParentID: channel, Type: discordapi.ChannelTypeGuildPublicThread})
	}
	return err
}

// threadName is what a thread is called.
func threadName(p *bot.Post) string {
	text, _, _ := strings.Cut(strings.TrimSpace(p.Text), "\n")
	if p.Card != nil {
		text = p.Card.Title
	}
	if name := cut(oneLine(strings.Trim(text, "#*_`> ")), maxThreadName); name != "" {
		return name
	}
	return "Bob"
}

// edited is what a message becomes: who edits it calls nobody.
func (f *FrontEnd) edited(id string, p *bot.Post) message {
	if p.Card != nil {
		return cardMessage(p.Card, f.marks.get(id))
	}
	m := postMessage(p)
	m.Mentions = newMessage().Mentions
	return m
}

// Edit puts a card or a text in place of one that was posted.
func (f *FrontEnd) Edit(ctx context.Context, at bot.Placed, p bot.Post) error {
	m := f.edited(at.Message, &p)
	if err := m.check(); err != nil {
		return &bot.DeliveryError{Trouble: bot.TroubleRefused, Err: err}
	}
	channel := at.Place.Thread
	if f.flat(at.Place) || at.Message == at.Place.Thread {
		channel = at.Place.Channel
	}
	if f.rooms.isWorn(at.Message) {
		return &bot.DeliveryError{Trouble: bot.TroubleGone, Err: errors.New("the message takes no more edits")}
	}
	err := f.edit(ctx, channel, at.Message, m)
	if codeOf(err) == codeOldMessage {
		f.rooms.setWorn(at.Message)
	}
	if codeOf(err) == codeUnknownChannel && channel != at.Place.Channel {
		err = f.edit(ctx, at.Place.Channel, at.Message, m) // it stands apart
	}
	if err != nil {
		return f.trouble(ctx, at.Place, err)
	}
	return nil
}

func (f *FrontEnd) edit(ctx context.Context, channel, id string, m message) error {
	if !snowflake(channel) || !snowflake(id) {
		return &apiError{status: http.StatusNotFound, code: codeUnknownMessage, message: "no such message"}
	}
	path := "/channels/" + channel
	q := request{method: http.MethodPatch, path: path + "/messages/" + id, body: m}
	err := f.rest.call(ctx, q, nil)
	if codeOf(err) != codeArchived {
		return err
	}
	if err := f.rest.call(ctx, request{method: http.MethodPatch, path: path, body: map[string]any{"archived": false}}, nil); err != nil {
		return err
	}
	return f.rest.call(ctx, q, nil)
}

// Direct returns the place where one person alone is reached.
func (f *FrontEnd) Direct(ctx context.Context, workspace, user string) (jobs.Place, error) {
	at := jobs.Place{Surface: Surface}
	if !snowflake(user) {
		return at, &bot.DeliveryError{Trouble: bot.TroubleGone, Err: errors.New("no such person")}
	}
	var c posted
	body := map[string]any{"recipient_id": user}
	if err := f.rest.call(ctx, request{method: http.MethodPost, path: "/users/@me/channels", body: body}, &c); err != nil {
		return jobs.Place{}, f.trouble(ctx, jobs.Place{Surface: Surface, Workspace: workspace}, err)
	}
	at.Channel = c.ID
	return at, nil
}

// respond answers what somebody wrote, where they wrote it.
func (f *FrontEnd) respond(ctx context.Context, to *discordapi.Message, r bot.Reply) error {
	if silent(&r) {
		return nil
	}
	if r.Form != nil {
		r = *formAgain(&r)
	}
	m := replyMessage(&r)
	m.Nonce, m.Enforce = nonceOf("reply:"+to.ID), true
	m.Reference = &reference{Message: to.ID}
	_, err := f.sendTo(ctx, to.ChannelID, m, nil)
	return err
}
