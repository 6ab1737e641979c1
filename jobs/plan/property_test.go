package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/plan"
)

// generous limits, so that only the order decides.
func generous() jobs.Briefing {
	b := briefing()
	b.Limits = jobs.Limits{MaxDepth: 50, MaxChildren: 50, MaxNodes: 50}
	return b
}

// A plan passes exactly if playing it through comes to its end.
func TestValidate_acceptsOrderExactlyIfItComesToAnEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawTree(t)
		problems := plan.Validate(d, generous())
		stuck := stuckIn(stepsOf(d))
		if (len(problems) == 0) != (len(stuck) == 0) {
			t.Fatalf("problems are\n%s\nwhile these never end: %v", problems, stuck)
		}
	})
}

// drawTree draws a tree that is right but for its dependencies.
func drawTree(t *rapid.T) plan.Draft {
	d := of(branch("n0", ""))
	branches := []string{"", "n0"}
	for i := range rapid.IntRange(1, 5).Draw(t, "nodes") {
		key := fmt.Sprintf("n%d", i+1)
		parent := rapid.SampledFrom(branches).Draw(t, "parent")
		d.Nodes = append(d.Nodes, leaf(key, parent))
		if rapid.Bool().Draw(t, "branch") {
			d.Nodes[i+1] = branch(key, parent)
			branches = append(branches, key)
		}
	}
	for _, b := range branches[1:] {
		d.Nodes = append(d.Nodes, leaf(b+"a", b)) // so that no branch is empty
	}
	for range rapid.IntRange(1, 4).Draw(t, "dependencies") {
		from := rapid.IntRange(0, len(d.Nodes)-1).Draw(t, "from")
		on := rapid.IntRange(0, len(d.Nodes)-1).Draw(t, "on")
		d.Nodes[from].DependsOn = append(d.Nodes[from].DependsOn, d.Nodes[on].Key)
	}
	return d
}

func stepsOf(d plan.Draft) []jobs.Step {
	var steps []jobs.Step
	for _, n := range d.Nodes {
		steps = append(steps, jobs.Step{Key: n.Key, Parent: n.Parent, Type: n.Type, DependsOn: n.DependsOn})
	}
	return steps
}

// stuckIn plays a plan through and returns the keys of what never ends.
func stuckIn(steps []jobs.Step) []string {
	started, ended := map[string]bool{"": true}, map[string]bool{}
	for changed := true; changed; {
		changed = false
		for _, s := range steps {
			ready := started[s.Parent] && !slices.ContainsFunc(s.DependsOn, func(on string) bool { return !ended[on] })
			if ready && !started[s.Key] {
				started[s.Key], changed = true, true
			}
			open := slices.ContainsFunc(steps, func(c jobs.Step) bool { return c.Parent == s.Key && !ended[c.Key] })
			if started[s.Key] && !open && !ended[s.Key] {
				ended[s.Key], changed = true, true
			}
		}
	}
	var stuck []string
	for _, s := range steps {
		if !ended[s.Key] {
			stuck = append(stuck, s.Key)
		}
	}
	return stuck
}

// always answers every question with the same text.
func always(tb testing.TB, text string) *script {
	tb.Helper()
	return &script{tb: tb, answers: []any{text, text, text}}
}

// FuzzParse feeds the planner what a model might say. It must not panic, and what
// it returns must keep what a plan promises.
func FuzzParse(f *testing.F) {
	f.Add("")
	f.Add(small)
	f.Add("```json\n" + small + "\n```")
	f.Add("<think>{</think>{\"plan\":{\"questions\":[\"Which?\"]}}")
	f.Add(answer(f, of(branch("a", ""), leaf("b", "a"), leaf("c", "a", "b"), branch("d", "", "a"), leaf("e", "d"), leaf("f", "d", "c"))))
	f.Add(answer(f, of(leaf("a", "", "c"), branch("b", "c"), branch("c", "b"))))
	f.Add(answer(f, of(with(branch("b", ""), func(n *draft) { n.OnFailure, n.Tools = "quorum:1", []string{"deck"} }), leaf("a", "b"), leaf("c", "b"))))
	f.Add(answer(f, of(leaf("a", ""), with(branch("b", "", "a"), func(n *draft) { n.Expand, n.Prompt = "later", "x" }))))
	f.Fuzz(func(t *testing.T, text string) {
		b := briefing()
		d, problems := plan.Parse(text)
		problems = append(problems, plan.Validate(d, b)...)
		got, err := newPlanner(t).Plan(t.Context(), always(t, text), b)
		if err != nil {
			t.Fatalf("error is %v, want a plan or one task", err)
		}
		if len(problems) > 0 && got.OneStep() == nil {
			t.Fatalf("a draft with problems became a tree:\n%s", problems)
		}
		keepsPromises(t, got, b)
	})
}

func keepsPromises(t *testing.T, p jobs.Plan, b jobs.Briefing) {
	t.Helper()
	if (len(p.Steps) == 0) == (len(p.Questions) == 0) {
		t.Fatalf("plan has %d steps and %d questions, want one of them", len(p.Steps), len(p.Questions))
	}
	if p.OneStep() == nil && len(p.Steps) > b.Limits.MaxNodes {
		t.Fatalf("plan has %d steps, want at most %d", len(p.Steps), b.Limits.MaxNodes)
	}
	depth, children := map[string]int{"": 0}, map[string]int{}
	branches := map[string]bool{"": true}
	for _, s := range p.Steps {
		at, known := depth[s.Parent]
		if _, twice := depth[s.Key]; twice || !known || !branches[s.Parent] {
			t.Fatalf("step %q below %q is out of place", s.Key, s.Parent)
		}
		depth[s.Key], branches[s.Key] = at+1, !s.Type.Leaf() && !s.Later
		if children[s.Parent]++; children[s.Parent] > b.Limits.MaxChildren || at+1 > b.Limits.MaxDepth {
			t.Fatalf("step %q breaks the limits", s.Key)
		}
		checkStep(t, s, b)
	}
	for _, s := range p.Steps {
		if branches[s.Key] && children[s.Key] == 0 {
			t.Fatalf("branch %q has no children", s.Key)
		}
	}
	if stuck := stuckIn(p.Steps); len(stuck) > 0 {
		t.Fatalf("these never end: %v", stuck)
	}
}

func checkStep(t *testing.T, s jobs.Step, b jobs.Briefing) {
	t.Helper()
	for _, text := range []string{s.Title, s.Prompt, s.Description, s.Key} {
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\x1b\u202e") {
			t.Fatalf("step %q has the text %q", s.Key, text)
		}
	}
	switch {
	case s.Title == "" || strings.Contains(s.Title, "\n"):
		t.Fatalf("step %q has the title %q", s.Key, s.Title)
	case (s.Type.Leaf() || s.Later) && s.Prompt == "":
		t.Fatalf("step %q has no prompt", s.Key)
	case s.Type.Leaf() && s.Later || !s.OnFailure.Valid() || s.Estimate < 0:
		t.Fatalf("step %q cannot be run: %+v", s.Key, s)
	case !s.Type.Leaf() && s.Type != jobs.TypePlan && s.Type != jobs.TypeSubplan:
		t.Fatalf("step %q has the type %q", s.Key, s.Type)
	}
	for _, name := range s.Tools {
		if !slices.ContainsFunc(b.Tools, func(spec jobs.ToolSpec) bool { return spec.Name == name }) {
			t.Fatalf("step %q has the unknown tool %q", s.Key, name)
		}
	}
}
