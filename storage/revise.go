package storage

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/askbob/bob/jobs"
)

// specRow is what a plan said of a node.
type specRow struct {
	ID          int64
	ParentID    int64
	Path        string
	Type        string
	Title       string
	Description string
	Prompt      string
	Needs       string
	Tools       string
	Optional    bool
	OnFailure   string
	EstimateMS  int64 `gorm:"column:estimate_ms"`
	Phase       string
}

// Plan returns the tree of a job that waits for approval as a plan whose keys are
// paths, and its revision.
func (s *Store) Plan(ctx context.Context, job jobs.JobID) (jobs.Plan, int, error) {
	r, err := s.Report(ctx, job, false)
	switch {
	case err != nil:
		return jobs.Plan{}, 0, err
	case !r.Status.Final() && r.Rewrite != nil && r.Rewrite.State == jobs.RewriteOpen:
		return jobs.Plan{}, 0, jobs.BeingChanged(job)
	case r.Status != jobs.StatusAwaitingApproval:
		return jobs.Plan{}, 0, notAwaiting(job)
	}
	db := s.reads.WithContext(ctx)
	var rows []specRow
	if err := db.Table("nodes").Where("job_id = ?", string(job)).Find(&rows).Error; err != nil {
		return jobs.Plan{}, 0, err
	}
	deps, err := s.deps(db, job)
	if err != nil {
		return jobs.Plan{}, 0, err
	}
	p, err := planOf(r.Title, rows, deps)
	return p, r.PlanRevision, err
}

// planOf makes a plan of the rows of a job. One that is a leaf is its only step.
func planOf(title string, rows []specRow, deps map[int64][]jobs.NodeID) (jobs.Plan, error) {
	slices.SortFunc(rows, func(a, b specRow) int { return jobs.ComparePaths(a.Path, b.Path) })
	paths := map[int64]string{}
	for _, row := range rows {
		paths[row.ID] = row.Path
	}
	p := jobs.Plan{Title: title}
	for _, row := range rows {
		if row.ParentID == 0 && jobs.Phase(row.Phase) != jobs.PhaseWork {
			continue
		}
		step, err := row.step()
		if err != nil {
			return p, fmt.Errorf("node %d: %w", row.ID, err)
		}
		if row.ParentID == 0 {
			step.Key, step.Type, step.Description = onlyStep, jobs.TypeTask, "" // its description is the request
		}
		step.Parent = paths[row.ParentID]
		for _, on := range deps[row.ID] {
			step.DependsOn = append(step.DependsOn, paths[int64(on)])
		}
		p.Steps = append(p.Steps, step)
	}
	return p, nil
}

// onlyStep is the key of the step that a job of one leaf is.
const onlyStep = "1"

const selectSpecs = `SELECT id, parent_id, path, type, title, description, prompt, needs, tools, optional, on_failure, estimate_ms, phase
FROM nodes WHERE job_id = ?`

// plan is Plan for a root that waits for approval, as this transaction sees it.
func (u *unit) plan(root *nodeState) (jobs.Plan, error) {
	if err := u.flush(); err != nil {
		return jobs.Plan{}, err
	}
	var rows []specRow
	err := u.each(selectSpecs, []any{string(root.job)}, func(scan func(dest ...any) error) error {
		var r specRow
		err := scan(&r.ID, &r.ParentID, &r.Path, &r.Type, &r.Title, &r.Description, &r.Prompt, &r.Needs, &r.Tools, &r.Optional, &r.OnFailure, &r.EstimateMS, &r.Phase)
		rows = append(rows, r)
		return err
	})
	if err != nil {
		return jobs.Plan{}, err
	}
	deps := map[int64][]jobs.NodeID{}
	err = u.each("SELECT d.node_id, d.on_id FROM nodes n JOIN deps d ON d.node_id = n.id WHERE n.job_id = ? ORDER BY d.on_id", []any{string(root.job)},
		func(scan func(dest ...any) error) error {
			var node int64
			var on jobs.NodeID
			err := scan(&node, &on)
			deps[node] = append(deps[node], on)
			return err
		})
	if err != nil {
		return jobs.Plan{}, err
	}
	return planOf(root.title, rows, deps)
}

// step is the row as a plan's step; its parent and dependencies are others' rows.
func (r specRow) step() (jobs.Step, error) {
	s := jobs.Step{
		Key: r.Path, Type: jobs.Type(r.Type), Title: r.Title, Description: r.Description, Prompt: r.Prompt,
		Optional: r.Optional, OnFailure: jobs.OnFailure(r.OnFailure), Estimate: time.Duration(r.EstimateMS) * time.Millisecond,
		Later: jobs.Phase(r.Phase) == jobs.PhasePlan,
	}
	if r.Needs != "" {
		if err := json.Unmarshal([]byte(r.Needs), &s.Needs); err != nil {
			return s, err
		}
	}
	if r.Tools != "" {
		if err := json.Unmarshal([]byte(r.Tools), &s.Tools); err != nil {
			return s, err
		}
	}
	return s, nil
}

