package discordfake

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"
)

// Interaction is one use of a command, a button or a form, and what was answered.
type Interaction struct {
	ID, Token string
	Channel   string
	Answers   []map[string]any // callbacks: type and data
	Original  map[string]any   // the reply as it stands; nil: none, or deleted
	Deleted   bool
	Followups []map[string]any
	Took      time.Duration // until the first answer
	Told      time.Duration // until it was told over the gateway; 0: it was not
	Late      int           // answers that came when Discord waited no longer
	Tried     int           // attempts to answer, whatever became of them

	begun   time.Time
	message string // on which the button stands; empty: on none
	line    *line  // over which it was told
}

// AnswerWithin says how long an interaction waits for its first answer, which is 3
// seconds on Discord. Zero, as it is at first: for ever.
func (s *Server) AnswerWithin(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.within = d
}

// Ignored lists the interactions that nobody tried to answer in time, though they were
// told at once over a line that stayed up for as long as they waited.
func (s *Server) Ignored() (list []Interaction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.asked {
		over := i.begun.Add(s.within)
		switch {
		case len(i.Answers) > 0 || i.Tried > 0 || i.line == nil:
		case i.Told > s.within/2 || (!i.line.ended.IsZero() && i.line.ended.Before(over)):
		default:
			list = append(list, *i)
		}
	}
	return list
}

// Asked lists all interactions.
func (s *Server) Asked() (list []Interaction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.asked {
		list = append(list, *i)
	}
	return list
}

// Ask makes an interaction that is told in another way, and returns its ID and token.
func (s *Server) Ask(event map[string]any) (id, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	channel, _ := event["channel_id"].(string)
	i := &Interaction{ID: s.id(), Token: "token-" + s.id(), Channel: channel, begun: time.Now()}
	if m, ok := event["message"].(map[string]any); ok {
		i.message, _ = m["id"].(string)
	}
	s.asked[i.Token] = i
	return i.ID, i.Token
}

// Interact has a person use something. The event is as Discord's, without ID and
// token; it returns the token that Interaction knows it by.
func (s *Server) Interact(event map[string]any) string {
	id, token := s.Ask(event)
	full := map[string]any{"id": id, "token": token, "application_id": AppID, "version": 1, "locale": "en-GB"}
	for key, v := range event {
		full[key] = v
	}
	s.Emit("INTERACTION_CREATE", full)
	return token
}

// Interaction returns a copy of what became of one.
func (s *Server) Interaction(token string) Interaction {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.asked[token]
}

// interactions serves callbacks, and what is below /webhooks/{application}/{token}.
func (s *Server) interactions(req Request, part []string, body map[string]any) (any, error) {
	if len(part) < 3 {
		return nil, notFound(0)
	}
	i := s.asked[part[2]]
	if i == nil {
		return nil, notFound(10062)
	}
	data, _ := body["data"].(map[string]any)
	switch {
	case part[0] == "interactions":
		if len(i.Answers) > 0 {
			return nil, &problem{http.StatusBadRequest, 40060, "Interaction has already been acknowledged."}
		}
		if s.within > 0 && time.Since(i.begun) > s.within {
			i.Late++
			return nil, notFound(10062)
		}
		return nil, s.callback(i, body, data)
	case len(i.Answers) == 0:
		return nil, notFound(10015)
	case req.Method == http.MethodPost && len(part) == 3:
		if err := check(body, len(req.Files)); err != nil {
			return nil, err
		}
		i.Followups = append(i.Followups, body)
		return map[string]any{"id": s.id(), "channel_id": i.Channel}, nil
	case req.Method == http.MethodPatch && i.Answers[0]["type"] == 6.0:
		return map[string]any{"id": i.message, "channel_id": i.Channel}, s.revise(i, body)
	case req.Method == http.MethodPatch:
		if err := check(body, len(req.Files)); err != nil {
			return nil, err
		}
		i.Original = body
		return map[string]any{"id": s.id(), "channel_id": i.Channel}, nil
	case req.Method == http.MethodDelete:
		i.Original, i.Deleted = nil, true
		return nil, nil
	}
	return nil, notFound(10008)
}

func (s *Server) callback(i *Interaction, body, data map[string]any) error {
	kind, _ := body["type"].(float64)
	switch int(kind) {
	case 4:
		if err := check(data, 0); err != nil {
			return err
		}
		i.Original = data
	case 7:
		if err := s.revise(i, data); err != nil {
			return err
		}
	case 5, 6:
	case 8:
		if choices, _ := data["choices"].([]any); len(choices) > 25 {
			return invalidForm("choices")
		}
	case 9:
		if err := checkModal(data); err != nil {
			return err
		}
	default:
		return invalidForm("type")
	}
	if len(i.Answers) == 0 {
		i.Took = time.Since(i.begun)
	}
	i.Answers = append(i.Answers, body)
	return nil
}

// revise changes the message on which a button stands. What is not said of it stays as
// it is.
func (s *Server) revise(i *Interaction, changes map[string]any) error {
	m := s.find(i.Channel, i.message)
	whole := map[string]any{"content": "as it was"} // of a message that nobody keeps
	if m != nil {
		whole = maps.Clone(m.Body)
	}
	maps.Copy(whole, changes)
	if err := check(whole, 1); err != nil {
		return err
	}
	i.Original = changes
	if m != nil {
		m.Body = whole
		m.Edits++
	}
	return nil
}

// find returns a message; nil: there is none. The lock is held.
func (s *Server) find(channel, id string) *Message {
	if c := s.channels[channel]; c != nil {
		for _, m := range c.Messages {
			if m.ID == id {
				return m
			}
		}
	}
	return nil
}

// checkModal holds a form to Discord's limits: at most five labels, each with a text, a
// list or a place for files of a name of its own.
func checkModal(data map[string]any) error {
	labels, _ := data["components"].([]any)
	title, _ := data["title"].(string)
	if n := utf8.RuneCountInString(title); len(labels) == 0 || len(labels) > 5 || n == 0 || n > 45 {
		return invalidForm("a modal with a title of " + strconv.Itoa(n))
	}
	seen := map[string]bool{}
	for _, l := range labels {
		label, _ := l.(map[string]any)
		words, _ := label["label"].(string)
		field, _ := label["component"].(map[string]any)
		id, _ := field["custom_id"].(string)
		if n := utf8.RuneCountInString(words); label["type"] != 18.0 || n == 0 || n > 45 || id == "" || utf8.RuneCountInString(id) > 100 || seen[id] {
			return invalidForm("a label: " + id)
		}
		seen[id] = true
		options, _ := field["options"].([]any)
		most, _ := field["max_values"].(float64)
		switch kind := field["type"]; {
		case kind == 4.0 && (field["style"] == 1.0 || field["style"] == 2.0):
		case kind == 3.0 && len(options) > 0 && len(options) <= 25:
		case kind == 19.0 && most >= 0 && most <= 10:
		default:
			return invalidForm(fmt.Sprintf("a field of type %v: %s", kind, id))
		}
	}
	return nil
}
