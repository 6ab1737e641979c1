package slack

import (
	"context"
	"strings"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// rooms knows which channels are closed, and who is in them. What it does not know it
// asks Slack, but nobody waits long. It is safe for concurrent use.
type rooms struct {
	s *Slack

	mu     sync.Mutex
	known  map[string]channelKind // by workspace and channel
	inside map[viewer]membership  // of people who asked for what others may not see
}

// channelKind says whether everybody of the workspace reads a channel.
type channelKind struct {
	open  bool
	until time.Time
}

// membership is in which closed channels somebody is, of those that Bob is in.
type membership struct {
	channels map[string]bool
	until    time.Time
}

const (
	maxChannels = 16_384
	// openFor is short: a channel may be made private, and what is said then is closed.
	openFor = 2 * time.Minute
	// closedFor is long: a channel that opens meanwhile is one that too few read.
	closedFor = time.Hour
	// insideFor is how long somebody who left a channel may still be thought to be in it.
	insideFor = time.Minute
	// insideWithin bounds how long is asked where somebody is, of the three seconds in
	// which Slack wants its answer.
	insideWithin = 3 * personLimit / 2
	// maxMemberships bounds the people of whom it is known where they are.
	maxMemberships = 4096
	// maxPages bounds the pages of one person's channels, of pageSize each.
	maxPages, pageSize = 3, 999
	// maxAsked bounds the channels that are asked about for one list.
	maxAsked = 10
)

func newRooms(s *Slack) *rooms {
	return &rooms{s: s, known: map[string]channelKind{}, inside: map[viewer]membership{}}
}

// direct reports whether a channel is a direct message.
func direct(channel string) bool { return strings.HasPrefix(channel, "D") }

// reach is who reads a channel, as far as is known at once.
func (r *rooms) reach(ctx context.Context, t *team, channel string) bot.Reach {
	if channel != "" && !direct(channel) && r.open(ctx, t, channel) {
		return bot.ReachWorkspace
	}
	return bot.ReachChannel
}

// told takes note of what Slack says of a channel beside a message: another event may
// come of the same message that does not say it.
func (r *rooms) told(t *team, channel, kind string) {
	if kind == slackevents.ChannelTypeChannel || kind == slackevents.ChannelTypeGroup || kind == slackevents.ChannelTypeMPIM {
		r.learn(t, channel, kind == slackevents.ChannelTypeChannel)
	}
}

func (r *rooms) learn(t *team, channel string, open bool) {
	lasts := closedFor
	if open {
		lasts = openFor
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.known) >= maxChannels {
		clear(r.known)
	}
	r.known[t.id+" "+channel] = channelKind{open: open, until: r.s.cfg.Now().Add(lasts)}
}

// kind is what is known of a channel.
func (r *rooms) kind(t *team, channel string) (open, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.known[t.id+" "+channel]
	return k.open, ok && r.s.cfg.Now().Before(k.until)
}

// open reports whether everybody of the workspace reads a channel. One of which that is
// not found out is not open.
func (r *rooms) open(ctx context.Context, t *team, channel string) bool {
	if open, ok := r.kind(t, channel); ok {
		return open
	}
	if !r.s.pacer.free(t.id, mChannel) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, personLimit)
	defer cancel()
	info, err := t.api.GetConversationInfoContext(ctx, &slackapi.GetConversationInfoInput{ChannelID: channel})
	if r.s.called(t, mChannel, err) != nil {
		if hidden(err) {
			r.learn(t, channel, false)
		}
		return false
	}
	open := info.IsChannel && !info.IsPrivate && !info.IsIM && !info.IsMpIM
	r.learn(t, channel, open)
	return open
}

// Inside returns in which of some channels of a workspace a person is, or may be: of
// open ones all but guests.
func (s *Slack) Inside(ctx context.Context, user string, rooms []jobs.Place) []jobs.Place {
	if len(rooms) == 0 {
		return nil
	}
	t, err := s.teams.get(ctx, rooms[0].Workspace)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, insideWithin)
	defer cancel()
	in := s.rooms.of(ctx, t, user)
	guest := s.people.user(ctx, t, user, "").Guest
	var list []jobs.Place
	asked := 0
	for _, p := range rooms {
		open, known := s.rooms.kind(t, p.Channel)
		if !known && !in[p.Channel] && !guest && asked < maxAsked {
			asked++
			open = s.rooms.open(ctx, t, p.Channel)
		}
		if p.Thread == "" && p.Workspace == t.id && (in[p.Channel] || open && !guest) {
			list = append(list, p)
		}
	}
	return list
}

// of lists the closed channels that a person is in.
func (r *rooms) of(ctx context.Context, t *team, user string) map[string]bool {
	v, now := viewer{t.id, user}, r.s.cfg.Now()
	r.mu.Lock()
	old, ok := r.inside[v]
	r.mu.Unlock()
	if ok && now.Before(old.until) {
		return old.channels
	}
	ctx, cancel := context.WithTimeout(ctx, personLimit)
	defer cancel()
	found, err := r.ask(ctx, t, user, "private_channel", "mpim")
	if lacksScope(err) { // an app that was installed before Bob asked for mpim:read
		found, err = r.ask(ctx, t, user, "private_channel")
	}
	if err != nil {
		r.s.cfg.Log.Debug("slack channels of a person not known", "team", t.id, "error", err)
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.inside) >= maxMemberships {
		clear(r.inside)
	}
	r.inside[v] = membership{channels: found, until: now.Add(insideFor)}
	return found
}

// ask asks Slack for the channels of some types that a person is in, and Bob too.
func (r *rooms) ask(ctx context.Context, t *team, user string, types ...string) (map[string]bool, error) {
	found := map[string]bool{}
	params := slackapi.GetConversationsForUserParameters{UserID: user, Types: types, Limit: pageSize}
	for range maxPages {
		if !r.s.pacer.free(t.id, mChannels) {
			return nil, notYet{}
		}
		list, next, err := t.api.GetConversationsForUserContext(ctx, &params)
		if err := r.s.called(t, mChannels, err); err != nil {
			return nil, err
		}
		for i := range list {
			found[list[i].ID] = true
		}
		if params.Cursor = next; next == "" {
			break
		}
	}
	return found, nil
}
