// Package discord is Bob on Discord: it hands what people write and click there to
// the conversation, and puts up its cards, pages and messages. It knows Discord's
// gateway, its REST API and its limits. It does not know the database, any model, or
// any rule of jobs.
//
// A card is one embed with rows of buttons below. Embeds are drawn the same by every
// client since years, can be edited into anything, and leave the message's own text
// for what notifications and screen readers say. Components V2 would forbid that text
// on the message for ever.
package discord

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	discordapi "github.com/bwmarrin/discordgo"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"github.com/askbob/bob/bot"
)

// Surface is the name of this front end, as in jobs.Place.
const Surface = "discord"

// Config configures a FrontEnd. Token and Log are required.
type Config struct {
	Token     string // of the bot, without "Bot "
	APIURL    string // of another server that speaks Discord's API; empty: Discord's own
	PublicKey string // of the application, in hex; empty: Interactions serves nothing
	Shards    int    // connections to the gateway; 0: as many as Discord advises
	Log       *slog.Logger

	Client *http.Client // whose transport is used; nil: one of its own

	OpenWithin    time.Duration // how long a connection may take to be up; default 20s
	ResumeWithin  time.Duration // how long one that goes on may say nothing before it is up; default 5s
	QuietFor      time.Duration // a connection that says nothing for so long is dead; default 2m
	Pause         time.Duration // before the first new try, growing to 128 times as much; default 1s
	IdentifyEvery time.Duration // between new sessions, as Discord demands; default 5s
	AnswerWithin  time.Duration // an answer that takes longer is promised first; default 1.5s
}

// FrontEnd is Discord. Make it with New.
type FrontEnd struct {
	cfg      Config
	log      *slog.Logger
	rest     *rest
	identify *rate.Limiter
	cdn      *http.Client // for files: Discord's store, not its API
	rooms    *rooms
	inside   *inside
	asking   singleflight.Group // by channel
	marks    *marks
	turns    turns
	ages     ages
	events   chan struct{} // one place for each event that is handled at once
	key      ed25519.PublicKey
	deaf     atomic.Bool // Discord does not tell what messages say that are not addressed to Bob

	mu   sync.Mutex
	self identity
	take func(*discordapi.Interaction) // while Run runs
}

var _ bot.FrontEnd = (*FrontEnd)(nil)

const (
	// maxEvents bounds how many events are handled at once: what comes together is stored
	// together. More wait in the sockets.
	maxEvents = 512
	// idleConnections are kept for what is asked next, where one connection does not carry
	// many requests at once.
	idleConnections = 64
)

// New returns a front end for cfg. It does not connect.
func New(cfg Config) (*FrontEnd, error) {
	if cfg.Token == "" || cfg.Log == nil {
		return nil, errors.New("discord: Token and Log are required")
	}
	base, err := baseURL(cfg.APIURL)
	if err != nil {
		return nil, err
	}
	key, err := publicKey(cfg.PublicKey)
	if err != nil {
		return nil, err
	}
	cfg.OpenWithin = defaultTo(cfg.OpenWithin, 20*time.Second)
	cfg.ResumeWithin = defaultTo(cfg.ResumeWithin, 5*time.Second)
	cfg.QuietFor = defaultTo(cfg.QuietFor, 2*time.Minute)
	cfg.Pause = defaultTo(cfg.Pause, time.Second)
	cfg.IdentifyEvery = defaultTo(cfg.IdentifyEvery, 5*time.Second)
	cfg.AnswerWithin = defaultTo(cfg.AnswerWithin, 1500*time.Millisecond)
	next := carrier(cfg.Client)
	client := &http.Client{Transport: redirect{base: base, next: next}, Timeout: restWithin}
	f := &FrontEnd{
		cfg: cfg, log: cfg.Log, rest: newREST(client, cfg.Token, cfg.APIURL == ""), rooms: newRooms(), inside: &inside{known: map[string]membership{}}, marks: &marks{refs: map[string]string{}},
		cdn:      &http.Client{Transport: next, Timeout: eventWithin, CheckRedirect: noRedirect},
		identify: rate.NewLimiter(rate.Every(cfg.IdentifyEvery), 1), events: make(chan struct{}, maxEvents), key: key,
		turns: turns{last: map[string]chan struct{}{}},
	}
	return f, nil
}

