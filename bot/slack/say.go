package slack

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
)

// listener is who is told something, where he spoke.
type listener struct {
	t       *team
	channel string // empty: a modal or the Home tab
	thread  string // empty: not in a thread
	user    string
	url     string // where Slack takes a reply to a command or click; empty: nowhere
	trigger string // opens a modal, for a short while
}

// maxAck bounds what goes with an answer to Slack, in bytes: it drops 20 KB and more.
const maxAck = 16 << 10

// ephemeral is a reply as an answer to a command. It returns nil for a reply that says
// nothing, or that is a form.
func ephemeral(r bot.Reply) any {
	if r.Form != nil || (r.Text == "" && r.Page == nil) {
		return nil
	}
	kind := slackapi.ResponseTypeEphemeral
	if r.Public {
		kind = slackapi.ResponseTypeInChannel
	}
	blocks, text := replyBlocks(r)
	return object{"response_type": kind, "text": text, "blocks": blocks, "unfurl_links": false, "unfurl_media": false}
}

// small reports whether an answer is short enough for Slack.
func small(payload any) bool {
	data, err := json.Marshal(payload)
	return err == nil && len(data) <= maxAck
}

// say tells a person what Bob replies. What cannot be told is logged: the person sees
// no change and asks again.
func (s *Slack) say(ctx context.Context, to listener, r bot.Reply) {
	if r.Form != nil {
		s.openForm(ctx, to, *r.Form)
		return
	}
	if r.Text == "" && r.Page == nil {
		return
	}
	blocks, text := replyBlocks(r)
	opts := []slackapi.MsgOption{
		slackapi.MsgOptionBlocks(blocks...), slackapi.MsgOptionText(text, false),
		slackapi.MsgOptionDisableLinkUnfurl(), slackapi.MsgOptionDisableMediaUnfurl(),
	}
	err := s.sayIn(ctx, to, r.Public, opts)
	if err != nil && to.url != "" {
		err = s.sayTo(ctx, to.url, r.Public, opts)
	}
	if err != nil && to.user != "" {
		err = s.sayAlone(ctx, to, opts)
	}
	if err != nil {
		s.cfg.Log.Warn("slack reply not delivered", "team", to.t.id, "channel", to.channel, "error", err)
	}
}

// sayIn tells it in the channel: to the person alone, but in a direct message and when
// everybody may see it.
func (s *Slack) sayIn(ctx context.Context, to listener, public bool, opts []slackapi.MsgOption) error {
	if to.channel == "" {
		return errNoChannel
	}
	if to.url != "" && to.thread == "" { // of a command: it works in channels that Bob is not in
		return s.sayTo(ctx, to.url, public, opts)
	}
	if to.thread != "" {
		opts = append(opts, slackapi.MsgOptionTS(to.thread))
	}
	if public || strings.HasPrefix(to.channel, "D") {
		return s.call(ctx, to.t, mPost, to.channel, func(api *slackapi.Client) error {
			_, _, err := api.PostMessageContext(ctx, to.channel, opts...)
			return err
		})
	}
	return s.call(ctx, to.t, mEphemeral, "", func(api *slackapi.Client) error {
		_, err := api.PostEphemeralContext(ctx, to.channel, to.user, opts...)
		return err
	})
}

// sayTo tells it by the address that Slack gave with a command or click.
func (s *Slack) sayTo(ctx context.Context, address string, public bool, opts []slackapi.MsgOption) error {
	if !s.isSlack(address) {
		return errNotSlack
	}
	kind := slackapi.ResponseTypeEphemeral
	if public {
		kind = slackapi.ResponseTypeInChannel
	}
	_, _, err := s.client("").PostMessageContext(ctx, "", append(opts, slackapi.MsgOptionResponseURL(address, kind))...)
	return err
}

// sayAlone tells it in a direct message.
func (s *Slack) sayAlone(ctx context.Context, to listener, opts []slackapi.MsgOption) error {
	at, err := s.Direct(ctx, to.t.id, to.user)
	if err != nil {
		return err
	}
	return s.call(ctx, to.t, mPost, at.Channel, func(api *slackapi.Client) error {
		_, _, err := api.PostMessageContext(ctx, at.Channel, append(opts, slackapi.MsgOptionTS(""))...)
		return err
	})
}

// isSlack reports whether an address is Slack's, or of the server that stands for it.
func (s *Slack) isSlack(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	base, err := url.Parse(s.cfg.APIURL)
	if err != nil {
		return false
	}
	if u.Scheme == base.Scheme && u.Host == base.Host {
		return true
	}
	host := u.Hostname()
	return u.Scheme == "https" && (strings.HasSuffix(host, ".slack.com") || strings.HasSuffix(host, ".slack-gov.com"))
}
