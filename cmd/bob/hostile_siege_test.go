package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"pgregory.net/rapid"

	"github.com/askbob/bob/bot/terminal"
	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/run"
	"github.com/askbob/bob/jobs/tool"
	"github.com/askbob/bob/llm"
	"github.com/askbob/bob/storage"
)

// siege is Bob at work with every part as it is in use, and foes for vendors.
type siege struct {
	rapid.TB

	h    *house
	foes map[string]*foe // by provider
	rows *sql.DB         // the same database, for reading
	halt func() error    // ends all work; what is written can still be read
}

// besieged says how Bob is set up.
type besieged struct {
	dir      string
	settings string                              // of the configuration, beside llm
	step     time.Duration                       // that a node may take; 0: as configured
	limits   string                              // of every provider, as in the configuration
	open     func(url string) (llm.Model, error) // the only model; nil: as configured
}

// besiege opens Bob with the providers a, b, … and starts its workers.
func besiege(tb rapid.TB, c besieged, foes ...*foe) *siege {
	tb.Helper()
	s := &siege{TB: tb, foes: map[string]*foe{}}
	var providers, models []string
	for i, f := range foes {
		name := string(rune('a' + i))
		s.foes[name] = f
		providers = append(providers, fmt.Sprintf("    - {name: %s, kind: openai, base_url: %q%s}\n", name, f.url, c.limits))
		models = append(models, fmt.Sprintf("    - {model: m, provider: %s, max_output: 2000, context: 32000, price: {input: 1, output: 2}}\n", name))
	}
	text := "llm:\n  providers:\n" + strings.Join(providers, "") + "  models:\n" + strings.Join(models, "") + c.settings
	path := filepath.Join(c.dir, "bob.yaml")
	s.must(os.WriteFile(path, []byte(text), 0o600))
	cfg, err := loadConfig(path, func(string) (string, bool) { return "", false }, nil)
	s.must(err)
	if c.step > 0 {
		cfg.Jobs.NodeTimeout = c.step
	}
	s.open(cfg, filepath.Join(c.dir, "bob.db"), c.open)
	return s
}

// open is process.open for all jobs instead of one, with pauses of milliseconds.
func (s *siege) open(cfg Config, path string, model func(url string) (llm.Model, error)) {
	s.Helper()
	h := &house{cfg: cfg, feed: &jobs.Feed{}, data: tool.NewData(tool.DataConfig{Now: time.Now})}
	s.h = h
	h.local = storage.NewLocal(storage.LocalConfig{Workers: cfg.Jobs.Workers, Now: time.Now})
	s.must(h.openLog(filepath.Dir(path)))
	var err error
	ctx, stop := context.WithCancel(context.Background())
	h.store, err = h.openStore(ctx, path)
	s.must(err)
	h.models, err = rosterOf(cfg.LLM, h.log, model)
	s.must(err)
	h.service, err = jobs.NewService(jobs.ServiceConfig{
		Store: h.store, Inspector: &tool.Inspector{}, Now: time.Now, Timeout: cfg.Jobs.JobTimeout,
		Approval: jobs.Approval{Mode: jobs.ApproveNever},
	})
	s.must(err)
	runs, err := h.runnerConfig(false)
	s.must(err)
	runs.FirstWait, runs.LongestWait = time.Millisecond, 20*time.Millisecond
	work, err := run.New(runs)
	s.must(err)
	s.rows, err = sql.Open("sqlite", "file:"+path+"?mode=ro")
	s.must(err)
	s.rows.SetMaxOpenConns(2)
	ended := make(chan error, 1)
	go func() { ended <- h.writing(ctx, func() error { return work.Run(ctx) }) }()
	s.halt = sync.OnceValue(func() error {
		stop()
		return <-ended
	})
}

// lift ends the siege.
func (s *siege) lift() {
	s.Helper()
	if err := errors.Join(s.halt(), s.rows.Close(), s.h.close()); err != nil {
		s.Errorf("the end: %v", err)
	}
}

func (s *siege) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%v", err)
	}
}

