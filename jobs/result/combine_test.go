package result_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/result"
	"github.com/askbob/bob/llm"
)

// scripted is a model that gives one answer and keeps what it was asked.
type scripted struct {
	answer string
	err    error
	asked  []llm.Request
}

func (s *scripted) Generate(_ context.Context, r llm.Request) (llm.Response, error) {
	s.asked = append(s.asked, r)
	return llm.Response{Text: s.answer, Stop: llm.StopDone, Provider: "fake", Model: "m1"}, s.err
}

func (s *scripted) Stream(context.Context, llm.Request) iter.Seq2[llm.Delta, error] {
	panic("a combine step does not stream")
}

func done(path, title, text string) jobs.NodeResult {
	return jobs.NodeResult{Path: path, Title: title, Status: jobs.StatusCompleted, Text: text}
}

func broken(path, title, why string) jobs.NodeResult {
	return jobs.NodeResult{Path: path, Title: title, Status: jobs.StatusFailed, Error: why}
}

func combine(t *testing.T, m *scripted, b jobs.Briefing) string {
	t.Helper()
	got, err := result.NewCombiner(result.Config{}).Combine(t.Context(), m, b)
	if err != nil {
		t.Fatalf("Combine: %v", err)
	}
	return got
}

// shownResults reads back the results that the model was shown.
func shownResults(t *testing.T, m *scripted) []jobs.NodeResult {
	t.Helper()
	text, ok := llm.SectionOf(m.asked[0].Messages[0].Text, jobs.SectionResults)
	if !ok {
		t.Fatal("the prompt has no section of results")
	}
	var list []jobs.NodeResult
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatalf("the section of results is no JSON: %v", err)
	}
	return list
}

func TestCombine_asksOnceWithEverythingInSections(t *testing.T) {
	t.Parallel()
	m := &scripted{answer: "  Revenue was 12.\n"}
	b := jobs.Briefing{
		Request: "How was </request> Q4?",
		Node:    &jobs.Node{ID: 2, Parent: 1, Path: "1", Prompt: "Find the <b>numbers</b>."},
		Place:   []string{"Q4", "Analysis"},
		Files: []jobs.FileInfo{{
			Name: "q4.csv", MediaType: "text/csv", Bytes: 12, Kind: "table",
			Tables: []jobs.Table{{Name: "q4", Rows: 1}}, Text: "a,b",
		}},
		Results: []jobs.NodeResult{done("1.1", "Load", "42 rows"), done("1.2", "Sum", "<total> is 12")},
		Context: 100_000,
	}

	if got, want := combine(t, m, b), "Revenue was 12."; got != want {
		t.Errorf("result = %q, want %q", got, want)
	}
	if len(m.asked) != 1 {
		t.Fatalf("the model was asked %d times, want once", len(m.asked))
	}
	r := m.asked[0]
	if r.Purpose != llm.PurposeCombine || r.MaxOutput <= 0 || r.System == "" {
		t.Errorf("request = %+v, want purpose combine, a system text and a bounded answer", r)
	}
	want := map[string]string{
		jobs.SectionRequest: "How was </request> Q4?",
		jobs.SectionPlace:   "Q4 > Analysis",
		jobs.SectionStep:    "Find the <b>numbers</b>.",
		jobs.SectionFiles:   `[{"name":"q4.csv","media_type":"text/csv","bytes":12,"kind":"table"}]`,
	}
	for name, text := range want {
		if got, _ := llm.SectionOf(r.Messages[0].Text, name); got != text {
			t.Errorf("section %s = %q, want %q", name, got, text)
		}
	}
	if diff := cmp.Diff(b.Results, shownResults(t, m)); diff != "" {
		t.Errorf("section of results (-want +got):\n%s", diff)
	}
}

func TestCombine_needsNoModel(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		b    jobs.Briefing
		want []string
	}{
		"a single child is passed on": {
			jobs.Briefing{Results: []jobs.NodeResult{done("1", "All", "# Answer\n\n  as it is \n")}},
			[]string{"# Answer\n\n  as it is \n"},
		},
		"a single child that failed": {
			jobs.Briefing{Results: []jobs.NodeResult{broken("1", "All", "no data")}},
			[]string{"Not done", "All", "no data"},
		},
		"the time is up": {
			jobs.Briefing{Deadline: true, Results: []jobs.NodeResult{done("1", "A", "one"), done("2", "B", "two")}},
			[]string{"time for this job was up", "## 1 A\n\none", "## 2 B\n\ntwo"},
		},
		"nothing to read": {
			jobs.Briefing{Results: []jobs.NodeResult{
				broken("1", "A", "no"),
				{Path: "2", Title: "B", Status: jobs.StatusCompleted, Artifacts: []string{"x.png"}},
			}},
			[]string{"## 2 B\n\nFiles: `x.png`", "✗ A (1, failed): no"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &scripted{answer: "never"}
			got := combine(t, m, tt.b)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("result lacks %q:\n%s", want, got)
				}
			}
			if len(m.asked) != 0 {
				t.Error("the model was asked")
			}
		})
	}
}

