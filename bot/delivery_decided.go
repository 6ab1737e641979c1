package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
)

// asks reports whether a message of that kind has buttons that are of use only until
// somebody decides.
func asks(k jobs.NoticeKind) bool {
	switch k {
	case jobs.NoticeApproval, jobs.NoticeQuestion, jobs.NoticeBudget:
		return true
	default:
		return false
	}
}

// decide lets the message that asked people something say how that ended, in place of
// its buttons. Nothing waits for it: the workspace is never left alone for its sake.
func (m *mail) decide(ctx context.Context) time.Duration {
	r, err := m.d.cfg.Reports.Report(ctx, m.letter.Job, false)
	if err != nil {
		return m.storeFailed(ctx, fmt.Errorf("report %s: %w", m.letter.Job, err))
	}
	err = m.amend(ctx, decidedPost(m.letter, r))
	switch trouble(err) {
	case TroubleGone, TroubleRefused:
		m.log.Info("message not edited", "err", err) // there is none, or it stays as it is
		err = nil
	case TroubleLater, TroubleUnsure, TroubleRevoked:
	}
	if err != nil {
		m.failed(ctx, err)
		return 0
	}
	return m.storeFailed(ctx, m.record(ctx, jobs.Delivered{Notice: m.letter.ID}))
}

// amend edits the message that asked. Where it is may not be known, if it is up at all:
// the process died over it.
func (m *mail) amend(ctx context.Context, p Post) (err error) {
	ctx, cancel := outlive(ctx, m.d.cfg.Patience)
	defer cancel()
	at := Placed{Place: m.letter.Place, Message: m.letter.Ask.Message}
	if at.Message == "" {
		at, err = m.d.cfg.FrontEnd.Find(ctx, p)
	}
	if err == nil && at.Message != "" {
		err = m.d.cfg.FrontEnd.Edit(ctx, at, p)
	}
	return explained(err)
}

// decidedPost says who decided what, and what was asked.
func decidedPost(l jobs.Letter, r *jobs.Report) Post {
	p := Post{Key: fmt.Sprintf("n%d.0", l.Ask.Notice), Place: l.Place}
	how, by := literal(oneLine(l.Text)), jobs.LocalUser(l.Ask.DecidedBy)
	switch {
	case by == "":
	case l.Ask.DecidedBy == l.Place.UserOf(by):
		p.Mention = by
	default: // on another surface, or in another workspace
		how = bold(oneLine(by)) + " " + how
	}
	parts := []string{how, fmt.Sprintf("%s (%s)", bold(titleOf(r)), l.Job)}
	if l.Ask.Kind != jobs.NoticeApproval { // of which all is said
		parts = append(parts, noticeText(l.Ask.Text))
	}
	p.Text = strings.Join(parts, "\n\n")
	return p
}
