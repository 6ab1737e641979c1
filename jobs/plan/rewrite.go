package plan

import (
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// rewriteShare is what a plan that is to be changed may take of a prompt's room, one
// in so many.
const rewriteShare = 3

// plannedNode is a node of a plan that is to be changed, in the words of an answer.
type plannedNode struct {
	Key       string         `json:"key"`
	Parent    string         `json:"parent,omitempty"`
	Type      jobs.Type      `json:"type"`
	Title     string         `json:"title"`
	Prompt    string         `json:"prompt,omitempty"`
	DependsOn []string       `json:"depends_on,omitempty"`
	Tools     []string       `json:"tools,omitempty"`
	Optional  bool           `json:"optional,omitempty"`
	OnFailure jobs.OnFailure `json:"on_failure,omitempty"`
	Estimate  int64          `json:"estimate_seconds,omitempty"`
	Expand    string         `json:"expand,omitempty"`
}

// rewriting tells in about room tokens of the plan that is to be changed, and what is
// to be different.
func rewriting(r *jobs.Rewriting, room int) string {
	if r == nil {
		return ""
	}
	wish := llm.Section(jobs.SectionWish, jobs.PromptJSON(struct {
		Wish    string `json:"wish"`
		Cheaper bool   `json:"cheaper,omitempty"`
		Cost    string `json:"present_cost,omitempty"`
	}{jobs.Cut(r.Wish, room/2, ""), r.Cheaper, r.Cost}))
	nodes := make([]plannedNode, 0, len(r.Plan.Steps))
	for _, s := range r.Plan.Steps {
		n := plannedNode{
			Key: s.Key, Parent: s.Parent, Type: s.Type, Title: s.Title, Prompt: s.Prompt, DependsOn: s.DependsOn,
			Tools: s.Tools, Optional: s.Optional, OnFailure: s.OnFailure, Estimate: int64(s.Estimate / time.Second),
		}
		if s.Later {
			n.Expand = expandLater
		}
		nodes = append(nodes, n)
	}
	limits := []int{4000, 1000, 300, 100, 0} // tokens of a prompt
	shown, _ := jobs.FitList(nodes, limits, room-int(llm.Tokens(wish)), func(n plannedNode, limit int) plannedNode {
		n.Prompt = jobs.Cut(n.Prompt, limit, "")
		if limit == 0 {
			n.Prompt = ""
		}
		return n
	})
	return llm.Section(jobs.SectionPlan, jobs.PromptJSON(shown)) + jobs.Omitted(len(nodes), len(shown), "nodes") + wish
}

// rewriteTask says what is to be done with the plan that is to be changed.
func rewriteTask(r *jobs.Rewriting) string {
	if r == nil {
		return ""
	}
	const again = " It was planned before, and " + jobs.SectionPlan + " says how; nothing of that has run. "
	if r.Cheaper {
		return again + "The person wants it cheaper. Send a whole plan that does what the request asks for at less cost: join steps that one " +
			"sitting can do, leave out what is optional or merely nice to have, ask for no more than the request needs, and set max_price_cents " +
			"where a small model will do. The request must still be answered."
	}
	return again + "The person wants it changed, and " + jobs.SectionWish + " says how. Send the whole plan as it is to be then. Keep what the wish does not touch."
}
