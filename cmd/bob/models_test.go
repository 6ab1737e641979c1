package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
)

// vendor is a server that speaks OpenAI's format. It plans so many calls side by
// side and answers each after a moment.
type vendor struct {
	url    string
	leaves int
	takes  time.Duration
	fail   func(w http.ResponseWriter, call int) bool // true: it has answered

	mu                   sync.Mutex
	calls, running, most int
}

func newVendor(t *testing.T, v *vendor) *vendor {
	t.Helper()
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	v.url = server.URL + "/v1"
	return v
}

func (v *vendor) enter(step int) (call int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.running += step
	v.most = max(v.most, v.running)
	v.calls += max(step, 0)
	return v.calls
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := v.enter(1)
	defer v.enter(-1)
	if v.fail != nil && v.fail(w, call) {
		return
	}
	var request struct {
		ResponseFormat json.RawMessage `json:"response_format"`
	}
	_ = json.NewDecoder(r.Body).Decode(&request)
	text := "the answer"
	if request.ResponseFormat != nil {
		text = v.plan()
	} else {
		<-time.After(v.takes)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"choices": []any{map[string]any{"finish_reason": "stop", "message": map[string]any{"content": text}}},
		"usage":   map[string]any{"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
	})
}

func (v *vendor) plan() string {
	var nodes []string
	for i := range max(1, v.leaves) {
		nodes = append(nodes, fmt.Sprintf(`{"key":"%d","parent":null,"type":"api_call","title":"Part %d","prompt":"Say something."}`, i, i))
	}
	return `{"title":"A job","questions":[],"nodes":[` + strings.Join(nodes, ",") + `]}`
}

// configure writes a configuration and returns the arguments that use it.
func configure(t *testing.T, text string) []string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "bob.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--config", path, "--data", filepath.Join(dir, "data")}
}

func two(a, b *vendor) string {
	return fmt.Sprintf(`
llm:
  providers:
    - {name: a, kind: openai, base_url: %q}
    - {name: b, kind: openai, base_url: %q, private: true}
  models:
    - {model: m, provider: a, price: {input: 1, output: 2}}
    - {model: m, provider: b, price: {input: 3, output: 4}}
`, a.url, b.url)
}

func status(code int, header ...string) func(http.ResponseWriter, int) bool {
	return func(w http.ResponseWriter, _ int) bool {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		return true
	}
}

func TestE2E_goesOnWithTheNextModelAndBooksBoth(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(http.ResponseWriter, int) bool{
		"down": status(500), "limited": status(429, "Retry-After", "3600"), "wrong key": status(401), "gone": status(404),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := newVendor(t, &vendor{fail: fail}), newVendor(t, &vendor{leaves: 4})
			code, stdout, stderr := bob(t, append([]string{"run", "--json", "say it"}, configure(t, two(a, b))...)...)
			if code != exitOK {
				t.Fatalf("exit status %d: %s", code, stderr)
			}
			r := report(t, stdout)
			sent := map[string]int{}
			for _, c := range r.Calls {
				want := jobs.CallOK
				if c.Provider == "a" {
					want = jobs.CallError
				}
				if c.Status != want || c.Provider == "b" && c.CostUSD != "0.000050000" {
					t.Errorf("%s: %s, $%s", c.Provider, c.Status, c.CostUSD)
				}
				sent[c.Provider]++
			}
			if sent["a"] != a.calls || sent["b"] != b.calls || a.calls == 0 {
				t.Errorf("booked %v, sent %d and %d", sent, a.calls, b.calls)
			}
			if closes := name == "limited" || name == "wrong key"; closes && a.calls > 1 {
				t.Errorf("the closed provider was called %d times, want once", a.calls)
			}
		})
	}
}

