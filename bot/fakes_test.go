package bot_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/bot/bottest"
	"github.com/askbob/bob/jobs"
)

// midday is when all tests happen.
var midday = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// house is a Bob without an engine: jobs are as a test says, and what people do to
// them is noted.
type house struct {
	t *testing.T
	*bot.Conversation

	jobs     []*jobs.Report // oldest first
	posted   map[jobs.JobID]jobs.Posted
	plan     jobs.Plan
	given    []jobs.FileInfo
	made     []jobs.FileInfo
	calls    []jobs.CostLine
	asked    []jobs.CostQuery
	seen     map[string]bool
	did      []string // what was done, oldest first
	requests []jobs.Request
	accepted []jobs.Attachment

	schedules []jobs.Schedule
	drafts    []jobs.ScheduleDraft

	access jobs.Access
	front  *bottest.FrontEnd
	reach  bot.Reach // of what is said
	refuse error     // of the next change
	events int
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, posted: map[jobs.JobID]jobs.Posted{}, seen: map[string]bool{}, front: bottest.New("slack"), reach: bot.ReachWorkspace}
	c, err := bot.NewConversation(bot.Config{
		Jobs: h, Places: h, Files: h, Schedules: (*calendar)(h), Gate: gate{h}, Doors: map[string]bot.Doors{"slack": h.front},
		Now: func() time.Time { return midday }, Budget: 2_000_000_000,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Conversation = c
	return h
}

type gate struct{ *house }

func (g gate) May(who jobs.Visitor, act jobs.Act, m jobs.Matter) error {
	return g.access.May(who, act, m)
}

func (g gate) Sight(who jobs.Visitor) (jobs.Sight, error) { return g.access.Sight(who) }

// The places and people of the tests.
var (
	general = jobs.Place{Surface: "slack", Workspace: "T1", Channel: "C1"}
	thread  = jobs.Place{Surface: "slack", Workspace: "T1", Channel: "C1", Thread: "100.1"}
	ann     = bot.User{ID: "UA", Name: "Ann"}
	bea     = bot.User{ID: "UB", Name: "Bea"}
)

// job adds a job that ann asked for in the thread.
func (h *house) job(id jobs.JobID, status jobs.Status, change func(r *jobs.Report)) *jobs.Report {
	r := &jobs.Report{
		ID: id, Title: "Sales Analysis & Presentation", Request: "Analyze the Q4 sales data and create a presentation", Status: status,
		Priority: jobs.PriorityMedium, Desired: jobs.DesiredRun, CreatedAt: midday.Add(-15 * time.Minute), PlanRevision: 1,
		Cost: jobs.CostReport{USD: "0.240000000", Reserved: "0.000000000", Budget: "2.000000000"}, Tokens: jobs.Tokens{Input: 1500, Output: 347},
	}
	if change != nil {
		change(r)
	}
	h.jobs = append(h.jobs, r)
	h.posted[id] = jobs.Posted{Job: id, Place: thread, User: thread.UserOf(ann.ID), Card: "100.1"}
	return r
}

// says is a message of a person, each an event of its own.
func (h *house) says(who bot.User, way bot.Way, at jobs.Place, text string, files ...bot.File) bot.Reply {
	h.t.Helper()
	h.events++
	reply, err := h.Hear(h.t.Context(), bot.Message{
		Keys: []string{fmt.Sprintf("event-%d", h.events)}, Place: at, ID: "1", User: who, Text: text, Way: way, Files: files, Reach: h.reach,
	})
	if err != nil {
		h.t.Fatalf("%q: %v", text, err)
	}
	return reply
}

func (h *house) clicks(who bot.User, b bot.Button, fields map[string]string) bot.Reply {
	h.t.Helper()
	h.events++
	b, ok := bot.ParseValue(b.Value())
	if !ok {
		h.t.Fatalf("button %+v does not survive its platform", b)
	}
	reply, err := h.Click(h.t.Context(), bot.Click{
		Keys: []string{fmt.Sprintf("event-%d", h.events)}, Place: thread, At: "100.1", User: who, Button: b, Fields: fields,
	})
	if err != nil {
		h.t.Fatalf("%+v: %v", b, err)
	}
	return reply
}

// news returns what was done since it was last called.
func (h *house) news() []string {
	list := h.did
	h.did = nil
	return list
}

func file(name, text string) bot.File {
	return bot.File{Name: name, Size: int64(len(text)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(text)), nil
	}}
}

