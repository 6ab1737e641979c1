package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/askbob/bob/jobs"
)

// Blob stores data by its content, in a transaction of its own: the writer never
// waits for bytes. What is stored again counts as new, so that it is not swept
// before it is named.
func (s *Store) Blob(ctx context.Context, data []byte) (string, error) {
	sum := sha256.Sum256(data)
	id := hex.EncodeToString(sum[:])
	err := s.inTx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("INSERT INTO blobs (sha256, created_at, data) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET created_at = excluded.created_at", id, ms(s.cfg.Now()), data).Error
	})
	if err != nil {
		return "", fmt.Errorf("store blob: %w", err)
	}
	return id, nil
}

// fileRow is a line of attachments or artifacts.
type fileRow struct {
	Name      string
	SHA256    string `gorm:"column:sha256"`
	NodeID    int64
	MediaType string
	Bytes     int64
	Info      string
}

const selectFiles = `SELECT name, sha256, 0 AS node_id, '' AS media_type, 0 AS bytes, info, 0 AS created_at, ord
  FROM attachments WHERE job_id = @job
UNION ALL
SELECT name, sha256, node_id, media_type, bytes, '', created_at, 0 FROM artifacts WHERE job_id = @job
ORDER BY 7, 8, 1`

func (s *Store) fileRows(ctx context.Context, job jobs.JobID) ([]fileRow, error) {
	var rows []fileRow
	err := s.reads.WithContext(ctx).Raw(selectFiles, map[string]any{"job": string(job)}).Scan(&rows).Error
	return rows, err
}

func (r fileRow) info() (jobs.FileInfo, error) {
	if r.Info == "" {
		return jobs.FileInfo{Name: r.Name, MediaType: r.MediaType, Bytes: r.Bytes, SHA256: r.SHA256, Kind: kindOf(r.MediaType)}, nil
	}
	var info jobs.FileInfo
	if err := json.Unmarshal([]byte(r.Info), &info); err != nil {
		return info, fmt.Errorf("file %s: %w", r.Name, err)
	}
	return info, nil
}

func kindOf(mediaType string) string {
	switch mediaType {
	case "text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":
		return "table"
	case "text/markdown", "text/html", "text/plain", "application/json":
		return "text"
	case "application/pdf":
		return "pdf"
	case "image/png", "image/svg+xml":
		return "image"
	}
	return "binary"
}

func (s *Store) blob(ctx context.Context, sha string) ([]byte, error) {
	var data []byte
	err := s.reads.WithContext(ctx).Raw("SELECT data FROM blobs WHERE sha256 = ?", sha).Row().Scan(&data)
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", sha, err)
	}
	return data, nil
}

// Artifact returns a file that a job made.
func (s *Store) Artifact(ctx context.Context, job jobs.JobID, name string) ([]byte, error) {
	var row fileRow
	err := s.reads.WithContext(ctx).Raw("SELECT name, sha256 FROM artifacts WHERE job_id = ? AND name = ?", string(job), name).Take(&row).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return nil, fmt.Errorf("file %q of %s: %w", name, job, jobs.ErrNotFound)
	case err != nil:
		return nil, err
	}
	return s.blob(ctx, row.SHA256)
}

// nodeFiles is jobs.Files for one claimed node.
type nodeFiles struct {
	store *Store
	node  *jobs.Node
}

// Files returns the files of a claimed node's job.
func (s *Store) Files(n *jobs.Node) jobs.Files { return &nodeFiles{store: s, node: n} }

// List returns attachments, then artifacts in the order they were made, then the
// results that the node builds on.
func (f *nodeFiles) List(ctx context.Context) ([]jobs.FileInfo, error) {
	list, made, err := f.store.FilesOf(ctx, f.node.Job)
	if err != nil {
		return nil, err
	}
	results, err := f.store.offered(ctx, f.node)
	if err != nil {
		return nil, err
	}
	list = append(list, made...)
	for _, r := range results {
		list = append(list, r.info())
	}
	return list, nil
}

// FilesOf describes a job's attachments and the files that it made so far; both are
// empty for a job that is not there.
func (s *Store) FilesOf(ctx context.Context, job jobs.JobID) (attached, made []jobs.FileInfo, err error) {
	rows, err := s.fileRows(ctx, job)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range rows {
		info, err := r.info()
		if err != nil {
			return nil, nil, err
		}
		if r.NodeID == 0 {
			attached = append(attached, info)
		} else {
			made = append(made, info)
		}
	}
	return attached, made, nil
}

// Read returns a whole file.
func (f *nodeFiles) Read(ctx context.Context, name string) ([]byte, error) {
	if path, ok := jobs.ResultPath(name); ok {
		return f.readResult(ctx, path)
	}
	rows, err := f.store.fileRows(ctx, f.node.Job)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.Name == name {
			return f.store.blob(ctx, r.SHA256)
		}
	}
	return nil, fmt.Errorf("file %q: %w", name, jobs.ErrNotFound)
}

// Create keeps a new artifact of the node.
func (f *nodeFiles) Create(ctx context.Context, name, mediaType string, data []byte) (jobs.Artifact, error) {
	switch {
	case len(data) == 0:
		return jobs.Artifact{}, &jobs.UserError{Message: fmt.Sprintf("The file %q is empty: there is nothing to keep.", name)}
	case len(data) > jobs.MaxFile:
		return jobs.Artifact{}, &jobs.UserError{Message: fmt.Sprintf(
			"The file %q has %d bytes, at most %d are kept: make it smaller.", name, len(data), jobs.MaxFile)}
	}
	sum, err := f.store.Blob(ctx, data)
	if err != nil {
		return jobs.Artifact{}, err
	}
	for {
		free, err := f.free(ctx, name)
		if err != nil {
			return jobs.Artifact{}, err
		}
		a := jobs.Artifact{Name: free, MediaType: mediaType, Bytes: int64(len(data)), SHA256: sum, Node: f.node.ID}
		out, err := f.store.Apply(ctx, jobs.Keep{Fence: f.node.Fence(), Artifact: a})
		if err != nil {
			return jobs.Artifact{}, err
		}
		if !errors.Is(out[0].Err, errTaken) {
			return a, out[0].Err
		}
	}
}

// free returns the name that a new artifact gets: its own, unless another node or
// a person has a file of that name.
func (f *nodeFiles) free(ctx context.Context, name string) (string, error) {
	rows, err := f.store.fileRows(ctx, f.node.Job)
	if err != nil {
		return "", err
	}
	names := make([]string, 0, len(rows))
	for _, r := range rows {
		if r.NodeID != int64(f.node.ID) {
			names = append(names, r.Name)
		}
	}
	return jobs.FreeName(name, names), nil
}

// errTaken says that another node was faster with the same name.
var errTaken = fmt.Errorf("name is taken: %w", jobs.ErrStale)

// keep names a stored blob as an artifact; the same node may replace its own.
func (u *unit) keep(c jobs.Keep) error {
	s, err := u.held(c.Fence)
	if err != nil {
		return err
	}
	a := c.Artifact
	rows, err := u.changed(`INSERT INTO artifacts (job_id, name, node_id, media_type, bytes, sha256, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET media_type = excluded.media_type, bytes = excluded.bytes, sha256 = excluded.sha256, created_at = excluded.created_at
		WHERE node_id = excluded.node_id`,
		string(s.job), a.Name, int64(c.Node), a.MediaType, a.Bytes, a.SHA256, u.now)
	switch {
	case err != nil:
		return err
	case rows == 0:
		return errTaken
	}
	u.touch(s.job)
	return nil
}
