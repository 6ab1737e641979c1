package bot

import (
	"fmt"
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
)

// treeNodes is how many nodes of a tree a page shows.
const treeNodes = 40

// branches are the nodes of a report but its root, in the order of their paths.
func branches(r *jobs.Report) []jobs.NodeReport {
	if len(r.Nodes) > 0 && r.Nodes[0].Path == "" {
		return r.Nodes[1:]
	}
	return r.Nodes
}

// nodeAt returns the node of a report with that path, nil if there is none.
func nodeAt(r *jobs.Report, path string) *jobs.NodeReport {
	for i := range r.Nodes {
		if r.Nodes[i].Path == path {
			return &r.Nodes[i]
		}
	}
	return nil
}

// treeOf draws nodes, one on a line, each as deep as it stands.
func treeOf(nodes []jobs.NodeReport, line func(n *jobs.NodeReport) string) Part {
	var p Part
	for i := range nodes {
		p.Lines = append(p.Lines, line(&nodes[i]))
		p.Indent = append(p.Indent, max(0, nodes[i].Depth-1))
	}
	return p
}

// nodeName is a node's symbol, path and title.
func nodeName(n *jobs.NodeReport) string {
	return fmt.Sprintf("%s %s %s", stateMark(n.Status), n.Path, jobs.Shorten(oneLine(n.Title), maxShownTitle))
}

// nodeLine is a node with its state, how long it took and what it cost.
func nodeLine(n *jobs.NodeReport, now time.Time) string {
	return joined(nodeName(n), nodeState(n), n.ElapsedWords(now), nodeCost(n))
}

// nodeState says what a node does, what it waits for, or how it ended.
func nodeState(n *jobs.NodeReport) string {
	parts := []string{stateName(n.Status)}
	if n.Reason != "" && n.Status != jobs.StatusCompleted {
		parts = append(parts, reasonWords(n.Reason))
	}
	if text := oneLine(n.Error); text != "" && n.Status != jobs.StatusCompleted {
		parts = append(parts, jobs.Shorten(text, maxSnippet))
	}
	if text := oneLine(n.CurrentStep); text != "" && n.Status == jobs.StatusRunning {
		parts = append(parts, jobs.Shorten(text, maxSnippet))
	}
	return strings.Join(parts, ": ")
}

// nodeCost is empty for a node that cost nothing.
func nodeCost(n *jobs.NodeReport) string {
	if n.Tokens.Sum() == 0 {
		return ""
	}
	return jobs.ShortUSD(n.CostUSD)
}

// modelOf is provider and model of a node, empty if none was asked.
func modelOf(n *jobs.NodeReport) string {
	if n.Model == "" || n.Provider == "" {
		return oneLine(n.Model)
	}
	return oneLine(n.Provider + "/" + n.Model)
}

// treePager are the pages before and behind the page-th of a tree.
func treePager(id jobs.JobID, page, pages int) []Button {
	var list []Button
	if page > 0 {
		list = append(list, Button{Action: ActDetails, Job: id, Arg: fmt.Sprint(page - 1), Label: "◀ Earlier steps"})
	}
	if page+1 < pages {
		list = append(list, Button{Action: ActDetails, Job: id, Arg: fmt.Sprint(page + 1), Label: "Later steps ▶"})
	}
	return list
}

// fileWords names a file and its size.
func fileWords(a jobs.ArtifactReport) string {
	text := "📎 " + oneLine(a.Name) + " (" + byteWords(a.Bytes) + ")"
	if a.Node != "" {
		text += ", made by step " + oneLine(a.Node)
	}
	return text
}
