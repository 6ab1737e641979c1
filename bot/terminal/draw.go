package terminal

import (
	"fmt"
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
)

// draw returns the picture of a job: a header, and below it as much of the tree as
// the sheet has rows for. It never has more lines than rows, nor one wider than
// cols.
func draw(r *jobs.Report, now time.Time, s sheet) []string {
	lines := header(r, now, s)
	root, all := grow(r.Nodes)
	if room := s.rows - len(lines) - 1; len(all) > 0 && room > 0 {
		choose(all, room)
		lines = append(append(lines, ""), s.branches(root, "", now)...)
	}
	return lines[:min(len(lines), s.rows)]
}

func header(r *jobs.Report, now time.Time, s sheet) []string {
	status := jobStatus(r)
	gauge := bar(r.Progress, s.cols) + " "
	lines := []string{
		s.row([]span{{status.Mark() + " ", inkOf(status)}, {jobTitle(r), strong}},
			joined(statusWords(status), oneLine(string(r.ID)))),
		s.row([]span{
			{gauge, inkOf(status)},
			{joinedWithin(s.cols-cells(gauge), fmt.Sprintf("%d%%", percent(r.Progress)), r.Summary.Words(),
				jobs.HumanDuration(r.Elapsed(now)), r.RemainingWords()), plain},
		}, ""),
		s.row([]span{{joinedWithin(s.cols, oneLine(r.Cost.Words()), r.Tokens.Words()), plain}}, ""),
	}
	if text := activity(r); text != "" {
		lines = append(lines, s.row([]span{{text, inkOf(status)}}, ""))
	}
	return lines
}

// The width of the bar: a quarter of the line, within what is still a bar and no
// longer than it takes to see five percent.
const (
	minBar = 5
	maxBar = 20
)

func bar(progress float64, cols int) string {
	width := max(minBar, min(maxBar, cols/4))
	full := percent(progress) * width / 100
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}

// branches draws the shown boxes below b and counts the folded ones.
func (s sheet) branches(b *box, indent string, now time.Time) []string {
	var lines []string
	folded, drawn := tally{}, 0
	for _, k := range b.kids {
		if !k.shown {
			folded.add(k.steps)
			continue
		}
		drawn++
		twig, deeper := "├─ ", "│  "
		if drawn == len(b.kids) {
			twig, deeper = "└─ ", "   "
		}
		lines = append(lines, s.boxLine(k, indent+twig, now))
		lines = append(lines, s.branches(k, indent+deeper, now)...)
	}
	if hidden := len(b.kids) - drawn; hidden > 0 && (drawn > 0 || b.up == nil) {
		text := fmt.Sprintf("%d more: %s", hidden, folded.words())
		lines = append(lines, s.row([]span{{s.twigs(indent+"└─ ") + "… ", faint}, {text, faint}}, ""))
	}
	return lines
}

// boxLine is one node: mark, path, title, state and how long it took. The title
// gives way to the state, but not more than half of what both have.
func (s sheet) boxLine(b *box, indent string, now time.Time) string {
	n := b.node
	took := n.ElapsedWords(now)
	mark := n.Status.Mark() + " "
	path := oneLine(n.Path) + " "
	indent = s.twigs(indent)
	title, state := oneLine(n.Title), " · "+b.state()

	room := s.cols - cells(indent+mark+path) - cells(took) - 1
	title = cut(title, max(room-cells(state), room/2))
	return s.row([]span{
		{indent, faint}, {mark, inkOf(n.Status)}, {path, faint}, {title, plain}, {state, inkOf(n.Status)},
	}, took)
}

// twigs keeps the lines of a deep tree from filling the sheet: their ends stay.
func (s sheet) twigs(indent string) string {
	runes := []rune(indent) // each of one cell
	if most := s.cols / 3; len(runes) > most {
		return "…" + string(runes[len(runes)-max(most-1, 0):])
	}
	return indent
}

// state says what a node does, what it waits for, or how it ended.
func (b *box) state() string {
	n := b.node
	parts := []string{statusWords(n.Status)}
	switch {
	case n.Status == jobs.StatusWaitingForChildren:
		parts[0] = fmt.Sprintf("%d of %d done", b.steps.done, b.steps.total())
	case len(b.kids) > 0 && b.shownKids == 0 && n.Status.Final():
		parts[0] += " (" + b.steps.words() + ")"
	}
	if n.Reason != "" && n.Status != jobs.StatusCompleted {
		parts = append(parts, reasonWords(n.Reason))
	}
	if text := oneLine(n.Error); text != "" {
		parts = append(parts, text)
	}
	if text := oneLine(n.CurrentStep); text != "" && !n.Status.Final() {
		parts = append(parts, text)
	}
	return strings.Join(parts, ": ")
}
