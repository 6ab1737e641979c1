package bot

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/askbob/bob/jobs"
)

// The keys of the forms' fields.
const (
	FieldRequest  = "request"
	FieldFiles    = "files"
	FieldBudget   = "budget"
	FieldPriority = "priority"
	FieldApproval = "approval"
	FieldAnswer   = "answer"
	FieldSteps    = "steps"
)

// The bounds of fields, in characters: what the forms of all platforms take.
const (
	maxField = 3_000
	maxShort = 40
)

// newJob opens the form for a new job, or takes it filled in. Its files are not among
// the fields: a platform whose forms take some hands it in as a Message.
func (c *Conversation) newJob(ctx context.Context, t turn, k Click) (Reply, error) {
	if k.Fields != nil {
		return c.submit(ctx, t, Message{
			Text:  k.Fields[FieldRequest],
			Draft: Draft{Budget: k.Fields[FieldBudget], Priority: k.Fields[FieldPriority], Approval: k.Fields[FieldApproval]},
		})
	}
	if err := c.maySubmit(t); err != nil {
		return Reply{}, err
	}
	form := &Form{
		Button: Button{Action: ActNew}, Title: "New job", Submit: "Start",
		Fields: []Field{
			{Key: FieldRequest, Label: "What should Bob do?", Hint: "Analyze the Q4 sales data and create a presentation", Long: true, Max: maxField},
			{Key: FieldFiles, Label: "Files", Optional: true, Files: true},
			{Key: FieldBudget, Label: "Budget in US dollars", Hint: "2.50", Optional: true, Max: maxShort},
			{Key: FieldPriority, Label: "Priority", Value: string(jobs.PriorityMedium), Optional: true, Choices: []Choice{
				{string(jobs.PriorityLow), "Low"}, {string(jobs.PriorityMedium), "Medium"}, {string(jobs.PriorityHigh), "High"}, {string(jobs.PriorityUrgent), "Urgent"},
			}},
			{Key: FieldApproval, Label: "Ask before the plan runs", Optional: true, Choices: []Choice{
				{"over $1", "If it may cost more than $1"}, {string(jobs.ApproveAlways), "Always"}, {string(jobs.ApproveNever), "Never"},
			}},
		},
	}
	return Reply{Form: form}, nil
}

// answerForm asks a person for the answer that a step waits for.
func (c *Conversation) answerForm(ctx context.Context, t turn, o order) (Reply, error) {
	f, err := c.find(ctx, t, o.job, jobs.ActSteer)
	if err != nil {
		return Reply{}, err
	}
	i := slices.IndexFunc(f.Waiting, func(w jobs.Wait) bool {
		return (w.Reason == jobs.ReasonQuestion || w.Reason == jobs.ReasonEffectUnknown) && (o.path == "" || w.Path == o.path)
	})
	if f.Status.Final() || i < 0 {
		return Reply{}, refuse("Job %s waits for no answer any more: it is %s.", called(f.Report), stateName(f.Status))
	}
	w := f.Waiting[i]
	return Reply{Form: &Form{
		Button: Button{Action: ActAnswer, Job: o.job, Arg: w.Path}, Title: "Answer", Submit: "Send",
		Fields: []Field{{Key: FieldAnswer, Label: "Your answer", Hint: oneLine(w.Text), Long: true, Max: maxField}},
	}}, nil
}

// planForm shows a plan as lines to be changed.
func (c *Conversation) planForm(ctx context.Context, f found) (*Form, error) {
	plan, revision, err := c.cfg.Jobs.Plan(ctx, f.ID)
	if err != nil {
		return nil, err
	}
	return &Form{
		Button: Button{Action: ActEdit, Job: f.ID, Arg: strconv.Itoa(revision)}, Title: "Change the plan", Submit: "Save",
		Fields: []Field{{
			Key: FieldSteps, Label: "Steps: change a line, - 1.2 drops, + 1 adds",
			Hint:  "1.2 do this instead / - 1.3 leaves it out / + 1 a new step of part 1",
			Value: planText(plan), Long: true, Max: maxField,
		}},
	}, nil
}

// editPlan takes the form of planForm filled in.
func (c *Conversation) editPlan(ctx context.Context, t turn, o order, text string) (Reply, error) {
	f, err := c.find(ctx, t, o.job, jobs.ActSteer)
	if err != nil {
		return Reply{}, err
	}
	if err := sensible(o, f.Report); err != nil {
		return Reply{Job: o.job}, err
	}
	plan, revision, err := c.cfg.Jobs.Plan(ctx, o.job)
	if err != nil {
		return Reply{Job: o.job}, err
	}
	if revision != o.revision {
		return Reply{Job: o.job}, jobs.StaleRevision(revision)
	}
	edits, err := parseSteps(plan, text)
	if err != nil {
		return Reply{Job: o.job}, err
	}
	if len(edits) == 0 {
		return Reply{Job: o.job, Text: "Nothing was changed: the plan stays as it is."}, nil
	}
	if err := c.cfg.Jobs.Do(ctx, t.spend(), nil); err != nil {
		return Reply{}, err
	}
	newest, err := c.cfg.Jobs.EditPlan(ctx, t.by(), o.job, o.revision, edits)
	if err != nil {
		return Reply{Job: o.job}, err
	}
	return t.confirm(f, "The plan is changed, it is revision "+strconv.Itoa(newest)+" now. It still waits for approval:"), nil
}

