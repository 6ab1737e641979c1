package discordfake

import (
	"net/http"
	"slices"
	"strconv"
)

// SeeChannel is the permission to see a channel.
const SeeChannel = 1 << 10

// Rule is what a role or, if it is a member's, a person may do in a channel or not.
type Rule struct {
	ID          string
	Member      bool
	Allow, Deny int64
}

// Rule sets the rules of a channel, and tells the gateway.
func (s *Server) Rule(channel string, rules ...Rule) {
	s.mu.Lock()
	c := s.channels[channel]
	c.overwrites = []any{}
	for _, r := range rules {
		kind := 0
		if r.Member {
			kind = 1
		}
		c.overwrites = append(c.overwrites, map[string]any{
			"id": r.ID, "type": kind, "allow": strconv.FormatInt(r.Allow, 10), "deny": strconv.FormatInt(r.Deny, 10),
		})
	}
	shape := channelShape(c)
	s.touch()
	s.mu.Unlock()
	s.Emit("CHANNEL_UPDATE", shape)
}

// Tell tells the gateway of a channel, as Discord does of each new one.
func (s *Server) Tell(channel string) {
	s.mu.Lock()
	shape := channelShape(s.channels[channel])
	s.mu.Unlock()
	s.Emit("CHANNEL_CREATE", shape)
}

// Hide keeps all out of a channel but some people.
func (s *Server) Hide(channel string, people ...string) {
	s.mu.Lock()
	rules := []Rule{{ID: s.channels[channel].Guild, Deny: SeeChannel}}
	s.mu.Unlock()
	for _, id := range people {
		rules = append(rules, Rule{ID: id, Member: true, Allow: SeeChannel})
	}
	s.Rule(channel, rules...)
}

// Member makes a person a member of a guild, with some roles.
func (s *Server) Member(guild, id string, roles ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[guild]
	if g.members == nil {
		g.members = map[string][]string{}
	}
	g.members[id] = append([]string{}, roles...)
}

// Join lets a person into a private thread.
func (s *Server) Join(thread, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[thread].people = append(s.channels[thread].people, id)
}

// guild serves what is below /guilds/{id}.
func (s *Server) guild(part []string) (any, error) {
	g := s.guilds[part[1]]
	switch {
	case g == nil:
		return nil, notFound(10004)
	case len(part) == 2:
		return map[string]any{"id": g.ID, "owner_id": g.Owner}, nil
	case len(part) == 4 && part[2] == "members":
		roles, ok := g.members[part[3]]
		if !ok {
			return nil, notFound(10007)
		}
		return map[string]any{"user": person(part[3]), "roles": roles}, nil
	}
	return nil, notFound(0)
}

// threadMember serves /channels/{thread}/thread-members/{id}.
func (c *Channel) threadMember(id string) (any, error) {
	if !slices.Contains(c.people, id) {
		return nil, &problem{http.StatusNotFound, 10007, "Unknown Member"}
	}
	return map[string]any{"id": c.ID, "user_id": id, "join_timestamp": "2026-11-24T00:00:00Z", "flags": 0}, nil
}
