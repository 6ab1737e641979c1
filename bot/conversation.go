package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
)

// Jobs is what a Conversation asks of jobs; a jobs.Service is most of it.
type Jobs interface {
	// Accept stores attachments. It returns a *jobs.UserError for one that no job could
	// use.
	Accept(ctx context.Context, files []jobs.Attachment) ([]jobs.FileInfo, error)
	// Submit accepts a job. It returns a *jobs.UserError if there is none then, and
	// jobs.ErrSeen for a message that was handled before.
	Submit(ctx context.Context, r jobs.Request) (jobs.JobID, error)
	// Do makes a change unless a key was seen before: then the error is jobs.ErrSeen. A
	// nil change only remembers the keys. It returns a *jobs.UserError for a change that
	// makes no sense, and jobs.ErrNotFound.
	Do(ctx context.Context, keys []string, c jobs.Change) error
	// Judge keeps what a person thinks of a job's result. Keys and errors are those of
	// Do.
	Judge(ctx context.Context, keys []string, by jobs.Actor, id jobs.JobID, good bool) error
	// Report says all of a job. jobs.ErrNotFound.
	Report(ctx context.Context, id jobs.JobID) (*jobs.Report, error)
	// Status says all of a job but its nodes and calls. jobs.ErrNotFound.
	Status(ctx context.Context, id jobs.JobID) (*jobs.Report, error)
	// Costs adds up the ledger.
	Costs(ctx context.Context, q jobs.CostQuery) ([]jobs.CostLine, error)

	Plans
}

// Plans is what becomes of a plan that waits for approval. A revision that is not
// the newest is a *jobs.UserError.
type Plans interface {
	// Plan returns the plan, whose keys are paths, and its revision.
	Plan(ctx context.Context, id jobs.JobID) (jobs.Plan, int, error)
	// EditPlan changes the plan and returns the new revision.
	EditPlan(ctx context.Context, by jobs.Actor, id jobs.JobID, revision int, edits []jobs.Edit) (int, error)
	// Cheaper has the job planned again for less money.
	Cheaper(ctx context.Context, by jobs.Actor, id jobs.JobID, revision int) error
}

// Files is what jobs were given and made.
type Files interface {
	// FilesOf describes a job's attachments and the files that it made; their blobs are
	// stored.
	FilesOf(ctx context.Context, id jobs.JobID) (attached, made []jobs.FileInfo, err error)
}

// Schedules keeps jobs that run again and again. Its errors for people are of type
// *jobs.UserError.
type Schedules interface {
	// Split takes apart a text of when and what. An empty zone is the keeper's own.
	Split(text, zone string) (words, request string, err error)
	Add(ctx context.Context, d ScheduleDraft) (jobs.Schedule, error)
	// List returns all schedules, those due next first.
	List(ctx context.Context) ([]jobs.Schedule, error)
	Pause(ctx context.Context, id jobs.ScheduleID) error
	// Resume returns when the schedule is due next.
	Resume(ctx context.Context, id jobs.ScheduleID) (time.Time, error)
	Remove(ctx context.Context, id jobs.ScheduleID) error
}

// ScheduleDraft is a schedule as a person asks for it: the fields of
// jobs/schedule's Draft, in its order.
type ScheduleDraft struct {
	Words   string // when
	Zone    string // IANA name; empty: the keeper's
	Owner   jobs.Owner
	Request string
	Files   []jobs.Attachment

	Priority    jobs.Priority // empty: medium
	Model       string        // empty: any
	Budget      jobs.Money    // of a run; negative: no limit
	MonthBudget jobs.Money    // of a calendar month; negative: no limit
	Ask         bool

	Missed  jobs.MissedPolicy  // empty: the keeper's
	Overlap jobs.OverlapPolicy // empty: the keeper's
}

// Right is what a person may do to a job.
type Right string

// The rights.
const (
	RightSubmit Right = "submit" // hand in jobs and schedules
	RightSee    Right = "see"
	RightSteer  Right = "steer" // tell it something, change its course
	RightPay    Right = "pay"   // let it spend money
	RightCancel Right = "cancel"
)

// Person is who asks for something, and where.
type Person struct {
	Place jobs.Place
	User  string // as jobs.Place.UserOf names people
	Admin bool   // of the workspace
}

// Gate says what people may do.
type Gate interface {
	// May returns nil, or a *jobs.UserError that says what who may not do to a job that
	// owner asked for. An empty owner is nobody on a surface, such as the API.
	May(who Person, right Right, owner string) error
}

// Config configures a Conversation. All but Budget and Zone are required.
type Config struct {
	Jobs      Jobs
	Places    jobs.Places
	Files     Files
	Schedules Schedules
	Gate      Gate
	Now       func() time.Time

	Budget jobs.Money     // of jobs for which nobody says another; negative: no limit
	Zone   *time.Location // of people whose own is not known; nil: UTC
}

// Conversation is the Handler of every front end: it reads what people say and
// click, and does it. It is safe for concurrent use.
type Conversation struct {
	cfg Config
}

var _ Handler = (*Conversation)(nil)

