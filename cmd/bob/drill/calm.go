package drill

import (
	"context"
	"errors"
	"time"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/llm"
)

// How long a run waits for its jobs once nobody harms them any more.
const (
	lookEvery = 20 * time.Millisecond
	// patience is how long nothing may happen before what is open counts as stuck.
	// Only an engine that is stuck waits so long, however loaded the machine.
	patience = time.Minute
	// longest bounds a run in which something happens for ever.
	longest = 10 * time.Minute
)

// calm lets the engine finish: the model behaves, what was never acknowledged is
// sent again, and what waits for a person gets one.
func (r *trial) calm(ctx context.Context) error {
	r.server.calm.Store(true)
	if r.starved { // one that has nothing to do lives on with its disk full, and refuses commands
		r.child.kill()
		r.lost()
		if err := r.begin(ctx, 0); err != nil {
			return err
		}
	}
	begin, moved := time.Now(), time.Now()
	var last situation
	for {
		if err := r.alive(ctx); err != nil {
			return err
		}
		for _, w := range r.unacknowledged() {
			r.acknowledge(r.child, w)
		}
		now, err := r.look(ctx)
		switch {
		case err != nil && r.child.gone(): // it ended while it was looked at
			continue
		case err != nil:
			return err
		case now.open == 0 && len(r.unacknowledged()) == 0:
			return nil
		case now.events != last.events:
			last, moved = now, time.Now()
		case now.onlyTime && time.Since(moved) > time.Second:
			moved = time.Now()
			if err := r.passHour(ctx); err != nil {
				return err
			}
			continue
		case time.Since(moved) > patience, time.Since(begin) > longest:
			return nil // what is open will be found
		}
		r.help(now)
		if err := wait(ctx, lookEvery); err != nil {
			return err
		}
	}
}

func (r *trial) unacknowledged() []submission {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []submission
	for _, w := range r.work {
		if len(r.acked[w.Key]) == 0 {
			list = append(list, w)
		}
	}
	return list
}

// situation is what the rows say of the open jobs.
type situation struct {
	open     int
	events   int64
	onlyTime bool // nothing is held or ready; some wait for an hour that the clock took back
	paused   []jobs.JobID
	budget   []jobs.JobID
	approve  []approval
}

// look reads the rows beside the child.
func (r *trial) look(ctx context.Context) (s situation, err error) {
	db, err := openRows(r.path)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM jobs WHERE final = 0), (SELECT coalesce(max(seq), 0) FROM events)").Scan(&s.open, &s.events); err != nil {
		return s, err
	}
	soon := time.Now().Add(r.offset + time.Minute).UnixMilli()
	var ready, later int
	err = db.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE owner <> '' OR not_before < ?), count(*) FILTER (WHERE owner = '' AND not_before >= ?)
		FROM nodes WHERE owner <> '' OR ready = 1`, soon, soon).Scan(&ready, &later)
	if err != nil {
		return s, err
	}
	s.onlyTime = ready == 0 && later > 0
	err = query(ctx, db, `SELECT DISTINCT n.job_id, j.revision,
			CASE WHEN n.status = 'waiting_for_input' THEN 'budget' WHEN n.status = 'awaiting_approval' THEN 'approval' ELSE 'paused' END
		FROM nodes n JOIN jobs j ON j.id = n.job_id
		WHERE j.final = 0 AND n.completed_at = 0 AND (n.status IN ('waiting_for_input', 'awaiting_approval', 'paused') OR n.desired = 'pause')`,
		func(scan func(...any) error) error {
			var a approval
			var what string
			if err := scan(&a.Job, &a.Revision, &what); err != nil {
				return err
			}
			switch what {
			case "budget":
				s.budget = append(s.budget, a.Job)
			case "approval":
				s.approve = append(s.approve, a)
			default:
				s.paused = append(s.paused, a.Job)
			}
			return nil
		})
	return s, err
}

// help does what the jobs wait for.
func (r *trial) help(s situation) {
	for _, job := range s.paused {
		_, _ = r.child.ask(order{Command: &jobs.Command{Job: job, Verb: jobs.VerbResume, By: jobs.Actor{User: "drill", Surface: "drill"}}})
	}
	for _, job := range s.budget {
		_, _ = r.child.ask(order{Budget: &raise{Job: job, Budget: 50 * llm.Dollar}})
	}
	for _, a := range s.approve {
		_, _ = r.child.ask(order{Approve: &a})
	}
}

// passHour lets the time come that a clock which was set back has put off.
func (r *trial) passHour(ctx context.Context) error {
	err := r.child.stop()
	r.lost()
	r.offset += time.Hour
	return errors.Join(err, r.begin(ctx, 0))
}

// after sends every message once more, and lets one more process open and close
// the database: with all jobs done, nothing may come of either.
func (r *trial) after(ctx context.Context) error {
	if err := r.alive(ctx); err != nil {
		return err
	}
	for _, w := range r.work {
		r.tally.fault(FaultLate)
		r.acknowledge(r.child, w)
	}
	r.asks.Wait()
	for range 2 {
		err := r.child.stop()
		r.lost()
		if err != nil {
			return err
		}
		if err := r.begin(ctx, 0); err != nil {
			return err
		}
	}
	err := r.child.stop()
	r.lost()
	return err
}

// evidence is what was seen from outside. Nothing may be going on any more.
func (r *trial) evidence() evidence {
	served, overlaps := r.server.counts()
	return evidence{acknowledged: r.acked, served: served, overlaps: overlaps}
}

// verdict holds all that is known against the rows.
func (r *trial) verdict(ctx context.Context) ([]Violation, error) {
	seen := r.evidence()
	found, size, err := check(ctx, r.path, seen)
	if err != nil {
		return nil, err
	}
	if r.samples == 0 {
		return nil, errors.New("no purse was ever looked at")
	}
	r.tally.sized(size.jobs, size.nodes, len(seen.served))
	return append(r.found, found...), nil
}
