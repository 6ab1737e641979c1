package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/askbob/bob/jobs"
)

// question says what a button does that asks before it acts, as things stand now.
// Nothing is done yet. What makes no sense any more is a *jobs.UserError.
func (c *Conversation) question(ctx context.Context, t turn, b Button) (Reply, error) {
	if b.Action == ActSchedule {
		return c.askRemove(ctx, t, b)
	}
	o, ok := destructive(b)
	if !ok {
		return Reply{}, oldButton()
	}
	f, err := c.find(ctx, t, o.job, rights[o.verb])
	if err != nil {
		return Reply{}, err
	}
	if err := sensible(o, f.Report); err != nil {
		return Reply{Job: o.job}, err
	}
	if o.revision != 0 && o.revision != f.PlanRevision {
		return Reply{Job: o.job}, jobs.StaleRevision(f.PlanRevision)
	}
	if o.path != "" {
		return c.askCancelStep(ctx, b, o.path)
	}
	return c.askCancel(ctx, b, f.Report)
}

// destructive is what a button of a job would order that asks before it acts.
func destructive(b Button) (order, bool) {
	o := order{job: b.Job}
	if _, ok := jobID(string(b.Job)); !ok {
		return o, false
	}
	switch {
	case b.Action == ActCancel && (b.Arg == "" || isPath(b.Arg)):
		o.verb, o.path = verbCancel, b.Arg
	case b.Action == ActReject:
		n, ok := revisionOf(b.Arg)
		o.verb, o.revision = verbReject, n
		return o, ok
	default:
		return o, false
	}
	return o, true
}

// askCancel asks before a whole job ends.
func (c *Conversation) askCancel(ctx context.Context, b Button, r *jobs.Report) (Reply, error) {
	lines := []string{fmt.Sprintf("All that is open of %s ends at once.", called(r))}
	if b.Action == ActReject {
		lines = []string{fmt.Sprintf("Nothing of the plan of %s runs, and the job ends.", called(r))}
	}
	_, made, err := c.cfg.Files.FilesOf(ctx, r.ID)
	if err != nil {
		return Reply{}, err
	}
	lines = append(lines, keeps(r.Summary, len(made)), "So far it cost "+oneLine(r.Cost.Words())+".")
	return b.asks(Confirm{Title: "Cancel this job?", Text: strings.Join(lines, "\n"), Yes: "Cancel the job", No: "Keep it"}), nil
}

// askCancelStep asks before a step and all below it end.
func (c *Conversation) askCancelStep(ctx context.Context, b Button, path string) (Reply, error) {
	r, err := c.cfg.Jobs.Report(ctx, b.Job)
	if err != nil {
		return Reply{}, err
	}
	n := nodeAt(r, path)
	switch {
	case n == nil:
		return Reply{Job: b.Job}, refuse("Job %s has no step %s: \"status %s\" shows those that it has.", called(r), path, r.ID)
	case n.Status.Final():
		return Reply{Job: b.Job}, refuse("Step %s of %s is over already: it is %s.", path, called(r), stateName(n.Status))
	}
	var sum jobs.Summary
	files := 0
	for i := range r.Nodes {
		leaf := &r.Nodes[i]
		if !leaf.Type.Leaf() || !jobs.Under(leaf.Path, path) {
			continue
		}
		sum.Total++
		files += len(leaf.Artifacts)
		switch leaf.Status {
		case jobs.StatusCompleted:
			sum.Completed++
		case jobs.StatusRunning:
			sum.Running++
		default:
		}
	}
	lines := []string{
		fmt.Sprintf("Step %s, %s, of job %s ends at once, and all below it.", n.Path, jobs.Shorten(oneLine(n.Title), maxCalled), r.ID),
		keeps(sum, files),
		"Steps that need it are skipped. The others go on.",
		"So far it cost " + jobs.ShortUSD(n.CostUSD) + ", and the whole job " + oneLine(r.Cost.Words()) + ".",
	}
	return b.asks(Confirm{Title: "Cancel step " + n.Path + "?", Text: strings.Join(lines, "\n"), Yes: "Cancel the step", No: "Keep it"}), nil
}

// asks is a reply that asks whether a button is meant.
func (b Button) asks(c Confirm) Reply {
	b.Confirm = &c
	return Reply{Job: b.Job, Ask: &b}
}

// keeps says what of a job or a branch is kept, and what is not.
func keeps(s jobs.Summary, files int) string {
	text := "Nothing of it is done yet."
	if s.Completed > 0 {
		text = fmt.Sprintf("What is done is kept: %d of %d steps.", s.Completed, s.Total)
	}
	if files > 0 {
		text += fmt.Sprintf(" Files that are kept: %d.", files)
	}
	if s.Running > 0 {
		text += fmt.Sprintf(" At work now, and stopped: %d.", s.Running)
	}
	return text
}

// askRemove asks before a schedule is removed.
func (c *Conversation) askRemove(ctx context.Context, t turn, b Button) (Reply, error) {
	word, id, _ := strings.Cut(b.Arg, " ")
	schedule, ok := scheduleID(id)
	if !ok || verb(word) != verbRemove {
		return Reply{}, oldButton()
	}
	s, err := c.changeable(ctx, t, verbRemove, schedule)
	if err != nil {
		return Reply{}, err
	}
	lines := []string{
		fmt.Sprintf("%s, %s: %s", s.ID, oneLine(s.Words), jobs.Shorten(oneLine(s.Request), maxSnippet)),
		"It does not run any more. The jobs that it started stay.",
	}
	return b.asks(Confirm{Title: "Remove this schedule?", Text: strings.Join(lines, "\n"), Yes: "Remove it", No: "Keep it"}), nil
}
