package jobs

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// EditOp is one way to change a plan that waits for approval.
type EditOp string

// The ways. Paths are those of the revision that the edits are made on, whatever
// earlier edits of the same list did.
const (
	EditDrop    EditOp = "drop"    // the step and all below it; what depends on it no longer does
	EditPrompt  EditOp = "prompt"  // what a leaf is told
	EditMove    EditOp = "move"    // to stand before another step of the same branch, or last
	EditDepends EditOp = "depends" // what the step waits for
	EditAdd     EditOp = "add"     // a task under a branch
)

// Edit is one change.
type Edit struct {
	Op        EditOp   `json:"op"`
	Path      string   `json:"path,omitempty"`       // of the step; of EditAdd: of its branch, empty for the top
	Before    string   `json:"before,omitempty"`     // of EditMove and EditAdd: empty for last
	Title     string   `json:"title,omitempty"`      // of EditAdd
	Prompt    string   `json:"prompt,omitempty"`     // of EditPrompt and EditAdd
	DependsOn []string `json:"depends_on,omitempty"` // of EditDepends and EditAdd
	Tools     []string `json:"tools,omitempty"`      // of EditAdd
}

// maxEdits bounds one list; more is another plan.
const maxEdits = 100

// Edited returns the plan as the edits make it. Its keys must be paths. It returns
// a *UserError for an edit that makes no sense; whether the whole is a plan that
// can run is for the planner's rules to say.
func (p Plan) Edited(edits []Edit) (Plan, error) {
	if len(edits) == 0 || len(edits) > maxEdits {
		return p, &UserError{Message: fmt.Sprintf("Send 1 to %d edits, not %d.", maxEdits, len(edits))}
	}
	d := newDesk(p)
	for i, e := range edits {
		if err := d.edit(e, i+1); err != nil {
			return p, err
		}
	}
	p.Steps = d.steps()
	if len(p.Steps) == 0 {
		return p, &UserError{Message: "Nothing would be left of the plan: cancel the job instead."}
	}
	return p, nil
}

// desk is a plan taken apart.
type desk struct {
	step     map[string]*Step
	children map[string][]string // keys, in order
}

func newDesk(p Plan) *desk {
	d := &desk{step: map[string]*Step{}, children: map[string][]string{}}
	for _, s := range p.Steps {
		s.DependsOn = slices.Clone(s.DependsOn)
		d.step[s.Key] = &s
		d.children[s.Parent] = append(d.children[s.Parent], s.Key)
	}
	return d
}

// steps puts the plan together again, parents before their children. Branches that
// lost all their steps are left out.
func (d *desk) steps() []Step {
	var list []Step
	var walk func(key string)
	walk = func(key string) {
		for _, child := range d.children[key] {
			list = append(list, *d.step[child])
			walk(child)
		}
	}
	walk("")
	return list
}

func (d *desk) edit(e Edit, nth int) error {
	s := d.step[e.Path]
	if s == nil && (e.Op != EditAdd || e.Path != "") {
		return &UserError{Message: fmt.Sprintf("Edit %d: the plan has no step %q.", nth, Shorten(e.Path, 40))}
	}
	named := slices.Clone(e.DependsOn)
	if e.Before != "" {
		named = append(named, e.Before)
	}
	for _, path := range named {
		if d.step[path] == nil {
			return &UserError{Message: fmt.Sprintf("Edit %d: the plan has no step %q.", nth, Shorten(path, 40))}
		}
	}
	var fault string
	switch e.Op {
	case EditDrop:
		d.drop(s.Key)
	case EditPrompt:
		fault = d.prompt(s, e.Prompt)
	case EditMove:
		fault = d.place(s, e.Before)
	case EditDepends:
		s.DependsOn = slices.Clone(e.DependsOn)
	case EditAdd:
		fault = d.add(e, s, nth)
	default:
		fault = fmt.Sprintf("%q is no edit: use drop, prompt, move, depends or add", Shorten(string(e.Op), 40))
	}
	if fault != "" {
		return &UserError{Message: fmt.Sprintf("Edit %d: %s.", nth, fault)}
	}
	return nil
}

// drop takes a step away, all below it, and a branch that is empty then.
func (d *desk) drop(key string) {
	for _, child := range slices.Clone(d.children[key]) {
		d.remove(child)
	}
	d.remove(key)
}

