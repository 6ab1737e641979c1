package slack

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

// lacks knows what workspaces do not let Bob do, of the things that he can do without.
// It is safe for concurrent use.
type lacks struct {
	s *Slack

	mu    sync.Mutex
	known map[string]lack // by workspace and method; its zero value: there is none
}

// lack is a refusal.
type lack struct {
	Error string    `json:"error"` // Slack's word for it
	At    time.Time `json:"at"`
}

const (
	lackPrefix = "lacks:" // of the notes, before workspace and method
	// lackFor is how long a workspace that refused is left alone: it may have been
	// upgraded since, or Bob installed again.
	lackFor = 24 * time.Hour
	// spareGap is the least time before what did not work is tried again.
	spareGap = 5 * time.Second
	// spareFor bounds one call: others wait behind it.
	spareFor = 10 * time.Second
)

func newLacks(s *Slack) *lacks { return &lacks{s: s, known: map[string]lack{}} }

// has reports whether a workspace refused a method lately.
func (l *lacks) has(ctx context.Context, team string, m method) bool {
	key := lackPrefix + team + ":" + string(m)
	l.mu.Lock()
	defer l.mu.Unlock()
	old, ok := l.known[key]
	if !ok {
		data, err := l.s.cfg.Notes.Note(ctx, surfaceName, key)
		if err == nil && json.Unmarshal(data, &old) != nil {
			old = lack{}
		}
		l.known[key] = old
	}
	return !old.At.IsZero() && l.s.cfg.Now().Sub(old.At) < lackFor
}

// set remembers that a workspace refuses a method, or with a zero lack that it does not.
func (l *lacks) set(ctx context.Context, team string, m method, now lack) {
	key := lackPrefix + team + ":" + string(m)
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.known[key]
	if old == now {
		return
	}
	l.known[key] = now
	var data []byte
	if now != (lack{}) {
		data, _ = json.Marshal(now) //nolint:errchkjson // a text and a time
		if old.Error != now.Error {
			l.s.cfg.Log.Info("slack workspace does without a feature", "team", team, "method", string(m), "error", now.Error)
		}
	}
	if err := l.s.cfg.Notes.SetNote(ctx, surfaceName, key, data); err != nil {
		l.s.cfg.Log.Warn("slack lack not kept", "team", team, "error", err)
	}
}

// spare makes a call that Bob can do without, unless the workspace refuses it or it is
// not its turn. It returns how long to wait before it is tried again; zero: it is done,
// or never will be.
func (s *Slack) spare(ctx context.Context, t *team, m method, do func(ctx context.Context, api *slackapi.Client) error) time.Duration {
	if s.lacks.has(ctx, t.id, m) {
		return 0
	}
	if early, undo := s.pacer.reserve(t.id, m, ""); early > 0 {
		undo()
		return early
	}
	brief, cancel := context.WithTimeout(ctx, spareFor)
	defer cancel()
	err := delivery(s.called(t, m, s.do(brief, t, func(api *slackapi.Client) error { return do(brief, api) })), deedEdit)
	if err == nil {
		s.lacks.set(ctx, t.id, m, lack{})
		return 0
	}
	e, _ := errors.AsType[*bot.DeliveryError](err)
	code := said(e.Err)
	switch {
	case ctx.Err() != nil:
		return spareGap
	case isLack(code), e.Trouble == bot.TroubleRefused && !ofOneMessage(code):
		s.lacks.set(ctx, t.id, m, lack{Error: code, At: s.cfg.Now()})
		return 0
	case e.Trouble == bot.TroubleLater, e.Trouble == bot.TroubleUnsure:
		return max(e.After, spareGap)
	}
	s.cfg.Log.Debug("slack extra left out", "method", string(m), "team", t.id, "error", err)
	return 0
}

// isLack reports whether an error says that a workspace may not use a method at all.
func isLack(code string) bool {
	return code == "access_denied" || code == "no_permission" || code == "team_access_not_granted"
}

// ofOneMessage reports whether an error says something of a message or thread alone, or
// that it is already as it should be.
func ofOneMessage(code string) bool {
	switch code {
	case "already_reacted", "no_reaction", "too_many_reactions", "too_many_emoji", "not_reactable", "bad_timestamp", "no_item_specified",
		"invalid_thread_ts", "thread_locked", "session_not_found", "session_closed", "external_channel_migrating":
		return true
	}
	return false
}

// keepDoing calls turn, whenever it is woken or the time has come that turn returned,
// until ctx is done.
func keepDoing(ctx context.Context, wake <-chan struct{}, turn func(ctx context.Context) (next time.Duration)) {
	for ctx.Err() == nil {
		timer := time.NewTimer(turn(ctx))
		select {
		case <-ctx.Done():
		case <-wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// each is a turn in which all that is due is done. Due also returns when the next is;
// do returns how long to wait before it is tried again, zero if it is done.
func each[K any](due func() (list []K, next time.Duration), do func(ctx context.Context, k K) (wait time.Duration)) func(ctx context.Context) time.Duration {
	return func(ctx context.Context) time.Duration {
		list, next := due()
		for _, k := range list {
			if ctx.Err() != nil {
				break
			}
			if wait := do(ctx, k); wait > 0 {
				next = min(next, wait)
			}
		}
		return next
	}
}

// knock wakes who sleeps.
func knock(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}
