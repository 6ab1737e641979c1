package openai_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/openai"
)

// answering returns a server that answers everything with one body, and what it
// was asked.
func answering(tb testing.TB, status int, body string) (url string, asked chan *http.Request) {
	tb.Helper()
	asked = make(chan *http.Request, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			tb.Error(err)
		}
		r.Body = io.NopCloser(strings.NewReader(string(data)))
		asked <- r
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(body, "data:") {
			w.Header().Set("Content-Type", "text/event-stream")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	tb.Cleanup(srv.Close)
	return srv.URL, asked
}

func hello() llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: "hello"}}}
}

func stream(tb testing.TB, m llm.Model, r llm.Request) (text string, done *llm.Response, err error) {
	tb.Helper()
	for delta, err := range m.Stream(tb.Context(), r) {
		if err != nil {
			return text, nil, err
		}
		text, done = text+delta.Text, delta.Done
	}
	return text, done, nil
}

const fine = `{"model":"m","choices":[{"finish_reason":"stop","message":{"content":"fine"}}],` +
	`"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}`

func TestGenerate_readsTheErrorObject(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   llm.Kind
	}{
		"no money":                     {429, `{"error":{"message":"You exceeded your quota","type":"insufficient_quota","code":"insufficient_quota"}}`, llm.KindQuota},
		"too long":                     {400, `{"error":{"message":"too long","code":"context_length_exceeded"}}`, llm.KindTooLong},
		"too long, vLLM":               {400, `{"error":{"message":"This model's maximum context length is 4096 tokens.","type":"BadRequestError","code":400}}`, llm.KindTooLong},
		"too long, llama":              {400, `{"error":{"code":400,"message":"the request exceeds","type":"exceed_context_size_error"}}`, llm.KindTooLong},
		"refused, Azure":               {400, `{"error":{"message":"filtered","code":"content_filter","status":400}}`, llm.KindRefused},
		"too large, OpenAI":            {429, `{"error":{"message":"Request too large for gpt-4 on tokens per min (TPM): Limit 10000, Requested 12000.","code":"rate_limit_exceeded"}}`, llm.KindTooLong},
		"too long, LM Studio":          {400, `{"error":"Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens"}`, llm.KindTooLong},
		"moderated, OpenRouter":        {403, `{"error":{"code":403,"message":"Input flagged","metadata":{"reasons":["violence"],"flagged_input":"x"}}}`, llm.KindRefused},
		"no access":                    {403, `{"error":{"code":403,"message":"Country not supported"}}`, llm.KindAuth},
		"no envelope, vLLM":            {400, `{"object":"error","message":"This model's maximum context length is 10 tokens.","type":"BadRequestError","param":null,"code":400}`, llm.KindTooLong},
		"no envelope, Mistral":         {422, `{"object":"error","message":{"detail":[{"type":"extra_forbidden","msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error"}`, llm.KindInvalid},
		"FastAPI":                      {422, `{"detail":[{"loc":["body","messages"],"msg":"field required"}]}`, llm.KindInvalid},
		"FastAPI, a text":              {401, `{"detail":"Unauthorized"}`, llm.KindAuth},
		"a list, Google":               {429, `[{"error":{"code":429,"message":"Resource has been exhausted","status":"RESOURCE_EXHAUSTED"}}]`, llm.KindRateLimited},
		"busy, Groq":                   {498, `{"error":{"message":"Flex tier capacity exceeded"}}`, llm.KindUnavailable},
		"no envelope in a good answer": {200, `{"object":"error","message":"the engine is dead","type":"InternalServerError","code":500}`, llm.KindUnavailable},
		"in a choice, OpenRouter":      {200, `{"choices":[{"finish_reason":"error","error":{"code":502,"message":"Upstream failed"},"message":{"content":"half"}}]}`, llm.KindUnavailable},
		"no such model":                {400, `{"error":{"message":"nope","code":"model_not_found"}}`, llm.KindNotFound},
		"a bare text":                  {400, `{"error":"model requires more system memory"}`, llm.KindInvalid},
		"in a good answer":             {200, `{"error":{"message":"Provider returned error","code":429}}`, llm.KindRateLimited},
		"code unknown":                 {200, `{"error":{"message":"Provider returned error","code":"oops"}}`, llm.KindBroken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, _ := answering(t, c.status, c.body)
			_, err := open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
			if e := llm.AsAPIError(err); e == nil || e.Kind != c.want || e.Message == "" {
				t.Errorf("error = %v, want kind %s and the provider's words", err, c.want)
			}
		})
	}
}

