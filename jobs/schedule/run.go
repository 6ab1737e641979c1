package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/askbob/bob/jobs"
)

const (
	// late is how long after its time a slot counts as missed. A restart is shorter.
	late = 5 * time.Minute
	// idle bounds a sleep: the clock may be set, and the machine may sleep.
	idle = time.Minute
	// again is when the store is asked anew after it failed, and whether a job is
	// final that a slot waits for.
	again = 15 * time.Second
)

// Run submits what is due, and does the chores, until ctx is done; it returns nil
// then. What comes due while it does not run is missed: each schedule's policy
// says what happens to it. A failing store is logged and asked again.
func (k *Keeper) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range k.cfg.Chores {
		g.Go(func() error { return k.chore(ctx, c) })
	}
	g.Go(func() error {
		for ctx.Err() == nil {
			pause, err := k.round(ctx)
			if err != nil {
				pause = again
				if ctx.Err() == nil {
					k.cfg.Log.Error("schedules not run", "err", err)
				}
			}
			k.sleep(ctx, pause)
		}
		return nil
	})
	return g.Wait()
}

func (k *Keeper) sleep(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-k.knock:
	case <-timer.C:
	}
}

// round looks at every schedule that has a slot to decide on, and says how long to
// sleep then.
func (k *Keeper) round(ctx context.Context) (pause time.Duration, err error) {
	list, err := k.cfg.Store.DueSchedules(ctx, k.cfg.Now())
	if err != nil {
		return 0, err
	}
	failed := false
	for _, s := range list {
		err := k.look(ctx, s)
		switch {
		case err == nil, errors.Is(err, jobs.ErrStale): // stale: paused or removed meanwhile
		case ctx.Err() != nil:
			return 0, ctx.Err()
		default:
			k.cfg.Log.Error("schedule not run", "schedule", s.ID, "err", err)
			failed = true
		}
	}
	next, waiting, err := k.cfg.Store.NextSlot(ctx)
	switch {
	case err != nil:
		return 0, err
	case failed:
		return again, nil
	}
	pause = idle
	if waiting {
		pause = again
	}
	if !next.IsZero() {
		pause = min(pause, max(next.Sub(k.cfg.Now()), 0))
	}
	return pause, nil
}

// look decides on one schedule's slot: the one that waits, else what is due.
func (k *Keeper) look(ctx context.Context, s jobs.Schedule) error {
	times, err := Of(s)
	if err != nil { // such as a zone that this machine does not know
		k.cfg.Log.Error("schedule paused: it cannot be read", "schedule", s.ID, "err", err)
		return k.apply(ctx, jobs.SetSchedule{Schedule: s.ID, From: s.State, To: jobs.SchedulePaused})
	}
	busy, err := k.cfg.Store.Open(ctx, s.LastJob)
	if err != nil {
		return err
	}
	t := turn{k: k, s: s, times: times, busy: busy}
	if waits := s.Slots.Waiting; !waits.IsZero() && !busy {
		return t.start(ctx, waits, jobs.Slots{Next: s.Slots.Next})
	}
	if next := s.Slots.Next; next.IsZero() || next.After(k.cfg.Now()) {
		return nil
	}
	return t.due(ctx)
}

// turn is one look at a schedule.
type turn struct {
	k     *Keeper
	s     jobs.Schedule
	times Times
	busy  bool // the last job is not final
}

// absent is why a slot was missed.
const absent = "Bob was not running"

// due decides on the slots that are due: the last of them may run, those before
// it are missed. These are recorded first, so that what is submitted is always
// the slot that the store has as the next: after a crash it is asked for by key.
func (t *turn) due(ctx context.Context) error {
	now := t.k.cfg.Now()
	first := t.s.Slots.Next
	job, err := t.k.cfg.Store.Submitted(ctx, key(t.s.ID, first))
	if err != nil {
		return err
	}
	if job != "" { // and the process died before it was recorded
		return t.record(ctx, jobs.ScheduleRun{Slot: first, Status: jobs.RunStarted, Job: job}, t.after(first), 0, "")
	}
	before, slot, missed := first, first, 0
	for next := t.times.Next(slot); !next.IsZero() && !next.After(now); next = t.times.Next(slot) {
		before, slot, missed = slot, next, missed+1
	}
	rest := t.after(slot)
	switch {
	case now.Sub(slot) > late && t.s.Missed == jobs.MissedSkip:
		return t.record(ctx, jobs.ScheduleRun{Slot: slot, Status: jobs.RunMissed, Note: absent}, rest, missed+1, "")
	case missed > 0:
		return t.record(ctx, jobs.ScheduleRun{Slot: before, Status: jobs.RunMissed, Note: absent}, t.after(before), missed, "")
	case !rest.Waiting.IsZero():
		return t.skip(ctx, slot, rest, "another run waits already")
	case t.busy && t.s.Overlap == jobs.OverlapSkip:
		return t.skip(ctx, slot, rest, fmt.Sprintf("%s has not ended", t.s.LastJob))
	case t.busy:
		rest.Waiting = slot
		return t.record(ctx, jobs.ScheduleRun{Slot: slot, Status: jobs.RunWaiting, Note: fmt.Sprintf("%s has not ended", t.s.LastJob)}, rest, 0, "")
	}
	return t.start(ctx, slot, rest)
}

