package main

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/run"
	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/llmtest"
	"github.com/askbob/bob/storage"
)

// startTask is the API over a real crew whose model does the steps of a script. Every
// job is one task that may ask.
func startTask(t *testing.T, script *llmtest.Script) *api {
	t.Helper()
	return startHands(t, 2, func(s *storage.Store) (run.Hands, error) {
		return run.NewCrew(run.CrewConfig{
			Store: s, Models: single{script}, Planner: single{}, Combiner: single{}, Gather: func([]jobs.NodeResult) string { return "" },
			Tools: []jobs.Tool{&sender{}}, MayAsk: true,
		})
	})
}

// told is all that the last message of a request says.
func told(r llm.Request) string {
	last := r.Messages[len(r.Messages)-1]
	text := last.Text
	for _, result := range last.Results {
		text += "\n" + result.Text
	}
	return text
}

func asksFor(question string) func(r *jobs.Report) bool {
	return func(r *jobs.Report) bool {
		return r.Status == jobs.StatusWaitingForInput && r.Reason == jobs.ReasonQuestion && len(r.Waiting) == 1 && strings.Contains(r.Waiting[0].Text, question)
	}
}

// A message to a job that asks is the answer, over the API and from the command line,
// and the job goes on with it.
func TestMessage_answersWhatTheJobAsks(t *testing.T) {
	t.Parallel()
	script := llmtest.NewScript(
		llmtest.Call("1", "ask", `{"question": "Who is greeted?", "why": "It decides.", "assume": "everybody"}`),
		llmtest.Call("2", "ask", `{"question": "In which language?", "why": "It decides.", "assume": "English"}`),
		llmtest.Text("Guten Tag, Ann Lee"))
	a := startTask(t, script)
	job := a.submit(t, `{"request": "write a greeting"}`)
	a.until(t, job, asksFor("Who is greeted?"))
	var r jobs.Report
	a.must(t, http.StatusConflict, "POST", job+"/message", `{"text": " "}`, nil)
	a.must(t, http.StatusOK, "POST", job+"/message", `{"text": "Ann Lee"}`, &r)
	if len(r.Waiting) > 0 && strings.Contains(r.Waiting[0].Text, "Who is greeted?") {
		t.Errorf("the job still asks: %+v", r.Waiting)
	}

	a.until(t, job, asksFor("In which language?"))
	var out, errs bytes.Buffer
	env := func(name string) (string, bool) {
		if name == "BOB_TOKEN" {
			return apiToken, true
		}
		return "", false
	}
	p := process{args: []string{"message", job[1:], "German", "--server", a.url}, stdout: &out, stderr: &errs, env: env}
	if code := p.main(t.Context()); code != exitOK || !strings.HasPrefix(out.String(), "Job "+job[1:]+" is ") {
		t.Errorf("exit status %d: %s%s", code, out.String(), errs.String())
	}
	if got := a.until(t, job, is(jobs.StatusCompleted)); got.Result != "Guten Tag, Ann Lee" {
		t.Errorf("the result is %q", got.Result)
	}
	requests := script.Requests()
	if len(requests) != 3 {
		t.Fatalf("the model was asked %d times, want 3", len(requests))
	}
	for i, want := range []string{"Ann Lee", "German"} {
		if got := told(requests[i+1]); !strings.Contains(got, want) {
			t.Errorf("turn %d is told %q, want the answer %q", i+2, got, want)
		}
	}
}

// A message to a job that asks nothing is taken into account from the next turn on.
func TestMessage_steersAJobThatAsksNothing(t *testing.T) {
	t.Parallel()
	working, goOn := make(chan struct{}), make(chan struct{})
	script := llmtest.NewScript(func(ctx context.Context, r llm.Request) (llm.Response, error) {
		close(working)
		select {
		case <-goOn:
		case <-ctx.Done():
		}
		return llmtest.Call("1", "send", `{"to": "ann"}`)(ctx, r)
	}, llmtest.Text("done"))
	a := startTask(t, script)
	job := a.submit(t, `{"request": "write a greeting"}`)
	<-working
	a.must(t, http.StatusOK, "POST", job+"/message", `{"text": "in German, please"}`, nil)
	close(goOn)
	if got := a.until(t, job, is(jobs.StatusCompleted)); got.Result != "done" || len(got.Waiting) != 0 {
		t.Errorf("the result is %q, waiting for %+v", got.Result, got.Waiting)
	}
	requests := script.Requests()
	if len(requests) != 2 || strings.Contains(told(requests[0]), "in German") || !strings.Contains(told(requests[1]), "in German, please") {
		t.Errorf("the model was asked %d times; its last turn is told %q", len(requests), told(requests[len(requests)-1]))
	}
}
