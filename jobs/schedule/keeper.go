package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/askbob/bob/jobs"
)

// Store is where a Keeper keeps schedules.
type Store interface {
	jobs.Writer

	Schedules(ctx context.Context) ([]jobs.Schedule, error)
	// Schedule returns a schedule with its files. jobs.ErrNotFound.
	Schedule(ctx context.Context, id jobs.ScheduleID) (jobs.Schedule, error)
	ScheduleRuns(ctx context.Context, id jobs.ScheduleID, limit int) ([]jobs.ScheduleRun, error)
	Agenda
}

// Agenda is what a Keeper asks while it runs.
type Agenda interface {
	// DueSchedules returns the active schedules that have a slot to decide on: due,
	// or waiting for a job that is final now.
	DueSchedules(ctx context.Context, now time.Time) ([]jobs.Schedule, error)
	// NextSlot returns when a schedule is due next, zero if none is, and whether a
	// slot waits for a job.
	NextSlot(ctx context.Context) (next time.Time, waiting bool, err error)
	ScheduleSpent(ctx context.Context, id jobs.ScheduleID, since time.Time) (jobs.Money, error)
	// Submitted returns the job of an inbound key, empty if there is none.
	Submitted(ctx context.Context, key string) (jobs.JobID, error)
	// Open reports whether a job exists and is not final.
	Open(ctx context.Context, id jobs.JobID) (bool, error)
}

// Submitter accepts jobs and their files; jobs.Service is one.
type Submitter interface {
	Submit(ctx context.Context, r jobs.Request) (jobs.JobID, error)
	Accept(ctx context.Context, files []jobs.Attachment) ([]jobs.FileInfo, error)
}

// Config configures a Keeper. All but Zone and Chores are required.
type Config struct {
	Store  Store
	Jobs   Submitter
	Log    *slog.Logger
	Now    func() time.Time
	Zone   *time.Location // of schedules that name none; nil: UTC
	Chores []Chore        // housekeeping that Run does beside
	// Allowed says, as a *jobs.UserError, why an owner's schedules may not run any more;
	// nil: all may.
	Allowed func(o jobs.Owner) error
}

// Keeper keeps schedules, and runs them while Run does. It is safe for concurrent
// use.
type Keeper struct {
	cfg   Config
	knock chan struct{} // a schedule may be due earlier than Run knows
}

// New returns a Keeper for cfg.
func New(cfg Config) (*Keeper, error) {
	if cfg.Store == nil || cfg.Jobs == nil || cfg.Log == nil || cfg.Now == nil {
		return nil, errors.New("schedule: Store, Jobs, Log and Now are required")
	}
	for _, c := range cfg.Chores {
		if c.Every <= 0 || c.Do == nil || c.Name == "" {
			return nil, errors.New("schedule: a chore needs Name, Every and Do")
		}
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	return &Keeper{cfg: cfg, knock: make(chan struct{}, 1)}, nil
}

// Draft is a schedule as a person asks for it.
type Draft = jobs.ScheduleDraft

// Split reads a text of when and what, such as "every Monday at 9 summarise the
// week", into a Draft's Words and Request. Zone is that of the draft. Errors are
// those of the function Split.
func (k *Keeper) Split(text, zone string) (words, request string, err error) {
	loc, err := k.zone(zone)
	if err != nil {
		return "", "", err
	}
	_, words, request, err = Split(text, k.cfg.Now(), loc)
	return words, request, err
}

// Add keeps a new schedule and returns it. It returns a *jobs.UserError if
// anything in the draft cannot be used; then there is no schedule.
func (k *Keeper) Add(ctx context.Context, d Draft) (jobs.Schedule, error) {
	zone, err := k.zone(d.Zone)
	if err != nil {
		return jobs.Schedule{}, err
	}
	if d.Words == "" {
		if d.Words, d.Request, err = k.Split(d.Request, d.Zone); err != nil {
			return jobs.Schedule{}, err
		}
	}
	now := k.cfg.Now()
	times, err := Parse(d.Words, now, zone)
	if err != nil {
		return jobs.Schedule{}, err
	}
	if err := complete(&d, times); err != nil {
		return jobs.Schedule{}, err
	}
	files, err := k.cfg.Jobs.Accept(ctx, d.Files)
	if err != nil {
		return jobs.Schedule{}, err
	}
	s := jobs.Schedule{
		ID: jobs.NewScheduleID(), Owner: d.Owner, Request: d.Request, Files: files,
		Priority: d.Priority, Model: d.Model, Budget: d.Budget, MonthBudget: d.MonthBudget, Ask: d.Ask,
		Words: d.Words, Spec: times.String(), Zone: zone.String(), Missed: d.Missed, Overlap: d.Overlap,
		State: jobs.ScheduleActive, Slots: jobs.Slots{Next: times.Next(now)}, Created: now,
	}
	if err := k.apply(ctx, jobs.AddSchedule{Schedule: s}); err != nil {
		return jobs.Schedule{}, fmt.Errorf("add schedule: %w", err)
	}
	k.wake()
	return s, nil
}

func (k *Keeper) zone(name string) (*time.Location, error) {
	if name == "" {
		return k.cfg.Zone, nil
	}
	return Zone(name)
}

// Zone finds a time zone by its IANA name. Any other name is a *jobs.UserError.
func Zone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, refuse("%q is no time zone: name it like Europe/Berlin, America/New_York or UTC.", jobs.Shorten(name, maxShown))
	}
	return zone, nil
}

