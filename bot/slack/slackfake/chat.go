package slackfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Message is one that is up.
type Message struct {
	Team, Channel, TS, Thread string
	User                      string // who wrote it; of Bob his user
	Text                      string // as Slack keeps it, escaped
	Blocks                    json.RawMessage
	Metadata                  json.RawMessage
	For                       string // the one who sees it; empty: all
	Edits                     int
	Files                     []*File
	Bot                       bool
	Unfurls                   bool // links would show a preview
}

// The bounds of a message.
const (
	maxBlocks   = 50
	maxMessage  = 40_000 // characters of the text
	maxAllTexts = 13_200 // characters that a message shows in all
)

// Messages lists what is up in a channel, oldest first, with what one person alone
// sees.
func (s *Server) Messages(team, channel string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Message
	for _, m := range s.messages {
		if m.Team == team && m.Channel == channel {
			list = append(list, *m)
		}
	}
	return list
}

// Delete takes a message down.
func (s *Server) Delete(ts string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, m := range s.messages {
		if m.TS == ts {
			s.messages = append(s.messages[:i:i], s.messages[i+1:]...)
			return
		}
	}
}

// add puts a message up. A thread that is not there is left out. The mutex is held.
func (s *Server) add(m *Message) *Message {
	m.TS = fmt.Sprintf("1700000000.%06d", s.next())
	if m.Thread != "" {
		root := s.find(m.Team, m.Channel, m.Thread)
		if root == nil {
			m.Thread = ""
		} else if root.Thread != "" {
			m.Thread = root.Thread
		}
	}
	s.messages = append(s.messages, m)
	if m.Bot && m.Thread != "" && m.For == "" {
		s.session(m.Team, m.Channel, m.Thread).Line = ""
	}
	s.change()
	return m
}

// find returns a message; nil: there is none. The mutex is held.
func (s *Server) find(team, channel, ts string) *Message {
	for _, m := range s.messages {
		if m.Team == team && m.Channel == channel && m.TS == ts && m.For == "" {
			return m
		}
	}
	return nil
}

// said is the message that a call describes.
func (s *Server) said(t Team, a args) (*Message, error) {
	channel := a.text("channel")
	if code := s.channels[channel]; code != "" {
		return nil, refusal(code)
	}
	if channel == "" {
		return nil, refusal("channel_not_found")
	}
	m := &Message{
		Team: t.ID, Channel: channel, Thread: a.text("thread_ts"), User: t.BotUser, Bot: true, Text: a.text("text"),
		Blocks: a.raw("blocks"), Metadata: a.raw("metadata"), Unfurls: a.text("unfurl_links") != "false" || a.text("unfurl_media") != "false",
	}
	return m, m.check()
}

// check refuses what Slack does not take.
func (m *Message) check() error {
	var blocks []json.RawMessage
	if m.Blocks != nil && json.Unmarshal(m.Blocks, &blocks) != nil {
		return refusal("invalid_blocks_format")
	}
	switch {
	case len(blocks) == 0 && strings.TrimSpace(m.Text) == "":
		return refusal("no_text")
	case len(blocks) > maxBlocks:
		return refusal("invalid_blocks")
	case len([]rune(m.Text)) > maxMessage:
		return refusal("msg_too_long")
	case len([]rune(m.Words())) > maxAllTexts && len(blocks) > 0:
		return refusal("msg_blocks_too_long")
	}
	return nil
}

// json is the message as the API gives it.
func (m *Message) json(metadata bool) map[string]any {
	out := map[string]any{"type": "message", "ts": m.TS, "user": m.User, "text": m.Text}
	if m.Bot {
		out["bot_id"] = "B" + m.User
	}
	if m.Thread != "" {
		out["thread_ts"] = m.Thread
	}
	if m.Blocks != nil {
		out["blocks"] = m.Blocks
	}
	if metadata && m.Metadata != nil {
		out["metadata"] = m.Metadata
	}
	if len(m.Files) > 0 {
		var files []map[string]any
		for _, f := range m.Files {
			files = append(files, f.json())
		}
		out["files"] = files
	}
	return out
}

func (s *Server) postMessage(t Team, a args) (map[string]any, error) {
	m, err := s.said(t, a)
	if err != nil {
		return nil, err
	}
	s.add(m)
	return map[string]any{"channel": m.Channel, "ts": m.TS, "message": m.json(true)}, nil
}

func (s *Server) postEphemeral(t Team, a args) (map[string]any, error) {
	m, err := s.said(t, a)
	if err != nil {
		return nil, err
	}
	m.For = a.text("user")
	s.add(m)
	return map[string]any{"message_ts": m.TS}, nil
}

