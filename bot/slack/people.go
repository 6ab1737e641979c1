package slack

import (
	"context"
	"strings"
	"sync"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

// people knows who is behind an ID: names, zones, roles. What it does not know it asks
// Slack, but nobody waits long for a name.
type people struct {
	s *Slack

	mu    sync.Mutex
	known map[string]person
}

type person struct {
	user  bot.User
	until time.Time
}

const (
	maxPeople   = 4096
	personFor   = 30 * time.Minute
	personLimit = 800 * time.Millisecond // of the three seconds in which Slack wants its answer
)

func newPeople(s *Slack) *people { return &people{s: s, known: map[string]person{}} }

// user returns what is known of a person. Who Slack does not tell of in time has an
// ID and the name that is given alone, and may be a guest.
func (p *people) user(ctx context.Context, t *team, id, name string) bot.User {
	key, now := t.id+" "+id, p.s.cfg.Now()
	p.mu.Lock()
	old, ok := p.known[key]
	p.mu.Unlock()
	if ok && now.Before(old.until) {
		return old.user
	}
	found := bot.User{ID: id, Name: name, Guest: true}
	if id == "" || !p.s.pacer.free(t.id, mUser) {
		return found
	}
	ctx, cancel := context.WithTimeout(ctx, personLimit)
	defer cancel()
	var info *slackapi.User
	err := p.s.do(ctx, t, func(api *slackapi.Client) (err error) {
		info, err = api.GetUserInfoContext(ctx, id)
		return err
	})
	if p.s.called(t, mUser, err) != nil {
		return found
	}
	found = userOf(info, id, name)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= maxPeople {
		clear(p.known)
	}
	p.known[key] = person{user: found, until: now.Add(personFor)}
	return found
}

// userOf translates what Slack says of a person.
func userOf(info *slackapi.User, id, name string) bot.User {
	u := bot.User{
		ID: id, Name: name, Admin: info.IsAdmin || info.IsOwner || info.IsPrimaryOwner, Locale: info.Locale,
		Guest: info.IsRestricted || info.IsUltraRestricted || info.IsStranger,
	}
	for _, n := range []string{info.Profile.DisplayName, info.RealName, info.Name} {
		if n != "" {
			u.Name = n
			break
		}
	}
	if zone, err := time.LoadLocation(info.TZ); err == nil && info.TZ != "" && !strings.EqualFold(info.TZ, "local") {
		u.Zone = zone
	}
	return u
}
