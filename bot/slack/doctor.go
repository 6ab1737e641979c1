package slack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

// checkTimeout bounds all checks.
const checkTimeout = 20 * time.Second

// Check calls Slack and says whether Bob can work there: the token, its scopes, the
// socket, the Home tab, and what workspaces do without.
func (s *Slack) Check(ctx context.Context) []bot.Finding {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	var found []bot.Finding
	if s.cfg.BotToken == "" {
		found = append(found, s.checkInstallations(ctx)...)
	} else {
		found = append(found, s.checkToken(ctx)...)
	}
	if s.cfg.Mode == ModeSocket {
		found = append(found, s.checkSocket(ctx))
	}
	return append(found, s.checkLacks(ctx)...)
}

// checkToken asks who Bob is, what he may do, and whether he has a Home tab.
func (s *Slack) checkToken(ctx context.Context) []bot.Finding {
	api := s.client(s.cfg.BotToken)
	who, err := api.AuthTestContext(ctx)
	if err != nil {
		return []bot.Finding{{Name: "slack token", Text: untried("slack.bot_token", err, "Copy it (xoxb-…) from the app's page \"OAuth & Permissions\".")}}
	}
	token := bot.Finding{Name: "slack token", OK: true, Text: fmt.Sprintf("%s in %s", who.User, who.Team)}
	if strings.HasPrefix(s.cfg.BotToken, rotating) {
		token.OK = false
		token.Text += ", but it ends within 12 hours: the app has token rotation on, which works with slack.client_id and slack.client_secret instead of slack.bot_token."
	}
	return []bot.Finding{
		token,
		checkScopes(who.Header.Get("X-OAuth-Scopes")),
		checkHome(ctx, api, who.UserID),
	}
}

// rotating begins the tokens that end.
const rotating = "xoxe."

// missingScopes lists what Bob must be allowed and is not.
func missingScopes(header string) (missing []string) {
	have := strings.FieldsFunc(header, func(r rune) bool { return r == ',' || r == ' ' })
	for _, scope := range scopes() {
		if !slices.Contains(have, scope) {
			missing = append(missing, scope)
		}
	}
	return missing
}

// checkScopes compares what Bob may do with what he must.
func checkScopes(header string) bot.Finding {
	f := bot.Finding{Name: "slack scopes"}
	if missing := missingScopes(header); len(missing) > 0 {
		f.Text = "missing " + strings.Join(missing, ", ") + ". Paste the manifest (bob manifest slack) and install the app again."
		return f
	}
	f.OK, f.Text = true, fmt.Sprintf("all %d are there", len(scopes()))
	return f
}

// checkHome publishes Bob's own Home tab, which nobody sees.
func checkHome(ctx context.Context, api *slackapi.Client, self string) bot.Finding {
	f := bot.Finding{Name: "slack home tab"}
	text := slackapi.NewTextBlockObject(slackapi.PlainTextType, "Bob", false, false)
	_, err := api.PublishViewContext(ctx, slackapi.PublishViewContextRequest{UserID: self, View: slackapi.HomeTabViewRequest{
		Type: slackapi.VTHomeTab, Blocks: slackapi.Blocks{BlockSet: []slackapi.Block{slackapi.NewSectionBlock(text, nil, nil)}},
	}})
	refusal, refused := errors.AsType[slackapi.SlackErrorResponse](err)
	switch {
	case err == nil:
		f.OK, f.Text = true, "is on"
	case refused && refusal.Err == "not_enabled":
		f.Text = "is off. Turn it on at the app's page \"App Home\"."
	case refused: // Slack has no Home of a bot everywhere: it got as far as that
		f.OK, f.Text = true, "was not tried: "+refusal.Err
	default:
		f.Text = "Slack does not answer: " + said(err) + "."
	}
	return f
}

// checkSocket opens a connection as far as its address.
func (s *Slack) checkSocket(ctx context.Context) bot.Finding {
	f := bot.Finding{Name: "slack socket"}
	if _, _, err := s.client(s.cfg.BotToken).StartSocketModeContext(ctx); err != nil {
		f.Text = untried("slack.app_token", err, "Make one (xapp-…) with connections:write at the app's page \"Basic Information\", and turn Socket Mode on.")
		return f
	}
	f.OK, f.Text = true, "Slack gives an address"
	return f
}

// untried says why a setting could not be tried, or that Slack does not take it and
// what to do then.
func untried(setting string, err error, advice string) string {
	if _, refused := errors.AsType[slackapi.SlackErrorResponse](err); !refused {
		return setting + " was not tried: Slack gives " + said(err) + ". Is the network there, or a proxy to name as slack.api_url?"
	}
	return "Slack does not take " + setting + ": " + said(err) + ". " + advice
}

// said is an error for people: Slack's word for it, or that it did not answer.
func said(err error) string {
	if e, ok := errors.AsType[slackapi.SlackErrorResponse](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[slackapi.StatusCodeError](err); ok {
		return e.Status
	}
	return "no answer"
}
