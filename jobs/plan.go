package jobs

import "time"

// Plan is what a planner decided for one node. It has exactly one of Steps and
// Questions, or a single leaf in Steps, which the node itself then becomes.
type Plan struct {
	Title     string
	Steps     []Step // parents before their children
	Questions []string
}

// Step is a node that a plan asks for.
type Step struct {
	Key         string // unique in the plan
	Parent      string // key of its branch; empty: the planned node
	Type        Type   // plan, subplan, task or api_call
	Title       string
	Description string
	Prompt      string
	DependsOn   []string // keys; good ends of all of them come before its start
	Tools       []string
	Needs       Requirements
	Optional    bool
	OnFailure   OnFailure
	Estimate    time.Duration // 0: unknown
	Later       bool          // a subplan that is planned when it becomes ready
}

// OneStep returns the only step of a plan that needs no tree, nil if it needs one.
func (p *Plan) OneStep() *Step {
	if len(p.Steps) == 1 && p.Steps[0].Type.Leaf() {
		return &p.Steps[0]
	}
	return nil
}

// Limits bound every plan and every job. Zero values are not allowed.
type Limits struct {
	MaxDepth    int // levels below the root
	MaxChildren int // of one branch
	MaxNodes    int // of one job
}
