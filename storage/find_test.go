package storage_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/askbob/bob/jobs"
)

// ids lists what a query finds.
func (s *sorter) ids(q jobs.JobQuery) (list []jobs.JobID, total int) {
	s.t.Helper()
	found, total, err := s.store.Find(context.Background(), q)
	if err != nil {
		s.t.Fatalf("find %+v: %v", q, err)
	}
	for _, r := range found {
		list = append(list, r.ID)
	}
	return list, total
}

func TestStore_Find_listsByWhatAQuerySays(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	submit := func(id jobs.JobID, title, user string) {
		p := thread("1")
		s.must(jobs.Submit{Job: jobs.NewJob{
			ID: id, Title: title, Request: "please: " + title, User: p.UserOf(user), Workspace: p.Scope(), Place: p,
			Priority: jobs.PriorityMedium, Weight: time.Second, Budget: 100, Approval: jobs.Approval{Mode: jobs.ApproveAlways},
		}})
		s.pass(time.Minute)
	}
	submit("job_new", "Sales of March", "U1") // nothing of it has begun
	submit("job_run", "100% of sales", "U2")
	s.claim("job_run", "") // is being planned
	submit("job_ask", "sales_report", "U1")
	s.must(jobs.Expand{Fence: s.claim("job_ask", "").Fence(), Plan: jobs.Plan{Steps: twoBranches().Steps}})
	submit("job_stop", "Weather", "U1")
	s.must(jobs.Command{Job: "job_stop", Verb: jobs.VerbPause})
	submit("job_bad", "Sails", "U2")
	s.must(jobs.Become{Fence: s.claim("job_bad", "").Fence(), Step: jobs.Step{Prompt: "x"}})
	s.must(jobs.Approve{Job: "job_bad", Revision: 1})
	s.finish(s.claim("job_bad", ""), jobs.StatusFailed)
	submit("job_done", "SALES", "U1")
	s.must(jobs.Cancel{Job: "job_done", Reason: jobs.ReasonUser})
	s.must(jobs.Submit{Job: jobs.NewJob{ID: "job_api", Title: "by the API", Request: "sales", User: "api", Priority: jobs.PriorityLow}})

	all := []jobs.JobID{"job_api", "job_done", "job_bad", "job_stop", "job_ask", "job_run", "job_new"}
	const ws = "slack:T1"
	for name, tt := range map[string]struct {
		q     jobs.JobQuery
		want  string
		total int
	}{
		"all":              {jobs.JobQuery{Limit: 50}, "api done bad stop ask run new", 7},
		"the count":        {jobs.JobQuery{}, "", 7},
		"a page":           {jobs.JobQuery{Limit: 2, Offset: 3}, "stop ask", 7},
		"the last page":    {jobs.JobQuery{Limit: 5, Offset: 5}, "run new", 7},
		"beyond":           {jobs.JobQuery{Limit: 5, Offset: 50}, "", 7},
		"before":           {jobs.JobQuery{Limit: 1, Offset: -5}, "api", 7},
		"a workspace":      {jobs.JobQuery{Workspace: ws, Limit: 50}, "done bad stop ask run new", 6},
		"another":          {jobs.JobQuery{Workspace: "slack:T2", Limit: 50}, "", 0},
		"a person":         {jobs.JobQuery{User: "slack:T1:U1", Limit: 50}, "done stop ask new", 4},
		"both":             {jobs.JobQuery{User: "slack:T1:U2", Workspace: ws, Limit: 50}, "bad run", 2},
		"active":           {jobs.JobQuery{Group: jobs.GroupActive, Workspace: ws, Limit: 50}, "stop ask run", 3},
		"queued":           {jobs.JobQuery{Group: jobs.GroupQueued, Limit: 50}, "api new", 2},
		"queued, mine":     {jobs.JobQuery{Group: jobs.GroupQueued, User: "slack:T1:U1", Limit: 50}, "new", 1},
		"finished":         {jobs.JobQuery{Group: jobs.GroupFinished, Limit: 1}, "done", 2},
		"finished, mine":   {jobs.JobQuery{Group: jobs.GroupFinished, User: "slack:T1:U2", Limit: 9}, "bad", 1},
		"failed":           {jobs.JobQuery{Status: jobs.StatusFailed, Limit: 50}, "bad", 1},
		"failed, active":   {jobs.JobQuery{Status: jobs.StatusFailed, Group: jobs.GroupActive, Limit: 50}, "", 0},
		"waiting":          {jobs.JobQuery{Status: jobs.StatusAwaitingApproval, Workspace: ws, Limit: 50}, "ask", 1},
		"words":            {jobs.JobQuery{Words: " sales ", Limit: 50}, "api done ask run new", 5},
		"words of a group": {jobs.JobQuery{Words: "sales", Group: jobs.GroupFinished, Limit: 50}, "done", 1},
		"a percent sign":   {jobs.JobQuery{Words: "0%", Limit: 50}, "run", 1},
		"an underscore":    {jobs.JobQuery{Words: "s_r", Limit: 50}, "ask", 1},
		"a backslash":      {jobs.JobQuery{Words: `\`, Limit: 50}, "", 0},
		"an ID":            {jobs.JobQuery{Words: "job_st", Limit: 50}, "stop", 1},
		"SQL":              {jobs.JobQuery{Words: "' OR 1=1 --", User: "' OR 1=1 --", Limit: 50}, "", 0},
	} {
		got, total := s.ids(tt.q)
		var want []jobs.JobID
		for _, id := range all {
			if slices.Contains(strings.Fields(tt.want), strings.TrimPrefix(string(id), "job_")) {
				want = append(want, id)
			}
		}
		if !slices.Equal(got, want) || total != tt.total {
			t.Errorf("%s: %v of %d, want %v of %d", name, got, total, want, tt.total)
		}
	}
}

// What a list says of a job is what its status says.
func TestStore_Find_saysWhatAJobDoesAndWaitsFor(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	s.plan()
	s.give("job_2", thread("2"))
	list, _, err := s.store.Find(t.Context(), jobs.JobQuery{Limit: 9})
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	for _, got := range list {
		want, err := s.store.Report(t.Context(), got.ID, false)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(*want, got); diff != "" {
			t.Errorf("%s (-status +list):\n%s", got.ID, diff)
		}
	}
	if list[0].Current == "" || len(list[1].Waiting) != 1 {
		t.Errorf("%q is done, %v is waited for", list[0].Current, list[1].Waiting)
	}
}

// Lists stay fast however many jobs are over: SQLite walks an index, and where only
// open jobs are wanted, that of the open ones.
func TestStore_Find_walksAnIndex(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	const user, ws = "slack:T1:U1", "slack:T1"
	for name, tt := range map[string]struct {
		q    jobs.JobQuery
		want string
	}{
		"all":               {jobs.JobQuery{}, "jobs_newest"},
		"a workspace":       {jobs.JobQuery{Workspace: ws}, "jobs_of_workspace (workspace=?)"},
		"a person":          {jobs.JobQuery{User: user, Workspace: ws}, "jobs_of_user (user_name=?)"},
		"finished":          {jobs.JobQuery{Workspace: ws, Group: jobs.GroupFinished}, "jobs_of_workspace (workspace=?)"},
		"finished, anybody": {jobs.JobQuery{Group: jobs.GroupFinished}, "jobs_newest"},
		"active":            {jobs.JobQuery{User: user, Workspace: ws, Group: jobs.GroupActive}, "jobs_open"},
		"queued":            {jobs.JobQuery{Workspace: ws, Group: jobs.GroupQueued}, "jobs_open"},
		"words":             {jobs.JobQuery{Workspace: ws, Words: "x"}, "jobs_of_workspace (workspace=?)"},
	} {
		plan, err := s.store.FindPlan(t.Context(), tt.q)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, "USING INDEX "+tt.want) && !strings.Contains(plan, "USING COVERING INDEX "+tt.want) {
			t.Errorf("%s: no %s in\n%s", name, tt.want, plan)
		}
		if open := tt.want == "jobs_open"; strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") && !open || strings.Contains(plan, "SCAN n") {
			t.Errorf("%s: sorts or scans:\n%s", name, plan)
		}
	}
}
