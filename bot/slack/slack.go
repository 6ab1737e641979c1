package slack

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	slackapi "github.com/slack-go/slack"
	"golang.org/x/sync/singleflight"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// Mode is how Slack reaches Bob.
type Mode string

// The modes.
const (
	ModeSocket Mode = "socket" // Bob calls Slack and keeps the line open: no public address is needed
	ModeHTTP   Mode = "http"   // Slack calls Bob
)

// Config configures a Slack. Notes and Log are required, and a token or a client.
type Config struct {
	Mode          Mode   // default ModeSocket
	BotToken      string // of one workspace; empty: workspaces install Bob by ClientID
	AppToken      string // of ModeSocket
	SigningSecret string // of ModeHTTP
	ClientID      string // with ClientSecret: any workspace may install Bob
	ClientSecret  string // also what the tokens of workspaces are sealed with
	APIURL        string // default https://slack.com/api/
	PublicURL     string // of Bob, where people come back to after an installation

	Notes jobs.Notes
	Log   *slog.Logger

	Patience time.Duration    // how long a call waits for its turn before it is put off; default 5s
	Now      func() time.Time // default time.Now
}

// Slack is the front end. It is safe for concurrent use.
type Slack struct {
	cfg     Config
	http    *http.Client
	pacer   *pacer
	teams   *teams
	people  *people
	rooms   *rooms
	home    *home
	lacks   *lacks
	session *sessions
	marks   *marks
	halves  *memory // keys of posts whose text is up and whose files are not
	told    *memory // events whose failure was told to who caused them
	flights singleflight.Group
	handler atomic.Pointer[bot.Handler] // nil: Run was not called or is over
}

var _ bot.FrontEnd = (*Slack)(nil)

// callTimeout bounds one call to Slack: some carry files.
const callTimeout = time.Minute

// New returns a Slack for cfg. What the configuration lacks is a *jobs.UserError.
func New(cfg Config) (*Slack, error) {
	if cfg.Notes == nil || cfg.Log == nil {
		return nil, errors.New("slack: Notes and Log are required")
	}
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: bounded{http.DefaultTransport}, Timeout: callTimeout}
	s := &Slack{cfg: cfg, http: client, pacer: newPacer(cfg.Patience, cfg.Now)}
	s.teams, err = newTeams(cfg, client, s.client)
	if err != nil {
		return nil, err
	}
	s.people, s.rooms = newPeople(s), newRooms(s)
	s.home = newHome(s)
	s.lacks, s.session, s.marks = newLacks(s), newSessions(s), newMarks(s)
	s.halves, s.told = newMemory(), newMemory()
	return s, nil
}

// checked returns the configuration with its defaults.
func (c Config) checked() (Config, error) {
	if c.Mode == "" {
		c.Mode = ModeSocket
	}
	if c.APIURL == "" {
		c.APIURL = slackapi.APIURL
	}
	c.APIURL = strings.TrimRight(c.APIURL, "/") + "/" // the library joins by hand
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	if c.Patience == 0 {
		c.Patience = 5 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if problem := c.problem(); problem != "" {
		return Config{}, &jobs.UserError{Message: problem}
	}
	return c, nil
}

// problem says what is wrong with the configuration and what to do; empty: nothing.
func (c Config) problem() string {
	switch {
	case c.Mode != ModeSocket && c.Mode != ModeHTTP:
		return "slack.mode must be socket or http."
	case c.BotToken == "" && c.ClientID == "":
		return "Slack needs slack.bot_token (xoxb-…), or slack.client_id and slack.client_secret to be installed by several workspaces."
	case c.BotToken != "" && c.ClientID != "":
		return "Set either slack.bot_token for one workspace or slack.client_id for several, not both."
	case c.ClientID != "" && c.ClientSecret == "":
		return "slack.client_id needs slack.client_secret."
	case c.ClientID != "" && c.PublicURL == "":
		return "slack.client_id needs web.public_url: it is where people come back to after installing Bob."
	case c.Mode == ModeSocket && c.AppToken == "":
		return "Slack's socket mode needs slack.app_token (xapp-…, scope connections:write)."
	case c.Mode == ModeHTTP && c.SigningSecret == "":
		return "Slack's http mode needs slack.signing_secret."
	}
	return ""
}

// Name is the surface.
func (s *Slack) Name() string { return surfaceName }

const surfaceName = "slack"

// Run hands what people do to h until ctx is done. It returns an error only if Slack
// cannot be used at all.
func (s *Slack) Run(ctx context.Context, h bot.Handler) error {
	if err := s.teams.learn(ctx, s.cfg.Log); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	s.handler.Store(&h)
	defer s.handler.Store(nil)

	var beside sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer func() { cancel(); beside.Wait() }()
	beside.Go(func() { s.home.run(ctx, h) })
	beside.Go(func() { s.session.run(ctx) })
	beside.Go(func() { s.marks.run(ctx) })
	beside.Go(func() { s.teams.keepFresh(ctx) })

	if s.cfg.Mode == ModeSocket {
		return s.runSocket(ctx, h)
	}
	<-ctx.Done()
	return nil
}

// client returns a client of Slack's API for a bot token. It calls once: whether to
// try again is decided by who knows what the call does.
func (s *Slack) client(token string) *slackapi.Client {
	return slackapi.New(token,
		slackapi.OptionAppLevelToken(s.cfg.AppToken),
		slackapi.OptionAPIURL(s.cfg.APIURL),
		slackapi.OptionHTTPClient(s.http),
		slackapi.OptionLog(silent{}),
	)
}

// silent is a log of the library: what matters comes back as an error.
type silent struct{}

// Output drops a line.
func (silent) Output(int, string) error { return nil }

// place is a place on Slack.
func place(team, channel, thread string) jobs.Place {
	return jobs.Place{Surface: surfaceName, Workspace: team, Channel: channel, Thread: thread}
}
