package plan_test

import (
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"testing"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/plan"
	"github.com/askbob/bob/llm"
)

// script is a model that says what it was told to, answer by answer.
type script struct {
	tb      testing.TB
	answers []any // string or error
	asked   []llm.Request
}

func (s *script) Generate(_ context.Context, r llm.Request) (llm.Response, error) {
	s.asked = append(s.asked, r)
	if len(s.asked) > len(s.answers) {
		s.tb.Fatalf("the model was asked %d times, want at most %d", len(s.asked), len(s.answers))
	}
	switch answer := s.answers[len(s.asked)-1].(type) {
	case string:
		return llm.Response{Text: answer, Stop: llm.StopDone}, nil
	case error:
		return llm.Response{}, answer
	default:
		s.tb.Fatalf("answer %T is neither text nor error", answer)
		return llm.Response{}, nil
	}
}

func (s *script) Stream(context.Context, llm.Request) iter.Seq2[llm.Delta, error] {
	s.tb.Fatal("a planner does not stream")
	return nil
}

func newPlanner(tb testing.TB) *plan.Planner {
	tb.Helper()
	p, err := plan.New(plan.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// briefing is that of the seed's own example.
func briefing() jobs.Briefing {
	return jobs.Briefing{
		Request: "Analyze the Q4 sales data and create a presentation",
		Node:    &jobs.Node{ID: 1, Job: "job_abcdefgh", Type: jobs.TypeRootJob},
		Files: []jobs.FileInfo{{
			Name: "q4.csv", MediaType: "text/csv", Bytes: 900, SHA256: "abc", Kind: "table",
			Tables: []jobs.Table{{
				Name: "q4", Rows: 30,
				Columns: []jobs.Column{{Name: "region", Header: "Region", Type: "text", Distinct: 2, Sample: []string{"North", "South"}}},
				Sample:  [][]string{{"North"}, {"South"}},
			}},
		}},
		Tools: []jobs.ToolSpec{
			{Name: "table_query", Description: "SQL over attached tables"},
			{Name: "deck", Description: "slides"},
		},
		Limits: jobs.Limits{MaxDepth: 3, MaxChildren: 4, MaxNodes: 8},
		Budget: 2 * llm.Dollar,
		MayAsk: true,
	}
}

// draft is a valid node to start from.
type draft = plan.DraftNode

func leaf(key, parent string, dependsOn ...string) draft {
	return draft{
		Key: key, Parent: parent, Type: jobs.TypeTask, Title: "Title of " + key, Prompt: "Do " + key,
		DependsOn: dependsOn, Expand: "now",
	}
}

func branch(key, parent string, dependsOn ...string) draft {
	return draft{
		Key: key, Parent: parent, Type: jobs.TypePlan, Title: "Title of " + key, DependsOn: dependsOn, Expand: "now",
	}
}

func of(nodes ...draft) plan.Draft { return plan.Draft{Title: "Sales", Nodes: nodes} }

// answer writes a draft as a model would.
func answer(tb testing.TB, d plan.Draft) string {
	tb.Helper()
	data, err := json.Marshal(d)
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}
