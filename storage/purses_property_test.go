package storage_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// bookings drives a store at random and checks its purses after every step.
type bookings struct {
	*till

	rt    *rapid.T
	cfg   storage.Config
	clock *clock
	rows  *sql.DB // the same database, for reading

	jobs  []jobs.JobID
	held  []*jobs.Node
	open  []booking // sent
	lost  []booking // sent before a crash
	steps int       // made so far, for distinct names
}

type booking struct {
	call     int64
	reserved jobs.Money
}

func TestStore_purses_holdAgainstAnyInterleaving(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		c := &clock{now: time.Date(2026, 3, 31, 20, 0, 0, 0, time.UTC)}
		cfg := storage.Config{
			Path: filepath.Join(dir, fmt.Sprintf("%d.db", n)), Now: c.Now,
			PerUserDay:        money(jobs.Money(rapid.Int64Range(100, 600).Draw(rt, "day"))),
			PerWorkspaceMonth: money(jobs.Money(rapid.Int64Range(200, 900).Draw(rt, "month"))),
		}
		b := &bookings{till: openTill(rt, cfg), rt: rt, cfg: cfg, clock: c}
		b.look()
		defer b.close()
		b.newJob()
		for range rapid.IntRange(5, 30).Draw(rt, "length") {
			b.step()
			b.check()
			b.checkRoots()
		}
		b.crash()
		b.check()
		if left := b.sum("SELECT sum(reserved) FROM purses"); left != 0 {
			rt.Errorf("%d are reserved at the end", left)
		}
	})
}

func (b *bookings) look() {
	var err error
	if b.rows, err = sql.Open("sqlite", "file:"+b.cfg.Path+"?mode=ro"); err != nil {
		b.rt.Fatalf("open: %v", err)
	}
	b.rows.SetMaxOpenConns(1)
}

func (b *bookings) close() {
	if err := errors.Join(b.stop(), b.rows.Close()); err != nil {
		b.rt.Errorf("close: %v", err)
	}
	_ = os.Remove(b.cfg.Path)
}

func (b *bookings) step() {
	b.steps++
	moves := []func(){b.work, b.work, b.work, b.book, b.book, b.book, b.book, b.pay, b.pay, b.payLate, b.crash, b.fund, b.fund, b.endJob, b.newJob, b.wait}
	moves[rapid.IntRange(0, len(moves)-1).Draw(b.rt, "move")]()
}

func (b *bookings) amount(name string, most int64) jobs.Money {
	return jobs.Money(rapid.Int64Range(0, most).Draw(b.rt, name))
}

func pick[T any](b *bookings, name string, list []T) (T, bool) {
	if len(list) == 0 {
		var none T
		return none, false
	}
	return list[rapid.IntRange(0, len(list)-1).Draw(b.rt, name)], true
}

func (b *bookings) newJob() {
	id := jobs.JobID(fmt.Sprintf("job_%d", len(b.jobs)))
	b.jobs = append(b.jobs, id)
	b.must(jobs.Submit{Job: jobs.NewJob{
		ID: id, Title: "t", Request: "r", Priority: jobs.PriorityMedium, Weight: time.Second,
		User:      rapid.SampledFrom([]string{"", "ann", "bea"}).Draw(b.rt, "user"),
		Workspace: rapid.SampledFrom([]string{"v", "w"}).Draw(b.rt, "workspace"),
		Budget:    rapid.SampledFrom([]jobs.Money{-1, 0, 150, 400}).Draw(b.rt, "budget"),
	}})
}

// work claims a ready node, or does what a worker does with one it holds.
func (b *bookings) work() {
	n, ok := pick(b, "held", b.held)
	if job, _ := pick(b, "job", b.jobs); !ok || rapid.Bool().Draw(b.rt, "claims") {
		b.claimAny(job)
		return
	}
	b.held = slices.DeleteFunc(b.held, func(h *jobs.Node) bool { return h == n })
	switch {
	case rapid.IntRange(0, 4).Draw(b.rt, "parks") == 0:
		b.apply(jobs.Park{Fence: n.Fence(), Reason: jobs.ReasonBudget, Question: "?"})
	case n.Phase == jobs.PhasePlan:
		b.apply(jobs.Expand{Fence: n.Fence(), Plan: randomPlan(b.rt, &hands{fail: map[string]bool{}})})
	case n.Phase == jobs.PhaseCombine:
		b.apply(jobs.Finish{Node: n, Status: n.Verdict})
	default:
		b.apply(jobs.Finish{Node: n, Status: rapid.SampledFrom([]jobs.Status{jobs.StatusCompleted, jobs.StatusFailed}).Draw(b.rt, "end")})
	}
}

func (b *bookings) claimAny(job jobs.JobID) {
	list, err := b.store.Ready(context.Background(), job, 0, 100)
	if err != nil {
		b.rt.Fatalf("ready: %v", err)
	}
	if r, ok := pick(b, "ready", list); ok {
		b.held = append(b.held, b.must(jobs.Claim{Fence: r.Fence, Worker: "w", Known: r.Known}).Node)
	}
}

func (b *bookings) book() {
	n, ok := pick(b, "held", b.held)
	if !ok {
		return
	}
	worst := b.amount("worst", 150)
	if out := b.reserve(n, worst); out.Err == nil {
		b.open = append(b.open, booking{out.Call, worst})
	}
}

