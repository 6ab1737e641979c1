package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/askbob/bob/jobs"
)

// FrontEnd is one platform. All methods but Run are safe for concurrent use, before,
// while and after Run.
type FrontEnd interface {
	// Name is the surface, as in jobs.Place.
	Name() string
	// Run hands what people do to h until ctx is done. It returns an error only if the
	// platform cannot be used at all, such as with a wrong token.
	Run(ctx context.Context, h Handler) error
	// Post puts a message up and returns where: in a place without a thread the message
	// makes one. Its errors are of type *DeliveryError.
	Post(ctx context.Context, p Post) (Placed, error)
	// Edit puts a card or a text with its buttons in place of one that was posted; files
	// stay as they are. A text has the key that it was posted with. Nobody is pinged,
	// Mention is named. Its errors are of type *DeliveryError.
	Edit(ctx context.Context, at Placed, p Post) error
	// Find returns the message that an earlier Post with that key put up; the zero
	// value if there is none. Its errors are of type *DeliveryError.
	Find(ctx context.Context, p Post) (Placed, error)
	// Direct returns the place where one person alone is reached. Its errors are of type
	// *DeliveryError.
	Direct(ctx context.Context, workspace, user string) (jobs.Place, error)
	// Inside returns in which of some channels and threads of a workspace a person is, by
	// the platform's ID. What cannot be found out within a moment is left out.
	Inside(ctx context.Context, user string, rooms []jobs.Place) []jobs.Place
	// Stale tells that the lists of jobs that these people look at are out of date, by
	// the names that jobs.Place.UserOf gives them. It does not block.
	Stale(users []string)
}

// Handler is what a front end hands to. Its answers are for the person who spoke or
// clicked; what the thread is told comes through Post.
type Handler interface {
	// Hear takes a message. It returns once the job or command is durable; errors are
	// Bob's own faults, what a person did wrong is in the reply.
	Hear(ctx context.Context, m Message) (Reply, error)
	// Click takes the use of a button or a form.
	Click(ctx context.Context, c Click) (Reply, error)
	// Home returns the list of jobs for a person.
	Home(ctx context.Context, q HomeQuery) (Page, error)
	// Suggest returns the jobs whose ID or title begins so, for autocompletion.
	Suggest(ctx context.Context, at jobs.Place, user User, begin string) ([]Choice, error)
}

// Post is a message to put up.
type Post struct {
	Key     string // names this message for ever: whoever finds it up does not post it again
	Place   jobs.Place
	Card    *Card         // or the text
	Text    string        // Markdown, untrusted: nobody is pinged by it
	Mention string        // the one person who is pinged, by the platform's ID; empty: nobody
	Buttons []Button      // below the text
	Files   []FileContent // go up with the text, or alone, all in one message; at most MaxPostFiles
}

// MaxPostFiles is how many files every platform shows in one message.
const MaxPostFiles = 10

// FileContent is a file to put up.
type FileContent struct {
	Name      string
	MediaType string
	Data      []byte
}

// Placed is a message that is up.
type Placed struct {
	Place   jobs.Place
	Message string
}

// Trouble says what to do about a message that did not go up.
type Trouble string

// The troubles.
const (
	TroubleLater   Trouble = "later"   // it did not go up: try again after a while
	TroubleUnsure  Trouble = "unsure"  // it may be up: look before trying again
	TroubleGone    Trouble = "gone"    // the message, thread or channel is not there, or closed to Bob
	TroubleRefused Trouble = "refused" // the platform takes no such message: it will never go up
	TroubleRevoked Trouble = "revoked" // the workspace threw Bob out
)

// DeliveryError says why a message did not go up.
type DeliveryError struct {
	Trouble Trouble
	After   time.Duration // of TroubleLater: what the platform asks for; 0: it says nothing
	Err     error
}

// Error says what happened and why.
func (e *DeliveryError) Error() string { return fmt.Sprintf("deliver (%s): %v", e.Trouble, e.Err) }

// Unwrap returns the error underneath.
func (e *DeliveryError) Unwrap() error { return e.Err }

// Finding is one thing about a platform that was checked: one line for people.
type Finding struct {
	Name string // what was checked
	OK   bool
	Text string // what was found, and what to do if it is not OK
}
