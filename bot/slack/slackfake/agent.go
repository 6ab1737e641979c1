package slackfake

import (
	"slices"
	"strings"
)

// Session is what Slack shows of Bob in a thread, beside the messages.
type Session struct {
	Status string // active, processing, suspended, closed; empty: there is none
	Title  string
	Line   string // behind Bob's name; a message of his takes it down
	Lines  int    // how often the line was set
}

// session is that of a thread. The mutex is held.
func (s *Server) session(team, channel, thread string) *Session {
	key := team + " " + channel + " " + thread
	if s.sessions[key] == nil {
		s.sessions[key] = &Session{}
	}
	return s.sessions[key]
}

// Session returns what Slack shows of Bob in a thread.
func (s *Server) Session(team, channel, thread string) Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.session(team, channel, thread)
}

func (s *Server) setSession(t Team, a args) (map[string]any, error) {
	status, thread := a.text("status"), a.text("thread_ts")
	switch {
	case !slices.Contains([]string{"active", "processing", "suspended", "closed"}, status):
		return nil, refusal("invalid_arguments")
	case thread == "" || s.find(t.ID, a.text("channel_id"), thread) == nil:
		return nil, refusal("invalid_thread_ts")
	}
	e := s.session(t.ID, a.text("channel_id"), thread)
	if e.Status == "" { // later titles are given by another method
		e.Title = a.text("title")
	}
	e.Status = status
	out := map[string]any{"status": status, "agent_status": status, "title": e.Title}
	if t.Deaf {
		out["warning"] = "missing_agent_session_stopped_event_subscription"
	}
	return out, nil
}

func (s *Server) setLine(t Team, a args) (map[string]any, error) {
	thread := a.text("thread_ts")
	if thread == "" || s.find(t.ID, a.text("channel_id"), thread) == nil {
		return nil, refusal("invalid_thread_ts")
	}
	e := s.session(t.ID, a.text("channel_id"), thread)
	e.Line = a.text("status")
	e.Lines++
	return nil, nil
}

// PressStop lets a person press the Stop button, which is there while Bob works.
func (s *Server) PressStop(team, channel, thread, user string) *Delivery {
	s.mu.Lock()
	there := s.session(team, channel, thread).Status == "processing"
	s.mu.Unlock()
	if !there {
		panic("there is no Stop button in " + thread)
	}
	return s.Event(team, map[string]any{
		"type": "agent_session_stopped", "channel": channel, "thread_ts": thread, "user": user, "event_ts": "1.1",
	})
}

// Marks lists Bob's reactions on a message, the oldest first.
func (s *Server) Marks(team, channel, ts string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.marks[team+" "+channel+" "+ts])
}

// marked is the message that a call is about.
func (s *Server) marked(t Team, a args) (key string, err error) {
	if t.Scopes != "" && !strings.Contains(t.Scopes, "reactions:write") {
		return "", refusal("missing_scope")
	}
	if code := s.channels[a.text("channel")]; code != "" {
		return "", refusal(code)
	}
	if s.find(t.ID, a.text("channel"), a.text("timestamp")) == nil {
		return "", refusal("message_not_found")
	}
	return t.ID + " " + a.text("channel") + " " + a.text("timestamp"), nil
}

func (s *Server) addReaction(t Team, a args) (map[string]any, error) {
	key, err := s.marked(t, a)
	if err != nil {
		return nil, err
	}
	if slices.Contains(s.marks[key], a.text("name")) {
		return nil, refusal("already_reacted")
	}
	s.marks[key] = append(s.marks[key], a.text("name"))
	return nil, nil
}

func (s *Server) removeReaction(t Team, a args) (map[string]any, error) {
	key, err := s.marked(t, a)
	if err != nil {
		return nil, err
	}
	i := slices.Index(s.marks[key], a.text("name"))
	if i < 0 {
		return nil, refusal("no_reaction")
	}
	s.marks[key] = slices.Delete(s.marks[key], i, i+1)
	return nil, nil
}
