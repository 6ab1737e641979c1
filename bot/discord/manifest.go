package discord

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	discordapi "github.com/bwmarrin/discordgo"
)

// The names of commands and options.
const (
	commandAsk       = "ask"
	commandBudget    = "budget"
	commandMute      = "mute"
	commandSchedule  = "schedule"
	commandSchedules = "schedules"
	menuGive         = "Give this to Bob"

	optionTask     = "task"
	optionJob      = "job"
	optionStep     = "step"
	optionPrompt   = "prompt"
	optionText     = "text"
	optionFilter   = "filter"
	optionWhen     = "when"
	optionAmount   = "amount"
	optionLevel    = "level"
	optionNews     = "news"
	optionBudget   = "budget"
	optionPriority = "priority"
	optionApproval = "approval"
	optionBy       = "by"
	optionTopic    = "topic"
	optionChange   = "change"
	optionSchedule = "schedule"

	newsAll = "all"
)

func fileOptions() []string { return []string{"file", "file2", "file3"} }

// Permissions is what Bob needs in a channel.
const Permissions int64 = discordapi.PermissionViewChannel | discordapi.PermissionSendMessages |
	discordapi.PermissionCreatePublicThreads | discordapi.PermissionSendMessagesInThreads |
	discordapi.PermissionEmbedLinks | discordapi.PermissionAttachFiles | discordapi.PermissionReadMessageHistory

// InviteURL is the page on which somebody lets Bob into a server.
func InviteURL(app string) string {
	q := url.Values{"client_id": {app}, "scope": {"bot applications.commands"}, "permissions": {strconv.FormatInt(Permissions, 10)}}
	return "https://discord.com/oauth2/authorize?" + q.Encode()
}

// command is one command as it is registered. The library's own sends nulls.
type command struct {
	Type        int      `json:"type"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Options     []option `json:"options,omitempty"`
	Contexts    []int    `json:"contexts"`
	Installs    []int    `json:"integration_types"`
}

type option struct {
	Type        int      `json:"type"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Required    bool     `json:"required,omitempty"`
	Suggest     bool     `json:"autocomplete,omitempty"`
	Choices     []choice `json:"choices,omitempty"`
	Options     []option `json:"options,omitempty"`
	MaxLength   int      `json:"max_length,omitempty"`
}

// Commands is the list of Bob's commands, as Discord takes it.
func Commands() ([]byte, error) { return json.MarshalIndent(commands(), "", "  ") }

// commands lists what is registered: in servers and in direct messages with Bob.
func commands() []command {
	const server, direct = 0, 1
	of := func(kind discordapi.ApplicationCommandType, name, description string, options ...option) command {
		return command{
			Type: int(kind), Name: name, Description: description, Options: options,
			Contexts: []int{server, direct}, Installs: []int{server},
		}
	}
	return []command{
		of(discordapi.ChatApplicationCommand, "bob", "Give Bob a job, or look after one", subcommands()...),
		of(discordapi.ChatApplicationCommand, "status", "How a job stands", job()),
		of(discordapi.ChatApplicationCommand, "results", "What a job has made", job()),
		of(discordapi.MessageApplicationCommand, menuGive, ""),
	}
}

