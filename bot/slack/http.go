package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"

	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"github.com/askbob/bob/bot"
)

// maxBody bounds what Slack sends at once, in bytes.
const maxBody = 1 << 20

// HTTP returns what Slack and browsers call below /slack/: events, commands and
// interactions in ModeHTTP, and the way through an installation if workspaces install
// Bob. Before and after Run it answers 503, so that Slack tries again.
func (s *Slack) HTTP() http.Handler {
	mux := http.NewServeMux()
	if s.cfg.Mode == ModeHTTP {
		mux.HandleFunc("POST /slack/events", s.signed(s.serveEvent))
		mux.HandleFunc("POST /slack/commands", s.signed(s.serveCommand))
		mux.HandleFunc("POST /slack/interactions", s.signed(s.serveInteraction))
	}
	if s.cfg.ClientID != "" {
		mux.HandleFunc("GET /slack/install", s.beginInstall)
		mux.HandleFunc("GET /slack/oauth", s.endInstall)
	}
	return mux
}

// served handles a request whose signature is good.
type served func(ctx context.Context, h bot.Handler, r *http.Request, body []byte) (answer, bool)

// signed lets through what Slack itself sent, a short while ago.
func (s *Slack) signed(serve served) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "the request is too large", http.StatusRequestEntityTooLarge)
			return
		}
		if !s.genuine(r.Header, body) {
			http.Error(w, "the signature is not Slack's, or too old", http.StatusUnauthorized)
			return
		}
		h := s.handler.Load()
		if h == nil {
			http.Error(w, "Bob is starting or stopping", http.StatusServiceUnavailable)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body)) // for the library's parsers
		// Slack hangs up after three seconds: what it sent is still done.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), handleFor)
		defer cancel()
		a, ok := serve(ctx, *h, r, body)
		if !ok {
			http.Error(w, "the request cannot be read", http.StatusBadRequest)
			return
		}
		s.reply(w, a)
		if a.after != nil {
			a.after(ctx)
		}
	}
}

// genuine reports whether a request is Slack's and not older than five minutes.
func (s *Slack) genuine(header http.Header, body []byte) bool {
	v, err := slackapi.NewSecretsVerifier(header, s.cfg.SigningSecret)
	if err != nil {
		return false
	}
	if _, err := v.Write(body); err != nil {
		return false
	}
	return v.Ensure() == nil
}

// reply gives Slack its answer, whole, before the rest is done.
func (s *Slack) reply(w http.ResponseWriter, a answer) {
	if a.again {
		http.Error(w, "not taken: send it again", http.StatusInternalServerError)
		return
	}
	var body []byte
	if a.payload != nil {
		var err error
		if body, err = json.Marshal(a.payload); err != nil {
			s.cfg.Log.Error("slack answer not written", "error", err)
		}
		w.Header().Set("Content-Type", "application/json")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // Slack may be gone: then it sends it again
	_ = http.NewResponseController(w).Flush()
}

// serveEvent takes an event, or proves to Slack that this is Bob's address.
func (s *Slack) serveEvent(ctx context.Context, h bot.Handler, _ *http.Request, body []byte) (answer, bool) {
	e, err := slackevents.ParseEvent(body, slackevents.OptionNoVerifyToken())
	if err != nil { // an answer of 200 all the same: it would come again and be as odd
		s.cfg.Log.Warn("slack sent what bob does not know", "error", err)
		return answer{}, json.Valid(body)
	}
	if e.Type == slackevents.URLVerification {
		if v, ok := e.Data.(*slackevents.EventsAPIURLVerificationEvent); ok {
			return answer{payload: object{"challenge": v.Challenge}}, true
		}
	}
	return s.event(ctx, h, e), true
}

// serveCommand takes a slash command.
func (s *Slack) serveCommand(ctx context.Context, h bot.Handler, r *http.Request, _ []byte) (answer, bool) {
	cmd, err := slackapi.SlashCommandParse(r)
	if err != nil || cmd.UserID == "" {
		return answer{}, false
	}
	return s.command(ctx, h, cmd), true
}

// serveInteraction takes a button, a form or a shortcut.
func (s *Slack) serveInteraction(ctx context.Context, h bot.Handler, r *http.Request, _ []byte) (answer, bool) {
	ic, err := slackapi.InteractionCallbackParse(r)
	if err != nil {
		return answer{}, false
	}
	return s.interaction(ctx, h, ic), true
}
