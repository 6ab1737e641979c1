package result

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"github.com/askbob/bob/jobs"
)

// The bounds of one result in a prompt that cannot take all of them whole.
const (
	// minShown is what a result needs to say anything at all, in bytes: some
	// sentences and the note about what was left out. With less for each, the last
	// ones are not shown.
	minShown = 400
	// maxTitle, maxError and maxArtifacts keep the frame of a result small against
	// its text.
	maxTitle     = 300
	maxError     = 500
	maxArtifacts = 30
)

// fitted is what a prompt can show of some results.
type fitted struct {
	results   []jobs.NodeResult
	shortened int               // of results
	dropped   []jobs.NodeResult // not in results, the last ones
}

// fit returns the results as they fit into room bytes of a section: whole if they
// all do, else each as long as is fair, the short ones whole.
func fit(results []jobs.NodeResult, room int) fitted {
	if size(encode(results)) <= room {
		return fitted{results: results}
	}
	kept, room := keep(results, room)
	sizes := make([]int, len(kept))
	for i, r := range kept {
		sizes[i] = size(r.Text)
	}
	limit := level(sizes, room)
	f := fitted{results: kept, dropped: results[len(kept):]}
	for i := range kept {
		if sizes[i] > limit {
			kept[i].Text = shorten(kept[i].Text, limit, kept[i].Path)
			f.shortened++
		}
	}
	return f
}

// keep returns the first results that have room for the least worth showing, with
// bounded frames, and the room left for all their texts.
func keep(results []jobs.NodeResult, room int) ([]jobs.NodeResult, int) {
	var kept []jobs.NodeResult
	least, frames := 0, 0
	for _, r := range results {
		r = bounded(r)
		text := r.Text
		r.Text = "x" // so that the frame has the key
		frame := size(encode(r)) + 1
		r.Text = text
		if least += frame + min(size(text), minShown); least > room {
			break
		}
		frames += frame
		kept = append(kept, r)
	}
	return kept, room - frames - len("[]")
}

func bounded(r jobs.NodeResult) jobs.NodeResult {
	r.Title = shorten(r.Title, maxTitle, "")
	r.Error = shorten(r.Error, maxError, "")
	if more := len(r.Artifacts) - maxArtifacts; more > 0 {
		r.Artifacts = append(slices.Clone(r.Artifacts[:maxArtifacts]), fmt.Sprintf("(and %d more)", more))
	}
	return r
}

// level returns the limit at which sizes, each cut to it, fill room and no more.
// Those that are smaller leave their share to the others; if all fit, there is no
// limit.
func level(sizes []int, room int) int {
	sorted := slices.Sorted(slices.Values(sizes))
	for i, s := range sorted {
		each := room / (len(sorted) - i)
		if s > each {
			return each
		}
		room -= s
	}
	return math.MaxInt
}

// shorten cuts the middle out of text so that size is at most room, and says there
// how much is missing and at which path the whole is; an empty path says nothing
// of that. A room too small for the note leaves the note alone.
func shorten(text string, room int, path string) string {
	if size(text) <= room {
		return text
	}
	total := utf8.RuneCountInString(text)
	room -= size(leftOut(total, total, path))
	head := prefix(text, room*2/3)
	tail := suffix(text[len(head):], room-size(head))
	shown := utf8.RuneCountInString(head) + utf8.RuneCountInString(tail)
	return head + leftOut(total-shown, total, path) + tail
}

func leftOut(missing, total int, path string) string {
	where := ""
	if path != "" {
		where = "; the whole is the result of step " + path
	}
	return fmt.Sprintf("\n[… %s of %s characters are left out here%s …]\n",
		humanize.Comma(int64(missing)), humanize.Comma(int64(total)), where)
}

// prefix returns the longest beginning of text of at most room, ended between
// words where there are any near the end.
func prefix(text string, room int) string {
	for i, r := range text {
		if room -= runeSize(r); room < 0 {
			text = text[:i]
			break
		}
	}
	if i := strings.LastIndexAny(text, " \n"); i > len(text)/2 {
		return text[:i]
	}
	return text
}

// suffix returns the longest end of text of at most room, begun between words
// where there are any near its beginning.
func suffix(text string, room int) string {
	start := len(text)
	for start > 0 {
		r, n := utf8.DecodeLastRuneInString(text[:start])
		if room -= runeSize(r); room < 0 {
			break
		}
		start -= n
	}
	text = text[start:]
	if i := strings.IndexAny(text, " \n"); i >= 0 && i < len(text)/2 {
		return text[i+1:]
	}
	return text
}

// size is how many bytes text takes at most as a JSON string in a section.
func size(text string) int {
	n := 0
	for _, r := range text {
		n += runeSize(r)
	}
	return n
}

func runeSize(r rune) int {
	switch {
	case r == '"' || r == '\\' || r == '\n' || r == '\r' || r == '\t':
		return 2
	case r < ' ' || r == '\u2028' || r == '\u2029' || r == utf8.RuneError:
		return 6
	case r == '<': // llm.Section may put a zero-width space behind it
		return 4
	}
	return utf8.RuneLen(r)
}
