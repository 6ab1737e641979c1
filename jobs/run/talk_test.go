package run

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/llmtest"
)

// sized is a Models whose models take that many tokens.
type sized struct {
	one

	context int
}

func (s sized) Pick(w Want) (llm.Model, int, error) { return w.Book(s), s.context, nil }

// named is a tool of that name with an answer of that many bytes.
type named struct {
	name  string
	bytes int
}

func (n named) Spec() jobs.ToolSpec {
	return jobs.ToolSpec{Name: n.name, Effect: jobs.EffectRead, Description: "does it", Schema: llm.MustSchema(n.name, `{"type":"object"}`)}
}

func (n named) Call(context.Context, jobs.Files, json.RawMessage) (jobs.ToolResult, error) {
	return jobs.ToolResult{Text: strings.Repeat("answer, 12;", n.bytes/11+1)[:n.bytes]}, nil
}

// crewOf returns a crew whose model takes so many tokens and follows the steps.
func crewOf(t *testing.T, l *ledger, context int, tools []jobs.Tool, steps ...llmtest.Step) (*Crew, *llmtest.Script) {
	t.Helper()
	script := llmtest.NewScript(steps...)
	c, err := NewCrew(CrewConfig{
		Store: l, Models: sized{one{script}, context}, Tools: tools,
		Planner: unused{}, Combiner: unused{}, Gather: func([]jobs.NodeResult) string { return "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, script
}

func task7(tools ...string) *jobs.Node {
	return &jobs.Node{ID: 7, Job: "job_1", Epoch: 1, Type: jobs.TypeTask, Title: "step", Prompt: "say hello", Tools: tools, Started: time.Unix(1000, 0)}
}

// isPrefix reports whether a request is the beginning of the next one.
func isPrefix(a, b llm.Request) string {
	if len(b.Messages) < len(a.Messages) {
		return "it has fewer messages"
	}
	b.Messages = b.Messages[:len(a.Messages)]
	a.IdempotencyKey, b.IdempotencyKey = "", ""
	return cmp.Diff(a, b)
}

func TestCrew_Work_everyTurnBeginsWithTheOneBefore(t *testing.T) {
	t.Parallel()
	l := &ledger{brief: jobs.Briefing{Files: []jobs.FileInfo{{Name: "a.csv", Kind: "table"}}}}
	say := func(context.Context, llm.Request) (llm.Response, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.said = append(l.said, jobs.Said{User: "ann", Text: "in euros, please", At: time.Unix(2000, 0)})
		return llm.Response{Calls: []llm.ToolCall{{ID: "2", Name: "b", Args: json.RawMessage(`{}`)}}}, nil
	}
	tools := []jobs.Tool{named{"a", 100}, named{"b", 3000}}
	c, script := crewOf(t, l, 60_000, tools, llmtest.Call("1", "a", `{}`), say, llmtest.Call("3", "b", `{}`), llmtest.Text("done"))
	if _, err := c.Work(t.Context(), task7("b", "a")); err != nil {
		t.Fatal(err)
	}
	requests := script.Requests()
	for i := range len(requests) - 1 {
		if diff := isPrefix(requests[i], requests[i+1]); diff != "" {
			t.Errorf("request %d is no beginning of the next (-it +next):\n%s", i+1, diff)
		}
	}
	if got := requests[2].Messages; !strings.Contains(got[len(got)-1].Text, "in euros, please") {
		t.Errorf("the turn after the message does not end with it: %q", got[len(got)-1].Text)
	}
}

func TestCrew_Work_leavesOfOneJobShareTheBeginning(t *testing.T) {
	t.Parallel()
	brief := jobs.Briefing{Request: "the request", Files: []jobs.FileInfo{{Name: "a.csv", Kind: "table"}}}
	other := brief
	other.Results = []jobs.NodeResult{{Path: "1", Text: "found"}}
	other.Artifacts = []jobs.FileInfo{{Name: "new.png"}}
	var got []llm.Request
	for i, b := range []jobs.Briefing{brief, other} {
		c, script := crewOf(t, &ledger{brief: b}, 60_000, []jobs.Tool{named{"a", 1}, named{"b", 1}}, llmtest.Text("done"))
		n := task7([]string{"a", "b"}[i:]...)
		n.Prompt = fmt.Sprintf("step %d", i)
		if i == 1 {
			n.Tools = []string{"b", "a"}
		}
		if _, err := c.Work(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		got = append(got, script.Requests()[0])
	}
	a, b := got[0], got[1]
	shared, _, _ := strings.Cut(a.Messages[0].Text, "<"+jobs.SectionPlace+">")
	if !strings.HasPrefix(b.Messages[0].Text, shared) || !strings.Contains(shared, "the request") || !strings.Contains(shared, "a.csv") {
		t.Errorf("the second leaf does not begin with the first one's\n%s\nbut\n%s", shared, b.Messages[0].Text)
	}
	if diff := cmp.Diff([]any{a.System, a.Tools}, []any{b.System, b.Tools}); diff != "" {
		t.Errorf("system or tools differ (-first +second):\n%s", diff)
	}
}

func TestCrew_Work_keepsToTheModelsContext(t *testing.T) {
	t.Parallel()
	const context = 12_000
	l := &ledger{}
	steps := make([]llmtest.Step, 0, 16)
	for i := range 15 {
		steps = append(steps, llmtest.Call(fmt.Sprint(i), "a", fmt.Sprintf(`{"n":%d}`, i)))
	}
	c, script := crewOf(t, l, context, []jobs.Tool{named{"a", 2000}}, append(steps, llmtest.Text("done"))...)
	if _, err := c.Work(t.Context(), task7("a")); err != nil {
		t.Fatal(err)
	}
	shortened := 0
	for i, r := range script.Requests() {
		if size := llm.InputTokens(r) + int64(r.MaxOutput); size > context {
			t.Errorf("request %d and its answer take %d tokens of %d", i+1, size, context)
		}
		checkPairs(t, r.Messages)
		if i > 0 && isPrefix(script.Requests()[i-1], r) != "" {
			shortened++
		}
	}
	if last := script.Requests()[15]; !strings.Contains(last.Messages[2].Results[0].Text, "had 2000 bytes and was left out") {
		t.Errorf("the oldest result does not say that it was left out: %.200q", last.Messages[2].Results[0].Text)
	}
	if shortened == 0 || shortened > 7 {
		t.Errorf("the beginning changed in %d of 15 turns, want some, not half", shortened)
	}
	for _, change := range l.changes {
		if k, ok := change.(jobs.Checkpoint); ok && len(k.Messages[1].Results[0].Text) != 2000 {
			t.Errorf("turn %d was kept with %d bytes, want it whole", k.Turn, len(k.Messages[1].Results[0].Text))
		}
	}
}

// checkPairs checks that every call is answered by the next message.
func checkPairs(t interface {
	Errorf(format string, args ...any)
}, messages []llm.Message,
) {
	for i, m := range messages {
		var calls, results []string
		for _, c := range m.Calls {
			calls = append(calls, c.ID+c.Name)
			if !json.Valid(c.Args) {
				t.Errorf("the arguments of call %s are no JSON: %s", c.ID, c.Args)
			}
		}
		if len(calls) == 0 {
			continue
		}
		for _, r := range messages[i+1].Results {
			results = append(results, r.ID+r.Name)
		}
		if !slices.Equal(calls, results) {
			t.Errorf("message %d calls %v, the next answers %v", i, calls, results)
		}
	}
}

func TestTalk_keepsToItsLimitWhateverIsSaid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(3000, 20_000).Draw(t, "limit")
		opening := llm.Request{System: "rules", Messages: []llm.Message{{Role: llm.RoleUser, Text: "the step"}}}
		live := newTalk(opening, limit)
		var all []llm.Message
		piece := rapid.SampledFrom([]string{"word ", "7", "数<\n", `{"x":1}`})
		for turn := range rapid.IntRange(1, 10).Draw(t, "turns") {
			m := llm.Message{Role: llm.RoleAssistant, Text: strings.Repeat("so ", rapid.IntRange(0, 300).Draw(t, "text"))}
			answer := llm.Message{Role: llm.RoleTool}
			for i := range rapid.IntRange(1, 4).Draw(t, "calls") {
				id := fmt.Sprintf("%d.%d", turn, i)
				args := fmt.Sprintf(`{"q":%q}`, strings.Repeat("x", rapid.IntRange(0, 300).Draw(t, "args")))
				m.Calls = append(m.Calls, llm.ToolCall{ID: id, Name: "a", Args: json.RawMessage(args)})
				text := strings.Repeat(piece.Draw(t, "piece"), rapid.IntRange(0, 400).Draw(t, "times"))
				answer.Results = append(answer.Results, llm.ToolResult{ID: id, Name: "a", Text: text})
			}
			turn := []llm.Message{m, answer}
			if rapid.IntRange(0, 3).Draw(t, "said") == 0 {
				turn = append(turn, llm.Message{Role: llm.RoleUser, Text: strings.Repeat("please ", rapid.IntRange(0, 500).Draw(t, "please"))})
			}
			for _, m := range turn {
				all = append(all, m)
				live.add(m)
			}
			r := opening
			r.Messages = live.messages
			if size := llm.InputTokens(r); live.fits() && size > int64(limit) {
				t.Fatalf("%d tokens in a limit of %d", size, limit)
			}
			// 10 turns of calls and notes alone may be too much for the smallest limit.
			if !live.fits() && limit > 15_000 {
				t.Fatalf("a turn does not fit into %d tokens", limit)
			}
			checkPairs(t, live.messages)
		}
		again := newTalk(opening, limit)
		for _, m := range all {
			again.add(m)
		}
		if diff := cmp.Diff(live.messages, again.messages); diff != "" {
			t.Fatalf("after a crash the conversation is another (-before +after):\n%s", diff)
		}
	})
}

func TestCrew_Work_hearsOfMessagesOnceEvenAfterACrash(t *testing.T) {
	t.Parallel()
	l := &ledger{said: []jobs.Said{
		{Text: "said early", At: time.Unix(900, 0)},
		{Text: "said in turn 1", At: time.Unix(1100, 0)},
		{Text: "said since", At: time.Unix(1200, 0)},
	}}
	l.before = []llm.Message{
		{Role: llm.RoleUser, Text: l.said[1].Tell()},
		{Role: llm.RoleAssistant, Calls: []llm.ToolCall{{ID: "1", Name: "a", Args: json.RawMessage(`{}`)}}},
		{Role: llm.RoleTool, Results: []llm.ToolResult{{ID: "1", Name: "a", Text: "x"}}},
	}
	c, script := crewOf(t, l, 60_000, []jobs.Tool{named{"a", 10}}, llmtest.Call("2", "a", `{}`), llmtest.Text("done"))
	if _, err := c.Work(t.Context(), task7("a")); err != nil {
		t.Fatal(err)
	}
	messages := script.Requests()[1].Messages
	var heard []int
	for i, m := range messages {
		for _, said := range l.said {
			if strings.Contains(m.Text, said.Text) {
				heard = append(heard, i)
			}
		}
	}
	if want := []int{0, 1, 4}; !slices.Equal(heard, want) {
		t.Errorf("the messages are in %v of the conversation, want %v", heard, want)
	}
	for _, change := range l.changes {
		if k, ok := change.(jobs.Checkpoint); ok && (k.Turn != 2 || len(k.Messages) != 3 || k.Messages[0].Role != llm.RoleUser) {
			t.Errorf("kept as turn %d: %+v, want turn 2 with what was said before it", k.Turn, k.Messages)
		}
	}
}

func TestCrew_Work_offersTheRestOfAResultAsAFile(t *testing.T) {
	t.Parallel()
	long := jobs.NodeResult{Path: "1.2", Node: 3, Text: strings.Repeat("many words ", 1480), File: jobs.ResultFile("1.2")}
	tests := map[string]struct {
		node  *jobs.Node
		text  string
		want  string
		tools int
	}{
		"to a task that reads no files by its plan": {task7("a"), long.Text, "the whole is in the file results/1.2.md", 2},
		"to a task that does":                       {task7("a", "files"), long.Text, "the whole is in the file results/1.2.md", 2},
		"not to a single call":                      {&jobs.Node{Type: jobs.TypeAPICall, Prompt: "x"}, long.Text, "the whole is the result of step 1.2", 0},
		"not if it fits":                            {task7("a"), "short", `"text":"short"`, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := long
			r.Text = tt.text
			l := &ledger{brief: jobs.Briefing{Results: []jobs.NodeResult{r}}}
			c, script := crewOf(t, l, 6000, []jobs.Tool{named{"files", 10}, named{"a", 10}}, llmtest.Text("done"))
			if _, err := c.Work(t.Context(), tt.node); err != nil {
				t.Fatal(err)
			}
			got := script.Requests()[0]
			if !strings.Contains(got.Messages[0].Text, tt.want) || len(got.Tools) != tt.tools {
				t.Errorf("%d tools, want %d, and %q in: %.3000s", len(got.Tools), tt.tools, tt.want, got.Messages[0].Text)
			}
		})
	}
}

