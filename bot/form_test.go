package bot

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
)

func planned() jobs.Plan {
	return jobs.Plan{Steps: []jobs.Step{
		{Key: "1", Type: jobs.TypePlan, Title: "Data"},
		{Key: "1.1", Parent: "1", Type: jobs.TypeTask, Title: "Load", Prompt: "Load the CSV\nand look at it"},
		{Key: "1.2", Parent: "1", Type: jobs.TypeTask, Title: "Check", Prompt: "Check it"},
		{Key: "2", Type: jobs.TypeSubplan, Title: "Slides", Later: true},
		{Key: "3", Type: jobs.TypeTask, Title: "Send", Prompt: "Send it"},
	}}
}

func TestParseSteps(t *testing.T) {
	t.Parallel()
	tests := map[string][]jobs.Edit{
		"":                               nil,
		planText(planned()):              nil,
		"1.1 Load":                       nil, // its title changes nothing either
		"# 1.1 a comment":                nil,
		"1.1 Load the CSV and drop rows": {{Op: jobs.EditPrompt, Path: "1.1", Prompt: "Load the CSV and drop rows"}},
		"1.2: Check\tit  twice":          {{Op: jobs.EditPrompt, Path: "1.2", Prompt: "Check it twice"}},
		"- 1.2\n-3.":                     {{Op: jobs.EditDrop, Path: "1.2"}, {Op: jobs.EditDrop, Path: "3"}},
		"– 1":                            {{Op: jobs.EditDrop, Path: "1"}},
		"+ 1 Draw a chart":               {{Op: jobs.EditAdd, Path: "1", Prompt: "Draw a chart"}},
		"+ Draw a chart":                 {{Op: jobs.EditAdd, Prompt: "Draw a chart"}},
		"+ 3 slides about prices":        {{Op: jobs.EditAdd, Prompt: "3 slides about prices"}}, // 3 is no branch
		"+ 1.9 x":                        {{Op: jobs.EditAdd, Path: "1.9", Prompt: "x"}},
	}
	for text, want := range tests {
		got, err := parseSteps(planned(), text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	for text, want := range map[string]string{
		"4 a new step":  "The plan has no step 4. For a new one write \"+ a new step\".",
		"1.1":           "Step 1.1 has no text any more",
		"- all of it":   "behind - stands the number of a step",
		"+":             "A new step has no text",
		"+ 1":           "A new step has no text",
		"do it better!": "a line begins with a step's number",
	} {
		if edits, err := parseSteps(planned(), text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want %q", text, edits, err, want)
		}
	}
}

func TestPlanText_fitsItsField(t *testing.T) {
	t.Parallel()
	long := planned()
	long.Steps[1].Prompt = strings.Repeat("word ", 1000)
	if got := planText(long); got != "# 1 Data\n1.1 Load\n1.2 Check\n# 2 Slides\n3 Send" {
		t.Errorf("long prompts: %q", got)
	}
	for range 500 {
		long.Steps = append(long.Steps, jobs.Step{Key: "3", Type: jobs.TypeTask, Title: "Send"})
	}
	text := planText(long)
	if n := len([]rune(text)); n > maxField || n < maxField/2 {
		t.Errorf("many steps: %d characters", n)
	}
	if edits, err := parseSteps(long, text); err != nil || edits != nil {
		t.Errorf("many steps, unchanged: %+v, %v", edits, err)
	}
}

// FuzzParseSteps holds for any text: nothing panics, and what is read can be handed
// to the plan.
func FuzzParseSteps(f *testing.F) {
	for _, seed := range []string{"1.1 x", "- 1", "+ 1 x", "+", "-", "#", "1.2.3.4 y\n\n- 2", "+ 1.1 x", "٣ x", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		edits, err := parseSteps(planned(), text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x00") {
				t.Fatalf("%q is said in several lines: %q", text, err)
			}
			return
		}
		for _, e := range edits {
			if e.Path != "" && !isPath(e.Path) || e.Op != jobs.EditDrop && e.Prompt == "" {
				t.Fatalf("%q became %+v", text, e)
			}
		}
		if len(edits) > 0 {
			_, _ = planned().Edited(edits)
		}
	})
}

func TestListing_survivesAButton(t *testing.T) {
	t.Parallel()
	for _, l := range []listing{
		{}, {mine: true}, {group: jobs.GroupActive, page: 3}, {status: jobs.StatusFailed, mine: true, words: "q4, sales | x"},
	} {
		b, ok := ParseValue(Button{Action: ActJobs, Arg: l.String()}.Value())
		if !ok {
			t.Fatalf("%+v is too long", l)
		}
		if got := parseListing(b.Arg); got != l {
			t.Errorf("%+v came back as %+v", l, got)
		}
	}
	if got := parseListing("x,y,z,-5"); got != (listing{mine: true}) {
		t.Errorf("nonsense became %+v", got)
	}
}
