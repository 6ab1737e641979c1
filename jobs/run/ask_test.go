package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/llmtest"
)

// inquirer works on a task of a crew that has somebody to ask.
func inquirer(t *testing.T, l *ledger, n *jobs.Node, steps ...llmtest.Step) (string, *llmtest.Script, error) {
	t.Helper()
	script := llmtest.NewScript(steps...)
	c, err := NewCrew(CrewConfig{
		Store: l, Models: one{script}, Tools: []jobs.Tool{echo{}}, MayAsk: true,
		Planner: unused{}, Combiner: unused{}, Gather: func([]jobs.NodeResult) string { return "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	n.ID, n.Job, n.Epoch, n.Prompt = 7, "job_1", 1, "do it"
	text, err := c.Work(t.Context(), n)
	return text, script, err
}

func asking(id, what string) llm.ToolCall {
	return llm.ToolCall{ID: id, Name: "ask", Args: json.RawMessage(fmt.Sprintf(`{"question":"Which %s?","why":"It decides.","assume":"any %[1]s"}`, what))}
}

func TestCrew_Work_stopsWithAQuestionAndItsTurn(t *testing.T) {
	t.Parallel()
	l := &ledger{}
	other := llm.ToolCall{ID: "2", Name: "echo", Args: json.RawMessage(`{"say":"a"}`)}
	_, _, err := inquirer(t, l, &jobs.Node{Type: jobs.TypeTask}, llmtest.Calls(asking("1", "year"), asking("3", "month")))
	if q, ok := errors.AsType[*question](err); !ok || q.text != "- Which year? (It decides.)\n- Which month? (It decides.)" {
		t.Fatalf("got %v, want both questions in one", err)
	}
	_, _, err = inquirer(t, l, &jobs.Node{Type: jobs.TypeTask, Tools: []string{"echo"}}, llmtest.Calls(asking("1", "year"), other))
	q, ok := errors.AsType[*question](err)
	if !ok || q.text != "Which year? (It decides.)" || q.assume != "any year" {
		t.Fatalf("got %v", err)
	}
	if counted[jobs.Checkpoint](l) != 0 || q.kept == nil || q.kept.Turn != 1 || len(q.kept.Messages) != 2 || q.kept.Messages[1].Results[1].Text != "a" {
		t.Errorf("the turn goes with the question, with all its results; got %+v", q.kept)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := testRunner(now)
	for within, until := range map[time.Duration]time.Time{time.Hour: now.Add(time.Hour), 0: {}} {
		r.cfg.AnswerWithin = within
		p, ok := r.outcome(t.Context(), &jobs.Node{ID: 7}, midway{err}).(jobs.Park)
		if !ok || p.Reason != jobs.ReasonQuestion || p.Question != q.text || p.Assume != q.assume || p.Kept != q.kept || !p.Until.Equal(until) {
			t.Errorf("within %s: got %+v", within, p)
		}
	}
}

func TestCrew_Work_goesOnWithTheAnswer(t *testing.T) {
	t.Parallel()
	_, _, err := inquirer(t, &ledger{}, &jobs.Node{Type: jobs.TypeTask}, llmtest.Calls(asking("1", "year")))
	q, ok := errors.AsType[*question](err)
	if !ok {
		t.Fatal(err)
	}
	started := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	l := &ledger{before: q.kept.Messages, said: []jobs.Said{{Text: "2024", Question: q.text, At: started.Add(time.Hour)}}}
	text, script, err := inquirer(t, l, &jobs.Node{Type: jobs.TypeTask, Started: started}, llmtest.Text("of 2024"))
	if err != nil || text != "of 2024" {
		t.Fatalf("got %q, %v", text, err)
	}
	messages := script.Requests()[0].Messages
	last := messages[len(messages)-1]
	if len(messages) != 4 || last.Role != llm.RoleUser || !strings.Contains(last.Text, `"question":"Which year? (It decides.)","text":"2024"`) {
		t.Errorf("the model is sent %d messages, the last: %s", len(messages), last.Text)
	}
}

func TestCrew_Work_asksSoOftenAndNoMore(t *testing.T) {
	t.Parallel()
	l := &ledger{}
	for i := range maxAsks {
		_, _, err := inquirer(t, l, &jobs.Node{Type: jobs.TypeTask}, llmtest.Calls(asking(fmt.Sprint(i), fmt.Sprint(i))))
		q, ok := errors.AsType[*question](err)
		if !ok {
			t.Fatalf("question %d: %v", i+1, err)
		}
		l.before = append(l.before, q.kept.Messages...)
	}
	text, script, err := inquirer(t, l, &jobs.Node{Type: jobs.TypeTask}, llmtest.Calls(asking("9", "more")), llmtest.Text("decided"))
	if err != nil || text != "decided" {
		t.Fatalf("got %q, %v", text, err)
	}
	messages := script.Requests()[1].Messages
	if got := messages[len(messages)-1].Results[0]; !got.Error || !strings.Contains(got.Text, "3 times already") {
		t.Errorf("the model is told %+v", got)
	}
}

func TestCrew_Work_offersToAskOnlyWhereItMakesSense(t *testing.T) {
	t.Parallel()
	offered := func(script *llmtest.Script) bool {
		return slices.ContainsFunc(script.Requests()[0].Tools, func(s llm.ToolSpec) bool { return s.Name == "ask" })
	}
	for _, tt := range []struct {
		node jobs.Node
		want bool
	}{
		{jobs.Node{Type: jobs.TypeTask}, true},
		{jobs.Node{Type: jobs.TypeTask, Tools: []string{"echo"}}, true},
		{jobs.Node{Type: jobs.TypeRootJob, Tools: []string{"echo"}}, true},
		{jobs.Node{Type: jobs.TypeRootJob}, false}, // perhaps one plain call
		{jobs.Node{Type: jobs.TypeAPICall}, false},
	} {
		_, script, err := inquirer(t, &ledger{}, &tt.node, llmtest.Text("x"))
		if err != nil || offered(script) != tt.want {
			t.Errorf("%s with tools %v: offered %t, %v", tt.node.Type, tt.node.Tools, offered(script), err)
		}
	}
	if _, script, err := work(t, &ledger{}, 0, llmtest.Text("x")); err != nil || offered(script) {
		t.Errorf("where nobody answers: %t, %v", offered(script), err)
	}
}

// toolless is a Models of one model that calls no tools.
type toolless struct{ one }

func (m toolless) Pick(w Want) (llm.Model, int, error) {
	if w.Tools {
		return nil, 0, &jobs.UserError{Message: "no model calls tools"}
	}
	return m.one.Pick(w)
}

func TestCrew_Work_doesWithoutAskingWhereNoModelCallsTools(t *testing.T) {
	t.Parallel()
	script := llmtest.NewScript(llmtest.Text("done"))
	c, err := NewCrew(CrewConfig{
		Store: &ledger{}, Models: toolless{one{script}}, MayAsk: true,
		Planner: unused{}, Combiner: unused{}, Gather: func([]jobs.NodeResult) string { return "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.Work(t.Context(), &jobs.Node{Type: jobs.TypeTask, Prompt: "x"})
	if err != nil || text != "done" || len(script.Requests()[0].Tools) != 0 {
		t.Errorf("got %q, %v", text, err)
	}
}

// curious is a planner that tells whether it may ask.
type curious struct {
	unused

	mayAsk *[]bool
}

func (c curious) Plan(_ context.Context, _ llm.Model, b jobs.Briefing) (jobs.Plan, error) {
	*c.mayAsk = append(*c.mayAsk, b.MayAsk)
	return jobs.Plan{}, nil
}

func TestCrew_Plan_asksOnce(t *testing.T) {
	t.Parallel()
	l, got := &ledger{}, []bool{}
	c, err := NewCrew(CrewConfig{
		Store: l, Models: one{llmtest.NewScript()}, Planner: curious{mayAsk: &got}, MayAsk: true,
		Combiner: unused{}, Gather: func([]jobs.NodeResult) string { return "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range [][]jobs.Said{nil, {{Text: "hurry"}}, {{Text: "2024", Question: "Which year?"}}} {
		l.said = said
		if _, err := c.Plan(t.Context(), &jobs.Node{}); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, []bool{true, true, false}) {
		t.Errorf("may ask: %v", got)
	}
}