func TestCrew_Work_sumsUpWhatItCannotHold(t *testing.T) {
	t.Parallel()
	l := &ledger{brief: jobs.Briefing{Results: []jobs.NodeResult{
		{Path: "1", Node: 3, Text: strings.Repeat("many words ", 3000)},
		{Path: "2", Node: 4, Text: strings.Repeat("old words ", 3000), Summary: "what was summed up before"},
		{Path: "3", Node: 5, Text: "short"},
	}}}
	c, script := crewOf(t, l, 9000, nil, llmtest.Text("the gist of it"), llmtest.Text("done"))
	text, err := c.Work(t.Context(), task7())
	if err != nil || text != "done" {
		t.Fatalf("got %q %v", text, err)
	}
	requests := script.Requests()
	if got, _ := llm.SectionOf(requests[0].Messages[0].Text, jobs.SectionResult); !strings.HasPrefix(got, "many words") {
		t.Errorf("asked to sum up %.50q", got)
	}
	for _, want := range []string{"the gist of it", "what was summed up before", "This is a summary of 33000 characters", `"short"`} {
		if !strings.Contains(requests[1].Messages[0].Text, want) {
			t.Errorf("the leaf is not told %q", want)
		}
	}
	if counted[jobs.Reserve](l) != 2 || counted[jobs.Summarise](l) != 1 || requests[0].IdempotencyKey == requests[1].IdempotencyKey {
		t.Errorf("%d calls booked, %d summaries kept, keys %q and %q", counted[jobs.Reserve](l), counted[jobs.Summarise](l), requests[0].IdempotencyKey, requests[1].IdempotencyKey)
	}
}