func TestGenerate_readsUsageThatIsOdd(t *testing.T) {
	t.Parallel()
	for usage, want := range map[string]llm.Usage{
		// More cached than sent: never a negative count.
		`{"prompt_tokens":10,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":30}}`: {CacheRead: 30, Out: 2, Known: true},
		`{"prompt_tokens":10,"completion_tokens":-2}`:                                             {UncachedIn: 10, Known: true},
		// Reasoning beside the completion, as the total says.
		`{"prompt_tokens":10,"completion_tokens":2,"total_tokens":19,"completion_tokens_details":{"reasoning_tokens":7}}`: {UncachedIn: 10, Out: 9, Reasoning: 7, Known: true},
		`{"prompt_tokens":10,"completion_tokens":9,"total_tokens":19,"completion_tokens_details":{"reasoning_tokens":7}}`: {UncachedIn: 10, Out: 9, Reasoning: 7, Known: true},
		`{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}`:                                                      {},
		`null`:   {},
		`"many"`: {},
	} {
		url, _ := answering(t, 200, `{"choices":[{"finish_reason":"stop","message":{"content":"fine"}}],"usage":`+usage+`}`)
		got, err := open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
		if diff := cmp.Diff(want, got.Usage); err != nil || diff != "" {
			t.Errorf("usage %s: %v (-want +got):\n%s", usage, err, diff)
		}
	}
}

func TestGenerate_forgivesWhatServersGetWrong(t *testing.T) {
	t.Parallel()
	const body = `{"choices":[{"finish_reason":"stop","message":{"content":null,"tool_calls":[` +
		`{"type":"function","function":{"name":"look","arguments":"{\"at\""}},` +
		`{"id":"x","type":"function","function":{"name":"look","arguments":""}},` +
		`{"id":"x","type":"function","function":{"name":"look","arguments":{"at":"sea"}}},` +
		`{"id":"call_1","type":"function","function":{"name":"look","arguments":"{}"}}]}}]}`
	url, _ := answering(t, 200, body)
	got, err := open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
	if err != nil {
		t.Fatal(err)
	}
	want := []llm.ToolCall{
		{ID: "call_2", Name: "look", Args: json.RawMessage(`{"at"`)}, // not even JSON: the caller's to say
		{ID: "x", Name: "look", Args: json.RawMessage("")},
		{ID: "call_3", Name: "look", Args: json.RawMessage(`{"at":"sea"}`)},
		{ID: "call_1", Name: "look", Args: json.RawMessage(`{}`)},
	}
	if diff := cmp.Diff(want, got.Calls); diff != "" || got.Stop != llm.StopTools || got.Model != "m" {
		t.Errorf("response = %+v (-want +got):\n%s", got, diff)
	}
}

func TestModel_readsContentThatComesInParts(t *testing.T) {
	t.Parallel()
	const parts = `[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"all "},{"type":"text","text":"well"}]`
	for _, body := range []string{
		`{"choices":[{"finish_reason":"stop","message":{"content":` + parts + `}}]}`,
		`{"choices":[{"finish_reason":"stop","message":{"content":"all well"}}]}`,
	} {
		url, _ := answering(t, 200, body)
		got, err := open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
		if err != nil || got.Text != "all well" {
			t.Errorf("answer to %s = %q, %v", body, got.Text, err)
		}
	}
	url, _ := answering(t, 200, `data: {"choices":[{"delta":{"content":`+parts+`},"finish_reason":"stop"}]}`+"\n\n")
	text, _, err := stream(t, open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}), hello())
	if err != nil || text != "all well" {
		t.Errorf("stream = %q, %v", text, err)
	}
	url, _ = answering(t, 200, `{"choices":[{"finish_reason":"stop","message":{"content":"[1, 2]"}}]}`)
	got, err := open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
	if err != nil || got.Text != "[1, 2]" {
		t.Errorf("answer = %q, %v, want the list that the model wrote", got.Text, err)
	}
}

func TestGenerate_everyWordForACutOffAnswerCounts(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]llm.Kind{
		"length": llm.KindTruncated, "model_length": llm.KindTruncated, "max_tokens": llm.KindTruncated,
		"content_filter": llm.KindRefused, "error": llm.KindBroken, "abort": llm.KindBroken, "": llm.KindBroken,
	} {
		url, _ := answering(t, 200, `{"choices":[{"finish_reason":"`+word+`","message":{"content":"so far"}}]}`)
		_, err := open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
		if e := llm.AsAPIError(err); e == nil || e.Kind != want {
			t.Errorf("finish reason %q: error = %v, want kind %s", word, err, want)
		}
	}
}

func TestModel_namesTheAnswerWhereNoHeaderDoes(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, `{"id":"gen-7","choices":[{"finish_reason":"stop","message":{"content":"fine"}}]}`)
	got, err := open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
	if err != nil || got.RequestID != "gen-7" {
		t.Errorf("request id = %q, %v, want that of the answer", got.RequestID, err)
	}
	url, _ = answering(t, 200, `{"id":"gen-8","choices":[]}`)
	_, err = open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
	if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindBroken || e.RequestID != "gen-8" {
		t.Errorf("error = %v, want a broken answer and its id", err)
	}
}