func (d *desk) remove(key string) {
	s := d.step[key]
	if s == nil {
		return
	}
	for _, child := range slices.Clone(d.children[key]) {
		d.remove(child)
	}
	delete(d.step, key)
	delete(d.children, key)
	d.children[s.Parent] = without(d.children[s.Parent], key)
	for _, other := range d.step {
		other.DependsOn = without(other.DependsOn, key)
	}
	if s.Parent != "" && len(d.children[s.Parent]) == 0 {
		d.remove(s.Parent)
	}
}

func without(list []string, key string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(k string) bool { return k == key })
}

func (d *desk) prompt(s *Step, text string) string {
	switch {
	case !s.Type.Leaf():
		return fmt.Sprintf("step %s has steps of its own: give the prompt to one of them", s.Key)
	case strings.TrimSpace(text) == "":
		return "the prompt is empty: say what the step is to do, or drop it"
	case len([]rune(text)) > maxPrompt:
		return fmt.Sprintf("the prompt is longer than %d characters", maxPrompt)
	}
	s.Prompt = text
	return ""
}

// place puts a step before another of its branch.
func (d *desk) place(s *Step, before string) string {
	list := without(d.children[s.Parent], s.Key)
	at := len(list)
	if before != "" {
		if at = slices.Index(list, before); at < 0 {
			return fmt.Sprintf("step %s is not in the same branch as %s", before, s.Key)
		}
	}
	d.children[s.Parent] = slices.Insert(list, at, s.Key)
	return ""
}

func (d *desk) add(e Edit, parent *Step, nth int) string {
	if parent != nil && parent.Type.Leaf() {
		return fmt.Sprintf("step %s is a leaf: name a branch, or nothing for the top", parent.Key)
	}
	s := &Step{
		Key: fmt.Sprintf("new-%d", nth), Parent: e.Path, Type: TypeTask, Title: Shorten(strings.TrimSpace(e.Title), maxTitle),
		DependsOn: slices.Clone(e.DependsOn), Tools: slices.Clone(e.Tools),
	}
	if s.Title == "" {
		s.Title = provisionalTitle(strings.TrimSpace(e.Prompt))
	}
	if fault := d.prompt(s, e.Prompt); fault != "" {
		return fault
	}
	d.step[s.Key] = s
	d.children[s.Parent] = append(d.children[s.Parent], s.Key)
	return d.place(s, e.Before)
}

// Revise replaces a plan that waits for approval. It is refused if revision is not
// the newest.
type Revise struct {
	Job      JobID
	Revision int
	Plan     Plan
	Forecast *Forecast // of what is still to come; nil: none
	By       Actor
}

func (Revise) isChange() {}

// Plan returns the plan of a job that waits for approval, whose keys are paths, and
// its revision. It returns a *UserError if the job does not wait for approval,
// ErrNotFound if there is none.
func (s *Service) Plan(ctx context.Context, id JobID) (Plan, int, error) {
	return s.cfg.Store.Plan(ctx, id)
}

// EditPlan changes a plan that waits for approval, and returns the number of the
// new revision. It returns a *UserError for an old revision, for an edit that makes
// no sense, and for a plan that could not run, such as one with a circle.
func (s *Service) EditPlan(ctx context.Context, by Actor, id JobID, revision int, edits []Edit) (int, error) {
	old, newest, err := s.cfg.Store.Plan(ctx, id)
	if err != nil {
		return 0, err
	}
	if revision != newest {
		return 0, StaleRevision(newest)
	}
	edited, err := old.Edited(old.named(edits))
	if err != nil {
		return 0, err
	}
	if s.cfg.CheckPlan != nil {
		if err := s.cfg.CheckPlan(edited); err != nil {
			return 0, err
		}
	}
	var f *Forecast
	if s.cfg.Forecast != nil {
		f = s.cfg.Forecast(ctx, id, edited)
	}
	return newest + 1, s.apply(ctx, Revise{Job: id, Revision: revision, Plan: edited, Forecast: f, By: by})
}

// named gives edits of the whole job the only step of a plan that has but one: people
// see no other number.
func (p Plan) named(edits []Edit) []Edit {
	only := p.OneStep()
	if only == nil {
		return edits
	}
	list := slices.Clone(edits)
	for i := range list {
		if list[i].Path == "" && list[i].Op != EditAdd {
			list[i].Path = only.Key
		}
	}
	return list
}

// StaleRevision says that a newer plan was shown meanwhile.
func StaleRevision(newest int) error {
	return &UserError{Message: fmt.Sprintf("That plan is out of date: the newest revision is %d.", newest)}
}
