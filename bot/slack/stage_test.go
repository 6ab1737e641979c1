package slack_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/slack"
	"github.com/askbob/bob/bot/slack/slackfake"
	"github.com/askbob/bob/jobs"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), // idle connections of the default client
		goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
		goleak.IgnoreAnyFunction("github.com/slack-go/slack/slacktest.handlePendingMessages")) // it waits for ever
}

// ear is a handler that remembers what it got.
type ear struct {
	hear  func(ctx context.Context, m bot.Message) (bot.Reply, error) // nil: a zero reply
	click func(ctx context.Context, c bot.Click) (bot.Reply, error)
	home  func(ctx context.Context, q bot.HomeQuery) (bot.Page, error)

	mu     sync.Mutex
	heard  []bot.Message
	clicks []bot.Click
	homes  []bot.HomeQuery
}

func (e *ear) Hear(ctx context.Context, m bot.Message) (bot.Reply, error) {
	e.mu.Lock()
	e.heard = append(e.heard, m)
	e.mu.Unlock()
	if e.hear == nil {
		return bot.Reply{}, nil
	}
	return e.hear(ctx, m)
}

func (e *ear) Click(ctx context.Context, c bot.Click) (bot.Reply, error) {
	e.mu.Lock()
	e.clicks = append(e.clicks, c)
	e.mu.Unlock()
	if e.click == nil {
		return bot.Reply{}, nil
	}
	return e.click(ctx, c)
}

func (e *ear) Home(ctx context.Context, q bot.HomeQuery) (bot.Page, error) {
	e.mu.Lock()
	e.homes = append(e.homes, q)
	e.mu.Unlock()
	if e.home == nil {
		return bot.Page{Kind: bot.PageJobs, Title: "Your jobs"}, nil
	}
	return e.home(ctx, q)
}

func (e *ear) Suggest(context.Context, jobs.Place, bot.User, string) ([]bot.Choice, error) {
	return nil, nil
}

func (e *ear) messages() []bot.Message {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]bot.Message(nil), e.heard...)
}

func (e *ear) clicked() []bot.Click {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]bot.Click(nil), e.clicks...)
}

// notes are kept in memory.
type notes struct {
	mu    sync.Mutex
	kept  map[string][]byte
	ready chan struct{} // closed when the front end runs: it reads who looks at what
	once  sync.Once
	sick  error // of every SetNote; nil: none
}

func newNotes() *notes { return &notes{kept: map[string][]byte{}, ready: make(chan struct{})} }

func (n *notes) Note(_ context.Context, surface, key string) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	data, ok := n.kept[surface+" "+key]
	if !ok {
		return nil, jobs.ErrNotFound
	}
	return data, nil
}

func (n *notes) NotesOf(_ context.Context, surface, prefix string, limit int) (map[string][]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if prefix == "home:" {
		n.once.Do(func() { close(n.ready) })
	}
	list := map[string][]byte{}
	for key, data := range n.kept {
		if name, ok := strings.CutPrefix(key, surface+" "); ok && strings.HasPrefix(name, prefix) && len(list) < limit {
			list[name] = data
		}
	}
	return list, nil
}

func (n *notes) SetNote(_ context.Context, surface, key string, data []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.sick != nil {
		return n.sick
	}
	if data == nil {
		delete(n.kept, surface+" "+key)
		return nil
	}
	n.kept[surface+" "+key] = data
	return nil
}

