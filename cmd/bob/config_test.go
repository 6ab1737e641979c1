package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"

	"github.com/askbob/bob/llm"
)

const exampleFile = "../../config.example.yaml"

// load reads a configuration file with that text under that environment.
func load(t *testing.T, text string, environment map[string]string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bob.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := loadFile(path, environment)
	if err != nil {
		err = fmt.Errorf("%s", strings.ReplaceAll(err.Error(), path, "bob.yaml"))
	}
	return cfg, err
}

func loadFile(path string, environment map[string]string) (Config, error) {
	var environ []string
	for name, value := range environment {
		environ = append(environ, name+"="+value)
	}
	return loadConfig(path, func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	}, environ)
}

// demoDefaults is what Bob does without any configuration.
func demoDefaults() Config {
	cfg := defaults()
	cfg.LLM = LLMConfig{
		Providers: []ProviderConfig{{Name: "demo", Kind: "demo"}},
		Models:    []ModelConfig{{Model: "demo", Provider: "demo"}},
		Routes:    RoutesConfig{Planner: []string{"demo/demo"}, Task: []string{"demo/demo"}, Combine: []string{"demo/demo"}},
	}
	return cfg
}

func TestLoadConfig_withoutAFileOrAKeyUsesTheDemoModel(t *testing.T) {
	t.Chdir(t.TempDir())

	got, err := loadFile("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(demoDefaults(), got); diff != "" {
		t.Error(diff)
	}
}

func TestLoadConfig_readsConfigYAMLWhereItStands(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("config.yaml", []byte("jobs: {workers: 3}"), 0o600); err != nil {
		t.Fatal(err)
	}

	got, err := loadFile("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Jobs.Workers != 3 {
		t.Errorf("workers = %d, want 3", got.Jobs.Workers)
	}
}

func TestLoadConfig_refusesANamedFileThatIsMissing(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "missing.yaml")
	_, err := loadFile(path, nil)
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error = %v, want one that names %s", err, path)
	}
}

func TestLoadConfig_usesOpenAIWhenItsKeyIsInTheEnvironment(t *testing.T) {
	t.Parallel()

	got, err := load(t, "", map[string]string{"OPENAI_API_KEY": "sk-1"})
	if err != nil {
		t.Fatal(err)
	}
	want := LLMConfig{
		Providers: []ProviderConfig{{Name: "openai", Kind: "openai", APIKey: "sk-1"}},
		Models:    []ModelConfig{{Model: openAIModel, Provider: "openai"}},
		Routes: RoutesConfig{
			Planner: []string{"openai/" + openAIModel},
			Task:    []string{"openai/" + openAIModel},
			Combine: []string{"openai/" + openAIModel},
		},
	}
	if diff := cmp.Diff(want, got.LLM); diff != "" {
		t.Error(diff)
	}
}

func TestLoadConfig_completesModelsPricesAndRoutes(t *testing.T) {
	t.Parallel()

	got, err := load(t, `
llm:
  providers:
    - {name: big, kind: openai, api_key: "${KEY}"}
    - {name: local, kind: openai, base_url: "http://localhost:8000/v1"}
  models:
    - {model: qwen/3, provider: local, price: 0}
    - {model: gpt, provider: big, context: 1000, max_output: 100, price: {input: 1.5, output: "$6"}}
  routes:
    planner: [big/new]
`, map[string]string{"KEY": "sk: [1] # 2", "UNUSED": "x"})
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"local/qwen/3", "big/gpt", "big/new"}
	want := LLMConfig{
		Providers: []ProviderConfig{
			{Name: "big", Kind: "openai", APIKey: "sk: [1] # 2"},
			{Name: "local", Kind: "openai", BaseURL: "http://localhost:8000/v1"},
		},
		Models: []ModelConfig{
			{Model: "qwen/3", Provider: "local", Price: &PriceConfig{}},
			{Model: "gpt", Provider: "big", Context: 1000, MaxOutput: 100, Price: &PriceConfig{
				Input: 3 * llm.Dollar / 2, Output: 6 * llm.Dollar, CacheRead: 3 * llm.Dollar / 2, CacheWrite: 3 * llm.Dollar / 2,
			}},
			{Model: "new", Provider: "big"},
		},
		Routes: RoutesConfig{Planner: []string{"big/new"}, Task: all, Combine: all},
	}
	if diff := cmp.Diff(want, got.LLM); diff != "" {
		t.Error(diff)
	}
}

