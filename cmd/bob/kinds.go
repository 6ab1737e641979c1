package main

import (
	"slices"
	"strings"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/demo"
	"github.com/askbob/bob/llm/openai"
)

// kind is a way to call models, as llm.providers[].kind names it.
type kind struct {
	name   string
	keyVar string // the variable that turns it on where no provider is configured; empty: none does
	model  string // that is used where none is configured; empty: one must be
	inside bool   // it runs in this process: no key, no address, nothing leaves
	make   func(p ProviderConfig, m ModelConfig) (llm.Model, error)
}

// kinds lists every kind there is, in the order in which they are preferred where
// no provider is configured. The last is what is left when there is no key at all.
// A new one needs a line here and a word in config.example.yaml.
var kinds = []kind{ //nolint:gochecknoglobals // a constant table
	{
		// OpenAI, and all that speaks its protocol under another address.
		name: kindOpenAI, keyVar: openAIKey, model: openAIModel,
		make: func(p ProviderConfig, m ModelConfig) (llm.Model, error) {
			return openai.New(openai.Config{Name: p.Name, Model: m.Model, BaseURL: p.BaseURL, APIKey: string(p.APIKey), MaxOutput: m.MaxOutput})
		},
	},
	{
		// Rules instead of a model: no key and no network.
		name: kindDemo, model: demoModel, inside: true,
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
