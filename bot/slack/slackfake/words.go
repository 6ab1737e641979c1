package slackfake

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// Words is all that people read in a message, nothing escaped: its blocks, or its text
// if it has none.
func (m *Message) Words() string {
	if len(m.Blocks) == 0 || string(m.Blocks) == "[]" {
		return unescape(m.Text)
	}
	r := read(m.Blocks)
	return strings.Join(r.words, "\n")
}

// Labels are the labels of the buttons.
func (m *Message) Labels() []string { return read(m.Blocks).labels }

// Pings lists whom a message pings; "everyone" stands for any crowd.
func (m *Message) Pings() []string {
	r := read(m.Blocks)
	pings := r.pings
	for _, text := range append(r.marked, m.Text) {
		pings = append(pings, pinged(text)...)
	}
	slices.Sort(pings)
	return slices.Compact(pings)
}

// Words is all that people read in a view.
func (v *View) Words() string {
	r := read(v.Raw)
	return strings.Join(r.words, "\n")
}

// Labels are the labels of the buttons of a view.
func (v *View) Labels() []string { return read(v.Raw).labels }

// reading is what a message or view shows.
type reading struct {
	words, labels, pings []string
	marked               []string // texts in which Slack looks for mentions
}

func read(raw json.RawMessage) *reading {
	r := &reading{}
	var tree any
	if json.Unmarshal(raw, &tree) == nil {
		r.walk(tree)
	}
	return r
}

// The keys that come first, in the order of reading.
var readFirst = []string{"title", "label", "text", "fields", "elements", "details", "output", "tasks", "accessory", "rows"} //nolint:gochecknoglobals // a constant table

func (r *reading) walk(tree any) {
	switch v := tree.(type) {
	case []any:
		for _, item := range v {
			r.walk(item)
		}
	case map[string]any:
		r.object(v)
		for _, key := range readFirst {
			r.walk(v[key])
		}
		for key, item := range v {
			if !slices.Contains(readFirst, key) {
				r.walk(item)
			}
		}
	}
}

func (r *reading) object(v map[string]any) {
	text, _ := v["text"].(string)
	title, _ := v["title"].(string)
	switch kind, _ := v["type"].(string); kind {
	case "mrkdwn", "markdown":
		r.words, r.marked = append(r.words, unescape(text)), append(r.marked, text)
	case "user":
		if id, ok := v["user_id"].(string); ok {
			r.pings, r.words = append(r.pings, id), append(r.words, "@"+id)
		}
	case "broadcast", "usergroup":
		r.pings = append(r.pings, "everyone")
	case "button":
		if label, ok := v["text"].(map[string]any); ok {
			if words, ok := label["text"].(string); ok {
				r.labels = append(r.labels, words)
			}
		}
	default:
		if words := strings.TrimSpace(text + " " + title); words != "" {
			r.words = append(r.words, words)
		}
	}
}

var mention = regexp.MustCompile(`<(@[UW][A-Z0-9]+|!channel|!here|!everyone|!subteam\^[A-Z0-9]+)(\|[^>]*)?>`) //nolint:gochecknoglobals // a constant

// pinged lists whom an escaped text pings.
func pinged(text string) []string {
	var list []string
	for _, m := range mention.FindAllStringSubmatch(text, -1) {
		if id, ok := strings.CutPrefix(m[1], "@"); ok {
			list = append(list, id)
		} else {
			list = append(list, "everyone")
		}
	}
	return list
}

func unescape(text string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
}
