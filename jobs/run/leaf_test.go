package run

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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
	brief   jobs.Briefing
	said    []jobs.Said
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
	b := l.brief
	b.Node, b.Place, b.Messages = n, []string{"job", n.Title}, slices.Clone(l.said)
	if b.Request == "" {
		b.Request = "the request"
	}
	return b, nil
}

func (l *ledger) Said(context.Context, *jobs.Node) ([]jobs.Said, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.said), nil
}

func (l *ledger) Turns(context.Context, *jobs.Node) ([]llm.Message, error) { return l.before, nil }
func (l *ledger) Deeds(context.Context, *jobs.Node) ([]jobs.Deed, error)   { return nil, nil }
func (l *ledger) Files(*jobs.Node) jobs.Files                              { return nil }
func (l *ledger) Size(context.Context, jobs.JobID) (int, error)            { return 1, nil }

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

// several is a Models of models that are asked in turn until one answers.
type several struct {
	models []one
	wants  *[]Want
}

func (s several) Pick(w Want) (llm.Model, int, error) {
	*s.wants = append(*s.wants, w)
	return turns{s, w}, 0, nil
}

type turns struct {
	several

	want Want
}

func (t turns) Generate(ctx context.Context, r llm.Request) (resp llm.Response, err error) {
	for _, m := range t.models {
		if resp, err = t.want.Book(m).Generate(ctx, r); err == nil {
			break
		}
	}
	return resp, err
}

func (t turns) Stream(context.Context, llm.Request) iter.Seq2[llm.Delta, error] { return nil }

func TestCrew_Work_booksEachModelThatIsAskedByItself(t *testing.T) {
	t.Parallel()
	l, wants := &ledger{}, []Want{}
	c, err := NewCrew(CrewConfig{
		Store: l, Tools: []jobs.Tool{echo{}}, Planner: unused{}, Combiner: unused{}, Gather: func([]jobs.NodeResult) string { return "" },
		Models: several{[]one{{llmtest.NewScript(llmtest.Failure(llm.KindUnavailable))}, {llmtest.NewScript(llmtest.Text("done"))}}, &wants},
	})
	if err != nil {
		t.Fatal(err)
	}
	n := &jobs.Node{ID: 7, Job: "job_1", Tools: []string{"echo"}, Needs: jobs.Requirements{PrivateOnly: true, Vision: true}}
	if text, err := c.Work(t.Context(), n); text != "done" || err != nil {
		t.Fatalf("got %q, %v", text, err)
	}
	keys := map[string]bool{}
	for _, change := range l.changes {
		if r, ok := change.(jobs.Reserve); ok {
			keys[r.Key] = true
		}
	}
	if len(keys) != 2 || counted[jobs.Settle](l) != 2 {
		t.Errorf("%d keys reserved, %d settled; want a line for each of the two models", len(keys), counted[jobs.Settle](l))
	}
	if w := wants[0]; w.Purpose != llm.PurposeTurn || !w.Tools || w.Schema || w.Node != 7 || !w.Needs.PrivateOnly || !w.Needs.Vision {
		t.Errorf("asked for %+v", w)
	}
	if _, err := c.Plan(t.Context(), n); !errors.Is(err, errors.ErrUnsupported) {
		t.Fatal(err)
	}
	if w := wants[1]; w.Purpose != llm.PurposePlan || w.Tools || !w.Schema || !w.Needs.PrivateOnly || w.Needs.Vision {
		t.Errorf("for a plan asked for %+v", w)
	}
}

func TestCrew_Work_tellsWaitingFromGivingUpMidway(t *testing.T) {
	t.Parallel()
	held := llmtest.Fail(&llm.APIError{Kind: llm.KindRateLimited, Held: true})
	_, _, err := work(t, &ledger{refuse: jobs.ErrBudget}, 0, held)
	if _, ok := errors.AsType[midway](err); ok || !errors.Is(err, jobs.ErrBudget) {
		t.Errorf("before any call was sent: got %v, want it as it is", err)
	}
	_, _, err = work(t, &ledger{}, 0, llmtest.Call("1", "echo", `{"say":"a"}`), held)
	if _, ok := errors.AsType[midway](err); !ok || llm.AsAPIError(err) == nil {
		t.Errorf("after a turn: got %v, want it marked", err)
	}
}

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

// fitting is a planner that asks whether there is a model for each of its steps.
type fitting struct {
	unused

	steps []jobs.Step
}

func (f fitting) Plan(_ context.Context, _ llm.Model, b jobs.Briefing) (jobs.Plan, error) {
	for _, s := range f.steps {
		if err := b.Fits(s); err != nil {
			return jobs.Plan{}, err
		}
	}
	return jobs.Plan{}, nil
}

func TestCrew_Plan_canAskWhetherAModelFits(t *testing.T) {
	t.Parallel()
	var wants []Want
	needs := jobs.Requirements{Vision: true, MinContext: 5}
	c, err := NewCrew(CrewConfig{
		Store: &ledger{}, Combiner: unused{}, Gather: func([]jobs.NodeResult) string { return "" }, Models: several{nil, &wants},
		Planner: fitting{steps: []jobs.Step{
			{Type: jobs.TypeTask, Needs: needs, Tools: []string{"echo"}},
			{Type: jobs.TypeSubplan, Needs: needs, Later: true},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Plan(t.Context(), &jobs.Node{}); err != nil {
		t.Fatal(err)
	}
	blind := jobs.Requirements{MinContext: 5}
	want := []Want{
		{Purpose: llm.PurposeTurn, Needs: needs, Tools: true},
		{Purpose: llm.PurposeCombine, Needs: blind},
		{Purpose: llm.PurposePlan, Needs: blind, Schema: true},
	}
	if diff := cmp.Diff(want, wants[1:], cmpopts.IgnoreFields(Want{}, "Book")); diff != "" { // the first is for the planner itself
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
}
