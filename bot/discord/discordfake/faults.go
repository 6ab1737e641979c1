package discordfake

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault is something that goes wrong once.
type Fault struct {
	Method, Path string // of the request: the path begins so; empty: any
	End          string // of the path; empty: any
	Status       int    // what it is answered with; 0: as usual
	Code         int    // Discord's own, in the body
	Retry        time.Duration
	Global       bool
	Shared       bool
	Lost         bool          // it is done, and the answer is lost
	Before       bool          // of Lost: it is lost before it is done
	Hold         chan struct{} // it waits until it is closed
	Slow         time.Duration // it waits for so long
}

// Fail has the next request that fits go wrong.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Mend drops what is still to go wrong, at the gateway too.
func (s *Server) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.gate.onIdentify, s.gate.onSume = nil, nil, nil
}

// fault takes the one that fits a request; nil: none. The lock is held.
func (s *Server) fault(method, path string) *Fault {
	for i, f := range s.faults {
		if (f.Method == "" || f.Method == method) && strings.HasPrefix(path, f.Path) && strings.HasSuffix(path, f.End) {
			s.faults = append(s.faults[:i], s.faults[i+1:]...)
			return f
		}
	}
	if s.down != 0 {
		return &Fault{Status: s.down}
	}
	return nil
}

// Down has Discord's API answer all requests with a status, from now on. Zero: it is up
// again. The gateway stays as it is.
func (s *Server) Down(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = status
}

// answer writes what a fault says.
func (f *Fault) answer(s *Server, w http.ResponseWriter) {
	if f.Status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.Retry.Seconds())))
		scope := "user"
		switch {
		case f.Global:
			w.Header().Set("X-RateLimit-Global", "true")
			scope = "global"
		case f.Shared:
			scope = "shared"
		}
		w.Header().Set("X-RateLimit-Scope", scope)
		s.write(w, f.Status, map[string]any{
			"message": "You are being rate limited.", "retry_after": f.Retry.Seconds(), "global": f.Global,
		})
		return
	}
	s.write(w, f.Status, map[string]any{"message": http.StatusText(f.Status), "code": f.Code})
}

// write answers with JSON, and counts what counts towards a ban.
func (s *Server) write(w http.ResponseWriter, status int, body any) {
	shared := w.Header().Get("X-RateLimit-Scope") == "shared"
	if status == http.StatusUnauthorized || status == http.StatusForbidden || (status == http.StatusTooManyRequests && !shared) {
		s.mu.Lock()
		s.invalid++
		s.mu.Unlock()
	}
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that is gone does not care
}
