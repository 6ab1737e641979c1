package discord

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	discordapi "github.com/bwmarrin/discordgo"

	"github.com/askbob/bob/bot"
)

// maxSuggested is how many jobs are offered while an ID is typed.
const maxSuggested = maxOptions

// command handles a slash command or the menu of a message.
func (l listener) command(ctx context.Context, i *discordapi.Interaction, data *discordapi.ApplicationCommandInteractionData) (bot.Reply, error) {
	m := bot.Message{Keys: []string{keyOf(i)}, User: userOf(i), Way: bot.WayCommand, Direct: i.GuildID == ""}
	thread := ""
	if data.CommandType == discordapi.MessageApplicationCommand {
		target, err := l.front.target(ctx, i, data)
		if err != nil {
			return bot.Reply{}, err
		}
		m.Way, m.ID, m.Text, m.Files = bot.WayMenu, target.ID, target.Content, l.front.files(target.Attachments)
		m.Keys = append(m.Keys, "discord:menu:"+target.ID+":"+m.User.ID)
		thread = target.ID
	}
	place, err := l.front.at(ctx, i, thread)
	if err != nil {
		return bot.Reply{}, err
	}
	m.Place, m.Reach = place.Place, place.reach
	if m.Way == bot.WayMenu {
		return l.handler.Hear(ctx, m)
	}
	name, options := data.Name, optionsOf(data.Options)
	if len(data.Options) == 1 && data.Options[0].Type == discordapi.ApplicationCommandOptionSubCommand {
		name, options = data.Options[0].Name, optionsOf(data.Options[0].Options)
	}
	if name == commandAsk {
		return l.ask(ctx, &m, options, data)
	}
	m.Text, m.Order = spoken(name, options), true
	return l.handler.Hear(ctx, m)
}

// ask hands a new job over, or opens the form for one that says nothing.
func (l listener) ask(ctx context.Context, m *bot.Message, options map[string]string,
	data *discordapi.ApplicationCommandInteractionData,
) (bot.Reply, error) {
	m.Way, m.Text = bot.WayForm, options[optionTask]
	m.Draft = bot.Draft{Budget: options[optionBudget], Priority: options[optionPriority], Approval: options[optionApproval]}
	if data.Resolved != nil {
		var list []*discordapi.MessageAttachment
		for _, name := range fileOptions() {
			if a := data.Resolved.Attachments[options[name]]; a != nil {
				list = append(list, a)
			}
		}
		m.Files = l.front.files(list)
	}
	if strings.TrimSpace(m.Text) == "" && len(m.Files) == 0 {
		return l.handler.Click(ctx, bot.Click{Keys: m.Keys, Place: m.Place, Reach: m.Reach, User: m.User, Direct: m.Direct, Button: bot.Button{Action: bot.ActNew}})
	}
	return l.handler.Hear(ctx, *m)
}

// target is the message whose menu was used. Discord does not always send it along.
func (f *FrontEnd) target(ctx context.Context, i *discordapi.Interaction,
	data *discordapi.ApplicationCommandInteractionData,
) (*discordapi.Message, error) {
	if data.Resolved != nil {
		if m := data.Resolved.Messages[data.TargetID]; m != nil && m.ID != "" {
			return m, nil
		}
	}
	if !snowflake(data.TargetID) {
		return nil, fmt.Errorf("a message's menu without its message: %.40q", data.TargetID)
	}
	var m discordapi.Message
	err := f.rest.call(ctx, request{method: http.MethodGet, path: "/channels/" + i.ChannelID + "/messages/" + data.TargetID}, &m)
	return &m, err
}

// optionsOf are the options of a command as texts.
func optionsOf(list []*discordapi.ApplicationCommandInteractionDataOption) map[string]string {
	out := map[string]string{}
	for _, o := range list {
		if o == nil || o.Value == nil {
			continue
		}
		out[o.Name] = strings.TrimSpace(fmt.Sprint(o.Value))
	}
	return out
}

// spoken is a command as a person would write it in words.
func spoken(name string, o map[string]string) string {
	switch {
	case name == commandSchedule:
		when := strings.NewReplacer(`"`, "", "\n", " ").Replace(o[optionWhen])
		return name + ` "` + when + `" ` + o[optionTask]
	case name == commandMute && o[optionNews] == newsAll:
		name = "un" + name
	case name == commandSchedules && o[optionChange]+o[optionSchedule] != "":
		name = commandSchedule
	}
	words := []string{name}
	for _, option := range []string{optionChange, optionSchedule, optionFilter, optionJob, optionStep, optionLevel, optionAmount, optionBy, optionTopic} {
		v := strings.Join(strings.Fields(o[option]), " ")
		switch {
		case v == "":
			continue
		case option == optionBy, option == optionStep && name == commandBudget:
			words = append(words, option) // a bare number is an amount there
		}
		words = append(words, v)
	}
	text := strings.Join(words, " ")
	for _, option := range []string{optionPrompt, optionText} {
		if v := o[option]; v != "" {
			text += ": " + v
		}
	}
	return text
}

// suggest offers jobs while an ID is typed.
func (l listener) suggest(ctx context.Context, i *discordapi.Interaction) error {
	place, err := l.front.at(ctx, i, "")
	if err != nil {
		return err
	}
	found, err := l.handler.Suggest(ctx, place.Place, userOf(i), focused(i.ApplicationCommandData().Options))
	if err != nil {
		return err
	}
	choices := []choice{}
	for _, c := range found {
		if len(choices) == maxSuggested || c.Value == "" || units(c.Value) > maxOptionText {
			continue
		}
		name := cut(oneLine(c.Label), maxOptionText)
		if name == "" {
			name = c.Value
		}
		choices = append(choices, choice{Name: name, Value: c.Value})
	}
	return l.front.callback(ctx, i, callback{Type: sayChoices, Data: map[string]any{"choices": choices}})
}

type choice struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// focused is what was typed so far.
func focused(list []*discordapi.ApplicationCommandInteractionDataOption) string {
	for _, o := range list {
		if o == nil {
			continue
		}
		if text, ok := o.Value.(string); ok && o.Focused {
			return strings.TrimSpace(text)
		}
		if text := focused(o.Options); text != "" {
			return text
		}
	}
	return ""
}