// NewConversation returns a Conversation for cfg.
func NewConversation(cfg Config) (*Conversation, error) {
	if cfg.Jobs == nil || cfg.Places == nil || cfg.Files == nil || cfg.Schedules == nil || cfg.Gate == nil || cfg.Now == nil {
		return nil, errors.New("bot: Jobs, Places, Files, Schedules, Gate and Now are required")
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	return &Conversation{cfg: cfg}, nil
}

// turn is one message or click of a person.
type turn struct {
	keys  []string
	place jobs.Place
	user  User
	way   Way // empty: a click

	thread []jobs.JobID // whose thread it was said in, newest first
}

// name is the person among all surfaces.
func (t turn) name() string { return t.place.UserOf(t.user.ID) }

func (t turn) by() jobs.Actor { return jobs.Actor{User: t.name(), Surface: t.place.Surface} }

func (t turn) person() Person { return Person{Place: t.place, User: t.name(), Admin: t.user.Admin} }

// zone is the person's time zone.
func (c *Conversation) zone(u User) *time.Location {
	if u.Zone != nil {
		return u.Zone
	}
	return c.cfg.Zone
}

// Hear takes a message.
func (c *Conversation) Hear(ctx context.Context, m Message) (Reply, error) {
	t := turn{keys: m.Keys, place: m.Place, user: m.User, way: m.Way}
	reply, err := c.hear(ctx, t, m)
	return answered(reply, err)
}

// answered turns what a person did wrong into words for them. An event that was
// handled before was answered then.
func answered(r Reply, err error) (Reply, error) {
	switch {
	case err == nil:
		return r, nil
	case errors.Is(err, jobs.ErrSeen):
		return Reply{}, nil
	}
	if fault, ok := errors.AsType[*jobs.UserError](err); ok {
		return Reply{Text: oneLine(fault.Message), Job: r.Job, Page: r.Page, Warning: true}, nil
	}
	if errors.Is(err, jobs.ErrNotFound) {
		return Reply{Text: "That is not there any more: it may have been removed meanwhile.", Warning: true}, nil
	}
	return Reply{}, err
}

func (c *Conversation) hear(ctx context.Context, t turn, m Message) (Reply, error) {
	switch {
	case m.Way == WayForm || m.Way == WayMenu:
		return c.submit(ctx, t, m)
	case m.Way == WayReply && aside(m.Text):
		return Reply{}, nil
	}
	thread, err := c.thread(ctx, t.place)
	if err != nil {
		return Reply{}, err
	}
	if m.Way == WayReply && len(thread) == 0 {
		return Reply{}, nil
	}
	o := parse(m.Text, setting{thread: len(thread) > 0, explicit: m.Way == WayCommand})
	switch {
	case o.verb == verbAside:
		return Reply{}, nil
	case len(thread) > 0 && m.Way != WayCommand:
		return c.inThread(ctx, t, m, o, thread)
	case o.verb == verbSubmit || len(m.Files) > 0 && o.verb != verbSchedule:
		if o.verb == verbSubmit {
			m.Text = o.text
		}
		return c.submit(ctx, t, m)
	}
	return c.do(ctx, t, o, m.Files)
}

// mostJobs bounds how many jobs of a thread are looked at.
const mostJobs = 10

// thread lists the jobs of a thread, newest first.
func (c *Conversation) thread(ctx context.Context, p jobs.Place) ([]jobs.JobID, error) {
	if p.Thread == "" {
		return nil, nil
	}
	list, err := c.cfg.Places.JobsAt(ctx, p, mostJobs)
	if errors.Is(err, jobs.ErrNotFound) {
		return nil, nil
	}
	return list, err
}

// may returns a *jobs.UserError if the person may not do that to any job of
// another.
func (c *Conversation) may(t turn, right Right, owner string) error {
	return c.cfg.Gate.May(t.person(), right, owner)
}

// seesOthers reports whether the person may see the jobs of others in the workspace.
func (c *Conversation) seesOthers(t turn) bool {
	return c.may(t, RightSee, t.place.UserOf("")) == nil // nobody has no ID
}

// found is a job to which a person may do something.
type found struct {
	*jobs.Report

	posted jobs.Posted
}

// find returns a job, if the person may see it and do that to it. A job of another
// workspace is not there.
func (c *Conversation) find(ctx context.Context, t turn, id jobs.JobID, right Right) (found, error) {
	posted, err := c.cfg.Places.Posted(ctx, id)
	if err != nil && !errors.Is(err, jobs.ErrNotFound) {
		return found{}, err
	}
	if posted.Job != "" && !t.near(posted) {
		return found{}, noJob(id)
	}
	r, err := c.cfg.Jobs.Status(ctx, id)
	switch {
	case errors.Is(err, jobs.ErrNotFound):
		return found{}, noJob(id)
	case err != nil:
		return found{}, err
	}
	owner := posted.User
	if posted.Place.Scope() != t.place.Scope() && owner != "" {
		owner = t.name() // near: it is their own
	}
	if err := c.may(t, RightSee, owner); err != nil {
		return found{}, err
	}
	return found{r, posted}, c.may(t, right, owner)
}

// near reports whether a job is in the person's workspace, or their own from direct
// messages on the same surface, or the other way round.
func (t turn) near(p jobs.Posted) bool {
	if p.Place.Scope() == t.place.Scope() {
		return true
	}
	return p.Place.Surface == t.place.Surface && (p.Place.Workspace == "" || t.place.Workspace == "") &&
		jobs.LocalUser(p.User) == t.user.ID
}

func noJob(id jobs.JobID) error {
	return &jobs.UserError{
		Message: fmt.Sprintf("There is no job %s here: \"jobs\" lists those that there are.", oneLine(jobs.Shorten(string(id), maxShownID))),
		Err:     jobs.ErrNotFound,
	}
}

// maxShownID bounds what is repeated of an ID that a person mistyped.
const maxShownID = 40

func refuse(format string, args ...any) error {
	return &jobs.UserError{Message: fmt.Sprintf(format, args...)}
}

// aside reports whether a text in a thread talks past Bob.
func aside(text string) bool {
	first, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	first, _, _ = strings.Cut(first, "\n")
	return strings.EqualFold(first, "!aside")
}
