package main

import (
	"encoding"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/askbob/bob/bot/slack"
	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// Config is everything that Bob can be told. config.example.yaml explains every
// setting. A loaded Config is checked and complete: it has at least one provider
// and one model, and every route names a model.
type Config struct {
	Database  DatabaseConfig  `yaml:"database"`
	LLM       LLMConfig       `yaml:"llm"`
	Jobs      JobsConfig      `yaml:"jobs"`
	Schedules SchedulesConfig `yaml:"schedules"`
	Notify    NotifyConfig    `yaml:"notify"`
	Retention RetentionConfig `yaml:"retention"`
	Web       WebConfig       `yaml:"web"`
	Slack     SlackConfig     `yaml:"slack"`
	Discord   DiscordConfig   `yaml:"discord"`
	Access    AccessConfig    `yaml:"access"`
}

// DatabaseConfig says where jobs are kept.
type DatabaseConfig struct {
	URL string `yaml:"url"` // sqlite:PATH; empty: bob.db in the data directory
}

// LLMConfig says which models there are and what each is used for.
type LLMConfig struct {
	Providers []ProviderConfig `yaml:"providers"`
	Models    []ModelConfig    `yaml:"models"`
	Routes    RoutesConfig     `yaml:"routes"`
}

// ProviderConfig is a place where models are called.
type ProviderConfig struct {
	Name    string `yaml:"name"`
	Kind    string `yaml:"kind"` // one of kinds
	APIKey  Secret `yaml:"api_key"`
	BaseURL string `yaml:"base_url"` // empty: the vendor's own
	Private bool   `yaml:"private"`  // what is sent there does not leave

	Structured  string `yaml:"structured"`   // kindOpenAI: how answers of a given form are asked for; empty: by the host
	OutputLimit string `yaml:"output_limit"` // kindOpenAI: what bounds an answer is called; empty: by the host
	Think       string `yaml:"think"`        // kindOllama: whether models think first; empty: as the server does

	// Shared by all its models; 0: no limit of ours.
	MaxConcurrent     int `yaml:"max_concurrent"`
	RequestsPerMinute int `yaml:"requests_per_minute"`
	TokensPerMinute   int `yaml:"tokens_per_minute"`
}

// ModelConfig is one model of a provider.
type ModelConfig struct {
	Model     string       `yaml:"model"` // the provider's name of it
	Provider  string       `yaml:"provider"`
	Context   int          `yaml:"context"`    // tokens; 0: as the catalogue says
	MaxOutput int          `yaml:"max_output"` // tokens; 0: price.DefaultMaxOutput, or what the catalogue says if that is less
	Price     *PriceConfig `yaml:"price"`      // nil: as the catalogue says

	Tools      *bool `yaml:"tools"`      // whether it calls tools; nil: it does
	Structured *bool `yaml:"structured"` // whether it answers by a schema; nil: it does
	Vision     *bool `yaml:"vision"`     // whether it takes pictures; nil: as the catalogue says
}

// PriceConfig is what a million tokens cost.
type PriceConfig struct {
	Input      llm.Money `yaml:"input"`
	Output     llm.Money `yaml:"output"`
	CacheRead  llm.Money `yaml:"cache_read"`  // not given: the input price
	CacheWrite llm.Money `yaml:"cache_write"` // not given: the input price
}

// RoutesConfig lists, per purpose, models as provider/model in order of preference.
type RoutesConfig struct {
	Planner []string `yaml:"planner"`
	Task    []string `yaml:"task"`
	Combine []string `yaml:"combine"`
}

// JobsConfig bounds jobs.
type JobsConfig struct {
	Workers     int           `yaml:"workers"`
	MaxDepth    int           `yaml:"max_depth"`
	MaxChildren int           `yaml:"max_children"`
	MaxNodes    int           `yaml:"max_nodes"`
	MaxTurns    int           `yaml:"max_turns"`
	Attempts    int           `yaml:"attempts"`
	NodeTimeout time.Duration `yaml:"node_timeout"`
	JobTimeout  time.Duration `yaml:"job_timeout"`
	StopGrace   time.Duration `yaml:"stop_grace"`
	// AnswerWithin is how long a question waits, until the job goes on with what it
	// assumes; 0: for ever.
	AnswerWithin time.Duration `yaml:"answer_within"`
	Replan       bool          `yaml:"replan"`   // a branch that failed, once
	Approval     string        `yaml:"approval"` // of plans, where there is a person: never, always, over $X

	Budget                  llm.Money `yaml:"budget"`
	BudgetPerUserDay        llm.Money `yaml:"budget_per_user_day"`        // unset: no limit
	BudgetPerWorkspaceMonth llm.Money `yaml:"budget_per_workspace_month"` // unset: no limit
	BudgetTimeZone          string    `yaml:"budget_time_zone"`           // in which days and months begin
}

// NotifyConfig says what people are told of.
type NotifyConfig struct {
	QuietAfter time.Duration `yaml:"quiet_after"` // how long nothing may happen in a job; 0: they are not told
	Digest     string        `yaml:"digest"`      // when the day's digest is told, such as 09:00; empty: never
}

// SchedulesConfig is for recurring jobs.
type SchedulesConfig struct {
	TimeZone string `yaml:"time_zone"` // IANA name; of schedules that name none
}

// RetentionConfig says how long what is past is kept.
type RetentionConfig struct {
	Jobs Age `yaml:"jobs"` // after their end; 0: for ever
}

// Secret is a text that is never shown: printing or encoding it gives a
// placeholder. string(s) is the text itself.
type Secret string

var _ encoding.TextMarshaler = Secret("")

// Format writes the placeholder for every verb, also those that do not fit.
func (s Secret) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, s.String()) }

