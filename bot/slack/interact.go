package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// interaction takes the use of a button, a form or a shortcut. Slack sends it once.
func (s *Slack) interaction(ctx context.Context, h bot.Handler, ic slackapi.InteractionCallback) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			s.cfg.Log.Error("slack handling panicked", "panic", fmt.Sprint(p))
			a = answer{}
		}
	}()
	id := ic.Team.ID
	if id == "" {
		id = ic.User.TeamID
	}
	t, err := s.teams.get(ctx, id)
	if err != nil {
		s.cfg.Log.Warn("slack interaction of an unknown workspace", "team", id, "error", err)
		return answer{}
	}
	switch ic.Type {
	case slackapi.InteractionTypeBlockActions:
		return s.press(ctx, h, t, ic)
	case slackapi.InteractionTypeViewSubmission:
		return s.submit(ctx, h, t, ic)
	case slackapi.InteractionTypeMessageAction:
		return s.handOver(ctx, h, t, ic)
	case slackapi.InteractionTypeShortcut:
		return s.newJob(ctx, h, t, ic)
	default: // of a view that was closed nothing is left to do
		return answer{}
	}
}

// origin is where a modal or form was opened: a view knows nothing of it. It travels
// in the view's private metadata, which comes back from Slack and from nobody else.
type origin struct {
	Button  string `json:"b,omitempty"` // of a form
	Channel string `json:"c,omitempty"`
	Thread  string `json:"t,omitempty"`
	Message string `json:"m,omitempty"`
}

// text is the origin as a view carries it.
func (o origin) text() string {
	data, _ := json.Marshal(o) //nolint:errchkjson // strings alone
	return string(data)
}

// originOf is where an interaction happened.
func originOf(ic slackapi.InteractionCallback) origin {
	if ic.Container.Type == "view" || ic.View.ID != "" {
		var o origin
		_ = json.Unmarshal([]byte(ic.View.PrivateMetadata), &o) // of the Home tab there is none
		return o
	}
	o := origin{Channel: ic.Container.ChannelID, Thread: ic.Container.ThreadTs, Message: ic.Container.MessageTs}
	if o.Channel == "" {
		o.Channel = ic.Channel.ID
	}
	if o.Thread == "" {
		o.Thread = ic.Message.ThreadTimestamp
	}
	if o.Thread == "" {
		o.Thread = o.Message
	}
	if ic.Container.IsEphemeral {
		if o.Thread == o.Message { // it stands in no thread, and cannot begin one
			o.Thread = ""
		}
		o.Message = ""
	}
	return o
}

// press takes a button.
func (s *Slack) press(ctx context.Context, h bot.Handler, t *team, ic slackapi.InteractionCallback) answer {
	if len(ic.ActionCallback.BlockActions) == 0 {
		return answer{}
	}
	action := ic.ActionCallback.BlockActions[0]
	value := action.Value
	if value == "" {
		value = action.SelectedOption.Value
	}
	b, ok := parseButton(action.ActionID, value)
	if !ok { // a link, or a field of a form
		return answer{}
	}
	o := originOf(ic)
	view := s.window(ctx, t, ic, b, o)
	reply, err := h.Click(ctx, bot.Click{
		Keys:  []string{triggerKey(ic.TriggerID)},
		Place: place(t.id, o.Channel, o.Thread), At: o.Message, Button: b, Direct: direct(o.Channel),
		User: s.people.user(ctx, t, ic.User.ID, ic.User.Name),
	})
	reply = s.clicked(t, reply, err)
	return answer{after: func(ctx context.Context) { s.show(ctx, h, shown{t: t, ic: ic, o: o, b: b, view: view}, reply) }}
}

// clicked is the reply to a click, whatever came of it.
func (s *Slack) clicked(t *team, reply bot.Reply, err error) bot.Reply {
	if err == nil || errors.Is(err, jobs.ErrSeen) {
		return reply
	}
	s.cfg.Log.Error("slack click failed", "team", t.id, "error", err)
	return bot.Reply{Text: jobs.UserMessage(err) + " Nothing was done: please try again.", Warning: true}
}

// isForm reports whether an action asks for something to be filled in.
func isForm(a bot.Action) bool {
	return a == bot.ActEdit || a == bot.ActAnswer || a == bot.ActNew
}

// isPage reports whether an action shows something that a modal holds.
func isPage(a bot.Action) bool {
	return a == bot.ActDetails || a == bot.ActPlan || a == bot.ActResults
}

// window opens a modal that says that something comes: only for a moment after a
// click one may be opened, and what it shows may take longer. It returns the modal's
// ID; empty: there is none.
func (s *Slack) window(ctx context.Context, t *team, ic slackapi.InteractionCallback, b bot.Button, o origin) string {
	inModal := ic.View.Type == slackapi.VTModal
	switch {
	case isPage(b.Action) && inModal:
		return ic.View.ID
	case !isPage(b.Action) && !isForm(b.Action):
		return ""
	}
	view := modalView(bot.Page{Title: "Loading…", Parts: []bot.Part{{Lines: []string{"One moment…"}}}})
	view.PrivateMetadata = o.text()
	id, err := s.openView(ctx, t, ic.TriggerID, inModal, view)
	if err != nil {
		s.cfg.Log.Warn("slack modal not opened", "team", t.id, "error", err)
	}
	return id
}

