package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/askbob/bob/bot/web"
	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/jobs/schedule"
	"github.com/askbob/bob/jobs/tool"
	"github.com/askbob/bob/storage"
)

// scheduleBook is where schedules are changed: the data directory, or the bob serve
// that works with it.
type scheduleBook interface {
	// AddSchedule keeps a new schedule.
	AddSchedule(ctx context.Context, d web.ScheduleDraft) (jobs.ScheduleReport, error)
	// ChangeSchedule pauses or resumes one.
	ChangeSchedule(ctx context.Context, id jobs.ScheduleID, verb string) (jobs.ScheduleReport, error)
	RemoveSchedule(ctx context.Context, id jobs.ScheduleID) error
}

// changingSchedules runs fn on the server that is named; else on the data directory,
// or on the bob serve that has it.
func (p *process) changingSchedules(ctx context.Context, server string, fn func(b scheduleBook) error) error {
	if server == "" {
		err := p.keeping(ctx, func(h *house, k *schedule.Keeper) error { return fn(ownSchedules{h: h, keeper: k}) })
		if !errors.Is(err, storage.ErrInUse) {
			return err
		}
		c, clientErr := p.client("")
		if clientErr != nil || !c.answers(ctx) {
			return err // a bob run has it, or a server elsewhere
		}
		return fn(c)
	}
	c, err := p.client(server)
	if err != nil {
		return err
	}
	return fn(c)
}

// keeping runs fn with a keeper that may change schedules.
func (p *process) keeping(ctx context.Context, fn func(h *house, k *schedule.Keeper) error) (err error) {
	h, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	k, err := h.keeper()
	if err != nil {
		return err
	}
	return h.writing(ctx, func() error { return fn(h, k) })
}

// keeper makes what keeps schedules and does the housekeeping. Its Run does both.
func (h *house) keeper() (*schedule.Keeper, error) {
	zone, err := schedule.Zone(h.cfg.Schedules.TimeZone)
	if err != nil {
		return nil, err
	}
	chores, err := h.chores(zone)
	if err != nil {
		return nil, err
	}
	return schedule.New(schedule.Config{Store: h.store, Jobs: h.service, Log: h.log, Now: time.Now, Zone: zone, Chores: chores, Allowed: h.cfg.Access.rules().MayRun})
}

// reader makes a keeper of a store that is only read.
func reader(s *storage.Store) (*schedule.Keeper, error) {
	service, err := jobs.NewService(jobs.ServiceConfig{Store: s, Inspector: &tool.Inspector{}, Now: time.Now})
	if err != nil {
		return nil, err
	}
	return schedule.New(schedule.Config{Store: s, Jobs: service, Log: slog.New(slog.DiscardHandler), Now: time.Now})
}

// ownSchedules are those of a data directory that nobody else works with.
type ownSchedules struct {
	h      *house
	keeper *schedule.Keeper
}

// AddSchedule keeps a new schedule.
func (o ownSchedules) AddSchedule(ctx context.Context, in web.ScheduleDraft) (jobs.ScheduleReport, error) {
	d := in.Draft(o.h.cfg.Jobs.Budget)
	if err := o.h.models.check(d.Model, false); err != nil {
		return jobs.ScheduleReport{}, err
	}
	s, err := o.keeper.Add(ctx, d)
	return jobs.NewScheduleReport(s, nil), err
}

// ChangeSchedule pauses or resumes a schedule.
func (o ownSchedules) ChangeSchedule(ctx context.Context, id jobs.ScheduleID, verb string) (jobs.ScheduleReport, error) {
	var err error
	if verb == verbPause {
		err = o.keeper.Pause(ctx, id)
	} else {
		_, err = o.keeper.Resume(ctx, id)
	}
	if err != nil {
		return jobs.ScheduleReport{}, err
	}
	s, _, err := o.keeper.Show(ctx, id, 0)
	return jobs.NewScheduleReport(s, nil), err
}

// RemoveSchedule forgets a schedule.
func (o ownSchedules) RemoveSchedule(ctx context.Context, id jobs.ScheduleID) error {
	return o.keeper.Remove(ctx, id)
}

