package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/askbob/bob/jobs"
)

// Brief says what a claimed node's worker must know.
func (s *Store) Brief(ctx context.Context, n *jobs.Node) (jobs.Briefing, error) {
	b := jobs.Briefing{Node: n, Budget: -1}
	if err := s.settled(ctx); err != nil {
		return b, err
	}
	db := s.reads.WithContext(ctx)
	var job struct {
		Request   string
		Model     string
		Private   bool
		Deadline  int64
		Budget    int64
		Left      int64
		Finishing bool
	}
	err := db.Raw(`SELECT j.request, j.model, j.private, j.deadline, j.finishing, p.budget, p.budget - p.spent - p.reserved AS left
		FROM jobs j JOIN purses p ON p.key = 'job:' || j.id WHERE j.id = ?`, string(n.Job)).Take(&job).Error
	if err != nil {
		return b, fmt.Errorf("brief node %d: %w", n.ID, err)
	}
	b.Request, n.Finishing = job.Request, job.Finishing
	if err := s.spec(db, n); err != nil {
		return b, err
	}
	if n.Needs.Model == "" {
		n.Needs.Model = job.Model
	}
	// Whatever a plan forgot: the job's privacy holds for all of it.
	n.Needs.PrivateOnly = n.Needs.PrivateOnly || job.Private
	if job.Budget >= 0 {
		b.Budget = jobs.Money(max(0, job.Left))
	}
	b.Deadline = job.Deadline > 0 && job.Deadline <= ms(s.cfg.Now())
	line, err := s.line(db, n)
	if err != nil {
		return b, err
	}
	for _, r := range line {
		b.Place = append(b.Place, r.Title)
	}
	if b.Files, b.Artifacts, err = s.FilesOf(ctx, n.Job); err != nil {
		return b, err
	}
	if b.Messages, err = s.Said(ctx, n); err != nil {
		return b, err
	}
	if b.Results, err = s.results(db, n, line); err != nil || n.Phase != jobs.PhasePlan {
		return b, err
	}
	if n.Parent == 0 {
		b.Rewriting, err = s.rewriting(db, n.Job)
		return b, err
	}
	b.Failures, err = s.failures(db, n)
	return b, err
}

// maxFailures bounds what a planner is told of a plan that failed.
const maxFailures = 30

// failures says, for a step that is planned anew, how those ended in whose place it
// stands.
func (s *Store) failures(db *gorm.DB, n *jobs.Node) ([]jobs.NodeResult, error) {
	var rows []nodeRow
	err := db.Raw(`SELECT k.* FROM nodes k JOIN nodes n ON n.id = ? JOIN nodes p ON p.id = n.parent_id
		WHERE n.again = 1 AND k.job_id = n.job_id AND k.reason = 'replanned' AND k.phase <> 'combine'
		AND substr(k.path, 1, length(p.path) + 1) = p.path || '.' ORDER BY k.error = '', k.id LIMIT ?`, int64(n.ID), maxFailures).Scan(&rows).Error
	list := make([]jobs.NodeResult, 0, len(rows))
	for _, r := range rows {
		list = append(list, jobs.NodeResult{Path: r.Path, Title: r.Title, Status: jobs.Status(r.Status), Text: r.Prompt, Error: r.Error, Node: jobs.NodeID(r.ID)})
	}
	return list, err
}

// spec fills in what a node is to do.
func (s *Store) spec(db *gorm.DB, n *jobs.Node) error {
	var r nodeRow
	err := db.Raw("SELECT description, prompt, priority, needs, tools, estimate_ms FROM nodes WHERE id = ?", int64(n.ID)).Take(&r).Error
	if err != nil {
		return fmt.Errorf("node %d: %w", n.ID, err)
	}
	n.Description, n.Prompt, n.Priority = r.Description, r.Prompt, jobs.Priority(r.Priority)
	n.Estimate = time.Duration(r.EstimateMS) * time.Millisecond
	if r.Needs != "" {
		if err := json.Unmarshal([]byte(r.Needs), &n.Needs); err != nil {
			return fmt.Errorf("node %d: needs: %w", n.ID, err)
		}
	}
	if r.Tools != "" {
		if err := json.Unmarshal([]byte(r.Tools), &n.Tools); err != nil {
			return fmt.Errorf("node %d: tools: %w", n.ID, err)
		}
	}
	return nil
}

