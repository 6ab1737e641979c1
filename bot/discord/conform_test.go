package discord_test

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/bottest"
	"github.com/askbob/bob/bot/discord/discordfake"
	"github.com/askbob/bob/jobs"
)

func TestFrontEnd_conforms(t *testing.T) {
	t.Parallel()
	bottest.Conform(t, func(t *testing.T) (bot.FrontEnd, bottest.Peer) {
		t.Helper()
		s := newFake(t)
		t.Cleanup(func() { conforms(t, s) })
		return newFront(t, s, nil), newPeer(s)
	})
}

// peer shows the fake as people see it.
type peer struct {
	s    *discordfake.Server
	room jobs.Place
}

func newPeer(s *discordfake.Server) *peer {
	guild := s.AddGuild("600")
	channel := s.AddChannel(guild, "", discordfake.TextChannel)
	return &peer{s: s, room: jobs.Place{Surface: "discord", Workspace: guild, Channel: channel}}
}

func (p *peer) Room() jobs.Place { return p.room }
func (p *peer) Person() string   { return "700" }

func (p *peer) Closed() jobs.Place {
	room := p.room
	room.Channel = p.s.AddChannel(room.Workspace, "", discordfake.TextChannel)
	p.s.Hide(room.Channel, p.Person())
	for _, id := range []string{p.Person(), "799"} {
		p.s.Member(room.Workspace, id)
	}
	return room
}

func (p *peer) Shown(room jobs.Place) (list []bottest.Shown) {
	for _, m := range p.s.Messages(room.Channel) {
		thread := ""
		if ref, ok := m.Body["message_reference"].(map[string]any); ok {
			thread = fmt.Sprint(ref["message_id"])
		}
		if _, ok := p.s.Channel(m.ID); ok {
			thread = m.ID
		}
		list = append(list, shown(m, thread))
	}
	for _, c := range p.s.Threads(room.Channel) {
		for _, m := range p.s.Messages(c) {
			list = append(list, shown(m, c))
		}
	}
	slices.SortFunc(list, func(a, b bottest.Shown) int { return cmp.Compare(a.Message, b.Message) })
	return list
}

func shown(m discordfake.Message, thread string) bottest.Shown {
	out := bottest.Shown{Message: m.ID, Thread: thread, Text: readable(m.Body), Pings: pinged(m.Body)}
	rows, _ := m.Body["components"].([]any)
	for _, row := range rows {
		for _, b := range row.(map[string]any)["components"].([]any) {
			out.Labels = append(out.Labels, b.(map[string]any)["label"].(string))
		}
	}
	for _, f := range m.Files {
		out.Files = append(out.Files, bot.FileContent{Name: f.Name, Data: f.Data})
	}
	return out
}

var escaped = regexp.MustCompile(`\\([^0-9A-Za-z\s])`)

// readable is all that is to read, without Discord's escapes.
func readable(body map[string]any) string {
	var parts []string
	content, _ := body["content"].(string)
	parts = append(parts, content)
	embeds, _ := body["embeds"].([]any)
	for _, e := range embeds {
		e := e.(map[string]any)
		for _, key := range []string{"title", "description"} {
			text, _ := e[key].(string)
			parts = append(parts, text)
		}
		if f, ok := e["footer"].(map[string]any); ok {
			parts = append(parts, f["text"].(string))
		}
	}
	return escaped.ReplaceAllString(strings.Join(parts, "\n"), "$1")
}

var mention = regexp.MustCompile(`<@!?(\d+)>|<@&\d+>|@everyone|@here`)

// pinged is whom a message pings: Discord looks at the bare text, and at what may be
// pinged.
func pinged(body map[string]any) []string {
	allowed, ok := body["allowed_mentions"].(map[string]any)
	if !ok {
		return []string{"everyone"} // nothing is forbidden
	}
	if parse, _ := allowed["parse"].([]any); len(parse) > 0 {
		return []string{"everyone"}
	}
	content, _ := body["content"].(string)
	var out []string
	users, _ := allowed["users"].([]any)
	for _, m := range mention.FindAllStringSubmatch(content, -1) {
		if m[1] != "" && slices.Contains(users, any(m[1])) && !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

func (p *peer) Break(b bottest.Break) {
	switch b {
	case bottest.BreakLost:
		p.s.Fail(discordfake.Fault{Path: "/channels/", Lost: true})
	case bottest.BreakLater:
		p.s.Fail(discordfake.Fault{Path: "/channels/", Status: http.StatusTooManyRequests, Retry: bottest.LaterAfter})
	case bottest.BreakGone:
		p.s.Fail(discordfake.Fault{Path: "/channels/", Status: http.StatusNotFound, Code: 10003})
	case bottest.BreakRefused:
		p.s.Fail(discordfake.Fault{Path: "/channels/", Status: http.StatusBadRequest, Code: 50035})
	case bottest.BreakRevoked:
		p.s.Fail(discordfake.Fault{Path: "/channels/", Status: http.StatusForbidden, Code: 50001})
		p.s.Fail(discordfake.Fault{Path: "/guilds/", Status: http.StatusNotFound, Code: 10004})
	}
}
