package jobs

import (
	"slices"
	"strings"
)

// Access says who may do what. Its zero value lets everybody in, and lets everybody
// have a say in their own jobs only. It is only read, and so safe for concurrent use.
//
// Workspaces are listed as Place.Scope names them, "slack:T1", and "discord:" for
// Discord's direct messages. Channels and people are listed with their workspace,
// "slack:T1:C1", or without where the surface knows but one of that ID: "discord:42".
type Access struct {
	Workspaces []string // where Bob takes jobs; empty: everywhere
	Channels   []string // in which channels it does; direct messages are none; empty: in all
	Users      []string // from whom; empty: from everybody
	Admins     []string // who may do everything with every job, wherever they are

	MembersMaySteer bool // have a say in others' jobs of their workspace
}

// A job is seen by whoever may read the place where it was given: by all of the
// workspace, or, if that place is closed to some of them, by those who are in it. There
// all who read it see the job; elsewhere who asked for it, admins, and who is known to
// be in it. Nobody is taken to be in a place of which that is not known.

// Visitor is who wants something.
type Visitor struct {
	Place     Place    // where they are; they can read it
	User      string   // as Place.UserOf names people
	Direct    bool     // it is said to Bob alone, in no channel
	Admin     bool     // the surface says that they run the workspace
	Guest     bool     // of the workspace they see nothing but the channels that they are in
	Token     bool     // the holder of the API's token: an admin, on no surface
	Overheard bool     // all who read Place can read the answer: it is as if all of them asked
	Rooms     []string // closed places that they are known to be in, named as in Request.Room
}

// Matter is what somebody wants something of: a job or a schedule.
type Matter struct {
	Owner string // who asked for it, named as in Request.User
	Place Place  // where it is seen; zero: nowhere
	Room  string // the closed place where it was given, as in Request.Room; empty: an open one
}

// Sight says which matters of a workspace somebody may see, as lists ask. Its zero
// value is none.
type Sight struct {
	All   bool     // all
	User  string   // those that this person asked for; empty: nobody's
	Open  bool     // those given where everybody of the workspace reads
	Rooms []string // those given in these closed places
}

// Act is what a visitor wants.
type Act string

// The acts.
const (
	ActSubmit Act = "submit" // a new job, or a schedule
	ActSee    Act = "see"    // status, plan, results, cost
	ActSteer  Act = "steer"  // say, answer, pause, resume, retry, skip, edit, priority, mute
	ActPay    Act = "pay"    // let a plan run that asks, raise a budget
	ActCancel Act = "cancel" // end it, with or without what there is
)

// Role is what somebody is to a job.
type Role string

// The roles. A stranger is of another workspace.
const (
	RoleStranger  Role = "stranger"
	RoleMember    Role = "member"
	RoleRequester Role = "requester"
	RoleAdmin     Role = "admin"
)

// May returns nil if who may do act with m, else a *UserError that says who may. Of
// ActSubmit there is no owner yet. Every surface asks here.
func (a Access) May(who Visitor, act Act, m Matter) error {
	if err := a.admit(who); err != nil {
		return err
	}
	if act == ActSubmit {
		return nil
	}
	role := a.Role(who, m.Owner)
	switch own := role == RoleAdmin || role == RoleRequester; {
	case role == RoleStranger:
		return &UserError{Message: "That job is not of this workspace: ask about it where it was given."}
	case !a.sees(who, role, m) && own:
		return &UserError{Message: "That job was given where not everybody here can read, and everybody here can read the answer: " +
			"ask with a command, or in a direct message."}
	case !a.sees(who, role, m):
		return &UserError{Message: "That job was given in a place where you are not known to be: ask about it there. Elsewhere only who asked for it, who is there and admins may see it."}
	case own, act == ActSee, act == ActSteer && a.MembersMaySteer:
		return nil
	}
	return &UserError{Message: "Only the person who asked for this job and admins may " + act.words() + " it: ask one of them."}
}

// sees reports whether somebody of that role sees a matter of theirs or of their
// workspace.
func (a Access) sees(who Visitor, role Role, m Matter) bool {
	own := (role == RoleAdmin || role == RoleRequester) && !who.Overheard
	return own || who.stands(m) || scopeOf(m.Owner) == who.Place.Scope() && a.sight(who).sees(m)
}

// stands reports whether a visitor is where a matter is seen.
func (v Visitor) stands(m Matter) bool {
	if m.Place.Channel == "" || m.Place.Room() != v.Place.Room() {
		return false
	}
	return m.Room == "" || m.Place.Thread == v.Place.Thread
}

