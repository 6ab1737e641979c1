package slack

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

// deed says what a call does, which decides what its failure means.
type deed int

// The deeds.
const (
	deedPost deed = iota // done twice, it is seen twice
	deedEdit             // done twice, it is as if done once
	deedLook             // done or not, nobody sees anything of it
)

// noWait is what a refusal without a time asks for.
const noWait = 30 * time.Second

// delivery turns an error of a call into a *bot.DeliveryError. It returns nil for nil.
func delivery(err error, d deed) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*bot.DeliveryError](err); ok {
		return err
	}
	e := &bot.DeliveryError{Trouble: bot.TroubleLater, Err: err}
	if early, ok := errors.AsType[notYet](err); ok {
		e.After = early.after
		return e
	}
	if wait, ok := tooOften(err); ok {
		e.After = wait
		return e
	}
	if refusal, ok := errors.AsType[slackapi.SlackErrorResponse](err); ok {
		e.Trouble = trouble(refusal.Err, d)
		return e
	}
	e.Trouble = lost(err, d)
	return e
}

// tooOften reports whether Slack refuses because it was called too often, and for how
// long.
func tooOften(err error) (time.Duration, bool) {
	if e, ok := errors.AsType[*slackapi.RateLimitedError](err); ok {
		return max(e.RetryAfter, time.Second), true
	}
	if e, ok := errors.AsType[slackapi.StatusCodeError](err); ok && e.Code == http.StatusTooManyRequests {
		return noWait, true
	}
	if e, ok := errors.AsType[slackapi.SlackErrorResponse](err); ok && (e.Err == "ratelimited" || e.Err == "rate_limited") {
		return noWait, true
	}
	return 0, false
}

// lost says what a call without an answer of Slack's own means: it may be done unless
// it never reached anybody, or was turned away.
func lost(err error, d deed) bot.Trouble {
	e, answered := errors.AsType[slackapi.StatusCodeError](err)
	switch {
	case answered && e.Code < 500:
		return bot.TroubleRefused
	case neverSent(err), d == deedLook, d == deedEdit && (answered || timedOut(err)):
		return bot.TroubleLater
	default:
		return bot.TroubleUnsure
	}
}

// timedOut reports whether a call took too long.
func timedOut(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// neverSent reports whether a call ended before there was a connection.
func neverSent(err error) bool {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Op == "dial"
	}
	_, ok := errors.AsType[*net.DNSError](err)
	return ok
}

// trouble says what an error code of Slack means for a message.
func trouble(code string, d deed) bot.Trouble {
	switch code {
	case "account_inactive", "token_revoked", "token_expired", "invalid_auth", "not_authed",
		"org_login_required", "team_access_not_granted", "access_denied":
		return bot.TroubleRevoked
	case "not_in_channel", "channel_not_found", "is_archived", "is_inactive", "channel_type_not_supported",
		"restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
		"restricted_action_non_threadable_channel", "restricted_action_thread_locked", "posting_to_channel_denied",
		"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "no_permission",
		"user_not_found", "users_not_found", "user_disabled", "user_not_visible", "cannot_dm_bot",
		"ekm_access_denied", "messages_tab_disabled", "user_not_in_channel", "file_deleted":
		return bot.TroubleGone
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout":
		if d == deedPost { // some of it may have happened, says Slack
			return bot.TroubleUnsure
		}
		return bot.TroubleLater
	case "team_added_to_org", "message_limit_exceeded", "update_failed", "hash_conflict", "accesslimited",
		"storage_limit_reached":
		return bot.TroubleLater
	default: // a definite no that does not change by asking again: msg_blocks_too_long, invalid_blocks, missing_scope
		return bot.TroubleRefused
	}
}

// unusable reports whether an error means that Slack cannot be used at all with these
// tokens.
func unusable(err error) bool {
	e, ok := errors.AsType[slackapi.SlackErrorResponse](err)
	return ok && (trouble(e.Err, deedLook) == bot.TroubleRevoked || e.Err == "not_allowed_token_type" || e.Err == "missing_scope")
}

// hidden reports whether Slack says that a channel is none that Bob sees.
func hidden(err error) bool {
	e, ok := errors.AsType[slackapi.SlackErrorResponse](err)
	return ok && trouble(e.Err, deedLook) == bot.TroubleGone
}

// lacksScope reports whether Bob was not let do something by who installed him.
func lacksScope(err error) bool {
	e, ok := errors.AsType[slackapi.SlackErrorResponse](err)
	return ok && e.Err == "missing_scope"
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// The errors that no other place has words for.
var (
	errNoChannel = errors.New("there is no channel to say it in")
	errNotSlack  = errors.New("the address is not Slack's")
)