// String returns the placeholder, or nothing if there is no secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[secret]"
}

// MarshalText returns the placeholder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

const (
	kindOpenAI    = "openai"    // OpenAI and what speaks its protocol
	kindAnthropic = "anthropic" // Anthropic and what speaks its protocol
	kindGemini    = "gemini"    // Google's Gemini API
	kindOllama    = "ollama"    // Ollama's own protocol
	kindDemo      = "demo"      // rules, no key and no network

	defaultFile  = "config.yaml"
	sqliteScheme = "sqlite:"

	// unset stands for an amount that was not given.
	unset llm.Money = -1
)

// defaults returns the settings of an installation without a configuration.
func defaults() Config {
	return Config{Schedules: SchedulesConfig{TimeZone: "UTC"}, Notify: NotifyConfig{QuietAfter: 10 * time.Minute}, Jobs: JobsConfig{
		Workers:      8,
		MaxDepth:     6,
		MaxChildren:  50,
		MaxNodes:     1000,
		MaxTurns:     24,
		Attempts:     3,
		NodeTimeout:  10 * time.Minute,
		JobTimeout:   2 * time.Hour,
		StopGrace:    20 * time.Second,
		Approval:     "over $1",
		AnswerWithin: 24 * time.Hour,
		Replan:       true,

		Budget:                  2 * llm.Dollar,
		BudgetPerUserDay:        unset,
		BudgetPerWorkspaceMonth: unset,
		BudgetTimeZone:          "UTC",
	}, Web: WebConfig{Listen: "127.0.0.1:8484"}, Slack: SlackConfig{Mode: string(slack.ModeSocket)}}
}

// loadConfig reads the configuration from the file at path, then from BOB_
// variables, which win. An empty path means config.yaml if there is one, else the
// defaults. environ lists the environment as NAME=VALUE. The error names every
// mistake, one a line, and no secret.
func loadConfig(path string, env func(string) (string, bool), environ []string) (Config, error) {
	cfg := defaults()
	l := &loader{env: env}
	l.readFile(path, reflect.ValueOf(&cfg).Elem())
	names := l.override("", reflect.ValueOf(&cfg).Elem())
	l.strangers(environ, names)
	cfg.complete(env)
	l.faults = append(l.faults, cfg.check()...)
	if err := errors.Join(l.faults...); err != nil {
		return Config{}, err
	}
	return cfg, nil
}

// File returns the path of the database, given the data directory.
func (d DatabaseConfig) File(data string) string {
	if path, ok := strings.CutPrefix(d.URL, sqliteScheme); ok {
		return path
	}
	return filepath.Join(data, "bob.db")
}

// complete adds what follows from the rest: a provider if none is named, the
// models that only routes name, a model for a provider that has none, and routes
// over all models where none are given.
func (c *Config) complete(env func(string) (string, bool)) {
	if len(c.LLM.Providers) == 0 {
		c.LLM.Providers = fromKeys(env)
	}
	for _, route := range c.LLM.Routes.all() {
		if provider, model, ok := strings.Cut(route, "/"); ok && model != "" {
			c.LLM.addModel(provider, model)
		}
	}
	for _, p := range c.LLM.Providers {
		if k, _ := kindOf(p); k.model != "" && p.BaseURL == "" && !c.LLM.hasModel(p.Name) {
			c.LLM.addModel(p.Name, k.model)
		}
	}
	var everything []string
	for _, m := range c.LLM.Models {
		if ref := m.Provider + "/" + m.Model; !slices.Contains(everything, ref) {
			everything = append(everything, ref)
		}
		if m.Price != nil && m.Price.CacheRead == unset {
			m.Price.CacheRead = m.Price.Input
		}
		if m.Price != nil && m.Price.CacheWrite == unset {
			m.Price.CacheWrite = m.Price.Input
		}
	}
	for _, route := range []*[]string{&c.LLM.Routes.Planner, &c.LLM.Routes.Task, &c.LLM.Routes.Combine} {
		if len(*route) == 0 {
			*route = slices.Clone(everything)
		}
	}
}

