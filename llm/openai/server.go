package openai

import (
	"net/url"
	"strings"

	"github.com/openai/openai-go/v3/option"

	"github.com/askbob/bob/llm/internal/wire"
)

// OutputLimit is the name under which a server knows the bound of an answer. One
// request must not have both.
type OutputLimit string

// The names of the bound.
const (
	MaxCompletionTokens OutputLimit = "max_completion_tokens" // OpenAI and Azure
	MaxTokens           OutputLimit = "max_tokens"            // everybody else
)

// Structured is how a server is asked for an answer of a given form.
type Structured string

// The ways to ask for a form.
const (
	// StructuredStrict sends the schema without its bounds, which strict servers
	// refuse, and asks for strictness where the schema allows it.
	StructuredStrict Structured = "strict"
	// StructuredSchema sends the same, and asks for no strictness.
	StructuredSchema Structured = "schema"
	// StructuredGrammar sends the schema with its bounds: for servers that
	// constrain decoding by it, as llama.cpp and vLLM do. They stop a weak model.
	StructuredGrammar Structured = "grammar"
	// StructuredObject asks for JSON, and puts the schema into words.
	StructuredObject Structured = "object"
	// StructuredWords puts the schema into words, and asks for nothing.
	StructuredWords Structured = "words"
)

// habits are what servers of the format do each in their own way.
type habits struct {
	output     OutputLimit
	structured Structured
	azure      bool // paths and key are Azure's
	unasked    bool // a stream ends with its usage unasked, and asking for it is refused
}

// known are the hosts whose habits differ. OpenAI's newer models refuse
// max_tokens, and many other servers ignore or refuse its successor. Groq is
// strict for some of its models only; DeepSeek knows no schemas; Mistral refuses
// stream_options.
var known = map[string]habits{ //nolint:gochecknoglobals // a constant table
	"openai.com":   {output: MaxCompletionTokens},
	"azure.com":    {output: MaxCompletionTokens, azure: true},
	"groq.com":     {structured: StructuredSchema},
	"deepseek.com": {structured: StructuredObject},
	"mistral.ai":   {unasked: true},
}

// habitsOf goes by the host.
func habitsOf(host string) habits {
	var h habits
	for domain, its := range known {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			h = its
		}
	}
	if h.output == "" {
		h.output = MaxTokens
	}
	if h.structured == "" {
		h.structured = StructuredStrict
	}
	return h
}

// The paths of an Azure resource. The older API has one for each deployment, and
// a version in its query.
const (
	azureV1          = "/openai/v1"
	azureDeployments = "/openai/deployments/"
	azureVersion     = "api-version"
)

// place returns the base URL for a model, without its query.
func (m *Model) place(model string) string {
	base := *m.base
	base.RawQuery, base.Fragment = "", ""
	bare := strings.TrimSuffix(base.Path, "/")
	if m.habits.azure && (bare == "" || bare == "/openai") {
		base.Path = azureV1
		if m.base.Query().Has(azureVersion) {
			return base.Scheme + "://" + base.Host + azureDeployments + url.PathEscape(model) + "/"
		}
	}
	return strings.TrimSuffix(base.String(), "/") + "/"
}

// options are what goes with every request.
func (m *Model) options(body int64) []option.RequestOption {
	limits := wire.Limits{FirstByte: m.cfg.FirstByte, Idle: m.cfg.Idle, Body: body}
	key := m.cfg.APIKey
	if m.habits.azure {
		key = "" // it goes into a header of its own
	}
	opts := []option.RequestOption{
		option.WithAPIKey(key),
		option.WithMaxRetries(0),
		option.WithHTTPClient(wire.Client(m.cfg.HTTPClient, limits)),
	}
	if m.habits.azure && m.cfg.APIKey != "" {
		opts = append(opts, option.WithHeader("Api-Key", m.cfg.APIKey))
	}
	for name, values := range m.base.Query() {
		for _, value := range values {
			opts = append(opts, option.WithQueryAdd(name, value))
		}
	}
	for name, value := range m.cfg.Headers {
		opts = append(opts, option.WithHeader(name, value))
	}
	return opts
}
