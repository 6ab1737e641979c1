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
		return true, r.h.service.Approve(ctx, r.id, report.PlanRevision)
	case "c", "cheaper":
		return r.replan(ctx, report.PlanRevision, "")
	case "w", "words":
		r.p.sayf("What is to be different? ")
		if wish := r.line(); wish != "" {
			return r.replan(ctx, report.PlanRevision, wish)
		}
		return true, nil // it is asked again
	}
	return false, r.h.service.Cancel(ctx, r.id)
}

// replan has the plan made anew: an empty wish is for a cheaper one. It reports
// whether the job goes on; a wish that is refused is asked for again.
func (r *runner) replan(ctx context.Context, revision int, wish string) (bool, error) {
	by := jobs.Actor{Surface: "cli"}
	var err error
	if wish == "" {
		err = r.h.service.Cheaper(ctx, by, r.id, revision)
	} else {
		err = r.h.service.Rewrite(ctx, by, r.id, revision, wish)
	}
	if user, ok := errors.AsType[*jobs.UserError](err); ok {
		r.p.sayf("%s\n", user.Message)
		return true, nil
	}
	return true, err
}

// decide does with a plan that waits for approval what was said on the command line.
func (r *runner) decide(ctx context.Context, report *jobs.Report) error {
	by := jobs.Actor{Surface: "cli"}
	wish := strings.TrimSpace(r.o.change)
	switch {
	case r.o.cheaper:
		return r.h.service.Cheaper(ctx, by, r.id, report.PlanRevision)
	case wish != "":
		return r.h.service.Rewrite(ctx, by, r.id, report.PlanRevision, wish)
	case r.o.approve == "auto" && report.Status == jobs.StatusAwaitingApproval:
		return r.h.service.Approve(ctx, r.id, report.PlanRevision)
	}
	return nil
}
