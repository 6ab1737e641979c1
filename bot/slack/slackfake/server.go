package slackfake

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Config configures a Server. Its zero value is one workspace T1 that Bob, as U0BOB,
// is in.
type Config struct {
	Teams         []Team
	AppToken      string        // default xapp-1
	SigningSecret string        // default a signing secret
	ClientID      string        // default 1.2
	ClientSecret  string        // default a client secret
	AckWithin     time.Duration // how long an answer may take; default 3s
	Retries       int           // of events that were not answered; default 3
	Limits        map[string]Limit
}

// Team is a workspace.
type Team struct {
	ID      string
	Token   string // of the bot
	BotUser string
	Scopes  string // as X-OAuth-Scopes names them
	Ends    int    // seconds after which a granted token ends, and is renewed; 0: never

	Refuses map[string]string // methods that its plan does not have, and Slack's word for it
	Deaf    bool              // the app does not hear of its Stop button
}

// Limit is how often a method may be called in a workspace.
type Limit struct {
	Calls int
	Per   time.Duration
}

// Fault is what goes wrong with a call. Its zero value is nothing.
type Fault struct {
	Status     int           // of HTTP, such as 500; 0: 200
	RetryAfter int           // seconds, with a status of 429
	Error      string        // Slack's word for it
	Lose       bool          // it is done, and the connection is cut before the answer
	Wait       chan struct{} // it is answered when this is closed; nil: at once
}

// Server is a Slack. It is safe for concurrent use.
type Server struct {
	cfg  Config
	base string // http://127.0.0.1:port
	http *http.Server
	ctx  context.Context //nolint:containedctx // the life of the server
	stop context.CancelFunc
	work sync.WaitGroup

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced at every change
	teams    map[string]Team
	calls    map[string]int
	refused  map[string]int
	recent   map[string][]time.Time
	faults   map[string][]Fault
	channels map[string]string   // errors of channels
	private  map[string][]string // who is in private channels
	messages []*Message
	views    map[string]*View
	homes    map[string]*View
	triggers map[string]trigger
	files    map[string]*File
	users    map[string]map[string]any
	codes    map[string]Team
	renewals map[string]Team // by what they are renewed with, which works once
	expired  map[string]bool // tokens whose time is over
	sessions map[string]*Session
	marks    map[string][]string // Bob's reactions, by message
	conns    []*conn
	target   string
	pending  map[string]*Delivery
	order    []string // of the deliveries that Bob took
	late     int
	missed   int // answers over the socket that get lost from now on
	count    int
}

// Start starts a server on a free port of this machine. It ends with ctx, or by Close.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	cfg = cfg.filled()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &Server{
		cfg: cfg, base: "http://" + listener.Addr().String(), changed: make(chan struct{}),
		teams: map[string]Team{}, calls: map[string]int{}, refused: map[string]int{}, recent: map[string][]time.Time{},
		faults: map[string][]Fault{}, channels: map[string]string{}, private: map[string][]string{}, views: map[string]*View{}, homes: map[string]*View{},
		triggers: map[string]trigger{}, files: map[string]*File{}, users: map[string]map[string]any{}, codes: map[string]Team{},
		pending: map[string]*Delivery{}, renewals: map[string]Team{}, expired: map[string]bool{}, sessions: map[string]*Session{}, marks: map[string][]string{},
	}
	life, stop := context.WithCancel(ctx)
	s.ctx, s.stop = life, stop
	for _, t := range cfg.Teams {
		s.teams[t.Token] = t
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	s.work.Go(func() { _ = s.http.Serve(listener) })
	context.AfterFunc(life, func() { _ = s.http.Close() })
	return s, nil
}

