package storage

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/askbob/bob/jobs"
)

// maxFound bounds a list of jobs that is read at once.
const maxFound = 1000

const newestFirst = " ORDER BY j.created_at DESC, j.root_id DESC"

// begunNot holds for the root n of an open job of which nothing has begun.
const begunNot = "n.started_at = 0 AND n.status IN ('planning', 'queued')"

// where is a condition of SQL with its arguments.
type where struct {
	parts []string
	args  []any
	root  bool // it looks at the root node
	open  bool // it wants open jobs only
}

func (w *where) and(text string, args ...any) {
	w.parts, w.args = append(w.parts, text), append(w.args, args...)
}

// from is what follows SELECT. The row of the root is read only where it is looked at:
// most jobs are old, and finding them is a walk along an index.
func (w *where) from() string {
	text := "FROM jobs j "
	if w.root {
		text += "JOIN nodes n ON n.id = j.root_id "
	}
	return text + "WHERE " + strings.Join(append(w.parts, "true"), " AND ")
}

// newestFirst is the order of a list. Of open jobs no index is walked for it.
func (w *where) newestFirst() string {
	if w.open {
		return " ORDER BY +j.created_at DESC, j.root_id DESC"
	}
	return newestFirst
}

// narrow says in SQL which jobs a query wants.
func narrow(q jobs.JobQuery) *where {
	w := &where{}
	w.open = q.Group == jobs.GroupActive || q.Group == jobs.GroupQueued || q.Status != "" && !q.Status.Final()
	index := "" // few jobs are open: then only the index of these is used
	if w.open {
		w.and("j.final = 0")
		index = "+"
	}
	if q.User != "" {
		w.and(index+"j.user_name = ?", q.User)
		index = "+" // a person is of one workspace, where the name says so
	}
	if q.Workspace != "" {
		w.and(index+"j.workspace = ?", q.Workspace)
	}
	w.within(q.Sight, q.User)
	switch q.Group {
	case jobs.GroupFinished:
		w.and("+j.final = 1")
	case jobs.GroupQueued:
		w.and(begunNot)
		w.root = true
	case jobs.GroupActive:
		w.and("NOT (" + begunNot + ")")
		w.root = true
	}
	if q.Status != "" {
		w.and("n.status = ?", string(q.Status))
		w.root = true
	}
	if words := strings.TrimSpace(q.Words); words != "" {
		plain := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(words)
		w.and(`(n.title LIKE ? ESCAPE '\' OR j.request LIKE ? ESCAPE '\' OR j.id LIKE ? ESCAPE '\')`, "%"+plain+"%", "%"+plain+"%", plain+"%")
		w.root = true
	}
	return w
}

// within leaves out what is outside of a sight, of the jobs of a person or of all.
func (w *where) within(s *jobs.Sight, user string) {
	if text, args := seen(s, user); text != "" {
		w.and(text, args...)
	}
}

// seen is the condition that a job j is within a sight, of the jobs of a person or of
// all; empty if they all are.
func seen(s *jobs.Sight, user string) (text string, args []any) {
	if s == nil || s.All || user != "" && s.User == user {
		return "", nil
	}
	var parts []string
	if s.Open { // first: it holds for most
		parts = append(parts, "+j.room = ''")
	}
	if s.User != "" {
		parts, args = append(parts, "+j.user_name = ?"), append(args, s.User)
	}
	if len(s.Rooms) > 0 {
		parts, args = append(parts, "+j.room IN ?"), append(args, s.Rooms)
	}
	if parts == nil {
		return "false", nil
	}
	return "(" + strings.Join(parts, " OR ") + ")", args
}

// closedRooms steps from one room to the next along their index, however many jobs they
// have; RoomDirect comes before all others.
const closedRooms = `WITH RECURSIVE rooms (room) AS (
  SELECT '-' UNION ALL
  SELECT (SELECT room FROM jobs WHERE workspace = @workspace AND room <> '' AND room > rooms.room ORDER BY room LIMIT 1) FROM rooms WHERE room IS NOT NULL
) SELECT room FROM rooms WHERE room > '-' LIMIT @limit`

// ClosedRooms lists in which closed places the jobs of a workspace were given.
func (s *Store) ClosedRooms(ctx context.Context, workspace string, limit int) ([]string, error) {
	var list []string
	args := map[string]any{"workspace": workspace, "limit": max(0, limit)}
	if err := s.reads.WithContext(ctx).Raw(closedRooms, args).Scan(&list).Error; err != nil {
		return nil, fmt.Errorf("closed rooms: %w", translate(err))
	}
	return list, nil
}

// Find lists jobs, newest first, and counts all that match; a job that comes in between
// is in one of both only. Of open ones it says what they do and wait for.
func (s *Store) Find(ctx context.Context, q jobs.JobQuery) (list []jobs.Report, total int, err error) {
	w := narrow(q)
	db := s.reads.WithContext(ctx)
	err = db.Raw("SELECT count(*) "+w.from(), w.args...).Scan(&total).Error
	if err == nil && q.Limit > 0 {
		list, err = s.found(db, w, min(q.Limit, maxFound), max(0, q.Offset))
	}
	if err != nil {
		return nil, 0, fmt.Errorf("find jobs: %w", translate(err))
	}
	return list, total, nil
}

func (s *Store) found(db *gorm.DB, w *where, limit, offset int) ([]jobs.Report, error) {
	var rows []jobRow
	text := selectJobs + "WHERE j.id IN (SELECT j.id " + w.from() + w.newestFirst() + " LIMIT ? OFFSET ?)" + newestFirst
	if err := db.Raw(text, append(w.args, limit, offset)...).Scan(&rows).Error; err != nil {
		return nil, err
	}
	list := make([]jobs.Report, 0, len(rows))
	for _, row := range rows {
		r := s.report(row)
		if err := s.current(db, &r); err != nil {
			return nil, err
		}
		if err := s.waits(db, &r); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}
