package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
)

// askPlan shows the person at the terminal the plan that waits for approval, and
// reports whether the job goes on.
func (r *runner) askPlan(ctx context.Context, report *jobs.Report) (bool, error) {
	r.p.sayf("\n%s", terminal.Detail(report, time.Now()))
	r.p.sayf("Run this plan? y: yes, c: make it cheaper first, w: change it in words first, anything else: stop the job. ")
	switch r.answer() {
	case "y", "yes":
		return true, r.tell(r.approve(ctx, report.PlanRevision))
	case "c", "cheaper":
		return true, r.tell(r.h.service.Cheaper(ctx, terminalUser(), r.id, report.PlanRevision))
	case "w", "words":
		r.p.sayf("What is to be different? ")
		if wish := r.line(); wish != "" {
			return true, r.tell(r.h.service.Rewrite(ctx, terminalUser(), r.id, report.PlanRevision, wish))
		}
		return true, nil // it is asked again
	}
	return false, r.h.service.Do(ctx, nil, jobs.Cancel{Job: r.id, Reason: jobs.ReasonUser, By: terminalUser()})
}

// tell says why something was refused, and returns every other error: the person is
// asked again.
func (r *runner) tell(err error) error {
	if user, ok := errors.AsType[*jobs.UserError](err); ok {
		r.p.sayf("%s\n", user.Message)
		return nil
	}
	return err
}

// decide does with a plan that waits for approval what was said on the command line.
func (r *runner) decide(ctx context.Context, report *jobs.Report) error {
	wish := strings.TrimSpace(r.o.change)
	switch {
	case r.o.cheaper:
		return r.h.service.Cheaper(ctx, terminalUser(), r.id, report.PlanRevision)
	case wish != "":
		return r.h.service.Rewrite(ctx, terminalUser(), r.id, report.PlanRevision, wish)
	case r.o.approve == "auto" && report.Status == jobs.StatusAwaitingApproval:
		return r.approve(ctx, report.PlanRevision)
	}
	return nil
}

func (r *runner) approve(ctx context.Context, revision int) error {
	return r.h.service.Do(ctx, nil, jobs.Approve{Job: r.id, Revision: revision, By: terminalUser()})
}