func (c Config) filled() Config {
	if len(c.Teams) == 0 {
		c.Teams = []Team{{ID: "T1", Token: "xoxb-1", BotUser: "U0BOB"}}
	}
	c.AppToken = cmp.Or(c.AppToken, "xapp-1")
	c.SigningSecret = cmp.Or(c.SigningSecret, "a signing secret")
	c.ClientID = cmp.Or(c.ClientID, "1.2")
	c.ClientSecret = cmp.Or(c.ClientSecret, "a client secret")
	c.AckWithin = cmp.Or(c.AckWithin, 3*time.Second)
	c.Retries = cmp.Or(c.Retries, 3)
	return c
}

// Close ends the server, and waits for all that it does.
func (s *Server) Close() {
	s.stop()
	s.mu.Lock()
	conns := s.conns
	s.mu.Unlock()
	for _, c := range conns {
		c.close()
	}
	s.work.Wait()
}

// URL is where the API is.
func (s *Server) URL() string { return s.base + "/api/" }

// Config returns the configuration with its defaults.
func (s *Server) Config() Config { return s.cfg }

// Target lets what people do be delivered over HTTP, below an address, and no longer
// over the socket.
func (s *Server) Target(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.target = strings.TrimRight(address, "/")
}

// Fail lets the next calls of a method go wrong, one by one; chat.* is any of those
// that begin so, Posts any that puts up or edits a message.
func (s *Server) Fail(method string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[method] = append(s.faults[method], faults...)
}

// Posts names for Fail all methods that put up or edit a message.
const Posts = "posts"

// Mend lets nothing go wrong any more that has not yet.
func (s *Server) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.faults)
	s.missed = 0
}

// Shut lets what is said in a channel be refused with an error; empty: no more.
func (s *Server) Shut(channel, errorCode string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[channel] = errorCode
}

// Calls counts the calls of a method, refused ones too.
func (s *Server) Calls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

// Refused counts the calls of all methods that came too often.
func (s *Server) Refused() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.refused {
		n += c
	}
	return n
}

// Wait waits until done says so, which it is asked at every change. It returns the
// error of ctx, or of a server that ends.
func (s *Server) Wait(ctx context.Context, done func() bool) error {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if done() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
	}
}

// change tells who waits. The mutex is held.
func (s *Server) change() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// next returns a number that was not there before. The mutex is held.
func (s *Server) next() int {
	s.count++
	return s.count
}

// args are the arguments of a call.
type args map[string]any

func (a args) text(key string) string {
	switch v := a[key].(type) {
	case string:
		return v
	case nil:
		return ""
	default:
		data, _ := json.Marshal(v) //nolint:errchkjson // it came from JSON
		return string(data)
	}
}

// raw is an argument that is JSON, in a form too.
func (a args) raw(key string) json.RawMessage {
	if text := a.text(key); text != "" && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return nil
}

// refusal is an error of Slack's.
type refusal string

// Error is Slack's word.
func (r refusal) Error() string { return string(r) }

// call is a method of the API: it returns what the answer says beside ok.
type call func(t Team, a args) (map[string]any, error)

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for name, do := range map[string]call{
		"auth.test": s.authTest, "users.info": s.usersInfo, "reactions.add": s.addReaction, "reactions.remove": s.removeReaction,
		"assistant.threads.setSuggestedPrompts": s.noop, "assistant.threads.setStatus": s.setLine, "agents.sessions.setStatus": s.setSession,
		"chat.postMessage": s.postMessage, "chat.update": s.update, "chat.postEphemeral": s.postEphemeral,
		"conversations.replies": s.replies, "conversations.history": s.history, "conversations.open": s.openDM,
		"conversations.info": s.channelInfo, "users.conversations": s.channelsOf, "views.open": s.viewsOpen, "views.push": s.viewsPush, "views.update": s.viewsUpdate,
		"views.publish": s.viewsPublish, "files.getUploadURLExternal": s.uploadURL, "files.completeUploadExternal": s.completeUpload,
		"files.info": s.fileInfo,
	} {
		mux.HandleFunc("/api/"+name, s.method(name, do))
	}
	mux.HandleFunc("/api/apps.connections.open", s.method("apps.connections.open", s.openSocket))
	mux.HandleFunc("/api/oauth.v2.access", s.method("oauth.v2.access", s.access))
	mux.HandleFunc("GET /link", s.link)
	mux.HandleFunc("POST /upload/{id}", s.takeUpload)
	mux.HandleFunc("GET /files/{id}", s.download)
	mux.HandleFunc("POST /respond/{team}/{channel}/{user}", s.respond)
	return mux
}

