package terminal

import (
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/askbob/bob/jobs"
)

// The bounds of pages that do not know their terminal's size.
const (
	maxTableTitle = 60
	detailCols    = 100
	detailRows    = 200 // of the tree; the rest is counted
	maxBranches   = 6   // named beside the progress
)

// Table lists jobs for `bob jobs` in the order given: id, state, progress, cost,
// age at now and title.
func Table(reports []jobs.Report, now time.Time) string {
	if len(reports) == 0 {
		return "There are no jobs. Start one: bob run \"what you want done\"\n"
	}
	rows := [][]string{{"ID", "STATUS", "PROGRESS", "COST", "AGE", "TITLE"}}
	for i := range reports {
		r := &reports[i]
		status := jobStatus(r)
		rows = append(rows, []string{
			oneLine(string(r.ID)),
			status.Mark() + " " + statusWords(status),
			fmt.Sprintf("%d%%", percent(r.Progress)),
			oneLine(r.Cost.Words()),
			jobs.HumanDuration(now.Sub(r.CreatedAt)),
			cut(jobTitle(r), maxTableTitle),
		})
	}
	return columns(rows)
}

// Columns writes rows as an aligned table, its head first. The columns that do not
// fit into width are shown below, behind the first column again; 0 is any width. All
// rows have as many cells as the first.
func Columns(rows [][]string, width int) string {
	var b strings.Builder
	for from := 1; from < len(rows[0]); {
		to := from + 1
		for to < len(rows[0]) && (width <= 0 || wide(rows, from, to+1) <= width) {
			to++
		}
		part := make([][]string, 0, len(rows))
		for _, row := range rows {
			line := []string{oneLine(row[0])}
			for _, cell := range row[from:to] {
				line = append(line, oneLine(cell))
			}
			part = append(part, line)
		}
		if from > 1 {
			b.WriteByte('\n')
		}
		b.WriteString(columns(part))
		from = to
	}
	return b.String()
}

// wide is how many columns of a terminal the first column and some others take.
func wide(rows [][]string, from, to int) int {
	const gap = 2
	total := 0
	for i := range rows[0] {
		if i > 0 && (i < from || i >= to) {
			continue
		}
		widest := 0
		for _, row := range rows {
			widest = max(widest, cells(oneLine(row[i])))
		}
		total += widest + gap
	}
	return total - gap
}

