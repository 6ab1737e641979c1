package plan_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/plan"
)

const small = `{"title":"Sum","nodes":[{"key":"a","type":"api_call","title":"Add","prompt":"Add 1 and 2."}]}`

func smallDraft() plan.Draft {
	return plan.Draft{Title: "Sum", Questions: []string{}, Nodes: []draft{{
		Key: "a", Type: jobs.TypeAPICall, Title: "Add", Prompt: "Add 1 and 2.",
		DependsOn: []string{}, Tools: []string{}, Expand: "now",
	}}}
}

func TestParse_looksPastWhatIsAroundAPlan(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"bare":                      small,
		"fence":                     "```json\n" + small + "\n```",
		"fence without a language":  "```\n" + small + "\n```\n",
		"prose before and after":    "Here is {the plan}:\n" + small + "\nI hope {this} helps.",
		"reasoning":                 "<think>Perhaps {\"nodes\": 3}?</think>\n" + small,
		"wrapped":                   `{"plan":` + small + `}`,
		"in an array":               "[" + small + "]",
		"byte order mark":           "\ufeff" + small,
		"broken bytes":              "\xff" + small + "\xc3",
		"nulls for what is missing": strings.Replace(small, `"type"`, `"tools":null,"needs":{"model":null},"type"`, 1),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problems := plan.Parse(text)
			if len(problems) > 0 {
				t.Fatalf("problems: %v", problems)
			}
			if diff := cmp.Diff(smallDraft(), got); diff != "" {
				t.Errorf("draft (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParse_refuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"nothing":           {"", "no JSON object"},
		"prose":             {"I cannot {do} that.", "no JSON object"},
		"cut in a string":   {small[:60], "ends in the middle"},
		"cut at the end":    {small[:len(small)-1], "ends in the middle"},
		"cut reasoning":     {"<think>" + small, "no JSON object"},
		"two plans":         {small + "\nor better\n" + small, "more than one JSON object"},
		"missing comma":     {strings.Replace(small, `,"title":"Add"`, `"title":"Add"`, 1), "not valid JSON"},
		"neither field":     {`{"title":"x"}`, "nodes"},
		"unknown field":     {strings.Replace(small, `"key"`, `"dependsOn":["b"],"key"`, 1), "dependsOn"},
		"missing type":      {strings.Replace(small, `"type":"api_call",`, "", 1), "type"},
		"missing title":     {strings.Replace(small, `"title":"Add",`, "", 1), "title"},
		"number as a title": {strings.Replace(small, `"Add"`, "7", 1), "/nodes/0/title"},
		"nodes of text":     {`{"title":"x","nodes":["a"]}`, "/nodes/0"},
		"too long a prompt": {strings.Replace(small, "Add 1", strings.Repeat("x", 5000), 1), "/nodes/0/prompt"},
		"too long":          {small + strings.Repeat(" ", 1<<20), "too long"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := plan.Parse(test.text)
			if !strings.Contains(problems.String(), test.want) {
				t.Errorf("problems are %q, want %q in them", problems, test.want)
			}
		})
	}
}

func TestParse_cleansTexts(t *testing.T) {
	t.Parallel()
	text := strings.Replace(small, "Add 1 and 2.", `Add\u0000 1\u202e and\r\n2.\ud800`, 1)
	text = strings.Replace(text, `"prompt"`, `"estimate_seconds":12.6,"prompt"`, 1)
	got, problems := plan.Parse(text)
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	if want := "Add 1 and\n2."; got.Nodes[0].Prompt != want {
		t.Errorf("prompt is %q, want %q", got.Nodes[0].Prompt, want)
	}
	if got.Nodes[0].Estimate != 13 {
		t.Errorf("estimate is %d, want 13", got.Nodes[0].Estimate)
	}
}

func TestParse_cleansTitles(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"Load the data":               "Load the data",
		"  Load\n the   data. ":       "Load the data",
		"1.2.3: Load the data":        "Load the data",
		"2) Load the data":            "Load the data",
		"Task 1.1.1: Load CSV files":  "Load CSV files",
		"Plan 2 - Presentation":       "Presentation",
		"**Load** the data":           "Load the data",
		"## Load":                     "Load",
		"- Load":                      "Load",
		"`Load`":                      "Load",
		"\u201cLoad\u201d":            "\u201cLoad\u201d",
		"3 charts for the board":      "3 charts for the board",
		"2.5 percent growth":          "2.5 percent growth",
		"-5 % margin":                 "-5 % margin",
		"1.":                          "1",
		"Umsätze je Region berechnen": "Umsätze je Region berechnen",
		strings.Repeat("word ", 30):   strings.TrimSpace(strings.Repeat("word ", 19)) + "…",
	}
	for title, want := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			d, _ := plan.Parse(answer(t, plan.Draft{Title: title, Nodes: []draft{leaf("a", "")}}))
			if d.Title != want {
				t.Errorf("title of %q is %q, want %q", title, d.Title, want)
			}
			if !utf8.ValidString(d.Title) {
				t.Errorf("title %q is not valid UTF-8", d.Title)
			}
		})
	}
}

func TestParse_hugeNumbersAreOnlyOutOfRange(t *testing.T) {
	t.Parallel()
	text := strings.Replace(small, `"prompt"`, `"estimate_seconds":1e999999999,"needs":{"min_context":-1e400},"prompt"`, 1)
	d, problems := plan.Parse(text)
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	if got := plan.Validate(d, briefing()); len(got) != 2 {
		t.Errorf("problems are\n%s\nwant two numbers out of range", got)
	}
}
