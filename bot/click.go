package bot

import (
	"context"
	"strconv"
	"strings"

	"github.com/askbob/bob/jobs"
)

// Click takes the use of a button or a form. What comes back from a platform is
// untrusted: a button may be old, or was never shown.
func (c *Conversation) Click(ctx context.Context, k Click) (Reply, error) {
	t := turn{keys: k.Keys, place: k.Place, user: k.User, direct: k.Direct, reach: k.Reach, spent: new(bool)}
	reply, err := c.click(ctx, t, k)
	if reply, err = c.answered(ctx, t, reply, err); err == nil && reply != (Reply{}) && reply.Form == nil {
		reply.Spent = c.spent(ctx, k)
	}
	return reply, err
}

// pressed says which verb a button stands for, where its Arg is the path of a step
// or nothing.
var pressed = map[Action]verb{ //nolint:gochecknoglobals // a constant table
	ActResults: verbResults, ActPlan: verbPlan, ActPause: verbPause, ActResume: verbResume, ActCancel: verbCancel, ActSkip: verbSkip,
	ActRetry: verbRetry, ActRerun: verbRerun, ActFinish: verbFinish,
}

// decided says which verb a button stands for, where its Arg is a revision.
var decided = map[Action]verb{ActApprove: verbApprove, ActReject: verbReject, ActCheaper: verbCheaper, ActEdit: verbEdit} //nolint:gochecknoglobals // a constant table

func (c *Conversation) click(ctx context.Context, t turn, k Click) (Reply, error) {
	b := k.Button
	if k.Ask {
		return c.question(ctx, t, b)
	}
	o := order{job: b.Job}
	switch b.Action {
	case ActJobs:
		p, err := c.jobsPage(ctx, t, parseListing(b.Arg))
		return Reply{Page: p}, err
	case ActNew:
		return c.newJob(ctx, t, k)
	case ActSchedule:
		return c.pressSchedule(ctx, t, b.Arg)
	case ActStop:
		if _, ok := jobID(string(b.Job)); !ok && b.Job != "" {
			return Reply{}, oldButton()
		}
		return c.stop(ctx, t, b.Job)
	default: // of a job
	}
	if _, ok := jobID(string(b.Job)); !ok {
		return Reply{}, oldButton()
	}
	if v, ok := pressed[b.Action]; ok {
		if b.Arg != "" && !isPath(b.Arg) {
			return Reply{}, oldButton()
		}
		o.verb, o.path = v, b.Arg
		return c.doJob(ctx, t, o)
	}
	if v, ok := decided[b.Action]; ok {
		if o.revision, ok = revisionOf(b.Arg); !ok {
			return Reply{}, oldButton()
		}
		o.verb = v
		if v == verbEdit && k.Fields != nil {
			return c.editPlan(ctx, t, o, k.Fields[FieldSteps])
		}
		return c.doJob(ctx, t, o)
	}
	return c.pressOther(ctx, t, k, o)
}

// pressOther takes the buttons whose Arg has a meaning of its own.
func (c *Conversation) pressOther(ctx context.Context, t turn, k Click, o order) (Reply, error) {
	arg := k.Button.Arg
	switch k.Button.Action {
	case ActDetails:
		o.verb = verbStatus
		if path, ok := strings.CutPrefix(arg, "/"); ok && isPath(path) {
			o.path = path
		} else if n, err := strconv.Atoi(arg); err == nil {
			o.list.page = n
		}
	case ActAnswer:
		if o.path = arg; arg != "" && !isPath(arg) {
			return Reply{}, oldButton()
		}
		if k.Fields == nil {
			return c.answerForm(ctx, t, o)
		}
		o.verb, o.text = verbAnswer, k.Fields[FieldAnswer]
	case ActAdd:
		amount, _, ok := money(arg)
		if !ok {
			return Reply{}, oldButton()
		}
		o.verb, o.amount, o.more = verbBudget, amount, true
	case ActMute:
		if o.verb = verbMute; arg == "off" {
			o.verb = verbUnmute
		}
	case ActAgain:
		return c.again(ctx, t, o.job)
	case ActGood, ActBad:
		return c.judge(ctx, t, o.job, k.Button.Action == ActGood)
	default:
		return Reply{}, oldButton()
	}
	return c.doJob(ctx, t, o)
}

func oldButton() error {
	return refuse("That button is from an older message and does nothing any more: \"jobs\" lists the jobs.")
}

// pressSchedule takes "pause sch_…".
func (c *Conversation) pressSchedule(ctx context.Context, t turn, arg string) (Reply, error) {
	word, id, _ := strings.Cut(arg, " ")
	v := verb(word)
	schedule, ok := scheduleID(id)
	if !ok || v != verbPause && v != verbResume && v != verbRemove {
		return Reply{}, oldButton()
	}
	return c.changeSchedule(ctx, t, v, schedule)
}

func (c *Conversation) judge(ctx context.Context, t turn, id jobs.JobID, good bool) (Reply, error) {
	f, err := c.find(ctx, t, id, jobs.ActSee)
	if err != nil {
		return Reply{}, err
	}
	if !f.Status.Final() {
		return Reply{}, refuse("Job %s is not over yet: it is %s.", called(f.Report), stateName(f.Status))
	}
	if err := c.cfg.Jobs.Do(ctx, t.spend(), jobs.Feedback{Job: id, Good: good, By: t.by()}); err != nil {
		return Reply{}, err
	}
	if good {
		return Reply{Text: "Good to know, thank you.", Job: id}, nil
	}
	return Reply{Text: "Sorry. Reply in the job's thread and say what to do better: Bob goes on from this result.", Job: id}, nil
}
