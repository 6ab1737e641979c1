package main

import (
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/anthropic"
	"github.com/askbob/bob/llm/gemini"
	"github.com/askbob/bob/llm/ollama"
	"github.com/askbob/bob/llm/price"
	"github.com/askbob/bob/llm/route"
)

// adapters make models of the other vendors' formats.
var adapters = map[string]func(url string) (llm.Model, error){
	"anthropic": func(url string) (llm.Model, error) {
		return anthropic.New(anthropic.Config{Name: "a", Model: "m", BaseURL: url, APIKey: "key-of-a-test"})
	},
	"gemini": func(url string) (llm.Model, error) {
		return gemini.New(gemini.Config{Name: "a", Model: "m", BaseURL: url, APIKey: "key-of-a-test"})
	},
	"ollama": func(url string) (llm.Model, error) {
		return ollama.New(ollama.Config{Name: "a", Model: "m", BaseURL: url, Context: 32_000})
	},
}

// page is what a proxy in between says.
func page(w http.ResponseWriter, _ *http.Request, _ asked) {
	_, _ = io.WriteString(w, "<html>welcome to the airport</html>")
}

// TestHostile_everyAdapterEndsAJobAsItShould has the faults that look the same in
// every format.
func TestHostile_everyAdapterEndsAJobAsItShould(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]trial{
		"wrong key":     {a: always(wrongKey), reason: jobs.ReasonModel, says: "check its api_key", asks: 1, free: true},
		"no such model": {a: always(nowhere), reason: jobs.ReasonModel, says: "has no model m", asks: 1, free: true},
		"limited":       {a: always(limited), reason: jobs.ReasonRateLimit, says: "kept refusing", asks: 60, free: true},
		"500":           {a: always(broken), reason: jobs.ReasonRetryAt, says: "did not answer", asks: 3, free: true},
		"a page":        {a: always(page), reason: jobs.ReasonRetryAt, says: "could not be used", asks: 3},
		"breaks off":    {a: always(breakOff), reason: jobs.ReasonRetryAt, says: "could not be used", asks: 3},
		"hangs":         {a: always(hang), reason: jobs.ReasonTimeout, says: "took too long", asks: 3, step: time.Second},
		"10 MB":         {a: always(huge), reason: jobs.ReasonRetryAt, says: "could not be used", asks: 3},
	} {
		for adapter, open := range adapters {
			t.Run(adapter+"/"+name, func(t *testing.T) {
				t.Parallel()
				tt.open, tt.status = open, jobs.StatusFailed
				tt.run(t)
			})
		}
	}
}

// rosterOf is newRoster with another model for the only one.
func rosterOf(c LLMConfig, log *slog.Logger, open func(url string) (llm.Model, error)) (*roster, error) {
	r, err := newRoster(c, log)
	if err != nil || open == nil {
		return r, err
	}
	table, err := price.NewTable(overrides(c)...)
	if err != nil {
		return nil, err
	}
	m, err := open(c.Providers[0].BaseURL)
	if err != nil {
		return nil, err
	}
	known := r.models[0]
	known.Model = price.Meter(m, price.Config{Provider: known.Provider, Model: known.Name, MaxOutput: known.maxOutput, Table: table})
	router, err := route.New(route.Config{Providers: []route.Provider{known.provider}, Members: []route.Member{known.Member}, Log: log})
	return &roster{router: router, models: []knownModel{known}}, err
}
