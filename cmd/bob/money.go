package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/forecast"
	"github.com/askbob/bob/jobs/run"
	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/price"
)

// budget is the new job's, given on the command line or configured.
func (r *runner) budget() (jobs.Money, error) {
	budget := r.h.cfg.Jobs.Budget
	for _, text := range r.o.budget {
		path, amount, err := parseBudget(text)
		switch {
		case err != nil:
			return 0, err
		case path != "":
			return 0, fmt.Errorf("--budget %s: a new job has no branches yet; give the job's dollars, and the branch's with --resume", text)
		}
		budget = amount
	}
	return budget, nil
}

// setBudgets sets the budgets that were given for a job that goes on.
func (r *runner) setBudgets(ctx context.Context) error {
	for _, text := range r.o.budget {
		path, amount, err := parseBudget(text)
		if err != nil {
			return err
		}
		err = r.h.service.Do(ctx, nil, jobs.SetBudget{Job: r.id, Path: path, Budget: amount, By: terminalUser()})
		if errors.Is(err, jobs.ErrNotFound) {
			return fmt.Errorf("--budget %s: the job has no step %s; bob status %s shows them", text, path, r.id)
		}
		if err != nil {
			return fmt.Errorf("--budget %s: %w", text, err)
		}
	}
	return nil
}

// parseBudget reads USD or PATH=USD.
func parseBudget(text string) (path string, amount jobs.Money, err error) {
	dollars := text
	if before, after, ok := strings.Cut(text, "="); ok {
		path, dollars = before, after
		if path == "" {
			return "", 0, fmt.Errorf("--budget %s: the step is missing; write PATH=USD such as 1.2=0.50", text)
		}
	}
	if amount, err = llm.ParseMoney(dollars); err != nil {
		return "", 0, fmt.Errorf("--budget: %w", err)
	}
	return path, amount, nil
}

// approval is the policy of a new job; zero: as configured. Where nobody can be
// asked plans run, unless that was asked for.
func (r *runner) approval() jobs.Approval {
	switch {
	case r.o.approve == "ask":
		return jobs.Approval{Mode: jobs.ApproveAlways}
	case r.o.approve == "auto" || !r.person():
		return jobs.Approval{Mode: jobs.ApproveNever}
	}
	return jobs.Approval{}
}

// askMoney puts the three answers to a shortage to the person at the terminal, and
// reports whether the job can go on.
func (r *runner) askMoney(ctx context.Context, s *jobs.Shortage) (bool, error) {
	more, err := llm.ParseMoney(s.Add)
	helps := err == nil
	r.p.sayf("\n%s\n", terminal.Clean(s.Question))
	if helps {
		r.p.sayf("  1  add %s\n", more.Short())
	}
	r.p.sayf("  2  finish with what there is\n  3  stop\nAnything else leaves the job as it is. ")
	switch word := r.answer(); {
	case word == "1" && helps:
		return true, r.h.service.Do(ctx, nil, jobs.AddBudget{Job: r.id, Amount: more, By: terminalUser()})
	case word == "2":
		return true, r.h.service.Do(ctx, nil, jobs.FinishNow{Job: r.id, By: terminalUser()})
	case word == "3":
		return true, r.h.service.Do(ctx, nil, jobs.Cancel{Job: r.id, Reason: jobs.ReasonUser, By: terminalUser()})
	}
	return false, nil
}

// moneyWords says what a job lacks, and how to go on with it.
func moneyWords(c jobs.CostReport, again string) string {
	s := c.Shortage
	switch {
	case s == nil:
		return "the job waits for money: go on with: " + again + " --budget DOLLARS, or end it with: " + again + " --finish"
	case s.Add == "" && s.Until != nil:
		return fmt.Sprintf("the job waits for money. %s Go on after %s with: %s, or end it with: %s --finish",
			s.Question, s.Until.UTC().Format(time.RFC3339), again, again)
	}
	budget := "DOLLARS"
	have, errHave := llm.ParseMoney(c.Budget)
	more, errMore := llm.ParseMoney(s.Add)
	if s.Purse == jobs.PurseJob && errHave == nil && errMore == nil {
		budget = strings.TrimPrefix((have + more).Short(), "$")
	}
	if s.Purse == jobs.PurseBranch {
		budget = "PATH=DOLLARS"
	}
	return fmt.Sprintf("the job waits for money. %s Go on with: %s --budget %s, or end it with: %s --finish", s.Question, again, budget, again)
}

// quote says which model a step would be given, and what it costs.
func (r *roster) quote(purpose llm.Purpose, n jobs.Requirements) (forecast.Quote, error) {
	list, err := r.router.Candidates(purpose, needs(run.Want{Purpose: purpose, Needs: n}))
	if err != nil {
		return forecast.Quote{}, err
	}
	m := list[0].Model
	e := m.Estimate(llm.Request{})
	q := forecast.Quote{Model: e.Provider + "/" + e.Model}
	if metered, ok := m.(interface {
		Price(model string) (price.Price, bool)
	}); ok {
		p, known := metered.Price("")
		q.In, q.Out, q.Priced = p.In, p.Out, known
	}
	return q, nil
}
