package bot

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/askbob/bob/jobs"
)

// inThread takes what is said in a thread of jobs. If a job asks something, it is
// the answer; if one runs, it steers it; if all are over, it starts the next. Words
// that are a command are that, unless they may be the answer.
func (c *Conversation) inThread(ctx context.Context, t turn, m Message, o order) (Reply, error) {
	r, err := c.speaksOf(ctx, t.thread)
	if err != nil {
		return Reply{}, err
	}
	if o.job != "" && o.job != r.ID || o.signed {
		return c.do(ctx, t, o, m.Files)
	}
	wait := asked(r)
	switch {
	case wait != nil && answers(m, o, wait):
		return c.answer(ctx, t, m, o, r, wait)
	case r.Status == jobs.StatusAwaitingApproval && agrees(m.Text):
		return c.do(ctx, t, order{verb: verbApprove, job: r.ID}, m.Files)
	case r.Status == jobs.StatusAwaitingApproval && declines(m.Text):
		return c.do(ctx, t, order{verb: verbReject, job: r.ID}, m.Files)
	case m.Way == WayReply && (o.verb == verbThanks || o.verb == verbGreet):
		return Reply{}, nil
	case o.verb == verbSubmit, o.verb == verbAnswer && wait == nil:
		return c.tell(ctx, t, m, o, r)
	}
	return c.do(ctx, t, o, m.Files)
}

// speaksOf returns the job that a text in a thread is for: the newest that asks
// something, else the newest that is not over, else the newest.
func (c *Conversation) speaksOf(ctx context.Context, thread []jobs.JobID) (*jobs.Report, error) {
	var best *jobs.Report
	for _, id := range thread {
		r, err := c.cfg.Jobs.Status(ctx, id)
		if err != nil {
			return nil, err
		}
		if asked(r) != nil {
			return r, nil
		}
		if best == nil || best.Status.Final() && !r.Status.Final() {
			best = r
		}
	}
	return best, nil
}

// asked returns the first question that a job waits to have answered, nil if there
// is none.
func asked(r *jobs.Report) *jobs.Wait {
	i := slices.IndexFunc(r.Waiting, func(w jobs.Wait) bool {
		return w.Reason == jobs.ReasonQuestion || w.Reason == jobs.ReasonEffectUnknown
	})
	if i < 0 || r.Status.Final() {
		return nil
	}
	return &r.Waiting[i]
}

// answers reports whether words said while a job asks something are the answer. In a
// plain reply all are, even "cancel": the question may be what to do with an order.
// Said to Bob by name, a command is one, unless the question has that very word.
func answers(m Message, o order, wait *jobs.Wait) bool {
	switch o.verb {
	case verbSubmit, verbAnswer, verbThanks, verbGreet:
		return true
	case verbSchedule:
		return false
	default:
	}
	if wait.Reason == jobs.ReasonEffectUnknown {
		_, err := jobs.Happened(m.Text)
		return err == nil
	}
	low, _, _ := head(m.Text)
	return m.Way == WayReply || slices.ContainsFunc(tokensOf(append(strings.Fields(wait.Text), "?")), func(w token) bool { return w.low == low })
}

// stepFirst is a step's number and a colon before what is said to it.
var stepFirst = regexp.MustCompile(`^\s*([1-9][0-9]*(?:\.[1-9][0-9]*)*)\s*:\s+`)

// toStep takes the number of a step off a text: "1.2: in euros".
func toStep(text string) (path, rest string) {
	at := stepFirst.FindStringSubmatchIndex(text)
	if at == nil || !isPath(text[at[2]:at[3]]) {
		return "", text
	}
	return text[at[2]:at[3]], text[at[1]:]
}

func (c *Conversation) answer(ctx context.Context, t turn, m Message, o order, r *jobs.Report, wait *jobs.Wait) (Reply, error) {
	if o.verb != verbAnswer {
		o = order{}
		o.path, o.text = toStep(m.Text)
	}
	o.verb, o.job = verbAnswer, r.ID
	if o.path == "" && !several(r) {
		o.path = wait.Path
	}
	return c.do(ctx, t, o, m.Files)
}

// several reports whether more than one step asks something.
func several(r *jobs.Report) bool {
	n := 0
	for _, w := range r.Waiting {
		if w.Reason == jobs.ReasonQuestion || w.Reason == jobs.ReasonEffectUnknown {
			n++
		}
	}
	return n > 1
}

// agreeing and declining are answers to the question whether a plan may run.
var (
	agreeing  = []string{"yes", "y", "yes please", "ok", "okay", "go", "go ahead", "run", "run it", "do it", "sure", "approved", "lgtm", "ja", "👍", "✅", "looks good"} //nolint:gochecknoglobals // a constant table
	declining = []string{"no", "n", "nope", "don't", "dont", "no thanks", "nein", "👎", "❌"}                                                                            //nolint:gochecknoglobals // a constant table
)

func agrees(text string) bool   { return slices.Contains(agreeing, bare(text)) }
func declines(text string) bool { return slices.Contains(declining, bare(text)) }

// bare is a text in small letters, without what is around it.
func bare(text string) string { return strings.Trim(strings.ToLower(oneLine(text)), around) }

// tell says something to a job that goes on, and starts a job that follows one that
// is over.
func (c *Conversation) tell(ctx context.Context, t turn, m Message, o order, r *jobs.Report) (Reply, error) {
	if r.Status.Final() {
		if o.verb == verbSubmit {
			m.Text = o.text
		}
		return c.followUp(ctx, t, m, r.ID)
	}
	f, err := c.find(ctx, t, r.ID, jobs.ActSteer)
	if err != nil {
		return Reply{Job: r.ID}, err
	}
	if len(m.Files) > 0 {
		return Reply{Job: r.ID}, refuse("Job %s has begun: files cannot be added to it any more. Send them as a job of their own, or when this one is over.", called(r))
	}
	if s := r.Cost.Shortage; s != nil && agrees(m.Text) {
		return Reply{Job: r.ID}, refuse("Say what you want: %s", moneyWays(s))
	}
	path, text := toStep(m.Text)
	say := jobs.Say{Job: r.ID, Path: path, User: t.speaker(), Text: clean(text), By: t.by()}
	if err := c.cfg.Jobs.Do(ctx, t.spend(), say); err != nil {
		return Reply{Job: r.ID}, err
	}
	return t.confirm(f, heardBy(r, path)), nil
}

// speaker is the person as the job is told of them.
func (t turn) speaker() string {
	if name := oneLine(t.user.Name); name != "" {
		return jobs.Shorten(name, maxShownTitle)
	}
	return t.name()
}

// heardBy says what becomes of what was said to a job.
func heardBy(r *jobs.Report, path string) string {
	switch {
	case r.Status == jobs.StatusAwaitingApproval:
		return "Noted for when it runs. Its plan still waits for approval:"
	case r.Cost.Shortage != nil:
		return "Noted, but it still waits for money (" + moneyWays(r.Cost.Shortage) + "):"
	case r.Status == jobs.StatusPaused:
		return "Noted for when it goes on:"
	case path != "":
		return "Noted for step " + path + " of"
	}
	return "Noted, it is taken into account from now on by"
}

// moneyWays says what helps a job that waits for money.
func moneyWays(s *jobs.Shortage) string {
	if s.Add == "" {
		return `"finish" ends it with what there is, "cancel" stops it`
	}
	return fmt.Sprintf(`"+%s" adds money, "finish" ends it with what there is, "cancel" stops it`, jobs.ShortUSD(s.Add))
}
