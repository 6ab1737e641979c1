package slack

import (
	"context"
	"errors"
	"fmt"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

// Where an app has token rotation on, a workspace's token ends after some hours, and is
// changed for another one before. What it is changed with works once: only the process
// that has the database does it, and one at a time.

const (
	renewEarly = 2 * time.Hour    // before a token ends
	renewFor   = 30 * time.Second // how long one try may take
	renewGap   = time.Minute      // between two tries that Slack did not answer
	refusedGap = time.Hour        // between two that it refused
	keepGap    = time.Minute      // between two looks at which tokens are due
	maxTeams   = 10_000
)

// failure is a renewal that did not work.
type failure struct {
	err   error
	again time.Time // not tried again before
}

// rotates reports whether the token ends and can be renewed.
func (in installation) rotates() bool { return in.Refresh != "" && !in.Expires.IsZero() }

// renewAt is when the token is to be renewed: early, but not in the first half of its
// life.
func (in installation) renewAt() time.Time {
	return in.Expires.Add(-min(renewEarly, in.Expires.Sub(in.Renewed)/2))
}

// granted is an installation by what Slack says of its token.
func (in installation) granted(resp *slackapi.OAuthV2Response, now time.Time) installation {
	in.Token, in.Refresh, in.Expires, in.Renewed, in.Fault = resp.AccessToken, "", time.Time{}, now, ""
	if resp.ExpiresIn > 0 {
		in.Refresh, in.Expires = resp.RefreshToken, now.Add(time.Duration(resp.ExpiresIn)*time.Second)
	}
	if resp.Scope != "" {
		in.Scopes = resp.Scope
	}
	return in
}

// current returns what is known of a workspace now: its token may have been renewed. It
// sees to it that one that ends soon is.
func (ts *teams) current(t *team) *team {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if now, ok := ts.known[t.id]; ok && ts.seal != nil {
		t = now
	}
	if t.in.rotates() && !ts.cfg.Now().Before(t.in.renewAt()) {
		knock(ts.wake)
	}
	return t
}

// keepFresh renews the tokens of all workspaces in time, until ctx is done.
func (ts *teams) keepFresh(ctx context.Context) {
	if ts.seal == nil {
		return
	}
	if err := ts.load(ctx); err != nil {
		ts.cfg.Log.Warn("slack installations not read", "error", err)
	}
	keepDoing(ctx, ts.wake, func(ctx context.Context) time.Duration {
		for _, t := range ts.due() {
			if ctx.Err() != nil {
				break
			}
			_, _ = ts.renew(ctx, t) // what went wrong is logged and kept
		}
		return keepGap
	})
}

// load makes all installations known. One that cannot be read is left out.
func (ts *teams) load(ctx context.Context) error {
	list, err := ts.cfg.Notes.NotesOf(ctx, surfaceName, installPrefix, maxTeams)
	if err != nil {
		return fmt.Errorf("list the installations: %w", err)
	}
	for key := range list {
		if _, err := ts.get(ctx, key[len(installPrefix):]); err != nil {
			ts.cfg.Log.Warn("slack installation not read", "note", key, "error", err)
		}
	}
	return nil
}

// due lists the workspaces whose token is to be renewed, or to be written down, now.
func (ts *teams) due() (list []*team) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	now := ts.cfg.Now()
	for _, t := range ts.known {
		if t.unsaved || t.in.rotates() && !now.Before(t.in.renewAt()) && !now.Before(ts.failed[t.id].again) {
			list = append(list, t)
		}
	}
	return list
}

// renew changes the token of a workspace for a new one, unless that was done since t
// was known. Its error is a *bot.DeliveryError: what was to be done is to be tried again
// later, for the workspace still has Bob as far as is known.
func (ts *teams) renew(ctx context.Context, t *team) (*team, error) {
	out, err, _ := ts.renewing.Do(t.id, func() (any, error) {
		ts.mu.Lock()
		now, bad := ts.known[t.id], ts.failed[t.id]
		ts.mu.Unlock()
		switch {
		case now == nil:
			return nil, notInstalled(t.id)
		case now.unsaved && ts.cfg.Now().Before(now.in.renewAt()):
			return ts.write(ctx, now.in)
		case now.in.Token != t.in.Token:
			return now, nil
		case ts.cfg.Now().Before(bad.again):
			return nil, &bot.DeliveryError{Trouble: bot.TroubleLater, After: bad.again.Sub(ts.cfg.Now()), Err: bad.err}
		}
		return ts.change(ctx, now.in)
	})
	if err != nil {
		return nil, err
	}
	fresh, _ := out.(*team)
	return fresh, nil
}