// after are the slots that are left when those up to slot are dealt with.
func (t *turn) after(slot time.Time) jobs.Slots {
	return jobs.Slots{Next: t.times.Next(slot), Waiting: t.s.Slots.Waiting}
}

// start submits the job of a slot, if its owner still may, as far as the month's budget
// goes.
func (t *turn) start(ctx context.Context, slot time.Time, rest jobs.Slots) error {
	if allowed := t.k.cfg.Allowed; allowed != nil {
		if e, ok := errors.AsType[*jobs.UserError](allowed(t.s.Owner)); ok {
			return t.skip(ctx, slot, rest, e.Message) // not said where Bob is not to speak
		}
	}
	budget, usedUp, err := t.budget(ctx, slot)
	if err != nil {
		return err
	}
	if usedUp {
		month := slot.In(t.times.Zone()).Format("January 2006")
		notice := fmt.Sprintf("Schedule %s (%s) leaves out its runs: its budget of %s for %s is used up. It goes on next month, or add it anew with more.",
			t.s.ID, t.s.Words, t.s.MonthBudget.Short(), month)
		return t.record(ctx, jobs.ScheduleRun{Slot: slot, Status: jobs.RunSkipped, Note: "the month's budget is used up"}, rest, 0, notice)
	}
	whole, err := t.k.cfg.Store.Schedule(ctx, t.s.ID) // with its files
	if err != nil {
		return err
	}
	r := jobs.Request{
		Key: key(t.s.ID, slot), Text: whole.Request, Stored: append([]jobs.FileInfo{}, whole.Files...),
		User: whole.Owner.User, Workspace: whole.Owner.Workspace, Channel: whole.Owner.Channel, Place: whole.Owner.Place(), Room: whole.Owner.Room,
		Priority: whole.Priority, Model: whole.Model, Budget: budget,
	}
	if r.Place.Surface != "" {
		r.Workspace, r.Channel = r.Place.Scope(), r.Place.Room()
		r.Place.Thread = "" // each run makes one of its own
	}
	if whole.Ask {
		r.Approval = jobs.Approval{Mode: jobs.ApproveAlways}
	}
	job, err := t.k.cfg.Jobs.Submit(ctx, r)
	if e, ok := errors.AsType[*jobs.UserError](err); ok {
		notice := fmt.Sprintf("Schedule %s (%s) could not run: %s", t.s.ID, t.s.Words, e.Message)
		return t.record(ctx, jobs.ScheduleRun{Slot: slot, Status: jobs.RunSkipped, Note: e.Message}, rest, 0, notice)
	}
	if err != nil {
		return err
	}
	t.k.cfg.Log.Info("scheduled job submitted", "schedule", t.s.ID, "slot", slot, "job", job)
	return t.record(ctx, jobs.ScheduleRun{Slot: slot, Status: jobs.RunStarted, Job: job}, rest, 0, "")
}

// budget is what a run may cost: its own budget, or what is left of the month's if
// that is less.
func (t *turn) budget(ctx context.Context, slot time.Time) (budget jobs.Money, usedUp bool, err error) {
	if t.s.MonthBudget < 0 {
		return t.s.Budget, false, nil
	}
	local := slot.In(t.times.Zone())
	month := clock{}.on(local.Year(), local.Month(), 1, t.times.Zone())
	spent, err := t.k.cfg.Store.ScheduleSpent(ctx, t.s.ID, month)
	if err != nil {
		return 0, false, err
	}
	left := max(0, t.s.MonthBudget-spent)
	budget = t.s.Budget
	if budget < 0 || left < budget {
		budget = left
	}
	return budget, left == 0 && spent > 0, nil
}

func (t *turn) skip(ctx context.Context, slot time.Time, rest jobs.Slots, why string) error {
	return t.record(ctx, jobs.ScheduleRun{Slot: slot, Status: jobs.RunSkipped, Note: why}, rest, 0, "")
}

// record writes down what became of a slot. The same is said to people once a
// month.
func (t *turn) record(ctx context.Context, run jobs.ScheduleRun, rest jobs.Slots, missed int, notice string) error {
	if run.Status != jobs.RunStarted {
		t.k.cfg.Log.Info("scheduled run left out", "schedule", t.s.ID, "slot", run.Slot, "status", run.Status, "why", run.Note)
	}
	return t.k.apply(ctx, jobs.Passed{
		Schedule: t.s.ID, Was: t.s.Slots, Now: rest, Run: run, Missed: missed,
		Notice: notice, NoticeKey: run.Slot.In(t.times.Zone()).Format("2006-01") + ":" + run.Note,
	})
}

// key is the inbound key of a slot: whoever submits it, it is one job.
func key(id jobs.ScheduleID, slot time.Time) string {
	return fmt.Sprintf("schedule:%s:%s", id, slot.UTC().Format(time.RFC3339))
}
