package anthropic_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/llmtest"
)

// What the vendor documents of its prompt cache.
const (
	maxBreakpoints = 4
	lookback       = 20 // blocks, from a breakpoint
)

// cache is the vendor's prompt cache: it keeps every prefix that ends at a
// breakpoint and finds the longest one that ends at most so many blocks before a
// breakpoint. It counts bytes for tokens.
type cache struct {
	mu      sync.Mutex
	entries map[string]bool
	bodies  []wireRequest
}

// block is one of a request, in the order in which the prefix is made.
type block struct {
	text   string // without its breakpoint
	marked bool
}

func blocksOf(r wireRequest) []block {
	var list []block
	add := func(head string, b wireBlock) {
		marked := b.Cache != nil
		b.Cache = nil
		list = append(list, block{head + string(object(b)), marked})
	}
	for _, tool := range r.Tools {
		list = append(list, block{tool.Name + tool.Description + string(tool.Schema), tool.Cache != nil})
	}
	for _, b := range r.System {
		add("system", b)
	}
	for _, m := range r.Messages {
		for _, b := range m.Content {
			add(m.Role, b)
		}
	}
	return list
}

// count takes in a request and says what it used.
func (c *cache) count(r wireRequest) llm.Usage {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies = append(c.bodies, r)
	blocks := blocksOf(r)
	ends := make([]int, len(blocks)+1) // of each block, in the text of them all
	var all strings.Builder
	for i, b := range blocks {
		all.WriteString(b.text)
		ends[i+1] = all.Len()
	}
	text := all.String()
	read, written := 0, 0
	for i := range blocks {
		if !blocks[i].marked {
			continue
		}
		for j := i; j >= 0 && j > i-lookback; j-- {
			if prefix := ends[j+1]; c.entries[text[:prefix]] {
				read = max(read, prefix)
				break
			}
		}
		written = ends[i+1]
	}
	for i := range blocks {
		if blocks[i].marked {
			c.entries[text[:ends[i+1]]] = true
		}
	}
	return llm.Usage{
		UncachedIn: int64(len(text) - max(read, written)), CacheRead: int64(read), CacheWrite: int64(max(written-read, 0)),
		Out: 7, Known: true,
	}
}

// caching returns a server with a prompt cache that wants tools to be called.
func caching(tb testing.TB) (url string, c *cache) {
	tb.Helper()
	c = &cache{entries: make(map[string]bool)}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			tb.Error(err)
		}
		var in wireRequest
		if err := json.Unmarshal(data, &in); err != nil {
			tb.Error(err)
		}
		a := llmtest.Answer{Model: in.Model, End: llmtest.EndTools, Usage: c.count(in)}
		for i := range 16 { // with their results far more blocks than are looked back
			a.Calls = append(a.Calls, llm.ToolCall{
				ID: fmt.Sprintf("t%d_%d", len(c.bodies), i), Name: "look", Args: json.RawMessage(fmt.Sprintf(`{"at":"<%d>"}`, i)),
			})
		}
		_, _ = w.Write(wholeAnswer(a))
	}))
	tb.Cleanup(srv.Close)
	return srv.URL, c
}

func task() llm.Request {
	return llm.Request{
		System: "You work.", Messages: []llm.Message{{Role: llm.RoleUser, Text: "Look everywhere."}},
		Tools: []llm.ToolSpec{
			{Name: "now", Description: "says the time"},
			{Name: "look", Description: "looks", Parameters: json.RawMessage(`{"type":"object","properties":{"at":{"type":"string"}}}`)},
		},
	}
}

