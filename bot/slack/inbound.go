package slack

import (
	"context"
	"errors"
	"fmt"
	"time"

	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// answer is what Slack gets back for what it sent, over whichever way it came.
type answer struct {
	again   bool                      // it was not taken: Slack is to send it once more, where it does that
	payload any                       // nil: none
	after   func(ctx context.Context) // once Slack has its answer; nil: nothing
}

// handleFor bounds the handling of one thing: longer than Slack waits, because what
// is late is still done.
const handleFor = 60 * time.Second

// event takes an event.
func (s *Slack) event(ctx context.Context, h bot.Handler, e slackevents.EventsAPIEvent) (a answer) {
	defer s.rescue(&a)
	outer, ok := e.Data.(*slackevents.EventsAPICallbackEvent)
	if !ok || e.Type != slackevents.CallbackEvent {
		return answer{}
	}
	in := incoming{id: outer.EventID, team: teamOf(outer)}
	if in.id == "" {
		s.cfg.Log.Warn("slack event without an id dropped", "type", e.InnerEvent.Type)
		return answer{}
	}
	switch ev := e.InnerEvent.Data.(type) {
	case *slackevents.AppUninstalledEvent:
		return s.left(ctx, in.team)
	case *slackevents.TokensRevokedEvent:
		if len(ev.Tokens.Bot) > 0 {
			return s.left(ctx, in.team)
		}
		return answer{}
	}
	t, err := s.teams.get(ctx, in.team)
	if err != nil {
		s.cfg.Log.Warn("slack event of an unknown workspace", "team", in.team, "error", err)
		return answer{again: !revoked(err)}
	}
	in.t = t
	// Slack may send an event again while it is being handled: both get one outcome.
	first := false
	out, _, _ := s.flights.Do(in.id, func() (any, error) {
		first = true
		return s.heard(ctx, h, in, e.InnerEvent.Data), nil
	})
	a, _ = out.(answer)
	if !first {
		a.after = nil // it is told once
	}
	return a
}

// incoming is what all events have.
type incoming struct {
	id   string
	team string
	t    *team
}

// teamOf is the workspace whose installation an event is for: in channels that
// workspaces share, it is not where the event happened.
func teamOf(e *slackevents.EventsAPICallbackEvent) string {
	for _, a := range e.Authorizations {
		if a.IsBot && a.TeamID != "" {
			return a.TeamID
		}
	}
	return e.TeamID
}

// heard handles one event of a workspace that Bob is in.
func (s *Slack) heard(ctx context.Context, h bot.Handler, in incoming, data any) (a answer) {
	defer s.rescue(&a)
	switch ev := data.(type) {
	case *slackevents.AppMentionEvent:
		return s.mention(ctx, h, in, ev)
	case *slackevents.MessageEvent:
		return s.message(ctx, h, in, ev)
	case *slackevents.AppHomeOpenedEvent:
		return s.homeOpened(in.t, ev)
	case *slackevents.AgentSessionStoppedEvent:
		at := place(in.t.id, ev.Channel, ev.ThreadTimestamp)
		a := s.stop(ctx, h, in, bot.Click{Place: at, User: bot.User{ID: ev.User}})
		s.session.forget(at, true) // Slack leaves it to Bob what comes of it
		return a
	case *slackevents.ReactionAddedEvent:
		return s.reaction(ctx, h, in, ev)
	}
	return answer{}
}

// rescue turns a panic into an answer, so that one odd event does not end the process.
func (s *Slack) rescue(a *answer) {
	if p := recover(); p != nil {
		s.cfg.Log.Error("slack handling panicked", "panic", fmt.Sprint(p))
		*a = answer{again: true}
	}
}

// left forgets a workspace.
func (s *Slack) left(ctx context.Context, id string) answer {
	if err := s.teams.drop(ctx, id); err != nil {
		s.cfg.Log.Error("slack installation not dropped", "team", id, "error", err)
		return answer{again: true}
	}
	s.cfg.Log.Info("slack workspace removed bob", "team", id)
	return answer{}
}

// mention takes a message in a channel that names Bob.
func (s *Slack) mention(ctx context.Context, h bot.Handler, in incoming, ev *slackevents.AppMentionEvent) answer {
	if ev.BotID != "" || ev.User == "" || ev.User == in.t.user || ev.Edited != nil {
		return answer{}
	}
	return s.hear(ctx, h, in, spoken{
		channel: ev.Channel, ts: ev.TimeStamp, thread: ev.ThreadTimeStamp, user: ev.User, text: ev.Text, files: ev.Files, way: bot.WayMention,
	})
}

// message takes a direct message, or a reply in a thread. A message that names Bob in
// a channel comes as a mention too.
func (s *Slack) message(ctx context.Context, h bot.Handler, in incoming, ev *slackevents.MessageEvent) answer {
	s.rooms.told(in.t, ev.Channel, ev.ChannelType)
	switch ev.SubType {
	case "", "file_share", "thread_broadcast":
	default: // edits, deletions, people who come and go
		return answer{}
	}
	if ev.BotID != "" || ev.User == "" || ev.User == in.t.user || ev.User == "USLACKBOT" {
		return answer{}
	}
	sp := spoken{channel: ev.Channel, ts: ev.TimeStamp, thread: ev.ThreadTimeStamp, user: ev.User, text: ev.Text, way: bot.WayDirect}
	if ev.Message != nil {
		if ev.Message.Edited != nil {
			return answer{}
		}
		sp.files = ev.Message.Files
	}
	if !ev.IsIM() {
		if sp.thread == "" || sp.thread == sp.ts || mentions(ev.Text, in.t.user) {
			return answer{}
		}
		sp.way = bot.WayReply
	}
	return s.hear(ctx, h, in, sp)
}

// spoken is a message as Slack tells of it.
type spoken struct {
	channel, ts, thread, user, text string
	files                           []slackapi.File
	way                             bot.Way
}

// hear hands a message over. Slack gets its answer when it is durable.
func (s *Slack) hear(ctx context.Context, h bot.Handler, in incoming, sp spoken) answer {
	thread := sp.thread
	if thread == "" {
		thread = sp.ts
	}
	m := bot.Message{
		Keys:  []string{eventKey(in.id), messageKey(in.t.id, sp.channel, sp.ts)},
		Place: place(in.t.id, sp.channel, thread), ID: sp.ts, Way: sp.way, Direct: direct(sp.channel), Reach: s.rooms.reach(ctx, in.t, sp.channel),
		User: s.people.user(ctx, in.t, sp.user, ""), Text: written(sp.text, in.t.user), Files: s.files(in.t, sp.files),
	}
	reply, err := h.Hear(ctx, m)
	to := listener{t: in.t, channel: sp.channel, thread: sp.thread, user: sp.user}
	if err == nil && begins(reply) {
		s.marks.begin(ctx, in.t.id, sp.channel, sp.ts, reply.Job)
	}
	return s.outcome(in, to, reply, err)
}

// begins reports whether a message made a job: its card says all of it.
func begins(r bot.Reply) bool { return r == bot.Reply{Job: r.Job} && r.Job != "" }

// outcome is the answer to an event, and tells the person what there is to tell. What
// failed is told once, however often Slack sends it.
func (s *Slack) outcome(in incoming, to listener, reply bot.Reply, err error) answer {
	if err == nil || errors.Is(err, jobs.ErrSeen) {
		return answer{after: func(ctx context.Context) { s.say(ctx, to, reply) }}
	}
	s.cfg.Log.Error("slack event failed", "event", in.id, "team", in.team, "error", err)
	if !s.told.add(in.id, "") {
		return answer{again: true}
	}
	sorry := bot.Reply{Text: jobs.UserMessage(err), Warning: true}
	return answer{again: true, after: func(ctx context.Context) { s.say(ctx, to, sorry) }}
}

// reaction takes a stop sign that somebody put on a message.
func (s *Slack) reaction(ctx context.Context, h bot.Handler, in incoming, ev *slackevents.ReactionAddedEvent) answer {
	if ev.Reaction != stopReaction || ev.User == in.t.user || ev.Item.Type != "message" {
		return answer{}
	}
	c := bot.Click{Place: place(in.t.id, ev.Item.Channel, ev.Item.Timestamp), User: bot.User{ID: ev.User}}
	if ev.ItemUser == in.t.user {
		c.At = ev.Item.Timestamp
		msg, err := s.single(ctx, in.t, ev.Item.Channel, ev.Item.Timestamp)
		if err != nil {
			s.cfg.Log.Warn("slack message of a reaction not read", "error", err)
			return answer{again: true}
		}
		if msg.ThreadTimestamp != "" {
			c.Place.Thread = msg.ThreadTimestamp
		}
		if job, ok := msg.Metadata.EventPayload[metaJob].(string); ok {
			c.Button.Job = jobs.JobID(job)
		}
	}
	return s.stop(ctx, h, in, c)
}

// stop gives a stop sign to the job of a place.
func (s *Slack) stop(ctx context.Context, h bot.Handler, in incoming, c bot.Click) answer {
	c.Keys = []string{eventKey(in.id)}
	c.Button.Action, c.Direct = bot.ActStop, direct(c.Place.Channel)
	user := c.User.ID
	c.User = s.people.user(ctx, in.t, user, "")
	reply, err := h.Click(ctx, c)
	return s.outcome(in, listener{t: in.t, channel: c.Place.Channel, thread: c.Place.Thread, user: user}, reply, err)
}

// command takes a slash command. Slack sends it once: whoever is not served must try
// again.
func (s *Slack) command(ctx context.Context, h bot.Handler, cmd slackapi.SlashCommand) (a answer) {
	sorry := answer{payload: ephemeral(bot.Reply{Text: jobs.UserMessage(errOops), Warning: true})}
	defer func() {
		if p := recover(); p != nil {
			s.cfg.Log.Error("slack handling panicked", "panic", fmt.Sprint(p))
			a = sorry
		}
	}()
	t, err := s.teams.get(ctx, cmd.TeamID)
	if err != nil {
		s.cfg.Log.Warn("slack command of an unknown workspace", "team", cmd.TeamID, "error", err)
		return answer{payload: ephemeral(bot.Reply{Text: "Bob is not installed in this workspace. An admin can install him again.", Warning: true})}
	}
	begun := s.cfg.Now()
	reply, err := h.Hear(ctx, bot.Message{
		Keys: []string{triggerKey(cmd.TriggerID)}, Place: place(t.id, cmd.ChannelID, ""), Way: bot.WayCommand,
		Direct: direct(cmd.ChannelID), Reach: s.rooms.reach(ctx, t, cmd.ChannelID),
		User: s.people.user(ctx, t, cmd.UserID, cmd.UserName), Text: written(cmd.Text, t.user),
	})
	if err != nil && !errors.Is(err, jobs.ErrSeen) {
		s.cfg.Log.Error("slack command failed", "team", t.id, "error", err)
		reply = bot.Reply{Text: jobs.UserMessage(err) + " Nothing was done: please try again.", Warning: true}
	}
	to := listener{t: t, channel: cmd.ChannelID, user: cmd.UserID, url: cmd.ResponseURL, trigger: cmd.TriggerID}
	late := s.cfg.Now().Sub(begun) > ackWithin // Slack gave up: it shows nothing of the answer
	if payload := ephemeral(reply); payload != nil && !late && small(payload) {
		return answer{payload: payload}
	}
	return answer{after: func(ctx context.Context) { s.say(ctx, to, reply) }}
}

// ackWithin is how long Slack waits for an answer.
const ackWithin = 3 * time.Second

// errOops is a fault that has no words for people.
var errOops = errors.New("panic")

// revoked reports whether a workspace threw Bob out.
func revoked(err error) bool {
	e, ok := errors.AsType[*bot.DeliveryError](err)
	return ok && e.Trouble == bot.TroubleRevoked
}

// eventKey names an event among all surfaces.
func eventKey(id string) string { return "slack:event:" + id }

// messageKey names a message: one message may come as two events.
func messageKey(team, channel, ts string) string {
	return "slack:message:" + team + ":" + channel + ":" + ts
}

// triggerKey names the use of a command, a button or a form.
func triggerKey(trigger string) string { return "slack:trigger:" + trigger }