func TestCrew_Work_showsTheBeginningIfNothingCanBeSummedUp(t *testing.T) {
	t.Parallel()
	l := &ledger{brief: jobs.Briefing{Results: []jobs.NodeResult{
		{Path: "1", Node: 3, Text: "It begins. " + strings.Repeat("many words ", 3000)},
	}}}
	c, script := crewOf(t, l, 9000, nil, llmtest.Failure(llm.KindUnavailable), llmtest.Text("done"))
	if _, err := c.Work(t.Context(), task7()); err != nil {
		t.Fatal(err)
	}
	if got := script.Requests()[1].Messages[0].Text; !strings.Contains(got, "It begins. many") || !strings.Contains(got, "are left out here") {
		t.Errorf("the leaf is told %.500s", got)
	}
	if counted[jobs.Settle](l) != 2 || counted[jobs.Summarise](l) != 0 {
		t.Error("the failed call is not in the ledger, or something was kept of it")
	}
}

func TestCrew_Work_ofASingleCallUsesAllRoomAndNoMore(t *testing.T) {
	t.Parallel()
	l := &ledger{brief: jobs.Briefing{Results: []jobs.NodeResult{{Path: "1", Text: strings.Repeat("word ", 20_000), Summary: strings.Repeat("word ", 20_000)}}}}
	for i := range 20 {
		l.said = append(l.said, jobs.Said{Text: fmt.Sprintf("message %d ", i) + strings.Repeat("please ", 80), At: time.Unix(2000, 0)})
	}
	c, script := crewOf(t, l, 9000, nil, llmtest.Text("done"))
	n := task7()
	n.Type = jobs.TypeAPICall
	if _, err := c.Work(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	r := script.Requests()[0]
	if size := llm.InputTokens(r) + int64(r.MaxOutput); size > 9000 || size < 8000 {
		t.Errorf("the call and its answer take %d tokens of 9000", size)
	}
	if got := r.Messages[len(r.Messages)-1].Text; !strings.Contains(got, "message 19") {
		t.Errorf("the last message is %.100q, want what was said last", got)
	}
}
