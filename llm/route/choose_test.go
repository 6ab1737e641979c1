package route_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/llmtest"
	"github.com/askbob/bob/llm/route"
)

func TestRouter_Candidates_saysWhatEachLacks(t *testing.T) {
	t.Parallel()
	plain := route.Member{Provider: "a", Name: "plain", Model: says("x"), Context: 1000, Price: llm.Cost{Amount: 3 * llm.Dollar, Known: true}}
	dark := route.Member{Provider: "b", Name: "dark", Model: says("x"), Tools: true, Structured: true, Vision: true}
	r := build(t, route.Config{Providers: []route.Provider{{Name: "a"}, {Name: "b", Private: true}}, Members: []route.Member{plain, dark}})
	tests := map[string]struct {
		needs route.Needs
		want  string // the names of those that fit, or the error
	}{
		"nothing":    {route.Needs{}, "a/plain b/dark"},
		"tools":      {route.Needs{Tools: true}, "b/dark"},
		"schema":     {route.Needs{Structured: true}, "b/dark"},
		"pictures":   {route.Needs{Vision: true}, "b/dark"},
		"privacy":    {route.Needs{Private: true}, "b/dark"},
		"context":    {route.Needs{Context: 1000}, "a/plain"},
		"a price":    {route.Needs{MaxPrice: 3 * llm.Dollar}, "a/plain"},
		"a name":     {route.Needs{Model: "dark"}, "b/dark"},
		"a ref":      {route.Needs{Model: "a/plain"}, "a/plain"},
		"no such":    {route.Needs{Model: "gpt-0"}, `there is no model "gpt-0"`},
		"named, bad": {route.Needs{Model: "plain", Private: true, Tools: true}, "no model will do: a/plain is not private, cannot call tools"},
		"all": {
			route.Needs{Tools: true, Structured: true, Vision: true, Private: true, Context: 2000, MaxPrice: llm.Dollar},
			"no model will do: a/plain is not private, cannot call tools, cannot answer by a schema, cannot look at pictures, " +
				"has a context of 1000 tokens, 2000 are needed, costs $3.00 a million tokens, at most $1.00 are allowed; " +
				"b/dark has an unknown context, 2000 are needed, has an unknown price, at most $1.00 are allowed",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, err := r.Candidates(llm.PurposeTurn, tt.needs)
			var refs []string
			for _, m := range list {
				refs = append(refs, m.Ref())
			}
			got := strings.Join(refs, " ")
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if _, none := errors.AsType[*route.NoneError](err); err != nil && !none {
				t.Errorf("%T is no *NoneError", err)
			}
		})
	}
}

func TestRouter_Pick_goesByThePurposesRoute(t *testing.T) {
	t.Parallel()
	cfg := route.Config{
		Providers: []route.Provider{{Name: "a"}},
		Members:   []route.Member{able("a", "1", says("1")), able("a", "2", says("2"))},
		Routes:    map[llm.Purpose][]string{llm.PurposePlan: {"a/2", "a/1"}, llm.PurposeTurn: {"a/1"}},
	}
	cfg.Members[1].Context = 500
	r := build(t, cfg)
	for purpose, want := range map[llm.Purpose]string{llm.PurposePlan: "2", llm.PurposeTurn: "1", llm.PurposeCombine: "1"} {
		got, err := pick(t, r, route.Want{Purpose: purpose}).Generate(t.Context(), llm.Request{})
		if err != nil || got.Text != want {
			t.Errorf("%s: got %q, %v, want %q", purpose, got.Text, err, want)
		}
	}
	if _, size, _ := r.Pick(route.Want{Purpose: llm.PurposePlan}); size != 500 {
		t.Errorf("context = %d, want that of the smallest, 500", size)
	}
}

func TestRouter_Pick_knowsTheSmallestContext(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		contexts []int
		want     int
	}{
		"all unknown":         {[]int{0, 0}, 0},
		"all known":           {[]int{200_000, 8_000}, 8_000},
		"one unknown, larger": {[]int{200_000, 0}, 32_000},
		"one unknown, small":  {[]int{8_000, 0}, 8_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := route.Config{Providers: []route.Provider{{Name: "a"}}}
			for i, context := range tt.contexts {
				m := able("a", string(rune('1'+i)), says("x"))
				m.Context = context
				cfg.Members = append(cfg.Members, m)
			}
			if _, got, err := build(t, cfg).Pick(route.Want{}); err != nil || got != tt.want {
				t.Errorf("got %d, %v, want %d", got, err, tt.want)
			}
		})
	}
}

