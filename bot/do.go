package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/askbob/bob/jobs"
)

// do does what a person ordered.
func (c *Conversation) do(ctx context.Context, t turn, o order, files []File) (Reply, error) {
	if len(files) > 0 && o.verb != verbSchedule && o.verb != verbHint {
		return Reply{}, refuse("Files go with a request, not with %q: send them with what Bob should do with them.", o.verb)
	}
	switch o.verb {
	case verbHint:
		return Reply{Text: o.text, Warning: true}, nil
	case verbGreet:
		return Reply{Text: "Hello! Tell me what you want done, with files if there are any. \"help\" says what else there is."}, nil
	case verbThanks:
		return Reply{Text: "You are welcome."}, nil
	case verbHelp:
		p := helpPage(o.topic)
		return Reply{Page: &p}, nil
	case verbJobs:
		p, err := c.jobsPage(ctx, t, o.list)
		return Reply{Page: p}, err
	case verbSchedule:
		return c.schedule(ctx, t, o, files)
	case verbSchedules:
		p, err := c.schedulesPage(ctx, t)
		return Reply{Page: p}, err
	case verbCost:
		if o.job == "" && (len(t.thread) == 0 || o.group != "") {
			p, err := c.costPage(ctx, t, o.group)
			return Reply{Page: p}, err
		}
	case verbPause, verbResume, verbCancel, verbRemove:
		if o.schedule != "" {
			return c.changeSchedule(ctx, t, o.verb, o.schedule)
		}
	default:
	}
	return c.doJob(ctx, t, o)
}

// rights says what a verb on a job needs beside seeing it.
var rights = map[verb]jobs.Act{ //nolint:gochecknoglobals // a constant table
	verbStatus: jobs.ActSee, verbResults: jobs.ActSee, verbPlan: jobs.ActSee, verbCost: jobs.ActSee, verbMute: jobs.ActSteer, verbUnmute: jobs.ActSteer,
	verbApprove: jobs.ActPay, verbBudget: jobs.ActPay, verbReject: jobs.ActCancel, verbCancel: jobs.ActCancel,
	verbEdit: jobs.ActSteer, verbCheaper: jobs.ActSteer, verbPause: jobs.ActSteer, verbResume: jobs.ActSteer, verbSkip: jobs.ActSteer, verbFinish: jobs.ActSteer,
	verbRetry: jobs.ActPay, verbRerun: jobs.ActPay, verbPriority: jobs.ActSteer, verbAnswer: jobs.ActSteer,
}

// doJob does what a person ordered to be done with a job.
func (c *Conversation) doJob(ctx context.Context, t turn, o order) (Reply, error) {
	if o.job == "" {
		id, list, err := c.meant(ctx, t, o)
		if list != nil || err != nil {
			return Reply{Page: list}, err
		}
		o.job = id
	}
	f, err := c.find(ctx, t, o.job, rights[o.verb])
	if err != nil {
		return Reply{}, err
	}
	if err := sensible(o, f.Report); err != nil {
		return Reply{Job: o.job}, err
	}
	switch o.verb {
	case verbStatus, verbResults, verbPlan, verbCost:
		p, err := c.show(ctx, t, o, f)
		return Reply{Job: o.job, Page: p}, err
	case verbApprove, verbReject, verbEdit, verbCheaper:
		return c.decide(ctx, t, o, f)
	default:
	}
	change, said, err := o.change(t, f.Report)
	if err != nil {
		return Reply{Job: o.job}, err
	}
	if err := c.cfg.Jobs.Do(ctx, t.spend(), change); err != nil {
		return Reply{Job: o.job}, err
	}
	return t.confirm(f, said), nil
}

// confirm says what was done. In the job's own thread everybody may know.
func (t turn) confirm(f found, said string) Reply {
	public := f.posted.Place == t.place && (t.way == WayMention || t.way == WayReply || t.way == WayDirect)
	return Reply{Text: strings.TrimSpace(said) + " " + called(f.Report) + ".", Job: f.ID, Public: public}
}

// called names a job for people.
func called(r *jobs.Report) string {
	return fmt.Sprintf("%s (%s)", r.ID, jobs.Shorten(titleOf(r), maxCalled))
}

// maxCalled bounds a title in a sentence, in characters.
const maxCalled = 60

