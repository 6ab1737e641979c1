package discordfake

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// session is what a client may go on with after its connection broke: Discord keeps what
// happened meanwhile, and tells it then. It is guarded by the server's lock.
type session struct {
	id    string
	shard [2]int
	log   []packet        // all that was told, and is to be told; its numbers begin at 1
	told  map[string]bool // the IDs of what log tells of
	line  *line           // nil: the client is away
	over  bool            // it cannot be gone on with
}

// event is something that people did, as it was told.
type event struct {
	id, kind string
	data     json.RawMessage
}

// final reports whether a code of Discord's ends the session with the connection.
func final(code int) bool { return code == 4004 || code == 4007 || code == 4009 || code >= 4010 }

// Emit tells all sessions of an event, those that are away when they come back.
func (s *Server) Emit(kind string, data any) {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err) // a test gave what is no JSON
	}
	var of struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(raw, &of) // not all events have one
	s.mu.Lock()
	defer s.mu.Unlock()
	e := event{id: of.ID, kind: kind, data: raw}
	s.gate.events[e.id] = e
	s.tell(e)
}

// Again tells of what has that ID once more.
func (s *Server) Again(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.gate.events[id]; ok {
		s.tell(e)
	}
}

// Reaches reports whether what has that ID was told to a session that goes on, or will
// be when its client comes back. What does not reach is lost, as it is on Discord,
// unless the client took it before its session ended.
func (s *Server) Reaches(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.gate.sessions, func(a *session) bool { return !a.over && a.told[id] })
}

// tell tells all sessions. The lock is held.
func (s *Server) tell(e event) {
	for _, a := range s.gate.sessions {
		if !a.over {
			a.add(e.kind, e.data)
			a.told[e.id] = true
		}
	}
	s.touch()
}

func (a *session) add(kind string, data json.RawMessage) {
	seq := int64(len(a.log) + 1)
	a.log = append(a.log, packet{Op: 0, Type: kind, Seq: &seq, Data: data})
}

// session is that of a line; nil: it has none. The lock is held.
func (s *Server) session(l *line) *session {
	for _, a := range s.gate.sessions {
		if a.line == l {
			return a
		}
	}
	return nil
}

// end ends the session of a line.
func (s *Server) end(l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.session(l); a != nil {
		a.finish()
	}
}

// finish ends a session, and forgets what it was told.
func (a *session) finish() { a.over, a.line, a.log, a.told = true, nil, nil, nil }

// identify answers an IDENTIFY. A new session takes the place of that of the same shard
// whose client is away.
func (s *Server) identify(l *line, who Identify) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate.identifies = append(s.gate.identifies, who)
	defer s.touch()
	if answer := next(&s.gate.onIdentify); answer != Welcome {
		l.refuse(answer, s.gate.code)
		return
	}
	for _, old := range s.gate.sessions {
		if old.shard == who.Shard && old.line == nil {
			old.finish()
		}
	}
	a := &session{id: fmt.Sprint("session-", len(s.gate.sessions)+1), shard: who.Shard, line: l, told: map[string]bool{}}
	s.gate.sessions = append(s.gate.sessions, a)
	ready, _ := json.Marshal(map[string]any{
		"v": 10, "user": person(BotID), "guilds": []any{}, "session_id": a.id,
		"resume_gateway_url": s.socket(), "application": map[string]any{"id": AppID},
	})
	a.add("READY", ready)
	for _, g := range s.guilds {
		a.add("GUILD_CREATE", s.guildShape(g))
	}
	s.carry(a, l, 0)
}

// resume answers a RESUME of a client that heard all up to a number.
func (s *Server) resume(l *line, id string, heard int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate.resumes++
	defer s.touch()
	answer, code := next(&s.gate.onSume), s.gate.code
	at := slices.IndexFunc(s.gate.sessions, func(a *session) bool { return a.id == id && !a.over })
	switch {
	case answer == Welcome && at < 0:
		answer = Invalid
	case answer == Welcome && heard > len(s.gate.sessions[at].log):
		answer, code = Refuse, 4007
	}
	if answer == Welcome {
		a := s.gate.sessions[at]
		a.line = l
		a.add("RESUMED", json.RawMessage("{}"))
		s.carry(a, l, heard)
		return
	}
	if at >= 0 && (answer == Invalid || answer == Refuse && final(code)) {
		s.gate.sessions[at].finish()
	}
	l.refuse(answer, code)
}

// carry tells a session's client what it has not heard, and goes on with what happens,
// until the line is gone. The lock is held.
func (s *Server) carry(a *session, l *line, heard int) {
	go func() {
		for {
			s.mu.Lock()
			changed, on := s.changed, a.line == l
			var news []packet
			if on {
				news = slices.Clone(a.log[heard:])
			}
			s.mu.Unlock()
			if !on {
				return
			}
			for _, p := range news {
				l.send(p)
			}
			if heard += len(news); len(news) > 0 {
				s.reached(l, news)
				continue
			}
			select {
			case <-changed:
			case <-l.gone:
				return
			}
		}
	}()
}

// reached notes that a line is up once READY or RESUMED was said, and which
// interactions were told over it.
func (s *Server) reached(l *line, news []packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !l.up {
		l.up = true
		s.touch()
	}
	for _, p := range news {
		var of struct {
			Token string `json:"token"`
		}
		if p.Type != "INTERACTION_CREATE" || json.Unmarshal(p.Data, &of) != nil {
			continue
		}
		if i := s.asked[of.Token]; i != nil && i.line == nil {
			i.line, i.Told = l, time.Since(i.begun)
		}
	}
}

// guildShape is a guild as Discord tells of it after READY. The lock is held.
func (s *Server) guildShape(g *Guild) json.RawMessage {
	channels, threads := []any{}, []any{}
	for _, c := range s.channels {
		switch {
		case c.Guild != g.ID:
		case c.Type >= 10 && c.Type <= 12:
			threads = append(threads, channelShape(c))
		default:
			channels = append(channels, channelShape(c))
		}
	}
	raw, _ := json.Marshal(map[string]any{
		"id": g.ID, "owner_id": g.Owner, "name": "guild", "channels": channels, "threads": threads,
		"roles": append([]map[string]any{}, g.Roles...),
	})
	return raw
}
