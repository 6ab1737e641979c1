package plan

import (
	"time"

	"github.com/askbob/bob/jobs"
)

// Check says, as a *jobs.UserError, why a plan whose keys are paths cannot run: what
// a model's plan is held to, one that a person edited is too. limits are those of the
// whole job.
func Check(p jobs.Plan, limits jobs.Limits, tools []jobs.ToolSpec) error {
	d := Draft{Title: p.Title}
	for _, s := range p.Steps {
		n := DraftNode{
			Key: s.Key, Parent: s.Parent, Type: s.Type, Title: s.Title, Description: s.Description, Prompt: s.Prompt,
			DependsOn: s.DependsOn, Tools: s.Tools, Optional: s.Optional, OnFailure: s.OnFailure,
			Estimate: int64(s.Estimate / time.Second), Expand: expandNow, Needs: s.Needs,
		}
		if s.Later {
			n.Expand = expandLater
		}
		d.Nodes = append(d.Nodes, n)
	}
	problems := Validate(d, jobs.Briefing{Node: &jobs.Node{}, Limits: limits, Tools: tools})
	if len(problems) == 0 {
		return nil
	}
	return &jobs.UserError{Message: "The plan could not run like this: " + problems[0] + "."}
}