// method serves a method: faults and limits first.
func (s *Server) method(name string, do call) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a, token := arguments(r)
		fault, wait := s.called(name, token)
		if fault.Wait != nil {
			select {
			case <-fault.Wait:
			case <-s.ctx.Done():
			}
		}
		if wait > 0 || fault.Status != 0 {
			w.Header().Set("Retry-After", strconv.Itoa(max(int(wait.Seconds()+0.999), fault.RetryAfter)))
			w.WriteHeader(cmp.Or(fault.Status, http.StatusTooManyRequests))
			return
		}
		team, ok := s.team(name, token)
		out, err := map[string]any{}, error(refusal(fault.Error))
		switch {
		case !ok:
			err = s.unknown(token)
		case team.Refuses[name] != "":
			err = refusal(team.Refuses[name])
		case fault.Error == "":
			out, err = s.done(do, team, a)
		}
		if fault.Lose {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("X-OAuth-Scopes", team.Scopes)
		w.Header().Set("Content-Type", "application/json")
		answer := map[string]any{"ok": err == nil}
		if err != nil {
			answer["error"] = err.Error()
		}
		maps.Copy(answer, out)
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// done does a call.
func (s *Server) done(do call, t Team, a args) (map[string]any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.change()
	return do(t, a)
}

// called counts a call, and says what goes wrong with it, or how long it came too
// early.
func (s *Server) called(name, token string) (Fault, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.change()
	s.calls[name]++
	family, _, _ := strings.Cut(name, ".")
	keys := []string{name, family + ".*"}
	if family == "chat" || name == "files.completeUploadExternal" {
		keys = append(keys, Posts)
	}
	for _, key := range keys {
		if list := s.faults[key]; len(list) > 0 {
			s.faults[key] = list[1:]
			return list[0], 0
		}
	}
	limit, ok := s.cfg.Limits[name]
	if !ok {
		return Fault{}, 0
	}
	key, now := name+" "+token, time.Now()
	recent := s.recent[key]
	for len(recent) > 0 && now.Sub(recent[0]) > limit.Per {
		recent = recent[1:]
	}
	if len(recent) >= limit.Calls {
		s.refused[name]++
		return Fault{}, limit.Per - now.Sub(recent[0])
	}
	s.recent[key] = append(recent, now)
	return Fault{}, 0
}

// team is the workspace of a token.
func (s *Server) team(method, token string) (Team, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch method {
	case "oauth.v2.access":
		return Team{}, true
	case "apps.connections.open":
		return Team{}, token == s.cfg.AppToken
	}
	t, ok := s.teams[token]
	return t, ok
}

// arguments reads a call as a form or as JSON, and its token from wherever it is.
func arguments(r *http.Request) (args, string) {
	a := args{}
	body, _ := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/json" {
		_ = json.Unmarshal(body, &a)
	} else if form, err := url.ParseQuery(string(body)); err == nil {
		for key := range form {
			a[key] = form.Get(key)
		}
	}
	for key := range r.URL.Query() {
		a[key] = r.URL.Query().Get(key)
	}
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	return a, cmp.Or(token, a.text("token"))
}

func (s *Server) noop(Team, args) (map[string]any, error) { return nil, nil }

func (s *Server) authTest(t Team, _ args) (map[string]any, error) {
	return map[string]any{"url": s.base, "team": "Acme", "user": "bob", "team_id": t.ID, "user_id": t.BotUser, "bot_id": "B" + t.BotUser}, nil
}
