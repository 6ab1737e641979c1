package plan_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/plan"
	"github.com/askbob/bob/llm"
)

func TestPlan_makesTheTreeTheModelAskedFor(t *testing.T) {
	t.Parallel()
	d := of(
		with(leaf("load", "data"), func(n *draft) { n.Tools, n.Estimate = []string{"table_query", "table_query"}, 60 }),
		with(branch("data", ""), func(n *draft) { n.Type, n.OnFailure = jobs.TypeSubplan, jobs.OnFailureFailFast }),
		branch("metrics", "data", "load", "load"),
		with(leaf("growth", "metrics"), func(n *draft) { n.Type, n.OnFailure, n.Optional = jobs.TypeAPICall, "finish", true }),
		with(leaf("totals", "metrics"), func(n *draft) { n.Type, n.Tools = jobs.TypeAPICall, []string{"table_query"} }),
		with(branch("slides", "", "data"), func(n *draft) { n.Expand, n.Prompt, n.Tools = "later", "Make slides", []string{"x"} }),
	)
	model := &script{tb: t, answers: []any{"```json\n" + answer(t, d) + "\n```"}}
	got, err := newPlanner(t).Plan(t.Context(), model, briefing())
	if err != nil {
		t.Fatal(err)
	}
	want := jobs.Plan{Title: "Sales", Steps: []jobs.Step{
		{Key: "data", Type: jobs.TypePlan, Title: "Title of data", OnFailure: jobs.OnFailureFailFast},
		{
			Key: "load", Parent: "data", Type: jobs.TypeTask, Title: "Title of load", Prompt: "Do load",
			Tools: []string{"table_query"}, Estimate: time.Minute,
		},
		{Key: "metrics", Parent: "data", Type: jobs.TypeSubplan, Title: "Title of metrics", DependsOn: []string{"load"}},
		{Key: "growth", Parent: "metrics", Type: jobs.TypeAPICall, Title: "Title of growth", Prompt: "Do growth", Optional: true},
		{
			Key: "totals", Parent: "metrics", Type: jobs.TypeTask, Title: "Title of totals", Prompt: "Do totals",
			Tools: []string{"table_query"},
		},
		{Key: "slides", Type: jobs.TypePlan, Title: "Title of slides", Prompt: "Make slides", DependsOn: []string{"data"}, Later: true},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if got := model.asked[0]; got.Purpose != llm.PurposePlan || got.Schema == nil || got.Schema.Name != "plan" || got.MaxOutput <= 0 {
		t.Errorf("request has purpose %q, schema %v, %d tokens of output", got.Purpose, got.Schema, got.MaxOutput)
	}
}

func TestPlan_ofOneStepNeedsNoTree(t *testing.T) {
	t.Parallel()
	only := with(leaf("c", "b"), func(n *draft) { n.Optional = true })
	for name, d := range map[string]plan.Draft{
		"a leaf":          of(leaf("c", "")),
		"a chain to one":  of(branch("a", ""), branch("b", "a"), only),
		"and its reverse": of(only, branch("b", "a"), branch("a", "")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			model := &script{tb: t, answers: []any{answer(t, d)}}
			got, err := newPlanner(t).Plan(t.Context(), model, briefing())
			if err != nil {
				t.Fatal(err)
			}
			want := &jobs.Step{Key: "c", Type: jobs.TypeTask, Title: "Title of c", Prompt: "Do c"}
			if diff := cmp.Diff(want, got.OneStep()); diff != "" {
				t.Errorf("only step (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlan_asksWhatTheModelMustKnow(t *testing.T) {
	t.Parallel()
	model := &script{tb: t, answers: []any{`{"title":"","questions":[" Which year? "]}`}}
	got, err := newPlanner(t).Plan(t.Context(), model, briefing())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(jobs.Plan{Questions: []string{"Which year?"}}, got); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

func TestPlan_ofASubplanHasNoTopLevelPlans(t *testing.T) {
	t.Parallel()
	b := briefing()
	b.Node = &jobs.Node{ID: 7, Parent: 1, Path: "2", Type: jobs.TypePlan, Title: "Slides", Prompt: "Make slides"}
	model := &script{tb: t, answers: []any{answer(t, of(branch("a", ""), leaf("b", "a"), leaf("c", "a")))}}
	got, err := newPlanner(t).Plan(t.Context(), model, b)
	if err != nil {
		t.Fatal(err)
	}
	if got.Steps[0].Type != jobs.TypeSubplan {
		t.Errorf("branch below a plan is a %s, want subplan", got.Steps[0].Type)
	}
}

func TestPlan_keepsWhatTheNodeNeeds(t *testing.T) {
	t.Parallel()
	d := of(
		with(leaf("a", ""), func(n *draft) { n.Needs = jobs.Requirements{Model: "gpt-5-mini", Vision: true} }),
		with(leaf("b", ""), func(n *draft) { n.Needs = jobs.Requirements{Model: "dreamt-up-9", MaxPriceCents: 40} }),
	)
	tests := map[string]struct {
		own  jobs.Requirements
		a, b jobs.Requirements
	}{
		"nothing":     {jobs.Requirements{}, jobs.Requirements{Model: "gpt-5-mini", Vision: true}, jobs.Requirements{MaxPriceCents: 40}},
		"its privacy": {jobs.Requirements{PrivateOnly: true}, jobs.Requirements{Model: "gpt-5-mini", Vision: true, PrivateOnly: true}, jobs.Requirements{PrivateOnly: true, MaxPriceCents: 40}},
		"its price": {
			jobs.Requirements{MaxPriceCents: 100},
			jobs.Requirements{Model: "gpt-5-mini", Vision: true, MaxPriceCents: 100},
			jobs.Requirements{MaxPriceCents: 40},
		},
		"its model": {jobs.Requirements{Model: "m"}, jobs.Requirements{Model: "m", Vision: true}, jobs.Requirements{Model: "m", MaxPriceCents: 40}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := briefing()
			b.Request += " with GPT 5 mini"
			b.Node.Needs = test.own
			got, err := newPlanner(t).Plan(t.Context(), &script{tb: t, answers: []any{answer(t, d)}}, b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]jobs.Requirements{test.a, test.b}, []jobs.Requirements{got.Steps[0].Needs, got.Steps[1].Needs}); diff != "" {
				t.Errorf("needs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlan_isRepairedWithTheExactProblems(t *testing.T) {
	t.Parallel()
	bad := answer(t, of(leaf("a", "", "ghost"), leaf("b", "nowhere")))
	model := &script{tb: t, answers: []any{bad, "no idea", answer(t, of(leaf("a", ""), leaf("b", "")))}}
	got, err := newPlanner(t).Plan(t.Context(), model, briefing())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Steps) != 2 {
		t.Errorf("plan has %d steps, want 2", len(got.Steps))
	}
	first, second, third := model.asked[0], model.asked[1], model.asked[2]
	if diff := cmp.Diff(first.Messages[0], second.Messages[0]); diff != "" {
		t.Errorf("the briefing changed:\n%s", diff)
	}
	if got := second.Messages[1]; got.Role != llm.RoleAssistant || got.Text != bad {
		t.Errorf("quoted answer is %+v, want the one that was given", got)
	}
	problems, _ := llm.SectionOf(second.Messages[2].Text, "problems")
	for _, want := range []string{`node "a" depends on "ghost"`, `node "b" has the parent "nowhere"`} {
		if !strings.Contains(problems, want) {
			t.Errorf("problems are\n%s\nwant %q", problems, want)
		}
	}
	if got := third.Messages[1].Text; got != "no idea" || len(third.Messages) != 3 {
		t.Errorf("second repair quotes %q in %d messages, want the last answer in 3", got, len(third.Messages))
	}
}

func TestPlan_thatWasCutOffIsAskedForOnceMoreAndSmaller(t *testing.T) {
	t.Parallel()
	cut := &llm.APIError{Provider: "p", Model: "m", Kind: llm.KindTruncated}
	model := &script{tb: t, answers: []any{cut, answer(t, of(leaf("a", "")))}}
	if _, err := newPlanner(t).Plan(t.Context(), model, briefing()); err != nil {
		t.Fatal(err)
	}
	again := model.asked[1].Messages[2].Text
	if !strings.Contains(again, "cut off") || !strings.Contains(again, "smaller plan") {
		t.Errorf("repair says %q, want it to ask for a smaller plan", again)
	}

	model = &script{tb: t, answers: []any{cut, cut}}
	got, err := newPlanner(t).Plan(t.Context(), model, briefing())
	if err != nil {
		t.Fatal(err)
	}
	if got.OneStep() == nil {
		t.Errorf("plan is %+v, want one task", got)
	}
}

func TestPlan_thatCannotBeMendedIsOneTaskWithAllTools(t *testing.T) {
	t.Parallel()
	model := &script{tb: t, answers: []any{"no", `{"title":"x","nodes":[]}`, "never"}}
	b := briefing()
	b.Node.Needs.PrivateOnly = true
	got, err := newPlanner(t).Plan(t.Context(), model, b)
	if err != nil {
		t.Fatal(err)
	}
	want := &jobs.Step{
		Key: "1", Type: jobs.TypeTask, Title: "Analyze the Q4 sales data and create a presentation",
		Description: "Carried out as one step, because no valid plan came of it.", Prompt: b.Request,
		Tools: []string{"table_query", "deck"}, Needs: jobs.Requirements{PrivateOnly: true},
	}
	if diff := cmp.Diff(want, got.OneStep()); diff != "" {
		t.Errorf("only step (-want +got):\n%s", diff)
	}
}

func TestPlan_ofASubplanFallsBackToItsOwnPrompt(t *testing.T) {
	t.Parallel()
	b := briefing()
	b.Node = &jobs.Node{ID: 7, Parent: 1, Title: "Slides", Prompt: "Make slides"}
	got, err := newPlanner(t).Plan(t.Context(), &script{tb: t, answers: []any{"", "", ""}}, b)
	if err != nil {
		t.Fatal(err)
	}
	if only := got.OneStep(); only == nil || only.Prompt != "Make slides" || only.Title != "Slides" {
		t.Errorf("plan is %+v, want one task that makes slides", got)
	}
}

func TestPlan_thatCannotBeOneTaskFailsForTheUser(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ request, want string }{
		"too long": {strings.Repeat("Then do the next of very many things. ", 5000), "too long"},
		"empty":    {" \n", "says nothing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := briefing()
			b.Request = test.request
			_, err := newPlanner(t).Plan(t.Context(), &script{tb: t, answers: []any{"", "", "{}"}}, b)
			because, ok := errors.AsType[interface {
				error
				Reason() jobs.Reason
			}](err)
			if !ok || because.Reason() != jobs.ReasonPlanInvalid {
				t.Fatalf("error is %v, want one with the reason plan_invalid", err)
			}
			if got := jobs.UserMessage(err); !strings.Contains(got, test.want) {
				t.Errorf("message is %q, want %q in it", got, test.want)
			}
		})
	}
}

func TestPlan_leavesTheModelsErrorsToItsCaller(t *testing.T) {
	t.Parallel()
	for _, kind := range []llm.Kind{llm.KindRateLimited, llm.KindAuth, llm.KindRefused, llm.KindTooLong, llm.KindBroken} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			failure := &llm.APIError{Provider: "p", Model: "m", Kind: kind}
			_, err := newPlanner(t).Plan(t.Context(), &script{tb: t, answers: []any{failure}}, briefing())
			if llm.AsAPIError(err) != failure {
				t.Errorf("error is %v, want the model's own", err)
			}
		})
	}
}

func TestPlan_makesNoCallThatNobodyWants(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(jobs.ErrCancelled)
	_, err := newPlanner(t).Plan(ctx, &script{tb: t}, briefing())
	if !errors.Is(err, jobs.ErrCancelled) {
		t.Errorf("error is %v, want %v", err, jobs.ErrCancelled)
	}
}

func TestNew_refusesWhatItCannotWorkWith(t *testing.T) {
	t.Parallel()
	if _, err := plan.New(plan.Config{}); err == nil {
		t.Error("a planner without a log was made, want an error")
	}
}
