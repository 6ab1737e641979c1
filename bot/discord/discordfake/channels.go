package discordfake

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"unicode/utf8"
)

// channel serves what is below /channels/{id}.
func (s *Server) channel(req Request, part []string, body map[string]any, r *http.Request) (any, error) {
	c := s.channels[part[1]]
	if c == nil {
		return nil, notFound(10003)
	}
	switch {
	case len(part) == 2 && req.Method == http.MethodGet:
		return channelShape(c), nil
	case len(part) == 2 && req.Method == http.MethodPatch && c.rules.locked:
		return nil, &problem{http.StatusForbidden, 50013, "Missing Permissions"}
	case len(part) == 2 && req.Method == http.MethodPatch:
		if v, ok := body["archived"].(bool); ok {
			c.Archived = v
		}
		return channelShape(c), nil
	case len(part) == 3 && part[2] == "messages" && req.Method == http.MethodGet:
		return s.history(c, r.URL.Query()), nil
	case len(part) == 3 && part[2] == "messages" && req.Method == http.MethodPost:
		return s.post(c, BotID, req, body)
	case len(part) == 3 && part[2] == "threads" && req.Method == http.MethodPost:
		return s.thread(c, s.id(), body)
	case len(part) == 4 && part[2] == "thread-members" && req.Method == http.MethodGet:
		return c.threadMember(part[3])
	case len(part) >= 4 && part[2] == "messages":
		return s.message(c, req, part, body)
	}
	return nil, notFound(0)
}

// history lists the newest messages first, at most 100, as Discord does.
func (s *Server) history(c *Channel, q url.Values) any {
	before, after := q.Get("before"), q.Get("after")
	out := []any{}
	for i := len(c.Messages) - 1; i >= 0 && len(out) < 100; i-- {
		if m := c.Messages[i]; (before == "" || m.ID < before) && m.ID > after {
			out = append(out, s.shape(m))
		}
	}
	return out
}

func (s *Server) post(c *Channel, author string, req Request, body map[string]any) (any, error) {
	if err := s.mayPost(c, len(req.Files)); err != nil {
		return nil, err
	}
	if err := check(body, len(req.Files)); err != nil {
		return nil, err
	}
	if err := checkFiles(req.Files, body); err != nil {
		return nil, err
	}
	nonce, _ := body["nonce"].(string)
	if old := c.nonces[nonce]; nonce != "" && old != nil && body["enforce_nonce"] == true {
		return s.shape(old), nil
	}
	m := &Message{ID: s.id(), Channel: c.ID, Author: author, Body: body, Files: req.Files}
	c.Archived = false
	c.Messages = append(c.Messages, m)
	if nonce != "" {
		c.nonces[nonce] = m
	}
	return s.shape(m), nil
}

// Forget drops what the fake remembers of nonces, as Discord does after minutes.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.channels {
		c.nonces = map[string]*Message{}
	}
}

func (s *Server) thread(c *Channel, id string, body map[string]any) (any, error) {
	name, _ := body["name"].(string)
	switch {
	case c.Guild == "" || c.Type == PublicThread || c.Type == PrivateThread:
		return nil, &problem{http.StatusBadRequest, 50024, "Cannot execute action on this channel type"}
	case name == "" || utf8.RuneCountInString(name) > 100:
		return nil, invalidForm("name")
	case s.channels[id] != nil:
		return nil, &problem{http.StatusBadRequest, 160004, "A thread has already been created for this message"}
	}
	made := s.addChannel(id, c.Guild, c.ID, name, PublicThread)
	made.Owner = BotID
	return channelShape(made), nil
}