// planText is a plan as lines: of each leaf its path and its prompt, or its title if
// the prompts do not all fit; of each branch a comment.
func planText(p jobs.Plan) string {
	if text := stepLines(p, func(s jobs.Step) string { return oneLine(s.Prompt) }); len([]rune(text)) <= maxField {
		return text
	}
	text := []rune(stepLines(p, func(s jobs.Step) string { return oneLine(s.Title) }))
	if len(text) <= maxField {
		return string(text)
	}
	// Only whole lines: half a line would be read as a change.
	whole := string(text[:maxField-1])
	whole = whole[:strings.LastIndexByte(whole, '\n')+1]
	return whole + "#"
}

func stepLines(p jobs.Plan, words func(s jobs.Step) string) string {
	var lines []string
	for _, s := range p.Steps {
		if s.Type.Leaf() {
			lines = append(lines, s.Key+" "+words(s))
		} else {
			lines = append(lines, "# "+s.Key+" "+oneLine(s.Title))
		}
	}
	return strings.Join(lines, "\n")
}

// parseSteps reads the lines of planText as a person changed them: "1.2 text" is what
// step 1.2 is to do instead, "- 1.3" drops a step and all below it, "+ 1 text" adds a
// step to part 1 and "+ text" one at the top. Lines that say what the plan says, empty
// ones and those that begin with # change nothing. It returns a *jobs.UserError for
// any other line.
func parseSteps(p jobs.Plan, text string) ([]jobs.Edit, error) {
	steps := map[string]jobs.Step{}
	for _, s := range p.Steps {
		steps[s.Key] = s
	}
	var edits []jobs.Edit
	for line := range strings.Lines(text) {
		if line = oneLine(line); line == "" || line[0] == '#' {
			continue
		}
		e, err := parseStep(steps, line)
		if err != nil {
			return nil, err
		}
		if e.Op != "" {
			edits = append(edits, e)
		}
	}
	return edits, nil
}

// parseStep reads one line. An edit without Op changes nothing.
func parseStep(steps map[string]jobs.Step, line string) (jobs.Edit, error) {
	if rest, ok := cutAny(line, "-", "–", "−"); ok {
		if path := strings.Trim(rest, " .:"); isPath(path) {
			return jobs.Edit{Op: jobs.EditDrop, Path: path}, nil
		}
		return jobs.Edit{}, refuse("%q is not understood: behind - stands the number of a step, such as \"- 1.3\".", shown(line))
	}
	if rest, ok := strings.CutPrefix(line, "+"); ok {
		return newStep(steps, strings.TrimSpace(rest))
	}
	path, words, _ := strings.Cut(line, " ")
	path = strings.Trim(path, ".:)")
	words = strings.TrimSpace(words)
	s, known := steps[path]
	switch {
	case !isPath(path):
		return jobs.Edit{}, refuse("%q is not understood: a line begins with a step's number, with - or with +.", shown(line))
	case !known:
		return jobs.Edit{}, refuse("The plan has no step %s. For a new one write \"+ %s\".", path, shown(words))
	case words == "":
		return jobs.Edit{}, refuse("Step %s has no text any more: say what it is to do, or drop it with \"- %s\".", path, path)
	case words == oneLine(s.Prompt) || words == oneLine(s.Title):
		return jobs.Edit{}, nil
	}
	return jobs.Edit{Op: jobs.EditPrompt, Path: path, Prompt: words}, nil
}

// newStep reads what stands behind +. A number that is no part of the plan belongs to
// the text: "+ 3 slides about prices".
func newStep(steps map[string]jobs.Step, rest string) (jobs.Edit, error) {
	e := jobs.Edit{Op: jobs.EditAdd, Prompt: rest}
	first, words, _ := strings.Cut(rest, " ")
	path := strings.Trim(first, ".:)")
	if s, ok := steps[path]; ok && !s.Type.Leaf() || strings.Contains(path, ".") && isPath(path) {
		e.Path, e.Prompt = path, strings.TrimSpace(words)
	}
	if e.Prompt == "" {
		return e, refuse("A new step has no text: write \"+ 1 what it is to do\" for one in part 1.")
	}
	return e, nil
}

func cutAny(text string, prefixes ...string) (string, bool) {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(text, p); ok {
			return rest, true
		}
	}
	return text, false
}
