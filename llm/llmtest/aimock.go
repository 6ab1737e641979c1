package llmtest

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/llm"
)

// AimockVersion is the version of the npm package @copilotkit/aimock that
// TestAimock was made with. It is looked for in the user's cache folder, in
// bob/aimock-VERSION.
const AimockVersion = "1.43.0"

// AimockGap is something that aimock cannot say in a vendor's format.
type AimockGap int

// What was found missing.
const (
	AimockUsage  AimockGap = iota // its counts of tokens are zero: with Ollama's format
	AimockCutOff                  // a cut-off answer looks like a whole one: with Ollama's format
	AimockTools                   // it ends calls of tools with a word that the vendor has not: Gemini's FUNCTION_CALL
)

//go:embed aimock.json
var aimockFixtures []byte

// aimockHello is the answer of several fixtures, and aimockUsage what they count.
const aimockHello = "Hello from a script, in more than one word."

// TestAimock lets an adapter talk to aimock, a server of other people's making
// that speaks the formats of OpenAI, Anthropic, Gemini and Ollama, and fails on
// purpose: every call must end in a proper answer or in an *llm.APIError. Of p it
// uses Name and Open. It skips where Node.js or aimock is not installed.
func TestAimock(t *testing.T, p Provider, gaps ...AimockGap) {
	t.Helper()
	a := aimock{url: startAimock(t), provider: p, usage: llm.Usage{UncachedIn: 100, Out: 7, Known: true}}
	if slices.Contains(gaps, AimockUsage) {
		a.usage = llm.Usage{}
	}
	each(t, "answers", a.answers)
	each(t, "answers in a form", a.structured)
	if !slices.Contains(gaps, AimockTools) {
		each(t, "calls tools", a.callsTools)
	}
	if !slices.Contains(gaps, AimockCutOff) {
		each(t, "fails when cut off", func(t *testing.T, how mode) {
			t.Helper()
			if e := a.fails(t, how, "be cut off", llm.KindTruncated); e.Usage != a.usage {
				t.Errorf("usage = %+v, want %+v: it was billed", e.Usage, a.usage)
			}
		})
	}
	a.failures(t)
	a.chaos(t)
}

type aimock struct {
	url      string
	provider Provider
	usage    llm.Usage
}

func (a aimock) open(tb testing.TB) llm.Model {
	tb.Helper()
	return a.provider.Open(tb, Options{URL: a.url, Key: testKey, Model: serverModel})
}

func say(text string) llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Text: text}}}
}

func (a aimock) answers(t *testing.T, how mode) {
	t.Helper()
	got, err := ask(within(t), a.open(t), how, say("say hello"))
	if err != nil {
		t.Fatal(err)
	}
	got.RequestID, got.Model = "", "" // its own
	want := llm.Response{Text: aimockHello, Stop: llm.StopDone, Usage: a.usage, Provider: a.provider.Name}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("response (-want +got):\n%s", diff)
	}
}

func (a aimock) structured(t *testing.T, how mode) {
	t.Helper()
	r := say("make a plan")
	r.Schema = llm.MustSchema("plan", `{"type":"object","additionalProperties":false,"required":["title","steps"],"properties":{
		"title":{"type":"string","maxLength":40},"steps":{"type":"array","maxItems":9,"items":{"type":"string","maxLength":40}}}}`)
	got, err := ask(within(t), a.open(t), how, r)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Schema.Validate([]byte(got.Text)); err != nil {
		t.Errorf("answer = %s: %v", got.Text, err)
	}
}

// callsTools goes through both turns: what the model wants, and what it makes of
// the results.
func (a aimock) callsTools(t *testing.T, how mode) {
	t.Helper()
	r := say("look around")
	r.Tools = looking().Tools
	got, err := ask(within(t), a.open(t), how, r)
	if err != nil {
		t.Fatal(err)
	}
	want := []llm.ToolCall{
		{Name: "look", Args: json.RawMessage(`{"at":"sky"}`)}, {Name: "look", Args: json.RawMessage(`{"at":"sea"}`)},
	}
	if diff := cmp.Diff(want, nameless(got.Calls), sameJSON()); diff != "" || got.Stop != llm.StopTools {
		t.Fatalf("stop = %s, calls (-want +got):\n%s", got.Stop, diff)
	}
	results := llm.Message{Role: llm.RoleTool}
	for _, call := range got.Calls {
		results.Results = append(results.Results, llm.ToolResult{ID: call.ID, Name: call.Name, Text: "seen"})
	}
	r.Messages = append(r.Messages, llm.Message{Role: llm.RoleAssistant, Text: got.Text, Calls: got.Calls}, results)
	got, err = ask(within(t), a.open(t), how, r)
	if err != nil || got.Text != "A cloud and no sea." {
		t.Errorf("answer to the results = %q, %v", got.Text, err)
	}
}

// fails asks for what must fail, and returns the failure.
func (a aimock) fails(t *testing.T, how mode, text string, want llm.Kind) *llm.APIError {
	t.Helper()
	_, err := ask(within(t), a.open(t), how, say(text))
	e := wantKind(t, err, want)
	if e.Provider != a.provider.Name || e.Model == "" {
		t.Errorf("error = %+v, want its provider and model", e)
	}
	return e
}