// Sight returns what somebody may see in the lists of their workspace, or why they may
// see nothing, as a *UserError. It is May with ActSee.
func (a Access) Sight(who Visitor) (Sight, error) {
	if err := a.admit(who); err != nil {
		return Sight{}, err
	}
	return a.sight(who), nil
}

func (a Access) sight(who Visitor) Sight {
	open := who.Token || who.Place.Surface != "" && who.Place.Workspace != ""
	s := Sight{Open: open && (!who.Guest || who.Overheard)}
	if !who.Direct {
		s.Rooms = who.Place.rooms()
	}
	if who.Overheard {
		return s
	}
	s.All = a.Role(who, who.Place.UserOf("")) == RoleAdmin // nobody has no ID
	s.User, s.Rooms = who.User, append(s.Rooms, who.Rooms...)
	return s
}

// MayRun returns nil if runs of a schedule may still be given for its owner, where they
// made it, else a *UserError. Schedules of no surface may.
func (a Access) MayRun(o Owner) error {
	if o.Surface == "" {
		return nil
	}
	return a.May(Visitor{Place: o.Place(), User: o.User, Direct: o.Room == RoomDirect || o.Channel == ""}, ActSubmit, Matter{})
}

// sees reports whether a matter of the workspace is among those of a Sight.
func (s Sight) sees(m Matter) bool {
	switch {
	case s.All, s.User != "" && m.Owner == s.User:
		return true
	case m.Room == "":
		return s.Open
	}
	return slices.Contains(s.Rooms, m.Room)
}

// Others reports whether there may be matters of others among those of a Sight.
func (s Sight) Others() bool { return s.All || s.Open || len(s.Rooms) > 0 }

// Role returns what somebody is to a job that owner asked for.
func (a Access) Role(who Visitor, owner string) Role {
	switch own := scopeOf(owner) == who.Place.Scope() && who.Place.Surface != ""; {
	case who.Token, listed(a.Admins, who.User, who.Place.Surface), own && who.Admin && who.Place.Workspace != "":
		return RoleAdmin
	case who.User != "" && samePerson(who, owner):
		return RoleRequester
	case own && who.Place.Workspace != "":
		return RoleMember
	}
	return RoleStranger
}

// admit refuses who is not let in at all.
func (a Access) admit(who Visitor) error {
	if who.Token || listed(a.Admins, who.User, who.Place.Surface) {
		return nil
	}
	p := who.Place
	switch {
	case p.Surface == "":
		return &UserError{Message: "Bob does not know where that comes from: ask on Slack or Discord, or with the API's token."}
	case len(a.Workspaces) > 0 && !slices.Contains(a.Workspaces, p.Scope()):
		return &UserError{Message: "Bob takes no jobs in this workspace: whoever runs it can add " + p.Scope() + " to access.workspaces."}
	case len(a.Channels) > 0 && !who.Direct && !listed(a.Channels, p.Room(), p.Surface):
		return &UserError{Message: "Bob takes no jobs in this channel: use one of its own, or ask whoever runs it to add " + p.Room() + " to access.channels."}
	case len(a.Users) > 0 && !listed(a.Users, who.User, p.Surface):
		return &UserError{Message: "Bob takes no jobs from you: whoever runs it can add " + who.User + " to access.users."}
	}
	return nil
}

// listed reports whether a list has a channel or person, with the workspace or
// without.
func listed(list []string, name, surface string) bool {
	if name == "" || surface == "" || !strings.HasPrefix(name, surface+":") {
		return false
	}
	id := LocalUser(name)
	return id != "" && (slices.Contains(list, name) || slices.Contains(list, surface+":"+id))
}

// samePerson reports whether a visitor asked for a job. In the direct messages of a
// surface without workspaces there, people have the ID that they have everywhere.
func samePerson(who Visitor, owner string) bool {
	if who.User == owner {
		return true
	}
	p := who.Place
	if p.Surface == "" || !strings.HasPrefix(owner, p.Surface+":") || LocalUser(who.User) != LocalUser(owner) {
		return false
	}
	return p.Workspace == "" || scopeOf(owner) == p.Surface+":"
}

// scopeOf is the workspace of a person that Place.UserOf named.
func scopeOf(user string) string {
	i := strings.LastIndexByte(user, ':')
	return user[:max(0, i)]
}

// words say an act before its object.
func (a Act) words() string {
	if a == ActPay {
		return "pay for"
	}
	return string(a)
}
