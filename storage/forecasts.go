package storage

import (
	"time"

	"github.com/askbob/bob/jobs"
)

// asks keeps what a plan of a job is foretold to come to, and reports whether a
// person must agree to it.
func (u *unit) asks(s *nodeState, revision int, f *jobs.Forecast) (bool, error) {
	var text string
	var spent jobs.Money
	err := u.row("SELECT j.approval, p.spent FROM jobs j JOIN purses p ON p.key = 'job:' || j.id WHERE j.id = ?", []any{string(s.job)}, &text, &spent)
	if err != nil {
		return false, err
	}
	approval, err := jobs.ParseApproval(text)
	if err != nil || f == nil {
		return approval.Asks(nil), err
	}
	whole := f.Plus(spent, time.Duration(u.now-s.started)*time.Millisecond)
	return approval.Asks(&whole), u.exec(`INSERT INTO forecasts (job_id, revision, cost_low, cost_high, time_low_ms, time_high_ms, steps, learned, unpriced)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		string(s.job), revision, int64(whole.CostLow), int64(whole.CostHigh), millis(whole.TimeLow), millis(whole.TimeHigh),
		whole.Steps, whole.Learned, whole.Unpriced)
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
	return jobs.Forecast{
		CostLow: jobs.Money(r.CostLow), CostHigh: jobs.Money(r.CostHigh),
		TimeLow: time.Duration(r.TimeLowMS) * time.Millisecond, TimeHigh: time.Duration(r.TimeHighMS) * time.Millisecond,
		Steps: r.Steps, Learned: r.Learned, Unpriced: r.FUnpriced,
	}.Report()
}
