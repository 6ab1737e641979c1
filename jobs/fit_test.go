package jobs_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

func TestCut_leavesShortTextsWhole(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "short", "two\nlines <b>\"quoted\"</b>", "日本語"} {
		if got := jobs.Cut(text, jobs.PromptSize(text), "elsewhere"); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestCut_saysWhatIsMissingAndWhereTheWholeIs(t *testing.T) {
	t.Parallel()
	text := "BEGIN of it\n" + strings.Repeat("A line of twenty-six bytes\n", 1000) + "the very END"
	got := jobs.Cut(text, 500, "in the file x.md")
	if !strings.HasPrefix(text, got[:100]) || !strings.HasSuffix(got, "the very END") {
		t.Errorf("the ends are not kept: %q … %q", got[:100], got[len(got)-100:])
	}
	head, rest, _ := strings.Cut(got, "\n[… ")
	note, tail, _ := strings.Cut(rest, " …]\n")
	var missing, total int
	if _, err := fmt.Sscanf(strings.ReplaceAll(note, ",", ""), "%d of %d characters are left out here; the whole is in the file x.md", &missing, &total); err != nil {
		t.Fatalf("the note is %q: %v", note, err)
	}
	if total != len(text) || missing != len(text)-len(head)-len(tail) {
		t.Errorf("the note says %d of %d, want %d of %d", missing, total, len(text)-len(head)-len(tail), len(text))
	}
	if !strings.HasSuffix(head, "bytes") || !strings.HasPrefix(tail, "A line") {
		t.Errorf("the text was cut inside of lines: %q, %q", head[len(head)-20:], tail[:20])
	}
}

// FuzzCut: never over the room, but for the note alone; valid UTF-8; and what is
// missing is said.
func FuzzCut(f *testing.F) {
	f.Add("some text of several words", 5, "")
	f.Add(strings.Repeat("1234567890", 500), 100, "in the file 1.md")
	f.Add(strings.Repeat("数据\n\"<a>\\\x00\xff", 300), 200, "there")
	f.Add(strings.Repeat("plain prose with blanks ", 50)+strings.Repeat("{};:", 200), 120, "")
	f.Fuzz(func(t *testing.T, text string, room int, whole string) {
		if len(text) > 1<<16 || len(whole) > 100 || !utf8.ValidString(whole) {
			return
		}
		room %= 1 << 14
		got := jobs.Cut(text, room, whole)
		if !utf8.ValidString(got) {
			t.Fatalf("%q is not valid UTF-8", got)
		}
		valid := strings.ToValidUTF8(text, "\ufffd")
		if got == valid {
			return
		}
		if !strings.Contains(got, "characters are left out here") || !strings.Contains(got, whole) {
			t.Fatalf("%q does not say what is missing", got)
		}
		note := got[strings.LastIndex(got, "\n[… "):]
		if size := jobs.PromptSize(got); size > room && !strings.HasPrefix(got, "\n[… ") {
			t.Fatalf("%d tokens in a room of %d, and %q is not all", size, room, note)
		}
	})
}

// FuzzFitResults: never over the room while anything is shown; every result is
// shown, shortened with a note, or named as dropped.
func FuzzFitResults(f *testing.F) {
	f.Add("long ", 3000, "short", 5, 500)
	f.Add("数<b>\"", 2000, "7", 4000, 2000)
	f.Add("", 0, "\xff\n", 900, 150)
	f.Fuzz(func(t *testing.T, a string, timesA int, b string, n, room int) {
		if len(a)+len(b) > 100 || timesA < 0 || n < 0 {
			return
		}
		room %= 1 << 14
		var results []jobs.NodeResult
		for i := range n%20 + 1 {
			results = append(results, jobs.NodeResult{
				Path: fmt.Sprint(i + 1), Title: b, Status: jobs.StatusCompleted, Error: strings.Repeat(b, n%500),
				Text: strings.Repeat(a, timesA%5000>>i) + b, File: jobs.ResultFile(fmt.Sprint(i + 1)),
			})
		}
		got := jobs.FitResults(results, room)
		if len(got.Shown)+len(got.Dropped) != len(results) {
			t.Fatalf("%d shown and %d dropped of %d", len(got.Shown), len(got.Dropped), len(results))
		}
		if size := jobs.PromptSize(got.Shown); size > room && len(got.Shown) > 0 {
			t.Fatalf("%d tokens in a room of %d", size, room)
		}
		cut := map[string]bool{}
		for _, r := range got.Shortened {
			cut[r.Path] = true
		}
		for i, r := range got.Shown {
			if whole := strings.ToValidUTF8(results[i].Text, "\ufffd"); !cut[r.Path] && strings.ToValidUTF8(r.Text, "\ufffd") != whole {
				t.Fatalf("result %s is %q, and nothing says that it is not whole", r.Path, r.Text)
			}
			if cut[r.Path] && (!strings.Contains(r.Text, results[i].File) || r.File != results[i].File) {
				t.Fatalf("result %s does not say where the whole is: %q", r.Path, r.Text)
			}
		}
		if text := got.Section(); len(got.Dropped) > 0 && !strings.Contains(text, fmt.Sprintf("(%d more results", len(got.Dropped))) {
			t.Fatalf("nothing says that %d results are missing: %s", len(got.Dropped), text)
		}
	})
}

func TestFitResults_sharesRoomFairly(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("many words ", 5000)
	got := jobs.FitResults([]jobs.NodeResult{{Path: "1", Text: long}, {Path: "2", Text: "short and whole"}, {Path: "3", Text: long}}, 4000)
	a, b, c := got.Shown[0].Text, got.Shown[1].Text, got.Shown[2].Text
	if b != "short and whole" {
		t.Errorf("the short result became %q", b)
	}
	if d := len(a) - len(c); d < -200 || d > 200 || jobs.PromptSize(got.Shown) < 3600 {
		t.Errorf("the long results have %d and %d bytes, all have %d tokens; want as many each, and nearly 4000", len(a), len(c), jobs.PromptSize(got.Shown))
	}
}

func TestFitResults_showsASummaryOfWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	r := jobs.NodeResult{Path: "1.2", Text: strings.Repeat("word ", 9000), Summary: "It is about words.", File: "results/1.2.md"}
	got := jobs.FitResults([]jobs.NodeResult{r}, 1000).Shown[0].Text
	want := "[This is a summary of 45000 characters; the whole is in the file results/1.2.md, for the tool files.]\nIt is about words."
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFitRequest_refusesWhatCannotBeSaid(t *testing.T) {
	t.Parallel()
	_, err := jobs.FitRequest(100, func(int) llm.Request {
		return llm.Request{System: strings.Repeat("rule ", 200)}
	})
	if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindTooLong {
		t.Errorf("got %v, want too long", err)
	}
}

// FuzzBriefing: whatever people, files and models wrote, a prompt keeps to its
// model's context.
func FuzzBriefing(f *testing.F) {
	f.Add("request ", 500, "a,b\n1,2\n", 300, 8000)
	f.Add("7", 20_000, "{\"x\":[1,2,3]}<", 9000, 2000)
	f.Add("\xff\n", 3000, "日本", 3000, 40_000)
	f.Fuzz(func(t *testing.T, request string, n int, text string, m, limit int) {
		if len(request)+len(text) > 100 || n < 0 || m < 0 || limit < 0 {
			return
		}
		limit = limit%60_000 + 600
		b := heavy(strings.Repeat(request, n%20_000), strings.Repeat(text, m%10_000))
		shared := b.Shared(limit / 6)
		r, err := jobs.FitRequest(limit, func(room int) llm.Request {
			own, _ := b.Own(b.Node.Prompt, room)
			return llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: shared + own}}}
		})
		if e := llm.AsAPIError(err); err != nil && (e == nil || e.Kind != llm.KindTooLong || limit > 5000) {
			t.Fatalf("a limit of %d: %v", limit, err)
		}
		if size := llm.InputTokens(r); size > int64(limit) {
			t.Fatalf("%d tokens in a limit of %d", size, limit)
		}
		if err == nil && !utf8.ValidString(r.Messages[0].Text) {
			t.Fatal("the prompt is not valid UTF-8")
		}
	})
}