// complete checks a draft and fills in what was left open.
func complete(d *Draft, times Times) error {
	if err := (jobs.Request{Text: d.Request, Files: d.Files, Priority: d.Priority}).Check(); err != nil {
		return err
	}
	if d.Missed == "" {
		d.Missed = jobs.MissedSkip
		if times.Once() {
			d.Missed = jobs.MissedOnce
		}
	}
	if d.Overlap == "" {
		d.Overlap = jobs.OverlapSkip
	}
	switch {
	case d.Missed != jobs.MissedSkip && d.Missed != jobs.MissedOnce:
		return refuse("For missed runs there is skip (leave them out) and once (run the last one late), not %q.", d.Missed)
	case d.Overlap != jobs.OverlapSkip && d.Overlap != jobs.OverlapQueue:
		return refuse("For a run that comes while the one before goes on there is skip (leave it out) and queue (wait), not %q.", d.Overlap)
	}
	return nil
}

// List returns all schedules without their files, those due next first and those
// that have ended last.
func (k *Keeper) List(ctx context.Context) ([]jobs.Schedule, error) {
	return k.cfg.Store.Schedules(ctx)
}

// Show returns a schedule and what became of its last slots, newest first. It
// returns a *jobs.UserError if there is none.
func (k *Keeper) Show(ctx context.Context, id jobs.ScheduleID, runs int) (jobs.Schedule, []jobs.ScheduleRun, error) {
	s, err := k.find(ctx, id)
	if err != nil {
		return jobs.Schedule{}, nil, err
	}
	list, err := k.cfg.Store.ScheduleRuns(ctx, id, runs)
	return s, list, err
}

func (k *Keeper) find(ctx context.Context, id jobs.ScheduleID) (jobs.Schedule, error) {
	s, err := k.cfg.Store.Schedule(ctx, id)
	return s, known(id, err)
}

// known says for people that there is no such schedule.
func known(id jobs.ScheduleID, err error) error {
	if errors.Is(err, jobs.ErrNotFound) {
		return &jobs.UserError{Message: fmt.Sprintf("There is no schedule %q: list the schedules to see their IDs.", jobs.Shorten(string(id), maxShown)), Err: err}
	}
	return err
}

// Pause stops a schedule until it is resumed. What comes due meanwhile is left out
// and does not count as missed. It returns a *jobs.UserError for a schedule that
// is not active.
func (k *Keeper) Pause(ctx context.Context, id jobs.ScheduleID) error {
	s, err := k.find(ctx, id)
	if err != nil {
		return err
	}
	if s.State != jobs.ScheduleActive {
		return refuse("The schedule %s is %s: only an active one can be paused.", id, s.State)
	}
	return k.apply(ctx, jobs.SetSchedule{Schedule: id, From: s.State, To: jobs.SchedulePaused})
}

// Resume lets a paused schedule go on with its next slot from now, and returns it.
// It returns a *jobs.UserError for a schedule that is not paused, or that has
// nothing more to come.
func (k *Keeper) Resume(ctx context.Context, id jobs.ScheduleID) (time.Time, error) {
	s, err := k.find(ctx, id)
	if err != nil {
		return time.Time{}, err
	}
	if s.State != jobs.SchedulePaused {
		return time.Time{}, refuse("The schedule %s is %s: only a paused one can be resumed.", id, s.State)
	}
	times, err := Of(s)
	if err != nil {
		return time.Time{}, err
	}
	next := times.Next(k.cfg.Now())
	if next.IsZero() {
		return time.Time{}, refuse("The time of schedule %s has passed: remove it and add a new one.", id)
	}
	defer k.wake()
	return next, k.apply(ctx, jobs.SetSchedule{Schedule: id, From: s.State, To: jobs.ScheduleActive, Next: next})
}

// Remove forgets a schedule; its jobs stay. It returns a *jobs.UserError if there
// is none.
func (k *Keeper) Remove(ctx context.Context, id jobs.ScheduleID) error {
	return known(id, k.apply(ctx, jobs.RemoveSchedule{Schedule: id}))
}

func (k *Keeper) apply(ctx context.Context, c jobs.Change) error {
	out, err := k.cfg.Store.Apply(ctx, c)
	if err != nil {
		return err
	}
	return out[0].Err
}

func (k *Keeper) wake() {
	select {
	case k.knock <- struct{}{}:
	default: // it is awake already
	}
}