// breaks lets nothing be written down any more; nil: all is.
func (n *notes) breaks(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sick = err
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// flies is a time that goes on whenever somebody looks at it: nobody waits for a turn.
func (c *clock) flies(cfg *slack.Config) {
	cfg.Now = func() time.Time {
		c.add(10 * time.Second)
		return c.Now()
	}
}

// stage is a front end between a handler and a Slack.
type stage struct {
	t     *testing.T
	fake  *slackfake.Server
	slack *slack.Slack
	ear   *ear
	notes *notes
	web   *httptest.Server
	stop  func() // ends Run and waits for it
}

// setup changes the configurations of a stage before it begins.
type setup struct {
	fake slackfake.Config
	bob  func(c *slack.Config)
	ear  *ear
	idle bool // Run is not called
}

func fakeServer(t *testing.T, cfg slackfake.Config) *slackfake.Server {
	t.Helper()
	fake, err := slackfake.Start(context.WithoutCancel(t.Context()), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	return fake
}

func configFor(fake *slackfake.Server, mode slack.Mode, n *notes) slack.Config {
	f := fake.Config()
	return slack.Config{
		Mode: mode, BotToken: f.Teams[0].Token, AppToken: f.AppToken, SigningSecret: f.SigningSecret, APIURL: fake.URL(),
		Notes: n, Log: slog.New(slog.DiscardHandler),
	}
}

func newStage(t *testing.T, mode slack.Mode, set setup) *stage {
	t.Helper()
	s := &stage{t: t, fake: fakeServer(t, set.fake), ear: set.ear, notes: newNotes(), stop: func() {}}
	if s.ear == nil {
		s.ear = &ear{}
	}
	cfg := configFor(s.fake, mode, s.notes)
	if set.bob != nil {
		set.bob(&cfg)
	}
	var err error
	if s.slack, err = slack.New(cfg); err != nil {
		t.Fatal(err)
	}
	s.web = httptest.NewServer(s.slack.HTTP())
	t.Cleanup(s.web.Close)
	if mode == slack.ModeHTTP {
		s.fake.Target(s.web.URL)
	}
	if !set.idle {
		s.run(mode)
	}
	return s
}

// run begins Run, and waits until it hands over what comes.
func (s *stage) run(mode slack.Mode) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	over := make(chan error, 1)
	go func() { over <- s.slack.Run(ctx, s.ear) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-over; err != nil {
			s.t.Errorf("run: %v", err)
		}
	})
	s.t.Cleanup(s.stop)
	select {
	case <-s.notes.ready:
	case err := <-over:
		s.t.Fatalf("run: %v", err)
	}
	if mode == slack.ModeSocket {
		s.wait(func() bool { return s.fake.Connected() == 1 })
	}
}

// wait waits for something on the side of Slack.
func (s *stage) wait(done func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	if err := s.fake.Wait(ctx, done); err != nil {
		s.t.Fatalf("waited in vain: %v", err)
	}
}

// taken waits until Bob took it, and returns what he answered.
func (s *stage) taken(d *slackfake.Delivery) json.RawMessage {
	s.t.Helper()
	answer, err := d.Answer(s.t.Context())
	if err != nil {
		s.t.Fatalf("%s: %v", d.ID, err)
	}
	return answer
}

// shown waits for n messages in a channel, and returns them.
func (s *stage) shown(channel string, n int) []slackfake.Message {
	s.t.Helper()
	var list []slackfake.Message
	s.wait(func() bool {
		list = s.fake.Messages("T1", channel)
		return len(list) >= n
	})
	if len(list) != n {
		s.t.Fatalf("%d messages in %s, want %d: %+v", len(list), channel, n, list)
	}
	return list
}

// same compares messages without what opens their files.
func (s *stage) same(got, want any) {
	s.t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(bot.File{}, "Open"), cmp.Comparer(func(a, b *time.Location) bool {
		return a.String() == b.String()
	}), cmpopts.EquateEmpty()); diff != "" {
		s.t.Errorf("-want +got:\n%s", diff)
	}
}

// modes are the ways in which Slack reaches Bob.
func modes() []slack.Mode { return []slack.Mode{slack.ModeSocket, slack.ModeHTTP} }

func slackPlace(channel, thread string) jobs.Place {
	return jobs.Place{Surface: "slack", Workspace: "T1", Channel: channel, Thread: thread}
}

// pressed is what a button of a message brings.
func pressed(b bot.Button) (actionID, value string) { return "bob_" + string(b.Action), b.Value() }

// filled is what a person writes into a form, field by field, in their order.
func filled(t *testing.T, v slackfake.View, texts ...string) map[string]any {
	t.Helper()
	var view struct {
		Blocks []struct {
			Type    string `json:"type"`
			ID      string `json:"block_id"`
			Element struct {
				Action string `json:"action_id"`
			} `json:"element"`
		} `json:"blocks"`
	}
	if err := json.Unmarshal(v.Raw, &view); err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	for _, b := range view.Blocks {
		if b.Type == "input" && len(texts) > 0 {
			values[b.ID] = map[string]any{b.Element.Action: map[string]any{"type": "plain_text_input", "value": texts[0]}}
			texts = texts[1:]
		}
	}
	if len(texts) > 0 {
		t.Fatalf("the form has no field for %q: %s", texts, v.Raw)
	}
	return values
}
