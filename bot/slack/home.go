package slack

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"github.com/askbob/bob/bot"
)

// home keeps the Home tabs of those up to date who looked at theirs lately. It is safe
// for concurrent use.
type home struct {
	s *Slack

	mu      sync.Mutex
	viewers map[viewer]*look
	wake    chan struct{} // something is stale; holds one
}

// viewer is a person of a workspace.
type viewer struct{ team, user string }

// look is how a person looks at the Home tab.
type look struct {
	Seen   time.Time // when it was opened or clicked last
	Button string    // the list that was chosen there; empty: the first one
	stale  bool
	drawn  time.Time
	lock   sync.Mutex // one publishes at a time: the last one shows the newest
}

const (
	homePrefix = "home:" // of the notes, before workspace and user
	homeFor    = 20 * time.Minute
	homeEvery  = 3 * time.Second // between two for one person
	maxViewers = 2000
)

func newHome(s *Slack) *home {
	return &home{s: s, viewers: map[viewer]*look{}, wake: make(chan struct{}, 1)}
}

// Stale tells that the lists of jobs that these people look at are out of date. Those
// who do not look are left out.
func (s *Slack) Stale(users []string) {
	s.home.mu.Lock()
	defer s.home.mu.Unlock()
	for _, user := range users {
		if l := s.home.viewers[s.viewerOf(user)]; l != nil {
			l.stale = true
			knock(s.home.wake)
		}
	}
}

// viewerOf reads a user as jobs.Place.UserOf names one, or by Slack's ID alone.
func (s *Slack) viewerOf(user string) viewer {
	parts := strings.SplitN(user, ":", 3)
	if len(parts) == 3 && parts[0] == surfaceName {
		return viewer{team: parts[1], user: parts[2]}
	}
	if t := s.teams.single(); t != nil {
		return viewer{team: t.id, user: user}
	}
	return viewer{}
}

// run publishes what is stale until ctx is done.
func (h *home) run(ctx context.Context, handler bot.Handler) {
	h.load(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
		}
		for {
			due, gone, wait := h.due()
			for _, v := range gone {
				h.forget(ctx, v)
			}
			for _, v := range due {
				if t, err := h.s.teams.get(ctx, v.team); err == nil {
					h.publish(ctx, handler, t, v.user)
				}
			}
			if wait == 0 || ctx.Err() != nil {
				break
			}
			pause(ctx, wait)
		}
	}
}

// due lists whose Home tab is to be published now, and who looks no more, and says when
// to look again; zero: nothing is stale.
func (h *home) due() (due, gone []viewer, wait time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.s.cfg.Now()
	for v, l := range h.viewers {
		if now.Sub(l.Seen) > homeFor {
			delete(h.viewers, v)
			gone = append(gone, v)
			continue
		}
		if !l.stale {
			continue
		}
		if early := homeEvery - now.Sub(l.drawn); early > 0 {
			if wait == 0 || early < wait {
				wait = early
			}
			continue
		}
		due = append(due, v)
	}
	return due, gone, wait
}

// load reads who looked lately, before a restart.
func (h *home) load(ctx context.Context) {
	notes, err := h.s.cfg.Notes.NotesOf(ctx, surfaceName, homePrefix, maxViewers)
	if err != nil {
		h.s.cfg.Log.Warn("slack home viewers not read", "error", err)
		return
	}
	now := h.s.cfg.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, data := range notes {
		team, user, _ := strings.Cut(strings.TrimPrefix(key, homePrefix), ":")
		l := &look{}
		if json.Unmarshal(data, l) != nil || now.Sub(l.Seen) > homeFor {
			h.forget(ctx, viewer{team, user})
			continue
		}
		if h.viewers[viewer{team, user}] == nil {
			l.stale = true // what it shows is older than this process
			h.viewers[viewer{team, user}] = l
		}
	}
	knock(h.wake)
}

// forget drops the note of who looks no more.
func (h *home) forget(ctx context.Context, v viewer) {
	if err := h.s.cfg.Notes.SetNote(ctx, surfaceName, homePrefix+v.team+":"+v.user, nil); err != nil {
		h.s.cfg.Log.Warn("slack home viewer not dropped", "error", err)
	}
}

