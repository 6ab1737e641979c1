package storage_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/schedule"
	"github.com/askbob/bob/storage"
)

// inspector finds nothing in files.
type inspector struct{}

func (inspector) Inspect(_ context.Context, name string, data []byte) (jobs.FileInfo, error) {
	return jobs.FileInfo{Name: name, Bytes: int64(len(data)), Kind: "text"}, nil
}

// errKilled is what a killed process sees of its last change.
var errKilled = errors.New("killed")

// mortal is a store whose process dies right before it records a slot.
type mortal struct {
	*storage.Store

	dies func() bool // nil: it does not
	die  context.CancelFunc
}

func (m *mortal) Apply(ctx context.Context, changes ...jobs.Change) ([]jobs.Outcome, error) {
	if _, ok := changes[0].(jobs.Passed); ok && m.dies != nil && m.dies() {
		m.die()
		return nil, errKilled
	}
	return m.Store.Apply(ctx, changes...)
}

// office is a store and the keeper that works with it, in a bubble of synctest.
type office struct {
	t      *testing.T
	store  *storage.Store
	keeper *schedule.Keeper
	jobs   *jobs.Service
	rules  atomic.Pointer[jobs.Access] // nil: everybody may everything
	stop   func()                      // as SIGTERM does; once
}

func openOffice(t *testing.T, path string, dies func() bool, chores ...func(jobs.Writer) schedule.Chore) *office {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	store, err := storage.Open(t.Context(), storage.Config{Path: path, Log: log, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	service, err := jobs.NewService(jobs.ServiceConfig{Store: store, Inspector: inspector{}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	storeCtx, stopStore := context.WithCancel(context.Background())
	cfg := schedule.Config{Store: &mortal{Store: store, dies: dies, die: cancel}, Jobs: service, Log: log, Now: time.Now}
	o := &office{t: t, store: store, jobs: service}
	cfg.Allowed = func(owner jobs.Owner) error {
		if rules := o.rules.Load(); rules != nil {
			return rules.MayRun(owner)
		}
		return nil
	}
	for _, c := range chores {
		cfg.Chores = append(cfg.Chores, c(store))
	}
	keeper, err := schedule.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var g errgroup.Group
	g.Go(func() error { return store.Run(storeCtx) })
	g.Go(func() error {
		defer stopStore()
		return keeper.Run(ctx)
	})
	stopped := false
	o.keeper = keeper
	o.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := errors.Join(g.Wait(), store.Close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(o.stop)
	return o
}

// pass lets time go by.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// apply makes a change that must be granted.
func (o *office) apply(c jobs.Change) jobs.Outcome {
	o.t.Helper()
	out, err := o.store.Apply(o.t.Context(), c)
	if err != nil || out[0].Err != nil {
		o.t.Fatalf("%T: %v %v", c, err, out)
	}
	return out[0]
}

// add keeps a schedule; what the draft leaves open is filled in.
func (o *office) add(d schedule.Draft) jobs.Schedule {
	o.t.Helper()
	if d.Request == "" {
		d.Request = "do it"
	}
	if d.MonthBudget == 0 {
		d.MonthBudget = -1
	}
	s, err := o.keeper.Add(o.t.Context(), d)
	if err != nil {
		o.t.Fatal(err)
	}
	return s
}

// show returns a schedule and its slots as "15:04 status", oldest first.
func (o *office) show(id jobs.ScheduleID) (jobs.Schedule, []string) {
	o.t.Helper()
	s, runs, err := o.keeper.Show(o.t.Context(), id, 50)
	if err != nil {
		o.t.Fatal(err)
	}
	list := make([]string, len(runs))
	for i, r := range runs {
		list[len(runs)-1-i] = r.Slot.Format("02 15:04 ") + string(r.Status)
	}
	return s, list
}

// submitted lists the jobs, newest first.
func (o *office) submitted() []jobs.Report {
	o.t.Helper()
	list, err := o.store.List(o.t.Context(), 10_000)
	if err != nil {
		o.t.Fatal(err)
	}
	return list
}

// spend claims a job's root, makes a call that costs so much and ends the job.
func (o *office) spend(job jobs.JobID, amount jobs.Money) {
	o.t.Helper()
	ready, err := o.store.Ready(o.t.Context(), job, 0, 1)
	if err != nil || len(ready) != 1 {
		o.t.Fatalf("ready: %v %v", ready, err)
	}
	n := o.apply(jobs.Claim{Fence: ready[0].Fence, Worker: "test"}).Node
	call := o.apply(jobs.Reserve{Fence: n.Fence(), Job: job, Purpose: "plan", Estimate: worst(amount)}).Call
	o.apply(jobs.Settle{Call: call, Status: jobs.CallOK, Cost: jobs.Cost{Amount: amount, Known: true}})
	o.end(job)
}

func (o *office) end(job jobs.JobID) { o.apply(jobs.Cancel{Job: job, Reason: jobs.ReasonUser}) }

func check(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s", what, diff)
	}
}
