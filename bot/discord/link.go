package discord

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	discordapi "github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
)

// intents is what the gateway is asked to tell, beside what messages say that are not
// addressed to Bob.
const intents = discordapi.IntentsGuilds | discordapi.IntentsGuildMessages | discordapi.IntentsDirectMessages

// goodbye is how long the library may take to end a session: it sleeps for a second.
const goodbye = 1500 * time.Millisecond

// link is a session of the library that is watched from outside its lock: the library
// waits for ever, holding it, when Discord answers a new connection with op 7 or op 9.
type link struct {
	api   *discordapi.Session
	down  chan struct{} // holds a word when the connection is gone
	heard atomic.Int64  // when the newest bytes came, in Unix nanoseconds

	mu   sync.Mutex
	conn net.Conn // nil: none
	left bool     // nothing may be dialed any more
}

// newLink makes a session that hands its events on until ctx is done.
func newLink(ctx context.Context, s *shard) (*link, error) {
	api, err := discordapi.New("Bot " + s.front.cfg.Token)
	if err != nil {
		return nil, err
	}
	l := &link{api: api, down: make(chan struct{}, 1)}
	api.Client = s.front.rest.client
	api.Identify.Intents = intents
	if !s.front.deaf.Load() {
		api.Identify.Intents |= discordapi.IntentMessageContent
	}
	api.ShardID, api.ShardCount = s.id, s.count
	// What follows is done by run, and by rooms.
	api.ShouldReconnectOnError, api.StateEnabled = false, false
	api.LogLevel = discordapi.LogError - 1 // it writes to where Bob does not log
	// In order, and without a goroutine that nobody waits for.
	api.SyncEvents = true
	api.MaxRestRetries, api.ShouldRetryOnRateLimit = 0, false
	api.Dialer = &websocket.Dialer{NetDialContext: l.dial, Proxy: onVersion, HandshakeTimeout: s.front.cfg.OpenWithin}
	api.AddHandler(func(*discordapi.Session, *discordapi.Disconnect) { l.gone() })
	api.AddHandler(func(*discordapi.Session, *discordapi.Ready) { s.starts.count(time.Now()) })
	s.listen.attach(ctx, api)
	return l, nil
}

// onVersion has the gateway speak the version that this package is written for. The
// library has another one in a variable of its package; a proxy is asked for before
// the request is written.
func onVersion(r *http.Request) (*url.URL, error) {
	q := r.URL.Query()
	q.Set("v", apiVersion)
	r.URL.RawQuery = q.Encode()
	return http.ProxyFromEnvironment(r)
}

func (l *link) gone() {
	select {
	case l.down <- struct{}{}:
	default:
	}
}

// dial opens the socket, and keeps it where it can be cut.
func (l *link) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left {
		_ = conn.Close()
		return nil, errors.New("the session was given up")
	}
	l.conn = conn
	l.hear()
	return &ear{Conn: conn, link: l}, nil
}

// ear is a socket that notes when something comes in, be it only an answer to a
// heartbeat.
type ear struct {
	net.Conn
	link *link
}

// Read reads on.
func (e *ear) Read(p []byte) (int, error) {
	n, err := e.Conn.Read(p)
	if n > 0 {
		e.link.hear()
	}
	return n, err
}

func (l *link) hear() { l.heard.Store(time.Now().UnixNano()) }

// open brings the session up. It returns errStuck if that takes longer than limit, or
// nothing was heard for longer than hush since the socket was open: the library does not
// look at deadlines here.
func (l *link) open(ctx context.Context, limit, hush time.Duration) error {
	select {
	case <-l.down: // of the connection before
	default:
	}
	l.heard.Store(0)
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = l.api.Open()
	}()
	tick := time.NewTicker(hush / 4)
	defer tick.Stop()
	for began := time.Now(); ; {
		select {
		case <-done:
			return err
		case <-ctx.Done():
			l.settle(done)
			return context.Cause(ctx)
		case now := <-tick.C:
			if heard := l.heard.Load(); now.Sub(began) < limit && (heard == 0 || now.Sub(time.Unix(0, heard)) < hush) {
				continue
			}
			l.settle(done)
			return errStuck
		}
	}
}

// settle gives a session up and waits for what the library does with it, if it still
// does something. One goroutine of the library's stays behind if it waits for its own
// lock: it cannot be reached, and holds nothing but itself.
func (l *link) settle(done <-chan struct{}) {
	l.abandon()
	within(done)
}

// within waits for what the library does, but not for ever. It reports whether it
// was done.
func within(done <-chan struct{}) bool {
	t := time.NewTimer(goodbye)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		return false
	}
}

// watch returns when the connection is gone, was cut because it said nothing for too
// long, or ctx is done.
func (l *link) watch(ctx context.Context, quiet time.Duration) error {
	tick := time.NewTicker(quiet / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-l.down:
			return errors.New("the connection ended")
		case <-tick.C:
			if time.Since(time.Unix(0, l.heard.Load())) < quiet {
				continue
			}
			l.cut()
			if !within(l.down) {
				return errStuck
			}
			return errors.New("the connection was silent")
		}
	}
}

// cut closes the socket under the library.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.conn.Close()
	}
}

// abandon gives the session up for good.
func (l *link) abandon() {
	l.mu.Lock()
	l.left = true
	l.mu.Unlock()
	l.cut()
}

// close ends the session, so that Discord shows the bot as away at once.
func (l *link) close() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = l.api.Close() // with or without a word to Discord
	}()
	if within(done) {
		l.abandon()
		return
	}
	l.settle(done)
}
