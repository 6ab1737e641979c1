package storage

import (
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
	if err != nil {
		return jobs.Plan{}, 0, err
	}
	if r.Status != jobs.StatusAwaitingApproval {
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
	slices.SortFunc(rows, func(a, b specRow) int { return jobs.ComparePaths(a.Path, b.Path) })
	paths := map[int64]string{}
	for _, row := range rows {
		paths[row.ID] = row.Path
	}
	p := jobs.Plan{Title: r.Title}
	for _, row := range rows {
		if row.ParentID == 0 {
			continue
		}
		step, err := row.step()
		if err != nil {
			return p, 0, fmt.Errorf("node %d: %w", row.ID, err)
		}
		step.Parent = paths[row.ParentID]
		for _, on := range deps[row.ID] {
			step.DependsOn = append(step.DependsOn, paths[int64(on)])
		}
		p.Steps = append(p.Steps, step)
	}
	return p, r.PlanRevision, nil
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
	top, revision, err := u.lay(root, c.Plan.Steps, true)
	if err != nil {
		return err
	}
	root.openChildren, root.n.Total, root.n.Weight, root.dirty = top.children, top.leaves, top.weight, true
	if err := u.overtaken(root.job, jobs.NoticeApproval); err != nil {
		return err
	}
	if err := u.askApproval(root.job, revision); err != nil {
		return err
	}
	u.touch(c.Job)
	return u.audit(c.Job, c.By, "edit", "", fmt.Sprintf("revision %d", revision))
}

// awaiting returns the root of a job whose plan of that revision waits for approval.
func (u *unit) awaiting(job jobs.JobID, revision int) (*nodeState, error) {
	root, err := u.root(job)
	if err != nil {
		return nil, err
	}
	if root.status != jobs.StatusAwaitingApproval {
		return nil, notAwaiting(job)
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

// uproot removes all below a root of which nothing has run.
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
	return u.exec("DELETE FROM nodes WHERE job_id = ? AND parent_id <> 0", string(root.job))
}