func (h *house) Accept(_ context.Context, list []jobs.Attachment) ([]jobs.FileInfo, error) {
	h.accepted = append(h.accepted, list...)
	infos := []jobs.FileInfo{}
	for _, a := range list {
		infos = append(infos, jobs.FileInfo{Name: jobs.FreeName(a.Name, nil), Bytes: int64(len(a.Data))})
	}
	return infos, nil
}

// mark notes the keys of an event; false: one was seen before.
func (h *house) mark(keys []string) bool {
	if slices.ContainsFunc(keys, func(k string) bool { return h.seen[k] }) {
		return false
	}
	for _, k := range keys {
		h.seen[k] = true
	}
	return true
}

func (h *house) Submit(_ context.Context, r jobs.Request) (jobs.JobID, error) {
	if !h.mark(r.Seen) {
		return "", jobs.ErrSeen
	}
	if err := r.Check(); err != nil {
		return "", err
	}
	id := jobs.JobID(fmt.Sprintf("job_new%05d", len(h.requests)+1))
	h.requests = append(h.requests, r)
	h.job(id, jobs.StatusPlanning, func(j *jobs.Report) { j.Request, j.Title = r.Text, r.Text })
	h.posted[id] = jobs.Posted{Job: id, Place: r.Place, User: r.User, Room: r.Room}
	h.did = append(h.did, "submit "+string(id))
	return id, nil
}

func (h *house) Do(_ context.Context, keys []string, c jobs.Change) error {
	if !h.mark(keys) {
		return jobs.ErrSeen
	}
	if c == nil {
		return nil
	}
	if err := h.refuse; err != nil {
		h.refuse = nil
		return err
	}
	if cmd, ok := c.(jobs.Command); ok {
		h.command(cmd)
	}
	if a, ok := c.(jobs.Approve); ok {
		h.find(a.Job).Status = jobs.StatusWaitingForChildren
	}
	if a, ok := c.(jobs.Answer); ok {
		h.find(a.Job).Waiting = nil
	}
	h.did = append(h.did, fmt.Sprintf("%T%+v", c, c))
	return nil
}

func (h *house) command(c jobs.Command) {
	r := h.find(c.Job)
	switch c.Verb {
	case jobs.VerbPause:
		r.Status = jobs.StatusPaused
	case jobs.VerbResume:
		r.Status = jobs.StatusWaitingForChildren
	case jobs.VerbCancel:
		if c.Path == "" {
			r.Status = jobs.StatusCancelled
		}
	default:
	}
}

