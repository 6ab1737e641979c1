package bot

import (
	"strconv"
	"strings"

	"github.com/askbob/bob/jobs"
)

// maxAnswers bounds the questions that a card has a button for.
const maxAnswers = 3

// cardButtons are those that make sense now, the most likely first.
func cardButtons(r *jobs.Report, muted bool) []Button {
	b := jobButtons{job: r.ID}
	if r.Status.Final() {
		b.ended(r)
		return b.list
	}
	b.awaited(r)
	b.add(ActDetails, "", "View details")
	b.control(r)
	if muted {
		b.add(ActMute, "off", "Unmute")
	} else {
		b.add(ActMute, "", "Mute")
	}
	return b.list
}

// jobButtons collects the buttons of one job.
type jobButtons struct {
	job  jobs.JobID
	list []Button
}

func (b *jobButtons) add(action Action, arg, label string) {
	b.list = append(b.list, Button{Action: action, Job: b.job, Arg: arg, Label: label})
}

// first makes the button added last the one that stands out.
func (b *jobButtons) first() { b.list[len(b.list)-1].Style = StylePrimary }

// danger lets the button added last ask before it acts.
func (b *jobButtons) danger(c Confirm) {
	last := &b.list[len(b.list)-1]
	last.Style, last.Confirm = StyleDanger, &c
}

// ended offers what can be done with a final job.
func (b *jobButtons) ended(r *jobs.Report) {
	b.add(ActResults, "", "View results")
	b.first()
	b.retry(r)
	b.add(ActAgain, "", "Run again")
	b.add(ActDetails, "", "View details")
}

// retry offers to run again what did not succeed.
func (b *jobButtons) retry(r *jobs.Report) {
	switch {
	case r.Summary.Failed > 0:
		b.add(ActRetry, "", "Retry failed")
	case r.Status != jobs.StatusCompleted:
		b.add(ActRetry, "", "Retry")
	}
}

// awaited offers the answers to what the job asks people.
func (b *jobButtons) awaited(r *jobs.Report) {
	if r.Status == jobs.StatusAwaitingApproval {
		b.approval(r)
	}
	b.answers(r)
	if r.Cost.Shortage != nil {
		b.money(r.Cost.Shortage)
	}
}

func (b *jobButtons) approval(r *jobs.Report) {
	revision := strconv.Itoa(r.PlanRevision)
	b.add(ActApprove, revision, "Run")
	b.first()
	b.add(ActPlan, "", "View plan")
	b.add(ActEdit, revision, "Edit")
	b.add(ActCheaper, revision, "Cheaper")
	b.add(ActReject, revision, "Cancel")
	b.danger(Confirm{Title: "Cancel this job?", Text: "Its plan does not run, and the job ends.", Yes: "Cancel the job", No: "Keep it"})
}

// answers offers one button per question, as far as they are known.
func (b *jobButtons) answers(r *jobs.Report) {
	var asking []jobs.Wait
	for _, w := range r.Waiting {
		if isQuestion(w) && len(asking) < maxAnswers {
			asking = append(asking, w)
		}
	}
	for _, w := range asking {
		label := "Answer"
		if len(asking) > 1 && w.Path != "" {
			label += " step " + w.Path
		}
		b.add(ActAnswer, w.Path, label)
		b.first()
	}
}

// isQuestion reports whether a person's answer lets a wait end.
func isQuestion(w jobs.Wait) bool {
	return w.Reason == jobs.ReasonQuestion || w.Reason == jobs.ReasonEffectUnknown
}

// money offers what helps a job that lacks some.
func (b *jobButtons) money(s *jobs.Shortage) {
	if s.Add != "" {
		add := strings.TrimSuffix(strings.TrimPrefix(jobs.ShortUSD(s.Add), "$"), ".00")
		b.add(ActAdd, add, "+$"+add)
		b.first()
	}
	b.add(ActFinish, "", "Finish with what there is")
	b.add(ActCancel, "", "Stop")
	b.danger(stopping())
}

// control offers to pause or resume, and to cancel, unless that was offered already.
func (b *jobButtons) control(r *jobs.Report) {
	if r.Desired == jobs.DesiredCancel {
		return
	}
	offered := false
	for _, o := range b.list {
		offered = offered || o.Action == ActCancel || o.Action == ActReject
	}
	switch {
	case r.Status == jobs.StatusPaused || r.Desired == jobs.DesiredPause:
		b.add(ActResume, "", "Resume")
	case !offered:
		b.add(ActPause, "", "Pause")
	}
	if !offered {
		b.add(ActCancel, "", "Cancel")
		b.danger(stopping())
	}
}

func stopping() Confirm {
	return Confirm{Title: "Cancel this job?", Text: "All that is open ends at once. What is done is kept.", Yes: "Cancel the job", No: "Let it go on"}
}
