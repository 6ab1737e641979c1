package discord

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	discordapi "github.com/bwmarrin/discordgo"
)

// Discord sends interactions to a web address instead of the gateway where the
// application has one. Messages come over the gateway all the same.

const (
	// maxInteraction bounds the body of one interaction, in bytes.
	maxInteraction = 1 << 20
	// signedWithin is how old or early a signature may be: who repeats an older one is
	// not Discord.
	signedWithin = 5 * time.Minute
)

// publicKey reads what the developer portal calls so.
func publicKey(text string) (ed25519.PublicKey, error) {
	if text == "" {
		return nil, nil
	}
	key, err := hex.DecodeString(text)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, errors.New("discord: public_key is not the 64 letters and digits of the developer portal")
	}
	return key, nil
}

// Interactions serves POST /discord/interactions. It answers 404 if there is no
// PublicKey, and 503 while Run does not run.
func (f *FrontEnd) Interactions() http.Handler { return http.HandlerFunc(f.serveInteraction) }

func (f *FrontEnd) serveInteraction(w http.ResponseWriter, r *http.Request) {
	if f.key == nil {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxInteraction))
	if err != nil {
		http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
		return
	}
	if !signed(f.key, r.Header, body, time.Now()) {
		http.Error(w, "the signature is not Discord's", http.StatusUnauthorized)
		return
	}
	var i discordapi.Interaction
	if err := json.Unmarshal(body, &i); err != nil {
		http.Error(w, "the body is no interaction", http.StatusBadRequest)
		return
	}
	if i.Type == discordapi.InteractionPing {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"type":1}`) // Discord asks again if it got nothing
		return
	}
	f.mu.Lock()
	take := f.take
	f.mu.Unlock()
	if take == nil {
		http.Error(w, "bob is starting or stopping", http.StatusServiceUnavailable)
		return
	}
	// Accepted: the answer goes its own way, as that of the gateway's interactions.
	take(&i)
	w.WriteHeader(http.StatusAccepted)
}

// signed reports whether Discord signed a body, not long before or after now.
func signed(key ed25519.PublicKey, h http.Header, body []byte, now time.Time) bool {
	stamp := h.Get("X-Signature-Timestamp")
	sig, err := hex.DecodeString(h.Get("X-Signature-Ed25519"))
	at, err2 := strconv.ParseInt(stamp, 10, 64)
	if err != nil || err2 != nil || len(sig) != ed25519.SignatureSize {
		return false
	}
	if age := now.Sub(time.Unix(at, 0)); age > signedWithin || age < -signedWithin {
		return false
	}
	return ed25519.Verify(key, bytes.Join([][]byte{[]byte(stamp), body}, nil), sig)
}

// listen takes the interactions of Interactions until what it returns is called.
func (f *FrontEnd) listen(ctx context.Context, l listener) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.take = func(i *discordapi.Interaction) {
		l.spawn(ctx, "interaction", func(ctx context.Context, log *slog.Logger) { l.interaction(ctx, log, i) })
	}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.take = nil
	}
}
