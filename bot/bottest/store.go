package bottest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/askbob/bob/bot"
	"github.com/askbob/bob/jobs"
)

// Store keeps letters, places and reports in memory as storage does in a database. It
// is safe for concurrent use; see NewStore.
type Store struct {
	now func() time.Time

	mu      sync.Mutex
	posted  map[jobs.JobID]*jobs.Posted
	reports map[jobs.JobID]*told
	shown   map[jobs.JobID]time.Time
	lines   []*line
	broken  error
	looks   int
	watches []*Watch
}

// told is what a job's reports say.
type told struct {
	report jobs.Report
	top    []jobs.TopStep
	yield  jobs.Yield
	files  map[string][]byte
}

// line is a line of the outbox.
type line struct {
	letter jobs.Letter
	until  time.Time
	state  string // open, delivered, or why it was given up
	why    string // it was postponed
	asked  jobs.Asked
}

// The states of a letter; one that was given up has its reason.
const (
	Open      = "open"
	Delivered = "delivered"
)

// NewStore returns an empty store whose clock is now.
func NewStore(now func() time.Time) *Store {
	return &Store{
		now: now, posted: map[jobs.JobID]*jobs.Posted{}, reports: map[jobs.JobID]*told{}, shown: map[jobs.JobID]time.Time{},
	}
}

// Add puts a job at a place.
func (s *Store) Add(r jobs.Report, at jobs.Place, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports[r.ID] = &told{report: r}
	s.posted[r.ID] = &jobs.Posted{Job: r.ID, Place: at, User: user}
	s.touch(r.ID)
}

// Change changes what a job's reports say.
func (s *Store) Change(id jobs.JobID, change func(r *jobs.Report)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.reports[id].report)
	s.touch(id)
}

// Grow says what the top of a job's tree is.
func (s *Store) Grow(id jobs.JobID, top ...jobs.TopStep) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports[id].top = top
	s.touch(id)
}

// Made says what a job came to: its result, and files by name in the order of names.
func (s *Store) Made(id jobs.JobID, result string, files map[string][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.reports[id]
	t.files, t.yield = files, jobs.Yield{Result: result}
	for name, data := range files {
		t.yield.Artifacts = append(t.yield.Artifacts, jobs.ArtifactReport{Name: name, Bytes: int64(len(data)), MediaType: "text/plain"})
	}
	slices.SortFunc(t.yield.Artifacts, func(a, b jobs.ArtifactReport) int { return cmp.Compare(a.Name, b.Name) })
}

// Tell puts something to say into the outbox and returns its number.
func (s *Store) Tell(id jobs.JobID, kind jobs.NoticeKind, text string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touch(id)
	return s.put(jobs.Letter{Notice: jobs.Notice{Job: id, Kind: kind, Text: text}})
}

// Decide puts into the outbox how that ended which a letter asked people, and returns
// its number. The letter is said no more. By may be empty.
func (s *Store) Decide(notice int64, by, how string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lines[notice-1]
	l.state = Delivered
	s.touch(l.letter.Job)
	return s.put(jobs.Letter{
		Notice: jobs.Notice{Job: l.letter.Job, Kind: jobs.NoticeDecided, Text: how},
		Ask:    jobs.Ask{Notice: notice, Kind: l.letter.Kind, Text: l.letter.Text, DecidedBy: by},
	})
}

// AskedAt is where a letter's message was recorded to be; zero: nowhere.
func (s *Store) AskedAt(notice int64) bot.Placed {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.lines[notice-1].asked
	return bot.Placed{Place: a.Place, Message: a.Message}
}

// TellOf puts something to say of a schedule into the outbox.
func (s *Store) TellOf(id jobs.ScheduleID, at jobs.Place, user, text string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touch()
	return s.put(jobs.Letter{Notice: jobs.Notice{Kind: jobs.NoticeSchedule, Text: text}, Schedule: id, Place: at, User: user})
}

func (s *Store) put(l jobs.Letter) int64 {
	l.ID, l.At = int64(len(s.lines)+1), s.now()
	s.lines = append(s.lines, &line{letter: l, state: Open})
	return l.ID
}

// State is what became of a letter: Open, Delivered, or why it was given up.
func (s *Store) State(notice int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines[notice-1].state
}

// Postponed is why a letter was put off the last time and until when.
func (s *Store) Postponed(notice int64) (why string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines[notice-1].why, s.lines[notice-1].until
}

// Looks counts how often the outbox was looked at.
func (s *Store) Looks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looks
}