// submit hands in a job whose every request has its mark.
func (s *siege) submit(mark string, r jobs.Request) jobs.JobID {
	s.Helper()
	r.Text = "Do what is to be done for " + mark + "."
	id, err := s.h.service.Submit(context.Background(), r)
	s.must(err)
	return id
}

func (s *siege) report(id jobs.JobID) *jobs.Report {
	s.Helper()
	r, err := s.h.service.Report(context.Background(), id)
	s.must(err)
	return r
}

// count returns the number that a query gives.
func (s *siege) count(query string, args ...any) (n int64) {
	s.Helper()
	s.must(s.rows.QueryRowContext(context.Background(), query, args...).Scan(&n))
	return n
}

// restless counts the nodes that a worker holds, or that one is about to take
// before that moment.
const restless = `SELECT count(*) FROM nodes WHERE completed_at = 0 AND (owner <> '' OR ready = 1 AND not_before <= ?)`

// patience is how long a siege may take to come to rest: only a failing test waits
// it out.
const patience = time.Minute

// rest waits until nothing will happen within the next moment, and reports whether
// it came to that.
func (s *siege) rest(next, patience time.Duration) bool {
	s.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); time.Since(begun) < patience; {
		if s.count(restless, time.Now().Add(next).UnixMilli()) == 0 {
			return true
		}
		<-tick.C
	}
	return false
}

// stuck says what is wrong with a job that is at rest: it must be final, or wait
// for a person, money or a time, and say so. Empty: nothing.
func stuck(r *jobs.Report) string {
	if r.Status.Final() {
		return ""
	}
	for _, w := range r.Waiting {
		switch w.Reason {
		case jobs.ReasonBudget, jobs.ReasonApproval, jobs.ReasonQuestion, jobs.ReasonRateLimit, jobs.ReasonRetryAt:
			if w.Text != "" && (w.Until != nil || w.Status != jobs.StatusQueued) {
				return ""
			}
		default:
		}
	}
	return fmt.Sprintf("job %s is %s and waits for nothing: %+v\n%s", r.ID, r.Status, r.Waiting, terminal.Detail(r, time.Now()))
}

// audit checks of every job that is at rest that its money adds up everywhere and
// that it does not claim what it has not got.
func (s *siege) audit(marks map[string]jobs.JobID) {
	s.Helper()
	if n := s.count("SELECT count(*) FROM calls WHERE status = 'sent'") + s.count("SELECT coalesce(sum(reserved), 0) FROM purses"); n != 0 {
		s.Errorf("at rest %d is reserved or under way", n)
	}
	if n := s.count("SELECT count(*) - count(DISTINCT request_id) FROM calls WHERE request_id <> ''"); n != 0 {
		s.Errorf("%d calls are booked twice", n)
	}
	for name, f := range s.foes {
		booked, unsent := s.count("SELECT count(*) FROM calls WHERE provider = ?", name), s.count("SELECT count(*) FROM calls WHERE provider = ? AND "+wasUnsent, name)
		if text := unequal(f.requests(), booked, unsent); text != "" {
			s.Errorf("%s: %s", name, text)
		}
	}
	lines, err := s.h.service.Costs(context.Background(), jobs.CostQuery{By: jobs.CostByJob})
	s.must(err)
	costs := map[string]jobs.CostLine{}
	var total jobs.Money
	for _, line := range lines {
		costs[line.Key] = line
		total += line.Spent()
	}
	for mark, id := range marks {
		s.auditJob(mark, s.report(id), costs[string(id)])
	}
	for _, kind := range []string{"job", "day", "month"} {
		if n := s.count("SELECT coalesce(sum(spent), 0) FROM purses WHERE key LIKE ? || ':%'", kind); jobs.Money(n) != total {
			s.Errorf("the purses by %s have %s, the ledger %s", kind, jobs.Money(n), total)
		}
	}
}

// wasUnsent picks the calls that may never have gone out: those whose step was
// taken away between booking and sending. They must have cost nothing.
const wasUnsent = "status = 'error' AND request_id = '' AND cost = 0 AND priced = 1"

