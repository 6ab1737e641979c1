package llmtest_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/llmtest"
)

func ask(text string) llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: text}}}
}

func TestScript_answersInOrder(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	s := llmtest.NewScript(
		llmtest.Text("one"),
		llmtest.Fail(broken),
		llmtest.Call("c1", "look", `{"at":"sky"}`),
		llmtest.JSON(map[string]int{"n": 4}),
		func(_ context.Context, r llm.Request) (llm.Response, error) {
			return llm.Response{Text: strings.ToUpper(r.Messages[0].Text)}, nil
		},
	)
	var got []string
	for _, word := range []string{"a", "b", "c", "d", "e", "f"} {
		r, err := s.Generate(t.Context(), ask(word))
		switch {
		case errors.Is(err, broken):
			got = append(got, "broken")
		case err != nil:
			got = append(got, string(llm.AsAPIError(err).Kind))
		case r.Stop == llm.StopTools:
			got = append(got, r.Calls[0].Name+string(r.Calls[0].Args))
		default:
			got = append(got, r.Text)
		}
	}
	want := []string{"one", "broken", `look{"at":"sky"}`, `{"n":4}`, "E", "invalid"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if n := len(s.Requests()); n != 6 || s.Left() != 0 {
		t.Errorf("requests = %d, left = %d, want 6 and none", n, s.Left())
	}
}

func TestScript_fillsInWhatAnAnswerNeeds(t *testing.T) {
	t.Parallel()
	got, err := llmtest.Always(llmtest.Text("hi")).Generate(t.Context(), ask("hi"))
	want := llm.Response{
		Text: "hi", Stop: llm.StopDone, Usage: llm.Usage{UncachedIn: 10, Out: 5, Known: true},
		Provider: llmtest.ScriptProvider, Model: llmtest.ScriptModel,
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("response: %v (-want +got):\n%s", err, diff)
	}
}

func TestScript_streamsInPieces(t *testing.T) {
	t.Parallel()
	s := llmtest.NewScript(llmtest.Text("żółć and more"), llmtest.Failure(llm.KindRateLimited))
	var text strings.Builder
	pieces := 0
	for delta, err := range s.Stream(t.Context(), ask("go")) {
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString(delta.Text)
		pieces++
	}
	if text.String() != "żółć and more" || pieces < 3 {
		t.Errorf("text = %q in %d pieces", text.String(), pieces)
	}
	for _, err := range s.Stream(t.Context(), ask("go")) {
		if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindRateLimited {
			t.Errorf("error = %v, want a rate limit", err)
		}
	}
}

func TestScript_hangsUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := llmtest.NewScript(func(ctx context.Context, r llm.Request) (llm.Response, error) {
		cancel()
		return llmtest.Hang()(ctx, r)
	})
	if _, err := s.Generate(ctx, ask("go")); !errors.Is(err, context.Canceled) || llm.AsAPIError(err) == nil {
		t.Errorf("error = %v, want an *llm.APIError around context.Canceled", err)
	}
	s.Add(llmtest.Text("unused"))
	if _, err := s.Generate(ctx, ask("go")); !errors.Is(err, context.Canceled) || s.Left() != 1 {
		t.Errorf("error = %v with %d left, want no answer used up after the end", err, s.Left())
	}
}

func TestScript_givesEachAnswerOnce(t *testing.T) {
	t.Parallel()
	s := llmtest.NewScript()
	for range 50 {
		s.Add(llmtest.Text("one"))
	}
	var wg sync.WaitGroup
	for range 60 {
		wg.Go(func() { _, _ = s.Generate(t.Context(), ask("go")) })
	}
	wg.Wait()
	if s.Left() != 0 || len(s.Requests()) != 60 {
		t.Errorf("left = %d, requests = %d, want none and 60", s.Left(), len(s.Requests()))
	}
}

func TestScript_keepsRequestsAsTheyWere(t *testing.T) {
	t.Parallel()
	s := llmtest.Always(llmtest.Text("hi"))
	r := ask("before")
	if _, err := s.Generate(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	r.Messages[0].Text = "after"
	if got := s.Requests()[0].Messages[0].Text; got != "before" {
		t.Errorf("recorded %q, want what was asked", got)
	}
}
