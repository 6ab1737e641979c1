package openai_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/openai"
)

// elsewhere is a network that has only one server, under every name.
type elsewhere struct {
	body  string
	asked *http.Request
	sent  []byte
}

func (e *elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, err := io.ReadAll(r.Body)
	e.asked, e.sent = r, sent
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(e.body)), Request: r,
	}, err
}

// TestModel_speaksToAzure: an address that a person copies from the portal is
// enough, with the older API's version or without.
func TestModel_speaksToAzure(t *testing.T) {
	t.Parallel()
	const old = "https://res.openai.azure.com/openai/deployments/other-gpt/chat/completions?api-version=2024-10-21"
	for base, want := range map[string]string{
		"https://res.openai.azure.com":                                                     "https://res.openai.azure.com/openai/v1/chat/completions",
		"https://res.openai.azure.com/":                                                    "https://res.openai.azure.com/openai/v1/chat/completions",
		"https://res.openai.azure.com/openai/v1/":                                          "https://res.openai.azure.com/openai/v1/chat/completions",
		"https://res.services.ai.azure.com/openai/v1":                                      "https://res.services.ai.azure.com/openai/v1/chat/completions",
		"https://res.openai.azure.com?api-version=2024-10-21":                              old,
		"https://res.openai.azure.com/openai/?api-version=2024-10-21":                      old,
		"https://res.openai.azure.com/openai/deployments/other-gpt?api-version=2024-10-21": old,
	} {
		there := &elsewhere{body: fine}
		m := open(t, openai.Config{
			Name: "azure", Model: "gpt", BaseURL: base, APIKey: "the-azure-key", MaxOutput: 9, HTTPClient: &http.Client{Transport: there},
		})
		r := hello()
		r.Model = "other-gpt" // a deployment
		if _, err := m.Generate(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if got := there.asked.URL.String(); got != want {
			t.Errorf("%s: asked %s, want %s", base, got, want)
		}
		if h := there.asked.Header; h.Get("Api-Key") != "the-azure-key" || h.Get("Authorization") != "" {
			t.Errorf("%s: headers = %v, want the key in its own", base, h)
		}
		if got := gjson.GetBytes(there.sent, "max_completion_tokens").Int(); got != 9 {
			t.Errorf("%s: sent %s, want max_completion_tokens", base, there.sent)
		}
	}
}

func TestModel_keepsADeploymentsNameInItsPlace(t *testing.T) {
	t.Parallel()
	there := &elsewhere{body: fine}
	m := open(t, openai.Config{
		Name: "azure", Model: "../../v1/x?y", BaseURL: "https://res.openai.azure.com?api-version=1", HTTPClient: &http.Client{Transport: there},
	})
	if _, err := m.Generate(t.Context(), hello()); err != nil {
		t.Fatal(err)
	}
	const want = "/openai/deployments/..%2F..%2Fv1%2Fx%3Fy/chat/completions"
	if got := there.asked.URL.EscapedPath(); got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func TestModel_knowsTheHabitsOfServers(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]struct{ limit, format, strict, usage string }{
		"https://api.openai.com/v1":      {"max_completion_tokens", "json_schema", "true", "true"},
		"https://openrouter.ai/api/v1":   {"max_tokens", "json_schema", "true", "true"},
		"https://api.groq.com/openai/v1": {"max_tokens", "json_schema", "", "true"},
		"https://api.deepseek.com":       {"max_tokens", "json_object", "", "true"},
		"https://api.mistral.ai/v1":      {"max_tokens", "json_schema", "true", ""},
		"http://localhost:8000/v1":       {"max_tokens", "json_schema", "true", "true"},
		"https://notopenai.com/v1":       {"max_tokens", "json_schema", "true", "true"},
	} {
		there := &elsewhere{body: "data: {\"choices\":[{\"delta\":{\"content\":\"{}\"},\"finish_reason\":\"stop\"}]}\n\n"}
		m := open(t, openai.Config{Name: "p", Model: "m", BaseURL: base, HTTPClient: &http.Client{Transport: there}})
		r := hello()
		r.MaxOutput = 9
		r.Schema = llm.MustSchema("form", `{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"string"}}}`)
		if _, _, err := stream(t, m, r); err != nil {
			t.Fatal(err)
		}
		sent := gjson.ParseBytes(there.sent)
		got := struct{ limit, format, strict, usage string }{
			format: sent.Get("response_format.type").String(), strict: sent.Get("response_format.json_schema.strict").String(),
			usage: sent.Get("stream_options.include_usage").String(),
		}
		for _, name := range []string{"max_tokens", "max_completion_tokens"} {
			if sent.Get(name).Int() == 9 {
				got.limit += name
			}
		}
		if got != want {
			t.Errorf("%s: sent %+v, want %+v", base, got, want)
		}
	}
}

func TestModel_isToldWhatAServerWants(t *testing.T) {
	t.Parallel()
	url, asked := answering(t, 200, fine)
	m := open(t, openai.Config{
		Name: "p", Model: "m", BaseURL: url + "/v1?team=a%20b", Headers: map[string]string{"X-Team": "blue"},
		OutputLimit: openai.MaxCompletionTokens, MaxOutput: 9,
	})
	if _, err := m.Generate(t.Context(), hello()); err != nil {
		t.Fatal(err)
	}
	got := <-asked
	body, err := io.ReadAll(got.Body)
	if err != nil || got.URL.Path != "/v1/chat/completions" || got.URL.Query().Get("team") != "a b" ||
		got.Header.Get("X-Team") != "blue" || !strings.Contains(string(body), `"max_completion_tokens":9`) {
		t.Errorf("request = %s %v %s", got.URL, got.Header, body)
	}
}
