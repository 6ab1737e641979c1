package demo_test

import (
	"strings"
	"testing"

	"github.com/askbob/bob/llm"
)

func TestPlan_getsSmallerUntilItFitsTheLimits(t *testing.T) {
	t.Parallel()
	for limits, want := range map[string]int{
		`{"max_depth":3,"max_children":20,"max_nodes":200}`: 21,
		`{"max_depth":2,"max_children":20,"max_nodes":200}`: 13,
		`{"max_depth":3,"max_children":20,"max_nodes":15}`:  13,
		`{"max_depth":1,"max_children":20,"max_nodes":200}`: 3,
		`{"max_depth":3,"max_children":2,"max_nodes":200}`:  1,
		`{"max_depth":1,"max_children":1,"max_nodes":1}`:    1,
	} {
		b := seedBench(t)
		b.limits = limits
		if got := len(b.plan().Nodes); got != want {
			t.Errorf("%s: %d nodes, want %d", limits, got, want)
		}
		answer, _ := b.run()
		if !strings.Contains(answer, "4,068.00") || !strings.Contains(answer, "`sales-presentation.pptx`") || len(b.slides) < 8 || len(b.charts) != 3 {
			t.Errorf("%s: %d slides, %d charts:\n%s", limits, len(b.slides), len(b.charts), answer)
		}
	}
}

func TestPlan_thatWasSentBackGetsSmaller(t *testing.T) {
	t.Parallel()
	b := seedBench(t)
	r := b.planRequest()
	first, err := b.model.Generate(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	r.Messages = append(r.Messages, llm.Message{Role: llm.RoleAssistant, Text: first.Text},
		llm.Message{Role: llm.RoleUser, Text: "The plan has faults: too deep. Answer with a whole plan."})
	second, err := b.model.Generate(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if len(second.Text) >= len(first.Text) {
		t.Errorf("the second plan has %d bytes, the first %d", len(second.Text), len(first.Text))
	}
}

func TestPlan_ofABranchIsOneStepThatDoesIt(t *testing.T) {
	t.Parallel()
	b := seedBench(t)
	step := b.plan().Nodes[0].Prompt
	r := b.planRequest()
	r.Messages[0].Text += llm.Section("step", step)
	resp, err := b.model.Generate(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(resp.Text, `"key"`) != 1 || !strings.Contains(resp.Text, `\"job\":\"insights\"`) {
		t.Error(resp.Text)
	}
}

func TestJob_saysWhatFailed(t *testing.T) {
	t.Parallel()
	for tool, want := range map[string]string{
		"chart":       "fonts are missing",
		"deck":        "building the slides: fonts are missing",
		"table_query": "fonts are missing",
	} {
		t.Run(tool, func(t *testing.T) {
			t.Parallel()
			b := seedBench(t)
			b.broken[tool] = "fonts are missing"
			answer, _ := b.run()
			if !strings.Contains(answer, want) || tool != "table_query" && !strings.Contains(answer, "4,068.00") {
				t.Errorf("the answer does not say %q:\n%s", want, answer)
			}
			if tool == "chart" && len(b.slides) < 8 {
				t.Errorf("%d slides without charts", len(b.slides))
			}
			if tool != "chart" && strings.Contains(answer, "is ready") {
				t.Errorf("the answer promises slides:\n%s", answer)
			}
		})
	}
}

func TestTurn_followsThePlansOfOtherModels(t *testing.T) {
	t.Parallel()
	b := seedBench(t)
	for prompt, want := range map[string]string{
		"Create slides from the findings":        "slides were built",
		"Calculate total revenue for the period": "## Key figures",
		"Plot the results":                       "Files: `revenue-by-month.png`",
		"Check the quality of the data":          "## Data quality",
	} {
		text, _ := b.leaf(node{Key: "x", Prompt: prompt, Tools: []string{"files", "table_query", "chart", "deck"}}, nil)
		if !strings.Contains(text, want) {
			t.Errorf("%s: no %q in\n%s", prompt, want, text)
		}
	}
}

func TestCombine_namesWhatIsMissing(t *testing.T) {
	t.Parallel()
	b := newBench(t, seedRequest)
	text := b.combine("", []result{
		{Path: "1", Title: "Data Analysis", Status: "partial", Text: "## Findings\n\n- Revenue comes to 5.\n"},
		{Path: "2", Title: "Presentation Creation", Status: "failed", Error: "no memory"},
	})
	for _, want := range []string{"- Revenue comes to 5.", "Data Analysis: only partly done", "Presentation Creation: failed – no memory"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestCombine_keepsResultsOfOtherModels(t *testing.T) {
	t.Parallel()
	b := newBench(t, "Compare two phones")
	text := b.combine("", []result{
		{Path: "1", Title: "A", Status: "completed", Text: "The first weighs 170 g.", Artifacts: []string{"a.pdf"}},
		{Path: "2", Title: "B", Status: "completed", Text: "The second weighs 190 g."},
	})
	for _, want := range []string{"170 g", "190 g", "`a.pdf`"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestTurn_looksForATableThatThePromptDoesNotShow(t *testing.T) {
	t.Parallel()
	b := seedBench(t)
	r := llm.Request{
		Purpose: llm.PurposeTurn,
		Messages: []llm.Message{{Role: llm.RoleUser, Text: llm.Section("request", seedRequest) +
			llm.Section("files", `["1 files; ask the files tool for their names"]`) + llm.Section("step", `{"demo":{"job":"metrics"}}`)}},
		Tools: []llm.ToolSpec{{Name: "files", Parameters: schemas["files"].JSON}, {Name: "table_query", Parameters: schemas["table_query"].JSON}},
	}
	if text, _ := b.turnsOf(r); !strings.Contains(text, "Revenue in Q4 2025 comes to 4,068.00") {
		t.Error(text)
	}
}

func TestPlan_takesTheTableThatTheRequestNames(t *testing.T) {
	t.Parallel()
	b := newBench(t, "Analyze costs.csv and create a presentation")
	b.addCSV("sales.csv", salesCSV(), ',')
	b.addCSV("costs.csv", "branch,cost\nA,1\nB,2\nA,3\n", ',')
	answer, results := b.run()
	if !strings.Contains(answer, "Cost comes to 6 in total") {
		t.Error(answer)
	}
	if want := "Not used: sales.csv."; !strings.Contains(results["load"].Text, want) {
		t.Errorf("no %q in\n%s", want, results["load"].Text)
	}
}