func (s *Server) update(t Team, a args) (map[string]any, error) {
	n, err := s.said(t, a)
	if err != nil {
		return nil, err
	}
	m := s.find(t.ID, n.Channel, a.text("ts"))
	switch {
	case m == nil:
		return nil, refusal("message_not_found")
	case m.User != t.BotUser:
		return nil, refusal("cant_update_message")
	}
	m.Text, m.Blocks = n.Text, n.Blocks // a text without blocks takes them away
	if n.Metadata != nil {
		m.Metadata = n.Metadata
	}
	m.Edits++
	return map[string]any{"channel": m.Channel, "ts": m.TS, "text": m.Text, "message": m.json(true)}, nil
}

func (s *Server) replies(t Team, a args) (map[string]any, error) {
	root := s.find(t.ID, a.text("channel"), a.text("ts"))
	if root == nil {
		return nil, refusal("thread_not_found")
	}
	list := []*Message{root}
	if root.Thread == "" {
		for _, m := range s.messages {
			if m.Team == t.ID && m.Channel == root.Channel && m.Thread == root.TS && m.For == "" {
				list = append(list, m)
			}
		}
	}
	return pageOf(list, a), nil
}

func (s *Server) history(t Team, a args) (map[string]any, error) {
	if code := s.channels[a.text("channel")]; code != "" {
		return nil, refusal(code)
	}
	var list []*Message
	for i := len(s.messages) - 1; i >= 0; i-- { // the newest first
		if m := s.messages[i]; m.Team == t.ID && m.Channel == a.text("channel") && m.Thread == "" && m.For == "" {
			list = append(list, m)
		}
	}
	return pageOf(list, a), nil
}

// pageOf is a part of a list, and where the next one begins.
func pageOf(list []*Message, a args) map[string]any {
	begin, _ := strconv.Atoi(a.text("cursor"))
	limit, _ := strconv.Atoi(a.text("limit"))
	if limit <= 0 || limit > 1000 {
		limit = 100
	}
	begin = min(begin, len(list))
	end := min(begin+limit, len(list))
	out := []map[string]any{}
	metadata := a.text("include_all_metadata") == "1" || a.text("include_all_metadata") == "true"
	for _, m := range list[begin:end] {
		out = append(out, m.json(metadata))
	}
	next := ""
	if end < len(list) {
		next = strconv.Itoa(end)
	}
	return map[string]any{"messages": out, "has_more": next != "", "response_metadata": map[string]any{"next_cursor": next}}
}

func (s *Server) openDM(t Team, a args) (map[string]any, error) {
	user := a.text("users")
	if user == "" || user == t.BotUser {
		return nil, refusal("user_not_found")
	}
	return map[string]any{"channel": map[string]any{"id": "D" + user}}, nil
}

func (s *Server) channelInfo(_ Team, a args) (map[string]any, error) {
	if code := s.channels[a.text("channel")]; code != "" {
		return nil, refusal(code)
	}
	return map[string]any{"channel": s.channelJSON(a.text("channel"))}, nil
}

// channelJSON is a channel as Slack tells of it. The mutex is held.
func (s *Server) channelJSON(id string) map[string]any {
	_, private := s.private[id]
	im := strings.HasPrefix(id, "D")
	return map[string]any{
		"id": id, "name": strings.ToLower(id), "is_private": private || im, "is_channel": !private && !im, "is_group": private, "is_im": im,
	}
}

// Private makes a channel one that only these people and Bob are in; again, others.
func (s *Server) Private(channel string, members ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.private[channel] = members
}

func (s *Server) channelsOf(_ Team, a args) (map[string]any, error) {
	list := []map[string]any{}
	for id, members := range s.private {
		if slices.Contains(members, a.text("user")) && strings.Contains(a.text("types"), "private_channel") {
			list = append(list, s.channelJSON(id))
		}
	}
	return map[string]any{"channels": list, "response_metadata": map[string]any{"next_cursor": ""}}, nil
}

// Know makes a person known to users.info, by what Slack says of one.
func (s *Server) Know(id string, user map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[id] = user
}

func (s *Server) usersInfo(_ Team, a args) (map[string]any, error) {
	id := a.text("user")
	user, ok := s.users[id]
	switch {
	case ok:
	case strings.HasPrefix(id, "U"):
		user = map[string]any{"id": id}
	default:
		return nil, refusal("user_not_found")
	}
	return map[string]any{"user": user}, nil
}

// respond takes what is said to the address of a command or click.
func (s *Server) respond(w http.ResponseWriter, r *http.Request) {
	a, _ := arguments(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls["response_url"]++
	m := &Message{
		Team: r.PathValue("team"), Channel: r.PathValue("channel"), For: r.PathValue("user"), Bot: true,
		Text: a.text("text"), Blocks: a.raw("blocks"),
	}
	if a.text("response_type") == "in_channel" {
		m.For = ""
	}
	if err := m.check(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.add(m)
	_, _ = w.Write([]byte("ok"))
}
