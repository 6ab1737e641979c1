package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

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
	// Rewrite has the job planned again as a person wishes.
	Rewrite(ctx context.Context, by jobs.Actor, id jobs.JobID, revision int, wish string) error
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
	Add(ctx context.Context, d jobs.ScheduleDraft) (jobs.Schedule, error)
	// List returns all schedules, those due next first.
	List(ctx context.Context) ([]jobs.Schedule, error)
	Pause(ctx context.Context, id jobs.ScheduleID) error
	// Resume returns when the schedule is due next.
	Resume(ctx context.Context, id jobs.ScheduleID) (time.Time, error)
	Remove(ctx context.Context, id jobs.ScheduleID) error
}

// Gate says what people may do; a jobs.Access is one.
type Gate interface {
	// May returns nil, or a *jobs.UserError that says who may do that with a job or
	// schedule.
	May(who jobs.Visitor, act jobs.Act, m jobs.Matter) error
	// Sight returns what of their workspace somebody may see, or a *jobs.UserError.
	Sight(who jobs.Visitor) (jobs.Sight, error)
}

// Doors knows who is in which places; a FrontEnd is one.
type Doors interface {
	// Inside is FrontEnd.Inside.
	Inside(ctx context.Context, user string, rooms []jobs.Place) []jobs.Place
}

// Config configures a Conversation. All but Doors, Budget and Zone are required.
type Config struct {
	Jobs      Jobs
	Places    jobs.Places
	Files     Files
	Schedules Schedules
	Gate      Gate
	Now       func() time.Time

	Doors  map[string]Doors // of each surface; of others nobody is known to be in a closed place
	Budget jobs.Money       // of jobs for which nobody says another; negative: no limit
	Zone   *time.Location   // of people whose own is not known; nil: UTC
}

// Conversation is the Handler of every front end: it reads what people say and
// click, and does it. It is safe for concurrent use.
type Conversation struct {
	cfg  Config
	held *semaphore.Weighted // bytes of files in memory
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
	return &Conversation{cfg: cfg, held: semaphore.NewWeighted(maxHeld)}, nil
}

// turn is one message or click of a person.
type turn struct {
	keys   []string
	place  jobs.Place
	user   User
	way    Way // empty: a click
	direct bool
	reach  Reach
	heard  bool // by all who read the place

	thread []jobs.JobID // whose thread it was said in, newest first
	spent  *bool        // whether the keys went with a change
}

// spend returns the keys for the change that the turn is about.
func (t turn) spend() []string {
	*t.spent = true
	return t.keys
}

// name is the person among all surfaces.
func (t turn) name() string { return t.place.UserOf(t.user.ID) }

func (t turn) by() jobs.Actor { return jobs.Actor{User: t.name(), Surface: t.place.Surface} }

// zone is the person's time zone.
func (c *Conversation) zone(u User) *time.Location {
	if u.Zone != nil {
		return u.Zone
	}
	return c.cfg.Zone
}

// Hear takes a message.
func (c *Conversation) Hear(ctx context.Context, m Message) (Reply, error) {
	t := turn{keys: m.Keys, place: m.Place, user: m.User, way: m.Way, direct: m.Direct, reach: m.Reach, heard: m.Overheard, spent: new(bool)}
	reply, err := c.hear(ctx, t, m)
	return c.answered(ctx, t, reply, err)
}

// answered turns what a person did wrong into words for them. An event that was
// handled before was answered then, and what changed nothing is remembered now.
func (c *Conversation) answered(ctx context.Context, t turn, r Reply, err error) (Reply, error) {
	if fault, ok := errors.AsType[*jobs.UserError](err); ok {
		r, err = Reply{Text: oneLine(fault.Message), Job: r.Job, Page: r.Page, Warning: true}, nil
	}
	if errors.Is(err, jobs.ErrNotFound) {
		r, err = Reply{Text: "That is not there any more: it may have been removed meanwhile.", Warning: true}, nil
	}
	if err == nil && r != (Reply{}) && !*t.spent && len(t.keys) > 0 {
		err = c.cfg.Jobs.Do(ctx, t.keys, nil)
	}
	switch {
	case errors.Is(err, jobs.ErrSeen):
		return Reply{}, nil
	case err != nil:
		return Reply{}, err
	}
	return r, nil
}

func (c *Conversation) hear(ctx context.Context, t turn, m Message) (Reply, error) {
	switch {
	case m.Way == WayForm || m.Way == WayMenu:
		return c.submit(ctx, t, m)
	case m.Way == WayReply && aside(m.Text):
		return Reply{}, nil
	}
	var err error
	if t.thread, err = c.thread(ctx, t.place); err != nil {
		return Reply{}, err
	}
	blank := strings.TrimSpace(m.Text) == ""
	if m.Way == WayReply && (len(t.thread) == 0 || blank && len(m.Files) == 0) {
		return Reply{}, nil
	}
	o := parse(m.Text, setting{thread: len(t.thread) > 0, explicit: m.Way == WayCommand})
	if blank && len(m.Files) > 0 {
		o = order{verb: verbSubmit} // which is refused: it does not say what to do with them
	}
	switch {
	case m.Order && o.verb == verbSubmit:
		return Reply{}, misused(m.Text)
	case o.verb == verbAside:
		return Reply{}, nil
	case len(t.thread) > 0 && m.Way != WayCommand:
		return c.inThread(ctx, t, m, o)
	case o.verb == verbSubmit:
		m.Text = o.text
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

// found is a job to which a person may do something.
type found struct {
	*jobs.Report

	posted jobs.Posted
}

// find returns a job, if the person may see it and do that to it.
func (c *Conversation) find(ctx context.Context, t turn, id jobs.JobID, act jobs.Act) (found, error) {
	posted, err := c.cfg.Places.Posted(ctx, id)
	if err != nil && !errors.Is(err, jobs.ErrNotFound) {
		return found{}, err
	}
	r, err := c.cfg.Jobs.Status(ctx, id)
	switch {
	case errors.Is(err, jobs.ErrNotFound):
		return found{}, noJob(id)
	case err != nil:
		return found{}, err
	}
	if err := c.may(ctx, t, jobs.ActSee, posted.Matter()); err != nil {
		return found{}, err
	}
	return found{r, posted}, c.may(ctx, t, act, posted.Matter())
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
	return strings.EqualFold(strings.TrimRight(first, ":,"), "!aside")
}