// failures checks those with a status: nothing was used.
func (a aimock) failures(t *testing.T) {
	t.Helper()
	for text, want := range map[string]llm.Kind{
		"refuse me": llm.KindAuth, "slow me down": llm.KindRateLimited, "break down": llm.KindUnavailable,
		"chaos 429": llm.KindRateLimited, "chaos 500": llm.KindUnavailable,
	} {
		each(t, "fails/"+text, func(t *testing.T, how mode) {
			t.Helper()
			e := a.fails(t, how, text, want)
			if e.Usage != (llm.Usage{Known: true}) {
				t.Errorf("usage = %+v, want none for certain", e.Usage)
			}
			if text == "chaos 429" && e.RetryAfter != time.Second {
				t.Errorf("wait = %s, want a second", e.RetryAfter)
			}
		})
	}
}

// chaos checks failures after which nobody knows what was used.
func (a aimock) chaos(t *testing.T) {
	t.Helper()
	for text, want := range map[string]llm.Kind{"chaos garbage": llm.KindBroken, "chaos hangup": llm.KindUnavailable} {
		each(t, "fails/"+text, func(t *testing.T, how mode) {
			t.Helper()
			if e := a.fails(t, how, text, want); e.Usage.Known {
				t.Errorf("usage = %+v, want it unknown", e.Usage)
			}
		})
	}
	each(t, "fails/chaos silence", func(t *testing.T, how mode) {
		t.Helper()
		a.givesUp(t, how, "chaos silence")
	})
	t.Run("fails/fall silent", func(t *testing.T) {
		t.Parallel()
		a.givesUp(t, streamed, "fall silent")
	})
	t.Run("fails/stop halfway", func(t *testing.T) {
		t.Parallel()
		_, err := ask(within(t), a.open(t), streamed, say("stop halfway"))
		if e := llm.AsAPIError(err); e == nil || e.Usage.Known {
			t.Errorf("error = %v, want an *llm.APIError with unknown usage", err)
		}
	})
	each(t, "survives a lottery", a.lottery)
}

// givesUp asks what is not answered in time.
func (a aimock) givesUp(t *testing.T, how mode, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	started := time.Now()
	_, err := ask(ctx, a.open(t), how, say(text))
	if e := wantKind(t, err, llm.KindUnavailable); !errors.Is(err, context.DeadlineExceeded) || e.Usage.Known {
		t.Errorf("error = %v with usage %+v, want the deadline, and usage unknown", err, e.Usage)
	}
	if took := time.Since(started); took > patience/2 {
		t.Errorf("it took %s to give up", took)
	}
}

// lottery asks often, and never knows what comes.
func (a aimock) lottery(t *testing.T, how mode) {
	t.Helper()
	model, kinds := a.open(t), make(map[llm.Kind]int)
	for range 40 {
		got, err := ask(within(t), model, how, say("chaos lottery"))
		e := llm.AsAPIError(err)
		switch {
		case err == nil && got.Text == aimockHello && got.Stop == llm.StopDone:
			kinds["answered"]++
		case err == nil:
			t.Errorf("a false answer: %+v", got)
		case e == nil:
			t.Errorf("error = %v, want an *llm.APIError", err)
		case !slices.Contains([]llm.Kind{llm.KindRateLimited, llm.KindUnavailable, llm.KindBroken}, e.Kind):
			t.Errorf("error = %v, want another kind", err)
		default:
			kinds[e.Kind]++
		}
	}
	t.Logf("outcomes: %v", kinds)
}

// startAimock starts the server for the time of the test, and returns its URL.
func startAimock(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("aimock: Node.js is not installed")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("aimock: there is no cache folder: %v", err)
	}
	folder := filepath.Join(cache, "bob", "aimock-"+AimockVersion)
	script := filepath.Join(folder, "node_modules", "@copilotkit", "aimock", "dist", "cli.js")
	if _, err := os.Stat(script); err != nil {
		t.Skipf("aimock is not installed: npm install --prefix %s @copilotkit/aimock@%s", folder, AimockVersion)
	}
	fixtures := filepath.Join(t.TempDir(), "fixtures.json")
	if err := os.WriteFile(fixtures, aimockFixtures, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, script, "--port", "0", "--fixtures", fixtures, "--strict") //nolint:gosec // the test's own
	cmd.Env = []string{}                                                                                     // no keys of real providers
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url := make(chan string, 1)
	read := make(chan struct{})
	go func() {
		defer close(read)
		url <- listening(out)
		_, _ = io.Copy(io.Discard, out)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-read
		_ = cmd.Wait()
	})
	select {
	case found := <-url:
		if found == "" {
			t.Fatal("aimock ended before it listened")
		}
		return found
	case <-time.After(patience):
		t.Fatal("aimock did not start")
	}
	return ""
}

// listening returns the URL that the server prints once it listens, empty if it
// never does.
func listening(out io.Reader) string {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "listening on "); ok {
			return strings.TrimSpace(url)
		}
	}
	return ""
}
