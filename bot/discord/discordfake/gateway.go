package discordfake

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Answer is what the gateway says to an IDENTIFY or a RESUME.
type Answer int

// The answers.
const (
	Welcome   Answer = iota // READY or RESUMED
	Reconnect               // op 7
	Invalid                 // op 9, not resumable
	Silence                 // nothing at all
	Refuse                  // closes with the code of AnswerWith
)

// gate is the state of the gateway, guarded by the server's lock.
type gate struct {
	heartbeat          time.Duration
	acks               bool
	shards             int
	remaining          *int
	identifies         []Identify
	resumes            int
	beats              int
	versions           []string
	onIdentify, onSume []Answer // of the next ones; none: Welcome
	code               int
	lines              map[*line]bool
	seq                int64
}

// Identify is what a client said of itself.
type Identify struct {
	Token   string
	Intents int
	Shard   [2]int
}

// line is one connection.
type line struct {
	mu   sync.Mutex // writes
	conn *websocket.Conn
	up   bool // READY or RESUMED was said
}

type packet struct {
	Op   int             `json:"op"`
	Data json.RawMessage `json:"d"`
	Seq  *int64          `json:"s,omitempty"`
	Type string          `json:"t,omitempty"`
}

// Heartbeats says how often clients are to send heartbeats, and whether they are
// answered.
func (s *Server) Heartbeats(every time.Duration, acks bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate.heartbeat, s.gate.acks = every, acks
}

// AnswerIdentify says what the next IDENTIFYs are answered with.
func (s *Server) AnswerIdentify(code int, answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate.onIdentify, s.gate.code = answers, code
}

// AnswerResume says what the next RESUMEs are answered with.
func (s *Server) AnswerResume(code int, answers ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate.onSume, s.gate.code = answers, code
}

// Starts says how many sessions GET /gateway/bot says may still be started, and how
// many shards it advises.
func (s *Server) Starts(remaining, shards int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate.remaining, s.gate.shards = &remaining, shards
}

// Identifies lists the sessions that were started.
func (s *Server) Identifies() []Identify {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Identify(nil), s.gate.identifies...)
}

// Versions lists the API versions that clients connected with.
func (s *Server) Versions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.gate.versions...)
}

// Resumes counts the sessions that were asked to go on.
func (s *Server) Resumes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gate.resumes
}

// Beats counts the heartbeats.
func (s *Server) Beats() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gate.beats
}

// Lines counts the connections that are up.
func (s *Server) Lines() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for l := range s.gate.lines {
		if l.up {
			n++
		}
	}
	return n
}

// Drop cuts all connections without a word.
func (s *Server) Drop() {
	for _, l := range s.all(false) {
		_ = l.conn.NetConn().Close()
	}
}

// CloseWith ends all connections with a code.
func (s *Server) CloseWith(code int) {
	for _, l := range s.all(false) {
		l.close(code)
	}
}

// Op sends a bare operation to all, such as 7.
func (s *Server) Op(op int, data string) {
	for _, l := range s.all(true) {
		l.send(packet{Op: op, Data: json.RawMessage(data)})
	}
}

// Emit tells all that are up of an event.
func (s *Server) Emit(kind string, data any) {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err) // a test gave what is no JSON
	}
	s.mu.Lock()
	s.gate.seq++
	seq := s.gate.seq
	s.mu.Unlock()
	for _, l := range s.all(true) {
		l.send(packet{Op: 0, Type: kind, Seq: &seq, Data: raw})
	}
}

func (s *Server) all(up bool) []*line {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*line
	for l := range s.gate.lines {
		if l.up || !up {
			out = append(out, l)
		}
	}
	return out
}

func (l *line) send(p packet) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.conn.WriteJSON(p) // a client that is gone is seen by its reader
}

func (l *line) close(code int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.conn.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""))
	_ = l.conn.Close()
}

// gateway serves one connection until it ends.
func (s *Server) gateway(w http.ResponseWriter, r *http.Request) {
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	l := &line{conn: conn}
	s.mu.Lock()
	s.gate.lines[l] = true
	s.gate.versions = append(s.gate.versions, r.URL.Query().Get("v"))
	hello, _ := json.Marshal(map[string]any{"heartbeat_interval": s.gate.heartbeat.Milliseconds()})
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.gate.lines, l)
		s.touch()
		s.mu.Unlock()
		_ = conn.Close()
	}()
	l.send(packet{Op: 10, Data: hello})
	for {
		var p packet
		if err := conn.ReadJSON(&p); err != nil {
			return
		}
		s.hear(l, p)
	}
}

func (s *Server) hear(l *line, p packet) {
	switch p.Op {
	case 1:
		s.mu.Lock()
		acks := s.gate.acks
		s.gate.beats++
		s.touch()
		s.mu.Unlock()
		if acks {
			l.send(packet{Op: 11})
		}
	case 2:
		var id struct {
			Token   string  `json:"token"`
			Intents int     `json:"intents"`
			Shard   *[2]int `json:"shard"`
		}
		_ = json.Unmarshal(p.Data, &id)
		seen := Identify{Token: strings.TrimPrefix(id.Token, "Bot "), Intents: id.Intents, Shard: [2]int{0, 1}}
		if id.Shard != nil {
			seen.Shard = *id.Shard
		}
		s.mu.Lock()
		s.gate.identifies = append(s.gate.identifies, seen)
		answer := next(&s.gate.onIdentify)
		s.mu.Unlock()
		s.reply(l, answer, "READY", map[string]any{
			"v": 10, "user": person(BotID), "guilds": []any{}, "session_id": "session",
			"resume_gateway_url": s.socket(), "application": map[string]any{"id": AppID},
		})
		s.greet(l, answer)
	case 6:
		s.mu.Lock()
		s.gate.resumes++
		answer := next(&s.gate.onSume)
		s.mu.Unlock()
		s.reply(l, answer, "RESUMED", map[string]any{})
	}
}

// greet tells a new session of the guilds, as Discord does after READY.
func (s *Server) greet(l *line, answer Answer) {
	if answer != Welcome {
		return
	}
	s.mu.Lock()
	var events []packet
	for _, g := range s.guilds {
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
		roles := []map[string]any{}
		roles = append(roles, g.Roles...)
		raw, _ := json.Marshal(map[string]any{
			"id": g.ID, "owner_id": g.Owner, "name": "guild", "channels": channels, "threads": threads, "roles": roles,
		})
		s.gate.seq++
		seq := s.gate.seq
		events = append(events, packet{Op: 0, Type: "GUILD_CREATE", Seq: &seq, Data: raw})
	}
	s.mu.Unlock()
	for _, e := range events {
		l.send(e)
	}
}

func (s *Server) reply(l *line, answer Answer, kind string, data any) {
	raw, _ := json.Marshal(data)
	s.mu.Lock()
	s.gate.seq++
	seq, code := s.gate.seq, s.gate.code
	l.up = l.up || answer == Welcome
	s.touch()
	s.mu.Unlock()
	switch answer {
	case Welcome:
		l.send(packet{Op: 0, Type: kind, Seq: &seq, Data: raw})
	case Reconnect:
		l.send(packet{Op: 7})
	case Invalid:
		l.send(packet{Op: 9, Data: json.RawMessage("false")})
	case Refuse:
		l.close(code)
	case Silence:
	}
}

func next(answers *[]Answer) Answer {
	if len(*answers) == 0 {
		return Welcome
	}
	a := (*answers)[0]
	*answers = (*answers)[1:]
	return a
}

func (s *Server) socket() string { return "ws" + strings.TrimPrefix(s.http.URL, "http") + "/gateway/" }
