package main

import (
	"slices"
	"strings"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/anthropic"
	"github.com/askbob/bob/llm/demo"
	"github.com/askbob/bob/llm/gemini"
	"github.com/askbob/bob/llm/ollama"
	"github.com/askbob/bob/llm/openai"
)

const (
	openAIKey    = "OPENAI_API_KEY"
	anthropicKey = "ANTHROPIC_API_KEY"
	geminiKey    = "GEMINI_API_KEY"
	ollamaHost   = "OLLAMA_HOST"

	// The models that are used where none is configured: they plan and call tools
	// well, at a price that lets the default budget last.
	openAIModel    = "gpt-5.4-mini"
	anthropicModel = "claude-sonnet-4-6"
	geminiModel    = "gemini-3.7-flash"
	demoModel      = "demo"

	// demoContext lets the demo model see every column of a wide table: rules have
	// no limit of their own.
	demoContext = 1_000_000
)

// kind is a way to call models, as llm.providers[].kind names it.
type kind struct {
	name    string
	keyVar  string // the variable that turns it on where no provider is configured; empty: none does
	byURL   bool   // keyVar is an address, and a key is not needed
	model   string // that is used where none is configured; empty: one must be
	context int    // tokens that a model takes where nobody says; 0: unknown
	free    bool   // a model costs nothing unless the configuration says so
	inside  bool   // it runs in this process: no key, no address, nothing leaves
	make    func(p ProviderConfig, m ModelConfig) (llm.Model, error)
}

// kinds lists every kind there is, in the order in which they are preferred where
// no provider is configured. The last is what is left when there is no key at all.
// A new one needs a line here and a word in config.example.yaml.
var kinds = []kind{ //nolint:gochecknoglobals // a constant table
	{
		// OpenAI, and all that speaks its protocol under another address.
		name: kindOpenAI, keyVar: openAIKey, model: openAIModel,
		make: func(p ProviderConfig, m ModelConfig) (llm.Model, error) {
			return openai.New(openai.Config{
				Name: p.Name, Model: m.Model, BaseURL: p.BaseURL, APIKey: string(p.APIKey), MaxOutput: m.MaxOutput,
				Structured: openai.Structured(p.Structured), OutputLimit: openai.OutputLimit(p.OutputLimit),
			})
		},
	},
	{
		name: kindAnthropic, keyVar: anthropicKey, model: anthropicModel,
		make: func(p ProviderConfig, m ModelConfig) (llm.Model, error) {
			return anthropic.New(anthropic.Config{Name: p.Name, Model: m.Model, BaseURL: p.BaseURL, APIKey: string(p.APIKey), MaxOutput: m.MaxOutput})
		},
	},
	{
		name: kindGemini, keyVar: geminiKey, model: geminiModel,
		make: func(p ProviderConfig, m ModelConfig) (llm.Model, error) {
			return gemini.New(gemini.Config{Name: p.Name, Model: m.Model, BaseURL: p.BaseURL, APIKey: string(p.APIKey), MaxOutput: m.MaxOutput})
		},
	},
	{
		// Its own protocol, because only that says how much of a prompt is taken.
		name: kindOllama, keyVar: ollamaHost, byURL: true, context: ollama.DefaultContext, free: true,
		make: func(p ProviderConfig, m ModelConfig) (llm.Model, error) {
			return ollama.New(ollama.Config{
				Name: p.Name, Model: m.Model, BaseURL: p.BaseURL, APIKey: string(p.APIKey), MaxOutput: m.MaxOutput,
				Context: m.Context, Think: ollama.Think(p.Think),
			})
		},
	},
	{
		// Rules instead of a model: no key and no network.
		name: kindDemo, model: demoModel, context: demoContext, free: true, inside: true,
		make: func(ProviderConfig, ModelConfig) (llm.Model, error) { return demo.New(demo.Config{}), nil },
	},
}

// kindOf returns the provider's kind, and false for a word that is none.
func kindOf(p ProviderConfig) (kind, bool) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == p.Kind })
	if i < 0 {
		return kind{}, false
	}
	return kinds[i], true
}

// kindNames lists the kinds for people.
func kindNames() string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
