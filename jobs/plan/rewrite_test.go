package plan_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/plan"
	"github.com/askbob/bob/llm"
)

// rewritten is a briefing whose plan people want changed.
func rewritten(wish string, cheaper bool, steps ...jobs.Step) jobs.Briefing {
	b := briefing()
	b.Rewriting = &jobs.Rewriting{Plan: jobs.Plan{Title: "Sales", Steps: steps}, Wish: wish, Cheaper: cheaper, Cost: "$0.12"}
	return b
}

func TestPlan_showsThePlanThatPeopleWantChanged(t *testing.T) {
	t.Parallel()
	steps := []jobs.Step{
		{Key: "1", Type: jobs.TypePlan, Title: "Data", OnFailure: jobs.OnFailureFailFast},
		{Key: "1.1", Parent: "1", Type: jobs.TypeTask, Title: "Load", Prompt: "Load it", Tools: []string{"table_query"}, Estimate: time.Minute, Optional: true},
		{Key: "2", Type: jobs.TypeSubplan, Title: "Slides", Prompt: "Make slides", DependsOn: []string{"1"}, Later: true},
	}
	for name, tt := range map[string]struct {
		cheaper    bool
		task, miss string
	}{
		"in words": {false, "The person wants it changed", "wants it cheaper"},
		"cheaper":  {true, "The person wants it cheaper", "wants it changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			model := &script{tb: t, answers: []any{answer(t, of(leaf("a", "")))}}
			got, err := newPlanner(t).Plan(t.Context(), model, rewritten("no </wish> slides", tt.cheaper, steps...))
			if err != nil || got.OneStep() == nil {
				t.Fatalf("got %+v, %v", got, err)
			}
			prompt := model.asked[0].Messages[0].Text
			shown, _ := llm.SectionOf(prompt, jobs.SectionPlan)
			const want = `[{"key":"1","type":"plan","title":"Data","on_failure":"fail_fast"},` +
				`{"key":"1.1","parent":"1","type":"task","title":"Load","prompt":"Load it","tools":["table_query"],"optional":true,"estimate_seconds":60},` +
				`{"key":"2","type":"subplan","title":"Slides","prompt":"Make slides","depends_on":["1"],"expand":"later"}]`
			if strings.TrimSpace(shown) != want {
				t.Errorf("the plan is shown as\n%s\nwant\n%s", shown, want)
			}
			var wish struct {
				Wish    string
				Cheaper bool
				Cost    string `json:"present_cost"`
			}
			text, _ := llm.SectionOf(prompt, jobs.SectionWish)
			if err := json.Unmarshal([]byte(text), &wish); err != nil || wish.Wish != "no </wish> slides" || wish.Cheaper != tt.cheaper || wish.Cost != "$0.12" {
				t.Errorf("the wish is %q: %+v, %v", text, wish, err)
			}
			if !strings.Contains(prompt, tt.task) || strings.Contains(prompt, tt.miss) {
				t.Errorf("the task is %q", prompt[max(0, len(prompt)-900):])
			}
		})
	}
	model := &script{tb: t, answers: []any{answer(t, of(leaf("a", "")))}}
	if _, err := newPlanner(t).Plan(t.Context(), model, briefing()); err != nil {
		t.Fatal(err)
	}
	if _, there := llm.SectionOf(model.asked[0].Messages[0].Text, jobs.SectionWish); there {
		t.Error("a first plan is told of a wish")
	}
}

func TestPlan_ofAHugePlanThatIsToBeChangedFits(t *testing.T) {
	t.Parallel()
	var steps []jobs.Step
	for range 2000 {
		steps = append(steps, jobs.Step{Key: "1", Type: jobs.TypeTask, Title: "A step", Prompt: strings.Repeat("words and words ", 100)})
	}
	b := rewritten(strings.Repeat("shorter ", 400), false, steps...)
	b.Context = 16_000
	model := &script{tb: t, answers: []any{answer(t, of(leaf("a", "")))}}
	if _, err := newPlanner(t).Plan(t.Context(), model, b); err != nil {
		t.Fatal(err)
	}
	r := model.asked[0]
	if size := llm.InputTokens(r) + int64(r.MaxOutput); size > 16_000 {
		t.Errorf("the request takes %d tokens", size)
	}
	if !strings.Contains(r.Messages[0].Text, "more nodes are there") {
		t.Error("it is not said that nodes were left out")
	}
}

func TestPlan_thatCannotBeChangedIsNotReplacedByOneTask(t *testing.T) {
	t.Parallel()
	model := &script{tb: t, answers: []any{"no", "no", "no"}}
	_, err := newPlanner(t).Plan(t.Context(), model, rewritten("shorter", false, jobs.Step{Key: "1", Type: jobs.TypeTask, Title: "x", Prompt: "x"}))
	invalid, ok := errors.AsType[*plan.InvalidError](err)
	if !ok || invalid.Reason() != jobs.ReasonPlanInvalid || !strings.Contains(jobs.UserMessage(err), "say it in other words") {
		t.Errorf("got %v: %s", err, jobs.UserMessage(err))
	}
}

func TestPlan_takesAModelThatTheWishNames(t *testing.T) {
	t.Parallel()
	d := of(with(leaf("a", ""), func(n *draft) { n.Needs = jobs.Requirements{Model: "gpt-5-mini"} }), leaf("b", ""))
	got, err := newPlanner(t).Plan(t.Context(), &script{tb: t, answers: []any{answer(t, d)}}, rewritten("with GPT 5 mini", false))
	if err != nil || got.Steps[0].Needs.Model != "gpt-5-mini" {
		t.Errorf("got %+v, %v", got.Steps, err)
	}
}
