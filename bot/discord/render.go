package discord

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	discordapi "github.com/bwmarrin/discordgo"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// message is what Discord is sent. The lists are never null: an edit would leave what
// was there before.
type message struct {
	Content    string                        `json:"content"`
	Embeds     []*discordapi.MessageEmbed    `json:"embeds"`
	Components []discordapi.MessageComponent `json:"components"`
	Mentions   mentions                      `json:"allowed_mentions"`
	Flags      discordapi.MessageFlags       `json:"flags,omitempty"`
	Nonce      string                        `json:"nonce,omitempty"`
	Enforce    bool                          `json:"enforce_nonce,omitempty"`
	Reference  *reference                    `json:"message_reference,omitempty"`
	Files      []fileWords                   `json:"attachments,omitempty"`
}

// fileWords says what a file is to those who do not see it.
type fileWords struct {
	ID          string `json:"id"` // its number in the request
	Description string `json:"description"`
}

// mentions says whom a message may ping. Its zero value pings nobody.
type mentions struct {
	Parse []string `json:"parse"`
	Users []string `json:"users,omitempty"`
	Reply bool     `json:"replied_user"`
}

// reference makes a message an answer to another.
type reference struct {
	Message string `json:"message_id"`
	Strict  bool   `json:"fail_if_not_exists"`
}

func newMessage() message {
	return message{
		Embeds: []*discordapi.MessageEmbed{}, Components: []discordapi.MessageComponent{}, Mentions: mentions{Parse: []string{}},
	}
}

// The bounds of a card: more is not read by anybody.
const (
	maxCardTitle = 120
	maxCardLine  = 240
	maxCardFacts = 8
	maxCardWaits = 5
	maxCardSteps = 20
	maxCardHints = 3
	maxCardText  = 3_500 // of the description
	barCells     = 20
)

// cardMessage is a card as one embed. The message's own text says how the job stands,
// for notifications and those who see no embeds. Ref marks the message; empty: not.
func cardMessage(c *bot.Card, ref string) message {
	m := newMessage()
	state := line(c.State, maxCardTitle)
	if state == "" {
		state = line(string(c.Status), maxCardTitle)
	}
	m.Content = "**" + state + "**"
	title := line(c.Title, maxCardTitle)
	if title == "" {
		title = "Untitled job"
	}
	m.Content += " · " + title
	m.Embeds = append(m.Embeds, &discordapi.MessageEmbed{
		Description: cardText(c), Color: color(c.Status),
		Footer: &discordapi.MessageEmbedFooter{Text: footer(c.Job, ref)},
	})
	m.Components = rows(c.Buttons)
	return m
}

// footer names a card's job, and marks the message.
func footer(job jobs.JobID, ref string) string {
	text := "Job " + cut(oneLine(string(job)), maxCardTitle)
	if ref != "" {
		text += " · " + refWord + ref
	}
	return text
}

// cardText is what stands below the title.
func cardText(c *bot.Card) string {
	s := sheet{left: maxCardText}
	if c.Percent >= 0 {
		s.add(bar(c.Percent))
	}
	var facts []string
	for _, f := range c.Facts[:min(len(c.Facts), maxCardFacts)] {
		facts = append(facts, line(f, maxCardLine/2))
	}
	if !c.At.IsZero() {
		facts = append(facts, fmt.Sprintf("as of <t:%d:R>", c.At.Unix())) // each client counts on by itself
	}
	s.add(strings.Join(facts, " · "))
	if c.Activity != "" {
		s.add("Now: " + line(c.Activity, maxCardLine))
	}
	for _, w := range c.Waits[:min(len(c.Waits), maxCardWaits)] {
		s.add("> " + line(w, maxCardLine))
	}
	hints := sheet{left: maxCardText / 4}
	for _, h := range c.Hints[:min(len(c.Hints), maxCardHints)] {
		hints.add(subtext + line(h, maxCardLine))
	}
	s.left -= hints.used() + 40
	shown := 0
	for i := range c.Steps[:min(len(c.Steps), maxCardSteps)] {
		if !s.add(stepLine(&c.Steps[i])) {
			break
		}
		shown++
	}
	s.left += hints.used() + 40
	if more := len(c.Steps) - shown + max(0, c.More); more > 0 {
		s.add(fmt.Sprintf("… %d more", more))
	}
	s.add(hints.text)
	return s.text
}

func stepLine(r *bot.CardRow) string {
	text := line(r.State, maxCardLine/4) + " **" + line(r.Path, maxCardLine/4) + "** " + line(r.Title, maxCardLine/2)
	if r.Detail != "" {
		text += " · " + line(r.Detail, maxCardLine/2)
	}
	return text
}

func bar(percent int) string {
	percent = max(0, min(percent, 100))
	full := percent * barCells / 100
	return strings.Repeat("█", full) + strings.Repeat("░", barCells-full) + fmt.Sprintf("  %d%%", percent)
}

// sheet is lines within bounds.
type sheet struct {
	text string
	left int
}

// add puts a line below the others, unless it is empty. It reports whether it fits.
func (s *sheet) add(text string) bool {
	if text == "" {
		return true
	}
	n := units(text) + 1
	if n > s.left {
		return false
	}
	if s.text != "" {
		s.text += "\n"
	}
	s.text += text
	s.left -= n
	return true
}

func (s *sheet) used() int { return units(s.text) + 1 }

// color stands beside the words of a state, never alone.
func color(s jobs.Status) int {
	switch s {
	case jobs.StatusCompleted:
		return 0x2e7d32
	case jobs.StatusPartial, jobs.StatusWaitingForInput, jobs.StatusAwaitingApproval:
		return 0xf9a825
	case jobs.StatusFailed:
		return 0xc62828
	case jobs.StatusCancelled, jobs.StatusSkipped, jobs.StatusPaused:
		return 0x757575
	default:
		return 0x1565c0
	}
}

