package jobs_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/askbob/bob/jobs"
)

func editable() jobs.Plan {
	return jobs.Plan{Title: "p", Steps: []jobs.Step{
		{Key: "1", Type: jobs.TypePlan, Title: "one"},
		{Key: "1.1", Parent: "1", Type: jobs.TypeTask, Title: "a", Prompt: "a"},
		{Key: "1.2", Parent: "1", Type: jobs.TypeTask, Title: "b", Prompt: "b", DependsOn: []string{"1.1"}},
		{Key: "2", Type: jobs.TypePlan, Title: "two", DependsOn: []string{"1"}},
		{Key: "2.1", Parent: "2", Type: jobs.TypeTask, Title: "c", Prompt: "c"},
	}}
}

func keys(p jobs.Plan) string {
	var list []string
	for _, s := range p.Steps {
		list = append(list, s.Key)
	}
	return strings.Join(list, " ")
}

func TestPlan_Edited(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edits []jobs.Edit
		want  string
	}{
		"drops a step and what nothing else needs":     {[]jobs.Edit{{Op: jobs.EditDrop, Path: "1.1"}}, "1 1.2 2 2.1"},
		"drops a branch with all below it":             {[]jobs.Edit{{Op: jobs.EditDrop, Path: "1"}}, "2 2.1"},
		"drops a branch that has lost its last step":   {[]jobs.Edit{{Op: jobs.EditDrop, Path: "2.1"}}, "1 1.1 1.2"},
		"moves a step to the front":                    {[]jobs.Edit{{Op: jobs.EditMove, Path: "2", Before: "1"}}, "2 2.1 1 1.1 1.2"},
		"moves a step to the end":                      {[]jobs.Edit{{Op: jobs.EditMove, Path: "1.1"}}, "1 1.2 1.1 2 2.1"},
		"adds a step":                                  {[]jobs.Edit{{Op: jobs.EditAdd, Path: "2", Before: "2.1", Prompt: "x"}}, "1 1.1 1.2 2 new-1 2.1"},
		"adds a step at the top":                       {[]jobs.Edit{{Op: jobs.EditAdd, Prompt: "x"}}, "1 1.1 1.2 2 2.1 new-1"},
		"takes paths as they were shown in every edit": {[]jobs.Edit{{Op: jobs.EditDrop, Path: "1.1"}, {Op: jobs.EditPrompt, Path: "1.2", Prompt: "new"}}, "1 1.2 2 2.1"},
	} {
		got, err := editable().Edited(c.edits)
		if err != nil || keys(got) != c.want {
			t.Errorf("%s: got %q (%v), want %q", name, keys(got), err, c.want)
		}
	}
}

func TestPlan_Edited_letsNothingDependOnADroppedStep(t *testing.T) {
	t.Parallel()
	p, err := editable().Edited([]jobs.Edit{{Op: jobs.EditDrop, Path: "1"}})
	if err != nil || len(p.Steps[0].DependsOn) != 0 {
		t.Errorf("got %v (%v), want no dependency", p.Steps, err)
	}
}

func TestPlan_Edited_refusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	for name, edits := range map[string][]jobs.Edit{
		"nothing":                {},
		"an unknown step":        {{Op: jobs.EditDrop, Path: "9"}},
		"an unknown dependency":  {{Op: jobs.EditDepends, Path: "2", DependsOn: []string{"9"}}},
		"an unknown edit":        {{Op: "burn", Path: "1"}},
		"a prompt for a branch":  {{Op: jobs.EditPrompt, Path: "1", Prompt: "x"}},
		"an empty prompt":        {{Op: jobs.EditPrompt, Path: "1.1", Prompt: " "}},
		"a move between parents": {{Op: jobs.EditMove, Path: "1.1", Before: "2.1"}},
		"a step under a leaf":    {{Op: jobs.EditAdd, Path: "1.1", Prompt: "x"}},
		"all dropped":            {{Op: jobs.EditDrop, Path: "1"}, {Op: jobs.EditDrop, Path: "2"}},
		"dropped twice":          {{Op: jobs.EditDrop, Path: "1"}, {Op: jobs.EditDrop, Path: "1.1"}},
	} {
		var user *jobs.UserError
		if _, err := editable().Edited(edits); !errors.As(err, &user) {
			t.Errorf("%s: %v, want a sentence for people", name, err)
		}
	}
}

func TestPlan_Edited_alwaysLeavesAWholeTree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := editable()
		path := rapid.SampledFrom([]string{"", "1", "1.1", "1.2", "2", "2.1", "3"})
		for range rapid.IntRange(1, 4).Draw(t, "lists") {
			var edits []jobs.Edit
			for range rapid.IntRange(1, 4).Draw(t, "edits") {
				edits = append(edits, jobs.Edit{
					Op:   rapid.SampledFrom([]jobs.EditOp{jobs.EditDrop, jobs.EditPrompt, jobs.EditMove, jobs.EditDepends, jobs.EditAdd}).Draw(t, "op"),
					Path: path.Draw(t, "path"), Before: path.Draw(t, "before"), Prompt: "x",
					DependsOn: []string{path.Draw(t, "on")},
				})
			}
			got, err := p.Edited(edits)
			if err != nil {
				continue
			}
			var seen []string
			for _, s := range got.Steps {
				if s.Parent != "" && !slices.Contains(seen, s.Parent) {
					t.Fatalf("%s comes before its branch %s", s.Key, s.Parent)
				}
				seen = append(seen, s.Key)
			}
			for _, s := range got.Steps {
				for _, on := range s.DependsOn {
					if on != "" && !slices.Contains(seen, on) {
						t.Fatalf("%s depends on %s, which is gone", s.Key, on)
					}
				}
			}
		}
	})
}
