package storage

import (
	"context"
	"fmt"
	"strings"

	"github.com/askbob/bob/jobs"
)

// Faults compares the counters of every branch with the rows that they count, for
// jobs in which nothing is at work.
func (s *Store) Faults(ctx context.Context) ([]string, error) {
	var rows []struct {
		Node nodeRow `gorm:"embedded"`

		OpenChildren, Busy            int
		Ready                         bool
		CCompleted, CPartial          int
		CFailed, CSkipped, CCancelled int
		OGood, OBad                   int
	}
	if err := s.reads.WithContext(ctx).Raw("SELECT * FROM nodes ORDER BY depth DESC, id").Scan(&rows).Error; err != nil {
		return nil, err
	}
	type sum struct {
		counts jobs.Counts
		open   int
		kids   jobs.Children
	}
	sums := map[int64]*sum{}
	var faults []string
	fault := func(path, format string, args ...any) {
		faults = append(faults, path+": "+fmt.Sprintf(format, args...))
	}
	for _, row := range rows {
		r := row.Node
		n := r.node()
		below := sums[r.ID]
		leaf := jobs.Phase(r.Phase) != jobs.PhaseCombine
		if leaf {
			below = &sum{counts: jobs.Counts{Total: 1, Weight: r.Weight}}
			switch c := &below.counts; {
			case !n.Status.Final():
			case n.Status == jobs.StatusFailed:
				c.Failed = 1
			case n.Status == jobs.StatusCancelled:
				c.Cancelled = 1
			case n.Status == jobs.StatusSkipped:
				c.Skipped = 1
			default:
				c.Completed = 1
			}
			if n.Status.Final() {
				below.counts.WeightDone = r.Weight
			}
		} else if below == nil {
			fault(r.Path, "a branch without children")
			continue
		}
		got, want := n.Counts, below.counts
		got.Tokens, got.Cost, got.Unpriced = jobs.Tokens{}, 0, 0
		if got != want {
			fault(r.Path, "%s, counts %+v, want %+v", r.Status, got, want)
		}
		kids := jobs.Children{
			Completed: row.CCompleted, Partial: row.CPartial, Failed: row.CFailed, Skipped: row.CSkipped, Cancelled: row.CCancelled,
			OptionalGood: row.OGood, OptionalBad: row.OBad,
		}
		if !leaf && (row.OpenChildren != below.open || kids != below.kids) {
			fault(r.Path, "%d open children and %+v, want %d and %+v", row.OpenChildren, kids, below.open, below.kids)
		}
		if row.Busy != 0 || r.Owner != "" {
			fault(r.Path, "busy %d, owner %q", row.Busy, r.Owner)
		}
		if n.Status.Final() != (r.CompletedAt > 0) || n.Status.Final() && row.Ready {
			fault(r.Path, "%s, completed at %d, ready %v", r.Status, r.CompletedAt, row.Ready)
		}
		if r.ParentID == 0 {
			continue
		}
		up := sums[r.ParentID]
		if up == nil {
			up = &sum{}
			sums[r.ParentID] = up
		}
		up.open += count(!n.Status.Final())
		if n.Status.Final() && n.Reason != jobs.ReasonReplanned {
			up.kids.Add(n.Status, n.Optional)
		}
		c, b := &up.counts, below.counts
		c.Total, c.Completed, c.Failed, c.Skipped, c.Cancelled = c.Total+b.Total, c.Completed+b.Completed, c.Failed+b.Failed, c.Skipped+b.Skipped, c.Cancelled+b.Cancelled
		c.Weight, c.WeightDone = c.Weight+b.Weight, c.WeightDone+b.WeightDone
	}
	return faults[:min(len(faults), 10)], nil
}

// FindPlan says how SQLite picks the jobs of a query.
func (s *Store) FindPlan(ctx context.Context, q jobs.JobQuery) (string, error) {
	w := narrow(q)
	return s.plan(ctx, "SELECT j.id "+w.from()+w.newestFirst()+" LIMIT 20 OFFSET 0", w.args...)
}

// WaitsPlan says how SQLite finds what a job waits for.
func (s *Store) WaitsPlan(ctx context.Context) (string, error) {
	return s.plan(ctx, selectWaits, "job_00000001", jobs.MaxWaits)
}

func (s *Store) plan(ctx context.Context, query string, args ...any) (string, error) {
	var rows []struct{ Detail string }
	err := s.reads.WithContext(ctx).Raw("EXPLAIN QUERY PLAN "+query, args...).Scan(&rows).Error
	lines := make([]string, 0, len(rows))
	for _, r := range rows {
		lines = append(lines, r.Detail)
	}
	return strings.Join(lines, "\n"), err
}

// RoomsPlan says how SQLite finds the closed rooms of a workspace.
func (s *Store) RoomsPlan(ctx context.Context) (string, error) {
	var rows []struct{ Detail string }
	err := s.reads.WithContext(ctx).Raw("EXPLAIN QUERY PLAN "+closedRooms, map[string]any{"workspace": "", "limit": 1}).Scan(&rows).Error
	lines := make([]string, 0, len(rows))
	for _, r := range rows {
		lines = append(lines, r.Detail)
	}
	return strings.Join(lines, "\n"), err
}

// Claims counts how often nodes of a job were claimed.
func (s *Store) Claims(ctx context.Context, job jobs.JobID) (int, error) {
	var n int
	err := s.reads.WithContext(ctx).Raw("SELECT coalesce(sum(tries), 0) FROM nodes WHERE job_id = ?", string(job)).Scan(&n).Error
	return n, err
}

// Told lists what of a kind is to be said and belongs to no job and no schedule.
func (s *Store) Told(ctx context.Context, kind jobs.NoticeKind) ([]jobs.TellLine, error) {
	var rows []struct{ Text, Surface, ToWorkspace, ToChannel, ToUser string }
	err := s.reads.WithContext(ctx).Raw(`SELECT text, surface, to_workspace, to_channel, to_user FROM outbox
		WHERE kind = ? AND job_id = '' AND schedule_id = '' AND delivered_at = 0 ORDER BY id`, string(kind)).Scan(&rows).Error
	list := make([]jobs.TellLine, 0, len(rows))
	for _, r := range rows {
		to := jobs.Place{Surface: r.Surface, Workspace: r.ToWorkspace, Channel: r.ToChannel}
		list = append(list, jobs.TellLine{To: to, User: r.ToUser, Text: r.Text})
	}
	return list, err
}