// ShownEnd is the end that a job's card shows as recorded; zero: none.
func (s *Store) ShownEnd(id jobs.JobID) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown[id]
}

// Break lets everything fail with err; nil: nothing any more.
func (s *Store) Break(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err
}

// touch knocks for the jobs; the lock is held.
func (s *Store) touch(ids ...jobs.JobID) {
	for _, w := range s.watches {
		w.changed = append(w.changed, ids...)
		select {
		case w.knock <- struct{}{}:
		default:
		}
	}
}

// Apply makes the changes of places and letters, all or none.
func (s *Store) Apply(_ context.Context, changes ...jobs.Change) ([]jobs.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return nil, s.broken
	}
	out := make([]jobs.Outcome, len(changes))
	for i, c := range changes {
		out[i].Err = s.apply(c)
	}
	return out, nil
}

func (s *Store) apply(c jobs.Change) error {
	switch c := c.(type) {
	case jobs.Put:
		return s.move(c)
	case jobs.Shown:
		s.shown[c.Job] = c.Completed
		return nil
	case jobs.Mute:
		s.posted[c.Job].Muted = c.Muted
		s.touch(c.Job)
		return nil
	case jobs.Begin:
		return s.open(c.Notice, func(l *line) { l.letter.Begun = true })
	case jobs.Sent:
		return s.open(c.Notice, func(l *line) {
			l.letter.Step, l.letter.Begun, l.letter.Tries = c.Step, false, 0
			l.until, l.why = time.Time{}, ""
		})
	case jobs.Asked:
		s.lines[c.Notice-1].asked = c
		return nil
	case jobs.Postpone:
		return s.open(c.Notice, func(l *line) {
			l.letter.Begun, l.until, l.why = c.Unsure, c.Until, c.Why
			l.letter.Tries++
		})
	case jobs.GiveUp:
		return s.open(c.Notice, func(l *line) { l.state = "given up: " + c.Why })
	case jobs.Delivered:
		return s.open(c.Notice, func(l *line) { l.state = Delivered })
	}
	return fmt.Errorf("a change that is not kept here: %T", c)
}

func (s *Store) move(c jobs.Put) error {
	p := s.posted[c.Job]
	if p == nil {
		return jobs.ErrNotFound
	}
	p.Place = c.Place
	if c.Card != "" {
		p.Card = c.Card
	}
	s.touch(c.Job)
	return nil
}

func (s *Store) open(notice int64, change func(l *line)) error {
	l := s.lines[notice-1]
	if l.state != Open {
		return jobs.ErrStale
	}
	change(l)
	return nil
}

// Due lists the oldest open letter of each job and schedule.
func (s *Store) Due(_ context.Context, surface string, now time.Time, limit int) ([]jobs.Letter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks++
	var list []jobs.Letter
	for _, l := range s.first(surface) {
		if !l.until.After(now) && len(list) < limit {
			list = append(list, s.letter(l))
		}
	}
	return list, s.broken
}

// NextDue returns when the first postponed letter is due, or since when it is.
func (s *Store) NextDue(_ context.Context, surface string) (next time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.first(surface) {
		if !l.until.IsZero() && (next.IsZero() || l.until.Before(next)) {
			next = l.until
		}
	}
	return next, s.broken
}

// first is the oldest open line of each job and schedule.
func (s *Store) first(surface string) (list []*line) {
	seen := map[string]bool{}
	for _, l := range s.lines {
		owner := string(l.letter.Job) + string(l.letter.Schedule)
		if l.letter.Kind == jobs.NoticeDecided {
			owner += fmt.Sprint(l.letter.ID)
		}
		if l.state == Open && !seen[owner] && s.letter(l).Place.Surface == surface {
			seen[owner] = true
			list = append(list, l)
		}
	}
	return list
}