// unequal says how requests differ from the lines booked for them; empty: they do
// not.
func unequal(requests int, booked, unsent int64) string {
	if missing := booked - int64(requests); missing < 0 || missing > unsent {
		return fmt.Sprintf("%d requests, the ledger has %d, of which %d may be unsent", requests, booked, unsent)
	}
	return ""
}

func (s *siege) auditJob(mark string, r *jobs.Report, line jobs.CostLine) {
	s.Helper()
	sent, strange := 0, 0
	for _, f := range s.foes {
		whole, cut := f.of(mark)
		sent, strange = sent+whole, strange+cut
	}
	unsent := int64(strange) + s.count("SELECT count(*) FROM calls WHERE job_id = ? AND "+wasUnsent, string(r.ID))
	if text := unequal(sent, int64(len(r.Calls)), unsent); text != "" || line.Calls != len(r.Calls) {
		s.Errorf("%s: %s; the costs have %d", mark, text, line.Calls)
	}
	ledger := s.count("SELECT coalesce(sum(cost), 0) FROM calls WHERE job_id = ?", string(r.ID))
	purse := s.count("SELECT spent FROM purses WHERE key = 'job:' || ?", string(r.ID))
	if ledger != purse || jobs.Money(ledger).String() != r.Cost.USD || line.Spent() != jobs.Money(ledger) {
		s.Errorf("%s: the ledger has %d, the purse %d, the report %s, the costs %s", mark, ledger, purse, r.Cost.USD, line.Spent())
	}
	if n := s.count("SELECT count(*) FROM calls WHERE job_id = ? AND cost > reserved", string(r.ID)); int64(r.Cost.Exceeded) != n {
		s.Errorf("%s: %d calls cost more than reserved, the report says %d", mark, n, r.Cost.Exceeded)
	}
	if text := stuck(r); text != "" {
		s.Errorf("%s: %s", mark, text)
	}
	if text := pretends(mark, r); text != "" {
		s.Errorf("%s: %s", mark, text)
	}
}

// pretends says where a job claims a success that no answer stands behind.
func pretends(mark string, r *jobs.Report) string {
	if r.Status == jobs.StatusCompleted && !strings.Contains(r.Result, mark) {
		return fmt.Sprintf("it is completed with %q", r.Result)
	}
	if r.Status == jobs.StatusFailed && (r.Reason == "" || r.Error == "") {
		return fmt.Sprintf("it failed with the reason %q and the sentence %q", r.Reason, r.Error)
	}
	for _, n := range r.Nodes {
		if n.Status == jobs.StatusCompleted && !strings.Contains(n.Result, mark) {
			return fmt.Sprintf("step %s is completed with %q", n.Path, n.Result)
		}
		if n.Status == jobs.StatusFailed && (n.Reason == "" || n.Error == "") {
			return fmt.Sprintf("step %s failed with the reason %q and the sentence %q", n.Path, n.Reason, n.Error)
		}
	}
	return ""
}

// overdrawn lists the purses that hold more than their budget and what calls cost
// beyond their reservations.
const overdrawn = `SELECT p.key || ': ' || p.spent || ' spent and ' || p.reserved || ' reserved of ' || p.budget
FROM purses p WHERE p.budget >= 0 AND p.spent + p.reserved > p.budget
AND p.spent + p.reserved - p.budget > (SELECT coalesce(sum(max(0, c.cost - c.reserved)), 0)
  FROM holds h JOIN calls c ON c.id = h.call_id WHERE h.purse = p.key)
OR p.spent < 0 OR p.reserved < 0`

// watchPurses looks at all purses again and again until stop is called, which looks
// once more and returns how often it did and what it saw.
func (s *siege) watchPurses(pause time.Duration) (stop func() (looks int, seen []string)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	looks, seen := 0, []string{}
	look := func(ctx context.Context) error {
		rows, err := s.rows.QueryContext(ctx, overdrawn)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				return err
			}
			seen = append(seen, text)
		}
		looks++
		return rows.Err()
	}
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if err := look(ctx); err != nil && ctx.Err() == nil {
				seen = append(seen, err.Error())
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	}()
	return func() (int, []string) {
		cancel()
		<-done
		if err := look(context.Background()); err != nil {
			seen = append(seen, err.Error())
		}
		return looks, seen
	}
}
