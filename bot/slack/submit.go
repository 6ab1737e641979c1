package slack

import (
	"context"
	"errors"

	slackapi "github.com/slack-go/slack"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// The fields of the form for a new job.
const (
	fieldRequest  = "request"
	fieldBudget   = "budget"
	fieldPriority = "priority"
	fieldApproval = "approval"
)

// submit takes a form that was filled in. What is wrong with it is said in the form,
// which keeps what was written.
func (s *Slack) submit(ctx context.Context, h bot.Handler, t *team, ic slackapi.InteractionCallback) answer {
	o := originOf(ic)
	b, ok := bot.ParseValue(o.Button)
	if !ok || ic.View.State == nil {
		return answer{}
	}
	user := s.people.user(ctx, t, ic.User.ID, ic.User.Name)
	fields := formFields(ic.View.State)
	var reply bot.Reply
	var err error
	if b.Action == bot.ActNew {
		reply, err = s.submitNew(ctx, h, t, ic, o, user, fields)
	} else {
		reply, err = h.Click(ctx, bot.Click{
			Keys: []string{triggerKey(ic.TriggerID)}, Place: place(t.id, o.Channel, o.Thread), At: o.Message, Direct: direct(o.Channel),
			User: user, Button: b, Fields: fields,
		})
	}
	if errors.Is(err, jobs.ErrSeen) {
		err = nil
	}
	reply = s.clicked(t, reply, err)
	return s.submitted(t, ic, o, reply)
}

// submitNew takes the form for a new job. A form that was opened nowhere in particular
// belongs to the person's direct messages.
func (s *Slack) submitNew(ctx context.Context, h bot.Handler, t *team, ic slackapi.InteractionCallback, o origin, user bot.User, fields map[string]string) (bot.Reply, error) {
	at := place(t.id, o.Channel, o.Thread)
	if at.Channel == "" {
		direct, err := s.Direct(ctx, t.id, user.ID)
		if err != nil {
			return bot.Reply{}, err
		}
		at = direct
	}
	return h.Hear(ctx, bot.Message{
		Keys: []string{triggerKey(ic.TriggerID)}, Place: at, User: user, Text: fields[fieldRequest], Way: bot.WayForm,
		Direct: direct(at.Channel), Reach: s.rooms.reach(ctx, t, at.Channel),
		Files: s.files(t, formFiles(ic.View.State)),
		Draft: bot.Draft{Budget: fields[fieldBudget], Priority: fields[fieldPriority], Approval: fields[fieldApproval]},
	})
}

// formFiles lists the files of a form.
func formFiles(state *slackapi.ViewState) []slackapi.File {
	var list []slackapi.File
	for _, block := range state.Values {
		for _, field := range block {
			list = append(list, field.Files...)
		}
	}
	return list
}

// submitted says what becomes of a form: it stays with what is wrong in it, shows what
// is next, or goes.
func (s *Slack) submitted(t *team, ic slackapi.InteractionCallback, o origin, r bot.Reply) answer {
	o.Button = ""
	switch first := firstInput(ic.View); {
	case r.Warning && r.Text != "" && first != "":
		return answer{payload: slackapi.NewErrorsViewSubmissionResponse(map[string]string{first: r.Text})}
	case r.Form != nil || r.Page != nil || (r.Text != "" && o.Channel == ""):
		view := s.replyView(r, o)
		if payload := slackapi.NewUpdateViewSubmissionResponse(&view); small(payload) {
			return answer{payload: payload}
		}
		return answer{after: func(ctx context.Context) { s.fill(ctx, shown{t: t, o: o, view: ic.View.ID}, r) }}
	}
	to := listener{t: t, channel: o.Channel, thread: o.Thread, user: ic.User.ID}
	return answer{after: func(ctx context.Context) { s.say(ctx, to, r) }}
}

// firstInput is the block of a form where what is wrong with it is said; empty: it has
// none.
func firstInput(v slackapi.View) string {
	for _, b := range v.Blocks.BlockSet {
		if in, ok := b.(*slackapi.InputBlock); ok {
			return in.BlockID
		}
	}
	return ""
}