func TestModel_keepsWhatTheProviderSaysItCost(t *testing.T) {
	t.Parallel()
	dollars := func(m llm.Money) llm.Cost { return llm.Cost{Amount: m, Known: true} }
	for usage, want := range map[string]llm.Cost{
		`"cost":0.00014`: dollars(140_000),
		`"cost":0`:       dollars(0),
		`"cost":0.01,"is_byok":true,"cost_details":{"upstream_inference_cost":0.19}`: dollars(200_000_000),
		`"cost":0.2,"is_byok":false,"cost_details":{"upstream_inference_cost":0.2}`:  dollars(200_000_000),
		`"cost":null`: {}, `"cost":{"total":1}`: {}, `"cost":-1`: {}, `"cost":1e300`: {}, `"cost":"1"`: {},
	} {
		usage = `"usage":{"prompt_tokens":5,"completion_tokens":2,` + usage + `}`
		url, _ := answering(t, 200, `{"choices":[{"finish_reason":"stop","message":{"content":"fine"}}],`+usage+`}`)
		got, err := open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
		if err != nil || got.Stated != want || got.Cost != (llm.Cost{}) {
			t.Errorf("%s: stated = %+v, cost = %+v, %v, want %+v beside no cost of ours", usage, got.Stated, got.Cost, err, want)
		}
		url, _ = answering(t, 200, `{"choices":[{"finish_reason":"length","message":{"content":"fi"}}],`+usage+`}`)
		_, err = open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
		if e := llm.AsAPIError(err); e == nil || e.Stated != want {
			t.Errorf("%s: error = %+v, want what it cost all the same", usage, err)
		}
	}
}

func TestGenerate_refusalIsNoAnswer(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, `{"choices":[{"finish_reason":"stop","message":{"content":null,"refusal":"I will not"}}]}`)
	_, err := open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}).Generate(t.Context(), hello())
	if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindRefused || e.Message != "I will not" {
		t.Errorf("error = %v, want a refusal in the model's words", err)
	}
}

func TestStream_failsWhenAnErrorComesInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{
		`{"error":{"message":"overloaded","code":503}}`,
		`{"object":"error","message":"overloaded","code":503}`,
		`{"choices":[{"delta":{"content":""},"finish_reason":"error","error":{"message":"overloaded","code":503}}]}`,
	} {
		url, _ := answering(t, 200, "data: {\"choices\":[{\"delta\":{\"content\":\"so \"}}]}\n\n: a comment\n\ndata: "+fault+"\n\n")
		text, done, err := stream(t, open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}), hello())
		e := llm.AsAPIError(err)
		if text != "so " || done != nil || e == nil || e.Kind != llm.KindUnavailable || e.Message != "overloaded" || e.Usage.Known {
			t.Errorf("%s: stream = %q, %+v, %v, want the text, then an unavailable provider and unknown usage", fault, text, done, err)
		}
	}
}

// TestStream_keepsUsageThatCameBeforeTheEnd: vLLM can count along, and what was
// counted was billed.
func TestStream_keepsUsageThatCameBeforeTheEnd(t *testing.T) {
	t.Parallel()
	const some = `data: {"choices":[{"delta":{"content":"so "}}],"usage":{"prompt_tokens":5,"completion_tokens":1,"cost":0.5}}` + "\n\n"
	for name, rest := range map[string]string{
		"cut off": "", "garbage": "data: {]\n\n", "failed": `data: {"error":{"message":"overloaded","code":503}}` + "\n\n",
	} {
		url, _ := answering(t, 200, some+rest)
		_, _, err := stream(t, open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}), hello())
		want := llm.Usage{UncachedIn: 5, Out: 1, Known: true}
		if e := llm.AsAPIError(err); e == nil || e.Usage != want || !e.Stated.Known {
			t.Errorf("%s: error = %+v, want usage %+v and the stated cost", name, err, want)
		}
	}
}

func TestStream_findsUsageWhereGroqPutsIt(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, 200, `data: {"choices":[{"delta":{"content":"fine"},"finish_reason":"stop"}],`+
		`"x_groq":{"id":"req_1","usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}}`+"\n\ndata: [DONE]\n\n")
	_, done, err := stream(t, open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}), hello())
	if err != nil || done.Usage != (llm.Usage{UncachedIn: 5, Out: 2, Known: true}) {
		t.Errorf("response = %+v, %v", done, err)
	}
}

