package bot

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/askbob/bob/jobs"
)

// planPage shows the tree of a job before it runs or after: its order, its tools,
// what it was foretold to cost and, while it waits for approval, what can be done
// with it.
func (c *Conversation) planPage(ctx context.Context, r *jobs.Report) (*Page, error) {
	p := &Page{Kind: PagePlan, Title: fmt.Sprintf("Plan of %s", titleOf(r))}
	head := Part{Head: stateWords(r.Status) + why(r), Lines: []string{"🆔 Job ID: " + string(r.ID)}}
	if r.PlanRevision > 0 {
		head.Lines = append(head.Lines, fmt.Sprintf("🗺️ Revision: %d", r.PlanRevision))
	}
	if text := forecastWords(r); text != "" {
		head.Lines = append(head.Lines, "🔮 Forecast: "+text)
	}
	if r.Cost.Budget != "" {
		head.Lines = append(head.Lines, "💰 Budget: "+jobs.ShortUSD(r.Cost.Budget))
	}
	p.Parts = append(p.Parts, head)
	tools, err := c.tools(ctx, r)
	if err != nil {
		return nil, err
	}
	nodes := branches(r)
	if len(nodes) == 0 {
		p.Parts = append(p.Parts, oneStep(r))
		return p, nil
	}
	shown := nodes[:min(len(nodes), treeNodes)]
	tree := treeOf(shown, func(n *jobs.NodeReport) string { return planLine(r, n, tools[n.Path]) })
	tree.Head = fmt.Sprintf("Steps (%d)", len(nodes))
	if more := len(nodes) - len(shown); more > 0 {
		tree.Lines = append(tree.Lines, fmt.Sprintf("… and %d more: see the details.", more))
		tree.Indent = append(tree.Indent, 0)
	}
	if r.Status == jobs.StatusAwaitingApproval {
		tree.Buttons = planButtons(r)
	} else {
		tree.Buttons = entryButtons(r)
	}
	p.Parts = append(p.Parts, tree)
	return p, nil
}

// tools are those that the steps of a plan use, by their paths. They are known while
// a plan waits for approval.
func (c *Conversation) tools(ctx context.Context, r *jobs.Report) (map[string][]string, error) {
	tools := map[string][]string{}
	if r.Status != jobs.StatusAwaitingApproval {
		return tools, nil
	}
	plan, _, err := c.cfg.Jobs.Plan(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	for _, s := range plan.Steps {
		tools[s.Key] = s.Tools
	}
	return tools, nil
}

// planLine is a step with what it waits for, what it uses and how long it may take.
func planLine(r *jobs.Report, n *jobs.NodeReport, tools []string) string {
	parts := []string{nodeName(n)}
	if text := after(r, n); text != "" {
		parts = append(parts, "after "+text)
	}
	if len(tools) > 0 {
		parts = append(parts, "uses "+oneLine(strings.Join(tools, ", ")))
	}
	if n.EstimatedMS > 0 {
		parts = append(parts, "about "+jobs.HumanMS(n.EstimatedMS))
	}
	if n.Optional {
		parts = append(parts, "optional")
	}
	return joined(parts...)
}

// planButtons are what can be done with a plan that waits for approval.
func planButtons(r *jobs.Report) []Button {
	revision := strconv.Itoa(r.PlanRevision)
	return []Button{
		approveButton(r),
		{Action: ActEdit, Job: r.ID, Arg: revision, Label: "✏️ Edit"},
		{Action: ActCheaper, Job: r.ID, Arg: revision, Label: "💸 Cheaper"},
		{
			Action: ActReject, Job: r.ID, Arg: revision, Label: "❌ Cancel", Style: StyleDanger,
			Confirm: &Confirm{Title: "Cancel the job?", Text: "Nothing of this plan runs.", Yes: "Cancel it", No: "Keep it"},
		},
	}
}
