package bot

import (
	"context"
	"io"
	"time"

	"github.com/askbob/bob/jobs"
)

// Message is what a person said to Bob.
type Message struct {
	Keys  []string // of the event and of the message, among all surfaces; the same one is heard once
	Place jobs.Place
	ID    string // of the message; empty: a command leaves none
	User  User
	Text  string // plain, without the mention of Bob and without the command's name
	Files []File
	Way   Way
	Draft Draft // what a form says beside the text

	Direct bool // it is said to Bob alone, in no channel; WayDirect always is
	Order  bool // it is a command for certain: words that are none are refused, and no job
	Reach  Reach
	// Overheard says that all who read the place read the answer too: the platform has no
	// answers for one person alone.
	Overheard bool
}

// Way is how a message came.
type Way string

// The ways in.
const (
	WayCommand Way = "command" // a slash command
	WayMention Way = "mention"
	WayDirect  Way = "direct" // a direct message
	WayReply   Way = "reply"  // in a thread, not addressed to Bob by name
	WayForm    Way = "form"   // a form for a new job
	WayMenu    Way = "menu"   // a message handed over by its menu
)

// Reach says who can read what stands in a place.
type Reach string

// The reaches. What a front end does not know is ReachChannel.
const (
	ReachChannel   Reach = ""          // who is in the channel
	ReachThread    Reach = "thread"    // who is in the thread
	ReachWorkspace Reach = "workspace" // everybody of the workspace but guests
)

// User is who spoke or clicked.
type User struct {
	ID     string         // the platform's
	Name   string         // for people
	Admin  bool           // of the workspace
	Guest  bool           // of the workspace: they are let into some channels only
	Zone   *time.Location // nil: not known
	Locale string         // such as de-DE; empty: not known
}

// File is a file that came with a message.
type File struct {
	Name string
	Size int64 // bytes, as the platform says; 0: not known
	// Open fetches it. It is called at once, at most one time.
	Open func(ctx context.Context) (io.ReadCloser, error)
}

// Draft is what a form for a new job says beside its text. Zero fields say nothing.
type Draft struct {
	Budget   string // US dollars
	Priority string
	Approval string // as jobs.ParseApproval reads it
}

// Click is the use of a button or a form.
type Click struct {
	Keys   []string
	Place  jobs.Place
	At     string // the message that the button stands on; empty: a page or form
	User   User
	Button Button            // as it was rendered
	Fields map[string]string // of a form

	// Beside are all buttons of the message, if it is one that all see. They are looked
	// at by what they say, not by their looks.
	Beside []Button

	Direct bool // it stands in a direct message
	Ask    bool // nothing is to be done yet: the reply asks whether it is meant
	Reach  Reach
}

// Reply is what Bob says at once to who spoke or clicked. A zero Reply says nothing.
type Reply struct {
	Text    string // plain
	Job     jobs.JobID
	Page    *Page
	Form    *Form   // to be filled in
	Ask     *Button // of a Click that asks: the button, with its Confirm
	Public  bool    // everybody in the thread may see it
	Warning bool    // it says that something was not done
	Spent   *Spent  // of a Click: what to disable on its message; nil: nothing
}

// Spent names the buttons of a message that do nothing any more.
type Spent struct {
	Values []string
}

// HomeQuery says whose list of jobs is looked at.
type HomeQuery struct {
	Place  jobs.Place // its workspace
	User   User
	Filter jobs.JobGroup // empty: all
	Mine   bool          // only the person's own
	Page   int           // from 0
}
