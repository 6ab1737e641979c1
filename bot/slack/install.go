package slack

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"
)

// installation is Bob in a workspace.
type installation struct {
	Team    string    `json:"team"`
	Name    string    `json:"name"`
	BotUser string    `json:"bot_user"`
	Token   string    `json:"token"`
	Scopes  string    `json:"scopes"`
	At      time.Time `json:"at"`

	Refresh string    `json:"refresh,omitempty"` // what the token is renewed with, once; empty: it does not end
	Expires time.Time `json:"expires,omitzero"`
	Renewed time.Time `json:"renewed,omitzero"` // when the token was given
	Fault   string    `json:"fault,omitempty"`  // Slack's word for why it is not renewed any more
}

const (
	installPrefix = "install:" // of the notes, before the workspace's ID
	stateCookie   = "bob_slack_state"
	stateFor      = 10 * time.Minute
	maxCode       = 512 // bytes of what comes back from Slack
)

// installed returns the installation of a workspace. jobs.ErrNotFound.
func (ts *teams) installed(ctx context.Context, id string) (installation, error) {
	sealed, err := ts.cfg.Notes.Note(ctx, surfaceName, installPrefix+id)
	if err != nil {
		return installation{}, fmt.Errorf("read the installation of %s: %w", id, err)
	}
	data, err := ts.seal.open(id, sealed)
	if err != nil {
		return installation{}, err
	}
	var in installation
	if err := json.Unmarshal(data, &in); err != nil {
		return installation{}, fmt.Errorf("read the installation of %s: %w", id, err)
	}
	return in, nil
}

// install keeps an installation, and uses its token from now on.
func (ts *teams) install(ctx context.Context, in installation) error {
	ts.saving.Lock()
	defer ts.saving.Unlock()
	if err := ts.save(ctx, in); err != nil {
		return err
	}
	ts.mu.Lock()
	delete(ts.failed, in.Team)
	ts.mu.Unlock()
	ts.use(in, false)
	return nil
}

// save writes an installation down, sealed.
func (ts *teams) save(ctx context.Context, in installation) error {
	data, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("write the installation of %s: %w", in.Team, err)
	}
	if err := ts.cfg.Notes.SetNote(ctx, surfaceName, installPrefix+in.Team, ts.seal.close(in.Team, data)); err != nil {
		return fmt.Errorf("write the installation of %s: %w", in.Team, err)
	}
	return nil
}

// drop forgets a workspace that threw Bob out. The workspace of a single token stays:
// its calls say that they are refused.
func (ts *teams) drop(ctx context.Context, id string) error {
	if ts.seal == nil {
		return nil
	}
	ts.saving.Lock()
	defer ts.saving.Unlock()
	ts.mu.Lock()
	delete(ts.known, id)
	ts.mu.Unlock()
	if err := ts.cfg.Notes.SetNote(ctx, surfaceName, installPrefix+id, nil); err != nil {
		return fmt.Errorf("drop the installation of %s: %w", id, err)
	}
	return nil
}

// beginInstall sends a browser to Slack, where a workspace may let Bob in.
func (s *Slack) beginInstall(w http.ResponseWriter, r *http.Request) {
	state := rand.Text()
	http.SetCookie(w, s.stateCookie(state, int(stateFor.Seconds())))
	q := url.Values{
		"client_id":    {s.cfg.ClientID},
		"scope":        {strings.Join(scopes(), ",")},
		"redirect_uri": {s.redirectURL()},
		"state":        {state},
	}
	http.Redirect(w, r, s.authorizeURL()+"?"+q.Encode(), http.StatusFound)
}

// stateCookie binds the way back to the browser that set out.
func (s *Slack) stateCookie(state string, seconds int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // it is Secure wherever Bob is reached by https
		Name: stateCookie, Value: state, Path: "/slack/oauth", MaxAge: seconds,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, // Lax: Slack sends the browser back by a link
		Secure: strings.HasPrefix(s.cfg.PublicURL, "https://"),
	}
}

func (s *Slack) redirectURL() string { return s.cfg.PublicURL + "/slack/oauth" }

// authorizeURL is the page beside the API.
func (s *Slack) authorizeURL() string {
	return strings.TrimSuffix(s.cfg.APIURL, "api/") + "oauth/v2/authorize"
}

// endInstall takes the browser back, and changes the code for a token.
func (s *Slack) endInstall(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	cookie, err := r.Cookie(stateCookie)
	http.SetCookie(w, s.stateCookie("", -1))
	if err != nil || cookie.Value == "" || subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(q.Get("state"))) != 1 {
		http.Error(w, "This link is not from here, or too old. Begin again at "+s.cfg.PublicURL+"/slack/install.", http.StatusBadRequest)
		return
	}
	code := q.Get("code")
	if code == "" || len(code) > maxCode {
		http.Error(w, "Bob was not installed: Slack sent no code. Begin again at "+s.cfg.PublicURL+"/slack/install.", http.StatusBadRequest)
		return
	}
	in, err := s.exchange(r.Context(), code)
	if err == nil {
		err = s.teams.install(r.Context(), in)
	}
	if err != nil {
		s.cfg.Log.Error("slack installation failed", "error", err)
		http.Error(w, "Bob was not installed: Slack or Bob did not finish it. Begin again at "+s.cfg.PublicURL+"/slack/install.", http.StatusBadGateway)
		return
	}
	s.cfg.Log.Info("slack workspace installed bob", "team", in.Team)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = fmt.Fprintf(w, "Bob is in %s now. Write to him in Slack, or type /bob help.\n", in.Name)
}

// exchange changes a code for the token of a workspace.
func (s *Slack) exchange(ctx context.Context, code string) (installation, error) {
	resp, err := slackapi.GetOAuthV2ResponseContext(ctx, s.http, s.cfg.ClientID, s.cfg.ClientSecret, code, s.redirectURL(), slackapi.OAuthOptionAPIURL(s.cfg.APIURL))
	if err != nil {
		return installation{}, fmt.Errorf("change the code for a token: %w", err)
	}
	if resp.Team.ID == "" || resp.AccessToken == "" || resp.IsEnterpriseInstall {
		return installation{}, fmt.Errorf("change the code for a token: it is of no single workspace")
	}
	if resp.ExpiresIn > 0 && resp.RefreshToken == "" {
		return installation{}, fmt.Errorf("change the code for a token: it ends, and nothing came to renew it with")
	}
	now := s.cfg.Now()
	return installation{Team: resp.Team.ID, Name: resp.Team.Name, BotUser: resp.BotUserID, At: now}.granted(resp, now), nil
}
