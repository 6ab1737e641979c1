package discord

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	discordapi "github.com/bwmarrin/discordgo"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

const (
	// insideFor is how long somebody who lost a role or left a thread may still be
	// thought to have it or be there.
	insideFor = time.Minute
	// insideWithin bounds how long is asked where somebody is.
	insideWithin = time.Second
	// maxInside bounds the people, and their threads, of which is known what they may see.
	maxInside = 4096
	// maxAsked bounds the channels and threads that are asked about for one list.
	maxAsked = 10
)

// spot is where something happens, and who reads there.
type spot struct {
	jobs.Place

	reach bot.Reach
}

// spotIn is a place with who reads there, as far as is known; r is the channel or
// thread where something happens.
func (f *FrontEnd) spotIn(ctx context.Context, p jobs.Place, r room) spot {
	if r.apart {
		return spot{p, bot.ReachThread}
	}
	if r.parent != "" {
		var err error
		if r, err = f.room(ctx, r.parent); err != nil {
			return spot{Place: p}
		}
	}
	if p.Workspace != "" && f.rooms.open(p.Workspace, r) {
		return spot{p, bot.ReachWorkspace}
	}
	return spot{Place: p}
}

// open reports whether everybody of a guild sees a channel: nothing of it keeps
// anybody out. A channel or guild of which that is not known is not open.
func (r *rooms) open(guildID string, c room) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.guilds[guildID]
	return g != nil && c.ruled && g.roles[guildID]&discordapi.PermissionViewChannel != 0 &&
		!slices.ContainsFunc(c.rules, func(o rule) bool { return o.Deny&discordapi.PermissionViewChannel != 0 })
}

// everything is what who runs a guild may do.
const everything = ^int64(0)

// may returns what a member of a guild may do in a channel; of an unknown guild or
// channel nothing.
func (r *rooms) may(guildID, user string, roles []string, c room) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.guilds[guildID]
	if g == nil || !c.ruled {
		return 0
	}
	own := g.roles[guildID] // the role of everybody is called as the guild
	for _, id := range roles {
		own |= g.roles[id]
	}
	if g.owner == user || own&discordapi.PermissionAdministrator != 0 {
		return everything
	}
	// What is said of everybody comes first, then of roles, then of the person.
	for _, of := range []func(o rule) bool{
		func(o rule) bool { return o.ID == guildID },
		func(o rule) bool {
			return o.Type == discordapi.PermissionOverwriteTypeRole && slices.Contains(roles, o.ID)
		},
		func(o rule) bool { return o.Type == discordapi.PermissionOverwriteTypeMember && o.ID == user },
	} {
		var deny, allow int64
		for _, o := range c.rules {
			if of(o) {
				deny, allow = deny|o.Deny, allow|o.Allow
			}
		}
		own = own&^deny | allow
	}
	return own
}

// Inside returns which of some channels and private threads of a guild a member sees.
func (f *FrontEnd) Inside(ctx context.Context, user string, rooms []jobs.Place) []jobs.Place {
	if len(rooms) == 0 || rooms[0].Workspace == "" || !snowflake(user) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, insideWithin)
	defer cancel()
	guildID := rooms[0].Workspace
	roles, err := f.rolesOf(ctx, guildID, user)
	if err != nil {
		f.log.Debug("where somebody is is not known", "err", err)
		return nil
	}
	var list []jobs.Place
	left := maxAsked
	for _, p := range rooms {
		if p.Workspace == guildID && f.sees(ctx, user, roles, p, &left) {
			list = append(list, p)
		}
	}
	return list
}

// sees reports whether a member sees a channel, or a private thread of one. It asks
// Discord as long as something is left.
func (f *FrontEnd) sees(ctx context.Context, user string, roles []string, p jobs.Place, left *int) bool {
	c, ok := f.rooms.get(p.Channel)
	if !ok || !c.ruled {
		if *left--; *left < 0 {
			return false
		}
		var err error
		if c, err = f.askRoom(ctx, p.Channel); err != nil {
			return false
		}
	}
	may := f.rooms.may(p.Workspace, user, roles, c)
	switch {
	case may&discordapi.PermissionViewChannel == 0:
		return false
	case p.Thread == "" || may&discordapi.PermissionManageThreads != 0:
		return true
	}
	in, ok := f.inside.thread(p.Thread, user)
	if *left--; ok || *left < 0 {
		return in
	}
	err := f.rest.call(ctx, request{method: http.MethodGet, path: "/channels/" + p.Thread + "/thread-members/" + user}, nil)
	if e, refused := errors.AsType[*apiError](err); err == nil || refused && e.status == http.StatusNotFound {
		f.inside.setThread(p.Thread, user, err == nil)
	}
	return err == nil
}

// rolesOf returns the roles of a member, and asks Discord if they were not told of
// lately.
func (f *FrontEnd) rolesOf(ctx context.Context, guildID, user string) ([]string, error) {
	if roles, ok := f.inside.roles(guildID, user); ok {
		return roles, nil
	}
	var m struct {
		Roles []string `json:"roles"`
	}
	if err := f.rest.call(ctx, request{method: http.MethodGet, path: "/guilds/" + guildID + "/members/" + user}, &m); err != nil {
		return nil, err
	}
	f.inside.setRoles(guildID, user, m.Roles)
	return m.Roles, nil
}

// inside remembers for a while what roles members have, and in which private threads
// they are. It is safe for concurrent use.
type inside struct {
	mu    sync.Mutex
	known map[string]membership // by guild and person, and by thread and person
}

type membership struct {
	roles []string // of a guild
	in    bool     // of a thread
	until time.Time
}

func (i *inside) get(key string) (membership, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	m, ok := i.known[key]
	return m, ok && time.Now().Before(m.until)
}

func (i *inside) set(key string, m membership) {
	m.until = time.Now().Add(insideFor)
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.known) >= maxInside {
		clear(i.known)
	}
	i.known[key] = m
}

func (i *inside) roles(guildID, user string) ([]string, bool) {
	m, ok := i.get("guild " + guildID + " " + user)
	return m.roles, ok
}

func (i *inside) setRoles(guildID, user string, roles []string) {
	i.set("guild "+guildID+" "+user, membership{roles: roles})
}

func (i *inside) thread(thread, user string) (in, ok bool) {
	m, ok := i.get("thread " + thread + " " + user)
	return m.in, ok
}

func (i *inside) setThread(thread, user string, in bool) {
	i.set("thread "+thread+" "+user, membership{in: in})
}
