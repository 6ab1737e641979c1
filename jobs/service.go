package jobs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/askbob/bob/llm"
)

// Bounds of what a person hands in.
const (
	// maxRequest is longer than any chat message; more belongs into a file.
	maxRequest = 20_000
	// MaxFiles bounds the attachments: a planner looks at all of them.
	MaxFiles = 50
	// maxTitle is what fits a heading.
	maxTitle = 120
)

// firstEstimate is the share of work that a job has before it is planned.
const firstEstimate = time.Minute

// ServiceConfig configures a Service. Store, Inspector and Now are required.
type ServiceConfig struct {
	Store     Store
	Inspector Inspector
	Now       func() time.Time
	Timeout   time.Duration // of a job; 0: none
	Approval  Approval      // of plans, where a request says nothing; zero: never ask
	// CheckPlan says, as a *UserError, why an edited plan could not run; nil: every
	// plan may.
	CheckPlan func(p Plan) error
	// Forecast says what an edited plan of a job will come to, from now on; nil where
	// nobody can say. A nil Forecast never can.
	Forecast func(ctx context.Context, id JobID, p Plan) *Forecast
}

// Service is what front ends call. It is safe for concurrent use.
type Service struct {
	cfg ServiceConfig
}

// NewService returns a Service for cfg.
func NewService(cfg ServiceConfig) (*Service, error) {
	if cfg.Store == nil || cfg.Inspector == nil || cfg.Now == nil {
		return nil, errors.New("jobs: Store, Inspector and Now are required")
	}
	return &Service{cfg: cfg}, nil
}

// Request is a job as a person hands it in.
type Request struct {
	Key      string   // of the inbound message; the same key returns the same job; empty: none
	Seen     []string // keys of the inbound event and of its message; if one was seen before, there is no job, and ErrSeen
	Text     string
	Files    []Attachment
	Stored   []FileInfo // what Accept made of them before, instead of Files
	Priority Priority   // empty: medium
	Model    string     // empty: any
	Private  bool       // nothing of it goes to a provider that is not private
	Budget   llm.Money  // negative: no limit
	Approval Approval   // zero: as the Service is configured

	User      string // who asks, by a name that is the same on every surface; empty: the terminal
	Workspace string // where it is asked; empty: the terminal
	Channel   string
	Place     Place // where people see the job; zero: nowhere. User, Workspace and Channel are then its UserOf, Scope and Room

	// Room is the closed place where it is asked: a Place.Room, or the Place.Nook of a
	// thread that is closed to readers of its channel, or RoomDirect. Empty: everybody of
	// the workspace can read there.
	Room string
}

// Attachment is a file that comes with a request.
type Attachment struct {
	Name string
	Data []byte
}

// Submit accepts a job and returns its ID as soon as it is on disk; nothing was
// planned then. It returns a *UserError if the request or a file cannot be used,
// and ErrSeen if the request was heard before, whatever became of it; then there is
// no job.
func (s *Service) Submit(ctx context.Context, r Request) (JobID, error) {
	text := strings.TrimSpace(r.Text)
	if err := r.Check(); err != nil {
		return "", s.refuse(ctx, r.Seen, err)
	}
	files := r.Stored
	if files == nil {
		var err error
		if files, err = s.Accept(ctx, r.Files); err != nil {
			return "", s.refuse(ctx, r.Seen, err)
		}
	}
	priority := r.Priority
	if priority == "" {
		priority = PriorityMedium
	}
	approval := r.Approval
	if approval.Mode == "" {
		approval = s.cfg.Approval
	}
	out, err := s.cfg.Store.Apply(ctx, once(r.Seen, Submit{Job: NewJob{
		ID: newJobID(), Key: r.Key, Title: provisionalTitle(text), Request: text,
		User: r.User, Workspace: r.Workspace, Channel: r.Channel, Place: r.Place, Room: r.Room,
		Priority: priority, Model: r.Model, Private: r.Private, Budget: r.Budget, Timeout: s.cfg.Timeout, Approval: approval,
		Files: files, Weight: firstEstimate,
	}}))
	if err != nil {
		return "", fmt.Errorf("submit job: %w", err)
	}
	return out[0].Job, out[0].Err
}

