package discord

import (
	"context"
	"errors"
	"net/http"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// trouble says what to do about an error of rest's.
func (f *FrontEnd) trouble(ctx context.Context, at jobs.Place, err error) error {
	out := &bot.DeliveryError{Trouble: bot.TroubleUnsure, Err: err}
	e, refused := errors.AsType[*apiError](err)
	switch {
	case errors.Is(err, errUp):
	case errors.Is(err, errBefore):
		out.Trouble = bot.TroubleLater
	case !refused || e.status >= http.StatusInternalServerError:
	case e.code == codeOldMessage: // it is as good as gone: another one is put up
		out.Trouble = bot.TroubleGone
	case e.status == http.StatusTooManyRequests:
		out.Trouble, out.After = bot.TroubleLater, e.after
	case e.status == http.StatusUnauthorized, e.code == codeUnknownGuild:
		out.Trouble = bot.TroubleRevoked
	case shut(err), e.status == http.StatusForbidden, e.status == http.StatusNotFound:
		out.Trouble = bot.TroubleGone
		if f.thrownOut(ctx, at, e) {
			out.Trouble = bot.TroubleRevoked
		}
	default:
		out.Trouble = bot.TroubleRefused
	}
	return out
}

// codeOldMessage says that a message of more than an hour was edited too often.
const codeOldMessage = 30046

// shut reports whether a channel or a thread is not there, or takes nothing from Bob.
func shut(err error) bool {
	switch codeOf(err) {
	case codeUnknownChannel, codeNoAccess, codeNoPermission, codeArchived, codeLocked, codeWrongChannel:
		return true
	}
	return false
}

// thrownOut reports whether Bob is not in a guild any more. Discord says of its
// channels only that they may not be seen.
func (f *FrontEnd) thrownOut(ctx context.Context, at jobs.Place, e *apiError) bool {
	if !snowflake(at.Workspace) || (e.code != codeNoAccess && e.code != codeUnknownChannel) {
		return false
	}
	err := f.rest.call(ctx, request{method: http.MethodGet, path: "/guilds/" + at.Workspace}, nil)
	code := codeOf(err)
	return code == codeUnknownGuild || code == codeNoAccess
}