func (h *house) find(id jobs.JobID) *jobs.Report {
	for _, r := range h.jobs {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func (h *house) Report(_ context.Context, id jobs.JobID) (*jobs.Report, error) {
	if r := h.find(id); r != nil {
		return r, nil
	}
	return nil, jobs.ErrNotFound
}

func (h *house) Status(ctx context.Context, id jobs.JobID) (*jobs.Report, error) {
	r, err := h.Report(ctx, id)
	if err != nil {
		return nil, err
	}
	short := *r
	short.Nodes, short.Calls, short.Artifacts = nil, nil, nil
	return &short, nil
}

func (h *house) Costs(_ context.Context, q jobs.CostQuery) ([]jobs.CostLine, error) {
	h.asked = append(h.asked, q)
	return slices.Clone(h.calls), nil
}

func (h *house) Plan(_ context.Context, id jobs.JobID) (jobs.Plan, int, error) {
	return h.plan, h.find(id).PlanRevision, nil
}

func (h *house) EditPlan(_ context.Context, by jobs.Actor, id jobs.JobID, revision int, edits []jobs.Edit) (int, error) {
	h.did = append(h.did, fmt.Sprintf("edit %s %d by %s: %+v", id, revision, by.User, edits))
	h.find(id).PlanRevision++
	return revision + 1, nil
}

func (h *house) Cheaper(_ context.Context, by jobs.Actor, id jobs.JobID, revision int) error {
	h.did = append(h.did, fmt.Sprintf("cheaper %s %d by %s", id, revision, by.User))
	return nil
}

func (h *house) Rewrite(_ context.Context, by jobs.Actor, id jobs.JobID, revision int, wish string) error {
	h.did = append(h.did, fmt.Sprintf("rewrite %s %d by %s: %s", id, revision, by.User, wish))
	return nil
}

func (h *house) FilesOf(context.Context, jobs.JobID) (given, made []jobs.FileInfo, err error) {
	return h.given, h.made, nil
}

func (h *house) Posted(_ context.Context, id jobs.JobID) (jobs.Posted, error) {
	if p, ok := h.posted[id]; ok {
		return p, nil
	}
	return jobs.Posted{}, jobs.ErrNotFound
}

func (h *house) JobsAt(_ context.Context, p jobs.Place, limit int) ([]jobs.JobID, error) {
	var list []jobs.JobID
	for _, r := range slices.Backward(h.jobs) {
		if h.posted[r.ID].Place == p && len(list) < limit {
			list = append(list, r.ID)
		}
	}
	return list, nil
}

func (h *house) ClosedRooms(_ context.Context, workspace string, limit int) ([]string, error) {
	var list []string
	for _, p := range h.posted {
		if p.Place.Scope() == workspace && p.Room > jobs.RoomDirect && !slices.Contains(list, p.Room) && len(list) < limit {
			list = append(list, p.Room)
		}
	}
	return list, nil
}

func (h *house) Cards(context.Context, string) ([]jobs.Posted, error) { return nil, nil }

func (h *house) Find(_ context.Context, q jobs.JobQuery) (list []jobs.Report, total int, err error) {
	for _, r := range slices.Backward(h.jobs) {
		p := h.posted[r.ID]
		group := jobs.GroupActive
		switch {
		case r.Status.Final():
			group = jobs.GroupFinished
		case r.Status == jobs.StatusQueued:
			group = jobs.GroupQueued
		}
		if q.Sight != nil && !sees(*q.Sight, p) {
			continue
		}
		if q.User != "" && q.User != p.User || q.Workspace != p.Place.Scope() || q.Group != "" && q.Group != group ||
			q.Status != "" && q.Status != r.Status || !strings.Contains(strings.ToLower(r.Title), strings.ToLower(q.Words)) && !strings.HasPrefix(string(r.ID), q.Words) {
			continue
		}
		if total++; total > q.Offset && len(list) < q.Limit {
			list = append(list, *r)
		}
	}
	return list, total, nil
}

// sees is what the store says of a sight in SQL.
func sees(s jobs.Sight, p jobs.Posted) bool {
	return s.All || s.User != "" && s.User == p.User || s.Open && p.Room == "" || p.Room != "" && slices.Contains(s.Rooms, p.Room)
}

// calendar is the keeper of the house's schedules.
type calendar house

func (c *calendar) Split(text, _ string) (words, request string, err error) {
	words, request, ok := strings.Cut(strings.TrimPrefix(text, `"`), `" `)
	if !ok {
		return "", "", &jobs.UserError{Message: "When to run is missing."}
	}
	return words, request, nil
}

func (c *calendar) Add(_ context.Context, d jobs.ScheduleDraft) (jobs.Schedule, error) {
	c.drafts = append(c.drafts, d)
	s := jobs.Schedule{
		ID: "sch_000001", Owner: d.Owner, Request: d.Request, Words: d.Words, Zone: "Europe/Berlin", State: jobs.ScheduleActive,
		Slots: jobs.Slots{Next: midday.Add(21 * time.Hour)},
	}
	c.schedules = append(c.schedules, s)
	c.did = append(c.did, "schedule "+string(s.ID))
	return s, nil
}

func (c *calendar) List(context.Context) ([]jobs.Schedule, error) {
	return slices.Clone(c.schedules), nil
}

func (c *calendar) Pause(_ context.Context, id jobs.ScheduleID) error {
	c.did = append(c.did, "pause "+string(id))
	return nil
}

func (c *calendar) Resume(_ context.Context, id jobs.ScheduleID) (time.Time, error) {
	c.did = append(c.did, "resume "+string(id))
	return midday.Add(21 * time.Hour), nil
}

func (c *calendar) Remove(_ context.Context, id jobs.ScheduleID) error {
	c.did = append(c.did, "remove "+string(id))
	return nil
}

// drawn is a page as text, for tests.
func drawn(p *bot.Page) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", p.Title)
	for _, part := range p.Parts {
		if part.Head != "" {
			fmt.Fprintf(&b, "## %s\n", part.Head)
		}
		for i, line := range part.Lines {
			indent := 0
			if part.Indent != nil {
				indent = part.Indent[i]
			}
			fmt.Fprintf(&b, "%s%s\n", strings.Repeat("  ", indent), line)
		}
		for _, text := range []string{part.Markdown, part.Code} {
			if text != "" {
				fmt.Fprintf(&b, "| %s\n", strings.ReplaceAll(text, "\n", "\n| "))
			}
		}
		b.WriteString(row(part.Buttons))
	}
	b.WriteString(row(p.Pager))
	return b.String()
}

func row(buttons []bot.Button) string {
	if len(buttons) == 0 {
		return ""
	}
	var labels []string
	for _, b := range buttons {
		labels = append(labels, fmt.Sprintf("[%s %s]", b.Label, b.Value()))
	}
	return strings.Join(labels, " ") + "\n"
}
