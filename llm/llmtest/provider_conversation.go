package llmtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/llm"
)

const lookSchema = `{"type":"object","additionalProperties":false,"required":["at"],"properties":{"at":{"type":"string"}}}`

// looking is a request that has a tool.
func looking() llm.Request {
	r := hello()
	r.Tools = []llm.ToolSpec{{Name: "look", Parameters: json.RawMessage(lookSchema)}}
	return r
}

// conversation checks what is said in several turns: texts, pictures, tools and
// their results.
func (s suite) conversation(t *testing.T) {
	t.Helper()
	each(t, "sends the conversation", s.sendsConversation)
	each(t, "sends several results", s.sendsResults)
	if !s.Dialect.Lacks.Images {
		each(t, "shows pictures", s.showsPictures)
	}
	for name, calls := range map[string][]llm.ToolCall{
		"two": {
			{ID: "c1", Name: "look", Args: json.RawMessage(`{"at":"the <sky>"}`)},
			{ID: "c2", Name: "look", Args: json.RawMessage(`{"at":"sea"}`)},
		},
		"the same twice": {
			{ID: "c1", Name: "look", Args: json.RawMessage(`{"at":"sea"}`)},
			{ID: "c2", Name: "look", Args: json.RawMessage(`{"at":"sea"}`)},
		},
		"without arguments": {{ID: "c1", Name: "now", Args: json.RawMessage(`{}`)}},
		"with odd arguments": {
			{ID: "c1", Name: "look", Args: json.RawMessage(`{"at":"“é” 日本","deep":{"a":[1,2.5,{"b":null}],"c":true,"d":"\u0007 \"quoted\"\n\\ and more"}}`)},
		},
		"many": manyCalls(),
	} {
		each(t, "calls tools/"+name, func(t *testing.T, how mode) {
			t.Helper()
			s.callsTools(t, how, calls)
		})
	}
	each(t, "speaks and calls tools", s.speaksAndCalls)
}

// manyCalls is more than a handful, with names that are not in order.
func manyCalls() []llm.ToolCall {
	var calls []llm.ToolCall
	for i := range 12 {
		calls = append(calls, llm.ToolCall{
			ID: fmt.Sprintf("c%d", i), Name: []string{"look", "hear", "ask"}[i%3],
			Args: json.RawMessage(fmt.Sprintf(`{"at":"place %d","note":%q}`, i, strings.Repeat("long ", 40*i))),
		})
	}
	return calls
}

func (s suite) sendsConversation(t *testing.T, how mode) {
	t.Helper()
	srv := serve(t, s.answering(t, Answer{Text: "done", Usage: s.Dialect.Usage}))
	call := llm.ToolCall{ID: "c1", Name: "look", Args: json.RawMessage(`{"at":"sky"}`)}
	r := llm.Request{
		Model: "another-model", System: "be brief", MaxOutput: 77,
		Messages: []llm.Message{
			{Role: llm.RoleUser, Text: "what is <this>?", Images: []llm.Image{{MediaType: "image/png", Data: []byte("png")}}},
			{Role: llm.RoleAssistant, Text: "I look", Calls: []llm.ToolCall{call}},
			{Role: llm.RoleTool, Results: []llm.ToolResult{{ID: "c1", Name: "look", Text: "a cloud"}}},
			{Role: llm.RoleUser, Text: "and now?"},
		},
		Tools: []llm.ToolSpec{{Name: "look", Description: "looks", Parameters: json.RawMessage(lookSchema)}},
	}
	want := Sent{
		Model: "another-model", System: "be brief", MaxOutput: 77,
		Texts:  []string{"what is <this>?", "I look", "and now?"},
		Images: []string{"image/png"}, Calls: []llm.ToolCall{call},
		Results: []llm.ToolResult{{ID: "c1", Name: "look", Text: "a cloud"}},
		Tools:   []string{"look"}, Streaming: how == streamed, Key: testKey,
	}
	if s.Dialect.Lacks.Images {
		r.Messages[0].Images, want.Images = nil, nil
	}
	if _, err := ask(within(t), s.open(t, srv.URL), how, r); err != nil {
		t.Fatal(err)
	}
	got := s.onlySent(t, srv)
	got.Pictures = nil
	for i := range got.Results {
		got.Results[i].Name = "look" // not every format says it again
	}
	if s.Dialect.Lacks.CallIDs {
		want.Calls, got.Calls = nameless(want.Calls), nameless(got.Calls)
		want.Results[0].ID, got.Results = "", anonymous(got.Results)
	}
	if diff := cmp.Diff(want, got, sameJSON()); diff != "" {
		t.Errorf("on the wire (-want +got):\n%s", diff)
	}
}

