package discord

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/askbob/bob/bot"
)

const (
	// lookPages times lookPage messages are looked at: what is looked for is young.
	lookPages = 5
	lookPage  = 100
	// maxMarks bounds how many cards' marks are remembered, so that edits keep them.
	maxMarks = 10_000
)

// seen is what is looked at of a message.
type seen struct {
	ID     string `json:"id"`
	Author struct {
		ID string `json:"id"`
	} `json:"author"`
	Content string `json:"content"`
	Nonce   any    `json:"nonce"` // a text or a number
	Files   []struct {
		Description string `json:"description"`
	} `json:"attachments"`
	Embeds []struct {
		Footer struct {
			Text string `json:"text"`
		} `json:"footer"`
	} `json:"embeds"`
}

// Find returns the message that an earlier Post with that key put up.
func (f *FrontEnd) Find(ctx context.Context, p bot.Post) (bot.Placed, error) {
	self, err := f.whoami(ctx)
	if err != nil {
		return bot.Placed{}, f.trouble(ctx, p.Place, err)
	}
	is := func(m *seen) bool { return m.Author.ID == self.user && m.answersTo(&p) && !f.rooms.isWorn(m.ID) }
	channel := p.Place.Thread
	if f.flat(p.Place) {
		channel = p.Place.Channel
	}
	id, err := f.look(ctx, channel, is)
	if channel != p.Place.Channel && (err == nil && id == "" || shut(err)) { // it may stand apart from its thread
		id, err = f.look(ctx, p.Place.Channel, is)
	}
	if err != nil {
		return bot.Placed{}, f.trouble(ctx, p.Place, err)
	}
	if id == "" {
		return bot.Placed{}, nil
	}
	at, err := f.placed(ctx, p.Place, id, threadName(&p))
	if err != nil {
		return bot.Placed{}, f.trouble(ctx, p.Place, err)
	}
	return at, nil
}

// look goes through the newest messages of a channel until one is it.
func (f *FrontEnd) look(ctx context.Context, channel string, is func(*seen) bool) (string, error) {
	q := url.Values{"limit": {strconv.Itoa(lookPage)}}
	for range lookPages {
		var list []seen
		err := f.rest.call(ctx, request{method: http.MethodGet, path: "/channels/" + channel + "/messages", query: q}, &list)
		if err != nil {
			return "", err
		}
		for i := range list {
			if is(&list[i]) {
				return list[i].ID, nil
			}
		}
		if len(list) < lookPage {
			break
		}
		q.Set("before", list[len(list)-1].ID)
	}
	return "", nil
}

// answersTo reports whether a message of Bob's is a post. The mark is the last of its
// text, of its embed or of what a file is said to be: nobody else writes there. A card that was edited after a
// restart has lost its mark, and is known by its job.
func (m *seen) answersTo(p *bot.Post) bool {
	mark := refWord + refOf(p.Key)
	if m.Nonce == nonceOf(p.Key) || strings.HasSuffix(m.Content, subtext+mark) {
		return true
	}
	for _, file := range m.Files {
		if strings.HasSuffix(file.Description, " · "+mark) {
			return true
		}
	}
	for _, e := range m.Embeds {
		switch foot := e.Footer.Text; {
		case foot == mark, strings.HasSuffix(foot, " · "+mark):
			return true
		case p.Card != nil && foot != "" && foot == footer(p.Card.Job, ""):
			return true
		}
	}
	return false
}

// marks remembers the marks of cards. It is safe for concurrent use.
type marks struct {
	mu   sync.Mutex
	refs map[string]string // by message
}

func (m *marks) put(message, ref string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.refs) < maxMarks {
		m.refs[message] = ref
	}
}

func (m *marks) get(message string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.refs[message]
}
