package main

import (
	"log/slog"
	"strings"
	"testing"
)

// environment is a process's, as a test says.
func environment(pairs ...string) func(string) (string, bool) {
	return func(key string) (string, bool) {
		for _, p := range pairs {
			if k, v, _ := strings.Cut(p, "="); k == key {
				return v, true
			}
		}
		return "", false
	}
}

func TestFromKeys_takesEveryVendorWhoseVariableIsSet(t *testing.T) {
	t.Parallel()
	list := fromKeys(environment("OPENAI_API_KEY=a", "ANTHROPIC_API_KEY=b", "GEMINI_API_KEY=c", "OLLAMA_HOST=box:11434"))
	want := []ProviderConfig{
		{Name: "openai", Kind: kindOpenAI, APIKey: "a"}, {Name: "anthropic", Kind: kindAnthropic, APIKey: "b"},
		{Name: "gemini", Kind: kindGemini, APIKey: "c"}, {Name: "ollama", Kind: kindOllama, BaseURL: "http://box:11434"},
	}
	if len(list) != len(want) {
		t.Fatalf("got %d providers, want %d", len(list), len(want))
	}
	for i := range want {
		if list[i] != want[i] {
			t.Errorf("provider %d is %s %s at %q, want %s %s at %q", i, list[i].Name, list[i].Kind, list[i].BaseURL, want[i].Name, want[i].Kind, want[i].BaseURL)
		}
	}
}

func TestKinds_eachMakesAModelWithAPrice(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		c := LLMConfig{Providers: []ProviderConfig{{Name: "p", Kind: k.name}}, Models: []ModelConfig{{Model: k.model, Provider: "p"}}}
		if k.model == "" {
			c.Models[0].Model = "some-model"
		}
		if !k.inside && !k.byURL {
			c.Providers[0].APIKey = "key"
		}
		r, err := newRoster(c, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Errorf("%s: %v", k.name, err)
			continue
		}
		m := r.models[0]
		if !m.Price.Known || m.Context == 0 {
			t.Errorf("%s: price known: %v, context %d; the default model must have both", k.name, m.Price.Known, m.Context)
		}
	}
}