// show makes the page that an order asks for.
func (c *Conversation) show(ctx context.Context, t turn, o order, f found) (*Page, error) {
	if o.verb == verbCost {
		return c.jobCostPage(ctx, f.ID)
	}
	r, err := c.cfg.Jobs.Report(ctx, f.ID)
	if err != nil {
		return nil, err
	}
	switch o.verb {
	case verbResults:
		return resultsPage(r, c.cfg.Now()), nil
	case verbPlan:
		return c.planPage(ctx, r)
	default:
	}
	if o.path != "" {
		return nodePage(r, o.path, c.cfg.Now())
	}
	return detailsPage(r, o.list.page, c.cfg.Now(), c.zone(t.user)), nil
}

// change is what an order makes of a job, and what is said of it.
func (o order) change(t turn, r *jobs.Report) (jobs.Change, string, error) {
	step := ""
	if o.path != "" {
		step = "step " + o.path + " of "
	}
	switch o.verb {
	case verbBudget:
		return o.budget(t, r, step)
	case verbMute:
		return jobs.Mute{Job: o.job, Muted: true, By: t.by()}, "You hear only of questions and the end of", nil
	case verbUnmute:
		return jobs.Mute{Job: o.job, By: t.by()}, "You hear of all milestones again of", nil
	case verbFinish:
		return jobs.FinishNow{Job: o.job, By: t.by()}, "It ends with what there is:", nil
	case verbAnswer:
		return jobs.Answer{Job: o.job, Path: o.path, Text: clean(o.text), By: t.by()}, "Your answer is with " + step, nil
	default:
	}
	cmd := jobs.Command{Job: o.job, Path: o.path, Verb: jobs.Verb(o.verb), By: t.by(), Prompt: o.text, Priority: o.priority}
	if o.verb == verbPriority {
		return cmd, fmt.Sprintf("The priority is %s now:", o.priority), cmd.Check()
	}
	return cmd, doing[o.verb] + step, cmd.Check()
}

// doing says what happens after a command.
var doing = map[verb]string{ //nolint:gochecknoglobals // a constant table
	verbPause: "Pausing ", verbResume: "Going on with ", verbCancel: "Cancelling ", verbSkip: "Skipping ",
	verbRetry: "Trying again what did not succeed: ", verbRerun: "Running again: ",
}

// budget is what an order makes of a job's money.
func (o order) budget(t turn, r *jobs.Report, step string) (jobs.Change, string, error) {
	switch {
	case o.amount <= 0:
		return nil, "", refuse("Say how many US dollars, such as \"budget %s 5\", or \"budget %s +1\" to add some.", r.ID, r.ID)
	case o.more && o.path != "":
		return nil, "", refuse("Money is added to the whole job. For a step say all that it may cost: \"budget step %s 2\".", o.path)
	case o.more && r.Cost.Budget == "":
		return nil, "", refuse("Job %s has no limit: there is nothing to add to. Set one with \"budget %s 5\".", r.ID, r.ID)
	case o.more:
		return jobs.AddBudget{Job: o.job, Amount: o.amount, By: t.by()}, fmt.Sprintf("%s more may be spent on", o.amount.Short()), nil
	}
	return jobs.SetBudget{Job: o.job, Path: o.path, Budget: o.amount, By: t.by()}, fmt.Sprintf("At most %s may be spent on %s", o.amount.Short(), step), nil
}

// openOnly are the verbs that make no sense on a job that is over.
var openOnly = []verb{ //nolint:gochecknoglobals // a constant table
	verbPause, verbResume, verbCancel, verbSkip, verbFinish, verbAnswer, verbApprove, verbReject, verbEdit, verbCheaper,
}

// sensible says, as a *jobs.UserError, why an order makes no sense for a job in its
// state: the button that was pressed may be old.
func sensible(o order, r *jobs.Report) error {
	decides := slices.Contains([]verb{verbApprove, verbReject, verbEdit, verbCheaper}, o.verb)
	switch {
	case r.Status.Final() && slices.Contains(openOnly, o.verb):
		return refuse("Job %s is over (%s): there is nothing to %s. \"results %s\" shows what came out, \"rerun %s\" does it again.",
			called(r), stateName(r.Status), o.verb, r.ID, r.ID)
	case decides && r.Status != jobs.StatusAwaitingApproval:
		return refuse("Job %s does not wait for approval of a plan: it is %s.", called(r), stateName(r.Status))
	case o.verb == verbResume && r.Status != jobs.StatusPaused && r.Desired != jobs.DesiredPause && o.path == "":
		return refuse("Job %s is not paused: it is %s.", called(r), stateName(r.Status))
	case o.verb == verbSkip && o.path == "":
		return refuse("Say which step to skip, such as \"skip 1.2\": \"status %s\" shows their numbers. To end all of it: \"cancel %s\".", r.ID, r.ID)
	case o.verb == verbPriority && o.priority == "":
		return refuse("Say which priority: \"priority %s high\". There is low, medium, high and urgent.", r.ID)
	}
	return nil
}

