package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
)

// Bounds of a node's numbers.
const (
	// maxEstimate is longer than any node may run: a larger one is a slip.
	maxEstimate = 24 * time.Hour
	// maxMinContext is more than any model takes.
	maxMinContext = 10_000_000
	// maxPriceCents is more than any model costs: $10,000 a million tokens.
	maxPriceCents = 1_000_000
)

// farTooMany nodes are not looked at one by one: no repair makes a plan of them.
const farTooMany = 10 * maxNodes

// Validate returns all that is wrong with d as a plan for b.Node: nothing that
// passes can wait for itself, break a limit of b or lack what it needs to run.
func Validate(d Draft, b jobs.Briefing) Problems {
	if len(d.Nodes) > farTooMany {
		return Problems{tooMany(len(d.Nodes), roomOf(b).MaxNodes)}
	}
	t := newTree(d.Nodes)
	c := &check{tree: t, briefing: b, tools: map[string]bool{}}
	for _, tool := range b.Tools {
		c.tools[tool.Name] = true
	}
	c.questions(d)
	if len(d.Nodes) == 0 {
		return c.found
	}
	if d.Title == "" {
		c.say("the plan has no title: say in a few words what the job is")
	}
	c.keys()
	c.parents()
	for i := range d.Nodes {
		c.node(i)
	}
	c.dependencies()
	c.shape()
	return c.found
}

// check collects the problems of one draft.
type check struct {
	*tree
	briefing jobs.Briefing
	tools    map[string]bool
	found    Problems
}

// maxFound ends the collecting: an answer that is wrong in every line has no use
// for every line.
const maxFound = 200

func (c *check) say(format string, args ...any) {
	if len(c.found) < maxFound {
		c.found = append(c.found, fmt.Sprintf(format, args...))
	}
}

func (c *check) questions(d Draft) {
	switch {
	case len(d.Questions) == 0 && len(d.Nodes) == 0:
		c.say("there are neither nodes nor questions: send at least one node")
	case len(d.Questions) == 0:
	case !c.briefing.MayAsk:
		c.say("there is nobody to answer questions: leave them empty, choose the most sensible reading, and say in the prompts what you assumed")
	case len(d.Nodes) > 0:
		c.say("there are both nodes and questions: if a sensible plan is possible, send it without questions, else send the questions without nodes")
	}
	if len(d.Questions) > maxQuestions {
		c.say("there are %d questions: ask the %d that matter most", len(d.Questions), maxQuestions)
	}
	if slices.ContainsFunc(d.Questions, func(q string) bool { return strings.TrimSpace(q) == "" }) {
		c.say("a question is empty: leave it out")
	}
}

func (c *check) keys() {
	count := map[string]int{}
	for i, n := range c.nodes {
		if n.Key == "" {
			c.say("%s has no key: give it one that no other node has", c.name(i))
			continue
		}
		if count[n.Key]++; count[n.Key] == 2 {
			c.say("the key %q is used more than once: give every node its own", clip(n.Key, maxKey))
		}
	}
}

func (c *check) parents() {
	for i, n := range c.nodes {
		at, known := c.index[n.Parent]
		switch {
		case n.Parent == "":
		case !known:
			c.say("%s has the parent %q, which is not a key of this plan: use the key of a branch, or null at the top", c.name(i), clip(n.Parent, maxKey))
		case at == i:
			c.say("%s is its own parent: use the key of a branch, or null at the top", c.name(i))
		case c.nodes[at].Type.Leaf():
			c.say("%s has the parent %q, which is a leaf (%s): only a plan or subplan has children", c.name(i), n.Parent, c.nodes[at].Type)
		}
	}
	for _, ring := range c.rings() {
		c.say("the parents go round in a circle: %s", c.circle(ring))
	}
}

func (c *check) node(i int) {
	n := &c.nodes[i]
	if n.Title == "" {
		c.say("%s has no title", c.name(i))
	}
	if n.Estimate < 0 || n.Estimate > int64(maxEstimate/time.Second) {
		c.say("%s: estimate_seconds is out of range: use 0 to %d", c.name(i), maxEstimate/time.Second)
	}
	if n.Needs.MinContext < 0 || n.Needs.MinContext > maxMinContext {
		c.say("%s: needs.min_context is out of range: use 0 to %d, 0 for any", c.name(i), maxMinContext)
	}
	if n.Needs.MaxPriceCents < 0 || n.Needs.MaxPriceCents > maxPriceCents {
		c.say("%s: needs.max_price_cents is out of range: use 0 to %d, 0 for any", c.name(i), maxPriceCents)
	}
	if n.Expand != expandNow && n.Expand != expandLater {
		c.say("%s: expand is %q: use now or later", c.name(i), clip(n.Expand, maxKey))
	}
	if c.briefing.Fits != nil {
		if err := c.briefing.Fits(step(n, c.briefing)); err != nil {
			c.say("%s asks in needs or tools for what no model here can do, so ask for less: %s", c.name(i), clip(err.Error(), maxDescription))
		}
	}
	switch n.Type {
	case jobs.TypeTask, jobs.TypeAPICall:
		c.leaf(i)
	case jobs.TypePlan, jobs.TypeSubplan:
		c.branch(i)
	default:
		c.say("%s: the type %q does not exist: use plan, subplan, task or api_call", c.name(i), clip(string(n.Type), maxKey))
	}
}

