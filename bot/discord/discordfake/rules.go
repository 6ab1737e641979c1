package discordfake

import "net/http"

// rules are what moderators and Discord forbid in a channel or thread.
type rules struct {
	locked bool            // nobody but moderators opens it again
	mute   bool            // Bob may not write
	hush   bool            // Bob may not write in its threads
	bare   bool            // Bob may not attach files
	worn   map[string]bool // the messages that take no more edits
}

// Lock archives a thread for good.
func (s *Server) Lock(thread string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[thread]
	c.Archived, c.rules.locked = true, true
}

// Mute takes from Bob the permission to write in a channel.
func (s *Server) Mute(channel string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[channel].rules.mute = true
}

// MuteThreads takes from Bob the permission to write in the threads of a channel.
func (s *Server) MuteThreads(channel string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[channel].rules.hush = true
}

// Bare takes from Bob the permission to attach files in a channel or thread.
func (s *Server) Bare(channel string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[channel].rules.bare = true
}

// Wear has a message be older than an hour, and edited too often since.
func (s *Server) Wear(channel, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &s.channels[channel].rules
	if r.worn == nil {
		r.worn = map[string]bool{}
	}
	r.worn[message] = true
}

// Delete drops a message. Its thread stays, as on Discord.
func (s *Server) Delete(channel, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[channel]
	for i, m := range c.Messages {
		if m.ID == message {
			c.Messages = append(c.Messages[:i:i], c.Messages[i+1:]...)
			break
		}
	}
	s.touch()
}

// mayPost says why Bob may not write in a channel, with so many files; nil: he may. The
// lock is held.
func (s *Server) mayPost(c *Channel, files int) error {
	parent := s.channels[c.Parent]
	switch {
	case c.rules.locked:
		return &problem{http.StatusForbidden, 160005, "Thread is locked"}
	case c.rules.mute, c.rules.bare && files > 0, c.Type == PublicThread && parent != nil && parent.rules.hush:
		return &problem{http.StatusForbidden, 50013, "Missing Permissions"}
	}
	return nil
}

// mayEdit says why Bob may not change a message; nil: he may. The lock is held.
func (s *Server) mayEdit(c *Channel, message string) error {
	switch {
	case c.Archived:
		return &problem{http.StatusBadRequest, 50083, "Thread is archived"}
	case c.rules.worn[message]:
		return &problem{http.StatusTooManyRequests, 30046, "Maximum number of edits to messages older than 1 hour reached. Try again later."}
	}
	return nil
}
