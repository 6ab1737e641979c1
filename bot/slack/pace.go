package slack

import (
	"context"
	"fmt"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"
	"golang.org/x/time/rate"
)

// method is a method of Slack's API.
type method string

// The methods that Bob calls.
const (
	mPost      method = "chat.postMessage"
	mUpdate    method = "chat.update"
	mEphemeral method = "chat.postEphemeral"
	mReplies   method = "conversations.replies"
	mHistory   method = "conversations.history"
	mOpenDM    method = "conversations.open"
	mViewOpen  method = "views.open"
	mViewPush  method = "views.push"
	mViewEdit  method = "views.update"
	mPublish   method = "views.publish"
	mUser      method = "users.info"
	mChannels  method = "users.conversations"
	mChannel   method = "conversations.info"
	mUpload    method = "files.getUploadURLExternal"
	mComplete  method = "files.completeUploadExternal"
	mFile      method = "files.info"
	mPrompts   method = "assistant.threads.setSuggestedPrompts"
	mStatus    method = "assistant.threads.setStatus"
	mSession   method = "agents.sessions.setStatus"
	mReact     method = "reactions.add"
	mUnreact   method = "reactions.remove"
)

// pace is how often something may be done: in any minute at most perMinute times and
// burst times more. Bob stays below what Slack allows, so that it is never refused.
type pace struct {
	perMinute, burst int
	first            int // of the burst, what there is at a start; 0: all
}

// afterStart is how often the methods that come closest to Slack's limit may be called
// at once after a start: Slack counts what was called before it too.
const afterStart = 2

// The paces. Slack allows about 50, 20 and 100 calls a minute in the tiers 3, 2 and 4,
// for each method and workspace, and about one message a second in a channel.
func (m method) pace() pace {
	switch m {
	case mPost:
		return pace{perMinute: 200, burst: 20}
	case mUpdate: // as many cards as can be are kept fresh: a burst would come off the steady edits
		return pace{perMinute: 46, burst: afterStart}
	case mReplies, mHistory, mOpenDM:
		return pace{perMinute: 36, burst: 12, first: afterStart}
	case mStatus, mSession, mReact: // nobody waits for these
		return pace{perMinute: 30, burst: 10}
	case mUnreact:
		return pace{perMinute: 12, burst: 4}
	case mChannels, mChannel:
		return pace{perMinute: 36, burst: 12}
	default:
		return pace{perMinute: 75, burst: 20}
	}
}

// channelPace is how often messages go up in one channel.
func channelPace() pace { return pace{perMinute: 60, burst: 4} }

// pacer keeps the paces for each workspace. It is safe for concurrent use.
type pacer struct {
	patience time.Duration
	now      func() time.Time

	mu      sync.Mutex
	buckets map[string]*bucket
}

// bucket is one pace that is kept.
type bucket struct {
	limiter *rate.Limiter
	closed  time.Time // until when Slack refuses
	used    time.Time
}

// maxBuckets is when those that were not used for a while are dropped.
const maxBuckets = 4096

// notYet says that a call was not made: its turn is too far off.
type notYet struct{ after time.Duration }

// Error says when it is.
func (e notYet) Error() string { return fmt.Sprintf("the next turn is in %v", e.after) }

func newPacer(patience time.Duration, now func() time.Time) *pacer {
	return &pacer{patience: patience, now: now, buckets: map[string]*bucket{}}
}

// turn waits until a method may be called in a workspace, for a channel if it is one
// that posts. It returns notYet if that takes too long.
func (l *pacer) turn(ctx context.Context, team string, m method, channel string) error {
	wait, undo := l.reserve(team, m, channel)
	if wait <= 0 {
		return nil
	}
	if wait > l.patience {
		undo()
		return notYet{after: wait}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		undo()
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// free reports whether a method may be called at once, and takes the turn.
func (l *pacer) free(team string, m method) bool {
	wait, undo := l.reserve(team, m, "")
	if wait > 0 {
		undo()
		return false
	}
	return true
}

// reserve takes a turn, says when it is, and how it is given back.
func (l *pacer) reserve(team string, m method, channel string) (wait time.Duration, undo func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	taken := []*rate.Reservation{}
	take := func(b *bucket) {
		b.used = now
		r := b.limiter.ReserveN(now, 1)
		taken = append(taken, r)
		wait = max(wait, r.DelayFrom(now), b.closed.Sub(now))
	}
	take(l.bucket(team+" "+string(m), m.pace(), now))
	if m == mPost && channel != "" {
		take(l.bucket(team+" "+channel, channelPace(), now))
	}
	return wait, func() {
		for _, r := range taken {
			r.CancelAt(now)
		}
	}
}

// bucket returns the bucket of a name. The mutex is held.
func (l *pacer) bucket(name string, p pace, now time.Time) *bucket {
	b, ok := l.buckets[name]
	if !ok {
		l.prune(now)
		b = &bucket{limiter: rate.NewLimiter(rate.Limit(float64(p.perMinute)/60), p.burst)}
		if p.first > 0 {
			b.limiter.ReserveN(now, p.burst-p.first)
		}
		l.buckets[name] = b
	}
	return b
}

// prune drops buckets that are full again. The mutex is held.
func (l *pacer) prune(now time.Time) {
	if len(l.buckets) < maxBuckets {
		return
	}
	for name, b := range l.buckets {
		if now.Sub(b.used) > 10*time.Minute && b.closed.Before(now) {
			delete(l.buckets, name)
		}
	}
}

// hold keeps a method from being called for a while, because Slack said so.
func (l *pacer) hold(team string, m method, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.bucket(team+" "+string(m), m.pace(), now).closed = now.Add(d)
}

// call waits for the turn of a method and calls it once.
func (s *Slack) call(ctx context.Context, t *team, m method, channel string, do func(*slackapi.Client) error) error {
	if err := s.pacer.turn(ctx, t.id, m, channel); err != nil {
		return err
	}
	return s.called(t, m, s.do(ctx, t, do))
}

// called takes note of what Slack says of its limits, and returns err.
func (s *Slack) called(t *team, m method, err error) error {
	if wait, ok := tooOften(err); ok {
		s.pacer.hold(t.id, m, wait)
		s.cfg.Log.Warn("slack refuses a method for a while", "method", string(m), "team", t.id, "seconds", wait.Seconds())
	}
	return err
}
