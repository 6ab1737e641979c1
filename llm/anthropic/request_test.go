package anthropic_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	sdk "github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"
	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/anthropic"
	"github.com/askbob/bob/llm/llmtest"
)

// onTheWire returns a request as the vendor's server reads it.
func onTheWire(tb testing.TB, r llm.Request) (wireRequest, llmtest.Sent) {
	tb.Helper()
	url, asked := answering(tb, 200, recordedTurn(tb))
	if _, err := at(tb, url).Generate(tb.Context(), r); err != nil {
		tb.Fatal(err)
	}
	body := <-asked
	var in wireRequest
	if err := json.Unmarshal(body, &in); err != nil {
		tb.Fatal(err)
	}
	req := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/v1/messages", http.NoBody)
	req.Header.Set("Anthropic-Version", "2023-06-01")
	read, err := sent(req, body)
	if err != nil {
		tb.Fatalf("a request that the server refuses: %v\n%s", err, body)
	}
	return in, read
}

func recordedTurn(tb testing.TB) string {
	tb.Helper()
	return recorded(tb, "turn.json")
}

// TestModel_makesAConversationOfOthersAcceptable: a conversation may begin at
// another provider, whose model may have written anything.
func TestModel_makesAConversationOfOthersAcceptable(t *testing.T) {
	t.Parallel()
	_, got := onTheWire(t, llm.Request{Messages: []llm.Message{
		{Role: llm.RoleUser, Text: " ", Images: []llm.Image{{MediaType: "image/webp", Data: []byte("w")}, {MediaType: "image/gif"}}},
		{Role: llm.RoleAssistant, Text: "\n", Calls: []llm.ToolCall{
			{ID: "functions.look:0", Name: "look up", Args: json.RawMessage(`{"at":"<sky>"}`)},
			{ID: "b", Name: "look", Args: json.RawMessage(`{"at`)},
			{ID: "c", Name: "look", Args: nil},
			{ID: "d", Name: "look", Args: json.RawMessage(`[1]`)},
			{ID: "e", Name: "look", Args: json.RawMessage("{\"a\":\"\xff\"}")},
		}},
		{Role: llm.RoleTool, Results: []llm.ToolResult{
			{ID: "functions.look:0", Text: "a cloud"},
			{ID: "b", Text: "no JSON", Error: true},
			{ID: "c", Text: "\t"},
			{ID: "d", Error: true},
			{ID: "e", Text: "done\x00"},
		}},
	}})
	want := llmtest.Sent{
		Model: "m", MaxOutput: anthropic.DefaultMaxOutput, Images: []string{"image/webp", "image/gif"},
		Calls: []llm.ToolCall{
			{ID: "functions_look_0", Name: "look_up", Args: json.RawMessage(`{"at":"\u003csky\u003e"}`)},
			{ID: "b", Name: "look", Args: json.RawMessage(`{"not_an_object":"{\"at"}`)},
			{ID: "c", Name: "look", Args: json.RawMessage(`{}`)},
			{ID: "d", Name: "look", Args: json.RawMessage(`{"not_an_object":"[1]"}`)},
			{ID: "e", Name: "look", Args: json.RawMessage("{\"a\":\"\uFFFD\"}")},
		},
		Results: []llm.ToolResult{
			{ID: "functions_look_0", Text: "a cloud"},
			{ID: "b", Text: "no JSON", Error: true},
			{ID: "c"},
			{ID: "d", Text: "It failed and did not say why.", Error: true},
			{ID: "e", Text: "done\x00"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("on the wire (-want +got):\n%s", diff)
	}
}

func TestModel_sendsPicturesWithTheirData(t *testing.T) {
	t.Parallel()
	r := hello()
	r.Messages[0].Images = []llm.Image{{MediaType: "image/png", Data: []byte("\x89PNG\x00")}}
	got, _ := onTheWire(t, r)
	blocks := got.Messages[0].Content
	if len(blocks) != 2 || string(blocks[0].Source.Data) != "\x89PNG\x00" || blocks[1].Text != "hello" {
		t.Errorf("blocks = %+v, want the picture and then the text", blocks)
	}
}

func TestModel_sendsToolsAsTheProviderTakesThem(t *testing.T) {
	t.Parallel()
	r := hello()
	for _, schema := range []string{
		``, `{}`, `{"properties":{"b":{"type":"string","maxLength":5},"a":{}},"type":"object","required":["b"]}`,
		`{"type":["object","null"],"anyOf":[{"required":["a"]},{"required":["b"]}],"properties":{"a":true}}`,
	} {
		r.Tools = append(r.Tools, llm.ToolSpec{Name: "t", Description: "Does.", Parameters: json.RawMessage(schema)})
	}
	got, _ := onTheWire(t, r)
	want := []wireTool{
		{Name: "t", Description: "Does.", Schema: json.RawMessage(`{"type":"object"}`)},
		{Name: "t", Description: "Does.", Schema: json.RawMessage(`{"type":"object"}`)},
		{Name: "t", Description: "Does.", Schema: json.RawMessage(
			`{"type":"object","properties":{"b":{"type":"string","maxLength":5},"a":{}},"required":["b"]}`)},
		{
			Name: "t", Schema: json.RawMessage(`{"type":"object","properties":{"a":true}}`),
			Description: "Does.\nThe arguments must fit this too: anyOf [{\"required\":[\"a\"]},{\"required\":[\"b\"]}]",
			Cache:       json.RawMessage(`{"type":"ephemeral"}`),
		},
	}
	if diff := cmp.Diff(want, got.Tools); diff != "" {
		t.Errorf("tools (-want +got):\n%s", diff)
	}
}

func TestModel_sendsNoRequestThatItCannotTranslate(t *testing.T) {
	t.Parallel()
	url, asked := answering(t, 200, recorded(t, "turn.json"))
	m := at(t, url)
	user := func(m llm.Message) llm.Request {
		m.Role = llm.RoleUser
		return llm.Request{Messages: []llm.Message{m}}
	}
	for want, r := range map[string]llm.Request{
		"no messages":          {},
		`role is "narrator"`:   {Messages: []llm.Message{{Role: "narrator", Text: "x"}}},
		"says nothing":         user(llm.Message{Text: " \n"}),
		"message 2":            {Messages: []llm.Message{{Role: llm.RoleUser, Text: "x"}, {Role: llm.RoleTool}}},
		`type "image/svg+xml"`: user(llm.Message{Images: []llm.Image{{MediaType: "image/svg+xml"}}}),
		"parameters of tool t": {Messages: hello().Messages, Tools: []llm.ToolSpec{{Name: "t", Parameters: json.RawMessage("{")}}},
		"no JSON object":       {Messages: hello().Messages, Tools: []llm.ToolSpec{{Name: "t", Parameters: json.RawMessage("[]")}}},
		"schema s":             {Messages: hello().Messages, Schema: &llm.Schema{Name: "s", JSON: json.RawMessage("{")}},
	} {
		_, whole := m.Generate(t.Context(), r)
		_, _, parts := stream(t, m, r)
		for _, err := range []error{whole, parts} {
			e := llm.AsAPIError(err)
			if e == nil || e.Kind != llm.KindInvalid || !e.Usage.Known || !strings.Contains(e.Message, want) {
				t.Errorf("error = %v, want an invalid request that cost nothing, with %q", err, want)
			}
		}
	}
	if len(asked) != 0 {
		t.Errorf("the server got %d requests, want none", len(asked))
	}
}

// TestModel_readsNoProfile: the vendor's library reads not only variables but the
// files that they name, and those of the user's home. That it would is tried too.
func TestModel_readsNoProfile(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"configs/default.json":     `{"base_url":"","authentication":{"type":"user_oauth"}}`,
		"credentials/default.json": `{"type":"oauth_token","access_token":"leaked-token"}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("ANTHROPIC_CONFIG_DIR", dir)
	t.Setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Custom: leaked-header")
	headers := make(chan http.Header, 2)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers <- r.Header
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, recorded(t, "turn.json"))
	}))
	defer srv.Close()
	if _, err := at(t, srv.URL).Generate(t.Context(), hello()); err != nil {
		t.Fatal(err)
	}
	if got := <-headers; got.Get("Authorization") != "" || got.Get("X-Custom") != "" || got.Get("X-Api-Key") != "" {
		t.Errorf("headers = %v, want nothing of the user's", got)
	}
	bare := sdk.NewClient(option.WithBaseURL(srv.URL))
	_, err := bare.Messages.New(t.Context(), sdk.MessageNewParams{
		Model: "m", MaxTokens: 1, Messages: []sdk.MessageParam{sdk.NewUserMessage(sdk.NewTextBlock("hello"))},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := <-headers; got.Get("Authorization") != "Bearer leaked-token" {
		t.Errorf("Authorization = %q from the bare library: this test shows nothing any more", got.Get("Authorization"))
	}
}