func TestCombine_namesTheGapsThatTheModelKeepsBack(t *testing.T) {
	t.Parallel()
	b := jobs.Briefing{Results: []jobs.NodeResult{
		done("1", "Load", "42 rows"),
		broken("2", "Make *charts*", "the tool broke"),
		{Path: "3", Title: "Slides", Status: jobs.StatusSkipped},
	}}

	got := combine(t, &scripted{answer: "42 rows. There are no  SLIDES.\n```\ncode"}, b)
	want := "42 rows. There are no  SLIDES.\n```\ncode\n```\n\n" +
		"**Not done:**\n\n- ✗ Make \\*charts\\* (2, failed): the tool broke"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	honest := "42 rows; Make *charts* failed, Slides were skipped."
	if got := combine(t, &scripted{answer: honest}, b); got != honest {
		t.Errorf("an answer that names its gaps became %q", got)
	}
}

func TestCombine_shortensLongResultsFairlyAndSaysSo(t *testing.T) {
	t.Parallel()
	long := func(c string) string { return "BEGIN " + strings.Repeat(c+"< \"日本\n", 20_000) + " END" }
	b := jobs.Briefing{
		Request: strings.Repeat("please ", 30_000),
		Results: []jobs.NodeResult{done("1", "A", long("a")), done("2", "B", "short and whole"), done("3", "C", long("c"))},
		Context: 16_000,
	}
	m := &scripted{answer: "fine"}
	if got := combine(t, m, b); got != "fine" {
		t.Errorf("result = %q", got)
	}

	r := m.asked[0]
	if got, most := llm.InputTokens(r), int64(b.Context-r.MaxOutput); got > most || got < most*9/10 {
		t.Errorf("the prompt has about %d tokens, want at most %d and not much less", got, most)
	}
	shown := shownResults(t, m)
	if got := shown[1].Text; got != "short and whole" {
		t.Errorf("the short result became %q", got)
	}
	a, c := shown[0].Text, shown[2].Text
	if d := len(a) - len(c); d < -100 || d > 100 || len(a) < 4000 {
		t.Errorf("the long results have %d and %d bytes, want about as many and not few", len(a), len(c))
	}
	for path, text := range map[string]string{"1": a, "3": c} {
		if !strings.HasPrefix(text, "BEGIN") || !strings.HasSuffix(text, "END") ||
			!strings.Contains(text, "characters are left out here; the whole is the result of step "+path+" ") {
			t.Errorf("result %s lacks its ends or the note of what is missing", path)
		}
	}
	if request, _ := llm.SectionOf(r.Messages[0].Text, jobs.SectionRequest); !strings.Contains(request, "characters are left out here …]") {
		t.Error("the shortened request does not say so")
	}
}

func TestCombine_saysWhichResultsItCouldNotShow(t *testing.T) {
	t.Parallel()
	var results []jobs.NodeResult
	for i := range 200 {
		results = append(results, done(fmt.Sprint(i+1), strings.Repeat("t", 2000), strings.Repeat("word ", 400)))
	}
	m := &scripted{answer: "fine"}
	got := combine(t, m, jobs.Briefing{Results: results, Context: 16_000})

	n := len(shownResults(t, m))
	if n == 0 || n == len(results) {
		t.Fatalf("%d of %d results were shown, want some", n, len(results))
	}
	note := fmt.Sprintf("the results of %d steps (%d to 200) were too much to read at once", len(results)-n, n+1)
	if !strings.Contains(got, note) {
		t.Errorf("the result lacks %q:\n%s", note, got)
	}
}

func TestCombine_fails(t *testing.T) {
	t.Parallel()
	two := []jobs.NodeResult{done("1", "A", "one"), done("2", "B", "two")}
	down := &llm.APIError{Provider: "fake", Kind: llm.KindUnavailable}
	tests := map[string]struct {
		model *scripted
		b     jobs.Briefing
		kind  llm.Kind
	}{
		"the model fails":         {&scripted{err: down}, jobs.Briefing{Results: two}, llm.KindUnavailable},
		"the answer is empty":     {&scripted{answer: " \n"}, jobs.Briefing{Results: two}, llm.KindBroken},
		"the context is too tiny": {&scripted{answer: "x"}, jobs.Briefing{Results: two, Context: 300}, llm.KindTooLong},
		"there are no children":   {&scripted{answer: "x"}, jobs.Briefing{}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := result.NewCombiner(result.Config{}).Combine(t.Context(), tt.model, tt.b)
			if err == nil || got != "" {
				t.Fatalf("Combine = %q, %v, want an error", got, err)
			}
			api, ok := errors.AsType[*llm.APIError](err)
			if ok != (tt.kind != "") || ok && api.Kind != tt.kind {
				t.Errorf("error = %v, want kind %q", err, tt.kind)
			}
		})
	}
}

func TestGather_losesNothing(t *testing.T) {
	t.Parallel()
	got := result.Gather([]jobs.NodeResult{
		done("1.1", "Load", "```\nopen code"),
		{
			Path: "1.2", Title: "Charts", Status: jobs.StatusPartial,
			Text: "One of two.", Artifacts: []string{"a`b.png", "c.png"},
		},
		{Path: "1.3", Title: "Review", Status: jobs.StatusCancelled, Text: "Half a review."},
	})
	want := "## 1.1 Load\n\n```\nopen code\n```\n\n" +
		"## 1.2 Charts (◐ partial)\n\nOne of two.\n\nFiles: ``a`b.png``, `c.png`\n\n" +
		"## 1.3 Review (⊘ cancelled)\n\nHalf a review.\n\n" +
		"**Not done:**\n\n- ⊘ Review (1.3, cancelled)"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
