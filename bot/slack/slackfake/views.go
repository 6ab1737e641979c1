package slackfake

import (
	"encoding/json"
	"fmt"
	"time"
)

// View is a modal or a Home tab.
type View struct {
	ID       string
	User     string
	Team     string
	Raw      json.RawMessage // as it was sent last
	Updates  int
	Under    string // the modal below it
	Metadata string
	Callback string
}

// trigger is what opens one modal, for a short while.
type trigger struct {
	user, team, view string
	until            time.Time
	used             bool
}

const (
	triggerFor    = 3 * time.Second
	maxViewBlocks = 100
	maxStack      = 3
)

// Views lists the modals that were opened, oldest first.
func (s *Server) Views() []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []View
	for i := range s.count + 1 {
		if v := s.views[fmt.Sprintf("V%d", i)]; v != nil {
			list = append(list, *v)
		}
	}
	return list
}

// Home returns what a person's Home tab shows.
func (s *Server) Home(team, user string) View {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.homes[team+" "+user]; v != nil {
		return *v
	}
	return View{}
}

// newTrigger lets a modal be opened. The mutex is held.
func (s *Server) newTrigger(team, user, view string) string {
	id := fmt.Sprintf("trigger.%d", s.next())
	s.triggers[id] = trigger{user: user, team: team, view: view, until: time.Now().Add(triggerFor)}
	return id
}

// pull uses a trigger up. The mutex is held.
func (s *Server) pull(id string) (trigger, error) {
	t, ok := s.triggers[id]
	switch {
	case !ok:
		return t, refusal("invalid_trigger_id")
	case t.used:
		return t, refusal("exchanged_trigger_id")
	case time.Now().After(t.until):
		return t, refusal("expired_trigger_id")
	}
	t.used = true
	s.triggers[id] = t
	return t, nil
}

// fill puts what was sent into a view.
func (v *View) fill(raw json.RawMessage) error {
	var view struct {
		Type     string            `json:"type"`
		Blocks   []json.RawMessage `json:"blocks"`
		Metadata string            `json:"private_metadata"`
		Callback string            `json:"callback_id"`
		Title    struct {
			Text string `json:"text"`
		} `json:"title"`
	}
	if json.Unmarshal(raw, &view) != nil || len(view.Blocks) == 0 || len(view.Blocks) > maxViewBlocks {
		return refusal("invalid_arguments")
	}
	if view.Type == "modal" && (view.Title.Text == "" || len([]rune(view.Title.Text)) > 24 || len(view.Metadata) > 3000) {
		return refusal("invalid_arguments")
	}
	v.Raw, v.Metadata, v.Callback = raw, view.Metadata, view.Callback
	return nil
}

func (s *Server) viewsOpen(t Team, a args) (map[string]any, error) { return s.open(t, a, false) }

func (s *Server) viewsPush(t Team, a args) (map[string]any, error) { return s.open(t, a, true) }

func (s *Server) open(t Team, a args, push bool) (map[string]any, error) {
	pulled, err := s.pull(a.text("trigger_id"))
	if err != nil {
		return nil, err
	}
	v := &View{ID: fmt.Sprintf("V%d", s.next()), User: pulled.user, Team: t.ID}
	if push {
		if v.Under = pulled.view; v.Under == "" {
			return nil, refusal("not_found")
		}
		depth := 1
		for id := v.Under; id != ""; id = s.views[id].Under {
			if depth++; depth > maxStack {
				return nil, refusal("push_limit_reached")
			}
		}
	}
	if err := v.fill(a.raw("view")); err != nil {
		return nil, err
	}
	s.views[v.ID] = v
	return map[string]any{"view": map[string]any{"id": v.ID, "hash": "1", "type": "modal"}}, nil
}

func (s *Server) viewsUpdate(_ Team, a args) (map[string]any, error) {
	v := s.views[a.text("view_id")]
	if v == nil {
		return nil, refusal("not_found")
	}
	if err := v.fill(a.raw("view")); err != nil {
		return nil, err
	}
	v.Updates++
	return map[string]any{"view": map[string]any{"id": v.ID, "type": "modal"}}, nil
}

func (s *Server) viewsPublish(t Team, a args) (map[string]any, error) {
	key := t.ID + " " + a.text("user_id")
	v := s.homes[key]
	if v == nil {
		v = &View{ID: fmt.Sprintf("H%d", s.next()), User: a.text("user_id"), Team: t.ID}
	}
	if err := v.fill(a.raw("view")); err != nil {
		return nil, err
	}
	v.Updates++
	s.homes[key] = v
	return map[string]any{"view": map[string]any{"id": v.ID, "type": "home"}}, nil
}