// Check returns a *UserError if the request cannot be a job, whatever its files
// hold.
func (r Request) Check() error {
	text := strings.TrimSpace(r.Text)
	switch n := utf8.RuneCountInString(text); {
	case text == "":
		return &UserError{Message: "The request is empty: say what Bob should do."}
	case n > maxRequest:
		return &UserError{Message: fmt.Sprintf(
			"The request has %d characters, at most %d are taken: put the details into a file and attach it.", n, maxRequest)}
	case !utf8.ValidString(text):
		return &UserError{Message: "The request is not valid UTF-8 text: send it as plain text."}
	case r.Priority != "" && r.Priority.Rank() == 0:
		return &UserError{Message: fmt.Sprintf("%q is no priority: use low, medium, high or urgent.", r.Priority)}
	case len(r.Files) > MaxFiles:
		return &UserError{Message: fmt.Sprintf("%d files are too many, at most %d are taken: pack them or send fewer.", len(r.Files), MaxFiles)}
	}
	return nil
}

// Accept inspects and stores attachments, all of them or none, and gives each a
// name of its own. It returns a *UserError for one that no job could use. What no
// job or schedule names within the hour may be swept.
func (s *Service) Accept(ctx context.Context, list []Attachment) ([]FileInfo, error) {
	infos := make([]FileInfo, 0, len(list))
	var taken []string
	for _, a := range list {
		info, err := s.cfg.Inspector.Inspect(ctx, a.Name, a.Data)
		if err != nil {
			return nil, err
		}
		info.Name = FreeName(a.Name, taken)
		taken = append(taken, info.Name)
		infos = append(infos, info)
	}
	for i, a := range list {
		sum, err := s.cfg.Store.Blob(ctx, a.Data)
		if err != nil {
			return nil, fmt.Errorf("store %s: %w", a.Name, err)
		}
		infos[i].SHA256 = sum
	}
	return infos, nil
}

// FreeName returns name, or "name-2.ext" and so on if it is among taken; upper and
// lower case are the same name. Directories and characters that no file system
// likes are dropped.
func FreeName(name string, taken []string) string {
	name = cleanName(name)
	base, ext := name, ""
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		base, ext = name[:i], name[i:]
	}
	free := name
	same := func(t string) bool { return strings.EqualFold(t, free) }
	for i := 2; slices.ContainsFunc(taken, same); i++ {
		free = fmt.Sprintf("%s-%d%s", base, i, ext)
	}
	return free
}

// maxName is the longest file name that all common file systems take, less room
// for a number.
const maxName = 120

func cleanName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`:*?"<>|`, r) || r == utf8.RuneError {
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	for len(name) > maxName {
		_, size := utf8.DecodeRuneInString(name)
		name = name[size:]
	}
	if name == "" {
		return "file"
	}
	return name
}

// provisionalTitle is what a job is called until its plan names it.
func provisionalTitle(request string) string {
	line, _, _ := strings.Cut(request, "\n")
	return Shorten(strings.TrimSpace(line), maxTitle)
}

// Shorten cuts text to at most n characters, an ellipsis included.
func Shorten(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return strings.TrimSpace(string(runes[:n-1])) + "…"
}

// crockford is the alphabet of IDs: no letter that looks like a digit.
const crockford = "0123456789abcdefghjkmnpqrstvwxyz"

func newJobID() JobID { return JobID("job_" + randomID(8)) }

// NewScheduleID returns an ID that no other schedule has.
func NewScheduleID() ScheduleID { return ScheduleID("sch_" + randomID(6)) }

func randomID(length int) string {
	raw := make([]byte, length)
	_, _ = rand.Read(raw) // never fails: crypto/rand ends the program instead
	for i := range raw {
		raw[i] = crockford[raw[i]%32]
	}
	return string(raw)
}

// Report says all of a job. ErrNotFound.
func (s *Service) Report(ctx context.Context, id JobID) (*Report, error) {
	return s.cfg.Store.Report(ctx, id, true)
}

// Status says all of a job but its nodes and calls, fast whatever its size.
// ErrNotFound.
func (s *Service) Status(ctx context.Context, id JobID) (*Report, error) {
	return s.cfg.Store.Report(ctx, id, false)
}

func (s *Service) apply(ctx context.Context, c Change) error {
	out, err := s.cfg.Store.Apply(ctx, c)
	if err != nil {
		return err
	}
	return out[0].Err
}
