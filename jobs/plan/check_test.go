package plan_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/plan"
)

func TestCheck_holds_an_edited_plan_to_what_plans_are_held_to(t *testing.T) {
	t.Parallel()
	limits := jobs.Limits{MaxDepth: 2, MaxChildren: 3, MaxNodes: 10}
	tools := []jobs.ToolSpec{{Name: "files"}}
	leaf := func(key, parent string, on ...string) jobs.Step {
		return jobs.Step{Key: key, Parent: parent, Type: jobs.TypeTask, Title: "t", Prompt: "p", DependsOn: on}
	}
	branch := jobs.Step{Key: "2", Type: jobs.TypePlan, Title: "t"}
	later := jobs.Step{Key: "3", Type: jobs.TypeSubplan, Title: "t", Prompt: "p", Later: true}
	stranger := leaf("1", "")
	stranger.Tools = []string{"rm"}
	for name, test := range map[string]struct {
		steps []jobs.Step
		want  string // empty: nothing is wrong
	}{
		"good":         {[]jobs.Step{leaf("1", ""), branch, leaf("2.1", "2", "1"), later}, ""},
		"circle":       {[]jobs.Step{leaf("1", "", "2"), leaf("2", "", "1")}, "wait"},
		"unknown tool": {[]jobs.Step{stranger}, `no tool "rm"`},
		"too wide":     {[]jobs.Step{leaf("1", ""), leaf("2", ""), leaf("3", ""), leaf("4", "")}, "at most 3"},
		"empty branch": {[]jobs.Step{leaf("1", ""), branch}, "without children"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := plan.Check(jobs.Plan{Title: "title", Steps: test.steps}, limits, tools)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if _, ok := errors.AsType[*jobs.UserError](err); !ok || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want a sentence with %q", err, test.want)
			}
		})
	}
}
