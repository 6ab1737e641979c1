package storage

import (
	"context"

	"gorm.io/gorm"

	"github.com/askbob/bob/jobs"
)

// Tally adds up all jobs by the counters of their roots, so that it reads a row a
// job, whatever the trees; calls it counts.
func (s *Store) Tally(ctx context.Context) (jobs.Tally, error) {
	t := jobs.Tally{Jobs: map[jobs.Status]int64{}, Calls: map[jobs.CallStatus]int64{}}
	db := s.reads.WithContext(ctx)
	if err := tallyJobs(db, &t); err != nil {
		return t, translate(err)
	}
	var calls []struct {
		Status string
		N      int64
	}
	if err := db.Raw("SELECT status, count(*) AS n FROM calls GROUP BY status").Scan(&calls).Error; err != nil {
		return t, translate(err)
	}
	for _, c := range calls {
		t.Calls[jobs.CallStatus(c.Status)] = c.N
	}
	if s.writer != nil {
		stats := s.Stats()
		t.Commits, t.Changes, t.Stale = stats.Commits, stats.Changes, stats.Stale
	}
	return t, nil
}

func tallyJobs(db *gorm.DB, t *jobs.Tally) error {
	var rows []struct {
		Status string
		N      int64

		Total, Completed, Failed, Running, Skipped, Cancelled int
		Input, CacheRead, CacheWrite, Output, Cost            int64
	}
	err := db.Raw(`SELECT n.status, count(*) AS n, sum(n.l_total) AS total, sum(n.l_completed) AS completed, sum(n.l_failed) AS failed,
		sum(n.l_running) AS running, sum(n.l_skipped) AS skipped, sum(n.l_cancelled) AS cancelled,
		sum(n.tokens_in) AS input, sum(n.tokens_read) AS cache_read, sum(n.tokens_write) AS cache_write, sum(n.tokens_out) AS output,
		sum(n.cost) AS cost
		FROM jobs j JOIN nodes n ON n.id = j.root_id GROUP BY n.status`).Scan(&rows).Error
	for _, r := range rows {
		t.Jobs[jobs.Status(r.Status)] = r.N
		c := jobs.Counts{Total: r.Total, Completed: r.Completed, Failed: r.Failed, Running: r.Running, Skipped: r.Skipped, Cancelled: r.Cancelled}
		t.Leaves.Total += c.Total
		t.Leaves.Completed += c.Completed
		t.Leaves.Failed += c.Failed
		t.Leaves.Running += c.Running
		t.Leaves.Queued += c.Queued()
		t.Leaves.Skipped += c.Skipped
		t.Leaves.Cancelled += c.Cancelled
		t.Tokens.Input += r.Input
		t.Tokens.CacheRead += r.CacheRead
		t.Tokens.CacheWrite += r.CacheWrite
		t.Tokens.Output += r.Output
		t.Cost += jobs.Money(r.Cost)
	}
	return err
}