func TestNew_refusesWhatDoesNotFitTogether(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	a, m := []route.Provider{{Name: "a"}}, able("a", "m", says("x"))
	for name, cfg := range map[string]route.Config{
		"nothing":          {},
		"no log":           {Providers: a, Members: []route.Member{m}},
		"two providers":    {Providers: append(a, a...), Members: []route.Member{m}, Log: log},
		"two models":       {Providers: a, Members: []route.Member{m, m}, Log: log},
		"a negative limit": {Providers: []route.Provider{{Name: "a", TokensPerMinute: -1}}, Members: []route.Member{m}, Log: log},
		"no provider":      {Providers: []route.Provider{{Name: "b"}}, Members: []route.Member{m}, Log: log},
		"no model":         {Providers: a, Members: []route.Member{{Provider: "a", Name: "m"}}, Log: log},
		"a route":          {Providers: a, Members: []route.Member{m}, Routes: map[llm.Purpose][]string{"plan": {"a/x"}}, Log: log},
	} {
		if _, err := route.New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestModel_neverSendsPrivateDataElsewhere holds over random rosters, routes,
// requests and failures: what is private goes to private providers or nowhere.
func TestModel_neverSendsPrivateDataElsewhere(t *testing.T) {
	t.Parallel()
	kinds := []llm.Kind{
		"", llm.KindUnavailable, llm.KindRateLimited, llm.KindQuota, llm.KindAuth, llm.KindNotFound, llm.KindTooLong,
		llm.KindInvalid, llm.KindRefused, llm.KindTruncated, llm.KindBroken,
	}
	rapid.Check(t, func(rt *rapid.T) {
		cfg := route.Config{Log: slog.New(slog.DiscardHandler), Routes: map[llm.Purpose][]string{}}
		var outside []*fake
		for i := range rapid.IntRange(1, 4).Draw(rt, "providers") {
			p := route.Provider{Name: string(rune('a' + i)), Private: rapid.Bool().Draw(rt, "private"), MaxConcurrent: rapid.IntRange(0, 2).Draw(rt, "slots")}
			cfg.Providers = append(cfg.Providers, p)
			for j := range rapid.IntRange(1, 3).Draw(rt, "models") {
				m := fails(rapid.SampledFrom(kinds).Draw(rt, "kind"))
				if m.step == nil || rapid.Bool().Draw(rt, "answers") {
					m.step = llmtest.Text("hello")
				}
				member := able(p.Name, string(rune('1'+j)), m)
				member.Tools, member.Vision = rapid.Bool().Draw(rt, "tools"), rapid.Bool().Draw(rt, "vision")
				member.Context = rapid.SampledFrom([]int{0, 100, 1000}).Draw(rt, "context")
				m.input = rapid.SampledFrom([]int64{0, 500, 5000}).Draw(rt, "input")
				cfg.Members = append(cfg.Members, member)
				if rapid.Bool().Draw(rt, "routed") {
					cfg.Routes[llm.PurposeTurn] = append(cfg.Routes[llm.PurposeTurn], member.Ref())
				}
				if !p.Private {
					outside = append(outside, m)
				}
			}
		}
		r, err := route.New(cfg)
		if err != nil {
			rt.Fatal(err)
		}
		names := []string{"", "1", "2", "a/1", "b/2"}
		for range rapid.IntRange(1, 10).Draw(rt, "calls") {
			needs := route.Needs{Private: true, Model: rapid.SampledFrom(names).Draw(rt, "model"), Tools: rapid.Bool().Draw(rt, "needs tools")}
			m, _, err := r.Pick(route.Want{Purpose: rapid.SampledFrom([]llm.Purpose{llm.PurposeTurn, llm.PurposePlan}).Draw(rt, "purpose"), Needs: needs, Caller: "x"})
			if err != nil {
				continue
			}
			if rapid.Bool().Draw(rt, "stream") {
				_, _, _ = stream(t.Context(), m)
			} else {
				_, _ = m.Generate(t.Context(), llm.Request{})
			}
		}
		for _, m := range outside {
			if m.count() > 0 {
				rt.Fatal("private data was sent to a provider that is not private")
			}
		}
	})
}
