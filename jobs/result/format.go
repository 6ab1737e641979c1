package result

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"github.com/askbob/bob/jobs"
)

// The bounds of what Format shows of one node and of a tree. The job's JSON has
// everything.
const (
	maxExcerpt = 200  // characters: the look of a result
	maxNodes   = 2000 // the lines that anybody may still search
)

// Format lays out a job and what each of its steps came to, level by level, in
// Markdown. Longer prompts and results are shown by their beginnings, with what is
// missing and where the whole is. Nothing that people, models or files wrote can
// break the layout.
func Format(r *jobs.Report) string {
	parts := []string{
		"# Job Results: " + escape(titled(r.Title)),
		"**Status**: " + withReason(r.Status, r.Reason),
		"**Duration**: " + jobs.HumanDuration(time.Duration(r.ElapsedMS)*time.Millisecond),
		"**Cost**: " + cost(r),
	}
	if r.Error != "" {
		parts = append(parts, "**Error**: "+escape(r.Error))
	}
	parts = append(parts, "## Original Request", fenced(r.Request), "## Results")
	if len(r.Nodes) == 0 {
		parts = append(parts, "There are no steps yet.")
	}
	return strings.Join(append(parts, strings.Join(tree(r), "\n")), "\n\n") + "\n"
}

func titled(title string) string {
	if strings.TrimSpace(title) == "" {
		return "untitled"
	}
	return title
}

// withReason writes the words of a status and why it is so, if that is known.
func withReason(s jobs.Status, why jobs.Reason) string {
	if why == "" {
		return words(s)
	}
	return words(s) + " (" + strings.ReplaceAll(string(why), "_", " ") + ")"
}

func cost(r *jobs.Report) string {
	text := jobs.ShortUSD(r.Cost.USD)
	if r.Cost.Budget != "" {
		text += " of " + jobs.ShortUSD(r.Cost.Budget)
	}
	text += fmt.Sprintf(" (%s tokens)", humanize.Comma(r.Tokens.Sum()))
	if r.Cost.Unpriced > 0 {
		text += fmt.Sprintf(", calls of unknown price: %d", r.Cost.Unpriced)
	}
	return text
}

// tree returns the lines of the nodes, each as an item of a list in a list.
func tree(r *jobs.Report) []string {
	sizes := make(map[file]int64, len(r.Artifacts))
	for _, a := range r.Artifacts {
		sizes[file{a.Node, a.Name}] = a.Bytes
	}
	var lines []string
	for i := range r.Nodes {
		if i == maxNodes {
			lines = append(lines, fmt.Sprintf("- and %s more steps: `bob results %s --json` has them all",
				humanize.Comma(int64(len(r.Nodes)-maxNodes)), r.ID))
			break
		}
		n := &r.Nodes[i]
		indent := strings.Repeat("  ", n.Depth)
		lines = append(lines, indent+"- "+headline(n))
		for _, detail := range details(r, n, sizes) {
			lines = append(lines, indent+"  - "+detail)
		}
	}
	return lines
}

// file is an artifact's key: names are unique in a node.
type file struct{ node, name string }

func headline(n *jobs.NodeReport) string {
	text := fmt.Sprintf("%s **%s**", n.Status.Mark(), escape(titled(n.Title)))
	if n.Path != "" {
		text += " · " + n.Path
	}
	return text + " · " + withReason(n.Status, n.Reason)
}

func details(r *jobs.Report, n *jobs.NodeReport, sizes map[file]int64) []string {
	var list []string
	if n.Prompt != "" && n.Prompt != n.Description && n.Prompt != r.Request {
		list = append(list, "*Prompt*: "+excerpt(n.Prompt, r.ID, n.Path))
	}
	if strings.TrimSpace(n.Result) != "" {
		list = append(list, "*Result*: "+excerpt(n.Result, r.ID, n.Path))
	}
	if n.Model != "" {
		list = append(list, fmt.Sprintf("*API*: %s (%s tokens)", api(n), humanize.Comma(n.Tokens.Sum())))
	}
	if n.Error != "" {
		list = append(list, "*Error*: "+escape(n.Error))
	}
	if len(n.Artifacts) > 0 {
		list = append(list, "*Files*: "+files(n, sizes))
	}
	return list
}

func api(n *jobs.NodeReport) string {
	if n.Provider == "" {
		return escape(n.Model)
	}
	return escape(n.Provider + "/" + n.Model)
}

func files(n *jobs.NodeReport, sizes map[file]int64) string {
	list := make([]string, len(n.Artifacts))
	for i, name := range n.Artifacts {
		list[i] = code(name)
		if bytes, ok := sizes[file{n.Path, name}]; ok && bytes >= 0 {
			list[i] += " (" + humanize.Bytes(uint64(bytes)) + ")"
		}
	}
	return strings.Join(list, ", ")
}

// excerpt returns the first whole paragraphs of text up to about maxExcerpt
// characters, or the beginning of the first if that alone is longer, on one line
// of Markdown. What is left out is said, and where the whole is.
func excerpt(text string, id jobs.JobID, path string) string {
	text = strings.TrimSpace(clean(text))
	end := beginning(text)
	shown := strings.TrimSpace(text[:end])
	rest := utf8.RuneCountInString(strings.TrimSpace(text[end:]))
	if rest == 0 {
		return escape(shown)
	}
	where := fmt.Sprintf("`bob results %s --json`", id)
	if path != "" {
		where += ", step " + path
	}
	return fmt.Sprintf("%s… (%s more characters: %s)", escape(shown), humanize.Comma(int64(rest)), where)
}

// beginning returns where an excerpt of text ends: at the end of a paragraph, a
// line or a word, whichever comes first and is not too early.
func beginning(text string) int {
	runes := 0
	for limit := range text {
		if runes++; runes <= maxExcerpt {
			continue
		}
		for _, gap := range []string{"\n\n", "\n", " "} {
			// A beginning of a few words says less than a sentence that is cut.
			if i := strings.LastIndex(text[:limit], gap); i > limit/2 {
				return i
			}
		}
		return limit
	}
	return len(text)
}
