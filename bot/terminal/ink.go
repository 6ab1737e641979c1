package terminal

import (
	"strings"

	"github.com/askbob/bob/jobs"
)

// ink is how a piece of a line is written. It only repeats what the words say.
type ink string

// The inks, as parameters of the SGR sequence.
const (
	plain  ink = ""
	strong ink = "1"
	faint  ink = "2"
	bad    ink = "31"
	good   ink = "32"
	held   ink = "33"
	busy   ink = "36"
)

func inkOf(s jobs.Status) ink {
	switch s {
	case jobs.StatusCompleted:
		return good
	case jobs.StatusFailed:
		return bad
	case jobs.StatusRunning, jobs.StatusPlanning, jobs.StatusWaitingForChildren:
		return busy
	case jobs.StatusPartial, jobs.StatusAwaitingApproval, jobs.StatusWaitingForInput, jobs.StatusPaused:
		return held
	case jobs.StatusQueued, jobs.StatusSkipped, jobs.StatusCancelled:
		return faint
	}
	return plain
}

// span is a piece of a line in one ink. Its text is clean.
type span struct {
	text string
	ink  ink
}

// sheet is what lines are written on.
type sheet struct {
	cols, rows int
	color      bool
}

// row lays out one line: left, cut as needed, and right at the right edge. Right
// is left out where it would take more than half of the line.
func (s sheet) row(left []span, right string) string {
	room := s.cols
	if cells(right) > s.cols/2 {
		right = ""
	}
	if right != "" {
		room -= cells(right) + 1
	}
	var b strings.Builder
	for _, p := range left {
		text := cut(p.text, room)
		room -= cells(text)
		s.write(&b, span{text, p.ink})
	}
	if right != "" {
		b.WriteString(strings.Repeat(" ", max(0, room)+1))
		s.write(&b, span{right, faint})
	}
	return b.String()
}

func (s sheet) write(b *strings.Builder, p span) {
	if !s.color || p.ink == plain || p.text == "" {
		b.WriteString(p.text)
		return
	}
	b.WriteString("\x1b[" + string(p.ink) + "m" + p.text + "\x1b[0m")
}
