// Package discordfake is a Discord for tests: a gateway that can misbehave and a
// REST API that keeps what it is told. It knows Discord's wire and rules as its
// documentation has them, and nothing of Bob or of any library's types.
package discordfake

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// What the fake knows of its bot.
const (
	Token = "a-token-of-the-fake"
	BotID = "900"
	AppID = "901"
)

// Server is a fake Discord. It is safe for concurrent use. Close it.
type Server struct {
	http *httptest.Server

	mu       sync.Mutex
	changed  chan struct{} // closed and made anew at every change
	last     int64         // newest snowflake: the milliseconds of its time, and a number
	guilds   map[string]*Guild
	channels map[string]*Channel
	commands []json.RawMessage
	asked    map[string]*Interaction // by token
	files    map[string][]byte       // by path
	requests []Request
	faults   []*Fault
	down     int // the status of all answers; 0: it is up
	invalid  int
	flags    int
	within   time.Duration // an interaction waits; 0: for ever
	rates    rates
	gate     gate
}

// Guild is one server of people.
type Guild struct {
	ID    string
	Owner string
	Roles []map[string]any

	members map[string][]string // their roles
}

// Channel is a channel, a thread or a direct message.
type Channel struct {
	ID, Guild, Parent, Name string
	Owner                   string // of a thread: who made it
	Type                    int
	Archived                bool
	Messages                []*Message

	nonces     map[string]*Message
	rules      rules
	overwrites []any    // who may do what there, as Discord tells of it
	people     []string // of a private thread
}

// Message is a message as it stands.
type Message struct {
	ID, Channel, Author string
	Body                map[string]any // what was sent last
	Files               []File
	Edits               int
	Reactions           []string
}

// File is an attachment.
type File struct {
	Name string
	Data []byte
}

// Request is what the fake was asked.
type Request struct {
	Method, Path string // the path without /api/v10
	Version      string // v10
	Header       http.Header
	Body         []byte // JSON; of a form its payload_json
	Files        []File
}

// New starts a fake with one guild.
func New() *Server {
	s := &Server{
		changed: make(chan struct{}),
		guilds:  map[string]*Guild{}, channels: map[string]*Channel{}, asked: map[string]*Interaction{}, files: map[string][]byte{},
	}
	s.flags = 1 << 19
	s.gate.acks = true
	s.gate.heartbeat = 10 * time.Second
	s.gate.shards = 1
	s.gate.lines, s.gate.events = map[*line]bool{}, map[string]event{}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	return s
}

// URL is where the fake listens.
func (s *Server) URL() string { return s.http.URL }

// Close stops it.
func (s *Server) Close() {
	s.Drop()
	s.http.CloseClientConnections()
	s.http.Close()
}

// Wait waits until done reports true; it is asked after every change.
func (s *Server) Wait(ctx context.Context, done func() bool) error {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if done() {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-changed:
		}
	}
}

// touch tells Wait that something changed. The lock is held.
func (s *Server) touch() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// id returns a new snowflake. The lock is held.
func (s *Server) id() string {
	const epoch = 1_420_070_400_000 // the first second of 2015
	s.last = max(s.last+1, (time.Now().UnixMilli()-epoch)<<22)
	return strconv.FormatInt(s.last, 10)
}

// Flags says what the application may do; less than 0: it is not told, as by servers that
// are not Discord.
func (s *Server) Flags(flags int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flags = flags
}

// AddGuild makes a guild.
func (s *Server) AddGuild(owner string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := &Guild{ID: s.id(), Owner: owner}
	g.Roles = append(g.Roles, map[string]any{"id": g.ID, "name": "@everyone", "permissions": "3072"}) // to see and to write
	s.guilds[g.ID] = g
	return g.ID
}

// The types of channels.
const (
	TextChannel   = 0
	DirectChannel = 1
	PublicThread  = 11
	PrivateThread = 12
)

// AddChannel makes a channel of a guild, a thread below a parent, or a direct
// message where the guild is empty.
func (s *Server) AddChannel(guild, parent string, kind int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.addChannel(s.id(), guild, parent, "", kind)
	return c.ID
}

func (s *Server) addChannel(id, guild, parent, name string, kind int) *Channel {
	c := &Channel{ID: id, Guild: guild, Parent: parent, Name: name, Type: kind, nonces: map[string]*Message{}}
	s.channels[id] = c
	s.touch()
	return c
}

// Archive closes a thread until somebody posts.
func (s *Server) Archive(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels[id].Archived = true
}

// AddRole makes a role of a guild.
func (s *Server) AddRole(guild, id string, permissions int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[guild]
	g.Roles = append(g.Roles, map[string]any{"id": id, "name": "role", "permissions": strconv.FormatInt(permissions, 10)})
}

