package discord

import (
	"slices"
	"strings"

	discordapi "github.com/bwmarrin/discordgo"

	"github.com/askbob/bob/bot"
)

// onlyRows changes a message's buttons, and leaves the rest of it as it is.
type onlyRows struct {
	Components []discordapi.MessageComponent `json:"components"`
}

// spentRows are the buttons of a message, those disabled that do nothing any more.
func spentRows(m *discordapi.Message, spent *bot.Spent) onlyRows {
	out := onlyRows{Components: []discordapi.MessageComponent{}}
	for _, row := range rowsOf(m) {
		var list []discordapi.MessageComponent
		for _, b := range row {
			own := discordapi.Button{CustomID: b.CustomID, Label: b.Label, Style: b.Style, Disabled: b.Disabled}
			if slices.Contains(spent.Values, valueOf(b)) {
				own.Disabled = true
			}
			list = append(list, own)
		}
		out.Components = append(out.Components, discordapi.ActionsRow{Components: list})
	}
	return out
}

// buttonsOf are the buttons of a message that can be pressed.
func buttonsOf(m *discordapi.Message) (list []bot.Button) {
	for _, row := range rowsOf(m) {
		for _, b := range row {
			if own, ok := bot.ParseValue(valueOf(b)); ok && !b.Disabled {
				list = append(list, own)
			}
		}
	}
	return list
}

func valueOf(b *discordapi.Button) string { return strings.TrimPrefix(b.CustomID, asks) }

// rowsOf are the rows of buttons of a message; nil: there is none.
func rowsOf(m *discordapi.Message) (out [][]*discordapi.Button) {
	if m == nil {
		return nil
	}
	for _, c := range m.Components {
		row, ok := c.(*discordapi.ActionsRow)
		if !ok {
			continue
		}
		var list []*discordapi.Button
		for _, c := range row.Components {
			if b, ok := c.(*discordapi.Button); ok {
				list = append(list, b)
			}
		}
		if list != nil {
			out = append(out, list)
		}
	}
	return out
}
