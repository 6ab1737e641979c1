package slack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"
	"golang.org/x/sync/singleflight"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// team is a workspace that Bob is in.
type team struct {
	id   string // empty: not learnt yet, of a single token
	user string // Bob's own there
	api  *slackapi.Client

	in      installation // of a workspace that installed Bob
	unsaved bool         // its token was renewed, and is not written down yet
}

// teams knows the workspaces: the one of the configured token, or those that installed
// Bob. It is safe for concurrent use.
type teams struct {
	cfg    Config
	client func(token string) *slackapi.Client
	http   *http.Client
	seal   *seal // nil: a single token

	renewing singleflight.Group
	wake     chan struct{} // a token is to be renewed; holds one

	saving sync.Mutex // an installation is changed
	mu     sync.Mutex
	alone  *team // of the single token; nil: there is none
	known  map[string]*team
	failed map[string]failure // renewals
}

func newTeams(cfg Config, client *http.Client, api func(string) *slackapi.Client) (*teams, error) {
	ts := &teams{
		cfg: cfg, client: api, http: client, known: map[string]*team{}, failed: map[string]failure{}, wake: make(chan struct{}, 1),
	}
	if cfg.BotToken != "" {
		ts.alone = &team{api: api(cfg.BotToken)}
		return ts, nil
	}
	var err error
	ts.seal, err = newSeal(cfg.ClientSecret)
	return ts, err
}

// learn finds out who Bob is in the workspace of a single token. It tries until Slack
// answers; it returns an error if Slack does not take the token, or ctx is done.
func (ts *teams) learn(ctx context.Context, log *slog.Logger) error {
	if ts.seal != nil {
		return nil
	}
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		who, err := ts.single().api.AuthTestContext(ctx)
		switch {
		case err == nil:
			ts.mu.Lock()
			ts.alone = &team{id: who.TeamID, user: who.UserID, api: ts.alone.api}
			ts.mu.Unlock()
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case unusable(err):
			return &jobs.UserError{Message: fmt.Sprintf("Slack does not take slack.bot_token (%v). Copy the bot token (xoxb-…) from the app's page \"OAuth & Permissions\".", err), Err: err}
		}
		log.Warn("slack does not answer", "error", err, "again_in_seconds", wait.Seconds())
		if after, ok := tooOften(err); ok {
			wait = max(wait, after)
		}
		pause(ctx, wait)
	}
}

// single returns the workspace of the single token; nil: there is none.
func (ts *teams) single() *team {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.alone
}

// get returns a workspace. A workspace that Bob is not in is a *bot.DeliveryError with
// TroubleRevoked.
func (ts *teams) get(ctx context.Context, id string) (*team, error) {
	if t := ts.single(); t != nil {
		if id != "" && t.id != "" && id != t.id {
			return nil, &bot.DeliveryError{Trouble: bot.TroubleRevoked, Err: fmt.Errorf("the token is not of workspace %s", id)}
		}
		return t, nil
	}
	ts.mu.Lock()
	t, ok := ts.known[id]
	ts.mu.Unlock()
	if ok {
		return t, nil
	}
	in, err := ts.installed(ctx, id)
	if errors.Is(err, jobs.ErrNotFound) {
		return nil, notInstalled(id)
	}
	if err != nil {
		return nil, &bot.DeliveryError{Trouble: bot.TroubleLater, Err: err}
	}
	t = ts.team(in)
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if now, ok := ts.known[id]; ok { // read by another too, and its token may be newer
		return now, nil
	}
	ts.known[id] = t
	return t, nil
}

// team is the workspace of an installation.
func (ts *teams) team(in installation) *team {
	return &team{id: in.Team, user: in.BotUser, api: ts.client(in.Token), in: in}
}

// use makes an installation known in place of what was.
func (ts *teams) use(in installation, unsaved bool) *team {
	t := ts.team(in)
	t.unsaved = unsaved
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.known[in.Team] = t
	return t
}
