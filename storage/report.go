package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/askbob/bob/jobs"
)

// nodeRow is a whole row of nodes, for reports.
type nodeRow struct {
	ID          int64
	JobID       string
	ParentID    int64
	Path        string
	Depth       int
	Ord         int
	Type        string
	Title       string
	Description string
	Prompt      string
	Priority    string
	Tools       string
	Needs       string
	Optional    bool
	EstimateMS  int64 `gorm:"column:estimate_ms"`

	Status      string
	Reason      string
	Phase       string
	Desired     string
	Attempt     int
	Epoch       int64
	Owner       string
	CreatedAt   int64
	StartedAt   int64
	CompletedAt int64

	CurrentStep    string
	StepsCompleted int
	TotalSteps     int
	OpenDeps       int

	LTotal, LCompleted, LFailed, LRunning, LSkipped, LCancelled int
	Weight, WeightDone                                          int64
	TokensIn, TokensRead, TokensWrite, TokensOut                int64
	Cost                                                        int64
	Unpriced                                                    int

	Provider string
	Model    string
	Error    string
	Result   string // of a long one the beginning
	Summary  string

	ResultSHA256 string `gorm:"column:result_sha256"` // of the blob with the whole result; empty: Result is whole
}

// TableName tells gorm where the rows are.
func (nodeRow) TableName() string { return "nodes" }

func (r nodeRow) node() *jobs.Node {
	return &jobs.Node{
		ID: jobs.NodeID(r.ID), Job: jobs.JobID(r.JobID), Parent: jobs.NodeID(r.ParentID), Path: r.Path, Depth: r.Depth, Order: r.Ord,
		Type: jobs.Type(r.Type), Title: r.Title, Description: r.Description, Prompt: r.Prompt, Priority: jobs.Priority(r.Priority),
		Optional: r.Optional, Estimate: time.Duration(r.EstimateMS) * time.Millisecond,
		Status: jobs.Status(r.Status), Reason: jobs.Reason(r.Reason), Phase: jobs.Phase(r.Phase), Desired: jobs.Desired(r.Desired), Attempt: r.Attempt, Epoch: r.Epoch, Owner: r.Owner,
		Created: fromMS(r.CreatedAt), Started: fromMS(r.StartedAt), Completed: fromMS(r.CompletedAt),
		CurrentStep: r.CurrentStep, StepsCompleted: r.StepsCompleted, TotalSteps: r.TotalSteps, OpenDeps: r.OpenDeps,
		Counts: jobs.Counts{
			Total: r.LTotal, Completed: r.LCompleted, Failed: r.LFailed, Running: r.LRunning, Skipped: r.LSkipped, Cancelled: r.LCancelled,
			Weight: r.Weight, WeightDone: r.WeightDone, Cost: jobs.Money(r.Cost), Unpriced: r.Unpriced,
			Tokens: jobs.Tokens{Input: r.TokensIn, CacheRead: r.TokensRead, CacheWrite: r.TokensWrite, Output: r.TokensOut},
		},
		Provider: r.Provider, Model: r.Model, Result: r.Result, Error: r.Error,
	}
}

// jobRow is a row of jobs with its root and its purse.
type jobRow struct {
	Root nodeRow `gorm:"embedded"`

	Request      string
	PlanRevision int
	Budget       int64
	Spent        int64
	Reserved     int64
	Exceeded     int
	Shortage     string

	Forecast forecastRow `gorm:"embedded"`
	Rewrite  rewriteRow  `gorm:"embedded"`
	Before   forecastRow `gorm:"embedded;embeddedPrefix:b_"` // of the plan that was to be changed
}

const selectJobs = `SELECT n.*, j.request, j.revision AS plan_revision, j.shortage, p.budget, p.spent, p.reserved, p.exceeded,
  f.cost_low, f.cost_high, f.time_low_ms, f.time_high_ms, f.steps, f.learned, f.unpriced AS f_unpriced,
  r.revision AS r_revision, r.state AS r_state, r.cheaper AS r_cheaper, r.wish AS r_wish, r.note AS r_note,
  b.cost_low AS b_cost_low, b.cost_high AS b_cost_high, b.time_low_ms AS b_time_low_ms, b.time_high_ms AS b_time_high_ms,
  b.steps AS b_steps, b.learned AS b_learned, b.unpriced AS b_f_unpriced
FROM jobs j JOIN nodes n ON n.id = j.root_id JOIN purses p ON p.key = 'job:' || j.id
LEFT JOIN forecasts f ON f.job_id = j.id AND f.revision = j.revision
LEFT JOIN rewrites r ON r.job_id = j.id LEFT JOIN forecasts b ON b.job_id = j.id AND b.revision = r.revision `

