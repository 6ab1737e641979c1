package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/askbob/bob/jobs"
)

// Top returns the steps right below the root, MaxTop at most in the order of their
// paths, and how many there are more; of a job of one step the root; of a job that
// is not planned yet none. Its cost does not depend on what is below them.
// ErrNotFound.
func (s *Store) Top(ctx context.Context, id jobs.JobID) (list []jobs.TopStep, more int, err error) {
	db := s.reads.WithContext(ctx)
	root, err := rootOf(db, id)
	if err != nil {
		return nil, 0, err
	}
	var rows []nodeRow
	err = db.Where("job_id = ? AND parent_id = ?", string(id), root.ID).Omit("prompt", "description", "result", "summary").
		Order("ord").Limit(jobs.MaxTop).Find(&rows).Error
	if err != nil {
		return nil, 0, translate(err)
	}
	if len(rows) == 0 && jobs.Phase(root.Phase) == jobs.PhaseWork {
		rows = append(rows, root)
	}
	if len(rows) == jobs.MaxTop {
		if more, err = furtherSteps(db, id, root.ID); err != nil {
			return nil, 0, err
		}
	}
	list = make([]jobs.TopStep, 0, len(rows))
	for _, row := range rows {
		list = append(list, topStep(unapproved(jobs.Status(root.Status), row.node())))
	}
	return list, more, nil
}

func rootOf(db *gorm.DB, id jobs.JobID) (nodeRow, error) {
	var root nodeRow
	err := db.Raw("SELECT n.* FROM jobs j JOIN nodes n ON n.id = j.root_id WHERE j.id = ?", string(id)).Take(&root).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return root, fmt.Errorf("job %q: %w", id, jobs.ErrNotFound)
	}
	return root, translate(err)
}

// furtherSteps counts the steps below the root that Top leaves out.
func furtherSteps(db *gorm.DB, id jobs.JobID, root int64) (int, error) {
	var n int64
	err := db.Model(&nodeRow{}).Where("job_id = ? AND parent_id = ?", string(id), root).Count(&n).Error
	return max(0, int(n)-jobs.MaxTop), translate(err)
}

func topStep(n *jobs.Node) jobs.TopStep {
	return jobs.TopStep{
		Path: n.Path, Title: n.Title, Type: n.Type, Status: n.Status, Reason: n.Reason, Desired: n.Desired,
		Current: n.CurrentStep, Error: n.Error, Leaves: n.Counts.Summary(),
	}
}

// Yield returns a job's whole result and what is known of the files that it made,
// at most limit of them. ErrNotFound.
func (s *Store) Yield(ctx context.Context, id jobs.JobID, limit int) (jobs.Yield, error) {
	db := s.reads.WithContext(ctx)
	root, err := rootOf(db, id)
	if err != nil {
		return jobs.Yield{}, err
	}
	rows := []nodeRow{root}
	if err := s.whole(db, rows); err != nil {
		return jobs.Yield{}, err
	}
	y := jobs.Yield{Result: rows[0].Result}
	var files []struct {
		File fileRow `gorm:"embedded"`

		Path string
	}
	err = db.Raw(`SELECT a.name, a.sha256, a.media_type, a.bytes, n.path FROM artifacts a JOIN nodes n ON n.id = a.node_id
		WHERE a.job_id = ?`, string(id)).Scan(&files).Error
	if err != nil {
		return jobs.Yield{}, translate(err)
	}
	for _, f := range files {
		y.Artifacts = append(y.Artifacts, jobs.ArtifactReport{
			Name: f.File.Name, Bytes: f.File.Bytes, MediaType: f.File.MediaType, SHA256: f.File.SHA256, Node: f.Path,
		})
	}
	slices.SortFunc(y.Artifacts, func(a, b jobs.ArtifactReport) int {
		return cmp.Or(jobs.ComparePaths(a.Node, b.Node), cmp.Compare(a.Name, b.Name))
	})
	if len(y.Artifacts) > limit {
		y.More = len(y.Artifacts) - limit
		y.Artifacts = y.Artifacts[y.More:] // what comes last builds on what comes first
	}
	return y, nil
}