func TestLoadConfig_letsVariablesWinOverTheFile(t *testing.T) {
	t.Parallel()

	got, err := load(t, "jobs: {workers: 3, attempts: 2}", map[string]string{
		"BOB_JOBS_WORKERS":     "5",
		"BOB_JOBS_ATTEMPTS":    "", // as if it were not set
		"BOB_JOBS_JOB_TIMEOUT": "90s",
		"BOB_JOBS_BUDGET":      "0.50",
		"BOB_DATABASE_URL":     "sqlite:/srv/bob.db",
		"BOB_LLM_ROUTES_TASK":  "demo/demo, demo/other",
		"BOB_TOKEN":            "read elsewhere",
		"BOB_DATA":             "read elsewhere",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := demoDefaults()
	want.Database.URL = "sqlite:/srv/bob.db"
	want.Jobs.Workers, want.Jobs.Attempts = 5, 2
	want.Jobs.JobTimeout, want.Jobs.Budget = 90*time.Second, llm.Dollar/2
	if diff := cmp.Diff(want.Jobs, got.Jobs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"demo/demo", "demo/other"}, got.LLM.Routes.Task); diff != "" {
		t.Error(diff)
	}
	if file := got.Database.File("data"); file != "/srv/bob.db" {
		t.Errorf("database file = %q", file)
	}
}

func TestLoadConfig_keepsItsDatabaseInTheDataDirectory(t *testing.T) {
	t.Parallel()

	want := filepath.Join("data", "bob.db")
	if got := defaults().Database.File("data"); got != want {
		t.Errorf("file = %q, want %q", got, want)
	}
}

// The golden file is what a person with that configuration sees.
func TestLoadConfig_namesEveryMistakeAtOnce(t *testing.T) {
	t.Parallel()

	_, err := loadFile("testdata/config/mistakes.yaml", map[string]string{
		"BOB_JOBS_ATEMPTS":   "1",
		"BOB_JOBS_MAX_DEPTH": "hidden",
		"BOB_DATABASE_URL":   "postgres://user:hidden@host/bob",
	})
	if err == nil {
		t.Fatal("no error")
	}
	want, readErr := os.ReadFile("testdata/config/mistakes.txt")
	if readErr != nil {
		t.Fatal(readErr)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(err.Error()+"\n", "\n")); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(err.Error(), "hidden") {
		t.Error("the error shows a secret")
	}
}

func TestLoadConfig_refusesWhatIsNotOneDocument(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct{ text, want string }{
		"broken":    {"jobs:\n\tworkers: 3\n", "bob.yaml: yaml: line 2: found character that cannot start any token"},
		"two":       {"jobs: {}\n---\njobs: {}\n", "bob.yaml: there must be one YAML document, not several"},
		"a word":    {"jobs\n", "bob.yaml:1: there must be settings below it, as key: value"},
		"too large": {strings.Repeat("#", maxConfigBytes+1), "read the configuration: bob.yaml is larger than 1048576 bytes"},
		"merge":     {"jobs: &a {workers: 3}\ndatabase: {<<: *a}\n", "bob.yaml:2: database.<< is not a setting; did you mean database?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, test.text, nil)
			if got := fmt.Sprint(err); got != test.want {
				t.Errorf("error = %s\nwant    %s", got, test.want)
			}
		})
	}
}

func TestLoadConfig_keepsDefaultsWhereNothingIsSaid(t *testing.T) {
	t.Parallel()

	for name, text := range map[string]string{
		"empty":    "",
		"comments": "# nothing, not even ${A_VARIABLE}\n",
		"null":     "jobs:\ndatabase: {url: }\nllm: {providers: , models: []}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := load(t, text, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(demoDefaults(), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConfigExample_equalsTheDefaults(t *testing.T) {
	t.Parallel()

	got, err := loadFile(exampleFile, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(demoDefaults(), got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// TestConfigExample_namesEverySetting switches on the settings that are off, as a
// person would, by taking the # away from "#key" and what is indented below it.
func TestConfigExample_namesEverySetting(t *testing.T) {
	t.Parallel()

	data, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?m)^  #(\w|  )`).ReplaceAllString(string(data), "  $1")
	if _, err := load(t, text, map[string]string{"OPENAI_API_KEY": "sk-1"}); err != nil {
		t.Errorf("the settings that are off by default: %v", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	collect(named, "", doc.Content[0])
	for _, path := range paths("", reflect.TypeFor[Config]()) {
		if !named[path] {
			t.Errorf("%s does not name %s", exampleFile, path)
		}
	}
}

// collect notes the path of every key below n.
func collect(named map[string]bool, path string, n *yaml.Node) {
	for i, child := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode:
			collect(named, path+"[]", child)
		case i%2 == 0:
			named[join(path, child.Value)] = true
		default:
			collect(named, join(path, n.Content[i-1].Value), child)
		}
	}
}

// FuzzLoadConfig holds that any file gives either a complete configuration or an
// error.
func FuzzLoadConfig(f *testing.F) {
	for _, file := range []string{exampleFile, "testdata/config/mistakes.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := load(t, text, map[string]string{"KEY": "sk-1"})
		if err == nil && (len(cfg.LLM.Models) == 0 || len(cfg.LLM.Routes.Task) == 0) {
			t.Errorf("no model and no error: %+v", cfg)
		}
	})
}

func TestSecret_isNeverShown(t *testing.T) {
	t.Parallel()

	provider := ProviderConfig{Name: "openai", APIKey: "hidden"}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", provider)
		fmt.Fprintf(&out, verb+"\n", provider.APIKey)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("text", "provider", provider, "key", provider.APIKey)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "provider", provider, "key", provider.APIKey)
	if err := yaml.NewEncoder(&out).Encode(provider); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Contains(text, "hidden") || strings.Contains(text, "68696464656e") {
		t.Errorf("the secret is shown:\n%s", text)
	}
}