// pay settles a call with any cost up to half more than was reserved.
func (b *bookings) pay() {
	if p, ok := pick(b, "open", b.open); ok {
		b.open = slices.DeleteFunc(b.open, func(o booking) bool { return o == p })
		b.paid(p)
	}
}

func (b *bookings) payLate() {
	if p, ok := pick(b, "lost", b.lost); ok {
		b.lost = slices.DeleteFunc(b.lost, func(o booking) bool { return o == p })
		b.paid(p)
	}
}

func (b *bookings) paid(p booking) {
	cost := jobs.Cost{Amount: b.amount("cost", 1+int64(p.reserved)*3/2), Known: rapid.IntRange(0, 5).Draw(b.rt, "known") > 0}
	b.must(jobs.Settle{Call: p.call, Status: jobs.CallOK, Cost: cost})
}

// crash ends the process without a word, and starts another.
func (b *bookings) crash() {
	if err := b.stop(); err != nil {
		b.rt.Fatalf("stop: %v", err)
	}
	b.till = openTill(b.rt, b.cfg)
	b.lost = append(b.lost, b.open...)
	b.open, b.held = nil, nil
}

// fund changes budgets; one that is refused changes nothing.
func (b *bookings) fund() {
	job, _ := pick(b, "job", b.jobs)
	switch rapid.IntRange(0, 2).Draw(b.rt, "fund") {
	case 0:
		b.apply(jobs.AddBudget{Job: job, Amount: 1 + b.amount("more", 100)})
	case 1:
		b.apply(jobs.SetBudget{Job: job, Budget: b.amount("budget", 500)})
	case 2:
		n, ok := pick(b, "held", b.held)
		if !ok || n.Path == "" {
			return
		}
		path := n.Path
		if i := strings.LastIndexByte(path, '.'); i > 0 && rapid.Bool().Draw(b.rt, "branch") {
			path = path[:i]
		}
		b.apply(jobs.SetBudget{Job: n.Job, Path: path, Budget: b.amount("budget", 200)})
	}
}

func (b *bookings) endJob() {
	job, _ := pick(b, "job", b.jobs)
	if rapid.Bool().Draw(b.rt, "cancel") {
		b.apply(jobs.Cancel{Job: job, Reason: jobs.ReasonUser})
		return
	}
	b.apply(jobs.FinishNow{Job: job})
}

func (b *bookings) wait() {
	b.clock.set(b.clock.Now().Add(time.Duration(rapid.IntRange(1, 300).Draw(b.rt, "minutes")) * time.Minute))
}

// booked is what must be in a purse: calls as the ledger has them, by what they
// belong to, without a look at where they were booked.
const booked = `
WITH c AS (
  SELECT calls.*, nodes.path, jobs.user_name, jobs.workspace,
    date(calls.started_at / 1000, 'unixepoch') AS day, strftime('%Y-%m', calls.started_at / 1000, 'unixepoch') AS month
  FROM calls JOIN nodes ON nodes.id = calls.node_id JOIN jobs ON jobs.id = calls.job_id)
SELECT p.key, p.budget, p.spent, p.reserved, coalesce(sum(c.cost), 0), coalesce(sum(iif(c.status = 'sent', c.reserved, 0)), 0),
  coalesce(sum(max(0, c.cost - c.reserved)), 0)
FROM purses p LEFT JOIN nodes b ON p.key = 'node:' || b.id LEFT JOIN c ON p.key = 'job:' || c.job_id
  OR p.key = 'day:' || c.day || ':' || c.user_name OR p.key = 'month:' || c.month || ':' || c.workspace
  OR b.job_id = c.job_id AND (b.path = c.path OR c.path LIKE b.path || '.%')
GROUP BY p.key`

func (b *bookings) check() {
	b.rt.Helper()
	rows, err := b.rows.QueryContext(context.Background(), booked)
	if err != nil {
		b.rt.Fatalf("purses: %v", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var key string
		var budget, spent, reserved, cost, sent, over int64
		if err := rows.Scan(&key, &budget, &spent, &reserved, &cost, &sent, &over); err != nil {
			b.rt.Fatalf("purses: %v", err)
		}
		if spent != cost || reserved != sent {
			b.rt.Errorf("%s: %d spent and %d reserved, the ledger has %d and %d", key, spent, reserved, cost, sent)
		}
		if budget >= 0 && spent+reserved > budget+over {
			b.rt.Errorf("%s: %d spent and %d reserved of %d, though calls cost only %d more than reserved", key, spent, reserved, budget, over)
		}
	}
	if err := rows.Err(); err != nil {
		b.rt.Fatalf("purses: %v", err)
	}
}

// checkRoots checks that reports say what purses do.
func (b *bookings) checkRoots() {
	b.rt.Helper()
	if wrong := b.sum("SELECT count(*) FROM nodes n JOIN purses p ON p.key = 'job:' || n.job_id WHERE n.parent_id = 0 AND n.cost <> p.spent"); wrong != 0 {
		b.rt.Errorf("%d jobs say another cost than their purses", wrong)
	}
}

func (b *bookings) sum(query string) (n int64) {
	if err := b.rows.QueryRowContext(context.Background(), query).Scan(&n); err != nil {
		b.rt.Fatalf("%s: %v", query, err)
	}
	return n
}