// Report says all of a job; of a part only what its own rows say.
func (s *Store) Report(ctx context.Context, id jobs.JobID, whole bool) (*jobs.Report, error) {
	db := s.reads.WithContext(ctx)
	var row jobRow
	err := db.Raw(selectJobs+"WHERE j.id = ?", string(id)).Take(&row).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return nil, fmt.Errorf("job %q: %w", id, jobs.ErrNotFound)
	case err != nil:
		return nil, translate(err)
	}
	r := s.report(row)
	if err := s.current(db, &r); err != nil {
		return nil, err
	}
	if err := s.waits(db, &r); err != nil {
		return nil, err
	}
	if r.Undelivered, err = undelivered(db, id); err != nil {
		return nil, err
	}
	if !whole {
		return &r, nil
	}
	return &r, s.fill(ctx, &r)
}

// List returns the newest jobs first.
func (s *Store) List(ctx context.Context, limit int) ([]jobs.Report, error) {
	var rows []jobRow
	err := s.reads.WithContext(ctx).Raw(selectJobs+"ORDER BY j.created_at DESC, j.root_id DESC LIMIT ?", limit).Scan(&rows).Error
	if err != nil {
		return nil, translate(err)
	}
	list := make([]jobs.Report, 0, len(rows))
	for _, row := range rows {
		list = append(list, s.report(row))
	}
	return list, nil
}

func (s *Store) report(row jobRow) jobs.Report {
	r := jobs.NewReport(row.Root.node(), s.cfg.Now())
	r.Request, r.PlanRevision = row.Request, row.PlanRevision
	r.Cost.USD = jobs.Money(row.Spent).String()
	r.Cost.Reserved = jobs.Money(row.Reserved).String()
	if row.Budget >= 0 {
		r.Cost.Budget = jobs.Money(row.Budget).String()
	}
	r.Cost.Exceeded, r.Forecast, r.Rewrite = row.Exceeded, row.Forecast.report(), row.Rewrite.report(&row.Before)
	if !r.Status.Final() {
		r.Cost.Shortage = decodeShortage(row.Shortage)
	}
	return r
}

// current finds what a job does right now.
func (s *Store) current(db *gorm.DB, r *jobs.Report) error {
	if r.Status.Final() {
		return nil
	}
	var row nodeRow
	err := db.Raw("SELECT title, current_step, phase, path FROM nodes WHERE job_id = ? AND owner <> '' ORDER BY id LIMIT 1", string(r.ID)).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil
	}
	r.Current = jobs.Activity(row.node())
	return err
}

// fill adds the nodes, artifacts and calls.
func (s *Store) fill(ctx context.Context, r *jobs.Report) error {
	db := s.reads.WithContext(ctx)
	var rows []nodeRow
	if err := db.Where("job_id = ?", string(r.ID)).Find(&rows).Error; err != nil {
		return err
	}
	if err := s.whole(db, rows); err != nil {
		return err
	}
	deps, err := s.deps(db, r.ID)
	if err != nil {
		return err
	}
	paths := make(map[int64]string, len(rows))
	for _, row := range rows {
		paths[row.ID] = row.Path
		if row.ParentID == 0 {
			r.Result = row.Result
		}
	}
	made, err := s.artifacts(ctx, r, paths)
	if err != nil {
		return err
	}
	r.Nodes = make([]jobs.NodeReport, 0, len(rows))
	for _, row := range rows {
		n := jobs.NewNodeReport(unapproved(r.Status, row.node()))
		n.DependsOn = append(n.DependsOn, deps[row.ID]...)
		n.Artifacts = append(n.Artifacts, made[row.ID]...)
		r.Nodes = append(r.Nodes, n)
	}
	slices.SortFunc(r.Nodes, func(a, b jobs.NodeReport) int { return jobs.ComparePaths(a.Path, b.Path) })
	return s.calls(db, r, paths)
}

// unapproved lets a step of a plan that waits for approval say so: that is what all of
// them wait for first.
func unapproved(root jobs.Status, n *jobs.Node) *jobs.Node {
	if root == jobs.StatusAwaitingApproval && n.Reason == jobs.ReasonDependency {
		n.Reason = jobs.ReasonApproval
	}
	return n
}

func (s *Store) deps(db *gorm.DB, job jobs.JobID) (map[int64][]jobs.NodeID, error) {
	var rows []struct{ NodeID, OnID int64 }
	err := db.Raw("SELECT d.node_id, d.on_id FROM nodes n JOIN deps d ON d.node_id = n.id WHERE n.job_id = ? ORDER BY d.on_id", string(job)).Scan(&rows).Error
	deps := map[int64][]jobs.NodeID{}
	for _, r := range rows {
		deps[r.NodeID] = append(deps[r.NodeID], jobs.NodeID(r.OnID))
	}
	return deps, err
}

func (s *Store) artifacts(ctx context.Context, r *jobs.Report, paths map[int64]string) (map[int64][]string, error) {
	rows, err := s.fileRows(ctx, r.ID)
	made := map[int64][]string{}
	for _, row := range rows {
		if row.NodeID == 0 {
			continue // an attachment
		}
		made[row.NodeID] = append(made[row.NodeID], row.Name)
		r.Artifacts = append(r.Artifacts, jobs.ArtifactReport{
			Name: row.Name, Bytes: row.Bytes, MediaType: row.MediaType, SHA256: row.SHA256, Node: paths[row.NodeID],
		})
	}
	return made, err
}

