package storage_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
)

// editor edits plans as people do, each foretold to cost as many nano-dollars as it
// has steps.
func editor(t *testing.T, d *draft) func(revision int, edits ...jobs.Edit) int {
	t.Helper()
	s, err := jobs.NewService(jobs.ServiceConfig{
		Store: d.store, Inspector: anyFile{}, Now: d.clock.Now,
		Forecast: func(_ context.Context, id jobs.JobID, p jobs.Plan) *jobs.Forecast {
			if id != draftJob {
				t.Errorf("asked about %s", id)
			}
			return &jobs.Forecast{CostHigh: jobs.Money(len(p.Steps)), TimeHigh: time.Minute, Steps: len(p.Steps)}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(revision int, edits ...jobs.Edit) int {
		t.Helper()
		n, err := s.EditPlan(t.Context(), jobs.Actor{}, draftJob, revision, edits)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
}

func TestEditPlan_isForetoldAnew(t *testing.T) {
	t.Parallel()
	d := newDraft(t, twoBranches())
	d.clock.set(d.clock.Now().Add(time.Hour)) // a person's hour is not the plan's
	d.must(jobs.Command{Job: draftJob, Path: "1.1", Verb: jobs.VerbSkip})
	revision := editor(t, d)(1, jobs.Edit{Op: jobs.EditDrop, Path: "2"})
	r := d.report(draftJob)
	want := &jobs.ForecastReport{
		CostLow: jobs.Money(0).String(), CostHigh: jobs.Money(3).String(), TimeHighMS: time.Minute.Milliseconds(), Steps: 3,
	}
	if diff := cmp.Diff(want, r.Forecast); diff != "" || revision != 2 || r.PlanRevision != 2 {
		t.Errorf("revision %d, forecast (-want +got):\n%s", r.PlanRevision, diff)
	}
	d.sound(t)
	root, err := d.store.Root(t.Context(), draftJob)
	if err != nil || root.Needs != (jobs.Requirements{PrivateOnly: true}) || root.Type != jobs.TypeRootJob {
		t.Errorf("the root is %+v, %v", root, err)
	}
}

func TestEditPlan_ofOneStepMayMakeATreeAndBack(t *testing.T) {
	t.Parallel()
	d := newDraft(t, onePlan())
	edit := editor(t, d)
	if n := edit(1, jobs.Edit{Op: jobs.EditPrompt, Prompt: "do half of it"}); n != 2 || d.plan().Steps[0].Prompt != "do half of it" {
		t.Errorf("revision %d, %+v", n, d.plan().Steps)
	}
	edit(2, jobs.Edit{Op: jobs.EditAdd, Title: "more", Prompt: "do the other half", DependsOn: []string{"1"}})
	r := d.report(draftJob)
	if len(r.Nodes) != 3 || r.Nodes[0].Prompt != "do it" || r.Nodes[1].Prompt != "do half of it" || len(r.Nodes[2].DependsOn) != 1 || r.Summary.Total != 2 {
		t.Errorf("got %+v", r.Nodes)
	}
	d.sound(t)
	edit(3, jobs.Edit{Op: jobs.EditDrop, Path: "1"})
	r = d.report(draftJob)
	if len(r.Nodes) != 1 || r.Nodes[0].Prompt != "do the other half" || r.Summary.Total != 1 || r.Forecast.Steps != 1 {
		t.Errorf("got %+v, %+v", r.Nodes, r.Summary)
	}
	d.sound(t)
	d.must(jobs.Approve{Job: draftJob, Revision: 4})
	d.must(jobs.Finish{Node: d.claim(draftJob, ""), Status: jobs.StatusCompleted, Result: "done"})
	if r = d.report(draftJob); r.Status != jobs.StatusCompleted {
		t.Errorf("got %s", r.Status)
	}
	d.sound(t)
}

func TestServiceRewrite_refusesWhatIsNoWish(t *testing.T) {
	t.Parallel()
	d := newDraft(t, twoBranches())
	s, err := jobs.NewService(jobs.ServiceConfig{Store: d.store, Inspector: anyFile{}, Now: d.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	for wish, part := range map[string]string{" \n": "is empty", string(make([]rune, jobs.MaxSaid+1)): "at most 4000", "\xff": "UTF-8"} {
		if err := s.Rewrite(t.Context(), jobs.Actor{}, draftJob, 1, wish); !told(err, part) {
			t.Errorf("%.10q: %v, want %q", wish, err, part)
		}
	}
	if err := s.Cheaper(t.Context(), jobs.Actor{}, draftJob, 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Rewrite(t.Context(), jobs.Actor{}, draftJob, 1, "shorter"); !told(err, "being changed") {
		t.Errorf("another wish meanwhile: %v", err)
	}
	if _, err := s.EditPlan(t.Context(), jobs.Actor{}, draftJob, 1, []jobs.Edit{{Op: jobs.EditDrop, Path: "1"}}); !told(err, "being changed") {
		t.Errorf("an edit meanwhile: %v", err)
	}
}

// doOrDecide is do with what people may do to a plan besides.
func (e *engine) doOrDecide(job jobs.JobID, verb jobs.Verb, path string, revision int) error {
	var c jobs.Change
	switch verb {
	case "approve":
		c = jobs.Approve{Job: job, Revision: revision}
	case "rewrite":
		c = jobs.Rewrite{Job: job, Revision: revision, Wish: "another", Cheaper: revision%2 == 0}
	case "revise":
		p, newest, err := e.store.Plan(context.Background(), job)
		if err != nil {
			return err
		}
		if p, err = p.Edited([]jobs.Edit{{Op: jobs.EditDrop, Path: p.Steps[0].Key}}); err != nil {
			return err
		}
		c = jobs.Revise{Job: job, Revision: newest, Plan: p}
	default:
		return e.do(job, verb, path)
	}
	out, err := e.store.Apply(context.Background(), c)
	if err != nil {
		return err
	}
	return out[0].Err
}

// submitAsking is submit for a job whose plan people may have to agree to.
func (e *engine) submitAsking(tb fataler, policy jobs.Approval) jobs.JobID {
	tb.Helper()
	out, err := e.store.Apply(context.Background(), jobs.Submit{Job: jobs.NewJob{
		ID: "job_00000001", Title: "test", Request: "do it", Priority: jobs.PriorityMedium, Budget: -1, Approval: policy, Weight: time.Second,
	}})
	if err != nil || out[0].Err != nil {
		tb.Fatalf("submit: %v %v", err, out)
	}
	return out[0].Job
}
