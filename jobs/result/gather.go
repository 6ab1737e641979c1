package result

import (
	"fmt"
	"strings"

	"github.com/askbob/bob/jobs"
)

// maxGaps bounds how many gaps are named one by one under an answer; a person
// reads no longer list, and the job's tree has them all.
const maxGaps = 20

// maxError is what of a gap's cause is said, in characters.
const maxError = 500

// Gather returns the children's results one after another, whole, each under its
// title, and below them what was not done. It is what a branch becomes when it
// cannot be combined: nothing is lost.
func Gather(results []jobs.NodeResult) string {
	var parts []string
	for _, r := range results {
		if hasText(r) || len(r.Artifacts) > 0 {
			parts = append(parts, gathered(r))
		}
	}
	if note := gapNote(gaps(results)); note != "" {
		parts = append(parts, note)
	}
	if len(parts) == 0 {
		return "The steps ended without any result."
	}
	return strings.Join(parts, "\n\n")
}

func gathered(r jobs.NodeResult) string {
	text := "## " + strings.TrimSpace(r.Path+" "+escape(name(r)))
	if r.Status != jobs.StatusCompleted {
		text += fmt.Sprintf(" (%s %s)", r.Status.Mark(), words(r.Status))
	}
	if hasText(r) {
		text += "\n\n" + closeFence(strings.TrimSpace(r.Text))
	}
	if len(r.Artifacts) > 0 {
		text += "\n\nFiles: " + codeList(r.Artifacts)
	}
	return text
}

// gaps returns the results that left nothing to build on.
func gaps(results []jobs.NodeResult) []jobs.NodeResult {
	var list []jobs.NodeResult
	for _, r := range results {
		if !r.Status.Good() {
			list = append(list, r)
		}
	}
	return list
}

// gapNote names gaps and why they are there; empty if there are none.
func gapNote(gaps []jobs.NodeResult) string {
	if len(gaps) == 0 {
		return ""
	}
	lines := []string{"**Not done:**", ""}
	for i, r := range gaps {
		if i == maxGaps {
			lines = append(lines, fmt.Sprintf("- and %d more steps", len(gaps)-maxGaps))
			break
		}
		line := fmt.Sprintf("- %s %s (%s, %s)", r.Status.Mark(), escape(name(r)), r.Path, words(r.Status))
		if r.Error != "" {
			line += ": " + escape(jobs.Shorten(r.Error, maxError))
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// unnamedGaps returns the gaps that an answer does not name by their titles.
func unnamedGaps(answer string, results []jobs.NodeResult) []jobs.NodeResult {
	said := folded(answer)
	var silent []jobs.NodeResult
	for _, r := range gaps(results) {
		if title := folded(r.Title); title == "" || !strings.Contains(said, title) {
			silent = append(silent, r)
		}
	}
	return silent
}

// unreadNote names the results that the model was not shown at all; empty if
// there are none.
func unreadNote(dropped []jobs.NodeResult) string {
	if len(dropped) == 0 {
		return ""
	}
	return fmt.Sprintf("**Not covered:** the results of %d steps (%s to %s) were too much to read at once; each is whole in its step.",
		len(dropped), dropped[0].Path, dropped[len(dropped)-1].Path)
}

// withNotes puts the notes that are not empty under an answer.
func withNotes(answer string, notes ...string) string {
	for _, note := range notes {
		if note != "" {
			answer = closeFence(answer) + "\n\n" + note
		}
	}
	return answer
}

func name(r jobs.NodeResult) string {
	if strings.TrimSpace(r.Title) == "" {
		return "untitled step"
	}
	return r.Title
}

// folded makes texts comparable that differ in case and line breaks only.
func folded(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
