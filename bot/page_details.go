package bot

import (
	"fmt"
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
)

// The bounds of texts on pages, in characters. What is cut is said, and where the
// rest is.
const (
	maxPrompt = 2_500
	maxText   = 6_000
	maxNamed  = 5 // nodes that have a button of their own
)

// detailsPage is all of a job: its figures, and a page of its tree.
func detailsPage(r *jobs.Report, page int, now time.Time, zone *time.Location) *Page {
	nodes := branches(r)
	pages := max(1, (len(nodes)+treeNodes-1)/treeNodes)
	page = min(max(page, 0), pages-1)
	p := &Page{Kind: PageDetails, Title: "Job: " + titleOf(r), Parts: []Part{
		{Head: stateWords(r.Status) + why(r), Lines: figures(r, now, zone), Buttons: entryButtons(r)},
	}}
	if page == 0 {
		p.Parts = append(p.Parts, waits(r, now)...)
	}
	from, to := page*treeNodes, min(len(nodes), (page+1)*treeNodes)
	tree := treeOf(nodes[from:to], func(n *jobs.NodeReport) string { return nodeLine(n, now) })
	tree.Head = fmt.Sprintf("Steps (%d)", len(nodes))
	if pages > 1 {
		tree.Head = fmt.Sprintf("Steps %d to %d of %d", from+1, to, len(nodes))
	}
	if len(nodes) == 0 {
		tree = oneStep(r)
	}
	tree.Buttons = stepButtons(r.ID, nodes[from:to])
	p.Parts = append(p.Parts, tree)
	if files := filesPart(r); page == 0 && files.Head != "" {
		p.Parts = append(p.Parts, files)
	}
	p.Pager = treePager(r.ID, page, pages)
	return p
}

// oneStep says that a job has no tree.
func oneStep(r *jobs.Report) Part {
	text := "It is one step: no plan was needed."
	if r.Status == jobs.StatusPlanning {
		text = "There is no plan yet."
	}
	return Part{Head: "Steps", Lines: []string{text}}
}

// why says beside the state why it is so; empty if there is nothing to say.
func why(r *jobs.Report) string {
	if r.Reason == "" || r.Status == jobs.StatusCompleted || r.Status == jobs.StatusAwaitingApproval {
		return ""
	}
	return ": " + reasonWords(r.Reason)
}

// figures are a job's numbers, one on a line.
func figures(r *jobs.Report, now time.Time, zone *time.Location) []string {
	lines := []string{"🆔 Job ID: " + string(r.ID)}
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, name+": "+text)
		}
	}
	if !r.Status.Final() {
		add("📊 Progress", joined(fmt.Sprintf("%d%%", percent(r.Progress)), r.Summary.Words()))
		add("🎯 Priority", capital(string(r.Priority)))
	} else {
		add("📊 Steps", r.Summary.Words())
	}
	if r.StartedAt != nil {
		add("⏱️ Duration", joined(jobs.HumanDuration(r.Elapsed(now)), r.RemainingWords()))
	}
	if !r.Status.Final() {
		add("🔄 Current", jobs.Shorten(oneLine(r.Current), maxSnippet))
	}
	add("💰 Cost", oneLine(r.Cost.Words())+" ("+r.Tokens.Words()+")")
	add("🔮 Forecast", forecastWords(r))
	add("🗓️ Created", r.CreatedAt.In(zone).Format(slotLayout))
	add("⚠️ Error", jobs.Shorten(oneLine(r.Error), 2*maxSnippet))
	return lines
}

// forecastWords says what the job's plan was foretold to cost and take; empty for a
// job without a forecast.
func forecastWords(r *jobs.Report) string {
	f := r.Forecast
	if f == nil {
		return ""
	}
	return oneLine(f.Words())
}

// waits says what a job waits for and since when, with what a person can do.
func waits(r *jobs.Report, now time.Time) []Part {
	if len(r.Waiting) == 0 || r.Status.Final() {
		return nil
	}
	part := Part{Head: "Waits for"}
	for _, w := range r.Waiting {
		part.Lines = append(part.Lines, jobs.Shorten(oneLine(w.Text), maxPrompt)+" · for "+jobs.HumanDuration(now.Sub(w.Since)))
		if w.Reason == jobs.ReasonQuestion || w.Reason == jobs.ReasonEffectUnknown {
			part.Buttons = append(part.Buttons, Button{Action: ActAnswer, Job: r.ID, Arg: w.Path, Label: strings.TrimSpace("💬 Answer " + w.Path), Style: StylePrimary})
		}
	}
	if s := r.Cost.Shortage; s != nil {
		part.Lines = append(part.Lines, oneLine(s.Ask()))
		if s.Add != "" {
			part.Buttons = append(part.Buttons, Button{Action: ActAdd, Job: r.ID, Arg: s.Add, Label: "➕ " + jobs.ShortUSD(s.Add), Style: StylePrimary})
		}
		part.Buttons = append(part.Buttons, Button{Action: ActFinish, Job: r.ID, Label: "🏁 Finish with what there is"})
	}
	return []Part{part}
}

// stepButtons lead to the nodes that a person wants to look at first.
func stepButtons(id jobs.JobID, nodes []jobs.NodeReport) []Button {
	var list []Button
	for _, status := range []jobs.Status{jobs.StatusWaitingForInput, jobs.StatusFailed, jobs.StatusRunning} {
		for i := range nodes {
			if n := &nodes[i]; n.Status == status && len(list) < maxNamed {
				list = append(list, Button{Action: ActDetails, Job: id, Arg: "/" + n.Path, Label: stateMark(n.Status) + " Step " + n.Path})
			}
		}
	}
	return list
}

