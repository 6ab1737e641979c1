package discord

import (
	"strings"

	discordapi "github.com/bwmarrin/discordgo"

	"github.com/askbob/bob/bot"
)

// modal is a form as Discord shows it.
type modal struct {
	CustomID   string       `json:"custom_id"`
	Title      string       `json:"title"`
	Components []modalField `json:"components"`
}

// modalField is one field, with its label.
type modalField struct {
	Type        int    `json:"type"`
	Label       string `json:"label"`
	Description string `json:"description,omitempty"`
	Component   any    `json:"component"`
}

type modalText struct {
	Type     int    `json:"type"`
	CustomID string `json:"custom_id"`
	Style    int    `json:"style"`
	Value    string `json:"value,omitempty"`
	Required bool   `json:"required"`
	Max      int    `json:"max_length,omitempty"`
}

type modalSelect struct {
	Type     int           `json:"type"`
	CustomID string        `json:"custom_id"`
	Options  []modalOption `json:"options"`
	Required bool          `json:"required"`
}

type modalOption struct {
	Label   string `json:"label"`
	Value   string `json:"value"`
	Default bool   `json:"default"`
}

// The types of components in forms.
const (
	componentSelect = 3
	componentText   = 4
	componentLabel  = 18
)

// formModal renders a form. Discord takes five fields: those that may be left empty
// are left out first. Files are not taken: whoever has some writes a message with them.
func formModal(f *bot.Form) modal {
	m := modal{CustomID: cut(f.Button.Value(), maxCustomID), Title: cut(oneLine(f.Title), maxModalTitle)}
	if m.Title == "" {
		m.Title = "Bob"
	}
	room := maxModalFields
	for i := range f.Fields {
		if !f.Fields[i].Optional && !f.Fields[i].Files {
			room--
		}
	}
	for i := range f.Fields {
		field := &f.Fields[i]
		if field.Files || field.Key == "" || len(m.Components) == maxModalFields {
			continue
		}
		if field.Optional {
			if room <= 0 {
				continue
			}
			room--
		}
		m.Components = append(m.Components, formField(field))
	}
	return m
}

func formField(f *bot.Field) modalField {
	label := cut(oneLine(f.Label), maxFieldLabel)
	if label == "" {
		label = cut(f.Key, maxFieldLabel)
	}
	out := modalField{Type: componentLabel, Label: label, Description: cut(oneLine(f.Hint), maxFieldHint)}
	key := cut(f.Key, maxCustomID)
	if len(f.Choices) > 0 {
		out.Component = modalSelect{Type: componentSelect, CustomID: key, Required: !f.Optional, Options: formOptions(f)}
		return out
	}
	limit := maxFieldText
	if f.Max > 0 {
		limit = min(limit, f.Max)
	}
	style := 1
	if f.Long {
		style = 2
	}
	out.Component = modalText{
		Type: componentText, CustomID: key, Style: style, Value: cut(bot.Clean(f.Value), limit), Required: !f.Optional, Max: limit,
	}
	return out
}

func formOptions(f *bot.Field) []modalOption {
	var out []modalOption
	for _, c := range f.Choices[:min(len(f.Choices), maxOptions)] {
		label := cut(oneLine(c.Label), maxOptionText)
		if label == "" {
			label = cut(c.Value, maxOptionText)
		}
		if c.Value == "" || units(c.Value) > maxOptionText {
			continue // nothing may be chosen by leaving the field empty
		}
		out = append(out, modalOption{Label: label, Value: c.Value, Default: c.Value == f.Value})
	}
	return out
}

// formFields is what was filled in.
func formFields(list []discordapi.MessageComponent) map[string]string {
	out := map[string]string{}
	for _, c := range list {
		switch c := c.(type) {
		case *discordapi.Label:
			fieldValue(out, c.Component)
		case *discordapi.ActionsRow:
			for _, below := range c.Components {
				fieldValue(out, below)
			}
		}
	}
	return out
}

func fieldValue(out map[string]string, c discordapi.MessageComponent) {
	switch c := c.(type) {
	case *discordapi.TextInput:
		out[c.CustomID] = c.Value
	case *discordapi.SelectMenu:
		out[c.CustomID] = strings.Join(c.Values, ",")
	}
}