// schedules lists the schedules of the server that is named, or else of the data
// directory.
func (p *process) schedules(ctx context.Context, server string) (list []jobs.ScheduleReport, err error) {
	if server != "" {
		c, err := p.client(server)
		if err != nil {
			return nil, err
		}
		return c.Schedules(ctx)
	}
	err = p.reading(ctx, func(s *storage.Store) error {
		k, err := reader(s)
		if err != nil {
			return err
		}
		found, err := k.List(ctx)
		list = make([]jobs.ScheduleReport, 0, len(found))
		for _, f := range found {
			list = append(list, jobs.NewScheduleReport(f, nil))
		}
		return err
	})
	return list, err
}

// schedule finds one of schedules, with its last runs.
func (p *process) schedule(ctx context.Context, server string, id jobs.ScheduleID) (found jobs.ScheduleReport, err error) {
	if server != "" {
		c, err := p.client(server)
		if err != nil {
			return found, err
		}
		return c.schedule(ctx, id, http.MethodGet)
	}
	err = p.reading(ctx, func(s *storage.Store) error {
		k, err := reader(s)
		if err != nil {
			return err
		}
		of, runs, err := k.Show(ctx, id, shownRuns)
		found = jobs.NewScheduleReport(of, runs)
		return err
	})
	return found, err
}

// answers reports whether a bob serve is there that knows the client.
func (c *client) answers(ctx context.Context) bool {
	_, err := c.Schedules(ctx)
	return err == nil
}

// Schedules lists the server's schedules.
func (c *client) Schedules(ctx context.Context) ([]jobs.ScheduleReport, error) {
	r, err := c.request(ctx, http.MethodGet, "", nil, "schedules")
	if err != nil {
		return nil, err
	}
	var list struct{ Schedules []jobs.ScheduleReport }
	err = c.ask(r, &list)
	for i := range list.Schedules {
		localise(&list.Schedules[i])
	}
	return list.Schedules, err
}

// schedule asks for a schedule, or changes it by the verbs that follow its ID.
func (c *client) schedule(ctx context.Context, id jobs.ScheduleID, method string, verb ...string) (jobs.ScheduleReport, error) {
	var report jobs.ScheduleReport
	r, err := c.request(ctx, method, "", nil, append([]string{"schedules", url.PathEscape(string(id))}, verb...)...)
	if err != nil {
		return report, err
	}
	if err := c.ask(r, &report); err != nil {
		return report, noSuchSchedule(id, err)
	}
	localise(&report)
	return report, nil
}

// ChangeSchedule pauses or resumes one of the server's schedules.
func (c *client) ChangeSchedule(ctx context.Context, id jobs.ScheduleID, verb string) (jobs.ScheduleReport, error) {
	return c.schedule(ctx, id, http.MethodPost, verb)
}

// AddSchedule gives the server a new schedule. An answer that is lost is not asked
// for again: there would be two.
func (c *client) AddSchedule(ctx context.Context, d web.ScheduleDraft) (jobs.ScheduleReport, error) {
	var report jobs.ScheduleReport
	r, err := c.post(ctx, d, "schedules")
	if err != nil {
		return report, err
	}
	err = c.ask(r, &report)
	if errors.Is(err, errLost) {
		return report, &exitError{code: exitFailed, err: fmt.Errorf("%s does not answer: look with bob schedule list whether it has the schedule", c.base)}
	}
	localise(&report)
	return report, err
}

// RemoveSchedule forgets one of the server's schedules.
func (c *client) RemoveSchedule(ctx context.Context, id jobs.ScheduleID) error {
	r, err := c.request(ctx, http.MethodDelete, "", nil, "schedules", url.PathEscape(string(id)))
	if err != nil {
		return err
	}
	resp, err := c.send(r)
	if err != nil {
		return noSuchSchedule(id, err)
	}
	return resp.Body.Close()
}

func noSuchSchedule(id jobs.ScheduleID, err error) error {
	if errors.Is(err, jobs.ErrNotFound) {
		return &jobs.UserError{Message: fmt.Sprintf("There is no schedule %q there: bob schedule list names them.", id), Err: err}
	}
	return err
}

// localise gives a report's times the zone of the schedule back: JSON keeps only how
// far it is from UTC.
func localise(r *jobs.ScheduleReport) {
	zone, err := time.LoadLocation(r.TimeZone)
	if err != nil {
		return
	}
	for _, t := range []*time.Time{r.Next, r.Waiting, r.LastRun, &r.CreatedAt} {
		if t != nil {
			*t = t.In(zone)
		}
	}
	for i := range r.Runs {
		r.Runs[i].Slot = r.Runs[i].Slot.In(zone)
	}
}