func (c *check) leaf(i int) {
	n := &c.nodes[i]
	if strings.TrimSpace(n.Prompt) == "" {
		c.say("%s has no prompt: a %s needs the instruction for the model that works on it", c.name(i), n.Type)
	}
	if n.later() {
		c.say("%s is a %s and cannot have expand later: make it a subplan, or use now", c.name(i), n.Type)
	}
	for _, tool := range n.Tools {
		if !c.tools[tool] {
			c.say("%s: there is no tool %q: use only those listed (%s)", c.name(i), clip(tool, maxToolName), c.toolNames())
		}
	}
}

// toolNames lists the tools, as many as a sentence takes.
func (c *check) toolNames() string {
	const shown = 30
	var names []string
	for i, tool := range c.briefing.Tools {
		if i == shown {
			names = append(names, "...")
			break
		}
		names = append(names, tool.Name)
	}
	if len(names) == 0 {
		return "there are none"
	}
	return strings.Join(names, ", ")
}

func (c *check) branch(i int) {
	n := &c.nodes[i]
	children := c.children[i]
	switch {
	case n.later() && len(children) > 0:
		c.say("%s has children and expand later: use now, or leave the children out", c.name(i))
	case n.later() && strings.TrimSpace(n.Prompt) == "":
		c.say("%s is planned later and has no prompt: say what it is to achieve", c.name(i))
	case !n.later() && len(children) == 0:
		c.say("%s is a %s without children: give it some, make it a task, or use expand later", c.name(i), n.Type)
	}
	c.policy(i)
}

func (c *check) policy(i int) {
	n := &c.nodes[i]
	if !n.OnFailure.Valid() {
		c.say("%s: on_failure is %q: use finish, fail_fast or quorum:K with K from 1", c.name(i), clip(string(n.OnFailure), maxKey))
		return
	}
	k, quorum := n.OnFailure.Quorum()
	if !quorum {
		return
	}
	if n.later() {
		c.say("%s is planned later, so a quorum means nothing yet: use finish or fail_fast", c.name(i))
		return
	}
	required := 0
	for _, child := range c.children[i] {
		if !c.nodes[child].Optional {
			required++
		}
	}
	if k > required {
		c.say("%s: on_failure is quorum:%d, but only %d of its children are not optional", c.name(i), k, required)
	}
}

func (c *check) dependencies() {
	for i, n := range c.nodes {
		for _, key := range n.DependsOn {
			on, known := c.index[key]
			switch {
			case !known:
				c.say("%s depends on %q, which is not a key of this plan", c.name(i), clip(key, maxKey))
			case on == i:
				c.say("%s depends on itself", c.name(i))
			case c.below(i, on):
				c.say("%s depends on %q, the branch it is in, which ends only after it: depend on a sibling", c.name(i), key)
			case c.below(on, i):
				c.say("%s depends on %q, which is below it and starts only after it: leave that out, a branch gets the results of its children anyway", c.name(i), key)
			}
		}
	}
	seen := map[string]bool{}
	for _, circle := range c.deadlocks() {
		if !c.hang(circle) {
			continue // its parents have a problem of their own
		}
		members := slices.Clone(circle)
		slices.Sort(members)
		if id := fmt.Sprint(members); !seen[id] {
			seen[id] = true
			c.say("these wait for each other and would never start: %s (a branch ends when all below it has ended, and what it depends on holds for all below it): remove a depends_on", c.circle(circle))
		}
	}
}

// hang reports whether all nodes have a place in the tree.
func (c *check) hang(nodes []int) bool {
	return !slices.ContainsFunc(nodes, func(i int) bool { return c.depth[i] == 0 })
}

// shape checks the limits. A plan of one step makes no nodes: the planned node does
// the work itself.
func (c *check) shape() {
	if last, ok := c.chain(); ok {
		if c.nodes[last].later() {
			c.say("the plan puts everything off to one branch with expand later: plan what can be planned now, or make it one task")
		}
		if c.nodes[last].Type.Leaf() {
			return
		}
	}
	limits := roomOf(c.briefing)
	if len(c.nodes) > limits.MaxNodes {
		c.say("%s", tooMany(len(c.nodes), limits.MaxNodes))
	}
	for i := range c.nodes {
		switch depth := c.depth[i]; {
		case depth == limits.MaxDepth+1:
			c.say("%s is at level %d, at most %d are allowed: put its work into the prompt of what is above it", c.name(i), depth, limits.MaxDepth)
		case depth == limits.MaxDepth && c.nodes[i].later():
			c.say("%s has expand later, but no level is left below it: make it a task", c.name(i))
		}
		c.breadth(c.name(i), len(c.children[i]))
	}
	c.breadth("the top of the plan", len(c.children[atTop]))
}

func tooMany(nodes, most int) string {
	return fmt.Sprintf("there are %d nodes, at most %d are allowed: merge small steps, or use expand later for large parts", nodes, most)
}

// roomOf is what one plan may fill of what is left of the job's limits.
func roomOf(b jobs.Briefing) jobs.Limits {
	return jobs.Limits{
		MaxDepth:    max(0, b.Limits.MaxDepth),
		MaxChildren: max(0, b.Limits.MaxChildren),
		MaxNodes:    max(0, min(b.Limits.MaxNodes, maxNodes)),
	}
}

func (c *check) breadth(branch string, children int) {
	if most := roomOf(c.briefing).MaxChildren; children > most {
		c.say("%s has %d children, at most %d are allowed: group them, or merge some", branch, children, most)
	}
}
