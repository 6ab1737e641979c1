package run

import (
	"fmt"
	"slices"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// talk is a task's conversation as the model sees it: the opening, then turns. It
// grows at its end only, so that providers can cache what they saw before, until it
// comes near the model's context: then the oldest parts are shortened, many at once,
// and it grows on from there. The same turns always give the same conversation,
// whether they come one by one or after a crash.
type talk struct {
	limit    int // tokens of everything that is sent
	fixed    int // of them for what is no message
	messages []llm.Message
	opening  int // how many messages are never shortened
	next     int // the first message that was not shortened
	size     int // of all messages, in tokens
}

// newTalk begins a conversation with an opening that fits.
func newTalk(opening llm.Request, limit int) *talk {
	t := &talk{limit: limit, messages: slices.Clone(opening.Messages), opening: len(opening.Messages)}
	for _, m := range opening.Messages {
		t.size += int(m.Tokens())
	}
	t.fixed = int(llm.InputTokens(opening)) - t.size
	t.next = t.opening
	return t
}

// keptFree is the part of the limit that is free after shortening, one in so many:
// much at once, for every time costs what the provider had cached.
const keptFree = 3

// add takes a turn's message, or what a person said, and reports whether older ones
// were shortened for it.
func (t *talk) add(m llm.Message) (shorter bool) {
	t.messages = append(t.messages, m)
	t.size += int(m.Tokens())
	if t.fits() {
		return false
	}
	from := t.next
	aim := t.limit - t.limit/keptFree
	last := t.newest()
	for ; t.next < last && t.fixed+t.size > aim; t.next++ {
		if m := t.messages[t.next]; m.Role != llm.RoleUser {
			t.replace(t.next, shortened(m))
		}
	}
	for i := last; i < len(t.messages) && !t.fits(); i++ {
		t.replace(i, t.cut(t.messages[i]))
	}
	for i := t.opening; i < len(t.messages) && !t.fits(); i++ { // what people or the model wrote is itself too long
		t.replace(i, shortened(t.messages[i]))
	}
	return t.next > from
}

// newest is the first message of the newest turn.
func (t *talk) newest() int {
	for i := len(t.messages) - 1; i >= t.opening; i-- {
		if t.messages[i].Role == llm.RoleAssistant {
			return i
		}
	}
	return t.opening
}

func (t *talk) replace(i int, m llm.Message) {
	t.size += int(m.Tokens() - t.messages[i].Tokens())
	t.messages[i] = m
}

const (
	// shortResult is what of an old tool result is not worth shortening, in tokens.
	shortResult = 40
	// shortSaid is what is kept of what a model wrote or wished in an old turn, and
	// of what people said if nothing else helps.
	shortSaid = 200
)

// shortened returns an old message with a line in place of every long tool result,
// and little of what was written. Calls and their results stay together.
func shortened(m llm.Message) llm.Message {
	m.Text = jobs.Cut(m.Text, shortSaid, "")
	m.Calls = slices.Clone(m.Calls)
	for i, call := range m.Calls {
		if llm.Tokens(string(call.Args)) > shortSaid {
			m.Calls[i].Args = []byte(fmt.Sprintf(`{"left_out":"%d bytes"}`, len(call.Args)))
		}
	}
	m.Results = slices.Clone(m.Results)
	for i, r := range m.Results {
		if llm.Tokens(r.Text) > shortResult {
			m.Results[i].Text = fmt.Sprintf(
				"(This result had %d bytes and was left out to make room. If you still need it, call the tool again, and ask for less.)", len(r.Text))
		}
	}
	return m
}

// cut shortens the results of the newest turn to the room that is left, each to its
// fair share.
func (t *talk) cut(m llm.Message) llm.Message {
	if len(m.Results) == 0 {
		return m
	}
	over := t.fixed + t.size - t.limit
	bare := m
	bare.Results = slices.Clone(m.Results)
	for i := range bare.Results {
		bare.Results[i].Text = ""
	}
	room := int(m.Tokens()-bare.Tokens()) - over
	texts := make([]string, 0, len(m.Results))
	for _, r := range m.Results {
		texts = append(texts, r.Text)
	}
	for i, text := range jobs.CutFairly(texts, room, "there, if you ask the tool for less at once") {
		bare.Results[i].Text = text
	}
	return bare
}

// fits reports whether the conversation can be sent.
func (t *talk) fits() bool { return t.fixed+t.size <= t.limit }
