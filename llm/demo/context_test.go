package demo

import (
	"strings"
	"testing"

	"github.com/askbob/bob/llm"
)

func TestReadBriefing_takesArtifactsForFiles(t *testing.T) {
	t.Parallel()
	b := readBriefing(llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: llm.Section("request", "x") +
		llm.Section("files", `[{"name":"a.csv","kind":"table"}]`) + llm.Section("artifacts", `[{"name":"b.png","kind":"image"}]`)}}})
	for _, name := range []string{"a.csv", "b.png"} {
		if _, ok := b.file(name); !ok {
			t.Errorf("%s is not known", name)
		}
	}
}

func TestReadBriefing_takesWhatPeopleSayForNoRemarkOnAPlan(t *testing.T) {
	t.Parallel()
	b := readBriefing(llm.Request{Messages: []llm.Message{
		{Role: llm.RoleUser, Text: llm.Section("request", "x")},
		{Role: llm.RoleUser, Text: llm.Section("messages", `[{"text":"hurry"}]`)},
		{Role: llm.RoleAssistant, Text: "{}"},
		{Role: llm.RoleUser, Text: llm.Section("problems", "- none")},
	}})
	if b.repairs != 1 {
		t.Errorf("%d remarks on a plan, want 1", b.repairs)
	}
}

func TestGenerate_sumsUpByHeadingsAndFirstLines(t *testing.T) {
	t.Parallel()
	long := "# Sales\n\n" + strings.Repeat("- a figure\n", 50) + "## Gaps\n\nnone of " + strings.Repeat("note ", 500) + "\n"
	resp, err := New(Config{}).Generate(t.Context(), llm.Request{Purpose: llm.PurposeTurn, Messages: []llm.Message{
		{Role: llm.RoleUser, Text: llm.Section("place", "step") + llm.Section("result", long)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := "# Sales\n- a figure\n- a figure\n- a figure\n## Gaps\nnone of note"
	if !strings.HasPrefix(resp.Text, want) || len(resp.Text) > 500 {
		t.Errorf("got %q, want it to begin with %q and be short", resp.Text, want)
	}
}
