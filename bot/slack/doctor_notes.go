package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/askbob/bob/bot"
)

// maxUnwell is how many workspaces are named that are not well.
const maxUnwell = 20

// checkInstallations counts the workspaces that Bob is in, and names those whose token
// is no good or lacks something.
func (s *Slack) checkInstallations(ctx context.Context) []bot.Finding {
	f := bot.Finding{Name: "slack installations"}
	list, err := s.cfg.Notes.NotesOf(ctx, surfaceName, installPrefix, maxTeams)
	switch {
	case err != nil:
		f.Text = "The installations cannot be read: is the database there?"
		return []bot.Finding{f}
	case len(list) == 0:
		f.Text = "No workspace has installed Bob. Open " + s.cfg.PublicURL + "/slack/install."
		return []bot.Finding{f}
	}
	f.OK, f.Text = true, fmt.Sprintf("%d workspaces have installed Bob", len(list))
	found := []bot.Finding{f}
	for _, key := range slices.Sorted(maps.Keys(list)) {
		team := strings.TrimPrefix(key, installPrefix)
		in, err := s.teams.installed(ctx, team)
		what := "its token cannot be read: was slack.client_secret changed? Install Bob there again"
		if err == nil {
			what = s.unwell(in)
		}
		if what != "" && len(found) <= maxUnwell {
			found = append(found, bot.Finding{Name: "slack workspace " + team, Text: what + ": " + s.cfg.PublicURL + "/slack/install."})
		}
	}
	return found
}

// unwell says what is wrong with an installation; empty: nothing.
func (s *Slack) unwell(in installation) string {
	switch missing := missingScopes(in.Scopes); {
	case in.Fault != "":
		return fmt.Sprintf("Slack does not renew its token (%s), which ends at %s. Nothing is lost meanwhile; install Bob there again",
			in.Fault, in.Expires.Format("2006-01-02 15:04 MST"))
	case len(missing) > 0:
		return "missing " + strings.Join(missing, ", ") + ". Paste the manifest (bob manifest slack) and install Bob there again"
	}
	return ""
}

// extras are the things that Bob does without where a workspace refuses them, and what
// there is in place of them.
var extras = map[method]string{ //nolint:gochecknoglobals // a constant table
	mStatus:  "the status line: the card says how far a job is",
	mSession: "the Stop button: a stop sign as a reaction, \"pause\" and the card's buttons do the same",
	mReact:   "Bob's reactions: the card says how a job is",
	mUnreact: "the change of Bob's reactions: the card says how a job is",
}

// checkLacks says what workspaces refused that Bob does without. That is no fault, unless
// the app was made from another manifest.
func (s *Slack) checkLacks(ctx context.Context) (found []bot.Finding) {
	list, err := s.cfg.Notes.NotesOf(ctx, surfaceName, lackPrefix, maxTeams)
	if err != nil {
		return []bot.Finding{{Name: "slack extras", Text: "What workspaces refused cannot be read: is the database there?"}}
	}
	for _, key := range slices.Sorted(maps.Keys(list)) {
		team, name, _ := strings.Cut(strings.TrimPrefix(key, lackPrefix), ":")
		var l lack
		if json.Unmarshal(list[key], &l) != nil || len(found) >= maxUnwell {
			continue
		}
		f := bot.Finding{Name: "slack extras", OK: true, Text: fmt.Sprintf("workspace %s is without %s (%s says %s)", team, extras[method(name)], name, l.Error)}
		if l.Error == isDeaf || l.Error == "missing_scope" {
			f.OK = false
			f.Text += ". Paste the manifest (bob manifest slack) and install the app again; within a day Bob tries it again."
		}
		found = append(found, f)
	}
	return found
}
