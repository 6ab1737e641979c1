package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/askbob/bob/jobs"
)

// modelRows is the table of models: a configured one has roles.
func modelRows(list []modelReport) [][]string {
	ours := list[0].Roles != nil
	head := []string{"MODEL"}
	if ours {
		head = append(head, "USED FOR")
	}
	rows := [][]string{append(head, "CONTEXT", "ANSWER", "CAN", "IN/M", "OUT/M", "CACHED/M")}
	for i := range list {
		m := &list[i]
		row := []string{m.Model}
		if ours {
			row = append(row, roleWords(m.Roles))
		}
		row = append(row, tokenCount(m.Context), tokenCount(m.MaxOutput), abilities(m))
		rows = append(rows, append(row, priceWords(m.Price)...))
	}
	return rows
}

// unknown stands for a size or a price that nobody has told us.
const unknown = "?"

// unknownPrices says what follows from prices that are unknown; empty: there are
// none.
func unknownPrices(list []modelReport) string {
	if !slices.ContainsFunc(list, func(m modelReport) bool { return m.Price == nil }) {
		return ""
	}
	return "\n? is unknown. Jobs with a budget need a price: give it under llm.models.\n"
}

// roleWords says in which place of its routes a model is.
func roleWords(roles map[string]int) string {
	var parts []string
	for _, name := range []string{"planner", "task", "combine"} {
		if n := roles[name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", strings.TrimSuffix(name, "ner"), n))
		}
	}
	if parts == nil {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

func tokenCount(n int) string {
	switch {
	case n == 0:
		return unknown
	case n >= 1_000_000:
		return strconv.FormatFloat(float64(n/10_000)/100, 'f', -1, 64) + "M"
	case n >= 1000:
		return strconv.Itoa(n/1000) + "k"
	}
	return strconv.Itoa(n)
}

// priceWords is what a million tokens of input, of output and from a cache cost.
func priceWords(p *priceReport) []string {
	if p == nil {
		return []string{unknown, unknown, unknown}
	}
	return []string{jobs.ShortUSD(p.Input), jobs.ShortUSD(p.Output), jobs.ShortUSD(p.CacheRead)}
}

func abilities(m *modelReport) string {
	var can []string
	for _, a := range []struct {
		has  bool
		word string
	}{{m.Tools != nil && *m.Tools, "tools"}, {m.Structured != nil && *m.Structured, "schema"}, {m.Vision, "vision"}, {m.Reasoning, "reasoning"}} {
		if a.has {
			can = append(can, a.word)
		}
	}
	if can == nil {
		return "-"
	}
	return strings.Join(can, " ")
}

// providerRows is the table of the models' providers: what all their models share.
func providerRows(c LLMConfig, list []modelReport) [][]string {
	rows := [][]string{{"PROVIDER", "KIND", "PRIVATE", "AT ONCE", "CALLS/MIN", "TOKENS/MIN"}}
	limit := func(n int) string {
		if n == 0 {
			return "any"
		}
		return strconv.Itoa(n)
	}
	for _, p := range c.Providers {
		if !slices.ContainsFunc(list, func(m modelReport) bool { return strings.HasPrefix(m.Model, p.Name+"/") }) {
			continue
		}
		private := "no"
		if p.route().Private {
			private = "yes"
		}
		rows = append(rows, []string{p.Name, p.Kind, private, limit(p.MaxConcurrent), limit(p.RequestsPerMinute), limit(p.TokensPerMinute)})
	}
	return rows
}
