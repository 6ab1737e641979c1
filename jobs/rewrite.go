package jobs

import (
	"context"
	"fmt"
)

// Rewrite has a plan that waits for approval made anew, as people want it. The job
// is planned again, with the plan as it is and the wish before the planner's eyes;
// what comes of it waits for approval in its place. If nothing does, the plan waits
// as it was. It is refused if revision is not the newest, and does nothing if the
// same change is under way.
type Rewrite struct {
	Job      JobID
	Revision int
	Wish     string
	Cheaper  bool // the wish is Service.Cheaper's
	By       Actor
}

func (Rewrite) isChange() {}

// Rewriting is what a planner is told of a plan that is to be changed.
type Rewriting struct {
	Plan    Plan // whose keys are paths
	Wish    string
	Cheaper bool
	Cost    string // what the plan is foretold to come to at most, such as "$0.12"; empty: not known
}

// RewriteState says how far a change of a plan is.
type RewriteState string

// The states.
const (
	RewriteOpen   RewriteState = "open"   // it is being made
	RewriteDone   RewriteState = "done"   // another plan came of it
	RewriteFailed RewriteState = "failed" // the plan is as it was
)

// RewriteReport is the last change of a job's plan that people wished for.
type RewriteReport struct {
	Revision int             `json:"revision"` // of the plan that was to be changed
	State    RewriteState    `json:"state"`
	Cheaper  bool            `json:"cheaper"`
	Wish     string          `json:"wish"`
	Note     string          `json:"note"`             // what came of it, for people; empty: nothing to say
	Before   *ForecastReport `json:"before,omitempty"` // of the plan that was to be changed; nil: there is none
}

// cheaperWish is what a planner is told if people say no more than "cheaper".
const cheaperWish = "Make it cheaper: fewer steps, smaller models, and leave out what is optional."

// Cheaper has a plan that waits for approval replaced by a cheaper one, which waits
// for approval then. It returns as soon as that is on disk; nothing was planned
// then. It returns a *UserError for an old revision, for a plan that is being
// changed in another way, and for a job that does not wait for approval; ErrNotFound
// if there is no such job. Asking twice is harmless.
func (s *Service) Cheaper(ctx context.Context, by Actor, id JobID, revision int) error {
	return s.apply(ctx, Rewrite{Job: id, Revision: revision, Wish: cheaperWish, Cheaper: true, By: by})
}

// Rewrite is Cheaper for what a person says is to be different. A wish that is empty
// or longer than MaxSaid is refused with a *UserError.
func (s *Service) Rewrite(ctx context.Context, by Actor, id JobID, revision int, wish string) error {
	wish, err := checkSaid("wish", wish)
	if err != nil {
		return err
	}
	return s.apply(ctx, Rewrite{Job: id, Revision: revision, Wish: wish, By: by})
}

// BeingChanged says that a plan cannot be approved or edited now.
func BeingChanged(job JobID) error {
	return &UserError{Message: fmt.Sprintf("The plan of job %s is being changed: wait for the new one, then say yes to that.", job)}
}

// Against says in a sentence what a plan that was to be cheaper is foretold to come
// to beside the one before. A nil forecast is one that nobody could make.
func (f *Forecast) Against(before *Forecast) string {
	if f == nil || before == nil || f.Unpriced > 0 || before.Unpriced > 0 {
		return "Whether it is cheaper cannot be foretold: compare the steps."
	}
	is, was := f.CostHigh.Short(), before.CostHigh.Short()
	switch {
	case f.CostHigh < before.CostHigh:
		return fmt.Sprintf("It is foretold to cost up to %s, the plan before up to %s.", is, was)
	case f.CostHigh > before.CostHigh:
		return fmt.Sprintf("It is not cheaper: it is foretold to cost up to %s, the plan before up to %s.", is, was)
	}
	text := fmt.Sprintf("It is not cheaper: both plans are foretold to cost up to %s.", is)
	if f.TimeHigh < before.TimeHigh {
		text += fmt.Sprintf(" It is foretold to take up to %s, the plan before up to %s.", HumanDuration(f.TimeHigh), HumanDuration(before.TimeHigh))
	}
	return text
}
