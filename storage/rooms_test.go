package storage_test

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/askbob/bob/jobs"
	"github.com/askbob/bob/storage"
)

// closed are places of a workspace that not everybody there reads, as in
// jobs.Request.Room.
const (
	boardroom = "slack:T1:G1"
	backroom  = "slack:T1:C9:3"
)

// giveIn submits a job of a person that was given in a room of a workspace.
func giveIn(s *sorter, id, user, room string) {
	s.t.Helper()
	p := thread("1")
	if at := jobs.PlaceOf(room); at.Channel != "" {
		p = at
	}
	s.must(jobs.Submit{Job: jobs.NewJob{
		ID: jobs.JobID(id), Title: "secret " + id, Request: id, User: p.UserOf(user), Workspace: p.Scope(), Channel: p.Room(), Place: p, Room: room,
		Priority: jobs.PriorityMedium, Budget: -1,
	}})
	s.pass(time.Second)
}

// TestStore_Find_leavesOutWhatIsOutOfSight compares the lists and counts with what the
// same Access says of each job.
func TestStore_Find_leavesOutWhatIsOutOfSight(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	all := []jobs.Posted{}
	for i, room := range []string{"", boardroom, backroom, jobs.RoomDirect} {
		for _, user := range []string{"U1", "U2"} {
			id := fmt.Sprintf("job_%d%s", i, user)
			giveIn(s, id, user, room)
			posted, err := s.store.Posted(t.Context(), jobs.JobID(id))
			if err != nil || posted.Room != room {
				t.Fatalf("%s is seen at %+v, %v; want the room %q", id, posted, err, room)
			}
			all = append(all, posted)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		who := jobs.Visitor{
			Place: jobs.Place{Surface: "slack", Workspace: "T1", Channel: rapid.SampledFrom([]string{"", "C1", "G1", "C9"}).Draw(r, "channel")},
			Admin: rapid.Bool().Draw(r, "admin"), Guest: rapid.Bool().Draw(r, "guest"), Overheard: rapid.Bool().Draw(r, "overheard"),
			Rooms: rapid.SliceOfDistinct(rapid.SampledFrom([]string{boardroom, backroom}), func(v string) string { return v }).Draw(r, "rooms"),
		}
		who.User = who.Place.UserOf(rapid.SampledFrom([]string{"U1", "U2", "U3"}).Draw(r, "user"))
		sight, err := jobs.Access{}.Sight(who)
		if err != nil {
			r.Fatal(err)
		}
		q := jobs.JobQuery{Workspace: "slack:T1", Sight: &sight, Limit: 20, Group: rapid.SampledFrom([]jobs.JobGroup{"", jobs.GroupQueued}).Draw(r, "group")}
		if rapid.Bool().Draw(r, "mine") {
			q.User = who.User
		}
		want := []jobs.JobID{}
		for _, p := range slices.Backward(all) {
			p.Place = jobs.Place{Surface: "slack", Workspace: "T1"} // lists ask for rooms, not for what stands before one's eyes
			if (jobs.Access{}).May(who, jobs.ActSee, p.Matter()) == nil && cmp.Or(q.User, p.User) == p.User {
				want = append(want, p.Job)
			}
		}
		got, total := s.ids(q)
		if !slices.Equal(got, want) || total != len(want) {
			r.Fatalf("%+v lists %v, %d in all; want %v", who, got, total, want)
		}
	})
}

func TestStore_Find_inSightWalksTheSameIndexes(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	sight := &jobs.Sight{User: "slack:T1:U1", Open: true, Rooms: []string{boardroom, backroom}}
	for want, q := range map[string]jobs.JobQuery{
		"COVERING INDEX jobs_of_workspace (workspace=?)": {Workspace: "slack:T1", Sight: sight},
		"COVERING INDEX jobs_of_user (user_name=?)":      {User: "slack:T1:U1", Workspace: "slack:T1", Sight: &jobs.Sight{Open: true}},
		"INDEX jobs_open": {Workspace: "slack:T1", Group: jobs.GroupActive, Sight: sight},
	} {
		plan, err := s.store.FindPlan(t.Context(), q)
		if err != nil || !strings.Contains(plan, want) || strings.Contains(plan, "MULTI-INDEX") {
			t.Errorf("no %s in\n%s%v", want, plan, err)
		}
	}
	const step = "SEARCH jobs USING COVERING INDEX jobs_of_room (workspace=? AND room>?)"
	if plan, err := s.store.RoomsPlan(t.Context()); err != nil || !strings.Contains(plan, step) || strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("no %s in\n%s%v", step, plan, err)
	}
}

func TestStore_ClosedRooms_listsThoseOfAWorkspace(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	for i, room := range []string{"", boardroom, jobs.RoomDirect, backroom, boardroom, "slack:T2:G1", "", backroom} {
		giveIn(s, fmt.Sprintf("job_%d", i), "U1", room)
	}
	for _, tt := range []struct {
		workspace string
		limit     int
		want      []string
	}{
		{"slack:T1", 9, []string{backroom, boardroom}},
		{"slack:T1", 1, []string{backroom}},
		{"slack:T1", 0, nil},
		{"slack:T2", 9, []string{"slack:T2:G1"}},
		{"slack:T3", 9, nil},
	} {
		got, err := s.store.ClosedRooms(t.Context(), tt.workspace, tt.limit)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s, at most %d: %v, %v; want %v", tt.workspace, tt.limit, got, err, tt.want)
		}
	}
}