// subcommands are those of /bob: all that can be said to Bob, for Discord takes 25.
func subcommands() []option {
	step := text(optionStep, "A step of it, such as 1.2", false)
	prompt := text(optionPrompt, "What the step is to do instead", false)
	priorities := []string{"low", "medium", "high", "urgent"}
	ask := []option{text(optionTask, "What is to be done; empty: a form opens", false)}
	for _, name := range fileOptions() {
		ask = append(ask, option{
			Type: int(discordapi.ApplicationCommandOptionAttachment), Name: name, Description: "A file for the job",
		})
	}
	return []option{
		sub(commandAsk, "Start a job", append(ask,
			text(optionBudget, "US dollars that it may spend", false),
			choose(optionPriority, "How urgent it is", priorities...),
			choose(optionApproval, "Whether its plan is shown before it runs", "never", "always"))...),
		sub("status", "How a job stands", job(), step),
		sub("results", "What a job has made", job()),
		sub("jobs", "All your jobs", choose(optionFilter, "Which of them", "active", "queued", "finished", "failed", "paused", "cancelled", "all")),
		sub("plan", "The steps of a job", job()),
		sub("approve", "Let a plan run", job()),
		sub("edit", "Change a plan before it runs", job()),
		sub("cheaper", "Ask for a plan that costs less", job()),
		sub("reject", "Cancel a job whose plan you do not want", job()),
		sub("pause", "Stop a job for now", job(), step),
		sub("resume", "Let a paused job go on", job(), step),
		sub("cancel", "End a job", job(), step),
		sub("finish", "End a job with what there is", job()),
		sub("retry", "Try again what failed", job(), step, prompt),
		sub("rerun", "Run a job or a step again", job(), step, prompt),
		sub("skip", "Leave a step out", must(step), job()),
		sub("answer", "Answer what a job asks", text(optionText, "The answer", true), job(), step),
		sub("priority", "Which jobs go first", must(choose(optionLevel, "How urgent it is", priorities...)), job()),
		sub(commandBudget, "What a job may spend", text(optionAmount, "US dollars, such as 5 or +1", true), job(), step),
		sub(commandMute, "What a job tells you while it runs", job(),
			choose(optionNews, "Questions and the end, which is the default, or all", "few", newsAll)),
		sub(commandSchedule, "Run a job again and again",
			text(optionWhen, "Such as: every Monday at 9", true), text(optionTask, "What is to be done", true)),
		sub(commandSchedules, "What is scheduled",
			choose(optionChange, "What to do with one of them", "pause", "resume", "remove"), text(optionSchedule, "Its ID, such as sch_4kx2m9", false)),
		sub("cost", "What was spent", job(), choose(optionBy, "Added up by", "day", "model", "user", "channel", "job")),
		sub("help", "What Bob can do", text(optionTopic, "A command, such as retry", false)),
	}
}

func sub(name, description string, options ...option) option {
	return option{Type: int(discordapi.ApplicationCommandOptionSubCommand), Name: name, Description: description, Options: options}
}

func text(name, description string, required bool) option {
	return option{Type: int(discordapi.ApplicationCommandOptionString), Name: name, Description: description, Required: required}
}

func must(o option) option {
	o.Required = true
	return o
}

func job() option {
	o := text(optionJob, "The job; inside its thread it may be left out", false)
	o.Suggest = true
	return o
}

func choose(name, description string, values ...string) option {
	o := text(name, description, false)
	for _, v := range values {
		o.Choices = append(o.Choices, choice{Name: v, Value: v})
	}
	return o
}

// syncCommands registers the commands, unless those are registered already: Discord
// counts how many are made in a day. Bob works without them, so it only logs.
func (f *FrontEnd) syncCommands(ctx context.Context) {
	self, err := f.whoami(ctx)
	if err != nil {
		f.log.Warn("commands not registered", "err", err)
		return
	}
	path := "/applications/" + self.app + "/commands"
	var have []command
	err = f.rest.call(ctx, request{method: http.MethodGet, path: path}, &have)
	if err == nil && same(have, commands()) {
		return
	}
	if err == nil {
		err = f.rest.call(ctx, request{method: http.MethodPut, path: path, body: commands()}, nil)
	}
	if err != nil && ctx.Err() == nil {
		f.log.Error("commands not registered", "err", err)
		return
	}
	f.log.Info("commands registered")
}

// same reports whether two lists are registered alike. Discord's order is its own.
func same(have, want []command) bool {
	if len(have) != len(want) {
		return false
	}
	written := map[string]string{}
	for i := range have {
		data, err := json.Marshal(have[i])
		if err != nil {
			return false
		}
		written[have[i].Name] = string(data)
	}
	for i := range want {
		data, err := json.Marshal(want[i])
		if err != nil || !bytes.Equal(data, []byte(written[want[i].Name])) {
			return false
		}
	}
	return true
}
