package web_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
)

// calendar keeps one schedule, sch_known, and what was done to it.
type calendar struct {
	drafts  []jobs.ScheduleDraft
	did     []string
	refusal error // of every command
}

func weekly() jobs.Schedule {
	return jobs.Schedule{
		ID: "sch_known", State: jobs.ScheduleActive, Request: "do it", Words: "every Monday at 9", Spec: "0 9 * * 1", Zone: "Europe/Berlin",
		Slots: jobs.Slots{Next: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}, Budget: 500_000_000, MonthBudget: -1,
	}
}

func (c *calendar) Add(_ context.Context, d jobs.ScheduleDraft) (jobs.Schedule, error) {
	c.drafts = append(c.drafts, d)
	if c.refusal != nil {
		return jobs.Schedule{}, c.refusal
	}
	return weekly(), nil
}

func (c *calendar) List(context.Context) ([]jobs.Schedule, error) {
	return []jobs.Schedule{weekly()}, nil
}

func (c *calendar) Show(_ context.Context, id jobs.ScheduleID, runs int) (jobs.Schedule, []jobs.ScheduleRun, error) {
	if err := c.known(id); err != nil {
		return jobs.Schedule{}, nil, err
	}
	list := []jobs.ScheduleRun{{Slot: time.Date(2025, 12, 29, 8, 0, 0, 0, time.UTC), Status: jobs.RunStarted, Job: "job_known"}}
	return weekly(), list[:min(runs, 1)], nil
}

func (c *calendar) known(id jobs.ScheduleID) error {
	if id != "sch_known" {
		return &jobs.UserError{Message: fmt.Sprintf("There is no schedule %q.", id), Err: jobs.ErrNotFound}
	}
	return nil
}

func (c *calendar) do(what string, id jobs.ScheduleID) error {
	if err := c.known(id); err != nil {
		return err
	}
	if c.refusal == nil {
		c.did = append(c.did, what)
	}
	return c.refusal
}

func (c *calendar) Pause(_ context.Context, id jobs.ScheduleID) error { return c.do("pause", id) }

func (c *calendar) Resume(_ context.Context, id jobs.ScheduleID) (time.Time, error) {
	return time.Time{}, c.do("resume", id)
}

func (c *calendar) Remove(_ context.Context, id jobs.ScheduleID) error { return c.do("remove", id) }

func TestServer_takes_a_schedule_as_it_is_asked_for(t *testing.T) {
	t.Parallel()
	c := &calendar{}
	cfg := newBook().config(t)
	cfg.Schedules = c
	srv := serve(t, cfg)
	status, answer, h := ask(t, srv, "POST", "/api/v1/schedules", `{"when": "every Monday at 9", "request": "do it", "time_zone": "Europe/Berlin",
		"missed": "once", "overlap": "queue", "budget": 0.5, "budget_month": "10", "priority": "high", "model": "small", "ask": true,
		"files": [{"name": "a.csv", "data": "YSxiCjEsMgo="}]}`)
	if status != http.StatusCreated || h.Get("Location") != "/api/v1/schedules/sch_known" {
		t.Fatalf("%d, Location %q: %s", status, h.Get("Location"), answer)
	}
	if status, answer, _ = ask(t, srv, "POST", "/api/v1/schedules", `{"request": "tomorrow at 10 do it"}`); status != http.StatusCreated {
		t.Fatalf("%d: %s", status, answer)
	}
	api := jobs.Owner{User: "api"}
	if diff := cmp.Diff([]jobs.ScheduleDraft{
		{
			Words: "every Monday at 9", Zone: "Europe/Berlin", Owner: api, Request: "do it", Files: []jobs.Attachment{{Name: "a.csv", Data: []byte("a,b\n1,2\n")}},
			Priority: jobs.PriorityHigh, Model: "small", Budget: 500_000_000, MonthBudget: 10_000_000_000, Ask: true,
			Missed: jobs.MissedOnce, Overlap: jobs.OverlapQueue,
		},
		{Owner: api, Request: "tomorrow at 10 do it", Budget: 2_000_000_000, MonthBudget: -1},
	}, c.drafts); diff != "" {
		t.Error(diff)
	}
}

