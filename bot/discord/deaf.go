package discord

import (
	"context"
	"log/slog"
	"net/http"

	discordapi "github.com/bwmarrin/discordgo"

	"github.com/askbob/bob/bot"
)

// Without the Message Content Intent Discord tells what a message says only if it is a
// direct one or mentions Bob. Commands, buttons and forms work all the same.

// An application has one of these flags if it may read what is not said to it.
const (
	flagMessageContent        = 1 << 18
	flagMessageContentLimited = 1 << 19
)

// readsAll reports whether the bot has the Message Content Intent.
func (i identity) readsAll() bool {
	return i.flags&(flagMessageContent|flagMessageContentLimited) != 0
}

// deafen has Bob do without the Message Content Intent. It reports whether he did with
// it so far.
func (f *FrontEnd) deafen() bool {
	if !f.deaf.CompareAndSwap(false, true) {
		return false
	}
	f.log.Warn("bob reads only what mentions him, direct messages and commands",
		"missing", "Message Content Intent", "remedy", "turn it on on the page Bot of the developer portal, and start bob again")
	return true
}

const deafText = "I cannot read this: Discord shows me only messages that mention me. Mention me, or use /bob answer. " +
	"(Who runs me can turn on the Message Content Intent.)"

// unread says in a thread that Bob made, once, that he cannot read what is said there.
func (l listener) unread(ctx context.Context, log *slog.Logger, m *discordapi.Message, self string) {
	if !l.front.deaf.Load() || len(m.StickerItems) > 0 || !l.front.rooms.tell(m.ChannelID) {
		return
	}
	var c discordapi.Channel
	err := l.front.rest.call(ctx, request{method: http.MethodGet, path: "/channels/" + m.ChannelID}, &c)
	if err == nil && c.OwnerID != self {
		return
	}
	if err == nil {
		err = l.front.respond(ctx, m, bot.Reply{Text: deafText, Warning: true})
	}
	if err != nil {
		log.Warn("reply not sent", "err", err)
	}
}
