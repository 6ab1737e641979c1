package jobs

import "time"

// Forecast says before a plan runs what its job will have cost and taken in the
// end, what its planning took included. Half of such jobs stay below Low, nine of
// ten below High.
type Forecast struct {
	CostLow, CostHigh Money
	TimeLow, TimeHigh time.Duration

	Steps    int // leaves and combine steps
	Learned  int // of them: those that this installation has seen the like of
	Unpriced int // of them: those whose model's price nobody knows; they count as free
}

// Plus returns the forecast with what was spent and took before.
func (f Forecast) Plus(spent Money, took time.Duration) Forecast {
	f.CostLow += spent
	f.CostHigh += spent
	f.TimeLow += took
	f.TimeHigh += took
	return f
}

// Report returns the forecast as reports say it.
func (f Forecast) Report() *ForecastReport {
	return &ForecastReport{
		CostLow: f.CostLow.String(), CostHigh: f.CostHigh.String(),
		TimeLowMS: f.TimeLow.Milliseconds(), TimeHighMS: f.TimeHigh.Milliseconds(),
		Steps: f.Steps, Learned: f.Learned, Unpriced: f.Unpriced,
	}
}

// ForecastReport is the Forecast of a job's newest plan.
type ForecastReport struct {
	CostLow    string `json:"cost_low_usd"`  // half of such jobs cost less
	CostHigh   string `json:"cost_high_usd"` // nine of ten cost less
	TimeLowMS  int64  `json:"time_low_ms"`
	TimeHighMS int64  `json:"time_high_ms"`
	Steps      int    `json:"steps"`
	Learned    int    `json:"learned_steps"`
	Unpriced   int    `json:"unpriced_steps"`
}

// Sample is what one finished phase of a node took, all its attempts together:
// what this installation learned from it.
type Sample struct {
	Kind

	Cost   Money
	Priced bool // false: Cost says nothing
	Took   time.Duration
}

// Kind is what nodes have in common that cost about the same.
type Kind struct {
	Type  Type
	Phase Phase
	Model string // provider/model
}