// callRow is a line of the ledger.
type callRow struct {
	ID, NodeID                                   int64
	Purpose, Provider, Model, Status, Error      string
	TokensIn, TokensRead, TokensWrite, TokensOut int64
	Cost                                         int64
	Priced                                       bool
	StartedAt, FinishedAt                        int64
}

func (s *Store) calls(db *gorm.DB, r *jobs.Report, paths map[int64]string) error {
	var rows []callRow
	if err := db.Raw("SELECT * FROM calls WHERE job_id = ? ORDER BY id", string(r.ID)).Scan(&rows).Error; err != nil {
		return err
	}
	for _, c := range rows {
		call := jobs.CallReport{
			ID: c.ID, Node: paths[c.NodeID], Purpose: c.Purpose, Provider: c.Provider, Model: c.Model, Status: jobs.CallStatus(c.Status),
			Input: c.TokensIn, CacheRead: c.TokensRead, CacheWrite: c.TokensWrite, Output: c.TokensOut,
			StartedAt: fromMS(c.StartedAt), Error: c.Error,
		}
		if c.Priced {
			call.CostUSD = jobs.Money(c.Cost).String()
		}
		if c.FinishedAt > 0 {
			call.DurationMS = c.FinishedAt - c.StartedAt
		}
		r.Calls = append(r.Calls, call)
	}
	return nil
}

// Notices returns what of a job is still to be said.
func (s *Store) Notices(ctx context.Context, job jobs.JobID) ([]jobs.Notice, error) {
	var rows []struct {
		ID, CreatedAt int64
		Kind, Text    string
	}
	err := s.reads.WithContext(ctx).Raw("SELECT id, kind, text, created_at FROM outbox WHERE job_id = ? AND about = 0 AND delivered_at = 0 AND given_up = 0 ORDER BY id", string(job)).Scan(&rows).Error
	list := make([]jobs.Notice, 0, len(rows))
	for _, r := range rows {
		list = append(list, jobs.Notice{ID: r.ID, Job: job, Kind: jobs.NoticeKind(r.Kind), Text: r.Text, At: fromMS(r.CreatedAt)})
	}
	return list, err
}

// Waiting lists the jobs that have ready nodes.
func (s *Store) Waiting(ctx context.Context) ([]jobs.Ready, error) {
	if err := s.settled(ctx); err != nil {
		return nil, err
	}
	var rows []struct{ ID, Priority string }
	err := s.reads.WithContext(ctx).Raw(`SELECT j.id, n.priority FROM jobs j JOIN nodes n ON n.id = j.root_id
		WHERE j.final = 0 AND EXISTS (SELECT 1 FROM nodes r WHERE r.job_id = j.id AND r.ready = 1)`).Scan(&rows).Error
	list := make([]jobs.Ready, 0, len(rows))
	for _, r := range rows {
		list = append(list, jobs.Ready{Job: jobs.JobID(r.ID), Rank: jobs.Priority(r.Priority).Rank()})
	}
	return list, err
}

// Ready lists ready nodes of a job from an ID on, but for those below a node that people paused
// or are cancelling: their claims would be refused, again and again.
func (s *Store) Ready(ctx context.Context, job jobs.JobID, from jobs.NodeID, limit int) ([]jobs.Ready, error) {
	if err := s.settled(ctx); err != nil {
		return nil, err
	}
	db := s.reads.WithContext(ctx)
	var barred []string
	err := db.Raw("SELECT path FROM nodes WHERE job_id = ? AND desired <> 'run' AND completed_at = 0", string(job)).Scan(&barred).Error
	if err != nil || slices.Contains(barred, "") {
		return nil, err
	}
	text, args := selectNode+"WHERE job_id = ? AND ready = 1 AND id >= ?", []any{string(job), int64(from)}
	for _, path := range barred {
		text += " AND substr(path || '.', 1, length(?)) <> ?"
		args = append(args, path+".", path+".")
	}
	rows, err := db.Raw(text+" ORDER BY id LIMIT ?", append(args, limit)...).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []jobs.Ready
	for rows.Next() {
		n, err := known(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, jobs.Ready{Fence: n.Fence(), Job: job, Rank: n.Priority.Rank(), NotBefore: n.NotBefore, Known: n})
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return list, s.pullIn(ctx, list)
}

// Overdue lists the open jobs whose time is up. It stands still while people are
// asked something.
func (s *Store) Overdue(ctx context.Context, now time.Time) ([]jobs.JobID, error) {
	var due []jobs.JobID
	err := s.reads.WithContext(ctx).Raw(`SELECT id FROM jobs WHERE final = 0 AND deadline > 0 AND deadline <= ? AND timeout_ms > 0
		AND NOT EXISTS (SELECT 1 FROM questions q JOIN nodes n ON n.id = q.node_id WHERE q.job_id = jobs.id AND `+openQuestion+`)
		ORDER BY deadline`, ms(now)).Scan(&due).Error
	return due, err
}