// fromKeys lists the providers whose key is in the environment, else the kind that
// needs none.
func fromKeys(env func(string) (string, bool)) []ProviderConfig {
	var list []ProviderConfig
	for _, k := range kinds {
		if k.keyVar == "" {
			continue
		}
		p := ProviderConfig{Name: k.name, Kind: k.name}
		switch value, _ := env(k.keyVar); {
		case value == "":
			continue
		case k.byURL:
			p.BaseURL = asURL(value)
		default:
			p.APIKey = Secret(value)
		}
		list = append(list, p)
	}
	if len(list) == 0 {
		list = []ProviderConfig{{Name: kindDemo, Kind: kindDemo}}
	}
	return list
}

// asURL completes an address such as localhost:11434: OLLAMA_HOST may lack the
// scheme.
func asURL(host string) string {
	if strings.Contains(host, "://") {
		return host
	}
	return "http://" + host
}

func (r RoutesConfig) all() []string { return slices.Concat(r.Planner, r.Task, r.Combine) }

func (c *LLMConfig) addModel(provider, model string) {
	for _, m := range c.Models {
		if m.Provider == provider && m.Model == model {
			return
		}
	}
	c.Models = append(c.Models, ModelConfig{Provider: provider, Model: model})
}

// check returns everything that is wrong with a complete configuration.
func (c *Config) check() []error {
	return slices.Concat(c.Database.check(), c.LLM.checkProviders(), c.LLM.checkModels(), c.Jobs.check(), c.Schedules.check(), c.Notify.check(), c.Web.check(),
		c.Access.check(), c.Slack.check(), c.Discord.check())
}

func (d DatabaseConfig) check() []error {
	path, sqlite := strings.CutPrefix(d.URL, sqliteScheme)
	switch {
	case d.URL == "", sqlite && path != "" && !strings.HasPrefix(path, "//"):
		return nil
	case strings.HasPrefix(d.URL, "postgres:"), strings.HasPrefix(d.URL, "postgresql:"):
		return []error{errors.New("database.url: this version keeps jobs in SQLite only; use sqlite:PATH or leave it empty")}
	}
	return []error{errors.New("database.url must be sqlite:PATH, such as sqlite:/var/lib/bob/bob.db, or empty")}
}

var providerName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

func (c *LLMConfig) checkProviders() []error {
	var faults []error
	seen := map[string]bool{}
	for i, p := range c.Providers {
		at := fmt.Sprintf("llm.providers[%d]", i)
		fault := func(text string) { faults = append(faults, errors.New(at+text)) }
		switch {
		case !providerName.MatchString(p.Name):
			fault(".name must be small letters, digits, - and _")
		case seen[p.Name]:
			fault(".name: there is another provider " + p.Name)
		default:
			at = "provider " + p.Name
		}
		seen[p.Name] = true
		if min(p.MaxConcurrent, p.RequestsPerMinute, p.TokensPerMinute) < 0 {
			fault(": max_concurrent, requests_per_minute and tokens_per_minute must not be negative; 0 is no limit")
		}
		k, known := kindOf(p)
		switch {
		case !known:
			fault(": kind must be " + kindNames())
		case k.inside && (p.APIKey != "" || p.BaseURL != ""):
			fault(": the demo model takes neither api_key nor base_url")
		case k.keyVar != "" && !k.byURL && p.BaseURL == "" && p.APIKey == "":
			fault(": api_key is missing; write ${" + k.keyVar + "} to take it from the environment")
		case p.Kind != kindOpenAI && (p.Structured != "" || p.OutputLimit != ""):
			fault(": structured and output_limit are for kind openai")
		case p.Kind != kindOllama && p.Think != "":
			fault(": think is for kind ollama")
		case p.BaseURL != "" && !isWebURL(p.BaseURL):
			fault(": base_url must be a URL such as http://localhost:8000/v1, without a password in it")
		case known && (p.BaseURL != "" || k.model == "") && !c.hasModel(p.Name):
			fault(": llm.models names no model of it, and only that server knows what it has")
		}
	}
	return faults
}