func TestE2E_privateJobsGoToPrivateProvidersOnly(t *testing.T) {
	t.Parallel()
	a, b := newVendor(t, &vendor{}), newVendor(t, &vendor{leaves: 3})
	args := configure(t, two(a, b))
	code, stdout, stderr := bob(t, append([]string{"run", "--private", "--json", "say it"}, args...)...)
	if code != exitOK || a.calls != 0 || b.calls == 0 {
		t.Errorf("exit status %d, %d calls left, %d did not: %s", code, a.calls, b.calls, stderr)
	}
	if r := report(t, stdout); r.Status != jobs.StatusCompleted {
		t.Errorf("got %s", r.Status)
	}

	b.fail = status(500)
	code, _, _ = bob(t, append([]string{"run", "--private", "say it"}, configure(t, "jobs: {attempts: 1}"+two(a, b))...)...)
	if code != exitFailed || a.calls != 0 {
		t.Errorf("the private provider is down: exit status %d, %d calls left", code, a.calls)
	}

	code, _, stderr = bob(t, append([]string{"run", "--private", "--model", "a/m", "say it"}, args...)...)
	if code != exitUsage || !strings.Contains(stderr, "a/m is not private") || a.calls != 0 {
		t.Errorf("a model that is not private: exit status %d, %s", code, stderr)
	}
}

