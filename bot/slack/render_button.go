package slack

import (
	"strconv"
	"strings"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

// The names of what is pressed begin so, and those of both thumbs are one.
const (
	actionPrefix   = "bob_"
	actionFeedback = actionPrefix + "feedback"
)

// parseButton reads what came back when a button was pressed. It reports whether it can
// be one of Bob's: what Slack sends was in other hands.
func parseButton(actionID, value string) (bot.Button, bool) {
	name, ours := strings.CutPrefix(actionID, actionPrefix)
	b, ok := bot.ParseValue(value)
	if !ours || !ok {
		return bot.Button{}, false
	}
	if actionID == actionFeedback {
		return b, b.Action == bot.ActGood || b.Action == bot.ActBad
	}
	if begin, number, found := strings.Cut(name, "_"); found {
		if _, err := strconv.Atoi(number); err != nil {
			return bot.Button{}, false
		}
		name = begin
	}
	return b, name == string(b.Action)
}

// buttonBlocks makes rows of buttons, and of two thumbs the small ones that Slack has
// for them. A button whose value no platform would give back is left out.
func (s *sheet) buttonBlocks(list []bot.Button) []slackapi.Block {
	var blocks []slackapi.Block
	var row []slackapi.BlockElement
	thumbs, list := s.thumbs(list)
	for _, b := range list {
		if _, ok := bot.ParseValue(b.Value()); !ok {
			continue
		}
		if row = append(row, s.button(b)); len(row) == maxActions {
			blocks, row = append(blocks, slackapi.NewActionBlock("", row...)), nil
		}
	}
	if len(row) > 0 {
		blocks = append(blocks, slackapi.NewActionBlock("", row...))
	}
	if thumbs != nil {
		blocks = append(blocks, thumbs)
	}
	return blocks
}

func (s *sheet) button(b bot.Button) *slackapi.ButtonBlockElement {
	text := lineOr(b.Label, string(b.Action), maxButtonText)
	button := slackapi.NewButtonBlockElement(s.actionID(b.Action), b.Value(), plain(text))
	switch b.Style {
	case bot.StylePrimary:
		button.Style = slackapi.StylePrimary
	case bot.StyleDanger:
		button.Style = slackapi.StyleDanger
	case bot.StylePlain:
	}
	if b.Confirm != nil {
		button.Confirm = confirm(*b.Confirm, button.Style)
	}
	return button
}

// actionID names a button: no two on a sheet have one name.
func (s *sheet) actionID(a bot.Action) string {
	s.ids[string(a)]++
	id := actionPrefix + string(a)
	if n := s.ids[string(a)]; n > 1 {
		id += "_" + strconv.Itoa(n)
	}
	return id
}

func confirm(c bot.Confirm, style slackapi.Style) *slackapi.ConfirmationBlockObject {
	return &slackapi.ConfirmationBlockObject{
		Title:   plain(lineOr(c.Title, "Are you sure?", maxConfirmTitle)),
		Text:    plain(lineOr(c.Text, "It will be done at once.", maxConfirmText)),
		Confirm: plain(lineOr(c.Yes, "Yes", maxConfirmLabel)),
		Deny:    plain(lineOr(c.No, "No", maxConfirmLabel)),
		Style:   style,
	}
}

// thumbs makes one element of the first good and the first bad button on a message, and
// returns the other buttons. It is nil unless there are both.
func (s *sheet) thumbs(list []bot.Button) (slackapi.Block, []bot.Button) {
	if s.surface != surfaceMessage || s.ids[actionFeedback] > 0 {
		return nil, list
	}
	var good, bad *slackapi.FeedbackButton
	var rest []bot.Button
	for _, b := range list {
		_, ok := bot.ParseValue(b.Value())
		text := plain(lineOr(b.Label, string(b.Action), maxButtonText))
		switch {
		case ok && b.Action == bot.ActGood && good == nil:
			good = slackapi.NewFeedbackButton(text, b.Value())
		case ok && b.Action == bot.ActBad && bad == nil:
			bad = slackapi.NewFeedbackButton(text, b.Value())
		default:
			rest = append(rest, b)
		}
	}
	if good == nil || bad == nil {
		return nil, list
	}
	s.ids[actionFeedback]++
	return slackapi.NewContextActionsBlock("", slackapi.NewFeedbackButtonsBlockElement(actionFeedback, good, bad)), rest
}
