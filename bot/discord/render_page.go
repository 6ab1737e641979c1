package discord

import (
	"fmt"
	"strings"

	discordapi "github.com/bwmarrin/discordgo"

	"github.com/askbob/bob/bot"
)

const (
	maxPageTitle = 200
	maxPageLine  = 400
	maxPageText  = 3_900 // of the description
	// pageNote stands below a page that does not fit.
	pageNote = "-# There is more than Discord shows here."
	// indentCell stands for a level of a tree: Discord drops spaces at the start of
	// lines.
	indentCell = "\u2003"
)

// pageMessage is a page as one embed, with the buttons of all its parts below. A
// button says by a number which part it is for, if several have some.
func pageMessage(p *bot.Page) message {
	m := newMessage()
	numbered := withButtons(p.Parts) > 1
	s := sheet{left: maxPageText - units(pageNote) - 2}
	whole, number := true, 0
	var buttons []bot.Button
	for i := range p.Parts {
		part := &p.Parts[i]
		prefix := ""
		if numbered && len(part.Buttons) > 0 {
			number++
			prefix = fmt.Sprintf("%d · ", number)
		}
		whole = whole && s.part(part, prefix)
		if !whole && numbered {
			break // nobody would know what they are for
		}
		for _, b := range part.Buttons {
			b.Label = prefix + b.Label
			buttons = append(buttons, b)
		}
	}
	if !whole {
		s.left += units(pageNote) + 2
		s.add(pageNote)
	}
	if s.text == "" {
		s.text = "There is nothing to show."
	}
	title := escape(cut(oneLine(p.Title), maxPageTitle/2))
	m.Embeds = append(m.Embeds, &discordapi.MessageEmbed{Title: title, Description: s.text, Color: color("")})
	m.Components = pageRows(buttons, p.Pager)
	return m
}

func withButtons(parts []bot.Part) int {
	n := 0
	for i := range parts {
		if len(parts[i].Buttons) > 0 {
			n++
		}
	}
	return n
}

// pageRows puts the pager into the last row, so that it is there however many buttons
// there are.
func pageRows(buttons, pager []bot.Button) []discordapi.MessageComponent {
	last := rows(pager)
	if len(last) > 1 {
		last = last[:1]
	}
	seen := map[string]bool{}
	for _, row := range last {
		for _, c := range row.(discordapi.ActionsRow).Components {
			seen[c.(discordapi.Button).CustomID] = true
		}
	}
	var others []bot.Button
	for _, b := range buttons {
		if !seen[customID(b)] {
			others = append(others, b)
		}
	}
	first := rows(others)
	return append(first[:min(len(first), maxRows-len(last))], last...)
}

// part writes a part of a page. It reports whether all of it fits; what does is there.
func (s *sheet) part(p *bot.Part, prefix string) bool {
	if s.text != "" && !s.add("\u200b") { // Discord folds empty lines
		return false
	}
	if p.Head != "" && !s.add("**"+escape(prefix)+line(p.Head, maxPageLine)+"**") {
		return false
	}
	for i, text := range p.Lines {
		depth := 0
		if i < len(p.Indent) {
			depth = max(0, min(p.Indent[i], 12))
		}
		if !s.add(strings.Repeat(indentCell, depth) + line(text, maxPageLine)) {
			return false
		}
	}
	return s.words(p.Markdown) && s.code(p.Code)
}

func (s *sheet) words(text string) bool {
	if strings.TrimSpace(text) == "" {
		return true
	}
	reader := readMarkdown(text)
	return s.add(reader.fill(s.left-1)) && reader.done()
}

func (s *sheet) code(text string) bool {
	if strings.TrimSpace(text) == "" {
		return true
	}
	block := bot.TextBlock{Kind: bot.TextCode, Code: bot.Clean(text)}
	shown, rest := fit(block, s.left-1, true)
	return s.add(shown) && rest == nil
}

// questionMessage asks whether a button is meant.
func questionMessage(b *bot.Button) message {
	orElse := func(text, other string) string {
		if text = cut(oneLine(text), maxLabel); text == "" {
			return other
		}
		return text
	}
	s := sheet{left: maxContent}
	s.add("**" + escape(orElse(b.Confirm.Title, "Are you sure?")) + "**")
	for text := range strings.Lines(b.Confirm.Text) {
		s.add(line(text, maxPageLine))
	}
	m := newMessage()
	m.Content = s.text
	m.Components = []discordapi.MessageComponent{discordapi.ActionsRow{Components: []discordapi.MessageComponent{
		discordapi.Button{CustomID: sure + b.Value(), Label: orElse(b.Confirm.Yes, "Yes"), Style: discordapi.DangerButton},
		discordapi.Button{CustomID: dropped, Label: orElse(b.Confirm.No, "No"), Style: discordapi.SecondaryButton},
	}}}
	return m
}

// replyMessage is what Bob says at once.
func replyMessage(r *bot.Reply) message {
	if r.Ask != nil && r.Ask.Confirm != nil {
		return questionMessage(r.Ask)
	}
	m := newMessage()
	if r.Page != nil {
		m = pageMessage(r.Page)
	}
	text := strings.TrimSpace(bot.Clean(r.Text))
	if r.Warning && text != "" {
		text = "⚠️ " + text
	}
	for n := maxContent; n > 0; n = n * 3 / 4 {
		if m.Content = escape(cut(text, n)); units(m.Content) <= maxContent {
			break
		}
	}
	if m.Content == "" && len(m.Embeds) == 0 {
		m.Content = "Done."
	}
	m.quiet()
	return m
}
