package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/askbob/bob/jobs"
)

// Schedules keeps recurring jobs. What a person can mend is a *jobs.UserError; of a
// schedule that is not there it holds jobs.ErrNotFound. It is safe for concurrent use.
type Schedules interface {
	Add(ctx context.Context, d jobs.ScheduleDraft) (jobs.Schedule, error)
	List(ctx context.Context) ([]jobs.Schedule, error)
	// Show returns a schedule and what became of its last slots, newest first.
	Show(ctx context.Context, id jobs.ScheduleID, runs int) (jobs.Schedule, []jobs.ScheduleRun, error)
	Pause(ctx context.Context, id jobs.ScheduleID) error
	Resume(ctx context.Context, id jobs.ScheduleID) (time.Time, error)
	Remove(ctx context.Context, id jobs.ScheduleID) error
}

// ScheduleDraft is a schedule as a caller asks for it.
type ScheduleDraft struct {
	When        string   `json:"when,omitempty"` // plain words or cron; empty: the request begins with it
	Request     string   `json:"request"`
	TimeZone    string   `json:"time_zone,omitempty"`    // such as Europe/Berlin; empty: as configured
	Files       []File   `json:"files,omitempty"`        // for each run
	Missed      string   `json:"missed,omitempty"`       // skip or once
	Overlap     string   `json:"overlap,omitempty"`      // skip or queue
	Budget      *Dollars `json:"budget,omitempty"`       // of a run; absent: as configured
	MonthBudget *Dollars `json:"budget_month,omitempty"` // absent: no limit
	Priority    string   `json:"priority,omitempty"`     // low, medium, high or urgent; empty: medium
	Model       string   `json:"model,omitempty"`        // this one and no other
	Ask         bool     `json:"ask,omitempty"`          // whether each run's plan waits for approval
}

// Draft returns it as the keeper of schedules takes it, without an owner. Budget is that
// of a run for which none was asked.
func (in *ScheduleDraft) Draft(budget jobs.Money) jobs.ScheduleDraft {
	d := jobs.ScheduleDraft{
		Words: in.When, Zone: in.TimeZone, Request: in.Request, Priority: jobs.Priority(in.Priority), Model: in.Model,
		Budget: budget, MonthBudget: -1, Ask: in.Ask,
		Missed: jobs.MissedPolicy(in.Missed), Overlap: jobs.OverlapPolicy(in.Overlap),
	}
	if in.Budget != nil {
		d.Budget = jobs.Money(*in.Budget)
	}
	if in.MonthBudget != nil {
		d.MonthBudget = jobs.Money(*in.MonthBudget)
	}
	for _, f := range in.Files {
		d.Files = append(d.Files, jobs.Attachment(f))
	}
	return d
}

// scheduleList is the answer to GET /api/v1/schedules.
type scheduleList struct {
	Schedules []jobs.ScheduleReport `json:"schedules"`
}

// shownRuns is how many past slots a schedule's report has.
const shownRuns = 10

// scheduleRoutes are those of recurring jobs; none if nobody keeps any.
func (s *Server) scheduleRoutes() []route {
	if s.cfg.Schedules == nil {
		return nil
	}
	const all, one = "/api/v1/schedules", "/api/v1/schedules/{id}"
	return []route{
		{method: "GET", path: all, summary: "List the schedules, those due next first", handle: s.listSchedules, out: scheduleList{}},
		{method: "POST", path: all, summary: "Add a schedule", handle: s.addSchedule, in: ScheduleDraft{}, out: jobs.ScheduleReport{}, status: http.StatusCreated},
		{method: "GET", path: one, summary: "Report a schedule and its last runs", handle: s.showSchedule, out: jobs.ScheduleReport{}},
		{method: "DELETE", path: one, summary: "Forget a schedule; its jobs stay", handle: s.removeSchedule, status: http.StatusNoContent},
		{method: "POST", path: one + "/pause", summary: "Leave out its runs until it is resumed", handle: s.changeSchedule(s.pauseSchedule), out: jobs.ScheduleReport{}},
		{method: "POST", path: one + "/resume", summary: "Go on with its next run from now", handle: s.changeSchedule(s.resumeSchedule), out: jobs.ScheduleReport{}},
	}
}

