package plan_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/plan"
)

func with(n draft, change func(*draft)) draft {
	change(&n)
	return n
}

func TestValidate_findsProblems(t *testing.T) {
	t.Parallel()
	optional := func(n *draft) { n.Optional = true }
	tests := map[string]struct {
		draft plan.Draft
		want  string // in a problem
	}{
		"nothing at all":     {plan.Draft{Title: "x"}, "neither nodes nor questions"},
		"nodes and question": {plan.Draft{Title: "x", Questions: []string{"Which?"}, Nodes: []draft{leaf("a", "")}}, "both nodes and questions"},
		"empty question":     {plan.Draft{Questions: []string{" "}}, "a question is empty"},
		"six questions":      {plan.Draft{Questions: strings.Split("abcdef", "")}, "ask the 5 that matter most"},
		"no plan title":      {plan.Draft{Nodes: []draft{leaf("a", "")}}, "the plan has no title"},
		"no key":             {of(leaf("a", ""), leaf("", "")), "node number 2 has no key"},
		"key twice":          {of(leaf("a", ""), leaf("a", "")), `the key "a" is used more than once`},
		"unknown parent":     {of(leaf("a", ""), leaf("b", "x")), `node "b" has the parent "x", which is not a key`},
		"parent is a leaf":   {of(leaf("a", ""), leaf("b", "a")), `node "b" has the parent "a", which is a leaf (task)`},
		"own parent":         {of(leaf("a", ""), branch("b", "b")), `node "b" is its own parent`},
		"circle of parents":  {of(leaf("a", ""), branch("b", "c"), branch("c", "b")), `circle: "b" -> "c" -> "b"`},
		"empty branch":       {of(leaf("a", ""), branch("b", "")), `node "b" is a plan without children`},
		"later on a leaf": {
			of(leaf("a", ""), with(leaf("b", ""), func(n *draft) { n.Expand = "later" })),
			`node "b" is a task and cannot have expand later`,
		},
		"later without a prompt": {
			of(leaf("a", ""), with(branch("b", ""), func(n *draft) { n.Expand = "later" })),
			`node "b" is planned later and has no prompt`,
		},
		"later with children": {
			of(leaf("a", ""), with(branch("b", ""), func(n *draft) { n.Expand, n.Prompt = "later", "x" }), leaf("c", "b")),
			`node "b" has children and expand later`,
		},
		"all put off": {
			of(with(branch("b", ""), func(n *draft) { n.Expand, n.Prompt = "later", "x" })),
			"puts everything off",
		},
		"all put off by a chain": {
			of(branch("a", ""), with(branch("b", "a"), func(n *draft) { n.Expand, n.Prompt = "later", "x" })),
			"puts everything off",
		},
		"later on the last level": {
			of(branch("a", ""), branch("b", "a"), leaf("d", "b"), with(branch("c", "b"), func(n *draft) { n.Expand, n.Prompt = "later", "x" })),
			`node "c" has expand later, but no level is left`,
		},
		"unknown dependency":   {of(leaf("a", ""), leaf("b", "", "x")), `node "b" depends on "x", which is not a key`},
		"depends on itself":    {of(leaf("a", ""), leaf("b", "", "b")), `node "b" depends on itself`},
		"depends on ancestor":  {of(branch("a", ""), branch("b", "a"), leaf("c", "b", "a"), leaf("d", "b")), `node "c" depends on "a", the branch it is in`},
		"depends on what's in": {of(branch("a", "", "c"), branch("b", "a"), leaf("c", "b"), leaf("d", "b")), `node "a" depends on "c", which is below it`},
		"circle":               {of(leaf("a", "", "c"), leaf("b", "", "a"), leaf("c", "", "b")), `"a" -> "c" -> "b" -> "a"`},
		"circle through a gate": {
			// All in a wait for c, and c waits for one of them.
			of(branch("a", "", "c"), leaf("b", "a"), leaf("c", "", "b")),
			"wait for each other",
		},
		"circle through branches' ends": {
			of(branch("a", ""), leaf("b", "a", "d"), branch("c", ""), leaf("d", "c", "a")),
			"wait for each other",
		},
		"too deep":       {of(leaf("x", ""), branch("a", ""), branch("b", "a"), branch("c", "b"), leaf("d", "c")), `node "d" is at level 4, at most 3`},
		"top too broad":  {of(leaf("a", ""), leaf("b", ""), leaf("c", ""), leaf("d", ""), leaf("e", "")), "the top of the plan has 5 children, at most 4"},
		"too broad":      {of(branch("x", ""), leaf("a", "x"), leaf("b", "x"), leaf("c", "x"), leaf("d", "x"), leaf("e", "x")), `node "x" has 5 children`},
		"too many":       {of(slices.Repeat([]draft{leaf("a", "")}, 9)...), "there are 9 nodes, at most 8"},
		"far too many":   {of(slices.Repeat([]draft{leaf("a", "")}, 5000)...), "there are 5000 nodes, at most 8"},
		"no prompt":      {of(leaf("a", ""), with(leaf("b", ""), func(n *draft) { n.Prompt = " \n" })), `node "b" has no prompt`},
		"no title":       {of(leaf("a", ""), with(leaf("b", ""), func(n *draft) { n.Title = "" })), `node "b" has no title`},
		"unknown tool":   {of(leaf("a", ""), with(leaf("b", ""), func(n *draft) { n.Tools = []string{"shell"} })), `there is no tool "shell": use only those listed (table_query, deck)`},
		"unknown type":   {of(leaf("a", ""), with(leaf("b", ""), func(n *draft) { n.Type = jobs.TypeRootJob })), `the type "root_job" does not exist`},
		"unknown expand": {of(leaf("a", ""), with(leaf("b", ""), func(n *draft) { n.Expand = "soon" })), `expand is "soon"`},
		"bad policy": {
			of(with(branch("b", ""), func(n *draft) { n.OnFailure = "quorum:0" }), leaf("a", "b"), leaf("c", "b")),
			`on_failure is "quorum:0"`,
		},
		"quorum of more than there are": {
			of(with(branch("b", ""), func(n *draft) { n.OnFailure = "quorum:2" }), leaf("a", "b"), with(leaf("c", "b"), optional)),
			"quorum:2, but only 1 of its children",
		},
		"quorum of what is planned later": {
			of(leaf("a", ""), with(branch("b", ""), func(n *draft) { n.OnFailure, n.Expand, n.Prompt = "quorum:1", "later", "x" })),
			"a quorum means nothing yet",
		},
		"estimate below zero": {of(with(leaf("a", ""), func(n *draft) { n.Estimate = -1 })), "estimate_seconds is out of range"},
		"estimate of a week":  {of(with(leaf("a", ""), func(n *draft) { n.Estimate = 7 * 86400 })), "estimate_seconds is out of range"},
		"context of nobody":   {of(with(leaf("a", ""), func(n *draft) { n.Needs.MinContext = 1e9 })), "needs.min_context is out of range"},
		"a price below zero":  {of(with(leaf("a", ""), func(n *draft) { n.Needs.MaxPriceCents = -1 })), "needs.max_price_cents is out of range"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := plan.Validate(test.draft, briefing())
			if !slices.ContainsFunc(got, func(p string) bool { return strings.Contains(p, test.want) }) {
				t.Errorf("problems are\n%s\nwant one with %q", got, test.want)
			}
		})
	}
}

