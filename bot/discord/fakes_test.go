package discord_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/discord"
	"github.com/askbob/bob/bot/discord/discordfake"
	"github.com/askbob/bob/jobs"
)

func TestMain(m *testing.M) {
	// Where Discord answers a new session with op 7 or op 9, the library waits for its
	// own lock for ever.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/bwmarrin/discordgo.(*Session).CloseWithCode"))
}

// ears is a handler that remembers what it heard.
type ears struct {
	hear  func(bot.Message) (bot.Reply, error) // nil: says nothing
	click func(bot.Click) (bot.Reply, error)

	mu       sync.Mutex
	messages []bot.Message
	clicks   []bot.Click
	begins   []string
	news     chan struct{}
}

func newEars() *ears { return &ears{news: make(chan struct{}, 100)} }

func (e *ears) Hear(_ context.Context, m bot.Message) (bot.Reply, error) {
	e.mu.Lock()
	e.messages = append(e.messages, m)
	e.mu.Unlock()
	defer func() { e.news <- struct{}{} }()
	if e.hear == nil {
		return bot.Reply{}, nil
	}
	return e.hear(m)
}

func (e *ears) Click(_ context.Context, c bot.Click) (bot.Reply, error) {
	e.mu.Lock()
	e.clicks = append(e.clicks, c)
	e.mu.Unlock()
	defer func() { e.news <- struct{}{} }()
	if e.click == nil {
		return bot.Reply{}, nil
	}
	return e.click(c)
}

func (e *ears) Home(context.Context, bot.HomeQuery) (bot.Page, error) { return bot.Page{}, nil }

func (e *ears) Suggest(_ context.Context, _ jobs.Place, _ bot.User, begin string) ([]bot.Choice, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.begins = append(e.begins, begin)
	return []bot.Choice{{Value: "job_1", Label: "job_1 · Sales"}, {Value: "", Label: "none"}}, nil
}

// next waits for one more thing that is heard.
func (e *ears) next(t *testing.T) {
	t.Helper()
	select {
	case <-e.news:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing is heard")
	}
}

// message returns the newest message that was heard.
func (e *ears) message(t *testing.T) bot.Message {
	t.Helper()
	e.next(t)
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.messages[len(e.messages)-1]
}

func (e *ears) clicked(t *testing.T) bot.Click {
	t.Helper()
	e.next(t)
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.clicks[len(e.clicks)-1]
}

func config(s *discordfake.Server) discord.Config {
	return discord.Config{
		Token: discordfake.Token, APIURL: s.URL(), Log: slog.New(slog.DiscardHandler),
		OpenWithin: 1500 * time.Millisecond, ResumeWithin: 1500 * time.Millisecond, QuietFor: 10 * time.Second, Pause: time.Millisecond, IdentifyEvery: time.Millisecond,
		AnswerWithin: 5 * time.Second,
	}
}

func newFake(t *testing.T) *discordfake.Server {
	t.Helper()
	s := discordfake.New()
	t.Cleanup(s.Close)
	return s
}

// newFront makes a front end, with what change makes of its configuration.
func newFront(t *testing.T, s *discordfake.Server, change func(*discord.Config)) *discord.FrontEnd {
	t.Helper()
	cfg := config(s)
	if change != nil {
		change(&cfg)
	}
	f, err := discord.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// run runs a front end until the test ends, and returns what Run returns.
func run(t *testing.T, f *discord.FrontEnd, h bot.Handler) <-chan error {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out := make(chan error, 1)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		out <- f.Run(ctx, h)
	}()
	t.Cleanup(func() {
		stop()
		<-gone
	})
	return out
}

// until waits for something on the fake.
func until(t *testing.T, s *discordfake.Server, what string, done func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 15*time.Second)
	defer stop()
	if err := s.Wait(ctx, done); err != nil {
		t.Fatalf("waited for %s: %v", what, err)
	}
}

// up runs a front end and waits until its gateway is up.
func up(t *testing.T, s *discordfake.Server, change func(*discord.Config), h bot.Handler) {
	t.Helper()
	run(t, newFront(t, s, change), h)
	until(t, s, "the gateway", func() bool { return s.Lines() == 1 })
}
