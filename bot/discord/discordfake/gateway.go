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
	sessions           []*session
	events             map[string]event // by the ID of what they tell of
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
	gone chan struct{} // closed when it ended

	// Guarded by the server's lock.
	up    bool      // READY or RESUMED was said
	ended time.Time // zero: not yet
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

// CloseWith ends all connections with a code. Some codes end the sessions too.
func (s *Server) CloseWith(code int) {
	for _, l := range s.all(false) {
		if final(code) {
			s.end(l)
		}
		l.close(code)
	}
}

// Op sends a bare operation to all, such as 7. After op 9 with false their sessions are
// over.
func (s *Server) Op(op int, data string) {
	for _, l := range s.all(true) {
		if op == 9 && data == "false" {
			s.end(l)
		}
		l.send(packet{Op: op, Data: json.RawMessage(data)})
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
	l := &line{conn: conn, gone: make(chan struct{})}
	s.mu.Lock()
	s.gate.lines[l] = true
	s.gate.versions = append(s.gate.versions, r.URL.Query().Get("v"))
	hello, _ := json.Marshal(map[string]any{"heartbeat_interval": s.gate.heartbeat.Milliseconds()})
	s.mu.Unlock()
	defer s.hangUp(l)
	l.send(packet{Op: 10, Data: hello})
	for {
		var p packet
		if err := conn.ReadJSON(&p); err != nil {
			if websocket.IsCloseError(err, websocket.CloseNormalClosure, websocket.CloseGoingAway) {
				s.end(l)
			}
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
		s.identify(l, seen)
	case 6:
		var from struct {
			Session string `json:"session_id"`
			Seq     int    `json:"seq"`
		}
		_ = json.Unmarshal(p.Data, &from)
		s.resume(l, from.Session, from.Seq)
	}
}

// hangUp notes that a connection is gone.
func (s *Server) hangUp(l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.gate.lines, l)
	l.ended = time.Now()
	close(l.gone)
	if a := s.session(l); a != nil {
		a.line = nil
	}
	s.touch()
	_ = l.conn.Close()
}

// refuse answers an IDENTIFY or a RESUME otherwise than with a welcome.
func (l *line) refuse(answer Answer, code int) {
	switch answer {
	case Reconnect:
		l.send(packet{Op: 7})
	case Invalid:
		l.send(packet{Op: 9, Data: json.RawMessage("false")})
	case Refuse:
		l.close(code)
	case Silence, Welcome:
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
