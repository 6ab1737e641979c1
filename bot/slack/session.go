package slack

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// sessions show in people's own conversations with Bob that he works: Slack's status
// line, and with it the Stop button. The cards say all of it too: where a workspace has
// neither, nothing is lost. It is safe for concurrent use.
type sessions struct {
	s *Slack

	mu   sync.Mutex
	open map[jobs.Place]*session // by thread
	wake chan struct{}           // something is to be told; holds one
}

// session is what Slack knows of Bob in a thread.
type session struct {
	title   string
	working map[jobs.JobID]mood
	last    mood      // of the job that changed last
	told    mood      // its zero value: nothing, or it is not known
	toldAt  time.Time // the line
	after   time.Time // when it may be told again
	changed int       // counts what Slack changed by itself
}

// mood is how Bob is in a thread.
type mood struct {
	status string // of the session, as Slack has them
	line   string // that Slack shows behind Bob's name; empty: none
}

const (
	// lineFor is when a line is told anew: Slack takes it down after two minutes.
	lineFor     = 90 * time.Second
	maxSessions = 2000
	maxTitle    = 200 // characters of a session's title
	// idleGap is how long who has nothing to do sleeps, if nobody wakes him.
	idleGap = time.Hour
)

func newSessions(s *Slack) *sessions {
	return &sessions{s: s, open: map[jobs.Place]*session{}, wake: make(chan struct{}, 1)}
}

// moodOf is how Bob is while a job is so.
func moodOf(status jobs.Status) mood {
	switch {
	case status.Final():
		return mood{status: slackapi.AgentSessionStatusClosed}
	case status == jobs.StatusPaused:
		return mood{status: slackapi.AgentSessionStatusSuspended}
	case status == jobs.StatusAwaitingApproval, status == jobs.StatusWaitingForInput:
		return mood{status: slackapi.AgentSessionStatusActive}
	case status == jobs.StatusPlanning:
		return mood{status: slackapi.AgentSessionStatusProcessing, line: "is planning…"}
	default:
		return mood{status: slackapi.AgentSessionStatusProcessing, line: "is working…"}
	}
}

// isPrivate reports whether a place is a thread of somebody's conversation with Bob.
func isPrivate(at jobs.Place) bool { return strings.HasPrefix(at.Channel, "D") && at.Thread != "" }

// card takes note of how a job is, whose card is in a thread.
func (l *sessions) card(at jobs.Place, c bot.Card) {
	if !isPrivate(at) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.open[at]
	if e == nil {
		l.makeRoom()
		e = &session{title: jobs.Shorten(c.Title, maxTitle), working: map[jobs.JobID]mood{}}
		l.open[at] = e
	}
	e.last = moodOf(c.Status)
	delete(e.working, c.Job)
	if e.last.line != "" {
		e.working[c.Job] = e.last
	}
	if e.want() != e.told {
		knock(l.wake)
	}
}

// posted takes note of a message that went up: it takes the line of its thread down.
func (l *sessions) posted(at jobs.Place, p bot.Post) {
	l.forget(at, false)
	if p.Card != nil {
		l.card(at, *p.Card)
	}
}

// forget notes that Slack changed what it shows in a thread: the line, or all of it.
func (l *sessions) forget(at jobs.Place, all bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.open[at]
	if e == nil {
		return
	}
	e.changed++
	e.told.line = ""
	if all {
		e.told.status = ""
	}
	if e.want() != e.told {
		knock(l.wake)
	}
}

// makeRoom drops who was told longest ago, if there are too many. The mutex is held.
func (l *sessions) makeRoom() {
	if len(l.open) < maxSessions {
		return
	}
	oldest := slices.MinFunc(slices.Collect(maps.Keys(l.open)), func(a, b jobs.Place) int {
		return l.open[a].toldAt.Compare(l.open[b].toldAt)
	})
	delete(l.open, oldest)
}

// want is how Bob is in the thread: he works as long as one of its jobs does.
func (e *session) want() mood {
	for _, m := range e.working {
		return m
	}
	return e.last
}

// run tells Slack until ctx is done.
func (l *sessions) run(ctx context.Context) { keepDoing(ctx, l.wake, each(l.due, l.tell)) }