func TestStore_Costs_leavesOutWhatIsOutOfSight(t *testing.T) {
	t.Parallel()
	k := newTill(t, storage.Config{Path: filepath.Join(t.TempDir(), "bob.db")})
	for i, room := range []string{"", boardroom, jobs.RoomDirect} {
		n := k.submit(jobs.NewJob{ID: jobs.JobID(fmt.Sprintf("job_%d", i)), Title: "secret", User: "slack:T1:U1", Workspace: "slack:T1", Room: room, Budget: -1})
		k.settle(k.reserve(n, 50).Call, jobs.Money(1+i))
	}
	for name, tt := range map[string]struct {
		sight *jobs.Sight
		want  jobs.Money
		jobs  int
	}{
		"everything":     {nil, 6, 3},
		"an admin":       {&jobs.Sight{All: true}, 6, 3},
		"a member":       {&jobs.Sight{User: "slack:T1:U2", Open: true}, 1, 1},
		"who is there":   {&jobs.Sight{User: "slack:T1:U2", Open: true, Rooms: []string{boardroom}}, 3, 2},
		"who asked":      {&jobs.Sight{User: "slack:T1:U1"}, 6, 3},
		"nobody":         {&jobs.Sight{}, 0, 0},
		"of closed ones": {&jobs.Sight{Rooms: []string{boardroom, backroom}}, 2, 1},
	} {
		for _, by := range jobs.CostGroups() {
			lines, err := k.store.Costs(context.Background(), jobs.CostQuery{By: by, Workspace: "slack:T1", Sight: tt.sight})
			var sum jobs.CostLine
			for i := range lines {
				sum.Add(&lines[i])
			}
			if err != nil || sum.Spent() != tt.want || sum.Calls != tt.jobs || by == jobs.CostByJob && len(lines) != tt.jobs {
				t.Errorf("%s, by %s: %+v, %v", name, by, lines, err)
			}
		}
	}
}

// A thread that is closed to readers of its channel is not told of there.
func TestStore_Digests_tellOfAClosedThreadToWhoAsked(t *testing.T) {
	t.Parallel()
	s := newSorter(t)
	giveIn(s, "job_open", "U1", "")
	giveIn(s, "job_room", "U1", boardroom)
	giveIn(s, "job_nook", "U1", backroom)
	giveIn(s, "job_bob", "U2", jobs.RoomDirect)
	for _, id := range []jobs.JobID{"job_open", "job_room", "job_nook", "job_bob"} {
		s.must(jobs.Become{Fence: s.claim(id, "").Fence(), Step: jobs.Step{Type: jobs.TypeTask, Prompt: "x"}})
		s.finish(s.claim(id, ""), jobs.StatusCompleted)
	}
	now := s.clock.Now()
	due := func(id jobs.ScheduleID, p jobs.Place, room string) {
		s.must(jobs.AddSchedule{Schedule: jobs.Schedule{ID: id, Owner: p.Owner("U1", room), State: jobs.ScheduleActive, Slots: jobs.Slots{Next: now.Add(2 * time.Hour)}}})
	}
	due("sch_open", thread("1"), "")
	due("sch_nook", jobs.PlaceOf(backroom), backroom)
	list, err := s.store.Digests(t.Context(), jobs.DigestQuery{From: now.Add(-time.Hour), Until: now.Add(time.Hour), Limit: 9})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, d := range list {
		for _, j := range d.Finished.Jobs {
			got[cmp.Or(d.Channel, d.User)] += string(j.ID) + " "
		}
		for _, sch := range d.Due.Schedules {
			got[cmp.Or(d.Channel, d.User)] += string(sch.ID) + " "
		}
	}
	want := map[string]string{"slack:T1:C1": "job_open sch_open ", boardroom: "job_room ", "slack:T1:U1": "job_nook sch_nook ", "slack:T1:U2": "job_bob "}
	check(t, "digests", got, want)
}

// What is older than the rule is taken to be closed.
func TestOpen_takesOldJobsForClosed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bob.db")
	names, err := filepath.Glob("migration/sqlite/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	run := func(text string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names[:12] {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		run(string(text))
	}
	run("PRAGMA user_version = 12")
	places := map[string]jobs.Place{
		"job_slack": thread("1"), "job_direct": {Surface: "slack", Workspace: "T1", Channel: "D1"},
		"job_discord": {Surface: "discord", Workspace: "1", Channel: "2", Thread: "3"}, "job_api": {},
	}
	root := 0
	for id, p := range places {
		root++
		run("INSERT INTO jobs (id, root_id, request, user_name, workspace, channel, model, timeout_ms, created_at, approval) VALUES (?, ?, '', '', ?, ?, '', 0, 0, '')",
			id, root, p.Scope(), p.Room())
		if p.Surface != "" {
			run("INSERT INTO job_places (job_id, root_id, surface, workspace, channel, thread, user_name) VALUES (?, ?, ?, ?, ?, ?, '')",
				id, root, p.Surface, p.Workspace, p.Channel, p.Thread)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s := newTill(t, storage.Config{Path: path})
	for id, want := range map[jobs.JobID]string{"job_slack": "slack:T1:C1", "job_direct": jobs.RoomDirect, "job_discord": jobs.RoomDirect} {
		if got, err := s.store.Posted(t.Context(), id); err != nil || got.Room != want {
			t.Errorf("%s was given in %q, %v; want %q", id, got.Room, err, want)
		}
	}
}
