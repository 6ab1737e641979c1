package terminal

import (
	"math"
	"strings"

	"github.com/askbob/bob/jobs"
)

func reasonWords(r jobs.Reason) string { return oneLine(r.Words()) }

func statusWords(s jobs.Status) string { return oneLine(strings.ReplaceAll(string(s), "_", " ")) }

// jobStatus is the state of a whole job: it runs while its root waits for its
// children.
func jobStatus(r *jobs.Report) jobs.Status {
	if r.Status == jobs.StatusWaitingForChildren {
		return jobs.StatusRunning
	}
	return r.Status
}

func jobTitle(r *jobs.Report) string {
	for _, text := range []string{r.Title, r.Request} {
		if text = oneLine(text); text != "" {
			return text
		}
	}
	return "untitled"
}

// activity is what a job does, what it waits for, or how it failed.
func activity(r *jobs.Report) string {
	var parts []string
	if r.Reason != "" && r.Status != jobs.StatusCompleted {
		parts = append(parts, reasonWords(r.Reason))
	}
	if text := oneLine(r.Error); text != "" {
		parts = append(parts, text)
	}
	if text := oneLine(r.Current); text != "" && !r.Status.Final() {
		parts = append(parts, text)
	}
	return strings.Join(parts, ": ")
}

// percent is 100 only for what is wholly done.
func percent(progress float64) int {
	if !(progress > 0) { // not a number either
		return 0
	}
	return int(min(progress, 100))
}

// joined joins what is not empty with dots.
func joined(parts ...string) string { return joinedWithin(math.MaxInt, parts...) }

// joinedWithin is joined without the last parts that do not fit whole into width
// columns; the first one stays in any case.
func joinedWithin(width int, parts ...string) string {
	text := ""
	for _, p := range parts {
		switch longer := text + " · " + p; {
		case p == "":
		case text == "":
			text = p
		case cells(longer) > width:
			return text
		default:
			text = longer
		}
	}
	return text
}
