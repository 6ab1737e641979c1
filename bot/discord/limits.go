package discord

import (
	"errors"
	"fmt"
	"unicode/utf16"

	discordapi "github.com/bwmarrin/discordgo"

	"github.com/askbob/bob/bot"
)

// What Discord takes, by its documentation of 2026-08. Characters are counted as
// UTF-16 does, which is never less than Discord's own count.
const (
	maxContent     = 2_000
	maxDescription = 4_096
	maxEmbeds      = 10
	maxEmbedTotal  = 6_000
	maxFooter      = 2_048
	maxRows        = 5
	maxRowButtons  = 5
	maxCustomID    = 100
	maxLabel       = 80
	maxNonce       = 25
	maxThreadName  = 100
	maxModalTitle  = 45
	maxModalFields = 5
	maxFieldLabel  = 45
	maxFieldHint   = 100
	maxFieldText   = 4_000
	maxOptions     = 25 // of a select, and of autocompletion
	maxOptionText  = 100
	maxFileBytes   = 10 << 20
)

// units counts a text's characters as UTF-16 does.
func units(text string) int {
	n := 0
	for _, r := range text {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// cut shortens a text to at most n units, with an ellipsis.
func cut(text string, n int) string { return bot.Cut(text, n, units) }

// check holds a message to the limits above. What is rendered here always passes;
// Discord would refuse the whole message otherwise.
func (m *message) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if n := units(m.Content); n > maxContent {
		bad("content: %d characters", n)
	}
	if len(m.Embeds) > maxEmbeds {
		bad("%d embeds", len(m.Embeds))
	}
	total := 0
	for _, e := range m.Embeds {
		if n := units(e.Description); n > maxDescription {
			bad("description: %d characters", n)
		}
		total += units(e.Title) + units(e.Description)
		if e.Footer != nil {
			if n := units(e.Footer.Text); n > maxFooter {
				bad("footer: %d characters", n)
			}
			total += units(e.Footer.Text)
		}
	}
	if total > maxEmbedTotal {
		bad("embeds: %d characters", total)
	}
	if len(m.Nonce) > maxNonce {
		bad("nonce: %d characters", len(m.Nonce))
	}
	if len(m.Components) > maxRows {
		bad("%d rows", len(m.Components))
	}
	return errors.Join(append(errs, checkRows(m.Components)...)...)
}

func checkRows(rows []discordapi.MessageComponent) (errs []error) {
	seen := map[string]bool{}
	for _, c := range rows {
		row, ok := c.(discordapi.ActionsRow)
		if !ok || len(row.Components) == 0 || len(row.Components) > maxRowButtons {
			errs = append(errs, fmt.Errorf("a row of %d", len(row.Components)))
			continue
		}
		for _, c := range row.Components {
			b, ok := c.(discordapi.Button)
			switch {
			case !ok || b.CustomID == "" || units(b.CustomID) > maxCustomID || seen[b.CustomID]:
				errs = append(errs, fmt.Errorf("custom_id %q is missing, too long or there twice", b.CustomID))
			case b.Label == "" || units(b.Label) > maxLabel:
				errs = append(errs, fmt.Errorf("label %q", b.Label))
			}
			seen[b.CustomID] = true
		}
	}
	return errs
}

// rows puts buttons into rows, as many as Discord takes. Those that it would refuse
// are left out: the message around them matters more.
func rows(buttons []bot.Button) []discordapi.MessageComponent {
	seen := map[string]bool{}
	out := []discordapi.MessageComponent{}
	var row []discordapi.MessageComponent
	for _, b := range buttons {
		id, label := customID(b), cut(oneLine(b.Label), maxLabel)
		if b.Action == "" || units(id) > maxCustomID || seen[id] || label == "" || len(out) == maxRows {
			continue
		}
		seen[id] = true
		row = append(row, discordapi.Button{CustomID: id, Label: label, Style: style(b.Style)})
		if len(row) == maxRowButtons {
			out, row = append(out, discordapi.ActionsRow{Components: row}), nil
		}
	}
	if len(row) > 0 && len(out) < maxRows {
		out = append(out, discordapi.ActionsRow{Components: row})
	}
	return out
}

func style(s bot.Style) discordapi.ButtonStyle {
	switch s {
	case bot.StylePrimary:
		return discordapi.PrimaryButton
	case bot.StyleDanger:
		return discordapi.DangerButton
	case bot.StylePlain:
	}
	return discordapi.SecondaryButton
}

// asks stands before the value of a button that is to be confirmed: Discord asks
// nothing by itself. No action begins so.
const asks = "?"

// customID is what comes back when a button is pressed, also after a restart.
func customID(b bot.Button) string {
	if b.Confirm != nil {
		return asks + b.Value()
	}
	return b.Value()
}
