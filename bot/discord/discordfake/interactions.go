package discordfake

import (
	"net/http"
	"time"
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

	begun time.Time
	line  *line // over which it was told
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
		case len(i.Answers) > 0 || i.Late > 0 || i.line == nil:
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
	case 4, 7:
		if err := check(data, 0); err != nil {
			return err
		}
		i.Original = data
	case 5, 6:
	case 8:
		if choices, _ := data["choices"].([]any); len(choices) > 25 {
			return invalidForm("choices")
		}
	case 9:
		if fields, _ := data["components"].([]any); len(fields) == 0 || len(fields) > 5 {
			return invalidForm("components of a modal")
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
