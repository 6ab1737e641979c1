package storage

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"github.com/askbob/bob/jobs"
)

// beginningSize is how much of a long result stays in its node's row, in tokens:
// what a status shows.
const beginningSize = 1_000

// spill stores long results as blobs, in transactions of their own, before the
// changes that name them: the writer never waits for bytes. If the process ends in
// between, the blob is swept or, when the node runs again, named after all.
func (s *Store) spill(ctx context.Context, changes []jobs.Change) ([]jobs.Change, error) {
	copied := false
	for i, c := range changes {
		f, ok := c.(jobs.Finish)
		if !ok || len(f.Result) <= jobs.LongResult {
			continue
		}
		sum, err := s.Blob(ctx, []byte(bounded(f.Result)))
		if err != nil {
			return nil, fmt.Errorf("result of node %d: %w", f.Node.ID, err)
		}
		f.Blob, f.Result = sum, jobs.Cut(f.Result, beginningSize, "in the job's full results")
		if !copied {
			changes, copied = slices.Clone(changes), true
		}
		changes[i] = f
	}
	return changes, nil
}

// bounded cuts off what is more than a blob may hold, and says so.
func bounded(text string) string {
	if len(text) <= jobs.MaxFile {
		return text
	}
	const note = "\n[… %d bytes are left out here: a result is kept up to %d MiB …]\n"
	end := jobs.MaxFile - 2*len(note)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + fmt.Sprintf(note, len(text)-end, jobs.MaxFile>>20)
}

// blobsAtOnce bounds the blobs of one query.
const blobsAtOnce = 100

// whole puts the whole results into rows that have only the beginnings of long ones.
func (s *Store) whole(db *gorm.DB, rows []nodeRow) error {
	var sums []string
	for _, r := range rows {
		if r.ResultSHA256 != "" {
			sums = append(sums, r.ResultSHA256)
		}
	}
	slices.Sort(sums)
	texts := map[string]string{}
	for part := range slices.Chunk(slices.Compact(sums), blobsAtOnce) {
		var blobs []struct {
			SHA256 string `gorm:"column:sha256"`
			Data   []byte
		}
		if err := db.Raw("SELECT sha256, data FROM blobs WHERE sha256 IN ?", part).Scan(&blobs).Error; err != nil {
			return fmt.Errorf("long results: %w", err)
		}
		for _, b := range blobs {
			texts[b.SHA256] = string(b.Data)
		}
	}
	for i, r := range rows {
		if r.ResultSHA256 == "" {
			continue
		}
		text, ok := texts[r.ResultSHA256]
		if !ok {
			return fmt.Errorf("result of node %d: blob %s: %w", r.ID, r.ResultSHA256, jobs.ErrNotFound)
		}
		rows[i].Result = text
	}
	return nil
}

const (
	// sweepAge is how long a blob may be without a name: whoever stored it names it
	// at once, or is gone.
	sweepAge = time.Hour
	// sweepMost bounds how many blobs are looked at, the newest first: what a crash
	// left behind is among them.
	sweepMost = 10_000
)

// sweepBlobs drops blobs that nothing names: their process ended between storing
// and naming them, or what named them is gone.
func (u *unit) sweepBlobs() error {
	if err := u.exec("DELETE FROM schedule_files WHERE schedule_id NOT IN (SELECT id FROM schedules)"); err != nil {
		return err
	}
	return u.exec(`DELETE FROM blobs WHERE sha256 IN (
		SELECT sha256 FROM (SELECT sha256 FROM blobs WHERE created_at < ? ORDER BY created_at DESC LIMIT ?) b
		WHERE NOT EXISTS (SELECT 1 FROM attachments a WHERE a.sha256 = b.sha256)
		  AND NOT EXISTS (SELECT 1 FROM artifacts a WHERE a.sha256 = b.sha256)
		  AND NOT EXISTS (SELECT 1 FROM schedule_files f WHERE f.sha256 = b.sha256)
		  AND NOT EXISTS (SELECT 1 FROM nodes n WHERE n.result_sha256 = b.sha256 AND n.result_sha256 <> ''))`,
		u.now-sweepAge.Milliseconds(), sweepMost)
}

// summarise keeps a summary of a node's result; the first one stays.
func (u *unit) summarise(c jobs.Summarise) error {
	s, err := u.held(c.Fence)
	if err != nil {
		return err
	}
	if err := u.evict(int64(c.Of)); err != nil {
		return err
	}
	return u.exec("UPDATE nodes SET summary = ? WHERE id = ? AND job_id = ? AND summary = '' AND completed_at > 0",
		c.Text, int64(c.Of), string(s.job))
}

// offeredRow is another node's result that a node's tools may read as a file.
type offeredRow struct {
	Path         string
	Bytes        int64 // of the blob
	Result       string
	ResultSHA256 string `gorm:"column:result_sha256"`
}

// maxOffered bounds the results that are offered as files, and offeredDepth how far
// back they go: a text may name the file that it was made from.
const (
	maxOffered   = 200
	offeredDepth = 4
)

// selectOffered finds what a node builds on, then what that was built on.
const selectOffered = `WITH RECURSIVE
line (id, parent_id) AS (
  SELECT id, parent_id FROM nodes WHERE id = @node
  UNION ALL SELECT n.id, n.parent_id FROM line JOIN nodes n ON n.id = line.parent_id),
built (id, back) AS (
  SELECT on_id, 1 FROM deps WHERE node_id IN (SELECT id FROM line)
  UNION SELECT d.on_id, built.back + 1 FROM built JOIN deps d ON d.node_id = built.id WHERE built.back < @depth),
nearest (id, back) AS (SELECT id, min(back) FROM built GROUP BY id)
SELECT n.path, n.result, n.result_sha256, coalesce((SELECT length(data) FROM blobs WHERE sha256 = n.result_sha256), 0) AS bytes
FROM nearest b JOIN nodes n ON n.id = b.id WHERE n.result <> '' ORDER BY b.back, n.id LIMIT @most`

func (s *Store) offered(ctx context.Context, n *jobs.Node) ([]offeredRow, error) {
	var rows []offeredRow
	err := s.reads.WithContext(ctx).Raw(selectOffered, map[string]any{"node": int64(n.ID), "depth": offeredDepth, "most": maxOffered}).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("results for node %d: %w", n.ID, err)
	}
	return rows, nil
}

func (r offeredRow) info() jobs.FileInfo {
	bytes := r.Bytes
	if r.ResultSHA256 == "" {
		bytes = int64(len(r.Result))
	}
	return jobs.FileInfo{Name: jobs.ResultFile(r.Path), MediaType: "text/markdown", Bytes: bytes, Kind: "text"}
}

// readResult returns the result of the node at path, if it is offered to f's node.
func (f *nodeFiles) readResult(ctx context.Context, path string) ([]byte, error) {
	rows, err := f.store.offered(ctx, f.node)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		switch {
		case r.Path != path:
		case r.ResultSHA256 != "":
			return f.store.blob(ctx, r.ResultSHA256)
		default:
			return []byte(r.Result), nil
		}
	}
	return nil, fmt.Errorf("result of step %q: %w", path, jobs.ErrNotFound)
}