func TestStream_tellsCallsApartThatShareAnIndex(t *testing.T) {
	t.Parallel()
	call := func(id, args string) string {
		return `data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"` + id +
			`","function":{"name":"look","arguments":"` + args + `"}}]}}]}` + "\n\n"
	}
	url, _ := answering(t, 200, call("a", "1")+call("", "2")+call("b", "3")+call("b", "4")+
		"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n")
	_, done, err := stream(t, open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}), hello())
	if err != nil {
		t.Fatal(err)
	}
	want := []llm.ToolCall{
		{ID: "a", Name: "look", Args: json.RawMessage("12")},
		{ID: "b", Name: "look", Args: json.RawMessage("34")},
	}
	if diff := cmp.Diff(want, done.Calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// TestStream_tellsCallsApartThatHaveNoIDs: whole calls that all have the first
// index, and one that comes in pieces, with its name on each.
func TestStream_tellsCallsApartThatHaveNoIDs(t *testing.T) {
	t.Parallel()
	call := func(args string) string {
		return `data: {"choices":[{"delta":{"tool_calls":[{"function":{"name":"look","arguments":` + args + `}}]}}]}` + "\n\n"
	}
	url, _ := answering(t, 200, call(`"{\"at\":1}"`)+call(`"{\"at\":2}"`)+call(`"{\"at\""`)+call(`":3}"`)+call(`{"at":4}`)+
		"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n")
	_, done, err := stream(t, open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}), hello())
	if err != nil {
		t.Fatal(err)
	}
	var want []llm.ToolCall
	for i := range 4 {
		want = append(want, llm.ToolCall{ID: fmt.Sprintf("call_%d", i+1), Name: "look", Args: fmt.Appendf(nil, `{"at":%d}`, i+1)})
	}
	if diff := cmp.Diff(want, done.Calls); diff != "" || done.Stop != llm.StopTools {
		t.Errorf("stop = %s, calls (-want +got):\n%s", done.Stop, diff)
	}
}

func TestStream_boundsTheNumberOfCalls(t *testing.T) {
	t.Parallel()
	var body strings.Builder
	for i := range 1000 {
		body.WriteString(`data: {"choices":[{"delta":{"tool_calls":[{"index":` + strings.Repeat("9", 1+i%15) +
			`,"id":"` + strings.Repeat("i", i+1) + `","function":{"name":"x","arguments":"{}"}}]}}]}` + "\n\n")
	}
	url, _ := answering(t, 200, body.String())
	_, _, err := stream(t, open(t, openai.Config{Name: "p", Model: "m", BaseURL: url}), hello())
	if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindBroken || !strings.Contains(e.Message, "tools") {
		t.Errorf("error = %v, want one about too many tools", err)
	}
}

func TestModel_sendsNoRequestThatItCannotTranslate(t *testing.T) {
	t.Parallel()
	url, asked := answering(t, 200, fine)
	m := open(t, openai.Config{Name: "p", Model: "m", BaseURL: url})
	for name, r := range map[string]llm.Request{
		"no messages":   {},
		"a picture":     {Messages: []llm.Message{{Role: llm.RoleUser, Text: "see", Images: []llm.Image{{Data: []byte("x")}}}}},
		"a role":        {Messages: []llm.Message{{Role: "narrator"}}},
		"a tool's form": {Messages: hello().Messages, Tools: []llm.ToolSpec{{Name: "t", Parameters: json.RawMessage("{")}}},
		"a schema":      {Messages: hello().Messages, Schema: &llm.Schema{Name: "s", JSON: json.RawMessage("{")}},
	} {
		_, whole := m.Generate(t.Context(), r)
		_, _, parts := stream(t, m, r)
		for _, err := range []error{whole, parts} {
			if e := llm.AsAPIError(err); e == nil || e.Kind != llm.KindInvalid || !e.Usage.Known {
				t.Errorf("%s: error = %v, want an invalid request that cost nothing", name, err)
			}
		}
	}
	if len(asked) != 0 {
		t.Errorf("the server got %d requests, want none", len(asked))
	}
}

func TestNew_refusesAConfigurationThatCannotWork(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]openai.Config{
		"no name":        {Model: "m"},
		"no model":       {Name: "p"},
		"no scheme":      {Name: "p", Model: "m", BaseURL: "localhost:8080/v1"},
		"another scheme": {Name: "p", Model: "m", BaseURL: "ftp://example.com"},
		"no host":        {Name: "p", Model: "m", BaseURL: "http:///v1"},
		"structured":     {Name: "p", Model: "m", Structured: "somehow"},
		"output limit":   {Name: "p", Model: "m", OutputLimit: "max_words"},
	} {
		if _, err := openai.New(cfg); err == nil {
			t.Errorf("%s: New = nil, want an error", name)
		}
	}
	if _, err := openai.New(openai.Config{Name: "p", Model: "m"}); err != nil {
		t.Errorf("New without a base URL: %v", err)
	}
}