func TestE2E_keepsALimitWithMoreWorkersThanSlots(t *testing.T) {
	t.Parallel()
	v := newVendor(t, &vendor{leaves: 12, takes: 40 * time.Millisecond})
	code, stdout, stderr := bob(t, append([]string{"run", "--json", "say it"}, configure(t, fmt.Sprintf(`
llm:
  providers: [{name: a, kind: openai, base_url: %q, max_concurrent: 2}]
  models: [{model: m, provider: a, price: 0}]
jobs: {workers: 12, attempts: 1}
`, v.url))...)...)
	if code != exitOK {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	r := report(t, stdout)
	if v.most > 2 || len(r.Calls) != v.calls || v.calls != 14 { // a plan, twelve leaves, a combine step
		t.Errorf("%d at once, %d calls, %d booked", v.most, v.calls, len(r.Calls))
	}
	for _, n := range r.Nodes {
		if n.Attempts > 1 {
			t.Errorf("node %q: waiting counted as %d attempts", n.Path, n.Attempts)
		}
	}
}

func TestE2E_aModelIsAskedByTheNameItsProviderKnows(t *testing.T) {
	t.Parallel()
	a, b := newVendor(t, &vendor{}), newVendor(t, &vendor{})
	code, _, stderr := bob(t, append([]string{"run", "--model", "b/m", "say it"}, configure(t, two(a, b))...)...)
	if code != exitOK || a.calls != 0 || b.calls == 0 {
		t.Errorf("exit status %d, %d and %d calls: %s", code, a.calls, b.calls, stderr)
	}
}

const roster4 = `
llm:
  providers:
    - {name: openai, kind: openai, api_key: sk-1, max_concurrent: 4, tokens_per_minute: 200000}
    - {name: local, kind: openai, base_url: "http://localhost:1/v1", private: true}
  models:
    - {model: gpt-5.4, provider: openai}
    - {model: gpt-5.4-mini, provider: openai, vision: false, max_output: 20000}
    - {model: qwen3-32b, provider: local, price: 0, context: 32768, structured: false}
    - {model: mystery, provider: local, tools: false}
  routes:
    planner: [local/qwen3-32b, openai/gpt-5.4]
    task: [openai/gpt-5.4-mini, local/qwen3-32b]
    combine: [openai/gpt-5.4-mini]
`

func TestE2E_models_fitTheTerminal(t *testing.T) {
	t.Parallel()
	args := configure(t, roster4)
	cfg, err := loadFile(args[1], nil)
	if err != nil {
		t.Fatal(err)
	}
	list, err := configured(cfg.LLM, "")
	if err != nil {
		t.Fatal(err)
	}
	for width, want := range map[int]string{120: wideModels, 80: narrowModels} {
		if diff := cmp.Diff(strings.Split(strings.TrimPrefix(want, "\n"), "\n"), strings.Split(terminal.Columns(modelRows(list), width), "\n")); diff != "" {
			t.Errorf("at %d columns (-want +got):\n%s", width, diff)
		}
	}
	code, stdout, stderr := bob(t, append([]string{"models"}, args...)...)
	if code != exitOK || !strings.HasPrefix(stdout, strings.TrimPrefix(wideModels, "\n")) {
		t.Errorf("exit status %d, %s\n%s", code, stderr, stdout)
	}
	for _, want := range []string{"openai    openai  no       4        any        200000", "local     openai  yes", "? is unknown"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
}

const wideModels = `
MODEL                USED FOR           CONTEXT  ANSWER  CAN                            IN/M   OUT/M   CACHED/M
openai/gpt-5.4       plan 1             1.05M    8k      tools schema vision reasoning  $2.50  $15.00  $0.25
openai/gpt-5.4-mini  task 1, combine 1  400k     20k     tools schema reasoning         $0.75  $4.50   $0.0750
local/qwen3-32b      task 2             32k      8k      tools                          $0.00  $0.00   $0.00
local/mystery        nothing            ?        8k      schema                         ?      ?       ?
`

const narrowModels = `
MODEL                USED FOR           CONTEXT  ANSWER
openai/gpt-5.4       plan 1             1.05M    8k
openai/gpt-5.4-mini  task 1, combine 1  400k     20k
local/qwen3-32b      task 2             32k      8k
local/mystery        nothing            ?        8k

MODEL                CAN                            IN/M   OUT/M   CACHED/M
openai/gpt-5.4       tools schema vision reasoning  $2.50  $15.00  $0.25
openai/gpt-5.4-mini  tools schema reasoning         $0.75  $4.50   $0.0750
local/qwen3-32b      tools                          $0.00  $0.00   $0.00
local/mystery        schema                         ?      ?       ?
`

func TestE2E_models_asJSON(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := bob(t, append([]string{"models", "QWEN", "--json"}, configure(t, roster4)...)...)
	var got []modelReport
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != exitOK {
		t.Fatalf("exit status %d, %v: %s", code, err, stderr)
	}
	yes, no := true, false
	want := []modelReport{{
		Model: "local/qwen3-32b", Roles: map[string]int{"task": 2}, Context: 32768, MaxOutput: 8192,
		Price: &priceReport{"0.000000000", "0.000000000", "0.000000000", "0.000000000"},
		Tools: &yes, Structured: &no, Private: &yes, Limits: &limitsReport{},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestE2E_models_ofTheCatalogue(t *testing.T) {
	t.Parallel()
	vendors := func(args ...string) []string {
		code, stdout, stderr := bob(t, append([]string{"models", "--all", "--json"}, args...)...)
		var list []modelReport
		if err := json.Unmarshal([]byte(stdout), &list); err != nil || code != exitOK {
			t.Fatalf("exit status %d, %v: %s", code, err, stderr)
		}
		var names []string
		for _, m := range list {
			name, _, _ := strings.Cut(m.Model, "/")
			names = append(names, name)
		}
		return slices.Compact(names)
	}
	if got := vendors(configure(t, roster4)...); !slices.Equal(got, []string{"openai"}) {
		t.Errorf("of the configured vendors: %v, want openai's", got)
	}
	if got := vendors("sonnet"); !slices.Contains(got, "anthropic") || len(got) < 2 {
		t.Errorf("with a filter: %v, want those of every vendor", got)
	}
	for _, args := range [][]string{{"models", "--all"}, {"models", "nope"}, {"models", "a", "b"}} {
		if code, _, stderr := bob(t, args...); code != exitUsage || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit status %d, %s", args, code, stderr)
		}
	}
}

func TestRoster_saysWhatNoModelCanDo(t *testing.T) {
	t.Parallel()
	args := append(configure(t, roster4), "run", "--private", "x")
	code, _, stderr := bob(t, args...)
	if code != exitUsage || !strings.Contains(stderr, "No model will do: local/qwen3-32b cannot answer by a schema; openai/gpt-5.4 is not private") {
		t.Errorf("exit status %d: %s", code, stderr)
	}
}