func notAwaiting(job jobs.JobID) error {
	return &jobs.UserError{Message: fmt.Sprintf("Job %s does not wait for approval.", job)}
}

// revise puts another tree below a root that waits for approval. Nothing of the
// old one has run.
func (u *unit) revise(c jobs.Revise) error {
	root, err := u.awaiting(c.Job, c.Revision)
	if err != nil {
		return err
	}
	if err := u.uproot(root); err != nil {
		return err
	}
	revision, err := u.revised(root)
	if err != nil {
		return err
	}
	if _, err := u.foretell(root, revision, c.Forecast); err != nil {
		return err
	}
	if err := u.replant(root, c.Plan, revision); err != nil {
		return err
	}
	if err := u.decide(root.job, c.By.User, "edited the plan, which waits for approval anew.", jobs.NoticeApproval); err != nil {
		return err
	}
	if err := u.askApproval(root, revision); err != nil {
		return err
	}
	u.touch(c.Job)
	return u.audit(c.Job, c.By, "edit", "", fmt.Sprintf("revision %d", revision))
}

// replant puts a tree below a root that was uprooted and waits for approval, or makes
// it the only step of the plan.
func (u *unit) replant(root *nodeState, p jobs.Plan, revision int) error {
	root.attempt, root.notBefore, root.dirty = 0, 0, true
	if p.Title != "" {
		root.title = p.Title
	}
	if step := p.OneStep(); step != nil {
		root.phase, root.n.Weight = jobs.PhaseWork, guess(step)
		return u.setSpec(root, step, revision)
	}
	top, err := u.lay(root, p.Steps, true, revision)
	if err != nil {
		return err
	}
	root.phase, root.openChildren, root.n.Total, root.n.Weight = jobs.PhaseCombine, top.children, top.leaves, top.weight
	return nil
}

// awaiting returns the root of a job whose plan of that revision waits for approval.
func (u *unit) awaiting(job jobs.JobID, revision int) (*nodeState, error) {
	root, err := u.root(job)
	if err != nil {
		return nil, err
	}
	if root.status != jobs.StatusAwaitingApproval {
		if r, err := u.rewriting(root); r != nil || err != nil {
			return nil, cmp.Or(err, jobs.BeingChanged(job))
		}
		return nil, notAwaiting(job)
	}
	if err := root.over(); err != nil {
		return nil, err
	}
	var newest int
	if err := u.row("SELECT revision FROM jobs WHERE id = ?", []any{string(job)}, &newest); err != nil {
		return nil, err
	}
	if revision != newest {
		return nil, jobs.StaleRevision(newest)
	}
	return root, nil
}

// uproot removes all below a root of which nothing has run, and leaves it as it was
// before it was planned: what of its steps people ended before they began is
// forgotten with them.
func (u *unit) uproot(root *nodeState) error {
	ids, err := u.ids("SELECT id FROM nodes WHERE job_id = ? AND parent_id <> 0", string(root.job))
	if err != nil {
		return err
	}
	for _, id := range ids {
		delete(u.nodes, id)
		delete(u.w.states, id)
		delete(u.w.ready, id)
	}
	err = u.exec("DELETE FROM deps WHERE node_id IN (SELECT id FROM nodes WHERE job_id = ?)", string(root.job))
	if err != nil {
		return err
	}
	err = u.exec("DELETE FROM purses WHERE key IN (SELECT 'node:' || id FROM nodes WHERE job_id = ? AND parent_id <> 0)", string(root.job))
	if err != nil {
		return err
	}
	if err := u.exec("DELETE FROM nodes WHERE job_id = ? AND parent_id <> 0", string(root.job)); err != nil {
		return err
	}
	root.kids, root.verdict, root.openChildren, root.attempt, root.dirty = jobs.Children{}, "", 0, 0, true
	root.n = jobs.Counts{Total: 1, Weight: root.n.Weight, Tokens: root.n.Tokens, Cost: root.n.Cost, Unpriced: root.n.Unpriced}
	return u.setOwnSpec(root)
}

// setOwnSpec gives a root back what it was to do before it was planned as a leaf.
func (u *unit) setOwnSpec(root *nodeState) error {
	var own jobs.Step
	err := u.row("SELECT request, model, private FROM jobs WHERE id = ?", []any{string(root.job)}, &own.Prompt, &own.Needs.Model, &own.Needs.PrivateOnly)
	if err != nil {
		return err
	}
	return u.setSpec(root, &own, 0)
}
