package jobs

// ScheduleDraft is a schedule as a person asks for it.
type ScheduleDraft struct {
	Words   string // when, in plain words or cron; empty: Request begins with it
	Zone    string // IANA name of the time zone in which Words are meant; empty: as configured
	Owner   Owner
	Request string
	Files   []Attachment

	Priority    Priority // empty: medium
	Model       string   // empty: any
	Budget      Money    // of a run; negative: no limit
	MonthBudget Money    // of a calendar month; negative: no limit
	Ask         bool     // a person must approve each run's plan

	Missed  MissedPolicy  // empty: skip, but once for what comes but once
	Overlap OverlapPolicy // empty: skip
}
