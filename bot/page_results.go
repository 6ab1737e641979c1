package bot

import (
	"fmt"
	"time"

	"github.com/askbob/bob/jobs"
)

// maxExcerpt is how much of a step's result stands in the tree, in characters.
const maxExcerpt = 200

// resultsPage shows what came out of a job, with what was asked and how it was done.
func resultsPage(r *jobs.Report, now time.Time) *Page {
	p := &Page{Kind: PageResults, Title: "Job Results: " + titleOf(r)}
	facts := []string{
		"Duration: " + jobs.HumanDuration(r.Elapsed(now)),
		"Cost: " + oneLine(r.Cost.Words()) + " (" + r.Tokens.Words() + ")",
		"Job ID: " + string(r.ID),
	}
	if done := r.Summary.Words(); done != "" {
		facts = append(facts, "Steps: "+done)
	}
	p.Parts = append(p.Parts,
		Part{Head: "Status: " + stateWords(r.Status) + why(r), Lines: facts},
		Part{Head: "Original request", Code: bounded(r.Request, maxPrompt)})
	p.Parts = append(p.Parts, answerPart(r))
	if tree := resultTree(r); tree.Head != "" {
		p.Parts = append(p.Parts, tree)
	}
	if files := filesPart(r); files.Head != "" {
		p.Parts = append(p.Parts, files)
	}
	last := len(p.Parts) - 1
	p.Parts[last].Buttons = resultButtons(r)
	return p
}

// answerPart is the job's own result, or why there is none.
func answerPart(r *jobs.Report) Part {
	part := Part{Head: "Answer"}
	if r.Error != "" {
		part.Lines = append(part.Lines, "⚠️ "+jobs.Shorten(oneLine(r.Error), maxPrompt))
	}
	switch {
	case r.Result != "":
		part.Markdown = bounded(r.Result, maxText)
	case !r.Status.Final():
		part.Lines = append(part.Lines, "It is not finished yet: it is "+stateName(r.Status)+".")
	case r.Error == "":
		part.Lines = append(part.Lines, "There is no answer.")
	}
	return part
}

// resultTree is the tree with what came out of each step, and which model did it. It
// is empty for a job of one step.
func resultTree(r *jobs.Report) Part {
	nodes := branches(r)
	if len(nodes) == 0 {
		return Part{}
	}
	var part Part
	add := func(depth int, line string) {
		part.Lines = append(part.Lines, line)
		part.Indent = append(part.Indent, depth)
	}
	for i := range nodes {
		n, depth := &nodes[i], max(0, nodes[i].Depth-1)
		if i == treeNodes {
			add(0, fmt.Sprintf("… and %d more steps: see the details.", len(nodes)-i))
			break
		}
		model := modelOf(n)
		if model != "" && n.Tokens.Sum() > 0 {
			model += " (" + n.Tokens.Words() + ")"
		}
		add(depth, joined(nodeName(n), model))
		if !n.Type.Leaf() {
			continue
		}
		if text := oneLine(n.Result); text != "" {
			add(depth+1, "Result: "+jobs.Shorten(text, maxExcerpt))
		}
		if text := oneLine(n.Error); text != "" && !n.Status.Good() {
			add(depth+1, "Error: "+jobs.Shorten(text, maxExcerpt))
		}
	}
	part.Head = fmt.Sprintf("How it was done (%d steps)", len(nodes))
	return part
}

func resultButtons(r *jobs.Report) []Button {
	button := func(a Action, label string) Button { return Button{Action: a, Job: r.ID, Label: label} }
	list := []Button{button(ActDetails, "📋 View details")}
	if r.Status.Final() {
		list = append(list, button(ActAgain, "🔄 Run again"))
		if r.Status != jobs.StatusCompleted {
			list = append(list, button(ActRetry, "🔁 Retry failed"))
		}
		list = append(list, button(ActGood, "👍 Of use"), button(ActBad, "👎 Not of use"))
	}
	return list
}
