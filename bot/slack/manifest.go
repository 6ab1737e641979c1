package slack

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/askbob/bob/jobs"
)

// ManifestOptions says what an app's manifest is for.
type ManifestOptions struct {
	Mode      Mode   // default ModeSocket
	PublicURL string // of Bob, https; needed by ModeHTTP, and to be installed by several workspaces
	Name      string // default Bob
}

// The names that the manifest gives and events bring back.
const (
	messageShortcut = "bob_message_job"
	globalShortcut  = "bob_new_job"
	commandName     = "/bob"
	stopReaction    = "octagonal_sign"
)

// scopes is what Bob asks a workspace for.
func scopes() []string {
	return []string{
		"app_mentions:read", "assistant:write", "channels:history", "channels:read", "chat:write", "commands",
		"files:read", "files:write", "groups:history", "groups:read", "im:history", "im:read", "im:write",
		"mpim:history", "mpim:read", "reactions:read", "reactions:write", "users:read",
	}
}

// events is what Bob wants to hear of.
func events() []string {
	return []string{
		"agent_session_stopped", "app_home_opened", "app_mention", "app_uninstalled", "message.channels",
		"message.groups", "message.im", "message.mpim", "reaction_added", "tokens_revoked",
	}
}

// object is one of JSON's.
type object map[string]any

// Manifest returns the app manifest, as JSON, that makes Bob's app: paste it at
// api.slack.com/apps. What the options lack is a *jobs.UserError.
func Manifest(o ManifestOptions) ([]byte, error) {
	if o.Name == "" {
		o.Name = "Bob"
	}
	base := strings.TrimRight(o.PublicURL, "/")
	if base != "" && !strings.HasPrefix(base, "https://") {
		return nil, &jobs.UserError{Message: "Slack takes only addresses that begin with https://: set web.public_url."}
	}
	if o.Mode == ModeHTTP && base == "" {
		return nil, &jobs.UserError{Message: "In http mode Slack calls Bob: set web.public_url to where it reaches him."}
	}
	m := object{
		"display_information": information(o.Name),
		"features":            features(o, base),
		"oauth_config":        oauth(base),
		"settings":            settings(o, base),
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the manifest: %w", err)
	}
	return append(data, '\n'), nil
}

func information(name string) object {
	return object{
		"name": name, "background_color": "#1a1d21",
		"description": "Give Bob a job; he plans it, runs it and reports back.",
		"long_description": "Bob takes a job by /bob, by @mention, in a direct message or from a message's shortcut menu. " +
			"He answers at once in a thread, splits the job into a plan of tasks, runs it in the background, posts milestones " +
			"and the result to the thread, and shows all your jobs with progress and cost in his Home tab.",
	}
}

func features(o ManifestOptions, base string) object {
	command := object{
		"command": commandName, "description": "Give Bob a job, or manage jobs", "should_escape": true,
		"usage_hint": "<job> | jobs | status <id> | pause <id> | resume <id> | cancel <id> | help",
	}
	if o.Mode == ModeHTTP {
		command["url"] = base + "/slack/commands"
	}
	var prompts []object
	for _, p := range suggestedPrompts() {
		prompts = append(prompts, object{"title": p.title, "message": p.message})
	}
	return object{
		"app_home": object{"home_tab_enabled": true, "messages_tab_enabled": true, "messages_tab_read_only_enabled": false},
		"bot_user": object{"display_name": o.Name, "always_online": true},
		"agent_view": object{
			"agent_description": "Runs long jobs in the background and reports progress and cost.",
			"suggested_prompts": prompts,
		},
		"slash_commands": []object{command},
		"shortcuts": []object{
			{"name": "Give this to Bob", "type": "message", "callback_id": messageShortcut, "description": "Start a job from this message"},
			{"name": "New job for Bob", "type": "global", "callback_id": globalShortcut, "description": "Open the new-job form"},
		},
	}
}

// suggestedPrompts is what people find when they open the conversation with Bob.
func suggestedPrompts() []suggestion {
	return []suggestion{
		{title: "Start a job", message: "Research our three main competitors and write a one-page summary"},
		{title: "My jobs", message: "jobs"},
		{title: "Help", message: "help"},
	}
}

// suggestion is something that one may write to Bob.
type suggestion struct{ title, message string }

func oauth(base string) object {
	// chat:write.public lets Bob answer a command in channels that he is not in.
	o := object{"scopes": object{"bot": scopes(), "bot_optional": []string{"chat:write.public"}}}
	if base != "" {
		o["redirect_urls"] = []string{base + "/slack/oauth"}
	}
	return o
}

func settings(o ManifestOptions, base string) object {
	subscriptions := object{"bot_events": events()}
	interactivity := object{"is_enabled": true}
	if o.Mode == ModeHTTP {
		subscriptions["request_url"] = base + "/slack/events"
		interactivity["request_url"] = base + "/slack/interactions"
	}
	return object{
		"event_subscriptions": subscriptions, "interactivity": interactivity, "org_deploy_enabled": false,
		"socket_mode_enabled": o.Mode != ModeHTTP, "token_rotation_enabled": false,
	}
}
