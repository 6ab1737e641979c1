package bot

import (
	"strings"
	"time"
	"unicode"

	"github.com/askbob/bob/jobs"
)

// states says a state in a symbol and words, never in a symbol alone. A branch that
// waits for its steps is at work.
var states = map[jobs.Status]string{ //nolint:gochecknoglobals // a constant table
	jobs.StatusPlanning:           "🧭 Planning",
	jobs.StatusAwaitingApproval:   "✋ Waits for approval",
	jobs.StatusQueued:             "⏳ Queued",
	jobs.StatusRunning:            "▶️ Running",
	jobs.StatusWaitingForChildren: "▶️ Running",
	jobs.StatusWaitingForInput:    "❓ Waits for you",
	jobs.StatusPaused:             "⏸️ Paused",
	jobs.StatusCompleted:          "✅ Completed",
	jobs.StatusPartial:            "⚠️ Partly completed",
	jobs.StatusFailed:             "❌ Failed",
	jobs.StatusCancelled:          "🚫 Cancelled",
	jobs.StatusSkipped:            "⏭️ Skipped",
}

// stateWords is a symbol and words for a state. One that does not exist is shown by
// its own name.
func stateWords(s jobs.Status) string {
	if text, ok := states[s]; ok {
		return text
	}
	return "• " + named(string(s))
}

// stateMark is the symbol of stateWords alone, for lines that say the words another
// way.
func stateMark(s jobs.Status) string {
	mark, _, _ := strings.Cut(stateWords(s), " ")
	return mark
}

// stateName is stateWords without the symbol, in small letters, for sentences.
func stateName(s jobs.Status) string {
	_, words, _ := strings.Cut(stateWords(s), " ")
	return strings.ToLower(words)
}

// reasonWords says why a node waits or how it ended; empty for no reason.
func reasonWords(r jobs.Reason) string { return oneLine(r.Words()) }

// named is the name of a constant as words.
func named(constant string) string { return oneLine(strings.ReplaceAll(constant, "_", " ")) }

// titleOf is what a job is called: it has no title before it is planned only if its
// request had no words.
func titleOf(r *jobs.Report) string {
	for _, text := range []string{r.Title, r.Request} {
		if text = oneLine(text); text != "" {
			return jobs.Shorten(text, maxShownTitle)
		}
	}
	return "untitled"
}

// maxShownTitle bounds a title on one line, in characters.
const maxShownTitle = 120

// percent is 100 only for what is wholly done.
func percent(progress float64) int {
	if !(progress > 0) { // not a number either
		return 0
	}
	return int(min(progress, 100))
}

// joined joins what is not empty with dots.
func joined(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, " · ")
}

// ago is how long before now a time was.
func ago(t, now time.Time) string {
	if !t.Before(now) {
		return "just now"
	}
	return jobs.HumanDuration(now.Sub(t)) + " ago"
}

// oneLine makes a text of people or models one line: runs of white space are one
// space, and characters that show nothing, such as right-to-left overrides, are
// dropped. The joiners stay: scripts and emoji need them.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == '\u200c' || r == '\u200d':
			return r
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	return strings.Join(strings.Fields(text), " ")
}
