package slackfake

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Speech is what a person says.
type Speech struct {
	Team, Channel, User, Text string
	Thread                    string
	Files                     []*File
	Subtype                   string // such as message_changed
	BotID                     string // a bot says it
	Edited                    bool
}

// Say lets a person say something. It returns where, and the events that Bob gets: one
// of the message, and in a channel one more if it names him.
func (s *Server) Say(p Speech) (ts string, events []*Delivery) {
	s.mu.Lock()
	m := s.add(&Message{Team: p.Team, Channel: p.Channel, User: p.User, Text: p.Text, Thread: p.Thread, Files: p.Files})
	bot := ""
	for _, t := range s.teams {
		if t.ID == p.Team {
			bot = t.BotUser
		}
	}
	inner := m.json(false)
	inner["channel"], inner["event_ts"], inner["channel_type"] = m.Channel, m.TS, "channel"
	if _, private := s.private[m.Channel]; private {
		inner["channel_type"] = "group"
	}
	s.mu.Unlock()
	delete(inner, "bot_id")
	direct := strings.HasPrefix(p.Channel, "D")
	if direct {
		inner["channel_type"] = "im"
	}
	switch {
	case p.Subtype != "":
		inner["subtype"] = p.Subtype
	case len(p.Files) > 0:
		inner["subtype"] = "file_share"
	}
	if p.BotID != "" {
		inner["bot_id"] = p.BotID
	}
	if p.Edited {
		inner["edited"] = map[string]any{"user": p.User, "ts": m.TS}
	}
	events = append(events, s.Event(p.Team, inner))
	if !direct && strings.Contains(p.Text, "<@"+bot+">") {
		mention := map[string]any{}
		for key, v := range inner {
			mention[key] = v
		}
		mention["type"] = "app_mention"
		delete(mention, "subtype")
		delete(mention, "channel_type")
		events = append(events, s.Event(p.Team, mention))
	}
	return m.TS, events
}

// Event lets something happen in a workspace that Bob hears of.
func (s *Server) Event(team string, inner map[string]any) *Delivery {
	s.mu.Lock()
	id := fmt.Sprintf("Ev%d", s.next())
	s.mu.Unlock()
	return s.deliver(kindEvent, map[string]any{
		"type": "event_callback", "team_id": team, "api_app_id": "A1", "event_id": id, "event_time": time.Now().Unix(), "event": inner,
		"authorizations": []map[string]any{{"team_id": team, "is_bot": true}},
	})
}

// Raw sends an envelope as it is.
func (s *Server) Raw(kind string, payload map[string]any) *Delivery { return s.deliver(kind, payload) }

// Command lets a person type /bob.
func (s *Server) Command(team, channel, user, text string) *Delivery {
	s.mu.Lock()
	trigger := s.newTrigger(team, user, "")
	s.mu.Unlock()
	return s.deliver("slash_commands", map[string]any{
		"command": "/bob", "text": text, "team_id": team, "channel_id": channel, "user_id": user, "user_name": strings.ToLower(user),
		"api_app_id": "A1", "trigger_id": trigger, "response_url": s.responseURL(team, channel, user),
	})
}

func (s *Server) responseURL(team, channel, user string) string {
	return s.base + "/respond/" + team + "/" + channel + "/" + user
}

// interaction is what all of them have.
func (s *Server) interaction(kind, team, user, view string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]any{
		"type": kind, "team": map[string]any{"id": team}, "user": map[string]any{"id": user, "name": strings.ToLower(user), "team_id": team},
		"api_app_id": "A1", "trigger_id": s.newTrigger(team, user, view),
	}
}

func action(id, value string) []map[string]any {
	return []map[string]any{{"type": "button", "action_id": id, "block_id": "b", "value": value, "action_ts": fmt.Sprint(time.Now().UnixNano())}}
}

// Press lets a person press a button of a message.
func (s *Server) Press(team, channel, ts, user, actionID, value string) *Delivery {
	p := s.interaction("block_actions", team, user, "")
	s.mu.Lock()
	m := s.find(team, channel, ts)
	thread := ""
	if m != nil {
		thread = m.Thread
		p["message"] = m.json(true)
	}
	s.mu.Unlock()
	p["container"] = map[string]any{"type": "message", "message_ts": ts, "channel_id": channel, "thread_ts": thread}
	p["channel"] = map[string]any{"id": channel}
	p["actions"] = action(actionID, value)
	p["response_url"] = s.responseURL(team, channel, user)
	return s.deliver("interactive", p)
}

// PressView lets a person press a button of a modal, or of the Home tab.
func (s *Server) PressView(v View, actionID, value string) *Delivery {
	modal := v.ID
	if v.ID[0] == 'H' {
		modal = ""
	}
	p := s.interaction("block_actions", v.Team, v.User, modal)
	p["container"] = map[string]any{"type": "view", "view_id": v.ID}
	p["view"] = v.json(nil)
	p["actions"] = action(actionID, value)
	return s.deliver("interactive", p)
}

// json is a view as interactions bring it.
func (v *View) json(values map[string]any) map[string]any {
	out := map[string]any{}
	_ = json.Unmarshal(v.Raw, &out) // it was JSON
	out["id"], out["team_id"], out["hash"] = v.ID, v.Team, "1"
	if values != nil {
		out["state"] = map[string]any{"values": values}
	}
	return out
}

// Submit lets a person send a form. The values are those of its fields, by block and
// action, as Slack has them.
func (s *Server) Submit(v View, values map[string]any) *Delivery {
	p := s.interaction("view_submission", v.Team, v.User, v.ID)
	p["view"] = v.json(values)
	return s.deliver("interactive", p)
}

// CloseView lets a person close a modal.
func (s *Server) CloseView(v View) *Delivery {
	p := s.interaction("view_closed", v.Team, v.User, "")
	p["view"] = v.json(nil)
	return s.deliver("interactive", p)
}

// Shortcut lets a person use one of Slack's global shortcuts.
func (s *Server) Shortcut(team, user, callback string) *Delivery {
	p := s.interaction("shortcut", team, user, "")
	p["callback_id"] = callback
	return s.deliver("interactive", p)
}

// MessageShortcut lets a person use a shortcut in the menu of a message.
func (s *Server) MessageShortcut(team, channel, ts, user, callback string) *Delivery {
	p := s.interaction("message_action", team, user, "")
	p["callback_id"], p["channel"] = callback, map[string]any{"id": channel}
	p["message_ts"], p["response_url"] = ts, s.responseURL(team, channel, user)
	s.mu.Lock()
	if m := s.find(team, channel, ts); m != nil {
		p["message"] = m.json(true)
	}
	s.mu.Unlock()
	return s.deliver("interactive", p)
}

// OpenHome lets a person open a tab of Bob's: home or messages.
func (s *Server) OpenHome(team, user, tab string) *Delivery {
	return s.Event(team, map[string]any{"type": "app_home_opened", "user": user, "channel": "D" + user, "tab": tab, "event_ts": "1.1"})
}

// React lets a person put a reaction on a message.
func (s *Server) React(team, channel, ts, user, name string) *Delivery {
	s.mu.Lock()
	author := ""
	if m := s.find(team, channel, ts); m != nil {
		author = m.User
	}
	s.mu.Unlock()
	return s.Event(team, map[string]any{
		"type": "reaction_added", "user": user, "reaction": name, "item_user": author, "event_ts": "1.1",
		"item": map[string]any{"type": "message", "channel": channel, "ts": ts},
	})
}
