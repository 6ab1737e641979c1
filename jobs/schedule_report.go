package jobs

import "time"

// ScheduleReport is a schedule in JSON. Times that do not exist are null.
type ScheduleReport struct {
	ID        ScheduleID    `json:"id"`
	Status    ScheduleState `json:"status"`
	Request   string        `json:"request"`
	Words     string        `json:"words"`
	Spec      string        `json:"spec"`
	TimeZone  string        `json:"time_zone"`
	Missed    MissedPolicy  `json:"missed"`
	Overlap   OverlapPolicy `json:"overlap"`
	Priority  Priority      `json:"priority"`
	Model     string        `json:"model"`
	Budget    string        `json:"budget_usd"`       // of a run; empty: no limit
	Month     string        `json:"budget_month_usd"` // empty: no limit
	Ask       bool          `json:"ask"`
	Files     []string      `json:"files"` // null in lists
	User      string        `json:"user"`
	Next      *time.Time    `json:"next"`
	Waiting   *time.Time    `json:"waiting"`
	LastRun   *time.Time    `json:"last_run"`
	LastJob   JobID         `json:"last_job"`
	Counts    CountsReport  `json:"counts"`
	CreatedAt time.Time     `json:"created_at"`

	Runs []RunReport `json:"runs,omitempty"` // newest first
}

// CountsReport says what became of a schedule's slots.
type CountsReport struct {
	Started int `json:"started"`
	Skipped int `json:"skipped"`
	Missed  int `json:"missed"`
}

// RunReport says what became of one slot.
type RunReport struct {
	Slot   time.Time `json:"slot"`
	Status RunStatus `json:"status"`
	Job    JobID     `json:"job"`
	Note   string    `json:"note"`
}

// NewScheduleReport says all of a schedule, in the clock of its zone where this
// machine knows it.
func NewScheduleReport(s Schedule, runs []ScheduleRun) ScheduleReport {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		zone = time.UTC
	}
	local := func(t time.Time) *time.Time { return at(inZone(t, zone)) }
	r := ScheduleReport{
		ID: s.ID, Status: s.State, Request: s.Request, Words: s.Words, Spec: s.Spec, TimeZone: s.Zone, Missed: s.Missed, Overlap: s.Overlap,
		Priority: s.Priority, Model: s.Model, Budget: limit(s.Budget), Month: limit(s.MonthBudget), Ask: s.Ask, User: s.Owner.User,
		Next: local(s.Slots.Next), Waiting: local(s.Slots.Waiting), LastRun: local(s.LastRun), LastJob: s.LastJob,
		Counts: CountsReport(s.Counts), CreatedAt: inZone(s.Created, zone),
	}
	for _, f := range s.Files {
		r.Files = append(r.Files, f.Name)
	}
	for _, run := range runs {
		r.Runs = append(r.Runs, RunReport{Slot: inZone(run.Slot, zone), Status: run.Status, Job: run.Job, Note: run.Note})
	}
	return r
}

func inZone(t time.Time, zone *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(zone)
}

func limit(m Money) string {
	if m < 0 {
		return ""
	}
	return m.String()
}
