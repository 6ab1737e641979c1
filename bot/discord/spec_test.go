package discord_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/askbob/bob/bot/discord/discordfake"
)

// spec is Discord's own description of its API.
type spec struct {
	compiler *jsonschema.Compiler

	mu      sync.Mutex
	schemas map[string]*jsonschema.Schema
}

var loadSpec = sync.OnceValues(func() (*spec, error) {
	dir := os.Getenv("BOB_REFERENCE") //nolint:forbidigo // a test finds its data
	if dir == "" {
		dir = "../../../shared/reference"
	}
	if _, err := os.Stat(dir); err != nil {
		dir = "../../../../shared/reference" // a worktree
	}
	data, err := os.ReadFile(filepath.Join(dir, "discord-openapi.json"))
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	return &spec{compiler: c, schemas: map[string]*jsonschema.Schema{}}, c.AddResource("discord.json", doc)
})

// routes are the bodies that Bob sends, as the description calls them.
var routes = []struct{ method, pattern, path string }{
	{"post", `^/channels/\d+/messages$`, "/channels/{channel_id}/messages"},
	{"patch", `^/channels/\d+/messages/\d+$`, "/channels/{channel_id}/messages/{message_id}"},
	{"post", `^/channels/\d+/messages/\d+/threads$`, "/channels/{channel_id}/messages/{message_id}/threads"},
	{"patch", `^/channels/\d+$`, "/channels/{channel_id}"},
	{"post", `^/users/@me/channels$`, "/users/@me/channels"},
	{"put", `^/applications/\d+/commands$`, "/applications/{application_id}/commands"},
	{"post", `^/interactions/\d+/[^/]+/callback$`, "/interactions/{interaction_id}/{interaction_token}/callback"},
	{"post", `^/webhooks/\d+/[^/]+$`, "/webhooks/{webhook_id}/{webhook_token}"},
	{"patch", `^/webhooks/\d+/[^/]+/messages/@original$`, "/webhooks/{webhook_id}/{webhook_token}/messages/@original"},
}

// conforms checks the bodies of all requests that the fake was sent. Without the
// description it says so, and checks nothing.
func conforms(t *testing.T, s *discordfake.Server) {
	t.Helper()
	d, err := loadSpec()
	if err != nil {
		t.Logf("NOTICE: bodies are not checked against discord's description: %v", err)
		return
	}
	for _, r := range s.Requests("", "/") {
		if len(r.Body) == 0 {
			continue
		}
		schema := d.schema(t, r)
		body, err := jsonschema.UnmarshalJSON(bytes.NewReader(r.Body))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(body); err != nil {
			t.Errorf("%s %s does not conform: %.1500v\n%.600s", r.Method, r.Path, err, r.Body)
		}
	}
}

func (d *spec) schema(t *testing.T, r discordfake.Request) *jsonschema.Schema {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, route := range routes {
		if !strings.EqualFold(route.method, r.Method) || !regexp.MustCompile(route.pattern).MatchString(r.Path) {
			continue
		}
		name := route.method + " " + route.path
		if d.schemas[name] == nil {
			escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D", "@", "%40")
			var err error
			d.schemas[name], err = d.compiler.Compile("discord.json#/paths/" + escape.Replace(route.path) + "/" + route.method +
				"/requestBody/content/application~1json/schema")
			if err != nil {
				t.Fatal(err)
			}
		}
		return d.schemas[name]
	}
	t.Fatalf("no schema for %s %s", r.Method, r.Path)
	return nil
}

// TestSpec_refuses holds the description to what it is good for, so that a body that
// conforms means something.
func TestSpec_refuses(t *testing.T) {
	t.Parallel()
	d, err := loadSpec()
	if err != nil {
		t.Skipf("bodies are not checked against discord's description: %v", err)
	}
	embeds := strings.TrimSuffix(strings.Repeat(`{"description":"x"},`, 11), ",")
	for name, c := range map[string]struct {
		method, path, body string
		ok                 bool
	}{
		"a message":         {"POST", "/channels/1/messages", `{"content":"x"}`, true},
		"11 embeds":         {"POST", "/channels/1/messages", `{"embeds":[` + embeds + `]}`, false},
		"a long nonce":      {"POST", "/channels/1/messages", `{"content":"x","nonce":"` + strings.Repeat("n", 26) + `"}`, false},
		"a thread's name":   {"POST", "/channels/1/messages/2/threads", `{"name":"` + strings.Repeat("n", 101) + `"}`, false},
		"a command's name":  {"PUT", "/applications/1/commands", `[{"name":"` + strings.Repeat("n", 33) + `","description":"x"}]`, false},
		"an unknown answer": {"POST", "/interactions/1/t/callback", `{"type":99}`, false},
	} {
		body, err := jsonschema.UnmarshalJSON(strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		err = d.schema(t, discordfake.Request{Method: c.method, Path: c.path}).Validate(body)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
