package jobs

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/askbob/bob/llm"
)

// The bounds of one result in a prompt that cannot take all of them whole.
const (
	// minShown is what a result needs to say anything at all, in tokens: some
	// sentences and the note about what was left out. With less for each, the last
	// ones are not shown.
	minShown = 150
	// maxResultTitle, maxResultError (tokens) and maxResultFiles keep the frame of a
	// result small against its text.
	maxResultTitle = 100
	maxResultError = 200
	maxResultFiles = 30
)

// LongResult is the length in bytes from which on a result is worth a summary, and
// is kept as a blob.
const LongResult = 16 << 10

// FittedResults is what a prompt can show of some results.
type FittedResults struct {
	Shown     []NodeResult
	Shortened []NodeResult // as they were; Shown has them in part or as summaries
	Dropped   []NodeResult // not in Shown, the last ones
}

// FitResults returns the results as they fit into room tokens by PromptSize: whole
// if they all do, else each as long as is fair, the short ones whole. A long one is
// shown by its summary if it has one.
func FitResults(results []NodeResult, room int) FittedResults {
	bytes := 0
	for _, r := range results {
		bytes += len(r.Text)
	}
	if bytes <= mostBytes(room) && PromptSize(results) <= room {
		return FittedResults{Shown: asShown(results)}
	}
	for left := room; left > 0; {
		f := share(results, left)
		over := PromptSize(f.Shown) - room
		if over <= 0 || len(f.Shown) == 0 {
			return f
		}
		left -= over + left/16 // together they are denser than one by one
	}
	return FittedResults{Dropped: results}
}

// share gives each result its part of about room tokens.
func share(results []NodeResult, room int) FittedResults {
	kept, sizes, room := keep(results, room)
	limit := level(sizes, room)
	f := FittedResults{Shown: asShown(kept), Dropped: results[len(kept):]}
	for i, r := range kept {
		if sizes[i] > limit { // so inPart leaves something out
			f.Shown[i].Text, f.Shown[i].File = inPart(r, limit), r.File
			f.Shortened = append(f.Shortened, results[i])
		}
	}
	return f
}

// Whole reports whether all results are shown as they are.
func (f FittedResults) Whole() bool { return len(f.Shortened)+len(f.Dropped) == 0 }

// asShown returns results without what only one in part needs.
func asShown(results []NodeResult) []NodeResult {
	shown := slices.Clone(results)
	for i := range shown {
		shown[i].File = ""
	}
	return shown
}

// keep returns the first results that have room for the least worth showing, with
// bounded frames, the sizes of their texts, and the room left for these.
func keep(results []NodeResult, room int) (kept []NodeResult, sizes []int, left int) {
	room -= PromptSize([]NodeResult{})
	least, frames := 0, 0
	for _, r := range results {
		r = framed(r)
		text := r.Text
		r.Text = ""
		frame := PromptSize(r)
		r.Text = text
		size := minShown + 1
		if len(text) <= mostBytes(room) {
			size = PromptSize(text)
		} else {
			size = max(size, len(text)/2) // too many to be worth counting
		}
		if least += frame + min(size, minShown); least > room {
			break
		}
		frames += frame
		kept, sizes = append(kept, r), append(sizes, size)
	}
	return kept, sizes, room - frames
}

// framed bounds everything of a result but its text.
func framed(r NodeResult) NodeResult {
	r.Text = strings.ToValidUTF8(r.Text, "\ufffd")
	r.Title = Cut(r.Title, maxResultTitle, "")
	r.Error = Cut(r.Error, maxResultError, "")
	if more := len(r.Artifacts) - maxResultFiles; more > 0 {
		r.Artifacts = append(slices.Clone(r.Artifacts[:maxResultFiles]), fmt.Sprintf("(and %d more)", more))
	}
	return r
}

// inPart is what a text is shown as that has more than limit tokens.
func inPart(r NodeResult, limit int) string {
	whole := "the result of step " + r.Path
	if r.File != "" {
		whole = "in the file " + r.File + ", for the tool " + FilesTool
	}
	if r.Summary == "" {
		return Cut(r.Text, limit, whole)
	}
	note := fmt.Sprintf("[This is a summary of %d characters; the whole is %s.]\n", utf8.RuneCountInString(r.Text), whole)
	return note + Cut(r.Summary, limit-PromptSize(note), "")
}

// Section frames the results, and says which are not there.
func (f FittedResults) Section() string {
	if len(f.Shown)+len(f.Dropped) == 0 {
		return ""
	}
	text := llm.Section(SectionResults, PromptJSON(f.Shown))
	if len(f.Dropped) == 0 {
		return text
	}
	first, last := f.Dropped[0], f.Dropped[len(f.Dropped)-1]
	where := "Say that they are not covered."
	if first.File != "" {
		where = fmt.Sprintf("Read them with the tool %s: they are the files %s to %s.", FilesTool, first.File, last.File)
	}
	return text + fmt.Sprintf("(%d more results, of the steps %s to %s, did not fit and are not shown. %s)\n",
		len(f.Dropped), first.Path, last.Path, where)
}
