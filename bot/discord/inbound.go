package discord

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	discordapi "github.com/bwmarrin/discordgo"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

const (
	// eventWithin bounds the handling of one event, with the files that come with it.
	eventWithin = 2 * time.Minute
	// stopWithin is how long events in hand may go on when Bob stops.
	stopWithin = 5 * time.Second
)

// listener hands what a session tells to the conversation.
type listener struct {
	front   *FrontEnd
	handler bot.Handler
	handled *sync.WaitGroup
	past    *past
}

// attach listens to a session until ctx is done.
func (l listener) attach(ctx context.Context, api *discordapi.Session) {
	rooms := l.front.rooms
	api.AddHandler(func(_ *discordapi.Session, e *discordapi.MessageCreate) {
		if e.Message == nil {
			return
		}
		l.past.hear(e.ID)
		l.front.ages.of(e.ID, time.Now()) // the clocks are known from messages too
		before, done := l.front.turns.take(e.ChannelID)
		l.spawn(ctx, "message", func(ctx context.Context, log *slog.Logger) {
			defer done()
			select {
			case <-before:
				l.message(ctx, log, e.Message)
			case <-ctx.Done():
			}
		})
	})
	api.AddHandler(func(_ *discordapi.Session, e *discordapi.InteractionCreate) {
		l.spawn(ctx, "interaction", func(ctx context.Context, log *slog.Logger) { l.interaction(ctx, log, e.Interaction) })
	})
	api.AddHandler(func(*discordapi.Session, *discordapi.Ready) { l.past.begin() })
	api.AddHandler(func(_ *discordapi.Session, e *discordapi.GuildCreate) {
		l.note(func() {
			rooms.join(e.Guild)
			l.catchUp(ctx, e.Guild)
		})
	})
	api.AddHandler(func(_ *discordapi.Session, e *discordapi.ChannelCreate) { l.note(func() { rooms.learn(e.Channel) }) })
	api.AddHandler(func(_ *discordapi.Session, e *discordapi.ChannelUpdate) { l.note(func() { rooms.learn(e.Channel) }) })
	api.AddHandler(func(_ *discordapi.Session, e *discordapi.ThreadCreate) { l.note(func() { rooms.learn(e.Channel) }) })
	api.AddHandler(func(_ *discordapi.Session, e *discordapi.GuildRoleCreate) {
		l.note(func() { rooms.role(e.GuildID, e.Role) })
	})
	api.AddHandler(func(_ *discordapi.Session, e *discordapi.GuildRoleUpdate) {
		l.note(func() { rooms.role(e.GuildID, e.Role) })
	})
	api.AddHandler(func(_ *discordapi.Session, e *discordapi.GuildRoleDelete) {
		l.note(func() { rooms.dropRole(e.GuildID, e.RoleID) })
	})
}

// note takes what an event tells. The library hands on events that it could only
// half read, and a panic would end the process.
func (l listener) note(take func()) {
	defer l.recovered(l.front.log)
	take()
}

// spawn handles an event beside others, up to maxEvents at once. Run waits for it.
func (l listener) spawn(ctx context.Context, kind string, handle func(context.Context, *slog.Logger)) {
	select {
	case l.front.events <- struct{}{}:
	case <-ctx.Done():
		return
	}
	if ctx.Err() != nil { // both may have been possible
		<-l.front.events
		return
	}
	l.handled.Go(func() {
		defer func() { <-l.front.events }()
		log := l.front.log.With("event", kind)
		defer l.recovered(log)
		// What was begun is finished when Bob stops, but not for long.
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), eventWithin)
		defer cancel()
		stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopWithin, cancel) })
		defer stop()
		handle(own, log)
	})
}

