package storage_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// anyFile is a jobs.Inspector that takes every file.
type anyFile struct{}

func (anyFile) Inspect(context.Context, string, []byte) (jobs.FileInfo, error) {
	return jobs.FileInfo{}, nil
}

func TestService_aboutMoney(t *testing.T) {
	t.Parallel()
	k := newTill(t, storage.Config{PerWorkspaceMonth: money(30)})
	service, err := jobs.NewService(jobs.ServiceConfig{
		Store: k.store, Inspector: anyFile{}, Now: time.Now, Approval: jobs.Approval{Mode: jobs.ApproveAlways},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	id, err := service.Submit(ctx, jobs.Request{Text: "do it", User: "ann", Workspace: "w", Channel: "c", Budget: 10})
	if err != nil {
		t.Fatal(err)
	}
	user := func(err error) bool { _, ok := errors.AsType[*jobs.UserError](err); return ok }
	if !user(service.Do(ctx, nil, jobs.SetBudget{Job: id, Budget: -1})) || !user(service.Do(ctx, nil, jobs.AddBudget{Job: id, Amount: 0})) || !user(service.Do(ctx, nil, jobs.AddBudget{Job: id, Amount: 1 << 62})) {
		t.Error("an amount that is none was taken")
	}
	if err := service.Do(ctx, nil, jobs.SetBudget{Job: "job_none", Budget: 5}); !errors.Is(err, jobs.ErrNotFound) {
		t.Errorf("an unknown job: %v", err)
	}
	root := k.claim(id, "")
	k.park(root, 12)
	if err := service.Do(ctx, nil, jobs.AddBudget{Job: id, Amount: 5}); err != nil {
		t.Fatal(err)
	}
	root = k.claim(id, "")
	k.settle(k.reserve(root, 15).Call, 15)
	if err := service.Do(ctx, nil, jobs.SetBudget{Job: id, Budget: 100}); err != nil {
		t.Fatal(err)
	}
	k.park(root, 16) // the workspace's month
	if err := service.TryAgain(ctx, id); err != nil {
		t.Fatal(err)
	}
	k.must(jobs.Expand{Fence: k.claim(id, "").Fence(), Plan: twoBranches()})
	if r := k.report(id); r.Status != jobs.StatusAwaitingApproval {
		t.Errorf("got %s, want the service's policy where the request says none", r.Status)
	}
	lines, err := service.Costs(ctx, jobs.CostQuery{By: jobs.CostByChannel})
	if err != nil || len(lines) != 1 || lines[0].Key != "w/c" || lines[0].Spent() != 15 {
		t.Errorf("got %+v %v, want 15 in the channel", lines, err)
	}
	if err := service.Do(ctx, nil, jobs.FinishNow{Job: id}); err != nil || k.report(id).Status != jobs.StatusFailed {
		t.Errorf("finished before anything was done: %v, %s", err, k.report(id).Status)
	}
}
