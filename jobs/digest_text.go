package jobs

import (
	"fmt"
	"strings"
	"time"
)

// Bounds of a digest's lines, in characters.
const (
	maxDigestTitle = 80
	digestLayout   = "Monday 2 January 2006 15:04 MST"
	dueLayout      = "Mon 15:04"
)

// Text says a digest to people, in plain lines. Its length is bounded by that of its
// lists.
func (d *Digest) Text() string {
	lines := []string{d.Headline()}
	section := func(name string, total int, items []string) {
		if total == 0 {
			return
		}
		lines = append(lines, "", name)
		for _, item := range items {
			lines = append(lines, "• "+item)
		}
		if more := total - len(items); more > 0 {
			lines = append(lines, fmt.Sprintf("• and %d more", more))
		}
	}
	section("Finished", d.Finished.Total, d.Finished.lines())
	section("Failed", d.Failed.Total, d.Failed.lines())
	section("Waiting for a person", d.Waiting.Total, d.Waiting.lines())
	due := make([]string, 0, len(d.Due.Schedules))
	for _, s := range d.Due.Schedules {
		due = append(due, fmt.Sprintf("%s %s (%s): %s", s.Next.Format(dueLayout), s.ID, digestLine(s.Words), digestLine(s.Request)))
	}
	section("Due within a day", d.Due.Total, due)
	return strings.Join(lines, "\n")
}

// Headline says a digest in one sentence.
func (d *Digest) Headline() string {
	span := "The day until " + d.Until.Format(digestLayout)
	if took := d.Until.Sub(d.From); took < 23*time.Hour || took > 25*time.Hour { // a day may have an hour more or less
		span = d.From.Format(digestLayout) + " to " + d.Until.Format(digestLayout)
	}
	if d.Empty() {
		return span + ": nothing happened, and nothing waits."
	}
	verb := "wait"
	if d.Waiting.Total == 1 {
		verb = "waits"
	}
	noun := "jobs"
	if d.Finished.Total == 1 {
		noun = "job"
	}
	return fmt.Sprintf("%s: %d %s finished, %d failed, %d %s for a person, %s spent.",
		span, d.Finished.Total, noun, d.Failed.Total, d.Waiting.Total, verb, ShortUSD(d.SpentUSD))
}

func (g *DigestJobs) lines() []string {
	list := make([]string, 0, len(g.Jobs))
	for _, j := range g.Jobs {
		list = append(list, j.line())
	}
	return list
}

func (j *DigestJob) line() string {
	text := string(j.ID) + " " + digestLine(j.Title)
	var notes []string
	if j.Status == StatusPartial {
		notes = append(notes, string(j.Status))
	}
	if j.Reason != "" {
		notes = append(notes, strings.ReplaceAll(string(j.Reason), "_", " "))
	}
	if len(notes) > 0 {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return text
}

// digestLine is a text of people or models as a part of a line.
func digestLine(text string) string {
	return Shorten(strings.Join(strings.Fields(text), " "), maxDigestTitle)
}
