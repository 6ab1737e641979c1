package storage

import (
	"errors"
	"time"

	"github.com/askbob/bob/jobs"
)

const (
	// forgetNodes and forgetRows bound what one change deletes, so that others wait
	// some milliseconds at most.
	forgetNodes = 100
	forgetRows  = 500
	// unnamedFor is how long a blob that nothing names is kept: its process stores
	// it before the row that names it.
	unnamedFor = time.Hour
)

// forget deletes one piece of what is past.
func (u *unit) forget(c jobs.Forget, out *jobs.Outcome) error {
	var job string
	err := u.row("SELECT job_id FROM forgotten LIMIT 1", nil, &job)
	switch {
	case err == nil:
		out.More = true
		return u.forgetPiece(job)
	case !errors.Is(err, jobs.ErrNotFound):
		return err
	}
	before := ms(c.Before)
	err = u.row(`SELECT j.id FROM jobs j JOIN nodes n ON n.id = j.root_id
		WHERE j.created_at < ? AND j.final = 1 AND n.completed_at < ? ORDER BY j.created_at LIMIT 1`, []any{before, before}, &job)
	switch {
	case err == nil:
		out.More = true
		return u.forgetJob(job)
	case !errors.Is(err, jobs.ErrNotFound):
		return err
	}
	var id string
	err = u.row("SELECT id FROM schedules WHERE state = 'ended' AND ended_at < ? LIMIT 1", []any{before}, &id)
	switch {
	case err == nil:
		out.More = true
		return u.removeSchedule(jobs.ScheduleID(id))
	case !errors.Is(err, jobs.ErrNotFound):
		return err
	}
	return nil
}

// forgetJob takes a job out of everybody's sight. What it cost stays with the
// schedule that it was a run of.
func (u *unit) forgetJob(job string) error {
	for _, text := range []string{
		"INSERT INTO forgotten (job_id) VALUES (?)",
		`UPDATE schedule_runs SET spent = coalesce((SELECT spent + reserved FROM purses WHERE key = 'job:' || job_id), 0)
		 WHERE job_id = ?`,
		"DELETE FROM purses WHERE key = 'job:' || ?",
		"DELETE FROM forecasts WHERE job_id = ?",
		"DELETE FROM job_places WHERE job_id = ?",
		"DELETE FROM outbox WHERE job_id = ? AND delivered_at = 0", // nobody is told of what is gone
		"DELETE FROM asks WHERE job_id = ?",
		"DELETE FROM rewrites WHERE job_id = ?",
		"DELETE FROM jobs WHERE id = ?",
	} {
		if err := u.exec(text, job); err != nil {
			return err
		}
	}
	return nil
}

// forgetPiece deletes some rows of a job that is out of sight; with the last it is
// forgotten.
func (u *unit) forgetPiece(job string) error {
	if done, err := u.forgetSomeNodes(job); done || err != nil {
		return err
	}
	if done, err := u.forgetFile(job); done || err != nil {
		return err
	}
	for _, text := range []string{
		"DELETE FROM holds WHERE (call_id, purse) IN (SELECT call_id, purse FROM holds WHERE call_id IN (SELECT id FROM calls WHERE job_id = ?) LIMIT ?)",
		"DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE job_id = ? LIMIT ?)",
		"DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE job_id = ? LIMIT ?)",
		"DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE job_id = ? LIMIT ?)",
		"DELETE FROM calls WHERE id IN (SELECT id FROM calls WHERE job_id = ? LIMIT ?)",
		"DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE job_id = ? LIMIT ?)",
	} {
		if rows, err := u.changed(text, job, forgetRows); rows > 0 || err != nil {
			return err
		}
	}
	return u.exec("DELETE FROM forgotten WHERE job_id = ?", job)
}

// forgetSomeNodes deletes nodes with what hangs on them; done says that there were
// any.
func (u *unit) forgetSomeNodes(job string) (done bool, err error) {
	list, err := u.ids("SELECT id FROM nodes WHERE job_id = ? LIMIT ?", job, forgetNodes)
	if err != nil {
		return false, err
	}
	for _, id := range list {
		if err := u.forgetResult(id); err != nil {
			return false, err
		}
		for _, text := range []string{
			"DELETE FROM purses WHERE key = 'node:' || ?",
			"DELETE FROM attempts WHERE node_id = ?",
			"DELETE FROM turns WHERE node_id = ?",
			"DELETE FROM deps WHERE node_id = ?",
			"DELETE FROM questions WHERE node_id = ?",
			"DELETE FROM effects WHERE node_id = ?",
			"DELETE FROM nodes WHERE id = ?",
		} {
			if err := u.exec(text, id); err != nil {
				return false, err
			}
		}
	}
	return len(list) > 0, nil
}

// forgetFile deletes one file of a job, and its blob if nothing else names it;
// done says that there was one.
func (u *unit) forgetFile(job string) (done bool, err error) {
	var sum string
	err = u.row("SELECT sha256 FROM attachments WHERE job_id = ? UNION ALL SELECT sha256 FROM artifacts WHERE job_id = ? LIMIT 1",
		[]any{job, job}, &sum)
	switch {
	case errors.Is(err, jobs.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	for _, text := range []string{
		"DELETE FROM attachments WHERE job_id = ? AND sha256 = ?",
		"DELETE FROM artifacts WHERE job_id = ? AND sha256 = ?",
	} {
		if err := u.exec(text, job, sum); err != nil {
			return false, err
		}
	}
	return true, u.dropBlob(sum)
}

// forgetResult takes a long result from its node, and deletes its blob if nothing
// else names it.
func (u *unit) forgetResult(node int64) error {
	var sum string
	if err := u.row("SELECT result_sha256 FROM nodes WHERE id = ?", []any{node}, &sum); err != nil || sum == "" {
		return err
	}
	if err := u.exec("UPDATE nodes SET result_sha256 = '' WHERE id = ?", node); err != nil {
		return err
	}
	return u.dropBlob(sum)
}

// dropBlob deletes a blob that nothing names any more.
func (u *unit) dropBlob(sum string) error {
	return u.exec(`DELETE FROM blobs WHERE sha256 = ?1 AND created_at < ?2
		AND NOT EXISTS (SELECT 1 FROM attachments WHERE sha256 = ?1) AND NOT EXISTS (SELECT 1 FROM artifacts WHERE sha256 = ?1)
		AND NOT EXISTS (SELECT 1 FROM schedule_files WHERE sha256 = ?1)
		AND NOT EXISTS (SELECT 1 FROM nodes WHERE result_sha256 = ?1 AND result_sha256 <> '')`, sum, u.now-millis(unnamedFor))
}