// seen remembers that a person looks, at which list if a button chose one, and returns
// how.
func (h *home) seen(ctx context.Context, v viewer, button *bot.Button) *look {
	h.mu.Lock()
	l := h.viewers[v]
	if l == nil {
		if len(h.viewers) >= maxViewers {
			h.dropOldest()
		}
		l = &look{}
		h.viewers[v] = l
	}
	l.Seen = h.s.cfg.Now()
	l.Button = ""
	if button != nil {
		l.Button = button.Value()
	}
	data, err := json.Marshal(struct {
		Seen   time.Time
		Button string
	}{l.Seen, l.Button})
	h.mu.Unlock()
	if err == nil {
		err = h.s.cfg.Notes.SetNote(ctx, surfaceName, homePrefix+v.team+":"+v.user, data)
	}
	if err != nil {
		h.s.cfg.Log.Warn("slack home viewer not kept", "error", err)
	}
	return l
}

// dropOldest makes room for one more. The mutex is held.
func (h *home) dropOldest() {
	var oldest viewer
	var at time.Time
	for v, l := range h.viewers {
		if at.IsZero() || l.Seen.Before(at) {
			oldest, at = v, l.Seen
		}
	}
	delete(h.viewers, oldest)
}

// homeOpened takes the opening of a tab of Bob's.
func (s *Slack) homeOpened(t *team, ev *slackevents.AppHomeOpenedEvent) answer {
	user, channel := ev.User, ev.Channel
	if ev.Tab == "messages" {
		return answer{after: func(ctx context.Context) { s.suggest(ctx, t, channel) }}
	}
	return answer{after: func(ctx context.Context) {
		s.home.seen(ctx, viewer{t.id, user}, nil)
		if h := s.handler.Load(); h != nil {
			s.home.publish(ctx, *h, t, user)
		}
	}}
}

// publish draws a person's Home tab anew, as it was looked at last.
func (h *home) publish(ctx context.Context, handler bot.Handler, t *team, user string) {
	h.mu.Lock()
	l := h.viewers[viewer{t.id, user}]
	h.mu.Unlock()
	if l == nil {
		return
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	h.mu.Lock()
	l.stale, l.drawn = false, h.s.cfg.Now()
	button := l.Button
	h.mu.Unlock()
	page, err := h.page(ctx, handler, t, user, button)
	if err != nil {
		h.s.cfg.Log.Error("slack home not made", "team", t.id, "error", err)
		return
	}
	h.put(ctx, t, user, page)
}

// page asks for the list that a person looks at.
func (h *home) page(ctx context.Context, handler bot.Handler, t *team, user, button string) (bot.Page, error) {
	who := h.s.people.user(ctx, t, user, "")
	if b, ok := bot.ParseValue(button); ok {
		reply, err := handler.Click(ctx, bot.Click{Place: place(t.id, "", ""), User: who, Button: b})
		if err == nil && reply.Page != nil {
			return *reply.Page, nil
		}
	}
	return handler.Home(ctx, bot.HomeQuery{Place: place(t.id, "", ""), User: who})
}

// show puts the list up that a button chose.
func (h *home) show(ctx context.Context, t *team, user string, b bot.Button, page bot.Page) {
	l := h.seen(ctx, viewer{t.id, user}, &b)
	l.lock.Lock()
	defer l.lock.Unlock()
	h.put(ctx, t, user, page)
}

// put publishes a page. The lock of the person's look is held.
func (h *home) put(ctx context.Context, t *team, user string, page bot.Page) {
	err := h.s.call(ctx, t, mPublish, "", func(api *slackapi.Client) error {
		_, err := api.PublishViewContext(ctx, slackapi.PublishViewContextRequest{UserID: user, View: homeView(page)})
		return err
	})
	if err == nil {
		return
	}
	h.s.cfg.Log.Warn("slack home not published", "team", t.id, "error", err)
	h.mu.Lock()
	defer h.mu.Unlock()
	if l := h.viewers[viewer{t.id, user}]; l != nil && !revoked(delivery(err, deedLook)) {
		l.stale = true // the next thing that happens shows it
	}
}

// suggest offers a person what to write to Bob. Workspaces without that feature refuse
// it, which changes nothing.
func (s *Slack) suggest(ctx context.Context, t *team, channel string) {
	params := slackapi.AssistantThreadsSetSuggestedPromptsParameters{ChannelID: channel}
	for _, p := range suggestedPrompts() {
		params.Prompts = append(params.Prompts, slackapi.AssistantThreadsPrompt{Title: p.title, Message: p.message})
	}
	err := s.call(ctx, t, mPrompts, "", func(api *slackapi.Client) error {
		return api.SetAssistantThreadsSuggestedPromptsContext(ctx, params)
	})
	if err != nil {
		s.cfg.Log.Debug("slack suggested prompts not set", "team", t.id, "error", err)
	}
}