// Root returns the root of a job with what it needs of a model, as it was before it
// was planned. ErrNotFound.
func (s *Store) Root(ctx context.Context, job jobs.JobID) (*jobs.Node, error) {
	var row struct {
		RootID  int64
		Model   string
		Private bool
	}
	err := s.reads.WithContext(ctx).Raw("SELECT root_id, model, private FROM jobs WHERE id = ?", string(job)).Take(&row).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return nil, fmt.Errorf("job %q: %w", job, jobs.ErrNotFound)
	case err != nil:
		return nil, translate(err)
	}
	return &jobs.Node{
		ID: jobs.NodeID(row.RootID), Job: job, Type: jobs.TypeRootJob, Needs: jobs.Requirements{Model: row.Model, PrivateOnly: row.Private},
	}, nil
}

// Size returns how many nodes a job has.
func (s *Store) Size(ctx context.Context, job jobs.JobID) (int, error) {
	var n int
	err := s.reads.WithContext(ctx).Raw("SELECT count(*) FROM nodes WHERE job_id = ?", string(job)).Scan(&n).Error
	return n, err
}

// line returns the rows from the root down to the node itself.
func (s *Store) line(db *gorm.DB, n *jobs.Node) ([]nodeRow, error) {
	var line []nodeRow
	for id := int64(n.ID); id != 0; {
		var r nodeRow
		if err := db.Raw("SELECT id, parent_id, path, title FROM nodes WHERE id = ?", id).Take(&r).Error; err != nil {
			return nil, fmt.Errorf("node %d: %w", id, err)
		}
		line = append(line, r)
		id = r.ParentID
	}
	slices.Reverse(line)
	return line, nil
}

// results returns what the node builds on: for a combine step its children, else
// its dependencies and those of the branches it stands in.
func (s *Store) results(db *gorm.DB, n *jobs.Node, line []nodeRow) ([]jobs.NodeResult, error) {
	var rows []nodeRow
	var err error
	if n.Phase == jobs.PhaseCombine {
		err = db.Raw("SELECT * FROM nodes WHERE job_id = ? AND parent_id = ? AND reason <> 'replanned' ORDER BY ord", string(n.Job), int64(n.ID)).Scan(&rows).Error
	} else {
		ids := make([]int64, 0, len(line))
		for _, r := range line {
			ids = append(ids, r.ID)
		}
		err = db.Raw("SELECT * FROM nodes WHERE id IN (SELECT on_id FROM deps WHERE node_id IN ?) ORDER BY id", ids).Scan(&rows).Error
	}
	if err != nil {
		return nil, err
	}
	if err := s.whole(db, rows); err != nil {
		return nil, err
	}
	made, err := s.madeBelow(db, n.Job)
	if err != nil {
		return nil, err
	}
	list := make([]jobs.NodeResult, 0, len(rows))
	for _, r := range rows {
		list = append(list, jobs.NodeResult{
			Path: r.Path, Title: r.Title, Status: jobs.Status(r.Status), Optional: r.Optional,
			Text: r.Result, Error: r.Error, Artifacts: made(r.Path),
			Node: jobs.NodeID(r.ID), Summary: r.Summary, File: jobs.ResultFile(r.Path),
		})
	}
	return list, nil
}

// madeBelow returns a function that names the files that a subtree made.
func (s *Store) madeBelow(db *gorm.DB, job jobs.JobID) (func(path string) []string, error) {
	var rows []struct{ Name, Path string }
	err := db.Raw("SELECT a.name, n.path FROM artifacts a JOIN nodes n ON n.id = a.node_id WHERE a.job_id = ? ORDER BY a.created_at, a.name", string(job)).Scan(&rows).Error
	return func(path string) []string {
		var names []string
		for _, r := range rows {
			if jobs.Under(r.Path, path) {
				names = append(names, r.Name)
			}
		}
		return names
	}, err
}

// Turns returns the messages that a task kept before a crash.
func (s *Store) Turns(ctx context.Context, n *jobs.Node) ([]jobs.Message, error) {
	if err := s.settled(ctx); err != nil {
		return nil, err
	}
	var texts []string
	err := s.reads.WithContext(ctx).Raw("SELECT messages FROM turns WHERE node_id = ? ORDER BY turn", int64(n.ID)).Scan(&texts).Error
	if err != nil {
		return nil, err
	}
	var all []jobs.Message
	for _, text := range texts {
		var list []jobs.Message
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			return nil, fmt.Errorf("turns of node %d: %w", n.ID, err)
		}
		all = append(all, list...)
	}
	return all, nil
}