func (s *Store) letter(l *line) jobs.Letter {
	letter := l.letter
	if p := s.posted[letter.Job]; p != nil {
		letter.Place, letter.User, letter.Muted = p.Place, p.User, p.Muted
	}
	if n := letter.Ask.Notice; n > 0 {
		if a := s.lines[n-1].asked; a.Message != "" {
			letter.Place, letter.Ask.Message = a.Place, a.Message
		}
	}
	return letter
}

// Posted returns a job's place.
func (s *Store) Posted(_ context.Context, id jobs.JobID) (jobs.Posted, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.posted[id]; p != nil {
		return *p, s.broken
	}
	return jobs.Posted{}, fmt.Errorf("place of %s: %w", id, jobs.ErrNotFound)
}

// JobsAt lists the jobs of a thread.
func (s *Store) JobsAt(_ context.Context, p jobs.Place, limit int) (list []jobs.JobID, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, at := range s.posted {
		if at.Place == p {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return list[:min(limit, len(list))], s.broken
}

// Cards lists the jobs of a surface whose card is not at its end.
func (s *Store) Cards(_ context.Context, surface string) (list []jobs.Posted, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, p := range s.posted {
		r := s.reports[id].report
		done := r.Status.Final() && r.CompletedAt != nil && s.shown[id].Equal(*r.CompletedAt)
		if p.Place.Surface == surface && !done {
			list = append(list, *p)
		}
	}
	return list, s.broken
}

// Find lists nothing: whoever needs a list asks a real store.
func (s *Store) Find(context.Context, jobs.JobQuery) ([]jobs.Report, int, error) {
	return nil, 0, s.broken
}

// ClosedRooms lists none.
func (s *Store) ClosedRooms(context.Context, string, int) ([]string, error) { return nil, s.broken }

// Notices returns what of a job is still to be said.
func (s *Store) Notices(_ context.Context, id jobs.JobID) (list []jobs.Notice, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lines {
		if l.letter.Job == id && l.state == Open && l.letter.Kind != jobs.NoticeDecided {
			list = append(list, l.letter.Notice)
		}
	}
	return list, s.broken
}

// of returns what is told of a job; the lock is held.
func (s *Store) of(id jobs.JobID) (*told, error) {
	if s.broken != nil {
		return nil, s.broken
	}
	if t := s.reports[id]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("job %s: %w", id, jobs.ErrNotFound)
}

// Report says all of a job; there are no nodes.
func (s *Store) Report(_ context.Context, id jobs.JobID, _ bool) (*jobs.Report, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.of(id)
	if err != nil {
		return nil, err
	}
	r := t.report
	return &r, nil
}

// Top returns the top of a job's tree.
func (s *Store) Top(_ context.Context, id jobs.JobID) ([]jobs.TopStep, int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.of(id)
	if err != nil {
		return nil, 0, err
	}
	return slices.Clone(t.top), 0, nil
}

// Yield returns what a job came to.
func (s *Store) Yield(_ context.Context, id jobs.JobID, limit int) (jobs.Yield, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.of(id)
	if err != nil {
		return jobs.Yield{}, err
	}
	y := t.yield
	if n := len(y.Artifacts); n > limit {
		y.Artifacts, y.More = y.Artifacts[n-limit:], n-limit
	}
	return y, nil
}

// File returns a file that a job made.
func (s *Store) File(_ context.Context, id jobs.JobID, name string) (jobs.Artifact, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.of(id)
	if err != nil {
		return jobs.Artifact{}, nil, err
	}
	data, ok := t.files[name]
	if !ok {
		return jobs.Artifact{}, nil, fmt.Errorf("file %s: %w", name, jobs.ErrNotFound)
	}
	return jobs.Artifact{Name: name, MediaType: "text/plain", Bytes: int64(len(data))}, data, nil
}
