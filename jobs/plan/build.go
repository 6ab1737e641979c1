package plan

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/askbob/bob/jobs"
)

// build makes the plan of a draft that passed Validate.
func build(d Draft, b jobs.Briefing) jobs.Plan {
	plan := jobs.Plan{Title: d.Title}
	for _, q := range d.Questions {
		plan.Questions = append(plan.Questions, strings.TrimSpace(q))
	}
	t := newTree(d.Nodes)
	if last, ok := t.chain(); ok && t.nodes[last].Type.Leaf() {
		only := step(&t.nodes[last], b)
		// It becomes the planned node, which has its place and its rank already.
		only.Parent, only.DependsOn, only.Optional = "", nil, false
		plan.Steps = []jobs.Step{only}
		return plan
	}
	for _, i := range t.preorder() {
		s := step(&t.nodes[i], b)
		if !s.Type.Leaf() {
			s.Type = branchType(t.depth[i], b)
		}
		plan.Steps = append(plan.Steps, s)
	}
	return plan
}

// branchType is what a branch is called at its level of the whole job.
func branchType(depth int, b jobs.Briefing) jobs.Type {
	if depth == 1 && b.Node.Parent == 0 {
		return jobs.TypePlan
	}
	return jobs.TypeSubplan
}

func step(n *DraftNode, b jobs.Briefing) jobs.Step {
	s := jobs.Step{
		Key: n.Key, Parent: n.Parent, Type: n.Type, Title: n.Title,
		Description: strings.TrimSpace(n.Description), Prompt: strings.TrimSpace(n.Prompt),
		DependsOn: distinct(n.DependsOn), Needs: require(n.Needs, b), Optional: n.Optional,
		Estimate: time.Duration(n.Estimate) * time.Second,
	}
	if !n.Type.Leaf() {
		s.OnFailure, s.Later = n.OnFailure, n.later()
		return s
	}
	s.Tools = distinct(n.Tools)
	if len(s.Tools) > 0 {
		s.Type = jobs.TypeTask // an api_call has no turns to call tools in
	}
	return s
}

// require adds to what a step needs what the planned node needs: a plan can ask for
// more, never for less. A model that nobody named is an invention and no need.
func require(needs jobs.Requirements, b jobs.Briefing) jobs.Requirements {
	asked := b.Request
	if b.Rewriting != nil {
		asked += "\n" + b.Rewriting.Wish
	}
	if !names(asked, needs.Model) {
		needs.Model = ""
	}
	if own := b.Node.Needs; own.Model != "" {
		needs.Model = own.Model
	}
	needs.PrivateOnly = needs.PrivateOnly || b.Node.Needs.PrivateOnly
	if most := b.Node.Needs.MaxPriceCents; most > 0 && (needs.MaxPriceCents == 0 || needs.MaxPriceCents > most) {
		needs.MaxPriceCents = most
	}
	return needs
}

// names reports whether text names a model, however it writes it: "GPT 5 mini" is
// gpt-5-mini.
func names(text, model string) bool {
	bare := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, s)
	}
	name := bare(model)
	return name != "" && strings.Contains(bare(text), name)
}

func distinct(list []string) []string {
	var kept []string
	for _, s := range list {
		if !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	return kept
}
