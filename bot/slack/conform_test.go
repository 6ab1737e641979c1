package slack_test

import (
	"cmp"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/bottest"
	"github.com/askbob/bob/bot/slack"
	"github.com/askbob/bob/bot/slack/slackfake"
	"github.com/askbob/bob/jobs"
)

// peer is Slack as the suite sees it.
type peer struct{ fake *slackfake.Server }

func (p *peer) Room() jobs.Place { return slackPlace("C1", "") }

func (p *peer) Person() string { return "U1" }

func (p *peer) Closed() jobs.Place {
	p.fake.Private("C9", p.Person())
	return slackPlace("C9", "")
}

func (p *peer) Shown(room jobs.Place) (list []bottest.Shown) {
	for _, m := range p.fake.Messages(room.Workspace, room.Channel) {
		s := bottest.Shown{Message: m.TS, Thread: cmp.Or(m.Thread, m.TS), Text: m.Words(), Pings: m.Pings(), Labels: m.Labels()}
		for _, f := range m.Files {
			s.Files = append(s.Files, bot.FileContent{Name: f.Name, Data: f.Data})
		}
		list = append(list, s)
	}
	return list
}

func (p *peer) Break(b bottest.Break) {
	p.fake.Fail(slackfake.Posts, map[bottest.Break]slackfake.Fault{
		bottest.BreakLost:    {Lose: true},
		bottest.BreakLater:   {Status: 429, RetryAfter: int(bottest.LaterAfter.Seconds())},
		bottest.BreakGone:    {Error: "channel_not_found"},
		bottest.BreakRefused: {Error: "msg_blocks_too_long"},
		bottest.BreakRevoked: {Error: "account_inactive"},
	}[b])
}

func TestSlack_conforms(t *testing.T) {
	t.Parallel()
	bottest.Conform(t, func(t *testing.T) (bot.FrontEnd, bottest.Peer) {
		t.Helper()
		now := newClock()
		s := newStage(t, slack.ModeSocket, setup{idle: true, bob: func(c *slack.Config) {
			c.Now = func() time.Time { // time flies: what Slack refused for a while is free again
				now.add(10 * time.Second)
				return now.Now()
			}
		}})
		return s.slack, &peer{fake: s.fake}
	})
}