func (c *LLMConfig) hasModel(provider string) bool {
	return slices.ContainsFunc(c.Models, func(m ModelConfig) bool { return m.Provider == provider })
}

func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}

func (c *LLMConfig) checkModels() []error {
	var faults []error
	seen := map[string]bool{}
	for _, m := range c.Models {
		name := m.Provider + "/" + m.Model
		fault := func(text string) { faults = append(faults, errors.New("model "+name+": "+text)) }
		if m.Model == "" {
			fault("model is missing")
		}
		if !slices.ContainsFunc(c.Providers, func(p ProviderConfig) bool { return p.Name == m.Provider }) {
			fault(fmt.Sprintf("llm.providers has no %q (only without any does %s give one, openai)", m.Provider, openAIKey))
		}
		if seen[name] {
			fault("it is listed twice")
		}
		seen[name] = true
		if m.Context < 0 || m.MaxOutput < 0 {
			fault("context and max_output must not be negative")
		}
		if m.Price != nil && (m.Price.Input == unset || m.Price.Output == unset) {
			fault("price needs input and output, in dollars per million tokens")
		}
	}
	for _, list := range [][]string{c.Routes.Planner, c.Routes.Task, c.Routes.Combine} {
		for i, route := range list {
			if _, model, ok := strings.Cut(route, "/"); !ok || model == "" {
				faults = append(faults, fmt.Errorf("llm.routes: %q must be provider/model", route))
			}
			if slices.Contains(list[:i], route) {
				faults = append(faults, fmt.Errorf("llm.routes: %q is listed twice for one purpose", route))
			}
		}
	}
	return faults
}

// check holds every number to a range in which Bob was thought through; who needs
// more has probably mistyped.
func (j JobsConfig) check() []error {
	var faults []error
	for _, s := range []struct {
		name          string
		value, lo, hi int
	}{
		{"workers", j.Workers, 1, 10_000},
		{"max_depth", j.MaxDepth, 1, 100},
		{"max_children", j.MaxChildren, 1, 10_000},
		{"max_nodes", j.MaxNodes, 1, 1_000_000},
		{"max_turns", j.MaxTurns, 1, 1000},
		{"attempts", j.Attempts, 1, 100},
	} {
		if s.value < s.lo || s.value > s.hi {
			faults = append(faults, fmt.Errorf("jobs.%s is %d: it must be from %d to %d", s.name, s.value, s.lo, s.hi))
		}
	}
	const longest = 30 * 24 * time.Hour
	if j.NodeTimeout < time.Second || j.NodeTimeout > longest {
		faults = append(faults, fmt.Errorf("jobs.node_timeout is %s: it must be from 1s to 720h", j.NodeTimeout))
	}
	if j.JobTimeout < time.Second || j.JobTimeout > longest {
		faults = append(faults, fmt.Errorf("jobs.job_timeout is %s: it must be from 1s to 720h", j.JobTimeout))
	}
	if j.StopGrace < 0 || j.StopGrace > time.Hour {
		faults = append(faults, fmt.Errorf("jobs.stop_grace is %s: it must be from 0s to 1h", j.StopGrace))
	}
	if a := j.AnswerWithin; a != 0 && (a < time.Second || a > longest) {
		faults = append(faults, fmt.Errorf("jobs.answer_within is %s: it must be from 1s to 720h, or 0 for no end", a))
	}
	if _, err := jobs.ParseApproval(j.Approval); err != nil {
		faults = append(faults, fmt.Errorf("jobs.approval: %w", err))
	}
	if _, err := time.LoadLocation(j.BudgetTimeZone); err != nil {
		faults = append(faults, fmt.Errorf("jobs.budget_time_zone is %q: it must be a time zone such as UTC or Europe/Berlin", j.BudgetTimeZone))
	}
	return faults
}

// approval is the policy that was checked.
func (j JobsConfig) approval() jobs.Approval {
	a, err := jobs.ParseApproval(j.Approval)
	if err != nil {
		return jobs.Approval{Mode: jobs.ApproveAlways}
	}
	return a
}

// zone is where days and months of budgets begin.
func (j JobsConfig) zone() *time.Location {
	zone, err := time.LoadLocation(j.BudgetTimeZone)
	if err != nil { // it was checked
		return time.UTC
	}
	return zone
}

// limit is nil for an amount that was not given.
func limit(m llm.Money) *llm.Money {
	if m == unset {
		return nil
	}
	return &m
}