// message serves what is below /channels/{id}/messages/{id}.
func (s *Server) message(c *Channel, req Request, part []string, body map[string]any) (any, error) {
	var m *Message
	for _, old := range c.Messages {
		if old.ID == part[3] {
			m = old
		}
	}
	switch {
	case m == nil:
		return nil, notFound(10008)
	case len(part) == 4 && req.Method == http.MethodGet:
		return s.shape(m), nil
	case len(part) == 4 && req.Method == http.MethodPatch:
		return s.edit(c, m, body)
	case len(part) == 5 && part[4] == "threads":
		return s.thread(c, m.ID, body)
	case len(part) == 7 && part[4] == "reactions" && req.Method == http.MethodPut:
		m.Reactions = append(m.Reactions, part[5])
		return nil, nil
	}
	return nil, notFound(0)
}

func (s *Server) edit(c *Channel, m *Message, body map[string]any) (any, error) {
	if m.Author != BotID {
		return nil, &problem{http.StatusForbidden, 50005, "Cannot edit a message authored by another user"}
	}
	if err := s.mayEdit(c, m.ID); err != nil {
		return nil, err
	}
	if err := check(body, len(m.Files)); err != nil {
		return nil, err
	}
	m.Body = maps.Clone(m.Body) // tests look at the one before
	maps.Copy(m.Body, body)
	m.Edits++
	return s.shape(m), nil
}

func invalidForm(what string) error {
	return &problem{http.StatusBadRequest, 50035, "Invalid Form Body: " + what}
}

// check holds a message to Discord's limits.
func check(body map[string]any, files int) error {
	content, _ := body["content"].(string)
	embeds, _ := body["embeds"].([]any)
	rows, _ := body["components"].([]any)
	nonce, _ := body["nonce"].(string)
	switch {
	case utf8.RuneCountInString(content) > 2000:
		return invalidForm("content")
	case utf8.RuneCountInString(nonce) > 25:
		return invalidForm("nonce")
	case len(embeds) > 10 || len(rows) > 5:
		return invalidForm("too many embeds or rows")
	case content == "" && len(embeds) == 0 && files == 0:
		return &problem{http.StatusBadRequest, 50006, "Cannot send an empty message"}
	}
	total := 0
	for _, e := range embeds {
		total += letters(e)
	}
	if total > 6000 {
		return invalidForm("embeds")
	}
	return checkRows(rows)
}

// The bounds of what is attached, in bytes.
const (
	maxFiles = 10
	maxFile  = 10 << 20
)

// checkFiles holds what is attached to Discord's limits.
func checkFiles(files []File, body map[string]any) error {
	size := 0
	for _, f := range files {
		size += len(f.Data)
		if len(f.Data) > maxFile {
			size = maxRequest + 1
		}
	}
	words, _ := body["attachments"].([]any)
	switch {
	case size > maxRequest:
		return &problem{http.StatusRequestEntityTooLarge, 40005, "Request entity too large"}
	case len(files) > maxFiles:
		return invalidForm("too many files")
	case len(words) > len(files):
		return invalidForm("words of a file that is not there")
	}
	return nil
}

// letters counts the texts of an embed that Discord counts.
func letters(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		for key, below := range v {
			if text, ok := below.(string); ok && (key == "title" || key == "description" || key == "text" || key == "name" || key == "value") {
				n += utf8.RuneCountInString(text)
				continue
			}
			n += letters(below)
		}
	case []any:
		for _, below := range v {
			n += letters(below)
		}
	}
	return n
}

func checkRows(rows []any) error {
	seen := map[string]bool{}
	for _, row := range rows {
		fields, _ := row.(map[string]any)
		buttons, _ := fields["components"].([]any)
		if len(buttons) == 0 || len(buttons) > 5 {
			return invalidForm(fmt.Sprintf("a row of %d", len(buttons)))
		}
		for _, b := range buttons {
			f, _ := b.(map[string]any)
			id, _ := f["custom_id"].(string)
			label, _ := f["label"].(string)
			if id == "" || utf8.RuneCountInString(id) > 100 || seen[id] || label == "" || utf8.RuneCountInString(label) > 80 {
				return invalidForm("a button: " + id)
			}
			seen[id] = true
		}
	}
	return nil
}