// columns writes rows with every column as wide as its widest cell.
func columns(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, text := range row {
			widths[i] = max(widths[i], cells(text))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, text := range row {
			line.WriteString(pad(text, widths[i]) + "  ")
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// Detail is the page of one job for `bob status`: its entry as on the Jobs tab at
// now, its tree, its files and what to do next.
func Detail(r *jobs.Report, now time.Time) string {
	status := jobStatus(r)
	lines := []string{fmt.Sprintf("%s [%s] %s", status.Mark(), strings.ToUpper(statusWords(status)), jobTitle(r))}
	for _, line := range entry(r, now) {
		lines = append(lines, "  "+line)
	}
	s := sheet{cols: detailCols, rows: detailRows}
	if root, all := grow(r.Nodes); len(all) > 0 {
		choose(all, s.rows)
		lines = append(append(lines, ""), s.branches(root, "", now)...)
	}
	for i, a := range r.Artifacts {
		if i == 0 {
			lines = append(lines, "", "Files")
		}
		lines = append(lines, "  "+artifact(a))
	}
	if next := nextStep(r); next != "" {
		lines = append(lines, "", next)
	}
	return strings.Join(lines, "\n") + "\n"
}

// entry is a job on the Jobs tab, below its title.
func entry(r *jobs.Report, now time.Time) []string {
	lines := []string{"Job ID: " + joined(oneLine(string(r.ID)), "created "+ago(r.CreatedAt, now))}
	if !r.Status.Final() {
		lines = append(lines, "Priority: "+oneLine(string(r.Priority)))
	}
	progress := fmt.Sprintf("Progress: %d%%", percent(r.Progress))
	if text := joined(r.Summary.Words(), branchWords(r)); text != "" {
		progress += " (" + text + ")"
	}
	lines = append(lines, progress)
	if text := timeLine(r, now); text != "" {
		lines = append(lines, text)
	}
	if text := activity(r); text != "" {
		lines = append(lines, activityName(r)+": "+text)
	}
	if s := r.Cost.Shortage; s != nil {
		lines = append(lines, "Money: "+oneLine(s.Ask()))
	}
	lines = append(lines, fmt.Sprintf("%s: %s (%s)", costName(r), oneLine(r.Cost.Words()), r.Tokens.Words()))
	if text := Forecast(r); text != "" {
		lines = append(lines, text)
	}
	if text := rewriteWords(r); text != "" {
		lines = append(lines, text)
	}
	return lines
}

// rewriteWords says what came of a wish to change the plan, as long as that has not
// begun.
func rewriteWords(r *jobs.Report) string {
	w := r.Rewrite
	switch {
	case w == nil:
	case w.State == jobs.RewriteOpen && !r.Status.Final():
		return "The plan is being changed: " + oneLine(w.Wish)
	case r.Status == jobs.StatusAwaitingApproval && w.Note != "":
		return "Change: " + oneLine(w.Note)
	}
	return ""
}

// timeLine is empty for a job of which nothing is known yet.
func timeLine(r *jobs.Report, now time.Time) string {
	took := "Running: " + jobs.HumanDuration(r.Elapsed(now))
	left := jobs.HumanDuration(time.Duration(r.RemainingMS) * time.Millisecond)
	switch {
	case r.Status.Final() && r.CompletedAt != nil:
		return fmt.Sprintf("Duration: %s, ended %s", jobs.HumanDuration(r.Elapsed(now)), ago(*r.CompletedAt, now))
	case r.Status.Final():
		return "Duration: " + jobs.HumanDuration(r.Elapsed(now))
	case r.StartedAt != nil && r.RemainingMS > 0:
		return took + ", est. remaining: " + left
	case r.StartedAt != nil:
		return took
	case r.RemainingMS > 0:
		return "Est.: " + left
	}
	return ""
}

func activityName(r *jobs.Report) string {
	if s := jobStatus(r); s == jobs.StatusRunning || s == jobs.StatusPlanning {
		return "Current"
	}
	return "Why"
}

func costName(r *jobs.Report) string {
	if r.Status.Final() {
		return "Cost"
	}
	return "Cost so far"
}

// branchWords names the top branches with their states, while they are few.
func branchWords(r *jobs.Report) string {
	root, _ := grow(r.Nodes)
	if len(root.kids) > maxBranches {
		return ""
	}
	var parts []string
	for _, b := range root.kids {
		kind := "Step "
		if !b.node.Type.Leaf() {
			kind = "Plan "
		}
		parts = append(parts, kind+oneLine(b.node.Path)+" "+branchState(b))
	}
	return strings.Join(parts, ", ")
}

func branchState(b *box) string {
	if s := b.node.Status; s != jobs.StatusWaitingForChildren {
		return statusWords(s)
	}
	return "active"
}

func artifact(a jobs.ArtifactReport) string {
	text := oneLine(a.Name)
	if a.Bytes >= 0 {
		text += " (" + humanize.Bytes(uint64(a.Bytes)) + ")"
	}
	if a.Node != "" {
		text += ", made by step " + oneLine(a.Node)
	}
	return text
}

// nextStep is what a person does about a job in this state.
func nextStep(r *jobs.Report) string {
	id := oneLine(string(r.ID))
	switch r.Status {
	case jobs.StatusAwaitingApproval:
		return "Run it: bob approve " + id + " · Change it: bob replan " + id + " --cheaper, or in words · Stop it: bob cancel " + id
	case jobs.StatusPaused:
		return "Go on: bob resume " + id + " · Stop it: bob cancel " + id
	case jobs.StatusCompleted:
		return "Read it: bob results " + id + " · Run again: bob rerun " + id
	case jobs.StatusPartial:
		return "Read it: bob results " + id + " · Retry what failed: bob retry " + id
	case jobs.StatusFailed, jobs.StatusCancelled, jobs.StatusSkipped:
		return "Retry: bob retry " + id
	case jobs.StatusPlanning, jobs.StatusQueued, jobs.StatusRunning, jobs.StatusWaitingForChildren, jobs.StatusWaitingForInput:
		return "Pause: bob pause " + id + " · Stop it: bob cancel " + id
	}
	return ""
}

func ago(t, now time.Time) string {
	if !t.Before(now) {
		return "just now"
	}
	return jobs.HumanDuration(now.Sub(t)) + " ago"
}
