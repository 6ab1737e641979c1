package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// Options say what a drill does.
type Options struct {
	Runs int      // at least 1
	Seed uint64   // of the first run; each next one has the next
	Keep bool     // leave the databases where they are
	Argv []string // starts a process that calls Child
}

// Result is what a drill did and found.
type Result struct {
	Seed       uint64        `json:"seed"`
	Runs       int           `json:"runs"`
	Jobs       int           `json:"jobs"`
	Nodes      int           `json:"nodes"`
	Calls      int           `json:"calls"` // that reached the model's server
	Seconds    float64       `json:"seconds"`
	Faults     map[Fault]int `json:"faults"`
	Violations map[Kind]int  `json:"violations"`
	Restarts   int           `json:"restarts"`       // after which something was claimed
	RestartP50 float64       `json:"restart_p50_ms"` // from starting the process to its first claim
	RestartMax float64       `json:"restart_max_ms"`
	Failed     []FailedRun   `json:"failed_runs"`
	Directory  string        `json:"directory"` // of the databases, each under its seed; empty: they were not kept
}

// FailedRun is a run that found something.
type FailedRun struct {
	Seed       uint64      `json:"seed"`
	Database   string      `json:"database"` // empty: it was not kept
	Violations []Violation `json:"violations"`
}

// OK reports whether nothing was found.
func (r *Result) OK() bool { return len(r.Failed) == 0 }

// Run runs a drill on temporary databases, one after another. An error says that
// the drill itself could not go on; what it found is in the result.
func Run(ctx context.Context, o Options) (_ *Result, err error) {
	base, err := os.MkdirTemp("", "bob-drill-")
	if err != nil {
		return nil, err
	}
	res := &Result{Seed: o.Seed, Runs: o.Runs, Failed: []FailedRun{}}
	if o.Keep {
		res.Directory = base
	}
	defer func() {
		if !o.Keep {
			err = errors.Join(err, os.RemoveAll(base))
		}
	}()
	t := newTally()
	begin := time.Now()
	for i := range o.Runs {
		seed := o.Seed + uint64(i)
		dir := filepath.Join(base, strconv.FormatUint(seed, 10))
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
		found, err := one(ctx, o.Argv, dir, seed, t)
		if err != nil {
			return nil, err
		}
		t.add(found)
		f := FailedRun{Seed: seed, Violations: found}
		if o.Keep {
			f.Database = filepath.Join(dir, "bob.db")
		}
		if len(found) > 0 {
			res.Failed = append(res.Failed, f)
		}
		if !o.Keep {
			if err := os.RemoveAll(dir); err != nil {
				return nil, fmt.Errorf("clean up: %w", err)
			}
		}
	}
	res.Seconds = time.Since(begin).Seconds()
	res.take(t)
	return res, nil
}

// one runs a seed in dir, and returns what it found.
func one(ctx context.Context, argv []string, dir string, seed uint64, t *tally) (found []Violation, err error) {
	r, err := newTrial(ctx, argv, dir, seed, t)
	if err != nil {
		return nil, err
	}
	err = r.play(ctx)
	if err = errors.Join(err, r.end()); err != nil {
		return nil, err
	}
	return r.verdict(ctx)
}

// take adds up what the runs counted. Every kind is there, at 0 if it did not
// occur.
func (r *Result) take(t *tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.Jobs, r.Nodes, r.Calls = t.jobs, t.nodes, t.calls
	r.Faults, r.Violations = map[Fault]int{}, map[Kind]int{}
	for _, f := range Faults() {
		r.Faults[f] = t.faults[f]
	}
	for _, k := range Kinds() {
		r.Violations[k] = t.found[k]
	}
	r.Restarts = len(t.restarts)
	if r.Restarts == 0 {
		return
	}
	slices.Sort(t.restarts)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	r.RestartP50, r.RestartMax = ms(t.restarts[len(t.restarts)/2]), ms(t.restarts[len(t.restarts)-1])
}
