package slack

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// marks are Bob's reactions on the messages by which people gave him jobs: that he saw
// it, and how it ended. It is safe for concurrent use.
type marks struct {
	s *Slack

	mu   sync.Mutex
	kept map[jobKey]*mark
	wake chan struct{} // a mark is to be changed; holds one
}

// jobKey is a job of a workspace.
type jobKey struct {
	team string
	job  jobs.JobID
}

// mark is the reaction on a message.
type mark struct {
	Channel string    `json:"channel"`
	Message string    `json:"message"`
	Shown   string    `json:"shown,omitempty"` // name of the reaction; empty: none
	At      time.Time `json:"at"`              // when the job was given

	want  string
	after time.Time // when it may be changed again
}

// The reactions, by their names in Slack. They are the symbols of the states.
const (
	markSeen      = "eyes"
	markDone      = "white_check_mark"
	markPartly    = "warning"
	markFailed    = "x"
	markCancelled = "no_entry_sign"
)

const (
	markPrefix = "mark:" // of the notes, before workspace and job
	markFor    = 30 * 24 * time.Hour
	maxMarks   = 2000
)

func newMarks(s *Slack) *marks {
	return &marks{s: s, kept: map[jobKey]*mark{}, wake: make(chan struct{}, 1)}
}

// markOf is the reaction that says how a job is.
func markOf(status jobs.Status) string {
	switch status {
	case jobs.StatusCompleted:
		return markDone
	case jobs.StatusPartial:
		return markPartly
	case jobs.StatusFailed:
		return markFailed
	case jobs.StatusCancelled, jobs.StatusSkipped:
		return markCancelled
	default:
		return markSeen
	}
}

// begin marks the message that gave a job.
func (l *marks) begin(ctx context.Context, team, channel, message string, job jobs.JobID) {
	m := &mark{Channel: channel, Message: message, At: l.s.cfg.Now(), want: markSeen}
	l.mu.Lock()
	if l.kept[jobKey{team, job}] != nil { // the message came again
		l.mu.Unlock()
		return
	}
	dropped := l.makeRoom()
	l.kept[jobKey{team, job}] = m
	l.mu.Unlock()
	if dropped != (jobKey{}) {
		l.keep(ctx, dropped, nil)
	}
	knock(l.wake)
}

// makeRoom drops the oldest mark, if there are too many. The mutex is held.
func (l *marks) makeRoom() (oldest jobKey) {
	if len(l.kept) < maxMarks {
		return jobKey{}
	}
	for key, m := range l.kept {
		if old := l.kept[oldest]; old == nil || m.At.Before(old.At) {
			oldest = key
		}
	}
	delete(l.kept, oldest)
	return oldest
}

// card takes note of how a job is.
func (l *marks) card(team string, c bot.Card) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.kept[jobKey{team, c.Job}]
	if m == nil {
		return
	}
	if m.want = markOf(c.Status); m.want != m.Shown {
		knock(l.wake)
	}
}

// load reads the marks of before a restart.
func (l *marks) load(ctx context.Context) {
	list, err := l.s.cfg.Notes.NotesOf(ctx, surfaceName, markPrefix, maxMarks)
	if err != nil {
		l.s.cfg.Log.Warn("slack marks not read", "error", err)
		return
	}
	var old []jobKey
	now := l.s.cfg.Now()
	l.mu.Lock()
	for key, data := range list {
		team, job, _ := strings.Cut(strings.TrimPrefix(key, markPrefix), ":")
		id, m := jobKey{team, jobs.JobID(job)}, &mark{}
		if json.Unmarshal(data, m) != nil || now.Sub(m.At) > markFor {
			old = append(old, id)
			continue
		}
		if m.want = m.Shown; l.kept[id] == nil {
			l.kept[id] = m
		}
	}
	l.mu.Unlock()
	for _, id := range old {
		l.keep(ctx, id, nil)
	}
}

// keep writes a mark down; nil drops it.
func (l *marks) keep(ctx context.Context, id jobKey, m *mark) {
	var data []byte
	if m != nil {
		data, _ = json.Marshal(m) //nolint:errchkjson // texts and a time
	}
	if err := l.s.cfg.Notes.SetNote(ctx, surfaceName, markPrefix+id.team+":"+string(id.job), data); err != nil {
		l.s.cfg.Log.Warn("slack mark not kept", "error", err)
	}
}

// run changes marks until ctx is done.
func (l *marks) run(ctx context.Context) {
	l.load(ctx)
	keepDoing(ctx, l.wake, each(l.due, l.change))
}

// due lists the jobs whose mark is to be changed now, and returns when the next one is.
func (l *marks) due() (list []jobKey, next time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	next = idleGap
	now := l.s.cfg.Now()
	for id, m := range l.kept {
		switch wait := m.after.Sub(now); {
		case m.want == m.Shown:
		case wait > 0:
			next = min(next, wait)
		default:
			list = append(list, id)
		}
	}
	return list, next
}

// change puts the mark of a job on its message, and takes the one before down. It
// returns how long to wait before that is tried again; zero: it is done.
func (l *marks) change(ctx context.Context, id jobKey) time.Duration {
	l.mu.Lock()
	m := l.kept[id]
	if m == nil {
		l.mu.Unlock()
		return 0
	}
	was, now := *m, l.s.cfg.Now()
	l.mu.Unlock()
	wait := l.s.react(ctx, id.team, was)
	l.mu.Lock()
	if wait > 0 {
		m.after = now.Add(wait)
	} else if m.Shown = was.want; m.want != m.Shown { // it changed meanwhile
		knock(l.wake)
	}
	was = *m
	l.mu.Unlock()
	if wait == 0 {
		l.keep(ctx, id, &was)
	}
	return wait
}

// react makes the calls that a mark asks for, and returns how long to wait before they
// are made again.
func (s *Slack) react(ctx context.Context, team string, m mark) time.Duration {
	t, err := s.teams.get(ctx, team)
	switch {
	case revoked(err):
		return 0
	case err != nil:
		return spareGap
	}
	on := slackapi.NewRefToMessage(m.Channel, m.Message)
	wait := s.spare(ctx, t, mReact, func(ctx context.Context, api *slackapi.Client) error {
		return api.AddReactionContext(ctx, m.want, on)
	})
	if wait > 0 || m.Shown == "" {
		return wait
	}
	return s.spare(ctx, t, mUnreact, func(ctx context.Context, api *slackapi.Client) error {
		return api.RemoveReactionContext(ctx, m.Shown, on)
	})
}
