package slack_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot/slack"
)

// request sends what may be Slack's, and returns the status and the answer.
func (s *stage) request(path, kind, body string, sign func(r *http.Request)) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.web.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	sign(r)
	resp, err := s.web.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it is read whole
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

func TestSlack_HTTP_takesOnlyWhatSlackSigned(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeHTTP, setup{})
	body := "command=%2Fbob&text=work&team_id=T1&channel_id=C1&user_id=U1&trigger_id=1.2"
	at := func(age time.Duration) func(r *http.Request) {
		return func(r *http.Request) { s.fake.Sign(r, []byte(body), time.Now().Add(-age)) }
	}
	for name, try := range map[string]struct {
		body string
		sign func(r *http.Request)
		want int
	}{
		"no signature":       {body, func(*http.Request) {}, http.StatusUnauthorized},
		"of another body":    {body + "&text=more", at(0), http.StatusUnauthorized},
		"ten minutes old":    {body, at(10 * time.Minute), http.StatusUnauthorized},
		"from the future":    {body, at(-10 * time.Minute), http.StatusUnauthorized},
		"signed":             {body, at(time.Minute), http.StatusOK},
		"another version":    {body, func(r *http.Request) { at(0)(r); r.Header.Set("X-Slack-Signature", "v1=00") }, http.StatusUnauthorized},
		"no time":            {body, func(r *http.Request) { at(0)(r); r.Header.Del("X-Slack-Request-Timestamp") }, http.StatusUnauthorized},
		"too large by a lot": {strings.Repeat("x", 2<<20), at(0), http.StatusRequestEntityTooLarge},
	} {
		for _, path := range []string{"/slack/commands", "/slack/events", "/slack/interactions"} {
			if name == "signed" && path != "/slack/commands" {
				continue
			}
			if got, _ := s.request(path, "application/x-www-form-urlencoded", try.body, try.sign); got != try.want {
				t.Errorf("%s at %s: status %d, want %d", name, path, got, try.want)
			}
		}
	}
	if got := s.ear.messages(); len(got) != 1 || got[0].Text != "work" {
		t.Errorf("heard %+v, want the signed one alone", got)
	}
}

func TestSlack_HTTP_provesItsAddressAndRefusesNonsense(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeHTTP, setup{})
	for name, try := range map[string]struct {
		path, kind, body, want string
		status                 int
	}{
		"challenge":   {"/slack/events", "application/json", `{"type":"url_verification","challenge":"abc"}`, `"challenge":"abc"`, http.StatusOK},
		"rate limit":  {"/slack/events", "application/json", `{"type":"app_rate_limited","team_id":"T1"}`, "", http.StatusOK},
		"no id":       {"/slack/events", "application/json", `{"type":"event_callback","team_id":"T1","event":{"type":"app_mention","user":"U1"}}`, "", http.StatusOK},
		"of tomorrow": {"/slack/events", "application/json", `{"type":"event_callback","team_id":"T1","event_id":"E","event":{"type":"x"}}`, "", http.StatusOK},
		"no JSON":     {"/slack/events", "application/json", `{`, "cannot be read", http.StatusBadRequest},
		"no user":     {"/slack/commands", "application/x-www-form-urlencoded", `text=x`, "cannot be read", http.StatusBadRequest},
		"no payload":  {"/slack/interactions", "application/x-www-form-urlencoded", `x=y`, "cannot be read", http.StatusBadRequest},
	} {
		status, answer := s.request(try.path, try.kind, try.body, func(r *http.Request) { s.fake.Sign(r, []byte(try.body), time.Now()) })
		if status != try.status || !strings.Contains(answer, try.want) {
			t.Errorf("%s: status %d, %q, want %d, %q", name, status, answer, try.status, try.want)
		}
	}
	if got := s.ear.messages(); len(got) != 0 {
		t.Errorf("heard %+v", got)
	}
}

func TestSlack_HTTP_beforeRunItAsksToComeAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeHTTP, setup{idle: true})
	body := `{"type":"url_verification","challenge":"abc"}`
	if got, _ := s.request("/slack/events", "application/json", body, func(r *http.Request) { s.fake.Sign(r, []byte(body), time.Now()) }); got != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503", got)
	}
}

func TestSlack_HTTP_inSocketModeNothingIsServed(t *testing.T) {
	t.Parallel()
	s := newStage(t, slack.ModeSocket, setup{})
	if got, _ := s.request("/slack/events", "application/json", "{}", func(*http.Request) {}); got != http.StatusNotFound {
		t.Errorf("status %d, want 404", got)
	}
}
