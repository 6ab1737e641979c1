package bot

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
)

// Bounds of a card's texts, in characters: renderers have little room, and all of
// it comes from people and models.
const (
	maxStepTitle  = 80
	maxStepDetail = 150
	maxActivity   = 150
	maxWaitText   = 300
	maxErrorText  = 300
)

// CardView is what a card shows beside its job's report.
type CardView struct {
	Top   []jobs.TopStep // of the tree
	More  int            // steps that Top leaves out
	Muted bool
}

// NewCard makes a job's card of a report, which needs no nodes. The same report gives
// the same card for a while, but for its At: times are rounded, so that a card which is
// compared with the one before does not differ every second.
func NewCard(r *jobs.Report, v CardView, now time.Time) Card {
	c := Card{
		Job: r.ID, Title: titleOf(r), Status: r.Status, State: cardState(r), Percent: cardPercent(r),
		Facts: cardFacts(r, now), Activity: cardActivity(r), Steps: cardSteps(v.Top), More: v.More,
		Buttons: cardButtons(r, v.Muted),
	}
	if r.Status.Final() {
		return c
	}
	c.At = now
	for _, w := range r.Waiting {
		c.Waits = append(c.Waits, waitLine(w, now))
	}
	c.Hints = []string{fmt.Sprintf("Ask for it at any time with: status %s", r.ID)}
	if r.Status == jobs.StatusPlanning {
		c.Hints = append(c.Hints, "What you reply in this thread, the job is told.")
	}
	return c
}

// cardState says a wish that is not fulfilled yet instead of the state, and that a
// person is waited for where nothing else happens.
func cardState(r *jobs.Report) string {
	switch {
	case r.Status.Final():
		if why := reasonWords(r.Reason); why != "" && r.Reason != jobs.ReasonUser && r.Status != jobs.StatusCompleted {
			return stateWords(r.Status) + ": " + why
		}
	case r.Desired == jobs.DesiredCancel:
		return stateMark(jobs.StatusCancelled) + " Being cancelled"
	case r.Desired == jobs.DesiredPause && r.Status != jobs.StatusPaused:
		return stateMark(jobs.StatusPaused) + " Being paused"
	case stuckOnPeople(r):
		return stateWords(jobs.StatusWaitingForInput)
	}
	return stateWords(r.Status)
}

// stuckOnPeople reports whether nothing of a job is at work and somebody must act.
func stuckOnPeople(r *jobs.Report) bool {
	if r.Status != jobs.StatusWaitingForChildren || r.Summary.Running > 0 || r.Current != "" {
		return false
	}
	return slices.ContainsFunc(r.Waiting, func(w jobs.Wait) bool { return forPerson(w.Reason) })
}

// forPerson reports whether a person must act before what waits so goes on.
func forPerson(reason jobs.Reason) bool {
	switch reason {
	case jobs.ReasonApproval, jobs.ReasonQuestion, jobs.ReasonEffectUnknown, jobs.ReasonBudget:
		return true
	default:
		return false
	}
}

// awaitsPerson reports whether a card asks people for something.
func awaitsPerson(r *jobs.Report) bool {
	return !r.Status.Final() && (r.Status == jobs.StatusAwaitingApproval || r.Status == jobs.StatusWaitingForInput || r.Cost.Shortage != nil ||
		slices.ContainsFunc(r.Waiting, func(w jobs.Wait) bool { return forPerson(w.Reason) }))
}

// cardPercent is how much is done. Of a job that ended without all of it, that is what
// was done, not how far the last step came.
func cardPercent(r *jobs.Report) int {
	switch {
	case r.Summary.Total == 0, r.Status == jobs.StatusPlanning, r.Status == jobs.StatusAwaitingApproval:
		return -1
	case r.Status.Final() && r.Status != jobs.StatusCompleted:
		return r.Summary.Completed * 100 / r.Summary.Total
	}
	return percent(r.Progress)
}

func cardFacts(r *jobs.Report, now time.Time) []string {
	tokens := ""
	if r.Tokens.Sum() > 0 {
		tokens = r.Tokens.Words()
	}
	facts := []string{timeFact(r, now), oneLine(r.Cost.Words()), tokens}
	switch r.Status {
	case jobs.StatusPlanning:
	case jobs.StatusAwaitingApproval:
		facts = append(forecastFacts(r), oneLine(r.Cost.Words())+" spent so far")
	default:
		facts = append([]string{r.Summary.Words()}, facts...)
	}
	return slices.DeleteFunc(facts, func(f string) bool { return f == "" })
}

