package bottest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// Peer is the platform behind a front end, as the people on it see it. The suite
// looks through it and breaks it.
type Peer interface {
	// Room is a channel in which Bob may speak and nobody did yet, without a thread.
	Room() jobs.Place
	// Person is the platform's ID of somebody who reads it.
	Person() string
	// Closed is another channel of that workspace, which nobody reads but Person and who
	// runs the workspace.
	Closed() jobs.Place
	// Shown lists all messages of the channel of a place, those in its threads too,
	// oldest first.
	Shown(room jobs.Place) []Shown
	// Break lets the next call that posts or edits a message fail, once.
	Break(b Break)
}

// Shown is a message as people see it.
type Shown struct {
	Message string
	Thread  string   // as in jobs.Place; of the message that made it too
	Text    string   // all that is to read, as it is shown: nothing escaped
	Pings   []string // the platform's IDs of whom it pings; "everyone" for any crowd
	Labels  []string // of its buttons
	Files   []bot.FileContent
}

// Break is a way in which a platform fails.
type Break string

// The ways.
const (
	BreakLost    Break = "lost"    // the message goes up, or is edited, and the answer is lost
	BreakLater   Break = "later"   // a rate limit that asks for LaterAfter
	BreakGone    Break = "gone"    // no such channel or message
	BreakRefused Break = "refused" // a message of that kind is not taken
	BreakRevoked Break = "revoked" // the workspace threw Bob out
)

// LaterAfter is what BreakLater asks for.
const LaterAfter = 7 * time.Second

// Peer returns what people see of the platform in memory.
func (f *FrontEnd) Peer() Peer { return &peer{f: f} }

type peer struct {
	f *FrontEnd
}

// Room is C1 of T1.
func (p *peer) Room() jobs.Place {
	return jobs.Place{Surface: p.f.surface, Workspace: "T1", Channel: "C1"}
}

// Person is U1.
func (p *peer) Person() string { return "U1" }

// Closed is C9 of T1.
func (p *peer) Closed() jobs.Place {
	room := jobs.Place{Surface: p.f.surface, Workspace: "T1", Channel: "C9"}
	p.f.Enter(p.Person(), room)
	return room
}

// Shown lists the messages of a channel, cards as dumps.
func (p *peer) Shown(room jobs.Place) (list []Shown) {
	for _, u := range p.f.Up() {
		if !sameRoom(u.Placed.Place, room) {
			continue
		}
		s := Shown{Message: u.Placed.Message, Thread: u.Placed.Place.Thread, Text: u.Post.Text}
		buttons := u.Post.Buttons
		if c := u.Post.Card; c != nil {
			s.Text, buttons = Dump(c), slices.Concat(buttons, c.Buttons)
		}
		for _, b := range buttons {
			s.Labels = append(s.Labels, b.Label)
		}
		if u.Post.Mention != "" {
			s.Pings = []string{u.Post.Mention}
		}
		for _, f := range u.Post.Files {
			s.Files = append(s.Files, f)
			s.Text += " " + f.Name
		}
		list = append(list, s)
	}
	return list
}

// Break lets the next post or edit fail.
func (p *peer) Break(b Break) {
	fault := Fault{Err: &bot.DeliveryError{Trouble: bot.Trouble(b), Err: fmt.Errorf("broken: %s", b)}}
	switch b {
	case BreakLost:
		fault.Err.Trouble, fault.Done = bot.TroubleUnsure, true
	case BreakLater:
		fault.Err.After = LaterAfter
	case BreakGone, BreakRefused, BreakRevoked:
	}
	broken := false
	p.f.Fail(func(c Call) Fault {
		if broken || c.Op != OpPost && c.Op != OpEdit {
			return Fault{}
		}
		broken = true
		return fault
	})
}

// Dump is a card as plain text, all of it: for golden files and for looking for
// words.
func Dump(c *bot.Card) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s | %s (%s)", c.State, c.Title, c.Job)
	if c.Percent >= 0 {
		line("%d%%", c.Percent)
	}
	for _, part := range []struct {
		name  string
		texts []string
	}{{"fact", c.Facts}, {"now", nonEmpty(c.Activity)}, {"wait", c.Waits}} {
		for _, t := range part.texts {
			line("%s: %s", part.name, t)
		}
	}
	for _, s := range c.Steps {
		line("step %s", strings.Join(nonEmpty(s.Path, s.State, s.Title, s.Detail), " | "))
	}
	if c.More > 0 {
		line("more: %d", c.More)
	}
	for _, h := range c.Hints {
		line("hint: %s", h)
	}
	for _, button := range c.Buttons {
		text := fmt.Sprintf("[%s] %s", button.Label, button.Value())
		if button.Style != bot.StylePlain {
			text += " " + string(button.Style)
		}
		if q := button.Confirm; q != nil {
			text += fmt.Sprintf(" (%s / %s / %s / %s)", q.Title, q.Text, q.Yes, q.No)
		}
		line("%s", text)
	}
	return b.String()
}

func nonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(t string) bool { return t == "" })
}