// change makes the call that renews a token, and writes the new one down. It goes on
// when ctx is done: the old one is worth nothing by then.
func (ts *teams) change(ctx context.Context, in installation) (*team, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewFor)
	defer cancel()
	resp, err := slackapi.RefreshOAuthV2TokenContext(ctx, ts.http, ts.cfg.ClientID, ts.cfg.ClientSecret, in.Refresh, slackapi.OAuthOptionAPIURL(ts.cfg.APIURL))
	if err == nil && (resp.AccessToken == "" || resp.RefreshToken == "" || resp.ExpiresIn <= 0) {
		err = errors.New("no token is in the answer")
	}
	if err != nil {
		return nil, ts.notRenewed(ctx, in, err)
	}
	ts.cfg.Log.Info("slack token renewed", "team", in.Team)
	return ts.write(ctx, in.granted(resp, ts.cfg.Now()))
}

// write keeps a renewed token and uses it, also if the database does not take it: then
// it is tried again, for without it nobody could renew it after a restart. A workspace
// that threw Bob out or installed him anew meanwhile stays as it is.
func (ts *teams) write(ctx context.Context, in installation) (*team, error) {
	ts.saving.Lock()
	defer ts.saving.Unlock()
	ts.mu.Lock()
	now := ts.known[in.Team]
	ts.mu.Unlock()
	switch {
	case now == nil:
		return nil, notInstalled(in.Team)
	case !now.in.At.Equal(in.At):
		return now, nil
	}
	err := ts.save(ctx, in)
	if err != nil {
		ts.cfg.Log.Error("slack token not kept, it is tried again", "team", in.Team, "error", err)
	}
	return ts.use(in, err != nil), nil
}

func notInstalled(team string) error {
	return &bot.DeliveryError{Trouble: bot.TroubleRevoked, Err: fmt.Errorf("workspace %s has not installed Bob", team)}
}

// notRenewed takes note of a renewal that did not work. A refusal is kept for bob
// doctor.
func (ts *teams) notRenewed(ctx context.Context, in installation, err error) error {
	bad := failure{err: fmt.Errorf("renew the token of %s: %w", in.Team, err), again: ts.cfg.Now().Add(renewGap)}
	fault := "" // Slack did not answer
	if e, ok := errors.AsType[*bot.DeliveryError](delivery(err, deedLook)); ok && e.Trouble != bot.TroubleLater {
		fault = said(err)
		bad.again = ts.cfg.Now().Add(refusedGap)
	}
	ts.mu.Lock()
	ts.failed[in.Team] = bad
	ts.mu.Unlock()
	ts.cfg.Log.Error("slack token not renewed", "team", in.Team, "ends", in.Expires, "error", err)
	if fault != "" && fault != in.Fault {
		in.Fault = fault
		_, _ = ts.write(ctx, in) // who is gone has no fault
	}
	return &bot.DeliveryError{Trouble: bot.TroubleLater, After: bad.again.Sub(ts.cfg.Now()), Err: bad.err}
}

// do makes a call, and once more with a new token if the time of the old one is over.
func (s *Slack) do(ctx context.Context, t *team, call func(*slackapi.Client) error) error {
	t = s.teams.current(t)
	err := call(t.api)
	if !t.expired(err, s.cfg.Now()) {
		return err
	}
	fresh, cause := s.teams.renew(ctx, t)
	if cause != nil {
		return cause
	}
	return call(fresh.api)
}

// expired reports whether Slack refuses a token because its time is over, and it can be
// renewed. An old one may be one that Slack does not know any more.
func (t *team) expired(err error, now time.Time) bool {
	e, ok := errors.AsType[slackapi.SlackErrorResponse](err)
	if !ok || !t.in.rotates() {
		return false
	}
	return e.Err == "token_expired" || e.Err == "invalid_auth" && !now.Before(t.in.Expires)
}
