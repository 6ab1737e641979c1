package slackfake

import (
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// conn is a line that Bob keeps open.
type conn struct {
	ws   *websocket.Conn
	send sync.Mutex
	gone chan struct{} // closed when it is over
	once sync.Once
	deaf bool // it takes nothing new: Bob was asked to connect anew
}

// pingEvery is how often Slack shows that it is there.
const pingEvery = 5 * time.Second

func (c *conn) write(v any) error {
	c.send.Lock()
	defer c.send.Unlock()
	_ = c.ws.SetWriteDeadline(time.Now().Add(10 * time.Second))
	return c.ws.WriteJSON(v)
}

func (c *conn) close() {
	c.once.Do(func() {
		close(c.gone)
		_ = c.ws.Close()
	})
}

// over reports whether the line is cut.
func (c *conn) over() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

func (s *Server) openSocket(Team, args) (map[string]any, error) {
	return map[string]any{"url": "ws" + s.base[len("http"):] + "/link"}, nil
}

// link is the line itself.
func (s *Server) link(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := &conn{ws: ws, gone: make(chan struct{})}
	defer c.close()
	if c.write(map[string]any{"type": "hello", "num_connections": 1}) != nil {
		return
	}
	s.mu.Lock()
	s.conns = append(s.conns, c)
	s.change()
	s.mu.Unlock()
	s.work.Go(func() { c.ping() })
	for {
		var a struct {
			ID      string `json:"envelope_id"`
			Payload any    `json:"payload"`
		}
		if ws.ReadJSON(&a) != nil {
			break
		}
		s.acked(a.ID, a.Payload)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.conns {
		if other == c {
			s.conns = append(s.conns[:i:i], s.conns[i+1:]...)
			break
		}
	}
	s.change()
}

func (c *conn) ping() {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		c.send.Lock()
		err := c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
		c.send.Unlock()
		if err != nil {
			return
		}
		select {
		case <-c.gone:
			return
		case <-ticker.C:
		}
	}
}

// Connected counts the open lines.
func (s *Server) Connected() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Disconnect asks Bob to connect anew, for a reason such as refresh_requested, on all
// lines. They stay as they are until Bob hangs up.
func (s *Server) Disconnect(reason string) {
	s.mu.Lock()
	conns := append([]*conn(nil), s.conns...)
	for _, c := range conns {
		c.deaf = true
	}
	s.mu.Unlock()
	for _, c := range conns {
		_ = c.write(map[string]any{"type": "disconnect", "reason": reason})
	}
}

// Cut cuts all lines without a word.
func (s *Server) Cut() {
	s.mu.Lock()
	conns := append([]*conn(nil), s.conns...)
	s.mu.Unlock()
	for _, c := range conns {
		c.close()
	}
}

// line waits for a line that takes something; nil: the server ends.
func (s *Server) line() *conn {
	var found *conn
	_ = s.Wait(s.ctx, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, c := range s.conns {
			if !c.deaf && !c.over() {
				found = c
			}
		}
		return found != nil
	})
	return found
}
