package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/forecast"
	"github.com/askbob/bob/jobs/plan"
	"github.com/askbob/bob/jobs/result"
	"github.com/askbob/bob/jobs/run"
	"github.com/askbob/bob/jobs/tool"
	"github.com/askbob/bob/storage"
)

// house is Bob, put together: everything that a command works with.
type house struct {
	cfg     Config
	models  *roster
	store   *storage.Store
	service *jobs.Service
	feed    *jobs.Feed
	data    *tool.Data
	local   *storage.Local
	log     *slog.Logger
	logFile *os.File
	all     bool                       // this process works on all jobs
	only    atomic.Pointer[jobs.JobID] // or on this one; nil: none yet
}

// open builds the house around the data directory, for one job. The caller must
// close it.
func (p *process) open(ctx context.Context) (*house, error) { return p.openHouse(ctx, false) }

// openHouse is open, or, if all is true, open for all jobs: a stop gives nodes in
// hand their grace time then.
func (p *process) openHouse(ctx context.Context, all bool) (*house, error) {
	cfg, err := loadConfig(p.config, p.env, p.environ)
	if err != nil {
		return nil, err
	}
	h := &house{cfg: cfg, all: all, feed: &jobs.Feed{}, data: tool.NewData(tool.DataConfig{Now: time.Now})}
	h.local = storage.NewLocal(h.dispatching())
	h.log = slog.New(slog.DiscardHandler)
	if h.store, err = h.openStore(ctx, cfg.Database.File(p.data)); err != nil {
		return nil, errors.Join(err, h.close())
	}
	if err := h.openLog(p.data); err != nil {
		return nil, errors.Join(err, h.close())
	}
	if h.models, err = newRoster(cfg.LLM, h.log); err != nil {
		return nil, errors.Join(err, h.close())
	}
	h.service, err = jobs.NewService(jobs.ServiceConfig{
		Store: h.store, Inspector: &tool.Inspector{}, Now: time.Now, Timeout: cfg.Jobs.JobTimeout, Approval: cfg.Jobs.approval(),
		CheckPlan: h.checkPlan, Forecast: h.forecast,
	})
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func (h *house) dispatching() storage.LocalConfig {
	c := storage.LocalConfig{Workers: h.cfg.Jobs.Workers, Now: time.Now}
	if h.all {
		c.Grace = h.cfg.Jobs.StopGrace
		return c
	}
	c.Only = func(id jobs.JobID) bool {
		only := h.only.Load()
		return only != nil && *only == id
	}
	return c
}

func (h *house) openStore(ctx context.Context, path string) (*storage.Store, error) {
	j := h.cfg.Jobs
	return storage.Open(ctx, storage.Config{
		Path: path, Log: h.log, Now: time.Now, Dispatcher: h.local, Feed: h.feed, Replan: j.Replan,
		PerUserDay: limit(j.BudgetPerUserDay), PerWorkspaceMonth: limit(j.BudgetPerWorkspaceMonth), Zone: j.zone(),
	})
}

// openLog sends the log into the data directory: the terminal shows the job.
func (h *house) openLog(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, "bob.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // whoever starts Bob names the directory
	if err != nil {
		return &jobs.UserError{Message: "The log in the data directory cannot be written: give write permission, or name another with --data.", Err: err}
	}
	h.logFile = f
	h.log = slog.New(slog.NewTextHandler(f, nil))
	return nil
}

func (h *house) close() error {
	errs := []error{h.data.Close()}
	if h.store != nil {
		errs = append(errs, h.store.Close())
	}
	if h.logFile != nil {
		errs = append(errs, h.logFile.Close())
	}
	return errors.Join(errs...)
}

// runner makes what works on nodes.
func (h *house) runner(mayAsk bool) (*run.Runner, error) {
	cfg, err := h.runnerConfig(mayAsk)
	if err != nil {
		return nil, err
	}
	return run.New(cfg)
}

func (h *house) runnerConfig(mayAsk bool) (run.Config, error) {
	planner, err := plan.New(plan.Config{Log: h.log})
	if err != nil {
		return run.Config{}, err
	}
	j := h.cfg.Jobs
	crew, err := run.NewCrew(run.CrewConfig{
		Store: h.store, Models: h.models, Planner: planner,
		Combiner: result.NewCombiner(result.Config{Log: h.log}), Gather: result.Gather,
		Tools:    h.tools(),
		Limits:   h.limits(),
		MaxTurns: j.MaxTurns, MayAsk: mayAsk,
	})
	if err != nil {
		return run.Config{}, err
	}
	forecaster, err := h.forecaster()
	if err != nil {
		return run.Config{}, err
	}
	return run.Config{
		Store: h.store, Dispatcher: h.local, Hands: crew, Log: h.log, Now: time.Now, Worker: workerName(), Forecaster: forecaster,
		Attempts: j.Attempts, NodeTimeout: j.NodeTimeout, QuietAfter: h.cfg.Notify.QuietAfter, AnswerWithin: j.AnswerWithin,
	}, nil
}

func (h *house) forecaster() (*forecast.Forecaster, error) {
	return forecast.New(forecast.Config{History: h.store, Quote: h.models.quote, Workers: h.cfg.Jobs.Workers})
}

// forecast says what an edited plan of a job will come to; nil if nobody can say. No
// edit fails for want of that.
func (h *house) forecast(ctx context.Context, id jobs.JobID, p jobs.Plan) *jobs.Forecast {
	said, err := func() (jobs.Forecast, error) {
		f, err := h.forecaster()
		if err != nil {
			return jobs.Forecast{}, err
		}
		root, err := h.store.Root(ctx, id)
		if err != nil {
			return jobs.Forecast{}, err
		}
		return f.Forecast(ctx, root, p)
	}()
	if err != nil {
		h.log.Warn("plan not foretold", "job", id, "err", err)
		return nil
	}
	return &said
}

func (h *house) tools() []jobs.Tool { return append(h.data.Tools(), tool.NewOutput(h.data)...) }

func (h *house) limits() jobs.Limits {
	j := h.cfg.Jobs
	return jobs.Limits{MaxDepth: j.MaxDepth, MaxChildren: j.MaxChildren, MaxNodes: j.MaxNodes}
}

// checkPlan holds a plan that a person edited to what the planner's are held to.
func (h *house) checkPlan(p jobs.Plan) error {
	tools := h.tools()
	specs := make([]jobs.ToolSpec, 0, len(tools))
	for _, t := range tools {
		specs = append(specs, t.Spec())
	}
	return plan.Check(p, h.limits(), specs)
}

// workerName is new at every start of a process.
func workerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:8])
}

// writing runs the store's writer while fn does.
func (h *house) writing(ctx context.Context, fn func() error) error {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	var g errgroup.Group
	g.Go(func() error { return h.store.Run(ctx) })
	err := fn()
	stop()
	return errors.Join(err, g.Wait())
}
