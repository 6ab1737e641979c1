package discordfake

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRequest is what Discord takes at once, in bytes.
const maxRequest = 25 << 20

// Problem is an error of Discord's.
type problem struct {
	status, code int
	message      string
}

func (p *problem) Error() string { return p.message }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/gateway/") {
		s.gateway(w, r)
		return
	}
	if data, ok := s.file(r.URL.Path); ok {
		if data == nil { // its link ran out
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = w.Write(data)
		return
	}
	req, err := read(r)
	if err != nil {
		s.write(w, http.StatusBadRequest, map[string]any{"message": err.Error(), "code": 50035})
		return
	}
	s.mu.Lock()
	s.requests = append(s.requests, req)
	s.tried(req)
	fault := s.fault(req.Method, req.Path)
	over := s.count(req, w.Header(), time.Now())
	s.touch()
	s.mu.Unlock()
	if over != nil {
		over.answer(s, w)
		return
	}
	if fault != nil && s.failed(w, r, fault, req) {
		return
	}
	status, body := s.do(req, r)
	s.write(w, status, body)
}

// tried counts an attempt to answer an interaction. The mutex is held.
func (s *Server) tried(req Request) {
	part := strings.Split(strings.Trim(req.Path, "/"), "/") // interactions, ID, token, callback
	if len(part) < 3 || part[0] != "interactions" {
		return
	}
	if i := s.asked[part[2]]; i != nil {
		i.Tried++
	}
}

// failed reports whether a fault answered.
func (s *Server) failed(w http.ResponseWriter, r *http.Request, f *Fault, req Request) bool {
	if f.Hold != nil {
		select {
		case <-f.Hold:
		case <-r.Context().Done():
		}
	}
	if f.Slow > 0 {
		select {
		case <-time.After(f.Slow):
		case <-r.Context().Done():
		}
	}
	switch {
	case f.Lost:
		if !f.Before {
			s.do(req, r)
		}
		drop(w)
		return true
	case f.Status != 0:
		f.answer(s, w)
		return true
	}
	return false
}

func (s *Server) file(path string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.files[path]
	return data, ok
}

// read takes a request apart.
func read(r *http.Request) (Request, error) {
	req := Request{Method: r.Method, Header: r.Header.Clone()}
	parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/api/"), "/", 2)
	req.Version = parts[0]
	if len(parts) == 2 {
		req.Path = "/" + parts[1]
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		req.Body, err = io.ReadAll(io.LimitReader(r.Body, maxRequest))
		return req, err
	}
	form, err := multipart.NewReader(r.Body, params["boundary"]).ReadForm(maxRequest)
	if err != nil {
		return req, err
	}
	if v := form.Value["payload_json"]; len(v) == 1 {
		req.Body = []byte(v[0])
	}
	for i := range len(form.File) {
		for _, h := range form.File["files["+strconv.Itoa(i)+"]"] {
			f, err := h.Open()
			if err != nil {
				return req, err
			}
			data, err := io.ReadAll(f)
			if err != nil {
				return req, err
			}
			req.Files = append(req.Files, File{Name: h.Filename, Data: data})
		}
	}
	return req, nil
}

// do carries a request out.
func (s *Server) do(req Request, r *http.Request) (status int, body any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.touch()
	body, err := s.route(req, r)
	if p, ok := errors.AsType[*problem](err); ok {
		return p.status, map[string]any{"message": p.message, "code": p.code}
	}
	if body == nil {
		return http.StatusNoContent, nil
	}
	return http.StatusOK, body
}

func (s *Server) route(req Request, r *http.Request) (any, error) {
	part := strings.Split(strings.Trim(req.Path, "/"), "/")
	open := part[0] == "interactions" || part[0] == "webhooks"
	if req.Version != "v10" {
		return nil, &problem{http.StatusBadRequest, 50041, "Invalid API version"}
	}
	if !open && r.Header.Get("Authorization") != "Bot "+Token {
		return nil, &problem{http.StatusUnauthorized, 0, "401: Unauthorized"}
	}
	var body map[string]any
	if len(req.Body) > 0 && req.Body[0] == '{' {
		if err := json.Unmarshal(req.Body, &body); err != nil {
			return nil, &problem{http.StatusBadRequest, 50109, "The request body contains invalid JSON."}
		}
	}
	switch {
	case part[0] == "gateway":
		return s.start(len(part) == 2), nil
	case part[0] == "users":
		return s.users(part, body)
	case part[0] == "applications":
		return s.applications(req, part)
	case part[0] == "channels" && len(part) >= 2:
		return s.channel(req, part, body, r)
	case part[0] == "guilds" && len(part) >= 2:
		return s.guild(part)
	case open:
		return s.interactions(req, part, body)
	}
	return nil, notFound(0)
}

func notFound(code int) error { return &problem{http.StatusNotFound, code, "Unknown"} }

func (s *Server) start(bot bool) any {
	if !bot {
		return map[string]any{"url": s.socket()}
	}
	left := 1000
	if s.gate.remaining != nil {
		left = *s.gate.remaining
	}
	return map[string]any{"url": s.socket(), "shards": s.gate.shards, "session_start_limit": map[string]any{
		"total": 1000, "remaining": left, "reset_after": 60_000, "max_concurrency": 1,
	}}
}

func (s *Server) users(part []string, body map[string]any) (any, error) {
	switch strings.Join(part[1:], "/") {
	case "@me":
		return person(BotID), nil
	case "@me/channels":
		who, _ := body["recipient_id"].(string)
		for _, c := range s.channels {
			if c.Type == DirectChannel && c.Name == who {
				return channelShape(c), nil
			}
		}
		return channelShape(s.addChannel(s.id(), "", "", who, DirectChannel)), nil
	}
	return nil, notFound(10013)
}

func (s *Server) applications(req Request, part []string) (any, error) {
	switch {
	case len(part) == 2 && part[1] == "@me":
		app := map[string]any{"id": AppID, "name": "Bob", "flags": s.flags, "bot_public": true}
		if s.flags < 0 {
			delete(app, "flags")
		}
		return app, nil
	case len(part) == 3 && part[2] == "commands" && req.Method == http.MethodGet:
		return append([]json.RawMessage{}, s.commands...), nil
	case len(part) == 3 && part[2] == "commands" && req.Method == http.MethodPut:
		s.commands = nil
		if err := json.Unmarshal(req.Body, &s.commands); err != nil {
			return nil, &problem{http.StatusBadRequest, 50035, err.Error()}
		}
		return append([]json.RawMessage{}, s.commands...), nil
	}
	return nil, notFound(10002)
}

func channelShape(c *Channel) map[string]any {
	out := map[string]any{"id": c.ID, "type": c.Type, "name": c.Name}
	if c.Guild != "" {
		out["guild_id"] = c.Guild
	}
	if c.Parent != "" {
		out["parent_id"] = c.Parent
	}
	if n := len(c.Messages); n > 0 {
		out["last_message_id"] = c.Messages[n-1].ID
	}
	if c.Owner != "" {
		out["owner_id"] = c.Owner
	}
	if c.overwrites != nil {
		out["permission_overwrites"] = c.overwrites
	}
	if c.Type == PublicThread || c.Type == PrivateThread {
		out["thread_metadata"] = map[string]any{"archived": c.Archived, "locked": false, "auto_archive_duration": 1440}
	}
	return out
}