// TestModel_readsEachTurnOfATaskFromTheCache: what a turn sent before is read by
// the next, all of it, and what came since is written.
func TestModel_readsEachTurnOfATaskFromTheCache(t *testing.T) {
	t.Parallel()
	url, c := caching(t)
	m, r := at(t, url), task()
	var before llm.Usage
	for turn := range 4 {
		got, err := m.Generate(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		u := got.Usage
		if u.UncachedIn != 0 || u.CacheWrite == 0 || u.CacheRead != before.CacheRead+before.CacheWrite {
			t.Errorf("turn %d: usage = %+v after %+v, want all that was sent before to be read", turn+1, u, before)
		}
		before = u
		results := make([]llm.ToolResult, len(got.Calls))
		for i, call := range got.Calls {
			results[i] = llm.ToolResult{ID: call.ID, Name: call.Name, Text: "a cloud", Error: i%3 == 0}
		}
		r.Messages = append(r.Messages, llm.Message{Role: llm.RoleAssistant, Text: got.Text, Calls: got.Calls},
			llm.Message{Role: llm.RoleTool, Results: results})
	}
	for i, body := range c.bodies[1:] {
		earlier, later := blocksOf(c.bodies[i]), blocksOf(body)
		end := len(earlier) - 1
		for j := range earlier {
			if earlier[j].text != later[j].text {
				t.Fatalf("turn %d sends block %d otherwise: %s, was %s", i+2, j, later[j].text, earlier[j].text)
			}
		}
		if !earlier[end].marked || !later[end].marked {
			t.Errorf("turn %d: no breakpoint where turn %d ended", i+2, i+1)
		}
	}
}

// TestModel_sharesTheSystemPromptAndToolsOfAJob: the first turn of another task
// reads them.
func TestModel_sharesTheSystemPromptAndToolsOfAJob(t *testing.T) {
	t.Parallel()
	url, c := caching(t)
	m, first, second := at(t, url), task(), task()
	second.Messages[0].Text = "Look elsewhere."
	if _, err := m.Generate(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	got, err := m.Generate(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	head := 0
	for _, b := range blocksOf(c.bodies[0])[:3] {
		head += len(b.text)
	}
	if got.Usage.CacheRead != int64(head) || got.Usage.CacheWrite == 0 {
		t.Errorf("usage = %+v, want %d bytes of tools and system prompt read", got.Usage, head)
	}
}

// TestModel_writesNoConversationThatWillNotGrow: a write costs more, and pays
// only when it is read.
func TestModel_writesNoConversationThatWillNotGrow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*llm.Request)
		want   string // one letter a block: marked or not
	}{
		"a task":               {func(*llm.Request) {}, "-" + "-" + "m" + "m"},
		"no tools":             {func(r *llm.Request) { r.Tools = nil }, "m" + "-"},
		"no system prompt":     {func(r *llm.Request) { r.System = "\n" }, "-" + "m" + "m"},
		"neither":              {func(r *llm.Request) { r.System, r.Tools = "", nil }, "-"},
		"a repaired plan":      {func(r *llm.Request) { r.Tools, r.Messages = nil, talk() }, "m" + "---"},
		"a steered task":       {func(r *llm.Request) { r.Messages = talk() }, "--m" + "m-m"},
		"a task steered twice": {func(r *llm.Request) { r.Messages = append(talk(), talk()...) }, "--m" + "---m-m"},
	} {
		r := task()
		c.change(&r)
		body, _ := onTheWire(t, r)
		got := ""
		for _, b := range blocksOf(body) {
			got += map[bool]string{true: "m", false: "-"}[b.marked]
		}
		if got != c.want {
			t.Errorf("%s: breakpoints %s, want %s", name, got, c.want)
		}
	}
}

// talk is a conversation whose model spoke once.
func talk() []llm.Message {
	return []llm.Message{
		{Role: llm.RoleUser, Text: "Plan."}, {Role: llm.RoleAssistant, Text: "So."}, {Role: llm.RoleUser, Text: "Not so."},
	}
}

// TestModel_setsFewBreakpoints: more than four are refused, whatever the
// conversation, and any other lifetime has another price.
func TestModel_setsFewBreakpoints(t *testing.T) {
	t.Parallel()
	url, asked := answering(t, 200, recorded(t, "turn.json"))
	m := at(t, url)
	rapid.Check(t, func(t *rapid.T) {
		r := llm.Request{
			System: rapid.SampledFrom([]string{"", "sys"}).Draw(t, "system"), Messages: conversation(t),
			Tools: task().Tools[:rapid.IntRange(0, 2).Draw(t, "tools")],
		}
		if _, err := m.Generate(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		body := <-asked
		if n := strings.Count(string(body), `"cache_control"`); n > maxBreakpoints {
			t.Errorf("%d breakpoints in %s", n, body)
		}
		if all, five := strings.Count(string(body), `"cache_control"`), strings.Count(string(body), `"cache_control":{"type":"ephemeral"}`); all != five {
			t.Errorf("a breakpoint with another lifetime: %s", body)
		}
	})
}

func conversation(t *rapid.T) []llm.Message {
	list := []llm.Message{{Role: llm.RoleUser, Text: "go"}}
	for range rapid.IntRange(0, 6).Draw(t, "turns") {
		switch rapid.IntRange(0, 2).Draw(t, "turn") {
		case 0:
			list = append(list, llm.Message{Role: llm.RoleUser, Text: "and"})
		case 1:
			list = append(list, llm.Message{Role: llm.RoleAssistant, Text: "well"}, llm.Message{Role: llm.RoleUser, Text: "so"})
		case 2:
			list = append(list,
				llm.Message{Role: llm.RoleAssistant, Calls: []llm.ToolCall{{ID: "c", Name: "look"}, {ID: "d", Name: "now"}}},
				llm.Message{Role: llm.RoleTool, Results: []llm.ToolResult{{ID: "c"}, {ID: "d", Error: true}}})
		}
	}
	return list
}

// TestModel_saysWhatTheCacheTookWhenAnAnswerFails: a cut-off answer paid for its
// writes as well.
func TestModel_saysWhatTheCacheTookWhenAnAnswerFails(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"turn.json", "turn.sse"} {
		cut := strings.Replace(recorded(t, name), `"tool_use",`+"\n", `"max_tokens",`+"\n", 1)
		cut = strings.Replace(cut, `"stop_reason":"tool_use"`, `"stop_reason":"max_tokens"`, 1)
		url, _ := answering(t, 200, cut)
		var err error
		if name == "turn.json" {
			_, err = at(t, url).Generate(t.Context(), hello())
		} else {
			_, _, err = stream(t, at(t, url), hello())
		}
		e := llm.AsAPIError(err)
		if e == nil || e.Kind != llm.KindTruncated {
			t.Fatalf("%s: error = %v, want a cut-off answer", name, err)
		}
		if diff := cmp.Diff(turn().Usage, e.Usage); diff != "" {
			t.Errorf("%s: usage (-want +got):\n%s", name, diff)
		}
	}
}
