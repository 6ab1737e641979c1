package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/askbob/bob/jobs"
)

// deed is what a person does to a job that is at rest.
type deed int

const (
	leave deed = iota
	addMoney
	boundBranch
	finishNow
)

// request is a job as the property draws it.
type request struct {
	jobs.Request

	mark  string
	deeds []deed // by round
}

// enough bounds how long the property goes on: whole jobs take a while.
const enough = 25 * time.Second

func TestHostile_moneyAddsUpWhateverHappens(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	begun, checks, looks := time.Now(), 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		if time.Since(begun) > enough && checks >= 10 {
			return
		}
		checks++
		dir, err := os.MkdirTemp(base, "world")
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		looks += ordeal(rt, dir)
	})
	t.Logf("%d worlds, %d looks at their purses", checks, looks)
}

// ordeal has a hostile world do what it likes to a few jobs.
func ordeal(rt *rapid.T, dir string) (looks int) {
	w := world{
		seed:     rapid.Uint64().Draw(rt, "seed"),
		violence: rapid.IntRange(0, 60).Draw(rt, "violence"),
		lies:     rapid.IntRange(0, 100).Draw(rt, "lies"),
	}
	for i := range rapid.IntRange(0, 5).Draw(rt, "faults") {
		all := append(append([]blow{}, passing...), lasting...)
		w.faults = append(w.faults, all[rapid.IntRange(0, len(all)-1).Draw(rt, fmt.Sprintf("fault %d", i))])
	}
	list := drawJobs(rt)
	settings := fmt.Sprintf("jobs: {workers: %d, max_turns: 4, max_depth: 3, max_nodes: 40%s%s}\n", rapid.IntRange(1, 6).Draw(rt, "workers"),
		rapid.SampledFrom([]string{"", ", budget_per_user_day: 0.05", ", budget_per_user_day: 0.2"}).Draw(rt, "day"),
		rapid.SampledFrom([]string{"", ", budget_per_workspace_month: 0.1", ", budget_per_workspace_month: 0.4"}).Draw(rt, "month"))
	limits := rapid.SampledFrom([]string{"", ", max_concurrent: 1", ", max_concurrent: 3"}).Draw(rt, "limits")
	a, stopA := startFoe(w.answers("a"))
	defer stopA()
	b, stopB := startFoe(w.answers("b"))
	defer stopB()
	s := besiege(rt, besieged{dir: dir, settings: settings, limits: limits, step: time.Second}, a, b)
	defer s.lift()
	stop := s.watchPurses(time.Millisecond)
	s.suffer(list)
	looks, seen := stop()
	if looks == 0 || len(seen) > 0 {
		rt.Errorf("in %d looks at the purses: %v", looks, seen)
	}
	return looks
}

func drawJobs(rt *rapid.T) []request {
	var list []request
	for i := range rapid.IntRange(1, 4).Draw(rt, "jobs") {
		r := request{mark: fmt.Sprintf("mark-%d", i), Request: jobs.Request{
			User: rapid.SampledFrom([]string{"ann", "bea"}).Draw(rt, "user"), Workspace: rapid.SampledFrom([]string{"v", "w"}).Draw(rt, "workspace"),
			Budget: rapid.SampledFrom(funds).Draw(rt, "budget"),
		}}
		if rapid.Bool().Draw(rt, "asks") {
			r.Approval = jobs.Approval{Mode: jobs.ApproveAlways}
		}
		r.deeds = rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 3), func(n int) deed { return deed(n) }), 3, 3).Draw(rt, "deeds")
		list = append(list, r)
	}
	return list
}

// suffer runs the jobs, with a few rounds of what people do when nothing goes on,
// and ends what is open then.
func (s *siege) suffer(list []request) {
	s.Helper()
	marks := map[string]jobs.JobID{}
	for _, r := range list {
		marks[r.mark] = s.submit(r.mark, r.Request)
	}
	for round := range 4 {
		if !s.rest(500*time.Millisecond, patience) {
			s.Errorf("after %d rounds it does not come to rest", round)
			return
		}
		s.audit(marks)
		for _, r := range list {
			if round < len(r.deeds) {
				s.do(r.deeds[round], marks[r.mark])
			}
		}
	}
	for _, id := range marks {
		s.must(s.h.service.Do(context.Background(), nil, jobs.Cancel{Job: id, Reason: jobs.ReasonUser}))
	}
	if !s.rest(24*time.Hour, patience) {
		s.Errorf("it goes on after the end")
	}
	s.audit(marks)
	for mark, id := range marks {
		if r := s.report(id); !r.Status.Final() {
			s.Errorf("%s is cancelled and %s", mark, r.Status)
		}
	}
}

// do is what a person does to a job. What is refused changes nothing.
func (s *siege) do(d deed, id jobs.JobID) {
	s.Helper()
	ctx, r := context.Background(), s.report(id)
	if r.Status.Final() {
		return
	}
	var err error
	switch d {
	case addMoney:
		err = s.h.service.Do(ctx, nil, jobs.AddBudget{Job: id, Amount: 40_000_000})
	case boundBranch:
		err = s.h.service.Do(ctx, nil, jobs.SetBudget{Job: id, Path: "1", Budget: 6_000_000})
	case finishNow:
		err = s.h.service.Do(ctx, nil, jobs.FinishNow{Job: id})
	case leave:
	}
	if _, refused := errors.AsType[*jobs.UserError](err); err != nil && !refused && !errors.Is(err, jobs.ErrNotFound) {
		s.Errorf("deed %d: %v", d, err)
	}
	if r.Status == jobs.StatusAwaitingApproval {
		if err := s.h.service.Do(ctx, nil, jobs.Approve{Job: id, Revision: r.PlanRevision}); err != nil && d != finishNow {
			s.Errorf("approve: %v", err)
		}
	}
}

// TestHostile_usageBeyondBeliefDoesNotBreakTheBooks has every answer report nearly
// as much as an amount of money can hold.
func TestHostile_usageBeyondBeliefDoesNotBreakTheBooks(t *testing.T) {
	t.Parallel()
	for name, lie := range map[string]any{
		"of money": usage(int64(4e15), int64(2e15)), "of tokens": usage(int64(9e15), 0), "beyond": usage(math.MaxInt64, math.MaxInt64),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := besiege(t, besieged{dir: t.TempDir()}, newFoe(t, always(func(w http.ResponseWriter, r *http.Request, a asked) {
				a.lie = lie
				good(w, r, a)
			})))
			defer s.lift()
			id := s.submit("mark-1", jobs.Request{Budget: -1})
			if !s.rest(10*time.Second, patience/4) {
				t.Errorf("it does not come to rest")
			}
			if r := s.report(id); r.Status != jobs.StatusCompleted || len(r.Calls) != 4 || amount(t, r.Cost.USD) <= 0 || r.Tokens.Input < 0 {
				t.Errorf("got %s, %d calls, $%s, %+v", r.Status, len(r.Calls), r.Cost.USD, r.Tokens)
			}
			s.audit(map[string]jobs.JobID{"mark-1": id})
		})
	}
}
