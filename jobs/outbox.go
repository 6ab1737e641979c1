package jobs

import (
	"context"
	"time"
)

// Letter is a notice on its way to a place.
type Letter struct {
	Notice // Job is empty if it speaks of a schedule

	Schedule ScheduleID
	Place    Place
	User     string // whom it concerns
	Muted    bool

	Tries int  // failed ones so far, of the message that is next
	Step  int  // of a notice that is several messages: how many are up
	Begun bool // the message after those may be up: the try was not seen to its end

	Ask Ask // of NoticeDecided: what it is about; it stands at Place
}

// Ask is a notice that asked people something which is decided.
type Ask struct {
	Notice    int64
	Kind      NoticeKind
	Text      string // as it was asked
	Message   string // that asks; empty: it may be up, and nobody knows where
	DecidedBy string // as jobs name people: then the letter's text goes on after the name; empty: nobody did
}

// Outbox is what is still to be said on surfaces. It is safe for concurrent use.
type Outbox interface {
	// Due lists what is to be said on a surface at now: of each job and schedule the
	// oldest notice that is neither delivered nor given up, unless that is postponed,
	// and all of NoticeDecided, which wait for no other; oldest first, at most limit.
	Due(ctx context.Context, surface string, now time.Time, limit int) ([]Letter, error)
	// NextDue returns when something that is postponed is due; zero: nothing is.
	NextDue(ctx context.Context, surface string) (time.Time, error)
}

// Begin records that a message of a letter is about to be sent: after a crash it may
// be up already. It is stale, as Sent, Postpone and GiveUp are, if the letter is no
// longer to be said: it was delivered or given up, or what it says was overtaken.
type Begin struct {
	Notice int64
}

// Sent records that a message of a letter is up, and that more follow.
type Sent struct {
	Notice int64
	Step   int // how many are up now
}

// Asked records where the message of a letter is that asks people something, so that
// it can say how that ended. It holds too if the letter was overtaken meanwhile.
// ErrNotFound if there is no such letter.
type Asked struct {
	Notice  int64
	Place   Place
	Message string
}

// Postpone puts a letter off. Unsure: the message may be up all the same.
type Postpone struct {
	Notice int64
	Until  time.Time
	Why    string
	Unsure bool
}

// GiveUp records that a letter cannot be delivered anywhere. The job's report says so.
type GiveUp struct {
	Notice int64
	Why    string
}

func (Begin) isChange()    {}
func (Sent) isChange()     {}
func (Asked) isChange()    {}
func (Postpone) isChange() {}
func (GiveUp) isChange()   {}

// Notes is what a front end must remember beside: install tokens, who looks at what.
// The store does not look inside. It is safe for concurrent use.
type Notes interface {
	// Note returns what was kept under a key of a surface. ErrNotFound.
	Note(ctx context.Context, surface, key string) ([]byte, error)
	// NotesOf returns all whose key begins with prefix, by key, at most limit.
	NotesOf(ctx context.Context, surface, prefix string, limit int) (map[string][]byte, error)
	// SetNote keeps data under a key; nil data drops it.
	SetNote(ctx context.Context, surface, key string, data []byte) error
}
