package main

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/run"
	"github.com/askbob/bob/jobs/tool"
	"github.com/askbob/bob/storage"
)

// venue is Bob on a platform as bob serve runs him, with puppets for models.
type venue struct {
	testing.TB

	cfg   Config
	dir   string
	hands run.Hands

	h    *house
	down func() // ends all that up began; it may be called again

	rows *sql.DB // the same database, for reading
}

// newVenue starts Bob with those settings.
func newVenue(tb testing.TB, hands run.Hands, settings string) *venue {
	tb.Helper()
	v := &venue{TB: tb, dir: tb.TempDir(), hands: hands}
	path := filepath.Join(v.dir, "bob.yaml")
	v.must(os.WriteFile(path, []byte(settings), 0o600))
	var err error
	v.cfg, err = loadConfig(path, func(string) (string, bool) { return "", false }, nil)
	v.must(err)
	v.up()
	tb.Cleanup(func() { v.down() })
	v.rows, err = sql.Open("sqlite", "file:"+v.database()+"?mode=ro")
	v.must(err)
	tb.Cleanup(func() { v.must(v.rows.Close()) })
	return v
}

func (v *venue) must(err error) {
	v.Helper()
	if err != nil {
		v.Fatalf("%v", err)
	}
}

func (v *venue) database() string { return filepath.Join(v.dir, "bob.db") }

// up is the part of bob serve that is behind its HTTP server.
func (v *venue) up() {
	v.Helper()
	h := &house{cfg: v.cfg, all: true, feed: &jobs.Feed{}, data: tool.NewData(tool.DataConfig{Now: time.Now})}
	h.local = storage.NewLocal(h.dispatching())
	v.must(h.openLog(v.dir))
	ctx, stop := context.WithCancel(context.Background())
	var err error
	h.store, err = h.openStore(ctx, v.database())
	v.must(err)
	h.service, err = jobs.NewService(jobs.ServiceConfig{
		Store: h.store, Inspector: &tool.Inspector{}, Now: time.Now, Approval: jobs.Approval{Mode: jobs.ApproveNever},
	})
	v.must(err)
	work, err := run.New(run.Config{Store: h.store, Dispatcher: h.local, Hands: v.hands, Log: h.log, Now: time.Now, Worker: workerName()})
	v.must(err)
	keeper, err := h.keeper()
	v.must(err)
	talk, _, err := (&server{h: h}).talks(keeper)
	v.must(err)
	ended := make(chan error, 1)
	go func() {
		ended <- h.writing(ctx, func() error {
			g, ctx := errgroup.WithContext(ctx)
			g.Go(func() error { return work.Run(ctx) })
			talk(ctx, g)
			return g.Wait()
		})
	}()
	v.h = h
	v.down = sync.OnceFunc(func() {
		stop()
		if err := errors.Join(<-ended, h.close()); err != nil {
			v.Errorf("the end: %v", err)
		}
	})
}

// restart ends Bob and starts him again.
func (v *venue) restart() {
	v.Helper()
	v.down()
	v.up()
}

// jobsOf lists the jobs whose request has a mark.
func (v *venue) jobsOf(mark string) (list []jobs.JobID) {
	v.Helper()
	rows, err := v.rows.QueryContext(context.Background(), "SELECT id FROM jobs WHERE request LIKE '%' || ? || '.%'", mark)
	v.must(err)
	defer func() { v.must(rows.Close()) }()
	for rows.Next() {
		var id string
		v.must(rows.Scan(&id))
		list = append(list, jobs.JobID(id))
	}
	v.must(rows.Err())
	return list
}

// twins counts the jobs with a mark that are there for the same request as another.
func (v *venue) twins(mark string) (n int) {
	v.Helper()
	const many = "SELECT count(*) - count(DISTINCT request) FROM jobs WHERE request LIKE '%' || ? || '.%'"
	v.must(v.rows.QueryRowContext(context.Background(), many, mark).Scan(&n))
	return n
}

// busy are puppets whose steps take a moment.
type busy struct {
	puppets

	longest time.Duration // that a step takes
}

// Work takes up to longest.
func (y *busy) Work(ctx context.Context, n *jobs.Node) (string, error) {
	select {
	case <-time.After(rand.N(y.longest + 1)):
		return y.puppets.Work(ctx, n)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// jobCount counts all jobs.
func (v *venue) jobCount() (n int) {
	v.Helper()
	v.must(v.rows.QueryRowContext(context.Background(), "SELECT count(*) FROM jobs").Scan(&n))
	return n
}