// subtext makes a line a small one.
const subtext = "-# "

// refWord stands before the mark of a message.
const refWord = "ref "

// refOf marks the message of a post, so that it is found again: Discord forgets
// nonces within minutes.
func refOf(key string) string {
	sum := sha256.Sum256([]byte("mark:" + key))
	return hex.EncodeToString(sum[:6])
}

// nonceOf names a post to Discord, which puts up one message of a name.
func nonceOf(key string) string {
	sum := sha256.Sum256([]byte("nonce:" + key))
	return base32.StdEncoding.EncodeToString(sum[:])[:maxNonce]
}

// cutNote is said where a text does not fit. The whole one is never lost.
const cutNote = "-# This is the beginning. The whole text is in the results."

// postMessage is a post as a message, without its files.
func postMessage(p *bot.Post) message {
	ref := refOf(p.Key)
	if p.Card != nil {
		m := cardMessage(p.Card, ref)
		m.ping(p.Mention)
		return m
	}
	m := newMessage()
	if p.Text != "" || len(p.Files) == 0 {
		m = textMessage(p.Text, refWord+ref, p.Mention)
	}
	for i := range p.Files {
		m.Files = append(m.Files, fileWords{ID: strconv.Itoa(i), Description: fileName(p.Files[i].Name)})
	}
	if p.Text == "" && len(p.Files) > 0 {
		m.Files[0].Description += " · " + refWord + ref // nothing else says which message it is
	}
	m.Components = rows(p.Buttons)
	m.ping(p.Mention)
	return m
}

// textMessage puts Markdown into a message's own text, and what does not fit there
// into an embed. The mark stands below all of it, unless it is empty.
func textMessage(text, mark, mention string) message {
	m := newMessage()
	reader := readMarkdown(text)
	lead := ""
	if snowflake(mention) {
		lead = "<@" + mention + ">" + reader.glue()
	}
	last := ""
	if mark != "" {
		last = subtext + mark
	}
	content := reader.fill(maxContent - units(lead) - units(last) - 2)
	m.Content = strings.TrimSpace(lead + content)
	if !reader.done() {
		rest := reader.fill(maxDescription - units(cutNote) - 2)
		if !reader.done() {
			rest = strings.TrimSpace(rest + "\n" + cutNote)
		}
		below := &discordapi.MessageEmbed{Description: rest}
		if mark != "" {
			below.Footer, last = &discordapi.MessageEmbedFooter{Text: mark}, ""
		}
		m.Embeds = append(m.Embeds, below)
	}
	if last != "" {
		m.Content = strings.TrimSpace(m.Content + "\n" + last)
	}
	m.ping(mention)
	m.quiet()
	return m
}

// ping lets a message ping one person.
func (m *message) ping(user string) {
	if snowflake(user) {
		m.Mentions.Users = []string{user}
	}
}

// quiet turns previews of links off. Discord would hide embeds of our own with them.
func (m *message) quiet() {
	if len(m.Embeds) == 0 {
		m.Flags |= discordapi.MessageFlagsSuppressEmbeds
	}
}

// snowflake reports whether a text is an ID of Discord's.
func snowflake(id string) bool {
	return id != "" && len(id) <= 20 && strings.Trim(id, "0123456789") == ""
}

// wordy is a post whose files that cannot be sent are words.
func wordy(p bot.Post) bot.Post {
	var files []bot.FileContent
	for i := range p.Files {
		if sendable(&p.Files[i]) {
			files = append(files, p.Files[i])
			continue
		}
		p.Text = strings.TrimSpace(p.Text + "\n\n" + fileNote(&p.Files[i]))
	}
	p.Files = files
	return p
}

// withoutLargest is a post whose largest file is words.
func withoutLargest(p bot.Post) bot.Post {
	largest := 0
	for i := range p.Files {
		if len(p.Files[i].Data) > len(p.Files[largest].Data) {
			largest = i
		}
	}
	p.Text = strings.TrimSpace(p.Text + "\n\n" + fileNote(&p.Files[largest]))
	p.Files = slices.Delete(slices.Clone(p.Files), largest, largest+1)
	return p
}

// withoutFiles is a post whose files are words, where Bob may send none.
func withoutFiles(p bot.Post) bot.Post {
	names := make([]string, len(p.Files))
	for i := range p.Files {
		names[i] = shownName(&p.Files[i])
	}
	p.Text = strings.TrimSpace(p.Text + "\n\nBob may not attach files here: give him the permission \"Attach Files\". Kept with the job: " +
		strings.Join(names, ", ") + ".")
	p.Files = nil
	return p
}

// sendable reports whether Discord takes a file.
func sendable(f *bot.FileContent) bool { return len(f.Data) > 0 && len(f.Data) <= maxFileBytes }

// shownName is a file's name as Discord shows it in a text.
func shownName(f *bot.FileContent) string {
	return "`" + strings.ReplaceAll(fileName(f.Name), "`", "'") + "`"
}

// fileNote says that a file cannot be sent.
func fileNote(f *bot.FileContent) string {
	name := shownName(f)
	if len(f.Data) == 0 {
		return name + " is empty, so there is nothing to send."
	}
	if sendable(f) {
		return name + " is more than Discord takes on this server. It is kept with the job."
	}
	return fmt.Sprintf("%s has %d MiB, and Discord takes at most %d. It is kept with the job.", name, len(f.Data)>>20, maxFileBytes>>20)
}
