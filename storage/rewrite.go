package storage

import (
	"encoding/json"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/askbob/bob/jobs"
)

// rewriting is a change of a plan that is being made.
type rewriting struct {
	revision   int
	cheaper    bool
	wish, user string
}

// rewriting returns the change that is being made of a job's plan, nil if there is
// none.
func (u *unit) rewriting(root *nodeState) (*rewriting, error) {
	if root.status.Final() {
		return nil, nil
	}
	r := &rewriting{}
	err := u.row("SELECT revision, cheaper, wish, user_name FROM rewrites WHERE job_id = ? AND state = 'open'", []any{string(root.job)},
		&r.revision, &r.cheaper, &r.wish, &r.user)
	if errors.Is(err, jobs.ErrNotFound) {
		return nil, nil
	}
	return r, err
}

// rewrite lets a job be planned anew in place of a plan that waits for approval. The
// tree goes, and the plan is kept, in case nothing comes of it.
func (u *unit) rewrite(c jobs.Rewrite) error {
	root, err := u.root(c.Job)
	if err != nil {
		return err
	}
	r, err := u.rewriting(root)
	if err != nil {
		return err
	}
	if r != nil && *r == (rewriting{c.Revision, c.Cheaper, c.Wish, r.user}) {
		return nil // asked for twice
	}
	if root, err = u.awaiting(c.Job, c.Revision); err != nil {
		return err
	}
	p, err := u.plan(root)
	if err != nil {
		return err
	}
	text, err := toJSON(p)
	if err != nil {
		return err
	}
	err = u.exec("INSERT OR REPLACE INTO rewrites (job_id, revision, cheaper, wish, user_name, plan, state, note) VALUES (?, ?, ?, ?, ?, ?, 'open', '')",
		string(c.Job), c.Revision, c.Cheaper, c.Wish, jobs.Shorten(c.By.User, maxSpeaker), text)
	if err != nil {
		return err
	}
	how := "asked for another plan: " + jobs.Shorten(c.Wish, maxDecision)
	if c.Cheaper {
		how = "asked for a cheaper plan."
	}
	if err := u.decide(root.job, c.By.User, how, jobs.NoticeApproval); err != nil {
		return err
	}
	if err := u.planAgain(root); err != nil {
		return err
	}
	return u.audit(c.Job, c.By, "rewrite", "", c.Wish)
}

// planAgain makes a root one that is to be planned.
func (u *unit) planAgain(root *nodeState) error {
	if err := u.uproot(root); err != nil {
		return err
	}
	if err := u.move(root.job, root.id, jobs.EventRewrite, root.status, jobs.StatusPlanning, ""); err != nil {
		return err
	}
	root.status, root.reason, root.phase, root.notBefore = jobs.StatusPlanning, "", jobs.PhasePlan, 0
	u.announce(root)
	return nil
}

// rewritten ends the change that led to the plan of a revision. It says what is to
// be told of it, empty if no change was under way. What a person wished for is told
// to the steps of the new plan too.
func (u *unit) rewritten(root *nodeState, revision int) (string, error) {
	r, err := u.rewriting(root)
	if r == nil || err != nil {
		return "", err
	}
	note := "It was changed as you wished."
	if r.cheaper {
		if note, err = u.compare(root.job, revision, r.revision); err != nil {
			return "", err
		}
	} else if err := u.exec(`INSERT INTO messages (job_id, node_id, at, user_name, text)
		SELECT ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM messages WHERE job_id = ? AND question = '') < ?`,
		string(root.job), root.id, u.now, r.user, r.wish, string(root.job), jobs.MaxMessages); err != nil {
		return "", err
	}
	return note, u.closeRewrite(root.job, jobs.RewriteDone, note)
}

func (u *unit) closeRewrite(job jobs.JobID, state jobs.RewriteState, note string) error {
	u.touch(job)
	return u.exec("UPDATE rewrites SET state = ?, note = ?, plan = '' WHERE job_id = ?", string(state), note, string(job))
}

// compare says what a plan that was to be cheaper is foretold to cost.
func (u *unit) compare(job jobs.JobID, revision, before int) (string, error) {
	is, err := u.foretold(job, revision)
	if err != nil {
		return "", err
	}
	was, err := u.foretold(job, before)
	return is.Against(was), err
}

// planStays lets a plan wait for approval again as it was, because the change of it
// that its worker was to make came to nothing. It reports false if there is none.
func (u *unit) planStays(f jobs.Fence, why jobs.Reason, msg string) (bool, error) {
	root, err := u.held(f)
	if err != nil {
		return false, err
	}
	r, err := u.rewriting(root)
	if r == nil || err != nil {
		return false, err
	}
	var text string
	if err := u.row("SELECT plan FROM rewrites WHERE job_id = ?", []any{string(root.job)}, &text); err != nil {
		return false, err
	}
	var p jobs.Plan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return false, fmt.Errorf("plan of job %s: %w", root.job, err)
	}
	if err := u.release(root, jobs.EventAskApproval, jobs.StatusAwaitingApproval, why, msg); err != nil {
		return false, err
	}
	root.reason, root.errorMsg = jobs.ReasonApproval, ""
	if err := u.replant(root, p, r.revision); err != nil {
		return false, err
	}
	note := "The plan could not be changed. " + msg
	if err := u.closeRewrite(root.job, jobs.RewriteFailed, note); err != nil {
		return false, err
	}
	return true, u.notice(root.job, jobs.NoticeApproval, fmt.Sprintf("approval:%d:%d", r.revision, root.epoch),
		note+" It waits for your approval as it was.")
}

// rewriting tells a planner of the plan that is to be changed; nil: there is none.
func (s *Store) rewriting(db *gorm.DB, job jobs.JobID) (*jobs.Rewriting, error) {
	var row struct {
		Plan, Wish string
		Cheaper    bool
		CostHigh   *int64
		Unpriced   int
	}
	err := db.Raw(`SELECT r.plan, r.wish, r.cheaper, f.cost_high, f.unpriced FROM rewrites r
		LEFT JOIN forecasts f ON f.job_id = r.job_id AND f.revision = r.revision WHERE r.job_id = ? AND r.state = 'open'`, string(job)).Take(&row).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("rewriting job %s: %w", job, err)
	}
	r := &jobs.Rewriting{Wish: row.Wish, Cheaper: row.Cheaper}
	if row.CostHigh != nil && row.Unpriced == 0 {
		r.Cost = jobs.Money(*row.CostHigh).Short()
	}
	return r, json.Unmarshal([]byte(row.Plan), &r.Plan)
}

// rewriteRow is the last change of a job's plan, as part of a jobRow.
type rewriteRow struct {
	RRevision            int
	RState, RWish, RNote string
	RCheaper             bool
}

// report returns nil if there was none.
func (r *rewriteRow) report(before *forecastRow) *jobs.RewriteReport {
	if r.RState == "" {
		return nil
	}
	return &jobs.RewriteReport{
		Revision: r.RRevision, State: jobs.RewriteState(r.RState), Cheaper: r.RCheaper, Wish: r.RWish, Note: r.RNote, Before: before.report(),
	}
}
