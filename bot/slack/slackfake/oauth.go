package slackfake

import (
	"fmt"
	"maps"
)

// access changes a code for a token, or a token for a new one.
func (s *Server) access(_ Team, a args) (map[string]any, error) {
	if a.text("client_id") != s.cfg.ClientID || a.text("client_secret") != s.cfg.ClientSecret {
		return nil, refusal("bad_client_secret")
	}
	if a.text("grant_type") == "refresh_token" {
		return s.renew(a.text("refresh_token"))
	}
	t, ok := s.codes[a.text("code")]
	if !ok {
		return nil, refusal("invalid_code")
	}
	delete(s.codes, a.text("code"))
	maps.DeleteFunc(s.teams, func(_ string, old Team) bool { return old.ID == t.ID })
	return s.issue(t), nil
}

// renew takes what a token is renewed with, which works once. The token before goes on
// until its time is over.
func (s *Server) renew(with string) (map[string]any, error) {
	t, ok := s.renewals[with]
	if !ok {
		return nil, refusal("invalid_refresh_token")
	}
	delete(s.renewals, with)
	t.Token = fmt.Sprintf("%s.%d", t.Token, s.next())
	return s.issue(t), nil
}

// issue makes the token of a workspace good, and says what Slack says of it. The mutex
// is held.
func (s *Server) issue(t Team) map[string]any {
	s.teams[t.Token] = t
	out := map[string]any{
		"access_token": t.Token, "token_type": "bot", "bot_user_id": t.BotUser, "app_id": "A1", "scope": t.Scopes,
		"team": map[string]any{"id": t.ID, "name": "Team " + t.ID},
	}
	if t.Ends > 0 {
		with := fmt.Sprintf("xoxe-%d", s.next())
		s.renewals[with] = t
		out["refresh_token"], out["expires_in"] = with, t.Ends
	}
	return out
}

// Grant lets a workspace install Bob: it returns the code that the browser brings.
func (s *Server) Grant(t Team) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	code := fmt.Sprintf("code.%d", s.next())
	s.codes[code] = t
	return code
}

// Revoke makes a token worth nothing.
func (s *Server) Revoke(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.teams, token)
}

// Expire ends the time of all tokens of a workspace.
func (s *Server) Expire(team string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for token, t := range s.teams {
		if t.ID == team {
			s.expired[token] = true
			delete(s.teams, token)
		}
	}
}

// Forget makes what a workspace's token is renewed with worth nothing.
func (s *Server) Forget(team string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.renewals, func(_ string, t Team) bool { return t.ID == team })
}

// unknown is the error for a token that is no good.
func (s *Server) unknown(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expired[token] {
		return refusal("token_expired")
	}
	return refusal("invalid_auth")
}
