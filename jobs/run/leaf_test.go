package run

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/llmtest"
)

// ledger is a CrewStore that keeps what it is told.
type ledger struct {
	CrewStore

	mu      sync.Mutex
	changes []jobs.Change
	before  []llm.Message
	refuse  error // of reserving
}

func (l *ledger) Apply(_ context.Context, changes ...jobs.Change) ([]jobs.Outcome, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]jobs.Outcome, len(changes))
	for i, c := range changes {
		l.changes = append(l.changes, c)
		if _, ok := c.(jobs.Reserve); ok {
			out[i].Call, out[i].Err = int64(len(l.changes)), l.refuse
		}
	}
	return out, nil
}

func (l *ledger) Brief(_ context.Context, n *jobs.Node) (jobs.Briefing, error) {
	return jobs.Briefing{Node: n, Request: "the request", Place: []string{"job", n.Title}}, nil
}

func (l *ledger) Turns(context.Context, *jobs.Node) ([]llm.Message, error) { return l.before, nil }
func (l *ledger) Files(*jobs.Node) jobs.Files                              { return nil }

// counted returns how many changes of a type there were.
func counted[T jobs.Change](l *ledger) int {
	n := 0
	for _, c := range l.changes {
		if _, ok := c.(T); ok {
			n++
		}
	}
	return n
}

// one is a Models with one model.
type one struct{ llm.Model }

func (o one) Estimate(llm.Request) llm.Estimate {
	return llm.Estimate{Provider: "p", Model: "m", Worst: llm.Cost{Amount: 5, Known: true}}
}

func (o one) Pick(w Want) (llm.Model, int, error) { return w.Book(o), 0, nil }

// echo is a tool that says what it is told, and refuses "bad".
type echo struct{}

func (echo) Spec() jobs.ToolSpec {
	return jobs.ToolSpec{Name: "echo", Effect: jobs.EffectRead, Schema: llm.MustSchema("echo",
		`{"type":"object","properties":{"say":{"type":"string"}},"required":["say"],"additionalProperties":false}`)}
}

func (echo) Call(_ context.Context, _ jobs.Files, args json.RawMessage) (jobs.ToolResult, error) {
	var a struct{ Say string }
	if err := json.Unmarshal(args, &a); err != nil {
		return jobs.ToolResult{}, err
	}
	if a.Say == "bad" {
		return jobs.ToolResult{}, &jobs.ToolError{Message: "do not say bad"}
	}
	return jobs.ToolResult{Text: a.Say}, nil
}