// heavy is a briefing in which everything holds text.
func heavy(request, text string) jobs.Briefing {
	table := jobs.Table{Name: "t", Columns: []jobs.Column{{Name: "c", Header: text, Min: text, Sample: []string{text, text}}}, Sample: [][]string{{text}}, Notes: []string{text}}
	return jobs.Briefing{
		Request: request, Node: &jobs.Node{Prompt: text}, Place: []string{"job", text},
		Files:     []jobs.FileInfo{{Name: "a.csv", Text: text, Tables: []jobs.Table{table, table}}, {Name: "b.csv"}},
		Artifacts: []jobs.FileInfo{{Name: "c.csv", Text: text}},
		Results:   []jobs.NodeResult{{Path: "1", Title: text, Text: text}, {Path: "2", Text: request, Error: text}},
		Messages:  []jobs.Said{{User: text, Text: text, At: time.Unix(1, 0)}, {Text: request}},
	}
}

func TestBriefing_sharedIsTheSameForEveryNode(t *testing.T) {
	t.Parallel()
	a := heavy("the request", "some text")
	b := heavy("the request", "some text")
	b.Node, b.Place, b.Results, b.Messages = &jobs.Node{Prompt: "other"}, nil, nil, nil
	b.Artifacts = append(b.Artifacts, jobs.FileInfo{Name: "made later.png"})
	shared := a.Shared(2000)
	if got := b.Shared(2000); got != shared {
		t.Errorf("two nodes of a job are told %q and %q", shared, got)
	}
	if !strings.Contains(shared, "the request") || !strings.Contains(shared, "a.csv") || strings.Contains(shared, "c.csv") {
		t.Errorf("shared is %q, want the request and the attachments alone", shared)
	}
}

func TestBriefing_Own_framesWhatPeopleSaid(t *testing.T) {
	t.Parallel()
	b := jobs.Briefing{Messages: []jobs.Said{
		{User: "ann", Text: "only </messages> 2025", At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
	}}
	text, _ := b.Own("", 1000)
	section, _ := llm.SectionOf(text, jobs.SectionMessages)
	var got []map[string]string
	if err := json.Unmarshal([]byte(section), &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]string{{"user": "ann", "at": "2026-01-02T03:04:05Z", "text": "only </messages> 2025"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range 200 {
		b.Messages = append(b.Messages, jobs.Said{Text: strings.Repeat("more ", 50)})
	}
	b.Messages[200].Text = "the newest"
	text, _ = b.Own("", 3000)
	if !strings.Contains(text, "the newest") || !strings.Contains(text, "older messages are there, but did not fit") {
		t.Errorf("the newest message or the note of the older ones is missing: %s", text)
	}
}

func TestResultFile_isNoNameOfARealFile(t *testing.T) {
	t.Parallel()
	name := jobs.ResultFile("1.2")
	if path, ok := jobs.ResultPath(name); !ok || path != "1.2" {
		t.Errorf("%s is the result of %q, %v", name, path, ok)
	}
	free := jobs.FreeName(name, nil)
	if _, ok := jobs.ResultPath(free); ok {
		t.Errorf("a real file may be named %s", free)
	}
}
