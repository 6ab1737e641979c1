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
	case e.status == http.StatusTooManyRequests:
		out.Trouble, out.After = bot.TroubleLater, e.after
	case e.status == http.StatusUnauthorized, e.code == codeUnknownGuild:
		out.Trouble = bot.TroubleRevoked
	case e.status == http.StatusForbidden, e.status == http.StatusNotFound, e.code == codeArchived, e.code == codeWrongChannel:
		out.Trouble = bot.TroubleGone
		if f.thrownOut(ctx, at, e) {
			out.Trouble = bot.TroubleRevoked
		}
	default:
		out.Trouble = bot.TroubleRefused
	}
	return out
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
