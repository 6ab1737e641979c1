package bot

import (
	"strings"
	"time"

	"github.com/askbob/bob/jobs"
)

// Card is the one live message of a job, in no platform's format. All texts are
// plain, one line each, and untrusted.
type Card struct {
	Job      jobs.JobID
	Title    string
	Status   jobs.Status
	State    string    // symbol and words: "▶ Running"
	Percent  int       // 0 to 100; negative: no bar
	Facts    []string  // done, elapsed and remaining, cost of budget, tokens
	Activity string    // what it does right now; at a bad end, why
	Waits    []string  // what it waits for and since when
	Steps    []CardRow // the top of the tree
	More     int       // steps that are not shown
	Hints    []string  // what one can do, on a new job
	Buttons  []Button
	At       time.Time `json:"-"` // when all this was so; zero: for good. It makes no card another one
}

// CardRow is a step at the top of the tree.
type CardRow struct {
	Path   string
	Title  string
	Status jobs.Status
	State  string // symbol and words
	Detail string // done of all, what it does, why it failed; may be empty
}

// Plain is the card as words alone, for notifications, screen readers and where
// nothing else is shown.
func (c *Card) Plain() string {
	parts := []string{c.State + ": " + c.Title + " (" + string(c.Job) + ")"}
	parts = append(parts, c.Facts...)
	parts = append(parts, c.Waits...)
	return strings.Join(parts, " · ")
}

// Page is a list or a report that a person asked for, in no platform's format.
type Page struct {
	Kind  PageKind
	Title string
	Parts []Part
	Pager []Button // filters, earlier, later
}

// PageKind says what a page shows.
type PageKind string

// The pages.
const (
	PageJobs      PageKind = "jobs"
	PageDetails   PageKind = "details"
	PagePlan      PageKind = "plan"
	PageResults   PageKind = "results"
	PageSchedules PageKind = "schedules"
	PageCost      PageKind = "cost"
	PageHelp      PageKind = "help"
)

// Part is a piece of a page, in this order: all but one field may be empty.
type Part struct {
	Head     string   // plain, one line
	Lines    []string // plain, one line each
	Indent   []int    // of the lines: how deep each stands in a tree; nil: none
	Markdown string   // untrusted
	Code     string   // as it is, in letters of one width
	Buttons  []Button
}

// Button is something to press. Where it was rendered, its Value says all of it.
type Button struct {
	Action  Action
	Job     jobs.JobID
	Arg     string // of the action: a revision, a path, a page; no line break
	Label   string // plain, short
	Style   Style
	Confirm *Confirm // asked before; nil: not
}

// Style says how a button stands out.
type Style string

// The styles.
const (
	StylePlain   Style = ""
	StylePrimary Style = "primary"
	StyleDanger  Style = "danger"
)

// Confirm is asked before a button acts. Its texts are plain; Text may have several
// lines.
type Confirm struct {
	Title, Text, Yes, No string
}

// Action is what a button does.
type Action string

// The actions.
const (
	ActDetails  Action = "details"  // Arg: page
	ActPlan     Action = "plan"     // shows it
	ActResults  Action = "results"  // shows it
	ActPause    Action = "pause"    // Arg: path
	ActResume   Action = "resume"   // Arg: path
	ActCancel   Action = "cancel"   // Arg: path
	ActStop     Action = "stop"     // no button: a stop sign at a message; without a job, of its thread
	ActSkip     Action = "skip"     // Arg: path
	ActRetry    Action = "retry"    // Arg: path
	ActRerun    Action = "rerun"    // Arg: path
	ActAgain    Action = "again"    // the same request as a new job
	ActApprove  Action = "approve"  // Arg: revision
	ActEdit     Action = "edit"     // Arg: revision; a form
	ActCheaper  Action = "cheaper"  // Arg: revision
	ActReject   Action = "reject"   // Arg: revision
	ActAnswer   Action = "answer"   // Arg: path; a form
	ActAdd      Action = "add"      // Arg: US dollars more
	ActFinish   Action = "finish"   // with what there is
	ActMute     Action = "mute"     // Arg: "off" to hear of it again
	ActGood     Action = "good"     // the result was of use
	ActBad      Action = "bad"      // it was not
	ActJobs     Action = "jobs"     // the list; Arg: filter and page
	ActNew      Action = "new"      // a form for a new job
	ActSchedule Action = "schedule" // Arg: pause, resume or remove, and the schedule's ID
)

// Value is the button as one text that ParseValue reads.
func (b Button) Value() string { return string(b.Action) + "|" + string(b.Job) + "|" + b.Arg }

// ParseValue returns the button that Value wrote, without its looks. It reports
// whether it can be one: what comes back from a platform is untrusted.
func ParseValue(value string) (Button, bool) {
	if len(value) > maxValue {
		return Button{}, false
	}
	parts := strings.SplitN(value, "|", 3)
	if len(parts) != 3 || parts[0] == "" {
		return Button{}, false
	}
	return Button{Action: Action(parts[0]), Job: jobs.JobID(parts[1]), Arg: parts[2]}, true
}

// maxValue is what a custom ID of Discord holds, the shortest of all.
const maxValue = 100

// Form is to be filled in by a person.
type Form struct {
	Button Button // what its Click names
	Title  string
	Submit string
	Fields []Field
}

// Field is one line of a form.
type Field struct {
	Key      string
	Label    string
	Hint     string
	Value    string // before it is filled in
	Long     bool   // several lines
	Optional bool
	Choices  []Choice // one of them; nil: a text
	Files    bool     // files, where the platform's forms take any
	Max      int      // characters; 0: as the platform allows
}

// Choice is one of several.
type Choice struct {
	Value, Label string
}