// sendsResults checks that each result goes back to its call, a failed one too.
func (s suite) sendsResults(t *testing.T, how mode) {
	t.Helper()
	srv := serve(t, s.answering(t, Answer{Text: "done", Usage: s.Dialect.Usage}))
	r := looking()
	r.Messages = append(r.Messages,
		llm.Message{Role: llm.RoleAssistant, Text: "I look", Calls: []llm.ToolCall{
			{ID: "c1", Name: "look", Args: json.RawMessage(`{"at":"sky"}`)},
			{ID: "c2", Name: "look", Args: json.RawMessage(`{"at":"sea"}`)},
		}},
		llm.Message{Role: llm.RoleTool, Results: []llm.ToolResult{
			{ID: "c1", Name: "look", Text: "a cloud"}, {ID: "c2", Name: "look", Text: "there is no sea", Error: true},
		}})
	if _, err := ask(within(t), s.open(t, srv.URL), how, r); err != nil {
		t.Fatal(err)
	}
	got := s.onlySent(t, srv)
	if len(got.Calls) != 2 || len(got.Results) != 2 {
		t.Fatalf("on the wire: %d calls and %d results, want 2 of each", len(got.Calls), len(got.Results))
	}
	for i, words := range []string{"a cloud", "there is no sea"} {
		result := got.Results[i]
		if !strings.Contains(result.Text, words) || !s.Dialect.Lacks.CallIDs && result.ID != got.Calls[i].ID {
			t.Errorf("result %d on the wire = %+v, want %q for %s", i, result, words, got.Calls[i].ID)
		}
	}
}

func (s suite) showsPictures(t *testing.T, how mode) {
	t.Helper()
	srv := serve(t, s.answering(t, Answer{Text: "done", Usage: s.Dialect.Usage}))
	pictures := []llm.Image{
		{MediaType: "image/png", Data: []byte("\x89PNG\r\n\x1a\n\x00\xff")},
		{MediaType: "image/jpeg", Data: bytes.Repeat([]byte{0xff, 0xd8, 0x00}, 50_000)},
		{MediaType: "image/webp", Data: []byte("RIFF")},
	}
	r := llm.Request{Messages: []llm.Message{
		{Role: llm.RoleUser, Text: "compare", Images: pictures[:2]},
		{Role: llm.RoleAssistant, Text: "they differ"},
		{Role: llm.RoleUser, Images: pictures[2:]},
	}}
	if _, err := ask(within(t), s.open(t, srv.URL), how, r); err != nil {
		t.Fatal(err)
	}
	got := s.onlySent(t, srv)
	if len(got.Images) != len(pictures) {
		t.Errorf("%d pictures on the wire, want %d", len(got.Images), len(pictures))
	}
	if got.Pictures != nil && !reflect.DeepEqual(pictures, got.Pictures) {
		t.Error("the pictures on the wire are not those of the request")
	}
}

func (s suite) callsTools(t *testing.T, how mode, calls []llm.ToolCall) {
	t.Helper()
	srv := serve(t, s.answering(t, Answer{Calls: calls, End: EndTools, Usage: s.Dialect.Usage}))
	got, err := ask(within(t), s.open(t, srv.URL), how, looking())
	if err != nil {
		t.Fatal(err)
	}
	s.wantCalls(t, calls, got)
}

// wantCalls checks the calls of an answer, and that each can be told from the
// others.
func (s suite) wantCalls(tb testing.TB, want []llm.ToolCall, got llm.Response) {
	tb.Helper()
	ids := make(map[string]bool)
	for _, call := range got.Calls {
		ids[call.ID] = true
	}
	if len(ids) != len(got.Calls) || ids[""] {
		tb.Errorf("calls = %+v, want each with an id of its own", got.Calls)
	}
	calls := got.Calls
	if s.Dialect.Lacks.CallIDs {
		want, calls = nameless(want), nameless(calls)
	}
	if diff := cmp.Diff(want, calls, sameJSON()); diff != "" {
		tb.Errorf("calls (-want +got):\n%s", diff)
	}
	if got.Stop != llm.StopTools {
		tb.Errorf("stop = %q, want %q", got.Stop, llm.StopTools)
	}
	if diff := cmp.Diff(s.Dialect.Usage, got.Usage); diff != "" {
		tb.Errorf("usage (-want +got):\n%s", diff)
	}
}

// speaksAndCalls checks an answer that has both, where the format can say both.
func (s suite) speaksAndCalls(t *testing.T, how mode) {
	t.Helper()
	calls := []llm.ToolCall{{ID: "c1", Name: "look", Args: json.RawMessage(`{"at":"sky"}`)}}
	a := Answer{Model: serverModel, Text: "Looking.", Calls: calls, End: EndTools, Usage: s.Dialect.Usage}
	said := map[mode][]byte{whole: s.Dialect.Answer(a), streamed: bytes.Join(s.Dialect.Stream(a), nil)}[how]
	if !bytes.Contains(said, []byte(a.Text)) {
		t.Skip("the dialect says no words beside calls")
	}
	srv := serve(t, s.answering(t, a))
	got, err := ask(within(t), s.open(t, srv.URL), how, looking())
	if err != nil {
		t.Fatal(err)
	}
	if got.Text != a.Text {
		t.Errorf("text = %q, want %q", got.Text, a.Text)
	}
	s.wantCalls(t, calls, got)
}

// nameless returns calls without their ids.
func nameless(calls []llm.ToolCall) []llm.ToolCall {
	var list []llm.ToolCall
	for _, call := range calls {
		call.ID = ""
		list = append(list, call)
	}
	return list
}

// anonymous returns results without their ids.
func anonymous(results []llm.ToolResult) []llm.ToolResult {
	var list []llm.ToolResult
	for _, result := range results {
		result.ID = ""
		list = append(list, result)
	}
	return list
}

// sameJSON compares JSON by what it says: some formats carry arguments as an
// object and not as a text.
func sameJSON() cmp.Option {
	return cmp.Transformer("JSON", func(raw json.RawMessage) any {
		var v any
		if json.Unmarshal(raw, &v) != nil {
			return string(raw)
		}
		return v
	})
}
