package discord

import (
	"context"
	"slices"
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

// modalFiles is a place to put files into.
type modalFiles struct {
	Type     int    `json:"type"`
	CustomID string `json:"custom_id"`
	Min      int    `json:"min_values"`
	Max      int    `json:"max_values"`
	Required bool   `json:"required"`
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
	componentFiles  = 19
)

// codeInvalidForm says that Discord does not take something in a request.
const codeInvalidForm = 50035

// howToAttach is said in place of a field for files, where forms have none.
const howToAttach = "To add files: /bob ask takes three, a message that mentions Bob takes ten."

// formModal renders a form. Discord takes five fields: those that may be left empty
// are left out first. Without files those are not asked for: the first long text says
// where they are taken.
func formModal(f *bot.Form, files bool) modal {
	m := modal{CustomID: cut(f.Button.Value(), maxCustomID), Title: cut(oneLine(f.Title), maxModalTitle)}
	if m.Title == "" {
		m.Title = "Bob"
	}
	room := maxModalFields
	for i := range f.Fields {
		if field := &f.Fields[i]; !field.Optional && (files || !field.Files) {
			room--
		}
	}
	elsewhere := !files && asksForFiles(f)
	for i := range f.Fields {
		field := f.Fields[i]
		if field.Files && !files || field.Key == "" || len(m.Components) == maxModalFields {
			continue
		}
		if field.Optional {
			if room <= 0 {
				continue
			}
			room--
		}
		if elsewhere && field.Long {
			field.Hint, elsewhere = howToAttach, false
		}
		m.Components = append(m.Components, formField(&field))
	}
	return m
}

func asksForFiles(f *bot.Form) bool {
	return slices.ContainsFunc(f.Fields, func(field bot.Field) bool { return field.Files })
}

func formField(f *bot.Field) modalField {
	label := cut(oneLine(f.Label), maxFieldLabel)
	if label == "" {
		label = cut(f.Key, maxFieldLabel)
	}
	out := modalField{Type: componentLabel, Label: label, Description: cut(oneLine(f.Hint), maxFieldHint)}
	key := cut(f.Key, maxCustomID)
	if f.Files {
		least := 1
		if f.Optional {
			least = 0
		}
		out.Component = modalFiles{Type: componentFiles, CustomID: key, Min: least, Max: maxFiles, Required: !f.Optional}
		return out
	}
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

// filled is what was put into a form: texts and choices by the keys of its fields, and
// files.
type filled struct {
	fields map[string]string
	files  []*discordapi.MessageAttachment
}

func readForm(data *discordapi.ModalSubmitInteractionData) filled {
	in := filled{fields: map[string]string{}}
	take := func(c discordapi.MessageComponent) {
		switch c := c.(type) {
		case *discordapi.TextInput:
			in.fields[c.CustomID] = c.Value
		case *discordapi.SelectMenu:
			in.fields[c.CustomID] = strings.Join(c.Values, ",")
		case *discordapi.FileUpload:
			for _, id := range c.Values {
				if a := data.Resolved.Attachments[id]; a != nil {
					in.files = append(in.files, a)
				}
			}
		}
	}
	for _, c := range data.Components {
		switch c := c.(type) {
		case *discordapi.Label:
			take(c.Component)
		case *discordapi.ActionsRow:
			for _, below := range c.Components {
				take(below)
			}
		}
	}
	return in
}

// openForm shows a form. Where Discord refuses its field for files, the form says how
// to send some.
func (f *FrontEnd) openForm(ctx context.Context, i *discordapi.Interaction, form *bot.Form) error {
	err := f.callback(ctx, i, callback{Type: sayForm, Data: formModal(form, true)})
	if codeOf(err) != codeInvalidForm || !asksForFiles(form) {
		return err
	}
	f.log.Warn("discord takes no files in forms", "err", err)
	return f.callback(ctx, i, callback{Type: sayForm, Data: formModal(form, false)})
}

// submitted takes a form that was filled in. That for a new job is a message with the
// files that were put into it.
func (l listener) submitted(ctx context.Context, i *discordapi.Interaction, b bot.Button, in filled) (bot.Reply, error) {
	if b.Action != bot.ActNew {
		return l.click(ctx, i, bot.Click{Button: b, Fields: in.fields})
	}
	where, _, err := l.stands(ctx, i)
	if err != nil {
		return bot.Reply{}, err
	}
	return l.handler.Hear(ctx, bot.Message{
		Keys: []string{keyOf(i)}, Place: where.Place, Reach: where.reach, User: userOf(i), Text: in.fields[bot.FieldRequest], Files: l.front.files(in.files),
		Way: bot.WayForm, Direct: i.GuildID == "",
		Draft: bot.Draft{Budget: in.fields[bot.FieldBudget], Priority: in.fields[bot.FieldPriority], Approval: in.fields[bot.FieldApproval]},
	})
}