// carrier is a client's, or else one of its own that keeps more connections than the
// standard one: that opens and closes a connection for nearly every answer in a rush.
func carrier(c *http.Client) http.RoundTripper {
	if c != nil && c.Transport != nil {
		return c.Transport
	}
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	own := standard.Clone()
	own.MaxIdleConnsPerHost = idleConnections
	return own
}

// noRedirect keeps the fetching of files at the addresses that were checked.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// baseURL reads what the configuration says of another server.
func baseURL(text string) (*url.URL, error) {
	if text == "" {
		text = "https://discord.com"
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return nil, fmt.Errorf("discord: api_url is no http address: %q", text)
	}
	return u, nil
}

func defaultTo(d, fallback time.Duration) time.Duration {
	if d <= 0 {
		return fallback
	}
	return d
}

// Name is the surface.
func (f *FrontEnd) Name() string { return Surface }

// Stale does nothing: the lists that people look at on Discord are private answers
// that cannot be found again.
func (f *FrontEnd) Stale([]string) {}

// Run hands what people do to h until ctx is done. It returns an error if Discord
// refuses the token or what the bot may see.
func (f *FrontEnd) Run(ctx context.Context, h bot.Handler) error {
	start, err := f.begin(ctx)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return err
	}
	count := f.cfg.Shards
	if count == 0 {
		count = max(1, start.Shards)
	}
	if self, err := f.whoami(ctx); err == nil && !self.readsAll() {
		f.deafen()
	}
	var handled sync.WaitGroup
	defer handled.Wait()
	g, ctx := errgroup.WithContext(ctx)
	listen := listener{front: f, handler: h, handled: &handled}
	defer f.listen(ctx, listen)()
	g.Go(func() error { f.syncCommands(ctx); return nil })
	for id := range count {
		s := &shard{front: f, id: id, count: count, log: f.log.With("shard", id), listen: listen, starts: newStarts(count)}
		s.listen.past = &past{}
		g.Go(func() error { return s.run(ctx) })
	}
	return g.Wait()
}

// begin learns who the bot is and how many connections it needs. It tries until
// Discord answers; a refused token is an error.
func (f *FrontEnd) begin(ctx context.Context) (gatewayStart, error) {
	for try := 0; ; try++ {
		_, err := f.whoami(ctx)
		var start gatewayStart
		if err == nil {
			start, err = f.rest.gateway(ctx)
		}
		switch {
		case err == nil:
			return start, nil
		case unauthorized(err):
			return start, errToken
		}
		f.log.Warn("discord does not answer yet", "err", err)
		if wait(ctx, pause(f.cfg.Pause, try)); ctx.Err() != nil {
			return start, context.Cause(ctx)
		}
	}
}

var errToken = errors.New("discord: the token is refused: take a new one from the developer portal and set discord.token")

// identity is who the bot is.
type identity struct {
	user, app string
	flags     int
}

// whoami returns who the bot is, and asks Discord once.
func (f *FrontEnd) whoami(ctx context.Context) (identity, error) {
	f.mu.Lock()
	self := f.self
	f.mu.Unlock()
	if self.user != "" {
		return self, nil
	}
	var user, app struct {
		ID    string `json:"id"`
		Flags *int   `json:"flags"`
	}
	if err := f.rest.call(ctx, request{method: http.MethodGet, path: "/users/@me"}, &user); err != nil {
		return self, err
	}
	if err := f.rest.call(ctx, request{method: http.MethodGet, path: "/applications/@me"}, &app); err != nil {
		return self, err
	}
	self = identity{user: user.ID, app: app.ID, flags: flagMessageContent}
	if app.Flags != nil { // a server that stands in for Discord may not say; its gateway does
		self.flags = *app.Flags
	}
	f.mu.Lock()
	f.self = self
	f.mu.Unlock()
	return self, nil
}

// wait waits for d or until ctx is done.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