// Leave throws the bot out of a guild.
func (s *Server) Leave(guild string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.guilds, guild)
}

// Rejoin lets the bot in again.
func (s *Server) Rejoin(guild string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.guilds[guild] = &Guild{ID: guild}
}

// Remove drops a channel.
func (s *Server) Remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.channels, id)
}

// Channel returns a copy of a channel; false if there is none.
func (s *Server) Channel(id string) (Channel, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.channels[id]
	if !ok {
		return Channel{}, false
	}
	return *c, true
}

// Threads lists the threads of a channel, oldest first.
func (s *Server) Threads(parent string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for id, c := range s.channels {
		if c.Parent == parent && c.Type == PublicThread {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// Channels lists all channels, threads and direct messages.
func (s *Server) Channels() (list []Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.channels {
		list = append(list, *c)
	}
	return list
}

// Messages lists copies of a channel's messages, oldest first.
func (s *Server) Messages(channel string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	if c := s.channels[channel]; c != nil {
		for _, m := range c.Messages {
			out = append(out, *m)
		}
	}
	return out
}

// AddFile makes a file that a person attached, and returns the attachment.
func (s *Server) AddFile(name string, data []byte) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.id()
	path := "/attachments/" + id + "/" + name
	s.files[path] = data
	return map[string]any{"id": id, "filename": name, "size": len(data), "url": s.http.URL + path}
}

// Expire has the link of an attachment run out.
func (s *Server) Expire(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[strings.TrimPrefix(url, s.http.URL)] = nil
}

// Say has a person write a message, and tells the gateway. More is laid over the
// message as Discord would send it.
func (s *Server) Say(channel, author, content string, more map[string]any) string {
	s.mu.Lock()
	c := s.channels[channel]
	m := &Message{ID: s.id(), Channel: channel, Author: author, Body: map[string]any{"content": content}}
	c.Messages = append(c.Messages, m)
	event := s.shape(m)
	if c.Guild != "" {
		event["guild_id"] = c.Guild
	}
	for key, value := range more {
		event[key] = value
	}
	s.blank(event)
	s.touch()
	s.mu.Unlock()
	s.Emit("MESSAGE_CREATE", event)
	return m.ID
}

// contentFlags are those of an application that is told what all messages say.
const contentFlags = 1<<18 | 1<<19

// blank leaves out what a message says, if it is not for a bot without the Message
// Content Intent. The lock is held.
func (s *Server) blank(event map[string]any) {
	_, guild := event["guild_id"]
	if !guild || s.flags&contentFlags != 0 || event["author"].(map[string]any)["bot"] == true {
		return
	}
	mentions, _ := event["mentions"].([]any)
	for _, m := range mentions {
		if m.(map[string]any)["id"] == BotID {
			return
		}
	}
	event["content"] = ""
	event["attachments"], event["embeds"], event["components"] = []any{}, []any{}, []any{}
}

// shape is a message as Discord sends it. The lock is held.
func (s *Server) shape(m *Message) map[string]any {
	out := map[string]any{
		"id": m.ID, "channel_id": m.Channel, "type": 0, "content": "", "timestamp": "2026-11-24T00:00:00Z",
		"author": person(m.Author), "mentions": []any{}, "embeds": []any{}, "components": []any{}, "attachments": []any{},
	}
	for _, key := range []string{"content", "embeds", "components", "flags", "message_reference"} {
		if v, ok := m.Body[key]; ok && v != nil {
			out[key] = v
		}
	}
	var files []any
	for i, f := range m.Files {
		files = append(files, map[string]any{"id": strconv.Itoa(i), "filename": f.Name, "size": len(f.Data), "url": s.http.URL + "/x"})
		if words, _ := m.Body["attachments"].([]any); i < len(words) {
			said, _ := words[i].(map[string]any)
			files[i].(map[string]any)["description"] = said["description"]
		}
	}
	if files != nil {
		out["attachments"] = files
	}
	return out
}

func person(id string) map[string]any {
	return map[string]any{"id": id, "username": "user-" + id, "global_name": "User " + id, "bot": id == BotID}
}

// Requests lists what was asked so far of a method and a path that begins so.
func (s *Server) Requests(method, path string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Request
	for _, r := range s.requests {
		if (method == "" || r.Method == method) && len(r.Path) >= len(path) && r.Path[:len(path)] == path {
			out = append(out, r)
		}
	}
	return out
}

// Invalid counts the answers that count towards a ban: 401, 403, and 429 that is not
// shared.
func (s *Server) Invalid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.invalid
}

// Commands is the list of commands that the bot registered last, as sent.
func (s *Server) Commands() []json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commands
}

// drop cuts the connection of a request, so that its answer is lost.
func drop(w http.ResponseWriter) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}