func (l listener) recovered(log *slog.Logger) {
	if p := recover(); p != nil {
		log.Error("handling an event panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	}
}

// message takes what somebody wrote, if it is for Bob.
func (l listener) message(ctx context.Context, log *slog.Logger, m *discordapi.Message) {
	if m == nil || m.Author == nil || m.Author.Bot || m.WebhookID != "" ||
		(m.Type != discordapi.MessageTypeDefault && m.Type != discordapi.MessageTypeReply) {
		return
	}
	self, err := l.front.whoami(ctx)
	if err != nil {
		log.Error("message not heard: discord does not say who the bot is", "err", err)
		return
	}
	at, way, ok, err := l.addressed(ctx, m, self.user)
	switch {
	case err != nil:
		log.Error("message not heard: its channel is not known", "err", err)
		return
	case !ok:
		return
	}
	text := plainText(m, self.user)
	if text == "" && len(m.Attachments) == 0 && way == bot.WayReply { // a sticker, or not for Bob's eyes
		l.unread(ctx, log, m, self.user)
		return
	}
	reply, err := l.handler.Hear(ctx, bot.Message{
		Keys: []string{"discord:message:" + m.ID}, Place: at.Place, ID: m.ID, User: l.author(m),
		Text: text, Files: l.front.files(m.Attachments), Way: way, Direct: m.GuildID == "", Reach: at.reach,
		Overheard: m.GuildID != "", // Discord has no private answer to a message
	})
	if err != nil {
		log.Error("message not handled", "err", err)
		reply = bot.Reply{Text: jobs.UserMessage(err), Warning: true}
	}
	if err := l.front.respond(ctx, m, reply); err != nil {
		log.Warn("reply not sent", "err", err)
	}
}

// addressed says where a message stands and how it came, and reports whether it may
// be for Bob.
func (l listener) addressed(ctx context.Context, m *discordapi.Message, self string) (spot, bot.Way, bool, error) {
	if m.GuildID == "" {
		return spot{Place: placeIn(m.ChannelID, room{}, origin(m, self))}, bot.WayDirect, true, nil
	}
	named := strings.Contains(m.Content, "<@"+self+">") || strings.Contains(m.Content, "<@!"+self+">")
	r, err := l.front.room(ctx, m.ChannelID)
	if err != nil {
		return spot{}, "", false, err
	}
	r.guild = m.GuildID
	thread := origin(m, self)
	switch {
	case named && thread == "" && r.parent == "":
		// A thread that is made from a message is named as the message.
		return l.front.spotIn(ctx, placeIn(m.ChannelID, r, m.ID), r), bot.WayMention, true, nil
	case named:
		return l.front.spotIn(ctx, placeIn(m.ChannelID, r, thread), r), bot.WayMention, true, nil
	case r.parent != "" || thread != "":
		return l.front.spotIn(ctx, placeIn(m.ChannelID, r, thread), r), bot.WayReply, true, nil
	}
	return spot{}, "", false, nil
}

// origin is the message that a reply to Bob belongs to: what he said, or what that
// refers to. It stands for a thread where there is none. Empty: m is no such reply.
func origin(m *discordapi.Message, self string) string {
	to := m.ReferencedMessage
	if to == nil || to.Author == nil || to.Author.ID != self {
		return ""
	}
	if first := to.MessageReference; first != nil && first.MessageID != "" {
		return first.MessageID
	}
	return to.ID
}

// author is who wrote a message.
func (l listener) author(m *discordapi.Message) bot.User {
	u := bot.User{ID: m.Author.ID, Name: m.Author.DisplayName()}
	if m.Member != nil {
		if m.Member.Nick != "" {
			u.Name = m.Member.Nick
		}
		l.front.inside.setRoles(m.GuildID, m.Author.ID, m.Member.Roles)
		u.Admin = l.front.rooms.admin(m.GuildID, m.Author.ID, m.Member.Roles)
	}
	return u
}

// plainText is what a message says, without the mention of Bob, and with names in
// place of the IDs of others.
func plainText(m *discordapi.Message, self string) string {
	text := strings.NewReplacer("<@"+self+">", " ", "<@!"+self+">", " ").Replace(m.Content)
	for _, u := range m.Mentions {
		if u != nil {
			text = strings.NewReplacer("<@"+u.ID+">", "@"+u.DisplayName(), "<@!"+u.ID+">", "@"+u.DisplayName()).Replace(text)
		}
	}
	return strings.TrimSpace(text)
}
