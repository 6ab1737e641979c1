package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/askbob/bob/bot"
)

// checkTimeout bounds all checks.
const checkTimeout = 20 * time.Second

// Check asks Discord whether Bob can work there: the token, what he may read, the
// gateway, the commands.
func (f *FrontEnd) Check(ctx context.Context) []bot.Finding {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	self, err := f.whoami(ctx)
	if err != nil {
		text := "Discord does not answer: " + said(err) + "."
		if unauthorized(err) {
			text = "Discord does not take discord.token. Reset it on the page \"Bot\" of the developer portal, and copy the new one."
		}
		return []bot.Finding{{Name: "discord token", Text: text}}
	}
	return []bot.Finding{
		{Name: "discord token", OK: true, Text: "application " + self.app},
		checkContent(self), f.checkGateway(ctx), f.checkCommands(ctx, self),
		{Name: "discord invite", OK: true, Text: InviteURL(self.app)},
	}
}

func checkContent(self identity) bot.Finding {
	if !self.readsAll() {
		return bot.Finding{Name: "discord message content", Text: "Bob may not read replies in threads that do not mention him. " +
			"Turn on \"Message Content Intent\" on the page \"Bot\" of the developer portal."}
	}
	return bot.Finding{Name: "discord message content", OK: true, Text: "is on"}
}

func (f *FrontEnd) checkGateway(ctx context.Context) bot.Finding {
	out := bot.Finding{Name: "discord gateway"}
	start, err := f.rest.gateway(ctx)
	limit := start.SessionStartLimit
	switch {
	case err != nil:
		out.Text = "Discord does not answer: " + said(err) + "."
	case limit.Total > 0 && limit.Remaining <= 0:
		out.Text = fmt.Sprintf("No new connection may be made for %s: the bot connected too often.",
			(time.Duration(limit.ResetAfter) * time.Millisecond).Round(time.Second))
	case f.cfg.Shards > 0 && f.cfg.Shards < start.Shards:
		out.Text = fmt.Sprintf("Discord advises %d shards, discord.shards is %d. Set it to 0.", start.Shards, f.cfg.Shards)
	default:
		out.OK, out.Text = true, fmt.Sprintf("%d of %d connections are left for today", limit.Remaining, limit.Total)
	}
	return out
}

func (f *FrontEnd) checkCommands(ctx context.Context, self identity) bot.Finding {
	out := bot.Finding{Name: "discord commands"}
	var have []command
	err := f.rest.call(ctx, request{method: http.MethodGet, path: "/applications/" + self.app + "/commands"}, &have)
	switch {
	case err != nil:
		out.Text = "The commands cannot be read: " + said(err) + ". Invite Bob with the address below."
	case !same(have, commands()):
		out.OK, out.Text = true, "are registered when bob serve starts"
	default:
		out.OK, out.Text = true, fmt.Sprintf("all %d are registered", len(have))
	}
	return out
}

// said is an error for people.
func said(err error) string {
	if e, ok := errors.AsType[*apiError](err); ok {
		return fmt.Sprintf("status %d, code %d", e.status, e.code)
	}
	return "no answer"
}