func TestServer_shows_and_changes_schedules(t *testing.T) {
	t.Parallel()
	c := &calendar{}
	cfg := newBook().config(t)
	cfg.Schedules = c
	srv := serve(t, cfg)
	var list struct{ Schedules []jobs.ScheduleReport }
	status, answer, _ := ask(t, srv, "GET", "/api/v1/schedules", "")
	if err := json.Unmarshal([]byte(answer), &list); err != nil || status != http.StatusOK || len(list.Schedules) != 1 || list.Schedules[0].ID != "sch_known" {
		t.Errorf("list: %d %v %s", status, err, answer)
	}
	for _, do := range []string{"GET ", "POST /pause", "POST /resume"} {
		method, path, _ := strings.Cut(do, " ")
		var got jobs.ScheduleReport
		status, answer, _ := ask(t, srv, method, "/api/v1/schedules/sch_known"+path, "")
		if err := json.Unmarshal([]byte(answer), &got); err != nil || status != http.StatusOK || got.ID != "sch_known" || len(got.Runs) != 1 || got.Budget != "0.500000000" {
			t.Errorf("%s: %d %v %s", do, status, err, answer)
		}
	}
	if status, answer, _ := ask(t, srv, "DELETE", "/api/v1/schedules/sch_known", ""); status != http.StatusNoContent || answer != "" {
		t.Errorf("remove: %d %s", status, answer)
	}
	if diff := cmp.Diff([]string{"pause", "resume", "remove"}, c.did); diff != "" {
		t.Error(diff)
	}
}

func TestServer_says_what_is_wrong_with_a_schedule(t *testing.T) {
	t.Parallel()
	cfg := newBook().config(t)
	cfg.Schedules = &calendar{refusal: &jobs.UserError{Message: "Not like this."}}
	cfg.CheckModel = func(model string, _ bool) error {
		if model != "" {
			return &jobs.UserError{Message: "There is no model " + model + "."}
		}
		return nil
	}
	srv := serve(t, cfg)
	stale := newBook().config(t)
	stale.Schedules = &calendar{refusal: fmt.Errorf("schedule: %w", jobs.ErrStale)}
	staleSrv := serve(t, stale)
	big := base64.StdEncoding.EncodeToString(make([]byte, jobs.MaxFile+1))
	const add, one, none = "POST /api/v1/schedules", "/api/v1/schedules/sch_known", "/api/v1/schedules/sch_none"
	for name, test := range map[string]struct {
		route, body, header string
		status              int
		want                string
	}{
		"no JSON":         {add, "when=x", "", 400, "line 1, column 1"},
		"empty body":      {add, "", "", 400, "ends too early"},
		"unknown field":   {add, `{"request": "x", "wen": "daily"}`, "", 400, `there is no field "wen"`},
		"no money":        {add, `{"request": "x", "budget_month": "much"}`, "", 400, "budget must be US dollars"},
		"no model":        {add, `{"request": "x", "model": "gpt-0"}`, "", 422, "There is no model gpt-0"},
		"refused":         {add, `{"request": "x"}`, "", 422, "Not like this"},
		"huge file":       {add, `{"request": "x", "files": [{"name": "a.csv", "data": "` + big + `"}]}`, "", 413, `"a.csv" has more than 25 MiB`},
		"a form":          {add, "x", "Content-Type: multipart/form-data", 415, "multipart/form-data"},
		"unknown":         {"GET " + none, "", "", 404, `no schedule "sch_none"`},
		"unknown, pause":  {"POST " + none + "/pause", "", "", 404, `no schedule "sch_none"`},
		"unknown, remove": {"DELETE " + none, "", "", 404, `no schedule "sch_none"`},
		"pause refused":   {"POST " + one + "/pause", "", "", 409, "Not like this"},
		"a body":          {"POST " + one + "/resume", `{"now": true}`, "", 400, `there is no field "now"`},
		"other method":    {"PUT " + one, "", "", 405, "Use DELETE, GET, HEAD here."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method, path, _ := strings.Cut(test.route, " ")
			header := []string{}
			if test.header != "" {
				header = append(header, test.header)
			}
			status, answer, h := ask(t, srv, method, path, test.body, header...)
			if p := problem(t, status, answer, h); status != test.status || !strings.Contains(p.Detail, test.want) {
				t.Errorf("%d %s, want %d %s", status, p.Detail, test.status, test.want)
			}
		})
	}
	if status, answer, h := ask(t, staleSrv, "POST", one+"/pause", ""); status != http.StatusConflict || !strings.Contains(problem(t, status, answer, h).Detail, "somebody else") {
		t.Errorf("changed meanwhile: %d %s", status, answer)
	}
	if status, _, _ := ask(t, serve(t, newBook().config(t)), "GET", "/api/v1/schedules", ""); status != http.StatusNotFound {
		t.Errorf("%d where nobody keeps schedules", status)
	}
}
