package jobs

import (
	"context"
	"strings"
	"time"
)

// Place is where people see a job: a thread on one surface. Its zero value is no
// place, as of a job that came over the API.
type Place struct {
	Surface   string // slack, discord
	Workspace string // of the surface: a team, a guild; empty: direct messages of a surface without teams
	Channel   string
	Thread    string // which messages belong together; empty: the first message will make it
}

// Scope names a workspace among all surfaces.
func (p Place) Scope() string {
	if p.Surface == "" {
		return ""
	}
	return p.Surface + ":" + p.Workspace
}

// Room names a channel among all surfaces.
func (p Place) Room() string {
	if p.Surface == "" {
		return ""
	}
	return p.Scope() + ":" + p.Channel
}

// Nook names a thread among all surfaces: a room of its own, where a thread is closed
// to readers of its channel.
func (p Place) Nook() string {
	if p.Surface == "" || p.Thread == "" {
		return p.Room()
	}
	return p.Room() + ":" + p.Thread
}

// rooms are the closed places that whoever reads the place is in, if they are closed.
func (p Place) rooms() []string {
	switch {
	case p.Surface == "" || p.Channel == "":
		return nil
	case p.Thread == "":
		return []string{p.Room()}
	}
	return []string{p.Room(), p.Nook()}
}

// RoomDirect is the room of all that was said to Bob alone: nobody else is there.
const RoomDirect = "-"

// PlaceOf returns the channel or thread that Room or Nook named. Of another name it is
// the zero Place.
func PlaceOf(room string) Place {
	parts := strings.SplitN(room, ":", 4)
	if len(parts) < 3 || parts[0] == "" || parts[2] == "" {
		return Place{}
	}
	p := Place{Surface: parts[0], Workspace: parts[1], Channel: parts[2]}
	if len(parts) == 4 {
		p.Thread = parts[3]
	}
	return p
}

// UserOf names a person of the place's workspace among all surfaces: two workspaces
// may know different people by one ID.
func (p Place) UserOf(id string) string { return p.Scope() + ":" + id }

// Owner is a person of the place, by the surface's ID, as the owner of a schedule
// that was made there; room is as in Request.
func (p Place) Owner(id, room string) Owner {
	return Owner{User: p.UserOf(id), Surface: p.Surface, Workspace: p.Workspace, Channel: p.Channel, Thread: p.Thread, Room: room}
}

// LocalUser returns the ID by which a surface knows a user that UserOf named.
func LocalUser(user string) string { return user[strings.LastIndexByte(user, ':')+1:] }

// Posted is a job's place, and what was put up there.
type Posted struct {
	Job   JobID
	Place Place
	User  string // who asked for the job
	Room  string // where it was given, as in Request
	Card  string // the message that is the job's card; empty: not posted yet
	Muted bool   // people want nothing but the end of it
}

// Matter is the job as Access decides on it.
func (p Posted) Matter() Matter { return Matter{Owner: p.User, Place: p.Place, Room: p.Room} }

// Places is what front ends must remember of where jobs are seen. It is safe for
// concurrent use.
type Places interface {
	// Posted returns a job's place. ErrNotFound if it has none.
	Posted(ctx context.Context, job JobID) (Posted, error)
	// JobsAt lists the jobs of a thread, newest first, at most limit.
	JobsAt(ctx context.Context, p Place, limit int) ([]JobID, error)
	// Cards lists where a surface's jobs are seen that are not final, or whose end
	// their card does not show yet, oldest first.
	Cards(ctx context.Context, surface string) ([]Posted, error)
	// Find lists jobs, newest first and without their nodes, open ones with what they
	// do and wait for, and counts all that match.
	Find(ctx context.Context, q JobQuery) (list []Report, total int, err error)
	// ClosedRooms lists in which closed places jobs of a workspace were given, as in
	// Request.Room and at most limit. RoomDirect is not among them.
	ClosedRooms(ctx context.Context, workspace string, limit int) ([]string, error)
}

// JobGroup is a part of a list of jobs.
type JobGroup string

// The groups, as the Jobs tab shows them.
const (
	GroupActive   JobGroup = "active"   // running, planning, paused, or waiting for a person
	GroupQueued   JobGroup = "queued"   // nothing of it has begun
	GroupFinished JobGroup = "finished" // final
)

// JobQuery says which jobs to list. Empty fields do not narrow it.
type JobQuery struct {
	User      string // as in Request, and so the workspace
	Workspace string
	Group     JobGroup
	Status    Status
	Words     string // in the title or request, or how the ID begins
	Sight     *Sight // of who looks: other jobs are neither listed nor counted; nil: of all
	Offset    int
	Limit     int // 0: only the count is wanted
}

// Put says where a job is seen from now on: its thread or card was made, or it moved.
// The surface stays. ErrNotFound if the job has no place.
type Put struct {
	Job   JobID
	Place Place
	Card  string // empty: as before
}

// Shown records that a job's card shows its end, as of the job's CompletedAt, or never
// will because there is no card any more. ErrNotFound if the job has no place.
type Shown struct {
	Job       JobID
	Completed time.Time
}

// Mute says whether people want to hear of a job before its end. Questions are told
// all the same; what is not told of a muted job is not told later either. It is
// refused with a *UserError if the job has no place.
type Mute struct {
	Job   JobID
	Muted bool
	By    Actor
}

// Once makes a change unless one of its keys was seen before, at any time within
// SeenFor. Then it changes nothing, and its outcome is ErrSeen. The keys of a change
// that is refused are remembered too: it would be refused again.
type Once struct {
	Keys []string // of an inbound event and of the message that it speaks of; empty ones are none
	Do   Change   // nil: only the keys are remembered
}

// SeenFor is how long the keys of inbound events are remembered at least: surfaces
// repeat events within minutes, and after an outage within hours.
const SeenFor = 48 * time.Hour

// Feedback says whether the result of a job was of use. It goes into the audit trail;
// of several of one person the last one counts.
type Feedback struct {
	Job  JobID
	Good bool
	By   Actor
}

func (Feedback) isChange() {}

func (Put) isChange()   {}
func (Shown) isChange() {}
func (Mute) isChange()  {}
func (Once) isChange()  {}
