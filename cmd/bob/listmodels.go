package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/llm/price"
	"github.com/askbob/bob/llm/route"
)

func (p *process) modelsCommand() *cobra.Command {
	var asJSON, all bool
	cmd := &cobra.Command{
		Use: "models [FILTER]", Short: "List the models: what they are used for, what they cost and what they can do",
		Long: "List the configured models, or those whose name contains FILTER.\n" +
			"With --all: the built-in catalogue's models of the configured vendors, or, with FILTER, of all vendors.",
		Example: "  bob models\n  bob models --all sonnet",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("models takes at most one FILTER, not %d: a part of a name, such as gpt-5", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			return p.listModels(strings.ToLower(strings.Join(args, "")), all, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&all, "all", false, "list the built-in catalogue")
	return cmd
}

// modelReport is one model as `bob models` tells it. Of the catalogue's, nobody
// knows what they are used for, nor whether they call tools.
type modelReport struct {
	Model      string         `json:"model"` // provider/model
	Roles      map[string]int `json:"roles,omitempty"`
	Context    int            `json:"context"` // tokens; 0: unknown
	MaxOutput  int            `json:"max_output"`
	Price      *priceReport   `json:"price_per_million_usd"` // null: unknown
	Tools      *bool          `json:"tools,omitempty"`
	Structured *bool          `json:"structured,omitempty"`
	Vision     bool           `json:"vision"`
	Reasoning  bool           `json:"reasoning"`
	Private    *bool          `json:"private,omitempty"`
	Limits     *limitsReport  `json:"limits,omitempty"` // of its provider, shared
}

type priceReport struct {
	Input      string `json:"input"`
	Output     string `json:"output"`
	CacheRead  string `json:"cache_read"`
	CacheWrite string `json:"cache_write"`
}

// limitsReport is what a provider is limited to; 0: no limit of ours.
type limitsReport struct {
	MaxConcurrent     int `json:"max_concurrent"`
	RequestsPerMinute int `json:"requests_per_minute"`
	TokensPerMinute   int `json:"tokens_per_minute"`
}

func (p *process) listModels(filter string, all, asJSON bool) error {
	cfg, err := loadConfig(p.config, p.env, p.environ)
	if err != nil {
		return err
	}
	var list []modelReport
	if all {
		list, err = catalogued(cfg.LLM, filter)
	} else {
		list, err = configured(cfg.LLM, filter)
	}
	switch {
	case err != nil:
		return err
	case asJSON:
		return printJSON(p.stdout, list)
	case len(list) == 0:
		return fmt.Errorf("no model is called anything like %q: bob models lists what is configured, bob models --all %s what is known", filter, cmp.Or(filter, "gpt"))
	}
	width := p.width()
	text := terminal.Columns(modelRows(list), width)
	if !all {
		text += "\n" + terminal.Columns(providerRows(cfg.LLM, list), width) + unknownPrices(list)
	}
	_, err = fmt.Fprint(p.stdout, text)
	return err
}

// width is that of the terminal; 0: there is none.
func (p *process) width() int {
	f, ok := p.stdout.(*os.File)
	if !ok {
		return 0
	}
	cols, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return cols
}

func matches(name, filter string) bool { return strings.Contains(strings.ToLower(name), filter) }

// configured lists the models that the configuration gives, in its order.
func configured(c LLMConfig, filter string) ([]modelReport, error) {
	r, err := newRoster(c, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	list := []modelReport{}
	for i := range r.models {
		m := &r.models[i]
		if !matches(m.Ref(), filter) {
			continue
		}
		list = append(list, modelReport{
			Model: m.Ref(), Roles: r.roles(m), Context: m.Context, MaxOutput: m.maxOutput, Price: pricesOf(m.price, m.Price.Known),
			Tools: &m.Tools, Structured: &m.Structured, Vision: m.Vision, Reasoning: m.reasons, Private: &m.provider.Private,
			Limits: &limitsReport{m.provider.MaxConcurrent, m.provider.RequestsPerMinute, m.provider.TokensPerMinute},
		})
	}
	return list, nil
}

// roles says what a model is used for, and as which in order. One that cannot do
// what a role needs is not used for it.
func (r *roster) roles(m *knownModel) map[string]int {
	roles := map[string]int{}
	for _, role := range []struct {
		name    string
		purpose llm.Purpose
		needs   route.Needs
	}{
		{"planner", llm.PurposePlan, route.Needs{Structured: true}},
		{"task", llm.PurposeTurn, route.Needs{}},
		{"combine", llm.PurposeCombine, route.Needs{}},
	} {
		fit, err := r.router.Candidates(role.purpose, role.needs)
		if err != nil {
			continue // nobody has it
		}
		if i := slices.IndexFunc(fit, func(f route.Member) bool { return f.Ref() == m.Ref() }); i >= 0 {
			roles[role.name] = i + 1
		}
	}
	return roles
}

// catalogued lists the catalogue's models of the configured vendors, or with a
// filter those of all vendors whose name contains it.
func catalogued(c LLMConfig, filter string) ([]modelReport, error) {
	table, err := price.NewTable()
	if err != nil {
		return nil, err
	}
	vendors := map[string]bool{}
	for _, p := range c.Providers {
		vendors[p.catalogue()] = true
	}
	list := []modelReport{}
	entries := table.Entries()
	keys := slices.SortedFunc(maps.Keys(entries), func(a, b price.Key) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Model, b.Model))
	})
	for _, key := range keys {
		name, e := key.Provider+"/"+key.Model, entries[key]
		if filter == "" && !vendors[key.Provider] || !matches(name, filter) {
			continue
		}
		list = append(list, modelReport{
			Model: name, Context: int(e.Context), MaxOutput: int(e.MaxOutput), Price: pricesOf(e.Price, e.Priced), Vision: e.Images, Reasoning: e.Reasons,
		})
	}
	if len(list) == 0 && filter == "" {
		return nil, errors.New("the catalogue has nothing of the configured providers: name what to look for, such as bob models --all gpt-5")
	}
	return list, nil
}

func pricesOf(p price.Price, known bool) *priceReport {
	if !known {
		return nil
	}
	return &priceReport{Input: p.In.String(), Output: p.Out.String(), CacheRead: p.CacheRead.String(), CacheWrite: p.CacheWrite.String()}
}
