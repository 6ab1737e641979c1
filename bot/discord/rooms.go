package discord

import (
	"context"
	"net/http"
	"sync"

	discordapi "github.com/bwmarrin/discordgo"

	"github.com/askbob/bob/jobs"
)

// maxRooms bounds how many channels are remembered. Others are asked for.
const maxRooms = 100_000

// room is a channel, a thread or a direct message.
type room struct {
	guild  string // empty: a direct message
	parent string // of a thread; empty: it is none
	apart  bool   // a private thread: who reads its channel does not read it
	ruled  bool   // the rules are known; threads have those of their parents
	rules  []rule // who may do what there, beside their roles
}

// rule is what somebody may do in a channel, or may not.
type rule = discordapi.PermissionOverwrite

// guild is what Bob knows of a server of people.
type guild struct {
	owner string
	roles map[string]int64 // what their members may do
}

// rooms remembers which channels are threads of which, who may see them, and who
// administers guilds, as the gateway tells. It is safe for concurrent use.
type rooms struct {
	mu     sync.Mutex
	rooms  map[string]room
	guilds map[string]*guild
	// apart are messages whose answers cannot stand in a thread, and refer to them.
	apart map[string]bool
	// told are the threads in which was said that Bob cannot read there.
	told map[string]bool
	// worn are messages that take no more edits.
	worn map[string]bool
}

func newRooms() *rooms {
	return &rooms{rooms: map[string]room{}, guilds: map[string]*guild{}, apart: map[string]bool{}, told: map[string]bool{}, worn: map[string]bool{}}
}

// room returns a channel, and asks Discord for one that is not known: once for all who
// want to know it meanwhile, because few may be asked for in a second.
func (f *FrontEnd) room(ctx context.Context, id string) (room, error) {
	if r, ok := f.rooms.get(id); ok {
		return r, nil
	}
	found, err, _ := f.asking.Do(id, func() (any, error) {
		if r, ok := f.rooms.get(id); ok {
			return r, nil
		}
		return f.askRoom(ctx, id)
	})
	r, _ := found.(room)
	return r, err
}

func (f *FrontEnd) askRoom(ctx context.Context, id string) (room, error) {
	var c discordapi.Channel
	if err := f.rest.call(ctx, request{method: http.MethodGet, path: "/channels/" + id}, &c); err != nil {
		return room{}, err
	}
	c.ID = id
	return f.rooms.learn(&c), nil
}

func (r *rooms) get(id string) (room, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.rooms[id]
	return found, ok
}

// learn remembers a channel.
func (r *rooms) learn(c *discordapi.Channel) room {
	found := room{guild: c.GuildID}
	if c.IsThread() {
		found.parent, found.apart = c.ParentID, c.Type == discordapi.ChannelTypeGuildPrivateThread
	} else {
		found.ruled = true
	}
	for _, o := range c.PermissionOverwrites {
		if o != nil {
			found.rules = append(found.rules, *o)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.rooms[c.ID]; known || len(r.rooms) < maxRooms {
		r.rooms[c.ID] = found
	}
	return found
}

// join remembers a guild with its channels, threads and roles.
func (r *rooms) join(g *discordapi.Guild) {
	for _, c := range g.Channels {
		c.GuildID = g.ID
		r.learn(c)
	}
	for _, c := range g.Threads {
		c.GuildID = g.ID
		r.learn(c)
	}
	roles := map[string]int64{}
	for _, role := range g.Roles {
		roles[role.ID] = role.Permissions
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.guilds[g.ID] = &guild{owner: g.OwnerID, roles: roles}
}

func (r *rooms) role(guildID string, role *discordapi.Role) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if g := r.guilds[guildID]; g != nil && role != nil {
		g.roles[role.ID] = role.Permissions
	}
}

func (r *rooms) dropRole(guildID, id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if g := r.guilds[guildID]; g != nil {
		delete(g.roles, id)
	}
}

// administers reports whether permissions are those of who runs a guild.
func administers(permissions int64) bool {
	return permissions&(discordapi.PermissionAdministrator|discordapi.PermissionManageGuild) != 0
}

// admin reports whether a member of a guild administers it.
func (r *rooms) admin(guildID, user string, roles []string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.guilds[guildID]
	if g == nil {
		return false
	}
	if g.owner == user || administers(g.roles[guildID]) { // the role of everybody is called as the guild
		return true
	}
	for _, id := range roles {
		if administers(g.roles[id]) {
			return true
		}
	}
	return false
}

// isApart reports whether a thread cannot be made from a message.
func (r *rooms) isApart(message string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.apart[message]
}

func (r *rooms) setApart(message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.apart) < maxRooms {
		r.apart[message] = true
	}
}

// isWorn reports whether a message takes no more edits.
func (r *rooms) isWorn(message string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.worn[message]
}

func (r *rooms) setWorn(message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.worn) < maxRooms {
		r.worn[message] = true
	}
}

// tell reports whether something is still to be told in a thread, and notes that it is.
func (r *rooms) tell(thread string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told[thread] || len(r.told) >= maxRooms {
		return false
	}
	r.told[thread] = true
	return true
}

// placeIn is where something in a channel is said. Its thread is that of the channel,
// if it is one, else thread.
func placeIn(id string, r room, thread string) jobs.Place {
	p := jobs.Place{Surface: Surface, Workspace: r.guild, Channel: id, Thread: thread}
	if r.parent != "" {
		p.Channel, p.Thread = r.parent, id
	}
	return p
}
