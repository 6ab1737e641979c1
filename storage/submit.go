package storage

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/askbob/bob/jobs"
)

// submit makes a job and its root; the same inbound key returns the same job.
func (u *unit) submit(j jobs.NewJob, out *jobs.Outcome) error {
	if j.Key != "" {
		err := u.row("SELECT id FROM jobs WHERE inbound_key = ?", []any{j.Key}, &out.Job)
		if err == nil || !errors.Is(err, jobs.ErrNotFound) {
			return err
		}
	}
	out.Job = j.ID
	rootID := u.w.nextID
	u.w.nextID++
	key := sql.NullString{String: j.Key, Valid: j.Key != ""}
	approval := j.Approval
	if approval.Mode == "" {
		approval.Mode = jobs.ApproveNever
	}
	err := u.exec(`INSERT INTO jobs (id, root_id, inbound_key, request, user_name, workspace, channel, room, model, private, approval, timeout_ms, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		string(j.ID), rootID, key, j.Request, j.User, j.Workspace, j.Channel, j.Room, j.Model, j.Private, approval.String(), millis(j.Timeout), u.now)
	if err != nil {
		return err
	}
	if err := u.submitFiles(j); err != nil {
		return err
	}
	if err := u.place(j, rootID); err != nil {
		return err
	}
	if err := u.exec("INSERT INTO purses (key, budget) VALUES (?, ?)", purseOf(j.ID), int64(j.Budget)); err != nil {
		return err
	}
	needs := ""
	if own := (jobs.Requirements{Model: j.Model, PrivateOnly: j.Private}); own != (jobs.Requirements{}) {
		if needs, err = toJSON(own); err != nil {
			return err
		}
	}
	err = u.insertRows(insertNodes, params(nodeColumns), []any{
		rootID, string(j.ID), 0, "", 0, 1, string(jobs.TypeRootJob), j.Title, j.Request, j.Request,
		string(j.Priority), needs, "", false, "", 0, 0, u.now, 0, max(1, millis(j.Weight)),
		string(jobs.StatusPlanning), "", string(jobs.PhasePlan), true, 0, 0, 1,
	})
	if err != nil {
		return err
	}
	out.Node = &jobs.Node{ID: jobs.NodeID(rootID), Job: j.ID, Type: jobs.TypeRootJob, Title: j.Title, Status: jobs.StatusPlanning}
	u.ready = append(u.ready, jobs.Ready{Fence: jobs.Fence{Node: jobs.NodeID(rootID)}, Job: j.ID, Rank: j.Priority.Rank()})
	if err := u.move(j.ID, rootID, jobs.EventSubmit, "", jobs.StatusPlanning, ""); err != nil {
		return err
	}
	return u.notice(j.ID, jobs.NoticeAck, "ack", fmt.Sprintf("Job submitted: %s", j.Title))
}

func (u *unit) submitFiles(j jobs.NewJob) error {
	for i, f := range j.Files {
		info, err := toJSON(f)
		if err != nil {
			return err
		}
		err = u.exec("INSERT INTO attachments (job_id, ord, name, sha256, info) VALUES (?, ?, ?, ?, ?)",
			string(j.ID), i+1, f.Name, f.SHA256, info)
		if err != nil {
			return err
		}
	}
	return nil
}