func work(t *testing.T, l *ledger, turns int, steps ...llmtest.Step) (string, *llmtest.Script, error) {
	t.Helper()
	script := llmtest.NewScript(steps...)
	c, err := NewCrew(CrewConfig{
		Store: l, Models: one{script}, Tools: []jobs.Tool{echo{}}, MaxTurns: turns,
		Planner: unused{}, Combiner: unused{}, Gather: func([]jobs.NodeResult) string { return "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.Work(t.Context(), &jobs.Node{ID: 7, Job: "job_1", Epoch: 1, Title: "step", Prompt: "say hello", Tools: []string{"echo"}})
	return text, script, err
}

type unused struct{}

func (unused) Plan(context.Context, llm.Model, jobs.Briefing) (jobs.Plan, error) {
	return jobs.Plan{}, errors.ErrUnsupported
}

func (unused) Combine(context.Context, llm.Model, jobs.Briefing) (string, error) {
	return "", errors.ErrUnsupported
}

func TestCrew_Work_booksEveryCallAndKeepsEveryTurn(t *testing.T) {
	t.Parallel()
	l := &ledger{}
	text, script, err := work(t, l, 0, llmtest.Call("1", "echo", `{"say":"hello"}`), llmtest.Text("hello it is"))
	if err != nil || text != "hello it is" {
		t.Fatalf("got %q %v", text, err)
	}
	if r, s, k := counted[jobs.Reserve](l), counted[jobs.Settle](l), counted[jobs.Checkpoint](l); r != 2 || s != 2 || k != 1 {
		t.Errorf("%d reserved, %d settled, %d turns kept; want 2, 2, 1", r, s, k)
	}
	last := script.Requests()[1].Messages
	if got := last[len(last)-1].Results[0].Text; got != "hello" {
		t.Errorf("the model was told %q, want hello", got)
	}
	if step, ok := llm.SectionOf(last[0].Text, jobs.SectionStep); !ok || step != "say hello" {
		t.Errorf("the prompt's step is %q", step)
	}
}

func TestCrew_Work_tellsTheModelWhatItDidWrong(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ name, args, want string }{
		"unknown tool":      {"shell", `{}`, "There is no tool"},
		"wrong arguments":   {"echo", `{"shout":1}`, "do not fit the tool's schema"},
		"no JSON":           {"echo", `{"say":`, "do not fit the tool's schema"},
		"refused by tool":   {"echo", `{"say":"bad"}`, "do not say bad"},
		"no args at all":    {"echo", ``, "do not fit the tool's schema"},
		"a list, no object": {"echo", `[]`, "do not fit the tool's schema"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, script, err := work(t, &ledger{}, 0, llmtest.Call("1", tt.name, tt.args), llmtest.Text("sorry"))
			if err != nil {
				t.Fatal(err)
			}
			messages := script.Requests()[1].Messages
			got := messages[len(messages)-1].Results[0]
			if !got.Error || !strings.Contains(got.Text, tt.want) {
				t.Errorf("got %+v, want an error with %q", got, tt.want)
			}
		})
	}
}

func TestCrew_Work_endsToolLoops(t *testing.T) {
	t.Parallel()
	again := llmtest.Call("1", "echo", `{"say":"again"}`)
	_, script, err := work(t, &ledger{}, 6, again, again, again, again, again, again)
	if !errors.Is(err, errTurns) {
		t.Errorf("got %v, want errTurns", err)
	}
	requests := script.Requests()
	fourth := requests[4].Messages
	if got := fourth[len(fourth)-1].Results[0]; !got.Error {
		t.Errorf("the fourth same call was answered: %+v", got)
	}
	if len(requests) != 6 || len(requests[5].Tools) != 0 {
		t.Errorf("%d requests, the last with %d tools; want 6, and none", len(requests), len(requests[5].Tools))
	}
}

func TestCrew_Work_goesOnFromTheTurnsThatWereKept(t *testing.T) {
	t.Parallel()
	l := &ledger{before: []llm.Message{
		{Role: llm.RoleAssistant, Calls: []llm.ToolCall{{ID: "1", Name: "echo", Args: json.RawMessage(`{"say":"a"}`)}}},
		{Role: llm.RoleTool, Results: []llm.ToolResult{{ID: "1", Name: "echo", Text: "a"}}},
	}}
	_, script, err := work(t, l, 0, llmtest.Text("done"))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(script.Requests()[0].Messages); got != 3 {
		t.Errorf("the model was sent %d messages, want the prompt and the 2 that were kept", got)
	}
}

func TestCrew_Work_sendsNothingThatTheBudgetDoesNotCover(t *testing.T) {
	t.Parallel()
	_, script, err := work(t, &ledger{refuse: jobs.ErrBudget}, 0, llmtest.Text("never"))
	if !errors.Is(err, jobs.ErrBudget) || len(script.Requests()) != 0 {
		t.Errorf("got %v and %d requests, want ErrBudget and none", err, len(script.Requests()))
	}
}

func TestCrew_Work_takesAnEmptyAnswerForNone(t *testing.T) {
	t.Parallel()
	l := &ledger{}
	_, _, err := work(t, l, 0, llmtest.Text("  \n"))
	if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindBroken {
		t.Errorf("got %v, want a broken answer", err)
	}
	if counted[jobs.Settle](l) != 1 {
		t.Error("the empty answer is not in the ledger")
	}
}

func TestLeafPrompt_saysWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	b := jobs.Briefing{Context: 2000, Node: &jobs.Node{Prompt: "go"}, Results: []jobs.NodeResult{
		{Path: "1", Text: strings.Repeat("long ", 5000)}, {Path: "2", Text: "short"},
	}}
	prompt := leafPrompt(b)
	if len(prompt) > 5000 {
		t.Errorf("the prompt has %d bytes for a context of 2000 tokens", len(prompt))
	}
	if !strings.Contains(prompt, "were left out") || !strings.Contains(prompt, "short") {
		t.Errorf("the prompt does not say what is missing: %s", prompt)
	}
}