func (s *Server) listSchedules(w http.ResponseWriter, r *http.Request) error {
	found, err := s.cfg.Schedules.List(r.Context())
	if err != nil {
		return err
	}
	list := scheduleList{Schedules: make([]jobs.ScheduleReport, 0, len(found))}
	for _, f := range found {
		list.Schedules = append(list.Schedules, jobs.NewScheduleReport(f, nil))
	}
	return answer(w, http.StatusOK, list)
}

func (s *Server) addSchedule(w http.ResponseWriter, r *http.Request) error {
	if media := mediaType(r); media != "" && media != jsonType {
		return unsupported(media, jsonType)
	}
	done, err := s.admit(r.Context(), r.ContentLength)
	if err != nil {
		return err
	}
	defer done()
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return err
	}
	var in ScheduleDraft
	if err := decode(data, &in); err != nil {
		return err
	}
	draft, err := s.scheduleDraft(&in)
	if err != nil {
		return err
	}
	added, err := s.cfg.Schedules.Add(r.Context(), draft)
	if err != nil {
		return refused(err, http.StatusUnprocessableEntity)
	}
	w.Header().Set("Location", "/api/v1/schedules/"+string(added.ID))
	return answer(w, http.StatusCreated, jobs.NewScheduleReport(added, nil))
}

// scheduleDraft checks what only the front end knows, and fills in what is configured.
func (s *Server) scheduleDraft(in *ScheduleDraft) (jobs.ScheduleDraft, error) {
	d := in.Draft(s.cfg.Budget)
	d.Owner = jobs.Owner{User: caller}
	for _, f := range d.Files {
		if len(f.Data) > jobs.MaxFile {
			return d, tooLarge(f.Name)
		}
	}
	if s.cfg.CheckModel == nil {
		return d, nil
	}
	return d, refused(s.cfg.CheckModel(in.Model, false), http.StatusUnprocessableEntity)
}

func (s *Server) showSchedule(w http.ResponseWriter, r *http.Request) error {
	return s.answerSchedule(w, r, jobs.ScheduleID(r.PathValue("id")))
}

func (s *Server) answerSchedule(w http.ResponseWriter, r *http.Request, id jobs.ScheduleID) error {
	found, runs, err := s.cfg.Schedules.Show(r.Context(), id, shownRuns)
	if err != nil {
		return refusedSchedule(err)
	}
	return answer(w, http.StatusOK, jobs.NewScheduleReport(found, runs))
}

func (s *Server) removeSchedule(w http.ResponseWriter, r *http.Request) error {
	if err := command(w, r, &struct{}{}); err != nil {
		return err
	}
	if err := s.cfg.Schedules.Remove(r.Context(), jobs.ScheduleID(r.PathValue("id"))); err != nil {
		return refusedSchedule(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// changeSchedule makes a route's function of a command without a body. The answer is
// the schedule as it is then.
func (s *Server) changeSchedule(change func(ctx context.Context, id jobs.ScheduleID) error) handle {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := command(w, r, &struct{}{}); err != nil {
			return err
		}
		id := jobs.ScheduleID(r.PathValue("id"))
		if err := change(r.Context(), id); err != nil {
			return refusedSchedule(err)
		}
		return s.answerSchedule(w, r, id)
	}
}

func (s *Server) pauseSchedule(ctx context.Context, id jobs.ScheduleID) error {
	return s.cfg.Schedules.Pause(ctx, id)
}

func (s *Server) resumeSchedule(ctx context.Context, id jobs.ScheduleID) error {
	_, err := s.cfg.Schedules.Resume(ctx, id)
	return err
}

// refusedSchedule tells one that is not there from one that will not.
func refusedSchedule(err error) error {
	switch {
	case errors.Is(err, jobs.ErrNotFound):
		return refused(err, http.StatusNotFound)
	case errors.Is(err, jobs.ErrStale):
		return &fault{status: http.StatusConflict, err: err, detail: "The schedule was changed by somebody else: look at it, then try again."}
	}
	return refused(err, http.StatusConflict)
}
