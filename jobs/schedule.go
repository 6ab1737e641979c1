package jobs

import "time"

// ScheduleID identifies a schedule: "sch_" and six characters of Crockford's
// base32.
type ScheduleID string

// MaxSchedules bounds the schedules of one person that have not ended.
const MaxSchedules = 50

// Schedule is a job that is submitted again and again, or once at a later time.
type Schedule struct {
	ID      ScheduleID
	Owner   Owner
	Request string // what each run is asked to do

	Priority    Priority
	Model       string // empty: any
	Budget      Money  // of a run; negative: no limit
	MonthBudget Money  // of all runs of a calendar month in Zone; negative: no limit
	Ask         bool   // a person must approve each run's plan
	Files       []FileInfo

	Words   string // when it runs, as the person said it
	Spec    string // the same as jobs/schedule reads it back
	Zone    string // IANA name of the time zone in which Spec is meant
	Missed  MissedPolicy
	Overlap OverlapPolicy

	State   ScheduleState
	Slots   Slots
	LastRun time.Time // the slot that was submitted last; zero: none was
	LastJob JobID     // its job
	Counts  RunCounts
	Created time.Time
}

// Owner is the person a schedule belongs to, and where its runs report: on a
// surface, as Place.Owner makes it.
type Owner struct {
	User      string // as in Request
	Surface   string // empty: nobody is told, as of the terminal's
	Workspace string // of the surface, as in Place
	Channel   string
	Thread    string // what is said of the schedule itself goes there
	Room      string // of its runs, as in Request
}

// Place is where people are told of the schedule; the zero Place if they are not.
func (o Owner) Place() Place {
	if o.Surface == "" {
		return Place{}
	}
	return Place{Surface: o.Surface, Workspace: o.Workspace, Channel: o.Channel, Thread: o.Thread}
}

// Matter is the schedule as Access decides on it.
func (o Owner) Matter() Matter { return Matter{Owner: o.User, Place: o.Place(), Room: o.Room} }

// Slots are the times that a schedule has to look at. A zero time is none.
type Slots struct {
	Next    time.Time // when it is due next
	Waiting time.Time // a slot that was due and waits for the job before it
}

// None reports whether nothing is to come.
func (s Slots) None() bool { return s.Next.IsZero() && s.Waiting.IsZero() }

// RunCounts counts what became of a schedule's slots.
type RunCounts struct {
	Started int // jobs were submitted
	Skipped int // a rule of the schedule forbade the run
	Missed  int // nobody was there in time
}

// ScheduleState is the state of a schedule.
type ScheduleState string

// The states. What has ended does not run again.
const (
	ScheduleActive ScheduleState = "active"
	SchedulePaused ScheduleState = "paused"
	ScheduleEnded  ScheduleState = "ended"
)

// MissedPolicy says what happens to slots at which no Bob was running.
type MissedPolicy string

// The policies: they are left out, or the last of them runs late.
const (
	MissedSkip MissedPolicy = "skip"
	MissedOnce MissedPolicy = "once"
)

// OverlapPolicy says what happens to a slot while the job before is not final.
type OverlapPolicy string

// The policies: it is left out, or it waits. One slot waits at most; those that
// come due behind it are left out.
const (
	OverlapSkip  OverlapPolicy = "skip"
	OverlapQueue OverlapPolicy = "queue"
)

// ScheduleRun says what became of one slot.
type ScheduleRun struct {
	Slot   time.Time
	Status RunStatus
	Job    JobID  // of RunStarted
	Note   string // why it did not start; empty: nothing to say
	At     time.Time
}

// RunStatus is what became of a slot.
type RunStatus string

// What may become of a slot.
const (
	RunStarted RunStatus = "started"
	RunWaiting RunStatus = "waiting"
	RunSkipped RunStatus = "skipped"
	RunMissed  RunStatus = "missed"
)

// NoticeSchedule is the kind of a notice that speaks of a schedule, not of a job.
const NoticeSchedule NoticeKind = "schedule"

// ScheduleNotice is a line of the outbox that speaks of a schedule. Delivered
// marks it as said, as any notice.
type ScheduleNotice struct {
	ID       int64
	Schedule ScheduleID
	Owner    Owner
	Text     string
	At       time.Time
}

// AddSchedule keeps a new schedule, whose files' blobs are stored already. It is
// refused with a *UserError if its owner has MaxSchedules.
type AddSchedule struct {
	Schedule Schedule
}

// SetSchedule pauses or resumes a schedule. It is stale if the schedule is not in
// From. A slot that waits is dropped.
type SetSchedule struct {
	Schedule ScheduleID
	From, To ScheduleState
	Next     time.Time // when it is due next; zero: never, as in a pause
}

// RemoveSchedule forgets a schedule and its history; its jobs stay. ErrNotFound.
type RemoveSchedule struct {
	Schedule ScheduleID
}

// Passed records what became of a slot. It is stale if the schedule is not active
// or its slots are no longer those in Was. The schedule ends if Now is none.
type Passed struct {
	Schedule ScheduleID
	Was, Now Slots
	Run      ScheduleRun
	Missed   int // slots that nobody was there for, that of Run perhaps among them

	Notice    string // for people; empty: none
	NoticeKey string // what has the same key is said once
}

// Forget deletes one bounded piece of what is past: a job that has been final
// since before Before, a schedule that ended before it. Outcome.More says that
// there is more to delete. A job is gone for everybody with its first piece.
type Forget struct {
	Before time.Time
}

func (AddSchedule) isChange()    {}
func (SetSchedule) isChange()    {}
func (RemoveSchedule) isChange() {}
func (Passed) isChange()         {}
func (Forget) isChange()         {}