// openView opens a modal, on top of another one if it is pushed.
func (s *Slack) openView(ctx context.Context, t *team, trigger string, push bool, view slackapi.ModalViewRequest) (string, error) {
	var resp *slackapi.ViewResponse
	m, open := mViewOpen, (*slackapi.Client).OpenViewContext
	if push {
		m, open = mViewPush, (*slackapi.Client).PushViewContext
	}
	err := s.call(ctx, t, m, "", func(api *slackapi.Client) (err error) {
		resp, err = open(api, ctx, trigger, view)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("open a modal: %w", err)
	}
	return resp.ID, nil
}

// shown is what a reply to a click is shown with.
type shown struct {
	t    *team
	ic   slackapi.InteractionCallback
	o    origin
	b    bot.Button
	view string // a modal that waits for it; empty: none
}

// show shows the reply to a click where the person looks: in the modal that waits, in
// the Home tab, or beside the message.
func (s *Slack) show(ctx context.Context, h bot.Handler, at shown, r bot.Reply) {
	to := listener{t: at.t, channel: at.o.Channel, thread: at.o.Thread, user: at.ic.User.ID, url: at.ic.ResponseURL, trigger: at.ic.TriggerID}
	isHome := at.ic.View.Type == slackapi.VTHomeTab
	switch {
	case at.view != "":
		s.fill(ctx, at, r)
	case isHome && r.Page != nil:
		s.home.show(ctx, at.t, at.ic.User.ID, at.b, *r.Page)
		return
	case isHome && r.Warning, at.ic.View.Type == slackapi.VTModal && r.Form == nil && (r.Text != "" || r.Page != nil):
		if _, err := s.openView(ctx, at.t, at.ic.TriggerID, !isHome, s.replyView(r, at.o)); err != nil {
			s.cfg.Log.Warn("slack reply not shown", "team", at.t.id, "error", err)
		}
	case !isHome || r.Form != nil:
		s.say(ctx, to, r)
	}
	if isHome {
		s.home.publish(ctx, h, at.t, at.ic.User.ID)
	}
}

// fill puts a reply into a modal that waits for it.
func (s *Slack) fill(ctx context.Context, at shown, r bot.Reply) {
	view := s.replyView(r, at.o)
	err := s.call(ctx, at.t, mViewEdit, "", func(api *slackapi.Client) error {
		_, err := api.UpdateViewContext(ctx, view, "", "", at.view)
		return err
	})
	if err != nil {
		s.cfg.Log.Warn("slack modal not filled", "team", at.t.id, "error", err)
	}
}

// replyView is a reply as a modal.
func (s *Slack) replyView(r bot.Reply, o origin) slackapi.ModalViewRequest {
	var view slackapi.ModalViewRequest
	switch {
	case r.Form != nil:
		view = formView(*r.Form)
		o.Button = r.Form.Button.Value()
	case r.Page != nil:
		view = modalView(*r.Page)
	case r.Text != "":
		view = modalView(bot.Page{Title: "Bob", Parts: []bot.Part{{Lines: []string{r.Text}}}})
	default:
		view = modalView(bot.Page{Title: "Bob", Parts: []bot.Part{{Lines: []string{"Done."}}}})
	}
	view.PrivateMetadata = o.text()
	return view
}

// openForm opens a form for a person who may fill it in.
func (s *Slack) openForm(ctx context.Context, to listener, f bot.Form) {
	view := s.replyView(bot.Reply{Form: &f}, origin{Channel: to.channel, Thread: to.thread})
	if to.trigger == "" {
		s.cfg.Log.Warn("slack form not opened: nothing was clicked", "team", to.t.id)
		return
	}
	if _, err := s.openView(ctx, to.t, to.trigger, false, view); err != nil {
		s.cfg.Log.Warn("slack form not opened", "team", to.t.id, "error", err)
		s.say(ctx, to, bot.Reply{Text: "The form did not open in time. Please try again.", Warning: true})
	}
}

// newJob opens the form for a new job, from the shortcuts of Slack itself.
func (s *Slack) newJob(ctx context.Context, h bot.Handler, t *team, ic slackapi.InteractionCallback) answer {
	if ic.CallbackID != globalShortcut {
		return answer{}
	}
	b := bot.Button{Action: bot.ActNew}
	view := s.window(ctx, t, ic, b, origin{})
	reply, err := h.Click(ctx, bot.Click{
		Keys: []string{triggerKey(ic.TriggerID)}, Place: place(t.id, "", ""), Button: b,
		User: s.people.user(ctx, t, ic.User.ID, ic.User.Name),
	})
	reply = s.clicked(t, reply, err)
	return answer{after: func(ctx context.Context) { s.show(ctx, h, shown{t: t, ic: ic, b: b, view: view}, reply) }}
}

// handOver takes a message that a person gives to Bob by its menu.
func (s *Slack) handOver(ctx context.Context, h bot.Handler, t *team, ic slackapi.InteractionCallback) answer {
	if ic.CallbackID != messageShortcut {
		return answer{}
	}
	thread := ic.Message.ThreadTimestamp
	if thread == "" {
		thread = ic.Message.Timestamp
	}
	reply, err := h.Hear(ctx, bot.Message{
		Keys: []string{triggerKey(ic.TriggerID)}, Place: place(t.id, ic.Channel.ID, thread), ID: ic.Message.Timestamp,
		Direct: direct(ic.Channel.ID), Reach: s.rooms.reach(ctx, t, ic.Channel.ID),
		User: s.people.user(ctx, t, ic.User.ID, ic.User.Name), Text: written(ic.Message.Text, t.user),
		Files: s.files(t, ic.Message.Files), Way: bot.WayMenu,
	})
	reply = s.clicked(t, reply, err)
	to := listener{t: t, channel: ic.Channel.ID, user: ic.User.ID, url: ic.ResponseURL, trigger: ic.TriggerID}
	return answer{after: func(ctx context.Context) { s.say(ctx, to, reply) }}
}
