package storage

import (
	"errors"
	"time"

	"github.com/askbob/bob/jobs"
)

// asks keeps what a plan of a job is foretold to come to, and reports whether a
// person must agree to it. One that people had changed they must agree to.
func (u *unit) asks(s *nodeState, revision int, f *jobs.Forecast) (bool, error) {
	var text string
	if err := u.row("SELECT approval FROM jobs WHERE id = ?", []any{string(s.job)}, &text); err != nil {
		return false, err
	}
	approval, err := jobs.ParseApproval(text)
	if err != nil {
		return false, err
	}
	whole, err := u.foretell(s, revision, f)
	if err != nil {
		return false, err
	}
	change, err := u.rewriting(s)
	return change != nil || approval.Asks(whole), err
}

// foretell keeps what a plan of a job is foretold to come to, with what was spent and
// took to plan it, and returns that; nil if nothing is foretold.
func (u *unit) foretell(s *nodeState, revision int, f *jobs.Forecast) (*jobs.Forecast, error) {
	if f == nil {
		return nil, nil
	}
	var spent jobs.Money
	if err := u.row("SELECT spent FROM purses WHERE key = 'job:' || ?", []any{string(s.job)}, &spent); err != nil {
		return nil, err
	}
	took, err := u.planningTook(s)
	if err != nil {
		return nil, err
	}
	whole := f.Plus(spent, time.Duration(took)*time.Millisecond)
	return &whole, u.exec(`INSERT INTO forecasts (job_id, revision, cost_low, cost_high, time_low_ms, time_high_ms, steps, learned, unpriced)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		string(s.job), revision, int64(whole.CostLow), int64(whole.CostHigh), millis(whole.TimeLow), millis(whole.TimeHigh),
		whole.Steps, whole.Learned, whole.Unpriced)
}

// planningTook is how long the root of a job was planned, in milliseconds. What
// people took to look at the plan is not in it.
func (u *unit) planningTook(s *nodeState) (took int64, err error) {
	err = u.row("SELECT coalesce(sum(finished_at - started_at), 0) FROM attempts WHERE node_id = ? AND phase = 'plan'", []any{s.id}, &took)
	if s.owner != "" {
		took += u.now - s.claimed
	}
	return took, err
}

// foretold returns what was foretold of a plan; nil if nothing was.
func (u *unit) foretold(job jobs.JobID, revision int) (*jobs.Forecast, error) {
	var r forecastRow
	err := u.row("SELECT cost_low, cost_high, time_low_ms, time_high_ms, steps, learned, unpriced FROM forecasts WHERE job_id = ? AND revision = ?",
		[]any{string(job), revision}, &r.CostLow, &r.CostHigh, &r.TimeLowMS, &r.TimeHighMS, &r.Steps, &r.Learned, &r.FUnpriced)
	if errors.Is(err, jobs.ErrNotFound) {
		return nil, nil
	}
	return r.forecast(), err
}

// forecastRow is a row of forecasts, as part of a jobRow.
type forecastRow struct {
	CostLow, CostHigh         int64
	TimeLowMS                 int64 `gorm:"column:time_low_ms"`
	TimeHighMS                int64 `gorm:"column:time_high_ms"`
	Steps, Learned, FUnpriced int
}

// report returns nil if nothing was foretold: every plan has a step.
func (r *forecastRow) report() *jobs.ForecastReport {
	if r.Steps == 0 {
		return nil
	}
	return r.forecast().Report()
}

func (r *forecastRow) forecast() *jobs.Forecast {
	return &jobs.Forecast{
		CostLow: jobs.Money(r.CostLow), CostHigh: jobs.Money(r.CostHigh),
		TimeLow: time.Duration(r.TimeLowMS) * time.Millisecond, TimeHigh: time.Duration(r.TimeHighMS) * time.Millisecond,
		Steps: r.Steps, Learned: r.Learned, Unpriced: r.FUnpriced,
	}
}