func TestValidate_asksForLessThanNoModelCanDo(t *testing.T) {
	t.Parallel()
	b := briefing()
	b.Fits = func(s jobs.Step) error {
		if s.Needs.Vision && s.Needs.PrivateOnly && len(s.Tools) == 1 {
			return errors.New("no private model can look at pictures")
		}
		return nil
	}
	b.Node.Needs.PrivateOnly = true
	d := of(leaf("a", ""), with(leaf("b", ""), func(n *draft) { n.Needs.Vision, n.Tools = true, []string{"deck"} }))
	want := `node "b" asks in needs or tools for what no model here can do, so ask for less: no private model can look at pictures`
	if got := plan.Validate(d, b); len(got) != 1 || got[0] != want {
		t.Errorf("problems are\n%s\nwant\n%s", got, want)
	}
}

func TestValidate_acceptsWhatCanRun(t *testing.T) {
	t.Parallel()
	tests := map[string]plan.Draft{
		"one task":       of(leaf("a", "")),
		"only questions": {Questions: []string{"Which year?"}},
		"a chain deeper than the limit that is one step": of(
			branch("a", ""), branch("b", "a"), branch("c", "b"), branch("d", "c"), leaf("e", "d")),
		"branches that build on each other": of(
			branch("a", ""), leaf("b", "a"), leaf("c", "a", "b"), branch("d", "", "a"), leaf("e", "d"), leaf("f", "d", "c")),
		"children before their parents": of(leaf("b", "a"), leaf("c", "a"), branch("a", "")),
		"later with what it waits for": of(
			leaf("a", ""), with(branch("b", "", "a"), func(n *draft) { n.Expand, n.Prompt = "later", "x" })),
		"quorum": of(with(branch("b", ""), func(n *draft) { n.OnFailure = "quorum:2" }), leaf("a", "b"), leaf("c", "b")),
		"up to every limit": of(
			branch("a", ""), branch("b", "a"), leaf("c", "b"), leaf("d", "b"), leaf("e", "b"), leaf("f", "b"), leaf("g", ""), leaf("h", "")),
	}
	for name, d := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := plan.Validate(d, briefing()); len(got) > 0 {
				t.Errorf("problems are\n%s\nwant none", got)
			}
		})
	}
}

func TestValidate_findsAllAtOnce(t *testing.T) {
	t.Parallel()
	d := of(
		with(leaf("a", "nowhere", "ghost"), func(n *draft) { n.Title, n.Prompt = "", "" }),
		branch("b", ""),
		with(leaf("c", "", "c"), func(n *draft) { n.Tools = []string{"shell"} }),
	)
	got := plan.Validate(d, briefing())
	const want = 7
	if len(got) != want {
		t.Errorf("problems are\n%s\nwant %d", got, want)
	}
}

func TestValidate_refusesQuestionsThatNobodyAnswers(t *testing.T) {
	t.Parallel()
	b := briefing()
	b.MayAsk = false
	got := plan.Validate(plan.Draft{Questions: []string{"Which year?"}}, b)
	if len(got) != 1 || !strings.Contains(got[0], "nobody to answer") {
		t.Errorf("problems are\n%s\nwant that there is nobody to answer", got)
	}
}

func TestValidate_withoutRoomTakesOneStepOnly(t *testing.T) {
	t.Parallel()
	b := briefing()
	b.Limits = jobs.Limits{MaxDepth: -1, MaxChildren: 4, MaxNodes: 0}
	if got := plan.Validate(of(leaf("a", "")), b); len(got) > 0 {
		t.Errorf("one step: problems are\n%s\nwant none", got)
	}
	if got := plan.Validate(of(leaf("a", ""), leaf("b", "")), b); len(got) == 0 {
		t.Error("two steps passed, want problems")
	}
}
