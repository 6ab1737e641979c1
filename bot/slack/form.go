package slack

import (
	"strings"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

// The names of views, and of what is filled in on them.
const (
	callbackForm = "bob_form"
	callbackPage = "bob_page"
	callbackHome = "bob_home"

	fieldPrefix = "bob_field_" // of the block's ID, before the field's key
	fieldAction = "bob_value"
)

// maxField is how long a field's key may be: the name of a block holds no longer one.
const maxField = 200

// modalView renders a page as a window.
func modalView(p bot.Page) slackapi.ModalViewRequest {
	blocks, _ := pageBlocks(p, surfaceModal)
	return slackapi.ModalViewRequest{
		Type:       slackapi.VTModal,
		Title:      plain(lineOr(p.Title, "Bob", maxViewTitle)),
		Close:      plain("Close"),
		CallbackID: callbackPage,
		Blocks:     slackapi.Blocks{BlockSet: blocks},
	}
}

// formView renders a form as a window. Its private metadata is the value of the form's
// button; fields without a key, or with one that another has, are left out.
func formView(f bot.Form) slackapi.ModalViewRequest {
	s := newSheet(surfaceModal)
	if title := line(f.Title, maxHeader); units(title) > maxViewTitle {
		s.add(slackapi.NewSectionBlock(plain(title), nil, nil))
	}
	seen := map[string]bool{}
	for i := range f.Fields {
		field := &f.Fields[i]
		if field.Key == "" || len(field.Key) > maxField || seen[field.Key] {
			continue
		}
		seen[field.Key] = true
		s.add(inputBlock(field))
	}
	if len(s.blocks) == 0 {
		s.add(slackapi.NewSectionBlock(plain("There is nothing to fill in."), nil, nil))
	}
	return slackapi.ModalViewRequest{
		Type:            slackapi.VTModal,
		Title:           plain(lineOr(f.Title, "Bob", maxViewTitle)),
		Submit:          plain(lineOr(f.Submit, "Send", maxViewTitle)),
		Close:           plain("Close"),
		CallbackID:      callbackForm,
		PrivateMetadata: f.Button.Value(),
		Blocks:          slackapi.Blocks{BlockSet: s.blocks},
	}
}

func inputBlock(f *bot.Field) slackapi.Block {
	var hint *slackapi.TextBlockObject
	if text := line(f.Hint, maxInputLabel); text != "" {
		hint = plain(text)
	}
	label := plain(lineOr(f.Label, f.Key, maxInputLabel))
	return slackapi.NewInputBlock(fieldPrefix+f.Key, label, hint, inputElement(f)).WithOptional(f.Optional)
}

func inputElement(f *bot.Field) slackapi.BlockElement {
	if f.Files {
		return slackapi.NewFileInputBlockElement(fieldAction).WithMaxFiles(maxInputFiles)
	}
	if options, chosen := optionsOf(f); len(options) > 0 {
		list := slackapi.NewOptionsSelectBlockElement(slackapi.OptTypeStatic, nil, fieldAction, options...)
		list.InitialOption = chosen
		return list
	}
	text := slackapi.NewPlainTextInputBlockElement(nil, fieldAction)
	text.Multiline = f.Long
	text.MaxLength = maxInputText
	if f.Max > 0 {
		text.MaxLength = min(f.Max, maxInputText)
	}
	text.InitialValue = cut(bot.Clean(f.Value), text.MaxLength)
	if !f.Long {
		text.InitialValue = line(f.Value, text.MaxLength)
	}
	return text
}

// optionsOf are the choices of a field that Slack can give back, and the one that is
// chosen before; nil if none is.
func optionsOf(f *bot.Field) (options []*slackapi.OptionBlockObject, chosen *slackapi.OptionBlockObject) {
	seen := map[string]bool{}
	for _, c := range f.Choices {
		if strings.TrimSpace(c.Value) == "" || units(c.Value) > maxOptionValue || seen[c.Value] || len(options) == maxOptions {
			continue
		}
		seen[c.Value] = true
		option := slackapi.NewOptionBlockObject(c.Value, plain(lineOr(c.Label, lineOr(c.Value, noText, maxOptionText), maxOptionText)), nil)
		if options = append(options, option); c.Value == f.Value {
			chosen = option
		}
	}
	return options, chosen
}

// formFields reads what was filled in, by the keys of the form's fields: texts and
// choices as they are, files as fileIDs reads them. Fields that are empty are there. A
// nil state has no fields.
func formFields(state *slackapi.ViewState) map[string]string {
	fields := map[string]string{}
	if state == nil {
		return fields
	}
	for block, actions := range state.Values {
		key, ours := strings.CutPrefix(block, fieldPrefix)
		action, filled := actions[fieldAction]
		if !ours || !filled {
			continue
		}
		switch {
		case len(action.Files) > 0:
			var ids []string
			for _, f := range action.Files[:min(len(action.Files), maxInputFiles)] {
				ids = append(ids, f.ID)
			}
			fields[key] = strings.Join(ids, " ")
		case action.SelectedOption.Value != "":
			fields[key] = action.SelectedOption.Value
		default:
			fields[key] = action.Value
		}
	}
	return fields
}

// fileIDs are the IDs of the files in a field.
func fileIDs(value string) []string { return strings.Fields(value) }
