package drill

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/plan"
	"github.com/askbob/bob/llm"
)

// good is the answer of a model that does its work.
func good(q *question) answer {
	switch q.purpose {
	case llm.PurposePlan:
		return answer{text: planned(q), finish: "stop"}
	case llm.PurposeCombine:
		return answer{text: "All of it put together.", finish: "stop"}
	case llm.PurposeTurn:
	}
	if len(q.tools) > 0 && q.nth < 3 && q.rng.IntN(100) < 50 {
		if q.rng.IntN(2) == 0 {
			return answer{tool: "calculate", args: fmt.Sprintf(`{"expression":"%d*7"}`, q.nth+1), finish: "tool_calls"}
		}
		return answer{tool: "now", args: `{"zone":null}`, finish: "tool_calls"}
	}
	return answer{text: "The step is done; it came to " + strconv.Itoa(q.rng.IntN(1000)) + ".", finish: "stop"}
}

// planned draws the plan of a job or of a step: always the same for the same one.
func planned(q *question) string {
	g := &grower{q: q, base: strings.Trim(q.marker, "[]")}
	g.q.rng = draws(q.seed, q.marker) // a second try gets the same tree
	job, path, step := strings.Cut(g.base, "/")
	g.base = job
	switch {
	case !step && q.rng.IntN(6) == 0:
		g.leaf("", "1", false)
	default:
		g.children("", path, 2+q.rng.IntN(5), len(strings.FieldsFunc(path, func(r rune) bool { return r == '.' })))
	}
	text, err := json.Marshal(plan.Draft{Title: "Drill " + g.base, Questions: []string{}, Nodes: g.nodes})
	if err != nil {
		return "" // these types always marshal
	}
	return string(text)
}

// grower draws a tree.
type grower struct {
	q     *question
	base  string // the job's mark
	nodes []plan.DraftNode
}

// deepest bounds the levels of a whole job.
const deepest = 3

// children adds n nodes below parent, the node at path of the job.
func (g *grower) children(parent, path string, n, depth int) {
	var before []string
	for i := range n {
		at := strconv.Itoa(i + 1)
		if path != "" {
			at = path + "." + at
		}
		first := len(g.nodes)
		switch kind := g.q.rng.IntN(10); {
		case depth < deepest-1 && kind < 2:
			g.branch(parent, at, true)
		case depth < deepest-1 && kind < 6:
			g.branch(parent, at, false)
			g.children(at, at, 2+g.q.rng.IntN(3), depth+1)
		default:
			g.leaf(parent, at, g.q.rng.IntN(100) < 15 && i > 0)
		}
		if len(before) > 0 && g.q.rng.IntN(100) < 25 {
			g.nodes[first].DependsOn = []string{before[g.q.rng.IntN(len(before))]}
		}
		before = append(before, at)
	}
}

// marked is what the model is told of a step; it finds the mark again when it is
// asked to do the step.
func (g *grower) marked(at string) string { return fmt.Sprintf("Do your part [%s/%s].", g.base, at) }

func (g *grower) leaf(parent, at string, optional bool) {
	n := plan.DraftNode{
		Key: at, Parent: parent, Type: jobs.TypeAPICall, Title: "Leaf " + at, Prompt: g.marked(at), Optional: optional,
		Estimate: int64(1 + g.q.rng.IntN(5)), Expand: "now",
	}
	if g.q.rng.IntN(2) == 0 {
		n.Type, n.Tools = jobs.TypeTask, []string{"calculate", "now"}
	}
	g.nodes = append(g.nodes, n)
}

func (g *grower) branch(parent, at string, later bool) {
	n := plan.DraftNode{Key: at, Parent: parent, Type: jobs.TypeSubplan, Title: "Branch " + at, Prompt: g.marked(at), Expand: "now"}
	if later {
		n.Expand = "later"
	} else {
		n.OnFailure = []jobs.OnFailure{"", "", jobs.OnFailureFinish, jobs.OnFailureFailFast, "quorum:1"}[g.q.rng.IntN(5)]
	}
	g.nodes = append(g.nodes, n)
}
