package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/askbob/bob/jobs"
)

// The bodies of the commands.
type (
	// Place names a part of a job.
	Place struct {
		Path string `json:"path,omitempty"` // such as 1.2; empty: the whole job
	}
	// Again names a part of a job, and what its leaf is to do instead.
	Again struct {
		Path   string `json:"path,omitempty"`
		Prompt string `json:"prompt,omitempty"` // empty: as before
	}
	// Urgency is a job's new priority.
	Urgency struct {
		Priority jobs.Priority `json:"priority"` // low, medium, high or urgent
	}
	// Approval names the plan that may run.
	Approval struct {
		Revision int `json:"revision"` // plan_revision of the report that was read
	}
	// Edits change a plan that waits for approval.
	Edits struct {
		Revision int         `json:"revision"`
		Edits    []jobs.Edit `json:"edits"`
	}
	// Replan has a plan that waits for approval made anew.
	Replan struct {
		Revision int    `json:"revision"`
		Wish     string `json:"wish,omitempty"`    // what is to be different
		Cheaper  bool   `json:"cheaper,omitempty"` // instead of a wish: at less cost
	}
	// Message is what a person says to a job while it runs.
	Message struct {
		Path string `json:"path,omitempty"` // whom it concerns; empty: the whole job
		Text string `json:"text"`
	}
	// Allowance is a job's new budget.
	Allowance struct {
		Budget *Dollars `json:"budget"`
	}
)

// do makes a route's function of what a command does with its body. The answer is
// the job as it is then, without its nodes.
func do[T any](s *Server, act func(ctx context.Context, id jobs.JobID, in T) error) handle {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in T
		if err := command(w, r, &in); err != nil {
			return err
		}
		id := jobs.JobID(r.PathValue("id"))
		switch err := act(r.Context(), id, in); {
		case errors.Is(err, jobs.ErrNotFound):
			return refused(err, http.StatusNotFound)
		case err != nil:
			return refused(err, http.StatusConflict)
		}
		report, err := s.cfg.Service.Status(r.Context(), id)
		if err != nil {
			return err
		}
		return answer(w, http.StatusOK, report)
	}
}

// control does what a person may do to a job or to a part of it.
func (s *Server) control(ctx context.Context, c jobs.Command) error {
	c.By = actor()
	if err := c.Check(); err != nil {
		return refused(err, http.StatusUnprocessableEntity)
	}
	return s.cfg.Service.Control(ctx, c)
}

func actor() jobs.Actor { return jobs.Actor{User: caller, Surface: "api"} }

func (s *Server) place(verb jobs.Verb) handle {
	return do(s, func(ctx context.Context, id jobs.JobID, in Place) error {
		return s.control(ctx, jobs.Command{Job: id, Verb: verb, Path: in.Path})
	})
}

func (s *Server) again(verb jobs.Verb) handle {
	return do(s, func(ctx context.Context, id jobs.JobID, in Again) error {
		return s.control(ctx, jobs.Command{Job: id, Verb: verb, Path: in.Path, Prompt: in.Prompt})
	})
}

func (s *Server) prioritize(ctx context.Context, id jobs.JobID, in Urgency) error {
	return s.control(ctx, jobs.Command{Job: id, Verb: jobs.VerbPriority, Priority: in.Priority})
}

func (s *Server) approve(ctx context.Context, id jobs.JobID, in Approval) error {
	if in.Revision < 1 {
		return missing("revision", "the plan_revision of the job's report")
	}
	return s.cfg.Service.Do(ctx, nil, jobs.Approve{Job: id, Revision: in.Revision, By: actor()})
}

func (s *Server) edit(ctx context.Context, id jobs.JobID, in Edits) error {
	switch {
	case in.Revision < 1:
		return missing("revision", "the plan_revision of the job's report")
	case len(in.Edits) == 0:
		return missing("edits", "what to change, such as [{\"op\":\"drop\",\"path\":\"1.2\"}]")
	}
	_, err := s.cfg.Service.EditPlan(ctx, actor(), id, in.Revision, in.Edits)
	return err
}

func (s *Server) replan(ctx context.Context, id jobs.JobID, in Replan) error {
	switch {
	case in.Revision < 1:
		return missing("revision", "the plan_revision of the job's report")
	case in.Cheaper && in.Wish != "":
		return &fault{status: http.StatusUnprocessableEntity, detail: "wish and cheaper exclude each other: send one of them."}
	case in.Cheaper:
		return s.cfg.Service.Cheaper(ctx, actor(), id, in.Revision)
	case strings.TrimSpace(in.Wish) == "":
		return missing("wish", "what is to be different, or cheaper: true")
	}
	return s.cfg.Service.Rewrite(ctx, actor(), id, in.Revision, in.Wish)
}

func (s *Server) budget(ctx context.Context, id jobs.JobID, in Allowance) error {
	if in.Budget == nil {
		return missing("budget", "US dollars such as 2 or \"0.50\"")
	}
	return s.cfg.Service.Do(ctx, nil, jobs.SetBudget{Job: id, Budget: jobs.Money(*in.Budget), By: actor()})
}

// message answers what the job asks, or else tells it what to take into account.
func (s *Server) message(ctx context.Context, id jobs.JobID, in Message) error {
	r, err := s.cfg.Service.Status(ctx, id)
	if err != nil {
		return err
	}
	asks := slices.ContainsFunc(r.Waiting, func(w jobs.Wait) bool {
		return (w.Reason == jobs.ReasonQuestion || w.Reason == jobs.ReasonEffectUnknown) && jobs.Under(w.Path, in.Path)
	})
	if asks {
		return s.cfg.Service.Answer(ctx, jobs.Answer{Job: id, Path: in.Path, Text: in.Text, By: actor()})
	}
	return s.cfg.Service.Do(ctx, nil, jobs.Say{Job: id, Path: in.Path, User: caller, Text: in.Text, By: actor()})
}

func missing(field, what string) error {
	return &fault{status: http.StatusUnprocessableEntity, detail: field + " is missing: send " + what + "."}
}