// decide does what becomes of a plan that waits for approval.
func (c *Conversation) decide(ctx context.Context, t turn, o order, f found) (Reply, error) {
	if o.revision != 0 && o.revision != f.PlanRevision {
		p, err := c.show(ctx, t, order{verb: verbPlan}, f)
		if err != nil {
			return Reply{}, err
		}
		return Reply{Job: f.ID, Page: p}, jobs.StaleRevision(f.PlanRevision)
	}
	switch o.verb {
	case verbEdit:
		if t.way != "" && t.way != WayCommand { // no form can be opened from a message
			p, err := c.show(ctx, t, order{verb: verbPlan}, f)
			return Reply{Job: f.ID, Page: p}, err
		}
		form, err := c.planForm(ctx, f)
		return Reply{Job: f.ID, Form: form}, err
	case verbCheaper:
		if err := c.cfg.Jobs.Do(ctx, t.spend(), nil); err != nil {
			return Reply{}, err
		}
		return t.confirm(f, "Looking for a cheaper plan for"), c.cfg.Jobs.Cheaper(ctx, t.by(), f.ID, f.PlanRevision)
	case verbReject:
		err := c.cfg.Jobs.Do(ctx, t.spend(), jobs.Command{Job: f.ID, Verb: jobs.VerbCancel, By: t.by()})
		return t.confirm(f, "The plan is rejected, nothing of it runs:"), err
	default:
	}
	err := c.cfg.Jobs.Do(ctx, t.spend(), jobs.Approve{Job: f.ID, Revision: f.PlanRevision, By: t.by()})
	return t.confirm(f, fmt.Sprintf("Plan %d runs now:", f.PlanRevision)), err
}

// meant returns the job that an order without an ID means: in a thread its newest,
// of those for which the order makes sense; elsewhere the only open one of the
// person, or for what is only read the newest. If it is not clear, there is a list to
// choose from, or a *jobs.UserError if there is nothing to choose.
func (c *Conversation) meant(ctx context.Context, t turn, o order) (jobs.JobID, *Page, error) {
	reads := rights[o.verb] == jobs.ActSee
	if len(t.thread) > 0 {
		id, err := c.inQuestion(ctx, t.thread, o)
		return id, nil, err
	}
	sight, err := c.sight(ctx, t)
	if err != nil {
		return "", nil, err
	}
	q := jobs.JobQuery{User: t.name(), Workspace: t.place.Scope(), Sight: &sight, Limit: 2}
	var open []jobs.Report
	for _, group := range []jobs.JobGroup{jobs.GroupActive, jobs.GroupQueued} {
		q.Group = group
		list, _, err := c.cfg.Places.Find(ctx, q)
		if err != nil {
			return "", nil, err
		}
		open = append(open, list...)
	}
	switch {
	case o.verb == verbStatus && o.path == "" && len(open) != 1:
		list, err := c.jobsPage(ctx, t, listing{mine: true})
		return "", list, err
	case len(open) == 1 && o.verb != verbResults:
		return open[0].ID, nil, nil
	case len(open) > 1 && !reads:
		return "", nil, refuse("You have several jobs: say which one, such as \"%s %s\". \"jobs\" lists them.", o.verb, open[0].ID)
	}
	q.Group = ""
	if o.verb == verbResults {
		q.Group = jobs.GroupFinished
	}
	list, _, err := c.cfg.Places.Find(ctx, q)
	switch {
	case err != nil:
		return "", nil, err
	case len(list) == 0:
		return "", nil, refuse("You have no job that \"%s\" could mean: \"jobs all\" lists those of everybody.", o.verb)
	}
	return list[0].ID, nil, nil
}

// inQuestion returns the newest job of a thread for which an order makes sense, and
// the newest of all if there is none.
func (c *Conversation) inQuestion(ctx context.Context, thread []jobs.JobID, o order) (jobs.JobID, error) {
	for _, id := range thread {
		r, err := c.cfg.Jobs.Status(ctx, id)
		if err != nil {
			return "", err
		}
		if sensible(o, r) == nil {
			return id, nil
		}
	}
	return thread[0], nil
}

// clean is a text that a person says to a job as it is kept.
func clean(text string) string { return strings.TrimSpace(strings.ToValidUTF8(text, "\ufffd")) }