func filesPart(r *jobs.Report) Part {
	var part Part
	for i, a := range r.Artifacts {
		if i == treeNodes {
			part.Lines = append(part.Lines, fmt.Sprintf("… and %d more.", len(r.Artifacts)-i))
			break
		}
		part.Lines = append(part.Lines, fileWords(a))
	}
	if len(part.Lines) > 0 {
		part.Head = fmt.Sprintf("Files (%d)", len(r.Artifacts))
	}
	return part
}

// nodePage is the receipt of one node. A path that leads nowhere is a
// *jobs.UserError.
func nodePage(r *jobs.Report, path string, now time.Time) (*Page, error) {
	n := nodeAt(r, path)
	if n == nil {
		return nil, refuse("Job %s has no step %s: \"status %s\" shows those that it has.", called(r), path, r.ID)
	}
	p := &Page{Kind: PageDetails, Title: fmt.Sprintf("Step %s: %s", n.Path, jobs.Shorten(oneLine(n.Title), maxShownTitle))}
	p.Parts = append(p.Parts, Part{Head: stateMark(n.Status) + " " + capital(nodeState(n)), Lines: receipt(r, n, now), Buttons: nodeButtons(r.ID, n)})
	if text := strings.TrimSpace(n.Prompt); text != "" {
		p.Parts = append(p.Parts, Part{Head: "Prompt", Code: bounded(text, maxPrompt)})
	}
	if text := strings.TrimSpace(n.Result); text != "" {
		p.Parts = append(p.Parts, Part{Head: "Result", Markdown: bounded(text, maxText)})
	}
	below := below(r, path)
	if len(below) > 0 {
		part := treeOf(below[:min(len(below), treeNodes)], func(n *jobs.NodeReport) string { return nodeLine(n, now) })
		part.Head = fmt.Sprintf("Steps below (%d)", len(below))
		for i := range part.Indent {
			part.Indent[i] = max(0, part.Indent[i]-n.Depth)
		}
		p.Parts = append(p.Parts, part)
	}
	p.Pager = []Button{{Action: ActDetails, Job: r.ID, Label: "◀ The whole job"}}
	return p, nil
}

// below lists the nodes below a path.
func below(r *jobs.Report, path string) []jobs.NodeReport {
	var list []jobs.NodeReport
	for _, n := range branches(r) {
		if n.Path != path && jobs.Under(n.Path, path) {
			list = append(list, n)
		}
	}
	return list
}

// receipt is what a node was and took, one on a line.
func receipt(r *jobs.Report, n *jobs.NodeReport, now time.Time) []string {
	lines := []string{"🆔 " + string(r.ID) + " step " + n.Path + " (" + named(string(n.Type)) + ")"}
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, name+": "+text)
		}
	}
	add("📝 Does", jobs.Shorten(oneLine(n.Description), 2*maxSnippet))
	add("🔗 After", after(r, n))
	add("🔧 Model", modelOf(n))
	if n.Tokens.Sum() > 0 {
		add("💰 Cost", jobs.ShortUSD(n.CostUSD)+" ("+n.Tokens.Words()+")")
	}
	add("⏱️ Duration", n.ElapsedWords(now))
	if n.Attempts > 0 {
		add("🔁 Attempts", fmt.Sprint(n.Attempts))
	}
	if n.Optional {
		add("➰ Optional", "the job succeeds without it")
	}
	var names []string
	for _, name := range n.Artifacts {
		names = append(names, oneLine(name))
	}
	add("📎 Files", strings.Join(names, ", "))
	return lines
}

// after names the steps that a node builds on, by their paths.
func after(r *jobs.Report, n *jobs.NodeReport) string {
	if len(n.DependsOn) == 0 {
		return ""
	}
	paths := map[jobs.NodeID]string{}
	for i := range r.Nodes {
		paths[r.Nodes[i].ID] = r.Nodes[i].Path
	}
	var list []string
	for _, id := range n.DependsOn {
		if path := paths[id]; path != "" {
			list = append(list, path)
		}
	}
	return strings.Join(list, ", ")
}

// nodeButtons are what a person can do with one node.
func nodeButtons(id jobs.JobID, n *jobs.NodeReport) []Button {
	button := func(a Action, label string) Button { return Button{Action: a, Job: id, Arg: n.Path, Label: label} }
	switch {
	case n.Status.Good():
		return []Button{button(ActRerun, "🔁 Run again from here")}
	case n.Status.Final():
		return []Button{button(ActRetry, "🔁 Retry"), button(ActRerun, "🔄 Run again from here")}
	case n.Status == jobs.StatusAwaitingApproval:
		return nil
	case n.Status == jobs.StatusPaused || n.Desired == jobs.DesiredPause:
		return []Button{button(ActResume, "▶️ Resume"), button(ActSkip, "⏭️ Skip"), cancelButton(id, n.Path)}
	case n.Status == jobs.StatusWaitingForInput && (n.Reason == jobs.ReasonQuestion || n.Reason == jobs.ReasonEffectUnknown):
		return []Button{button(ActAnswer, "💬 Answer"), button(ActSkip, "⏭️ Skip"), cancelButton(id, n.Path)}
	}
	return []Button{button(ActPause, "⏸️ Pause"), button(ActSkip, "⏭️ Skip"), cancelButton(id, n.Path)}
}

// bounded cuts a text at a line's end before most characters, and says how much is
// missing.
func bounded(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	cut := string(runes[:most])
	if at := strings.LastIndexByte(cut, '\n'); at > len(cut)/2 {
		cut = cut[:at]
	}
	return fmt.Sprintf("%s\n\n… (%s more characters)", strings.TrimRight(cut, " \n"), comma(len(runes)-len([]rune(cut))))
}
