package discord_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/discord"
)

// signer signs as Discord does.
type signer struct {
	private ed25519.PrivateKey
	at      time.Time
	spoil   bool
}

func (s signer) send(t *testing.T, h http.Handler, body string) *httptest.ResponseRecorder {
	t.Helper()
	stamp := strconv.FormatInt(s.at.Unix(), 10)
	sig := ed25519.Sign(s.private, []byte(stamp+body))
	if s.spoil {
		sig[0]++
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/discord/interactions", strings.NewReader(body))
	r.Header.Set("X-Signature-Timestamp", stamp)
	r.Header.Set("X-Signature-Ed25519", hex.EncodeToString(sig))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestInteractions(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	o := newOffice(t)
	o.ears.click = func(bot.Click) (bot.Reply, error) { return bot.Reply{Text: "Paused."}, nil }
	f := newFront(t, o.Server, func(c *discord.Config) { c.PublicKey = hex.EncodeToString(public) })
	h, now := f.Interactions(), time.Now()
	good := signer{private: private, at: now}

	if w := good.send(t, h, `{"type":1}`); w.Code != http.StatusOK || w.Body.String() != `{"type":1}` {
		t.Errorf("a ping is answered %d %q", w.Code, w.Body)
	}
	event := o.event(usesButton, map[string]any{"custom_id": "pause|job_1|", "component_type": 2})
	id, token := o.Ask(event)
	event["id"], event["token"], event["application_id"] = id, token, "901"
	body, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	if w := good.send(t, h, string(body)); w.Code != http.StatusServiceUnavailable {
		t.Errorf("before Run it is answered %d", w.Code)
	}
	run(t, f, o.ears)
	until(t, o.Server, "the gateway", func() bool { return o.Lines() == 1 })
	for name, c := range map[string]struct {
		signer signer
		body   string
		want   int
	}{
		"another key":    {signer{private: ed25519.NewKeyFromSeed(make([]byte, 32)), at: now}, string(body), http.StatusUnauthorized},
		"spoilt":         {signer{private: private, at: now, spoil: true}, string(body), http.StatusUnauthorized},
		"repeated later": {signer{private: private, at: now.Add(-6 * time.Minute)}, string(body), http.StatusUnauthorized},
		"too early":      {signer{private: private, at: now.Add(6 * time.Minute)}, string(body), http.StatusUnauthorized},
		"no interaction": {good, `[]`, http.StatusBadRequest},
		"too large":      {good, strings.Repeat(" ", 2<<20), http.StatusRequestEntityTooLarge},
	} {
		if w := c.signer.send(t, h, c.body); w.Code != c.want {
			t.Errorf("%s is answered %d, want %d", name, w.Code, c.want)
		}
	}
	if len(o.ears.clicks) != 0 {
		t.Errorf("clicked %v", o.ears.clicks)
	}
	if w := good.send(t, h, string(body)); w.Code != http.StatusAccepted {
		t.Errorf("a click is answered %d", w.Code)
	}
	if c := o.ears.clicked(t); c.Button.Action != bot.ActPause {
		t.Errorf("clicked %+v", c)
	}
	if got := o.answered(t, token); raw(got.Original) != "Paused." {
		t.Errorf("answered %v", got.Answers)
	}
}

func TestInteractions_withoutAKey(t *testing.T) {
	t.Parallel()
	s := newFake(t)
	w := httptest.NewRecorder()
	newFront(t, s, nil).Interactions().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("{}")))
	if w.Code != http.StatusNotFound {
		t.Errorf("answered %d", w.Code)
	}
	cfg := config(s)
	cfg.PublicKey = "abc"
	if _, err := discord.New(cfg); err == nil || !strings.Contains(err.Error(), "public_key") {
		t.Errorf("a bad key: %v", err)
	}
}