// due lists the threads of which Slack is to be told now, those that changed first, and
// returns when the next one is due.
func (l *sessions) due() (list []jobs.Place, next time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, old := l.s.cfg.Now(), []jobs.Place{}
	next = idleGap
	for at, e := range l.open {
		wait := e.after.Sub(now)
		if e.want() == e.told {
			if e.told.line == "" {
				continue
			}
			wait = max(wait, lineFor-now.Sub(e.toldAt))
		}
		switch {
		case wait > 0:
			next = min(next, wait)
		case e.want() == e.told:
			old = append(old, at)
			next = min(next, lineFor)
		default:
			list = append(list, at)
			next = min(next, lineFor)
		}
	}
	slices.SortFunc(old, func(a, b jobs.Place) int { return l.open[a].toldAt.Compare(l.open[b].toldAt) })
	return append(list, old...), next
}

// tell tells Slack how Bob is in a thread. It returns when to try again; zero: it is
// told.
func (l *sessions) tell(ctx context.Context, at jobs.Place) time.Duration {
	l.mu.Lock()
	e := l.open[at]
	if e == nil {
		l.mu.Unlock()
		return 0
	}
	want, told, changed := e.want(), e.told, e.changed
	title := e.title
	l.mu.Unlock()

	now, wait := l.s.cfg.Now(), spareGap
	t, err := l.s.teams.get(ctx, at.Workspace)
	switch {
	case revoked(err):
		wait = 0
	case err == nil:
		wait = l.s.tellSession(ctx, t, at, want, told, title)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if wait > 0 {
		e.after = now.Add(wait)
		return wait
	}
	if e.changed == changed { // else something went up meanwhile
		e.told = want
	}
	if e.want() != e.told {
		knock(l.wake)
	}
	if e.toldAt = now; e.told.status == slackapi.AgentSessionStatusClosed && e.want() == e.told && l.open[at] == e {
		delete(l.open, at)
	}
	return 0
}

// tellSession makes the calls, and returns how long to wait before they are made again.
func (s *Slack) tellSession(ctx context.Context, t *team, at jobs.Place, want, told mood, title string) (wait time.Duration) {
	if want.status != told.status {
		wait = s.spare(ctx, t, mSession, func(ctx context.Context, api *slackapi.Client) error {
			return setSession(ctx, api, slackapi.AgentSessionSetStatusParameters{
				Status: want.status, ChannelID: at.Channel, ThreadTS: at.Thread, Title: title,
			})
		})
	}
	if want.line == "" && told.line == "" && told.status != "" { // there is none to take down
		return wait
	}
	return max(wait, s.spare(ctx, t, mStatus, func(ctx context.Context, api *slackapi.Client) error {
		return api.SetAssistantThreadsStatusContext(ctx, slackapi.AssistantThreadsSetStatusParameters{
			ChannelID: at.Channel, ThreadTS: at.Thread, Status: want.line,
		})
	}))
}

// isDeaf is Slack's warning that the app does not hear the Stop button: it was made from
// an older manifest.
const isDeaf = "missing_agent_session_stopped_event_subscription"

// setSession sets the status of a session. A Stop button that would do nothing is taken
// down again, and is an error.
func setSession(ctx context.Context, api *slackapi.Client, p slackapi.AgentSessionSetStatusParameters) error {
	resp, err := api.SetAgentSessionStatusContext(ctx, p)
	if err != nil {
		return fmt.Errorf("set the status of a session: %w", err)
	}
	if w := resp.Warn(); w == nil || !slices.Contains(w.Codes, isDeaf) {
		return nil
	}
	p.Status = slackapi.AgentSessionStatusClosed
	if _, err := api.SetAgentSessionStatusContext(ctx, p); err != nil {
		return fmt.Errorf("close a session: %w", err)
	}
	return slackapi.SlackErrorResponse{Err: isDeaf}
}

// posted takes note of a message of which is known whether it went up.
func (s *Slack) posted(at bot.Placed, p bot.Post, err error) {
	if err != nil {
		return
	}
	s.session.posted(at.Place, p)
	if p.Card != nil {
		s.marks.card(at.Place.Workspace, *p.Card)
	}
}

// shows takes note of how a job is, whatever becomes of its card.
func (s *Slack) shows(at bot.Placed, c bot.Card) {
	s.session.card(at.Place, c)
	s.marks.card(at.Place.Workspace, c)
}