// timeFact is what a job took, or how long it has gone on and will. Where only people
// are waited for, time says nothing: the waits say since when.
func timeFact(r *jobs.Report, now time.Time) string {
	took := r.Elapsed(now)
	switch {
	case r.Status.Final():
		if took <= 0 {
			return ""
		}
		return "took " + jobs.HumanDuration(took)
	case r.Status == jobs.StatusPaused, r.Status == jobs.StatusWaitingForInput, stuckOnPeople(r):
		return ""
	}
	text := ""
	if took = coarse(took); took > 0 {
		text = jobs.HumanDuration(took) + " so far"
	}
	left := time.Duration(r.RemainingMS) * time.Millisecond
	if left <= 0 || r.Status == jobs.StatusPlanning {
		return text
	}
	ahead := "about " + jobs.HumanDuration(coarseUp(left)) + " left"
	if text == "" {
		return ahead
	}
	return text + ", " + ahead
}

// grain is how exactly a duration is told: a card must not change every second.
func grain(d time.Duration) time.Duration {
	switch {
	case d < 2*time.Minute:
		return 10 * time.Second
	case d < time.Hour:
		return time.Minute
	}
	return 5 * time.Minute
}

func coarse(d time.Duration) time.Duration { return d.Truncate(grain(d)) }

func coarseUp(d time.Duration) time.Duration {
	if down := coarse(d); down < d {
		return down + grain(d)
	}
	return d
}

func forecastFacts(r *jobs.Report) []string {
	f := r.Forecast
	if f == nil {
		return nil
	}
	count := r.Summary.Total // as the card counts later: the forecast counts what puts results together too
	if count == 0 {
		count = f.Steps
	}
	steps := fmt.Sprintf("%d steps", count)
	if count == 1 {
		steps = "1 step"
	}
	cost := "about " + jobs.ShortUSD(f.CostLow)
	if high := jobs.ShortUSD(f.CostHigh); high != jobs.ShortUSD(f.CostLow) {
		cost += ", at most " + high + " likely"
	}
	if f.Unpriced > 0 {
		cost += fmt.Sprintf(" (steps of unknown price: %d)", f.Unpriced)
	}
	took := ""
	if f.TimeHighMS > 0 {
		took = "about " + jobs.HumanMS(f.TimeLowMS) + ", at most " + jobs.HumanMS(f.TimeHighMS) + " likely"
	}
	return []string{steps, cost, took}
}

func cardActivity(r *jobs.Report) string {
	if !r.Status.Final() {
		return jobs.Shorten(oneLine(r.Current), maxActivity)
	}
	if r.Status == jobs.StatusCompleted {
		return ""
	}
	return jobs.Shorten(oneLine(r.Error), maxErrorText)
}

// waitLine says what is waited for, since when, and until when.
func waitLine(w jobs.Wait, now time.Time) string {
	text := jobs.Shorten(oneLine(w.Text), maxWaitText)
	if since := waited(now.Sub(w.Since)); since != "" && !w.Since.IsZero() {
		text += " · for " + since
	}
	if w.Until != nil {
		text += " · until " + w.Until.UTC().Format("2006-01-02 15:04 UTC")
	}
	return text
}

// waited is coarser than coarse: who waits for a person waits long, and each change
// of a card costs an edit. Empty: not worth a word.
func waited(d time.Duration) string {
	switch {
	case d < time.Minute:
		return ""
	case d < 5*time.Minute:
		d = d.Truncate(time.Minute)
	case d < time.Hour:
		d = d.Truncate(5 * time.Minute)
	case d < 24*time.Hour:
		d = d.Truncate(time.Hour)
	default:
		d = d.Truncate(24 * time.Hour)
	}
	return jobs.HumanDuration(d)
}

func cardSteps(top []jobs.TopStep) []CardRow {
	var rows []CardRow
	for _, s := range top {
		rows = append(rows, CardRow{
			Path: s.Path, Title: jobs.Shorten(oneLine(s.Title), maxStepTitle), Status: s.Status, State: stepState(s), Detail: stepDetail(s),
		})
	}
	return rows
}

func stepState(s jobs.TopStep) string {
	switch {
	case s.Status.Final():
	case s.Desired == jobs.DesiredCancel:
		return stateMark(jobs.StatusCancelled) + " Being cancelled"
	case s.Desired == jobs.DesiredPause && s.Status != jobs.StatusPaused:
		return stateMark(jobs.StatusPaused) + " Being paused"
	}
	return stateWords(s.Status)
}

// stepDetail is how far a branch is, what a step does, or why it waits or ended so.
func stepDetail(s jobs.TopStep) string {
	var parts []string
	if s.Leaves.Total > 1 {
		parts = append(parts, s.Leaves.Words())
	}
	switch {
	case s.Status == jobs.StatusCompleted:
	case s.Status.Final():
		why := oneLine(s.Error)
		if why == "" && s.Reason != jobs.ReasonUser {
			why = reasonWords(s.Reason)
		}
		parts = append(parts, why)
	case s.Status == jobs.StatusRunning:
		parts = append(parts, oneLine(s.Current))
	case s.Reason != jobs.ReasonUser:
		parts = append(parts, reasonWords(s.Reason))
	}
	return jobs.Shorten(strings.TrimSpace(joined(parts...)), maxStepDetail)
}
