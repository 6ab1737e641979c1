package slack_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/tidwall/gjson"

	"github.com/askbob/bob/bot/slack"
	"github.com/askbob/bob/bot/slack/slackfake"
)

// reference is a file of Slack's that is not ours to copy.
func reference(t *testing.T, name string) string {
	t.Helper()
	folder := os.Getenv("BOB_REFERENCE") //nolint:forbidigo // where the reference lies comes from outside
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "reference")
	}
	path := filepath.Join(folder, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not here: set BOB_REFERENCE", name)
	}
	return path
}

// anything matches what Go's expressions cannot say, such as a look-ahead.
type anything string

func (a anything) MatchString(string) bool { return true }
func (a anything) String() string          { return string(a) }

func manifestSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.UseRegexpEngine(func(s string) (jsonschema.Regexp, error) {
		re, err := regexp.Compile(s)
		if err != nil {
			return anything(s), nil //nolint:nilerr // it is checked as far as Go can
		}
		return re, nil
	})
	schema, err := c.Compile(reference(t, "slack-manifest.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestManifest_isOneThatSlackTakes(t *testing.T) {
	t.Parallel()
	schema := manifestSchema(t)
	for name, o := range map[string]slack.ManifestOptions{
		"socket":                {},
		"socket, many":          {Mode: slack.ModeSocket, PublicURL: "https://bob.example/"},
		"http":                  {Mode: slack.ModeHTTP, PublicURL: "https://bob.example", Name: "Robert"},
		"http under a folder":   {Mode: slack.ModeHTTP, PublicURL: "https://example.com/bob/"},
		"socket, another name ": {Name: "Alice"},
	} {
		data, err := slack.Manifest(o)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestManifest_saysHowSlackReachesBob(t *testing.T) {
	t.Parallel()
	socket, err := slack.Manifest(slack.ManifestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !gjson.GetBytes(socket, "settings.socket_mode_enabled").Bool() || strings.Contains(string(socket), "https://") {
		t.Errorf("of the socket: %s", socket)
	}
	web, err := slack.Manifest(slack.ManifestOptions{Mode: slack.ModeHTTP, PublicURL: "https://bob.example"})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"settings.event_subscriptions.request_url": "https://bob.example/slack/events",
		"settings.interactivity.request_url":       "https://bob.example/slack/interactions",
		"features.slash_commands.0.url":            "https://bob.example/slack/commands",
		"oauth_config.redirect_urls.0":             "https://bob.example/slack/oauth",
		"settings.socket_mode_enabled":             "false",
	} {
		if got := gjson.GetBytes(web, path).String(); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	for name, o := range map[string]slack.ManifestOptions{
		"http nowhere":  {Mode: slack.ModeHTTP},
		"not encrypted": {Mode: slack.ModeHTTP, PublicURL: "http://bob.example"},
	} {
		if _, err := slack.Manifest(o); err == nil || !strings.Contains(err.Error(), "web.public_url") {
			t.Errorf("%s: %v, want what to set", name, err)
		}
	}
}

// allScopes is what the manifest asks for.
func allScopes(t *testing.T) string {
	t.Helper()
	manifest, err := slack.Manifest(slack.ManifestOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, scope := range gjson.GetBytes(manifest, "oauth_config.scopes.bot").Array() {
		all = append(all, scope.String())
	}
	return strings.Join(all, ",")
}

func TestSlack_Check_saysWhatToDo(t *testing.T) {
	t.Parallel()
	team := slackfake.Team{ID: "T1", Token: "xoxb-1", BotUser: "U0BOB", Scopes: allScopes(t)}
	rotating := team
	rotating.Token = "xoxe.xoxb-1"
	poor := team
	poor.Scopes = "chat:write"
	for name, c := range map[string]struct {
		team   slackfake.Team
		change func(c *slack.Config)
		fault  string
		want   []string // of each finding: whether it is well, and what it says
	}{
		"all is well": {team, func(*slack.Config) {}, "", []string{"+bob in Acme", "+all 18 are there", "+is on", "+gives an address"}},
		"no scopes":   {poor, func(*slack.Config) {}, "", []string{"+bob in Acme", "-missing app_mentions:read", "+is on", "+gives an address"}},
		"no home":     {team, func(*slack.Config) {}, "not_enabled", []string{"+bob in Acme", "+all 18", "-is off", "+gives an address"}},
		"no token":    {team, func(c *slack.Config) { c.BotToken = "xoxb-x" }, "", []string{"-does not take slack.bot_token: invalid_auth", "+gives"}},
		"no socket":   {team, func(c *slack.Config) { c.AppToken = "xapp-x" }, "", []string{"+bob", "+all", "+is on", "-does not take slack.app_token: invalid_auth"}},
		"over HTTP":   {team, func(c *slack.Config) { c.Mode = slack.ModeHTTP }, "", []string{"+bob", "+all", "+is on"}},
		"nobody":      {team, func(c *slack.Config) { c.APIURL = "http://127.0.0.1:1/" }, "", []string{"-no answer", "-no answer"}},
		"many":        {team, many, "", []string{"-/slack/install", "+gives"}},
		"it rotates":  {rotating, func(*slack.Config) {}, "", []string{"-token rotation", "+all", "+is on", "+gives"}},
	} {
		s := newStage(t, slack.ModeSocket, setup{idle: true, fake: slackfake.Config{Teams: []slackfake.Team{c.team}}, bob: c.change})
		if c.fault != "" {
			s.fake.Fail("views.publish", slackfake.Fault{Error: c.fault})
		}
		found := s.slack.Check(t.Context())
		if len(found) != len(c.want) {
			t.Errorf("%s: %d findings, want %d: %+v", name, len(found), len(c.want), found)
			continue
		}
		for i, f := range found {
			if f.OK != (c.want[i][0] == '+') || !strings.Contains(f.Text, c.want[i][1:]) || f.Name == "" || strings.Contains(f.Text, "\n") {
				t.Errorf("%s: %+v, want %q", name, f, c.want[i])
			}
		}
	}
}
